/* SPDX-License-Identifier: MIT */
/* The parameter sets of video that is copied: taken out of the access units and gathered into
 * sample entries, which is where MP4's avc1 and hvc1 have them (ISO/IEC 14496-15, 5.3 and 8.3).
 *
 * All sets are gathered in one entry as long as that is possible, since many players know only
 * the first one. If different sets come under ids that are in use, they get ids of their own, in
 * themselves and in the slices that refer to them; nothing else in a slice changes. Sets that
 * have no room there, or are of another bit depth or chroma format, begin another entry. */
#ifndef TRTC_MP4_SETS_H
#define TRTC_MP4_SETS_H

#include "base/bytes.h"
#include "base/err.h"
#include "mp4/mp4.h"
#include "ts/es.h"

struct trtc_sets;

/* codec: H264 or H265. NULL: no memory. trtc_sets_free clears the pointer; NULL is fine. */
struct trtc_sets *trtc_sets_new(enum trtc_codec codec); /* H264 or H265; NULL: no memory */
void trtc_sets_free(struct trtc_sets **s);

/* Takes the next access unit (Annex B), in decoding order: 1, and *out has data, size and entry,
 * valid until the next call; delimiters and filler data are left out. 0: it is a key picture that
 * refers to sets that never came, or has no picture data. -1: TRTC_EX_UNAVAILABLE where the sets
 * change more often than entries can follow. */
int trtc_sets_take(struct trtc_sets *s, const struct trtc_packet *p, struct trtc_sample *out,
                   struct trtc_err *err);

/* The same for a key picture of our own, with sets (Annex B) that are in force for it alone. */
int trtc_sets_take_own(struct trtc_sets *s, struct trtc_bytes sets, const struct trtc_packet *p,
                       struct trtc_sample *out, struct trtc_err *err);

/* What the newest key picture taken says of itself; NULL before the first one. */
const struct trtc_video_params *trtc_sets_params(const struct trtc_sets *s);

/* How many entries the sets have taken so far. */
int trtc_sets_nb_entries(const struct trtc_sets *s);

/* The sets of an entry as they are now, Annex B, valid until the next call of take; and what the
 * first picture in it says of itself, but for colours where not all say the same. */
const uint8_t *trtc_sets_entry(const struct trtc_sets *s, int entry, size_t *size,
                               struct trtc_video_params *v);

#endif
