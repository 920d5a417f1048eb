/* SPDX-License-Identifier: MIT */
/* Turns sound of any codec into samples on a gapless clock.
 *
 * Work is done in steps. If silence is due, it is output. Otherwise the decoded frame in hand
 * passes through the resampler and the slide into the FIFO. If there is no frame, the decoder and
 * the parser are asked for the next one. The resampler only knows the nominal rates and is a mere
 * copy if they are equal; the difference between real clocks is corrected by the slide.
 *
 * `pos` counts the samples that were ever put into the FIFO, so it is the place on the output clock
 * of the next one. The next sample given to the resampler comes out at pos plus what is held on the
 * way. It belongs at its time stamp. The difference of these two controls everything. */
#include "codec/voice.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "codec/av.h"
#include "codec/ffmpeg.h"
#include "codec/slide.h"

#define JUMP_US  40000 /* a difference from here on is a jump */
#define DRIFT_US 1000  /* a smaller difference is ignored, a larger one is corrected */
#define DRIFT_STEP_US \
    2000                      /* largest correction at a time, after which the difference is
                                 measured again */
#define DRIFT_AVERAGE_S 1.0   /* time stamps are averaged over this period against jitter */
#define SAMPLE_MAX      16.0f /* a larger sample is damage, or not a number */
#define RATE_MAX_HZ     384000
#define AAC_SAMPLES     1024 /* samples in a frame of AAC */

enum {
    ALIKE_MIN = 4
}; /* after so many frames of one shape, the next ones are expected to have it */

enum { PLACED_MAX = 256 }; /* frames that are placed but not read: 5 s of the shortest ones */

struct trtc_voice {
    int rate_hz, channels;
    AVChannelLayout layout; /* of the output */
    int64_t nb_broken;
    int64_t nb_sent;   /* number of packets */
    int64_t nb_silent; /* samples of silence that were inserted */
    bool parsed;       /* some packets were not exactly one frame */

    struct trtc_ledger ledger;
    bool heard;                 /* what is read now counts as heard */
    int nb_inside;              /* frames sent to the decoder that have not come out */
    bool counts;                /* the decoded frame in hand is part of the account */
    int64_t used_pos;           /* end of the sound that was placed last */
    int64_t placed[PLACED_MAX]; /* a ring: the places of frames that are not read yet */
    unsigned first_placed, nb_placed;

    char in_name[32];        /* the name for which in_codec was found, since the search takes
                                time */
    const AVCodec *in_codec; /* codec of the packet in hand */
    AVPacket *in;            /* if has_in: a packet of which the bytes from in_off on are not
                                used yet */
    bool has_in;
    int in_off;
    int64_t from_us;       /* frames that begin earlier are cut to begin here, */
    int64_t trimmed_us;    /* as the packet with this time requires */
    int64_t cut_us, by_us; /* the frame that begins at cut_us ends this much earlier */
    bool ended;
    int64_t end_pos; /* where the sound ends; INT64_MAX: open */

    AVCodecParameters *params; /* the container's parameters for the packets to come, or NULL */
    bool has_new_params;       /* the open decoder does not have these parameters yet */

    AVCodecContext *dec;
    AVCodecParserContext *parser; /* NULL: packets are whole frames */
    AVPacket *part;               /* scratch: output of the parser */
    bool draining;
    int64_t next_us; /* end of the sound decoded last, on the input's clock */

    enum trtc_voice_way way;
    AVFrame *silent;   /* PASSES: silence in the shape of the frames decoded last */
    int nb_alike;      /* how many frames in a row had this shape */
    uint8_t header[2]; /* form of their packets, see form_of */

    AVFrame *frame; /* if has_frame: a decoded frame, to be used from its sample skip on */
    bool has_frame;
    int skip;

    struct SwrContext *swr;
    int in_rate, in_format;
    AVChannelLayout in_layout;
    bool exact; /* the next frame is placed to the sample, not gradually */
    struct trtc_slide *slide;
    double late; /* average difference in output samples, without the moves of the slide */

    AVFrame *mixed;   /* scratch: output of the resampler */
    float *planes[2]; /* scratch: output of the slide */
    AVAudioFifo *fifo;
    int64_t pos;      /* samples ever put into the FIFO */
    int64_t read_pos; /* samples ever taken out */
    int64_t silence;  /* samples of silence due before the frame in hand */
};

