/* SPDX-License-Identifier: MIT */
/* The mix of a task: a trtc-mix, whose script names the users who come and go, and a trtc-hls that
 * records its output. */
#define _GNU_SOURCE /* pipe2, F_SETPIPE_SZ */

#include "mix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "base/array.h"
#include "base/json_put.h"
#include "base/utc.h"
#include "finish.h"
#include "task/event.h"
#include "task/found.h"
#include "task/mixing.h"

#define S       INT64_C(1000000)
#define REQUEST "mix.json"

enum { TEXT_MAX = 512, WAITS_MAX = 20 };

static const int64_t wait_us = S / 10; /* for a recorder that completes its files */
static const int64_t drain_us = 3 * S; /* the time in which inputs come to their end */

/* ---- the script ---- */

static void close_script(struct mix *m)
{
    if (m->script >= 0)
        close(m->script);
    m->script = -1;
    m->n = 0;
    m->closes = false;
}

/* Writes as much as the pipe takes; the rest waits. */
static void flush_script(struct mix *m)
{
    size_t done = 0;
    while (m->script >= 0 && done < m->n) {
        const ssize_t n = write(m->script, m->text + done, m->n - done);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno == EINTR)
            continue;
        else if (n < 0 && errno == EAGAIN)
            break;
        else
            close_script(m); /* the reader is gone; its end will be reported */
    }
    if (m->n) {
        memmove(m->text, m->text + done, m->n - done);
        m->n -= done;
    }
    if (m->n)
        task_again(m->task, m->task->now_us + S / 20);
    else if (m->closes)
        close_script(m);
}

/* Adds a line, of which it takes ownership, to the script. */
static void say(struct mix *m, cJSON *line)
{
    char *text = trtc_json_line(line);
    const size_t n = text ? strlen(text) : 0;
    cJSON_Delete(line);
    if (!text || trtc_array_reserve(&m->text, &m->cap, m->n + n, 1) < 0) {
        task_loss(m->task, NULL, "out of memory: the mix lacks a change");
    } else if (m->script >= 0) {
        memcpy(m->text + m->n, text, n);
        m->n += n;
        flush_script(m);
    }
    free(text);
}

/* ---- pictures ---- */

static void on_missing(void *arg, const char *url)
{
    struct mix *m = arg;
    cJSON *payload = cJSON_CreateObject();
    for (size_t i = 0; i < m->missing.n; i++)
        if (strcmp(m->missing.v[i], url) == 0)
            return cJSON_Delete(payload);
    trtc_names_add(&m->missing, url);
    cli_error("a picture is missing, and is left out: %.*s", cli_shown(url), url);
    trtc_json_put_text(&payload, "Url", url);
    task_event(m->task, TRTC_EVENT_IMAGE_ERROR, payload);
}

static void place_pictures(struct mix *m, cJSON *object, const char *name)
{
    struct trtc_err err;
    cJSON *layout = cJSON_GetObjectItemCaseSensitive(object, name);
    cJSON *index = task_json(m->task, "images/index.json", &err);
    if (!index && err.code != TRTC_EX_NOINPUT)
        cli_error("%s", err.msg);
    if (trtc_mixing_pictures(layout, index, on_missing, m) < 0)
        task_loss(m->task, NULL, "out of memory: the mix lacks pictures");
    cJSON_Delete(index);
}

/* ---- its inputs ---- */

static bool is_there(const struct trtc_task_streams *all, const struct trtc_task_stream *s)
{
    const struct trtc_task_stream *other = trtc_task_streams_find(all, s->user, s->aux);
    return other && trtc_task_stream_same(other, s);
}

/* Whether the stream itself has not ended, although it leaves the mix. */
static bool goes_on(const struct task *t, const struct trtc_task_stream *s)
{
    const int main[] = { TRTC_ROOM_VIDEO, TRTC_ROOM_AUDIO },
              aux[] = { TRTC_ROOM_AUX, TRTC_ROOM_AUX };
    for (int i = 0; i < 2; i++) {
        const struct trtc_fact *f =
            trtc_attendance_find(&t->here, t->r.room, s->user, s->aux ? aux[i] : main[i]);
        if (f && f->since_ms == s->since_ms)
            return true;
    }
    return false;
}

static void join(struct mix *m, const struct trtc_task_stream *s, enum trtc_join how)
{
    struct trtc_task_stream input = *s;
    input.source = task_address(m->task, s, how);
    say(m, trtc_mixing_input(&input));
    free(input.source);
}

static void come(struct mix *m, const struct trtc_task_stream *s, enum trtc_join how)
{
    if (!s->source)
        task_loss(m->task, s->user, "the stream is not in the mix: its events have no Source");
    else
        join(m, s, how);
}

