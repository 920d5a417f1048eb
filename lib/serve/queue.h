/* SPDX-License-Identifier: MIT */
/* What waits to be handled, and in which order: within a lane (a task) by time, one at a time;
 * lanes side by side. An item is not begun before it has settled, so that those that happened
 * earlier and arrive later come first. Pure: time is passed in, and nothing sleeps. */
#ifndef TRTC_SERVE_QUEUE_H
#define TRTC_SERVE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_queue;

struct trtc_queue_rules {
    int64_t settle_ms;   /* from an item's arrival to its earliest start */
    int64_t back_off_ms; /* after the first attempt that failed for now; doubled each time */
    int attempts;        /* the last that failed for now is final */
    size_t items_max;    /* that are kept in memory */
};

enum trtc_queue_result {
    TRTC_QUEUE_DONE,  /* it is over, well or badly */
    TRTC_QUEUE_AGAIN, /* it failed for now */
    TRTC_QUEUE_HELD   /* another process is at it: this was no attempt */
};

/* rules is copied. NULL: no memory. trtc_queue_free clears the pointer, and what waits is gone; NULL is fine. */
struct trtc_queue *trtc_queue_new(const struct trtc_queue_rules *rules, struct trtc_err *err);
void trtc_queue_free(struct trtc_queue **q);

/* Adds an item: 1; 0 where it is there already; -1 where the queue is full (TRTC_EX_TEMPFAIL too without memory). Items of
 * a lane are in the order of event_ms, then of names. lane "": a lane of its own. */
int trtc_queue_add(struct trtc_queue *q, const char *lane, const char *name, int64_t event_ms,
                   int64_t arrival_ms);

/* The item that is to be begun now, or NULL; it is under way until trtc_queue_end. The text is the queue's. attempt: which
 * one it is, from 1. */
const char *trtc_queue_next(struct trtc_queue *q, int64_t now_ms, int *attempt);

/* Ends what was begun. True where that is for good: the item is gone; after AGAIN: the attempts are used up. */
bool trtc_queue_end(struct trtc_queue *q, const char *name, enum trtc_queue_result result,
                    int64_t now_ms);

/* Milliseconds until there may be something to begin; -1: nothing waits. */
int64_t trtc_queue_wait_ms(const struct trtc_queue *q, int64_t now_ms);

/* Items that wait or are under way. */
size_t trtc_queue_length(const struct trtc_queue *q);

#endif
