/* SPDX-License-Identifier: MIT */
/* MPEG-TS (ISO/IEC 13818-1) multiplexer for one segment after the other: PAT, PMT, PES packets
 * with PCR, into a buffer that is handed on in blocks. The hot path of the segmenter. */
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

/* video: H264, H265 or NONE; audio: AAC (ADTS frames) or NONE; not both NONE. sink writes a block of
 * whole packets: 0 or -1. */
struct trtc_tsmux *trtc_tsmux_new(enum trtc_codec video, enum trtc_codec audio,
                                  int (*sink)(void *opaque, const uint8_t *data, size_t size,
                                              struct trtc_err *err),
                                  void *opaque, struct trtc_err *err);
void trtc_tsmux_free(struct trtc_tsmux **m);

/* All tables from here on say that this PTS belongs to this time of day (psi.h). */
void trtc_tsmux_tell_time(struct trtc_tsmux *m, int64_t utc_us, int64_t pts_90k);

/* A new segment: PAT and PMT follow. The continuity counters go on, so that segments put one
 * after the other are one stream. What the old one still holds must have been ended; where it
 * was not (it failed), it is dropped. */
int trtc_tsmux_begin(struct trtc_tsmux *m, struct trtc_err *err);

/* Instead of it: a segment that is there goes on. To be called for each of its packets; what is made is to be written
 * behind them. */
void trtc_tsmux_follow(struct trtc_tsmux *m, const uint8_t *packet);

/* The tracks are other ones from here on, codecs as for trtc_tsmux_new: a track joins, or the codec
 * of the pictures changes. PAT and PMT, with a new version, follow at once if a segment has begun. */
int trtc_tsmux_announce(struct trtc_tsmux *m, enum trtc_codec video, enum trtc_codec audio,
                        struct trtc_err *err);

struct trtc_tsmux_picture {
    struct trtc_bytes au; /* Annex B access unit; an access unit delimiter is put in front where it
                               has none */
    struct trtc_bytes sets; /* parameter sets that go in front of it, behind the delimiter; or none */
    int64_t pts_90k, dts_90k; /* taken modulo 2^33 */
    bool key;
};

/* One picture. An empty one is left out. */
int trtc_tsmux_video(struct trtc_tsmux *m, const struct trtc_tsmux_picture *pic,
                     struct trtc_err *err);

/* One ADTS frame; several are packed into one PES packet (up to 150 ms or 2.9 kB), where their
 * times are within a millisecond of what follows from the first one. An empty one is left out;
 * one that is too large for ADTS (13 bits) is TRTC_EX_DATAERR. */
int trtc_tsmux_audio(struct trtc_tsmux *m, const uint8_t *adts, size_t size, int64_t pts_90k,
                     struct trtc_err *err);

/* Hands the packets on that are complete, instead of collecting a block; sound that is still being
 * packed stays. For live output. */
int trtc_tsmux_flush(struct trtc_tsmux *m, struct trtc_err *err);

/* The PES of sound that is being packed: its number, or 0. */
int64_t trtc_tsmux_packing(const struct trtc_tsmux *m);

/* The same as trtc_tsmux_flush, and that PES ends here. */
int trtc_tsmux_flush_all(struct trtc_tsmux *m, struct trtc_err *err);

/* The segment is complete: what is held goes out. *bytes (may be NULL): its size. */
int trtc_tsmux_end(struct trtc_tsmux *m, int64_t *bytes, struct trtc_err *err);

#endif
