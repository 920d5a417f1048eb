/* SPDX-License-Identifier: MIT */
/* The parameter sets in force in a stream that is cut. Decoding must be able to begin wherever
 * it is cut, even if the stream has its sets, or some of them, only once at the start. */
#ifndef TRTC_MP4_SETS_KEPT_H
#define TRTC_MP4_SETS_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "ts/packet.h"

struct trtc_kept_sets;

/* NULL: no memory. trtc_kept_sets_free clears the pointer; NULL is fine. */
struct trtc_kept_sets *trtc_kept_sets_new(void); /* NULL: no memory */
void trtc_kept_sets_free(struct trtc_kept_sets **k);

/* All are forgotten: another codec, or a record of the container that replaces them. */
void trtc_kept_sets_clear(struct trtc_kept_sets *k);

/* Takes the sets that stand in front of the first slice of Annex B data. One takes the place of
 * the one with its id; a different SPS removes the PPS that referred to the old one. What does
 * not fit in 64 kB is not kept. */
void trtc_kept_sets_take(struct trtc_kept_sets *k, enum trtc_codec codec, const uint8_t *annexb,
                         size_t size);

/* All sets in force (Annex B; VPS, SPS, PPS), if the access unit that was taken last lacks one of
 * them; else NULL. Valid until the next call. */
const uint8_t *trtc_kept_sets_missing(const struct trtc_kept_sets *k, size_t *size);

#endif
