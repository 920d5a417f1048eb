/* SPDX-License-Identifier: MIT */
/* Finds out which part of a file a request asks for (RFC 9110, 14.2). Pure. */
#ifndef TRTC_SERVE_BYTE_RANGE_H
#define TRTC_SERVE_BYTE_RANGE_H

#include <stdint.h>

enum trtc_byte_range {
    TRTC_BYTES_ALL,  /* no Range, or one that is ignored: another unit, several parts, or invalid */
    TRTC_BYTES_PART, /* n bytes from offset from */
    TRTC_BYTES_NONE, /* the range is after the end of the file */
};

/* range: the value of the header field, or NULL. size: of the file in bytes. */
enum trtc_byte_range trtc_byte_range_of(const char *range, int64_t size, int64_t *from, int64_t *n);

#endif
