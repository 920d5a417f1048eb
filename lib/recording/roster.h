/* SPDX-License-Identifier: MIT */
/* Who is in the room when: intervals of sound and picture by the 15 s rule, and from them the
 * streams that have a window at a given time, in the order of entry. */
#ifndef TRTC_RECORDING_ROSTER_H
#define TRTC_RECORDING_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "recording/timeline.h"

struct trtc_interval {
    int64_t start_us, end_us; /* epoch time; end is exclusive, INT64_MAX: open */
};

struct trtc_intervals { /* in rising order, further apart than the gap they were added with */
    struct trtc_interval *items;
    size_t n;
};

/* Adds [start_us, end_us), which must not begin before the last interval. If at most gap_us lies
 * between, the last interval is extended instead. 0, or -1: out of memory. */
int trtc_intervals_add(struct trtc_intervals *v, int64_t start_us, int64_t end_us, int64_t gap_us,
                       struct trtc_err *err);
/* Adds the clips of a lane, with holes of up to TRTC_SECTION_GAP_US closed. 0, or -1: out of
 * memory. */
int trtc_intervals_lane(struct trtc_intervals *v, const struct trtc_lane *lane,
                        struct trtc_err *err);
/* Sets out to the union of a and b, with holes of up to gap_us closed. The former contents of out
 * are freed. 0, or -1: out of memory. */
int trtc_intervals_union(const struct trtc_intervals *a, const struct trtc_intervals *b,
                         int64_t gap_us, struct trtc_intervals *out, struct trtc_err *err);
/* Makes each interval by_us longer and joins those that then meet. */
void trtc_intervals_linger(struct trtc_intervals *v, int64_t by_us);
/* The interval that contains t_us, or NULL; points into v. */
const struct trtc_interval *trtc_intervals_at(const struct trtc_intervals *v, int64_t t_us);
/* Whether an interval contains any time from from_us to to_us, both included. */
bool trtc_intervals_meet(const struct trtc_intervals *v, int64_t from_us, int64_t to_us);
void trtc_intervals_fini(struct trtc_intervals *v);

struct trtc_wanted {
    bool sound, picture; /* the kinds that are subscribed to */
};

struct trtc_member {  /* when a participant's stream is present */
    const char *user; /* borrowed */
    bool aux;
    struct trtc_wanted wanted;                            /* set by the caller, for
                                                             trtc_roster_at */
    struct trtc_intervals sound, picture;                 /* by the 15 s rule */
    struct trtc_intervals both;                           /* their union, by the same rule */
    struct trtc_intervals stay, stay_sound, stay_picture; /* both, sound and picture with the
                                                             linger added */
};

/* Computes both, and the intervals with the linger. 0, or -1: out of memory. */
int trtc_member_settle(struct trtc_member *m, int64_t linger_us, struct trtc_err *err);
/* Whether the member's window shows its picture at t_us: there is one, with the linger, or the last
 * one ended less than 15 s ago and the member is still there, with its sound. */
bool trtc_member_shown(const struct trtc_member *m, int64_t t_us);
void trtc_member_fini(struct trtc_member *m);

/* Finds the members who have a window at t_us, in the order of entry; those who enter together keep
 * the order of members. Writes their indices to out, which has room for n, and returns how many
 * there are. no_audio_windows: a member with only sound at t_us has no window. */
size_t trtc_roster_at(const struct trtc_member *const *members, size_t n, bool no_audio_windows,
                      int64_t t_us, size_t *out);

#endif
