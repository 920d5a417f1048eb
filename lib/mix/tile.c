/* SPDX-License-Identifier: MIT */
/* The picture of one user in the mix.
 *
 * Packets whose decoding time is due are sent to the decoder. If it holds back pictures to reorder
 * them, it gets more packets, until it contains no picture that is due. A decoded picture that is
 * not due yet waits in `next`. */
#include "base/array.h"
#include "codec/decode_picture.h"
#include "mix/tile_priv.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include "base/utc.h"
#include "codec/av.h"
#include "codec/recolour.h"
#include "picture/turn.h"

#define HIDDEN_US (INT64_MIN + 1) /* the time of pictures that are decoded but not shown */
#define REORDER   4               /* pictures held back for a stream that reorders at all */

enum { KEPT_MAX_BYTES = 8 << 20, KEPT_MAX = 2048 };

struct kept {
    AVPacket *pkt;
    struct tile_about about;
};

struct trtc_tile {
    struct trtc_feed *feed;
    int threads;
    struct trtc_feed_frame ahead; /* the next packet of the feed, if has_ahead */
    bool has_ahead, ended;
    bool deaf; /* there is no decoder: packets are read and dropped */

    /* packets that are not decoded yet: they begin with a key frame, or continue what was
     * decoded */
    struct kept *kept;
    size_t nb_kept, cap_kept, kept_bytes;
    size_t newest_key; /* index of the last key frame among them; 0: none after the first packet */
    const AVCodec *kept_codec; /* their decoder; NULL: there is none */
    struct trtc_err why_not;   /* why there is none */
    char codec_name[32];       /* the name of their codec; "": there was no packet yet */
    AVCodecParameters *par;    /* parameters from the container, or NULL */
    bool par_new;              /* dec was opened without these parameters */
    bool kept_fresh; /* kept begins with a key frame that does not continue what was decoded */

    AVCodecContext *dec;
    bool draining;

    AVFrame *decoded; /* scratch */
    AVFrame *cur, *next;
    bool has_next;
    int64_t cur_us, next_us;
    unsigned cur_turn, next_turn;
    struct trtc_turn_stated stated;
    int64_t serial;
    bool counted, next_counted; /* cur, or next, is in the account already */

    struct tile_account account;
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
    trtc_tile_account_init(&t->account);
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

/* Drops the first n kept packets. why: the reason for the account; NULL: the account finds it. */
static void drop_first(struct trtc_tile *t, size_t n, const enum trtc_left *why)
{
    for (size_t i = 0; i < n; i++) {
        const struct tile_about *p = &t->kept[i].about;
        tile_account_left(&t->account, p->hidden ? TRTC_LEFT_CUT
                                       : why     ? *why
                                                 : trtc_tile_account_unseen(&t->account, p->us));
        t->kept_bytes -= (size_t)t->kept[i].pkt->size;
        av_packet_free(&t->kept[i].pkt);
    }
    t->nb_kept -= n;
    if (t->nb_kept) /* without this, the array may not exist yet */
        memmove(t->kept, t->kept + n, t->nb_kept * sizeof *t->kept);
    t->newest_key -= t->newest_key > n ? n : t->newest_key;
}

static void drop_kept(struct trtc_tile *t, const enum trtc_left *why)
{
    drop_first(t, t->nb_kept, why);
}

void trtc_tile_free(struct trtc_tile **t)
{
    struct trtc_tile *x = *t;
    if (!x)
        return;
    drop_kept(x, NULL);
    free(x->kept);
    avcodec_free_context(&x->dec);
    avcodec_parameters_free(&x->par);
    av_frame_free(&x->decoded);
    av_frame_free(&x->cur);
    av_frame_free(&x->next);
    free(x);
    *t = NULL;
}

/* Notes a failure, after which no new picture follows. The current one stays. */
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
    trtc_tile_account_gone(&t->account);
}

