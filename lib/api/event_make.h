/* SPDX-License-Identifier: MIT */
/* Makes callback events: every type of on-cloud recording, in the style of the documentation or of
 * the real service, and the sequences in which they occur. */
#ifndef TRTC_API_EVENT_MAKE_H
#define TRTC_API_EVENT_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

enum trtc_event_style {
    TRTC_STYLE_REAL,      /* on one line; with EventMsTs; EventTs is a string in 302 */
    TRTC_STYLE_DOCUMENTED /* indented with tabs; without EventMsTs; EventTs is a string in 301,
                             302 and 307 */
};

struct trtc_event_order { /* the content of an event */
    int64_t type;         /* TRTC_EVENT_FIRST ... TRTC_EVENT_LAST */
    int64_t sdkappid;
    const char *task, *room, *robot;         /* robot: UserId of the recorder */
    const char *user;                        /* whose stream is in the files */
    int64_t event_ms, callback_ms, begin_ms; /* milliseconds since 1970; begin_ms: when the files
                                                begin */
    int64_t status; /* Status of 301, 303, 305, 306, 310, 311, 312; LeaveCode of 302 */
    enum trtc_event_style style;
};

/* The event as an object that can be changed and printed. The caller deletes it. NULL on failure;
 * TRTC_EX_USAGE: unknown type, or a room that is not allowed in file names. */
struct cJSON *trtc_event_make(const struct trtc_event_order *o, struct trtc_err *err);

/* The body in the given style; the caller frees it. NULL: out of memory. */
char *trtc_event_print(const struct cJSON *event, enum trtc_event_style style);

/* The sequences of events: hls mp4 vod failover idle kicked. */
struct trtc_scenario {
    const char *name, *about;
    struct trtc_scenario_step {
        int type;
        int status;   /* as in trtc_event_order */
        int after_ms; /* time since the event before, on the clock of the events */
    } steps[10];      /* ends with type 0 */
};
extern const struct trtc_scenario trtc_scenarios[]; /* ends with a NULL name */

/* The scenario with this name (static), or NULL. */
const struct trtc_scenario *trtc_scenario_find(const char *name);

/* Sets a member such as "EventInfo.Payload.FileList[0]"; value is JSON, or else a string. Missing
 * members on the way are created. *root becomes NULL if memory runs out. TRTC_EX_USAGE: impossible
 * path. 0, or -1. */
int trtc_event_set(struct cJSON **root, const char *path, const char *value, struct trtc_err *err);

#endif
