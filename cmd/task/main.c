/* SPDX-License-Identifier: MIT */
/* trtc-task: records one room as one request asks for. This file contains its options and its loop,
 * in which everything happens: events of the room, output of the children, orders from the control
 * FIFO, signals. */
#define _GNU_SOURCE /* signalfd */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../clock.h"
#include "../memory.h"
#include "../opt.h"
#include "api/room_event.h"
#include "base/json_put.h"
#include "task.h"
#include "task/event.h"

#define S          INT64_C(1000000)
#define ROOM       "http://127.0.0.1:8080"
#define AT(member) .at = offsetof(struct task_opts, member)

enum { POLLS_MAX = 512, OWN_POLLS = 2 };

static const int64_t status_us = S / 4, retry_us = S;

static const struct opt_row rows[] = {
    { "room", 0, "SOURCE",
      "the source of the room's events and streams, as for\ntrtc-room watch (" ROOM ")",
      .take = opt_text, AT(room) },
    { "uploader", 0, "CMD",
      "a program that stores the files whose paths it reads,\nand prints the path of each that is stored",
      .take = opt_text, AT(uploader) },
    { 0 },
};

static const struct opt_program program = {
    .name = "trtc-task",
    .synopsis = "DIR [--room SOURCE] [--uploader CMD]",
    .about =
        "Records a live room as DIR/request.json describes it, a CreateCloudRecording request without\n"
        "secrets. The files are in DIR/files, the events in DIR/events.ndjson. Run it again after it\n"
        "was killed, and it continues.",
    .example = "mkdir -m 700 lesson\n"
               "trtc-rec create --dry-run --json -f create.json | jq .body >lesson/request.json\n"
               "trtc-task lesson --room http://127.0.0.1:8080",
    .rows = rows,
};

/* ---- the recorder comes and goes ---- */

void task_again(struct task *t, int64_t at_us)
{
    if (at_us < t->again_us)
        t->again_us = at_us;
}

void task_leave(struct task *t, enum trtc_leave why)
{
    if (t->stage != TASK_RECORDS)
        return;
    room_say_lost(t);
    t->stage = TASK_LEAVES;
    t->leave = why;
    task_leaves(t, why);
    proc_kill(&t->room, SIGTERM);
}

/* Begins, or continues as the journal of an earlier run requires. */
static void begin(struct task *t)
{
    struct trtc_err err;
    const enum trtc_resume how = t->resume;
    t->rescues = how != TRTC_RESUME_BEGIN;
    if (t->log.nb_bad > 0)
        task_loss(t, NULL, "lines of events.ndjson are damaged, and were left out");
    if (how == TRTC_RESUME_FINISH) {
        t->stage = TASK_LEAVES;
        t->leave = (enum trtc_leave)t->log.journal.leave_code;
        return;
    }
    if (how == TRTC_RESUME_GIVE_UP) {
        task_loss(t, NULL, "the task has already been resumed three times: it ends");
        task_leave(t, TRTC_LEAVE_FAILED);
        return;
    }
    if (how == TRTC_RESUME_RECORD) {
        t->log.journal.ha++;
        task_event_status(t, TRTC_EVENT_FAILOVER, 0);
        task_loss(t, NULL,
                  "the task was killed and continues: what was sent in between is missing");
    } else {
        task_event_status(t, TRTC_EVENT_START, 0);
    }
    t->changed = true;
    if (room_start(t, &err) < 0) {
        cli_report(&err);
        t->lost_us = t->now_us;
        t->room_due_us = t->now_us + S;
    }
}

/* ---- the loop ---- */

static void take_signals(struct task *t)
{
    struct signalfd_siginfo i;
    while (read(t->signals, &i, sizeof i) == (ssize_t)sizeof i) {
        if (i.ssi_signo == SIGCHLD)
            continue;
        if (t->stage == TASK_RECORDS) {
            t->signal_us = clock_mono_us();
            task_leave(t, TRTC_LEAVE_ASKED);
        } else if (i.ssi_signo != SIGHUP && /* the shell may send it again */
                   clock_mono_us() - t->signal_us > CLI_TWICE_US)
            t->signal = (int)i.ssi_signo;
    }
}

static void read_clocks(struct task *t)
{
    t->now_us = clock_mono_us();
    t->now_ms = clock_real_ms();
    clock_note_set(&t->ahead_us, "streams that begin from now on have the new time");
}

static void await(struct task *t)
{
    struct pollfd fds[POLLS_MAX] = { { .fd = t->signals, .events = POLLIN },
                                     { .fd = t->control, .events = POLLIN } };
    const size_t n = OWN_POLLS + proc_polls(t->procs, fds + OWN_POLLS, POLLS_MAX - OWN_POLLS);
    const int64_t left_us = t->again_us - clock_mono_us();
    const int ms = t->again_us == INT64_MAX ? -1
                   : left_us <= 0           ? 0
                   : left_us > 60 * S       ? 60000
                                            : (int)((left_us + 999) / 1000);
    poll(fds, n, ms);
    t->again_us = INT64_MAX;
    read_clocks(t);
    take_signals(t);
    task_control(t);
    proc_turn(&t->procs);
}

