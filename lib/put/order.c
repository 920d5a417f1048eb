/* SPDX-License-Identifier: MIT */
/* Jobs in a list, and in a hash table by their keys. */
#include "put/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "playlist/plain_name.h"

enum { FIRST_SLOTS = 256 };

struct trtc_order {
    struct trtc_job *first, *last;
    struct trtc_job *from;   /* no job before it is queued; NULL: none is */
    struct trtc_job **slots; /* all jobs by their keys */
    struct trtc_job **keyed; /* those that wait for a key by for_key, linked by next_waiter */
    size_t nb_slots, nb_jobs;
    uint64_t nb_added;
    size_t nb_state[TRTC_JOB_FAILED + 1];
    size_t nb_for_key; /* number of jobs that wait for a key */
    bool ended;
};

/* ---- by key ---- */

static uint64_t hash(const char *s)
{
    const uint64_t h = trtc_hash(TRTC_HASH_NOTHING, s, strlen(s));
    return h ^ h >> 32;
}

static struct trtc_job **slot_of(const struct trtc_order *o, const char *key)
{
    return &o->slots[hash(key) & (o->nb_slots - 1)];
}

static struct trtc_job **keyed_of(const struct trtc_order *o, const char *key)
{
    return &o->keyed[hash(key) & (o->nb_slots - 1)];
}

struct trtc_job *trtc_order_find(const struct trtc_order *o, const char *key)
{
    struct trtc_job *job = *slot_of(o, key);
    while (job && strcmp(job->key, key) != 0)
        job = job->same_slot;
    return job;
}

static void put_slot(struct trtc_order *o, struct trtc_job *job)
{
    struct trtc_job **slot = slot_of(o, job->key);
    job->same_slot = *slot;
    *slot = job;
}

static void leave_slot(struct trtc_order *o, const struct trtc_job *job)
{
    struct trtc_job **at = slot_of(o, job->key);
    while (*at != job)
        at = &(*at)->same_slot;
    *at = job->same_slot;
}

static void put_keyed(struct trtc_order *o, struct trtc_job *job)
{
    struct trtc_job **slot = keyed_of(o, job->for_key);
    job->next_waiter = *slot;
    *slot = job;
}

static void leave_keyed(struct trtc_order *o, const struct trtc_job *job)
{
    struct trtc_job **at = keyed_of(o, job->for_key);
    while (*at != job)
        at = &(*at)->next_waiter;
    *at = job->next_waiter;
}

/* Without memory the tables keep their size and become slower. */
static void grow(struct trtc_order *o)
{
    struct trtc_job **slots = calloc(2 * o->nb_slots, sizeof(struct trtc_job *)),
                    **keyed = calloc(2 * o->nb_slots, sizeof(struct trtc_job *));
    if (!slots || !keyed) {
        free(slots);
        free(keyed);
        return;
    }
    free(o->slots);
    free(o->keyed);
    o->slots = slots;
    o->keyed = keyed;
    o->nb_slots *= 2;
    for (struct trtc_job *job = o->first; job; job = job->next) {
        put_slot(o, job);
        if (job->for_key)
            put_keyed(o, job);
    }
}

/* ---- in order ---- */

/* The search for the next job begins at job or before it. */
static void note_queued(struct trtc_order *o, struct trtc_job *job)
{
    if (o->from && job->nr > o->from->nr)
        return;
    o->from = job;
    while (o->from->prev && o->from->prev->nr == job->nr)
        o->from = o->from->prev;
}

/* Inserts a job, which is queued, before next; NULL: at the end. */
static void link_before(struct trtc_order *o, struct trtc_job *job, struct trtc_job *next)
{
    job->next = next;
    job->prev = next ? next->prev : o->last;
    *(job->prev ? &job->prev->next : &o->first) = job;
    *(next ? &next->prev : &o->last) = job;
    job->nr = next ? next->nr : ++o->nb_added;
    note_queued(o, job);
}

static void unlink_job(struct trtc_order *o, struct trtc_job *job)
{
    if (o->from == job)
        o->from = job->next;
    *(job->prev ? &job->prev->next : &o->first) = job->next;
    *(job->next ? &job->next->prev : &o->last) = job->prev;
}

static void turn(struct trtc_order *o, struct trtc_job *job, enum trtc_job_state state)
{
    o->nb_state[job->state]--;
    o->nb_state[state]++;
    job->state = state;
    if (state == TRTC_JOB_QUEUED)
        note_queued(o, job);
}

