/* SPDX-License-Identifier: MIT */
/* An input, for input.c, which opens it and answers questions about it, and input_frame.c, which makes
 * its frames. */
#ifndef TRTC_INPUT_INPUT_STATE_PRIV_H
#define TRTC_INPUT_INPUT_STATE_PRIV_H

#include "input/crowd.h"
#include "input/input_priv.h"
#include "recording/ledger.h"

struct trtc_aenc;
struct trtc_kept_sets;

/* A waiting frame, followed by its bytes. */
struct trtc_input_held {
    struct trtc_input_held *next;
    struct trtc_input_frame f;
    uint8_t bytes[];
};

struct trtc_input {
    struct trtc_input_info info;
    struct trtc_input_src src;
    bool is_ts; /* the back end is input_ts.c's */
    const struct trtc_input_ops *ops;
    void *back;
    bool any;        /* frames of any codec are returned, */
    unsigned wanted; /* TRTC_AUDIO, TRTC_VIDEO: of these kinds, */
    unsigned minded; /* and losses of these count */
    int64_t came_us; /* when the first frame began to come, on a clock of no meaning */
    char name[256];  /* for messages */
    const volatile sig_atomic_t *stop;
    int (*keep)(void *opaque, const struct trtc_input *in, const struct trtc_input_frame *f,
                struct trtc_err *err); /* frames that wait; or NULL */
    void *keep_opaque;
    struct trtc_input_rise rise;
    struct trtc_input_clock clock;
    int64_t start_us, shown_us; /* of all first frames, and of those that are shown or heard */
    bool shown_early;           /* pictures are, before 0 */

    /* pictures */
    struct trtc_kept_sets *sets; /* in force */

    /* sound to be encoded */
    struct trtc_aenc *aenc;
    bool encoded;            /* the encoder may have frames to give, */
    bool reformed;           /* the first of them in another format than sound that was copied */
    bool left;               /* its frames are not wanted */
    int64_t zero_us, end_us; /* its output's zero, and the end of what it got, on our clock; NOTIME:
                                where the sound ends */
    struct trtc_input_aac aac;
    int object_type;           /* of AAC that is copied, and */
    struct trtc_input_pce pce; /* its channels, if a frame has described them */
    uint8_t *adts;             /* the frame that is returned */
    size_t adts_cap;
    bool breaks; /* a jump that no frame has been marked with yet */
    int64_t jump_us, later_us;

    bool waited;                 /* the last frame had come before a stop */
    bool is_direct;              /* bytes come from another machine as they are made */
    int64_t silent_us, heard_us; /* how long nothing came last, and up to when; 0: not just now */

    /* the account */
    int64_t nb_mended[TRTC_NB_KINDS];    /* times that were made */
    int64_t nb_unordered[TRTC_NB_KINDS]; /* frames that stand behind their time */
    struct trtc_crowd crowd;             /* of the pictures */
    char sound_name[32];                 /* codec of sound that was looked for a decoder for, */
    bool sound_decodes;                  /* and there is one, or no picture beside it */
    bool leaves_other;                   /* pictures of another codec are left out */
    struct trtc_ledger ledger[TRTC_NB_KINDS]; /* nb_left and nb_out from here on */
    const char *codec_name[TRTC_NB_KINDS];    /* of OTHER frames, so far */
    int64_t nb_returned[TRTC_NB_KINDS];

    /* frames before they are asked for */
    struct trtc_input_held *first, **last, *current;
    bool ended; /* the back end has ended, */
    int result; /* with this result */
    struct trtc_err why;
};

enum { TRTC_INPUT_PASSED = 2 };

/* Reads the next frame. Returns 1; TRTC_INPUT_PASSED: f has the times of one that is not wanted; 0 at the
 * end; -1. */
int trtc_input_fetch(struct trtc_input *in, struct trtc_input_frame *f, struct trtc_err *err);

/* Whether sound of this codec is recorded: there is a decoder for it, or there are no pictures, so
 * that the missing decoder is an error. 1, 0, or -1: FFmpeg cannot be loaded. */
int trtc_input_decodes(struct trtc_input *in, enum trtc_codec codec, const char *name,
                       struct trtc_err *err);

/* Fails since this codec of pictures cannot be copied. Returns -1. */
int trtc_input_fail_codec(const struct trtc_input *in, const char *codec, struct trtc_err *err);

/* Whether the container states that a frame of this track will come. */
bool trtc_input_is_due(const struct trtc_input *in, int track);

/* Whether frames of this track are returned. */
bool trtc_input_is_wanted(const struct trtc_input *in, int track);

#endif
