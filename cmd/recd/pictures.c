/* SPDX-License-Identifier: MIT */
/* Fetches pictures that requests name. A job fetches those of one layout, one after the other, into
 * the task's images/. Then the loop notes in images/index.json which file belongs to which address;
 * null: the picture could not be fetched in time. */
#include "pictures.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "base/file.h"
#include "base/json_put.h"
#include "net/picture.h"
#include "serve/crew.h"
#include "setup.h"

enum {
    THREADS = 4,
    URLS_MAX = 64,
    NAME_BYTES = 40,
    TOGETHER_MS = 5000 /* no fetch begins later than this, since the recording waits for all */
};

struct fetching {
    struct trtc_job job; /* first */
    char *id, *dir;      /* the task, and its images/ */
    char *urls[URLS_MAX];
    size_t nb;
    int64_t until_ms;
    bool good[URLS_MAX];
    char *said[URLS_MAX]; /* why one failed; NULL: no memory */
    struct fetching *next;
};

struct pictures {
    struct polled done; /* first */
    struct trtc_crew *crew;
    struct trtc_picture_rules rules;
    struct fetching *all; /* the jobs that are not done */
    volatile sig_atomic_t stop;
};

/* ---- in the threads ---- */

/* The file of a picture is named after its address. */
static void name_of(const char *url, char out[NAME_BYTES])
{
    uint64_t h = UINT64_C(14695981039346656037);
    const char *end = strstr(url, ".png") ? "png" : "jpg";
    for (; *url; url++)
        h = (h ^ (unsigned char)*url) * UINT64_C(1099511628211);
    snprintf(out, NAME_BYTES, "%016llx.%s", (unsigned long long)h, end);
}

static int fetch_one(const struct pictures *p, const struct fetching *f, const char *url,
                     struct trtc_err *err)
{
    char name[NAME_BYTES];
    name_of(url, name);
    if (clock_mono_us() / 1000 >= f->until_ms)
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "fetching the pictures before it took too long");
    char *path = setup_path(f->dir, name);
    struct trtc_file *file = path ? trtc_file_create(path, err) : NULL;
    int ret = file   ? trtc_picture_fetch(url, &p->rules, trtc_file_fd(file), err)
              : path ? -1
                     : trtc_fail_nomem(err);
    if (ret == 0)
        ret = trtc_file_commit(&file, true, err);
    trtc_file_abort(&file);
    free(path);
    return ret;
}

static void work(void *arg, struct trtc_job *job)
{
    struct fetching *f = (struct fetching *)job;
    for (size_t i = 0; i < f->nb; i++) {
        struct trtc_err err = { 0 };
        f->good[i] = fetch_one(arg, f, f->urls[i], &err) == 0;
        f->said[i] = f->good[i] ? NULL : strdup(err.msg);
    }
}

/* ---- in the loop ---- */

static void fetching_free(struct fetching *f)
{
    for (size_t i = 0; i < f->nb; i++) {
        free(f->urls[i]);
        free(f->said[i]);
    }
    free(f->id);
    free(f->dir);
    free(f);
}

/* Returns images/index.json, or an empty object if there is none; the caller deletes it. NULL: no
 * memory, or it cannot be read for now. */
static cJSON *read_index(const char *dir, struct trtc_err *err)
{
    struct trtc_err why = { 0 };
    cJSON *index = task_json(dir, "index.json", &why);
    if (cJSON_IsObject(index))
        return index;
    cJSON_Delete(index);
    index = trtc_is_shortage(&why) ? NULL : cJSON_CreateObject();
    if (!index)
        trtc_fail(err, TRTC_EX_TEMPFAIL, "%s", why.code ? why.msg : "out of memory");
    return index;
}

static int write_index(const struct fetching *f, const cJSON *index, struct trtc_err *err)
{
    char *path = setup_path(f->dir, "index.json"), *text = trtc_json_text(index, true);
    struct trtc_file *file = path && text ? trtc_file_create(path, err) : NULL;
    int ret = file           ? trtc_write_all(trtc_file_fd(file), text, strlen(text), path, err)
              : path && text ? -1
                             : trtc_fail_nomem(err);
    if (ret == 0)
        ret = trtc_file_commit(&file, true, err);
    trtc_file_abort(&file);
    free(text);
    free(path);
    return ret;
}

