/* SPDX-License-Identifier: MIT */
/* Which container a stream comes in, by its first bytes. Nothing of it is parsed. */
#ifndef TRTC_SERVE_CONTAINER_H
#define TRTC_SERVE_CONTAINER_H

#include <stddef.h>

enum { TRTC_CONTAINER_LOOK = 205 }; /* bytes that are enough to say */

enum trtc_container {
    TRTC_CONTAINER_UNKNOWN, /* too few bytes to say */
    TRTC_CONTAINER_TS,      /* packets of 188 bytes from the first byte on */
    TRTC_CONTAINER_TS_ODD,  /* packets of another length, or not from the first byte on */
    TRTC_CONTAINER_MATROSKA,
    TRTC_CONTAINER_FLV,
    TRTC_CONTAINER_MP4,
    TRTC_CONTAINER_NONE, /* none of these */
};

/* n: how many there are so far. type: the Content-Type that came with it (NULL: none), which decides where the bytes do
 * not. */
enum trtc_container trtc_container_of(const void *bytes, size_t n, const char *type);

/* What ffmpeg calls it ("-f"); NULL for TS, which is taken as it is, and for what is none. */
const char *trtc_container_format(enum trtc_container c);

#endif
