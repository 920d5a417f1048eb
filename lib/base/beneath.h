/* SPDX-License-Identifier: MIT */
/* Opening files named by others: nothing outside the directory they were named in, and only
 * regular files. */
#ifndef TRTC_BASE_BENEATH_H
#define TRTC_BASE_BENEATH_H

#include <stdint.h>

#include "base/err.h"

/* Opens NAME, relative to dirfd, for reading. Absolute names, "..", and links that leave the
 * directory are refused (TRTC_EX_NOPERM, "leads out of its directory"), as is everything but a
 * regular file (TRTC_EX_DATAERR); a file that is not there is TRTC_EX_NOINPUT; what the machine is
 * short of, or cannot read, is TRTC_EX_TEMPFAIL or TRTC_EX_IOERR (trtc_is_shortage). Never blocks
 * on a FIFO. Returns the descriptor and *size_bytes, or -1. */
int trtc_open_beneath(int dirfd, const char *name, int64_t *size_bytes, struct trtc_err *err);

/* The same checks without keeping the file open: 0 and *size_bytes, or -1. Cheaper for a plain
 * name. */
int trtc_stat_beneath(int dirfd, const char *name, int64_t *size_bytes, struct trtc_err *err);

/* Reads a whole file of at most max bytes into *text (malloc'd, with a NUL behind them). Returns how many they
 * are; or -1 as above, or TRTC_EX_DATAERR where they are more, and *text is NULL. */
int64_t trtc_read_beneath(int dirfd, const char *name, int64_t max, char **text,
                          struct trtc_err *err);

#endif
