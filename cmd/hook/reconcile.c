/* SPDX-License-Identifier: MIT */
/* trtc-hook reconcile: derives the events that were missed, as far as they follow from what the
 * service reports of the task and from existing files. It asks trtc-rec, which has the credentials;
 * this program has none. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../cli.h"
#include "../clock.h"
#include "api/events.h"
#include "base/json_put.h"
#include "base/text.h"
#include "child.h"
#include "line.h"
#include "options.h"
#include "playlist/name.h"
#include "serve/spool.h"

enum { FILES_MAX = 20000, WORDS_FIXED = 12 };

struct file {   /* a file of the task */
    char *name; /* without directories */
    const cJSON *line;
    bool told; /* an event in the spool names it */
};

struct reconcile {
    const struct hook_opts *o;
    struct trtc_spool *spool;
    cJSON *lines; /* output of 'files', an array */
    struct file *files;
    size_t n;
    bool told[TRTC_EVENT_LAST + 1]; /* the spool has an event of this type */
    bool ended, gone;               /* the robot has left; the service no longer knows the task */
    bool faults;                    /* files are missing or faulty */
    char *room, *robot;
    int64_t sdkappid, now_ms;
};

/* ---- asking trtc-rec ---- */

/* Runs trtc-rec ACTION ... TASK, with the operands as further options. Returns its exit status, or
 * -1. */
