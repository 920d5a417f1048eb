/* SPDX-License-Identifier: MIT */
/* One user's picture in the mix.
 *
 * Packets whose decoding time is due go to the decoder; where it holds pictures back to reorder them, as many more as
 * it takes until no picture that is due is inside. A decoded picture that is not due yet waits in `next`. */
#include "media/tile.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include "media/av.h"

#define DECODED_PX_MAX (8192 * 8192) /* more than any camera or screen: damage */
#define REORDER        4             /* pictures held back by streams that reorder at all */

enum { KEPT_MAX_BYTES = 8 << 20, KEPT_MAX = 2048 };
enum { INSIDE_MAX = 64 }; /* more than any decoder holds, its threads included */

struct trtc_tile {
    struct trtc_feed *feed;
    int threads;
    struct trtc_feed_frame ahead; /* next packet of the feed, if has_ahead */
    bool has_ahead, ended;
    bool deaf; /* no decoder: what comes is taken, and dropped */

    AVPacket **kept; /* not decoded yet: from a key frame on, or what follows the decoder's state */
    size_t nb_kept, cap_kept, kept_bytes;
    size_t newest_key; /* its place among them; 0: there is none behind the first */
    enum trtc_codec kept_codec;
    bool kept_fresh; /* kept begins with a key frame that does not follow what was decoded */

    AVCodecContext *dec;
    enum trtc_codec codec; /* of dec */
    bool draining;
    int64_t
        inside_us[INSIDE_MAX]; /* pts of what was sent and did not come out, in order of sending */
    int nb_inside;

    AVFrame *decoded; /* scratch */
    AVFrame *cur, *next;
    bool has_next;
    int64_t cur_us, next_us;
    int64_t serial;

    struct trtc_tile_stats stats;
    struct trtc_err failure;
    int64_t last_us, failed_at_us;
};

struct trtc_tile *trtc_tile_new(struct trtc_feed *feed, int threads, struct trtc_err *err)
{
    struct trtc_tile *t = calloc(1, sizeof *t);
    if (!t) {
        trtc_fail_nomem(err);
        return NULL;
    }
    t->feed = feed;
    t->threads = threads;
    t->cur_us = t->last_us = t->failed_at_us = TRTC_NOTIME;
    t->decoded = av_frame_alloc();
    t->cur = av_frame_alloc();
    t->next = av_frame_alloc();
    if (!t->decoded || !t->cur || !t->next) {
        trtc_fail_nomem(err);
        trtc_tile_free(&t);
    }
    return t;
}

static void drop_kept(struct trtc_tile *t)
{
    for (size_t i = 0; i < t->nb_kept; i++)
        av_packet_free(&t->kept[i]);
    t->nb_kept = t->kept_bytes = t->newest_key = 0;
}

void trtc_tile_free(struct trtc_tile **t)
{
    struct trtc_tile *x = *t;
    if (!x)
        return;
    drop_kept(x);
    free(x->kept);
    avcodec_free_context(&x->dec);
    av_frame_free(&x->decoded);
    av_frame_free(&x->cur);
    av_frame_free(&x->next);
    free(x);
    *t = NULL;
}

/* The tile breaks here: what it shows stays as it is. */
static void break_off(struct trtc_tile *t, const struct trtc_err *why)
{
    if (t->failure.code)
        return;
    t->failure = *why;
    t->failed_at_us = t->last_us;
}

/* ---- decoding ---- */

static void close_decoder(struct trtc_tile *t)
{
    avcodec_free_context(&t->dec);
    t->draining = false;
    t->nb_inside = 0;
}

