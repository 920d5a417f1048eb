/* SPDX-License-Identifier: MIT */
/* Input through libavformat: the times of packets. */
#include <stdlib.h>
#include <string.h>

#include "input/input_av_priv.h"

enum { FRAGMENT_ROUNDING_US = 100 };
enum {
    LAG_US = 1000000,
    LAG_FRAMES = 16
};                           /* a derived DTS that lags more, from then on, is wrong */
enum { WRAP_BITS_MAX = 40 }; /* wider counters do not wrap */
#define TICKS_MAX (INT64_C(1) << 60)

int64_t trtc_input_av_us(int64_t t, AVRational tb)
{
    if (t > TICKS_MAX || t < -TICKS_MAX)
        return TRTC_NOTIME;
    const int64_t us = av_rescale_q(t, tb, (AVRational){ 1, 1000000 });
    return us > TRTC_INPUT_TIME_MAX_US || us < -TRTC_INPUT_TIME_MAX_US ? TRTC_NOTIME : us;
}

AVRational trtc_input_av_distance(struct trtc_input_av *b, AVStream *st)
{
    enum { PARTS = 10000000 };
    const AVRational rate = av_guess_frame_rate(b->ic, st, NULL), part = { 1, PARTS };

    if (trtc_input_av_is_indexed(b) && b->bare && st->duration > 0) {
        const int64_t all = av_rescale_q(st->duration, st->time_base, part);
        if (all / st->nb_frames >= PARTS / 1000 && all / st->nb_frames <= PARTS * INT64_C(100))
            return (AVRational){ (int)(all / st->nb_frames), PARTS };
    }
    if (rate.num <= 0 || rate.den <= 0 || av_q2d(rate) > 1000 || av_q2d(rate) < 0.01)
        return (AVRational){ 1, 25 };
    return (AVRational){ rate.den, rate.num };
}

static void set_times(struct trtc_input_av_stream *s, const AVStream *st, const AVPacket *pkt,
                      struct trtc_input_raw *raw)
{
    int64_t dts = pkt->dts, pts = pkt->pts;

    raw->pts_us = raw->dts_us = TRTC_NOTIME;
    if (st->pts_wrap_bits <= WRAP_BITS_MAX) {
        int64_t *const first = dts != AV_NOPTS_VALUE ? &dts : &pts;
        if (*first != AV_NOPTS_VALUE) {
            if (s->running)
                *first = trtc_input_unwrap(*first, st->pts_wrap_bits, s->at);
            if (*first > TICKS_MAX || *first < -TICKS_MAX)
                return;
            s->at = *first;
            s->running = true;
        }
        if (first == &dts && pts != AV_NOPTS_VALUE)
            pts = trtc_input_unwrap(pts, st->pts_wrap_bits, dts);
    }
    if (dts != AV_NOPTS_VALUE)
        raw->dts_us = trtc_input_av_us(dts, st->time_base);
    if (pts != AV_NOPTS_VALUE)
        raw->pts_us = trtc_input_av_us(pts, st->time_base);
    if (pkt->duration > 0) {
        const int64_t us = trtc_input_av_us(pkt->duration, st->time_base);
        raw->dur_us = us != TRTC_NOTIME && us < 3600000000 ? us : 0;
        s->sum_us += raw->dur_us;
    }
}

/* The distance of pictures, which may be a guess. */
static int64_t step_of(const struct trtc_input_raw *raw)
{
    return raw->dur_us > 0 ? raw->dur_us : 40000;
}

/* Matroska has no DTS, and libavformat cannot derive those of the first pictures: as many as are
 * reordered, or more if it has not looked ahead. If the first one does not begin a sequence, some may
 * follow that are shown before it. */
static void guess_dts(struct trtc_input_av_stream *s, const AVStream *st, const AVPacket *pkt,
                      struct trtc_input_raw *raw)
{
    enum { LEADING = 8 };
    const int delay = st->codecpar->video_delay;

    if (raw->dts_us != TRTC_NOTIME || (delay == 0 && s->nb_without_dts == 0))
        s->nb_without_dts = LAG_FRAMES;
    if (raw->pts_us == TRTC_NOTIME || s->nb_without_dts >= LAG_FRAMES)
        return;
    if (s->nb_without_dts == 0)
        s->first_dts_us =
            raw->pts_us -
            (delay + (trtc_input_av_begins_sequence(s, pkt) ? 0 : LEADING)) * step_of(raw);
    raw->dts_us = s->first_dts_us + s->nb_without_dts++ * step_of(raw);
}