/* Removes an input. A stream that has ended and comes over HTTP ends by itself, after all of its
 * data. */
static void go(struct mix *m, const struct trtc_task_stream *s, bool replaced)
{
    if (replaced || !s->source || !trtc_is_http(s->source) || goes_on(m->task, s))
        say(m, trtc_mixing_end(s));
}

static void say_waiting(struct mix *m, const struct trtc_task_streams *now)
{
    char text[TEXT_MAX];
    for (size_t i = now->n; i < now->n + now->nb_waiting; i++) {
        const struct trtc_task_stream *s = &now->items[i];
        bool was = false;
        for (size_t k = m->task->streams.n;
             k < m->task->streams.n + m->task->streams.nb_waiting && !was; k++) {
            const struct trtc_task_stream *o = &m->task->streams.items[k];
            was = o->aux == s->aux && o->since_ms == s->since_ms && strcmp(o->user, s->user) == 0;
        }
        snprintf(text, sizeof text, "the %s waits: %d streams are mixed already",
                 trtc_task_stream_word(s), TRTC_TASK_STREAMS_MAX);
        if (!was)
            task_loss(m->task, s->user, text);
    }
}

/* Passes to a running mix which streams have left and which have come. */
static void tell(struct mix *m, const struct trtc_task_streams *now)
{
    const struct trtc_task_streams *before = &m->task->streams;
    if (m->recorder.asked)
        return;
    for (size_t i = 0; i < before->n; i++)
        if (!is_there(now, &before->items[i]))
            go(m, &before->items[i],
               trtc_task_streams_find(now, before->items[i].user, before->items[i].aux));
    for (size_t i = 0; i < now->n; i++)
        if (!is_there(before, &now->items[i]))
            come(m, &now->items[i], trtc_join_mix(now->items[i].since_ms, m->task->now_ms));
}

void mix_update(struct task *t)
{
    struct trtc_task_streams now = { 0 };
    struct trtc_err err;
    struct mix *m = t->mix;
    if (trtc_task_streams_wanted(&t->here, &t->r, &t->streams, &now, &err) < 0) {
        trtc_task_streams_fini(&now);
        task_look_later(t, NULL);
        return;
    }
    say_waiting(m, &now);
    if (m->recorder.runs)
        tell(m, &now);
    trtc_task_streams_fini(&t->streams);
    t->streams = now;
    const struct trtc_recorder_want w = { now.n > 0, true, true, 1 };
    trtc_recorder_wants(&m->recorder, &w, t->now_us);
}

void mix_change(struct task *t, const cJSON *change)
{
    cJSON *line = trtc_mixing_change(change);
    place_pictures(t->mix, line, "layout");
    if (t->mix->recorder.runs)
        say(t->mix, line);
    else
        cJSON_Delete(line);
}

/* ---- the children ---- */

static void on_line(void *arg, const char *line, size_t n)
{
    struct mix *m = arg;
    task_recorded(m->task, "", line, n, &m->recorder.ha);
}

static void on_said(void *arg, const char *line, size_t n)
{
    const struct mix *m = arg;
    (void)n;
    task_loss(m->task, NULL, line);
}

/* Whether it died itself, and not because its reader had died. */
static bool has_died(const struct trtc_recorder_end *end)
{
    return end->by_signal && end->code != SIGPIPE;
}

static void say_died(struct mix *m, const char *what, const struct trtc_recorder_end *end)
{
    char text[TEXT_MAX];
    if (!end->by_signal && end->code < TRTC_EX_USAGE)
        return;
    snprintf(text, sizeof text, "%s %s %d: it is replaced", what,
             end->by_signal ? "was ended by signal" : "ended with exit status", end->code);
    task_loss(m->task, NULL, text);
}

/* Returns the end that counts for both: a death, or the worse exit status. The end of a mix whose
 * reader is gone does not count. */
static const struct trtc_recorder_end *worse(const struct mix *m)
{
    const struct trtc_recorder_end *mix = &m->mix_end, *hls = &m->hls_end;
    const bool left = mix->by_signal ? mix->code == SIGPIPE : mix->code == 128 + SIGPIPE;
    if (has_died(hls) || left)
        return hls;
    return has_died(mix) || mix->code > hls->code ? mix : hls;
}

static void take_end(struct mix *m)
{
    close_script(m);
    cli_debug("the mix has ended (%d, %d)", m->mix_end.code, m->hls_end.code);
    const enum trtc_recorder_loss loss =
        trtc_recorder_ended(&m->recorder, worse(m), m->task->now_us);
    m->task->rescues |= loss != TRTC_RECORDER_NO_LOSS && worse(m)->code != TRTC_EX_LOSS;
    m->died = loss == TRTC_RECORDER_DIED || (m->died && worse(m)->code == TRTC_EX_UNAVAILABLE);
    m->torn |= loss == TRTC_RECORDER_DIED && worse(m) == &m->hls_end;
    if (loss != TRTC_RECORDER_DIED)
        return;
    if (worse(m) == &m->mix_end)
        say_died(m, "the mix", &m->mix_end);
    else
        say_died(m, "the recorder of the mix", &m->hls_end);
}

