/* SPDX-License-Identifier: MIT */
/* Makes callback events: every type of on-cloud recording, in the style of the documents or of
 * what the service really sends, and the sequences in which they come. */
#ifndef TRTC_API_EVENT_MAKE_H
#define TRTC_API_EVENT_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

enum trtc_event_style {
    TRTC_STYLE_REAL,      /* on one line; EventMsTs; EventTs is a text in 302 */
    TRTC_STYLE_DOCUMENTED /* indented with tabs; no EventMsTs; EventTs is a text in 301, 302 and 307 */
};

struct trtc_event_order { /* what an event shall say */
    int64_t type;         /* TRTC_EVENT_FIRST ... TRTC_EVENT_LAST */
    int64_t sdkappid;
    const char *task, *room, *robot;         /* robot: UserId of the recorder */
    const char *user;                        /* whose stream the files have */
    int64_t event_ms, callback_ms, begin_ms; /* begin_ms: when the files begin */
    int64_t status; /* of 301, 303, 305, 306, 310, 311, 312; LeaveCode of 302 */
    enum trtc_event_style style;
};

/* The event as an object, to be changed and printed. TRTC_EX_USAGE for an unknown type, or a
 * room that has no file names. */
struct cJSON *trtc_event_make(const struct trtc_event_order *o, struct trtc_err *err);

/* The body, in the style; the caller's to free. NULL without memory. */
char *trtc_event_print(const struct cJSON *event, enum trtc_event_style style);

/* The sequences: hls mp4 vod failover idle kicked. */
struct trtc_scenario {
    const char *name, *about;
    struct trtc_scenario_step {
        int type;
        int status;   /* as in trtc_event_order */
        int after_ms; /* since the one before, on the events' own clock */
    } steps[10];      /* type 0 ends them */
};
extern const struct trtc_scenario trtc_scenarios[]; /* name NULL ends them */

/* The scenario of this name, valid for ever; NULL: there is none. */
const struct trtc_scenario *trtc_scenario_find(const char *name);

/* Sets a member, "EventInfo.Payload.FileList[0]": value is JSON, or else a text. Missing members
 * on the way are made. *root is NULL afterwards if memory runs out. TRTC_EX_USAGE for an
 * impossible path. */
int trtc_event_set(struct cJSON **root, const char *path, const char *value, struct trtc_err *err);

#endif
