/* SPDX-License-Identifier: MIT */
/* Holds back frames of sound until their place is known. */
#include "source/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

int trtc_ahead_push(struct trtc_ahead *a, const struct trtc_read *r, int samples, int rate_hz,
                    bool breaks)
{
    struct trtc_ahead_slot *s = &a->slots[(a->first + a->steady.n) % TRTC_AHEAD_SLOTS];
    const struct trtc_steady_frame f = { .us = r->pkt.pts_us,
                                         .samples = samples,
                                         .rate_hz = rate_hz,
                                         .moved_us = r->moved_us,
                                         .breaks = breaks };
    if (trtc_array_reserve(&s->data, &s->cap, r->pkt.size, 1) < 0)
        return -1;
    memcpy(s->data, r->pkt.data, r->pkt.size);
    s->stream = *r->stream;
    s->read = *r;
    s->read.pkt.data = s->data;
    s->read.stream = &s->stream;
    trtc_steady_push(&a->steady, &f);
    return 0;
}

bool trtc_ahead_pop(struct trtc_ahead *a, bool end, struct trtc_read *out)
{
    int64_t us, jump_us;
    if (!trtc_steady_pop(&a->steady, end, &us, &jump_us))
        return false;
    *out = a->slots[a->first].read;
    out->pkt.pts_us = out->pkt.dts_us = us;
    a->first = (a->first + 1) % TRTC_AHEAD_SLOTS;
    return true;
}

void trtc_ahead_fini(struct trtc_ahead *a)
{
    for (int i = 0; i < TRTC_AHEAD_SLOTS; i++)
        free(a->slots[i].data);
}
