/* SPDX-License-Identifier: MIT */
/* Whether a Matroska file still has the bytes that its writer wrote, by the checksums in it.
 * libavformat's reader does not look at them. */
#ifndef TRTC_MIX_INTACT_H
#define TRTC_MIX_INTACT_H

#include <signal.h>

#include "base/err.h"

struct AVIOContext;

/* Reads the file name from its beginning, and returns to where pb was: every element directly in
 * the segment, apart from gaps, must have a checksum (RFC 8794, section 11.3.1), and the right one.
 * libavformat's writer gives them one if it can seek (its option write_crc32). Ends early, with 0,
 * when *stop (or NULL) becomes nonzero. Returns 0, or -1: TRTC_EX_DATAERR (truncated or damaged),
 * TRTC_EX_IOERR. */
int trtc_mkv_check(struct AVIOContext *pb, const char *name, const volatile sig_atomic_t *stop,
                   struct trtc_err *err);

#endif
