/* SPDX-License-Identifier: MIT */
/* Decides which waiting items are handled, and when: within a lane (a task) one at a time and in
 * order of time, lanes side by side. An item is not begun before it has settled, so that events
 * that happened earlier and arrive later come first. Pure functions: time is passed in and nothing
 * sleeps. */
#ifndef TRTC_SERVE_QUEUE_H
#define TRTC_SERVE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_queue;

struct trtc_queue_rules {
    int64_t settle_ms;   /* time from an item's arrival to its earliest start */
    int64_t back_off_ms; /* wait after the first temporary failure, doubled each time */
    int attempts;        /* after so many temporary failures the item has failed */
    size_t items_max;    /* limit of items in memory */
};

enum trtc_queue_result {
    TRTC_QUEUE_DONE,  /* handled, successfully or not */
    TRTC_QUEUE_AGAIN, /* failed temporarily */
    TRTC_QUEUE_HELD   /* another process is handling it: this was no attempt */
};

/* rules is copied. NULL: out of memory. trtc_queue_free also drops what waits, clears the pointer
 * and accepts NULL. */
struct trtc_queue *trtc_queue_new(const struct trtc_queue_rules *rules, struct trtc_err *err);
void trtc_queue_free(struct trtc_queue **q);

/* Adds an item. 1: added; 0: it is already there; -1: the queue is full, or out of memory (both
 * TRTC_EX_TEMPFAIL). Items of a lane are ordered by event_ms, then by name. lane "": a lane of its
 * own. */
int trtc_queue_add(struct trtc_queue *q, const char *lane, const char *name, int64_t event_ms,
                   int64_t arrival_ms);

/* The next item to be begun at now_ms, or NULL; it is in progress until trtc_queue_end. The queue
 * owns the text. *attempt: its number, from 1. */
const char *trtc_queue_next(struct trtc_queue *q, int64_t now_ms, int *attempt);

/* Ends an item in progress. True: the item is finished and removed; after AGAIN this means that its
 * attempts are used up. */
bool trtc_queue_end(struct trtc_queue *q, const char *name, enum trtc_queue_result result,
                    int64_t now_ms);

/* Milliseconds until an item may have to be begun; -1: nothing waits. */
int64_t trtc_queue_wait_ms(const struct trtc_queue *q, int64_t now_ms);

/* The number of items that wait or are in progress. */
size_t trtc_queue_length(const struct trtc_queue *q);

#endif
