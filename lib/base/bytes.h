/* SPDX-License-Identifier: MIT */
/* A range of bytes owned by someone else. */
#ifndef TRTC_BASE_BYTES_H
#define TRTC_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct trtc_bytes { /* all zeros: none */
    const uint8_t *p;
    size_t n;
};

#endif
