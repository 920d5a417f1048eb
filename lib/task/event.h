/* SPDX-License-Identifier: MIT */
/* The numbers of the callback events that a recorder makes (EventType; specification, "Callback
 * APIs"). */
#ifndef TRTC_TASK_EVENT_H
#define TRTC_TASK_EVENT_H

#include <stdint.h>

struct cJSON;

enum {
    TRTC_EVENT_START = 301,
    TRTC_EVENT_STOP = 302,
    TRTC_EVENT_UPLOAD_START = 303,
    TRTC_EVENT_FILE_INFO = 304,
    TRTC_EVENT_UPLOAD_STOP = 305,
    TRTC_EVENT_FAILOVER = 306,
    TRTC_EVENT_FILE_SLICE = 307,
    TRTC_EVENT_UPLOAD_ERROR = 308,
    TRTC_EVENT_IMAGE_ERROR = 309,
    TRTC_EVENT_MP4_STOP = 310,
};

#endif
