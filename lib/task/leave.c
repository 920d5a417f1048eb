/* SPDX-License-Identifier: MIT */
/* Decides when a recorder leaves. */
#include "task/leave.h"

#include <string.h>

static bool is_alone(const struct trtc_attendance *here, const struct trtc_task_request *r)
{
    for (size_t i = 0; i < here->n; i++)
        if (here->items[i].type == TRTC_ROOM_ENTERED && strcmp(here->items[i].room, r->room) == 0 &&
            strcmp(here->items[i].user, r->robot) != 0)
            return false;
    return true;
}

void trtc_watch_note(struct trtc_watch *w, const struct trtc_attendance *here,
                     const struct trtc_task_request *r, int64_t now_us)
{
    const bool alone = is_alone(here, r);
    if (alone && !w->alone)
        w->since_us = now_us;
    w->alone = alone;
}

enum trtc_leave trtc_watch_leave(const struct trtc_watch *w, const struct trtc_attendance *here,
                                 const struct trtc_task_request *r, int64_t now_us,
                                 int64_t *again_us)
{
    *again_us = INT64_MAX;
    if (trtc_attendance_find(here, r->room, r->robot, TRTC_ROOM_ENTERED))
        return TRTC_LEAVE_REPLACED;
    if (w->closed)
        return TRTC_LEAVE_CLOSED;
    if (!w->alone)
        return TRTC_STAY;
    if (now_us - w->since_us >= r->idle_ms * 1000)
        return TRTC_LEAVE_IDLE;
    *again_us = w->since_us + r->idle_ms * 1000;
    return TRTC_STAY;
}
