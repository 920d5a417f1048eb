/* SPDX-License-Identifier: MIT */
/* Headers inside elementary streams: ADTS, H.264 and H.265 parameter sets, NAL units with
 * start codes (Annex B) and with lengths. Pure functions over bytes in memory; hostile values
 * are refused, nothing is read past the end. */
#ifndef TRTC_TS_ES_H
#define TRTC_TS_ES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/colour.h"
#include "ts/packet.h"

/* ---- AAC in ADTS (ISO/IEC 13818-7, 6.2) ---- */

#define TRTC_ADTS_MIN 7 /* bytes that trtc_adts_parse needs */

struct trtc_adts {
    int object_type; /* MPEG-4 audio object type: 2 = LC */
    int rate_hz;
    int channels; /* 0: in-band program config element */
    int header_bytes;
    int frame_bytes; /* header included */
    int samples;     /* 1024 * raw data blocks */
};

/* 0 on success, -1 where p is no valid header. The frame may go on past n. */
int trtc_adts_parse(const uint8_t *p, size_t n, struct trtc_adts *out);

/* AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) of two bytes for an ADTS stream. */
void trtc_adts_asc(const struct trtc_adts *a, uint8_t asc[2]);

/* ---- NAL units ---- */

/* Returns the address of the first start code (00 00 01) at or after p, or end. As fast as
 * memchr. */
const uint8_t *trtc_annexb_find(const uint8_t *p, const uint8_t *end);

/* Returns the next NAL unit at or after *pos, without start code and trailing zeros, and moves *pos
 * after it. Empty units are skipped. NULL: the end. */
const uint8_t *trtc_annexb_next(const uint8_t **pos, const uint8_t *end, size_t *size);

/* The kinds of NAL units that matter for framing and copying. */
enum trtc_nal {
    TRTC_NAL_SLICE,     /* picture data */
    TRTC_NAL_KEY_SLICE, /* picture data of an IDR (H.264) or IRAP picture (H.265) */
    TRTC_NAL_PARAM,     /* SPS, PPS, VPS */
    TRTC_NAL_SPS,
    TRTC_NAL_AUD, /* access unit delimiter */
    TRTC_NAL_SEI, /* before the picture */
    TRTC_NAL_FILLER,
    TRTC_NAL_OTHER
};

/* Returns the kind of a NAL unit with the first byte b. */
enum trtc_nal trtc_nal_kind(enum trtc_codec codec, uint8_t b);

/* Whether an H.264 SEI unit (with its header byte) contains a recovery point message (D.1.8). */
bool trtc_sei_recovery_point(const uint8_t *nal, size_t size);

/* ---- parameter sets (ITU-T H.264 7.3.2.1, H.265 7.3.2.2) ---- */

/* The parameters on which the order of pictures depends. */
struct trtc_order_params {
    int count_type;             /* H.264: pic_order_cnt_type; H.265: 0 */
    int count_bits, frame_bits; /* size of the lower part of the count, and of the frame number */
    bool fields;                /* H.264: a picture may be a field */
    bool planes;                /* colour planes are coded separately */
    uint32_t tick_num,
        tick_units; /* seconds from one count to the next are num / units; 0: not known */
};

struct trtc_video_params {
    enum trtc_codec codec;
    int width_px, height_px; /* after cropping */
    int sar_num, sar_den;    /* 0/0: unknown */
    int profile, level;      /* profile_idc and level_idc as coded */
    int sps_id;
    int chroma, depth;         /* chroma_format_idc (1: 4:2:0), bits of luma */
    struct trtc_colour colour; /* as stated; H.273's "unspecified" if not stated */
    int reorder_max; /* by how many pictures it reorders at most; -1: unknown (H.264 without VUI) */
    struct trtc_order_params order;
};

/* Reads the first SPS before the first slice of an access unit with start codes. Returns 0, or -1:
 * there is none, or it is damaged. A VUI that is cut short is not damage: its missing part counts
 * as unknown. */
int trtc_video_params_read(enum trtc_codec codec, const uint8_t *annexb, size_t size,
                           struct trtc_video_params *out);

/* The same for an SPS alone, from its NAL header on. */
int trtc_video_params_of_sps(enum trtc_codec codec, const uint8_t *nal, size_t size,
                             struct trtc_video_params *out);

/* is_open: whether pictures that are decoded after a key frame but shown before it may refer to
 * pictures before it (an open group of pictures). refers_back: whether this picture may be one of
 * those; H.264 does not state that, so any may be. */
bool trtc_annexb_is_open(enum trtc_codec codec, const uint8_t *annexb, size_t size);
bool trtc_annexb_refers_back(enum trtc_codec codec, const uint8_t *annexb, size_t size);

/* How many bytes trtc_annexb_to_lengths may write for size bytes. */
#define TRTC_LENGTHS_MAX(size) ((size) + (size) / 3 + 16)

/* Replaces start codes by lengths of 4 bytes, and leaves out access unit delimiters, filler data
 * and (drop_param_sets) parameter sets. out has room for TRTC_LENGTHS_MAX(size) bytes and does not
 * overlap the input. Returns the number of bytes written. */
size_t trtc_annexb_to_lengths(enum trtc_codec codec, const uint8_t *annexb, size_t size,
                              bool drop_param_sets, uint8_t *out);

#endif
