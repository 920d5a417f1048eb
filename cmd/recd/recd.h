/* SPDX-License-Identifier: MIT */
/* What the parts of the service share: its state, its tasks, and the loop that everything runs in. */
#ifndef TRTC_CMD_RECD_RECD_H
#define TRTC_CMD_RECD_RECD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "serve/server.h"
#include "service/config.h"
#include "service/life.h"
#include "service/limits.h"
#include "service/params.h"
#include "service/store.h"

struct outbox;
struct page;
struct pictures;
struct recd;
struct task;
struct upload;

/* Something whose descriptor is polled: the first member of what it belongs to. */
struct polled {
    void (*ready)(struct recd *r, struct polled *p);
    int fd; /* -1: none */
};

struct recd {
    const struct recd_opts *o;
    struct trtc_config config;
    char *data, *tasks_dir, *storage_dir; /* absolute */
    struct trtc_store *store;             /* NULL: it cannot be used, and nothing is changed */
    struct trtc_server *http;
    struct trtc_replay *replay;
    struct trtc_rate *rates; /* four of each application */
    struct task **tasks;     /* in the order in which they were made */
    size_t nb_tasks, cap_tasks;
    struct outbox *outbox;
    struct page *page; /* those who look at it; NULL: nobody has */
    struct pictures *pictures;
    int events;            /* an epoll descriptor */
    struct polled inotify; /* of the directories of tasks */
    int64_t now_ms;        /* of a clock that is never set */
    int64_t disk_ms;       /* when the disk was last looked at */
    int64_t prune_ms;
    int free_percent; /* of the disk */
    bool changed;     /* something that the page shows */
};

/* ---- loop.c ---- */

/* Polls p->fd, for reading or writing; -1 where that cannot be. */
int recd_poll(struct recd *r, struct polled *p, bool writes);
void recd_unpoll(struct recd *r, struct polled *p);

/* Runs until a signal asks for the end. */
int recd_run(struct recd *r);

/* ---- what changes the state ---- */

/* One transaction: what change does to the store is there when true is returned, or not at all. A damaged store is given up
 * with a message, and no store is no success. */
bool recd_change(struct recd *r, int (*change)(struct recd *r, void *arg, struct trtc_err *err),
                 void *arg);

/* Says what went wrong with the store, and gives it up where it is damaged. */
void recd_store_failed(struct recd *r, const struct trtc_err *err);

/* A callback of a task into the outbox: a trtc_life_ear's hear, whose arg is this. */
struct recd_teller {
    struct recd *r;
    const struct trtc_task_row *row;
};
int recd_tell(void *arg, int type, int64_t event_ms, struct cJSON *payload, struct trtc_err *err);

#endif
