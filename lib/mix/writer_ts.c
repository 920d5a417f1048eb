/* SPDX-License-Identifier: MIT */
/* MPEG-TS output to a file or a pipe, with the project's own multiplexer. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "mix/writer_priv.h"
#include "ts/es.h"
#include "ts/tsmux.h"

enum {
    START_90K = 126000,    /* the time stamp of time 0. The clock is ahead of decoding times, and
                                    these of presentation times; none may be negative */
    ADTS_BYTES_MAX = 8191, /* frame_length has 13 bits */
    TABLES_PERIOD_US = 1000000, /* how often tables are repeated if there are no pictures */
    POLL_MS = 100,              /* the time within which a cancel is noticed */
    STUCK_POLLS = 50, /* after a stop, how often in a row a reader may have taken nothing */
};

struct ts {
    struct trtc_tsmux *m;
    bool begun, has_video;
    int64_t begun_us; /* time of the last tables */
    int64_t bytes;
    uint8_t adts[TRTC_ADTS_MIN]; /* an ADTS header without its length */
    uint8_t frame[ADTS_BYTES_MAX];
};

static int fail_pipe(struct trtc_writer_out *out, int errnum, struct trtc_err *err)
{
    if (errnum == EPIPE)
        atomic_store(&out->reader_left, true);
    return trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "%s", out->name);
}

/* Writes to a pipe whose reader may be slow, or may not read at all. poll guarantees room for
 * PIPE_BUF bytes; no more is written at a time, so that the call never blocks and a cancel is
 * noticed. After a stop it does not wait for a reader that takes nothing any more. */
static int write_pipe(struct trtc_writer_out *out, const uint8_t *data, size_t size,
                      struct trtc_err *err)
{
    int nb_stuck = 0;
    while (size > 0) {
        struct pollfd pfd = { .fd = out->fd, .events = POLLOUT };
        if (atomic_load(&out->cancelled))
            return trtc_fail(err, TRTC_EX_SOFTWARE, "%s: cancelled", out->name);
        const int ready = poll(&pfd, 1, POLL_MS);
        if (ready < 0 && errno != EINTR)
            return fail_pipe(out, errno, err);
        nb_stuck = ready > 0 || !out->o.stop || !*out->o.stop ? 0 : nb_stuck + 1;
        if (nb_stuck > STUCK_POLLS)
            return fail_pipe(out, EAGAIN, err);
        if (ready <= 0)
            continue;
        const ssize_t k = write(out->fd, data, size < PIPE_BUF ? size : PIPE_BUF);
        if (k > 0) {
            data += k;
            size -= (size_t)k;
        } else if (k == 0 || (errno != EINTR && errno != EAGAIN)) {
            return fail_pipe(out, k == 0 ? EIO : errno, err);
        }
    }
    return 0;
}

static int sink(void *opaque, const uint8_t *data, size_t size, struct trtc_err *err)
{
    struct trtc_writer_out *out = opaque;
    struct ts *x = out->state;
    const int ret = out->is_file ? trtc_write_all(out->fd, data, size, out->name, err)
                                 : write_pipe(out, data, size, err);
    if (ret == 0)
        x->bytes += (int64_t)size;
    return ret;
}

/* Makes an ADTS header (ISO/IEC 13818-7, 6.2), except for its length, from an
 * AudioSpecificConfig. */
static int prepare_adts(const struct trtc_writer_track *t, uint8_t h[TRTC_ADTS_MIN],
                        struct trtc_err *err)
{
    const uint8_t *asc = t->asc;
    const int type = t->asc_size < 2 ? 0 : asc[0] >> 3;
    const int rate = t->asc_size < 2 ? 15 : (asc[0] & 7) << 1 | asc[1] >> 7;
    const int channels = t->asc_size < 2 ? 0 : asc[1] >> 3 & 15;
    if (type < 1 || type > 4 || rate > 12 || channels < 1 || channels > 7)
        return trtc_fail(err, TRTC_EX_DATAERR, "MPEG-TS cannot state the format of this sound");
    h[0] = 0xff;
    h[1] = 0xf1; /* MPEG-4, no checksum */
    h[2] = (uint8_t)((type - 1) << 6 | rate << 2 | channels >> 2);
    h[3] = (uint8_t)((channels & 3) << 6);
    h[4] = 0;
    h[5] = 0x1f; /* buffer fullness: variable rate */
    h[6] = 0xfc;
    return 0;
}

