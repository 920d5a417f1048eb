/* SPDX-License-Identifier: MIT */
/* Single streams, each recorded by a trtc-hls of its own. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../cli.h"
#include "base/text.h"
#include "base/utc.h"
#include "single.h"
#include "task/event.h"
#include "task/recorder.h"

enum { TEXT_MAX = 512 };

/* ---- what is wanted ---- */

static struct single *find(const struct task *t, const struct trtc_task_stream *s)
{
    struct single *m = t->singles;
    while (m && (m->stream.aux != s->aux || strcmp(m->stream.user, s->user) != 0))
        m = m->next;
    return m;
}

static struct single *add(struct task *t, const struct trtc_task_stream *s)
{
    struct single *m = calloc(1, sizeof *m);
    char *user = m ? strdup(s->user) : NULL;
    if (!user) {
        free(m);
        return NULL;
    }
    m->task = t;
    m->stream = (struct trtc_task_stream){ .user = user, .aux = s->aux, .since_ms = TRTC_NOTIME };
    trtc_recorder_init(&m->recorder, t->resume != TRTC_RESUME_BEGIN,
                       trtc_index_ha(&t->index, s->user, s->aux ? "aux" : "main"));
    m->next = t->singles;
    t->singles = m;
    return m;
}

/* Reports a stream that ended while the child of the one before it was still running. */
static void say_missed(struct single *m)
{
    if (m->recorder.want.wanted && !m->begun)
        task_loss(m->task, m->stream.user, "a stream ended before it could be recorded");
}

static void want(struct single *m, const struct trtc_task_stream *s)
{
    struct trtc_recorder_want w = { true, s->audio, s->video, m->number };
    if (!trtc_task_stream_same(&m->stream, s)) {
        char *source = strdup(s->source);
        if (!source) {
            task_look_later(m->task, s->user);
            return;
        }
        say_missed(m);
        free(m->stream.source);
        m->stream.source = source;
        m->stream.since_ms = s->since_ms;
        m->begun = false;
        w.number = ++m->number;
    }
    m->stream.picture_ms = s->picture_ms;
    m->stream.sound_ms = s->sound_ms;
    m->stream.audio = s->audio;
    m->stream.video = s->video;
    trtc_recorder_wants(&m->recorder, &w, m->task->now_us);
}

static void want_nothing(struct single *m)
{
    struct trtc_recorder_want w = m->recorder.want;
    say_missed(m);
    w.wanted = false;
    trtc_recorder_wants(&m->recorder, &w, m->task->now_us);
}

/* Leaves out a stream for which there is no place or no address, and reports that once. */
static void leave_out(struct single *m, const struct trtc_task_stream *s)
{
    char text[TEXT_MAX];
    want_nothing(m);
    if (m->left_out_ms == s->since_ms)
        return;
    m->left_out_ms = s->since_ms;
    if (s->source)
        snprintf(text, sizeof text, "the %s waits: %d streams are recorded already",
                 trtc_task_stream_word(s), TRTC_TASK_STREAMS_MAX);
    else
        snprintf(text, sizeof text, "the %s is not recorded: its events have no Source",
                 trtc_task_stream_word(s));
    task_loss(m->task, s->user, text);
}

void singles_update(struct task *t)
{
    struct trtc_task_streams now = { 0 };
    struct trtc_err err;
    if (trtc_task_streams_wanted(&t->here, &t->r, &t->streams, &now, &err) < 0) {
        trtc_task_streams_fini(&now);
        task_look_later(t, NULL);
        return;
    }
    for (struct single *m = t->singles; m; m = m->next)
        if (!trtc_task_streams_find(&now, m->stream.user, m->stream.aux))
            want_nothing(m);
    for (size_t i = 0; i < now.n + now.nb_waiting; i++) {
        const struct trtc_task_stream *s = &now.items[i];
        struct single *m = find(t, s);
        if (!m)
            m = add(t, s);
        if (m && i < now.n && s->source)
            want(m, s);
        else if (m)
            leave_out(m, s);
        else
            task_look_later(t, s->user);
    }
    trtc_task_streams_fini(&t->streams);
    t->streams = now;
}

/* ---- the child ---- */

static void on_line(void *arg, const char *line, size_t n)
{
    struct single *m = arg;
    m->said[0] = '\0';
    m->recorded |= task_recorded(m->task, m->stream.user, line, n, &m->recorder.ha);
}