static void record_turn(struct task *t)
{
    if (t->mix)
        mix_turn(t);
    else
        singles_turn(t);
}

void task_look_later(struct task *t, const char *user)
{
    task_loss(t, user,
              user ? "out of memory: the stream waits"
                   : "out of memory: changes in the room are noticed a second later");
    t->look_us = t->now_us + retry_us;
    task_again(t, t->look_us);
}

/* Whether something has changed, or a change that failed for lack of memory is to be tried
 * again. */
static bool has_changed(struct task *t)
{
    const bool due = t->changed || (t->look_us && t->now_us >= t->look_us);
    if (due)
        t->look_us = 0;
    else if (t->look_us)
        task_again(t, t->look_us);
    t->changed = false;
    return due;
}

void task_look(struct task *t)
{
    int64_t again_us;
    if (t->stage != TASK_RECORDS)
        return;
    if (has_changed(t)) {
        t->stale = true;
        trtc_watch_note(&t->watch, &t->here, &t->r, t->now_us);
        if (t->mix)
            mix_update(t);
        else
            singles_update(t);
        record_turn(t);
    }
    const enum trtc_leave why = trtc_watch_leave(&t->watch, &t->here, &t->r, t->now_us, &again_us);
    if (why != TRTC_STAY)
        task_leave(t, why);
    else
        task_again(t, again_us);
}

/* Writes the journal and then the status, so that the status never contains what the journal does
 * not. */
static void write_down(struct task *t)
{
    if (!log_flush(&t->log)) {
        task_again(t, t->now_us + retry_us);
        return;
    }
    if (t->stale && t->now_us - t->status_us >= status_us)
        task_status(t, false);
    if (t->stale)
        task_again(t, t->status_us + status_us);
}

static void turn(struct task *t)
{
    room_turn(t);
    task_look(t);
    record_turn(t);
    if (t->stage == TASK_LEAVES && !singles_run(t) && !mix_runs(t))
        t->stage = TASK_FINISHES;
    upload_turn(t, false);
    if (t->stage == TASK_FINISHES)
        finish_turn(t);
    write_down(t);
}

/* ---- from start to end ---- */

static int open_signals(struct task *t, struct trtc_err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (cli_hangs_up())
        sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    t->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return t->signals >= 0 ? 0 : trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "signalfd");
}

static int run(struct task *t, struct trtc_err *err)
{
    if (task_open(t, err) < 0 || open_signals(t, err) < 0)
        return -1;
    if (t->resume == TRTC_RESUME_OVER) {
        cli_note("%s: the task has ended already", t->o->dir);
        return t->log.nb_bad > 0 && t->log.journal.exit_status == TRTC_EX_OK
                   ? TRTC_EX_LOSS
                   : t->log.journal.exit_status;
    }
    if (t->r.mixed && mix_new(t, err) < 0)
        return -1;
    read_clocks(t);
    t->again_us = INT64_MAX;
    begin(t);
    turn(t);
    while ((t->stage != TASK_OVER || t->log.n) &&
           !t->signal) { /* the last lines may wait for room */
        await(t);
        turn(t);
    }
    if (t->stage != TASK_OVER)
        return 128 + t->signal;
    if (!log_flush(&t->log))
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "%s: events.ndjson cannot be written", t->o->dir);
    task_status(t, true);
    return t->failure ? t->failure : t->log.journal.exit_status;
}

static int record(const struct task_opts *o)
{
    struct trtc_err err;
    struct task *t = calloc(1, sizeof *t);
    if (!t)
        return cli_no_memory();
    t->o = o;
    t->dir = t->lock = t->control = t->signals = t->log.fd = -1;
    umask(077);
    int code = run(t, &err);
    if (code < 0)
        code = cli_report(&err);
    proc_end_all(&t->procs);
    finish_free(t);
    upload_free(t);
    mix_free(t);
    singles_free(t);
    trtc_attendance_fini(&t->here);
    trtc_attendance_fini(&t->next);
    task_close(t);
    free(t);
    return code;
}

int main(int argc, char *argv[])
{
    struct task_opts o = { .room = ROOM };
    struct opt_list operands;
    int code = 0;
    cli_init(program.name);
    if (opt_read(&program, argc, argv, &o, NULL, &operands, &code) == OPT_GO) {
        if (trtc_room_source(o.room, NULL) == TRTC_ROOM_SOURCE_NONE) {
            code = cli_usage("--room: '%s': a SOURCE is " TRTC_ROOM_SOURCES, o.room);
        } else if (opt_check_names(&operands)) {
            code = TRTC_EX_USAGE;
        } else if (operands.n == 1) {
            o.dir = operands.items[0];
            code = record(&o);
        } else {
            code = cli_usage("exactly one DIR is needed, with request.json in it");
        }
    }
    opt_list_free(&operands);
    return cli_finish(code ? memory_settle(code) : 0);
}
