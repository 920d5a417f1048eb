/* SPDX-License-Identifier: MIT */
/* Whether the fragments of an MP4 (ISO/IEC 14496-12, 8.8) agree with themselves and each other. */
#ifndef TRTC_CONTAINER_FRAGMENTS_H
#define TRTC_CONTAINER_FRAGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum { TRTC_FRAGMENT_LANES = 32 };

/* Zero-initialise. */
struct trtc_fragments {
    bool unsure;       /* it cannot be known whether they do */
    bool indexed;      /* the index has samples, too; */
    bool early;        /* ... there is media data behind it in front of the first fragment */
    bool open;         /* a fragment has come */
    int64_t at;        /* its position */
    const char *fault; /* what is wrong with it, or NULL */
    uint64_t cover;    /* 0: all samples so far, and nothing else, are in media data; */
    bool settled;      /* ... this was so at the end of the fragment; */
    bool filled;       /* media data is behind it */
    bool fitted;       /* the samples of a fragment were all that was in its data; */
    int nb_odd;        /* ... of so many they were not, which is not reported yet, */
    int64_t odd_at;    /* ... the first of which begins there */
    int64_t fault_at;  /* where the fragment begins whose fault was returned */
    int64_t part_end;  /* of the part of the current track, */
    struct trtc_fragment_lane *lane; /* ... which is this, */
    uint64_t base, next;             /* ... with these positions, */
    uint32_t dur, size;              /* ... of samples that state none, */
    bool timed;                      /* ... and it states that */
    int64_t from, ticks;             /* it begins then, and is so long, */
    int64_t step;                    /* ... the last sample of it */
    uint32_t number;                 /* of the fragment */
    int nb_steady;                   /* so many numbers have risen by one */
    int nb_near;                     /* the next fragments may show a hole in time */
    int nb_lanes;
    struct trtc_fragment_lane {
        uint32_t id, dur, size; /* of samples, if a fragment states none */
        int64_t hz;
        int64_t from, end, length; /* of its latest part; all times are in ticks */
        int64_t last;              /* when its last sample begins */
        int64_t line;              /* its end, if it had followed the part before it, */
        bool aside;                /* which it did not, */
        bool fell;                 /* ... but began before the last sample of that */
    } lanes[TRTC_FRAGMENT_LANES];
};

/* A track that the index describes; what it states about all fragments (a trex box). */
void trtc_fragments_track(struct trtc_fragments *f, uint32_t id, uint32_t hz);
void trtc_fragments_extends(struct trtc_fragments *f, struct trtc_bytes trex);

/* Media data is at these positions. */
void trtc_fragments_data(struct trtc_fragments *f, int64_t from, int64_t to);

/* A fragment begins at this position; -1: none does, the file ends. Returns what is wrong with the one
 * before, or with an earlier one (at fault_at), or NULL. */
const char *trtc_fragments_next(struct trtc_fragments *f, int64_t at);

/* A box of the fragment, or of a part of it. content: where it is needed. */
void trtc_fragments_box(struct trtc_fragments *f, const uint8_t *type, int64_t at, int64_t end,
                        struct trtc_bytes content);

/* All boxes have come; whole: and they fill the fragment. */
void trtc_fragments_walked(struct trtc_fragments *f, bool whole);

#endif
