/* SPDX-License-Identifier: MIT */
/* Callback events (specification, "Callback APIs"): reads a body in any of its documented forms.
 * JSON only, no network. */
#ifndef TRTC_API_EVENTS_H
#define TRTC_API_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/utc.h"

struct cJSON;

#define TRTC_EVENT_GROUP    3 /* EventGroupId of on-cloud recording */
#define TRTC_EVENT_FIRST    301
#define TRTC_EVENT_LAST     312
#define TRTC_EVENT_BODY_MAX ((1 << 20) + (64 << 10)) /* a payload of 1 MiB and what surrounds it */
#define TRTC_EVENT_MS_MAX   INT64_C(253402300799999) /* the end of the year 9999 */

struct trtc_event {
    int64_t group, type;                       /* 0: unknown */
    int64_t event_ms;                          /* EventMsTs, else EventTs; or TRTC_NOTIME */
    int64_t callback_ms;                       /* CallbackTs, or TRTC_NOTIME */
    char *task, *room, *user, *payload, *info; /* or NULL; payload and info (the whole EventInfo)
                                                  are JSON without blanks, with numbers unchanged */
    bool wrapped;     /* it came in the second form: CallbackCommand, Callback */
    bool derived;     /* it was not received, but derived from other information of the service */
    const char *body; /* the event in the first form, within the text that was parsed */
    size_t body_bytes;
};

/* Parses n bytes. Unknown types and members are accepted; missing members count as unknown.
 * TRTC_EX_DATAERR: not a JSON object. Free *out with trtc_event_fini; on failure it is empty. 0, or
 * -1. */
int trtc_event_parse(const char *text, size_t n, struct trtc_event *out, struct trtc_err *err);

/* Frees the contents and empties e. A second call does nothing. */
void trtc_event_fini(struct trtc_event *e);

/* Hashes what makes two deliveries the same event: application, TaskId, EventType, EventMsTs (else
 * EventTs), and Payload, or the whole EventInfo if there is neither TaskId nor Payload (rooms,
 * media); never CallbackTs. If the body has none of these, all of its bytes are hashed. 0, or -1:
 * out of memory. */
#define TRTC_EVENT_ID_LEN 32
int trtc_event_id(const struct trtc_event *e, int64_t sdkappid, char out[TRTC_EVENT_ID_LEN + 1]);

/* A flat object that represents an event: sdkappid type name task room user event_ms callback_ms
 * payload; unknown ones are left out. The caller deletes it. NULL: out of memory. */
struct cJSON *trtc_event_line(const struct trtc_event *e, int64_t sdkappid);

/* The short name of a type, such as "MP4_STOP" for EVENT_TYPE_CLOUD_RECORDING_MP4_STOP (static);
 * NULL: unknown. */
const char *trtc_event_name(int64_t type);

#endif
