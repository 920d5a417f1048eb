/* SPDX-License-Identifier: MIT */
/* Matroska output, with libavformat's muxer. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavformat/avformat.h>
#include <libavutil/mathematics.h>

#include "base/file.h"
#include "base/utc.h"
#include "codec/av.h"
#include "mix/writer_priv.h"
#include "ts/es.h"

enum { IO_BYTES = 256 * 1024, AAC_FRAME = 1024 };

static const AVRational us_base = { 1, 1000000 };

struct mkv {
    AVFormatContext *c;
    AVPacket *pkt;
    int64_t pos, size;
    struct trtc_err io; /* the first failure to write; code 0: none */
};

static int write_io(void *opaque,
#if LIBAVFORMAT_VERSION_MAJOR >= 61
                    const
#endif
                    uint8_t *buf,
                    int n)
{
    struct trtc_writer_out *out = opaque;
    struct mkv *x = out->state;
    if (x->io.code || trtc_pwrite_all(out->fd, (struct trtc_bytes){ buf, (size_t)n }, x->pos,
                                      out->name, &x->io) < 0)
        return AVERROR(EIO);
    x->pos += n;
    x->size = x->pos > x->size ? x->pos : x->size;
    return n;
}

static int64_t seek_io(void *opaque, int64_t offset, int whence)
{
    struct trtc_writer_out *out = opaque;
    struct mkv *x = out->state;
    if (whence == AVSEEK_SIZE)
        return x->size;
    const int64_t from = whence == SEEK_CUR ? x->pos : whence == SEEK_END ? x->size : 0;
    if (offset < -from)
        return AVERROR(EINVAL);
    return x->pos = from + offset;
}

/* Fails with the error of the file itself if there is one, since it is more exact than
 * libavformat's error. */
static int check(struct mkv *x, const struct trtc_writer_out *out, int ret, const char *what,
                 struct trtc_err *err)
{
    if (x->io.code) {
        *err = x->io;
        return -1;
    }
    return ret < 0 ? trtc_fail_av(err, TRTC_EX_SOFTWARE, ret, "%s: %s", out->name, what) : 0;
}

static bool set_extradata(AVCodecParameters *par, const uint8_t *data, size_t size)
{
    par->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!par->extradata)
        return false;
    if (size)
        memcpy(par->extradata, data, size);
    par->extradata_size = (int)size;
    return true;
}

/* Sets the colours that the parameter sets state. */
static void set_colour(AVCodecParameters *par, const struct trtc_writer_track *t)
{
    struct trtc_video_params v;
    if (trtc_video_params_read(t->codec, t->sets, t->sets_size, &v) < 0)
        return;
    par->color_primaries = (enum AVColorPrimaries)v.colour.primaries;
    par->color_trc = (enum AVColorTransferCharacteristic)v.colour.transfer;
    par->color_space = (enum AVColorSpace)v.colour.matrix;
    par->color_range = v.colour.full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
}

/* Adds a track. Parameter sets are passed with start codes; the muxer makes an avcC of them, and
 * replaces the start codes in packets by lengths. */
static int add_track(struct mkv *x, const struct trtc_writer_track *t, bool is_default,
                     struct trtc_err *err)
{
    AVStream *st = avformat_new_stream(x->c, NULL);
    if (!st)
        return trtc_fail_nomem(err);
    AVCodecParameters *par = st->codecpar;
    st->time_base = us_base;
    st->disposition = is_default ? AV_DISPOSITION_DEFAULT : 0;
    if (t->codec == TRTC_CODEC_H264) {
        par->codec_type = AVMEDIA_TYPE_VIDEO;
        par->codec_id = AV_CODEC_ID_H264;
        par->width = t->width_px;
        par->height = t->height_px;
        par->sample_aspect_ratio = st->sample_aspect_ratio = (AVRational){ 1, 1 };
        st->avg_frame_rate = (AVRational){ t->fps, 1 };
        set_colour(par, t);
    } else {
        par->codec_type = AVMEDIA_TYPE_AUDIO;
        par->codec_id = AV_CODEC_ID_AAC;
        par->sample_rate = t->rate_hz;
        par->frame_size = AAC_FRAME;
        av_channel_layout_default(&par->ch_layout, t->channels);
    }
    const bool video = t->codec == TRTC_CODEC_H264;
    if (!set_extradata(par, video ? t->sets : t->asc, video ? t->sets_size : t->asc_size) ||
        (t->name && av_dict_set(&st->metadata, "title", t->name, 0) < 0))
        return trtc_fail_nomem(err);
    return 0;
}

/* Adds the track of text for the note of a part. */
static int add_note_track(struct mkv *x, struct trtc_err *err)
{
    AVStream *st = avformat_new_stream(x->c, NULL);
    if (!st)
        return trtc_fail_nomem(err);
    st->time_base = us_base;
    st->codecpar->codec_type = AVMEDIA_TYPE_SUBTITLE;
    st->codecpar->codec_id = AV_CODEC_ID_TEXT;
    return 0;
}

static int open_io(struct mkv *x, struct trtc_writer_out *out, struct trtc_err *err)
{
    uint8_t *buf = av_malloc(IO_BYTES);
    if (!buf)
        return trtc_fail_nomem(err);
    x->c->pb = avio_alloc_context(buf, IO_BYTES, 1, out, NULL, write_io, seek_io);
    if (!x->c->pb) {
        av_free(buf);
        return trtc_fail_nomem(err);
    }
    x->c->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT; /* no random identifiers */
    return 0;
}

