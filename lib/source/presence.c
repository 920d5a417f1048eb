/* SPDX-License-Identifier: MIT */
/* When a stored file has sound and when it has pictures. */
#include "source/presence.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/utc.h"
#include "codec/av.h"
#include "source/input.h"

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
    int64_t at_us; /* the picture before */
};

static int note_picture(struct stands *s, const struct trtc_intervals *v, int64_t at_us,
                        int64_t dur_us, struct trtc_err *err)
{
    const int64_t step_us = at_us - s->at_us;
    s->at_us = at_us;
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
    if (got < 0 && why.code == TRTC_EX_TEMPFAIL) {
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
