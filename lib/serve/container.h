/* SPDX-License-Identifier: MIT */
/* Recognises the container of a stream by its first bytes, without parsing it. */
#ifndef TRTC_SERVE_CONTAINER_H
#define TRTC_SERVE_CONTAINER_H

#include <stddef.h>

enum { TRTC_CONTAINER_LOOK = 205 }; /* number of bytes that are enough */

enum trtc_container {
    TRTC_CONTAINER_UNKNOWN, /* too few bytes to decide */
    TRTC_CONTAINER_TS,      /* packets of 188 bytes, beginning at the first byte */
    TRTC_CONTAINER_TS_ODD,  /* packets of another length, or not beginning at the first byte */
    TRTC_CONTAINER_MATROSKA,
    TRTC_CONTAINER_FLV,
    TRTC_CONTAINER_MP4,
    TRTC_CONTAINER_NONE, /* none of these */
};

/* The container of a stream of which the first n bytes are known. type: its Content-Type (NULL:
 * none), which decides if the bytes do not. */
enum trtc_container trtc_container_of(const void *bytes, size_t n, const char *type);

/* ffmpeg's name for it ("-f"), static; NULL: TS, which needs no conversion, or none. */
const char *trtc_container_format(enum trtc_container c);

#endif