static void on_said(void *arg, const char *line, size_t n)
{
    struct single *m = arg;
    (void)n;
    if (strncmp(m->said, line, sizeof m->said - 1) == 0)
        return; /* a child that was started again repeats its message */
    snprintf(m->said, sizeof m->said, "%.255s", line);
    task_loss(m->task, m->stream.user, line);
}

static void say_died(const struct single *m, const struct trtc_recorder_end *end)
{
    char text[TEXT_MAX];
    const bool overlaps = m->recorder.how == TRTC_RECORDER_BESIDE && trtc_is_http(m->task->o->room);
    snprintf(text, sizeof text, "the recorder of the %s %s %d: it is replaced%s",
             trtc_task_stream_word(&m->stream),
             end->by_signal ? "was ended by signal" : "ended with exit status", end->code,
             overlaps || !m->stream.video ? ""
                                          : ": its pictures up to the next key frame are missing");
    task_loss(m->task, m->stream.user, text);
}

/* Reports a stream of which nothing was recorded and about which its recorder has printed no
 * message: it ended while the recorder was starting. */
static void say_nothing_recorded(const struct single *m)
{
    char text[TEXT_MAX];
    if (!m->recorder.asked || m->recorded || m->said[0])
        return;
    snprintf(text, sizeof text, "nothing of the %s was recorded: it ended too soon",
             trtc_task_stream_word(&m->stream));
    task_loss(m->task, m->stream.user, text);
}

static void on_ended(void *arg, int status)
{
    struct single *m = arg;
    const struct trtc_recorder_end end = {
        .by_signal = WIFSIGNALED(status),
        .code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
    };
    cli_debug("%s: its recorder has ended (%d)", m->stream.user, end.code);
    say_nothing_recorded(m);
    const enum trtc_recorder_loss loss = trtc_recorder_ended(&m->recorder, &end, m->task->now_us);
    m->task->rescues |= loss != TRTC_RECORDER_NO_LOSS && end.code != TRTC_EX_LOSS;
    if (loss == TRTC_RECORDER_DIED)
        say_died(m, &end);
}

static void start(struct single *m)
{
    static const struct proc_calls calls = { on_line, on_said, on_ended };
    struct task *t = m->task;
    struct trtc_words w = { 0 };
    struct trtc_err err;
    const enum trtc_join join = trtc_join_of(m->stream.since_ms, t->now_ms, m->begun,
                                             m->recorder.how == TRTC_RECORDER_BESIDE);
    struct trtc_task_stream s = m->stream;
    s.source = task_address(t, &m->stream, join);
    trtc_command_hls(&w, &t->r, &s, &m->recorder,
                     join == TRTC_JOIN_BEGINNING ? s.since_ms : TRTC_NOTIME);
    free(s.source);
    m->proc.calls = &calls;
    m->proc.arg = m;
    if (!m->begun) { /* not before: the child of the stream before it may still print files */
        m->recorded = false;
        m->said[0] = '\0';
    }
    const bool ok =
        proc_start(&t->procs, &m->proc, &(struct proc_start){ &w, t->dir, -1, -1 }, &err) == 0;
    if (!ok)
        task_loss(t, m->stream.user, err.msg);
    m->recorder.ends_itself = trtc_is_http(m->stream.source);
    m->begun |= ok;
    t->in_progress |= ok;
    t->stale = true;
    trtc_recorder_started(&m->recorder, ok, t->now_us);
}

static void turn(struct single *m)
{
    struct task *t = m->task;
    int64_t again_us;
    switch (trtc_recorder_step(&m->recorder, t->stage != TASK_RECORDS, t->now_us, &again_us)) {
    case TRTC_RECORDER_START:
        start(m);
        break;
    case TRTC_RECORDER_STOP:
        proc_kill(&m->proc, SIGTERM);
        break;
    case TRTC_RECORDER_KILL:
        cli_error("%s: its recorder does not end: killed", m->stream.user);
        proc_kill(&m->proc, SIGKILL);
        break;
    case TRTC_RECORDER_WAIT:
        break;
    }
    task_again(t, again_us);
}

void singles_turn(struct task *t)
{
    for (struct single *m = t->singles; m; m = m->next)
        turn(m);
}

bool singles_run(const struct task *t)
{
    for (const struct single *m = t->singles; m; m = m->next)
        if (m->recorder.runs)
            return true;
    return false;
}

void singles_free(struct task *t)
{
    while (t->singles) {
        struct single *m = t->singles;
        t->singles = m->next;
        free(m->stream.user);
        free(m->stream.source);
        free(m);
    }
    trtc_task_streams_fini(&t->streams);
}
