/* SPDX-License-Identifier: MIT */
/* A participant's stream in the mix, from what it is read from to its tile. */
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
    /* the caller's: set before the mix, which borrows it and frees nothing of it */
    const struct trtc_member *member;  /* whose stream it is, and when it is there as far as that is
                                          known beforehand (live: not at all) */
    struct trtc_feed *picture, *sound; /* NULL: none */
    struct trtc_colour_vote colour; /* what its pictures say of themselves, as far as that is known
                                          before they come */
    struct trtc_source *live;       /* presence follows what comes; NULL: it is known */
    bool stored;                    /* with live: the mix waits for it, however long it takes */
    bool recorded; /* of a recording: if the machine cannot read it, a mix without live sources fails */
    /* what the run says of it */
    struct trtc_ledger pictures, sounds; /* frames out were seen, and heard */
    int64_t nb_flawed;                   /* pictures that were shown, though damaged */
    struct trtc_err failure;             /* of the picture; code 0: none */
    struct trtc_err sound_failure;
    int64_t failed_at_us;     /* epoch; TRTC_NOTIME: before the first picture */
    struct trtc_member there; /* when it was there; the caller frees it (trtc_member_fini) after the
                                  mix has been freed */
    /* the mix's own */
    struct trtc_tile *tile; /* NULL: no picture */
    struct trtc_actor actor;
    bool left_out_told, failure_told;
};

#endif
