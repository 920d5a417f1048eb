/* SPDX-License-Identifier: MIT */
/* Removes what is left of tasks that are over. */
#define _GNU_SOURCE /* nftw */

#include "sweep.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "base/listing.h"
#include "follow.h"
#include "setup.h"

enum { DAY_MS = 24 * 3600 * 1000, DEPTH = 8, LEAVE_SERVER = 3 };

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void drop_tree(const char *dir, const char *name)
{
    char *path = setup_path(dir, name);
    if (path)
        nftw(path, drop, DEPTH, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    free(path);
}

void sweep_directory(const struct recd *r, const char *id)
{
    drop_tree(r->tasks_dir, id);
}

static bool drop_proven(void *arg, const struct trtc_file_row *f)
{
    const struct task *t = arg;
    char *path = f->proven_seq >= f->seq ? setup_path(t->dir, f->path) : NULL;
    if (path)
        unlink(path);
    free(path);
    return true;
}

static bool see_failed(void *arg, const struct trtc_made_row *m)
{
    bool *failed = arg;
    cJSON *made = cJSON_Parse(m->json);
    *failed = !made || trtc_life_made_failed(made);
    cJSON_Delete(made);
    return !*failed;
}

/* Whether files that were not uploaded may be needed: a task that ended with a failure may not have
 * listed all, and if MP4 or AAC could not be made, the HLS may be all that there is. */
static bool is_spared(const struct recd *r, const struct task *t)
{
    bool failed = false;
    return t->row.end_status || !r->store ||
           trtc_store_mades(r->store, t->row.id, see_failed, &failed, NULL) < 0 || failed;
}

/* Removes the files of a task, without those that are spared. */
static void drop_files(const struct recd *r, struct task *t)
{
    char *files = setup_path(t->dir, "files");
    const bool spared = is_spared(r, t);
    if (!spared)
        drop_tree(t->dir, "files");
    else if (r->store)
        trtc_store_files(r->store, t->row.id, drop_proven, t, NULL);
    if (spared && files && rmdir(files) < 0 && errno != ENOENT)
        cli_note("task %s: files that were not uploaded stay in %s", t->row.id, files);
    free(files);
    t->cleared = true;
}

bool sweep_task(struct recd *r, struct task *t)
{
    struct trtc_err err;
    if (trtc_store_secret_wipe(r->store, t->row.id, &err) < 0) {
        recd_store_failed(r, &err);
        return false;
    }
    if (!r->config.keep && !t->cleared)
        drop_files(r, t);
    cli_debug("task %s is over", t->row.id);
    return true;
}

/* ---- files that have disappeared ---- */

struct gone {
    struct task *task;
    char *paths[64];
    size_t nb;
};

static bool collect_gone(void *arg, const struct trtc_file_row *f)
{
    struct gone *g = arg;
    char *path = setup_path(g->task->dir, f->path);
    if (path && access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR) &&
        (g->paths[g->nb] = strdup(f->path)) != NULL)
        g->nb++;
    free(path);
    return g->nb < sizeof g->paths / sizeof g->paths[0];
}

static int lose_gone(struct recd *r, void *arg, struct trtc_err *err)
{
    const struct gone *g = arg;
    const char *id = g->task->row.id;
    for (size_t i = 0; i < g->nb; i++) {
        char said[400];
        snprintf(said, sizeof said, "%.300s disappeared before it was uploaded", g->paths[i]);
        if (follow_loss(r, g->task, said, err) < 0 ||
            trtc_store_file_drop(r->store, id, g->paths[i], err) < 0)
            return -1;
    }
    return task_progress(r, g->task, err) < 0 ? -1
                                              : trtc_store_task_save(r->store, &g->task->row, err);
}

void sweep_gone(struct recd *r, struct task *t)
{
    struct gone g = { .task = t };
    struct trtc_err err;
    if (!t->row.ended_ms || !r->store)
        return;
    if (trtc_store_files_due(r->store, t->row.id, collect_gone, &g, &err) < 0)
        recd_store_failed(r, &err);
    else if (g.nb)
        task_change(r, t, lose_gone, &g);
    while (g.nb)
        free(g.paths[--g.nb]);
}

/* ---- directories ---- */

/* Whether name is an id as trtc-recd makes them. Other directories, such as "..", are left
 * alone. */
static bool is_id(const char *name)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    return strlen(name) >= 28 && strspn(name, letters) == strlen(name);
}

static bool is_known(const struct recd *r, const char *id)
{
    for (size_t i = 0; i < r->nb_tasks; i++)
        if (strcmp(r->tasks[i]->row.id, id) == 0)
            return true;
    return false;
}

/* Whether a task's directory has, or may have, something: only what is certainly not there may count
 * as nothing to keep. */
static bool may_have(const char *dir, const char *name)
{
    char *path = setup_path(dir, name);
    const bool may = !path || access(path, F_OK) == 0 || errno != ENOENT;
    free(path);
    return may;
}

/* Asks the recorder of a task that is not in the store to end: through the API nobody can. */
static void end_unknown(const char *dir)
{
    char stop[64];
    snprintf(stop, sizeof stop, "{\"stop\":{\"LeaveCode\":%d}}\n", LEAVE_SERVER);
    if (!task_is_held(dir))
        cli_error("%s belongs to no known task: its files stay there", dir);
    else if (task_say(dir, stop))
        cli_error(
            "%s belongs to no known task: its recorder was asked to end, and its files stay there",
            dir);
    else
        cli_error(
            "%s belongs to no known task, but its recorder is running and cannot be asked to end",
            dir);
}

static void sweep_one(const struct recd *r, const char *id)
{
    char *dir = setup_path(r->tasks_dir, id);
    if (dir && may_have(dir, "events.ndjson")) /* a task has run there */
        end_unknown(dir);
    else if (dir)
        sweep_directory(r, id);
    free(dir);
}

void sweep_unknown(struct recd *r)
{
    struct trtc_names names = { 0 };
    const int fd = open(r->tasks_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && trtc_list_dir(fd, r->tasks_dir, &names, NULL) == 0)
        for (size_t i = 0; i < names.n; i++)
            if (is_id(names.v[i]) && !is_known(r, names.v[i]))
                sweep_one(r, names.v[i]);
    trtc_names_fini(&names);
    if (fd >= 0)
        close(fd);
}

static int forget(struct recd *r, void *arg, struct trtc_err *err)
{
    const struct task *t = arg;
    return trtc_store_task_drop(r->store, t->row.id, err);
}

/* Whether a task still has files that only a person may remove. */
static bool has_rest(const struct recd *r, struct task *t)
{
    if (!t->cleared)
        drop_files(r, t);
    return may_have(t->dir, "files") && is_spared(r, t);
}

void sweep_old(struct recd *r)
{
    const int64_t before_ms = clock_real_ms() - r->config.keep_days * DAY_MS;
    for (size_t i = 0; i < r->nb_tasks && r->store; i++) {
        struct task *t = r->tasks[i];
        if (!t->row.settled || t->row.ended_ms > before_ms || has_rest(r, t))
            continue;
        sweep_directory(r, t->row.id); /* first, since a directory without a row is never removed */
        if (!recd_change(r, forget, t))
            continue;
        task_free(r, t);
        memmove(r->tasks + i, r->tasks + i + 1, (r->nb_tasks - i - 1) * sizeof *r->tasks);
        r->nb_tasks--;
        i--;
    }
}
