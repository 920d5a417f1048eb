/* SPDX-License-Identifier: MIT */
/* When a stored file has sound and when it has pictures. */
#include "source/presence.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/array.h"
#include "base/beneath.h"
#include "base/utc.h"
#include "codec/av.h"
#include "input/input.h"
#include "playlist/stray.h"
#include "source/reader.h"
#include "ts/course_ts.h"

#define EARLY_US        1000000 /* a segment whose last stamps are this early may have restarted */
#define PICTURE_STEP_US 66667   /* how long a picture is shown if nothing says so */
#define SOUND_STEP_US   20000
#define STEP_MAX_US     1000000 /* the last picture of slides need not last as long as others */

/* Whether there is a decoder for anything. */
struct usable {
    bool any;
    const char *name[2]; /* codecs that were looked for */
    struct trtc_err why_not;
};

static void look_for_decoder(struct usable *u, const struct trtc_input_frame *f)
{
    if (u->any || f->codec_name == u->name[f->video])
        return;
    u->name[f->video] = f->codec_name;
    u->any = trtc_av_decoder(f->video ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO, f->codec,
                             f->codec_name, &u->why_not);
}

/* A picture may be shown before the first one that comes. */
static int add(struct trtc_intervals *v, int64_t start_us, int64_t end_us, struct trtc_err *err)
{
    if (trtc_intervals_add(v, start_us, end_us, TRTC_SECTION_GAP_US, err) < 0)
        return -1;
    if (start_us < v->items[v->n - 1].start_us)
        v->items[v->n - 1].start_us = start_us;
    return 0;
}

/* How much longer the last picture of each interval is shown than its own duration: as long as the
 * one before it, and a single one for as long as a pause may last. */
struct stands {
    int64_t *us; /* one an interval */
    size_t n;
    int64_t at_us, before_us; /* the last two pictures in order of presentation */
};

static int note_picture(struct stands *s, const struct trtc_intervals *v, int64_t at_us,
                        int64_t dur_us, struct trtc_err *err)
{
    if (s->n < v->n || at_us > s->at_us) {
        s->before_us = s->at_us;
        s->at_us = at_us;
    } else if (at_us > s->before_us) {
        s->before_us = at_us;
    }
    const int64_t step_us = s->at_us - s->before_us;
    if (s->n == v->n) {
        s->us[s->n - 1] = step_us > dur_us ? step_us - dur_us : 0;
        return 0;
    }
    if (trtc_array_room(&s->us, s->n, sizeof *s->us) < 0)
        return trtc_fail_nomem(err);
    s->us[s->n++] = TRTC_SECTION_GAP_US;
    return 0;
}

/* Lengthens the last picture of each interval by that, as far as the user is still heard. */
static void let_stand(struct trtc_member *m, const struct stands *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct trtc_interval *p = &m->picture.items[i];
        const struct trtc_interval *heard = trtc_intervals_at(&m->sound, p->end_us);
        const int64_t most_us = heard ? heard->end_us - p->end_us : 0;
        p->end_us += s->us[i] < most_us ? s->us[i] : most_us;
    }
}

int trtc_presence_of_file(const struct trtc_presence *p, struct trtc_member *m, bool *torn,
                          struct trtc_err *err)
{
    const int64_t start_us = p->start_us, until_us = p->until_us;
    struct trtc_input_frame f;
    struct trtc_input_losses lost;
    struct stands stands = { 0 };
    struct usable usable = { 0 };
    struct trtc_err why;
    int got, ret = -1;
    struct trtc_input *in = trtc_input_open_any(p->path, NULL, p->stop, err);
    if (!in)
        return -1;
    const int64_t off_us = start_us - trtc_input_zero_us(in);
    while ((got = trtc_input_next(in, &f, &why)) > 0) {
        look_for_decoder(&usable, &f);
        const int64_t at = f.pkt.pts_us + f.pkt.trim_us + off_us;
        const int64_t end = f.pkt.pts_us + f.dur_us - f.pkt.trim_end_us + off_us;
        if (until_us != TRTC_NOTIME && f.pkt.dts_us + off_us > until_us)
            break;
        /* a user does not enter earlier because of the priming of an encoder */
        if (f.pkt.hidden || end <= start_us)
            continue;
        if (add(f.video ? &m->picture : &m->sound, at < start_us ? start_us : at, end, err) < 0 ||
            (f.video && note_picture(&stands, &m->picture, at, f.dur_us, err) < 0))
            goto done;
    }
    if (got < 0 && trtc_is_shortage(&why)) {
        *err = why;
        goto done;
    }
    if (!usable.any && usable.why_not.code) {
        trtc_fail(err, usable.why_not.code, "%s: %s", p->path, usable.why_not.msg);
        goto done;
    }
    let_stand(m, &stands);
    trtc_input_losses(in, &lost);
    *torn = got < 0 || lost.cut;
    ret = 0;
done:
    free(stands.us);
    trtc_input_free(&in);
    return ret;
}

