/* SPDX-License-Identifier: MIT */
/* The meaning of a picture's sample values, and the project's one rule for it: what is assumed if a
 * picture does not state it, which colours an output has, and how samples are converted. The codes
 * are those of ITU-T H.273 (ISO/IEC 23091-2), which H.264, H.265, MP4, Matroska and FFmpeg
 * share. */
#ifndef TRTC_BASE_COLOUR_H
#define TRTC_BASE_COLOUR_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TRTC_COLOUR_UNKNOWN = 2, /* for primaries, transfer or matrix; 0 for primaries means the same */
    TRTC_MATRIX_RGB = 0,
    TRTC_BT709 = 1, /* these three are valid for all of them */
    TRTC_BT601 = 6,
    TRTC_BT2020 = 9, /* primaries, and matrix with constant reference */
};

/* All zeros: unknown. */
struct trtc_colour {
    uint8_t primaries, transfer, matrix;
    bool full; /* 0 to 255, else 16 to 235 (chroma 240) */
};

/* What players assume of a picture of this size that states no more than stated. Nothing in the
 * result is unknown. A missing matrix is that of the primaries, or else BT.709 from 720 lines or
 * 1280 columns on, or else BT.601. A matrix that is not linear, or RGB, counts as missing. */
struct trtc_colour trtc_colour_of(const struct trtc_colour *stated, int width_px, int height_px);

/* Determines the colours of an output made from several pictures. Start with all zeros. */
struct trtc_colour_vote {
    bool any, split;
    struct trtc_colour stated;
};

/* Adds what one picture states. */
void trtc_colour_vote(struct trtc_colour_vote *v, const struct trtc_colour *stated);

/* The colours that all of them state, or else those suggested by the size of the output. The range
 * is limited. */
struct trtc_colour trtc_colour_voted(const struct trtc_colour_vote *v, int width_px, int height_px);

/* How 8-bit samples are converted to other colours; shares in 1 << 14, offset in 1 << 6. */
struct trtc_colour_map {
    int16_t yy, yu, yv, y_offset;
    int16_t uu, uv, vu, vv;
};

/* Fills *map. False: the samples are the same, so that nothing has to be done. Both colours must
 * come from trtc_colour_of. Primaries and transfer do not change. */
bool trtc_colour_map(const struct trtc_colour *from, const struct trtc_colour *to,
                     struct trtc_colour_map *map);

/* One sample; luma as a plain number, as everywhere below. */
static inline uint8_t trtc_colour_byte(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static inline uint8_t trtc_colour_luma(const struct trtc_colour_map *m, int y, int u, int v)
{
    const int from_chroma = (m->yu * (u - 128) + m->yv * (v - 128) + 128) >> 8;
    const int from_luma = ((y << 7) * m->yy + 0x4000) >> 15;
    return trtc_colour_byte((from_luma + from_chroma + m->y_offset + 32) >> 6);
}

/* For Cb with (uu, uv), for Cr with (vu, vv). */
static inline uint8_t trtc_colour_chroma(int by_u, int by_v, int u, int v)
{
    return trtc_colour_byte((by_u * (u - 128) + by_v * (v - 128) + (128 << 14) + (1 << 13)) >> 14);
}

/* Converts 0xRRGGBB to these colours, to the nearest; c must come from trtc_colour_of. */
void trtc_colour_yuv(const struct trtc_colour *c, uint32_t rgb, uint8_t yuv[3]);

#endif
