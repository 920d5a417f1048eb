/* SPDX-License-Identifier: MIT */
/* A place that takes nothing for a while: then one file at a time asks whether it is back, and not each of those that wait.
 * Pure: times are passed in. Not for two threads at once. */
#ifndef TRTC_PUT_OUTAGE_H
#define TRTC_PUT_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

#define TRTC_OUTAGE_ASK_US INT64_C(4000000)

struct trtc_outage { /* zero: the place takes files */
    int nb_failed;   /* attempts in a row that failed for a reason that may pass */
    bool asking;     /* one is under way to find out */
    int64_t ask_us;  /* the next */
};

/* An attempt ended: it failed for a reason that may pass; or so that nothing is known of the place; or the file is there:
 * then true if that ends an outage. */
void trtc_outage_failed(struct trtc_outage *o, int64_t now_us);
void trtc_outage_silent(struct trtc_outage *o);
bool trtc_outage_over(struct trtc_outage *o);

enum trtc_outage_may {
    TRTC_OUTAGE_GO,   /* there is no outage */
    TRTC_OUTAGE_ASK,  /* the next file may, whatever its time: it is asking then */
    TRTC_OUTAGE_WAIT, /* until *wake_us, or INT64_MAX: until the one that is asking has ended */
};

/* Whether an attempt may begin. */
enum trtc_outage_may trtc_outage_may(const struct trtc_outage *o, int64_t now_us, int64_t *wake_us);

#endif
