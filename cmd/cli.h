/* SPDX-License-Identifier: MIT */
/* What the programs share: diagnostics, exit status, signals, progress. Only cmd/ prints. */
#ifndef TRTC_CMD_CLI_H
#define TRTC_CMD_CLI_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

/* The signal that asked the program to end (SIGINT, SIGTERM), or 0. A second one kills it. */
extern volatile sig_atomic_t cli_signal;

/* Call first, before anything is printed. name (borrowed) is the program's name in messages. From here on stdout
 * notes why a write to it failed, goes on through signals, and is checked by cli_finish. */
void cli_init(const char *name);
const char *cli_name(void);

/* SIGINT and SIGTERM set cli_signal from here on. */
void cli_catch_signals(void);

void cli_set_verbosity(int level); /* -1 quiet, 0, 1 verbose */
int cli_verbosity(void);

/* "NAME: message\n" on stderr, safe between threads; control characters escaped. note: not
 * with -q; debug: only with -v. */
__attribute__((format(printf, 1, 2))) void cli_error(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void cli_note(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void cli_debug(const char *fmt, ...);

/* Prints err->msg and returns err->code. */
int cli_report(const struct trtc_err *err);

/* Where a directory is wanted and path is none: a phrase that says what to give instead, or
 * NULL. */
const char *cli_no_directory(const char *path);

/* How many bytes of an operand a message may show. Of an address these end with the host, since
 * what follows may be a key, or before it where a user or a password is given. */
int cli_shown(const char *operand);

/* Whether the directory contains others. */
bool cli_has_directories(const char *path);

/* "NAME: message; try 'NAME --help'" and TRTC_EX_USAGE. */
__attribute__((format(printf, 1, 2))) int cli_usage(const char *fmt, ...);

/* Looks value up in names, which end with NULL. 0 and its place in *out, or the exit status of a
 * usage error. */
int cli_choose(const char *option, const char *value, const char *const *names, int *out);

/* "NAME VERSION" on stdout. */
void cli_version(void);

/* One line of progress on stderr: only where that is a terminal and not quiet, at most ten
 * times a second; NULL clears it. */
void cli_progress(const char *line);

/* JSON on a line of stdout; pretty: on several. NULL, or too little memory for the text: cli_finish says so, and
 * returns TRTC_EX_TEMPFAIL. */
void cli_put_json(const struct cJSON *json, bool pretty);

/* Flushes stdout: 0, or -1 with TRTC_EX_IOERR (a full disk: 75). */
int cli_flush(struct trtc_err *err);

/* Whether stdout cannot be written because its reader has gone: the program ends with 128 + SIGPIPE then, and
 * says nothing. */
bool cli_reader_left(void);

/* Flushes stdout and checks it (a full disk: TRTC_EX_IOERR, or 75 for ENOSPC); returns the
 * program's exit status, 128 + signal where one asked for the end. */
int cli_finish(int code);

/* Descriptors that the process may still open, once the limit has been raised, as far as that is
 * allowed, to want more. */
int64_t cli_open_files(int64_t want);

/* For programs that hold keys: their memory is in no core dump, and no other process of the user can
 * read it. A child may raise the soft limit of core dumps again. */
void cli_guard_memory(void);

#endif
