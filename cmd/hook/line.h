/* SPDX-License-Identifier: MIT */
/* The line of JSON that stands for an event, and which events of a spool are meant. */
#ifndef TRTC_CMD_HOOK_LINE_H
#define TRTC_CMD_HOOK_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/events.h"
#include "options.h"
#include "serve/spool.h"

struct cJSON;

/* An event of a spool: where it is, and what it says. */
struct hook_event {
    enum trtc_spool_place place;
    const char *name;
    int64_t sdkappid;
    struct trtc_event event; /* empty where it could not be parsed */
    bool parsed;
};

/* Reads an event. TRTC_EX_NOINPUT where it is not there (any more). *out: hook_event_fini. */
int hook_event_read(const struct trtc_spool *s, enum trtc_spool_place place, const char *name,
                    struct hook_event *out, struct trtc_err *err);
void hook_event_fini(struct hook_event *e);

/* The line for it, with the path of its file and, if wanted, its state. NULL without memory. */
struct cJSON *hook_event_line(const struct trtc_spool *s, const struct hook_event *e, bool state);

/* Whether the options select this name (by type and time), and this event (by task). */
bool hook_means_name(const struct hook_opts *o, const char *name);
bool hook_means(const struct hook_opts *o, const struct hook_event *e);

#endif
