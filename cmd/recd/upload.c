/* SPDX-License-Identifier: MIT */
/* Uploads the files of tasks. Each task has a trtc-put of its own, which reads paths from standard
 * input and prints those that are proven to be stored. It is ended when there is nothing to do for
 * a while. Keys are passed through a pipe. */
#define _GNU_SOURCE /* pipe2 */

#include "upload.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "../cli.h"
#include "../clock.h"
#include "base/file.h"
#include "base/json_put.h"
#include "service/task_line.h"
#include "setup.h"
#include "sweep.h"

enum {
    FLIGHTS = 64,      /* files that trtc-put has been given and has not proven yet */
    LINE_BYTES = 8192, /* the longest line that it prints */
    IDLE_MS = 1000,
    FIRST_PAUSE_MS = 2000,
    LAST_PAUSE_MS = 120000,
    KEYS_BYTES = 60000, /* fits into a pipe at once */
    NAME_BYTES = 200,   /* the longest name of a directory */
    PREFIX_BYTES = 600, /* task and file follow, and a key has 1024 at most */
};

struct flight {
    char *path;
    int64_t seq;
};

struct lines { /* a pipe that is read line by line */
    struct polled p;
    char text[LINE_BYTES];
    size_t n;
};

struct upload {
    struct child child;
    struct task *task;
    int in; /* its standard input; -1: closed */
    struct lines out, err;
    struct flight flights[FLIGHTS];
    size_t nb;
    int64_t busy_ms; /* when there was last something to do */
    char said[300];  /* its last message */
};

/* ---- where to ---- */

static const cJSON *in(const cJSON *object, const char *name)
{
    return object ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

static const char *bucket_of(const cJSON *request)
{
    return cJSON_GetStringValue(in(in(in(request, "StorageParams"), "CloudStorage"), "Bucket"));
}

static const cJSON *prefix_parts(const cJSON *request)
{
    return in(in(in(request, "StorageParams"), "CloudStorage"), "FileNamePrefix");
}

static bool is_directory_name(const char *bucket)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return *bucket != '.' && *bucket != '-' && strlen(bucket) <= NAME_BYTES &&
           strspn(bucket, good) == strlen(bucket);
}

/* Whether keys with this prefix are short enough. */
static bool is_prefix_short(const cJSON *request)
{
    const cJSON *part, *parts = prefix_parts(request);
    size_t all = 0, longest = 0;
    cJSON_ArrayForEach(part, parts)
    {
        const size_t n = strlen(part->valuestring);
        longest = n > longest ? n : longest;
        all += n + 1;
    }
    return longest <= NAME_BYTES && all <= PREFIX_BYTES;
}

int upload_check_place(const struct recd *r, const struct cJSON *request, struct trtc_fault *fault)
{
    static const char code[] = "InvalidParameter.OutOfRange";
    const char *bucket = bucket_of(request);
    if (bucket && !r->config.send_request && !is_directory_name(bucket))
        return trtc_fault_set(
            fault, code,
            "Bucket: it names a directory here, and may contain only A-Z a-z 0-9 . _ -");
    if (!is_prefix_short(request))
        return trtc_fault_set(fault, code,
                              "FileNamePrefix: over %d bytes in all, or over %d in one part",
                              PREFIX_BYTES, NAME_BYTES);
    return 0;
}

char *upload_directory(const struct recd *r, const struct cJSON *request)
{
    const char *bucket = bucket_of(request);
    return setup_path(r->storage_dir, bucket ? bucket : "vod");
}

/* Returns file:///DIR, in which characters with a meaning in URLs are escaped; the caller frees
 * it. */
static char *url_of(const char *dir)
{
    const size_t size = 3 * strlen(dir) + 16;
    char *url = malloc(size);
    if (!url)
        return NULL;
    char *at = url + snprintf(url, size, "file://");
    for (; *dir; dir++)
        if (strchr("%?# ", *dir))
            at += snprintf(at, 4, "%%%02X", (unsigned char)*dir);
        else
            *at++ = *dir;
    *at = '\0';
    return url;
}

