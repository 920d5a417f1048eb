/* SPDX-License-Identifier: MIT */
/* Segments of a transport stream that follow each other; see seam.h. */
#include "ts/seam.h"

#include <string.h>

#include "base/bytes.h"
#include "recording/clock.h"
#include "ts/ts_priv.h"

enum {
    HOLE_90K = 3600,        /* so much more than a step is missing; less is jitter */
    HOLE_MAX_90K = 5400000, /* more is another clock */
    STEP_MAX_90K = 180000   /* what comes more rarely is not missed */
};

static int64_t us_of(int64_t ticks)
{
    return ticks * 100 / 9;
}

static bool has_come(const struct trtc_seam *s)
{
    for (int i = 0; i < s->nb_tracks; i++)
        if (s->tracks[i].seen)
            return true;
    return false;
}

void trtc_seam_begin(struct trtc_seam *s)
{
    s->nb = 0;
    s->blank = s->begun && !s->other && s->nb_tracks > 0 && !has_come(s);
    s->begun = s->other = s->anew = s->settled = false;
    for (size_t i = 0; i < sizeof s->counters / sizeof *s->counters; i++)
        s->counters[i].set = false;
    if (s->blank)
        return;
    for (int i = 0; i < s->nb_tracks; i++) {
        struct trtc_seam_track *t = &s->tracks[i];
        t->was = t->seen;
        t->prev_first_90k = t->first_90k;
        t->prev_last_90k = t->last_90k;
        t->old_step_90k = t->step_90k > 0 ? t->step_90k : t->old_step_90k;
        t->step_90k = 0;
        t->seen = false;
    }
}

static struct trtc_seam_track *track_of(struct trtc_seam *s, int pid)
{
    for (int i = 0; i < s->nb_tracks; i++)
        if (s->tracks[i].pid == pid)
            return &s->tracks[i];
    return NULL;
}

/* Whether a PES is one of sound or pictures by its stream_id (2.4.3.7). Private streams may be others, such
 * as subtitles, which come rarely. */
static bool may_be_track(uint8_t id)
{
    enum { PRIVATE = 0xbd, SOUND = 0xc0, PICTURES_LAST = 0xef, EXTENDED = 0xfd };

    return (id >= SOUND && id <= PICTURES_LAST) || id == PRIVATE || id == EXTENDED;
}

/* Returns when the PES that begins in this packet is decoded, or NOPTS: none does (2.4.3.6). */
static int64_t begins_at(const uint8_t *p, size_t off)
{
    enum { TIMES = 19 };
    const uint8_t *h = p + off;

    if (!(p[1] & 0x40) || p[3] & 0xc0 || off + TIMES > PACKET || trtc_be(h, 3) != 1 ||
        !may_be_track(h[3]) || !(h[7] & 0x80))
        return NOPTS;
    return trtc_ts_pes_time((h[7] & 0xc0) == 0xc0 ? h + 14 : h + 9);
}

/* Takes the counter of a packet whose first four bytes have come. Returns the one that it gets, so that the
 * first one with payload in a segment follows the last one of the segment before. */
static uint8_t take_counter(struct trtc_seam *s)
{
    const uint8_t *p = s->packet, cc = p[3] & 0xf;
    struct trtc_seam_counter *c = &s->counters[(p[1] & 0x1f) << 8 | p[2]];
    const bool payload = p[3] & 0x10, follows = cc == ((c->cc + 1) & 0xf);

    if (!payload && !c->set) /* it repeats the counter before it */
        return c->known ? (c->cc + c->added) & 0xf : cc;
    if (!payload)
        return (cc + c->added) & 0xf;
    if (!c->set) {
        s->course = !c->known || follows ? TRTC_SEAM_ON : TRTC_SEAM_ANEW;
        c->added = c->known ? (c->cc + c->added + 1 - cc) & 0xf : 0;
    } else {
        s->course = follows ? TRTC_SEAM_ON : cc == c->cc ? TRTC_SEAM_AGAIN : TRTC_SEAM_LACKS;
    }
    c->known = c->set = true;
    c->cc = cc;
    return (cc + c->added) & 0xf;
}

static void take_time(struct trtc_seam_track *t, int64_t at)
{
    const int64_t step = t->seen ? trtc_ts_diff(at, t->last_90k) : 0;

    if (step > t->step_90k && step < HOLE_MAX_90K)
        t->step_90k = step;
    if (!t->seen)
        t->first_90k = at;
    t->last_90k = at;
    t->seen = true;
}

