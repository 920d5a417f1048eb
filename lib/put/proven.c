/* SPDX-License-Identifier: MIT */
/* A hash table with open addressing. */
#define _XOPEN_SOURCE 700 /* st_mtim */

#include "put/proven.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FIRST_SLOTS = 256 };

/* The finalizer of MurmurHash3, applied to each number in turn. */
static uint64_t stir(uint64_t h, uint64_t v)
{
    h ^= v;
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

uint64_t trtc_put_stamp(const struct stat *st)
{
    const uint64_t parts[] = {
        (uint64_t)st->st_ino,          (uint64_t)st->st_size,        (uint64_t)st->st_mtim.tv_sec,
        (uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec,
    };
    uint64_t h = 1;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        h = stir(h + 1, parts[i]);
    return h ? h : 1;
}

int trtc_put_hash_of(const char *key, struct trtc_put_hash *out, struct trtc_err *err)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    if (!EVP_Digest(key, strlen(key), sum, NULL, EVP_sha256(), NULL))
        return trtc_fail_nomem(err);
    memcpy(&out->a, sum, sizeof out->a);
    memcpy(&out->b, sum + sizeof out->a, sizeof out->b);
    return 0;
}

/* The slot with the hash, or the empty slot where it belongs. */
static struct trtc_proven_entry *slot_of(const struct trtc_proven *p, struct trtc_put_hash hash)
{
    size_t i = hash.a & (p->nb_slots - 1);
    while (p->slots[i].stamp && (p->slots[i].hash.a != hash.a || p->slots[i].hash.b != hash.b))
        i = (i + 1) & (p->nb_slots - 1);
    return &p->slots[i];
}

static int grow(struct trtc_proven *p, struct trtc_err *err)
{
    const struct trtc_proven old = *p;
    p->nb_slots = old.nb_slots ? 2 * old.nb_slots : FIRST_SLOTS;
    p->slots = calloc(p->nb_slots, sizeof *p->slots);
    if (!p->slots) {
        *p = old;
        return trtc_fail_nomem(err);
    }
    for (size_t i = 0; i < old.nb_slots; i++)
        if (old.slots[i].stamp)
            *slot_of(p, old.slots[i].hash) = old.slots[i];
    free(old.slots);
    return 0;
}

int trtc_proven_add(struct trtc_proven *p, const struct trtc_proven_entry *entry,
                    struct trtc_err *err)
{
    if (2 * (p->n + 1) > p->nb_slots && grow(p, err) < 0)
        return -1;
    struct trtc_proven_entry *slot = slot_of(p, entry->hash);
    p->n += slot->stamp == 0;
    *slot = *entry;
    return 0;
}

const struct trtc_proven_entry *trtc_proven_find(const struct trtc_proven *p,
                                                 struct trtc_put_hash hash)
{
    const struct trtc_proven_entry *slot = p->nb_slots ? slot_of(p, hash) : NULL;
    return slot && slot->stamp ? slot : NULL;
}

void trtc_proven_fini(struct trtc_proven *p)
{
    free(p->slots);
    *p = (struct trtc_proven){ 0 };
}
