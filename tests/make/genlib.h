/* SPDX-License-Identifier: MIT */
/* Parts of the recording generator that know nothing of recordings: an MPEG-TS packetizer into
 * memory (ISO/IEC 13818-1) and the test picture and test sound with their markers. */
#ifndef TRTC_TESTS_GENLIB_H
#define TRTC_TESTS_GENLIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEN_HZ           90000         /* ticks of PTS and DTS in a second */
#define GEN_MARKER_TICKS (10 * GEN_HZ) /* a marker every 10 s of wall clock */
#define GEN_BEEP_HZ      1000.0
#define GEN_BEEP_S       0.1

/* ---- MPEG-TS ---- */

#define GEN_TS_STREAMS 2

struct gen_ts_stream {
    int pid;
    uint8_t type;      /* stream_type of the PMT */
    uint8_t stream_id; /* of the PES */
    uint8_t desc[16];  /* descriptors of the PMT */
    size_t nb_desc;
    uint8_t cc;    /* continuity counter of the next packet */
    uint8_t *held; /* audio frames that wait for their PES */
    size_t nb_held, cap_held;
    int held_frames;
    int64_t held_pts;
};

/* One segment in the making. Zero it before the first use. */
struct gen_ts {
    uint8_t *buf; /* whole packets so far */
    size_t n, cap;
    struct gen_ts_stream streams[GEN_TS_STREAMS];
    int nb_streams;
    int pcr_stream; /* -1 until the first frame has chosen it */
    uint8_t cc_pat, cc_pmt;
    int pes_since_tables;
    bool failed; /* out of memory */
};

/* Adds a stream; codec is FFmpeg's name: h264, hevc, aac, mp3, opus. Returns its index. */
int gen_ts_add(struct gen_ts *ts, const char *codec, int rate_hz, int channels);

/* A new segment: empty buffer, counters at zero. Streams stay. */
void gen_ts_begin(struct gen_ts *ts);

/* One picture (Annex B) as one PES. Times are taken modulo 2^33. */
void gen_ts_video(struct gen_ts *ts, int stream, const uint8_t *data, size_t size, int64_t pts,
                  int64_t dts, bool key);

/* One audio frame, as it shall stand in the PES; several share a PES. */
void gen_ts_audio(struct gen_ts *ts, int stream, const uint8_t *data, size_t size, int64_t pts);

/* Writes what is held. 0, or -1 where memory ran out at any time since gen_ts_begin. */
int gen_ts_end(struct gen_ts *ts);

void gen_ts_fini(struct gen_ts *ts);

/* ADTS header (ISO/IEC 13818-7, 6.2) of an AAC-LC frame of size bytes. */
void gen_adts(uint8_t out[7], int rate_hz, int channels, size_t size);

/* Control header of an Opus frame in TS. Returns its length, at most 2 + size / 255 + 1. */
size_t gen_opus_header(uint8_t *out, size_t size);

/* ---- picture and sound ---- */

struct gen_picture {
    int w_px, h_px;
    uint8_t u, v;   /* colour of this stream */
    bool inverse;   /* bars run the other way: substream */
    uint8_t *noise; /* NOISE bytes */
};

int gen_picture_init(struct gen_picture *p, int w_px, int h_px, int colour, bool inverse);
void gen_picture_fini(struct gen_picture *p);

/* Draws picture number n with two lines of text (NULL: none) into three planes (4:2:0). white: the
 * flash. */
void gen_picture_draw(struct gen_picture *p, int64_t n, const char *const lines[2], bool white,
                      uint8_t *const planes[], const int strides[]);

/* The seven rows of a digit or letter (or :.-#), a byte each, the leftmost of five dots in bit 4; NULL for
 * others. */
const uint8_t *gen_glyph(char c);

/* The colour number of a stream as chroma values. */
void gen_colour(int colour, uint8_t *u, uint8_t *v);

/* A quiet tone, t seconds into it. */
float gen_tone(double t_s, double tone_hz);

/* The beep, t seconds after its beginning; 0 before and after it. */
float gen_beep(double t_s);

#endif