static int open_decoder(struct trtc_tile *t, enum trtc_codec codec, const AVPacket *first,
                        struct trtc_err *err)
{
    const AVCodec *c = trtc_av_decoder(AVMEDIA_TYPE_VIDEO, codec, NULL, err);
    if (!c)
        return -1;
    t->dec = avcodec_alloc_context3(c);
    if (!t->dec)
        return trtc_fail_nomem(err);
    t->codec = codec;
    t->dec->pkt_timebase = (AVRational){ 1, 1000000 };
    t->dec->max_pixels = DECODED_PX_MAX;
    t->dec->thread_count = t->threads;
    t->dec->thread_type = FF_THREAD_FRAME;
    /* Where a stream does not say how far it reorders, the decoder learns it by dropping pictures;
     * most streams of calls do not reorder at all, and are decoded without delay. */
    if (codec == TRTC_CODEC_H264 && first->pts > first->dts)
        t->dec->has_b_frames = REORDER;
    int ret = avcodec_open2(t->dec, c, NULL);
    if (ret < 0) {
        close_decoder(t);
        return trtc_fail_av(err, TRTC_EX_UNAVAILABLE, ret, "%s decoder", c->name);
    }
    return 0;
}

static void note_sent(struct trtc_tile *t, int64_t pts_us)
{
    if (t->nb_inside == INSIDE_MAX)
        memmove(t->inside_us, t->inside_us + 1, --t->nb_inside * sizeof *t->inside_us);
    t->inside_us[t->nb_inside++] = pts_us;
}

/* Pictures come out in order: what is not later than this one will not come any more. */
static void note_out(struct trtc_tile *t, int64_t pts_us)
{
    int n = 0;
    for (int i = 0; i < t->nb_inside; i++)
        if (t->inside_us[i] > pts_us)
            t->inside_us[n++] = t->inside_us[i];
    t->nb_inside = n;
}

/* A picture from the decoder, in t->decoded, that is due at due_us or waits as next. */
static void take_picture(struct trtc_tile *t, int64_t due_us)
{
    AVFrame *pic = t->decoded;
    const int64_t us = pic->pts != AV_NOPTS_VALUE ? pic->pts : pic->best_effort_timestamp;
    if (us != AV_NOPTS_VALUE)
        note_out(t, us);
    t->stats.nb_decoded++;
    if (pic->decode_error_flags || (pic->flags & AV_FRAME_FLAG_CORRUPT))
        t->stats.nb_broken++;
    if (us == AV_NOPTS_VALUE || (t->cur_us != TRTC_NOTIME && us < t->cur_us)) {
        av_frame_unref(pic);
        return;
    }
    if (us > due_us) {
        av_frame_unref(t->next);
        av_frame_move_ref(t->next, pic);
        t->next_us = us;
        t->has_next = true;
        return;
    }
    av_frame_unref(t->cur);
    av_frame_move_ref(t->cur, pic);
    t->cur_us = us;
    t->serial++;
}

/* Takes out what the decoder has, until a picture comes that is not due. 0, or -1: no memory. */
static int receive(struct trtc_tile *t, int64_t due_us, struct trtc_err *err)
{
    while (t->dec && !t->has_next) {
        int ret = avcodec_receive_frame(t->dec, t->decoded);
        if (ret == AVERROR(EAGAIN))
            return 0;
        if (ret == AVERROR_EOF) {
            close_decoder(t);
            return 0;
        }
        if (ret == AVERROR(ENOMEM))
            return trtc_fail_nomem(err);
        if (ret < 0) {
            t->stats.nb_broken++;
            if (ret != AVERROR_INVALIDDATA)
                close_decoder(t);
            return 0;
        }
        take_picture(t, due_us);
    }
    return 0;
}

static int drain(struct trtc_tile *t, int64_t due_us, struct trtc_err *err)
{
    if (t->dec && !t->draining) {
        avcodec_send_packet(t->dec, NULL);
        t->draining = true;
    }
    return receive(t, due_us, err);
}

/* Whether the packet behind p has a later picture that is due as well: then p's own is never seen, and need not be decoded
 * where nothing refers to it. */
static bool is_outrun(const struct trtc_tile *t, const AVPacket *p, int64_t due_us)
{
    int64_t pts_us = TRTC_NOTIME;
    if (t->nb_kept > 1)
        pts_us = t->kept[1]->pts;
    else if (t->has_ahead)
        pts_us = t->ahead.pkt.pts_us;
    return pts_us > p->pts && pts_us <= due_us;
}

