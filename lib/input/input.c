/* SPDX-License-Identifier: MIT */
/* Input: opening, and what is known about it; see input.h, and input_priv.h for its parts. */
#include "input/input.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "codec/aenc.h"
#include "input/input_state_priv.h"
#include "mp4/sets_kept.h"

#define WAIT_US       5000000            /* of the stream, for the first frames of all tracks; */
#define WAIT_FILE_US  60000000           /* of a file, for which no one waits in real time */
#define PRIMING_US    200000             /* of sound, at most: 2112 samples at 16 kHz are 132 ms */
#define WAIT_BYTES    (8 * 1024 * 1024)  /* of frames that wait meanwhile */
#define DUE_BYTES     (32 * 1024 * 1024) /* ... if the container states that the others will come */
#define NOTHING_BYTES (64 * 1024 * 1024) /* without a single frame: no stream of ours */
#define STEP_MAX_US   1000000
#define JOIN_US       10000000

int trtc_input_next(struct trtc_input *in, struct trtc_input_frame *f, struct trtc_err *err)
{
    int ret = 1;

    free(in->current);
    in->current = in->first;
    if (in->first) {
        *f = in->first->f;
        in->first = in->first->next;
    } else {
        do
            ret = trtc_input_fetch(in, f, err);
        while (ret == TRTC_INPUT_PASSED);
    }
    if (ret > 0)
        in->nb_returned[f->video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO]++;
    return ret;
}

/* ---- opening ---- */

static int hold(struct trtc_input *in, const struct trtc_input_frame *f, struct trtc_err *err)
{
    struct trtc_input_held *h = malloc(sizeof *h + f->pkt.size + f->sets_size);

    if (!h)
        return trtc_fail_nomem(err);
    h->next = NULL;
    h->f = *f;
    h->f.pkt.data = h->bytes;
    memcpy(h->bytes, f->pkt.data, f->pkt.size);
    if (f->sets) {
        h->f.sets = h->bytes + f->pkt.size;
        memcpy(h->bytes + f->pkt.size, f->sets, f->sets_size);
    }
    *in->last = h;
    in->last = &h->next;
    return 0;
}

/* What is known about the waiting frames. */
struct seen {
    int64_t min_pts_us, min_dts_us, max_dts_us;
    int64_t shown_us; /* when the first one that is not hidden begins, or TRTC_NOTIME */
    size_t nb_bytes;
    bool audio;
    int64_t video_us;   /* PTS of the first picture that is not hidden, or TRTC_NOTIME */
    bool video_settled; /* a picture after it is shown later, so no later one is shown earlier */
};

static void look(struct seen *s, const struct trtc_input_frame *f)
{
    const struct trtc_packet *p = &f->pkt;

    if (s->nb_bytes == 0 || p->pts_us < s->min_pts_us)
        s->min_pts_us = p->pts_us;
    if (s->nb_bytes == 0 || p->dts_us < s->min_dts_us)
        s->min_dts_us = p->dts_us;
    if (s->nb_bytes == 0 || p->dts_us > s->max_dts_us)
        s->max_dts_us = p->dts_us;
    s->nb_bytes += p->size;
    if (p->hidden)
        return;
    if (s->shown_us == TRTC_NOTIME || p->pts_us + p->trim_us < s->shown_us)
        s->shown_us = p->pts_us + p->trim_us;
    if (!f->video) {
        s->audio = true;
    } else if (s->video_us == TRTC_NOTIME) {
        s->video_us = p->pts_us;
    } else if (p->pts_us > s->video_us) {
        s->video_settled = true;
    }
}

/* Takes over tracks that are announced but have not appeared. Returns -1 if one of them is not
 * supported. */