/* Gathers the addresses of pictures, at every depth: the members with these names. */
static void gather(struct fetching *f, const cJSON *index, const cJSON *object)
{
    static const char *const names[] = { "BackgroundImageUrl", "DefaultSubBackgroundImage",
                                         "SubBackgroundImage", "WaterMarkUrl" };
    const cJSON *m;
    cJSON_ArrayForEach(m, object)
    {
        for (size_t i = 0; m->string && cJSON_IsString(m) && i < 4; i++) {
            if (strcmp(m->string, names[i]) != 0 || f->nb == URLS_MAX || !*m->valuestring)
                continue;
            bool known = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(index, m->valuestring));
            for (size_t k = 0; k < f->nb; k++)
                known = known || strcmp(f->urls[k], m->valuestring) == 0;
            if (!known && (f->urls[f->nb] = strdup(m->valuestring)) != NULL)
                f->nb++;
        }
        gather(f, index, m);
    }
}

void pictures_fetch(struct recd *r, struct task *t, const struct cJSON *layout)
{
    struct fetching *f = layout ? calloc(1, sizeof *f) : NULL;
    if (!f)
        return;
    f->id = strdup(t->row.id);
    f->dir = setup_path(t->dir, "images");
    f->until_ms = r->now_ms + TOGETHER_MS;
    cJSON *index = f->dir ? read_index(f->dir, NULL) : NULL;
    gather(f, index, layout);
    cJSON_Delete(index);
    if (!f->nb || !f->id || !f->dir) {
        fetching_free(f);
        return;
    }
    mkdir(f->dir, 0700);
    t->nb_fetching++;
    f->next = r->pictures->all;
    r->pictures->all = f;
    trtc_crew_give(r->pictures->crew, &f->job);
}

/* Notes a picture in the index. A failure does not replace the picture of another job. */
static void add_one(const struct fetching *f, size_t i, cJSON **index)
{
    const char *url = f->urls[i];
    char name[NAME_BYTES];
    name_of(url, name);
    if (!f->good[i])
        cli_note("task %s: a picture is left out: %s", f->id,
                 f->said[i] ? f->said[i] : "out of memory");
    if (!f->good[i] && cJSON_IsString(cJSON_GetObjectItemCaseSensitive(*index, url)))
        return;
    if (*index)
        cJSON_DeleteItemFromObjectCaseSensitive(*index, url);
    trtc_json_put(index, url, f->good[i] ? cJSON_CreateString(name) : cJSON_CreateNull());
}

/* Adds the results of a job to the index, which other jobs may have changed. */
static void add_to_index(const struct fetching *f)
{
    struct trtc_err err;
    cJSON *index = read_index(f->dir, &err);
    const bool was_read = index;
    for (size_t i = 0; i < f->nb && was_read; i++)
        add_one(f, i, &index);
    if (!was_read || write_index(f, index, &err) < 0)
        cli_error("task %s: its list of pictures cannot be written: %s", f->id, err.msg);
    cJSON_Delete(index);
}

static void land(struct recd *r, struct fetching *f)
{
    struct fetching **at = &r->pictures->all;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    for (size_t i = 0; i < r->nb_tasks; i++)
        if (strcmp(r->tasks[i]->row.id, f->id) == 0) {
            add_to_index(f);
            r->tasks[i]->nb_fetching--;
            task_wake(r, r->tasks[i]);
            break;
        }
    fetching_free(f);
}

static void take_done(struct recd *r, struct polled *p)
{
    struct trtc_job *next;
    for (struct trtc_job *j = trtc_crew_take(((struct pictures *)p)->crew); j; j = next) {
        next = j->next;
        land(r, (struct fetching *)j);
    }
}

struct pictures *pictures_new(struct recd *r, struct trtc_err *err)
{
    struct pictures *p = calloc(1, sizeof *p);
    if (!p) {
        trtc_fail_nomem(err);
        return NULL;
    }
    p->rules = (struct trtc_picture_rules){ .http = r->config.picture_http,
                                            .internal = r->config.picture_internal,
                                            .ca_file = getenv("SSL_CERT_FILE"),
                                            .stop = &p->stop };
    p->done.fd = -1;
    if (!(p->crew = trtc_crew_new(THREADS, work, p, err))) {
        pictures_free(&p);
        return NULL;
    }
    p->done = (struct polled){ take_done, trtc_crew_fd(p->crew) };
    if (recd_poll(r, &p->done, false) < 0) {
        trtc_fail(err, TRTC_EX_TEMPFAIL, "epoll");
        pictures_free(&p);
    }
    return p;
}

void pictures_free(struct pictures **p)
{
    if (!*p)
        return;
    (*p)->stop = 1;
    trtc_crew_free(&(*p)->crew);
    while ((*p)->all) {
        struct fetching *f = (*p)->all;
        (*p)->all = f->next;
        fetching_free(f);
    }
    free(*p);
    *p = NULL;
}
