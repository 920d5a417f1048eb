/* SPDX-License-Identifier: MIT */
/* Remembers which files are known to be at their place: a hash of each key, and the state of the
 * file at that time. */
#ifndef TRTC_PUT_PROVEN_H
#define TRTC_PUT_PROVEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct stat;

/* A number for a file's state, to detect changes: inode, size, both times. Never 0. */
uint64_t trtc_put_stamp(const struct stat *st);

/* The hash of a key: 128 bits of its SHA-256, so that nobody can make two keys with the same
 * hash. */
struct trtc_put_hash {
    uint64_t a, b;
};
int trtc_put_hash_of(const char *key, struct trtc_put_hash *out, struct trtc_err *err);

struct trtc_proven_entry {
    struct trtc_put_hash hash;
    uint64_t stamp; /* of the file when it was put; 0: empty slot */
    int64_t at;     /* position of its line in the journal; -1: none */
};

struct trtc_proven { /* all zeros: empty */
    struct trtc_proven_entry *slots;
    size_t nb_slots, n;
};

/* Adds an entry, or replaces the one with its hash. 0, or -1: out of memory. */
int trtc_proven_add(struct trtc_proven *p, const struct trtc_proven_entry *entry,
                    struct trtc_err *err);

/* The entry with that hash, valid until the next one is added; NULL: none. */
const struct trtc_proven_entry *trtc_proven_find(const struct trtc_proven *p,
                                                 struct trtc_put_hash hash);

/* Frees the contents and empties p. A second call does nothing. */
void trtc_proven_fini(struct trtc_proven *p);

#endif
