/* SPDX-License-Identifier: MIT */
/* Compares the segments into which a transport stream was cut, such as those of an HLS playlist (RFC
 * 8216): whether each ends where the next one begins. A stream that pauses there goes on with the next
 * continuity counters (ITU-T H.222.0, 2.4.3.3); one of which the end of a segment is missing does not,
 * nor does one whose segments are made one by one. Demultiplexers take that for an incomplete
 * frame, hence the counters are made to go on. */
#ifndef TRTC_TS_SEAM_H
#define TRTC_TS_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ts/ts.h"

enum { TRTC_SEAM_TRACKS = 8 }; /* more are not compared */

struct trtc_seam_track {
    int pid;
    bool seen, was;              /* a PES of it has begun in this segment, and in the one before */
    int64_t first_90k, last_90k; /* when the first and the latest PES of this segment are decoded */
    int64_t prev_first_90k, prev_last_90k; /* ... of the one before */
    int64_t step_90k,
        old_step_90k; /* the longest time from one to the next, in this segment, and in
                                       those before it; 0: unknown */
};

struct trtc_seam_counter { /* of a PID */
    bool known;            /* a packet has come, */
    bool set;              /* ... with payload, in this segment */
    uint8_t cc;            /* of the latest one */
    uint8_t added;         /* to those of this segment */
};

/* Zero-initialise. */
struct trtc_seam {
    bool begun;         /* a byte of this segment has come, */
    bool other;         /* ... and it is no transport stream */
    bool settled;       /* it was compared with the one before */
    bool anew;          /* counters of a track begin anew */
    bool blank;         /* nothing of a track was in the segment before, hence it is skipped */
    int64_t nb_missing; /* places within segments where packets are missing */
    int64_t nb_bad;     /* bytes of segments that are not of packets */
    uint8_t packet[TRTC_TS_PACKET];
    size_t nb; /* of its bytes */
    enum {
        TRTC_SEAM_ON,
        TRTC_SEAM_AGAIN,
        TRTC_SEAM_LACKS,
        TRTC_SEAM_ANEW
    } course; /* its counter */
    int nb_tracks;
    struct trtc_seam_track tracks[TRTC_SEAM_TRACKS];
    struct trtc_seam_counter counters[8192];
};

/* A segment begins. */
void trtc_seam_begin(struct trtc_seam *s);

/* Takes the next n bytes of the segment, and changes the counters in them so that they go on. */
void trtc_seam_take(struct trtc_seam *s, uint8_t *p, size_t n);

/* The segment has ended. Bytes of an incomplete packet count as bad. */
void trtc_seam_end(struct trtc_seam *s);

/* Where two segments meet. */
struct trtc_seam_join {
    bool anew;          /* the counters of a track begin anew */
    bool blank;         /* nothing of a track was in the segment before: all that follows is about
                           the one before that */
    int64_t longest_us; /* how long the longest track is in the segment before, */
    int64_t length_us;  /* ... and the one that goes on latest, */
    int64_t hole_us;    /* ... which is so much later; 0: all tracks follow */
    bool all;           /* all tracks go on later */
};

/* Compares the current segment with the one before, as soon as that is possible; ended: as far as it ever
 * will be. Returns true once. */
bool trtc_seam_compare(struct trtc_seam *s, bool ended, struct trtc_seam_join *out);

/* The current segment, as it was so far. All times are in us; 0: unknown. */
struct trtc_seam_part {
    int64_t length_us;  /* of its longest track */
    int64_t spacing_us; /* how much later it began than the segment before */
};

void trtc_seam_part(const struct trtc_seam *s, struct trtc_seam_part *out);

#endif
