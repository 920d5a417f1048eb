/* SPDX-License-Identifier: MIT */
/* Reads lines, or records that end with another byte, from a descriptor: in place, without an
 * allocation for each. */
#ifndef TRTC_BASE_RECORDS_H
#define TRTC_BASE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_records {
    int fd;      /* owned by the caller */
    char end;    /* '\n' or '\0' */
    size_t max;  /* longest record in bytes */
    uint64_t nr; /* number of the last record, from 1 */
    int64_t at;  /* bytes from where reading began to the end of the last record, its end byte
                    included */
    /* Called before every read that may block, so that the caller can flush its output; may be
     * NULL. Returns 0, or -1 with err. */
    int (*idle)(void *arg, struct trtc_err *err);
    void *idle_arg;
    const char *name; /* of fd, for messages; NULL: "standard input" */
    /* private */
    char *buf;
    size_t size, start, scanned, filled;
    int64_t nb_read;
    bool eof;
};

/* Sets everything but idle, idle_arg and name, which are NULL at first. 0, or -1: out of memory
 * (TRTC_EX_TEMPFAIL). */
int trtc_records_init(struct trtc_records *r, int fd, char end, size_t max, struct trtc_err *err);
void trtc_records_fini(struct trtc_records *r);

/* Gets the next record without its end. 1: *s (n bytes, valid until the next call); 0: the input
 * has ended; -1: TRTC_EX_IOERR, TRTC_EX_TEMPFAIL, or the error of idle. A record longer than max
 * bytes is skipped and returned as NULL. The last record may lack its end. */
int trtc_records_next(struct trtc_records *r, const char **s, size_t *n, struct trtc_err *err);

#endif
