/* SPDX-License-Identifier: MIT */
/* Collects what the probe learns about one segment from its frames. */
#ifndef TRTC_SOURCE_LOOK_H
#define TRTC_SOURCE_LOOK_H

#include "playlist/content.h"
#include "recording/recording.h"
#include "ts/course_ts.h"

struct trtc_look {
    struct trtc_facts *facts;
    int64_t at_bytes;          /* the offset of the segment in its file */
    int64_t first[2], last[2]; /* lowest and highest PTS of audio and video, relative to base_90k */
    int64_t base_90k;
    int64_t first_dts[2]; /* of the first frame, 33 bits */
    int64_t first_pos[2]; /* the offset of the first frame in the segment */
    int64_t nb[2];
    int64_t prev_dts[2];          /* of the frame before; TRTC_TS_NOPTS: that was not read */
    int64_t step[2], step_max[2]; /* the distance of the last two frames, and the largest one */
    bool fell[2]; /* time stamps have fallen, so later ones do not show where the first one is */
    struct trtc_steady steady; /* the first frames of sound, if their length is known */
    bool settled;              /* steady has had enough frames */
    int64_t delay_90k;         /* PTS minus DTS of the first picture */
    bool have_params;          /* parameter sets were read, or are known to be absent */
    unsigned late;             /* TRTC_AUDIO, TRTC_VIDEO: kinds found by a special search */
    int64_t late_first; /* their first PTS if that is the earliest, relative to base_90k; or 0 */
    bool skipped;       /* parts were not read, so there is no course */
    struct trtc_course course;
    struct { /* the frames that were read since it was cleared */
        bool any;
        int64_t first, last; /* relative to base_90k */
        int64_t pause;       /* the longest one between two frames */
    } span;
    uint8_t head[TRTC_CONTENT_BYTES]; /* the first bytes */
    size_t nb_head;
};

/* Begins another segment, or the same one again. *l must be zero, or have been used before. */
void trtc_look_begin(struct trtc_look *l, struct trtc_facts *facts, int64_t at_bytes);
void trtc_look_fini(struct trtc_look *l);

/* Takes a frame. Returns 0, or -1: no memory. */
int trtc_look_frame(struct trtc_look *l, const struct trtc_ts_frame *f);

/* Takes a frame of a kind that was searched for: notes its format, and whether it is the
 * earliest. */
void trtc_look_late(struct trtc_look *l, const struct trtc_ts_frame *f);

/* Notes that the next frames do not follow those before. */
void trtc_look_skip(struct trtc_look *l);

/* Returns the kinds that were seen: TRTC_AUDIO, TRTC_VIDEO. */
unsigned trtc_look_kinds(const struct trtc_look *l);

/* Whether time stamps have jumped, so that the whole segment must be read to find out where its
 * kinds begin. */
bool trtc_look_is_odd(const struct trtc_look *l);

/* Whether the course is settled and has more than one clock, or a kind that does not begin at its
 * first time stamp. */
bool trtc_look_restarts(const struct trtc_look *l);

/* Whether sound and pictures begin so far apart that a clock may have ended between them. */
bool trtc_look_is_apart(const struct trtc_look *l);

/* Returns the first time stamp of the segment (33 bits), that of the earliest kind; on the course
 * if that is settled. */
int64_t trtc_look_first_90k(struct trtc_look *l);

/* Returns the first time stamp of one kind; TRTC_NOTIME: it was not seen. */
int64_t trtc_look_first_of_90k(const struct trtc_look *l, bool video);

/* The same for the decoding time of its first frame. */
int64_t trtc_look_first_dts_90k(const struct trtc_look *l, bool video);

/* Returns where the last frame of one kind that was read ends, by its decoding time; TRTC_NOTIME: none was
 * read since a part was skipped. */
int64_t trtc_look_end_90k(const struct trtc_look *l, int track);

/* Returns the length of the segment from its first time stamp to the end of its media, according to
 * its last frames, or to the course if that is settled. TRTC_NOTIME: not known. */
int64_t trtc_look_length_us(const struct trtc_look *l);

/* Whether each kind in a segment continues in the next one at its end, without a missing frame. */
bool trtc_look_goes_on(const struct trtc_look *l, const struct trtc_look *next);

/* Whether a kind begins in the next one less than a second behind its end in this one, and none before. */
bool trtc_look_is_behind(const struct trtc_look *l, const struct trtc_look *next);

#endif
