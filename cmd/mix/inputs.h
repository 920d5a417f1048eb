/* SPDX-License-Identifier: MIT */
/* trtc-mix: the inputs: streams from directories of recordings, files, live sources. */
#ifndef TRTC_CMD_MIX_INPUTS_H
#define TRTC_CMD_MIX_INPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "layout/mixset.h"
#include "mix/mix.h"
#include "recording/loss.h"
#include "recording/recording.h"
#include "recording/roster.h"
#include "recording/timeline.h"

/* A stream in the mix: inputs.c opens it, account.c completes its account. */
struct origin {
    char *user;
    bool aux;
    char *label;                     /* for messages */
    struct trtc_losses losses;       /* found while its file and its pictures are read */
    struct trtc_losses sound_losses; /* found in its sound, which another thread reads */
    struct trtc_member member;
    int64_t bytes;                  /* the size of its files; not of a live source */
    struct trtc_colour_vote colour; /* the colours of its pictures, as far as they are known */
    /* only for a recording */
    const struct trtc_recording *rec; /* borrowed from the scan */
    struct trtc_timeline line;
    struct trtc_feed *picture, *sound;
    /* only for a file or a live source */
    struct trtc_source *input;
    struct trtc_wanted want; /* what the mix takes of it, if it has that */
    bool dynamic;            /* its presence is not known beforehand: not a file */
    bool stored;             /* its place is known: a file, or a source with a START */
    int64_t start_us;        /* us since 1970, if stored */
    bool torn;               /* the file is cut off */
};

struct inputs {
    const struct trtc_mix_settings *set;
    size_t room;    /* how many participants can join while the mix runs */
    bool everybody; /* no stream is left out beforehand, since subscriptions may change */
    bool allow_missing, deterministic;
    int64_t from_us, to_us; /* limits of the mix in us since 1970, as far as they are given as such;
                               TRTC_NOTIME */
    int64_t only_until_us;  /* files are examined up to this time only (--still); TRTC_NOTIME */
    int code;               /* the worst exit status so far */
    struct trtc_scan scan;
    struct trtc_losses losses; /* all that were reported */
    /* Only for a part. Each loss is reported by the part in whose time it is; one without a time
     * that is known before the mix begins, by the first part. */
    bool in_part, told_early;         /* told_early: mix_lose_early was called */
    struct trtc_mix_note note;        /* the messages that are written into its file */
    struct trtc_losses early;         /* losses that wait until the next two are known */
    int64_t part_from_us, part_to_us; /* INT64_MIN: the first part; INT64_MAX: the last */
    struct origin **origins;
    size_t nb_origins;
    struct trtc_participant *participants; /* one for each origin, in the same order */
    int64_t start_us, end_us; /* of stored inputs; TRTC_NOTIME: there are none, or (end) live */
    bool live;                /* of some sources the presence is not known beforehand */
    bool unplaced;            /* ... and neither is their beginning */
    int64_t began_us;         /* when the program began (us since 1970) */
};

/* Returns the path of a SOURCE that is a file: without file: in front. */
const char *mix_source_path(const char *source);

/* Opens the inputs that the operands name. An input that cannot be opened is reported, and counts
 * in in->code. Returns 0; 1: no input is left, which was reported; -1 with err. */
int mix_inputs_open(struct inputs *in, const char *const *operands, size_t n, struct trtc_err *err);
/* Whether the mix is to begin (--from) before the program did. */
bool mix_inputs_past(const struct inputs *in);
/* Returns the user of stream i < nb_origins; owned by in. */
const char *mix_inputs_user(const struct inputs *in, size_t i);
/* Opens the streams of recordings and fills in->participants, once the beginning of the mix is
 * known: from_us; first_us: the beginning of the part that is made, else the same. Returns 0, or
 * -1. */
int mix_inputs_start(struct inputs *in, int64_t from_us, int64_t first_us, struct trtc_err *err);
/* For lines of a script: the input of c joins m; the stream of "USER[:aux]" ends. Called by one
 * thread, while the mix runs. Return 0, or -1: nothing has changed. */
int mix_inputs_join(struct inputs *in, const struct trtc_mix_change *c, struct trtc_mix *m,
                    struct trtc_err *err);
int mix_inputs_leave(struct inputs *in, const char *user, struct trtc_err *err);
/* Frees the origins after the first nb, which joined too late to be in the mix. */
void mix_inputs_joined(struct inputs *in, size_t nb);
void mix_inputs_close(struct inputs *in);

#endif
