/* SPDX-License-Identifier: MIT */
/* The line of JSON for an event, and the selection of events in a spool. */
#ifndef TRTC_CMD_HOOK_LINE_H
#define TRTC_CMD_HOOK_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/events.h"
#include "options.h"
#include "serve/spool.h"

struct cJSON;

/* An event of a spool: where it is, and its content. */
struct hook_event {
    enum trtc_spool_place place;
    const char *name;
    int64_t sdkappid;
    struct trtc_event event; /* empty if it could not be parsed */
    bool parsed;
};

/* Reads an event. TRTC_EX_NOINPUT: it is not there (any more). Free *out with hook_event_fini. 0,
 * or -1. */
int hook_event_read(const struct trtc_spool *s, enum trtc_spool_place place, const char *name,
                    struct hook_event *out, struct trtc_err *err);
void hook_event_fini(struct hook_event *e);

/* The line for an event, with the path of its file and, if requested, its state. The caller deletes
 * it. NULL: out of memory. */
struct cJSON *hook_event_line(const struct trtc_spool *s, const struct hook_event *e, bool state);

/* Whether the options select this name (by type and time), and this event (by task). */
bool hook_means_name(const struct hook_opts *o, const char *name);
bool hook_means(const struct hook_opts *o, const struct hook_event *e);

#endif
