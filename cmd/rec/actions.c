/* SPDX-License-Identifier: MIT */
/* Describing, changing and ending a task, with what is remembered of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../clock.h"
#include "actions.h"
#include "api/change.h"
#include "base/text.h"
#include "request.h"
#include "show.h"
#include "wait.h"

const char *rec_text(const struct cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

bool rec_gone(const struct trtc_answer *answer)
{
    return answer->code && strncmp(answer->code, "ResourceNotFound", 16) == 0;
}

/* ---- what is remembered ---- */

/* Looks up what is remembered of the request's task. Returns 1; 0: nothing; -1. It only adds what
 * the request does not contain, so a state directory that cannot be used is no failure here. */
static int recall(struct rec *r, const cJSON *request, struct trtc_task *task, struct trtc_err *err)
{
    const char *id = rec_text(request, "TaskId");
    struct trtc_err why;
    *task = (struct trtc_task){ 0 };
    if (!id || !*id)
        return trtc_fail(err, TRTC_EX_DATAERR, "TaskId: a string is required");
    if (rec_state(r, &why) < 0) {
        cli_debug("%s", why.msg);
        return trtc_is_shortage(&why) && !cJSON_HasObjectItem(request, "SdkAppId")
                   ? trtc_fail(err, why.code, "%s", why.msg)
                   : 0;
    }
    return trtc_task_load(r->tasks, id, task, err);
}

bool rec_remembered(struct rec *r, const char *id)
{
    struct trtc_task task = { 0 };
    struct trtc_err none;
    const bool known = rec_state(r, &none) == 0 && trtc_task_load(r->tasks, id, &task, &none) > 0;
    trtc_task_fini(&task);
    return known;
}

/* Adds the application if the request does not name it. */
static int add_application(cJSON *request, const struct trtc_task *task, struct trtc_err *err)
{
    if (cJSON_HasObjectItem(request, "SdkAppId"))
        return 0;
    if (!task->sdkappid)
        return trtc_fail(err, TRTC_EX_USAGE,
                         "the task is not remembered here: --sdkappid N is required");
    return cJSON_AddNumberToObject(request, "SdkAppId", (double)task->sdkappid)
               ? 0
               : trtc_fail_nomem(err);
}

/* Records what was learnt about a remembered task, unless another process has locked it and knows
 * better. */
static void learn(struct rec *r, const char *id, enum trtc_task_state state, const char *status)
{
    struct trtc_task task = { 0 };
    struct trtc_err err;
    if (!r->tasks || trtc_task_lock(r->tasks, id, &err) < 0)
        return;
    if (trtc_task_load(r->tasks, id, &task, &err) > 0 &&
        (task.state != state || (status && (!task.status || strcmp(task.status, status) != 0)))) {
        if (status) {
            free(task.status);
            task.status = strdup(status);
        }
        task.state = state;
        task.changed_ms = clock_real_ms();
        if (trtc_task_save(r->tasks, &task, &err) < 0)
            cli_note("%s", err.msg);
    }
    trtc_task_fini(&task);
    trtc_task_unlock(r->tasks);
}

/* Reports that the service does not know the task. Whether it has ended or never existed is known
 * only from the state directory. */
static int gone(struct rec *r, const char *id, const struct trtc_task *task,
                const struct trtc_answer *answer, struct trtc_err *err)
{
    char shown[128];
    const char *request_id = answer->request_id ? answer->request_id : "none";
    trtc_text_show(id, strlen(id), shown, sizeof shown);
    if (!task->id)
        return trtc_fail(err, TRTC_EX_NOINPUT,
                         "task %s is unknown: not remembered here, and the service has no such "
                         "running task in %s (ended long ago, another application or region, or "
                         "mistyped; request id %.64s)",
                         shown, r->region, request_id);
    if (task->state != TRTC_TASK_ENDED && task->expires_ms > 0 &&
        clock_real_ms() > task->expires_ms)
        return trtc_fail(err, TRTC_EX_NOINPUT,
                         "the id of task %s has expired: it may still be recording, until its room "
                         "is empty (request id %.64s)",
                         shown, request_id);
    learn(r, id, TRTC_TASK_ENDED, NULL);
    return trtc_fail(err, TRTC_EX_NOINPUT, "task %s has ended (request id %.64s)", shown,
                     request_id);
}