static int open_ts(struct trtc_writer_out *out, struct trtc_err *err)
{
    enum trtc_codec audio = TRTC_CODEC_NONE;
    struct ts *x = out->state = calloc(1, sizeof *x);
    if (!x)
        return trtc_fail_nomem(err);
    for (int i = 0; i < out->o.nb_tracks; i++) {
        if (out->o.tracks[i].codec == TRTC_CODEC_H264) {
            x->has_video = true;
            continue;
        }
        audio = TRTC_CODEC_AAC;
        if (prepare_adts(&out->o.tracks[i], x->adts, err) < 0)
            return -1;
    }
    x->m = trtc_tsmux_new(x->has_video ? TRTC_CODEC_H264 : TRTC_CODEC_NONE, audio, sink, out, err);
    if (!x->m)
        return -1;
    if (out->o.start_us > 0) /* for trtc-hls behind a pipe */
        trtc_tsmux_tell_time(x->m, out->o.start_us, START_90K);
    return 0;
}

static int64_t time_90k(int64_t us)
{
    const int64_t t = us * 9; /* hundredths */
    return START_90K + (t >= 0 ? t + 50 : t - 50) / 100;
}

/* Writes the tables again, so that a player can start here. */
static int begin(struct ts *x, int64_t us, struct trtc_err *err)
{
    if (x->begun && trtc_tsmux_end(x->m, NULL, err) < 0)
        return -1;
    x->begun = true;
    x->begun_us = us;
    return trtc_tsmux_begin(x->m, err);
}

static int put_sound(struct ts *x, const struct trtc_packet *p, struct trtc_err *err)
{
    const size_t size = p->size + sizeof x->adts;
    if (size > sizeof x->frame)
        return trtc_fail(err, TRTC_EX_DATAERR, "a sound frame of %zu bytes is too large", p->size);
    memcpy(x->frame, x->adts, sizeof x->adts);
    x->frame[3] |= (uint8_t)(size >> 11);
    x->frame[4] = (uint8_t)(size >> 3);
    x->frame[5] |= (uint8_t)((size & 7) << 5);
    memcpy(x->frame + sizeof x->adts, p->data, p->size);
    return trtc_tsmux_audio(x->m, x->frame, size, time_90k(p->pts_us), err);
}

static int put_ts(struct trtc_writer_out *out, int track, const struct trtc_packet *p,
                  struct trtc_err *err)
{
    struct ts *x = out->state;
    const struct trtc_writer_track *t = &out->o.tracks[track];
    const bool video = t->codec == TRTC_CODEC_H264;
    if (trtc_writer_is_priming(t, p))
        return 0;
    const bool join = x->has_video ? video && p->key : p->pts_us - x->begun_us >= TABLES_PERIOD_US;
    if ((!x->begun || join) && begin(x, p->pts_us, err) < 0)
        return -1;
    if (!video && put_sound(x, p, err) < 0)
        return -1;
    if (video && trtc_tsmux_video(x->m,
                                  &(struct trtc_tsmux_picture){
                                      .au = { p->data, p->size },
                                      .sets = { p->key ? t->sets : NULL, t->sets_size },
                                      .pts_90k = time_90k(p->pts_us),
                                      .dts_90k = time_90k(p->dts_us),
                                      .key = p->key },
                                  err) < 0)
        return -1;
    return out->o.flush ? trtc_tsmux_flush(x->m, err) : 0;
}

static int finish_ts(struct trtc_writer_out *out, struct trtc_err *err)
{
    struct ts *x = out->state;
    if (x->begun && trtc_tsmux_end(x->m, NULL, err) < 0)
        return -1;
    out->bytes = x->bytes;
    return 0;
}

static void close_ts(struct trtc_writer_out *out)
{
    struct ts *x = out->state;
    if (!x)
        return;
    trtc_tsmux_free(&x->m);
    free(x);
    out->state = NULL;
}

const struct trtc_writer_ops trtc_writer_ts = { open_ts, put_ts, finish_ts, close_ts };