static void free_job(struct trtc_job *job)
{
    free(job->path);
    free(job->key);
    free(job->line);
    free(job->for_key);
    free(job);
}

static struct trtc_job *new_job(struct trtc_order *o, const char *path, const char *key,
                                struct trtc_err *err)
{
    struct trtc_job *job = calloc(1, sizeof *job);
    if (job) {
        job->path = strdup(path);
        job->key = strdup(key);
    }
    if (!job || !job->path || !job->key) {
        if (job)
            free_job(job);
        trtc_fail_nomem(err);
        return NULL;
    }
    job->playlist = trtc_is_playlist_name(key);
    if (++o->nb_jobs > o->nb_slots)
        grow(o);
    put_slot(o, job);
    o->nb_state[TRTC_JOB_QUEUED]++;
    return job;
}

struct trtc_order *trtc_order_new(struct trtc_err *err)
{
    struct trtc_order *o = calloc(1, sizeof *o);
    if (o) {
        o->nb_slots = FIRST_SLOTS;
        o->slots = calloc(o->nb_slots, sizeof(struct trtc_job *));
        o->keyed = calloc(o->nb_slots, sizeof(struct trtc_job *));
    }
    if (!o || !o->slots || !o->keyed) {
        trtc_order_free(&o);
        trtc_fail_nomem(err);
    }
    return o;
}

void trtc_order_free(struct trtc_order **order)
{
    struct trtc_order *o = *order;
    if (!o)
        return;
    for (struct trtc_job *job = o->first, *next; job; job = next) {
        next = job->next;
        free_job(job);
    }
    free(o->slots);
    free(o->keyed);
    free(o);
    *order = NULL;
}

/* ---- input ---- */

static void wake(struct trtc_order *o, struct trtc_job *job)
{
    if (job->for_key) {
        leave_keyed(o, job);
        o->nb_for_key--;
    }
    free(job->for_key);
    job->for_key = NULL;
    job->for_job = NULL;
    job->next_waiter = NULL;
    job->not_before_us = 0;
    turn(o, job, TRTC_JOB_QUEUED);
}

/* Wakes the jobs that wait for this key. */
static void wake_for_key(struct trtc_order *o, const char *key)
{
    for (struct trtc_job *job = *keyed_of(o, key), *next; job; job = next) {
        next = job->next_waiter;
        if (strcmp(job->for_key, key) == 0)
            wake(o, job);
    }
}

/* A path arrived again, or for the first time after a playlist had named it. */
static void add_line(struct trtc_order *o, struct trtc_job *job, const char *path)
{
    if (!job->line && strcmp(job->path, path) != 0)
        job->line = strdup(path); /* out of memory: the playlist's spelling is used */
    if (job->state == TRTC_JOB_RUNNING) {
        job->nb_later++;
        return;
    }
    job->nb_lines++;
    if (job->state == TRTC_JOB_FAILED) {
        job->not_before_us = 0;
        job->nb_tries = 0;
        turn(o, job, TRTC_JOB_QUEUED);
    }
}

struct trtc_job *trtc_order_add(struct trtc_order *o, const char *path, const char *key,
                                struct trtc_err *err)
{
    struct trtc_job *job = trtc_order_find(o, key);
    if (job) {
        add_line(o, job, path);
        return job;
    }
    job = new_job(o, path, key, err);
    if (job) {
        link_before(o, job, NULL);
        job->nb_lines = 1;
        wake_for_key(o, key);
    }
    return job;
}

struct trtc_job *trtc_order_imply(struct trtc_order *o, struct trtc_job *playlist, const char *path,
                                  const char *key, struct trtc_err *err)
{
    struct trtc_job *job = trtc_order_find(o, key);
    if (job)
        return job;
    job = new_job(o, path, key, err);
    if (!job)
        return NULL;
    const char *slash = strrchr(playlist->path, '/');
    job->named = true;
    job->in_dir = slash ? (size_t)(slash - playlist->path) + 1 : 0;
    link_before(o, job, playlist);
    return job;
}

const char *trtc_order_line(const struct trtc_job *job)
{
    return job->line ? job->line : job->path;
}

