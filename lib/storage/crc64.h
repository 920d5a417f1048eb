/* SPDX-License-Identifier: MIT */
/* CRC-64/XZ, which COS calls crc64ecma: polynomial 0x42F0E1EBA9EA3693 (ECMA-182), reflected, all
 * ones before and after. */
#ifndef TRTC_STORAGE_CRC64_H
#define TRTC_STORAGE_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of some bytes and of n more, from that of the first (0: of none). */
uint64_t trtc_crc64(uint64_t crc, const void *data, size_t n);

/* The same without instructions that not every processor has, for comparison. */
uint64_t trtc_crc64_plain(uint64_t crc, const void *data, size_t n);

/* The CRC of two stretches in a row, from those of each; b is of nb_b bytes. */
uint64_t trtc_crc64_join(uint64_t a, uint64_t b, uint64_t nb_b);

#endif
