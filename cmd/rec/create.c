/* SPDX-License-Identifier: MIT */
/* Creates a task, and never loses track of it. The API has no idempotency token and an answer may
 * get lost, so the task is recorded in the state directory before it is created. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../clock.h"
#include "actions.h"
#include "base/text.h"
#include "complete.h"
#include "create.h"
#include "show.h"

#define ROBOT_BYTES 8 /* random bytes in the name of a robot */

/* What an earlier create for the same room has left in the state directory. */
struct left {
    const cJSON *request;
    const char *wanted; /* only by this robot, or NULL */
    char robot[80];
};

static bool same(const cJSON *a, const cJSON *b, const char *name)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(a, name),
                *y = cJSON_GetObjectItemCaseSensitive(b, name);
    return x && y && !x->child && !y->child && cJSON_Compare(x, y, true);
}

/* RoomIdType, as the service takes it. */
static int room_type(const cJSON *request)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(request, "RoomIdType");
    return cJSON_IsNumber(type) ? type->valueint : 1;
}

static int see_left(void *opaque, const struct trtc_task *task)
{
    struct left *left = opaque;
    const char *robot = rec_text(task->request, "UserId");
    if (task->state != TRTC_TASK_CREATING || !robot || strlen(robot) >= sizeof left->robot ||
        !same(task->request, left->request, "SdkAppId") ||
        !same(task->request, left->request, "RoomId") ||
        room_type(task->request) != room_type(left->request) ||
        (left->wanted && strcmp(left->wanted, robot) != 0))
        return 0;
    snprintf(left->robot, sizeof left->robot, "%s", robot);
    return 1;
}

/* Takes the lock of a create, so that no other creates the same robot in the same room at the
 * same time. */
static int lock(struct rec *r, const cJSON *request, const char *robot, struct trtc_err *err)
{
    const cJSON *app = cJSON_GetObjectItemCaseSensitive(request, "SdkAppId");
    const char *room = rec_text(request, "RoomId");
    char id[512];
    snprintf(id, sizeof id, "%.0f %d %zu %s %s", cJSON_IsNumber(app) ? app->valuedouble : 0,
             room_type(request), room ? strlen(room) : 0, room ? room : "", robot);
    return trtc_task_lock(r->tasks, id, err);
}

static int new_robot(cJSON *request, struct trtc_err *err)
{
    unsigned char chance[ROBOT_BYTES];
    char robot[8 + 2 * ROBOT_BYTES] = "rec_";
    if (rec_random(chance, sizeof chance, err) < 0)
        return -1;
    for (int i = 0; i < ROBOT_BYTES; i++)
        snprintf(robot + 4 + 2 * i, 3, "%02x", chance[i]);
    cJSON_DeleteItemFromObjectCaseSensitive(request, "UserId");
    return cJSON_AddStringToObject(request, "UserId", robot) ? 0 : trtc_fail_nomem(err);
}

/* Gives the task a robot. If none was chosen, and the outcome of an earlier create for this room is
 * unknown, it reuses that robot and sets *again: the service then ends the earlier task. */
static int choose_robot(struct rec *r, cJSON *request, bool *again, struct trtc_err *err)
{
    struct trtc_err none;
    const char *given = rec_text(request, "UserId");
    struct left left = { .request = request, .wanted = given };
    char shown[96];
    if (r->opts->dry_run)
        return given ? 0 : new_robot(request, err);
    if (rec_state(r, err) < 0)
        return -1;
    const int found = trtc_task_each(r->tasks, see_left, NULL, &left, err);
    *again = found > 0;
    if (found < 0 || given)
        return found < 0 ? -1 : lock(r, request, given, err);
    if (found > 0 && lock(r, request, left.robot, &none) == 0) {
        cli_note(
            "the outcome of an earlier create for this room is unknown: the robot '%s' is used again, so that the service ends that task",
            trtc_text_show(left.robot, strlen(left.robot), shown, sizeof shown));
        cJSON_DeleteItemFromObjectCaseSensitive(request, "UserId");
        return cJSON_AddStringToObject(request, "UserId", left.robot) ? 0 : trtc_fail_nomem(err);
    }
    *again = false;
    if (new_robot(request, err) < 0)
        return -1;
    return lock(r, request, rec_text(request, "UserId"), err);
}

