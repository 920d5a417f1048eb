/* SPDX-License-Identifier: MIT */
/* Serves the page, the data that it requests, and its stream of events. */
#define _GNU_SOURCE /* O_PATH */

#include "web.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../clock.h"
#include "actions.h"
#include "base/array.h"
#include "base/beneath.h"
#include "base/json.h"
#include "base/json_put.h"
#include "net/usersig.h"
#include "page.h"
#include "serve/origin.h"
#include "setup.h"
#include "task.h"
#include "upload.h"

enum {
    BEHIND_BYTES = 4 << 20, /* a reader that is further behind is disconnected */
    FIRST_EVENTS = 200,
    BEAT_MS = 10000,
    STATE_MS = 250,
    SIG_S = 3600,
    OVER_SHOWN = 50 /* finished tasks that the page shows */
};

static const char *const hls_files[] = { "/usr/share/javascript/hls.js/hls.min.js",
                                         "/usr/share/nodejs/hls.js/dist/hls.min.js" };

struct reader { /* a connection that reads /api/events, or the page */
    struct reader *next;
    struct trtc_request *request;
    bool follows;
    char *text;
    size_t n, cap, at;
    int64_t last_id; /* the last callback that it got */
    bool left_behind;
};

struct page {
    struct reader *readers;
    int64_t beat_ms, state_ms;
    bool changed;
};

/* ---- who may ask ---- */

bool web_is_foreign(const struct trtc_request *q)
{
    const char *origin = trtc_request_header(q, "Origin"), *host = trtc_request_header(q, "Host");
    char own[300];
    if (!trtc_origin_host_is_ours(host, NULL) ||
        trtc_origin_is_foreign(trtc_request_header(q, "Sec-Fetch-Site"),
                               trtc_request_header(q, "Sec-Fetch-Mode")))
        return true;
    snprintf(own, sizeof own, "http://%s", host ? host : "");
    return origin && strcmp(origin, own) != 0;
}

static bool is_from_here(const struct trtc_request *q)
{
    char peer[TRTC_PEER_SIZE];
    return trtc_origin_peer_is_local(trtc_request_peer(q, peer)) && !web_is_foreign(q);
}

/* ---- lines to readers ---- */

static void add(struct reader *f, const char *text)
{
    const size_t n = strlen(text);
    if (f->at == f->n)
        f->at = f->n = 0;
    if (f->left_behind || f->n - f->at + n > BEHIND_BYTES ||
        trtc_array_reserve(&f->text, &f->cap, f->n + n, 1) < 0) {
        f->left_behind = true;
        return;
    }
    memcpy(f->text + f->n, text, n);
    f->n += n;
}

/* Returns an event of the stream; id 0: without an id. Takes data. */
static char *event_of(const char *name, int64_t id, cJSON *data)
{
    char *json = trtc_json_text(data, false), *text = NULL;
    const size_t n = json ? strlen(json) + 100 : 0;
    cJSON_Delete(data);
    if (json && (text = malloc(n)) != NULL) {
        int at = 0;
        if (id)
            at = snprintf(text, n, "id: %" PRId64 "\n", id);
        snprintf(text + at, n - (size_t)at, "event: %s\ndata: %s\n\n", name, json);
    }
    free(json);
    return text;
}

static void to_all(struct recd *r, const char *text)
{
    for (struct reader *f = r->page ? r->page->readers : NULL; f; f = f->next) {
        if (!f->follows)
            continue;
        if (text)
            add(f, text);
        trtc_request_wake(f->request);
    }
}

static const char *state_name(enum trtc_out_state state)
{
    static const char *const names[] = { [TRTC_OUT_WAITING] = "waiting",
                                         [TRTC_OUT_SENT] = "sent",
                                         [TRTC_OUT_FAILED] = "failed",
                                         [TRTC_OUT_NONE] = "none" };
    return names[state];
}

void web_delivery(struct recd *r, const struct trtc_out_row *o)
{
    cJSON *data;
    if (!r->page || !r->page->readers)
        return;
    data = cJSON_CreateObject();
    trtc_json_put_number(&data, "Id", (double)o->id);
    trtc_json_put_text(&data, "State", state_name(o->state));
    trtc_json_put_number(&data, "Tries", o->tries);
    if (o->error)
        trtc_json_put_text(&data, "Error", o->error);
    char *text = event_of("delivery", 0, data);
    to_all(r, text);
    free(text);
}

