/* SPDX-License-Identifier: MIT */
/* Sends many requests, a line of JSON each, several at a time, over connections that stay open, as
 * fast as the service allows. Answers are printed in the order of the lines. Requests about the
 * same task are sent one after the other. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "actions.h"
#include "base/json.h"
#include "base/json_put.h"
#include "base/records.h"
#include "base/text.h"
#include "batch.h"
#include "create.h"
#include "net/redact.h"

enum { RING = 64, POLL_MS = 200 };

enum job_state { JOB_READY, JOB_RUNNING, JOB_DONE };

/* A line, from its reading to the printing of its answer. */
struct job {
    enum job_state state;
    uint64_t line;
    enum trtc_action action;
    cJSON *request; /* while it is running, only its worker uses it */
    char *task;     /* its TaskId, or NULL */
    char *text;     /* the answer */
    int code;
};

struct batch {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct job jobs[RING];
    size_t first, n; /* the part of the ring that is in use */
    bool closed;     /* no more lines come */
    int code;        /* the worst */
    size_t nb_workers, nb_waiting;
    struct worker {
        struct batch *batch;
        struct rec rec;
        pthread_t thread;
    } workers[REC_BATCH_JOBS];
};

static struct job *at(struct batch *b, size_t i)
{
    return &b->jobs[(b->first + i) % RING];
}

/* ---- answers ---- */

static const char *action_name(enum trtc_action action)
{
    static const char *const names[] = { "create", "describe", "modify", "delete" };
    return names[action];
}

/* Returns an error as an object. response: what the service sent, or NULL. */
static char *error_text(const struct job *job, bool has_action, const struct trtc_answer *answer,
                        const struct trtc_err *err)
{
    cJSON *all = cJSON_CreateObject(), *error = cJSON_CreateObject();
    trtc_json_put_number(&all, "line", (double)job->line);
    if (has_action)
        trtc_json_put_text(&all, "action", action_name(job->action));
    trtc_json_put_number(&error, "exit", err->code);
    if (answer && answer->code)
        trtc_json_put_text(&error, "code", answer->code);
    trtc_json_put_text(&error, "message", err->msg);
    trtc_json_put(&all, "error", error);
    if (answer && answer->response)
        trtc_json_put(&all, "response", cJSON_Duplicate(answer->response, true));
    char *text = cJSON_PrintUnformatted(all);
    cJSON_Delete(all);
    return text;
}

/* Prints the answer to a line, or that there was no memory for it. */
static void print_job(struct job *job)
{
    if (job->text) {
        puts(job->text);
        return;
    }
    job->code = trtc_worse(job->code, TRTC_EX_TEMPFAIL);
    printf("{\"line\":%" PRIu64 ",\"error\":{\"exit\":%d,\"message\":\"out of memory\"}}\n",
           job->line, TRTC_EX_TEMPFAIL);
}

static void job_fini(struct job *job)
{
    cJSON_free(job->text);
    free(job->task);
    trtc_api_forget(&job->request);
    *job = (struct job){ 0 };
}

/* Prints the answers that are complete and next in order. The caller holds the lock. */
static void print_done(struct batch *b)
{
    bool any = false;
    while (b->n > 0 && at(b, 0)->state == JOB_DONE) {
        struct job *job = at(b, 0);
        print_job(job);
        b->code = trtc_worse(b->code, job->code);
        job_fini(job);
        b->first = (b->first + 1) % RING;
        b->n--;
        any = true;
    }
    if (any)
        fflush(stdout);
}

/* ---- workers ---- */

static bool same_task(const struct job *a, const struct job *b)
{
    return a->task && b->task && strcmp(a->task, b->task) == 0;
}

/* Returns the first line that waits for no other, or NULL. The caller holds the lock. */
static struct job *next_job(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        bool free_to_go = at(b, i)->state == JOB_READY;
        for (size_t k = 0; free_to_go && k < i; k++)
            free_to_go = at(b, k)->state == JOB_DONE || !same_task(at(b, k), at(b, i));
        if (free_to_go)
            return at(b, i);
    }
    return NULL;
}

static void do_job(struct rec *r, struct job *job)
{
    static int (*const calls[])(struct rec *, cJSON *, struct trtc_answer *,
                                struct trtc_err *) = { rec_create, rec_describe, rec_modify,
                                                       rec_delete };
    struct trtc_answer answer = { 0 };
    struct trtc_err err = { 0 };
    if (calls[job->action](r, job->request, &answer, &err) == 0) {
        job->text = cJSON_PrintUnformatted(answer.response);
    } else {
        job->code = err.code == TRTC_EX_USAGE ? TRTC_EX_DATAERR : err.code;
        err.code = job->code;
        job->text = error_text(job, true, &answer, &err);
    }
    trtc_answer_fini(&answer);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct batch *b = w->batch;
    pthread_mutex_lock(&b->lock);
    while (!cli_signal) {
        struct job *job = next_job(b);
        if (!job && b->closed && b->n == 0)
            break;
        if (!job) {
            b->nb_waiting++;
            pthread_cond_wait(&b->changed, &b->lock);
            b->nb_waiting--;
            continue;
        }
        job->state = JOB_RUNNING;
        pthread_mutex_unlock(&b->lock);
        do_job(&w->rec, job);
        pthread_mutex_lock(&b->lock);
        job->state = JOB_DONE;
        print_done(b);
        pthread_cond_broadcast(&b->changed);
    }
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

/* Starts one more worker, if all are busy. Signals go to the thread that reads. */
static int hire(struct batch *b, struct rec *r, struct trtc_err *err)
{
    sigset_t all, old;
    if (b->nb_workers == REC_BATCH_JOBS)
        return 0;
    struct worker *w = &b->workers[b->nb_workers];
    w->batch = b;
    if (rec_begin(&w->rec, r->opts, r->pace, err) < 0)
        return -1;
    w->rec.credentials = r->credentials;
    w->rec.past = r->past;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    const int failed = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed) {
        rec_end(&w->rec);
        return b->nb_workers
                   ? 0
                   : trtc_fail_errno(err, TRTC_EX_TEMPFAIL, failed, "cannot start a thread");
    }
    b->nb_workers++;
    return 0;
}

