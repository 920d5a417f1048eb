/* SPDX-License-Identifier: MIT */
/* Input: transport streams, by the project's own demultiplexer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "input/input_priv.h"
#include "ts/ts.h"

enum { BLOCK_BYTES = 64 * 1024, TS_BITS = 33 };

#define TIME_MAX_90K (INT64_C(1) << 50)

struct back {
    struct trtc_input_src *src;
    const char *name;
    struct trtc_ts *ts;
    uint8_t *buf;
    int64_t nb_bytes, nb_bad_bytes[TRTC_NB_KINDS], nb_damaged;
    int64_t nb_restamped;
    int64_t nb_bad;                     /* bytes that could not be used before the end */
    int64_t nb_unplaced[TRTC_NB_KINDS]; /* of these, in front of the first frame with a time */
    bool ended, failed;
    bool cut; /* it ends in the middle of a picture */
    bool running;
    int64_t read_us, came_us;  /* when the last block, and the first packet of a track, was read */
    int64_t at_90k;            /* the time stamp before, of any stream, wraps undone */
    bool timed[TRTC_NB_KINDS]; /* there was a frame with a time */
    int layer;                 /* of MPEG audio; 0: unknown */
    struct trtc_ledger ledger[TRTC_NB_KINDS];
};

static void back_free(void *self)
{
    struct back *b = self;

    if (!b)
        return;
    trtc_ts_free(&b->ts);
    free(b->buf);
    free(b);
}

void *trtc_input_ts_new(struct trtc_input_src *src, const char *name, struct trtc_err *err)
{
    struct back *b = calloc(1, sizeof *b);

    if (!b) {
        trtc_fail_nomem(err);
        return NULL;
    }
    b->src = src;
    b->name = name;
    b->ts = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    b->buf = malloc(BLOCK_BYTES);
    if (b->ts && b->buf)
        return b;
    back_free(b);
    trtc_fail_nomem(err);
    return NULL;
}

/* Notes whether the last block had the first packet of a track. */
static void note_first(struct back *b)
{
    const struct trtc_ts_stats *s = b->came_us ? NULL : trtc_ts_stats(b->ts);

    for (int i = 0; s && i < s->nb_named; i++)
        if (s->named[i].taken && s->named[i].nb_packets > 0)
            b->came_us = b->read_us;
}

/* Reads a block. Frames that the demultiplexer holds at a failure are returned before the
 * failure. */
static void refill(struct back *b)
{
    note_first(b);
    const ssize_t got = trtc_input_src_read(b->src, b->buf, BLOCK_BYTES);

    b->read_us = b->came_us ? b->read_us : trtc_mono_us();
    if (got > 0) {
        b->nb_bytes += got;
        trtc_ts_feed(b->ts, b->buf, (size_t)got);
        return;
    }
    b->failed = got < 0;
    b->ended = true;
    b->nb_bad = trtc_ts_stats(b->ts)->nb_bad;
    trtc_ts_end(b->ts);
}

static int64_t us_of_90k(int64_t t)
{
    return (t * 100 + (t < 0 ? -4 : 4)) / 9;
}

static void set_times(struct back *b, const struct trtc_ts_frame *f, struct trtc_input_raw *raw)
{
    raw->pts_us = raw->dts_us = TRTC_NOTIME;
    if (f->pts_90k == TRTC_TS_NOPTS)
        return;

    const int64_t dts = f->dts_90k == TRTC_TS_NOPTS ? f->pts_90k : f->dts_90k;
    b->at_90k = b->running ? trtc_input_unwrap(dts, TS_BITS, b->at_90k) : dts;
    if (b->at_90k > TIME_MAX_90K || b->at_90k < -TIME_MAX_90K)
        b->at_90k = dts; /* no stream runs that long: to the clock it is a jump */
    b->running = true;
    raw->dts_us = us_of_90k(b->at_90k);
    raw->pts_us = us_of_90k(trtc_input_unwrap(f->pts_90k, TS_BITS, b->at_90k));
}

/* Counts a frame that is not returned. */
static void leave_out(struct back *b, const struct trtc_input_raw *raw, enum trtc_left why)
{
    b->nb_bad_bytes[raw->track] += (int64_t)raw->size;
    b->ledger[raw->track].nb_left[why]++;
}

