/* SPDX-License-Identifier: MIT */
/* MPEG-TS (ISO/IEC 13818-1) demultiplexer and framer: bytes go in as they are read, whole pictures and audio frames come out.
 * It reads hostile input: bounded memory, no recursion, every length checked. It knows nothing of files or of the epoch clock. */
#ifndef TRTC_MEDIA_TS_H
#define TRTC_MEDIA_TS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "media/packet.h"

#define TRTC_TS_PACKET 188
#define TRTC_TS_NOPTS INT64_MIN
#define TRTC_TS_FRAME_MAX (32 * 1024 * 1024) /* a larger picture is damage */

enum trtc_ts_want { TRTC_TS_AUDIO = 1, TRTC_TS_VIDEO = 2 };

struct trtc_ts_stream {
    int pid;
    uint8_t stream_type;      /* from the PMT */
    enum trtc_codec codec;    /* by stream_type (0x1b, 0x24, 0x0f), else OTHER */
    char codec_name[16];      /* for messages and for finding a decoder, in FFmpeg's spelling: "h264", "hevc", "aac", "aac_latm", "mp3",
                                 "ac3", "opus", "mpeg2video"...; "unknown" */
    bool video;
};

/* One frame. Points into the demultiplexer, valid until the next call. */
struct trtc_ts_frame {
    const struct trtc_ts_stream *stream;
    const uint8_t *data;      /* video: Annex B access unit; AAC: ADTS frame with its header; OTHER: PES payload */
    size_t size;
    int64_t pts_90k, dts_90k; /* 33-bit values as in the stream. TRTC_TS_NOPTS where the PES had none and none could be derived; AAC frames after the
                                 first of a PES get pts + n * 1024 * 90000 / rate, rounded without accumulation */
    bool key;                 /* IDR, or a recovery point, or (H.265) IRAP; audio: always */
    bool damaged;             /* packets are missing in it (continuity, transport error), or it was cut by the end of input */
    int64_t pos;              /* offset in the segment of the TS packet in which the frame's PES began */
};

struct trtc_ts_stats {
    int64_t nb_packets;       /* whole packets seen */
    int64_t nb_lost;          /* continuity gaps: packets missing inside the segment (modulo 16, so at least) */
    int64_t nb_bad;           /* bytes passed over to find the sync byte again, and packets with transport_error */
    bool partial_tail;        /* the segment did not end on a packet boundary */
    bool scrambled;
};

struct trtc_ts;

/* want: the kinds of stream to frame (of each kind the first one in the PMT is used; others are ignored). NULL: no memory. */
struct trtc_ts *trtc_ts_new(unsigned want);
void trtc_ts_free(struct trtc_ts **ts);

/* A new segment begins: continuity counters and the PAT/PMT start anew, statistics are cleared, frames still held are dropped (call trtc_ts_end first). */
void trtc_ts_begin(struct trtc_ts *ts);

/* Gives the next bytes of the segment, any number; they must stay valid until trtc_ts_next has returned 0. */
void trtc_ts_feed(struct trtc_ts *ts, const uint8_t *data, size_t size);

/* The segment is complete: what is held becomes the last frames. */
void trtc_ts_end(struct trtc_ts *ts);

/* Takes the next frame: 1 frame, 0 more input is needed (or, after trtc_ts_end, there is no more), -1 no memory. */
int trtc_ts_next(struct trtc_ts *ts, struct trtc_ts_frame *frame);

/* The stream chosen for a kind, or NULL as long as no PMT named one. */
const struct trtc_ts_stream *trtc_ts_stream(const struct trtc_ts *ts, enum trtc_ts_want kind);

const struct trtc_ts_stats *trtc_ts_stats(const struct trtc_ts *ts);

/* ---- codec headers ---- */

/* ADTS header (ISO/IEC 13818-7, 6.2). */
struct trtc_adts {
    int object_type;          /* MPEG-4 audio object type: 2 = LC */
    int rate_hz, channels;    /* channels 0: in-band program config element */
    int header_bytes, frame_bytes, samples; /* samples = 1024 * raw data blocks */
};
/* 0 on success, -1 where p is no valid header. */
int trtc_adts_parse(const uint8_t *p, size_t n, struct trtc_adts *out);

/* AudioSpecificConfig of two bytes for an ADTS stream. */
void trtc_adts_asc(const struct trtc_adts *a, uint8_t asc[2]);

/* What the parameter sets say (ITU-T H.264 7.3.2.1, H.265 7.3.2.2). */
struct trtc_video_params {
    enum trtc_codec codec;
    int width_px, height_px;  /* after cropping */
    int sar_num, sar_den;     /* 0/0 where unknown */
    int profile, level;
    int sps_id;
    int reorder_max;          /* pictures of reordering, from VUI, or -1 */
};

/* Reads the first SPS found in an Annex B access unit. 0, or -1 where there is none or it is damaged. */
int trtc_video_params_read(enum trtc_codec codec, const uint8_t *annexb, size_t size, struct trtc_video_params *out);

/* Copies the parameter sets (SPS, PPS, for H.265 also VPS), with 4-byte start codes, that stand in an Annex B access unit. Returns the
 * bytes they take (0 where there are none); nothing is written past cap. */
size_t trtc_video_param_sets(enum trtc_codec codec, const uint8_t *annexb, size_t size, uint8_t *out, size_t cap);

/* Annex B to 4-byte length prefixes, leaving out access unit delimiters, filler data and (drop_param_sets) parameter sets. out holds at least
 * size + size / 3 + 16 bytes. Returns the length. */
size_t trtc_annexb_to_lengths(enum trtc_codec codec, const uint8_t *annexb, size_t size, bool drop_param_sets, uint8_t *out);

#endif
