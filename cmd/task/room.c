/* SPDX-License-Identifier: MIT */
/* Follows who is in the room: a trtc-room watches it, and reports event by event. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../cli.h"
#include "api/room_event.h"
#include "base/text.h"
#include "task.h"

#define S INT64_C(1000000)

enum { SHOWN_MAX = 256, DOUBLINGS = 5 };

/* A new child first reports everybody who is there: within settle_us of its first line, or
 * settle_late_us of its start. A child that runs for steady_us resets the count of failures. */
static const int64_t settle_us = 2 * S, settle_late_us = 10 * S, steady_us = 30 * S;

/* A trtc-room keeps the beginning of a stream at least this long, so a shorter time unfollowed
 * loses nothing. */
static const int64_t unseen_us = 2 * S;

/* Notes that the room can no longer be followed. */
static void lose(struct task *t)
{
    if (!t->lost_us)
        t->lost_us = t->now_us;
}

void room_say_lost(struct task *t)
{
    if (t->lost_us && t->now_us - t->lost_us > unseen_us)
        task_loss(
            t, NULL,
            "the room could not be followed for a while: users who came and went in that time are missing");
    t->lost_us = 0;
}

/* Reports that an event is lost for lack of memory, and ends the child: the next one reports again
 * who is present. */
static void lack_event(struct task *t)
{
    task_loss(t, NULL, "out of memory: an event of the room is missing");
    proc_kill(&t->room, SIGTERM);
}

static void take_event(struct task *t, const struct trtc_room_event *e)
{
    struct trtc_err err;
    const bool settles = t->settle_us != 0;
    if (strcmp(e->room, t->r.room) != 0)
        return;
    /* what a new child reports applies at once; what it does not report ends once it has settled */
    if ((settles && trtc_attendance_apply(&t->next, e, NULL, &err) < 0) ||
        trtc_attendance_apply(&t->here, e, NULL, &err) < 0)
        lack_event(t);
    if (e->type == TRTC_ROOM_DISMISSED)
        t->watch.closed = true;
    t->changed = true;
    task_look(t); /* before the next event: a stream may end as soon as it has begun */
    if (settles && t->now_us + settle_us < t->settle_us)
        t->settle_us = t->now_us + settle_us;
}

char *task_address(const struct task *t, const struct trtc_task_stream *s, enum trtc_join join)
{
    /* only a trtc-room understands from=... */
    return trtc_join_address(s->source, trtc_is_http(t->o->room) ? join : TRTC_JOIN_BEGINNING);
}

static void on_line(void *arg, const char *line, size_t n)
{
    struct task *t = arg;
    struct trtc_room_line l;
    struct trtc_err err;
    const int ret = trtc_room_event_parse(line, n, &l, &err);
    room_say_lost(t);
    if (ret < 0 && err.code != TRTC_EX_DATAERR)
        lack_event(t);
    else if (ret < 0)
        cli_error("trtc-room: %s: left out", err.msg);
    else if (ret == 1)
        take_event(t, &l.event);
}

static void on_said(void *arg, const char *line, size_t n)
{
    const bool one = strstr(line, ": cannot be relayed: "); /* concerns one stream, not the room */
    if (!one && trtc_ends_with(line, n, ": trying again"))
        lose(arg);
    else if (trtc_ends_with(line, n, ": it is available again"))
        room_say_lost(arg);
    cli_note("%s", line);
}

/* Starts the child again, after a pause that becomes longer with each failure. */
static void on_ended(void *arg, int status)
{
    struct task *t = arg;
    if (t->stage != TASK_RECORDS)
        return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        cli_note("%s has ended: no more events will come", t->o->room);
        return;
    }
    if (WIFEXITED(status))
        cli_error("trtc-room watch ended with exit status %d: it is started again",
                  WEXITSTATUS(status));
    else
        cli_error("trtc-room watch was ended by signal %d: it is started again", WTERMSIG(status));
    lose(t);
    t->settle_us = 0; /* until then, here stays as it is */
    if (t->now_us - t->room_since_us > steady_us)
        t->room_failures = 0;
    t->room_due_us = t->now_us + (t->room_failures ? S << t->room_failures : 0);
    t->room_failures += t->room_failures < DOUBLINGS;
}

int room_start(struct task *t, struct trtc_err *err)
{
    static const struct proc_calls calls = { on_line, on_said, on_ended };
    struct trtc_words w = { 0 };
    trtc_command_watch(&w, &t->r, t->o->room);
    t->room.calls = &calls;
    t->room.arg = t;
    t->room_since_us = t->now_us;
    return proc_start(&t->procs, &t->room, &(struct proc_start){ &w, -1, -1, -1 }, err);
}

static void restart(struct task *t)
{
    struct trtc_err err;
    t->room_due_us = 0;
    t->settle_us = t->now_us + settle_late_us;
    trtc_attendance_fini(&t->next); /* of the child before it */
    if (room_start(t, &err) == 0)
        return;
    cli_report(&err);
    t->settle_us = 0;
    t->room_due_us = t->now_us + settle_us;
}

/* Replaces here with what the new child has reported: everybody else has left. */
static void settle(struct task *t)
{
    struct trtc_err err;
    t->settle_us = 0;
    if (trtc_attendance_become(&t->here, &t->next, t->now_ms, NULL, &err) < 0)
        cli_report(&err);
    trtc_attendance_fini(&t->next);
    t->changed = true;
}

void room_turn(struct task *t)
{
    if (t->stage != TASK_RECORDS)
        return;
    if (t->room_due_us && t->now_us >= t->room_due_us)
        restart(t);
    if (t->settle_us && t->now_us >= t->settle_us)
        settle(t);
    if (t->room_due_us)
        task_again(t, t->room_due_us);
    if (t->settle_us)
        task_again(t, t->settle_us);
}