static int open_decoder(struct trtc_tile *t, const AVPacket *first, struct trtc_err *err)
{
    const AVCodec *c = t->kept_codec;
    if (!c) {
        *err = t->why_not;
        return -1;
    }
    const struct tile_about *about = &t->kept[0].about;
    const bool unclear = about->hidden || about->guessed; /* its times do not show reordering */
    const struct trtc_picture_decoder_opts o = {
        .codec = c,
        .par = t->par,
        .first = first,
        .threads = t->threads,
        /* most streams of calls do not reorder pictures, and are decoded without delay */
        .reorder = first->pts > first->dts || unclear ? REORDER : 0,
    };
    t->dec = trtc_picture_decoder_new(&o, err);
    if (!t->dec) {
        close_decoder(t);
        return -1;
    }
    t->par_new = false;
    /* other codecs have pictures that are not shown, only referred to */
    t->account.absorbs = c->id != AV_CODEC_ID_H264 && c->id != AV_CODEC_ID_HEVC;
    return 0;
}

/* Makes pic the current picture, and empties it. */
static void make_current(struct trtc_tile *t, AVFrame *pic, int64_t us, unsigned turn, bool counted)
{
    if (t->serial && !t->counted)
        tile_account_left(&t->account, trtc_tile_account_unseen(&t->account, t->cur_us));
    av_frame_unref(t->cur);
    av_frame_move_ref(t->cur, pic);
    t->cur_us = us;
    t->cur_turn = turn;
    t->serial++;
    t->counted = counted;
}

/* Takes a picture from t->decoded: it becomes the current one if it is due at due_us, else the next
 * one. */
static void take_picture(struct trtc_tile *t, int64_t due_us)
{
    AVFrame *pic = t->decoded;
    int64_t us = pic->pts != AV_NOPTS_VALUE ? pic->pts : pic->best_effort_timestamp;
    struct tile_about about = { 0 };

    t->account.absorbs |= trtc_picture_is_interlaced(pic);
    const bool hidden = us == HIDDEN_US;
    const bool known = !hidden && trtc_tile_account_came(&t->account, &us, &about);
    const bool timed = !hidden && us != AV_NOPTS_VALUE;
    /* not every decoder notices that a part is missing */
    const bool flawed =
        about.damaged || pic->decode_error_flags || (pic->flags & AV_FRAME_FLAG_CORRUPT);
    t->stats.nb_decoded++;
    t->stats.nb_broken += flawed;
    if (!timed || (t->cur_us != TRTC_NOTIME && us < t->cur_us)) {
        if (known)
            tile_account_left(&t->account, TRTC_LEFT_UNPLACED);
        av_frame_unref(pic);
        return;
    }
    t->stats.nb_flawed += flawed;
    const unsigned stated = trtc_turn_of_picture(&t->stated, pic, about.turn),
                   turn = stated & TRTC_TURN_STEPS;
    t->stats.nb_askew += stated != turn;
    if (about.sar_num > 0) /* the container decides about the shape */
        pic->sample_aspect_ratio = (AVRational){ about.sar_num, about.sar_den };
    /* the decoder may use older parameter sets, and does not know the container */
    if (about.colour.primaries != 0)
        trtc_av_set_colour(pic, &about.colour);
    if (us <= due_us) {
        make_current(t, pic, us, turn, !known);
        return;
    }
    av_frame_unref(t->next);
    av_frame_move_ref(t->next, pic);
    t->next_us = us;
    t->next_turn = turn;
    t->next_counted = !known;
    t->has_next = true;
}

/* Takes pictures from the decoder until one is not due. Returns 0, or -1: no memory. */
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

/* Whether the first kept picture will never be seen, because it is hidden or a later one is due
 * too. Then it need not be decoded, unless other pictures refer to it. */