void web_loss(struct recd *r, const char *task, const char *user, const char *said)
{
    cJSON *data;
    if (!r->page || !r->page->readers)
        return;
    data = cJSON_CreateObject();
    trtc_json_put_text(&data, "TaskId", task);
    trtc_json_put_text(&data, "UserId", user);
    trtc_json_put_text(&data, "Loss", said);
    char *text = event_of("loss", 0, data);
    to_all(r, text);
    free(text);
}

static bool add_callback(void *arg, const struct trtc_out_row *o)
{
    struct reader *f = arg;
    cJSON *data = cJSON_CreateObject(), *body = cJSON_Parse(o->body);
    trtc_json_put_number(&data, "Id", (double)o->id);
    trtc_json_put_text(&data, "TaskId", o->task);
    trtc_json_put_number(&data, "EventType", o->type);
    trtc_json_put_number(&data, "EventMsTs", (double)o->event_ms);
    trtc_json_put(&data, "Body", body);
    trtc_json_put_text(&data, "State", state_name(o->state));
    char *text = event_of("callback", o->id, data);
    if (text)
        add(f, text);
    free(text);
    f->last_id = o->id;
    return true;
}

static void add_new(struct recd *r, struct reader *f)
{
    struct trtc_err err;
    const int64_t before = f->last_id;
    if (r->store &&
        trtc_store_out_last(r->store, f->last_id, FIRST_EVENTS, add_callback, f, &err) < 0)
        recd_store_failed(r, &err);
    if (f->last_id != before) {
        r->page->changed = true;
        trtc_request_wake(f->request);
    }
}

void web_tick(struct recd *r)
{
    struct page *p = r->page;
    if (!p || !p->readers)
        return;
    for (struct reader *f = p->readers; f; f = f->next)
        if (f->follows)
            add_new(r, f);
    if (r->changed && r->now_ms - p->state_ms >= STATE_MS) {
        r->changed = p->changed = false;
        p->state_ms = r->now_ms;
        to_all(r, "event: state\ndata: {}\n\n");
    }
    if (r->now_ms - p->beat_ms >= BEAT_MS) {
        p->beat_ms = r->now_ms;
        to_all(r, ":\n\n");
    }
}

int64_t web_more(void *arg, struct trtc_request *q, char *out, size_t n)
{
    struct reader *f = trtc_request_ours(q);
    (void)arg;
    if (f->at == f->n)
        return f->left_behind ? TRTC_MORE_BREAK : f->follows ? TRTC_MORE_LATER : TRTC_MORE_END;
    if (n > f->n - f->at)
        n = f->n - f->at;
    memcpy(out, f->text + f->at, n);
    f->at += n;
    return (int64_t)n;
}

static void reader_free(struct reader *f)
{
    free(f->text);
    free(f);
}

void web_gone(void *arg, struct trtc_request *q, bool whole)
{
    struct recd *r = arg;
    struct reader *f = trtc_request_ours(q);
    struct reader **at = &r->page->readers;
    (void)whole;
    while (*at && *at != f)
        at = &(*at)->next;
    if (*at)
        *at = f->next;
    reader_free(f);
}

void web_end(struct recd *r)
{
    for (struct reader *f = r->page ? r->page->readers : NULL; f; f = f->next) {
        f->follows = false;
        trtc_request_wake(f->request);
    }
}

static struct reader *reader_new(struct recd *r, struct trtc_request *q)
{
    struct reader *f = calloc(1, sizeof *f);
    if (!r->page)
        r->page = calloc(1, sizeof *r->page);
    if (!f || !r->page) {
        free(f);
        trtc_request_answer(q, 503, NULL);
        return NULL;
    }
    f->request = q;
    f->next = r->page->readers;
    r->page->readers = f;
    trtc_request_set(q, f);
    return f;
}

static void give_events(struct recd *r, struct trtc_request *q)
{
    const char *after = trtc_request_header(q, "Last-Event-ID");
    struct reader *f = reader_new(r, q);
    if (!f)
        return;
    if (!after)
        after = trtc_request_query(q, "after");
    f->follows = true;
    f->last_id = after ? strtoll(after, NULL, 10) : 0;
    add(f, ":\n\n");
    add_new(r, f);
    trtc_request_settle(q);
    trtc_request_field(q, "Cache-Control", "no-store");
    trtc_request_send(q, "text/event-stream");
}

