/* SPDX-License-Identifier: MIT */
/* One lane of a time line as one continuous stream of frames on the epoch clock. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "source/reader_priv.h"

#define COME_BACK      80 /* sound that was pushed back comes back by this part of each frame, */
#define MOVE_MOST      16 /* ... and is moved by no more than this part */
#define REORDER_MAX_US 400000 /* pictures without DTS are out of order by no more than this */

/* Makes the clock follow the clips that are not read. */
static void skip_clips(struct trtc_reader *rd, size_t n)
{
    for (; rd->at < n && rd->at < rd->lane->n; rd->at++)
        trtc_reader_set_clock(rd);
}

struct trtc_reader *trtc_reader_new(const struct trtc_reader_opts *o, struct trtc_err *err)
{
    const enum trtc_kind kind = o->kind;
    struct trtc_reader *rd = calloc(1, sizeof *rd);
    if (!rd) {
        trtc_fail_nomem(err);
        return NULL;
    }
    *rd = (struct trtc_reader){ .rec = o->rec,
                                .lane = o->lane,
                                .kind = kind,
                                .losses = o->losses,
                                .bytes = o->bytes,
                                .sparing = o->sparing,
                                .dirfd = -1,
                                .fd = -1,
                                .need_key = kind == TRTC_VIDEO,
                                .prev_us = TRTC_NOTIME,
                                .prev_ts = TRTC_NOTIME,
                                .end_us = TRTC_NOTIME,
                                .sound_us = TRTC_NOTIME,
                                .last_ts = TRTC_NOTIME };
    rd->step_us = kind == TRTC_VIDEO ? 66667 : 21333;
    rd->ts = trtc_ts_new(kind == TRTC_VIDEO ? TRTC_VIDEO : TRTC_AUDIO);
    rd->buf = malloc(TRTC_READER_BYTES);
    if (!rd->ts || !rd->buf) {
        trtc_fail_nomem(err);
    } else if (trtc_reader_open_directory(rd, err) == 0) { /* whether it is there at all */
        trtc_reader_close_files(rd);
        skip_clips(rd, o->skip);
        return rd;
    }
    trtc_reader_free(&rd);
    return NULL;
}

void trtc_reader_free(struct trtc_reader **rd)
{
    if (!*rd)
        return;
    if ((*rd)->fd >= 0)
        close((*rd)->fd);
    if ((*rd)->dirfd >= 0)
        close((*rd)->dirfd);
    trtc_ts_free(&(*rd)->ts);
    trtc_course_fini(&(*rd)->course);
    trtc_ahead_fini(&(*rd)->ahead);
    free((*rd)->passed);
    free((*rd)->buf);
    free(*rd);
    *rd = NULL;
}

/* Whether the frame is of this piece, and not of another part of its segment. */
static bool belongs(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    return p->part == 0 || (rd->rel_90k >= p->from_90k && rd->rel_90k < p->to_90k);
}

static bool leave_out(struct trtc_reader *rd, enum trtc_left why)
{
    rd->account.nb_left[why]++;
    rd->missing = true;
    return false;
}

static bool is_annexb(const struct trtc_ts_frame *f)
{
    return f->stream->codec == TRTC_CODEC_H264 || f->stream->codec == TRTC_CODEC_H265;
}

/* Decoding begins with this picture. */
static void begin_at(struct trtc_reader *rd, const struct trtc_ts_frame *f,
                     const struct trtc_packet *p)
{
    rd->need_key = false;
    rd->leading =
        rd->torn && is_annexb(f) && trtc_annexb_is_open(f->stream->codec, f->data, f->size);
    rd->key_us = p->pts_us;
}

/* Whether the picture is shown before the one that decoding began with, and needs pictures from
 * before that. */
static bool is_leading(struct trtc_reader *rd, const struct trtc_ts_frame *f,
                       const struct trtc_packet *p)
{
    if (f->key)
        rd->leading = false;
    return rd->leading && p->pts_us < rd->key_us &&
           trtc_annexb_refers_back(f->stream->codec, f->data, f->size);
}

/* Whether the time of a frame lies after the cut of its clip. Starts are rounded: if another
 * playlist goes on there, the frame in the middle is that one's. */
static bool is_cut(const struct trtc_reader *rd, int64_t us)
{
    const struct trtc_clip *c = &rd->lane->clips[rd->at];
    const bool same = rd->at + 1 < rd->lane->n && c[1].piece->list == c->piece->list;
    return c->cut_us != INT64_MAX && us >= c->cut_us + (same ? TRTC_ROUNDING_US : -rd->step_us / 2);
}

