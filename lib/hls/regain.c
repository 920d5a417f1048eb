/* SPDX-License-Identifier: MIT */
/* Puts frames that waited into their segment. */
#include "hls/regain.h"

#include <errno.h>
#include <unistd.h>

#include "base/utc.h"
#include "recording/clock.h"
#include "ts/tsmux.h"

#define SAME_US \
    4000 /* names are exact to a millisecond, and two frames of a track are farther apart */

static int64_t us_of(int64_t t_90k)
{
    return (t_90k * 100 + (t_90k < 0 ? -4 : 4)) / 9;
}

/* Returns the epoch time of a time stamp of the killed run. */
static int64_t day_us(const struct trtc_regain *g, int64_t t_90k)
{
    return g->c.utc_us + us_of(trtc_ts_diff(t_90k, g->c.utc_90k));
}

int trtc_regain_open(struct trtc_regain *g, const char *path, struct trtc_err *err)
{
    *g = (struct trtc_regain){ .from_us = TRTC_NOTIME };
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        g->known_us[k] = TRTC_NOTIME;
    if (trtc_file_adopt(path, &g->file, err) < 0)
        return -1;
    if (!g->file)
        return 0;
    const int ret = trtc_remains_look(trtc_file_fd(g->file), &g->c, err);
    if (ret < 0 || !g->c.any || !g->c.tells_time)
        trtc_regain_close(g, ret == 0);
    return ret < 0 ? -1 : g->file != NULL;
}

void trtc_regain_know(struct trtc_regain *g, const struct trtc_remains *segment, int64_t start_us,
                      bool newest)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const int64_t dts_90k = segment->dts_90k[k];
        const int64_t us = start_us == TRTC_NOTIME ? day_us(g, segment->base_90k + dts_90k)
                                                   : start_us + us_of(dts_90k - segment->low_90k);
        if (segment->seen[k] && us > g->known_us[k])
            g->known_us[k] = us;
    }
    if (newest && segment->any)
        g->from_us = day_us(g, segment->base_90k + segment->began_dts_90k);
}

static bool is_known(const struct trtc_regain *g, const struct trtc_ts_frame *f)
{
    const int64_t us = day_us(g, f->dts_90k),
                  known_us = g->known_us[f->stream->video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO];

    return f->dts_90k == TRTC_TS_NOPTS || (known_us != TRTC_NOTIME && us <= known_us + SAME_US) ||
           (g->from_us != TRTC_NOTIME && us < g->from_us - SAME_US);
}

/* ---- finding missing frames ---- */

struct search {
    const struct trtc_regain *g;
    int64_t first_us;
};

static int find_first(void *opaque, const struct trtc_ts_frame *f, struct trtc_err *err)
{
    struct search *s = opaque;

    (void)err;
    if (s->first_us == TRTC_NOTIME && !is_known(s->g, f))
        s->first_us = day_us(s->g, f->pts_90k);
    return 0;
}

int trtc_regain_any(const struct trtc_regain *g, int64_t *first_us, struct trtc_err *err)
{
    struct search s = { g, TRTC_NOTIME };

    if (trtc_remains_frames(trtc_file_fd(g->file), g->c.whole_bytes, find_first, &s, err) < 0)
        return -1;
    *first_us = s.first_us;
    return s.first_us != TRTC_NOTIME;
}

/* ---- writing them ---- */

struct append {
    const struct trtc_regain *g;
    struct trtc_tsmux *mux;
    enum trtc_codec video, audio; /* as announced */
    int fd;
};

static int sink(void *opaque, const uint8_t *data, size_t size, struct trtc_err *err)
{
    const struct append *a = opaque;

    return trtc_write_all(a->fd, data, size, trtc_file_path(a->g->file), err);
}

static int add(void *opaque, const struct trtc_ts_frame *f, struct trtc_err *err)
{
    struct append *a = opaque;

    if (is_known(a->g, f))
        return 0;
    *(f->stream->video ? &a->video : &a->audio) = f->stream->codec;
    if (trtc_tsmux_announce(a->mux, a->video, a->audio, err) < 0)
        return -1;
    if (!f->stream->video)
        return trtc_tsmux_audio(a->mux, f->data, f->size, f->pts_90k, err);
    const struct trtc_tsmux_picture pic = {
        .au = { f->data, f->size }, .pts_90k = f->pts_90k, .dts_90k = f->dts_90k, .key = f->key
    };
    return trtc_tsmux_video(a->mux, &pic, err);
}

static void follow(void *opaque, const uint8_t *packet)
{
    trtc_tsmux_follow(opaque, packet);
}

/* Begins to write after the complete part, or at the beginning of an empty segment. */
static int begin(struct append *a, const struct trtc_remains *c, struct trtc_err *err)
{
    if (!c)
        return trtc_tsmux_begin(a->mux, err);
    if (trtc_remains_packets(a->fd, c->whole_bytes, follow, a->mux, err) < 0)
        return -1;
    if (ftruncate(a->fd, (off_t)c->whole_bytes) < 0 ||
        lseek(a->fd, (off_t)c->whole_bytes, SEEK_SET) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot shorten what was left");
    return 0;
}

int trtc_regain_append(const struct trtc_regain *g, int fd, const struct trtc_remains *c,
                       struct trtc_err *err)
{
    const struct trtc_remains *first = c ? c : &g->c;
    struct append a = { .g = g, .video = first->info.video, .audio = first->info.audio, .fd = fd };
    int ret = -1;

    a.mux = trtc_tsmux_new(a.video, a.audio, sink, &a, err);
    if (a.mux && begin(&a, c, err) == 0 &&
        trtc_remains_frames(trtc_file_fd(g->file), g->c.whole_bytes, add, &a, err) == 0)
        ret = trtc_tsmux_end(a.mux, NULL, err);
    trtc_tsmux_free(&a.mux);
    return ret;
}

void trtc_regain_close(struct trtc_regain *g, bool done)
{
    if (done)
        trtc_file_abort(&g->file);
    else
        trtc_file_leave(&g->file);
}