/* ---- the account ---- */

static void left(struct trtc_voice *v, enum trtc_left why)
{
    v->ledger.nb_left[why]++;
}

/* Accounts for the oldest placed frame, which has been read. */
static void pass_first(struct trtc_voice *v)
{
    v->first_placed = (v->first_placed + 1) % PLACED_MAX;
    v->nb_placed--;
    if (v->way != TRTC_VOICE_PLAYS)
        left(v, TRTC_LEFT_CUT);
    else if (v->heard)
        v->ledger.nb_out++;
    else
        left(v, TRTC_LEFT_UNWANTED);
}

/* Notes that a frame begins at pos. */
static void note_placed(struct trtc_voice *v, int64_t pos)
{
    if (v->nb_placed == PLACED_MAX)
        pass_first(v);
    v->placed[(v->first_placed + v->nb_placed++) % PLACED_MAX] = pos;
}

static void note_read(struct trtc_voice *v)
{
    while (v->nb_placed && v->placed[v->first_placed] < v->read_pos)
        pass_first(v);
}

static void note_sent(struct trtc_voice *v)
{
    v->ledger.nb_in++;
    v->nb_inside++;
}

/* Accounts for a frame that left the decoder. False: none was inside, so it is a further part of
 * the one before. */
static bool take_one(struct trtc_voice *v)
{
    const bool any = v->nb_inside > 0;
    v->nb_inside -= any;
    return any;
}

/* Gives up waiting for the frames inside the decoder. Without an error they have become part of
 * those that came out, except in AAC, which returns a frame for each. */
static void give_up_inside(struct trtc_voice *v, bool failed)
{
    const bool lost = failed || (v->dec && v->dec->codec_id == AV_CODEC_ID_AAC);
    if (lost)
        v->ledger.nb_left[TRTC_LEFT_UNDECODED] += v->nb_inside;
    else
        v->ledger.nb_out += v->nb_inside;
    v->nb_broken += lost && !failed ? v->nb_inside : 0;
    v->nb_inside = 0;
}

/* ---- the output side: FIFO ---- */

static int64_t pos_of_us(const struct trtc_voice *v, int64_t us)
{
    return av_rescale_rnd(us, v->rate_hz, 1000000, AV_ROUND_NEAR_INF);
}

/* Makes room for n samples in the scratch frame. */
static int reserve(struct trtc_voice *v, int n, struct trtc_err *err)
{
    AVFrame *f = v->mixed;
    if (f->nb_samples >= n)
        return 0;
    av_frame_unref(f);
    f->format = AV_SAMPLE_FMT_FLTP;
    f->sample_rate = v->rate_hz;
    f->nb_samples = n;
    if (av_channel_layout_copy(&f->ch_layout, &v->layout) < 0 || av_frame_get_buffer(f, 0) < 0) {
        av_frame_unref(f);
        return trtc_fail_nomem(err);
    }
    return 0;
}

static int put(struct trtc_voice *v, float *const *planes, int n, struct trtc_err *err)
{
    void *from[2] = { planes[0], v->channels > 1 ? planes[1] : NULL };
    if (av_audio_fifo_write(v->fifo, from, n) < n)
        return trtc_fail_nomem(err);
    v->pos += n;
    return 0;
}

static int put_silence(struct trtc_voice *v, struct trtc_err *err)
{
    const int n = v->silence < TRTC_SLIDE_MAX ? (int)v->silence : TRTC_SLIDE_MAX;
    for (int c = 0; c < v->channels; c++)
        memset(v->planes[c], 0, (size_t)n * sizeof(float));
    v->silence -= n;
    v->nb_silent += n;
    return put(v, v->planes, n, err);
}

/* ---- resampling and placement ---- */

/* Passes nb_in samples at in through the resampler into the FIFO. in NULL: what the resampler still
 * holds. */
