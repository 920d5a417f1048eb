/* SPDX-License-Identifier: MIT */
/* Edit lists of MP4 files (ISO/IEC 14496-12, 8.6.6): which parts of a track are shown, and when. */
#ifndef TRTC_CONTAINER_EDITS_H
#define TRTC_CONTAINER_EDITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Larger times are damage. With smaller ones, no calculation can overflow. */
#define TRTC_EDITS_TIME_MAX_US (INT64_C(1) << 56)

#define TRTC_EDIT_EMPTY  (-1)    /* at_us: nothing is shown for that long */
#define TRTC_EDIT_NORMAL 0x10000 /* rate */

struct trtc_edit {
    int64_t at_us;  /* from here on in the track; or EMPTY */
    int64_t dur_us; /* so long, on the time line of the film; INT64_MAX: to the end */
    int32_t rate;   /* speed, in 1/65536; 0: one picture stands still */
};

/* Zero: there is none. */
struct trtc_edits {
    struct trtc_edit *items;
    size_t n;
};

/* Whether the list does no more than delay the track and cut off its beginning and end. */
bool trtc_edits_are_plain(const struct trtc_edits *v);

/* Whether it consists of parts at normal speed without pauses, which may be in any order. */
bool trtc_edits_are_pieces(const struct trtc_edits *v);

/* Whether each part begins no earlier in the track than the one before has ended. */
bool trtc_edits_are_in_order(const struct trtc_edits *v);

/* Whether a part is to be shown faster, slower or backwards. */
bool trtc_edits_have_speed(const struct trtc_edits *v);

/* Returns how much of a track of this length is in none of the parts, at most: of a list that is not in
 * order, or not at normal speed, all of it. */
int64_t trtc_edits_rest_us(const struct trtc_edits *v, int64_t all_us);

/* Returns how much later the track is shown than its own times state, by the first part and the
 * empty ones before it. */
int64_t trtc_edits_shift_us(const struct trtc_edits *v);

/* Returns when the time at_us of the track is shown, or would be if it is not: then the part after
 * it begins. Never falls if at_us rises. For a list that is in order; speeds are taken for
 * normal. */
int64_t trtc_edits_time_us(const struct trtc_edits *v, int64_t at_us);

/* What is shown of a frame. */
struct trtc_edited {
    bool hidden;                  /* nothing */
    int64_t trim_us, trim_end_us; /* all but so much of its beginning and its end */
};

/* The same of a frame at at_us, of dur_us. */
struct trtc_edited trtc_edits_frame(const struct trtc_edits *v, int64_t at_us, int64_t dur_us);

/* Writes the parts as words ("1.000-2.000 s, nothing for 1.000 s, ..."). Returns out. */
const char *trtc_edits_words(const struct trtc_edits *v, char *out, size_t size);

#endif
