/* SPDX-License-Identifier: MIT */
/* Sound to AAC on a gapless clock.
 *
 * The machine behind receive(), one step at a time: an encoded packet if there is one; else a frame
 * for the encoder if the FIFO holds one; else silence that is due; else the decoded frame in hand
 * goes through the resampler; else the decoder and the parser are asked for the next one.
 *
 * `pos` counts the samples that ever went into the FIFO: it is the place on the output clock of the
 * next one. The next sample given to the resampler comes out at pos + its delay, and belongs at its
 * time stamp; the difference of the two steers everything. */
#include "media/aenc.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>

#include "media/av.h"

#define JUMP_US         40000  /* from here on a difference is a jump */
#define DRIFT_MAX       500e-6 /* the resampler bends the rate no further */
#define DRIFT_AVERAGE_S 1.0    /* time stamps are averaged over this, against their jitter */
#define DRIFT_FOLLOW_S  4.0    /* a difference is worked off over this: critically damped */
#define SAMPLE_MAX      16.0f  /* no sound: damage, or not a number */
#define RATE_MAX_HZ     384000

struct trtc_aenc {
    struct trtc_aenc_opts o;
    int64_t nb_broken;

    const AVCodec *in_codec; /* of the packet in hand */
    AVPacket *in;            /* packet that is not used up yet, if has_in; from in_off on */
    bool has_in;
    int in_off;
    bool ended;
    int64_t end_pos;

    AVCodecParameters *source; /* what the container says of packets to come, or NULL */
    bool source_new;           /* the decoder in use does not know of it */

    AVCodecContext *dec;
    AVCodecParserContext *parser; /* NULL: packets are whole frames */
    AVPacket *part;               /* scratch: what the parser cut out */
    bool draining;
    int64_t next_us; /* where the sound decoded last ends, on the input's clock */

    AVFrame *heard; /* decoded frame, if has_heard, from its sample skip on */
    bool has_heard;
    int skip;

    struct SwrContext *swr;
    int in_rate, in_format;
    AVChannelLayout in_layout;
    bool exact;  /* the next frame is placed to the sample, not softly */
    double late; /* averaged difference, in output samples */

    AVFrame *mixed; /* scratch: the resampler's output */
    AVAudioFifo *fifo;
    int64_t pos;     /* samples ever put into the FIFO */
    int64_t silence; /* samples of silence due before the frame in hand */

    AVCodecContext *enc;
    AVFrame *out;    /* scratch: what goes to the encoder */
    int64_t out_pos; /* samples ever given to the encoder */
    AVPacket *pkt;   /* what the caller sees */
    bool flushed;
};

/* ---- the output side: FIFO and encoder ---- */

static int64_t pos_of_us(const struct trtc_aenc *a, int64_t us)
{
    return av_rescale_rnd(us, a->o.rate_hz, 1000000, AV_ROUND_NEAR_INF);
}

/* Room for n samples in f, planar float. */
static int reserve(struct trtc_aenc *a, AVFrame *f, int n, struct trtc_err *err)
{
    if (f->nb_samples >= n && av_frame_is_writable(f))
        return 0;
    av_frame_unref(f);
    f->format = AV_SAMPLE_FMT_FLTP;
    f->sample_rate = a->o.rate_hz;
    f->nb_samples = n;
    if (av_channel_layout_copy(&f->ch_layout, &a->enc->ch_layout) < 0 ||
        av_frame_get_buffer(f, 0) < 0)
        return trtc_fail_nomem(err);
    return 0;
}

static int put(struct trtc_aenc *a, AVFrame *f, int n, struct trtc_err *err)
{
    if (av_audio_fifo_write(a->fifo, (void **)f->extended_data, n) < n)
        return trtc_fail_nomem(err);
    a->pos += n;
    return 0;
}

static int put_silence(struct trtc_aenc *a, struct trtc_err *err)
{
    const int n = a->silence < a->enc->frame_size ? (int)a->silence : a->enc->frame_size;
    if (reserve(a, a->mixed, n, err))
        return -1;
    av_samples_set_silence(a->mixed->extended_data, 0, n, a->o.channels, AV_SAMPLE_FMT_FLTP);
    a->silence -= n;
    return put(a, a->mixed, n, err);
}