/* Takes the end of one child. The other one follows, since a pipe joins them. */
static void take_status(struct mix *m, struct trtc_recorder_end *end, int status)
{
    end->by_signal = WIFSIGNALED(status);
    end->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    if (!m->mix.pid && !m->hls.pid)
        take_end(m);
}

static void on_mix_ended(void *arg, int status)
{
    struct mix *m = arg;
    take_status(m, &m->mix_end, status);
}

static void on_hls_ended(void *arg, int status)
{
    struct mix *m = arg;
    take_status(m, &m->hls_end, status);
}

static int write_request(struct mix *m, struct trtc_err *err)
{
    cJSON *r = trtc_mixing_request(m->task->request, m->task->change);
    if (r)
        place_pictures(m, r, "MixLayoutParams");
    char *text = trtc_json_line(r);
    cJSON_Delete(r);
    const int ret = text ? task_replace(m->task, REQUEST, text, false, err) : trtc_fail_nomem(err);
    free(text);
    return ret;
}

static void close_fds(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Writes all streams into the script before the mix starts, so that it begins with all of them. */
static void say_all(struct mix *m)
{
    const struct trtc_task_streams *all = &m->task->streams;
    for (size_t i = 0; i < all->n; i++)
        come(m, &all->items[i],
             m->again ? TRTC_JOIN_OLDEST : trtc_join_mix(all->items[i].since_ms, m->task->now_ms));
}

/* Returns when (ms since 1970) a mix begins that replaces a mix that died: where the recording
 * ends, as far as the room still has the data. */
static int64_t begin_ms(const struct mix *m)
{
    const struct task *t = m->task;
    struct trtc_names names = { 0 };
    struct trtc_found f;
    int64_t end_us = TRTC_NOTIME;
    const bool listed = files_list(t, &names) == 0;
    for (size_t i = 0; listed && i < names.n; i++) {
        char path[TRTC_TASK_PATH_MAX];
        if (!trtc_found_read(names.v[i], &f) || !f.mixed || f.left || !f.playlist)
            continue;
        snprintf(path, sizeof path, TRTC_TASK_FILES "/%s", names.v[i]);
        const int64_t one_us = trtc_found_end_us(t->dir, path);
        if (end_us == TRTC_NOTIME || (one_us != TRTC_NOTIME && one_us > end_us))
            end_us = one_us;
    }
    trtc_names_fini(&names);
    return trtc_mix_again_ms(&t->streams, end_us, t->now_ms);
}

/* Starts both, joined by a pipe. */
static int start_both(struct mix *m, struct trtc_err *err)
{
    static const struct proc_calls mix = { NULL, on_said, on_mix_ended };
    static const struct proc_calls hls = { on_line, on_said, on_hls_ended };
    struct task *t = m->task;
    struct trtc_words w = { 0 };
    int fds[4] = { -1, -1, -1, -1 }; /* the script, the stream */
    int ret = 0;
    m->again = m->died && trtc_is_http(t->o->room);
    if (pipe2(fds, O_CLOEXEC) < 0 || pipe2(fds + 2, O_CLOEXEC) < 0 ||
        fcntl(fds[1], F_SETFL, O_NONBLOCK) < 0)
        ret = trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "cannot start the mix");
    if (ret == 0) {
        m->script = fds[1];
        fds[1] = -1;
        say_all(m);
    }
    m->mix.calls = &mix;
    m->hls.calls = &hls;
    m->mix.arg = m->hls.arg = m;
    m->mix_end = m->hls_end = (struct trtc_recorder_end){ 0 };
    if (ret == 0) {
        trtc_command_hls(&w, &t->r, NULL, &m->recorder, TRTC_NOTIME);
        ret = proc_start(&t->procs, &m->hls, &(struct proc_start){ &w, t->dir, fds[2], -1 }, err);
    }
    if (ret == 0) {
        trtc_command_mix(&w, REQUEST, m->again ? begin_ms(m) : TRTC_NOTIME);
        ret =
            proc_start(&t->procs, &m->mix, &(struct proc_start){ &w, t->dir, fds[0], fds[3] }, err);
    }
    if (ret < 0)
        close_script(m);
    close_fds(fds, 4);
    return ret;
}

static void on_rescue_line(void *arg, const char *line, size_t n)
{
    struct mix *m = arg;
    task_recorded(m->task, "", line, n, &m->recorder.ha);
}