static int resample(struct trtc_voice *v, const uint8_t **in, int nb_in, struct trtc_err *err)
{
    const int cap = swr_get_out_samples(v->swr, nb_in);
    if (cap < 0)
        return trtc_fail_av(err, TRTC_EX_SOFTWARE, cap, "resampling");
    if (cap == 0)
        return 0;
    if (reserve(v, cap, err))
        return -1;
    int n = swr_convert(v->swr, v->mixed->extended_data, cap, in, nb_in);
    if (n < 0)
        return trtc_fail_av(err, TRTC_EX_SOFTWARE, n, "resampling");
    for (int c = 0; c < v->channels; c++) {
        float *s = (float *)v->mixed->extended_data[c];
        for (int i = 0; i < n; i++)
            s[i] = fabsf(s[i]) <= SAMPLE_MAX ? s[i] : 0;
    }
    for (int at = 0; at < n; at += TRTC_SLIDE_MAX) {
        const float *from[2] = { (float *)v->mixed->extended_data[0] + at };
        if (v->channels > 1)
            from[1] = (float *)v->mixed->extended_data[1] + at;
        const int part = n - at < TRTC_SLIDE_MAX ? n - at : TRTC_SLIDE_MAX;
        if (put(v, v->planes, trtc_slide_run(v->slide, from, part, v->planes), err))
            return -1;
    }
    return 0;
}

static void close_resampler(struct trtc_voice *v)
{
    swr_free(&v->swr);
    av_channel_layout_uninit(&v->in_layout);
}

/* Empties the resampler; it starts again with the next frame. */
static int finish_resampler(struct trtc_voice *v, struct trtc_err *err)
{
    if (!v->swr)
        return 0;
    int ret = resample(v, NULL, 0, err);
    if (!ret && trtc_slide_held(v->slide) > 0) {
        const int n = trtc_slide_run(v->slide, NULL, TRTC_SLIDE_HELD, v->planes);
        ret = put(v, v->planes, n, err);
    }
    close_resampler(v);
    trtc_slide_reset(v->slide);
    v->late = 0;
    return ret;
}

static bool same_format(const struct trtc_voice *v, const AVFrame *f)
{
    return v->in_rate == f->sample_rate && v->in_format == f->format &&
           !av_channel_layout_compare(&v->in_layout, &f->ch_layout);
}

/* Opens the resampler for frames like f. False: it does not support them. */
static bool open_resampler(struct trtc_voice *v, const AVFrame *f)
{
    AVChannelLayout layout = { 0 };
    bool ok = false;
    if (f->sample_rate < 1 || f->sample_rate > RATE_MAX_HZ)
        return false;
    if (f->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&layout, f->ch_layout.nb_channels);
    else if (av_channel_layout_copy(&layout, &f->ch_layout) < 0)
        return false;
    if (swr_alloc_set_opts2(&v->swr, &v->layout, AV_SAMPLE_FMT_FLTP, v->rate_hz, &layout, f->format,
                            f->sample_rate, 0, NULL) < 0)
        goto done;
    av_opt_set_double(v->swr, "rematrix_maxval", 1.0, 0); /* a downmix does not clip */
    /* mono in both channels keeps its loudness; by default it would be 3 dB quieter */
    static const double both[2] = { 1, 1 };
    if (layout.nb_channels == 1 && v->channels == 2 && swr_set_matrix(v->swr, both, 1) < 0)
        goto done;
    if (swr_init(v->swr) < 0)
        goto done;
    if (av_channel_layout_copy(&v->in_layout, &f->ch_layout) < 0)
        goto done;
    v->in_rate = f->sample_rate;
    v->in_format = f->format;
    ok = true;
done:
    av_channel_layout_uninit(&layout);
    if (!ok)
        close_resampler(v);
    return ok;
}

/* Follows the clock of the time stamps. off: by how many output samples the frame in hand would
 * come out too early. */
static int follow_drift(struct trtc_voice *v, int64_t off, struct trtc_err *err)
{
    const double moved = trtc_slide_moved(v->slide);
    const double s = (double)v->frame->nb_samples / v->in_rate;
    v->late += ((double)off + moved - v->late) * (s < DRIFT_AVERAGE_S ? s / DRIFT_AVERAGE_S : 1);
    const double late = v->late - moved;
    if (trtc_slide_moving(v->slide) || fabs(late) * 1e6 < (double)DRIFT_US * v->rate_hz)
        return 0;
    const double most = (double)pos_of_us(v, DRIFT_STEP_US);
    return trtc_slide_by(v->slide, (int)lrint(fmax(fmin(late, most), -most)), err);
}

