/* SPDX-License-Identifier: MIT */
/* MP4 writer: sample entries, which describe how a decoder is set up, with the configuration
 * records avcC and hvcC (ISO/IEC 14496-15, 5.3.3 and 8.3.3) and esds (14496-14, 5.6). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mp4/mp4_priv.h"

enum {
    ENTRY_OVERHEAD_BYTES = 512,
    ASC_MAX = 1024,
};

/* A sample entry being written. Its memory was allocated for the worst case. */
struct entry {
    uint8_t *data;
    size_t size, capacity;
};

static void put(struct entry *e, uint64_t v, int nb_bytes)
{
    assert(e->capacity - e->size >= (size_t)nb_bytes);
    trtc_mp4_be(e->data + e->size, v, nb_bytes);
    e->size += (size_t)nb_bytes;
}

static void put_data(struct entry *e, const void *p, size_t n)
{
    assert(e->capacity - e->size >= n);
    memcpy(e->data + e->size, p, n);
    e->size += n;
}

static void put_zeros(struct entry *e, size_t n)
{
    assert(e->capacity - e->size >= n);
    memset(e->data + e->size, 0, n);
    e->size += n;
}

static size_t begin(struct entry *e, const char *type)
{
    size_t start = e->size;

    put(e, 0, 4);
    put_data(e, type, 4);
    return start;
}

static void end(struct entry *e, size_t start)
{
    trtc_mp4_be(e->data + start, e->size - start, 4);
}

/* Writes the sets of one type, each after its length. */
static void put_sets(struct entry *e, const struct trtc_mp4_sets *list, int type)
{
    for (int i = 0; i < list->nb; i++) {
        if (list->v[i].type != type)
            continue;
        put(e, list->v[i].n, 2);
        put_data(e, list->v[i].p, list->v[i].n);
    }
}

static int put_avcc(struct entry *e, const struct trtc_mp4_sets *list, struct trtc_err *err)
{
    struct trtc_mp4_h264 s;
    size_t box;

    if (trtc_mp4_h264_read(list, &s, err))
        return -1;
    box = begin(e, "avcC");
    put(e, 1, 1);
    put(e, s.profile, 1);
    put(e, s.compat, 1);
    put(e, s.level, 1);
    put(e, 0xfc | 3, 1); /* lengths of 4 bytes */
    put(e, 0xe0 | (unsigned)trtc_mp4_count_sets(list, TRTC_MP4_H264_SPS), 1);
    put_sets(e, list, TRTC_MP4_H264_SPS);
    put(e, (unsigned)trtc_mp4_count_sets(list, TRTC_MP4_H264_PPS), 1);
    put_sets(e, list, TRTC_MP4_H264_PPS);
    if (s.has_format) {
        put(e, 0xfc | s.chroma, 1);
        put(e, 0xf8 | s.depth_luma, 1);
        put(e, 0xf8 | s.depth_chroma, 1);
        put(e, 0, 1); /* no SPS extensions */
    }
    end(e, box);
    return 0;
}

static int put_hvcc(struct entry *e, const struct trtc_mp4_sets *list, struct trtc_err *err)
{
    struct trtc_mp4_h265 s;
    size_t box;

    if (trtc_mp4_h265_read(list, &s, err))
        return -1;
    box = begin(e, "hvcC");
    put(e, 1, 1);
    put_data(e, s.ptl, sizeof(s.ptl));
    put(e, 0xf000, 2); /* min_spatial_segmentation_idc: unknown */
    put(e, 0xfc, 1);   /* parallelismType: unknown */
    put(e, 0xfc | s.chroma, 1);
    put(e, 0xf8 | s.depth_luma, 1);
    put(e, 0xf8 | s.depth_chroma, 1);
    put(e, 0, 2);                                    /* avgFrameRate: not stated */
    put(e, s.nb_layers << 3 | s.nested << 2 | 3, 1); /* lengths of 4 bytes */
    put(e, 3, 1);
    for (int type = TRTC_MP4_H265_VPS; type <= TRTC_MP4_H265_PPS; type++) {
        put(e, 0x80 | (unsigned)type, 1); /* array_completeness */
        put(e, (unsigned)trtc_mp4_count_sets(list, type), 2);
        put_sets(e, list, type);
    }
    end(e, box);
    return 0;
}

/* 14496-12, 12.1.5 */
static void put_colr(struct entry *e, const struct trtc_colour *c)
{
    const bool stated = c->primaries != 0 &&
                        (c->primaries != TRTC_COLOUR_UNKNOWN ||
                         c->transfer != TRTC_COLOUR_UNKNOWN || c->matrix != TRTC_COLOUR_UNKNOWN);
    size_t box;

    if (!stated && !c->full)
        return;
    box = begin(e, "colr");
    put_data(e, "nclx", 4);
    put(e, stated ? c->primaries : TRTC_COLOUR_UNKNOWN, 2);
    put(e, stated ? c->transfer : TRTC_COLOUR_UNKNOWN, 2);
    put(e, stated ? c->matrix : TRTC_COLOUR_UNKNOWN, 2);
    put(e, c->full ? 0x80 : 0, 1);
    end(e, box);
}