/* Returns FileNamePrefix as a path, which the caller frees. NULL: it is empty, or no memory. */
static char *prefix_of(const cJSON *request)
{
    const cJSON *part, *parts = prefix_parts(request);
    char *prefix = NULL;
    cJSON_ArrayForEach(part, parts)
    {
        char *more = setup_path(prefix ? prefix : "", part->valuestring);
        free(prefix);
        prefix = more;
        if (!prefix)
            return NULL;
    }
    if (prefix) /* setup_path has put a '/' in front of the first */
        memmove(prefix, prefix + 1, strlen(prefix));
    return prefix;
}

/* ---- starting ---- */

struct words {
    char *list[24];
    size_t n;
    bool failed;
};

static void add(struct words *w, const char *word)
{
    if (w->n == 23 || !word || !(w->list[w->n] = strdup(word)))
        w->failed = true;
    else
        w->n++;
}

/* Takes value. */
static void add_option(struct words *w, const char *name, char *value)
{
    add(w, name);
    add(w, value);
    free(value);
}

static void words_fini(struct words *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->list[i]);
}

/* Adds the place of the files on this machine, which is made if it is missing. */
static int add_directory(const struct recd *r, const cJSON *request, struct words *w,
                         struct trtc_err *err)
{
    char *dir = upload_directory(r, request);
    const int ret = dir ? trtc_mkdirs(dir, err) : 0;
    add_option(w, "--to", dir ? url_of(dir) : NULL);
    if (cJSON_GetArraySize(prefix_parts(request)))
        add_option(w, "--prefix", prefix_of(request));
    free(dir);
    return ret;
}

static int make_words(const struct recd *r, const struct task *t, struct words *w,
                      struct trtc_err *err)
{
    cJSON *request = task_json(t->dir, "request.json", err);
    int ret = request ? 0 : -1;
    add(w, "trtc-put");
    add(w, "--json");
    if (r->config.send_request) {
        add_option(w, "--storage", strdup("/dev/fd/3"));
        if (t->row.vod)
            add_option(w, "--keys-fd", strdup("4"));
        add_option(w, "--journal", setup_path(t->dir, "put.journal"));
    } else if (ret == 0) {
        ret = add_directory(r, request, w, err);
    }
    add_option(w, "--root", setup_path(t->dir, "files"));
    add_option(w, "--task", strdup(t->row.id));
    cJSON_Delete(request);
    return ret == 0 && w->failed ? trtc_fail_nomem(err) : ret;
}

/* Returns a pipe that contains text; -1 on failure. */
static int pipe_of(const char *text, struct trtc_err *err)
{
    int fds[2];
    const size_t n = text ? strlen(text) : 0;
    if (!n || n > KEYS_BYTES)
        return trtc_fail(err, TRTC_EX_SOFTWARE,
                         n ? "the keys do not fit into a pipe" : "its keys are missing");
    if (pipe2(fds, O_CLOEXEC) < 0)
        return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "cannot create a pipe");
    const int bad = trtc_write_errno(fds[1], text, n);
    close(fds[1]);
    if (!bad)
        return fds[0];
    close(fds[0]);
    return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, bad, "cannot create a pipe");
}

/* Fills fds with pipes that contain the StorageParams with their keys, and for VOD its keys. */
static int keys_pipes(struct recd *r, const struct task *t, int fds[2], struct trtc_err *err)
{
    char *text = NULL;
    if (trtc_store_secret(r->store, t->row.id, &text, err) < 0)
        return -1;
    fds[0] = pipe_of(text, err);
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
    if (fds[0] >= 0 && t->row.vod)
        fds[1] = pipe_of(r->config.vod_keys.text, err);
    return fds[0] < 0 || (t->row.vod && fds[1] < 0) ? -1 : 0;
}

static int make_pipes(int in[2], int out[2], int err[2])
{
    return pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 ? -1
                                                                                              : 0;
}

