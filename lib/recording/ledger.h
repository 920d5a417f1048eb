/* SPDX-License-Identifier: MIT */
/* The account of one track, from what came in to what went out: every access unit and frame
 * that a container holds is written, or left out for a reason that has a name. What does not
 * balance is a loss. */
#ifndef TRTC_RECORDING_LEDGER_H
#define TRTC_RECORDING_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a frame that came in did not go out. */
enum trtc_left {
    TRTC_LEFT_DAMAGED,   /* bytes of it are missing */
    TRTC_LEFT_UNDECODED, /* whole, but the decoder refused it */
    TRTC_LEFT_NO_KEY,    /* before the first key frame, or without parameter sets */
    TRTC_LEFT_FORMAT,    /* a codec or format that is not taken */
    TRTC_LEFT_UNPLACED,  /* its time cannot be told, or lies outside everything else */
    TRTC_LEFT_TWICE,     /* recorded twice: another playlist has its time */
    TRTC_LEFT_CUT,       /* beyond a cut: a section's end, a recovery's start, --from, --to */
    TRTC_LEFT_OVERLAP,   /* its time was used already by the frame before */
    TRTC_LEFT_RATE,      /* more pictures than the rate of the output shows */
    TRTC_LEFT_UNWANTED,  /* not asked for: a stream that an option leaves out, a hidden window */
    TRTC_LEFT_LATE,      /* it came when its time had passed */
    TRTC_NB_LEFT
};

/* Zero-initialise. Counts of frames: pictures (access units), or frames of sound. */
struct trtc_ledger {
    int64_t nb_packets; /* transport packets of the track; 0 for other containers */
    int64_t nb_in;      /* frames found in the input */
    int64_t nb_out;     /* of those, copied, or shown or heard in what was encoded */
    int64_t nb_left[TRTC_NB_LEFT];
    int64_t nb_put_in; /* frames of our own: silence, black, a picture shown again */
};

/* Name of a reason as it stands in JSON: lower case with underscores, e.g. "before_key_frame". */
const char *trtc_left_name(enum trtc_left why);

/* The reason in words, for messages: "before the first key frame". */
const char *trtc_left_words(enum trtc_left why);

/* True if leaving out for this reason loses something of the input; false if it does what was
 * asked for, or leaves out what is there a second time. */
bool trtc_left_is_loss(enum trtc_left why);

/* Sum of what was left out, for whatever reason. */
int64_t trtc_ledger_left(const struct trtc_ledger *l);

/* Frames that came in, did not go out, and have no reason: 0 where the account balances; below
 * 0 where more went out than came in. */
int64_t trtc_ledger_open(const struct trtc_ledger *l);

/* Adds the counts of from to those of to. */
void trtc_ledger_add(struct trtc_ledger *to, const struct trtc_ledger *from);

#endif
