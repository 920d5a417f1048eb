/* SPDX-License-Identifier: MIT */
/* The course of the time stamps of a segment in a file. */
#include "ts/course_ts.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utc.h"
#include "recording/clock.h"

enum {
    BLOCK_BYTES = 256 * 1024,
    TAIL_BYTES = 256 * TRTC_TS_PACKET,
    GOES_ON_BYTES = 1 << 20, /* how far into the next segment a frame may go on */
    SCAN_BYTES = 340 * TRTC_TS_PACKET,
    PES_TIMES = 19 /* bytes of a PES header up to the end of its times */
};

#define PICTURE_GUESS_90K 6000 /* 15 a second */
#define SOUND_GUESS_90K   1920
#define FALL_90K          90000 /* further than pictures are reordered */

void trtc_frame_length(const struct trtc_ts_frame *f, int *samples, int *rate_hz)
{
    *samples = f->rate_hz > 0 ? f->samples : 0;
    *rate_hz = *samples > 0 ? f->rate_hz : 0;
}

int trtc_course_add_ts(struct trtc_course *c, const struct trtc_ts_frame *f)
{
    struct trtc_course_frame x = { .pos = f->pos };
    const int track = f->stream->video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;
    if (f->pts_90k == TRTC_TS_NOPTS) {
        trtc_course_add_untimed(c, track);
        return 0;
    }
    x.ts = f->dts_90k == TRTC_TS_NOPTS ? f->pts_90k : f->dts_90k;
    x.delay = trtc_ts_diff(f->pts_90k, x.ts);
    x.explicit_dts = x.delay != 0;
    x.key = f->key;
    x.in_order = f->in_order;
    if (!f->stream->video)
        trtc_frame_length(f, &x.samples, &x.rate_hz);
    return trtc_course_add(c, track, &x);
}

/* When the last frame of each track ends, relative to first. */
struct tail {
    int64_t first, last[TRTC_NB_KINDS], step[TRTC_NB_KINDS];
    bool seen[TRTC_NB_KINDS];
    bool falls; /* a clock restarts there */
};

static void note_last(struct tail *t, const struct trtc_ts_frame *f)
{
    const int k = f->stream->video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;
    if (f->pts_90k == TRTC_TS_NOPTS)
        return;
    const int64_t at = trtc_ts_diff(f->pts_90k, t->first), step = at - t->last[k];
    if (t->seen[k] && step > 0 && (step < t->step[k] || !t->step[k]))
        t->step[k] = step;
    t->falls |= t->seen[k] && step < -FALL_90K;
    if (!t->seen[k] || step > 0)
        t->last[k] = at;
    t->seen[k] = true;
}

/* Passes a segment through the demultiplexer. c and t get each frame, unless they are NULL. */
struct pass {
    struct trtc_ts *ts;
    uint8_t *buf;
    struct trtc_course *c;
    struct tail *t;
    int64_t end;           /* frames from there on belong to another segment, */
    unsigned seen, beyond; /* kinds that have frames, and those that have some there */
};

/* Takes the frames that are complete. -1: no memory. */
static int take(struct pass *p)
{
    struct trtc_ts_frame f;
    int more;
    while ((more = trtc_ts_next(p->ts, &f)) > 0) {
        const unsigned kind = f.stream->video ? TRTC_VIDEO : TRTC_AUDIO;
        p->seen |= kind;
        if (f.pos >= p->end) {
            p->beyond |= kind;
            continue;
        }
        if (p->c && trtc_course_add_ts(p->c, &f) < 0)
            return -1;
        if (p->t)
            note_last(p->t, &f);
    }
    return more;
}

/* Feeds the bytes of a file from an offset on. */
static int feed(struct pass *p, const struct trtc_course_file *s, int64_t from,
                struct trtc_err *err)
{
    while (from < s->bytes && (!p->beyond || p->beyond != p->seen)) {
        const int64_t left = s->bytes - from;
        const ssize_t got = trtc_read_at(
            s->fd, p->buf, left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES, s->at + from);
        if (got < 0)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot be read");
        if (got == 0)
            return 0;
        from += got;
        trtc_ts_feed(p->ts, p->buf, (size_t)got);
        if (take(p) < 0)
            return trtc_fail_nomem(err);
    }
    return 0;
}