/* Whether libavformat derives each DTS from the PTS of pictures before it, since there are none. */
static bool derives_dts(const struct trtc_input_av *b)
{
    const char *name = b->ic->iformat->name;

    return av_match_name("matroska", name) || av_match_name(name, "rtp,rtsp,sdp");
}

/* What is derived lags after a pause: the first pictures get a DTS from before it. That is right where pictures
 * follow that are shown before the pause. */
static void catch_up(struct trtc_input_av_stream *s, struct trtc_input_raw *raw)
{
    const int64_t usual_us = s->ahead_us[0] > s->ahead_us[1] ? s->ahead_us[0] : s->ahead_us[1];

    if (raw->pts_us == TRTC_NOTIME || raw->dts_us == TRTC_NOTIME)
        return;
    const int64_t ahead_us = raw->pts_us - raw->dts_us;
    if (s->nb_taken > LAG_FRAMES && ahead_us > usual_us + LAG_US) {
        s->lagging_us = s->lagging_us ? s->lagging_us + 1000 : raw->pts_us - usual_us;
        raw->lags_us = s->lagging_us - raw->dts_us;
        return;
    }
    s->lagging_us = 0;
    if (raw->key) {
        s->ahead_us[1] = s->ahead_us[0];
        s->ahead_us[0] = 0;
    }
    s->ahead_us[0] = ahead_us > s->ahead_us[0] ? ahead_us : s->ahead_us[0];
}

/* Moves the decoding times of a stream whose first picture has no delay although pictures are
 * reordered: a muxer has counted them from that picture's time of presentation, and later ones would
 * be decoded after they are shown. In an MP4 that is allowed, and libavformat moves them. */
static void move_late_dts(struct trtc_input_av *b, struct trtc_input_av_stream *s, AVStream *st,
                          struct trtc_input_raw *raw)
{
    const bool no_delay = raw->dts_us != TRTC_NOTIME && raw->dts_us == raw->pts_us;

    if (s->nb_taken == 1 && raw->key && no_delay && !b->untimed &&
        b->watch.layout != TRTC_PARTS_BOXES)
        s->late_us = av_rescale_q(st->codecpar->video_delay, trtc_input_av_distance(b, st),
                                  (AVRational){ 1, 1000000 });
    if (raw->dts_us != TRTC_NOTIME)
        raw->dts_us -= s->late_us;
}

/* Sets the part of a packet of sound that must not be heard: the priming of an encoder, and the
 * part that an edit list cuts off. It may span many packets, of which only the first one states
 * it. */
static void set_trim(struct trtc_input_av_stream *s, const AVStream *st, const AVPacket *pkt,
                     struct trtc_input_raw *raw)
{
    size_t size = 0;
    const uint8_t *p = av_packet_get_side_data(pkt, AV_PKT_DATA_SKIP_SAMPLES, &size);
    const int rate_hz = st->codecpar->sample_rate;

    if (p && size >= 8 && rate_hz > 0) {
        const int64_t first = AV_RL32(p), last = AV_RL32(p + 4);
        if (first > 0) /* below 0 the time stamps are more exact */
            s->trim_us = raw->pts_us != TRTC_NOTIME && raw->pts_us < 0
                             ? -raw->pts_us
                             : av_rescale(first, 1000000, rate_hz);
        raw->trim_end_us = av_rescale(last, 1000000, rate_hz);
    }
    if (raw->hidden && s->trim_us < raw->dur_us)
        s->trim_us = raw->dur_us;
    raw->trim_us = s->trim_us;
    raw->hidden |= raw->dur_us > 0 && raw->trim_us >= raw->dur_us;
    s->trim_us -= raw->dur_us > 0 && raw->dur_us < s->trim_us ? raw->dur_us : s->trim_us;
}

/* Whether the current packet of a stream is from a fragment of an MP4, and not from the index,
 * whose frames come first. */
static bool is_of_fragment(const struct trtc_input_av *b, int track)
{
    const struct trtc_input_av_stream *s = &b->stream[track];
    const int64_t nb_indexed = b->ic->streams[s->index]->nb_frames;

    return nb_indexed == 0 || (b->watch.fragments && s->nb_taken > nb_indexed);
}

