/* SPDX-License-Identifier: MIT */
/* What is left of tasks that are over. */
#define _GNU_SOURCE /* nftw */

#include "sweep.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "setup.h"

enum { DAY_MS = 24 * 3600 * 1000, DEPTH = 8 };

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

void sweep_task(struct recd *r, struct task *t)
{
    struct trtc_err err;
    if (trtc_store_secret_wipe(r->store, t->row.id, &err) < 0)
        recd_store_failed(r, &err);
    if (!r->config.keep)
        drop_tree(t->dir, "files");
    cli_debug("task %s is over", t->row.id);
}

static int forget(struct recd *r, void *arg, struct trtc_err *err)
{
    const struct task *t = arg;
    return trtc_store_task_drop(r->store, t->row.id, err);
}

void sweep_old(struct recd *r)
{
    const int64_t before_ms = clock_real_ms() - r->config.keep_days * DAY_MS;
    for (size_t i = 0; i < r->nb_tasks && r->store; i++) {
        struct task *t = r->tasks[i];
        if (!t->row.settled || t->row.ended_ms > before_ms || !recd_change(r, forget, t))
            continue;
        drop_tree(r->tasks_dir, t->row.id);
        task_free(r, t);
        memmove(r->tasks + i, r->tasks + i + 1, (r->nb_tasks - i - 1) * sizeof *r->tasks);
        r->nb_tasks--;
        i--;
    }
}