static int announced(struct trtc_input *in, bool *video, bool *audio, struct trtc_err *err)
{
    struct trtc_input_track v, a;

    in->ops->track(in->back, TRTC_AT_VIDEO, &v);
    in->ops->track(in->back, TRTC_AT_AUDIO, &a);
    *video = v.codec != TRTC_CODEC_NONE;
    *audio = a.codec != TRTC_CODEC_NONE;
    if (!trtc_input_is_wanted(in, TRTC_AT_VIDEO))
        v = (struct trtc_input_track){ .codec = TRTC_CODEC_NONE };
    if (!trtc_input_is_wanted(in, TRTC_AT_AUDIO))
        a = (struct trtc_input_track){ .codec = TRTC_CODEC_NONE };
    if (v.codec == TRTC_CODEC_OTHER && !in->any)
        return trtc_input_fail_codec(in, v.codec_name, err);
    if (in->info.video == TRTC_CODEC_NONE && v.codec != TRTC_CODEC_NONE)
        in->info.video = v.codec;
    if (in->info.video != TRTC_CODEC_NONE && in->info.width_px == 0) {
        in->info.width_px = v.width_px;
        in->info.height_px = v.height_px;
        in->info.colour = v.colour;
    }
    if (in->info.audio == TRTC_CODEC_NONE && a.codec != TRTC_CODEC_NONE) {
        in->info.audio = in->any ? a.codec : TRTC_CODEC_AAC;
        in->info.audio_encoded = !in->any && a.codec != TRTC_CODEC_AAC;
        const int decodes =
            in->info.audio_encoded ? trtc_input_decodes(in, a.codec, a.codec_name, err) : 1;
        if (decodes < 0)
            return -1;
        in->info.audio_undecodable = !decodes;
    }
    return 0;
}

/* No frame before the first picture gives its duration; the second picture does. */
static void guess_first_duration(struct trtc_input *in)
{
    struct trtc_input_held *a = in->first, *b;

    while (a && !a->f.video)
        a = a->next;
    for (b = a ? a->next : NULL; b && !b->f.video;)
        b = b->next;
    if (!b || b->f.epoch != a->f.epoch)
        return;
    const int64_t us = b->f.pkt.dts_us - a->f.pkt.dts_us;
    if (us <= STEP_MAX_US)
        a->f.dur_us = us;
}

/* Passes a waiting frame to the keep of the caller, unless it can be read again from a file. */
static int keep_safe(struct trtc_input *in, const struct trtc_input_frame *f, struct trtc_err *err)
{
    return in->keep && !in->info.stored ? in->keep(in->keep_opaque, in, f, err) : 0;
}

/* Fails since no wanted frame came. */
static int fail_empty(const struct trtc_input *in, struct trtc_err *err)
{
    struct trtc_input_losses lost;
    const char *what = in->wanted == (TRTC_AUDIO | TRTC_VIDEO) ? "video or sound"
                       : in->wanted & TRTC_VIDEO               ? "video"
                                                               : "sound";

    trtc_input_losses(in, &lost);
    const bool scrambled = lost.nb_scrambled[TRTC_AT_VIDEO] + lost.nb_scrambled[TRTC_AT_AUDIO] > 0;
    return trtc_fail(err, TRTC_EX_DATAERR, "%s: no frame of %s in it%s%s", in->name, what,
                     *lost.encrypted ? ": it is encrypted with "
                     : scrambled     ? ": it is encrypted: its packets are scrambled"
                                     : "",
                     lost.encrypted);
}

static void note_came(struct trtc_input *in)
{
    const int64_t us = in->ops->came_us ? in->ops->came_us(in->back) : 0;

    in->came_us = us ? us : trtc_mono_us();
}

/* Whether the first frame of a track, the picture or the sound, is still waited for. */
static bool has_to_wait(const struct trtc_input *in, const struct seen *s, bool picture)
{
    const int64_t wait_us = in->info.stored ? WAIT_FILE_US : WAIT_US;

    if (trtc_input_is_due(in, picture ? TRTC_AT_VIDEO : TRTC_AT_AUDIO))
        return s->nb_bytes < DUE_BYTES;
    return s->nb_bytes < WAIT_BYTES && s->max_dts_us - s->min_dts_us < wait_us;
}