/* Leaves out the last picture, which is truncated by a stop or in the input. */
static void leave_out_last(struct back *b, const struct trtc_input_raw *raw)
{
    if (trtc_is_stopped(b->src->stop)) {
        b->ledger[raw->track].nb_left[TRTC_LEFT_CUT]++;
        return;
    }
    leave_out(b, raw, TRTC_LEFT_DAMAGED);
    b->cut = true;
}

/* Notes the layer of a frame of MPEG audio (ISO/IEC 11172-3, 2.4.2.3). */
static void look_at_layer(struct back *b, const struct trtc_ts_frame *f)
{
    if (strcmp(f->stream->codec_name, "mp3") == 0 && f->size > 1)
        b->layer = (4 - (f->data[1] >> 1 & 3)) & 3;
}

/* Whether the frame, the last of its stream, may be truncated by a stop or in the input. */
static bool is_cut(const struct back *b, const struct trtc_ts_frame *f)
{
    const bool stopped = trtc_is_stopped(b->src->stop);

    return b->ended && ((f->damaged && (f->stream->video || stopped)) ||
                        (stopped && f->stream->video && !f->followed));
}

static int back_next(void *self, struct trtc_input_raw *raw, struct trtc_err *err)
{
    struct back *b = self;
    struct trtc_ts_frame f;

    for (;;) {
        const int got = trtc_ts_next(b->ts, &f);
        if (got < 0)
            return trtc_fail_nomem(err);
        if (got == 0) {
            if (b->ended)
                return b->failed ? trtc_input_fail_read(b->src, b->name, err) : 0;
            refill(b);
            continue;
        }

        *raw = (struct trtc_input_raw){
            .track = f.stream->video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO,
            .codec = f.stream->codec,
            .codec_name = f.stream->codec_name,
            .data = f.data,
            .size = f.size,
            .dur_us = f.samples && f.rate_hz ? INT64_C(1000000) * f.samples / f.rate_hz : 0,
            .key = f.key,
            .sure = f.deep,
            .damaged = f.damaged,
            .waited = trtc_is_stopped(b->src->stop),
        };
        note_first(b);
        b->ledger[raw->track].nb_in++;
        if (!f.stream->video)
            look_at_layer(b, &f);
        set_times(b, &f, raw);
        b->nb_restamped +=
            f.restamped ||
            (f.misplaced && !trtc_input_is_wild(raw->pts_us, raw->dts_us, raw->sure));
        /* the rest of a frame that began before the stream was joined, whose place is unknown */
        b->timed[raw->track] |= raw->pts_us != TRTC_NOTIME;
        if (!b->timed[raw->track]) {
            leave_out(b, raw, TRTC_LEFT_UNPLACED);
            b->nb_unplaced[raw->track] += (int64_t)raw->size;
        } else if (is_cut(b, &f)) {
            leave_out_last(b, raw);
        } else {
            b->nb_damaged += f.damaged && f.stream->video; /* sound: whole, as far as known */
            return 1;
        }
    }
}

/* Returns the name of a codec. Tables do not state which layer of MPEG audio a stream has; its
 * frames do. */
static const char *name_of(const struct back *b, const struct trtc_ts_stream *s, bool taken)
{
    static const char *const layers[] = { "mpeg audio", "mp1", "mp2", "mp3" };

    if (strcmp(s->codec_name, "mp3") != 0)
        return s->codec_name;
    return !taken ? layers[0] : layers[b->layer ? b->layer : 3];
}

static void back_track(const void *self, int track, struct trtc_input_track *out)
{
    const struct back *b = self;
    const struct trtc_ts_stream *s =
        trtc_ts_stream(b->ts, track == TRTC_AT_VIDEO ? TRTC_VIDEO : TRTC_AUDIO);

    *out = (struct trtc_input_track){ .codec = s ? s->codec : TRTC_CODEC_NONE,
                                      .codec_name = s ? name_of(b, s, true) : NULL };
}