static void give_page(struct recd *r, struct trtc_request *q)
{
    struct reader *f = reader_new(r, q);
    if (!f)
        return;
    add(f, recd_page);
    trtc_request_field(
        q, "Content-Security-Policy",
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; "
        "img-src 'self' data: blob:; media-src 'self' blob: http:; connect-src 'self' http:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
    trtc_request_field(q, "Cache-Control", "no-store");
    trtc_request_field(q, "X-Content-Type-Options", "nosniff");
    trtc_request_send(q, "text/html; charset=utf-8");
}

/* ---- the state ---- */

struct files {
    cJSON *list;
    int64_t waiting, done;
    const struct task *task;
};

static bool add_file(void *arg, const struct trtc_file_row *f)
{
    struct files *all = arg;
    const bool done = f->proven_seq >= f->seq;
    all->waiting += !done;
    all->done += done;
    if (strcmp(f->type, "segment") == 0)
        return true;
    cJSON *file = cJSON_CreateObject();
    trtc_json_put_text(&file, "FileName", trtc_task_file_name(f->path));
    trtc_json_put_text(&file, "Type", f->type);
    trtc_json_push(&all->list, file);
    return true;
}

static void add_loss(void *arg, const char *user, const char *said)
{
    cJSON **list = arg;
    (void)user;
    trtc_json_push(list, cJSON_CreateString(said));
}

static void put_time(cJSON **object, const char *name, int64_t ms)
{
    trtc_json_put(object, name, ms ? cJSON_CreateNumber((double)ms) : cJSON_CreateNull());
}

static void put_said(cJSON **object, const char *name, const cJSON *said, cJSON *otherwise)
{
    const cJSON *m = said ? cJSON_GetObjectItemCaseSensitive(said, name) : NULL;
    trtc_json_put(object, name, m ? cJSON_Duplicate(m, true) : cJSON_Duplicate(otherwise, true));
    cJSON_Delete(otherwise);
}

static cJSON *task_state(struct recd *r, const struct task *t)
{
    const struct trtc_task_row *row = &t->row;
    cJSON *o = cJSON_CreateObject(), *said = task_json(t->dir, "status.json", NULL),
          *up = cJSON_CreateObject();
    cJSON *losses = cJSON_CreateArray();
    struct files files = { .list = cJSON_CreateArray(), .task = t };
    trtc_store_files(r->store, row->id, add_file, &files, NULL);
    trtc_store_losses(r->store, row->id, add_loss, &losses, NULL);
    trtc_json_put_text(&o, "TaskId", row->id);
    trtc_json_put_text(&o, "RoomId", row->room);
    trtc_json_put_number(&o, "RoomIdType", row->room_type);
    trtc_json_put_text(&o, "UserId", row->robot);
    trtc_json_put_text(&o, "Mode", row->mixed ? "mixed" : "single");
    trtc_json_put_text(&o, "Status",
                       row->life == TRTC_LIFE_OPEN ? trtc_task_status(said) : "Exited");
    put_time(&o, "CreateMs", row->created_ms);
    put_said(&o, "StartMs", said, cJSON_CreateNull());
    put_time(&o, "EndMs", row->exited_ms);
    trtc_json_put(&o, "LeaveCode",
                  row->leave_code < 0 ? cJSON_CreateNull() : cJSON_CreateNumber(row->leave_code));
    put_said(&o, "Ha", said, cJSON_CreateNumber(0));
    put_said(&o, "Users", said, cJSON_CreateArray());
    put_said(&o, "Streams", said, cJSON_CreateArray());
    trtc_json_put(&o, "Files", files.list);
    trtc_json_put_number(&up, "Waiting", (double)files.waiting);
    trtc_json_put_number(&up, "Done", (double)files.done);
    trtc_json_put_number(&up, "Failed", t->nb_upload_failures);
    trtc_json_put(&o, "Uploads", up);
    trtc_json_put(&o, "Losses", losses);
    cJSON_Delete(said);
    return o;
}

static cJSON *callbacks_state(struct recd *r)
{
    int64_t counts[4] = { 0 };
    cJSON *o = cJSON_CreateObject();
    const char *url = r->config.apps[0].callback_url;
    trtc_store_out_count(r->store, counts, NULL);
    trtc_json_put_number(&o, "Waiting", (double)counts[TRTC_OUT_WAITING]);
    trtc_json_put_number(&o, "Sent", (double)counts[TRTC_OUT_SENT]);
    trtc_json_put_number(&o, "Failed", (double)counts[TRTC_OUT_FAILED]);
    trtc_json_put(&o, "Url", url ? cJSON_CreateString(url) : cJSON_CreateNull());
    return o;
}

static cJSON *disk_state(const struct recd *r)
{
    struct statvfs v = { 0 };
    cJSON *o = cJSON_CreateObject();
    if (statvfs(r->data, &v) == 0) {
        trtc_json_put_number(&o, "FreeBytes", (double)v.f_bavail * (double)v.f_frsize);
        trtc_json_put_number(&o, "AllBytes", (double)v.f_blocks * (double)v.f_frsize);
    }
    return o;
}

static const char *hls_file(const struct recd *r)
{
    if (r->config.hls_js)
        return access(r->config.hls_js, R_OK) == 0 ? r->config.hls_js : NULL;
    for (size_t i = 0; i < sizeof hls_files / sizeof hls_files[0]; i++)
        if (access(hls_files[i], R_OK) == 0)
            return hls_files[i];
    return NULL;
}

static void give_state(struct recd *r, struct trtc_request *q)
{
    cJSON *o = cJSON_CreateObject(), *tasks = cJSON_CreateArray();
    const char *room = r->config.room;
    int nb_over = 0;
    const bool web = room && strncmp(room, "http://", 7) == 0;
    for (size_t i = r->nb_tasks; r->store && i-- > 0;)
        if (!r->tasks[i]->row.settled || nb_over++ < OVER_SHOWN)
            trtc_json_push(&tasks, task_state(r, r->tasks[i]));
    trtc_json_put_number(&o, "NowMs", (double)clock_real_ms());
    trtc_json_put_number(&o, "SdkAppId", (double)r->config.apps[0].sdkappid);
    trtc_json_put(&o, "Room", web ? cJSON_CreateString(room) : cJSON_CreateNull());
    trtc_json_put_bool(&o, "Hls", hls_file(r));
    trtc_json_put(&o, "Tasks", tasks);
    trtc_json_put(&o, "Callbacks", r->store ? callbacks_state(r) : cJSON_CreateObject());
    trtc_json_put(&o, "Disk", disk_state(r));
    trtc_request_field(q, "Cache-Control", "no-store");
    trtc_request_answer_text(q, 200, trtc_json_text(o, false));
    cJSON_Delete(o);
}

/* ---- files ---- */

static const char *type_of(const char *name)
{
    static const struct {
        const char *end, *type;
    } types[] = { { ".m3u8", "application/vnd.apple.mpegurl" },
                  { ".ts", "video/mp2t" },
                  { ".mp4", "video/mp4" },
                  { ".m4a", "audio/mp4" },
                  { ".aac", "audio/aac" } };
    const size_t n = strlen(name);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const size_t k = strlen(types[i].end);
        if (n > k && strcmp(name + n - k, types[i].end) == 0)
            return types[i].type;
    }
    return NULL;
}

