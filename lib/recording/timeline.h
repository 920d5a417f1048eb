/* SPDX-License-Identifier: MIT */
/* The time line of a recording: which segments are used for picture and for sound, where
 * overlaps are cut, where sections begin and end. Pure decisions over the pieces of a
 * recording. */
#ifndef TRTC_RECORDING_TIMELINE_H
#define TRTC_RECORDING_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "recording/recording.h"

/* Specification, merge script: more than 15 s without any data end a section. */
#define TRTC_SECTION_GAP_US 15000000

/* the script's -a; ONLY: the substream's own sound and picture, as the mixer wants them */
enum trtc_aux { TRTC_AUX_MAIN = 0, TRTC_AUX_AUTO = 1, TRTC_AUX_SUB = 2, TRTC_AUX_ONLY = 3 };

struct trtc_clip {
    const struct trtc_piece *piece;
    int64_t cut_us; /* frames from here on are left out; INT64_MAX: none */
};

/* One kind of media: clips in the order of time, not overlapping but by rounding. */
struct trtc_lane {
    struct trtc_clip *clips;
    size_t n;
};

struct trtc_section {
    int64_t start_us, end_us;
    int64_t stamp_ms;              /* of the first segment, as its file name has it */
    struct trtc_lane audio, video; /* parts of the lanes of the time line, borrowed */
};

struct trtc_timeline {
    struct trtc_lane audio, video;
    struct trtc_section *sections;
    size_t nb_sections;
    int64_t overlap_us; /* time that more than one playlist had, and that was used once */
    int nb_left_out;    /* segments of streams that -a leaves out */
    int64_t left_out_bytes;
    int64_t nb_unused, unused_bytes; /* others that no lane needs: others have their time */
    struct trtc_losses losses;       /* pieces that are listed for a time that another has */
};

/* Builds the time line of r, whose pieces carry their facts. Pieces of one playlist that start
 * at the same time, or lie within another, are listed in out->losses as "twice". Free with
 * trtc_timeline_fini, before r. TRTC_EX_TEMPFAIL without memory. */
int trtc_timeline_build(const struct trtc_recording *r, enum trtc_aux aux,
                        struct trtc_timeline *out, struct trtc_err *err);

/* The same for the sound alone: there are no pictures. */
int trtc_timeline_build_sound(const struct trtc_recording *r, enum trtc_aux aux,
                              struct trtc_timeline *out, struct trtc_err *err);

/* Whether -a takes anything from this playlist: what is missing in others is no loss. */
bool trtc_list_wanted(const struct trtc_recording *r, int list, enum trtc_aux aux);

/* Whether there is sound in a playlist, as far as its segments show. */
bool trtc_list_has_sound(const struct trtc_recording *r, int list);

/* Frees what it holds and empties it, so that a second call does nothing. */
void trtc_timeline_fini(struct trtc_timeline *t);

/* End of what a clip covers. */
int64_t trtc_clip_end_us(const struct trtc_clip *c);

#endif