/* Reads until the start of every track is known, or for as long as is acceptable. */
static int read_ahead(struct trtc_input *in, struct trtc_err *err)
{
    struct seen s = { .shown_us = TRTC_NOTIME, .video_us = TRTC_NOTIME };
    struct trtc_input_frame f;
    const bool wants_both = in->wanted == (TRTC_AUDIO | TRTC_VIDEO);
    bool video, audio;

    for (;;) {
        if (announced(in, &video, &audio, err) < 0)
            return -1;
        if (in->first && (!video || s.video_settled) && (!audio || s.audio))
            break;
        if ((in->first || wants_both) && !has_to_wait(in, &s, video && !s.video_settled))
            break;
        if (!in->first && s.nb_bytes == 0 && in->ops->nb_bytes(in->back) > NOTHING_BYTES)
            return trtc_fail(err, TRTC_EX_DATAERR, "%s: no frame of video or sound in %d MB",
                             in->name, NOTHING_BYTES / 1024 / 1024);

        const int ret = trtc_input_fetch(in, &f, err);
        if (ret < 0 && !(in->ended && in->first))
            return -1;
        if (ret <= 0)
            break; /* an error is returned after the frames */
        if (s.nb_bytes == 0)
            note_came(in);
        look(&s, &f);
        in->start_us = s.min_pts_us;
        if (ret != TRTC_INPUT_PASSED && (hold(in, &f, err) < 0 || keep_safe(in, &f, err) < 0))
            return -1;
    }
    if (announced(in, &video, &audio, err) < 0)
        return -1;
    if (!in->first && trtc_is_stopped(in->stop))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: stopped before the first frame", in->name);
    if (!in->first)
        return fail_empty(in, err);
    in->start_us = s.min_pts_us;
    in->shown_us = s.shown_us != TRTC_NOTIME ? s.shown_us : s.min_pts_us < 0 ? 0 : s.min_pts_us;
    in->shown_early = s.video_us != TRTC_NOTIME && s.video_us < 0;
    guess_first_duration(in);
    return 0;
}

/* Returns the length of a URL's scheme ("rtmp"); 0: it is a file name. */
static size_t scheme_bytes(const char *url)
{
    size_t n = 0;

    while (isalnum((unsigned char)url[n]) || (n > 0 && strchr("+-.", url[n]) && url[n]))
        n++;
    return n > 1 && strncmp(url + n, "://", 3) == 0 ? n : 0;
}

/* Makes the name for messages. Of a URL it contains only scheme and host, since user names, paths
 * and queries contain keys. */
static void make_name(char *out, size_t cap, const char *url)
{
    const size_t scheme = scheme_bytes(url);

    if (strcmp(url, "-") == 0) {
        snprintf(out, cap, "standard input");
    } else if (scheme == 0) {
        snprintf(out, cap, "%s", url);
    } else {
        const char *host = url + scheme + 3;
        const char *end = host + strcspn(host, "/?#,");
        for (const char *at; (at = memchr(host, '@', (size_t)(end - host)));)
            host = at + 1;
        const size_t n = (size_t)(end - host);
        snprintf(out, cap, "%.*s://%.*s", (int)(scheme < 32 ? scheme : 32), url,
                 (int)(n < 200 ? n : 200), host);
    }
}

/* Opens the source of bytes. Returns 1; 0: libavformat opens url itself; -1. */
static int open_src(struct trtc_input *in, const char *url, const struct trtc_remote *remote,
                    struct trtc_err *err)
{
    if (!remote || !remote->takes(url))
        remote = trtc_input_net.takes(url) ? &trtc_input_net : NULL;
    if (remote) {
        if (trtc_input_src_fetch(&in->src, url, remote, in->name, err) < 0)
            return -1;
        in->is_ts = trtc_input_src_is_ts(&in->src);
        const bool other_rtp = in->src.nb_head == 0 && strncmp(url, "rtp:", 4) == 0;
        if (in->is_ts || !(other_rtp || trtc_input_src_is_list(&in->src)))
            return 1;
        trtc_input_src_close(&in->src);
    }
    if (scheme_bytes(url) > 0)
        return 0;
    if (trtc_input_src_open(&in->src, url, in->stop, err) < 0)
        return -1;
    in->is_ts = trtc_input_src_is_ts(&in->src);
    return 1;
}

/* Opens the back end that fits. */
static int open_back(struct trtc_input *in, const char *url, const struct trtc_remote *remote,
                     struct trtc_err *err)
{
    const int opened = open_src(in, strncmp(url, "file://", 7) == 0 ? url + 7 : url, remote, err);

