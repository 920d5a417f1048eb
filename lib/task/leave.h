/* SPDX-License-Identifier: MIT */
/* When a recorder leaves its room, and why (LeaveCode of event 302; specification, "Callback
 * APIs"). Pure. */
#ifndef TRTC_TASK_LEAVE_H
#define TRTC_TASK_LEAVE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/attendance.h"
#include "task/request.h"

enum trtc_leave {
    TRTC_STAY = -1,
    TRTC_LEAVE_ASKED = 0,
    TRTC_LEAVE_CLOSED = 2,     /* the room was closed */
    TRTC_LEAVE_IDLE = 99,      /* nobody was there for MaxIdleTime */
    TRTC_LEAVE_FAILED = 100,   /* the recorder failed too often */
    TRTC_LEAVE_REPLACED = 101, /* another participant entered with the robot's id */
    TRTC_LEAVE_LAST = 101
};

struct trtc_watch {   /* zero-initialise */
    bool closed;      /* the room was dismissed; set by the caller */
    bool alone;       /* no user is in the room... */
    int64_t since_us; /* ...since then, in µs of a monotonic clock */
};

/* Notes whether a user other than the robot is in the room. */
void trtc_watch_note(struct trtc_watch *w, const struct trtc_attendance *here,
                     const struct trtc_task_request *r, int64_t now_us);

/* Returns why the recorder leaves now, or TRTC_STAY. *again_us: when to ask again if nothing
 * happens before; INT64_MAX: not. */
enum trtc_leave trtc_watch_leave(const struct trtc_watch *w, const struct trtc_attendance *here,
                                 const struct trtc_task_request *r, int64_t now_us,
                                 int64_t *again_us);

#endif
