/* SPDX-License-Identifier: MIT */
/* Order of presentation of pictures that have no times. */
#include <assert.h>

#include "input/input_priv.h"

enum { UNSTATED = 16 }; /* no stream reorders by more (ITU-T H.264, A.3.1) */

bool trtc_input_order_has_room(const struct trtc_input_order *o)
{
    return o->nb_in - o->nb_out < TRTC_INPUT_ORDER_MAX;
}

/* Pictures in the ring that wait for their place. */
static int nb_waiting(const struct trtc_input_order *o)
{
    int nb = 0;

    for (int64_t i = o->nb_out; i < o->nb_in; i++)
        nb += o->ring[i % TRTC_INPUT_ORDER_MAX].place < 0;
    return nb;
}

/* The waiting picture with the lowest count, or -1. */
static int64_t next_waiting(const struct trtc_input_order *o)
{
    int64_t first = -1;

    for (int64_t i = o->nb_out; i < o->nb_in; i++)
        if (o->ring[i % TRTC_INPUT_ORDER_MAX].place < 0 &&
            (first < 0 ||
             o->ring[i % TRTC_INPUT_ORDER_MAX].count < o->ring[first % TRTC_INPUT_ORDER_MAX].count))
            first = i;
    return first;
}

/* It gets the next place. */
static void give_place(struct trtc_input_order *o)
{
    const int64_t i = next_waiting(o);

    if (i < 0)
        return;
    o->last = o->ring[i % TRTC_INPUT_ORDER_MAX].count;
    o->ring[i % TRTC_INPUT_ORDER_MAX].place = o->nb_slot;
    if (o->unstated && i - o->nb_slot > o->delay)
        o->delay = (int)(i - o->nb_slot);
    o->nb_slot++;
}

/* Whether no picture can come that is shown before those that wait. */
static bool is_certain(const struct trtc_input_order *o)
{
    const int64_t i = next_waiting(o);

    return i >= 0 && o->ring[i % TRTC_INPUT_ORDER_MAX].count == o->last + (o->odd ? 1 : 2);
}

void trtc_input_order_end(struct trtc_input_order *o)
{
    while (nb_waiting(o) > 0)
        give_place(o);
}

void trtc_input_order_push(struct trtc_input_order *o, int64_t count, bool resets)
{
    assert(trtc_input_order_has_room(o));
    if (resets)
        trtc_input_order_end(o);

    const int64_t k = o->nb_in++ % TRTC_INPUT_ORDER_MAX;
    o->ring[k].count = count;
    o->ring[k].place = -1;
    o->odd |= count & 1;
    if (o->unstated && resets)
        give_place(o); /* all others are shown after it */
    while (o->unstated && is_certain(o))
        give_place(o);
    while (nb_waiting(o) > (o->unstated ? UNSTATED : o->delay))
        give_place(o);
    /* a full ring must advance, whatever the stream states about its reordering */
    while (!trtc_input_order_has_room(o) && o->ring[o->nb_out % TRTC_INPUT_ORDER_MAX].place < 0)
        give_place(o);
}

int64_t trtc_input_order_take(struct trtc_input_order *o)
{
    if (o->nb_out == o->nb_in)
        return -1;

    const int64_t place = o->ring[o->nb_out % TRTC_INPUT_ORDER_MAX].place;
    if (place >= 0)
        o->nb_out++;
    return place;
}
