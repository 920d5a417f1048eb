/* SPDX-License-Identifier: MIT */
/* The journal of a task. */
#include "task/journal.h"

#include <cjson/cJSON.h>
#include <limits.h>

#include "api/events.h"
#include "base/json.h"
#include "base/json_put.h"
#include "playlist/name.h"
#include "task/event.h"

cJSON *trtc_journal_next(struct trtc_journal *j, int64_t now_ms)
{
    cJSON *line = cJSON_CreateObject();
    trtc_json_put_number(&line, "Seq", (double)(j->seq + 1));
    trtc_json_put_number(&line, "EventMsTs", (double)now_ms);
    j->seq += line != NULL;
    if (j->seq == 1)
        j->start_ms = now_ms;
    return line;
}

cJSON *trtc_journal_event(struct trtc_journal *j, int64_t now_ms, int type, cJSON *payload)
{
    cJSON *line = trtc_journal_next(j, now_ms);
    trtc_json_put_number(&line, "EventType", type);
    trtc_json_put(&line, "Payload", payload);
    return line;
}

cJSON *trtc_journal_status(struct trtc_journal *j, int64_t now_ms, int type, int status)
{
    cJSON *payload = cJSON_CreateObject();
    trtc_json_put_number(&payload, type == TRTC_EVENT_STOP ? "LeaveCode" : "Status", status);
    return trtc_journal_event(j, now_ms, type, payload);
}

/* ---- reading ---- */

static const cJSON *in(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

static int small(const cJSON *object, const char *name)
{
    int64_t n = 0;
    trtc_json_int(object, "", name, 0, INT_MAX, &n, NULL);
    return (int)n;
}

static void take_event(struct trtc_journal *j, int type, const cJSON *payload)
{
    if (type == TRTC_EVENT_START) {
        j->started = true;
        j->refused = small(payload, "Status") != 0;
    } else if (type == TRTC_EVENT_FAILOVER) {
        j->ha++;
    } else if (type == TRTC_EVENT_STOP) {
        j->leaves = j->left = true;
        j->leave_code = small(payload, "LeaveCode");
    }
}

static void take_leave(struct trtc_journal *j, const cJSON *leave)
{
    if (!leave)
        return;
    j->leaves = true;
    j->leave_code = small(leave, "LeaveCode");
}

bool trtc_journal_take(struct trtc_journal *j, const cJSON *line)
{
    int64_t seq = 0, ms = 0;
    const cJSON *end = in(line, "End");
    if (!cJSON_IsObject(line) ||
        trtc_json_int(line, "", "Seq", j->seq + 1, INT64_C(1) << 53, &seq, NULL) != 1 ||
        trtc_json_int(line, "", "EventMsTs", 0, TRTC_EVENT_MS_MAX, &ms, NULL) != 1)
        return false;
    if (j->seq == 0)
        j->start_ms = ms;
    j->seq = seq;
    take_event(j, small(line, "EventType"), in(line, "Payload"));
    take_leave(j, in(line, "Leave"));
    j->nb_losses += in(line, "Loss") != NULL;
    j->made |= in(line, "Made") != NULL;
    j->ended |= end != NULL;
    j->exit_status = end ? small(end, "ExitStatus") : j->exit_status;
    return true;
}

enum trtc_resume trtc_journal_resume(const struct trtc_journal *j)
{
    if (j->ended)
        return TRTC_RESUME_OVER;
    if (j->leaves || j->refused)
        return TRTC_RESUME_FINISH;
    if (!j->started)
        return TRTC_RESUME_BEGIN;
    return j->ha < TRTC_NAME_HA_MAX ? TRTC_RESUME_RECORD : TRTC_RESUME_GIVE_UP;
}
