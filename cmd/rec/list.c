/* SPDX-License-Identifier: MIT */
/* What is remembered of tasks, and the files of one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "actions.h"
#include "api/change.h"
#include "api/files.h"
#include "base/json_put.h"
#include "base/text.h"
#include "base/utc.h"
#include "list.h"
#include "request.h"

static const char *const task_states[] = { "creating", "known", "ended" };

/* Writes a column, escaped: "-" where there is no value; a value of "-" becomes \x2D. */
static void put_column(const char *s, char after)
{
    if (!s || !*s)
        putchar('-');
    else if (strcmp(s, "-") == 0)
        fputs("\\x2D", stdout);
    else
        trtc_text_put(s, strlen(s), stdout);
    putchar(after);
}

static void put_number(int64_t n, bool known, char after)
{
    if (known)
        printf("%" PRId64 "%c", n, after);
    else
        printf("-%c", after);
}

static void put_text(cJSON **o, const char *name, const char *text)
{
    if (text)
        trtc_json_put_text(o, name, text);
}

static void put_integer(cJSON **o, const char *name, int64_t n, bool known)
{
    if (known)
        trtc_json_put_number(o, name, (double)n);
}

/* ---- list ---- */

struct listing {
    struct rec *r;
    int code;
};

static const char *mode_of(const cJSON *request)
{
    const cJSON *mode = trtc_api_member(request, "RecordParams.RecordMode");
    return !cJSON_IsNumber(mode) ? NULL : mode->valueint == 2 ? "mixed" : "single";
}

static void list_json(const struct trtc_task *t)
{
    cJSON *o = cJSON_CreateObject();
    put_text(&o, "task", t->id);
    put_text(&o, "state", task_states[t->state]);
    put_text(&o, "status", t->status);
    put_integer(&o, "sdkappid", t->sdkappid, t->sdkappid > 0);
    put_text(&o, "room", rec_text(t->request, "RoomId"));
    put_text(&o, "mode", mode_of(t->request));
    put_text(&o, "user", rec_text(t->request, "UserId"));
    put_integer(&o, "created_ms", t->created_ms, t->created_ms > 0);
    put_integer(&o, "changed_ms", t->changed_ms, t->changed_ms > 0);
    put_integer(&o, "expires_ms", t->expires_ms, t->expires_ms > 0);
    put_text(&o, "region", t->region);
    put_text(&o, "endpoint", t->endpoint);
    cli_put_json(o, false);
    cJSON_Delete(o);
}

static int list_one(void *opaque, const struct trtc_task *t)
{
    struct listing *l = opaque;
    const struct rec_opts *o = l->r->opts;
    char created[32];
    if (o->sdkappid && t->sdkappid != o->sdkappid)
        return 0;
    if (o->json) {
        list_json(t);
        return 0;
    }
    trtc_utc_format3339(t->created_ms, created);
    put_column(t->id, '\t');
    put_column(task_states[t->state], '\t');
    put_column(t->status, '\t');
    put_number(t->sdkappid, t->sdkappid > 0, '\t');
    put_column(rec_text(t->request, "RoomId"), '\t');
    put_column(mode_of(t->request), '\t');
    put_column(rec_text(t->request, "UserId"), '\t');
    put_column(t->created_ms > 0 ? created : NULL, '\t');
    put_column(t->region, '\n');
    return 0;
}

static void list_bad(void *opaque, const char *file, const char *why)
{
    struct listing *l = opaque;
    cli_error("%s: %s", file, why);
    l->code = TRTC_EX_LOSS;
}

int rec_list(struct rec *r, struct trtc_err *err)
{
    struct listing l = { .r = r };
    const int there = rec_state_there(r, err);
    if (there < 0)
        return -1;
    if (r->opts->header && !r->opts->json)
        puts("task\tstate\tstatus\tsdkappid\troom\tmode\tuser\tcreated\tregion");
    const int ret = there ? trtc_task_each(r->tasks, list_one, list_bad, &l, err) : 0;
    r->code = trtc_worse(r->code, l.code);
    return ret;
}

/* ---- files ---- */

/* Asks the service. Returns 1 and its answer; 0: it cannot be asked; -1. */
static int ask(struct rec *r, const struct trtc_task *task, struct trtc_answer *answer,
               struct trtc_err *err)
{
    struct trtc_err why;
    if (r->opts->offline || (task->id && task->state == TRTC_TASK_ENDED))
        return 0;
    if (rec_credentials(r, &why) < 0) {
        if (r->opts->secret_file)
            return trtc_fail(err, why.code, "%s", why.msg);
        cli_debug("%s; the service is not asked", why.msg);
        return 0;
    }
    cJSON *request = cJSON_CreateObject();
    trtc_json_put_text(&request, "TaskId", r->opts->task);
    if (r->opts->sdkappid)
        trtc_json_put_number(&request, "SdkAppId", (double)r->opts->sdkappid);
    if (!request)
        return trtc_fail_nomem(err);
    int ret = rec_describe(r, request, answer, err) < 0 ? -1 : 1;
    if (ret < 0 && rec_gone(answer) && task->id) {
        cli_debug("%s: the service no longer reports its files", err->msg);
        ret = 0;
    }
    cJSON_Delete(request);
    return ret;
}