/* Whether the container hides a frame: it is decoded and not shown. libavformat also reports that
 * if a fragment begins no later than the one before. Muxers that write a fragment for each frame
 * get these times wrong. Of fragments it does not report what an edit list cuts off in front. */
static bool is_hidden(const struct trtc_input_av *b, int track, const struct trtc_input_raw *raw)
{
    if (b->pkt->flags & AV_PKT_FLAG_DISCARD && !is_of_fragment(b, track) &&
        !b->stream[track].standing)
        return true;
    return trtc_input_av_is_indexed(b) && raw->pts_us != TRTC_NOTIME && raw->pts_us < 0 &&
           raw->pts_us + raw->dur_us <= 0;
}

/* The same muxers stamp a frame of sound later by its own length, and the next one right. If that
 * is later as well, sound is missing. */
static void mend_fragment(struct trtc_input_av_stream *s, struct trtc_input_raw *raw)
{
    if (raw->dts_us == TRTC_NOTIME)
        return;
    const int64_t late_us = raw->dts_us - s->next_us;
    s->mended = !s->mended && s->next_us > 0 && llabs(late_us - raw->dur_us) < FRAGMENT_ROUNDING_US;
    if (s->mended) {
        raw->dts_us = s->next_us;
        raw->pts_us -= late_us;
    }
    s->next_us = raw->dts_us + raw->dur_us;
}

/* Returns the end of the sound whose beginning was timed. */
static int64_t end_of_sound(const struct trtc_input_av_stream *s, const AVStream *st)
{
    const int rate_hz = st->codecpar->sample_rate;

    return s->from_us + (rate_hz > 0 ? av_rescale(s->nb_samples, 1000000, rate_hz) : 0);
}

/* Sound goes on after the frame before where the stated times stand still, since a muxer has stated
 * no durations, and as long as they are behind after that. Edit lists, which count these times,
 * then say nothing about it. */
static void move_on(struct trtc_input_av_stream *s, const AVStream *st, struct trtc_input_raw *raw)
{
    const int64_t said_us = raw->dts_us;
    const int rate_hz = st->codecpar->sample_rate, samples = st->codecpar->frame_size;

    if (raw->dur_us == 0 && samples > 0 && rate_hz > 0)
        raw->dur_us = av_rescale(samples, 1000000, rate_hz);
    if (said_us == TRTC_NOTIME || raw->pts_us == TRTC_NOTIME)
        return;
    s->standing =
        s->timed &&
        (said_us == s->said_us || ((s->standing || s->stepless) && said_us > s->said_us)) &&
        said_us < end_of_sound(s, st);
    if (s->standing) {
        raw->dts_us = end_of_sound(s, st);
        raw->pts_us += raw->dts_us - said_us;
    } else {
        s->from_us = said_us;
        s->nb_samples = 0;
    }
    s->timed = true;
    s->said_us = said_us;
    s->nb_samples += samples > 0 ? samples : av_rescale(raw->dur_us, rate_hz, 1000000);
}

void trtc_input_av_set_times(struct trtc_input_av *b, int track, struct trtc_input_raw *raw)
{
    struct trtc_input_av_stream *s = &b->stream[track];
    AVStream *st = b->ic->streams[s->index];

    set_times(s, st, b->pkt, raw);
    if (track == TRTC_AT_AUDIO && trtc_input_av_is_indexed(b) && is_of_fragment(b, track))
        mend_fragment(s, raw);
    if (track == TRTC_AT_AUDIO)
        move_on(s, st, raw);
    raw->hidden = is_hidden(b, track, raw);
    if (track == TRTC_AT_AUDIO) {
        set_trim(s, st, b->pkt, raw);
        return;
    }
    raw->sure = b->watch.layout == TRTC_PARTS_BOXES || b->watch.layout == TRTC_PARTS_ELEMENTS;
    guess_dts(s, st, b->pkt, raw);
    if (derives_dts(b))
        catch_up(s, raw);
    else
        move_late_dts(b, s, st, raw);
}

static int64_t ticks_of(int64_t us)
{
    return us / 100 * 9 + us % 100 * 9 / 100;
}

/* A picture without a time is shown where its order has it. */
static void place_by_order(const struct trtc_input_av *b, struct trtc_shown_picture *p,
                           struct trtc_input_raw *raw)
{
    if (raw->pts_us != TRTC_NOTIME || raw->damaged || p->in_order || b->poc.sps_many ||
        !trtc_shown_place(&b->shown, p, &p->pts_90k))
        return;
    raw->pts_us = p->pts_90k / 9 * 100 + p->pts_90k % 9 * 100 / 9;
    if (raw->dts_us != TRTC_NOTIME && raw->pts_us < raw->dts_us)
        raw->pts_us = raw->dts_us;
    p->stated = true;
}