/* The displayed size as 16.16, limited to what the field can hold. */
static uint32_t fixed_size(int px, int num, int den)
{
    int64_t v = (int64_t)px * 65536 * num / den;

    return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static int put_video(struct entry *e, enum trtc_codec codec, const struct trtc_mp4_track *src,
                     struct trtc_err *err)
{
    bool h264 = codec == TRTC_CODEC_H264;
    bool square = src->sar_num == src->sar_den;
    struct trtc_mp4_sets list;
    size_t box;

    if (src->width_px < 1 || src->width_px > UINT16_MAX || src->height_px < 1 ||
        src->height_px > UINT16_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "picture size %dx%d cannot be stored in MP4",
                         src->width_px, src->height_px);
    if (!square && (src->sar_num < 1 || src->sar_num > UINT16_MAX || src->sar_den < 1 ||
                    src->sar_den > UINT16_MAX))
        return trtc_fail(err, TRTC_EX_DATAERR, "sample aspect ratio %d:%d cannot be stored in MP4",
                         src->sar_num, src->sar_den);
    if (trtc_mp4_list_sets(codec, src->annexb, src->annexb_size, &list, err))
        return -1;

    box = begin(e, h264 ? "avc1" : "hvc1");
    put_zeros(e, 6);
    put(e, 1, 2); /* data_reference_index */
    put_zeros(e, 16);
    put(e, (unsigned)src->width_px, 2);
    put(e, (unsigned)src->height_px, 2);
    put(e, 72 << 16, 4); /* dots an inch */
    put(e, 72 << 16, 4);
    put(e, 0, 4);
    put(e, 1, 2);     /* frame_count */
    put_zeros(e, 32); /* compressorname */
    put(e, 24, 2);    /* depth */
    put(e, 0xffff, 2);
    if (h264 ? put_avcc(e, &list, err) : put_hvcc(e, &list, err))
        return -1;
    put_colr(e, &src->colour);
    if (!square) {
        size_t pasp = begin(e, "pasp");

        put(e, (unsigned)src->sar_num, 4);
        put(e, (unsigned)src->sar_den, 4);
        end(e, pasp);
    }
    end(e, box);
    return 0;
}

/* Writes the header of an MPEG-4 descriptor (14496-1, 8.3.3), always with four bytes of length. */
static void put_descriptor(struct entry *e, unsigned tag, size_t n)
{
    put(e, tag, 1);
    for (int shift = 21; shift > 0; shift -= 7)
        put(e, 0x80 | (n >> shift & 0x7f), 1);
    put(e, n & 0x7f, 1);
}

static int put_aac(struct entry *e, const struct trtc_mp4_track *src, struct trtc_err *err)
{
    enum {
        HEAD = 5,
        CONFIG = 13
    }; /* sizes: of a descriptor's header; of a
                                       DecoderConfigDescriptor */
    size_t box, esds;

    if (src->asc_size < 2 || src->asc_size > ASC_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "no usable AudioSpecificConfig");
    if (src->rate_hz < 1 || src->channels < 1 || src->channels > UINT16_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "%d channels at %d Hz cannot be stored in MP4",
                         src->channels, src->rate_hz);
    box = begin(e, "mp4a");
    put_zeros(e, 6);
    put(e, 1, 2); /* data_reference_index */
    put_zeros(e, 8);
    put(e, (unsigned)src->channels, 2);
    put(e, 16, 2); /* bits a sample, by definition */
    put(e, 0, 4);
    put(e, src->rate_hz <= UINT16_MAX ? (uint32_t)src->rate_hz << 16 : 0, 4);
    esds = begin(e, "esds");
    put(e, 0, 4); /* version and flags */
    put_descriptor(e, 3, 3 + HEAD + CONFIG + HEAD + src->asc_size + HEAD + 1);
    put(e, 0, 2); /* ES_ID: always 0 in files */
    put(e, 0, 1);
    put_descriptor(e, 4, CONFIG + HEAD + src->asc_size);
    put(e, 0x40, 1); /* MPEG-4 audio */
    put(e, 0x15, 1); /* an audio stream, not upstream */
    put(e, 0, 3);    /* buffer size and bit rates: not stated */
    put(e, 0, 4);
    put(e, 0, 4);
    put_descriptor(e, 5, src->asc_size);
    put_data(e, src->asc, src->asc_size);
    put_descriptor(e, 6, 1);
    put(e, 2, 1); /* predefined for MP4 files */
    end(e, esds);
    end(e, box);
    return 0;
}

int trtc_mp4_entry_make(struct trtc_mp4_entry *out, enum trtc_codec codec,
                        const struct trtc_mp4_track *src, struct trtc_err *err)
{
    bool sound = codec == TRTC_CODEC_AAC, square = src->sar_num == src->sar_den;
    struct entry e = { 0 };
    int ret;

    /* A set has 2 bytes in front here, and 3 or more in Annex B: no copy is larger. */
    e.capacity = ENTRY_OVERHEAD_BYTES + (sound ? src->asc_size : src->annexb_size);
    e.data = malloc(e.capacity);
    if (!e.data)
        return trtc_fail_nomem(err);
    ret = sound ? put_aac(&e, src, err) : put_video(&e, codec, src, err);
    if (ret) {
        free(e.data);
        return ret;
    }
    free(out->data);
    out->data = e.data;
    out->size = e.size;
    if (!sound) {
        out->width_fixed = square ? (uint32_t)src->width_px << 16
                                  : fixed_size(src->width_px, src->sar_num, src->sar_den);
        out->height_fixed = (uint32_t)src->height_px << 16;
    }
    return 0;
}

const struct trtc_mp4_entry *trtc_mp4_entry_first(const struct trtc_mp4_trak *t)
{
    int i = 0;

    while (i < t->nb_entries - 1 && t->entries[i].nb_samples == 0)
        i++;
    return &t->entries[i];
}
