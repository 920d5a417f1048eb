/* SPDX-License-Identifier: MIT */
/* Numbered pieces. Those that arrive early wait in a window, indexed by their numbers. */
#include "serve/numbered.h"

#include <stdlib.h>
#include <string.h>

struct held {
    void *data; /* NULL: not there */
    size_t bytes;
};

struct trtc_numbered {
    struct held window[TRTC_NUMBERED_AHEAD]; /* number N is at index N modulo the length */
    int64_t wanted;
    int64_t end;      /* the number after the last one; -1: unknown */
    int64_t since_ms; /* since when the wanted piece has been missing while a later one is there;
                         -1: it is not missing */
    size_t bytes;
    int nb;
};

struct trtc_numbered *trtc_numbered_new(struct trtc_err *err)
{
    struct trtc_numbered *n = calloc(1, sizeof *n);
    if (!n) {
        trtc_fail_nomem(err);
        return NULL;
    }
    n->end = n->since_ms = -1;
    return n;
}

void trtc_numbered_free(struct trtc_numbered **n)
{
    if (!*n)
        return;
    for (int i = 0; i < TRTC_NUMBERED_AHEAD; i++)
        free((*n)->window[i].data);
    free(*n);
    *n = NULL;
}

static struct held *place_of(struct trtc_numbered *n, int64_t number)
{
    return &n->window[number % TRTC_NUMBERED_AHEAD];
}

enum trtc_numbered_put trtc_numbered_put(struct trtc_numbered *n, int64_t number, const void *data,
                                         size_t bytes, bool last)
{
    if (number < n->wanted || (n->end >= 0 && number >= n->end))
        return TRTC_NUMBERED_REPEATED;
    if (number - n->wanted >= TRTC_NUMBERED_AHEAD ||
        (number != n->wanted && n->bytes + bytes > TRTC_NUMBERED_BYTES))
        return TRTC_NUMBERED_FAR;
    struct held *h = place_of(n, number);
    if (h->data)
        return TRTC_NUMBERED_REPEATED;
    h->data = malloc(bytes + 1);
    if (!h->data)
        return TRTC_NUMBERED_NOMEM;
    if (bytes)
        memcpy(h->data, data, bytes);
    h->bytes = bytes;
    n->bytes += bytes;
    n->nb++;
    if (last)
        n->end = number + 1;
    return TRTC_NUMBERED_TAKEN;
}

void *trtc_numbered_next(struct trtc_numbered *n, size_t *bytes)
{
    struct held *h = place_of(n, n->wanted);
    void *data = h->data;
    if (!data)
        return NULL;
    *bytes = h->bytes;
    *h = (struct held){ 0 };
    n->bytes -= *bytes;
    n->nb--;
    n->wanted++;
    n->since_ms = -1;
    return data;
}

bool trtc_numbered_waits(const struct trtc_numbered *n)
{
    return n->nb > 0 && !n->window[n->wanted % TRTC_NUMBERED_AHEAD].data;
}

int64_t trtc_numbered_skip(struct trtc_numbered *n, int64_t now_ms)
{
    int64_t missing = 0;
    if (!trtc_numbered_waits(n))
        return 0;
    if (n->since_ms < 0)
        n->since_ms = now_ms;
    if (now_ms - n->since_ms < TRTC_NUMBERED_PATIENCE_MS)
        return 0;
    for (; !place_of(n, n->wanted)->data; n->wanted++)
        missing++;
    n->since_ms = -1;
    return missing;
}

int64_t trtc_numbered_wanted(const struct trtc_numbered *n)
{
    return n->wanted;
}

bool trtc_numbered_done(const struct trtc_numbered *n)
{
    return n->end >= 0 && n->wanted >= n->end;
}
