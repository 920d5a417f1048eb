/* SPDX-License-Identifier: MIT */
/* The account of a tile: each picture that came in was shown, or has a reason why not. */
#include "mix/tile_priv.h"

#include <string.h>

#include "base/utc.h"

void trtc_tile_account_init(struct tile_account *a)
{
    *a = (struct tile_account){
        .start_us = TRTC_NOTIME, .end_us = INT64_MAX, .lost_us = INT64_MAX, .due_us = TRTC_NOTIME
    };
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

/* Accounts for a picture that was sent to the decoder and will not come out. */
static void missing(struct tile_account *a, const struct tile_about *p)
{
    const enum trtc_left unseen = trtc_tile_account_unseen(a, p->us);

    if (unseen != TRTC_LEFT_RATE || (p->outrun && !p->refused))
        tile_account_left(a, unseen);
    else if (p->damaged)
        tile_account_left(a, TRTC_LEFT_DAMAGED);
    else if (!a->ever || (!a->begun && !p->refused))
        tile_account_left(a, TRTC_LEFT_NO_KEY);
    else if (a->absorbs && !p->refused)
        a->ledger.nb_out++;
    else
        tile_account_left(a, TRTC_LEFT_UNDECODED);
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

bool trtc_tile_account_came(struct tile_account *a, int64_t *us, struct tile_about *about)
{
    bool found = false;
    int n = 0;

    if (a->nb_inside > 0 && a->inside[0].guessed)
        *us = a->inside[0].us;
    for (int i = 0; i < a->nb_inside; i++)
        if (!found && a->inside[i].us == *us) {
            *about = a->inside[i];
            found = true;
        } else if (a->inside[i].us < *us) {
            missing(a, &a->inside[i]);
        } else {
            a->inside[n++] = a->inside[i];
        }
    a->nb_inside = n;
    a->begun = a->ever = true;
    return found;
}

void trtc_tile_account_gone(struct tile_account *a)
{
    for (int i = 0; i < a->nb_inside; i++)
        missing(a, &a->inside[i]);
    a->nb_inside = 0;
    a->begun = false;
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