static void take_packet(struct trtc_seam *s, const uint8_t *p)
{
    const int pid = (p[1] & 0x1f) << 8 | p[2];
    const size_t off = p[3] & 0x20 ? 5u + p[4] : 4;
    struct trtc_seam_track *t = track_of(s, pid);

    if (!(p[3] & 0x10) || off > PACKET || pid == NULL_PID)
        return;
    const int64_t at = begins_at(p, off);
    if (!t && at != NOPTS && s->nb_tracks < TRTC_SEAM_TRACKS) {
        t = &s->tracks[s->nb_tracks++];
        *t = (struct trtc_seam_track){ .pid = pid };
    }
    if (!t)
        return;
    if (!(p[3] & 0x20) || p[4] == 0 || !(p[5] & 0x80)) { /* it is not said that they do not go on */
        s->nb_missing += s->course == TRTC_SEAM_LACKS;
        s->anew |= s->course == TRTC_SEAM_ANEW;
    }
    if (at != NOPTS)
        take_time(t, at);
}

/* The packet that was collected does not begin with a sync byte: looks for one in it. */
static void skip(struct trtc_seam *s)
{
    const uint8_t *sync = memchr(s->packet + 1, SYNC, s->nb - 1);
    const size_t n = sync ? (size_t)(sync - s->packet) : s->nb;

    s->nb_bad += (int64_t)n;
    s->nb -= n;
    memmove(s->packet, s->packet + n, s->nb);
    if (s->nb > 3)
        take_counter(s);
}

/* Takes up to n bytes, of one packet. Returns their number. */
static size_t take_some(struct trtc_seam *s, uint8_t *p, size_t n)
{
    enum { COUNTER = 3 };
    const size_t had = s->nb, some = n < PACKET - had ? n : PACKET - had;

    memcpy(s->packet + had, p, some);
    s->nb += some;
    if (had <= COUNTER && s->nb > COUNTER && s->packet[0] == SYNC)
        p[COUNTER - had] = (uint8_t)((p[COUNTER - had] & 0xf0) | take_counter(s));
    return some;
}

void trtc_seam_take(struct trtc_seam *s, uint8_t *p, size_t n)
{
    s->other |= !s->begun && n > 0 && *p != SYNC;
    s->begun |= n > 0;
    while (n > 0 && !s->other) {
        const size_t some = take_some(s, p, n);

        p += some;
        n -= some;
        if (s->nb < PACKET)
            return;
        if (s->packet[0] == SYNC) {
            take_packet(s, s->packet);
            s->nb = 0;
        } else {
            skip(s);
        }
    }
}

void trtc_seam_end(struct trtc_seam *s)
{
    s->nb_bad += s->other ? 0 : (int64_t)s->nb;
    s->nb = 0;
}

/* Returns how much of a track is missing between its segments, in ticks, or 0. */
static int64_t hole_of(struct trtc_seam *s, struct trtc_seam_track *t)
{
    const int64_t rise = trtc_ts_diff(t->first_90k, t->prev_last_90k);

    if (t->old_step_90k == 0 && rise > 0 && !s->anew)
        t->old_step_90k = rise; /* one PES a segment */
    const int64_t hole = rise - t->old_step_90k;
    const bool steady = t->old_step_90k > 0 && t->old_step_90k <= STEP_MAX_90K;
    return steady && hole > HOLE_90K && rise < HOLE_MAX_90K ? hole : 0;
}

/* Whether all tracks of the segment before have come again. */
static bool have_come(const struct trtc_seam *s)
{
    for (int i = 0; i < s->nb_tracks; i++)
        if (s->tracks[i].was && !s->tracks[i].seen)
            return false;
    return true;
}

bool trtc_seam_compare(struct trtc_seam *s, bool ended, struct trtc_seam_join *out)
{
    int nb = 0, nb_holes = 0;

    if (s->settled || s->other || (!ended && !have_come(s)))
        return false;
    s->settled = true;
    *out = (struct trtc_seam_join){ .anew = s->anew, .blank = s->blank };
    for (int i = 0; i < s->nb_tracks; i++) {
        struct trtc_seam_track *t = &s->tracks[i];
        if (!t->was || !t->seen)
            continue;
        const int64_t us = us_of(hole_of(s, t));
        const int64_t length_us =
            us_of(trtc_ts_diff(t->prev_last_90k, t->prev_first_90k) + t->old_step_90k);
        nb++;
        nb_holes += us > 0;
        out->longest_us = length_us > out->longest_us ? length_us : out->longest_us;
        if (us <= out->hole_us)
            continue;
        out->hole_us = us;
        out->length_us = length_us;
    }
    out->all = nb_holes == nb;
    return nb > 0;
}

void trtc_seam_part(const struct trtc_seam *s, struct trtc_seam_part *out)
{
    *out = (struct trtc_seam_part){ 0 };
    for (int i = 0; i < s->nb_tracks; i++) {
        const struct trtc_seam_track *t = &s->tracks[i];
        const int64_t step = t->step_90k > 0 ? t->step_90k : t->old_step_90k;
        if (!t->seen)
            continue;
        const int64_t us = us_of(trtc_ts_diff(t->last_90k, t->first_90k) + step);
        if (us <= out->length_us)
            continue;
        out->length_us = us;
        out->spacing_us = t->was ? us_of(trtc_ts_diff(t->first_90k, t->prev_first_90k)) : 0;
    }
}
