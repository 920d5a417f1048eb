/* SPDX-License-Identifier: MIT */
/* What only a decoder shows of a segment; see sealed.h. */
#include "source/sealed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "codec/av.h"
#include "codec/ffmpeg.h"
#include "ts/es.h"

enum { BLOCK_BYTES = 64 * 1024, LOOK_BYTES = 4 << 20, NB_PICTURES = 2, NB_SOUNDS = 16 };

struct sealed {
    struct trtc_ts *ts;
    AVCodecContext *dec[TRTC_NB_KINDS];
    bool none[TRTC_NB_KINDS]; /* this FFmpeg cannot decode the stream */
    bool sets;                /* there were parameter sets, without which no picture decodes */
    bool strict;              /* the decoder fails at any error; */
    bool last_bad;            /* ... so it did at the last picture, which nb_bad does not count */
    AVPacket *pkt;
    AVFrame *frame;
    int nb[TRTC_NB_KINDS], nb_bad[TRTC_NB_KINDS]; /* frames decoded; of these, with errors */
};

bool trtc_sealed_by_playlist(const struct trtc_piece *p)
{
    return p->key_method && strncmp(p->key_method, "SAMPLE-AES", 10) == 0;
}

/* Opens the decoder of a stream, if there is one. 0, or -1. */
static int open_decoder(struct sealed *x, int k, const struct trtc_ts_stream *s,
                        struct trtc_err *err)
{
    const AVCodec *c = trtc_av_decoder(k == TRTC_AT_VIDEO ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO,
                                       s->codec, s->codec_name, NULL);
    x->none[k] = !c;
    if (!c)
        return 0;
    x->dec[k] = avcodec_alloc_context3(c);
    if (!x->dec[k])
        return trtc_fail_nomem(err);
    x->dec[k]->thread_count = 1;
    x->dec[k]->err_recognition |= x->strict ? AV_EF_EXPLODE : 0;
    const int ret = avcodec_open2(x->dec[k], c, NULL);
    x->none[k] = ret < 0; /* one of hardware that is not there, perhaps */
    return ret == AVERROR(ENOMEM) ? trtc_fail_nomem(err) : 0;
}

/* Whether the packet gives a frame without errors. 1, 0, or -1: out of memory. */
static int decodes(struct sealed *x, int k)
{
    AVCodecContext *dec = x->dec[k];
    bool any = false;
    int got, ret = avcodec_send_packet(dec, x->pkt);
    bool flawed = ret < 0;
    if (k == TRTC_AT_VIDEO) /* a key picture alone */
        avcodec_send_packet(dec, NULL);
    while ((got = avcodec_receive_frame(dec, x->frame)) >= 0) {
        any = true;
        flawed |= x->frame->decode_error_flags || (x->frame->flags & AV_FRAME_FLAG_CORRUPT);
        av_frame_unref(x->frame);
    }
    if (k == TRTC_AT_VIDEO)
        avcodec_flush_buffers(dec);
    if (ret == AVERROR(ENOMEM) || got == AVERROR(ENOMEM))
        return -1;
    return !flawed && (any || k == TRTC_AT_AUDIO); /* the first frames of sound prime the decoder */
}

static bool is_enough(const struct sealed *x, int k)
{
    return x->nb[k] >= (k == TRTC_AT_VIDEO ? NB_PICTURES : NB_SOUNDS);
}

/* Whether the frame shows something: a picture only behind the parameter sets of the segment. */
static bool is_of_use(struct sealed *x, const struct trtc_ts_frame *f)
{
    struct trtc_video_params v;
    const enum trtc_codec codec = f->stream->codec;
    if (codec == TRTC_CODEC_OTHER || f->damaged || !f->key)
        return false;
    x->sets |= f->stream->video && trtc_video_params_read(codec, f->data, f->size, &v) == 0;
    return !f->stream->video || x->sets;
}

/* Prepares to decode the frame. 1, 0: there is no decoder, or -1. */
static int prepare(struct sealed *x, int k, const struct trtc_ts_frame *f, struct trtc_err *err)
{
    if (!x->dec[k] && open_decoder(x, k, f->stream, err) < 0)
        return -1;
    if (x->none[k])
        return 0;
    if (av_new_packet(x->pkt, (int)f->size) < 0)
        return trtc_fail_nomem(err);
    memcpy(x->pkt->data, f->data, f->size);
    return 1;
}

