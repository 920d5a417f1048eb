/* SPDX-License-Identifier: MIT */
/* Shared by all files of trtc-task: the state of the one task, from its directory to its end. */
#ifndef TRTC_CMD_TASK_TASK_H
#define TRTC_CMD_TASK_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/attendance.h"
#include "base/err.h"
#include "log.h"
#include "proc.h"
#include "task/control.h"
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
    TASK_LEAVES,   /* the recorder has left the room; its children are ending */
    TASK_FINISHES, /* files are completed, made and uploaded */
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
    struct cJSON *request, *change; /* change: of the last modify, or NULL */
    struct trtc_task_request r;

    struct log log;
    struct trtc_index index;
    enum trtc_resume resume;
    bool rescues; /* after a kill: files may have to be completed or listed */

    struct proc *procs; /* all children */
    struct proc room;
    struct trtc_attendance here; /* who is in the room */
    struct trtc_attendance next; /* the same as a new child reports it, which replaces here... */
    int64_t settle_us;           /* ...at that time; 0: the child reports changes as they happen */
    int64_t room_since_us;       /* when the child was started */
    int64_t room_due_us;         /* when it is started again; 0: it runs */
    int64_t lost_us;             /* since when the room cannot be followed; 0: it can */
    int room_failures;
    struct trtc_watch watch;

    struct trtc_task_streams streams; /* those that are recorded, and those that wait */
    struct single *singles;
    struct mix *mix;           /* of a mixed recording; else NULL */
    struct uploader *uploader; /* or NULL */
    struct finish *finish;

    enum task_stage stage;
    enum trtc_leave leave;
    bool in_progress;  /* a recording has begun */
    bool changed;      /* here or the subscription has changed */
    int64_t look_us;   /* when task_look tries again, after a shortage of memory; 0: never */
    bool stale;        /* status.json is out of date */
    int64_t status_us; /* when it was written */
    int64_t signal_us; /* when the first signal came that ends the task; 0: not yet */
    int signal;        /* the second signal, on which the program ends at once; 0: none yet */
    int failure;       /* of the machine (disk, memory): the exit status; 0: none */

    struct { /* the control FIFO, line by line */
        char text[TRTC_CONTROL_LINE_MAX];
        size_t n;
        bool skips;
    } lines;

    int64_t now_us, now_ms; /* of this turn: by a monotonic clock, and of the epoch */
    int64_t ahead_us;       /* for clock_note_set */
    int64_t again_us;       /* the next turn, if nothing happens before */
};

/* Makes the loop turn again at that time at the latest. */
void task_again(struct task *t, int64_t at_us);

/* dir.c: the files of the directory. task_open returns 0, or -1 with err. */
int task_open(struct task *t, struct trtc_err *err);
void task_close(struct task *t);
void task_status(struct task *t, bool durable); /* writes status.json; durable: and syncs it */
void task_control(struct task *t);              /* reads the FIFO */

/* Reads a JSON file of the directory, which the caller frees; NULL: TRTC_EX_NOINPUT (it is
 * missing), or another error. */
struct cJSON *task_json(const struct task *t, const char *name, struct trtc_err *err);
/* Replaces a file of the directory atomically; durable: and syncs it. Returns 0, or -1. */
int task_replace(const struct task *t, const char *name, const char *text, bool durable,
                 struct trtc_err *err);

/* Returns the address from which a child reads the stream; the caller frees it. NULL: no memory. */
char *task_address(const struct task *t, const struct trtc_task_stream *s, enum trtc_join join);

/* Starts and stops recorders after a change of the attendance, and leaves the room if there is a
 * reason. */
void task_look(struct task *t);

/* After a shortage of memory: reports a loss (user: whose stream waits, or NULL), and calls
 * task_look again in a second. */
void task_look_later(struct task *t, const char *user);

/* Add lines to the journal. A line that cannot be written yet waits, and is tried again. task_event
 * takes payload. */
void task_event(struct task *t, int type, struct cJSON *payload);
void task_event_status(struct task *t, int type, int status);
void task_file(struct task *t, const char *path, const char *type);
void task_leaves(struct task *t, enum trtc_leave why);
void task_loss(struct task *t, const char *user, const char *sentence);

/* The recorder leaves its room. */
void task_leave(struct task *t, enum trtc_leave why);

/* room.c: follows who is in the room. */
int room_start(struct task *t, struct trtc_err *err);
void room_turn(struct task *t);
void room_say_lost(struct task *t); /* ends a time in which it could not be followed */

/* single.c: single streams, each recorded by a child of its own. */
void singles_update(struct task *t);
void singles_turn(struct task *t);
bool singles_run(const struct task *t); /* whether a child still runs */
void singles_free(struct task *t);

/* mix.c: the mix of all streams, made and recorded by two children. */
int mix_new(struct task *t, struct trtc_err *err);
void mix_update(struct task *t);
void mix_change(struct task *t, const struct cJSON *change);
void mix_turn(struct task *t);
bool mix_runs(const struct task *t);
void mix_free(struct task *t);

/* files.c: takes a line of n bytes that trtc-hls has printed about a user's stream ("": the mix).
 * *ha (or NULL) becomes the recovery number in the file's name if that is larger. Returns whether
 * the line is about a file. */
bool task_recorded(struct task *t, const char *user, const char *line, size_t n, int *ha);

/* Reports a message of a trtc-hls that only completes the files of a dead one as a loss, except
 * for the one about its input, which is empty on purpose. */
void task_rescue_said(struct task *t, const char *user, const char *line);

/* upload.c: another program uploads the files. upload_turn: last: no more files come; returns true
 * when all are uploaded, or the rest was given up. */
int upload_new(struct task *t, struct trtc_err *err);
int upload_take(struct task *t, const struct cJSON *line);
void upload_file(struct task *t, const char *path, const char *type);
void upload_made(struct task *t, const struct cJSON *payload);
bool upload_turn(struct task *t, bool last);
void upload_say_left(struct task *t);
void upload_free(struct task *t);

/* finish.c: what remains to be done after the recording. */
void finish_turn(struct task *t);
void finish_free(struct task *t);

#endif