struct trtc_job *trtc_order_next(struct trtc_order *o, int64_t now_us, int64_t *wake_us)
{
    *wake_us = INT64_MAX;
    if (!o->nb_state[TRTC_JOB_QUEUED])
        return NULL;
    bool first = true;
    for (struct trtc_job *job = o->from; job; job = job->next) {
        if (job->state != TRTC_JOB_QUEUED)
            continue;
        o->from = first ? job : o->from;
        first = false;
        if (job->not_before_us <= now_us) {
            turn(o, job, TRTC_JOB_RUNNING);
            return job;
        }
        if (job->not_before_us < *wake_us)
            *wake_us = job->not_before_us;
    }
    return NULL;
}

/* ---- results ---- */

static void wake_waiters(struct trtc_order *o, struct trtc_job *job)
{
    for (struct trtc_job *w = job->waiters, *next; w; w = next) {
        next = w->next_waiter;
        wake(o, w);
    }
    job->waiters = NULL;
}

/* Lines that arrived after the attempt began belong to the next attempt. */
static void requeue(struct trtc_order *o, struct trtc_job *job, int64_t not_before_us)
{
    job->nb_lines += job->nb_later;
    job->nb_later = 0;
    job->changed = false;
    job->not_before_us = not_before_us;
    turn(o, job, TRTC_JOB_QUEUED);
}

int64_t trtc_order_done(struct trtc_order *o, struct trtc_job *job)
{
    const int64_t nb_lines = job->nb_lines;
    wake_waiters(o, job);
    job->nb_lines = 0;
    job->nb_tries = 0;
    if (job->nb_later || job->changed) {
        requeue(o, job, 0);
        return nb_lines;
    }
    unlink_job(o, job);
    leave_slot(o, job);
    o->nb_state[job->state]--;
    o->nb_jobs--;
    free_job(job);
    return nb_lines;
}

void trtc_order_again(struct trtc_order *o, struct trtc_job *job, int64_t not_before_us)
{
    requeue(o, job, not_before_us);
}

void trtc_order_hurry(struct trtc_order *o, int64_t now_us)
{
    for (struct trtc_job *job = o->first; job; job = job->next)
        if (job->state == TRTC_JOB_QUEUED && job->not_before_us > now_us)
            job->not_before_us = now_us;
}

static void begin_wait(struct trtc_order *o, struct trtc_job *playlist)
{
    playlist->nb_lines += playlist->nb_later;
    playlist->nb_later = 0;
    turn(o, playlist, TRTC_JOB_WAITING);
}

bool trtc_order_wait(struct trtc_order *o, struct trtc_job *playlist, struct trtc_job *on)
{
    for (const struct trtc_job *j = on; j; j = j->for_job)
        if (j == playlist)
            return false;
    playlist->for_job = on;
    playlist->next_waiter = on->waiters;
    on->waiters = playlist;
    begin_wait(o, playlist);
    return true;
}

bool trtc_order_wait_key(struct trtc_order *o, struct trtc_job *playlist, const char *key)
{
    if (o->ended || !(playlist->for_key = strdup(key)))
        return false;
    o->nb_for_key++;
    put_keyed(o, playlist);
    begin_wait(o, playlist);
    return true;
}

void trtc_order_fail(struct trtc_order *o, struct trtc_job *job, int fault)
{
    job->nb_lines += job->nb_later;
    job->nb_later = 0;
    job->fault = fault;
    turn(o, job, TRTC_JOB_FAILED);
}

void trtc_order_end(struct trtc_order *o)
{
    o->ended = true;
    for (size_t i = 0; i < o->nb_slots; i++)
        while (o->keyed[i])
            wake(o, o->keyed[i]);
}

size_t trtc_order_open(const struct trtc_order *o)
{
    return o->nb_jobs - o->nb_state[TRTC_JOB_FAILED] - o->nb_for_key;
}

size_t trtc_order_running(const struct trtc_order *o)
{
    return o->nb_state[TRTC_JOB_RUNNING];
}

bool trtc_order_idle(const struct trtc_order *o)
{
    return !o->nb_state[TRTC_JOB_QUEUED] && !o->nb_state[TRTC_JOB_RUNNING];
}

const struct trtc_job *trtc_order_first(const struct trtc_order *o)
{
    return o->first;
}

int64_t trtc_order_pause_us(const struct trtc_order_tries *t, int nb_failed, bool ended,
                            double chance)
{
    if (ended && nb_failed >= t->at_end)
        return -1;
    int64_t us = t->first_us;
    for (int i = 1; i < nb_failed && us < t->max_us; i++)
        us *= 2;
    us = us < t->max_us ? us : t->max_us;
    return us + (int64_t)((double)us / 4 * chance);
}