static int look_at(struct sealed *x, const struct trtc_ts_frame *f, struct trtc_err *err)
{
    const int k = f->stream->video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;
    if (x->none[k] || is_enough(x, k) || !is_of_use(x, f))
        return 0;
    const int ready = prepare(x, k, f, err);
    if (ready <= 0)
        return ready;
    const int good = decodes(x, k);
    av_packet_unref(x->pkt);
    x->nb[k]++;
    x->nb_bad[k] += !good;
    return good < 0 ? trtc_fail_nomem(err) : 0;
}

/* Decodes a picture as one of a stream. */
static int follow(struct sealed *x, const struct trtc_ts_frame *f, struct trtc_err *err)
{
    const int k = TRTC_AT_VIDEO;
    if (!f->stream->video || x->none[k] || (x->nb[k] == 0 && !is_of_use(x, f)))
        return 0;
    const int ready = prepare(x, k, f, err);
    if (ready <= 0)
        return ready;
    int ret = avcodec_send_packet(x->dec[k], x->pkt);
    x->nb_bad[k] += x->last_bad;
    x->last_bad = ret < 0;
    x->nb[k]++;
    av_packet_unref(x->pkt);
    while (ret >= 0 && (ret = avcodec_receive_frame(x->dec[k], x->frame)) >= 0)
        av_frame_unref(x->frame);
    x->last_bad |= ret != AVERROR(EAGAIN);
    return ret == AVERROR(ENOMEM) ? trtc_fail_nomem(err) : 0;
}

/* Feeds the beginning of the segment, or, to follow its pictures, its end. */
static int feed(struct sealed *x, int fd, const struct trtc_piece *p, struct trtc_err *err)
{
    uint8_t buf[BLOCK_BYTES];
    struct trtc_ts_frame f;
    const int64_t nb = p->bytes < LOOK_BYTES ? p->bytes : LOOK_BYTES;
    const int64_t begin = x->strict ? p->bytes - nb : 0, end = begin + nb;
    int more = 0;
    for (int64_t at = begin; at < end && (x->strict || !(is_enough(x, 0) && is_enough(x, 1)));) {
        const size_t want = end - at < BLOCK_BYTES ? (size_t)(end - at) : BLOCK_BYTES;
        const ssize_t got = trtc_read_at(fd, buf, want, p->at_bytes + at);
        if (got <= 0)
            break; /* the probe has read it, and reports what it cannot read */
        at += got;
        trtc_ts_feed(x->ts, buf, (size_t)got);
        if (at >= p->bytes)
            trtc_ts_end(x->ts);
        while ((more = trtc_ts_next(x->ts, &f)) > 0)
            if ((x->strict ? follow(x, &f, err) : look_at(x, &f, err)) < 0)
                return -1;
        if (more < 0)
            return trtc_fail_nomem(err);
    }
    return 0;
}

/* Reads the segment. Free x with sealed_fini in any case. */
static int look(struct sealed *x, int fd, const struct trtc_piece *p, const struct trtc_ts *tables,
                struct trtc_err *err)
{
    if (trtc_ffmpeg_load(err) < 0)
        return err->code == TRTC_EX_TEMPFAIL ? -1 : 0;
    x->ts = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    x->pkt = av_packet_alloc();
    x->frame = av_frame_alloc();
    if (!x->ts || !x->pkt || !x->frame)
        return trtc_fail_nomem(err);
    trtc_ts_learn(x->ts, tables);
    return feed(x, fd, p, err);
}

static void sealed_fini(struct sealed *x)
{
    if (!x->ts && !x->pkt && !x->frame) /* nor was FFmpeg loaded, perhaps */
        return;
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        avcodec_free_context(&x->dec[k]);
    av_frame_free(&x->frame);
    av_packet_free(&x->pkt);
    trtc_ts_free(&x->ts);
}

int trtc_sealed_look(int fd, const struct trtc_piece *p, const struct trtc_ts *tables,
                     unsigned *kinds, struct trtc_err *err)
{
    struct sealed x = { .ts = NULL };
    const int ret = look(&x, fd, p, tables, err);
    *kinds = 0;
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        if (2 * x.nb_bad[k] > x.nb[k])
            *kinds |= k == TRTC_AT_VIDEO ? TRTC_VIDEO : TRTC_AUDIO;
    sealed_fini(&x);
    return ret;
}

int trtc_sealed_torn(int fd, const struct trtc_piece *p, const struct trtc_ts *tables, bool *torn,
                     struct trtc_err *err)
{
    struct sealed x = { .strict = true };
    const int ret = look(&x, fd, p, tables, err);
    *torn = x.nb[TRTC_AT_VIDEO] > 1 && x.nb_bad[TRTC_AT_VIDEO] == 0 && x.last_bad;
    sealed_fini(&x);
    return ret;
}
