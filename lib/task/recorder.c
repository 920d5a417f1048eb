/* SPDX-License-Identifier: MIT */
/* The rules for the child that records a stream. */
#include "task/recorder.h"

#include <signal.h>

#include "base/err.h"
#include "playlist/name.h"

#define S INT64_C(1000000)

enum {
    EXIT_SIGNALLED = 128,
    DOUBLINGS = 6, /* how often the pause between two starts is doubled */
};

static const int64_t grace_us = 3 * S, /* the time in which a child notices the end of its stream */
    kill_us = 30 * S,                  /* the time in which it ends after it is asked to */
    soon_us = 10 * S,                  /* an end before that counts as soon after the start */
    died_soon_us = 2 * S,              /* the same for a child that dies */
    end_pause_us = S,                  /* the event may follow the end of a stream by this time */
    break_pause_us = S / 2;            /* the first pause after a failure */

void trtc_recorder_init(struct trtc_recorder *r, bool resumed, int ha)
{
    const bool beside = resumed && ha < TRTC_NAME_HA_MAX;
    *r = (struct trtc_recorder){ .how = beside ? TRTC_RECORDER_BESIDE : TRTC_RECORDER_APPEND,
                                 .ha = ha,
                                 .due_us = INT64_MIN };
}

static bool is_same(const struct trtc_recorder_want *a, const struct trtc_recorder_want *b)
{
    return a->wanted == b->wanted && a->audio == b->audio && a->video == b->video &&
           a->number == b->number;
}

void trtc_recorder_wants(struct trtc_recorder *r, const struct trtc_recorder_want *want,
                         int64_t now_us)
{
    if (is_same(&r->want, want))
        return;
    if (want->wanted && (want->number != r->want.number || !r->want.wanted)) {
        r->failures = 0;
        if (!r->runs)
            r->due_us = INT64_MIN;
    }
    r->want = *want;
    if (!r->asked)
        r->since_us = now_us;
}

/* ---- what is to be done ---- */

/* Returns when the child is asked to end because something else is wanted now; INT64_MAX: it
 * records what is wanted. */
static int64_t stop_at(const struct trtc_recorder *r, bool hurry)
{
    if (hurry)
        return INT64_MIN;
    if (is_same(&r->want, &r->run))
        return INT64_MAX;
    const bool stream_ended = !r->want.wanted || r->want.number != r->run.number;
    return r->since_us + (stream_ended && r->ends_itself ? grace_us : 0);
}

static enum trtc_recorder_act step_running(struct trtc_recorder *r, bool hurry, int64_t now_us,
                                           int64_t *again_us)
{
    const int64_t at_us = r->asked ? r->due_us : stop_at(r, hurry);
    if (now_us < at_us) {
        *again_us = at_us;
        return TRTC_RECORDER_WAIT;
    }
    const bool was_asked = r->asked;
    r->asked = true;
    r->due_us = was_asked ? INT64_MAX : now_us + kill_us;
    *again_us = r->due_us;
    return was_asked ? TRTC_RECORDER_KILL : TRTC_RECORDER_STOP;
}

enum trtc_recorder_act trtc_recorder_step(struct trtc_recorder *r, bool hurry, int64_t now_us,
                                          int64_t *again_us)
{
    *again_us = INT64_MAX;
    if (r->runs)
        return step_running(r, hurry, now_us, again_us);
    if (hurry || !r->want.wanted)
        return TRTC_RECORDER_WAIT;
    if (now_us >= r->due_us)
        return TRTC_RECORDER_START;
    *again_us = r->due_us;
    return TRTC_RECORDER_WAIT;
}

/* ---- what happens ---- */

/* Doubles the pause with each failure. */
static int64_t pause_us(const struct trtc_recorder *r, int64_t first_us)
{
    return first_us << (r->failures < DOUBLINGS ? r->failures : DOUBLINGS);
}

void trtc_recorder_started(struct trtc_recorder *r, bool ok, int64_t now_us)
{
    r->runs = ok;
    r->asked = false;
    r->run = r->want;
    r->since_us = now_us;
    r->ha +=
        ok && r->how == TRTC_RECORDER_BESIDE && r->ha < TRTC_NAME_HA_MAX; /* as it may never say */
    if (!ok) {
        r->due_us = now_us + pause_us(r, break_pause_us);
        r->failures++;
    }
}

static bool was_well(const struct trtc_recorder *r, const struct trtc_recorder_end *end)
{
    if (end->by_signal)
        return false;
    return end->code == TRTC_EX_OK || end->code == TRTC_EX_LOSS ||
           (r->asked &&
            (end->code == EXIT_SIGNALLED + SIGTERM || end->code == EXIT_SIGNALLED + SIGINT ||
             end->code == EXIT_SIGNALLED + SIGHUP));
}

/* Whether the process itself has failed, or another process owns the names of its files. */
static bool has_died(const struct trtc_recorder_end *end)
{
    return end->by_signal || end->code == TRTC_EX_SOFTWARE || end->code == TRTC_EX_CANTCREAT ||
           end->code > EXIT_SIGNALLED;
}

static void choose_how(struct trtc_recorder *r, const struct trtc_recorder_end *end, bool died)
{
    const bool none_left =
        r->how == TRTC_RECORDER_BESIDE && !end->by_signal && end->code == TRTC_EX_UNAVAILABLE;
    if (none_left)
        r->ha = TRTC_NAME_HA_MAX;
    r->how = died && r->ha < TRTC_NAME_HA_MAX ? TRTC_RECORDER_BESIDE : TRTC_RECORDER_APPEND;
}

enum trtc_recorder_loss trtc_recorder_ended(struct trtc_recorder *r,
                                            const struct trtc_recorder_end *end, int64_t now_us)
{
    const bool well = was_well(r, end), died = !well && has_died(end);
    const bool soon = now_us - r->since_us < (died ? died_soon_us : soon_us) && !r->asked;
    if (!soon)
        r->failures = 0;
    r->due_us = now_us;
    if (well && !r->asked)
        r->due_us += pause_us(r, end_pause_us);
    else if (!well && (!died || r->failures))
        r->due_us += pause_us(r, break_pause_us);
    r->failures += soon;
    if (r->want.number != r->run.number) { /* a new stream waits for the end of this one */
        r->failures = 0;
        r->due_us = now_us;
    }
    choose_how(r, end, died);
    r->runs = r->asked = false;
    if (died)
        return TRTC_RECORDER_DIED;
    return well && end->code != TRTC_EX_LOSS ? TRTC_RECORDER_NO_LOSS : TRTC_RECORDER_LOSS;
}