/* Whether a frame is returned; keeps the account of those that are not. */
static bool usable(struct trtc_reader *rd, const struct trtc_ts_frame *f,
                   const struct trtc_packet *p)
{
    if (rd->past_cut || is_cut(rd, p->pts_us)) {
        /* pictures that follow in decoding order, and are shown before, may refer to this one */
        rd->past_cut |= rd->kind == TRTC_VIDEO || p->dts_us >= rd->lane->clips[rd->at].cut_us;
        rd->nb_cut++;
        return leave_out(rd, TRTC_LEFT_CUT);
    }
    bool last = (rd->ended || rd->nb_passed > 0) && rd->kind == TRTC_VIDEO;
    if ((f->damaged && (rd->kind == TRTC_AUDIO || last)) ||
        (last && trtc_reader_piece_of(rd)->cut)) {
        rd->nb_damaged++;
        return leave_out(rd, TRTC_LEFT_DAMAGED);
    }
    if ((rd->need_key && !f->key) || is_leading(rd, f, p)) {
        rd->nb_no_key++;
        return leave_out(rd, TRTC_LEFT_NO_KEY);
    }
    if (rd->need_key)
        begin_at(rd, f, p);
    rd->nb_torn += f->damaged;
    return true;
}

/* Reads the next frame as it is, valid until the next call. Returns 1; 0: the end; -1. *samples,
 * *rate_hz: its length; 0: not known. */
static int next_raw(struct trtc_reader *rd, struct trtc_read *out, int *samples, int *rate_hz,
                    struct trtc_err *err)
{
    while (true) {
        if (!rd->open) {
            int more = trtc_reader_open_clip(rd, err);
            if (more <= 0)
                return more;
        }
        struct trtc_ts_frame f;
        int got = trtc_ts_next(rd->ts, &f);
        if (got < 0)
            return trtc_fail_nomem(err);
        if (got == 0) {
            const int ret = !rd->ended          ? trtc_reader_refill(rd, err)
                            : rd->nb_passed > 0 ? trtc_reader_next_clip(rd, err)
                                                : trtc_reader_close_clip(rd, err);
            if (ret < 0)
                return -1;
            continue;
        }
        while (rd->nb_passed > 0 && f.pos >= rd->passed[0].end)
            if (trtc_reader_next_clip(rd, err) < 0)
                return -1;
        struct trtc_packet p = { .data = f.data, .size = f.size, .key = f.key };
        *samples = *rate_hz = 0;
        if (rd->kind == TRTC_AUDIO)
            trtc_frame_length(&f, samples, rate_hz);
        if (trtc_reader_set_times(rd, &f, &p, err) < 0)
            return -1;
        if (*samples) {
            rd->step_90k = INT64_C(90000) * *samples / *rate_hz;
            rd->step_us = INT64_C(1000000) * *samples / *rate_hz;
        }
        if (!belongs(rd))
            continue;
        rd->account.nb_in++;
        rd->nb_misplaced += f.misplaced;
        if (!usable(rd, &f, &p))
            continue;
        *out = (struct trtc_read){ .pkt = p,
                                   .stream = f.stream,
                                   .piece = trtc_reader_piece_of(rd),
                                   .piece_begins = rd->begins };
        if (*samples)
            out->dur_us = INT64_C(1000000) * *samples / *rate_hz;
        rd->begins = false;
        return 1;
    }
}

/* Whether the time of the frame, but for less than a quarter, has been used already. */
static bool overlaps(struct trtc_reader *rd, const struct trtc_read *r)
{
    if (rd->end_us == TRTC_NOTIME || r->pkt.pts_us + r->dur_us * 3 / 4 >= rd->end_us)
        return false;
    rd->account.nb_left[TRTC_LEFT_OVERLAP]++;
    rd->over = r->piece;
    rd->nb_over++;
    rd->over_us += r->dur_us;
    return true;
}

/* The next frame of sound that was placed and overlaps nothing. */
static int pop_sound(struct trtc_reader *rd, struct trtc_read *out, struct trtc_err *err)
{
    const bool end = rd->drained || rd->have_plain;
    while (trtc_ahead_pop(&rd->ahead, end, out)) {
        if (overlaps(rd, out))
            continue;
        rd->end_us = out->pkt.pts_us + out->dur_us;
        return rd->nb_over > 0 && trtc_reader_lose_overlap(rd) < 0 ? trtc_fail_nomem(err) : 1;
    }
    if (end && rd->nb_over > 0 && trtc_reader_lose_overlap(rd) < 0)
        return trtc_fail_nomem(err);
    return 0;
}

/* Whether the first sound of the open clip was recorded with the end of the clip before, too, by their stamps. */
static bool repeats(const struct trtc_reader *rd)
{
    const int64_t first = trtc_reader_piece_of(rd)->facts.first_90k[TRTC_AT_AUDIO];
    const int64_t step =
        rd->last_ts == TRTC_NOTIME || first == TRTC_NOTIME ? 0 : trtc_ts_diff(first, rd->last_ts);
    return step > -TRTC_READER_GOES_ON_90K && step < rd->step_90k - TRTC_READER_TOL_90K / 2;
}

