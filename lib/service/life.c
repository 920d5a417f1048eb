/* SPDX-License-Identifier: MIT */
/* The rules for the life of a task. */
#include "service/life.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/json_put.h"

enum { AGAIN_MS = 10000 };

static const cJSON *in(const cJSON *object, const char *name)
{
    return object ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

static int number(const cJSON *object, const char *name)
{
    const cJSON *n = in(object, name);
    return cJSON_IsNumber(n) ? (int)n->valuedouble : 0;
}

/* ---- what is uploaded ---- */

int trtc_life_wants(const struct cJSON *request, bool *vod)
{
    /* OutputFormat: 0 HLS, 1 HLS+MP4, 2 HLS+AAC, 3 MP4, 4 AAC;
     * MediaType: 0 MP4, 1 HLS, 2 AAC, 3 HLS+MP4, 4 HLS+AAC */
    static const int formats[] = { TRTC_WANTS_HLS, TRTC_WANTS_HLS | TRTC_WANTS_MP4,
                                   TRTC_WANTS_HLS | TRTC_WANTS_AAC, TRTC_WANTS_MP4,
                                   TRTC_WANTS_AAC };
    static const int media[] = { TRTC_WANTS_MP4, TRTC_WANTS_HLS, TRTC_WANTS_AAC,
                                 TRTC_WANTS_HLS | TRTC_WANTS_MP4, TRTC_WANTS_HLS | TRTC_WANTS_AAC };
    const cJSON *cloud_vod = in(in(request, "StorageParams"), "CloudVod");
    *vod = cloud_vod != NULL;
    const int which = *vod ? number(in(cloud_vod, "TencentVod"), "MediaType")
                           : number(in(request, "RecordParams"), "OutputFormat");
    return which < 0 || which > 4 ? TRTC_WANTS_HLS : *vod ? media[which] : formats[which];
}

bool trtc_life_takes(int wants, const char *type)
{
    return wants & (strcmp(type, "mp4") == 0   ? TRTC_WANTS_MP4
                    : strcmp(type, "aac") == 0 ? TRTC_WANTS_AAC
                                               : TRTC_WANTS_HLS);
}

/* ---- lines ---- */

static int tell(const struct trtc_life_ear *ear, int type, int64_t event_ms, cJSON *payload,
                struct trtc_err *err)
{
    return payload ? ear->hear(ear->arg, type, event_ms, payload, err) : trtc_fail_nomem(err);
}

static int tell_status(const struct trtc_life_ear *ear, int type, int64_t event_ms, int status,
                       struct trtc_err *err)
{
    cJSON *payload = cJSON_CreateObject();
    trtc_json_put_number(&payload, "Status", status);
    return tell(ear, type, event_ms, payload, err);
}

static void note_left(struct trtc_task_row *t, int code, int64_t at_ms)
{
    if (t->life != TRTC_LIFE_OPEN)
        return;
    t->life = TRTC_LIFE_EXITED;
    t->exited_ms = at_ms;
    t->leave_code = code;
}

/* For VOD the service sends no callbacks about the storage and its index files. */
static bool is_told(const struct trtc_task_row *t, int type)
{
    return !t->vod || type == 301 || type == 302 || type == 306 || type == 309;
}

static int take_event(struct trtc_task_row *t, const struct trtc_task_line *line,
                      const struct trtc_life_ear *ear, struct trtc_err *err)
{
    const bool begins =
        line->type == 301 && !number(line->payload, "Status") && !t->upload_told && !t->vod;
    if (line->type == 302)
        note_left(t, number(line->payload, "LeaveCode"), line->event_ms);
    if (is_told(t, line->type) &&
        tell(ear, line->type, line->event_ms, cJSON_Duplicate(line->payload, true), err) < 0)
        return -1;
    if (!begins)
        return 0;
    t->upload_told = true;
    return tell_status(ear, 303, line->event_ms, 0, err);
}

int trtc_life_line(struct trtc_task_row *t, const struct trtc_task_line *line,
                   const struct trtc_life_ear *ear, struct trtc_err *err)
{
    if (line->kind == TRTC_LINE_EVENT)
        return take_event(t, line, ear, err);
    if (line->kind == TRTC_LINE_END && !t->ended_ms) {
        note_left(t, -1, line->event_ms);
        t->ended_ms = line->event_ms ? line->event_ms : t->exited_ms;
        t->end_status = t->end_status || line->end_status;
    }
    return 0;
}

/* ---- uploads ---- */

/* Returns the next Status of 305: 0: everything is uploaded; 1: it is stuck; 2: everything is
 * uploaded after a 1. -1: there is nothing new. */
static int hls_status(const struct trtc_task_row *t, const struct trtc_progress *p, int64_t now_ms)
{
    const int64_t since_ms = t->ended_ms ? t->ended_ms : t->exited_ms;
    if (!since_ms || !(t->ended_ms || p->made_begun) || t->hls_told == 1 || t->hls_told == 3)
        return -1;
    if (!p->waiting_hls)
        return !t->hls_told ? t->end_status : t->end_status ? -1 : 2;
    return !t->hls_told && now_ms - since_ms >= TRTC_LIFE_STUCK_MS ? 1 : -1;
}

static int progress_bucket(struct trtc_task_row *t, const struct trtc_progress *p, int64_t now_ms,
                           const struct trtc_life_ear *ear, struct trtc_err *err)
{
    const int status = hls_status(t, p, now_ms);
    if (status < 0)
        return 0;
    /* a task that ended with a failure reports nothing after this */
    t->hls_told = status == 1 && !p->waiting_hls ? 3 : status + 1;
    return tell_status(ear, 305, now_ms, status, err);
}

enum trtc_made_told trtc_life_made(const struct trtc_task_row *t, enum trtc_made_told told,
                                   int64_t waiting, int64_t unknown, int64_t now_ms)
{
    if (told == TRTC_MADE_TOLD || (!waiting && !unknown))
        return TRTC_MADE_TOLD;
    if (!t->ended_ms || now_ms - t->ended_ms < TRTC_LIFE_STUCK_MS)
        return told;
    return waiting ? TRTC_MADE_STUCK : TRTC_MADE_TOLD;
}

bool trtc_life_made_failed(const struct cJSON *made)
{
    return number(made, "Status") == 2;
}

static bool is_over(const struct trtc_task_row *t, const struct trtc_progress *p)
{
    return t->ended_ms && !p->waiting && !p->nb_untold;
}

int trtc_life_progress(struct trtc_task_row *t, const struct trtc_progress *p, int64_t now_ms,
                       const struct trtc_life_ear *ear, struct trtc_err *err)
{
    if (t->settled)
        return 0;
    if (!t->vod && progress_bucket(t, p, now_ms, ear, err) < 0)
        return -1;
    if (!is_over(t, p))
        return 0;
    if (t->vod && !t->hls_told) {
        t->hls_told = 1;
        if (tell_status(ear, 312, now_ms, t->end_status, err) < 0)
            return -1;
    }
    t->settled = true;
    t->life = TRTC_LIFE_GONE;
    return 0;
}

/* ---- what the API says ---- */

const char *trtc_life_refuses(const struct trtc_task_row *t, enum trtc_action action,
                              int64_t exited_ms, int64_t now_ms)
{
    const bool left = t->life == TRTC_LIFE_EXITED;
    if (t->life == TRTC_LIFE_GONE || now_ms >= t->expires_ms ||
        (left && now_ms - t->exited_ms >= exited_ms) || (left && action == TRTC_MODIFY))
        return "ResourceNotFound";
    return NULL;
}

bool trtc_life_counts(const struct trtc_task_row *t)
{
    return t->life == TRTC_LIFE_OPEN;
}

/* ---- callbacks ---- */

/* With for_s = 60 this is the service's rule, as in trtc_callback_again_ms. */
int64_t trtc_life_again_ms(int tries, int64_t first_ms, int64_t now_ms, int64_t for_s)
{
    const int64_t at_ms = tries <= 1 ? now_ms : now_ms + AGAIN_MS;
    return at_ms - first_ms > for_s * 1000 ? -1 : at_ms;
}

struct cJSON *trtc_life_callback(const struct trtc_task_row *t, int type, int64_t event_ms,
                                 struct cJSON *payload)
{
    cJSON *event = cJSON_CreateObject(), *info = cJSON_CreateObject();
    trtc_json_put_text(&info, "RoomId", t->room);
    trtc_json_put_number(&info, "EventTs", (double)(event_ms / 1000));
    trtc_json_put_number(&info, "EventMsTs", (double)event_ms);
    trtc_json_put_text(&info, "UserId", t->robot);
    trtc_json_put_text(&info, "TaskId", t->id);
    trtc_json_put(&info, "Payload", payload);
    trtc_json_put_number(&event, "EventGroupId", 3);
    trtc_json_put_number(&event, "EventType", type);
    trtc_json_put(&event, "EventInfo", info);
    return event;
}
