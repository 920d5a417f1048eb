/* SPDX-License-Identifier: MIT */
/* Sound whose frames were stamped as they arrived: each is put where it belongs, behind the one
 * before it by the samples of that one. Time stamps that differ from that by less than
 * TRTC_ROUNDING_US (jitter, rounding, drift) are averaged and followed slowly, so that no frame
 * overlaps another and none is missed; from there on a difference is a jump, if the frames behind
 * it agree: one that is stamped wrongly among others is none. */
#ifndef TRTC_RECORDING_STEADY_H
#define TRTC_RECORDING_STEADY_H

#include <stdbool.h>
#include <stdint.h>

enum { TRTC_STEADY_AHEAD = 16 }; /* frames that are looked at before the first of them is placed */

struct trtc_steady_frame {
    int64_t us; /* as it is stamped */
    int samples, rate_hz;
    bool breaks; /* something is missing before it: it stands where it is stamped */
};

/* Zero-initialise. */
struct trtc_steady {
    struct trtc_steady_frame ring[TRTC_STEADY_AHEAD];
    int first, n;
    bool running;
    int64_t base_us, nb_samples; /* the next frame belongs at base_us, and so many samples later */
    int rate_hz;
    double late_us; /* by how much the stamps are later than that, averaged */
    int weight;     /* over so many frames */
};

/* Takes a frame; at most TRTC_STEADY_AHEAD wait at a time. samples, rate_hz > 0. */
void trtc_steady_push(struct trtc_steady *s, const struct trtc_steady_frame *f);

/* Where the frame that came first belongs; false as long as more must come to tell (end: no more
 * will). *jump_us: from the end of the one before it, where that is a jump; else 0. */
bool trtc_steady_pop(struct trtc_steady *s, bool end, int64_t *us, int64_t *jump_us);

#endif