static void on_rescue_said(void *arg, const char *line, size_t n)
{
    const struct mix *m = arg;
    (void)n;
    task_rescue_said(m->task, "", line);
}

/* Whether there are still incomplete files of the mix, since a recorder that outlived its task
 * completes them. */
static bool is_busy(const struct task *t)
{
    struct trtc_names names = { 0 };
    struct trtc_found f;
    bool busy = false;
    if (files_list(t, &names) == 0)
        for (size_t i = 0; i < names.n && !busy; i++)
            busy = trtc_found_read(names.v[i], &f) && f.mixed && f.left;
    trtc_names_fini(&names);
    return busy;
}

static void on_rescue_ended(void *arg, int status)
{
    struct mix *m = arg;
    (void)status; /* the next recorder reports the same failure */
    m->torn = m->waits < WAITS_MAX && is_busy(m->task);
    m->waits += m->torn;
    m->due_us = m->torn ? m->task->now_us + wait_us : m->task->now_us;
    task_again(m->task, m->due_us);
}

/* Starts a trtc-hls that completes the files of a recorder that died, since the mix begins at their
 * end. Returns true if it runs, and the mix has to wait for it. */
static bool rescues(struct mix *m)
{
    static const struct proc_calls calls = { on_rescue_line, on_rescue_said, on_rescue_ended };
    struct trtc_words w = { 0 };
    struct trtc_err err;
    if (!m->torn)
        return false;
    m->torn = false;
    trtc_command_rescue(&w, &m->task->r, NULL);
    m->rescue.calls = &calls;
    m->rescue.arg = m;
    const struct proc_start how = { &w, m->task->dir, -1, -1 };
    if (proc_start(&m->task->procs, &m->rescue, &how, &err) == 0)
        return true;
    cli_report(&err);
    return false;
}

static void start(struct mix *m)
{
    struct task *t = m->task;
    struct trtc_err err;
    const bool ok = write_request(m, &err) == 0 && start_both(m, &err) == 0;
    m->term_us = INT64_MAX;
    t->stale = true;
    t->in_progress |= ok;
    trtc_recorder_started(&m->recorder, ok || m->hls.pid, t->now_us);
    if (!ok)
        task_loss(t, NULL, err.msg);
}

/* Asks the mix to end, because all inputs have ended or the task ends. */
static void stop(struct mix *m)
{
    if (m->task->stage != TASK_RECORDS)
        say(m, cJSON_Parse("{\"end\":true}"));
    m->closes = true;
    m->term_us = m->task->now_us + drain_us;
    flush_script(m);
}

void mix_turn(struct task *t)
{
    struct mix *m = t->mix;
    int64_t again_us;
    flush_script(m);
    if (m->rescue.pid)
        return;
    if (t->now_us < m->due_us) {
        task_again(t, m->due_us);
        return;
    }
    switch (trtc_recorder_step(&m->recorder, t->stage != TASK_RECORDS, t->now_us, &again_us)) {
    case TRTC_RECORDER_START:
        if (!rescues(m))
            start(m);
        break;
    case TRTC_RECORDER_STOP:
        stop(m);
        break;
    case TRTC_RECORDER_KILL:
        cli_error("the mix does not end: killed");
        proc_kill(&m->mix, SIGKILL);
        proc_kill(&m->hls, SIGTERM);
        break;
    case TRTC_RECORDER_WAIT:
        break;
    }
    if (m->recorder.asked && t->now_us >= m->term_us) {
        m->term_us = INT64_MAX;
        proc_kill(&m->mix, SIGTERM);
    }
    task_again(t, again_us);
    if (m->recorder.asked)
        task_again(t, m->term_us);
}

bool mix_runs(const struct task *t)
{
    return t->mix && (t->mix->recorder.runs || t->mix->rescue.pid);
}

int mix_new(struct task *t, struct trtc_err *err)
{
    t->mix = calloc(1, sizeof *t->mix);
    if (!t->mix)
        return trtc_fail_nomem(err);
    t->mix->task = t;
    t->mix->script = -1;
    t->mix->term_us = INT64_MAX;
    t->mix->died = t->mix->torn = t->resume != TRTC_RESUME_BEGIN;
    trtc_recorder_init(&t->mix->recorder, t->resume != TRTC_RESUME_BEGIN,
                       trtc_index_ha(&t->index, "", "mix"));
    return 0;
}

void mix_free(struct task *t)
{
    if (!t->mix)
        return;
    close_script(t->mix);
    trtc_names_fini(&t->mix->missing);
    free(t->mix->text);
    free(t->mix);
    t->mix = NULL;
    trtc_task_streams_fini(&t->streams);
}
