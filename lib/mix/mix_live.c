/* SPDX-License-Identifier: MIT */
/* Live sources in the mix: waits for the data that is due, and follows who is present. */
#include "mix/mix_priv.h"

#include <time.h>

#define POLL_NS 10000000
#define STEP_US 100000
#define JOIN_US 200000

static bool stopped(const struct trtc_mix *m)
{
    return trtc_is_stopped(m->o.stop);
}

/* Ends a mix to which no source has sent anything, with the worst code of all sources. The owner of
 * each source reports why it failed. */
static enum trtc_mix_end nothing_came(const struct trtc_mix *m, struct trtc_err *err)
{
    int code = 0;
    for (size_t i = 0; i < m->nb_participants; i++) {
        struct trtc_err why = { 0 };
        if (m->participants[i].live)
            trtc_source_failure(m->participants[i].live, &why);
        code = trtc_worse(code, why.code);
    }
    if (m->o.otherwise_us != TRTC_NOTIME)
        return TRTC_MIX_MADE;
    trtc_fail(err, code ? code : TRTC_EX_DATAERR, "no source has any sound or picture");
    return code ? TRTC_MIX_NOTHING : TRTC_MIX_FAILED;
}

enum trtc_mix_end trtc_mix_live_begin(struct trtc_mix *m, struct trtc_err *err)
{
    if (atomic_load(&m->stays)) {
        m->state.start_us = m->o.now_us() + m->o.after_us;
        return TRTC_MIX_MADE;
    }
    while (!stopped(m)) {
        int64_t first = INT64_MAX;
        bool all_ended = true;
        for (size_t i = 0; i < m->nb_participants; i++) {
            const enum trtc_kind kinds[] = { TRTC_AUDIO, TRTC_VIDEO };
            for (size_t k = 0; m->participants[i].live && k < 2; k++) {
                int64_t from, newest;
                bool ended;
                if (trtc_source_seen(m->participants[i].live, kinds[k], &from, &newest, &ended) &&
                    from < first)
                    first = from;
                all_ended &= ended;
            }
        }
        if (first != INT64_MAX) {
            m->state.start_us = first + m->o.after_us;
            return TRTC_MIX_MADE;
        }
        if (all_ended) {
            m->state.start_us = m->o.otherwise_us;
            return nothing_came(m, err);
        }
        const struct timespec nap = { .tv_nsec = POLL_NS };
        nanosleep(&nap, NULL);
    }
    trtc_fail(err, TRTC_EX_NOINPUT, "interrupted before any data arrived");
    return TRTC_MIX_FAILED;
}

/* Waits until a source has its data up to due_us, until it is too late for it, until the mix fails,
 * or until the stop flag is set. */
static void wait_for(struct trtc_mix *m, const struct trtc_participant *s, int64_t due_us)
{
    const int64_t from_us = due_us > m->began_us ? due_us : m->began_us;
    const int64_t until = s->stored ? INT64_MAX : from_us + TRTC_MIX_LATENCY_US;
    while (!stopped(m) && !trtc_mix_failed(&m->state)) {
        const int64_t now = m->o.now_us(), step = now + STEP_US;
        if (trtc_source_wait(s->live, due_us, step < until ? step : until) || now >= until)
            return;
    }
}

/* Waits for the clock in a mix that stays without inputs. A frame is mixed so late that a user who
 * joins with a frame of that time is there before. */
static void wait_for_clock(struct trtc_mix *m, int64_t due_us)
{
    const struct timespec nap = { .tv_nsec = POLL_NS };
    due_us += JOIN_US + 2 * 1000000 / m->o.set->fps;
    while (atomic_load(&m->stays) && !atomic_load(&m->leaves_us) && !stopped(m) &&
           !trtc_mix_failed(&m->state) && m->o.now_us() < due_us)
        nanosleep(&nap, NULL);
}

void trtc_mix_live_wait(struct trtc_mix *m, int64_t due_us)
{
    wait_for_clock(m, due_us);
    for (size_t i = 0; i < m->nb_participants; i++)
        if (m->participants[i].live)
            wait_for(m, &m->participants[i], due_us);
}

struct due { /* a source, and the time up to which it is followed */
    struct trtc_source *live;
    bool broke; /* it ended with a failure */
    int64_t due_us;
};

/* Updates the intervals of one kind: the last one is open as long as frames arrive, and ends where
 * the source ended, or 15 s after the last frame if it broke or stalls. */
static int follow(struct trtc_intervals *v, const struct due *d, enum trtc_kind kind,
                  struct trtc_err *err)
{
    const bool broke = d->broke;
    const int64_t due_us = d->due_us;
    int64_t first, newest;
    bool ended;
    if (!trtc_source_seen(d->live, kind, &first, &newest, &ended))
        return 0;
    int64_t end = INT64_MAX;
    if (ended && !broke)
        end = newest;
    else if (ended || due_us - newest > TRTC_SECTION_GAP_US)
        end = newest + TRTC_SECTION_GAP_US;
    struct trtc_interval *last = v->n ? &v->items[v->n - 1] : NULL;
    if (last && newest <= last->end_us) {
        last->end_us = end;
        return 0;
    }
    return trtc_intervals_add(v, last ? newest : first, end, 0, err);
}

int trtc_mix_live_follow(struct trtc_mix *m, int64_t due_us, struct trtc_err *err)
{
    for (size_t i = 0; i < m->nb_participants; i++) {
        const struct trtc_participant *s = &m->participants[i];
        struct trtc_member *who = &m->participants[i].there;
        struct trtc_err why;
        if (!s->live)
            continue;
        trtc_source_failure(s->live, &why);
        const struct due due = { s->live, why.code, due_us };
        /* pictures that cannot be decoded no longer count as present */
        if ((!m->participants[i].failure_told &&
             follow(&who->picture, &due, TRTC_VIDEO, err) < 0) ||
            follow(&who->sound, &due, TRTC_AUDIO, err) < 0 ||
            trtc_member_settle(who, m->o.linger_us, err) < 0)
            return -1;
    }
    return 0;
}

bool trtc_mix_live_over(struct trtc_mix *m, int64_t due_us)
{
    if (atomic_load(&m->stays))
        return false;
    for (size_t i = 0; i < m->nb_participants; i++) {
        const enum trtc_kind kinds[] = { TRTC_AUDIO, TRTC_VIDEO };
        for (size_t k = 0; m->participants[i].live && k < 2; k++) {
            int64_t first, newest;
            bool ended;
            bool seen =
                trtc_source_seen(m->participants[i].live, kinds[k], &first, &newest, &ended);
            if (!ended || (seen && newest > due_us))
                return false;
        }
        const struct trtc_intervals *v = &m->participants[i].member->both;
        if (!m->participants[i].live && v->n && v->items[v->n - 1].end_us > due_us)
            return false;
    }
    return true;
}
