/* SPDX-License-Identifier: MIT */
/* The parameter sets of video that is copied. They are taken out of the access units and gathered
 * in sample entries, where MP4's avc1 and hvc1 keep them (ISO/IEC 14496-15, 5.3 and 8.3).
 *
 * As long as possible all sets are gathered in one entry, since many players only know the first
 * one. If a different set has an id that is already in use, it gets another id, in the set itself
 * and in the slices that refer to it; nothing else in a slice changes. Sets for which the entry has
 * no room, or with another bit depth or chroma format, begin another entry. */
#ifndef TRTC_MP4_SETS_H
#define TRTC_MP4_SETS_H

#include "base/bytes.h"
#include "base/err.h"
#include "mp4/mp4.h"
#include "ts/es.h"

struct trtc_sets;

/* codec: H264 or H265. NULL: out of memory. trtc_sets_free clears the pointer and accepts NULL. */
struct trtc_sets *trtc_sets_new(enum trtc_codec codec);
void trtc_sets_free(struct trtc_sets **s);

/* Takes the next access unit (Annex B) in decoding order. 1: *out has data, size and entry, valid
 * until the next call; delimiters and filler data are left out. 0: the unit is a key picture whose
 * sets are missing, or has no picture data. -1: failure; TRTC_EX_UNAVAILABLE: the sets change too
 * often for the available entries. */
int trtc_sets_take(struct trtc_sets *s, const struct trtc_packet *p, struct trtc_sample *out,
                   struct trtc_err *err);

/* Like trtc_sets_take, for a key picture of our own with sets (Annex B) that apply to it alone. */
int trtc_sets_take_own(struct trtc_sets *s, struct trtc_bytes sets, const struct trtc_packet *p,
                       struct trtc_sample *out, struct trtc_err *err);

/* The parameters of the newest key picture; NULL before the first one. */
const struct trtc_video_params *trtc_sets_params(const struct trtc_sets *s);

/* How many entries the sets need so far. */
int trtc_sets_nb_entries(const struct trtc_sets *s);

/* The present sets of an entry (Annex B), valid until the next call of trtc_sets_take; and the
 * parameters of the first picture in it, without colours if its pictures differ in them. */
const uint8_t *trtc_sets_entry(const struct trtc_sets *s, int entry, size_t *size,
                               struct trtc_video_params *v);

#endif