/* Gives the encoder the FIFO's next n samples, n <= frame_size; silence fills up the frame. */
static int encode(struct trtc_aenc *a, int n, struct trtc_err *err)
{
    const int size = a->enc->frame_size;
    /* the encoder may keep the frame: a new buffer where it does */
    if (reserve(a, a->out, size, err))
        return -1;
    if (av_audio_fifo_read(a->fifo, (void **)a->out->extended_data, n) < n)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "sound was lost in the encoder's buffer");
    if (n < size)
        av_samples_set_silence(a->out->extended_data, n, size - n, a->o.channels,
                               AV_SAMPLE_FMT_FLTP);
    a->out->pts = a->out_pos;
    a->out_pos += n;
    int ret = avcodec_send_frame(a->enc, a->out);
    if (ret < 0)
        return trtc_fail_av(err, TRTC_EX_SOFTWARE, ret, "encoding sound");
    return 0;
}

/* ---- resampling and placement ---- */

/* Runs nb_in samples at in (NULL: what the resampler still holds) into the FIFO. */
static int resample(struct trtc_aenc *a, const uint8_t **in, int nb_in, struct trtc_err *err)
{
    const int cap = swr_get_out_samples(a->swr, nb_in);
    if (cap < 0)
        return trtc_fail_av(err, TRTC_EX_SOFTWARE, cap, "resampling");
    if (cap == 0)
        return 0;
    if (reserve(a, a->mixed, cap, err))
        return -1;
    int n = swr_convert(a->swr, a->mixed->extended_data, cap, in, nb_in);
    if (n < 0)
        return trtc_fail_av(err, TRTC_EX_SOFTWARE, n, "resampling");
    for (int c = 0; c < a->o.channels; c++) {
        float *s = (float *)a->mixed->extended_data[c];
        for (int i = 0; i < n; i++)
            if (!(fabsf(s[i]) <= SAMPLE_MAX))
                s[i] = 0;
    }
    return put(a, a->mixed, n, err);
}

static void close_resampler(struct trtc_aenc *a)
{
    swr_free(&a->swr);
    av_channel_layout_uninit(&a->in_layout);
}

/* What the resampler holds comes out, and it starts anew with the next frame. */
static int finish_resampler(struct trtc_aenc *a, struct trtc_err *err)
{
    if (!a->swr)
        return 0;
    int ret = resample(a, NULL, 0, err);
    close_resampler(a);
    return ret;
}

static bool same_format(const struct trtc_aenc *a, const AVFrame *f)
{
    return a->in_rate == f->sample_rate && a->in_format == f->format &&
           !av_channel_layout_compare(&a->in_layout, &f->ch_layout);
}

/* Opens the resampler for frames like f. False: it cannot take them. */
static bool open_resampler(struct trtc_aenc *a, const AVFrame *f)
{
    AVChannelLayout layout = { 0 };
    bool ok = false;
    if (f->sample_rate < 1 || f->sample_rate > RATE_MAX_HZ)
        return false;
    if (f->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&layout, f->ch_layout.nb_channels);
    else if (av_channel_layout_copy(&layout, &f->ch_layout) < 0)
        return false;
    if (swr_alloc_set_opts2(&a->swr, &a->enc->ch_layout, AV_SAMPLE_FMT_FLTP, a->o.rate_hz, &layout,
                            f->format, f->sample_rate, 0, NULL) < 0)
        goto done;
    /* Always resampling, even 1:1: switching it on later, for drift, would be heard. Drift needs
     * phases between the exact ones. */
    av_opt_set_int(a->swr, "flags", SWR_FLAG_RESAMPLE, 0);
    av_opt_set_int(a->swr, "exact_rational", 0, 0);
    av_opt_set_int(a->swr, "linear_interp", 1, 0);
    av_opt_set_double(a->swr, "rematrix_maxval", 1.0, 0); /* a downmix does not clip */
    /* one voice on both sides is as loud as it was; the default is 3 dB less */
    static const double both[2] = { 1, 1 };
    if (layout.nb_channels == 1 && a->o.channels == 2 && swr_set_matrix(a->swr, both, 1) < 0)
        goto done;
    if (swr_init(a->swr) < 0)
        goto done;
    if (av_channel_layout_copy(&a->in_layout, &f->ch_layout) < 0)
        goto done;
    a->in_rate = f->sample_rate;
    a->in_format = f->format;
    a->late = 0;
    ok = true;
done:
    av_channel_layout_uninit(&layout);
    if (!ok)
        close_resampler(a);
    return ok;
}

