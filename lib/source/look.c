/* SPDX-License-Identifier: MIT */
/* Collects what the probe learns about one segment from its frames. */
#include "source/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "recording/clock.h"

enum { AAC_SAMPLES = 1024 };

#define FALL_90K     45000  /* more than reordered pictures fall by */
#define BACK_90K     3600   /* ... and than sound does, and what is decoded in order */
#define APART_90K    45000  /* kinds that begin further apart may be of two clocks */
#define BEFORE_90K   180000 /* ... nor where they begin, if they lie so far before it */
#define SECOND_90K   90000
#define STEP_MAX_90K 180000 /* frames farther apart than 2 s do not show the frame rate */

void trtc_look_begin(struct trtc_look *l, struct trtc_facts *facts, int64_t at_bytes)
{
    struct trtc_course course = l->course;
    trtc_course_reset(&course);
    *l = (struct trtc_look){ .facts = facts,
                             .at_bytes = at_bytes,
                             .prev_dts = { TRTC_TS_NOPTS, TRTC_TS_NOPTS },
                             .course = course };
}

void trtc_look_fini(struct trtc_look *l)
{
    trtc_course_fini(&l->course);
}

static int slot(const struct trtc_ts_frame *f)
{
    return f->stream->video ? 1 : 0;
}

static void learn_video(struct trtc_look *l, const struct trtc_ts_frame *f)
{
    struct trtc_facts *x = l->facts;
    snprintf(x->video_codec, sizeof x->video_codec, "%s", f->stream->codec_name);
    struct trtc_video_params v;
    if (l->have_params)
        return;
    if (trtc_video_params_read(f->stream->codec, f->data, f->size, &v) < 0) {
        l->have_params = f->key; /* they are in another segment */
        return;
    }
    l->have_params = true;
    x->width_px = v.width_px;
    x->height_px = v.height_px;
    x->sar_num = v.sar_num;
    x->sar_den = v.sar_den;
    x->profile = v.profile;
    x->colour = v.colour;
}

static void learn_audio(struct trtc_look *l, const struct trtc_ts_frame *f)
{
    struct trtc_facts *x = l->facts;
    struct trtc_adts a;
    if (x->audio_codec[0])
        return;
    snprintf(x->audio_codec, sizeof x->audio_codec, "%s", f->stream->codec_name);
    if (f->stream->codec == TRTC_CODEC_AAC && trtc_adts_parse(f->data, f->size, &a) == 0) {
        x->rate_hz = a.rate_hz;
        x->channels = a.channels;
        x->object_type = a.object_type;
        x->blocks = a.samples > AAC_SAMPLES;
    }
}

/* Determines when sound begins, judged by its first frames, which may be stamped on arrival. */
static void settle_sound(struct trtc_look *l)
{
    int64_t us, jump_us;
    if (!l->settled && trtc_steady_pop(&l->steady, true, &us, &jump_us))
        l->first[0] = us * 9 / 100;
    l->settled = true;
}

static void learn_start_of_sound(struct trtc_look *l, const struct trtc_ts_frame *f, int64_t at)
{
    struct trtc_steady_frame s = { .us = at * 100 / 9 };
    trtc_frame_length(f, &s.samples, &s.rate_hz);
    if (s.samples == 0) /* its header is still to come: earlier frames count as they are stamped */
        l->settled = true;
    if (l->settled)
        return;
    trtc_steady_push(&l->steady, &s);
    if (l->steady.n == TRTC_STEADY_AHEAD)
        settle_sound(l);
}

/* Notes whether the time stamps have fallen since the frame before. A picture may be shown long before the one
 * that is decoded before it, if that is shown after a pause: then decoding goes on. decodes: they are in the
 * order of decoding. */
static void note_fall(struct trtc_look *l, int s, int64_t at, int64_t dts, bool decodes)
{
    const int64_t prev = l->prev_dts[s];
    const bool steps_back = prev != TRTC_TS_NOPTS && trtc_ts_diff(dts, prev) < -BACK_90K;
    const bool rises = prev != TRTC_TS_NOPTS && trtc_ts_diff(dts, prev) > 0;
    if (l->nb[s] && !rises && at < l->last[s] - FALL_90K)
        l->fell[s] = true;
    l->fell[s] |= steps_back && (s == 0 || decodes);
}

