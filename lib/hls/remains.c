/* SPDX-License-Identifier: MIT */
/* Finds the complete part of a segment. */
#include "hls/remains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/clock.h"
#include "ts/whole.h"

enum { BLOCK = TRTC_TS_PACKET * 512 };

/* ---- reading ---- */

/* Passes on the complete packets of fd, up to so many bytes. */
static int read_blocks(int fd, int64_t bytes,
                       int (*take)(void *opaque, const uint8_t *p, size_t n, struct trtc_err *err),
                       void *opaque, struct trtc_err *err)
{
    uint8_t *buf = malloc(BLOCK);
    size_t held = 0;
    int ret = buf ? 0 : trtc_fail_nomem(err);

    if (ret == 0 && lseek(fd, 0, SEEK_SET) < 0)
        ret = trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot read what was left");
    while (ret == 0 && bytes > 0) {
        const size_t room = BLOCK - held;
        const ssize_t got = read(fd, buf + held, bytes < (int64_t)room ? (size_t)bytes : room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            ret = trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot read what was left");
        if (got <= 0)
            break;
        bytes -= got;
        held += (size_t)got;
        const size_t use = held / TRTC_TS_PACKET * TRTC_TS_PACKET;
        ret = take(opaque, buf, use, err);
        memmove(buf, buf + use, held - use);
        held -= use;
    }
    free(buf);
    return ret;
}

struct packets {
    void (*take)(void *opaque, const uint8_t *packet);
    void *opaque;
};

static int take_packets(void *opaque, const uint8_t *p, size_t n, struct trtc_err *err)
{
    const struct packets *to = opaque;

    (void)err;
    for (size_t at = 0; at < n; at += TRTC_TS_PACKET)
        to->take(to->opaque, p + at);
    return 0;
}

int trtc_remains_packets(int fd, int64_t bytes, void (*take)(void *opaque, const uint8_t *packet),
                         void *opaque, struct trtc_err *err)
{
    struct packets to = { take, opaque };

    return read_blocks(fd, bytes, take_packets, &to, err);
}

struct frames {
    struct trtc_ts *ts;
    int (*take)(void *opaque, const struct trtc_ts_frame *f, struct trtc_err *err);
    void *opaque;
};

static int hand_out(const struct frames *to, struct trtc_err *err)
{
    struct trtc_ts_frame f;
    int got;

    while ((got = trtc_ts_next(to->ts, &f)) > 0)
        if (to->take(to->opaque, &f, err) < 0)
            return -1;
    return got < 0 ? trtc_fail_nomem(err) : 0;
}

static int take_frames(void *opaque, const uint8_t *p, size_t n, struct trtc_err *err)
{
    const struct frames *to = opaque;

    trtc_ts_feed(to->ts, p, n);
    return hand_out(to, err);
}

static int all_frames(int fd, int64_t bytes, struct frames *to, struct trtc_err *err)
{
    if (!to->ts)
        return trtc_fail_nomem(err);
    if (read_blocks(fd, bytes, take_frames, to, err) < 0)
        return -1;
    trtc_ts_end(to->ts);
    return hand_out(to, err);
}

int trtc_remains_frames(int fd, int64_t bytes,
                        int (*take)(void *opaque, const struct trtc_ts_frame *f,
                                    struct trtc_err *err),
                        void *opaque, struct trtc_err *err)
{
    struct frames to = { trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO), take, opaque };
    const int ret = all_frames(fd, bytes, &to, err);

    trtc_ts_free(&to.ts);
    return ret;
}

/* ---- examining ---- */

static void take_format(struct trtc_remains *c, const struct trtc_ts_frame *f)
{
    struct trtc_video_params v;
    struct trtc_adts a;

    if (!f->stream->video && c->info.rate_hz == 0 && trtc_adts_parse(f->data, f->size, &a) == 0) {
        c->info.audio = TRTC_CODEC_AAC;
        c->info.rate_hz = a.rate_hz;
        c->info.channels = a.channels;
    }
    if (!f->stream->video || c->info.width_px > 0)
        return;
    c->info.video = f->stream->codec;
    if (trtc_video_params_read(f->stream->codec, f->data, f->size, &v) < 0)
        return;
    c->info.width_px = v.width_px;
    c->info.height_px = v.height_px;
}

static int take_frame(void *opaque, const struct trtc_ts_frame *f, struct trtc_err *err)
{
    struct trtc_remains *c = opaque;
    const int k = f->stream->video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;

    (void)err;
    take_format(c, f);
    if (f->pts_90k == TRTC_TS_NOPTS)
        return 0;
    if (!c->any)
        c->base_90k = f->pts_90k;

    const int64_t pts_90k = trtc_ts_diff(f->pts_90k, c->base_90k);
    const int64_t dts_90k = trtc_ts_diff(f->dts_90k, c->base_90k);
    if (c->seen[k])
        c->step_90k[k] = dts_90k - c->dts_90k[k];
    const int64_t long_90k =
        f->samples && f->rate_hz ? f->samples * INT64_C(90000) / f->rate_hz : c->step_90k[k];
    if (!c->any || f->pos < c->began_pos) {
        c->began_pos = f->pos;
        c->began_90k = pts_90k;
        c->began_dts_90k = dts_90k;
    }
    if (!c->any || pts_90k < c->low_90k)
        c->low_90k = pts_90k;
    if (!c->any || pts_90k + long_90k > c->high_90k)
        c->high_90k = pts_90k + long_90k;
    c->dts_90k[k] = dts_90k;
    c->seen[k] = c->any = true;
    return 0;
}

static void take_packet(void *opaque, const uint8_t *packet)
{
    trtc_whole_packet(opaque, packet);
}

int trtc_remains_look(int fd, struct trtc_remains *out, struct trtc_err *err)
{
    struct frames to = { trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO), take_frame, out };
    struct trtc_whole whole = { 0 };

    *out = (struct trtc_remains){ 0 };
    int ret = trtc_remains_packets(fd, INT64_MAX, take_packet, &whole, err);
    out->whole_bytes = whole.bytes;
    if (ret == 0)
        ret = all_frames(fd, whole.bytes, &to, err);
    if (ret == 0) {
        const struct trtc_ts_stats *st = trtc_ts_stats(to.ts);
        out->tells_time = st->tells_time;
        out->utc_us = st->utc_us;
        out->utc_90k = st->utc_90k;
    }
    trtc_ts_free(&to.ts);
    return ret;
}
