/* SPDX-License-Identifier: MIT */
/* Parameter sets and slices as NAL units: which is which, what they are called and refer to, and
 * how they get other names (H.264 7.3.2, 7.3.3; H.265 7.3.2, 7.3.6). */
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
    int id, refers; /* PPS: to this SPS; SPS of H.265: to this VPS; else -1 */
    size_t at, n;   /* the NAL unit, in whatever holds it */
};

enum {
    TRTC_PPS_IDS = 256,
    TRTC_SLICE_GROWS = 8, /* bytes at most that a slice grows by with another PPS */
};

/* A set of the base layer, or NONE. */
enum trtc_set_kind trtc_set_kind(enum trtc_codec codec, const uint8_t *nal, size_t n);

/* Reads a set, all but at. False where it is none, or is damaged, as decoders find. */
bool trtc_set_read(enum trtc_codec codec, const uint8_t *nal, size_t n, struct trtc_set *out);

/* The highest id that sets of a kind can have. */
int trtc_set_id_max(enum trtc_codec codec, enum trtc_set_kind kind);

/* The set with the id, and referring to what, `to` says: malloc'd. NULL: no memory. */
uint8_t *trtc_set_rename(enum trtc_codec codec, const uint8_t *nal, const struct trtc_set *from,
                         const struct trtc_set *to, size_t *size);

/* A slice of the base layer. */
bool trtc_is_slice(enum trtc_codec codec, const uint8_t *nal, size_t n);

/* What a slice refers to. */
struct trtc_slice_ref {
    int pps;   /* -1: that cannot be read */
    size_t at; /* the bit where its id stands */
};

struct trtc_slice_ref trtc_slice_pps(enum trtc_codec codec, const uint8_t *nal, size_t n);

/* Slices can be given those ids in place of PPS id whose code is longer by a byte, since what
 * follows then moves by a byte, and is the same: *first to *last, none where *first is above. */
void trtc_slice_ids(enum trtc_codec codec, int id, int *first, int *last);

/* Copies a slice with one of those ids in place of what it refers to. Returns its size, at most
 * n + TRTC_SLICE_GROWS. */
size_t trtc_slice_rename(const uint8_t *nal, size_t n, const struct trtc_slice_ref *ref, int id,
                         uint8_t *out);

#endif