static void close_all(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void upload_ended(struct recd *r, struct polled *p);
static void upload_said(struct recd *r, struct polled *p);
static void upload_complained(struct recd *r, struct polled *p);

static struct upload *upload_of(struct polled *p, size_t at)
{
    return (struct upload *)(void *)((char *)p - at);
}

/* Our ends of the pipes of a child that runs: in to write, out and err to read. */
static void attach(struct recd *r, struct upload *u, int in_fd, int out_fd, int err_fd)
{
    u->in = in_fd;
    u->out.p = (struct polled){ upload_said, out_fd };
    u->err.p = (struct polled){ upload_complained, err_fd };
    fcntl(out_fd, F_SETFL, O_NONBLOCK);
    fcntl(err_fd, F_SETFL, O_NONBLOCK);
    recd_poll(r, &u->out.p, false);
    recd_poll(r, &u->err.p, false);
}

static int start(struct recd *r, struct upload *u, struct trtc_err *err)
{
    int fds[8] = { -1, -1, -1, -1, -1, -1, -1, -1 }; /* in, out, err; keys */
    struct words w = { .n = 0 };
    int ret = make_words(r, u->task, &w, err);
    if (ret == 0 && make_pipes(fds, fds + 2, fds + 4) < 0)
        ret = trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "pipes");
    if (ret == 0 && r->config.send_request)
        ret = keys_pipes(r, u->task, fds + 6, err);
    const struct child_order order = {
        .argv = w.list, .in = fds[0], .out = fds[3], .err = fds[5], .extra = { fds[6], fds[7] }
    };
    if (ret == 0)
        ret = child_start(r, &u->child, &order, err);
    if (ret == 0) {
        attach(r, u, fds[1], fds[2], fds[4]);
        fds[1] = fds[2] = fds[4] = -1;
    }
    close_all(fds, 8);
    words_fini(&w);
    return ret;
}

static void begin(struct recd *r, struct task *t)
{
    struct trtc_err err;
    struct upload *u = calloc(1, sizeof *u);
    if (!u)
        return;
    u->task = t;
    u->in = u->out.p.fd = u->err.p.fd = -1;
    u->child.end = (struct polled){ upload_ended, -1 };
    u->busy_ms = r->now_ms;
    if (start(r, u, &err) == 0) {
        t->upload = u;
        return;
    }
    free(u);
    cli_error("task %s: its files cannot be uploaded: %s", t->row.id, err.msg);
    t->upload_again_ms = r->now_ms + LAST_PAUSE_MS / 4;
    sweep_gone(r, t);
}

/* ---- feeding ---- */

static bool is_flying(const struct upload *u, const char *path)
{
    for (size_t i = 0; i < u->nb; i++)
        if (strcmp(u->flights[i].path, path) == 0)
            return true;
    return false;
}

static bool hand_over(void *arg, const struct trtc_file_row *f)
{
    struct upload *u = arg;
    char line[4608];
    if (u->nb == FLIGHTS)
        return false;
    if (is_flying(u, f->path))
        return true;
    const int n = snprintf(line, sizeof line, "%s/%s\n", u->task->dir, f->path);
    char *path = n < (int)sizeof line ? strdup(f->path) : NULL;
    if (!path || trtc_write_errno(u->in, line, (size_t)n) != 0) {
        free(path);
        return false;
    }
    u->flights[u->nb++] = (struct flight){ path, f->seq };
    return true;
}

static void feed(struct recd *r, struct upload *u)
{
    struct trtc_err err;
    const size_t before = u->nb;
    if (trtc_store_files_due(r->store, u->task->row.id, hand_over, u, &err) < 0) {
        recd_store_failed(r, &err);
        return;
    }
    if (u->nb > before)
        u->busy_ms = r->now_ms;
    if (r->now_ms - u->busy_ms >= IDLE_MS) {
        close(u->in);
        u->in = -1;
    }
}

void upload_tick(struct recd *r, struct task *t)
{
    if (t->upload)
        child_tick(r, &t->upload->child);
    if (!t->upload && t->progress.waiting && r->now_ms >= t->upload_again_ms && r->store)
        begin(r, t);
    if (t->upload && t->upload->in >= 0 && r->store)
        feed(r, t->upload);
}

/* ---- its output ---- */

