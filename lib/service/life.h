/* SPDX-License-Identifier: MIT */
/* The life of a task, as the service sees it: which callbacks follow from what trtc-task says and from what has been
 * uploaded, what is uploaded at all, and what the API answers at which time. Pure: time is passed in. */
#ifndef TRTC_SERVICE_LIFE_H
#define TRTC_SERVICE_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "service/store.h"
#include "service/task_line.h"

struct cJSON;

enum trtc_wants { TRTC_WANTS_HLS = 1, TRTC_WANTS_MP4 = 2, TRTC_WANTS_AAC = 4 };

/* What of a task is uploaded (enum trtc_wants), by OutputFormat or MediaType of its request; *vod: to VOD. */
int trtc_life_wants(const struct cJSON *request, bool *vod);

/* Whether a file of that type ("segment", "playlist", "mp4", "aac") is. */
bool trtc_life_takes(int wants, const char *type);

/* What hears of callbacks: their type, when it happened, and the Payload, which it takes. -1: no memory, or it cannot be
 * kept; it ends there. */
struct trtc_life_ear {
    int (*hear)(void *arg, int type, int64_t event_ms, struct cJSON *payload, struct trtc_err *err);
    void *arg;
};

/* A line of the task: what it says is noted in t (life, leave code, end), and callbacks follow. Files, losses and what was
 * made are the caller's to keep. */
int trtc_life_line(struct trtc_task_row *t, const struct trtc_task_line *line,
                   const struct trtc_life_ear *ear, struct trtc_err *err);

/* How far the uploads of a task are. */
struct trtc_progress {
    int64_t waiting;     /* files that are not proven as they are */
    int64_t waiting_hls; /* of them segments and playlists */
    int64_t nb_untold;   /* of what was made, that 310 has not told */
    bool made_begun;     /* something was made: the HLS has ended */
};

/* What follows from that by itself: 305 (Status 0, or 1 when it takes longer than stuck_ms, then 2), or 312; then whether
 * everything is over (t->settled, and life GONE). */
int trtc_life_progress(struct trtc_task_row *t, const struct trtc_progress *p, int64_t now_ms,
                       const struct trtc_life_ear *ear, struct trtc_err *err);

/* When a task that has ended and is not settled counts as stuck. */
#define TRTC_LIFE_STUCK_MS 60000

/* Why an action on the task is refused ("ResourceNotFound"; constant), or NULL. exited_ms: how long it is there after it
 * has left. */
const char *trtc_life_refuses(const struct trtc_task_row *t, enum trtc_action action,
                              int64_t exited_ms, int64_t now_ms);

/* Whether it counts among the tasks that there may be at a time. */
bool trtc_life_counts(const struct trtc_task_row *t);

/* When a callback is sent again that was first sent at first_ms and has failed tries times, the last at now_ms: at once,
 * then every 10 s, until for_s seconds are over (60: the service's rule). -1: it is given up. */
int64_t trtc_life_again_ms(int tries, int64_t first_ms, int64_t now_ms, int64_t for_s);

/* A callback, without CallbackTs; NULL: no memory. Takes payload. */
struct cJSON *trtc_life_callback(const struct trtc_task_row *t, int type, int64_t event_ms,
                                 struct cJSON *payload);

#endif
