/* SPDX-License-Identifier: MIT */
/* The account of one track, from input to output. Every access unit and every frame that a
 * container holds is either written or left out for a named reason. A difference that remains is a
 * loss. */
#ifndef TRTC_RECORDING_LEDGER_H
#define TRTC_RECORDING_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a frame of the input is not in the output. */
enum trtc_left {
    TRTC_LEFT_DAMAGED,   /* some of its bytes are missing */
    TRTC_LEFT_UNDECODED, /* complete, but the decoder rejected it */
    TRTC_LEFT_NO_KEY,    /* before the first key frame, or without parameter sets */
    TRTC_LEFT_FORMAT,    /* in a codec or format that is not supported */
    TRTC_LEFT_ENCRYPTED, /* by its container */
    TRTC_LEFT_UNPLACED,  /* its time is unknown, or far from all other times */
    TRTC_LEFT_TWICE,     /* recorded twice: another playlist covers its time */
    TRTC_LEFT_CUT,       /* beyond a cut: the end of a section, the start of a recovery, --from,
                            --to */
    TRTC_LEFT_OVERLAP,   /* the frame before already covers its time */
    TRTC_LEFT_RATE,      /* the output has a lower picture rate */
    TRTC_LEFT_UNWANTED,  /* not requested: a stream that an option excludes, a hidden window */
    TRTC_LEFT_LATE,      /* it arrived after its time had passed */
    TRTC_NB_LEFT
};

/* Counts of frames: pictures (access units), or frames of sound. Start with all zeros. */
struct trtc_ledger {
    int64_t nb_packets; /* transport packets of the track; 0 for other containers */
    int64_t nb_in;      /* frames found in the input */
    int64_t nb_out;     /* frames that were copied, or shown or heard in what was encoded */
    int64_t nb_left[TRTC_NB_LEFT];
    int64_t nb_put_in; /* frames that we added: silence, black, repeated pictures */
};

/* The name of a reason in JSON: lower case with underscores, such as "before_key_frame". Static. */
const char *trtc_left_name(enum trtc_left why);

/* The reason in words, for messages: "before the first key frame". Static. */
const char *trtc_left_words(enum trtc_left why);

/* Whether this reason means that input was lost. False if the user asked for it, or if the same
 * content is present elsewhere. */
bool trtc_left_is_loss(enum trtc_left why);

/* How many frames were left out, for all reasons together. */
int64_t trtc_ledger_left(const struct trtc_ledger *l);

/* How many frames of the input are neither in the output nor left out for a reason. 0: the account
 * balances; negative: more frames went out than came in. */
int64_t trtc_ledger_open(const struct trtc_ledger *l);

/* Adds the counts of from to those of to. */
void trtc_ledger_add(struct trtc_ledger *to, const struct trtc_ledger *from);

#endif