/* Makes a call about a task: completes, checks, and shows or sends it. */
static int call(struct rec *r, const struct rec_ask *a, struct trtc_answer *answer,
                struct trtc_err *err)
{
    if (add_application(a->request, a->task, err) < 0 ||
        trtc_api_check(a->request, a->action, err) < 0)
        return -1;
    if (r->opts->dry_run)
        return rec_show_request(r, a->action, a->request, a->task, err);
    return rec_call(r, a, answer, NULL, err);
}

int rec_describe(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
                 struct trtc_err *err)
{
    struct trtc_task task;
    int ret = recall(r, request, &task, err);
    const char *id = rec_text(request, "TaskId");
    if (ret >= 0)
        ret = call(r, &(struct rec_ask){ TRTC_DESCRIBE, request, &task }, answer, err);
    if (ret < 0 && rec_gone(answer))
        ret = gone(r, id, &task, answer, err);
    const char *status = ret == 0 ? rec_text(answer->response, "Status") : NULL;
    if (status && task.id) {
        const int64_t age_us = (clock_real_ms() - task.created_ms) * 1000;
        /* a deleted task is reported as Exited for a while */
        const bool over = task.state == TRTC_TASK_ENDED && strcasecmp(status, "Exited") == 0;
        learn(r, id, over ? TRTC_TASK_ENDED : TRTC_TASK_KNOWN, status);
        if (r->opts->sub == REC_DESCRIBE && task.created_ms > 0 && age_us >= r->opts->idle_us &&
            strcasecmp(status, "Idle") == 0)
            rec_explain_idle(age_us);
    }
    trtc_task_fini(&task);
    return ret;
}

int rec_delete(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
               struct trtc_err *err)
{
    struct trtc_task task;
    int ret = recall(r, request, &task, err);
    const char *id = rec_text(request, "TaskId");
    if (ret >= 0)
        ret = call(r, &(struct rec_ask){ TRTC_DELETE, request, &task }, answer, err);
    if (ret < 0 && rec_gone(answer)) {
        gone(r, id, &task, answer, err);
        cli_note("%s: nothing to end", err->msg);
        ret = 0;
    } else if (ret == 0 && answer->response && task.id) {
        learn(r, id, TRTC_TASK_ENDED, NULL);
    }
    trtc_task_fini(&task);
    return ret;
}

/* ---- modify ---- */

/* With the lock held. */
static int modify(struct rec *r, cJSON *change, struct trtc_answer *answer, struct trtc_err *err)
{
    int ret = -1;
    struct trtc_task task;
    cJSON *wanted = NULL, *created = NULL;
    const int known = recall(r, change, &task, err);
    if (known < 0)
        return -1;
    if (!task.request && !r->opts->replace) {
        trtc_fail(
            err, TRTC_EX_NOINPUT,
            "this task is not remembered here, and the service drops what a change does not repeat: give all of it with --replace");
        goto done;
    }
    if (!(wanted = trtc_api_wanted(r->opts->replace ? NULL : task.request, change, err)) ||
        add_application(wanted, &task, err) < 0 ||
        trtc_api_check_modify(wanted, task.request, err) < 0 ||
        (task.request && !(created = trtc_api_as_created(task.request, wanted, err))))
        goto done;
    ret = call(r, &(struct rec_ask){ TRTC_MODIFY, wanted, &task }, answer, err);
    if (ret < 0 && rec_gone(answer)) {
        trtc_task_unlock(r->tasks); /* it is to be marked */
        ret = gone(r, rec_text(change, "TaskId"), &task, answer, err);
    } else if (ret == 0 && created && answer->response) {
        struct trtc_err why;
        cJSON_Delete(task.request);
        task.request = created;
        created = NULL;
        task.state = TRTC_TASK_KNOWN;
        task.changed_ms = clock_real_ms();
        if (trtc_task_save(r->tasks, &task, &why) < 0) {
            cli_error("the task is modified, but that could not be remembered: %s", why.msg);
            r->code = trtc_worse(r->code, why.code);
        }
    }
done:
    cJSON_Delete(created);
    cJSON_Delete(wanted);
    trtc_task_fini(&task);
    return ret;
}

int rec_modify(struct rec *r, struct cJSON *change, struct trtc_answer *answer,
               struct trtc_err *err)
{
    const char *id = rec_text(change, "TaskId");
    if (!id || !*id)
        return trtc_fail(err, TRTC_EX_DATAERR, "TaskId: a string is required");
    if (rec_state(r, err) < 0 || (!r->opts->dry_run && trtc_task_lock(r->tasks, id, err) < 0))
        return -1;
    const int ret = modify(r, change, answer, err);
    trtc_task_unlock(r->tasks);
    return ret;
}
