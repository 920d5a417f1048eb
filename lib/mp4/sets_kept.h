/* SPDX-License-Identifier: MIT */
/* The parameter sets in force in a stream that is cut. Decoding must be able to start at every cut,
 * even if the stream has its sets, or some of them, only once at the start. */
#ifndef TRTC_MP4_SETS_KEPT_H
#define TRTC_MP4_SETS_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "ts/packet.h"

struct trtc_kept_sets;

/* NULL: out of memory. trtc_kept_sets_free clears the pointer and accepts NULL. */
struct trtc_kept_sets *trtc_kept_sets_new(void);
void trtc_kept_sets_free(struct trtc_kept_sets **k);

/* Forgets all sets: the codec changes, or the container supplies a record that replaces them. */
void trtc_kept_sets_clear(struct trtc_kept_sets *k);

/* Takes the sets before the first slice of an access unit (Annex B). A set replaces the one with
 * its id; a different SPS also removes the PPS that referred to the old one. Sets beyond 64 kB in
 * total are not kept. */
void trtc_kept_sets_take(struct trtc_kept_sets *k, enum trtc_codec codec, const uint8_t *annexb,
                         size_t size);

/* If the last access unit lacks a set that is in force: all of them (Annex B; VPS, SPS, PPS), valid
 * until the next call. Otherwise NULL. */
const uint8_t *trtc_kept_sets_missing(const struct trtc_kept_sets *k, size_t *size);

#endif