/* Sends the first kept packet to the decoder. 1: it was taken; 0: pictures must be taken out first. */
static int send_kept(struct trtc_tile *t, int64_t due_us, struct trtc_err *err)
{
    AVPacket *p = t->kept[0];
    if (t->dec && (t->codec != t->kept_codec || t->draining)) { /* it gives what it has first */
        if (drain(t, due_us, err) < 0)
            return -1;
        if (t->dec)
            return 0;
    }
    if (t->dec && t->kept_fresh) {
        avcodec_flush_buffers(t->dec);
        t->nb_inside = 0;
    }
    t->kept_fresh = false;
    struct trtc_err why;
    if (!t->dec && open_decoder(t, t->kept_codec, p, &why) < 0) {
        if (why.code == TRTC_EX_TEMPFAIL) {
            *err = why;
            return -1;
        }
        break_off(t, &why);
        t->deaf = true;
        drop_kept(t);
        return 1;
    }
    t->dec->skip_frame = is_outrun(t, p, due_us) ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    int ret = avcodec_send_packet(t->dec, p);
    if (ret == AVERROR(EAGAIN))
        return 0;
    if (ret == AVERROR(ENOMEM))
        return trtc_fail_nomem(err);
    if (ret < 0)
        t->stats.nb_broken++;
    else
        note_sent(t, p->pts);
    t->kept_bytes -= (size_t)p->size;
    av_packet_free(&t->kept[0]);
    memmove(t->kept, t->kept + 1, --t->nb_kept * sizeof *t->kept);
    t->newest_key -= t->newest_key > 0;
    return 1;
}

/* ---- packets ---- */

/* The next packet into t->ahead, unless it is there. */
static void look_ahead(struct trtc_tile *t)
{
    struct trtc_err why;
    if (t->has_ahead || t->ended)
        return;
    switch (trtc_feed_next(t->feed, &t->ahead, &why)) {
    case TRTC_FED_FRAME:
        t->has_ahead = true;
        break;
    case TRTC_FED_WAIT:
        break;
    case TRTC_FED_END:
        t->ended = true;
        break;
    default:
        break_off(t, &why);
        t->ended = true;
    }
}

/* Copies the packet ahead behind the kept ones. */
static int keep(struct trtc_tile *t, struct trtc_err *err)
{
    const struct trtc_feed_frame *f = &t->ahead;
    if (t->nb_kept == t->cap_kept) {
        size_t cap = t->cap_kept ? 2 * t->cap_kept : 32;
        AVPacket **grown = realloc(t->kept, cap * sizeof(AVPacket *));
        if (!grown)
            return trtc_fail_nomem(err);
        t->kept = grown;
        t->cap_kept = cap;
    }
    const size_t size = f->pkt.size + f->sets_size;
    AVPacket *p = av_packet_alloc();
    if (!p || size > INT32_MAX / 2 || av_new_packet(p, (int)size) < 0) {
        av_packet_free(&p);
        return trtc_fail_nomem(err);
    }
    if (f->sets_size)
        memcpy(p->data, f->sets, f->sets_size);
    memcpy(p->data + f->sets_size, f->pkt.data, f->pkt.size);
    p->pts = f->pkt.pts_us;
    p->dts = f->pkt.dts_us;
    p->flags = f->pkt.key ? AV_PKT_FLAG_KEY : 0;
    if (f->pkt.key)
        t->newest_key = t->nb_kept;
    t->kept[t->nb_kept++] = p;
    t->kept_codec = f->codec;
    t->kept_bytes += size;
    t->last_us = f->pkt.pts_us > t->last_us ? f->pkt.pts_us : t->last_us;
    t->stats.nb_packets++;
    t->has_ahead = false;
    return 0;
}

/* Once a key frame is due, what comes before it is not needed any more. */
static void drop_outdated(struct trtc_tile *t, int64_t due_us)
{
    const size_t n = t->newest_key;
    if (t->nb_kept == 0 || !(t->kept[n]->flags & AV_PKT_FLAG_KEY) || t->kept[n]->pts > due_us)
        return;
    for (size_t i = 0; i < n; i++) {
        t->kept_bytes -= (size_t)t->kept[i]->size;
        av_packet_free(&t->kept[i]);
    }
    t->nb_kept -= n;
    memmove(t->kept, t->kept + n, t->nb_kept * sizeof *t->kept);
    t->newest_key = 0;
    t->kept_fresh = true;
}

