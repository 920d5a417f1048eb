/* SPDX-License-Identifier: MIT */
/* trtc-rec: the recording API from the shell.
 *
 * Each sub-command signs and sends requests of the API (version 2019-07-22) and prints what the
 * service answers, or what is remembered of its tasks in the state directory. This file runs the
 * sub-commands; options.c reads the command line, the others do the work. */

#include <string.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../crypto.h"
#include "actions.h"
#include "base/json.h"
#include "batch.h"
#include "complete.h"
#include "create.h"
#include "list.h"
#include "request.h"
#include "show.h"
#include "wait.h"

static int run_wait(struct rec *r, struct trtc_err *err)
{
    return rec_watch(r, r->opts->task, (enum rec_want)r->opts->want, err);
}

/* create --follow, when the task is there. */
static int follow(struct rec *r, const struct trtc_answer *answer, struct trtc_err *err)
{
    const char *task;
    if (trtc_json_string(answer->response, "Response", "TaskId", &task, err) != 1)
        return -1;
    rec_watch_created(task, answer->request_id);
    return rec_watch(r, task, REC_WANT_ENDED, err);
}

/* If a request was refused and lacks a member, reports that with the option that gives it. */
static void name_option(const struct cJSON *request, struct trtc_err *err)
{
    static const char *const options[][2] = {
        { "SdkAppId", "--sdkappid N" },
        { "RoomId", "--room R" },
        { "RecordParams", "--mode single or --mode mixed" },
        { "StorageParams", "--storage FILE" },
    };
    const struct trtc_field *f =
        err->code == TRTC_EX_DATAERR ? trtc_api_missing(request, TRTC_CREATE) : NULL;
    for (size_t i = 0; f && i < sizeof options / sizeof *options; i++)
        if (strcmp(f->name, options[i][0]) == 0)
            trtc_fail(err, TRTC_EX_DATAERR, "%s is missing (%s): give it with %s", f->name, f->help,
                      options[i][1]);
}

static int run_call(struct rec *r, struct trtc_err *err)
{
    static int (*const calls[])(struct rec *, struct cJSON *, struct trtc_answer *,
                                struct trtc_err *) = { rec_create, rec_describe, rec_modify,
                                                       rec_delete };
    const enum trtc_action action = (enum trtc_action)r->opts->sub;
    struct trtc_answer answer = { 0 };
    if (r->opts->skeleton)
        return trtc_api_skeleton(action, stdout, err);
    struct cJSON *request = rec_request(r, action, err);
    int ret = request ? calls[action](r, request, &answer, err) : -1;
    if (ret < 0 && request && action == TRTC_CREATE && !answer.response)
        name_option(request, err);
    if (ret == 0 && answer.response && r->opts->follow)
        ret = follow(r, &answer, err);
    else if (ret == 0 && answer.response && !answer.code)
        rec_show_answer(r, &answer);
    trtc_answer_fini(&answer);
    trtc_api_forget(&request);
    return ret;
}

static int (*const subs[REC_SUBS])(struct rec *r, struct trtc_err *err) = {
    [REC_CREATE] = run_call, [REC_DESCRIBE] = run_call,   [REC_MODIFY] = run_call,
    [REC_DELETE] = run_call, [REC_WAIT] = run_wait,       [REC_LIST] = rec_list,
    [REC_FILES] = rec_files, [REC_USERSIG] = rec_usersig, [REC_BATCH] = rec_batch,
};

static int run(const struct rec_opts *o)
{
    struct trtc_err err = { 0 };
    struct rec_pace pace = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct rec r;
    int code = 0;
    cli_catch_signals();
    if (rec_begin(&r, o, &pace, &err) < 0 || subs[o->sub](&r, &err) < 0)
        code = err.code == TRTC_EX_USAGE ? cli_usage("%s", err.msg) : cli_report(&err);
    code = trtc_worse(code, r.code);
    rec_end(&r);
    return code;
}

int main(int argc, char *argv[])
{
    struct rec_opts o;
    int code = 0;
    cli_guard_memory();
    cli_init("trtc-rec");
    if (rec_options(argc, argv, &o, &code) == OPT_GO && crypto_ready(&code))
        code = run(&o);
    rec_options_fini(&o);
    return cli_finish(code);
}
