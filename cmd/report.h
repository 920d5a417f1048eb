/* SPDX-License-Identifier: MIT */
/* The report of a program, the FILE of its option --report: "-" is standard output; a regular file
 * appears whole or not at all; a FIFO, a device or a descriptor, such as /dev/stderr, is written
 * directly. */
#ifndef TRTC_CMD_REPORT_H
#define TRTC_CMD_REPORT_H

#include <stdbool.h>

#include "base/err.h"

struct trtc_file;

struct report {
    const char *path;       /* NULL: none is wanted */
    struct trtc_file *file; /* NULL: fd */
    int fd;                 /* if it is no regular file */
};

/* Whether a report (or NULL) may have this name, which must not be that of media, since it replaces
 * what is there. Returns 0, or the status of a usage error. */
int report_check(const char *path);

/* Whether it (or NULL) is standard output. */
bool report_is_stdout(const char *path);

/* Opens it before the work begins, so that an invalid name is noticed at once; waits for the reader
 * of a FIFO. path is borrowed; NULL: there is none. 0, or -1 (TRTC_EX_CANTCREAT,
 * TRTC_EX_TEMPFAIL). */
int report_open(struct report *r, const char *path, struct trtc_err *err);

/* Writes text and a line end, and closes it. Standard output is flushed before that. 0, or -1. */
int report_write(struct report *r, const char *text, struct trtc_err *err);

/* Closes it, if it is open; a regular file does not appear. All zero is allowed. */
void report_abort(struct report *r);

#endif
