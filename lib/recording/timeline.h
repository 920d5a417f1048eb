/* SPDX-License-Identifier: MIT */
/* The time line of a recording: which segments supply picture and sound, where overlaps are cut,
 * where sections begin and end. Pure decisions over the pieces of a recording. */
#ifndef TRTC_RECORDING_TIMELINE_H
#define TRTC_RECORDING_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "recording/recording.h"

/* Specification, merge script: more than 15 s without any data end a section. */
#define TRTC_SECTION_GAP_US 15000000

/* The script's -a. ONLY, for the mixer: nothing but the sound and picture of the substream. */
enum trtc_aux { TRTC_AUX_MAIN = 0, TRTC_AUX_AUTO = 1, TRTC_AUX_SUB = 2, TRTC_AUX_ONLY = 3 };

struct trtc_clip {
    const struct trtc_piece *piece;
    int64_t cut_us; /* frames from here on are left out; INT64_MAX: none */
};

/* The clips of one kind of media in the order of time. They do not overlap, except by rounding. */
struct trtc_lane {
    struct trtc_clip *clips;
    size_t n;
};

struct trtc_section {
    int64_t start_us, end_us;
    int64_t stamp_ms;              /* of the first segment, as in its file name */
    struct trtc_lane audio, video; /* parts of the lanes of the time line, borrowed */
};

struct trtc_timeline {
    struct trtc_lane audio, video;
    struct trtc_section *sections;
    size_t nb_sections;
    int64_t overlap_us; /* time that several playlists cover and that was used once */
    int nb_left_out;    /* segments of streams that -a excludes */
    int64_t left_out_bytes;
    int64_t nb_unused, unused_bytes; /* other segments that no lane needs, since other playlists
                                        cover their time */
    struct trtc_losses losses;       /* pieces whose time another piece of the same playlist
                                        covers */
};

/* Builds the time line of r, whose pieces must have their facts. Pieces of one playlist that start
 * at the same time, or lie within another piece, are listed in out->losses as "twice". Free out
 * with trtc_timeline_fini, before r. TRTC_EX_TEMPFAIL: out of memory. */
int trtc_timeline_build(const struct trtc_recording *r, enum trtc_aux aux,
                        struct trtc_timeline *out, struct trtc_err *err);

/* Like trtc_timeline_build, but without pictures. */
int trtc_timeline_build_sound(const struct trtc_recording *r, enum trtc_aux aux,
                              struct trtc_timeline *out, struct trtc_err *err);

/* Whether -a uses anything from this playlist (index in r). What is missing in other playlists is
 * no loss. */
bool trtc_list_wanted(const struct trtc_recording *r, int list, enum trtc_aux aux);

/* Whether a playlist (index in r) has sound, as far as its segments show. */
bool trtc_list_has_sound(const struct trtc_recording *r, int list);

/* Frees the contents and empties t. A second call does nothing. */
void trtc_timeline_fini(struct trtc_timeline *t);

/* The end of the time that a clip covers, on the epoch clock. */
int64_t trtc_clip_end_us(const struct trtc_clip *c);

#endif
