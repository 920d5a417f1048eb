/* SPDX-License-Identifier: MIT */
/* Pictures that requests name. A job fetches all that a layout names, one after the other, into the task's images/, and
 * says in images/index.json which file is which; one that could not be fetched is null there. */
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
#include "base/file.h"
#include "base/json_put.h"
#include "net/picture.h"
#include "serve/crew.h"
#include "setup.h"

enum { THREADS = 4, URLS_MAX = 64 };

struct fetching {
    struct trtc_job job; /* first */
    char *id, *dir;      /* of the task; its images/ */
    char *urls[URLS_MAX];
    size_t nb;
    cJSON *index; /* what it has, and what comes */
    char *said[URLS_MAX];
};

struct pictures {
    struct polled done; /* first */
    struct trtc_crew *crew;
    struct trtc_picture_rules rules;
    volatile sig_atomic_t stop;
};

/* ---- in the threads ---- */

/* The file of a picture is named after its address. */
static void name_of(const char *url, char out[40])
{
    uint64_t h = UINT64_C(14695981039346656037);
    const char *end = strstr(url, ".png") ? "png" : "jpg";
    for (; *url; url++)
        h = (h ^ (unsigned char)*url) * UINT64_C(1099511628211);
    snprintf(out, 40, "%016llx.%s", (unsigned long long)h, end);
}

static int fetch_one(const struct pictures *p, const struct fetching *f, const char *url,
                     const char *name, struct trtc_err *err)
{
    char *path = setup_path(f->dir, name);
    struct trtc_file *file = path ? trtc_file_create(path, err) : NULL;
    int ret = file ? trtc_picture_fetch(url, &p->rules, trtc_file_fd(file), err) : -1;
    if (ret == 0)
        ret = trtc_file_commit(&file, true, err);
    trtc_file_abort(&file);
    free(path);
    return ret;
}

static void write_index(const struct fetching *f)
{
    char *path = setup_path(f->dir, "index.json"), *text = trtc_json_text(f->index, true);
    struct trtc_file *file = path ? trtc_file_create(path, NULL) : NULL;
    if (file && text && trtc_write_all(trtc_file_fd(file), text, strlen(text), path, NULL) == 0)
        trtc_file_commit(&file, true, NULL);
    trtc_file_abort(&file);
    free(text);
    free(path);
}

static void work(void *arg, struct trtc_job *job)
{
    struct fetching *f = (struct fetching *)job;
    for (size_t i = 0; i < f->nb; i++) {
        char name[40];
        struct trtc_err err = { 0 };
        name_of(f->urls[i], name);
        const bool good = fetch_one(arg, f, f->urls[i], name, &err) == 0;
        f->said[i] = good ? NULL : strdup(err.msg);
        cJSON_DeleteItemFromObjectCaseSensitive(f->index, f->urls[i]);
        trtc_json_put(&f->index, f->urls[i], good ? cJSON_CreateString(name) : cJSON_CreateNull());
    }
    write_index(f);
}

/* ---- in the loop ---- */

static void fetching_free(struct fetching *f)
{
    for (size_t i = 0; i < f->nb; i++) {
        free(f->urls[i]);
        free(f->said[i]);
    }
    cJSON_Delete(f->index);
    free(f->id);
    free(f->dir);
    free(f);
}

/* Every picture address below: members of these names. */
static void gather(struct fetching *f, const cJSON *object)
{
    static const char *const names[] = { "BackgroundImageUrl", "DefaultSubBackgroundImage",
                                         "SubBackgroundImage", "WaterMarkUrl" };
    const cJSON *m;
    cJSON_ArrayForEach(m, object)
    {
        for (size_t i = 0; m->string && cJSON_IsString(m) && i < 4; i++) {
            if (strcmp(m->string, names[i]) != 0 || f->nb == URLS_MAX || !*m->valuestring)
                continue;
            bool known = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(f->index, m->valuestring));
            for (size_t k = 0; k < f->nb; k++)
                known = known || strcmp(f->urls[k], m->valuestring) == 0;
            if (!known && (f->urls[f->nb] = strdup(m->valuestring)) != NULL)
                f->nb++;
        }
        gather(f, m);
    }
}

void pictures_fetch(struct recd *r, struct task *t, const struct cJSON *layout)
{
    struct fetching *f = layout ? calloc(1, sizeof *f) : NULL;
    if (!f)
        return;
    f->id = strdup(t->row.id);
    f->dir = setup_path(t->dir, "images");
    if (f->dir) {
        mkdir(f->dir, 0700);
        f->index = task_json(f->dir, "index.json");
    }
    if (!cJSON_IsObject(f->index)) {
        cJSON_Delete(f->index);
        f->index = cJSON_CreateObject();
    }
    gather(f, layout);
    if (!f->nb || !f->id || !f->dir) {
        fetching_free(f);
        return;
    }
    t->waits = true;
    trtc_crew_give(r->pictures->crew, &f->job);
}

static void land(struct recd *r, struct fetching *f)
{
    for (size_t i = 0; i < f->nb; i++)
        if (f->said[i])
            cli_note("task %s: a picture: %s", f->id, f->said[i]);
    for (size_t i = 0; i < r->nb_tasks; i++)
        if (strcmp(r->tasks[i]->row.id, f->id) == 0) {
            r->tasks[i]->waits = false;
            task_wake(r, r->tasks[i]);
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
    struct trtc_job *next;
    struct trtc_job *j = (*p)->crew ? trtc_crew_take((*p)->crew) : NULL;
    for (; j; j = next) {
        next = j->next;
        fetching_free((struct fetching *)j);
    }
    trtc_crew_free(&(*p)->crew);
    free(*p);
    *p = NULL;
}