static bool is_outrun(const struct trtc_tile *t, int64_t due_us)
{
    const struct tile_about *p = &t->kept[0].about;
    const bool kept = t->nb_kept > 1;
    if (p->hidden || (!kept && !t->has_ahead))
        return p->hidden;
    const int64_t us = kept ? t->kept[1].about.us : t->ahead.pkt.pts_us;
    const bool hidden = kept ? t->kept[1].about.hidden : t->ahead.pkt.hidden;
    return !hidden && us > p->us && us <= due_us;
}

/* Removes the first kept packet, which was sent to the decoder. refused: with an error. */
static void note_sent(struct trtc_tile *t, bool refused)
{
    struct kept *k = &t->kept[0];
    k->about.outrun = t->dec->skip_frame == AVDISCARD_NONREF;
    k->about.refused = refused;
    trtc_tile_account_sent(&t->account, &k->about);
    t->stats.nb_broken += refused;
    t->kept_bytes -= (size_t)k->pkt->size;
    av_packet_free(&k->pkt);
    memmove(t->kept, t->kept + 1, --t->nb_kept * sizeof *t->kept);
    t->newest_key -= t->newest_key > 0;
}

/* Sends the first kept packet to the decoder. Returns 1: it was taken; 0: pictures must be received
 * first; -1: no memory. */
static int send_kept(struct trtc_tile *t, int64_t due_us, struct trtc_err *err)
{
    const AVPacket *p = t->kept[0].pkt;
    if (t->dec && (t->dec->codec != t->kept_codec || t->par_new || t->draining)) {
        /* first the pictures that it still contains */
        if (drain(t, due_us, err) < 0)
            return -1;
        if (t->dec)
            return 0;
    }
    if (t->dec && t->kept_fresh) {
        avcodec_flush_buffers(t->dec);
        trtc_tile_account_gone(&t->account);
    }
    t->kept_fresh = false;
    struct trtc_err why;
    if (!t->dec && open_decoder(t, p, &why) < 0) {
        if (why.code == TRTC_EX_TEMPFAIL) {
            *err = why;
            return -1;
        }
        const enum trtc_left format = TRTC_LEFT_FORMAT;
        break_off(t, &why);
        t->deaf = true;
        drop_kept(t, &format);
        return 1;
    }
    t->dec->skip_frame = is_outrun(t, due_us) ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    int ret = avcodec_send_packet(t->dec, p);
    if (ret == AVERROR(EAGAIN))
        return 0;
    if (ret == AVERROR(ENOMEM))
        return trtc_fail_nomem(err);
    note_sent(t, ret < 0);
    return 1;
}

/* ---- packets ---- */

/* Reads the next packet into t->ahead, unless there is one. */
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

/* Whether the packet ahead has another codec than the kept ones, or new parameters from the
 * container. */
static bool is_changed(const struct trtc_tile *t)
{
    return t->ahead.av_parameters || !t->codec_name[0] ||
           strcmp(t->codec_name, t->ahead.codec_name) != 0;
}

/* Prepares for packets with the codec and parameters of the packet ahead. */
static int change_codec(struct trtc_tile *t, struct trtc_err *err)
{
    const struct trtc_feed_frame *f = &t->ahead;
    t->kept_codec = trtc_av_decoder(AVMEDIA_TYPE_VIDEO, f->codec, f->codec_name, &t->why_not);
    snprintf(t->codec_name, sizeof t->codec_name, "%s", f->codec_name);
    t->par_new = t->par || f->av_parameters;
    avcodec_parameters_free(&t->par);
    if (f->av_parameters && (!(t->par = avcodec_parameters_alloc()) ||
                             avcodec_parameters_copy(t->par, f->av_parameters) < 0))
        return trtc_fail_nomem(err);
    return 0;
}

