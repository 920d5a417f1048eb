/* SPDX-License-Identifier: MIT */
/* Shared by the sources of trtc-room watch: who is present according to the source, printed as
 * events. */
#ifndef TRTC_CMD_ROOM_WATCH_H
#define TRTC_CMD_ROOM_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "api/attendance.h"
#include "options.h"
#include "serve/spot.h"

enum {
    WATCH_LINE_MAX = 64 << 10,
    WATCH_TARGET_SIZE = ROOM_BASE_MAX + TRTC_SPOT_URL_MAX + 1,
};

struct pull;

struct watch {
    const struct room_opts *o;
    const char *place;             /* the operand without its scheme, or all of it */
    const char *source;            /* the template of Sources, or NULL */
    char relay[ROOM_BASE_MAX + 1]; /* --relay, without slashes at its end; "": none */
    bool relays;                   /* streams are relayed by pulls; janus: has its own relays */
    bool dismisses;     /* a room that the source no longer lists was dismissed, not just empty */
    struct pull *pulls; /* the relays */
    struct trtc_attendance shown; /* what has been printed */
    struct trtc_attendance now;   /* the present state, from a source that is listing it */
    bool collects;                /* the source is listing it */
    bool lost;                    /* the source cannot be reached; this was reported */
    bool done;                    /* with --once: everything needed has been printed */
    bool lacks;                   /* an event is missing, for lack of memory: the next run has it */
    char line[WATCH_LINE_MAX];
    size_t nb_line;
    bool skips; /* the line is too long */
};

/* Handles bytes of NDJSON as they arrive. An empty line ends the list of the present state. */
void watch_feed(struct watch *w, const char *bytes, size_t n);

/* Returns the address of a stream: that of its event, or one made from the template in out; NULL:
 * there is none. */
const char *watch_source(const struct watch *w, const struct trtc_fact *f, char *out, size_t size);

/* Writes the address to which the streams of a spot are relayed to out, and returns out. */
const char *watch_target(const struct watch *w, const struct trtc_spot *spot,
                         char out[WATCH_TARGET_SIZE]);

/* The source begins to list the present state. watch_say_end: the list is complete, and the
 * differences are printed. */
void watch_say_all(struct watch *w);
void watch_say_end(struct watch *w);

/* Reports, once, that the source cannot be reached and is tried again. watch_say_end reports its
 * return. */
void watch_lost(struct watch *w, const struct trtc_err *err);

/* Reports that the source cannot be reached, and returns the exit status. */
int watch_failed(const struct watch *w, const struct trtc_err *err);

/* Between the two: the present state of the selected rooms. */
void watch_take_all(struct watch *w, const struct trtc_attendance *all);
void watch_take(struct watch *w, const struct trtc_room_event *e); /* the same, one by one */

/* Reads a whole page, which the caller frees; NULL on failure. The timer ends what takes too long:
 * turn it on before and off after everything. */
void watch_timer(bool on);
char *watch_page(const char *url, struct trtc_err *err);

/* Waits between two pages. Nonzero: a signal requested the end. */
int watch_pause(int64_t ms);

/* The sources: each returns the exit status. */
int watch_http(struct watch *w);
int watch_exec(struct watch *w);
int watch_nginx(struct watch *w);
int watch_janus(struct watch *w);

#endif
