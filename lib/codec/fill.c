/* SPDX-License-Identifier: MIT */
/* Silence in AAC, written bit by bit, and one black picture from libx264. */
#include "codec/fill.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/av.h"
#include "codec/ffmpeg.h"
#include "codec/recolour.h"

/* ---- silence ---- */

struct bits {
    uint8_t buf[8];
    size_t n; /* number of bits written */
};

static void put(struct bits *b, int nb, unsigned value)
{
    for (int i = nb - 1; i >= 0; i--, b->n++)
        b->buf[b->n / 8] |= (uint8_t)((value >> i & 1) << (7 - b->n % 8));
}

/* ics_info(): one long window without any scale factor band, hence without coefficients. */
static void put_ics_info(struct bits *b)
{
    put(b, 1, 0); /* ics_reserved_bit */
    put(b, 2, 0); /* window_sequence: ONLY_LONG_SEQUENCE */
    put(b, 1, 0); /* window_shape: sine */
    put(b, 6, 0); /* max_sfb */
    put(b, 1, 0); /* predictor_data_present */
}

/* The rest of a channel: with max_sfb 0, section data and scale factor data are empty. */
static void put_channel_tools(struct bits *b)
{
    put(b, 1, 0); /* pulse_data_present */
    put(b, 1, 0); /* tns_data_present */
    put(b, 1, 0); /* gain_control_data_present */
}

int trtc_silent_aac(int rate_hz, int channels, uint8_t **frame, size_t *size, struct trtc_err *err)
{
    if (rate_hz < 1 || channels < 1 || channels > 2)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "no silent AAC frame for %d Hz, %d channels",
                         rate_hz, channels);
    struct bits b = { 0 };
    put(&b, 3, channels == 2); /* id_syn_ele: SCE 0, CPE 1 */
    put(&b, 4, 0);             /* element_instance_tag */
    if (channels == 2) {
        put(&b, 1, 1); /* common_window */
        put_ics_info(&b);
        put(&b, 2, 0); /* ms_mask_present */
    }
    for (int c = 0; c < channels; c++) {
        put(&b, 8, 100); /* global_gain: nothing to apply it to */
        if (channels == 1)
            put_ics_info(&b);
        put_channel_tools(&b);
    }
    put(&b, 3, 7); /* id_syn_ele: END; zeros follow up to the byte boundary */

    *size = (b.n + 7) / 8;
    *frame = malloc(*size);
    if (!*frame)
        return trtc_fail_nomem(err);
    memcpy(*frame, b.buf, *size);
    return 0;
}

/* ---- black ---- */

/* Finds the next NAL unit of an Annex B stream at or after *pos. False: there is none. */
static bool next_nal(const uint8_t *p, size_t n, size_t *pos, const uint8_t **nal, size_t *nal_size)
{
    size_t i = *pos;
    while (i + 3 < n && !(p[i] == 0 && p[i + 1] == 0 && p[i + 2] == 1))
        i++;
    if (i + 3 >= n)
        return false;
    const size_t start = i + 3;
    size_t end = start;
    while (end < n && !(end + 2 < n && p[end] == 0 && p[end + 1] == 0 && p[end + 2] <= 1))
        end++;
    *pos = end;
    *nal = p + start;
    *nal_size = end - start;
    return true;
}

/* Copies the NAL units whose nal_unit_type is in the set want (a bit for each type), with start
 * codes of four bytes. NULL: out of memory, or there are none. */
static uint8_t *pick(const uint8_t *p, size_t n, uint32_t want, size_t *size)
{
    uint8_t *out = malloc(n + n / 3 + 4); /* a start code of three bytes grows by one */
    const uint8_t *nal = NULL;
    size_t pos = 0, len = 0;
    *size = 0;
    if (!out)
        return NULL;
    while (next_nal(p, n, &pos, &nal, &len)) {
        if (!(want >> (nal[0] & 31) & 1))
            continue;
        memcpy(out + *size, "\0\0\0\1", 4);
        memcpy(out + *size + 4, nal, len);
        *size += 4 + len;
    }
    if (!*size) {
        free(out);
        return NULL;
    }
    return out;
}