static int open_in(const char *dir, const char *name)
{
    int64_t bytes;
    const int at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const int fd = at < 0 ? -1 : trtc_open_beneath(at, name, &bytes, NULL);
    if (at >= 0)
        close(at);
    return fd;
}

struct stored {
    const char *name;
    char *key;
};

static bool find_key(void *arg, const struct trtc_file_row *f)
{
    struct stored *s = arg;
    if (strcmp(trtc_task_file_name(f->path), s->name) != 0)
        return true;
    s->key = f->key ? strdup(f->key) : NULL;
    return false;
}

/* Opens a file of a task, where it was recorded or where it is stored. */
static int open_file(struct recd *r, const struct task *t, const char *name)
{
    char *files = setup_path(t->dir, "files");
    struct stored s = { .name = name };
    int fd = files ? open_in(files, name) : -1;
    free(files);
    if (fd >= 0 || r->config.send_request || !r->store)
        return fd;
    trtc_store_files(r->store, t->row.id, find_key, &s, NULL);
    cJSON *request = s.key ? task_json(t->dir, "request.json", NULL) : NULL;
    char *dir = request ? upload_directory(r, request) : NULL;
    if (dir)
        fd = open_in(dir, s.key);
    cJSON_Delete(request);
    free(dir);
    free(s.key);
    return fd;
}

