/* SPDX-License-Identifier: MIT */
/* Parameter sets and slices as NAL units: their kinds, ids and references, and how to change the
 * ids (H.264 7.3.2, 7.3.3; H.265 7.3.2, 7.3.6). */
#ifndef TRTC_MP4_SETS_PRIV_H
#define TRTC_MP4_SETS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ts/packet.h"

enum trtc_set_kind {
    TRTC_SET_VPS,
    TRTC_SET_SPS,
    TRTC_SET_PPS,
    TRTC_NB_SET_KINDS,
    TRTC_SET_NONE,
};

struct trtc_set {
    enum trtc_set_kind kind;
    int id, refers; /* refers: the SPS of a PPS, or the VPS of an H.265 SPS, else -1 */
    size_t at, n;   /* position and size of the NAL unit in whatever holds it */
};

enum {
    TRTC_PPS_IDS = 256,
    TRTC_SLICE_GROWS = 8, /* bytes by which a slice can grow with another PPS */
};

/* The kind of a set of the base layer, or NONE. */
enum trtc_set_kind trtc_set_kind(enum trtc_codec codec, const uint8_t *nal, size_t n);

/* Reads everything about a set except at. False: it is not a set, or damaged by a decoder's
 * criteria. */
bool trtc_set_read(enum trtc_codec codec, const uint8_t *nal, size_t n, struct trtc_set *out);

/* The highest id that sets of a kind can have. */
int trtc_set_id_max(enum trtc_codec codec, enum trtc_set_kind kind);

/* A copy of the set nal, described by from, with the ids of to. The caller frees it. NULL: out of
 * memory. */
uint8_t *trtc_set_rename(enum trtc_codec codec, const uint8_t *nal, const struct trtc_set *from,
                         const struct trtc_set *to, size_t *size);

/* Whether a NAL unit is a slice of the base layer. */
bool trtc_is_slice(enum trtc_codec codec, const uint8_t *nal, size_t n);

/* The PPS to which a slice refers. */
struct trtc_slice_ref {
    int pps;   /* -1: unreadable */
    size_t at; /* position of its id in bits */
};

struct trtc_slice_ref trtc_slice_pps(enum trtc_codec codec, const uint8_t *nal, size_t n);

/* The ids that can replace PPS id in a slice because their code is longer by exactly one byte, so that
 * what follows moves by a byte and is otherwise unchanged: *first to *last; none if *first is
 * larger. */
void trtc_slice_ids(enum trtc_codec codec, int id, int *first, int *last);

/* Copies a slice with such an id in place of its own. Returns its size, at most n +
 * TRTC_SLICE_GROWS. */
size_t trtc_slice_rename(const uint8_t *nal, size_t n, const struct trtc_slice_ref *ref, int id,
                         uint8_t *out);

#endif
