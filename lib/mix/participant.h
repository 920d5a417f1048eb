/* SPDX-License-Identifier: MIT */
/* A participant of a mix: one user's stream, from its source to its tile. */
#ifndef TRTC_MIX_PARTICIPANT_H
#define TRTC_MIX_PARTICIPANT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/colour.h"
#include "base/err.h"
#include "mix/stage.h"
#include "recording/ledger.h"
#include "recording/roster.h"
#include "source/feed.h"

struct trtc_participant {
    /* set by the caller before the mix, which borrows all of it */
    const struct trtc_member *member;  /* the user, and when the stream is present as far as that is
                                          known beforehand (live: not at all) */
    struct trtc_feed *picture, *sound; /* NULL: none */
    struct trtc_colour_vote colour;    /* the colour tags of its pictures, as far as they are known
                                          before the pictures are read */
    struct trtc_source *live; /* its frames determine its presence; NULL: known beforehand */
    bool stored;              /* with live: the mix waits for its frames without limit */
    int64_t bytes;            /* the size of its files; live: 0 */
    /* results of the run */
    struct trtc_ledger pictures, sounds; /* frames "out" were seen, or heard */
    int64_t nb_flawed;                   /* damaged pictures that were shown */
    int64_t nb_askew;                    /* pictures that no steps turn as they should be shown */
    struct trtc_err failure;             /* of the picture; code 0: none */
    struct trtc_err sound_failure;
    int64_t failed_at_us;     /* epoch; TRTC_NOTIME: before the first picture */
    struct trtc_member there; /* when it was present; freed by the caller after the mix */
    /* used by the mix only */
    struct trtc_tile *tile; /* NULL: no picture */
    struct trtc_actor actor;
    bool left_out_told, failure_told;
};

#endif
