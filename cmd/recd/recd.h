/* SPDX-License-Identifier: MIT */
/* Shared by all files of the service: its state, its tasks, and the loop in which everything
 * runs. */
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

/* A descriptor that the loop polls. It is the first member of a larger struct, which ready gets
 * back by a cast. */
struct polled {
    void (*ready)(struct recd *r, struct polled *p);
    int fd; /* -1: none */
};

struct recd {
    const struct recd_opts *o;
    struct trtc_config config;
    char *data, *tasks_dir, *storage_dir; /* absolute */
    struct trtc_store *store;             /* NULL: it is damaged, and nothing can be changed */
    struct trtc_server *http;
    struct trtc_replay *replay;
    struct trtc_rate *rates; /* four for each application, one per action */
    struct task **tasks;     /* oldest first */
    size_t nb_tasks, cap_tasks;
    struct outbox *outbox;
    struct page *page; /* its readers; NULL: it was never opened */
    struct pictures *pictures;
    int events;            /* an epoll descriptor */
    struct polled inotify; /* watches the directories of tasks */
    int64_t now_ms;        /* of this turn, by a monotonic clock */
    int64_t ahead_us;      /* for clock_note_set */
    int64_t disk_ms;       /* when free_percent was last updated */
    int64_t prune_ms;      /* when old rows were last removed */
    int64_t failed_ms;     /* when a failure of the store was last reported; 0: never */
    int free_percent;      /* of the disk */
    bool changed;          /* something that the page shows has changed */
};

/* ---- loop.c ---- */

/* Polls p->fd, for reading or for writing, until recd_unpoll. Returns 0, or -1: it cannot be
 * polled. */
int recd_poll(struct recd *r, struct polled *p, bool writes);
void recd_unpoll(struct recd *r, struct polled *p);

/* Runs until a signal asks for the end. Returns 0. */
int recd_run(struct recd *r);

/* ---- changing the state ---- */

/* Runs change in one transaction. Returns true when its changes are on disk. Otherwise nothing has
 * changed and the reason has been reported; a damaged store is closed. Without a store it always
 * fails. */
bool recd_change(struct recd *r, int (*change)(struct recd *r, void *arg, struct trtc_err *err),
                 void *arg);

/* Reports an error of the store, but not each of many, and closes the store if it is damaged. */
void recd_store_failed(struct recd *r, const struct trtc_err *err);

/* Puts a callback of a task into the outbox. It is the hear of a trtc_life_ear whose arg is a
 * struct recd_teller. */
struct recd_teller {
    struct recd *r;
    const struct trtc_task_row *row;
};
int recd_tell(void *arg, int type, int64_t event_ms, struct cJSON *payload, struct trtc_err *err);

#endif
