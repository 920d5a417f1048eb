/* SPDX-License-Identifier: MIT */
/* What a merge will make: outputs with their names, lengths and holes, and for each whether
 * picture and sound are copied or encoded, and why. Decided before anything is written. */
#ifndef TRTC_RECORDING_PLAN_H
#define TRTC_RECORDING_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "recording/timeline.h"

enum trtc_choice { TRTC_CHOICE_AUTO, TRTC_CHOICE_COPY, TRTC_CHOICE_ENCODE };
enum trtc_naming { TRTC_NAMES_SCRIPT, TRTC_NAMES_RECORDING };

enum trtc_form { TRTC_FORM_MP4, TRTC_FORM_M4A, TRTC_FORM_AAC }; /* the last two: sound alone */

#define TRTC_FPS_DEFAULT           15
#define TRTC_FPS_MIN               5
#define TRTC_FPS_MAX               120
#define TRTC_RECORDING_SPLIT_BYTES INT64_C(2147483648) /* specification: 2 GB or 24 h */
#define TRTC_RECORDING_SPLIT_US    (24 * INT64_C(3600000000))

/* Frames that one file may hold: what an MP4's index is made for. */
#define TRTC_OUTPUT_FRAMES_MAX (INT64_C(1) << 26)

struct trtc_plan_opts {
    bool whole;              /* -m 1: one output a recording */
    bool strip;              /* -s: blanks between sections are left out */
    enum trtc_aux aux;       /* -a */
    bool black;              /* -b */
    int fps;                 /* -p; 0: not asked */
    int width_px, height_px; /* -r; 0: not asked */
    enum trtc_choice video;  /* --video */
    enum trtc_choice audio;  /* --audio: AUTO or ENCODE */
    enum trtc_naming names;  /* --names */
    enum trtc_form form;     /* --output */
    const char *outdir;      /* -o, or NULL: beside the playlists */
};

struct trtc_stretch {         /* a section's place in an output */
    int64_t start_us, end_us; /* on the epoch clock */
    int64_t out_us;           /* of its start, from the output's beginning */
};

/* A hole worth reporting: shorter ones come from the different frame lengths of picture and
 * sound. */
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
    int64_t bytes;                       /* of the segments it is made from */
    const char *media;                   /* "main", "aux", "main+aux" or "mixed" */
    enum trtc_choice do_video, do_audio; /* COPY or ENCODE; AUTO: there is none */
    char why_video[96], why_audio[96];   /* reason for encoding, or "" */
    int width_px, height_px, fps;        /* where the picture is encoded */
    bool refused;   /* --video copy, but it cannot be copied: why_video says why */
    bool too_long;  /* for one file: it must be split */
    bool can_black; /* a black picture can stand between the copied ones */
    enum trtc_form form;
    char *path; /* final name; --names recording: without index */
    int index;  /* --names recording: place among the recording's outputs, from 1; 0: only one */
};

struct trtc_plan {
    struct trtc_output *outputs;
    size_t n;
};

/* Adds the outputs of one time line of r (both must outlive the plan). */
int trtc_plan_add(struct trtc_plan *p, const struct trtc_recording *r,
                  const struct trtc_timeline *t, const struct trtc_plan_opts *o,
                  struct trtc_err *err);

/* Takes output i out of the plan. */
void trtc_plan_drop(struct trtc_plan *p, size_t i);

/* Two outputs of one name: TRTC_EX_CANTCREAT. */
int trtc_plan_check(const struct trtc_plan *p, struct trtc_err *err);

/* Frees what it holds and empties it, so that a second call does nothing. */
void trtc_plan_fini(struct trtc_plan *p);

/* Place in the output of an epoch time (which may lie a little before or after its stretch).
 * *hint speeds up rising times: start with 0. */
int64_t trtc_output_us(const struct trtc_output *o, int64_t us, size_t *hint);

/* The inverse: epoch time of a place in the output. */
int64_t trtc_output_epoch_us(const struct trtc_output *o, int64_t out_us);

#endif