static void back_losses(const void *self, unsigned kinds, struct trtc_input_losses *out)
{
    const struct back *b = self;
    const struct trtc_ts_stats *s = trtc_ts_stats(b->ts);
    const bool pictures = kinds & TRTC_VIDEO, sound = kinds & TRTC_AUDIO;

    /* what a stop truncates is no damage */
    const int64_t nb_bad = b->ended && trtc_is_stopped(b->src->stop) ? b->nb_bad : s->nb_bad;

    out->nb_lost_packets = s->nb_lost;
    out->nb_bad_bytes = nb_bad + (pictures ? b->nb_bad_bytes[TRTC_AT_VIDEO] : 0) +
                        (sound ? b->nb_bad_bytes[TRTC_AT_AUDIO] : 0);
    out->nb_early_bytes = (pictures ? b->nb_unplaced[TRTC_AT_VIDEO] : 0) +
                          (sound ? b->nb_unplaced[TRTC_AT_AUDIO] : 0);
    for (int i = 0; i < s->nb_named; i++) {
        const struct trtc_ts_named *n = &s->named[i];
        if (n->kind && !(n->kind & kinds)) {
            out->nb_lost_packets -= n->nb_lost;
            out->nb_bad_bytes -= n->nb_bad;
            continue;
        }
        out->nb_scrambled[trtc_at(n->kind)] += n->nb_scrambled;
        out->nb_early_bytes += n->nb_early;
        if (trtc_ts_is_encrypted(n))
            snprintf(out->encrypted, sizeof out->encrypted, "SAMPLE-AES");
    }
    out->nb_bad_bytes = out->nb_bad_bytes > 0 ? out->nb_bad_bytes : 0;
    out->nb_faults = s->nb_rtp_missing;
    out->fault = s->nb_rtp_missing ? "a datagram of RTP is missing" : NULL;
    out->nb_damaged = pictures ? b->nb_damaged : 0;
    out->nb_unordered += pictures ? b->nb_restamped : 0;
    out->cut = s->partial_tail || (pictures && b->cut);
}

static void back_ledger(const void *self, int track, struct trtc_ledger *out)
{
    const struct back *b = self;
    const struct trtc_ts_stats *s = trtc_ts_stats(b->ts);
    const unsigned kind = track == TRTC_AT_VIDEO ? TRTC_VIDEO : TRTC_AUDIO;

    *out = b->ledger[track];
    for (int i = 0; i < s->nb_named; i++)
        if (s->named[i].taken && s->named[i].kind == kind)
            out->nb_packets += s->named[i].nb_packets;
}

static bool back_named(const void *self, int k, struct trtc_input_named *out)
{
    const struct back *b = self;
    const struct trtc_ts_stats *s = trtc_ts_stats(b->ts);

    if (k >= s->nb_named)
        return false;
    const struct trtc_ts_named *n = &s->named[k];
    *out = (struct trtc_input_named){
        .kind = n->kind == TRTC_VIDEO   ? TRTC_VIDEO
                : n->kind == TRTC_AUDIO ? TRTC_AUDIO
                                        : TRTC_NO_KIND,
        .id = n->stream.pid,
        .is_pid = true,
        .taken = n->taken,
        .nb_packets = n->nb_packets,
        .nb_unfollowed = trtc_ts_unfollowed(n),
    };
    snprintf(out->codec_name, sizeof out->codec_name, "%s", name_of(b, &n->stream, n->taken));
    return true;
}

static bool back_time(const void *self, int64_t *utc_us, int64_t *at_90k)
{
    const struct back *b = self;
    const struct trtc_ts_stats *s = trtc_ts_stats(b->ts);

    *utc_us = s->utc_us;
    *at_90k = s->utc_90k;
    return s->tells_time;
}

static bool back_may_grow(const void *self)
{
    (void)self;
    return true;
}

static int64_t back_came_us(const void *self)
{
    return ((const struct back *)self)->came_us;
}

static int64_t back_nb_bytes(const void *self)
{
    return ((const struct back *)self)->nb_bytes;
}

const struct trtc_input_ops trtc_input_ts_ops = {
    .next = back_next,
    .track = back_track,
    .losses = back_losses,
    .ledger = back_ledger,
    .named = back_named,
    .time = back_time,
    .may_grow = back_may_grow,
    .nb_bytes = back_nb_bytes,
    .came_us = back_came_us,
    .free = back_free,
};
