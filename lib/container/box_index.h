/* SPDX-License-Identifier: MIT */
/* Whether the index of an MP4 (ISO/IEC 14496-12, 8.2 to 8.7) agrees with its media data. */
#ifndef TRTC_CONTAINER_BOX_INDEX_H
#define TRTC_CONTAINER_BOX_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "container/edits.h"

/* What the index states about a track. */
struct trtc_box_track {
    int64_t id;               /* as libavformat has it */
    uint32_t hz;              /* its clock */
    bool picture;             /* it is one of pictures */
    int64_t dur;              /* ... and how long it lasts by that */
    int64_t nb_steps, ticks;  /* its frames, and the sum of their durations */
    bool no_steps;            /* these cannot be meant: all are 0, or nearly */
    bool has_offsets;         /* ... and some are not shown when they are decoded */
    bool has_runs;            /* fragments have frames of it */
    uint64_t nb_descriptions; /* of its samples */
    bool clap;                /* only a part of the picture is to be shown (clean aperture) */
    char scheme[24]; /* with which it is encrypted, such as "cbcs" (ISO/IEC 23001-7); or "" */
    struct trtc_edits edits;
};

enum { TRTC_BOX_GAPS = 16 };

/* Zero-initialise. */
struct trtc_box_index {
    bool vague;        /* it cannot be known */
    const char *fault; /* the first one, or NULL; */
    int64_t fault_at;  /* ... where it is */
    int64_t at;        /* where the content of the index begins */
    uint32_t movie_hz; /* the clock of the film */
    struct trtc_box_index_table {
        uint8_t *p; /* the content of the box */
        size_t n;
        bool wide;    /* the positions in it have 8 bytes */
    } table[3];       /* of the current track: sizes, samples per chunk, positions of chunks */
    uint64_t largest; /* sample */
    bool read;        /* all tracks have come, */
    size_t nb_chunks; /* ... and have so many chunks */
    struct trtc_box_range {
        int64_t from, to;
    } * runs, *data; /* chunks of samples; later those that touch as one; media data */
    size_t nb_runs, cap_runs, nb_data, cap_data;
    int64_t nb_covered; /* bytes of samples in media data */
    size_t nb_gaps;     /* holes between them, of which these were noted: */
    struct trtc_box_gap {
        int64_t at, to, seen; /* up to here its bytes have come, */
        bool filled;          /* ... of which one is not 0 */
        uint8_t head[8];
    } gaps[TRTC_BOX_GAPS];
};

/* The boxes of the index do not fit into each other. */
void trtc_box_index_damaged(struct trtc_box_index *x);

/* A box of the current track with this content. Returns 0, or -1: no memory. */
int trtc_box_index_table(struct trtc_box_index *x, const uint8_t *type, struct trtc_bytes b);

/* All boxes of the current track have come. Returns 0, or -1: no memory. */
int trtc_box_index_track(struct trtc_box_index *x, const struct trtc_box_track *track);

/* A track whose samples are all in the index: compares how long they last with what it states. */
void trtc_box_index_length(struct trtc_box_index *x, const struct trtc_box_track *track);

/* All tracks have come. */
void trtc_box_index_read(struct trtc_box_index *x);

/* Media data is at these positions. Returns 0, or -1: no memory. */
int trtc_box_index_data(struct trtc_box_index *x, int64_t from, int64_t to);

/* Returns the position of the next byte that is needed, or -1: none is. Takes n bytes read at pos. */
int64_t trtc_box_index_wants(const struct trtc_box_index *x);
void trtc_box_index_bytes(struct trtc_box_index *x, int64_t pos, const uint8_t *p, size_t n);

/* Called at the end of the file. Returns what is wrong (at fault_at), or NULL. */
const char *trtc_box_index_fault(struct trtc_box_index *x);

void trtc_box_index_fini(struct trtc_box_index *x);

#endif