/* Removes the part of the frame in hand that must not be heard. False: that is all of it. */
static bool trim(struct trtc_voice *v)
{
    AVFrame *f = v->frame;
    if (f->pts == AV_NOPTS_VALUE)
        return true;
    if (f->pts == v->cut_us)
        f->nb_samples -= (int)av_rescale_rnd(v->by_us, f->sample_rate, 1000000, AV_ROUND_NEAR_INF);
    if (f->pts < v->from_us) {
        const int64_t n =
            av_rescale_rnd(v->from_us - f->pts, f->sample_rate, 1000000, AV_ROUND_NEAR_INF);
        v->skip = n < f->nb_samples ? (int)n : f->nb_samples;
        f->pts = v->from_us;
    }
    return v->skip < f->nb_samples;
}

/* Drops the frame in hand. */
static void drop_frame(struct trtc_voice *v, enum trtc_left why)
{
    if (v->counts)
        left(v, why);
    av_frame_unref(v->frame);
    v->has_frame = false;
    v->skip = 0;
}

/* Why there is no place for a frame that should have begun at pos and would be over by now. */
static enum trtc_left passed(const struct trtc_voice *v, int64_t pos)
{
    const int64_t n = av_rescale(v->frame->nb_samples, v->rate_hz, v->frame->sample_rate);
    if (pos + n <= 0)
        return TRTC_LEFT_CUT;
    return pos + n / 2 < v->used_pos ? TRTC_LEFT_OVERLAP : TRTC_LEFT_LATE;
}

/* Decides where the frame in hand goes: inserts silence before it, cuts off some of its samples, or
 * drops it. */
static int place(struct trtc_voice *v, struct trtc_err *err)
{
    AVFrame *f = v->frame;
    if (!trim(v)) {
        drop_frame(v, TRTC_LEFT_CUT);
        return 0;
    }
    if (v->swr && !same_format(v, f) && finish_resampler(v, err))
        return -1;
    if (!v->swr && !open_resampler(v, f)) {
        v->nb_broken++;
        v->exact = true;
        drop_frame(v, TRTC_LEFT_FORMAT);
        return 0;
    }
    const int64_t expected = v->pos + swr_get_delay(v->swr, v->rate_hz) + trtc_slide_held(v->slide);
    const int64_t off = f->pts == AV_NOPTS_VALUE ? 0 : pos_of_us(v, f->pts) - expected;
    const int64_t jump = pos_of_us(v, JUMP_US);
    if (!v->exact && off < jump && off > -jump)
        return follow_drift(v, off, err);
    v->exact = false;
    if (off > 0) {
        const int64_t target = expected + off;
        if (finish_resampler(v, err))
            return -1;
        v->silence = target > v->pos ? target - v->pos : 0;
        if (!open_resampler(v, f))
            return trtc_fail(err, TRTC_EX_SOFTWARE, "the resampler does not start again");
    } else if (off < 0) {
        const int64_t cut = av_rescale_rnd(-off, f->sample_rate, v->rate_hz, AV_ROUND_NEAR_INF);
        if (cut >= f->nb_samples - v->skip) {
            v->exact = true; /* the next one is cut to fit */
            drop_frame(v, passed(v, pos_of_us(v, f->pts)));
            return 0;
        }
        v->skip += (int)cut;
        if (trtc_slide_moving(v->slide) && trtc_slide_by(v->slide, 0, err))
            return -1;
        v->late = trtc_slide_moved(v->slide);
    }
    return 0;
}

/* Passes the frame in hand, from v->skip on, to the FIFO. */
static int play(struct trtc_voice *v, struct trtc_err *err)
{
    AVFrame *f = v->frame;
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
        in[i] = f->extended_data[i] + (ptrdiff_t)v->skip * step;
    const int64_t at = v->pos + swr_get_delay(v->swr, v->rate_hz) + trtc_slide_held(v->slide);
    if (v->counts)
        note_placed(v, at);
    v->used_pos = at + av_rescale(f->nb_samples - v->skip, v->rate_hz, f->sample_rate);
    ret = resample(v, in, f->nb_samples - v->skip, err);
done:
    av_frame_unref(f);
    v->has_frame = false;
    v->skip = 0;
    return ret;
}

/* ---- decoding ---- */

static void close_decoder(struct trtc_voice *v, bool failed)
{
    give_up_inside(v, failed);
    avcodec_free_context(&v->dec);
    av_parser_close(v->parser);
    v->parser = NULL;
    v->draining = false;
}