static AVFrame *black_frame(const struct trtc_video_params *like)
{
    const int w = like->width_px, h = like->height_px;
    AVFrame *f = av_frame_alloc();
    if (!f)
        return NULL;
    f->format = AV_PIX_FMT_YUV420P;
    f->width = w;
    f->height = h;
    f->color_range = like->colour.full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    if (av_frame_get_buffer(f, 0) < 0) {
        av_frame_free(&f);
        return NULL;
    }
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < (p ? h / 2 : h); y++)
            memset(f->data[p] + (ptrdiff_t)y * f->linesize[p],
                   p                   ? 128
                   : like->colour.full ? 0
                                       : 16,
                   (size_t)(p ? w / 2 : w));
    f->pts = 0;
    return f;
}

/* Baseline profile: every decoder of the surrounding stream decodes it, and it reorders nothing. */
static int open_black(AVCodecContext *e, const AVCodec *codec, int sps_id)
{
    char params[64];
    snprintf(params, sizeof params, "sps-id=%d:annexb=1", sps_id);
    int ret = av_opt_set(e->priv_data, "preset", "veryfast", 0);
    if (ret >= 0)
        ret = av_opt_set(e->priv_data, "profile", "baseline", 0);
    if (ret >= 0)
        ret = av_opt_set_int(e->priv_data, "qp", 18, 0);
    if (ret >= 0)
        ret = av_opt_set(e->priv_data, "x264-params", params, 0);
    if (ret >= 0)
        ret = avcodec_open2(e, codec, NULL);
    return ret;
}

static AVCodecContext *new_black(const AVCodec *codec, const struct trtc_video_params *like)
{
    AVCodecContext *e = avcodec_alloc_context3(codec);
    if (!e)
        return NULL;
    e->width = like->width_px;
    e->height = like->height_px;
    e->pix_fmt = AV_PIX_FMT_YUV420P;
    if (like->sar_num > 0 && like->sar_den > 0)
        e->sample_aspect_ratio = (AVRational){ like->sar_num, like->sar_den };
    trtc_av_encode_colour(e, &like->colour);
    e->time_base = (AVRational){ 1, 25 };
    e->max_b_frames = 0;
    e->refs = 1;
    e->thread_count = 1;
    e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER; /* parameter sets separate from the picture */
    return e;
}

void trtc_black_fini(struct trtc_black *b)
{
    free(b->sets);
    free(b->au);
    *b = (struct trtc_black){ 0 };
}

int trtc_black_picture(const struct trtc_video_params *like, int sps_id, struct trtc_black *out,
                       struct trtc_err *err)
{
    const int w = like->width_px, h = like->height_px;
    int result = -1;
    AVCodecContext *e = NULL;
    AVFrame *f = NULL;
    AVPacket *pkt = NULL;
    *out = (struct trtc_black){ 0 };

    if (w < 2 || h < 2 || w > 16384 || h > 16384 || w % 2 || h % 2 || sps_id < 0 || sps_id > 31)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "no black picture of %dx%d with id %d", w, h,
                         sps_id);
    if (trtc_ffmpeg_load(err) < 0)
        return -1;
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    if (!codec)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "this FFmpeg was built without libx264");
    e = new_black(codec, like);
    f = black_frame(like);
    pkt = av_packet_alloc();
    if (!e || !f || !pkt) {
        trtc_fail_nomem(err);
        goto done;
    }
    int ret = open_black(e, codec, sps_id);
    if (ret >= 0)
        ret = avcodec_send_frame(e, f);
    if (ret >= 0)
        ret = avcodec_send_frame(e, NULL);
    if (ret >= 0)
        ret = avcodec_receive_packet(e, pkt);
    if (ret < 0) {
        trtc_fail_encoder(err, ret, "libx264: a black picture of %dx%d", w, h);
        goto done;
    }
    out->sets = pick(e->extradata, (size_t)e->extradata_size, 1u << 7 | 1u << 8, &out->sets_size);
    out->au = pick(pkt->data, (size_t)pkt->size, 1u << 5, &out->au_size);
    result = out->sets && out->au ? 0 : trtc_fail_nomem(err);
done:
    if (result)
        trtc_black_fini(out);
    av_packet_free(&pkt);
    av_frame_free(&f);
    avcodec_free_context(&e);
    return result;
}
