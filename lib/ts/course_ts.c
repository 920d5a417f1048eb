/* SPDX-License-Identifier: MIT */
/* The course of the time stamps of a segment in a file. */
#include "ts/course_ts.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/utc.h"
#include "recording/clock.h"

enum { BLOCK_BYTES = 256 * 1024, TAIL_BYTES = 256 * TRTC_TS_PACKET };

#define PICTURE_GUESS_90K 6000 /* 15 a second */
#define SOUND_GUESS_90K   1920

void trtc_frame_length(const struct trtc_ts_frame *f, int *samples, int *rate_hz)
{
    *samples = f->rate_hz > 0 ? f->samples : 0;
    *rate_hz = *samples > 0 ? f->rate_hz : 0;
}

int trtc_course_add_ts(struct trtc_course *c, const struct trtc_ts_frame *f)
{
    struct trtc_course_frame x = { .pos = f->pos };
    if (f->pts_90k == TRTC_TS_NOPTS)
        return 0;
    x.ts = f->dts_90k == TRTC_TS_NOPTS ? f->pts_90k : f->dts_90k;
    x.explicit_dts = x.ts != f->pts_90k;
    if (!f->stream->video)
        trtc_frame_length(f, &x.samples, &x.rate_hz);
    return trtc_course_add(c, f->stream->video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO, &x);
}

static ssize_t read_at(int fd, uint8_t *buf, size_t n, int64_t at)
{
    ssize_t got;
    do
        got = pread(fd, buf, n, at);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Where the frames of each track end; counted from first. */
struct tail {
    int64_t first, last[TRTC_NB_KINDS], step[TRTC_NB_KINDS];
    bool seen[TRTC_NB_KINDS];
};

static void note_last(struct tail *t, const struct trtc_ts_frame *f)
{
    const int k = f->stream->video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;
    if (f->pts_90k == TRTC_TS_NOPTS)
        return;
    const int64_t at = trtc_ts_diff(f->pts_90k, t->first), step = at - t->last[k];
    if (t->seen[k] && step > 0 && (step < t->step[k] || !t->step[k]))
        t->step[k] = step;
    if (!t->seen[k] || step > 0)
        t->last[k] = at;
    t->seen[k] = true;
}

/* Runs the segment from a place on through the demuxer; what is not NULL gets each frame. */
static int run(const struct trtc_course_file *s, int64_t from, struct trtc_course *c,
               struct tail *t, struct trtc_err *err)
{
    int ret = -1, more;
    ssize_t got;
    struct trtc_ts_frame f;
    struct trtc_ts *ts = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    uint8_t *buf = malloc(BLOCK_BYTES);
    if (!ts || !buf)
        goto nomem;
    do {
        const int64_t left = s->bytes - from;
        got = read_at(s->fd, buf, left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES, s->at + from);
        if (got < 0) {
            trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot be read");
            goto done;
        }
        from += got;
        if (got)
            trtc_ts_feed(ts, buf, (size_t)got);
        else
            trtc_ts_end(ts);
        while ((more = trtc_ts_next(ts, &f)) > 0) {
            if (c && trtc_course_add_ts(c, &f) < 0)
                goto nomem;
            if (t)
                note_last(t, &f);
        }
        if (more < 0)
            goto nomem;
    } while (got > 0);
    ret = 0;
    goto done;
nomem:
    trtc_fail_nomem(err);
done:
    trtc_ts_free(&ts);
    free(buf);
    return ret;
}

int trtc_course_read(struct trtc_course *c, const struct trtc_course_file *s, struct trtc_err *err)
{
    return run(s, 0, c, NULL, err);
}

int64_t trtc_course_tail(const struct trtc_course_file *s, int64_t first_ts_90k)
{
    static const int64_t guess[] = {
        [TRTC_AT_AUDIO] = SOUND_GUESS_90K, [TRTC_AT_VIDEO] = PICTURE_GUESS_90K
    };
    struct tail t = { .first = first_ts_90k };
    struct trtc_err ignored;
    int64_t end = TRTC_NOTIME;
    if (run(s, s->bytes > TAIL_BYTES ? s->bytes - TAIL_BYTES : 0, NULL, &t, &ignored) < 0)
        return TRTC_NOTIME;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const int64_t to = t.last[k] + (t.step[k] ? t.step[k] : guess[k]);
        if (t.seen[k] && (end == TRTC_NOTIME || to > end))
            end = to;
    }
    return end;
}
