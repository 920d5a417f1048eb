/* SPDX-License-Identifier: MIT */
/* What a CreateCloudRecording request asks a recorder to do: which streams, which files, when it ends. Nothing of
 * where files go, and no secrets. Pure. */
#ifndef TRTC_TASK_REQUEST_H
#define TRTC_TASK_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "layout/subscribe.h"

struct cJSON;

enum trtc_task_made { TRTC_MADE_NONE, TRTC_MADE_MP4, TRTC_MADE_AAC }; /* of the HLS, at the end */

struct trtc_task_request { /* the texts are the request's */
    int64_t sdkappid;
    const char *room, *robot;
    bool room_is_text; /* RoomIdType 0 */
    bool mixed;        /* RecordMode 2 */
    bool audio, video; /* StreamType */
    bool main, aux;    /* MediaId */
    bool av_merge;
    bool hls;                 /* segments and playlists are wanted themselves */
    enum trtc_task_made made; /* and what else */
    bool vod;                 /* CloudVod: files have other names and events there */
    int64_t idle_ms;          /* MaxIdleTime */
    int64_t part_minutes;     /* MaxMediaFileDuration; 0: not given */
    struct trtc_subscription sub;
};

/* Reads a request whose secrets are absent or TRTC_API_SECRET. TRTC_EX_NOPERM where one has another value,
 * TRTC_EX_DATAERR for what the API would not take. *out is the caller's to free (trtc_task_request_fini), and empty
 * on failure. */
int trtc_task_request_read(const struct cJSON *request, struct trtc_task_request *out,
                           struct trtc_err *err);
void trtc_task_request_fini(struct trtc_task_request *r);

/* The change of a modify (MixLayoutParams, SubscribeStreamUserIds), which is all of both: r->sub is replaced, by
 * everybody where it has no lists. TRTC_EX_DATAERR, and nothing is changed, where the API would not take it for the
 * task that request created. */
int trtc_task_request_modify(struct trtc_task_request *r, const struct cJSON *request,
                             const struct cJSON *change, struct trtc_err *err);

#endif