/* Takes the frames that begin in the segment after an offset. */
static int run(struct pass *p, const struct trtc_course_file *s, int64_t from,
               const struct trtc_course_file *next, struct trtc_err *err)
{
    int ret = -1;
    p->end = INT64_MAX;
    p->ts = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    p->buf = malloc(BLOCK_BYTES);
    if (!p->ts || !p->buf) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (s->known)
        trtc_ts_learn(p->ts, s->known);
    if (feed(p, s, from, err) < 0)
        goto done;
    if (next) {
        trtc_ts_pause(p->ts);
        if (take(p) < 0) {
            trtc_fail_nomem(err);
            goto done;
        }
        p->end = trtc_ts_pos(p->ts);
        trtc_ts_continue(p->ts);
        const struct trtc_course_file head = { .fd = next->fd,
                                               .at = next->at,
                                               .bytes = next->bytes < GOES_ON_BYTES
                                                            ? next->bytes
                                                            : GOES_ON_BYTES };
        if (feed(p, &head, 0, err) < 0)
            goto done;
    }
    trtc_ts_end(p->ts);
    ret = take(p) == 0 ? 0 : trtc_fail_nomem(err);
done:
    trtc_ts_free(&p->ts);
    free(p->buf);
    return ret;
}

int trtc_course_read(struct trtc_course *c, const struct trtc_course_file *s,
                     const struct trtc_course_file *next, struct trtc_err *err)
{
    return run(&(struct pass){ .c = c }, s, 0, next, err);
}

int64_t trtc_course_tail(const struct trtc_course_file *s, int64_t first_ts_90k, int64_t *last_90k)
{
    static const int64_t guess[] = {
        [TRTC_AT_AUDIO] = SOUND_GUESS_90K, [TRTC_AT_VIDEO] = PICTURE_GUESS_90K
    };
    struct tail t = { .first = first_ts_90k };
    struct trtc_err ignored;
    int64_t end = TRTC_NOTIME;
    const int64_t from = s->bytes > TAIL_BYTES ? s->bytes - TAIL_BYTES : 0;
    if (run(&(struct pass){ .t = &t }, s, from, NULL, &ignored) < 0 || t.falls)
        return TRTC_NOTIME;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const int64_t to = t.last[k] + (t.step[k] ? t.step[k] : guess[k]);
        if (t.seen[k] && (end == TRTC_NOTIME || t.last[k] > *last_90k))
            *last_90k = t.last[k];
        if (t.seen[k] && (end == TRTC_NOTIME || to > end))
            end = to;
    }
    return end;
}

/* ---- pictures that fall ---- */

/* The times of the pictures, as the headers of their PES state them. */
struct scan {
    int pid;
    int64_t last; /* TRTC_TS_NOPTS: none */
};

/* Whether the packet shows that times may fall: they do, or it cannot be read here. */
static bool packet_falls(struct scan *s, const uint8_t *p)
{
    if (p[0] != TRTC_TS_SYNC)
        return true;
    if (((p[1] & 0x1f) << 8 | p[2]) != s->pid || !(p[1] & 0x40) || !(p[3] & 0x10))
        return false;
    const size_t off = p[3] & 0x20 ? 5u + p[4] : 4;
    if (off + PES_TIMES > TRTC_TS_PACKET)
        return true;
    const uint8_t *h = p + off;
    if (!(h[7] & 0x80))
        return false;
    const int64_t ts = trtc_ts_pes_time((h[7] & 0xc0) == 0xc0 ? h + 14 : h + 9), last = s->last;
    s->last = ts;
    return ts == TRTC_TS_NOPTS || (last != TRTC_TS_NOPTS && trtc_ts_diff(ts, last) < 0);
}

bool trtc_course_may_fall(const struct trtc_course_file *f, int pid)
{
    struct scan s = { .pid = pid, .last = TRTC_TS_NOPTS };
    uint8_t *buf = malloc(SCAN_BYTES);
    bool falls = !buf;
    int64_t at = 0;
    while (!falls && at < f->bytes) {
        const int64_t left = f->bytes - at;
        const ssize_t got =
            trtc_read_at(f->fd, buf, left < SCAN_BYTES ? (size_t)left : SCAN_BYTES, f->at + at);
        falls = got < 0;
        if (got < TRTC_TS_PACKET)
            break;
        const ssize_t end = got - got % TRTC_TS_PACKET;
        for (ssize_t i = 0; i < end && !falls; i += TRTC_TS_PACKET)
            falls = packet_falls(&s, buf + i);
        at += end;
    }
    free(buf);
    return falls;
}