/* Sends a file: /task/TASKID/NAME. */
static void give_file(struct recd *r, struct trtc_request *q, const char *path)
{
    const char *slash = strchr(path, '/');
    const char *type = slash ? type_of(slash + 1) : NULL;
    char id[128] = "";
    int fd = -1;
    if (type && !strchr(slash + 1, '/') && slash - path < (int)sizeof id)
        snprintf(id, sizeof id, "%.*s", (int)(slash - path), path);
    for (size_t i = 0; *id && i < r->nb_tasks && fd < 0; i++)
        if (strcmp(r->tasks[i]->row.id, id) == 0)
            fd = open_file(r, r->tasks[i], slash + 1);
    if (fd < 0) {
        trtc_request_answer(q, 404, NULL);
        return;
    }
    trtc_request_field(q, "X-Content-Type-Options", "nosniff");
    trtc_request_send_file(q, fd, type);
}

static void give_hls(struct recd *r, struct trtc_request *q)
{
    const char *file = hls_file(r);
    const int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        trtc_request_answer(q, 404, NULL);
    else
        trtc_request_send_file(q, fd, "text/javascript");
}

/* ---- orders ---- */

static void answer_fault(struct trtc_request *q, const struct trtc_fault *fault)
{
    cJSON *all = cJSON_CreateObject(), *error = cJSON_CreateObject();
    trtc_json_put_text(&error, "Code", fault->code);
    trtc_json_put_text(&error, "Message", fault->message);
    trtc_json_put(&all, "Error", error);
    trtc_request_answer_text(q, 400, trtc_json_text(all, false));
    cJSON_Delete(all);
}