/* Follows the clock of the time stamps: off is by how many output samples the frame in hand would
 * come out too early. */
static void follow_drift(struct trtc_aenc *a, int64_t off)
{
    const double s = (double)a->heard->nb_samples / a->in_rate;
    a->late += ((double)off - a->late) * (s < DRIFT_AVERAGE_S ? s / DRIFT_AVERAGE_S : 1);
    double bend = a->late / (DRIFT_FOLLOW_S * a->o.rate_hz);
    bend = bend > DRIFT_MAX ? DRIFT_MAX : bend < -DRIFT_MAX ? -DRIFT_MAX : bend;
    /* over a distance far beyond the next frame, where it is set anew: only the ratio counts */
    const int distance = a->o.rate_hz * 100;
    swr_set_compensation(a->swr, (int)lrint(bend * distance), distance);
}

/* Decides where the frame in hand goes: silence before it, samples cut off it, or it is dropped. */
static int place(struct trtc_aenc *a, struct trtc_err *err)
{
    AVFrame *f = a->heard;
    if (a->swr && !same_format(a, f) && finish_resampler(a, err))
        return -1;
    if (!a->swr && !open_resampler(a, f)) {
        a->nb_broken++;
        a->exact = true;
        goto drop;
    }
    const int64_t expected = a->pos + swr_get_delay(a->swr, a->o.rate_hz);
    const int64_t off = f->pts == AV_NOPTS_VALUE ? 0 : pos_of_us(a, f->pts) - expected;
    const int64_t jump = pos_of_us(a, JUMP_US);
    if (!a->exact && off < jump && off > -jump) {
        follow_drift(a, off);
        return 0;
    }
    a->exact = false;
    if (off > 0) {
        const int64_t target = expected + off;
        if (finish_resampler(a, err))
            return -1;
        a->silence = target > a->pos ? target - a->pos : 0;
        if (!open_resampler(a, f))
            return trtc_fail(err, TRTC_EX_SOFTWARE, "the resampler does not start again");
    } else if (off < 0) {
        const int64_t cut = av_rescale_rnd(-off, f->sample_rate, a->o.rate_hz, AV_ROUND_NEAR_INF);
        if (cut >= f->nb_samples) {
            a->exact = true; /* the next one is cut to fit */
            goto drop;
        }
        a->skip = (int)cut;
        a->late = 0;
        swr_set_compensation(a->swr, 0, a->o.rate_hz);
    }
    return 0;
drop:
    av_frame_unref(f);
    a->has_heard = false;
    return 0;
}

/* The frame in hand, from a->skip on, into the FIFO. */
static int play(struct trtc_aenc *a, struct trtc_err *err)
{
    AVFrame *f = a->heard;
    const int planar = av_sample_fmt_is_planar(f->format);
    const int channels = f->ch_layout.nb_channels;
    const int planes = planar ? channels : 1;
    const int step = av_get_bytes_per_sample(f->format) * (planar ? 1 : channels);
    const uint8_t *in[AV_NUM_DATA_POINTERS * 8];
    int ret = -1;
    if (planes > (int)(sizeof in / sizeof in[0])) {
        trtc_fail(err, TRTC_EX_DATAERR, "sound of %d channels", channels);
        goto done;
    }
    for (int i = 0; i < planes; i++)
        in[i] = f->extended_data[i] + (ptrdiff_t)a->skip * step;
    ret = resample(a, in, f->nb_samples - a->skip, err);
done:
    av_frame_unref(f);
    a->has_heard = false;
    a->skip = 0;
    return ret;
}

