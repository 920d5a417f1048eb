/* SPDX-License-Identifier: MIT */
/* Bytes that belong to somebody else. */
#ifndef TRTC_BASE_BYTES_H
#define TRTC_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct trtc_bytes { /* zeros: none */
    const uint8_t *p;
    size_t n;
};

#endif
