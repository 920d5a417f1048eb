/* SPDX-License-Identifier: MIT */
/* A place that accepts nothing for a while. During such an outage only one file at a time tests
 * whether the place has recovered, not each of those that wait. Pure: times are passed in. Not
 * thread-safe. */
#ifndef TRTC_PUT_OUTAGE_H
#define TRTC_PUT_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

#define TRTC_OUTAGE_ASK_US INT64_C(4000000)

struct trtc_outage { /* zero: the place accepts files */
    int nb_failed;   /* attempts in a row that failed temporarily */
    bool asking;     /* an attempt that tests the place is in progress */
    int64_t ask_us;  /* when the next one may begin */
};

/* Called when an attempt has ended. failed: it failed temporarily; silent: it failed in a way that
 * shows nothing about the place; over: the file is stored. trtc_outage_over returns true if that
 * ends an outage. */
void trtc_outage_failed(struct trtc_outage *o, int64_t now_us);
void trtc_outage_silent(struct trtc_outage *o);
bool trtc_outage_over(struct trtc_outage *o);

enum trtc_outage_may {
    TRTC_OUTAGE_GO,   /* there is no outage */
    TRTC_OUTAGE_ASK,  /* the next file may begin, even if it was to wait longer: it is the test */
    TRTC_OUTAGE_WAIT, /* until *wake_us; INT64_MAX: until the attempt that is the test has ended */
};

/* Returns whether an attempt may begin. */
enum trtc_outage_may trtc_outage_may(const struct trtc_outage *o, int64_t now_us, int64_t *wake_us);

#endif
