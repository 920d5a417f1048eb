/* SPDX-License-Identifier: MIT */
/* The life of a task, as the service sees it: what is uploaded, which callbacks follow from the
 * lines of trtc-task and from the progress of the uploads, and how long the API knows the task.
 * Event types and payloads: specification, "Callback APIs". Pure: time is passed in, in ms of the
 * epoch. */
#ifndef TRTC_SERVICE_LIFE_H
#define TRTC_SERVICE_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "service/store.h"
#include "service/task_line.h"

struct cJSON;

enum trtc_wants { TRTC_WANTS_HLS = 1, TRTC_WANTS_MP4 = 2, TRTC_WANTS_AAC = 4 };

/* Returns which files of a task are uploaded (enum trtc_wants, or-ed), by the OutputFormat of its
 * request, or by the MediaType when it names VOD; HLS when the value is out of range. *vod: whether
 * the files go to VOD. */
int trtc_life_wants(const struct cJSON *request, bool *vod);

/* Whether wants includes files of this type ("segment", "playlist", "mp4", "aac"). */
bool trtc_life_takes(int wants, const char *type);

/* Receives the callbacks that follow: the EventType, the time of the event, and the Payload, of
 * which hear takes ownership. When hear returns -1 (it has filled *err), the function that called
 * it returns -1 at once. */
struct trtc_life_ear {
    int (*hear)(void *arg, int type, int64_t event_ms, struct cJSON *payload, struct trtc_err *err);
    void *arg;
};

/* Takes an event line or an end line: notes in t the life, the leave code and the end, and passes
 * callbacks to ear. Lines of other kinds change nothing; files, losses and made files are stored by
 * the caller. Returns 0, or -1 (memory, or hear). */
int trtc_life_line(struct trtc_task_row *t, const struct trtc_task_line *line,
                   const struct trtc_life_ear *ear, struct trtc_err *err);

/* How far the uploads of a task are. */
struct trtc_progress {
    int64_t waiting;     /* files that are not uploaded in their present state */
    int64_t waiting_hls; /* how many of them are segments and playlists */
    int64_t nb_untold;   /* sets of files made from a recording (MP4, AAC) for which 310 or 311 was
                        * not sent, or only with Status 1 */
    bool made_begun;     /* files were made from the HLS: the HLS is complete */
};

/* Passes to ear the callbacks that follow from p: 305 for buckets (Status 0 when all HLS is
 * uploaded, or 1 when that takes longer than TRTC_LIFE_STUCK_MS, then 2 when it is done), 312 for
 * VOD. When nothing is left to do, sets t->settled and the life GONE. Returns 0, or -1 (memory, or
 * hear). */
int trtc_life_progress(struct trtc_task_row *t, const struct trtc_progress *p, int64_t now_ms,
                       const struct trtc_life_ear *ear, struct trtc_err *err);

/* Decides what is reported now about a set of files made from a recording. told: what was reported
 * before; waiting and unknown: how many of the files are not uploaded, and how many the task has
 * not listed. Returns TRTC_MADE_TOLD: the last report is due; TRTC_MADE_STUCK: a report is due that
 * files still wait; told itself: nothing is due. */
enum trtc_made_told trtc_life_made(const struct trtc_task_row *t, enum trtc_made_told told,
                                   int64_t waiting, int64_t unknown, int64_t now_ms);

/* Whether made, the payload of 310, reports that a file could not be made. */
bool trtc_life_made_failed(const struct cJSON *made);

/* After this time the uploads of an ended task count as stuck. */
#define TRTC_LIFE_STUCK_MS 60000

/* Returns the error code with which the action is refused ("ResourceNotFound"; a constant), or
 * NULL: it is not. exited_ms: for how long the task can be described and deleted after it has left
 * its room. */
const char *trtc_life_refuses(const struct trtc_task_row *t, enum trtc_action action,
                              int64_t exited_ms, int64_t now_ms);

/* Whether the task counts towards the limit of open tasks. */
bool trtc_life_counts(const struct trtc_task_row *t);

/* Returns when a callback is sent again. It was first sent at first_ms and has failed tries times,
 * the last time at now_ms. The first repetition follows at once, the others 10 s apart, until for_s
 * seconds have passed since first_ms (60 is the rule of the service). -1: it is given up. */
int64_t trtc_life_again_ms(int tries, int64_t first_ms, int64_t now_ms, int64_t for_s);

/* Returns the body of a callback, without CallbackTs; the caller frees it. NULL: no memory. Takes
 * payload. */
struct cJSON *trtc_life_callback(const struct trtc_task_row *t, int type, int64_t event_ms,
                                 struct cJSON *payload);

#endif
