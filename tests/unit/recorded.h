/* SPDX-License-Identifier: MIT */
/* Recordings of a few frames, for unit tests: segments of pictures and sound that nothing could decode, in
 * frames that are whole, and the playlist that lists them. */
#ifndef TESTS_UNIT_RECORDED_H
#define TESTS_UNIT_RECORDED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "recording/timeline.h"

#define RECORDED_START_MS INT64_C(1767225600000) /* 20260101000000000 */
#define RECORDED_PICTURE  3600                   /* ticks: 25 a second, a key frame each second */
#define RECORDED_SOUND    1920                   /* ticks: AAC at 48 kHz */

struct segment {
    int64_t from_90k;     /* stamp of its first frames */
    int nb_v, nb_a;       /* pictures, frames of sound */
    int64_t late_v;       /* ticks: the pictures begin so much later */
    int first_v;          /* number of its first picture: every 25th is a key frame */
    size_t drop, nb_drop; /* packets that are missing: from this one on, so many */
    size_t cut_bytes;     /* it ends so many bytes early */
    bool bare;            /* it has no tables */
    uint8_t counter;      /* with which the counters of pictures and sound begin */
};

struct recorded {
    char dir[64], base[128];
    FILE *list;
    int64_t bytes; /* of the segment that was added last */
};

/* A recording of user "u1" in dir, whose main_video playlist lists pictures and sound. */
void recorded_begin(struct recorded *r, const char *dir);

/* Lists a segment that begins so many ms after RECORDED_START_MS and is said to last dur_ms. attr:
 * FILE-ATTR has its size less attr_off. s NULL: its file is not made. */
void recorded_add(struct recorded *r, int64_t at_ms, int64_t dur_ms, const struct segment *s,
                  int64_t attr_off);
#define RECORDED_NO_ATTR INT64_MIN

void recorded_end(struct recorded *r);

/* The path of the segment that begins there; valid until the next call. */
const char *recorded_path(const struct recorded *r, int64_t at_ms);

/* Writes these bytes in the place of the segment. */
void recorded_replace(const struct recorded *r, int64_t at_ms, const void *data, size_t n);

/* What is in a directory, loaded, with the time line of its only recording. */
struct recorded_loaded {
    struct trtc_scan scan;
    struct trtc_timeline line;
    struct trtc_losses losses; /* for what reads it */
    atomic_llong bytes;        /* the same */
};
void recorded_load(struct recorded_loaded *l, const char *dir);
void recorded_unload(struct recorded_loaded *l);

#endif
