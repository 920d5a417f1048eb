/* SPDX-License-Identifier: MIT */
/* Between tile.c (what is decoded when) and tile_account.c (what becomes of each picture). */
#ifndef TRTC_MIX_TILE_PRIV_H
#define TRTC_MIX_TILE_PRIV_H

#include "mix/tile.h"
#include "recording/ledger.h"

enum { TILE_INSIDE_MAX = 64 }; /* more than any decoder holds, its threads included */
enum { TILE_HIDDEN_MAX = 8 };  /* reasons after each other, while pictures wait for a key frame */

struct tile_about { /* what goes with a picture through the decoder */
    int64_t us;     /* PTS */
    unsigned turn;
    int sar_num, sar_den;
    struct trtc_colour colour; /* zeros: as the decoder says */
    bool hidden, damaged;
    bool guessed; /* the time is that of decoding: the next picture that comes out has it */
    bool outrun;  /* a later one is due as well: the decoder may pass over it */
    bool refused; /* the decoder said so */
};

struct tile_account {
    struct trtc_ledger ledger;
    int64_t start_us;        /* what is shown before that is cut; TRTC_NOTIME: nothing */
    int64_t end_us, lost_us; /* as trtc_tile_settle has them; INT64_MAX before */
    int64_t due_us;          /* of the last advance */
    struct tile_hidden {     /* nobody has seen what was due until there: */
        int64_t until_us;
        enum trtc_left why;
    } hidden[TILE_HIDDEN_MAX]; /* rising, the latest ones */
    int nb_hidden;
    bool begun;   /* a picture has come out since the decoder began anew, */
    bool ever;    /* or at all */
    bool absorbs; /* some are part of another picture: second fields, and those that only help */
    struct tile_about inside[TILE_INSIDE_MAX]; /* sent, and not come out, in order of sending */
    int nb_inside;
};

void trtc_tile_account_init(struct tile_account *a);

/* From now on nobody sees what is due until due_us, for this reason. */
void trtc_tile_account_hide(struct tile_account *a, int64_t due_us, enum trtc_left why);

/* Why a picture that was not seen was not: cut, hidden, out of place, or above the rate. */
enum trtc_left trtc_tile_account_unseen(const struct tile_account *a, int64_t us);

/* Notes that a picture goes to the decoder. A hidden one is not waited for. */
void trtc_tile_account_sent(struct tile_account *a, const struct tile_about *about);

/* Notes that a picture came out; earlier ones are lost in the decoder. True: *about is what was
 * sent for it, and *us its time; false: nothing was sent for it, or it has been given up. */
bool trtc_tile_account_came(struct tile_account *a, int64_t *us, struct tile_about *about);

/* Notes that the decoder was emptied: none of the pictures inside will come out. */
void trtc_tile_account_gone(struct tile_account *a);

/* Notes that nothing more is decoded. Pictures inside that were not due yet count as unseen. */
void trtc_tile_account_end(struct tile_account *a);

/* A picture that is due at due_us and later than after_us may still be inside. */
bool trtc_tile_account_owes(const struct tile_account *a, int64_t due_us, int64_t after_us);

static inline void tile_account_left(struct tile_account *a, enum trtc_left why)
{
    a->ledger.nb_left[why]++;
}

#endif
