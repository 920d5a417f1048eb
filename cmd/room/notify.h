/* SPDX-License-Identifier: MIT */
/* Sends events as the service's callbacks, in a thread of its own, by the service's rule: at once,
 * again at once, then every 10 s until an event is a minute old. */
#ifndef TRTC_CMD_ROOM_NOTIFY_H
#define TRTC_CMD_ROOM_NOTIFY_H

#include <stdint.h>

#include "api/room_event.h"
#include "options.h"

struct notifier;

/* NULL on failure. */
struct notifier *notifier_new(const struct room_opts *o, struct trtc_err *err);

/* Never waits. */
void notifier_send(struct notifier *n, const struct trtc_room_event *e);

/* Gives waiting events a few seconds, frees *n, and returns how many events in total were not
 * delivered. */
int64_t notifier_free(struct notifier **n);

#endif