/* Appends a copy of the packet ahead to the kept ones. */
static int keep(struct trtc_tile *t, struct trtc_err *err)
{
    const struct trtc_feed_frame *f = &t->ahead;
    if (is_changed(t) && change_codec(t, err) < 0)
        return -1;
    if (trtc_array_reserve(&t->kept, &t->cap_kept, t->nb_kept + 1, sizeof *t->kept) < 0)
        return trtc_fail_nomem(err);
    const size_t size = f->pkt.size + f->sets_size;
    AVPacket *p = av_packet_alloc();
    if (!p || size > INT32_MAX / 2 || av_new_packet(p, (int)size) < 0) {
        av_packet_free(&p);
        return trtc_fail_nomem(err);
    }
    if (f->sets_size)
        memcpy(p->data, f->sets, f->sets_size);
    memcpy(p->data + f->sets_size, f->pkt.data, f->pkt.size);
    p->pts = f->pkt.hidden ? HIDDEN_US : f->guessed ? AV_NOPTS_VALUE : f->pkt.pts_us;
    p->dts = f->pkt.dts_us;
    p->flags = f->pkt.key ? AV_PKT_FLAG_KEY : 0;
    if (f->pkt.key)
        t->newest_key = t->nb_kept;
    t->kept[t->nb_kept++] =
        (struct kept){ .pkt = p,
                       .about = { .us = f->guessed ? f->pkt.dts_us : f->pkt.pts_us,
                                  .turn = f->turn,
                                  .sar_num = f->sar_num,
                                  .sar_den = f->sar_den,
                                  .colour = f->colour,
                                  .key = f->pkt.key,
                                  .hidden = f->pkt.hidden,
                                  .damaged = f->damaged,
                                  .guessed = f->guessed } };
    t->kept_bytes += size;
    t->last_us = f->pkt.pts_us > t->last_us ? f->pkt.pts_us : t->last_us;
    t->account.ledger.nb_in++;
    t->has_ahead = false;
    return 0;
}

/* Drops the kept packets before the last key frame, if that is due. */
static void drop_outdated(struct trtc_tile *t, int64_t due_us)
{
    const AVPacket *key = t->nb_kept ? t->kept[t->newest_key].pkt : NULL;
    if (!key || !(key->flags & AV_PKT_FLAG_KEY) || t->kept[t->newest_key].about.us > due_us)
        return;
    drop_first(t, t->newest_key, NULL);
    t->kept_fresh = true;
}

static int skip_due(struct trtc_tile *t, int64_t due_us, struct trtc_err *err)
{
    for (look_ahead(t); t->has_ahead && t->ahead.pkt.dts_us <= due_us; look_ahead(t)) {
        if (t->nb_kept && is_changed(t))
            drop_kept(t, NULL); /* later packets do not refer to them */
        if (keep(t, err) < 0)
            return -1;
        drop_outdated(t, due_us);
    }
    drop_outdated(t, due_us);
    return 0;
}

/* Whether the decoder may still contain a picture that is due. */
static bool owes(const struct trtc_tile *t, int64_t due_us)
{
    return t->dec && !t->has_next && trtc_tile_account_owes(&t->account, due_us, t->cur_us);
}