/* A frame moves with its clock, by so little that it does not overlap the one before. */
static void move_along(struct trtc_reader *rd, struct trtc_read *r)
{
    const int64_t most_us = rd->step_us / MOVE_MOST, us = rd->moved_us;
    r->moved_us = us > most_us ? most_us : us < -most_us ? -most_us : us;
    rd->moved_us -= r->moved_us;
}

/* Where the times in names jitter, a segment may seem to begin a little before the one before it ends. By
 * their stamps nothing overlaps, so its sound begins at that end, and comes back to its clock slowly. */
static void push_back(struct trtc_reader *rd, struct trtc_read *r)
{
    if (r->piece_begins) {
        const int64_t over_us = rd->sound_us == TRTC_NOTIME ? 0 : rd->sound_us - r->pkt.pts_us;
        const bool little =
            over_us >= (rd->pushed_us ? 1 : TRTC_ROUNDING_US / 2) && over_us < TRTC_OVERLAP_US;
        rd->pushed_us = little && trtc_reader_follows(rd, rd->at) && !repeats(rd) ? over_us : 0;
    }
    r->pkt.pts_us += rd->pushed_us;
    const int64_t back_us = rd->step_us / COME_BACK;
    const int64_t by_us = rd->pushed_us < back_us ? rd->pushed_us : back_us;
    rd->pushed_us -= by_us;
    move_along(rd, r);
    rd->moved_us -= by_us;
    rd->sound_us = r->pkt.pts_us + r->dur_us;
}

/* Sound: frames wait until their place is known. */
static int next_sound(struct trtc_reader *rd, struct trtc_read *out, struct trtc_err *err)
{
    struct trtc_read r;
    int samples, rate_hz;
    while (true) {
        int got = pop_sound(rd, out, err);
        if (got != 0 || (rd->drained && !rd->have_plain))
            return got;
        if (rd->have_plain) {
            *out = rd->plain;
            rd->have_plain = false;
            return 1;
        }
        got = next_raw(rd, &r, &samples, &rate_hz, err);
        if (got < 0)
            return -1;
        rd->drained = got == 0;
        rd->have_plain = got > 0 && samples == 0;
        if (got > 0)
            push_back(rd, &r);
        if (rd->have_plain)
            rd->plain = r;
        else if (got > 0 && trtc_ahead_push(&rd->ahead, &r, samples, rate_hz, rd->missing) < 0)
            return trtc_fail_nomem(err);
        rd->missing = false;
    }
}

/* A segment that was cut anywhere begins with pictures that are shown before the last one of the
 * segment before, and decoded behind it: nothing overlaps. */
static bool goes_on(const struct trtc_reader *rd, const struct trtc_packet *p)
{
    if (p->dts_us != p->pts_us)
        return p->dts_us > rd->seen_dts_us;
    return !p->key && rd->end_us - p->pts_us <= REORDER_MAX_US;
}

/* Whether the picture, at the beginning of a segment, is shown before the end of the segment
 * before. */
static int note_pictures(struct trtc_reader *rd, const struct trtc_read *r, struct trtc_err *err)
{
    const int64_t at_us = r->pkt.pts_us;
    if (r->piece_begins && rd->end_us != TRTC_NOTIME && at_us < rd->end_us &&
        !goes_on(rd, &r->pkt)) {
        rd->over = r->piece;
        rd->over_us = rd->end_us - at_us;
    }
    trtc_crowd_add(&rd->crowd, r->pkt.dts_us);
    rd->seen_dts_us = r->pkt.dts_us;
    if (rd->over_us > 0 && at_us < rd->end_us) {
        rd->nb_over++;
        return 1;
    }
    rd->end_us = at_us > rd->end_us ? at_us : rd->end_us;
    return rd->nb_over > 0 && trtc_reader_lose_overlap(rd) < 0 ? trtc_fail_nomem(err) : 1;
}

int trtc_reader_next(struct trtc_reader *rd, struct trtc_read *out, struct trtc_err *err)
{
    int samples, rate_hz;
    if (rd->kind == TRTC_AUDIO)
        return next_sound(rd, out, err);
    const int got = next_raw(rd, out, &samples, &rate_hz, err);
    if (got == 0 && rd->nb_over > 0)
        return trtc_reader_lose_overlap(rd) < 0 ? trtc_fail_nomem(err) : 0;
    return got > 0 ? note_pictures(rd, out, err) : got;
}

const struct trtc_ledger *trtc_reader_account(const struct trtc_reader *rd)
{
    return &rd->account;
}