static void note_time(struct trtc_look *l, int s, int64_t at)
{
    if (!l->nb[s] || (at < l->first[s] && !l->fell[s] && !(l->settled && s == 0)))
        l->first[s] = at;
    if (!l->nb[s] || at > l->last[s])
        l->last[s] = at;
    if (!l->span.any)
        l->span.first = at;
    else if (at - l->span.last > l->span.pause)
        l->span.pause = at - l->span.last;
    l->span.last = at;
    l->span.any = true;
}

static void note_step(struct trtc_look *l, int s, int64_t dts)
{
    int64_t step = l->prev_dts[s] == TRTC_TS_NOPTS ? 0 : trtc_ts_diff(dts, l->prev_dts[s]);
    if (step > 0 && step < STEP_MAX_90K) {
        l->step[s] = step;
        l->step_max[s] = step > l->step_max[s] ? step : l->step_max[s];
    }
    l->prev_dts[s] = dts;
}

static void learn_format(struct trtc_look *l, const struct trtc_ts_frame *f)
{
    if (f->stream->video)
        learn_video(l, f);
    else
        learn_audio(l, f);
}

int trtc_look_frame(struct trtc_look *l, const struct trtc_ts_frame *f)
{
    int s = slot(f);
    learn_format(l, f);
    if (f->pts_90k == TRTC_TS_NOPTS)
        return 0;
    if (!l->nb[0] && !l->nb[1])
        l->base_90k = f->pts_90k;
    if (s == 1 && !l->nb[1] && f->dts_90k != TRTC_TS_NOPTS)
        l->delay_90k = trtc_ts_diff(f->pts_90k, f->dts_90k);
    const int64_t at = trtc_ts_diff(f->pts_90k, l->base_90k);
    const int64_t dts = f->dts_90k == TRTC_TS_NOPTS ? f->pts_90k : f->dts_90k;
    note_fall(l, s, at, dts, dts != f->pts_90k || f->in_order);
    note_time(l, s, at);
    if (!f->stream->video)
        learn_start_of_sound(l, f, at);
    if (!l->nb[s]) {
        l->first_pos[s] = f->pos;
        l->first_dts[s] = dts;
    }
    l->nb[s]++;
    note_step(l, s, dts);
    return l->skipped ? 0 : trtc_course_add_ts(&l->course, f);
}

void trtc_look_late(struct trtc_look *l, const struct trtc_ts_frame *f)
{
    const int64_t at = f->pts_90k == TRTC_TS_NOPTS ? 0 : trtc_ts_diff(f->pts_90k, l->base_90k);
    learn_format(l, f);
    if (at < l->late_first && at > -BEFORE_90K)
        l->late_first = at;
    l->late |= f->stream->video ? TRTC_VIDEO : TRTC_AUDIO;
}

void trtc_look_skip(struct trtc_look *l)
{
    settle_sound(l);
    l->skipped = true;
    l->prev_dts[0] = l->prev_dts[1] = TRTC_TS_NOPTS;
}

unsigned trtc_look_kinds(const struct trtc_look *l)
{
    return l->late | (l->nb[0] ? TRTC_AUDIO : 0u) | (l->nb[1] ? TRTC_VIDEO : 0u);
}

bool trtc_look_is_odd(const struct trtc_look *l)
{
    return l->fell[0] || l->fell[1];
}

bool trtc_look_restarts(const struct trtc_look *l)
{
    for (size_t i = 1; i < l->course.n; i++)
        if (l->course.runs[i].epoch != l->course.runs[0].epoch)
            return true;
    return l->fell[0] || l->fell[1];
}

/* Returns when a kind begins: according to the segment's course once that is known. */
static int64_t first_of_kind(const struct trtc_look *l, int s)
{
    size_t hint = 0;
    const int track = s == 0 ? TRTC_AT_AUDIO : TRTC_AT_VIDEO;
    if (l->skipped || !l->course.settled || !trtc_look_restarts(l))
        return l->first[s];
    return l->first[s] + trtc_course_shift(&l->course, track, l->first_pos[s], &hint);
}

