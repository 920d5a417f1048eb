/* SPDX-License-Identifier: MIT */
/* Shared by all programs: diagnostics, exit status, signals, progress. Only cmd/ prints. */
#ifndef TRTC_CMD_CLI_H
#define TRTC_CMD_CLI_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

/* The signal that asked the program to end (SIGINT, SIGTERM, SIGHUP), or 0. A second SIGINT or
 * SIGTERM kills it, unless it follows within CLI_TWICE_US: timeout(1) sends each signal twice, to the
 * program and to its process group. */
#define CLI_TWICE_US 100000
extern volatile sig_atomic_t cli_signal;

/* Call first, before anything is printed. name (borrowed) is the program's name in messages. From
 * now on, writes to stdout are repeated after signals, the reason of a failed one is kept, and
 * cli_finish checks it. */
void cli_init(const char *name);
const char *cli_name(void);

/* Whether SIGHUP is to end the program: it is not ignored, as under nohup(1). A blocked signal is
 * delivered even then. */
bool cli_hangs_up(void);

/* From now on, SIGINT, SIGTERM and, if it is to end the program, SIGHUP set cli_signal. */
void cli_catch_signals(void);

void cli_set_verbosity(int level); /* -1 quiet, 0, 1 verbose */
int cli_verbosity(void);

/* Print "NAME: message\n" on stderr, with control characters escaped; thread-safe. cli_note: not
 * with -q; cli_debug: only with -v. */
__attribute__((format(printf, 1, 2))) void cli_error(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void cli_note(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void cli_debug(const char *fmt, ...);

/* Prints err->msg and returns err->code. */
int cli_report(const struct trtc_err *err);

/* Reports that memory is short, and returns TRTC_EX_TEMPFAIL. */
int cli_no_memory(void);

/* For a path that is given as a directory but is not one: returns a phrase that says what to give
 * instead, or NULL. */
const char *cli_no_directory(const char *path);

/* Whether a path ends like a file of a recording: in .ts, .m3u8 or .m3u, in small letters or
 * capitals. */
bool cli_is_recorded(const char *path);

/* Returns how many bytes of an operand a message may show. An address is shown up to its host,
 * since the rest may contain a key; if it contains a user or a password, only up to these. */
int cli_shown(const char *operand);

/* Whether the directory contains directories. */
bool cli_has_directories(const char *path);

/* Prints "NAME: message; try 'NAME --help'", and returns TRTC_EX_USAGE. */
__attribute__((format(printf, 1, 2))) int cli_usage(const char *fmt, ...);

/* Looks up value in names, which end with NULL. Returns 0 and its index in *out, or the exit status
 * of a usage error. */
int cli_choose(const char *option, const char *value, const char *const *names, int *out);

/* Prints "NAME VERSION" on stdout. */
void cli_version(void);

/* Shows a line of progress on stderr, if that is a terminal and -q was not given, at most ten times
 * a second. NULL clears it. */
void cli_progress(const char *line);

/* Prints text on stderr as it is; thread-safe. */
void cli_put_err(const char *text);

/* Prints JSON on a line of stdout; pretty: on several lines. If json is NULL, or memory runs out,
 * cli_finish reports that and returns TRTC_EX_TEMPFAIL, and false is returned here. */
bool cli_put_json(const struct cJSON *json, bool pretty);

/* Flushes stdout. Returns 0, or -1 with TRTC_EX_IOERR (TRTC_EX_TEMPFAIL if the disk is full). */
int cli_flush(struct trtc_err *err);

/* Whether stdout cannot be written because its reader is gone. The program then ends with 128 +
 * SIGPIPE and without a message. */
bool cli_reader_left(void);

/* Flushes stdout and checks it. Returns the program's exit status: code, or a worse one if stdout
 * has failed, or 128 + the signal that asked the program to end. */
int cli_finish(int code);

/* Raises the limit of open descriptors, as far as allowed, so that want more can be opened. Returns
 * how many the process can still open. */
int64_t cli_open_files(int64_t want);

/* For programs that hold keys: excludes their memory from core dumps, and protects it from other
 * processes of the user. A child may raise the soft limit of core dumps again. */
void cli_guard_memory(void);

#endif