static int ask(const struct reconcile *r, const char *action, const char *more, char **text,
               struct trtc_err *err)
{
    size_t n;
    const struct hook_opts *o = r->o;
    char app[24];
    size_t k = 0;
    const char **argv = calloc(o->operands.n + WORDS_FIXED, sizeof *argv);
    if (!argv)
        return trtc_fail_nomem(err);
    snprintf(app, sizeof app, "%" PRId64, o->sdkappid);
    argv[k++] = "trtc-rec";
    argv[k++] = action;
    if (more)
        argv[k++] = more;
    if (o->sdkappid) {
        argv[k++] = "--sdkappid";
        argv[k++] = app;
    }
    if (o->check && strcmp(action, "files") == 0) {
        argv[k++] = "--check";
        argv[k++] = o->check;
    }
    if (strcmp(action, "list") != 0) {
        for (size_t i = 0; i < o->operands.n; i++)
            argv[k++] = o->operands.items[i];
        argv[k++] = "--";
        argv[k++] = o->task;
    }
    const int code = child_output(argv, text, &n, err);
    free(argv);
    return code;
}

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static bool is_true(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* Converts lines of JSON to an array; NULL: out of memory. */
static cJSON *array_of(const char *text)
{
    cJSON *all = cJSON_CreateArray();
    for (const char *s = text; s && *s && all; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL) {
        cJSON *line = cJSON_ParseWithLength(s, strcspn(s, "\n"));
        if (line)
            trtc_json_push(&all, line);
    }
    return all;
}

/* Gets what trtc-rec remembers of the task: whether it has ended, its room and robot. */
static int ask_memory(struct reconcile *r, struct trtc_err *err)
{
    char *text;
    const int code = ask(r, "list", "--json", &text, err);
    cJSON *all = code == 0 ? array_of(text) : NULL;
    bool over = false;
    for (const cJSON *t = all ? all->child : NULL; t; t = t->next) {
        const char *id = text_of(t, "task"), *room = text_of(t, "room"), *user = text_of(t, "user");
        const char *state = text_of(t, "state");
        const cJSON *app = cJSON_GetObjectItemCaseSensitive(t, "sdkappid");
        if (!id || strcmp(id, r->o->task) != 0)
            continue;
        over = state && strcmp(state, "ended") == 0;
        if (room && !r->room)
            r->room = strdup(room);
        if (user && !r->robot)
            r->robot = strdup(user);
        if (cJSON_IsNumber(app) && !r->sdkappid)
            r->sdkappid = (int64_t)app->valuedouble;
    }
    r->gone = r->gone && over;
    r->ended |= r->gone;
    cJSON_Delete(all);
    free(text);
    return code < 0 ? -1 : 0;
}

/* Gets the state of the task. Without an answer of the service nothing is derived. */
static int ask_state(struct reconcile *r, struct trtc_err *err)
{
    char *text;
    const int code = ask(r, "describe", NULL, &text, err);
    cJSON *answer = code == 0 ? cJSON_Parse(text) : NULL;
    const cJSON *inner = cJSON_GetObjectItemCaseSensitive(answer, "Response");
    const char *status = text_of(inner ? inner : answer, "Status");
    r->ended = status && strcasecmp(status, "Exited") == 0;
    r->gone = code > 0;
    cJSON_Delete(answer);
    free(text);
    if (code < 0 || ask_memory(r, err) < 0)
        return -1;
    return code > 0 && !r->gone
               ? trtc_fail(err, code, "the service could not report the state of the task")
               : 0;
}

static const char *plain(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static bool has_ext(const char *name, const char *ext)
{
    return trtc_ends_with(name, strlen(name), ext);
}

/* Gets the playlists and MP4 files that the service reports or that exist. */
static int ask_files(struct reconcile *r, struct trtc_err *err)
{
    char *text;
    const int code = ask(r, "files", "--json", &text, err);
    r->lines = code >= 0 ? array_of(text ? text : "") : NULL;
    free(text);
    if (code < 0)
        return -1;
    r->files = calloc(FILES_MAX, sizeof *r->files);
    if (!r->lines || !r->files)
        return trtc_fail_nomem(err);
    for (const cJSON *t = r->lines->child; t && r->n < FILES_MAX; t = t->next) {
        const char *name = text_of(t, "name");
        r->faults |= text_of(t, "fault") != NULL;
        if (!name || !(is_true(t, "reported") || is_true(t, "there")) ||
            !(has_ext(name, ".m3u8") || has_ext(name, ".mp4")))
            continue;
        r->files[r->n++] = (struct file){ (char *)(uintptr_t)plain(name), t, false };
    }
    return code != 0 && code != TRTC_EX_LOSS && code != TRTC_EX_DATAERR && r->n == 0
               ? trtc_fail(err, code, "no files of the task are known")
               : 0;
}

/* ---- received events ---- */

static void tell(struct reconcile *r, const char *name)
{
    for (size_t i = 0; name && i < r->n; i++)
        if (strcmp(r->files[i].name, plain(name)) == 0)
            r->files[i].told = true;
}

static void note_event(struct reconcile *r, const struct trtc_event *e)
{
    if (e->type < TRTC_EVENT_FIRST || e->type > TRTC_EVENT_LAST)
        return;
    r->told[e->type] = true;
    if (e->room && !r->room)
        r->room = strdup(e->room);
    if (e->user && !r->robot)
        r->robot = strdup(e->user);
    cJSON *load = e->payload ? cJSON_Parse(e->payload) : NULL;
    if (e->type == 307)
        tell(r, text_of(load, "FileName"));
    const cJSON *list = e->type == 310 ? cJSON_GetObjectItemCaseSensitive(load, "FileList") : NULL;
    for (const cJSON *f = list ? list->child : NULL; f; f = f->next)
        tell(r, cJSON_GetStringValue(f));
    cJSON_Delete(load);
}

static int note_events(struct reconcile *r, struct trtc_err *err)
{
    for (int place = 0; place <= TRTC_SPOOL_FAILED; place++) {
        struct trtc_names l = { 0 };
        if (trtc_spool_list(r->spool, place, &l, err) < 0)
            return -1;
        for (size_t i = 0; i < l.n; i++) {
            struct hook_event e;
            if (hook_event_read(r->spool, place, l.v[i], &e, err) < 0)
                continue;
            if (hook_means(r->o, &e)) {
                note_event(r, &e.event);
                r->sdkappid = r->sdkappid ? r->sdkappid : e.sdkappid;
            }
            hook_event_fini(&e);
        }
        trtc_names_fini(&l);
    }
    return 0;
}

/* File names contain the SdkAppId, too. */
static void note_names(struct reconcile *r)
{
    struct trtc_name n;
    for (size_t i = 0; i < r->n && !r->sdkappid; i++)
        if (trtc_name_parse(r->files[i].name, strlen(r->files[i].name), TRTC_ROOM_AUTO, &n, NULL,
                            NULL) == 0)
            r->sdkappid = n.sdkappid;
}

/* ---- derived events ---- */

/* Takes ownership of the payload. */
static cJSON *event_of(const struct reconcile *r, int type, int64_t event_ms, cJSON *load)
{
    cJSON *e = cJSON_CreateObject(), *info = cJSON_CreateObject();
    trtc_json_put_text(&info, "RoomId", r->room ? r->room : "");
    trtc_json_put_number(&info, "EventTs", (double)(event_ms / 1000));
    trtc_json_put_number(&info, "EventMsTs", (double)event_ms);
    trtc_json_put_text(&info, "UserId", r->robot ? r->robot : "");
    trtc_json_put_text(&info, "TaskId", r->o->task);
    trtc_json_put(&info, "Payload", load);
    trtc_json_put_number(&e, "EventGroupId", TRTC_EVENT_GROUP);
    trtc_json_put_number(&e, "EventType", type);
    trtc_json_put_number(&e, "CallbackTs", (double)r->now_ms);
    trtc_json_put(&e, "EventInfo", info);
    trtc_json_put_bool(&e, "derived", true);
    return e;
}

static void print_line(const struct reconcile *r, const char *name, const struct trtc_event *e)
{
    const struct hook_event at = {
        .place = TRTC_SPOOL_NEW, .name = name, .sdkappid = r->sdkappid, .event = *e, .parsed = true
    };
    cJSON *line = hook_event_line(r->spool, &at, false);
    cli_put_json(line, false);
    cJSON_Delete(line);
}

/* Stores an event as if it had been received. */
static int add(const struct reconcile *r, int type, int64_t event_ms, cJSON *load,
               struct trtc_err *err)
{
    char id[TRTC_EVENT_ID_LEN + 1], name[TRTC_SPOOL_NAME_MAX];
    struct trtc_event e = { .event_ms = TRTC_NOTIME };
    cJSON *json = event_of(r, type, event_ms, load);
    char *body = cJSON_PrintUnformatted(json);
    int ret = -1;
    if (!body)
        trtc_fail_nomem(err);
    else if (trtc_event_parse(body, strlen(body), &e, err) == 0 &&
             trtc_event_id(&e, r->sdkappid, id) == 0) {
        trtc_spool_name(event_ms, type, id, name);
        const struct trtc_spool_entry entry = { name, body, strlen(body), r->sdkappid, NULL };
        ret = trtc_spool_put(r->spool, &entry, err);
    }
    if (ret == 1)
        print_line(r, name, &e);
    trtc_event_fini(&e);
    cJSON_Delete(json);
    free(body);
    return ret < 0 ? -1 : 0;
}

static int64_t begin_of(const struct reconcile *r, const struct file *f)
{
    const cJSON *ms = cJSON_GetObjectItemCaseSensitive(f->line, "begin_ms");
    return cJSON_IsNumber(ms) && ms->valuedouble > 0 ? (int64_t)ms->valuedouble : r->now_ms;
}

static void put_text_of(cJSON **load, const char *key, const struct file *f, const char *from)
{
    const char *text = text_of(f->line, from);
    trtc_json_put_text(load, key, text ? text : "");
}

/* Adds 307 for each playlist and 304 for the first one. */
static int add_playlists(const struct reconcile *r, struct trtc_err *err)
{
    const struct file *first = NULL;
    for (size_t i = 0; i < r->n; i++) {
        const struct file *f = &r->files[i];
        if (!has_ext(f->name, ".m3u8"))
            continue;
        if (!first || begin_of(r, f) < begin_of(r, first))
            first = f;
        if (f->told)
            continue;
        cJSON *load = cJSON_CreateObject();
        trtc_json_put_text(&load, "FileName", f->name);
        put_text_of(&load, "UserId", f, "user");
        put_text_of(&load, "TrackType", f, "track");
        trtc_json_put_number(&load, "BeginTimeStamp", (double)begin_of(r, f));
        if (add(r, 307, begin_of(r, f), load, err) < 0)
            return -1;
    }
    if (!first || r->told[304])
        return 0;
    cJSON *load = cJSON_CreateObject();
    trtc_json_put_text(&load, "FileList", first->name);
    return add(r, 304, begin_of(r, first), load, err);
}

/* Whether the task puts files into object storage. */
static bool uploads(const struct reconcile *r)
{
    return r->told[303] || r->told[304] || r->told[307] || r->n;
}

/* Adds 302, and 305 once it is known how the upload ended. */
static int add_end(const struct reconcile *r, struct trtc_err *err)
{
    if (!r->ended)
        return 0;
    if (!r->told[302] && add(r, 302, r->now_ms, cJSON_CreateObject(), err) < 0)
        return -1;
    if (r->told[305] || !uploads(r) || (!r->gone && !(r->o->check && r->n && !r->faults)))
        return 0;
    cJSON *load = cJSON_CreateObject();
    trtc_json_put_number(&load, "Status", r->o->check && r->faults ? 1 : 0);
    return add(r, 305, r->now_ms + 1, load, err);
}

/* Adds a 310 for all MP4 files that no 310 has named. */
static int add_mp4(const struct reconcile *r, struct trtc_err *err)
{
    cJSON *load = cJSON_CreateObject(), *list = cJSON_CreateArray();
    bool any = false;
    for (size_t i = 0; i < r->n; i++)
        if (!r->files[i].told && has_ext(r->files[i].name, ".mp4") &&
            !text_of(r->files[i].line, "fault")) {
            trtc_json_push(&list, cJSON_CreateString(r->files[i].name));
            any = true;
        }
    trtc_json_put_number(&load, "Status", 0);
    trtc_json_put(&load, "FileList", list);
    if (any)
        return add(r, 310, r->now_ms + 2, load, err);
    cJSON_Delete(load);
    return 0;
}

static void say_rest(const struct reconcile *r)
{
    if (!r->ended)
        cli_note("the task has not ended: no 302, 305 or 310");
    else if (!r->told[305] && !r->gone && !(r->o->check && r->n && !r->faults))
        cli_note("it is not known yet whether the upload is over: no 305");
    else if (!r->told[305] && !uploads(r))
        cli_note("no playlist is known, so perhaps nothing was uploaded: no 305");
    if (r->ended && !r->told[302])
        cli_note("the reason for its end is unknown: the 302 has no LeaveCode");
    if (!r->o->check)
        cli_note("without --check MP4 files are unknown: no 310");
    cli_note("308, 309, 311 and 312 cannot be derived");
}

static int reconcile(struct reconcile *r, struct trtc_err *err)
{
    r->now_ms = clock_real_ms();
    r->sdkappid = r->o->sdkappid;
    if (ask_state(r, err) < 0 || ask_files(r, err) < 0 || note_events(r, err) < 0)
        return -1;
    note_names(r);
    if (add_playlists(r, err) < 0 || add_end(r, err) < 0 || (r->ended && add_mp4(r, err) < 0))
        return -1;
    say_rest(r);
    return 0;
}

int hook_reconcile(const struct hook_opts *o)
{
    struct reconcile r = { .o = o };
    struct trtc_err err;
    if (!o->spool || !o->task)
        return cli_usage("--spool DIR and --task ID are required");
    r.spool = trtc_spool_open(o->spool, true, &err);
    const int code = !r.spool || reconcile(&r, &err) < 0 ? cli_report(&err) : 0;
    cJSON_Delete(r.lines);
    free(r.files);
    free(r.room);
    free(r.robot);
    trtc_spool_free(&r.spool);
    return code;
}
