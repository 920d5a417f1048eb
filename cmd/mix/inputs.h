/* SPDX-License-Identifier: MIT */
/* trtc-mix: who takes part: the streams of directories of recordings, files, live sources. */
#ifndef TRTC_CMD_MIX_INPUTS_H
#define TRTC_CMD_MIX_INPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "layout/mixset.h"
#include "mix/mix.h"
#include "recording/loss.h"
#include "recording/recording.h"
#include "recording/timeline.h"

/* A stream that takes part: inputs.c opens it, account.c settles its account. */
struct origin {
    char *user;
    bool aux;
    char *label;                     /* for messages */
    struct trtc_losses losses;       /* found while its pictures and its file are read */
    struct trtc_losses sound_losses; /* ... its sound, which another thread reads */
    struct trtc_member member;
    struct trtc_colour_vote colour; /* of its pictures, as far as it is known */
    /* of a recording */
    const struct trtc_recording *rec; /* borrowed from the scan */
    struct trtc_timeline line;
    struct trtc_feed *picture, *sound;
    /* of a file or a live source */
    struct trtc_source *input;
    bool dynamic; /* its presence is not known beforehand */
    bool stored;
    int64_t start_us; /* of a source; live: not used */
    bool torn;
};

struct inputs {
    const struct trtc_mix_settings *set;
    size_t room;    /* for so many participants who join while it runs */
    bool everybody; /* subscriptions may change: nobody is left out beforehand */
    bool allow_missing, deterministic;
    int64_t from_us, to_us; /* what the mix is limited to, as far as that is given on the clock;
                               TRTC_NOTIME */
    int64_t only_until_us;  /* nothing after it is looked at (--still); TRTC_NOTIME */
    int code;               /* worst exit status so far */
    struct trtc_scan scan;
    struct trtc_losses losses; /* all that have been told */
    /* of a part: each loss is told by the part in whose time it is, one without a time by the first, if
     * it is known before the mix begins */
    bool in_part, told_early;
    struct trtc_mix_note note;        /* what its file is to say */
    struct trtc_losses early;         /* what waits for these to be known: */
    int64_t part_from_us, part_to_us; /* INT64_MIN: the first part; INT64_MAX: the last */
    struct origin **origins;
    size_t nb_origins;
    struct trtc_participant *participants; /* one an origin */
    int64_t start_us, end_us; /* of what is stored; TRTC_NOTIME: nothing is, or (end) live */
    bool live;                /* some sources' presence is not known beforehand */
    bool unplaced;            /* ... nor when they begin */
    int64_t began_us;         /* when the program began */
};

/* Opens what the operands name. Whatever cannot be opened is reported and counts in in->code; 1 where nothing is
 * left then. 0, or -1 with err. */
int mix_inputs_open(struct inputs *in, const char *const *operands, size_t n, struct trtc_err *err);
/* Whether the mix is to begin before the program did. */
bool mix_inputs_past(const struct inputs *in);
/* The user of stream i, of nb_origins. */
const char *mix_inputs_user(const struct inputs *in, size_t i);
/* Streams of recordings are read from from_us on, where the mix begins: to be called once that is known. first_us:
 * where a part of it does, else the same. */
int mix_inputs_start(struct inputs *in, int64_t from_us, int64_t first_us, struct trtc_err *err);
/* What a script has come and go: the input of c joins m, and the stream of "USER[:aux]" ends. From one
 * thread, while the mix runs. -1: nothing has changed. */
int mix_inputs_join(struct inputs *in, const struct trtc_mix_change *c, struct trtc_mix *m,
                    struct trtc_err *err);
int mix_inputs_leave(struct inputs *in, const char *user, struct trtc_err *err);
/* The mix has ended, with nb participants: who joined too late for it has not been there. */
void mix_inputs_joined(struct inputs *in, size_t nb);
void mix_inputs_close(struct inputs *in);

#endif