/* ---- decoding ---- */

static void close_decoder(struct trtc_aenc *a)
{
    avcodec_free_context(&a->dec);
    av_parser_close(a->parser);
    a->parser = NULL;
    a->draining = false;
}

static int open_decoder(struct trtc_aenc *a, struct trtc_err *err)
{
    const AVCodec *codec = a->in_codec;
    a->dec = avcodec_alloc_context3(codec);
    if (!a->dec)
        return trtc_fail_nomem(err);
    a->dec->pkt_timebase = (AVRational){ 1, 1000000 };
    a->dec->thread_count = 1;
    const bool told = a->source && a->source->codec_id == codec->id;
    if (told && avcodec_parameters_to_context(a->dec, a->source) < 0) {
        close_decoder(a);
        return trtc_fail_nomem(err);
    }
    a->source_new = false;
    int ret = avcodec_open2(a->dec, codec, NULL);
    if (ret < 0) {
        close_decoder(a);
        return trtc_fail_av(err, TRTC_EX_UNAVAILABLE, ret, "%s decoder", codec->name);
    }
    if (!told && codec->id != AV_CODEC_ID_AAC) /* ADTS frames are whole already */
        a->parser = av_parser_init(codec->id);
    return 0;
}

/* An error of the decoder: what is missing becomes silence of exactly its length. */
static int decoder_failed(struct trtc_aenc *a, int ret, struct trtc_err *err)
{
    if (ret == AVERROR(ENOMEM))
        return trtc_fail_nomem(err);
    a->nb_broken++;
    a->exact = true;
    if (ret != AVERROR_INVALIDDATA)
        close_decoder(a);
    return 0;
}

/* The next frame out of the packet in hand goes to the decoder. */
static int feed(struct trtc_aenc *a, struct trtc_err *err)
{
    int ret = 0;
    AVPacket *in = a->in;
    if (a->parser) {
        av_packet_unref(a->part);
        uint8_t *data = NULL;
        int size = 0;
        const int64_t pts = a->in_off ? AV_NOPTS_VALUE : in->pts;
        int used = av_parser_parse2(a->parser, a->dec, &data, &size, in->data + a->in_off,
                                    in->size - a->in_off, pts, pts, 0);
        if (used < 0 || (used == 0 && size == 0))
            used = in->size - a->in_off; /* it makes no headway */
        a->in_off += used;
        if (size > 0) {
            a->part->data = data; /* not ours: the decoder copies it */
            a->part->size = size;
            a->part->pts = a->parser->pts;
            a->part->dts = a->parser->dts;
            ret = avcodec_send_packet(a->dec, a->part);
        }
        if (a->in_off >= in->size) {
            av_packet_unref(in);
            a->has_in = false;
        }
    } else {
        /* After a hole the decoder must not fade in what was before it. */
        if (a->next_us != AV_NOPTS_VALUE && in->pts != AV_NOPTS_VALUE &&
            in->pts - a->next_us >= JUMP_US)
            avcodec_flush_buffers(a->dec);
        ret = avcodec_send_packet(a->dec, in);
        av_packet_unref(in);
        a->has_in = false;
    }
    return ret < 0 ? decoder_failed(a, ret, err) : 0;
}

/* What the parser still holds, then the end, goes to the decoder. */
static int feed_end(struct trtc_aenc *a, struct trtc_err *err)
{
    if (a->parser) {
        uint8_t *data = NULL;
        int size = 0;
        av_parser_parse2(a->parser, a->dec, &data, &size, NULL, 0, AV_NOPTS_VALUE, AV_NOPTS_VALUE,
                         0);
        if (size > 0) {
            av_packet_unref(a->part);
            a->part->data = data;
            a->part->size = size;
            a->part->pts = a->parser->pts;
            int ret = avcodec_send_packet(a->dec, a->part);
            av_parser_close(a->parser);
            a->parser = NULL;
            return ret < 0 ? decoder_failed(a, ret, err) : 0;
        }
    }
    a->draining = true;
    int ret = avcodec_send_packet(a->dec, NULL);
    return ret < 0 ? decoder_failed(a, ret, err) : 0;
}