/* Calls take for each complete line. */
static void read_lines(struct lines *l, void (*take)(struct recd *r, struct upload *u, char *line),
                       struct recd *r, struct upload *u)
{
    ssize_t n;
    while ((n = read(l->p.fd, l->text + l->n, sizeof l->text - 1 - l->n)) > 0) {
        char *at = l->text, *end;
        l->n += (size_t)n;
        l->text[l->n] = '\0';
        while ((end = strchr(at, '\n')) != NULL) {
            *end = '\0';
            take(r, u, at);
            at = end + 1;
        }
        l->n -= (size_t)(at - l->text);
        memmove(l->text, at, l->n);
        if (l->n == sizeof l->text - 1)
            l->n = 0; /* no path is that long */
    }
    if (n == 0) {
        recd_unpoll(r, &l->p);
        close(l->p.fd);
        l->p.fd = -1;
    }
}

struct proof {
    struct task *task;
    struct trtc_file_row row;
    bool first; /* a playlist is stored for the first time: 304 is sent */
};

/* Makes a FileId of 19 digits, as VOD has them. */
static void make_file_id(char out[24])
{
    uint64_t n = 0;
    while (getrandom(&n, sizeof n, 0) < 0 && errno == EINTR)
        ;
    snprintf(out, 24, "%" PRIu64,
             UINT64_C(1000000000000000000) + n % UINT64_C(8000000000000000000));
}

static int tell_playlist(struct recd *r, struct task *t, const char *path, struct trtc_err *err)
{
    const struct recd_teller teller = { r, &t->row };
    cJSON *payload = cJSON_CreateObject();
    trtc_json_put_text(&payload, "FileList", trtc_task_file_name(path));
    return payload ? recd_tell((void *)(uintptr_t)&teller, 304, clock_real_ms(), payload, err)
                   : trtc_fail_nomem(err);
}

static bool see_first(void *arg, const struct trtc_file_row *f)
{
    struct proof *p = arg;
    if (strcmp(f->path, p->row.path) != 0)
        return true;
    p->first = !f->proven_seq && strcmp(f->type, "playlist") == 0;
    return false;
}

static int note_proven(struct recd *r, void *arg, struct trtc_err *err)
{
    struct proof *p = arg;
    struct task *t = p->task;
    if (trtc_store_files_due(r->store, t->row.id, see_first, p, err) < 0 ||
        trtc_store_file_proven(r->store, &p->row, err) < 0 ||
        (p->first && !t->row.vod && tell_playlist(r, t, p->row.path, err) < 0))
        return -1;
    return task_progress(r, t, err) < 0 ? -1 : trtc_store_task_save(r->store, &t->row, err);
}

/* Returns the VideoUrl of a file when a directory stands for VOD; the caller frees it. */
static char *vod_url(const struct recd *r, const struct task *t, const char *key)
{
    char *url = NULL;
    if (r->config.vod_url)
        return setup_path(r->config.vod_url, key);
    const char *name = trtc_task_file_name(key);
    const size_t n = strlen(t->row.id) + strlen(name) + 128;
    if ((url = malloc(n)) != NULL)
        snprintf(url, n, "http://%s/task/%s/%s", trtc_server_address(r->http), t->row.id, name);
    return url;
}

static void land(struct recd *r, struct upload *u, size_t k, const cJSON *said)
{
    struct task *t = u->task;
    const char *key = cJSON_GetStringValue(in(said, "key"));
    const bool made_here = t->row.vod && !r->config.send_request;
    char id[24], *url = made_here && key ? vod_url(r, t, key) : NULL;
    struct proof p = { .task = t,
                       .row = { .task = t->row.id,
                                .path = u->flights[k].path,
                                .proven_seq = u->flights[k].seq,
                                .key = key,
                                .url = url ? url : cJSON_GetStringValue(in(said, "url")),
                                .file_id = cJSON_GetStringValue(in(said, "file_id")) } };
    if (made_here) {
        make_file_id(id);
        p.row.file_id = id;
    }
    const bool kept = task_change(r, t, note_proven, &p);
    free(url);
    if (!kept) /* it stays in flights, and is uploaded again only after this trtc-put has ended */
        return;
    r->changed = true;
    t->nb_upload_failures = 0;
    free(u->flights[k].path);
    u->flights[k] = u->flights[--u->nb];
}

