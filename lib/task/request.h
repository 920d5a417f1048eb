/* SPDX-License-Identifier: MIT */
/* What a CreateCloudRecording request asks a recorder to do: which streams it records, which files
 * it makes, when it ends. Where files are stored is not its concern, and it gets no secrets. Pure.
 * The members in comments are those of the request. */
#ifndef TRTC_TASK_REQUEST_H
#define TRTC_TASK_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "layout/subscribe.h"

struct cJSON;

/* What is made from the HLS at the end. */
enum trtc_task_made { TRTC_MADE_NONE, TRTC_MADE_MP4, TRTC_MADE_AAC };

struct trtc_task_request { /* the texts belong to the request that was read */
    int64_t sdkappid;
    const char *room, *robot;
    bool room_is_text;        /* RoomIdType 0 */
    bool mixed;               /* RecordMode 2 */
    bool audio, video;        /* StreamType */
    bool main, aux;           /* MediaId */
    bool av_merge;            /* AvMerge: sound and picture share segments */
    bool hls;                 /* segments and playlists are results themselves */
    enum trtc_task_made made; /* the other results */
    bool vod;                 /* CloudVod: names of files and events differ */
    int64_t idle_ms;          /* MaxIdleTime */
    int64_t part_minutes;     /* MaxMediaFileDuration; 0: absent */
    struct trtc_subscription sub;
};

/* Reads a request whose secrets are absent or TRTC_API_SECRET; it must outlive *out. Returns 0, or
 * -1 with an empty *out: TRTC_EX_NOPERM (it contains a secret), TRTC_EX_DATAERR (the API or trtc-mix
 * would refuse it), TRTC_EX_TEMPFAIL (memory). The caller frees *out with trtc_task_request_fini. */
int trtc_task_request_read(const struct cJSON *request, struct trtc_task_request *out,
                           struct trtc_err *err);
void trtc_task_request_fini(struct trtc_task_request *r);

/* Applies the change of a ModifyCloudRecording (MixLayoutParams, SubscribeStreamUserIds) to r->sub.
 * The change replaces both members: without lists every user is subscribed to. request is the one
 * that created the task. Returns 0, or -1 and changes nothing: TRTC_EX_DATAERR (the API or
 * trtc-mix would refuse the change), TRTC_EX_TEMPFAIL (memory). */
int trtc_task_request_modify(struct trtc_task_request *r, const struct cJSON *request,
                             const struct cJSON *change, struct trtc_err *err);

#endif
