/* SPDX-License-Identifier: MIT */
/* Callback events (specification, "Callback APIs"): reads a body in any of its documented
 * shapes. JSON only, no network. */
#ifndef TRTC_API_EVENTS_H
#define TRTC_API_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/utc.h"

struct cJSON;

#define TRTC_EVENT_GROUP 3 /* EventGroupId of on-cloud recording */
#define TRTC_EVENT_FIRST 301
#define TRTC_EVENT_LAST  312
#define TRTC_EVENT_BODY_MAX \
    ((1 << 20) + (64 << 10))                       /* a payload of 1 MiB and what goes around it */
#define TRTC_EVENT_MS_MAX INT64_C(253402300799999) /* the end of 9999 */

struct trtc_event {
    int64_t group, type;                       /* 0: not known */
    int64_t event_ms;                          /* EventMsTs, else EventTs; or TRTC_NOTIME */
    int64_t callback_ms;                       /* CallbackTs, or TRTC_NOTIME */
    char *task, *room, *user, *payload, *info; /* or NULL; payload and info (the whole EventInfo)
                                                * are JSON without blanks, number for number as they came */
    bool wrapped;     /* it came in the second shape: CallbackCommand, Callback */
    bool derived;     /* it was not received but follows from what the service says */
    const char *body; /* the event in the first shape, within the text it was parsed from */
    size_t body_bytes;
};

/* Parses n bytes. Unknown types and members are accepted, and missing members stay unknown.
 * TRTC_EX_DATAERR if the text is not a JSON object. *out is the caller's (trtc_event_fini),
 * empty on failure. */
int trtc_event_parse(const char *text, size_t n, struct trtc_event *out, struct trtc_err *err);

/* Frees what it holds and empties it, so that a second call does nothing. */
void trtc_event_fini(struct trtc_event *e);

/* What makes two deliveries the same event, hashed: application, TaskId, EventType, EventMsTs
 * (else EventTs) and Payload, or all of EventInfo where there is no TaskId and Payload (rooms,
 * media); never CallbackTs. For a body with none of these, its bytes are hashed. -1: no memory. */
#define TRTC_EVENT_ID_LEN 32
int trtc_event_id(const struct trtc_event *e, int64_t sdkappid, char out[TRTC_EVENT_ID_LEN + 1]);

/* The flat object that stands for an event: sdkappid type name task room user event_ms
 * callback_ms payload, with unknown ones left out. NULL: no memory. */
struct cJSON *trtc_event_line(const struct trtc_event *e, int64_t sdkappid);

/* "MP4_STOP" of EVENT_TYPE_CLOUD_RECORDING_MP4_STOP; NULL for a type that is not known. */
const char *trtc_event_name(int64_t type);

#endif