bool trtc_look_is_apart(const struct trtc_look *l)
{
    const int64_t off = l->first[0] - l->first[1];
    return l->nb[0] && l->nb[1] && (off < -APART_90K || off > APART_90K);
}

static int64_t first_of(const struct trtc_look *l)
{
    const int64_t sound = first_of_kind(l, 0), picture = first_of_kind(l, 1);
    const int64_t first = l->nb[0] && (!l->nb[1] || sound < picture) ? sound : picture;
    return l->late && l->late_first < first ? l->late_first : first;
}

int64_t trtc_look_first_90k(struct trtc_look *l)
{
    settle_sound(l);
    return (l->base_90k + first_of(l)) & (TRTC_TS_WRAP_90K - 1);
}

int64_t trtc_look_first_of_90k(const struct trtc_look *l, bool video)
{
    return l->nb[video] ? (l->base_90k + l->first[video]) & (TRTC_TS_WRAP_90K - 1) : TRTC_NOTIME;
}

int64_t trtc_look_first_dts_90k(const struct trtc_look *l, bool video)
{
    return l->nb[video] ? l->first_dts[video] : TRTC_NOTIME;
}

/* How long the last frame of a kind lasts. */
static int64_t last_frame(const struct trtc_look *l, int s)
{
    return l->step[s] ? l->step[s] : s == 0 ? 1920 : 6000;
}

/* The same by the course, which uses the decoding times of pictures. Those at the end may be shown
 * later after them than the first one. */
static int64_t length_of_course_us(const struct trtc_look *l)
{
    int64_t start = INT64_MAX, end = INT64_MIN;
    bool moved = trtc_look_restarts(l);
    for (size_t i = 0; i < l->course.n; i++) {
        const struct trtc_course_run *r = &l->course.runs[i];
        moved |= r->shift != 0;
        const int64_t shift = r->shift + (r->track == TRTC_AT_VIDEO ? l->delay_90k : 0);
        start = r->from + shift < start ? r->from + shift : start;
        end = r->to + shift > end ? r->to + shift : end;
    }
    const int64_t shown = l->nb[1] && !moved ? l->last[1] + last_frame(l, 1) - first_of(l) : 0;
    return (end - start > shown ? end - start : shown) * 100 / 9;
}

int64_t trtc_look_end_90k(const struct trtc_look *l, int track)
{
    const int s = track == TRTC_AT_VIDEO;
    return l->prev_dts[s] == TRTC_TS_NOPTS
               ? TRTC_NOTIME
               : (l->prev_dts[s] + last_frame(l, s)) & (TRTC_TS_WRAP_90K - 1);
}

int64_t trtc_look_length_us(const struct trtc_look *l)
{
    int64_t end = INT64_MIN;
    if (!l->skipped && l->course.n && l->course.settled)
        return length_of_course_us(l);
    for (int s = 0; s < 2; s++)
        if (l->nb[s] && l->last[s] + last_frame(l, s) > end)
            end = l->last[s] + last_frame(l, s);
    return end == INT64_MIN ? TRTC_NOTIME : (end - first_of(l)) * 100 / 9;
}

/* How far a kind begins in the next segment behind the end of its last frame in this one. */
static int64_t gap_before(const struct trtc_look *l, const struct trtc_look *next, int s)
{
    const int64_t end = l->base_90k + l->last[s] + last_frame(l, s);
    return trtc_ts_diff(next->base_90k + next->first[s], end);
}

bool trtc_look_goes_on(const struct trtc_look *l, const struct trtc_look *next)
{
    for (int s = 0; s < 2; s++)
        if (l->nb[s] && (!next->nb[s] || 2 * llabs(gap_before(l, next, s)) > last_frame(l, s)))
            return false;
    return true;
}

bool trtc_look_is_behind(const struct trtc_look *l, const struct trtc_look *next)
{
    bool any = false;
    for (int s = 0; s < 2; s++) {
        const int64_t gap = l->nb[s] && next->nb[s] ? gap_before(l, next, s) : 0;
        if (2 * gap < -last_frame(l, s) || gap >= SECOND_90K)
            return false;
        any |= 2 * gap > last_frame(l, s);
    }
    return any;
}