void trtc_input_av_judge(struct trtc_input_av *b, struct trtc_input_raw *raw)
{
    const bool timed = raw->pts_us != TRTC_NOTIME && raw->dts_us != TRTC_NOTIME;
    struct trtc_shown_picture p = { .key = raw->key };

    if (raw->size == 0 || (raw->codec != TRTC_CODEC_H264 && raw->codec != TRTC_CODEC_H265))
        return;
    if (b->poc.codec != raw->codec)
        trtc_poc_begin(&b->poc, raw->codec);
    if (raw->sets)
        trtc_poc_picture(&b->poc, raw->sets, raw->sets_size, &p.order);
    trtc_poc_picture(&b->poc, raw->data, raw->size, &p.order);
    if (!b->poc.have_sps)
        return;
    p.stated = timed && !b->poc.sps_many && !raw->damaged;
    p.in_order = trtc_poc_is_in_order(&b->poc.sps);
    p.pts_90k = timed ? ticks_of(raw->pts_us) : 0;
    p.dts_90k = raw->dts_us != TRTC_NOTIME ? ticks_of(raw->dts_us) : b->shown.dts_90k;
    place_by_order(b, &p, raw);
    b->nb_misplaced += trtc_shown_contradicts(&b->shown, &p) &&
                       !trtc_input_is_wild(raw->pts_us, raw->dts_us, raw->sure);
}

/* Returns the duration of a frame. libavformat may make that of the last frame of sound too long. */
static int64_t length_of(const struct trtc_input_av_stream *s, const AVStream *st,
                         int64_t stated_us)
{
    const AVCodecParameters *par = st->codecpar;
    const int64_t us =
        par->sample_rate > 0 ? av_rescale(par->frame_size, 1000000, par->sample_rate) : 0;

    return us > 0 && us < stated_us && s->codec == TRTC_CODEC_AAC ? us : stated_us;
}

/* Sound that is not heard is only needed in front of the first part, for the decoder. */
static void edit_sound(struct trtc_input_av *b, const struct trtc_edits *v,
                       struct trtc_input_raw *raw)
{
    const struct trtc_input_av_stream *s = &b->stream[TRTC_AT_AUDIO];
    const int64_t dur_us = length_of(s, b->ic->streams[s->index], raw->dur_us);
    const int64_t at_us = raw->pts_us - trtc_edits_shift_us(v);
    const struct trtc_edited e = trtc_edits_frame(v, at_us, dur_us);

    raw->hidden = e.hidden;
    raw->trim_us = e.hidden ? dur_us : e.trim_us;
    raw->trim_end_us = e.trim_end_us;
    raw->pts_us = raw->dts_us = trtc_edits_time_us(v, at_us + e.trim_us) - e.trim_us;
    if (e.hidden && b->begun) {
        b->stream[TRTC_AT_AUDIO].ledger.nb_left[TRTC_LEFT_CUT]++;
        raw->size = 0;
    }
    b->begun |= !e.hidden;
}

static void edit_picture(const struct trtc_edits *v, struct trtc_input_raw *raw)
{
    const int64_t shift_us = trtc_edits_shift_us(v), at_us = raw->pts_us - shift_us;
    const struct trtc_edited e = trtc_edits_frame(v, at_us, raw->dur_us);

    raw->hidden = e.hidden;
    raw->pts_us = trtc_edits_time_us(v, at_us + e.trim_us);
    raw->dts_us = trtc_edits_time_us(v, raw->dts_us - shift_us);
}

void trtc_input_av_edit(struct trtc_input_av *b, struct trtc_input_raw *raw)
{
    const struct trtc_box_track *t = b->whole ? trtc_input_av_indexed_track(b, raw->track) : NULL;

    if (!t || t->edits.n == 0 || raw->size == 0 || raw->pts_us == TRTC_NOTIME ||
        raw->dts_us == TRTC_NOTIME)
        return;
    if (b->copies)
        raw->hidden &= trtc_edits_are_plain(&t->edits);
    else if (raw->track == TRTC_AT_AUDIO)
        edit_sound(b, &t->edits, raw);
    else
        edit_picture(&t->edits, raw);
}