static int open_decoder(struct trtc_voice *v, struct trtc_err *err)
{
    const AVCodec *codec = v->in_codec;
    v->dec = avcodec_alloc_context3(codec);
    if (!v->dec)
        return trtc_fail_nomem(err);
    v->dec->pkt_timebase = (AVRational){ 1, 1000000 };
    v->dec->thread_count = 1;
    const bool known = v->params && v->params->codec_id == codec->id;
    if (known && avcodec_parameters_to_context(v->dec, v->params) < 0) {
        close_decoder(v, true);
        return trtc_fail_nomem(err);
    }
    v->has_new_params = false;
    int ret = avcodec_open2(v->dec, codec, NULL);
    if (ret < 0) {
        close_decoder(v, true);
        return trtc_fail_av(err, TRTC_EX_UNAVAILABLE, ret, "%s decoder", codec->name);
    }
    if (!known && codec->id != AV_CODEC_ID_AAC) /* ADTS frames are already whole */
        v->parser = av_parser_init(codec->id);
    if (v->parser &&
        codec->id == AV_CODEC_ID_TRUEHD) /* so are these, and the parser gives the decoder their
                                            format */
        v->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
    v->parsed |= v->parser != NULL;
    return 0;
}

/* Handles an error of the decoder: the missing sound becomes silence of exactly its length. */
static int decoder_failed(struct trtc_voice *v, int ret, struct trtc_err *err)
{
    if (ret == AVERROR(ENOMEM))
        return trtc_fail_nomem(err);
    v->nb_broken++;
    v->exact = true;
    if (take_one(v))
        left(v, TRTC_LEFT_UNDECODED);
    if (ret != AVERROR_INVALIDDATA)
        close_decoder(v, true);
    return 0;
}

/* ---- frames that need no decoding ---- */

/* The fields of an ADTS header that determine the shape of the frame; zeros for raw AAC, whose
 * shape does not change. */
static void form_of(const AVPacket *p, uint8_t form[2])
{
    const bool adts = p->size >= 7 && p->data[0] == 0xff && (p->data[1] & 0xf0) == 0xf0;
    form[0] = adts ? p->data[2] : 0;
    form[1] = adts ? (uint8_t)(p->data[3] & 0xc0) | (p->data[6] & 3) : 0;
}

static bool is_shaped_alike(const AVFrame *a, const AVFrame *b)
{
    return a->nb_samples == b->nb_samples && a->sample_rate == b->sample_rate &&
           a->format == b->format && !av_channel_layout_compare(&a->ch_layout, &b->ch_layout);
}

/* Remembers the shape of the decoded frame. */
static int learn_shape(struct trtc_voice *v, struct trtc_err *err)
{
    const AVFrame *f = v->frame;
    AVFrame *s = v->silent;
    if (s->buf[0] && is_shaped_alike(s, f)) {
        v->nb_alike++;
        return 0;
    }
    v->nb_alike = 1;
    av_frame_unref(s);
    s->format = f->format;
    s->sample_rate = f->sample_rate;
    s->nb_samples = f->nb_samples;
    if (av_channel_layout_copy(&s->ch_layout, &f->ch_layout) < 0 || av_frame_get_buffer(s, 0) < 0)
        return trtc_fail_nomem(err);
    av_samples_set_silence(s->extended_data, 0, s->nb_samples, s->ch_layout.nb_channels, s->format);
    return 0;
}

/* Whether the packet in hand is known to be one frame of the remembered shape. */
static bool can_pass(const struct trtc_voice *v)
{
    uint8_t form[2];
    form_of(v->in, form);
    return v->way == TRTC_VOICE_PASSES && v->in_codec->id == AV_CODEC_ID_AAC && !v->parser &&
           v->nb_alike >= ALIKE_MIN && v->nb_inside == 0 && form[0] == v->header[0] &&
           form[1] == v->header[1] && !(form[1] & 3);
}

static int take_frame(struct trtc_voice *v, struct trtc_err *err);

/* Turns the packet in hand into a silent frame. */
static int pass(struct trtc_voice *v, struct trtc_err *err)
{
    note_sent(v);
    if (av_frame_ref(v->frame, v->silent) < 0)
        return trtc_fail_nomem(err);
    v->frame->pts = v->in->pts;
    av_packet_unref(v->in);
    v->has_in = false;
    return take_frame(v, err);
}