static int open_mkv(struct trtc_writer_out *out, struct trtc_err *err)
{
    const struct trtc_writer_opts *o = &out->o;
    bool seen[2] = { false, false };
    struct mkv *x = out->state = calloc(1, sizeof *x);
    if (!x)
        return trtc_fail_nomem(err);
    x->pkt = av_packet_alloc();
    if (!x->pkt)
        return trtc_fail_nomem(err);
    int ret = avformat_alloc_output_context2(&x->c, NULL, "matroska", NULL);
    if (ret < 0)
        return trtc_fail_av(err, TRTC_EX_UNAVAILABLE, ret, "FFmpeg's Matroska writer");
    if (open_io(x, out, err) < 0)
        return -1;
    for (int i = 0; i < o->nb_tracks; i++) {
        bool *const kind = &seen[o->tracks[i].codec == TRTC_CODEC_AAC];
        if (add_track(x, &o->tracks[i], !*kind, err) < 0)
            return -1;
        *kind = true;
    }
    if (o->part && av_dict_set(&x->c->metadata, TRTC_WRITER_PART_TAG, o->part, 0) < 0)
        return trtc_fail_nomem(err);
    if (o->part && add_note_track(x, err) < 0)
        return -1;
    char creation[32];
    if (o->creation_ms != TRTC_NOTIME) {
        trtc_utc_format3339(o->creation_ms, creation);
        if (av_dict_set(&x->c->metadata, "creation_time", creation, 0) < 0)
            return trtc_fail_nomem(err);
    }
    return check(x, out, avformat_write_header(x->c, NULL), "the Matroska header", err);
}

static int put_mkv(struct trtc_writer_out *out, int track, const struct trtc_packet *p,
                   struct trtc_err *err)
{
    struct mkv *x = out->state;
    const struct trtc_writer_track *t = &out->o.tracks[track];
    const int64_t shift_us = out->o.part ? TRTC_WRITER_PART_SHIFT_US : 0;
    /* libavformat writes CodecDelay only for Opus, so priming frames are left out */
    if (!out->o.part && trtc_writer_is_priming(t, p))
        return 0;
    const AVStream *st = x->c->streams[track];
    const int64_t dur_us =
        t->codec == TRTC_CODEC_H264 ? 1000000 / t->fps : AAC_FRAME * INT64_C(1000000) / t->rate_hz;
    if (trtc_av_packet(x->pkt, p, err) < 0)
        return -1;
    x->pkt->stream_index = track;
    const int64_t pts_us = p->pts_us + shift_us;
    x->pkt->pts = av_rescale_q(pts_us, us_base, st->time_base);
    x->pkt->dts = av_rescale_q(p->dts_us + shift_us, us_base, st->time_base);
    x->pkt->duration = av_rescale_q(pts_us + dur_us, us_base, st->time_base) - x->pkt->pts;
    if (t->codec == TRTC_CODEC_AAC)
        x->pkt->flags |= AV_PKT_FLAG_KEY;
    const int ret = av_write_frame(x->c, x->pkt);
    av_packet_unref(x->pkt);
    return check(x, out, ret, "Matroska", err);
}

/* Writes the note of a part, as the last packet. */
static int put_note(struct trtc_writer_out *out, struct trtc_err *err)
{
    struct mkv *x = out->state;
    const AVStream *st = x->c->streams[out->o.nb_tracks];
    const size_t n = strlen(out->note);
    int64_t end_us = 0;
    for (int i = 0; i < out->o.nb_tracks; i++)
        end_us = out->end_us[i] > end_us ? out->end_us[i] : end_us;
    if (n > INT_MAX / 2 || av_new_packet(x->pkt, (int)n) < 0)
        return trtc_fail_nomem(err);
    memcpy(x->pkt->data, out->note, n);
    x->pkt->stream_index = out->o.nb_tracks;
    x->pkt->pts = x->pkt->dts =
        av_rescale_q(end_us + TRTC_WRITER_PART_SHIFT_US, us_base, st->time_base);
    x->pkt->duration = av_rescale_q(1000000, us_base, st->time_base);
    x->pkt->flags |= AV_PKT_FLAG_KEY;
    const int ret = av_write_frame(x->c, x->pkt);
    av_packet_unref(x->pkt);
    return check(x, out, ret, "Matroska", err);
}

static int finish_mkv(struct trtc_writer_out *out, struct trtc_err *err)
{
    struct mkv *x = out->state;
    if (out->o.part && out->note && put_note(out, err) < 0)
        return -1;
    if (check(x, out, av_write_trailer(x->c), "the end of the Matroska file", err) < 0)
        return -1;
    avio_flush(x->c->pb);
    out->bytes = x->size;
    return check(x, out, x->c->pb->error, "the end of the Matroska file", err);
}

static void close_mkv(struct trtc_writer_out *out)
{
    struct mkv *x = out->state;
    if (!x)
        return;
    if (x->c && x->c->pb) {
        av_freep(&x->c->pb->buffer);
        avio_context_free(&x->c->pb);
    }
    avformat_free_context(x->c);
    av_packet_free(&x->pkt);
    free(x);
    out->state = NULL;
}

const struct trtc_writer_ops trtc_writer_mkv = { open_mkv, put_mkv, finish_mkv, close_mkv };