/* The task as it is known before the request is sent. The texts are borrowed. */
static struct trtc_task journal_of(const struct rec *r, cJSON *request)
{
    const cJSON *app = cJSON_GetObjectItemCaseSensitive(request, "SdkAppId"),
                *hours = cJSON_GetObjectItemCaseSensitive(request, "ResourceExpiredHour");
    const int64_t now_ms = clock_real_ms();
    const int64_t h = cJSON_IsNumber(hours) ? (int64_t)hours->valuedouble : REC_ROOM_HOURS;
    return (struct trtc_task){
        .state = TRTC_TASK_CREATING,
        .sdkappid = cJSON_IsNumber(app) ? (int64_t)app->valuedouble : 0,
        .region = (char *)r->region,
        .endpoint = (char *)r->endpoint.url,
        .created_ms = now_ms,
        .changed_ms = now_ms,
        .expires_ms = now_ms + h * 3600 * 1000,
        .request = request,
    };
}

/* Records the id of a task that exists. A failure here must not hide the id. */
static void remember(struct rec *r, struct trtc_task *task, const char *id)
{
    struct trtc_err err;
    task->id = (char *)id;
    task->state = TRTC_TASK_KNOWN;
    task->changed_ms = clock_real_ms();
    if (trtc_task_save(r->tasks, task, &err) == 0)
        return;
    cli_error("the task is created, but could not be remembered: %s", err.msg);
    r->code = trtc_worse(r->code, err.code);
}

/* Reports that there is no task, or that it is not known whether there is. again: an earlier
 * task may exist, whatever became of this one. */
static int failed(struct rec *r, const struct trtc_task *task, bool unknown, bool again,
                  struct trtc_err *err)
{
    const char *robot = rec_text(task->request, "UserId"),
               *room = rec_text(task->request, "RoomId");
    struct trtc_err why = *err, none;
    char shown[2][96];
    if (!unknown) {
        if (!again && trtc_task_remove(r->tasks, task, &none) < 0)
            cli_note("%s", none.msg);
        return -1;
    }
    return trtc_fail(
        err, TRTC_EX_TEMPFAIL,
        "%.200s; outcome unknown: room %s may be recorded by the robot '%s' now. Repeating this with --user %s is safe: the service then ends the first task",
        why.msg, trtc_text_show(room, strlen(room), shown[0], sizeof shown[0]),
        trtc_text_show(robot, strlen(robot), shown[1], sizeof shown[1]), shown[1]);
}

static int create(struct rec *r, struct cJSON *request, bool again, struct trtc_answer *answer,
                  struct trtc_err *err)
{
    bool unknown = false;
    if (rec_complete(r, request, err) < 0 || trtc_api_check(request, TRTC_CREATE, err) < 0 ||
        rec_sign_in(r, request, err) < 0)
        return -1;
    if (r->opts->dry_run)
        return rec_show_request(r, TRTC_CREATE, request, NULL, err);
    if (rec_credentials(r, err) < 0 || rec_target(r, NULL, err) < 0)
        return -1;
    if (r->file_shows)
        cli_note("%s holds secrets, and others may read it: chmod 600", r->opts->file);
    struct trtc_task task = journal_of(r, request);
    if (trtc_task_save(r->tasks, &task, err) < 0)
        return -1;
    int ret = rec_call(r, &(struct rec_ask){ TRTC_CREATE, request, NULL }, answer, &unknown, err);
    const char *id = ret == 0 ? rec_text(answer->response, "TaskId") : NULL;
    if (ret == 0 && (!id || !*id)) {
        unknown = true;
        ret = trtc_fail(err, TRTC_EX_TEMPFAIL, "%s: an answer without a TaskId",
                        trtc_api_action(TRTC_CREATE));
    }
    if (ret < 0)
        return failed(r, &task, unknown, again, err);
    remember(r, &task, id);
    return 0;
}

int rec_create(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
               struct trtc_err *err)
{
    bool again = false;
    int ret = choose_robot(r, request, &again, err);
    if (ret == 0)
        ret = create(r, request, again, answer, err);
    if (r->tasks)
        trtc_task_unlock(r->tasks);
    return ret;
}