    if (opened < 0)
        return -1;
    in->ops = in->is_ts ? &trtc_input_ts_ops : &trtc_input_av_ops;
    in->back = !opened     ? trtc_input_av_open(url, in->name, in->stop, err)
               : in->is_ts ? trtc_input_ts_new(&in->src, in->name, err)
                           : trtc_input_av_new(&in->src, in->name, !in->any, err);
    in->clock.steady = in->back && opened && !in->is_ts && trtc_input_av_is_steady(in->back);
    in->is_direct = in->src.remote == &trtc_input_net;
    in->info.stored = in->src.seekable && in->src.fd >= 0;
    in->rise.off = in->clock.steady || (in->any && !in->info.stored); /* those cannot wait */
    return in->back ? 0 : -1;
}

static struct trtc_input *input_new(const char *url, const volatile sig_atomic_t *stop,
                                    struct trtc_err *err)
{
    struct trtc_input *in = calloc(1, sizeof *in);

    if (!in) {
        trtc_fail_nomem(err);
        return NULL;
    }
    in->wanted = in->minded = TRTC_AUDIO | TRTC_VIDEO;
    in->src.fd = -1;
    in->stop = in->src.stop = stop;
    in->last = &in->first;
    make_name(in->name, sizeof in->name, url);
    return in;
}

/* Opens it, or frees it. */
static struct trtc_input *open_input(struct trtc_input *in, const char *url,
                                     const struct trtc_remote *remote, struct trtc_err *err)
{
    if (!in)
        return NULL;
    if (open_back(in, url, remote, err) < 0)
        goto fail;
    in->info.may_grow = in->ops->may_grow(in->back);
    if (read_ahead(in, err) == 0)
        return in;
fail:
    trtc_input_free(&in);
    return NULL;
}

struct trtc_input *trtc_input_open(const char *url, const struct trtc_remote *remote,
                                   const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    return open_input(input_new(url, stop, err), url, remote, err);
}

struct trtc_input *trtc_input_open_any(const char *url, const struct trtc_remote *remote,
                                       const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    struct trtc_input *in = input_new(url, stop, err);

    if (in)
        in->any = true;
    return open_input(in, url, remote, err);
}

struct trtc_input *trtc_input_open_only(const char *url, enum trtc_kind kind,
                                        const struct trtc_remote *remote,
                                        const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    struct trtc_input *in = input_new(url, stop, err);

    if (in)
        in->wanted = in->minded = kind;
    return open_input(in, url, remote, err);
}

struct trtc_input *trtc_input_open_how(const char *url, const struct trtc_input_how *how,
                                       struct trtc_err *err)
{
    struct trtc_input *in = input_new(url, how->stop, err);

    if (!in)
        return NULL;
    if (how->kind != TRTC_NO_KIND)
        in->wanted = in->minded = how->kind;
    in->keep = how->keep;
    in->keep_opaque = how->opaque;
    return open_input(in, url, how->remote, err);
}

bool trtc_input_waited(const struct trtc_input *in)
{
    return in->rise.given != NULL || in->waited;
}

int64_t trtc_input_age_us(const struct trtc_input *in)
{
    return trtc_mono_us() - in->came_us;
}

bool trtc_input_came_ms(const struct trtc_input *in, int64_t *ms)
{
    const struct trtc_input_src *s = &in->src;

    if (!s->remote || !s->remote->came_ms || !s->body)
        return false;
    *ms = s->remote->came_ms(s->body);
    return *ms != TRTC_NOTIME;
}

const char *trtc_input_name(const struct trtc_input *in)
{
    return in->name;
}

const struct trtc_input_info *trtc_input_info(const struct trtc_input *in)
{
    return &in->info;
}

void trtc_input_leave_sound(struct trtc_input *in)
{
    in->left = true;
    in->encoded = false;
}

void trtc_input_mind(struct trtc_input *in, unsigned kinds)
{
    in->minded = kinds;
}

void trtc_input_leave_other(struct trtc_input *in)
{
    in->leaves_other = true;
}

int64_t trtc_input_start_us(const struct trtc_input *in)
{
    return in->start_us;
}