/* ---- lines ---- */

static int find_action(const char *word, enum trtc_action *out)
{
    for (int i = TRTC_CREATE; i <= TRTC_DELETE; i++)
        if (strcmp(word, action_name((enum trtc_action)i)) == 0 ||
            strcmp(word, trtc_api_action((enum trtc_action)i)) == 0) {
            *out = (enum trtc_action)i;
            return 0;
        }
    return -1;
}

struct text { /* the text of a line */
    uint64_t nr;
    const char *s; /* NULL: too long */
    size_t n;
};

/* Takes the request and the action out of the line. *has_action is set once the action is known. */
static int parse_job(const struct rec_opts *o, const struct text *line, struct job *job,
                     bool *has_action, struct trtc_err *err)
{
    char what[40];
    snprintf(what, sizeof what, "line %" PRIu64, job->line);
    if (!line->s)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: over %d bytes", what, TRTC_JSON_MAX_BYTES);
    job->request = trtc_api_read(what, line->s, line->n, err);
    if (!job->request)
        return -1;
    cJSON *action = cJSON_DetachItemFromObject(job->request, "action"); /* "Action" too */
    *has_action = cJSON_IsString(action) && find_action(action->valuestring, &job->action) == 0;
    cJSON_Delete(action);
    if (!*has_action)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "%s: 'action' is one of create, describe, modify and delete", what);
    const char *task = rec_text(job->request, "TaskId");
    job->task = task ? strdup(task) : NULL;
    if (o->sdkappid && !cJSON_HasObjectItem(job->request, "SdkAppId"))
        trtc_json_put_number(&job->request, "SdkAppId", (double)o->sdkappid);
    return job->request && (job->task || !task) ? 0 : trtc_fail_nomem(err);
}

/* Makes a job of a line. If something is wrong with the line, that is its answer. */
static void read_job(const struct rec_opts *o, const struct text *line, struct job *job)
{
    struct trtc_err err;
    bool has_action = false;
    if (parse_job(o, line, job, &has_action, &err) == 0) {
        job->state = JOB_READY;
        return;
    }
    job->state = JOB_DONE;
    job->code = err.code;
    job->text = error_text(job, has_action, NULL, &err);
}

/* Passes a line to the workers, as soon as there is room. */
static int add_line(struct batch *b, struct rec *r, const struct text *line, struct trtc_err *err)
{
    struct job job = { .line = line->nr };
    int ret = 0;
    read_job(r->opts, line, &job);
    pthread_mutex_lock(&b->lock);
    while (b->n == RING && !cli_signal)
        pthread_cond_wait(&b->changed, &b->lock);
    if (b->n < RING) {
        *at(b, b->n) = job;
        b->n++;
        print_done(b);
    } else {
        job_fini(&job);
    }
    const bool busy = job.state == JOB_READY && b->nb_waiting == 0;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    if (busy)
        ret = hire(b, r, err);
    return ret;
}

/* Waits for input, or for a signal. */
static int await_input(void *arg, struct trtc_err *err)
{
    struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
    (void)arg;
    while (!cli_signal)
        if (poll(&in, 1, POLL_MS) != 0 && !cli_signal)
            return 0;
    return trtc_fail(err, TRTC_EX_TEMPFAIL, "interrupted");
}

static int read_lines(struct batch *b, struct rec *r, struct trtc_err *err)
{
    struct trtc_records in;
    const char *s;
    size_t n;
    int got;
    if (trtc_records_init(&in, STDIN_FILENO, '\n', TRTC_JSON_MAX_BYTES, err) < 0)
        return -1;
    in.idle = await_input;
    while ((got = trtc_records_next(&in, &s, &n, err)) > 0) {
        if (s && strspn(s, " \t\r") >= n)
            continue;
        if ((got = add_line(b, r, &(struct text){ in.nr, s, n }, err)) < 0)
            break;
    }
    trtc_records_fini(&in);
    return got;
}

int rec_batch(struct rec *r, struct trtc_err *err)
{
    if (rec_credentials(r, err) < 0 || !(r->past = trtc_redact_past_new(err)))
        return -1;
    struct batch *b = calloc(1, sizeof *b);
    if (!b) {
        trtc_redact_past_free(&r->past);
        return trtc_fail_nomem(err);
    }
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    const int ret = read_lines(b, r, err);
    pthread_mutex_lock(&b->lock);
    b->closed = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    for (size_t i = 0; i < b->nb_workers; i++)
        pthread_join(b->workers[i].thread, NULL);
    print_done(b);
    for (size_t i = 0; i < b->nb_workers; i++) {
        r->code = trtc_worse(r->code, b->workers[i].rec.code);
        rec_end(&b->workers[i].rec);
    }
    for (size_t i = 0; i < b->n; i++) /* what a signal left over */
        job_fini(at(b, i));
    r->code = trtc_worse(r->code, b->code);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
    trtc_redact_past_free(&r->past);
    free(b);
    return ret;
}
