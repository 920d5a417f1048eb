/* SPDX-License-Identifier: MIT */
/* Who is in the room when: intervals of sound and picture by the 15 s rule, and from them the streams that have
 * a window at a time, in order of entry. */
#ifndef TRTC_RECORDING_ROSTER_H
#define TRTC_RECORDING_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "recording/timeline.h"

struct trtc_interval {
    int64_t start_us, end_us; /* epoch; end is exclusive, INT64_MAX: open */
};

struct trtc_intervals { /* rising, with more than the gap between them */
    struct trtc_interval *items;
    size_t n;
};

/* Adds [start_us, end_us), not before the last one's start: it is extended where no more than gap_us lies between. */
int trtc_intervals_add(struct trtc_intervals *v, int64_t start_us, int64_t end_us, int64_t gap_us,
                       struct trtc_err *err);
/* The clips of a lane, holes of up to TRTC_SECTION_GAP_US closed. */
int trtc_intervals_lane(struct trtc_intervals *v, const struct trtc_lane *lane,
                        struct trtc_err *err);
/* What lies in a or in b, holes of up to gap_us closed; out is freed first. */
int trtc_intervals_union(const struct trtc_intervals *a, const struct trtc_intervals *b,
                         int64_t gap_us, struct trtc_intervals *out, struct trtc_err *err);
/* Each lasts by_us longer; what meets then is one. */
void trtc_intervals_linger(struct trtc_intervals *v, int64_t by_us);
/* The one that holds t, or NULL. */
const struct trtc_interval *trtc_intervals_at(const struct trtc_intervals *v, int64_t t_us);
void trtc_intervals_fini(struct trtc_intervals *v);

struct trtc_wanted {
    bool sound, picture; /* subscribed to */
};

struct trtc_member {  /* when a participant's stream is there */
    const char *user; /* borrowed */
    bool aux;
    struct trtc_wanted wanted;                            /* the caller's: for trtc_roster_at */
    struct trtc_intervals sound, picture;                 /* by the 15 s rule */
    struct trtc_intervals both;                           /* their union by the same rule */
    struct trtc_intervals stay, stay_sound, stay_picture; /* both, sound, picture with the linger */
};

/* Makes both and what stays of sound and picture. */
int trtc_member_settle(struct trtc_member *m, int64_t linger_us, struct trtc_err *err);
void trtc_member_fini(struct trtc_member *m);

/* The members who have a window at t, in order of entry (those who enter together in the order of members): indices
 * into members go to out, which has room for n; returns how many. no_audio_windows: who has only sound at t has
 * none. */
size_t trtc_roster_at(const struct trtc_member *const *members, size_t n, bool no_audio_windows,
                      int64_t t_us, size_t *out);

#endif
