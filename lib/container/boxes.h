/* SPDX-License-Identifier: MIT */
/* What the index of an MP4, and the headers of its fragments, state. */
#ifndef TRTC_CONTAINER_BOXES_H
#define TRTC_CONTAINER_BOXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "container/box_index.h"
#include "container/fragments.h"

enum { TRTC_BOX_TRACKS = TRTC_FRAGMENT_LANES, TRTC_BOX_DEPTH = 8 };

/* Zero-initialise. */
struct trtc_boxes {
    bool walking, ended; /* the index or a fragment is being read; no more of the index is */
    bool whole;          /* that was read to its end */
    bool nomem;          /* it was not, since memory ran out */
    struct trtc_box_track *track; /* of the current box */
    int64_t at, end;              /* the position of the current box; the end of the index */
    uint8_t *box;                 /* the first bytes of the box, */
    size_t cap, nb, need;
    bool fragments; /* they follow the index */
    struct trtc_fragments order;
    struct trtc_box_index index;
    int64_t ends[TRTC_BOX_DEPTH]; /* of the boxes around the current one, */
    int nb_ends;                  /* ... of which there are so many */
    int nb_tracks;
    struct trtc_box_track tracks[TRTC_BOX_TRACKS];
};

/* The content of the index, or of the header of a fragment, is at these positions. Only the first
 * index counts. */
void trtc_boxes_begin(struct trtc_boxes *x, bool fragment, int64_t from, int64_t to);

/* Takes n bytes of the file, read at pos. */
void trtc_boxes_bytes(struct trtc_boxes *x, int64_t pos, const uint8_t *p, size_t n);

/* Returns a track of an index that was read to its end, valid as long as x; or NULL. */
const struct trtc_box_track *trtc_boxes_track(const struct trtc_boxes *x, int64_t id);

void trtc_boxes_fini(struct trtc_boxes *x);

#endif
