/* SPDX-License-Identifier: MIT */
/* A span of bytes that someone else owns. */
#ifndef TRTC_BASE_BYTES_H
#define TRTC_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct trtc_bytes { /* zeros: none */
    const uint8_t *p;
    size_t n;
};

#endif