/* One step of decoding: 1 something moved, 0 nothing to do, -1. */
static int decode(struct trtc_aenc *a, struct trtc_err *err)
{
    if (!a->dec) {
        if (!a->has_in)
            return 0;
        return open_decoder(a, err) ? -1 : 1;
    }
    int ret = avcodec_receive_frame(a->dec, a->heard);
    if (ret == AVERROR_EOF) {
        close_decoder(a);
        return 1;
    }
    if (ret != AVERROR(EAGAIN)) {
        AVFrame *f = a->heard;
        if (ret < 0)
            return decoder_failed(a, ret, err) ? -1 : 1;
        if (f->nb_samples < 1 || f->sample_rate < 1 ||
            (f->pts != AV_NOPTS_VALUE &&
             (f->pts > TRTC_AV_TIME_MAX_US || f->pts < -TRTC_AV_TIME_MAX_US))) {
            av_frame_unref(f);
            a->nb_broken++;
            return 1;
        }
        a->next_us = f->pts == AV_NOPTS_VALUE
                         ? AV_NOPTS_VALUE
                         : f->pts + av_rescale(f->nb_samples, 1000000, f->sample_rate);
        a->has_heard = true;
        return place(a, err) ? -1 : 1;
    }
    if (a->has_in && a->dec->codec == a->in_codec && !a->source_new)
        return feed(a, err) ? -1 : 1;
    if (a->has_in || a->ended)
        return feed_end(a, err) ? -1 : 1;
    return 0;
}

/* One step: 1 something moved, 0 more input is needed, -1. */
static int step(struct trtc_aenc *a, struct trtc_err *err)
{
    const int size = a->enc->frame_size;
    int64_t held = av_audio_fifo_size(a->fifo);
    if (a->ended && held > a->end_pos - a->out_pos)
        held = a->end_pos - a->out_pos;
    if (held >= size)
        return encode(a, size, err) ? -1 : 1;
    if (a->silence > 0)
        return put_silence(a, err) ? -1 : 1;
    if (a->has_heard)
        return play(a, err) ? -1 : 1;
    if (!a->ended || a->has_in || a->dec)
        return decode(a, err);

    if (a->swr)
        return finish_resampler(a, err) ? -1 : 1;
    if (a->pos < a->end_pos) {
        a->silence = a->end_pos - a->pos;
        return 1;
    }
    if (held > 0)
        return encode(a, (int)held, err) ? -1 : 1;
    if (a->flushed)
        return 0;
    int ret = avcodec_send_frame(a->enc, NULL);
    if (ret < 0 && ret != AVERROR_EOF)
        return trtc_fail_av(err, TRTC_EX_SOFTWARE, ret, "finishing the sound");
    a->flushed = true;
    return 1;
}

/* ---- interface ---- */

static int open_encoder(struct trtc_aenc *a, struct trtc_err *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    if (!codec)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "this FFmpeg was built without its AAC encoder");
    AVCodecContext *e = a->enc = avcodec_alloc_context3(codec);
    if (!e)
        return trtc_fail_nomem(err);
    e->sample_rate = a->o.rate_hz;
    e->sample_fmt = AV_SAMPLE_FMT_FLTP;
    e->time_base = (AVRational){ 1, a->o.rate_hz };
    e->bit_rate = a->o.bitrate_bps > 0 ? a->o.bitrate_bps : 64000 * (int64_t)a->o.channels;
    e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_channel_layout_default(&e->ch_layout, a->o.channels);
    int ret = avcodec_open2(e, codec, NULL);
    if (ret < 0)
        return trtc_fail_av(err, TRTC_EX_UNAVAILABLE, ret, "AAC at %d Hz, %d channels",
                            a->o.rate_hz, a->o.channels);
    return 0;
}

