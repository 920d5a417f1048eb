/* SPDX-License-Identifier: MIT */
/* The parameter sets in force in a stream that is cut. */
#include "mp4/sets_kept.h"

#include <stdlib.h>
#include <string.h>

#include "mp4/sets_priv.h"
#include "ts/es.h"

enum { BYTES_MAX = 64 * 1024, SETS_MAX = 512, START_CODE = 4 };

struct kept {
    struct trtc_set set; /* at: of its start code */
    bool here;           /* the last access unit contains it */
};

struct trtc_kept_sets {
    int nb;
    size_t nb_bytes;
    bool lacks;                 /* the last access unit lacks some of them */
    struct kept kept[SETS_MAX]; /* in the order of the bytes: VPS, SPS, PPS */
    uint8_t bytes[BYTES_MAX];
};

struct trtc_kept_sets *trtc_kept_sets_new(void)
{
    struct trtc_kept_sets *k = malloc(sizeof *k);

    if (k)
        trtc_kept_sets_clear(k);
    return k;
}

void trtc_kept_sets_free(struct trtc_kept_sets **k)
{
    free(*k);
    *k = NULL;
}

void trtc_kept_sets_clear(struct trtc_kept_sets *k)
{
    k->nb = 0;
    k->nb_bytes = 0;
    k->lacks = false;
}

static void drop(struct trtc_kept_sets *k, int i)
{
    const size_t at = k->kept[i].set.at, n = k->kept[i].set.n + START_CODE;

    memmove(k->bytes + at, k->bytes + at + n, k->nb_bytes - at - n);
    memmove(k->kept + i, k->kept + i + 1, (size_t)(k->nb - i - 1) * sizeof *k->kept);
    k->nb_bytes -= n;
    k->nb--;
    for (; i < k->nb; i++)
        k->kept[i].set.at -= n;
}

/* Inserts a set after those of its kind. */
static void insert(struct trtc_kept_sets *k, const uint8_t *nal, const struct trtc_set *set)
{
    const size_t n = set->n + START_CODE;
    int i = 0;

    if (k->nb == SETS_MAX || n > BYTES_MAX - k->nb_bytes)
        return;
    while (i < k->nb && k->kept[i].set.kind <= set->kind)
        i++;
    const size_t at = i < k->nb ? k->kept[i].set.at : k->nb_bytes;
    memmove(k->bytes + at + n, k->bytes + at, k->nb_bytes - at);
    memmove(k->kept + i + 1, k->kept + i, (size_t)(k->nb - i) * sizeof *k->kept);
    memcpy(k->bytes + at, "\0\0\0\1", START_CODE);
    memcpy(k->bytes + at + START_CODE, nal, set->n);
    k->kept[i] = (struct kept){ .set = *set, .here = true };
    k->kept[i].set.at = at;
    k->nb_bytes += n;
    k->nb++;
    for (i++; i < k->nb; i++)
        k->kept[i].set.at += n;
}

static int find(const struct trtc_kept_sets *k, const struct trtc_set *set)
{
    for (int i = 0; i < k->nb; i++)
        if (k->kept[i].set.kind == set->kind && k->kept[i].set.id == set->id)
            return i;
    return -1;
}

static void keep(struct trtc_kept_sets *k, const uint8_t *nal, const struct trtc_set *set)
{
    const int old = find(k, set);

    if (old >= 0 && k->kept[old].set.n == set->n &&
        memcmp(k->bytes + k->kept[old].set.at + START_CODE, nal, set->n) == 0) {
        k->kept[old].here = true;
        return;
    }
    if (old >= 0)
        drop(k, old);
    for (int i = k->nb - 1; old >= 0 && set->kind == TRTC_SET_SPS && i >= 0; i--)
        if (k->kept[i].set.kind == TRTC_SET_PPS && k->kept[i].set.refers == set->id)
            drop(k, i);
    insert(k, nal, set);
}

static bool is_slice(enum trtc_codec codec, uint8_t header)
{
    const enum trtc_nal kind = trtc_nal_kind(codec, header);

    return kind == TRTC_NAL_SLICE || kind == TRTC_NAL_KEY_SLICE;
}

/* Reads the sets up to the first slice. Slices are not searched for their end: they may be
 * large. */
static void keep_all(struct trtc_kept_sets *k, enum trtc_codec codec, const uint8_t *p,
                     const uint8_t *end)
{
    struct trtc_set set;

    for (p = trtc_annexb_find(p, end); end - p > 3 && !is_slice(codec, p[3]);) {
        const uint8_t *nal = p + 3, *stop = trtc_annexb_find(nal, end);

        p = stop;
        while (stop > nal && stop[-1] == 0)
            stop--;
        const size_t n = (size_t)(stop - nal);
        if (trtc_set_kind(codec, nal, n) == TRTC_SET_NONE || !trtc_set_read(codec, nal, n, &set))
            continue;
        set.n = n;
        keep(k, nal, &set);
    }
}

void trtc_kept_sets_take(struct trtc_kept_sets *k, enum trtc_codec codec, const uint8_t *annexb,
                         size_t size)
{
    for (int i = 0; i < k->nb; i++)
        k->kept[i].here = false;
    keep_all(k, codec, annexb, annexb + size);
    k->lacks = false;
    for (int i = 0; i < k->nb; i++)
        k->lacks |= !k->kept[i].here;
}

const uint8_t *trtc_kept_sets_missing(const struct trtc_kept_sets *k, size_t *size)
{
    *size = k->lacks ? k->nb_bytes : 0;
    return k->lacks ? k->bytes : NULL;
}
