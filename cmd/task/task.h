/* SPDX-License-Identifier: MIT */
/* What the parts of trtc-task share: one task, from its directory to its end. */
#ifndef TRTC_CMD_TASK_TASK_H
#define TRTC_CMD_TASK_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/attendance.h"
#include "base/err.h"
#include "log.h"
#include "proc.h"
#include "task/index.h"
#include "task/journal.h"
#include "task/leave.h"
#include "task/request.h"
#include "task/streams.h"

struct cJSON;

struct task_opts {
    const char *dir, *room, *uploader;
};

enum task_stage {
    TASK_RECORDS,
    TASK_LEAVES,   /* the recorder has left; its children end */
    TASK_FINISHES, /* files are made of what they recorded */
    TASK_OVER
};

struct single;
struct mix;
struct uploader;
struct finish;

struct task {
    const struct task_opts *o;
    int dir, lock, control, signals; /* descriptors */
    char *id;
    struct cJSON *request, *change; /* change: the last modify, or NULL */
    struct trtc_task_request r;

    struct log log;
    struct trtc_index index;
    enum trtc_resume resume;
    bool rescues; /* a child or a run before was killed: files have to be looked for */

    struct proc *procs; /* all children */
    struct proc room;
    struct trtc_attendance here, next; /* next: what a new child says of who is there... */
    int64_t settle_us;                 /* ...until then; 0: it says all as it happens */
    int64_t room_since_us;             /* when the child was started... */
    int64_t room_due_us;               /* ...and when it is started again; 0: it runs */
    int64_t lost_us;                   /* since when nobody says who is there; 0: somebody does */
    int room_failures;
    struct trtc_watch watch;

    struct trtc_task_streams streams; /* that are recorded, or wait */
    struct single *singles;
    struct mix *mix;           /* of a mixed recording; else NULL */
    struct uploader *uploader; /* or NULL */
    struct finish *finish;

    enum task_stage stage;
    enum trtc_leave leave;
    bool in_progress;  /* something has been recorded */
    bool changed;      /* who is there, or what is wanted of it */
    bool stale;        /* status.json is older than what it says */
    int64_t status_us; /* when it was written */
    int signal;        /* a second one: the program ends at once */
    int failure;       /* of the machine: the exit status */

    struct { /* the control FIFO, line by line */
        char text[64 << 10];
        size_t n;
        bool skips;
    } lines;

    int64_t now_us, now_ms; /* of this turn */
    int64_t again_us;       /* of the next one, if nothing happens */
};

/* Has the loop turn again at that time at the latest. */
void task_again(struct task *t, int64_t at_us);

/* dir.c: what stands in the directory. Each returns 0, or -1 with err. */
int task_open(struct task *t, struct trtc_err *err);
void task_close(struct task *t);
void task_status(struct task *t, bool durable);
void task_control(struct task *t); /* reads the FIFO */

/* A file of the directory as JSON (TRTC_EX_NOINPUT where there is none), and one that is replaced whole. */
struct cJSON *task_json(const struct task *t, const char *name, struct trtc_err *err);
int task_replace(const struct task *t, const char *name, const char *text, bool durable,
                 struct trtc_err *err);

/* Where a child gets the stream from. The caller's to free. */
char *task_address(const struct task *t, const struct trtc_task_stream *s, enum trtc_join join);

/* Looks at who is there, and does what that asks for. */
void task_look(struct task *t);

/* Notes what happened. A line that cannot be written waits, and is tried again. */
void task_event(struct task *t, int type, struct cJSON *payload);
void task_event_status(struct task *t, int type, int status);
void task_file(struct task *t, const char *path, const char *type);
void task_leaves(struct task *t, enum trtc_leave why);
void task_loss(struct task *t, const char *user, const char *sentence);

/* The recorder leaves its room. */
void task_leave(struct task *t, enum trtc_leave why);

/* room.c: who is there. */
int room_start(struct task *t, struct trtc_err *err);
void room_turn(struct task *t);
void room_say_lost(struct task *t); /* if it was lost until now */

/* single.c: the streams, each recorded by a child. */
void singles_update(struct task *t);
void singles_turn(struct task *t);
bool singles_run(const struct task *t); /* whether one still runs */
void singles_free(struct task *t);

/* mix.c: the mix of all of them, made and recorded by two children. */
int mix_new(struct task *t, struct trtc_err *err);
void mix_update(struct task *t);
void mix_change(struct task *t, const struct cJSON *change);
void mix_turn(struct task *t);
bool mix_runs(const struct task *t);
void mix_free(struct task *t);

/* files.c: a line that trtc-hls printed of that user's stream ("": of the mix). *ha, where it is wanted, becomes the
 * recovery number that it records under. */
void task_recorded(struct task *t, const char *user, const char *line, size_t n, int *ha);

/* upload.c: another program puts the files into their place. upload_turn: last: no more files come; true: it is done, or has
 * given up what is left. */
int upload_new(struct task *t, struct trtc_err *err);
int upload_take(struct task *t, const struct cJSON *line);
void upload_file(struct task *t, const char *path, const char *type);
void upload_made(struct task *t, const struct cJSON *payload);
bool upload_turn(struct task *t, bool last);
void upload_say_left(struct task *t);
void upload_free(struct task *t);

/* finish.c: what is left to do when all has been recorded. */
void finish_turn(struct task *t);
void finish_free(struct task *t);

#endif