/* Sends the next frame of the packet in hand to the decoder. */
static int feed(struct trtc_voice *v, struct trtc_err *err)
{
    int ret = 0;
    AVPacket *in = v->in;
    if (v->parser) {
        av_packet_unref(v->part);
        uint8_t *data = NULL;
        int size = 0;
        const int64_t pts = v->in_off ? AV_NOPTS_VALUE : in->pts;
        int used = av_parser_parse2(v->parser, v->dec, &data, &size, in->data + v->in_off,
                                    in->size - v->in_off, pts, pts, 0);
        if (used < 0 || (used == 0 && size == 0))
            used = in->size - v->in_off; /* the parser makes no progress */
        v->in_off += used;
        if (size > 0) {
            v->part->data = data; /* not ours: the decoder copies it */
            v->part->size = size;
            v->part->pts = v->parser->pts;
            v->part->dts = v->parser->dts;
            note_sent(v);
            ret = avcodec_send_packet(v->dec, v->part);
        }
        if (v->in_off >= in->size) {
            av_packet_unref(in);
            v->has_in = false;
        }
    } else {
        /* After a hole the decoder must not fade in the sound before it. */
        if (v->next_us != AV_NOPTS_VALUE && in->pts != AV_NOPTS_VALUE &&
            in->pts - v->next_us >= JUMP_US)
            avcodec_flush_buffers(v->dec);
        note_sent(v);
        form_of(in, v->header);
        ret = avcodec_send_packet(v->dec, in);
        av_packet_unref(in);
        v->has_in = false;
    }
    return ret < 0 ? decoder_failed(v, ret, err) : 0;
}

/* Sends what the parser still holds, then the end, to the decoder. */
static int feed_end(struct trtc_voice *v, struct trtc_err *err)
{
    if (v->parser) {
        uint8_t *data = NULL;
        int size = 0;
        av_parser_parse2(v->parser, v->dec, &data, &size, NULL, 0, AV_NOPTS_VALUE, AV_NOPTS_VALUE,
                         0);
        if (size > 0) {
            av_packet_unref(v->part);
            v->part->data = data;
            v->part->size = size;
            v->part->pts = v->parser->pts;
            note_sent(v);
            int ret = avcodec_send_packet(v->dec, v->part);
            av_parser_close(v->parser);
            v->parser = NULL;
            return ret < 0 ? decoder_failed(v, ret, err) : 0;
        }
    }
    v->draining = true;
    int ret = avcodec_send_packet(v->dec, NULL);
    return ret < 0 ? decoder_failed(v, ret, err) : 0;
}

/* Takes over the frame in v->frame. */
static int take_frame(struct trtc_voice *v, struct trtc_err *err)
{
    const AVFrame *f = v->frame;
    v->counts = take_one(v);
    if (f->nb_samples < 1 || f->sample_rate < 1 ||
        (f->pts != AV_NOPTS_VALUE &&
         (f->pts > TRTC_AV_TIME_MAX_US || f->pts < -TRTC_AV_TIME_MAX_US))) {
        drop_frame(v, TRTC_LEFT_UNPLACED);
        v->nb_broken++;
        return 0;
    }
    v->next_us = f->pts == AV_NOPTS_VALUE
                     ? AV_NOPTS_VALUE
                     : f->pts + av_rescale(f->nb_samples, 1000000, f->sample_rate);
    v->has_frame = true;
    v->skip = 0;
    return place(v, err);
}

/* Makes one step of decoding. 1: something moved; 0: nothing to do; -1: failure. */
static int decode(struct trtc_voice *v, struct trtc_err *err)
{
    if (!v->dec) {
        if (!v->has_in)
            return 0;
        return open_decoder(v, err) ? -1 : 1;
    }
    int ret = avcodec_receive_frame(v->dec, v->frame);
    if (ret == AVERROR_EOF) {
        close_decoder(v, false);
        return 1;
    }
    if (ret != AVERROR(EAGAIN)) {
        if (ret < 0)
            return decoder_failed(v, ret, err) ? -1 : 1;
        if (v->way == TRTC_VOICE_PASSES && v->frame->nb_samples > 0 && learn_shape(v, err) < 0)
            return -1;
        return take_frame(v, err) ? -1 : 1;
    }
    if (v->has_in && v->dec->codec == v->in_codec && !v->has_new_params)
        return (can_pass(v) ? pass(v, err) : feed(v, err)) ? -1 : 1;
    if (v->has_in || v->ended)
        return feed_end(v, err) ? -1 : 1;
    return 0;
}

