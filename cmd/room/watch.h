/* SPDX-License-Identifier: MIT */
/* What the sources of trtc-room watch share: who is there by what they say, printed as events. */
#ifndef TRTC_CMD_ROOM_WATCH_H
#define TRTC_CMD_ROOM_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "api/attendance.h"
#include "options.h"

enum { WATCH_LINE_MAX = 64 << 10 };

struct watch {
    const struct room_opts *o;
    const char *place;            /* the operand behind its scheme, or all of it */
    const char *source;           /* the template of Sources, or NULL */
    struct trtc_attendance shown; /* what has been printed */
    struct trtc_attendance now;   /* what is so by a source that is saying all of it */
    bool collects;                /* it is */
    bool done;                    /* with --once: all that is wanted has been printed */
    char line[WATCH_LINE_MAX];
    size_t nb_line;
    bool skips; /* the line is too long */
};

/* Takes bytes of NDJSON as they come. An empty line ends what a source says of what is so. */
void watch_feed(struct watch *w, const char *bytes, size_t n);

/* The source begins to say all that is so; watch_say_end: it has said that, and what differs is printed. */
void watch_say_all(struct watch *w);
void watch_say_end(struct watch *w);

/* What is so, of the rooms that are wanted, between the two. */
void watch_take_all(struct watch *w, const struct trtc_attendance *all);
void watch_take(struct watch *w, const struct trtc_room_event *e); /* the same, one by one */

/* Reads a page whole: the caller's to free; NULL on failure. The timer ends what takes too long: on before, off after all. */
void watch_timer(bool on);
char *watch_page(const char *url, struct trtc_err *err);

/* Waits between two pages. Nonzero: a signal asked for the end. */
int watch_pause(int64_t ms);

/* The sources: each returns the exit status. */
int watch_http(struct watch *w);
int watch_exec(struct watch *w);
int watch_nginx(struct watch *w);
int watch_janus(struct watch *w);

#endif
