/* SPDX-License-Identifier: MIT */
/* What the probe learns about one segment from its frames. */
#ifndef TRTC_SOURCE_LOOK_H
#define TRTC_SOURCE_LOOK_H

#include "playlist/content.h"
#include "recording/recording.h"
#include "ts/course_ts.h"

struct trtc_look {
    struct trtc_facts *facts;
    int64_t at_bytes;          /* where it begins in its file */
    int64_t first[2], last[2]; /* lowest and highest PTS, audio and video, as steps from base */
    int64_t base_90k;
    int64_t first_pos[2]; /* of the first frame in the segment */
    int64_t nb[2];
    int64_t prev_dts[2];          /* of the frame before, TRTC_TS_NOPTS where that was not read */
    int64_t step[2], step_max[2]; /* distance of the last two frames, and the largest one seen */
    bool fell[2]; /* stamps have fallen: what follows does not tell where the first one is */
    struct trtc_steady steady; /* the first frames of sound, if their length is known */
    bool settled;              /* enough of them were there */
    int64_t delay_90k;         /* PTS less DTS of the first picture */
    bool have_params;          /* or it is known that there are none */
    unsigned late;             /* TRTC_AUDIO, TRTC_VIDEO: found when they were looked for, */
    int64_t late_first;        /* before the first stamp, as a step from base; else 0 */
    bool skipped;              /* not all of it was read, so that there is no course */
    struct trtc_course course;
    struct { /* of what was read since it was cleared */
        bool any;
        int64_t first, last; /* as steps from base */
        int64_t pause;       /* the longest between two frames */
    } span;
    uint8_t head[TRTC_CONTENT_BYTES]; /* how it begins */
    size_t nb_head;
};

/* Another segment, or the same from its beginning. *l is zeroed, or was used before. */
void trtc_look_begin(struct trtc_look *l, struct trtc_facts *facts, int64_t at_bytes);
void trtc_look_fini(struct trtc_look *l);

/* Takes a frame. -1: no memory. */
int trtc_look_frame(struct trtc_look *l, const struct trtc_ts_frame *f);

/* Takes a frame of a kind that was looked for: its format, and whether it comes first of all. */
void trtc_look_late(struct trtc_look *l, const struct trtc_ts_frame *f);

/* Says that what is read next does not follow what was read before. */
void trtc_look_skip(struct trtc_look *l);

/* TRTC_AUDIO, TRTC_VIDEO: what was seen. */
unsigned trtc_look_kinds(const struct trtc_look *l);

/* Whether stamps have jumped, so that the whole segment must be read to know where its kinds
 * begin. */
bool trtc_look_is_odd(const struct trtc_look *l);

/* Whether the course is settled, and has more than one clock, or a kind that begins elsewhere
 * than its first stamp says. */
bool trtc_look_restarts(const struct trtc_look *l);

/* Whether sound and pictures begin so far apart that a clock may have ended between them. */
bool trtc_look_is_apart(const struct trtc_look *l);

/* The first stamp, 33 bits: that of the kind that comes first, on the course where that is
 * settled. */
int64_t trtc_look_first_90k(struct trtc_look *l);

/* That of one kind as it is stamped; TRTC_NOTIME where it was not seen. */
int64_t trtc_look_first_of_90k(const struct trtc_look *l, bool video);

/* Where the media of the segment ends, from its first stamp: by its last frames, or by the course
 * where that is settled. TRTC_NOTIME where that cannot be told. */
int64_t trtc_look_length_us(const struct trtc_look *l);

/* Whether each kind that a segment has goes on in the next one where it ends, without a frame
 * between them. */
bool trtc_look_goes_on(const struct trtc_look *l, const struct trtc_look *next);

#endif
