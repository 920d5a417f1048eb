/* SPDX-License-Identifier: MIT */
/* MP4 output, with the project's own MP4 writer. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/utc.h"
#include "mix/writer_priv.h"
#include "mp4/mp4.h"
#include "mp4/track.h"
#include "ts/es.h"

enum {
    VIDEO_HZ = 90000,
    RESERVE_BASE = 64 * 1024,
    RESERVE_PER_PICTURE = 16, /* bytes in the index */
    RESERVE_PER_S = 200,      /* bytes in the index for a second of sound, and for the chunks */
};

struct mp4 {
    struct trtc_mp4 *m;
    uint8_t *buf; /* a picture with lengths instead of start codes */
    size_t cap;
};

static uint32_t timescale(const struct trtc_writer_track *t)
{
    return t->codec == TRTC_CODEC_H264 ? VIDEO_HZ : (uint32_t)t->rate_hz;
}

static int64_t reserve_bytes(const struct trtc_writer_opts *o)
{
    int64_t per_s = 0;
    if (o->expected_us <= 0)
        return RESERVE_BASE;
    for (int i = 0; i < o->nb_tracks; i++)
        per_s += RESERVE_PER_S + (int64_t)o->tracks[i].fps * RESERVE_PER_PICTURE;
    return RESERVE_BASE + o->expected_us / 1000000 * per_s;
}

/* Returns the colours that the parameter sets state. */
static struct trtc_colour colour_of(const struct trtc_writer_track *t)
{
    struct trtc_video_params v = { 0 };
    if (t->codec == TRTC_CODEC_H264)
        trtc_video_params_read(t->codec, t->sets, t->sets_size, &v);
    return v.colour;
}

static int open_mp4(struct trtc_writer_out *out, struct trtc_err *err)
{
    const struct trtc_mp4_info info = {
        .creation_ms = out->o.creation_ms,
        .reserve_bytes = reserve_bytes(&out->o),
        .give_back = true,
    };
    struct mp4 *x = out->state = calloc(1, sizeof *x);
    if (!x)
        return trtc_fail_nomem(err);
    x->m = trtc_mp4_new(out->fd, out->name, &info, err);
    if (!x->m)
        return -1;
    for (int i = 0; i < out->o.nb_tracks; i++) {
        const struct trtc_writer_track *t = &out->o.tracks[i];
        const struct trtc_mp4_track to = {
            .codec = t->codec,
            .timescale = timescale(t),
            .name = t->name,
            .width_px = t->width_px,
            .height_px = t->height_px,
            .colour = colour_of(t),
            .annexb = t->sets,
            .annexb_size = t->sets_size,
            .asc = t->asc,
            .asc_size = t->asc_size,
            .rate_hz = t->rate_hz,
            .channels = t->channels,
        };
        if (trtc_mp4_add_track(x->m, &to, err) < 0)
            return -1;
    }
    return 0;
}

static int put_mp4(struct trtc_writer_out *out, int track, const struct trtc_packet *p,
                   struct trtc_err *err)
{
    struct mp4 *x = out->state;
    const struct trtc_writer_track *t = &out->o.tracks[track];
    const uint8_t *data = p->data;
    size_t size = p->size;
    if (t->codec == TRTC_CODEC_H264) {
        if (trtc_array_reserve(&x->buf, &x->cap, TRTC_LENGTHS_MAX(size), 1) < 0)
            return trtc_fail_nomem(err);
        size = trtc_annexb_to_lengths(TRTC_CODEC_H264, data, size, true, x->buf);
        data = x->buf;
    }
    const struct trtc_sample s = { .data = data,
                                   .size = size,
                                   .dts = trtc_us_to_ticks(p->dts_us, timescale(t)),
                                   .pts = trtc_us_to_ticks(p->pts_us, timescale(t)),
                                   .key = p->key || t->codec == TRTC_CODEC_AAC };
    return trtc_mp4_write(x->m, track, &s, err);
}

static int finish_mp4(struct trtc_writer_out *out, struct trtc_err *err)
{
    struct mp4 *x = out->state;
    struct stat st;
    for (int i = 0; i < out->o.nb_tracks; i++)
        if (out->end_us[i] != TRTC_NOTIME)
            trtc_mp4_end_track(x->m, i,
                               trtc_us_to_ticks(out->end_us[i], timescale(&out->o.tracks[i])));
    if (trtc_mp4_finish(x->m, err) < 0)
        return -1;
    if (fstat(out->fd, &st) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", out->name);
    out->bytes = st.st_size;
    return 0;
}

static void close_mp4(struct trtc_writer_out *out)
{
    struct mp4 *x = out->state;
    if (!x)
        return;
    trtc_mp4_free(&x->m);
    free(x->buf);
    free(x);
    out->state = NULL;
}

const struct trtc_writer_ops trtc_writer_mp4 = { open_mp4, put_mp4, finish_mp4, close_mp4 };