/* ---- lanes of recordings ---- */

/* Whether the last stamps of a segment are where its playlist puts its end. */
static bool ends_as_listed(const struct trtc_recording *r, const struct trtc_piece *p)
{
    struct trtc_err ignored;
    int64_t last_90k, end_90k = TRTC_NOTIME;
    const int dirfd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int fd = dirfd < 0 ? -1 : trtc_open_beneath(dirfd, p->uri, NULL, &ignored);
    const struct trtc_course_file f = { .fd = fd, .at = p->at_bytes, .bytes = p->bytes };
    if (fd >= 0)
        end_90k = trtc_course_tail(&f, p->facts.first_ts_90k, &last_90k);
    if (fd >= 0)
        close(fd);
    if (dirfd >= 0)
        close(dirfd);
    return end_90k != TRTC_NOTIME && !p->facts.odd && p->part == 0 &&
           end_90k * 100 / 9 <= p->dur_us && end_90k * 100 / 9 > p->dur_us - EARLY_US;
}

/* Returns how many clips need not be read to read the last one: decoding begins behind them. */
static size_t clips_before(const struct trtc_lane *lane, enum trtc_kind kind)
{
    size_t i = lane->n - 1;
    while (kind == TRTC_VIDEO && i > 0 &&
           (lane->clips[i].piece->facts.headless || lane->clips[i].piece->facts.width_px == 0))
        i--;
    return i;
}

/* How long the frame lasts; of a picture and of some sound only the frame before shows that. */
static int64_t length_us(const struct trtc_read *f, int64_t before_us, int64_t usual_us)
{
    const int64_t step_us = before_us == TRTC_NOTIME ? 0 : f->pkt.dts_us - before_us;
    return f->dur_us ? f->dur_us : step_us > 0 && step_us <= STEP_MAX_US ? step_us : usual_us;
}

/* Reads when the last frame ends of those in a lane that begin at *end_us or later, or, if their
 * length is known, end later. Returns 0, or -1. */
static int read_end(const struct trtc_recording *r, const struct trtc_lane *lane,
                    enum trtc_kind kind, int64_t *end_us, struct trtc_err *err)
{
    struct trtc_losses found = { 0 }; /* they are reported when it is mixed */
    const struct trtc_reader_opts o = {
        .rec = r, .lane = lane, .kind = kind, .losses = &found, .skip = clips_before(lane, kind)
    };
    struct trtc_reader *rd = trtc_reader_new(&o, err);
    int64_t usual_us = kind == TRTC_VIDEO ? PICTURE_STEP_US : SOUND_STEP_US;
    int64_t before_us = TRTC_NOTIME, listed_us = *end_us;
    struct trtc_read f;
    int got = rd ? 1 : -1;
    while (got > 0 && (got = trtc_reader_next(rd, &f, err)) > 0) {
        usual_us = length_us(&f, before_us, usual_us);
        before_us = f.pkt.dts_us;
        if ((f.dur_us || f.pkt.pts_us >= listed_us) && f.pkt.pts_us + usual_us > *end_us)
            *end_us = f.pkt.pts_us + usual_us;
    }
    trtc_reader_free(&rd);
    trtc_losses_fini(&found);
    return got;
}

/* Returns how many clips from one on have no hole between them that ends an interval. */
static size_t clips_of_stay(const struct trtc_lane *lane, size_t from)
{
    int64_t end_us = INT64_MIN;
    size_t i = from;
    do {
        const int64_t us = trtc_clip_end_us(&lane->clips[i]);
        end_us = us > end_us ? us : end_us;
        i++;
    } while (i < lane->n && lane->clips[i].piece->start_us - end_us <= TRTC_SECTION_GAP_US);
    return i - from;
}

int trtc_presence_of_lane(const struct trtc_recording *r, const struct trtc_lane *lane,
                          enum trtc_kind kind, struct trtc_intervals *v, struct trtc_err *err)
{
    for (size_t from = 0, n; from < lane->n; from += n) {
        n = clips_of_stay(lane, from);
        const struct trtc_lane stay = { lane->clips + from, n };
        /* sums of durations count from the beginning of the lane */
        const struct trtc_lane known =
            stay.clips->piece->exact ? stay : (struct trtc_lane){ lane->clips, from + n };
        if (trtc_intervals_lane(v, &stay, err) < 0)
            return -1;
        struct trtc_interval *last = &v->items[v->n - 1];
        int64_t end_us = last->end_us;
        if (ends_as_listed(r, stay.clips[n - 1].piece))
            continue;
        if (read_end(r, &known, kind, &end_us, err) < 0)
            return -1;
        if (end_us - last->end_us < TRTC_STRAY_US)
            last->end_us = end_us;
    }
    return 0;
}