/* ---- interface ---- */

struct trtc_voice *trtc_voice_new(int rate_hz, int channels, struct trtc_err *err)
{
    if (channels < 1 || channels > 2 || rate_hz < 1 || rate_hz > RATE_MAX_HZ) {
        trtc_fail(err, TRTC_EX_SOFTWARE, "sound at %d Hz with %d channels", rate_hz, channels);
        return NULL;
    }
    if (trtc_ffmpeg_load(err) < 0)
        return NULL;
    struct trtc_voice *v = calloc(1, sizeof *v);
    if (!v) {
        trtc_fail_nomem(err);
        return NULL;
    }
    v->rate_hz = rate_hz;
    v->channels = channels;
    av_channel_layout_default(&v->layout, channels);
    v->exact = v->heard = true;
    v->next_us = v->from_us = v->cut_us = AV_NOPTS_VALUE;
    v->in = av_packet_alloc();
    v->part = av_packet_alloc();
    v->frame = av_frame_alloc();
    v->silent = av_frame_alloc();
    v->mixed = av_frame_alloc();
    v->fifo = av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, channels, 4096);
    v->slide = trtc_slide_new(channels, err);
    v->planes[0] = calloc(TRTC_SLIDE_ROOM, sizeof(float));
    v->planes[1] = calloc(TRTC_SLIDE_ROOM, sizeof(float));
    if (!v->in || !v->part || !v->frame || !v->silent || !v->mixed || !v->fifo || !v->slide ||
        !v->planes[0] || !v->planes[1]) {
        trtc_fail_nomem(err);
        trtc_voice_free(&v);
    }
    return v;
}

void trtc_voice_free(struct trtc_voice **v)
{
    struct trtc_voice *x = *v;
    if (!x)
        return;
    avcodec_parameters_free(&x->params);
    close_resampler(x);
    close_decoder(x, false);
    free(x->planes[0]);
    free(x->planes[1]);
    trtc_slide_free(&x->slide);
    av_audio_fifo_free(x->fifo);
    av_frame_free(&x->mixed);
    av_frame_free(&x->silent);
    av_frame_free(&x->frame);
    av_packet_free(&x->part);
    av_packet_free(&x->in);
    free(x);
    *v = NULL;
}

int trtc_voice_parameters(struct trtc_voice *v, const AVCodecParameters *par, struct trtc_err *err)
{
    if (!v->params && !(v->params = avcodec_parameters_alloc()))
        return trtc_fail_nomem(err);
    if (avcodec_parameters_copy(v->params, par) < 0)
        return trtc_fail_nomem(err);
    v->has_new_params = true;
    return 0;
}

int trtc_voice_send(struct trtc_voice *v, const char *codec_name, const struct trtc_packet *p,
                    struct trtc_err *err)
{
    if (v->has_in || v->ended)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "sound was sent before what came first was used");
    if (!v->in_codec || !codec_name || strcmp(v->in_name, codec_name) != 0) {
        const AVCodec *c = trtc_av_decoder(AVMEDIA_TYPE_AUDIO, TRTC_CODEC_OTHER, codec_name, err);
        if (!c)
            return -1;
        v->in_codec = c;
        snprintf(v->in_name, sizeof v->in_name, "%s", codec_name);
    }
    v->nb_sent++;
    if (!p->size) {
        v->ledger.nb_in++;
        left(v, TRTC_LEFT_DAMAGED);
        v->nb_broken++;
        v->exact = true;
        return 0;
    }
    if (p->trim_us > 0 && p->pts_us != TRTC_NOTIME) {
        v->from_us = p->pts_us + p->trim_us;
        v->trimmed_us = p->pts_us;
    } else if (p->pts_us != TRTC_NOTIME && v->from_us != AV_NOPTS_VALUE &&
               p->pts_us <= v->trimmed_us) {
        v->from_us = p->pts_us; /* heard sound takes the place of sound that was skipped */
    }
    if (p->trim_end_us > 0) {
        v->cut_us = p->pts_us;
        v->by_us = p->trim_end_us;
    }
    if (trtc_av_packet(v->in, p, err))
        return -1;
    v->in_off = 0;
    v->has_in = true;
    return 0;
}

