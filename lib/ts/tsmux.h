/* SPDX-License-Identifier: MIT */
/* MPEG-TS (ISO/IEC 13818-1) multiplexer for segments one after the other: writes PAT, PMT, and PES
 * packets with PCR into a buffer that is passed on in blocks. The hot path of the segmenter. */
#ifndef TRTC_TS_TSMUX_H
#define TRTC_TS_TSMUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "ts/packet.h"

#define TRTC_TSMUX_DELAY_90K 63000 /* the PCR runs this much before the decoding times */

struct trtc_tsmux;

/* video: H264, H265 or NONE; audio: AAC (ADTS frames) or NONE; not both NONE. sink writes a block
 * of complete packets, and returns 0, or -1 with *err. NULL: no memory. */
struct trtc_tsmux *trtc_tsmux_new(enum trtc_codec video, enum trtc_codec audio,
                                  int (*sink)(void *opaque, const uint8_t *data, size_t size,
                                              struct trtc_err *err),
                                  void *opaque, struct trtc_err *err);
void trtc_tsmux_free(struct trtc_tsmux **m);

/* Makes all later tables state that this PTS has this epoch time (psi.h). */
void trtc_tsmux_tell_time(struct trtc_tsmux *m, int64_t utc_us, int64_t pts_90k);

/* Begins a new segment with a PAT and a PMT. The continuity counters go on, so that concatenated
 * segments are one stream. The old segment must have been ended; if that failed, its rest is
 * dropped. Returns 0, or -1. */
int trtc_tsmux_begin(struct trtc_tsmux *m, struct trtc_err *err);

/* Instead of that: continues an existing segment. To be called for each of its packets; the output
 * must be written after them. */
void trtc_tsmux_follow(struct trtc_tsmux *m, const uint8_t *packet);

/* Changes the tracks, with codecs as for trtc_tsmux_new: adds a track, or changes the codec of the
 * pictures. If a segment has begun, a PAT and a PMT with a new version are written at once. Returns
 * 0, or -1. */
int trtc_tsmux_announce(struct trtc_tsmux *m, enum trtc_codec video, enum trtc_codec audio,
                        struct trtc_err *err);

struct trtc_tsmux_picture {
    struct trtc_bytes au; /* Annex B access unit; a delimiter is written before it if it has none */
    struct trtc_bytes sets;   /* parameter sets, written between the delimiter and it; or empty */
    int64_t pts_90k, dts_90k; /* taken modulo 2^33 */
    bool key;
};

/* Writes a picture. An empty one is left out. Returns 0, or -1. */
int trtc_tsmux_video(struct trtc_tsmux *m, const struct trtc_tsmux_picture *pic,
                     struct trtc_err *err);

/* Writes an ADTS frame. Several are packed into one PES packet (up to 150 ms or 2.9 kB) if their
 * times are within a millisecond of those that follow from the first one. An empty frame is left
 * out. Returns 0, or -1: TRTC_EX_DATAERR (too large for ADTS, 13 bits), or the sink's error. */
int trtc_tsmux_audio(struct trtc_tsmux *m, const uint8_t *adts, size_t size, int64_t pts_90k,
                     struct trtc_err *err);

/* Writes the complete packets at once, without waiting for a whole block, for live output. Sound
 * that is still being packed stays. Returns 0, or -1. */
int trtc_tsmux_flush(struct trtc_tsmux *m, struct trtc_err *err);

/* Returns the number of the PES of sound that is being packed; 0: none. */
int64_t trtc_tsmux_packing(const struct trtc_tsmux *m);

/* The same as trtc_tsmux_flush, and also ends that PES and writes it. */
int trtc_tsmux_flush_all(struct trtc_tsmux *m, struct trtc_err *err);

/* Ends the segment, and writes its rest. *bytes (may be NULL): its size. Returns 0, or -1. */
int trtc_tsmux_end(struct trtc_tsmux *m, int64_t *bytes, struct trtc_err *err);

#endif
