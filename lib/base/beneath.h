/* SPDX-License-Identifier: MIT */
/* Opens files whose names come from others: only regular files, and nothing outside the
 * directory. */
#ifndef TRTC_BASE_BENEATH_H
#define TRTC_BASE_BENEATH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Opens name, relative to dirfd, for reading. Never blocks on a FIFO. Returns the descriptor and
 * *size_bytes (may be NULL), or -1: TRTC_EX_NOPERM: an absolute name, "..", a link that leaves the
 * directory ("leads out of its directory"), or no permission to read; TRTC_EX_DATAERR: not a
 * regular file; TRTC_EX_NOINPUT: it does not exist; TRTC_EX_TEMPFAIL or TRTC_EX_IOERR
 * (trtc_is_shortage): the machine is short of something, or cannot read it. */
int trtc_open_beneath(int dirfd, const char *name, int64_t *size_bytes, struct trtc_err *err);

/* Whether err, of one of these functions, is the lack of permission to read. */
bool trtc_is_denied(const struct trtc_err *err);

/* Makes the same checks without keeping the file open. 0 and *size_bytes, or -1. Cheaper for a
 * plain name. */
int trtc_stat_beneath(int dirfd, const char *name, int64_t *size_bytes, struct trtc_err *err);

/* Reads a whole file of at most max bytes into *text, which the caller frees; a NUL follows the
 * bytes. Returns their number, or -1 as above, or TRTC_EX_DATAERR: the file is larger; *text is
 * NULL then. */
int64_t trtc_read_beneath(int dirfd, const char *name, int64_t max, char **text,
                          struct trtc_err *err);

#endif