int trtc_voice_end(struct trtc_voice *v, int64_t end_us, struct trtc_err *err)
{
    if (v->has_in || v->ended)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "sound was ended before what came first was used");
    v->ended = true;
    v->end_pos = end_us == TRTC_NOTIME ? INT64_MAX : end_us > 0 ? pos_of_us(v, end_us) : 0;
    return 0;
}

int trtc_voice_step(struct trtc_voice *v, struct trtc_err *err)
{
    if (v->silence > 0)
        return put_silence(v, err) ? -1 : 1;
    if (v->has_frame)
        return play(v, err) ? -1 : 1;
    if (!v->ended || v->has_in || v->dec)
        return decode(v, err);
    if (v->swr)
        return finish_resampler(v, err) ? -1 : 1;
    if (v->end_pos != INT64_MAX && v->pos < v->end_pos) {
        v->silence = v->end_pos - v->pos;
        return 1;
    }
    return 0;
}

int trtc_voice_ready(const struct trtc_voice *v)
{
    const int held = av_audio_fifo_size(v->fifo);
    if (!v->ended || held <= v->end_pos - v->read_pos)
        return held;
    return v->end_pos > v->read_pos ? (int)(v->end_pos - v->read_pos) : 0;
}

int trtc_voice_read(struct trtc_voice *v, float *const *planes, int n, struct trtc_err *err)
{
    void *to[2] = { planes[0], v->channels > 1 ? planes[1] : NULL };
    if (n > trtc_voice_ready(v) || av_audio_fifo_read(v->fifo, to, n) < n)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "more sound was read than there is");
    v->read_pos += n;
    note_read(v);
    return 0;
}

int trtc_voice_flush(struct trtc_voice *v, struct trtc_err *err)
{
    v->exact = true;
    return finish_resampler(v, err);
}

void trtc_voice_skip(struct trtc_voice *v, int64_t n)
{
    v->pos += n;
    v->read_pos += n;
}

void trtc_voice_hear(struct trtc_voice *v, bool heard)
{
    v->heard = heard;
}

void trtc_voice_go(struct trtc_voice *v, enum trtc_voice_way way)
{
    const bool passed = v->way == TRTC_VOICE_PASSES && way != v->way && v->nb_alike >= ALIKE_MIN;
    v->way = way;
    if (passed && v->dec && !v->draining) /* its state dates from long before */
        avcodec_flush_buffers(v->dec);
}

void trtc_voice_settle(struct trtc_voice *v, int64_t slack)
{
    int64_t *cut = &v->ledger.nb_left[TRTC_LEFT_CUT];
    for (unsigned i = 0; i < v->nb_placed; i++) {
        const int64_t pos = v->placed[(v->first_placed + i) % PLACED_MAX];
        left(v, pos - v->read_pos < slack ? TRTC_LEFT_CUT : TRTC_LEFT_UNPLACED);
    }
    *cut += v->nb_inside + (v->has_frame && v->counts);
    v->nb_placed = 0;
    v->nb_inside = 0;
    v->counts = false;
    if (!v->has_in)
        return;
    v->ledger.nb_in++;
    (*cut)++;
    av_packet_unref(v->in);
    v->has_in = false;
}

const struct trtc_ledger *trtc_voice_ledger(const struct trtc_voice *v)
{
    return &v->ledger;
}

int64_t trtc_voice_nb_broken(const struct trtc_voice *v)
{
    return v->nb_broken;
}

/* If packets hold several frames, or parts of them, it is unknown which packet a frame came from.
 * Packets that are not known to be broken count as heard. */
void trtc_voice_account(const struct trtc_voice *v, struct trtc_ledger *to)
{
    int64_t rest = v->parsed ? v->nb_sent : v->ledger.nb_in;
    for (int k = 0; k < TRTC_NB_LEFT; k++) {
        const int64_t n = v->ledger.nb_left[k] < rest ? v->ledger.nb_left[k] : rest;
        to->nb_left[k] += n;
        rest -= n;
    }
    to->nb_out += rest;
    to->nb_put_in += v->nb_silent / AAC_SAMPLES;
}
