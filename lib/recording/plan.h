/* SPDX-License-Identifier: MIT */
/* What a merge will make: the outputs with their names, lengths and holes, and for each whether
 * picture and sound are copied or encoded, and why. All of it is decided before anything is
 * written. */
#ifndef TRTC_RECORDING_PLAN_H
#define TRTC_RECORDING_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "recording/timeline.h"

enum trtc_choice { TRTC_CHOICE_AUTO, TRTC_CHOICE_COPY, TRTC_CHOICE_ENCODE };
enum trtc_naming { TRTC_NAMES_SCRIPT, TRTC_NAMES_RECORDING };

enum trtc_form { TRTC_FORM_MP4, TRTC_FORM_M4A, TRTC_FORM_AAC }; /* the last two: sound only */

#define TRTC_FPS_DEFAULT           15
#define TRTC_FPS_MIN               5
#define TRTC_FPS_MAX               120
#define TRTC_RECORDING_SPLIT_BYTES INT64_C(2147483648) /* specification: 2 GB or 24 h */
#define TRTC_RECORDING_SPLIT_US    (24 * INT64_C(3600000000))

/* How many frames one file may hold: the limit of an MP4's index. */
#define TRTC_OUTPUT_FRAMES_MAX (INT64_C(1) << 26)

struct trtc_plan_opts {
    bool whole;              /* -m 1: one output per recording */
    bool strip;              /* -s: leave out the pauses between sections */
    enum trtc_aux aux;       /* -a */
    bool black;              /* -b */
    int fps;                 /* -p; 0: not given */
    int width_px, height_px; /* -r; 0: not given */
    enum trtc_choice video;  /* --video */
    enum trtc_choice audio;  /* --audio: AUTO or ENCODE */
    enum trtc_naming names;  /* --names */
    enum trtc_form form;     /* --output */
    const char *outdir;      /* -o; NULL: next to the playlists */
};

struct trtc_stretch {         /* the place of a section in an output */
    int64_t start_us, end_us; /* on the epoch clock */
    int64_t out_us;           /* of its start, from the beginning of the output */
};

/* A hole that is worth reporting. Shorter ones are a result of the different lengths of pictures
 * and frames of sound. */
#define TRTC_GAP_MIN_US 100000

struct trtc_gap {
    enum trtc_kind kind;
    int64_t start_us, end_us; /* on the epoch clock */
};

struct trtc_output {
    const struct trtc_recording *rec;
    struct trtc_lane audio, video; /* borrowed from the time line */
    struct trtc_stretch *stretches;
    size_t nb_stretches;
    struct trtc_gap *gaps;
    size_t nb_gaps;
    int64_t start_us, end_us;            /* on the epoch clock */
    int64_t dur_us;                      /* of the output */
    int64_t bytes;                       /* total size of its segments */
    const char *media;                   /* "main", "aux", "main+aux" or "mixed" */
    enum trtc_choice do_video, do_audio; /* COPY or ENCODE; AUTO: the track is absent */
    char why_video[96], why_audio[96];   /* the reason for encoding, or "" */
    int width_px, height_px, fps;        /* of an encoded picture */
    bool size_given; /* by -r; otherwise the size is the largest at the beginnings of segments */
    bool refused;    /* --video copy was given but copying is impossible: see why_video */
    bool too_long;   /* too long for one file: it must be split */
    bool can_black;  /* a black picture can be inserted between copied ones */
    enum trtc_form form;
    char *path; /* the final path; with --names recording it has no index yet */
    int index;  /* --names recording: place among the recording's outputs, from 1; 0: it is the
                   only one */
};

struct trtc_plan {
    struct trtc_output *outputs;
    size_t n;
};

/* Adds the outputs of t, a time line of r, to the plan; r and t must outlive the plan. 0, or -1:
 * out of memory. */
int trtc_plan_add(struct trtc_plan *p, const struct trtc_recording *r,
                  const struct trtc_timeline *t, const struct trtc_plan_opts *o,
                  struct trtc_err *err);

/* Removes output i from the plan. */
void trtc_plan_drop(struct trtc_plan *p, size_t i);

/* Checks that all outputs have different names. TRTC_EX_CANTCREAT if not. */
int trtc_plan_check(const struct trtc_plan *p, struct trtc_err *err);

/* Frees the contents and empties the plan. A second call does nothing. */
void trtc_plan_fini(struct trtc_plan *p);

/* Converts epoch time to the time in the output. us may lie slightly before or after a stretch.
 * *hint speeds up calls with rising times: start with 0. */
int64_t trtc_output_us(const struct trtc_output *o, int64_t us, size_t *hint);

/* The inverse: converts a time in the output to epoch time. */
int64_t trtc_output_epoch_us(const struct trtc_output *o, int64_t out_us);

#endif
