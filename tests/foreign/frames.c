/* SPDX-License-Identifier: MIT */
/* Reads media by FFmpeg's demuxers; see frames.h. */
#include "frames.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavformat/avformat.h>

static const AVRational ticks = { 1, 90000 };

/* ---- sums ---- */

static void sum_add(struct frame *f, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        f->sum = (f->sum ^ p[i]) * 1099511628211u;
    f->size += n;
}

static void sum_unit(struct frame *f, bool hevc, const uint8_t *p, size_t n)
{
    while (n > 0 && p[n - 1] == 0)
        n--;
    if (n == 0)
        return;
    const int type = hevc ? p[0] >> 1 & 63 : p[0] & 31;
    if (hevc ? type < 32 : type >= 1 && type <= 5)
        sum_add(f, p, n);
}

static void sum_start_codes(struct frame *f, bool hevc, const uint8_t *p, size_t n)
{
    size_t from = n;
    for (size_t i = 0; i + 2 < n; i++)
        if (p[i] == 0 && p[i + 1] == 0 && p[i + 2] == 1) {
            if (from < i)
                sum_unit(f, hevc, p + from, i - from);
            from = i + 3;
            i += 2;
        }
    if (from < n)
        sum_unit(f, hevc, p + from, n - from);
}

static void sum_lengths(struct frame *f, bool hevc, const uint8_t *p, size_t n)
{
    while (n > 4) {
        const size_t size = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (size > n - 4)
            return;
        sum_unit(f, hevc, p + 4, size);
        p += 4 + size;
        n -= 4 + size;
    }
}

/* Of AAC the last bytes, since a header and the description of the channels may stand in front. */
static void sum_aac(struct frame *f, const uint8_t *p, size_t n)
{
    const size_t head = n > 7 && p[0] == 0xff && (p[1] & 0xf6) == 0xf0 ? 7 : 0;
    const size_t most = 64, left = n - head;
    sum_add(f, p + n - (left < most ? left : most), left < most ? left : most);
}

static void sum(struct frame *f, const AVCodecParameters *par, const AVPacket *pkt)
{
    const bool hevc = par->codec_id == AV_CODEC_ID_HEVC;
    f->sum = 14695981039346656037u;
    if (hevc || par->codec_id == AV_CODEC_ID_H264) {
        if (par->extradata_size > 6 && par->extradata[0] == 1)
            sum_lengths(f, hevc, pkt->data, (size_t)pkt->size);
        else
            sum_start_codes(f, hevc, pkt->data, (size_t)pkt->size);
    } else if (par->codec_id == AV_CODEC_ID_AAC) {
        sum_aac(f, pkt->data, (size_t)pkt->size);
    } else {
        sum_add(f, pkt->data, (size_t)pkt->size);
    }
}

/* ---- times ---- */

static int64_t in_ticks(int64_t t, AVRational tb)
{
    return t == AV_NOPTS_VALUE ? t : av_rescale_q(t, tb, ticks);
}

/* The time nearest to where the track is that is the same modulo 2^33. */
static int64_t unwrap(const struct track *t, int64_t v)
{
    const int64_t turn = INT64_C(1) << 33;
    if (t->n == 0 || v == AV_NOPTS_VALUE || t->f[t->n - 1].dts == AV_NOPTS_VALUE)
        return v;
    int64_t d = (v - t->f[t->n - 1].dts) % turn;
    if (d < -turn / 2)
        d += turn;
    else if (d >= turn / 2)
        d -= turn;
    return t->f[t->n - 1].dts + d;
}

int64_t track_begin(const struct track *t)
{
    int64_t low = AV_NOPTS_VALUE;
    for (size_t i = 0; i < t->n; i++)
        if (t->f[i].pts != AV_NOPTS_VALUE && (low == AV_NOPTS_VALUE || t->f[i].pts < low))
            low = t->f[i].pts;
    return low;
}

int64_t track_end(const struct track *t)
{
    int64_t high = AV_NOPTS_VALUE, step = t->frame_ticks;
    for (size_t i = 0; i < t->n; i++)
        if (t->f[i].pts != AV_NOPTS_VALUE && (high == AV_NOPTS_VALUE || t->f[i].pts > high))
            high = t->f[i].pts;
    if (step == 0 && t->n > 1)
        step = (high - track_begin(t)) / (int64_t)(t->n - 1);
    return high == AV_NOPTS_VALUE ? high : high + step;
}

