/* SPDX-License-Identifier: MIT */
/* The account of a tile: each picture that came in was shown, or has a reason why not. */
#include "mix/tile_priv.h"

#include <string.h>

#include "base/utc.h"

void trtc_tile_account_init(struct tile_account *a)
{
    *a = (struct tile_account){ .start_us = TRTC_NOTIME,
                                .end_us = INT64_MAX,
                                .lost_us = INT64_MAX,
                                .due_us = TRTC_NOTIME,
                                .said_us = TRTC_NOTIME,
                                .came_us = TRTC_NOTIME };
}

void trtc_tile_account_hide(struct tile_account *a, int64_t due_us, enum trtc_left why)
{
    if (why == TRTC_LEFT_CUT) {
        a->start_us = due_us;
        return;
    }
    if (a->nb_hidden && a->hidden[a->nb_hidden - 1].why == why)
        a->nb_hidden--;
    if (a->nb_hidden == TILE_HIDDEN_MAX)
        memmove(a->hidden, a->hidden + 1, (size_t)--a->nb_hidden * sizeof *a->hidden);
    a->hidden[a->nb_hidden++] = (struct tile_hidden){ due_us, why };
}

enum trtc_left trtc_tile_account_unseen(const struct tile_account *a, int64_t us)
{
    if (us >= a->lost_us)
        return TRTC_LEFT_UNPLACED;
    if (us >= a->end_us || (a->start_us != TRTC_NOTIME && us < a->start_us))
        return TRTC_LEFT_CUT;
    for (int i = 0; i < a->nb_hidden; i++)
        if (us <= a->hidden[i].until_us)
            return a->hidden[i].why;
    return TRTC_LEFT_RATE;
}

/* Returns the reason why a picture that was sent to the decoder does not come out. */
static enum trtc_left reason(const struct tile_account *a, const struct tile_about *p)
{
    const enum trtc_left unseen = trtc_tile_account_unseen(a, p->us);

    if (p->nb_later > 0)
        return p->why;
    if (unseen != TRTC_LEFT_RATE || (p->outrun && !p->refused))
        return unseen;
    if (p->damaged)
        return TRTC_LEFT_DAMAGED;
    return !a->ever || (!a->begun && !p->refused) ? TRTC_LEFT_NO_KEY : TRTC_LEFT_UNDECODED;
}

/* Accounts for a picture that was sent to the decoder and will not come out. */
static void missing(struct tile_account *a, const struct tile_about *p)
{
    const enum trtc_left why = reason(a, p);

    if (why == TRTC_LEFT_UNDECODED && a->absorbs && !p->refused)
        a->ledger.nb_out++;
    else
        tile_account_left(a, why);
}

static void forget_first(struct tile_account *a)
{
    memmove(a->inside, a->inside + 1, (size_t)--a->nb_inside * sizeof *a->inside);
}

void trtc_tile_account_sent(struct tile_account *a, const struct tile_about *about)
{
    if (about->hidden) { /* its time may be that of a picture that is shown (edit lists) */
        tile_account_left(a, TRTC_LEFT_CUT);
        return;
    }
    if (a->nb_inside == TILE_INSIDE_MAX) {
        missing(a, &a->inside[0]);
        forget_first(a);
    }
    a->inside[a->nb_inside++] = *about;
}

/* Drops the pictures that were sent before a key picture, since that came out: they will not. */
static void pass_key(struct tile_account *a, int key)
{
    for (int i = 0; i < key; i++)
        missing(a, &a->inside[i]);
    a->nb_inside -= key;
    memmove(a->inside, a->inside + key, (size_t)a->nb_inside * sizeof *a->inside);
    a->disordered = a->descends;
    a->descends = false;
}

/* Finds out whether times are in the order of presentation. us: of the picture that came out. */
static void judge_order(struct tile_account *a, int64_t us)
{
    int i = 0;

    a->descends |= us < a->said_us;
    a->said_us = us;
    while (i < a->nb_inside && a->inside[i].us != us)
        i++;
    if (i == a->nb_inside)
        return;
    a->disordered |= a->inside[i].nb_later > 0;
    if (a->disordered && a->inside[i].key)
        pass_key(a, i);
}

/* Returns the time of the picture that came out: as the decoder states it in us or, if times are
 * not in the order of presentation, the earliest one. */
static int64_t time_of(struct tile_account *a, int64_t us)
{
    if (a->nb_inside == 0 || a->inside[0].guessed)
        return a->nb_inside == 0 ? us : a->inside[0].us;
    judge_order(a, us);
    if (!a->disordered)
        return us;
    us = a->inside[0].us;
    for (int i = 1; i < a->nb_inside; i++)
        us = a->inside[i].us < us ? a->inside[i].us : us;
    return us;
}

/* A picture of a later time came out before p. Returns whether p may still come out. */
static bool may_come(const struct tile_account *a, struct tile_about *p)
{
    if (p->guessed || p->refused || p->outrun || a->absorbs)
        return false;
    if (p->nb_later == 0)
        p->why = reason(a, p);
    return ++p->nb_later <= TILE_LATE_MAX;
}

bool trtc_tile_account_came(struct tile_account *a, int64_t *us, struct tile_about *about)
{
    bool found = false;
    int n = 0;

    *us = time_of(a, *us);
    for (int i = 0; i < a->nb_inside; i++)
        if (!found && a->inside[i].us == *us) {
            *about = a->inside[i];
            found = true;
        } else if (a->inside[i].us < *us && !may_come(a, &a->inside[i])) {
            missing(a, &a->inside[i]);
        } else {
            a->inside[n++] = a->inside[i];
        }
    a->nb_inside = n;
    a->begun = a->ever = true;
    if (a->disordered && *us < a->came_us) /* it was not known yet */
        *us = a->came_us;
    a->came_us = *us;
    return found;
}

void trtc_tile_account_gone(struct tile_account *a)
{
    for (int i = 0; i < a->nb_inside; i++)
        missing(a, &a->inside[i]);
    a->nb_inside = 0;
    a->begun = false;
    a->said_us = a->came_us = TRTC_NOTIME;
}

void trtc_tile_account_end(struct tile_account *a)
{
    int n = 0;

    for (int i = 0; i < a->nb_inside; i++)
        if (a->inside[i].us > a->due_us)
            tile_account_left(a, trtc_tile_account_unseen(a, a->inside[i].us));
        else
            a->inside[n++] = a->inside[i];
    a->nb_inside = n;
    trtc_tile_account_gone(a);
}

bool trtc_tile_account_owes(const struct tile_account *a, int64_t due_us, int64_t after_us)
{
    for (int i = 0; i < a->nb_inside; i++) {
        const struct tile_about *p = &a->inside[i];
        if (p->us <= due_us && !p->refused && (after_us == TRTC_NOTIME || p->us > after_us))
            return true;
    }
    return false;
}