struct trtc_aenc *trtc_aenc_new(const struct trtc_aenc_opts *o, struct trtc_err *err)
{
    if (o->channels < 1 || o->channels > 2 || o->rate_hz < 1 || o->rate_hz > 96000) {
        trtc_fail(err, TRTC_EX_UNAVAILABLE, "no AAC at %d Hz with %d channels", o->rate_hz,
                  o->channels);
        return NULL;
    }
    struct trtc_aenc *a = calloc(1, sizeof *a);
    if (!a) {
        trtc_fail_nomem(err);
        return NULL;
    }
    a->o = *o;
    a->exact = true;
    a->next_us = AV_NOPTS_VALUE;
    a->in = av_packet_alloc();
    a->part = av_packet_alloc();
    a->pkt = av_packet_alloc();
    a->heard = av_frame_alloc();
    a->mixed = av_frame_alloc();
    a->out = av_frame_alloc();
    a->fifo = av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, o->channels, 4096);
    if (!a->in || !a->part || !a->pkt || !a->heard || !a->mixed || !a->out || !a->fifo) {
        trtc_fail_nomem(err);
        goto fail;
    }
    if (open_encoder(a, err))
        goto fail;
    return a;
fail:
    trtc_aenc_free(&a);
    return NULL;
}

void trtc_aenc_free(struct trtc_aenc **a)
{
    struct trtc_aenc *x = *a;
    if (!x)
        return;
    avcodec_free_context(&x->enc);
    avcodec_parameters_free(&x->source);
    close_resampler(x);
    close_decoder(x);
    av_audio_fifo_free(x->fifo);
    av_frame_free(&x->out);
    av_frame_free(&x->mixed);
    av_frame_free(&x->heard);
    av_packet_free(&x->pkt);
    av_packet_free(&x->part);
    av_packet_free(&x->in);
    free(x);
    *a = NULL;
}

int trtc_aenc_source(struct trtc_aenc *a, const AVCodecParameters *par, struct trtc_err *err)
{
    if (!a->source && !(a->source = avcodec_parameters_alloc()))
        return trtc_fail_nomem(err);
    if (avcodec_parameters_copy(a->source, par) < 0)
        return trtc_fail_nomem(err);
    a->source_new = true;
    return 0;
}

int trtc_aenc_send(struct trtc_aenc *a, const char *codec_name, const struct trtc_packet *p,
                   struct trtc_err *err)
{
    if (a->has_in || a->ended)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "sound was sent before the encoder was drained");
    const AVCodec *c = trtc_av_decoder(AVMEDIA_TYPE_AUDIO, TRTC_CODEC_OTHER, codec_name, err);
    if (!c)
        return -1;
    if (!p->size) {
        a->nb_broken++;
        a->exact = true;
        return 0;
    }
    if (trtc_av_packet(a->in, p, err))
        return -1;
    a->in_codec = c;
    a->in_off = 0;
    a->has_in = true;
    return 0;
}

int trtc_aenc_end(struct trtc_aenc *a, int64_t end_us, struct trtc_err *err)
{
    if (a->has_in || a->ended)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "sound was ended before the encoder was drained");
    a->ended = true;
    a->end_pos = end_us > 0 ? pos_of_us(a, end_us) : 0;
    return 0;
}

int trtc_aenc_receive(struct trtc_aenc *a, struct trtc_packet *p, struct trtc_err *err)
{
    av_packet_unref(a->pkt);
    for (;;) {
        int ret = avcodec_receive_packet(a->enc, a->pkt);
        if (ret >= 0)
            break;
        if (ret == AVERROR_EOF)
            return 0;
        if (ret != AVERROR(EAGAIN))
            return trtc_fail_av(err, TRTC_EX_SOFTWARE, ret, "encoding sound");
        ret = step(a, err);
        if (ret <= 0)
            return ret;
    }
    p->data = a->pkt->data;
    p->size = (size_t)a->pkt->size;
    p->pts_us = p->dts_us = av_rescale_rnd(a->pkt->pts, 1000000, a->o.rate_hz, AV_ROUND_NEAR_INF);
    p->key = true;
    return 1;
}

const uint8_t *trtc_aenc_asc(const struct trtc_aenc *a, size_t *size)
{
    *size = (size_t)a->enc->extradata_size;
    return a->enc->extradata;
}

int64_t trtc_aenc_nb_broken(const struct trtc_aenc *a)
{
    return a->nb_broken;
}