static int skip_due(struct trtc_tile *t, int64_t due_us, struct trtc_err *err)
{
    for (look_ahead(t); t->has_ahead && t->ahead.pkt.dts_us <= due_us; look_ahead(t)) {
        if (t->nb_kept && t->ahead.codec != t->kept_codec)
            drop_kept(t); /* nothing follows from them */
        if (keep(t, err) < 0)
            return -1;
        drop_outdated(t, due_us);
    }
    drop_outdated(t, due_us);
    return 0;
}

/* A picture that is due may still be inside the decoder. */
static bool owes(const struct trtc_tile *t, int64_t due_us)
{
    if (!t->dec || t->has_next)
        return false;
    for (int i = 0; i < t->nb_inside; i++)
        if (t->inside_us[i] <= due_us && (t->cur_us == TRTC_NOTIME || t->inside_us[i] > t->cur_us))
            return true;
    return false;
}

static int decode_due(struct trtc_tile *t, int64_t due_us, struct trtc_err *err)
{
    if (t->has_next && t->next_us <= due_us) {
        av_frame_unref(t->cur);
        av_frame_move_ref(t->cur, t->next);
        t->cur_us = t->next_us;
        t->serial++;
        t->has_next = false;
    }
    while (true) {
        while (t->nb_kept) {
            /* what comes after a picture that is not due yet is not due either, but what is kept
             * must not grow */
            if (t->has_next && t->nb_kept < KEPT_MAX && t->kept_bytes < KEPT_MAX_BYTES)
                return 0;
            int ret = send_kept(t, due_us, err);
            if (ret < 0 || receive(t, due_us, err) < 0)
                return -1;
            if (ret == 0 && t->has_next)
                return 0;
        }
        if (t->has_next || t->deaf)
            return 0;
        look_ahead(t);
        if (!t->has_ahead) {
            if (!t->ended)
                return 0;
            if (t->dec && drain(t, due_us, err) < 0)
                return -1;
            return 0;
        }
        if (t->ahead.pkt.dts_us > due_us && !owes(t, due_us))
            return 0;
        if (t->nb_kept == 0 && keep(t, err) < 0)
            return -1;
        look_ahead(t);
    }
}

/* Without a decoder the source is taken from all the same: its sound comes by the same way. */
static void drop_due(struct trtc_tile *t, int64_t due_us)
{
    for (look_ahead(t); t->has_ahead && t->ahead.pkt.dts_us <= due_us; look_ahead(t))
        t->has_ahead = false;
}

int trtc_tile_advance(struct trtc_tile *t, int64_t due_us, bool shown, struct trtc_err *err)
{
    if (t->deaf) {
        drop_due(t, due_us);
        return 0;
    }
    /* what is hidden for long without a key frame is decoded all the same */
    if (!shown && t->nb_kept < KEPT_MAX && t->kept_bytes < KEPT_MAX_BYTES)
        return skip_due(t, due_us, err);
    return decode_due(t, due_us, err);
}

/* ---- what it shows ---- */

const AVFrame *trtc_tile_picture(const struct trtc_tile *t)
{
    return t->serial ? t->cur : NULL;
}

int64_t trtc_tile_pts_us(const struct trtc_tile *t)
{
    return t->cur_us;
}

int64_t trtc_tile_serial(const struct trtc_tile *t)
{
    return t->serial;
}

void trtc_tile_stats(const struct trtc_tile *t, struct trtc_tile_stats *out)
{
    *out = t->stats;
    out->ended = t->ended && !t->has_ahead;
}

void trtc_tile_failure(const struct trtc_tile *t, struct trtc_err *err, int64_t *at_us)
{
    *err = t->failure;
    *at_us = t->failed_at_us;
}
