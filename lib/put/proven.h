/* SPDX-License-Identifier: MIT */
/* Which files are known to be where they are put: a hash of each key, and what the file was then. */
#ifndef TRTC_PUT_PROVEN_H
#define TRTC_PUT_PROVEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct stat;

/* What a file was, so that a change is seen: inode, size, both times. Never 0. */
uint64_t trtc_put_stamp(const struct stat *st);

/* A key's hash: 128 bits of its SHA-256, so that nobody makes two keys with the same. */
struct trtc_put_hash {
    uint64_t a, b;
};
int trtc_put_hash_of(const char *key, struct trtc_put_hash *out, struct trtc_err *err);

struct trtc_proven_entry {
    struct trtc_put_hash hash;
    uint64_t stamp; /* of the file as it was put; 0 in an empty slot */
    int64_t at;     /* where the journal has the line; -1: nowhere */
};

struct trtc_proven { /* zero: empty */
    struct trtc_proven_entry *slots;
    size_t nb_slots, n;
};

/* Adds the entry, or puts it in the place of the one with its hash. 0, or -1: no memory. */
int trtc_proven_add(struct trtc_proven *p, const struct trtc_proven_entry *entry,
                    struct trtc_err *err);

/* The entry of that hash, valid until the next is added; NULL: none. */
const struct trtc_proven_entry *trtc_proven_find(const struct trtc_proven *p,
                                                 struct trtc_put_hash hash);

/* Frees what it holds and empties it, so that a second call does nothing. */
void trtc_proven_fini(struct trtc_proven *p);

#endif