static void take_proof(struct recd *r, struct upload *u, char *line)
{
    const size_t dir = strlen(u->task->dir) + 1;
    cJSON *said = cJSON_Parse(line);
    const char *path = cJSON_GetStringValue(in(said, "path"));
    u->busy_ms = r->now_ms;
    for (size_t k = 0; path && strlen(path) > dir && k < u->nb; k++)
        if (strcmp(u->flights[k].path, path + dir) == 0) {
            land(r, u, k, said);
            break;
        }
    cJSON_Delete(said);
}

static void upload_said(struct recd *r, struct polled *p)
{
    struct upload *u = upload_of(p, offsetof(struct upload, out.p));
    struct task *t = u->task;
    read_lines(&u->out, take_proof, r, u);
    task_wake(r, t);
}

static void take_complaint(struct recd *r, struct upload *u, char *line)
{
    static const char name[] = "trtc-put: ";
    (void)r;
    if (strncmp(line, name, sizeof name - 1) == 0)
        line += sizeof name - 1;
    cli_note("task %s: %s", u->task->row.id, line);
    snprintf(u->said, sizeof u->said, "%.299s", line);
}

static void upload_complained(struct recd *r, struct polled *p)
{
    struct upload *u = upload_of(p, offsetof(struct upload, err.p));
    read_lines(&u->err, take_complaint, r, u);
}

/* ---- the end ---- */

struct refusal {
    struct task *task;
    int code;
    const char *said;
};

/* Sends 308, with the last message of trtc-put. */
static int tell_refused(struct recd *r, void *arg, struct trtc_err *err)
{
    const struct refusal *f = arg;
    const struct recd_teller teller = { r, &f->task->row };
    cJSON *payload = cJSON_CreateObject();
    trtc_json_put_text(&payload, "Code",
                       f->code == TRTC_EX_NOPERM     ? "AccessDenied"
                       : f->code == TRTC_EX_TEMPFAIL ? "ServiceUnavailable"
                                                     : "UploadFailed");
    trtc_json_put_text(&payload, "Message", *f->said ? f->said : "trtc-put failed");
    return payload ? recd_tell((void *)(uintptr_t)&teller, 308, clock_real_ms(), payload, err)
                   : trtc_fail_nomem(err);
}

static void pause_uploads(struct recd *r, struct task *t)
{
    const int k = t->nb_upload_failures > 6 ? 6 : t->nb_upload_failures;
    int64_t ms = (int64_t)FIRST_PAUSE_MS << k;
    if (ms > LAST_PAUSE_MS)
        ms = LAST_PAUSE_MS;
    t->nb_upload_failures++;
    t->upload_again_ms = r->now_ms + ms;
}

void upload_free(struct recd *r, struct task *t)
{
    struct upload *u = t->upload;
    if (!u)
        return;
    struct polled *all[] = { &u->out.p, &u->err.p, &u->child.end };
    for (size_t i = 0; i < 3; i++)
        if (all[i]->fd >= 0) {
            recd_unpoll(r, all[i]);
            close(all[i]->fd);
        }
    if (u->in >= 0)
        close(u->in);
    for (size_t i = 0; i < u->nb; i++)
        free(u->flights[i].path);
    free(u);
    t->upload = NULL;
}

static void upload_ended(struct recd *r, struct polled *p)
{
    struct upload *u = upload_of(p, offsetof(struct upload, child.end));
    struct task *t = u->task;
    const int code = child_reap(r, &u->child);
    if (code < 0)
        return;
    if (u->err.p.fd >= 0)
        read_lines(&u->err, take_complaint, r, u);
    if (u->out.p.fd >= 0)
        read_lines(&u->out, take_proof, r, u);
    if (u->nb && r->store) {
        struct refusal refusal = { t, code, u->said };
        if (!code)
            cli_error("task %s: trtc-put has ended, and %zu files are not uploaded", t->row.id,
                      u->nb);
        else if (!t->row.vod)
            recd_change(r, tell_refused, &refusal);
        pause_uploads(r, t);
        sweep_gone(r, t);
    }
    upload_free(r, t);
    task_wake(r, t);
}
