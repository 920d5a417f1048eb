/* SPDX-License-Identifier: MIT */
/* Which part of a file a request wants (RFC 9110, 14.2). Pure. */
#ifndef TRTC_SERVE_BYTE_RANGE_H
#define TRTC_SERVE_BYTE_RANGE_H

#include <stdint.h>

enum trtc_byte_range {
    TRTC_BYTES_ALL, /* no Range, or one that is passed over: another unit, several parts, no range at all */
    TRTC_BYTES_PART, /* *from, *n */
    TRTC_BYTES_NONE, /* it lies behind the end */
};

/* range: the field, or NULL. size: of the file. */
enum trtc_byte_range trtc_byte_range_of(const char *range, int64_t size, int64_t *from, int64_t *n);

#endif