static void found_words(unsigned found, char out[40])
{
    static const char *const words[] = { "expected", "reported", "there" };
    int n = 0;
    out[0] = '\0';
    for (int i = 0; i < 3; i++)
        if (found & 1U << i)
            n += snprintf(out + n, 40 - (size_t)n, "%s%s", n ? "," : "", words[i]);
}

static void file_json(const struct trtc_listed *f)
{
    cJSON *o = cJSON_CreateObject();
    put_text(&o, "name", f->name);
    put_text(&o, "user", f->user);
    put_text(&o, "track", f->track);
    trtc_json_put_bool(&o, "expected", f->found & TRTC_FILE_EXPECTED);
    trtc_json_put_bool(&o, "reported", f->found & TRTC_FILE_REPORTED);
    trtc_json_put_bool(&o, "there", f->found & TRTC_FILE_THERE);
    put_integer(&o, "begin_ms", f->begin_ms, f->begin_ms != TRTC_NOTIME);
    put_integer(&o, "bytes", f->bytes, f->bytes >= 0);
    put_integer(&o, "attr_bytes", f->attr_bytes, f->attr_bytes >= 0);
    put_text(&o, "fault", f->fault);
    cli_put_json(o, false);
    cJSON_Delete(o);
}

static void file_tsv(const struct trtc_listed *f)
{
    char found[40];
    found_words(f->found, found);
    put_column(f->name, '\t');
    put_column(f->user, '\t');
    put_column(f->track, '\t');
    put_column(found, '\t');
    put_number(f->begin_ms, f->begin_ms != TRTC_NOTIME, '\t');
    put_number(f->bytes, f->bytes >= 0, '\t');
    put_column(f->fault, '\n');
}

static void print_files(struct rec *r, const struct trtc_listing *l)
{
    if (r->opts->header && !r->opts->json)
        puts("name\tuser\ttrack\tfound\tbegin_ms\tbytes\tfault");
    for (size_t i = 0; i < l->n; i++) {
        const struct trtc_listed *f = &l->items[i];
        if (r->opts->json)
            file_json(f);
        else
            file_tsv(f);
        if (f->fault) {
            cli_error("%s: %s", f->name, f->fault);
            r->code = trtc_worse(r->code, TRTC_EX_LOSS);
        }
    }
}

/* Prints a note on users who have no files: most often nobody subscribes to them. */
static void note_nobody(const struct rec_opts *o, const struct trtc_listing *l)
{
    char shown[128];
    for (size_t i = 0; i < o->users.n; i++) {
        const char *user = o->users.items[i];
        bool any = false;
        for (size_t k = 0; k < l->n && !any; k++)
            any = l->items[k].user && strcmp(l->items[k].user, user) == 0;
        if (!any)
            cli_note("%s: no files are expected, the user is not among those that are recorded",
                     trtc_text_show(user, strlen(user), shown, sizeof shown));
    }
}

static int check_files(const struct rec_opts *o, struct trtc_listing *list, struct trtc_err *err)
{
    if (trtc_files_check(o->check, o->task, list, err) == 0)
        return 0;
    const char *instead = trtc_is_shortage(err) ? NULL : cli_no_directory(o->check);
    return instead ? trtc_fail(err, TRTC_EX_NOINPUT, "--check %.*s: %s", cli_shown(o->check),
                               o->check, instead)
                   : -1;
}

static int list_files(struct rec *r, const cJSON *request, const struct trtc_task *task,
                      struct trtc_err *err)
{
    const struct rec_opts *o = r->opts;
    struct trtc_listing list = { 0 };
    struct trtc_answer answer = { 0 };
    int ret = -1;
    const int asked = ask(r, task, &answer, err);
    if (asked < 0)
        goto done;
    if (!request && !asked && !o->check) {
        trtc_fail(err, TRTC_EX_NOINPUT,
                  "nothing is remembered of this task%s: give its request with -f",
                  o->offline ? "" : ", and there are no credentials to ask the service");
        goto done;
    }
    if (request && trtc_files_expected(request, o->task, o->users.n ? o->users.items : NULL,
                                       o->users.n, &list, err) < 0)
        goto done;
    if (asked && trtc_files_reported(trtc_api_member(answer.response, "StorageFileList"), request,
                                     o->task, &list, err) < 0)
        goto done;
    if (o->check && check_files(o, &list, err) < 0)
        goto done;
    note_nobody(o, &list);
    print_files(r, &list);
    ret = 0;
done:
    trtc_answer_fini(&answer);
    trtc_listing_fini(&list);
    return ret;
}

/* Lists the files by the request that is remembered, or by one that is given. */
int rec_files(struct rec *r, struct trtc_err *err)
{
    struct trtc_task task = { 0 };
    struct trtc_err why;
    cJSON *given = NULL;
    int ret = -1;
    if (rec_state(r, &why) < 0 && trtc_is_shortage(&why) && !r->opts->file)
        return trtc_fail(err, why.code, "%s", why.msg);
    else if (!r->tasks)
        cli_debug("%s", why.msg);
    else if (trtc_task_load(r->tasks, r->opts->task, &task, err) < 0)
        return -1;
    if (r->opts->file && !(given = rec_request(r, TRTC_CREATE, err)))
        goto done;
    const cJSON *request = given ? given : task.request;
    ret = list_files(r, request, &task, err);
done:
    cJSON_Delete(given);
    trtc_task_fini(&task);
    return ret;
}