/* the stream began less than half a wrap of its clock before or after the stated time */
bool trtc_input_utc_us(const struct trtc_input *in, int64_t *utc_us)
{
    const int64_t wrap = INT64_C(1) << 33;
    int64_t at_90k;

    if (!in->ops->time || !in->ops->time(in->back, utc_us, &at_90k))
        return false;

    int64_t after = (in->start_us / 100 * 9 + in->start_us % 100 * 9 / 100 - at_90k) % wrap;
    after += after < -wrap / 2 ? wrap : after >= wrap / 2 ? -wrap : 0;
    *utc_us += after * 100 / 9;
    return true;
}

int64_t trtc_input_zero_us(const struct trtc_input *in)
{
    const bool primes = in->shown_us < 0 && in->shown_us > -PRIMING_US && !in->shown_early;

    return primes ? 0 : in->shown_us;
}

void trtc_input_losses(const struct trtc_input *in, struct trtc_input_losses *out)
{
    *out = (struct trtc_input_losses){ 0 };
    in->ops->losses(in->back, in->minded, out);
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        if (!(in->minded & (k == TRTC_AT_VIDEO ? TRTC_VIDEO : TRTC_AUDIO)))
            continue;
        out->nb_mended += in->nb_mended[k];
        const int64_t nb = in->nb_unordered[k] + in->rise.nb_moved[k];
        if (k == TRTC_AT_VIDEO) /* the same ones, as their order and the time line show them */
            out->nb_unordered = out->nb_unordered > nb ? out->nb_unordered : nb;
        else
            out->nb_unordered += nb;
    }
    if (in->minded & TRTC_VIDEO)
        out->nb_untimed = trtc_crowd_nb(&in->crowd);
    if (in->aenc)
        out->nb_undecoded = trtc_aenc_nb_broken(in->aenc);
    if (in->info.stored)
        out->nb_early_bytes = 0;
    out->nb_bad_bytes -= out->nb_early_bytes;
    if (in->src.errnum)
        out->cut = false; /* by the failure to read it, which is reported */
}

/* Of frames that are not wanted, none is lost. */
static void leave_unwanted(struct trtc_ledger *l)
{
    for (int k = 0; k < TRTC_NB_LEFT; k++)
        if (trtc_left_is_loss((enum trtc_left)k)) {
            l->nb_left[TRTC_LEFT_UNWANTED] += l->nb_left[k];
            l->nb_left[k] = 0;
        }
}

void trtc_input_ledger(const struct trtc_input *in, bool video, struct trtc_ledger *out)
{
    const int track = video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;

    in->ops->ledger(in->back, track, out);
    trtc_ledger_add(out, &in->ledger[track]);
    /* they still wait for those after them: it was stopped */
    out->nb_left[TRTC_LEFT_CUT] += trtc_input_rise_waiting(&in->rise, track);
    if (!trtc_input_is_wanted(in, track))
        leave_unwanted(out);
    if (!video && in->aenc)
        trtc_aenc_account(in->aenc, out);
}

bool trtc_input_is_joined(const struct trtc_input *in, const struct trtc_input_frame *f)
{
    return f->headless && !in->info.stored && f->pkt.pts_us - in->start_us <= JOIN_US;
}

int64_t trtc_input_nb_returned(const struct trtc_input *in, bool video)
{
    return in->nb_returned[video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO];
}

const char *trtc_input_codec_name(const struct trtc_input *in, bool video)
{
    struct trtc_input_track t;

    in->ops->track(in->back, video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO, &t);
    return t.codec == TRTC_CODEC_NONE ? NULL : t.codec_name;
}

bool trtc_input_named(const struct trtc_input *in, int k, struct trtc_input_named *out)
{
    return in->ops->named(in->back, k, out);
}

void trtc_input_free(struct trtc_input **in)
{
    struct trtc_input *x = *in;

    if (!x)
        return;
    free(x->current);
    while (x->first) {
        struct trtc_input_held *h = x->first;
        x->first = h->next;
        free(h);
    }
    trtc_input_rise_fini(&x->rise);
    trtc_aenc_free(&x->aenc);
    free(x->adts);
    trtc_kept_sets_free(&x->sets);
    if (x->back)
        x->ops->free(x->back);
    trtc_input_src_close(&x->src);
    free(x);
    *in = NULL;
}
