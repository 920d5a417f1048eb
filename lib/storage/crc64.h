/* SPDX-License-Identifier: MIT */
/* CRC-64/XZ, which COS calls crc64ecma: polynomial 0x42F0E1EBA9EA3693 (ECMA-182), reflected, with
 * all bits set before and after. */
#ifndef TRTC_STORAGE_CRC64_H
#define TRTC_STORAGE_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* Adds n bytes to the CRC of the bytes before them (0: there are none). */
uint64_t trtc_crc64(uint64_t crc, const void *data, size_t n);

/* The same without special instructions of the processor, for comparison. */
uint64_t trtc_crc64_plain(uint64_t crc, const void *data, size_t n);

/* The CRC of two consecutive ranges from the CRC of each; b covers nb_b bytes. */
uint64_t trtc_crc64_join(uint64_t a, uint64_t b, uint64_t nb_b);

#endif