bool track_is_uneven(const struct track *t)
{
    for (size_t i = 1; i < t->n; i++)
        if (llabs(t->f[i].pts - t->f[i - 1].pts - t->frame_ticks) > 100)
            return true;
    return false;
}

/* ---- reading ---- */

static struct frame *add(struct track *t)
{
    if (t->n == t->cap) {
        t->cap = t->cap * 2 + 64;
        t->f = realloc(t->f, t->cap * sizeof *t->f);
        if (!t->f)
            abort();
    }
    t->f[t->n] = (struct frame){ .pos = -1 };
    return &t->f[t->n++];
}

static void take(struct track *t, const AVStream *st, const AVPacket *pkt, bool wrap, bool keep)
{
    int64_t pts = in_ticks(pkt->pts, st->time_base), dts = in_ticks(pkt->dts, st->time_base);
    if (wrap) {
        pts = unwrap(t, pts);
        dts = unwrap(t, dts);
    }
    struct frame *f = add(t);
    f->pts = pts;
    f->dts = dts != AV_NOPTS_VALUE ? dts : pts;
    f->pos = pkt->pos;
    f->key = pkt->flags & AV_PKT_FLAG_KEY;
    t->nb_hidden += (pkt->flags & AV_PKT_FLAG_DISCARD) != 0;
    sum(f, st->codecpar, pkt);
    if (keep) {
        f->data = malloc((size_t)pkt->size);
        f->data_size = (size_t)pkt->size;
        memcpy(f->data, pkt->data, f->data_size);
    }
}

static void describe(struct track *t, const AVStream *st)
{
    const AVCodecParameters *par = st->codecpar;
    t->codec = par->codec_id;
    t->rate_hz = par->sample_rate;
    t->channels = par->ch_layout.nb_channels;
    int samples = par->frame_size;
    if (samples == 0 && par->codec_id == AV_CODEC_ID_AAC)
        samples = 1024;
    t->frame_ticks = par->sample_rate > 0 ? av_rescale(samples, ticks.den, par->sample_rate) : 0;
}

int frames_read(struct frames *all, const char *path, bool wrap, bool keep)
{
    AVFormatContext *in = NULL;
    AVPacket *pkt = av_packet_alloc();
    int ret = -1, index[NB_KINDS] = { -1, -1 };
    AVDictionary *o = NULL;
    av_dict_set(&o, "skip_estimate_duration_from_pts", "1", 0);
    if (avformat_open_input(&in, path, NULL, &o) < 0 || avformat_find_stream_info(in, NULL) < 0)
        goto done;
    for (unsigned i = 0; i < in->nb_streams; i++) {
        const enum AVMediaType type = in->streams[i]->codecpar->codec_type;
        const int k = type == AVMEDIA_TYPE_VIDEO ? PICTURE : SOUND;
        if ((type != AVMEDIA_TYPE_VIDEO && type != AVMEDIA_TYPE_AUDIO) || index[k] >= 0)
            continue;
        index[k] = (int)i;
        describe(&all->of[k], in->streams[i]);
    }
    while (av_read_frame(in, pkt) >= 0) {
        for (int k = 0; k < NB_KINDS; k++)
            if (pkt->stream_index == index[k])
                take(&all->of[k], in->streams[index[k]], pkt, wrap, keep);
        av_packet_unref(pkt);
    }
    ret = 0;
done:
    av_dict_free(&o);
    av_packet_free(&pkt);
    avformat_close_input(&in);
    return ret;
}

void frames_fini(struct frames *all)
{
    for (int k = 0; k < NB_KINDS; k++) {
        for (size_t i = 0; i < all->of[k].n; i++)
            free(all->of[k].f[i].data);
        free(all->of[k].f);
    }
    *all = (struct frames){ 0 };
}

void frames_print(const struct frames *all)
{
    for (int k = 0; k < NB_KINDS; k++)
        for (size_t i = 0; i < all->of[k].n; i++) {
            const struct frame *f = &all->of[k].f[i];
            printf("%c %" PRId64 " %" PRId64 " %zu %016" PRIx64 "%s\n", k == PICTURE ? 'v' : 'a',
                   f->pts, f->dts, f->size, f->sum, f->key ? " key" : "");
        }
}