static int decode_due(struct trtc_tile *t, int64_t due_us, struct trtc_err *err)
{
    if (t->has_next && t->next_us <= due_us) {
        make_current(t, t->next, t->next_us, t->next_turn, t->next_counted);
        t->has_next = false;
    }
    while (true) {
        while (t->nb_kept) {
            /* pictures after one that is not due are not due either; but the kept packets must not
             * become too many */
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

/* Reads and drops packets for which there is no decoder: they must not delay the sound of the same
 * source. */
static void drop_due(struct trtc_tile *t, int64_t due_us)
{
    for (look_ahead(t); t->has_ahead && t->ahead.pkt.dts_us <= due_us; look_ahead(t)) {
        t->has_ahead = false;
        t->account.ledger.nb_in++;
        tile_account_left(&t->account, TRTC_LEFT_FORMAT);
    }
}

int trtc_tile_advance(struct trtc_tile *t, int64_t due_us, enum trtc_sight sight,
                      struct trtc_err *err)
{
    static const enum trtc_left why[] = { [TRTC_SIGHT_HIDDEN] = TRTC_LEFT_UNWANTED,
                                          [TRTC_SIGHT_AWAY] = TRTC_LEFT_UNPLACED,
                                          [TRTC_SIGHT_PASSING] = TRTC_LEFT_RATE,
                                          [TRTC_SIGHT_BEFORE] = TRTC_LEFT_CUT };
    if (t->deaf) {
        drop_due(t, due_us);
        return 0;
    }
    t->account.due_us = due_us;
    if (sight != TRTC_SIGHT_SHOWN)
        trtc_tile_account_hide(&t->account, due_us, why[sight]);
    /* if no key frame follows for a long time, hidden pictures are decoded nevertheless */
    if (sight != TRTC_SIGHT_SHOWN && t->nb_kept < KEPT_MAX && t->kept_bytes < KEPT_MAX_BYTES)
        return skip_due(t, due_us, err);
    if (decode_due(t, due_us, err) < 0)
        return -1;
    if (sight == TRTC_SIGHT_SHOWN && t->serial && !t->counted) {
        t->account.ledger.nb_out++;
        t->counted = true;
    }
    return 0;
}

/* ---- the end ---- */

/* Accounts for the packet ahead, which will not be decoded. */
static void settle_ahead(struct trtc_tile *t)
{
    struct tile_account *a = &t->account;
    const struct trtc_packet *p = &t->ahead.pkt;
    const enum trtc_left unseen =
        p->hidden ? TRTC_LEFT_CUT : trtc_tile_account_unseen(a, p->pts_us);

    a->ledger.nb_in++;
    tile_account_left(a, t->deaf ? TRTC_LEFT_FORMAT : unseen);
    t->has_ahead = false;
}

/* Receives the pictures that are still in the decoder at the end of the mix; they count as not
 * seen. */
static void empty_decoder(struct trtc_tile *t)
{
    struct tile_about about;

    if (!t->dec || t->account.nb_inside == 0)
        return;
    if (!t->draining)
        avcodec_send_packet(t->dec, NULL);
    t->draining = true;
    while (avcodec_receive_frame(t->dec, t->decoded) >= 0) {
        int64_t us =
            t->decoded->pts != AV_NOPTS_VALUE ? t->decoded->pts : t->decoded->best_effort_timestamp;
        if (us != HIDDEN_US && trtc_tile_account_came(&t->account, &us, &about))
            tile_account_left(&t->account, trtc_tile_account_unseen(&t->account, us));
        av_frame_unref(t->decoded);
    }
}

void trtc_tile_settle(struct trtc_tile *t, int64_t end_us, int64_t lost_us)
{
    struct tile_account *a = &t->account;

    a->end_us = end_us;
    a->lost_us = lost_us;
    if (t->serial && !t->counted)
        tile_account_left(a, trtc_tile_account_unseen(a, t->cur_us));
    t->counted = true;
    if (t->has_next && !t->next_counted)
        tile_account_left(a, trtc_tile_account_unseen(a, t->next_us));
    t->has_next = false;
    drop_kept(t, NULL);
    empty_decoder(t);
    trtc_tile_account_end(a);
    if (t->has_ahead)
        settle_ahead(t);
    if (lost_us == INT64_MAX)
        return;
    for (look_ahead(t); t->has_ahead; look_ahead(t))
        settle_ahead(t);
}

/* ---- the current picture ---- */

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

unsigned trtc_tile_turn(const struct trtc_tile *t)
{
    return t->cur_turn;
}

void trtc_tile_stats(const struct trtc_tile *t, struct trtc_tile_stats *out)
{
    *out = t->stats;
    out->ledger = t->account.ledger;
    out->ended = t->ended && !t->has_ahead;
}

void trtc_tile_failure(const struct trtc_tile *t, struct trtc_err *err, int64_t *at_us)
{
    *err = t->failure;
    *at_us = t->failed_at_us;
}