static const cJSON *in(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void copy(cJSON **to, const cJSON *from, const char *name)
{
    if (in(from, name))
        trtc_json_put(to, name, cJSON_Duplicate(in(from, name), true));
}

static cJSON *layout_of(const cJSON *order)
{
    cJSON *layout = cJSON_CreateObject();
    const char *large = cJSON_GetStringValue(in(order, "MaxResolutionUserId"));
    copy(&layout, order, "MixLayoutMode");
    if (!in(layout, "MixLayoutMode"))
        trtc_json_put_number(&layout, "MixLayoutMode", 3);
    if (large && *large)
        trtc_json_put_text(&layout, "MaxResolutionUserId", large);
    return layout;
}

static cJSON *storage_here(void)
{
    cJSON *params = cJSON_CreateObject(), *bucket = cJSON_CreateObject();
    trtc_json_put_number(&bucket, "Vendor", 0);
    trtc_json_put_text(&bucket, "Region", "ap-singapore");
    trtc_json_put_text(&bucket, "Bucket", "page");
    trtc_json_put_text(&bucket, "AccessKey", "none");
    trtc_json_put_text(&bucket, "SecretKey", "none");
    trtc_json_put(&params, "CloudStorage", bucket);
    return params;
}

static cJSON *record_request(struct recd *r, const cJSON *order)
{
    const char *mode = cJSON_GetStringValue(in(order, "Mode"));
    const bool mixed = mode && strcmp(mode, "mixed") == 0;
    cJSON *q = cJSON_CreateObject(), *params = cJSON_CreateObject();
    char robot[33];
    snprintf(robot, sizeof robot, "page_%" PRId64, clock_real_ms());
    trtc_json_put_text(&q, "UserId", robot);
    copy(&q, order, "RoomId");
    copy(&q, order, "RoomIdType");
    trtc_json_put_number(&params, "RecordMode", mixed ? 2 : 1);
    copy(&params, order, "OutputFormat");
    trtc_json_put(&q, "RecordParams", params);
    trtc_json_put(&q, "StorageParams", storage_here());
    if (mixed)
        trtc_json_put(&q, "MixLayoutParams", layout_of(order));
    const struct trtc_config_app *app = &r->config.apps[0];
    const struct trtc_usersig sig = { (uint32_t)app->sdkappid, robot, clock_real_ms() / 1000, SIG_S,
                                      NULL };
    char *text =
        app->usersig_key.text ? trtc_usersig_make(&sig, app->usersig_key.text, NULL) : NULL;
    trtc_json_put_text(&q, "UserSig", text ? text : "none");
    free(text);
    return q;
}

static cJSON *task_request(const cJSON *order, bool layout)
{
    cJSON *q = cJSON_CreateObject();
    copy(&q, order, "TaskId");
    if (layout)
        trtc_json_put(&q, "MixLayoutParams", layout_of(order));
    return q;
}

/* Takes request. */
static void do_action(struct recd *r, struct trtc_request *q, enum trtc_action action,
                      cJSON *request)
{
    struct trtc_fault fault = { .code = "InternalError" };
    cJSON *response = NULL;
    trtc_json_put_number(&request, "SdkAppId", (double)r->config.apps[0].sdkappid);
    const struct call call = { .action = action, .request = request, .app = &r->config.apps[0] };
    if (request && trtc_params_check(request, action, &fault) == 0)
        response = action_do(r, &call, &fault);
    trtc_api_forget(&request);
    if (!response) {
        answer_fault(q, &fault);
        return;
    }
    trtc_request_answer_text(q, 200, trtc_json_text(response, false));
    cJSON_Delete(response);
}

static void give_usersig(struct recd *r, struct trtc_request *q, const cJSON *order)
{
    const struct trtc_config_app *app = &r->config.apps[0];
    const char *user = cJSON_GetStringValue(in(order, "UserId"));
    const struct trtc_usersig sig = { (uint32_t)app->sdkappid, user ? user : "",
                                      clock_real_ms() / 1000, SIG_S, NULL };
    struct trtc_fault fault;
    struct trtc_err err;
    cJSON *all = cJSON_CreateObject();
    char *text =
        app->usersig_key.text ? trtc_usersig_make(&sig, app->usersig_key.text, &err) : NULL;
    if (text)
        trtc_json_put_text(&all, "UserSig", text);
    if (!text && app->usersig_key.text) {
        trtc_fault_set(&fault, "InvalidParameter", "UserId: %s", err.msg);
        answer_fault(q, &fault);
    } else {
        trtc_request_answer_text(q, 200, trtc_json_text(all, false));
    }
    free(text);
    cJSON_Delete(all);
}

static void take_order(struct recd *r, struct trtc_request *q, const char *name)
{
    const char *kind = trtc_request_header(q, "Content-Type"),
               *mark = trtc_request_header(q, "X-Trtc-Page");
    size_t n;
    const char *body = trtc_request_body(q, &n);
    cJSON *order = body ? trtc_json_parse("the body", body, n, NULL) : NULL;
    if (!kind || strcmp(kind, "application/json") != 0 || !mark || strcmp(mark, "1") != 0)
        trtc_request_answer(q, 403, NULL);
    else if (!cJSON_IsObject(order))
        trtc_request_answer(q, 400, NULL);
    else if (strcmp(name, "record") == 0)
        do_action(r, q, TRTC_CREATE, record_request(r, order));
    else if (strcmp(name, "layout") == 0)
        do_action(r, q, TRTC_MODIFY, task_request(order, true));
    else if (strcmp(name, "stop") == 0)
        do_action(r, q, TRTC_DELETE, task_request(order, false));
    else if (strcmp(name, "usersig") == 0)
        give_usersig(r, q, order);
    else
        trtc_request_answer(q, 404, NULL);
    cJSON_Delete(order);
}

void web_request(struct recd *r, struct trtc_request *q)
{
    const char *path = trtc_request_path(q);
    const bool get = strcmp(trtc_request_method(q), "GET") == 0;
    if (r->config.no_page || !is_from_here(q))
        trtc_request_answer(q, 404, NULL);
    else if (!get && strncmp(path, "/api/", 5) == 0)
        take_order(r, q, path + 5);
    else if (get && strcmp(path, "/") == 0)
        give_page(r, q);
    else if (get && strcmp(path, "/api/state") == 0)
        give_state(r, q);
    else if (get && strcmp(path, "/api/events") == 0)
        give_events(r, q);
    else if (get && strcmp(path, "/hls.js") == 0)
        give_hls(r, q);
    else if (get && strncmp(path, "/task/", 6) == 0)
        give_file(r, q, path + 6);
    else
        trtc_request_answer(q, 404, NULL);
}
