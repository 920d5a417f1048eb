/* SPDX-License-Identifier: MIT */
/* Shared by tile.c (which decides what is decoded when) and tile_account.c (which follows each
 * picture). */
#ifndef TRTC_MIX_TILE_PRIV_H
#define TRTC_MIX_TILE_PRIV_H

#include "mix/tile.h"
#include "recording/ledger.h"

enum { TILE_INSIDE_MAX = 64 }; /* more pictures than any decoder delays, including its threads */
enum { TILE_HIDDEN_MAX = 8 };  /* successive reasons while pictures wait for a key frame */
enum { TILE_LATE_MAX = 16 };   /* no picture comes out behind more pictures of later times */

struct tile_about { /* properties of a picture on its way through the decoder */
    int64_t us;     /* PTS */
    unsigned turn;
    int sar_num, sar_den;
    struct trtc_colour colour; /* zeros: as the decoder reports */
    bool key, hidden, damaged;
    bool guessed;       /* us is the decoding time; it belongs to the next picture that comes out */
    bool outrun;        /* a later one is due as well, so the decoder may skip it */
    bool refused;       /* the decoder has refused it */
    int nb_later;       /* pictures of later times that came out before it: either it is missing, */
    enum trtc_left why; /* for this reason, or times are not in the order of presentation */
};

struct tile_account {
    struct trtc_ledger ledger;
    int64_t start_us;        /* earlier pictures are cut off; TRTC_NOTIME: none are */
    int64_t end_us, lost_us; /* as for trtc_tile_settle; INT64_MAX before that */
    int64_t due_us;          /* of the last advance */
    struct tile_hidden {     /* pictures that were due until then were not seen, for this reason */
        int64_t until_us;
        enum trtc_left why;
    } hidden[TILE_HIDDEN_MAX]; /* the latest ones, in order of time */
    int nb_hidden;
    bool begun;      /* a picture has come out since the decoder was restarted */
    bool ever;       /* a picture has ever come out */
    bool absorbs;    /* some packets are part of another picture: second fields, enhancements */
    bool disordered; /* times are in the order of decoding: pictures get them as they come out */
    bool descends;   /* the decoder's times have fallen since the last key picture */
    int64_t said_us; /* the time that the decoder stated last, */
    int64_t came_us; /* and the one that the picture got */
    struct tile_about inside[TILE_INSIDE_MAX]; /* those in the decoder, in order of sending */
    int nb_inside;
};

void trtc_tile_account_init(struct tile_account *a);

/* Notes that pictures due until due_us are not seen, for this reason. */
void trtc_tile_account_hide(struct tile_account *a, int64_t due_us, enum trtc_left why);

/* Returns why a picture was not seen: cut off, hidden, out of place, or above the rate. */
enum trtc_left trtc_tile_account_unseen(const struct tile_account *a, int64_t us);

/* Notes that a picture is sent to the decoder. A hidden one is not expected to come out. */
void trtc_tile_account_sent(struct tile_account *a, const struct tile_about *about);

/* Notes that a picture came out; earlier ones are lost in the decoder, unless they come out soon.
 * Then the stream's times are in the order of decoding, and from there on each picture that comes
 * out gets the earliest of them. Returns true: *about is what was sent for it, and *us its time;
 * false: nothing was sent for it, or it has been given up. */
bool trtc_tile_account_came(struct tile_account *a, int64_t *us, struct tile_about *about);

/* Notes that the decoder was emptied: none of the pictures inside will come out. */
void trtc_tile_account_gone(struct tile_account *a);

/* Notes that nothing more is decoded. Pictures inside that were not due yet count as unseen. */
void trtc_tile_account_end(struct tile_account *a);

/* Whether a picture that is due at due_us and later than after_us may still be in the decoder. */
bool trtc_tile_account_owes(const struct tile_account *a, int64_t due_us, int64_t after_us);

static inline void tile_account_left(struct tile_account *a, enum trtc_left why)
{
    a->ledger.nb_left[why]++;
}

#endif
