/* SPDX-License-Identifier: MIT */
/* Decides which attempt tests whether a place has recovered; see outage.h. */
#include "put/outage.h"

enum { OUT = 3 }; /* after this many failures in a row, the place counts as the cause */

void trtc_outage_failed(struct trtc_outage *o, int64_t now_us)
{
    o->nb_failed++;
    o->asking = false;
    o->ask_us = now_us + TRTC_OUTAGE_ASK_US;
}

void trtc_outage_silent(struct trtc_outage *o)
{
    o->asking = false;
}

bool trtc_outage_over(struct trtc_outage *o)
{
    const bool was_out = o->nb_failed >= OUT;

    *o = (struct trtc_outage){ 0 };
    return was_out;
}

enum trtc_outage_may trtc_outage_may(const struct trtc_outage *o, int64_t now_us, int64_t *wake_us)
{
    if (o->nb_failed < OUT)
        return TRTC_OUTAGE_GO;
    *wake_us = o->asking ? INT64_MAX : o->ask_us;
    return !o->asking && now_us >= o->ask_us ? TRTC_OUTAGE_ASK : TRTC_OUTAGE_WAIT;
}
