/* SPDX-License-Identifier: MIT */
/* Pipes, URLs and whatever else cannot be read twice as sources: a thread opens and reads them, and
 * fills a queue for each kind. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libavcodec/avcodec.h>

#include "base/utc.h"
#include "source/feed_priv.h"

#define FULL_US     10000000           /* the most of a kind that waits, */
#define FULL_BYTES  (16 * 1024 * 1024) /* in so many bytes; */
#define OVER_BYTES  (64 * 1024 * 1024) /* and in bytes while a reader waits for the other kind */
#define LATE_US     2000000  /* frames that are later than their arrival by more than this, */
#define LATE_FOR_US 2000000  /* and for longer than this: it will not catch up */
#define CATCH_UP_US 100000   /* ... unless it has gained this much meanwhile */
#define KEPT_US     60000000 /* no server keeps older data */
#define TICK_US     100000   /* how often the program's stop flag is looked at */

/* A waiting frame, followed by its bytes. */
struct node {
    struct node *next;
    struct trtc_feed_frame f;
    AVCodecParameters *par; /* the parameters to which f points, or NULL */
    uint8_t bytes[];
};

struct queue {
    struct trtc_feed feed;
    struct live *live;
    bool wanted;
    bool shown;  /* a frame has come */
    bool absent; /* known not to be there */
    bool hungry; /* a reader wants a frame of it */
    struct node *first, **last, *current;
    size_t nb_bytes;
    struct trtc_ledger ledger; /* once the input has ended */
    int64_t newest_dts_us;     /* TRTC_NOTIME: none */
    int64_t first_us, end_us;  /* of all frames so far, if shown */
};

enum { NAMED_MAX = 32 };

struct live {
    struct trtc_source base;
    char *url;
    struct trtc_remote remote;
    bool stored;
    int64_t start_us, before_us;
    int64_t (*now_us)(void);
    const volatile sig_atomic_t *stop_too;
    /* Any thread may set it, and the input reads it while it waits: it has the type of a
     * signal's flag, since the input takes one. */
    volatile sig_atomic_t stop;

    pthread_t thread;
    bool running; /* thread has to be joined */
    pthread_cond_t changed;

    /* under base.lock */
    struct queue queue[2]; /* sound, pictures */
    bool ended;            /* no more frames come, and these were its tracks: */
    struct trtc_input_named named[NAMED_MAX];
    int nb_named;
    struct queue *waits; /* in which the thread waits for room, or NULL */
    bool waits_due;      /* ... and the other kind is due */

    /* the thread's own */
    bool placed;
    int64_t off_us;     /* from the stream's times to epoch times */
    int64_t late_at_us; /* when all frames began to be late, or TRTC_NOTIME */
    int64_t kept_us; /* while frames arrive that the server has kept: how late they are; else 0 */
};

static size_t cost(const struct trtc_feed_frame *f)
{
    return sizeof(struct node) + f->pkt.size + f->sets_size;
}

/* A flag of this type may be seen late, which does no harm; the race detector cannot know that. */
#define UNCHECKED __attribute__((no_sanitize("thread")))

UNCHECKED static void set_stop(struct live *x)
{
    x->stop = 1;
}

/* The program's flag is followed. */
UNCHECKED static bool stopped(struct live *x)
{
    if (!x->stop && x->stop_too && *x->stop_too)
        x->stop = 1;
    return x->stop;
}

/* With the lock held: waits for a change, but not beyond deadline_us of the machine's own clock. */
static void wait_until(struct live *x, int64_t deadline_us)
{
    const int64_t tick_us = trtc_mono_us() + TICK_US;
    const int64_t us = deadline_us < tick_us ? deadline_us : tick_us;
    const struct timespec at = { .tv_sec = (time_t)(us / 1000000), .tv_nsec = us % 1000000 * 1000 };

    pthread_cond_timedwait(&x->changed, &x->base.lock, &at);
}

/* ---- the thread ---- */

/* Returns the difference of epoch times to times of the stream, judged by the first frame. */
static int64_t first_off_us(struct live *x, const struct trtc_input *in, int64_t pts_us)
{
    int64_t ms;
    if (!trtc_input_came_ms(in, &ms) || ms * 1000 >= x->before_us ||
        ms * 1000 <= x->before_us - KEPT_US)
        return x->now_us() - pts_us;
    x->kept_us = INT64_MAX;
    return ms * 1000 - trtc_input_start_us(in);
}

/* Whether a late frame is one that the server has kept: all of these are late, but less and
 * less. */
static bool catches_up(struct live *x, int64_t late_us)
{
    if (late_us > x->kept_us - CATCH_UP_US)
        return false;
    x->kept_us = late_us;
    return true;
}

/* Places the stream on the epoch clock. The first frame is placed at its arrival, and the others
 * follow by the stream's clock. If that clock falls behind for good (the stream paused and
 * continued where it had stopped) or restarts, the current frame is placed at its arrival. What a
 * server has kept is not behind for good as long as it catches up. */
static void place(struct live *x, const struct trtc_input *in, const struct trtc_input_frame *f)
{
    const int64_t pts_us = f->pkt.pts_us;

    if (x->stored) {
        if (!x->placed)
            x->off_us = x->start_us - trtc_input_zero_us(in);
        x->placed = true;
        return;
    }

    const int64_t now_us = x->now_us();
    const int64_t late_us = x->placed ? now_us - x->off_us - pts_us : 0;
    const bool late = late_us > LATE_US;
    if (!late) {
        x->late_at_us = TRTC_NOTIME;
        x->kept_us = 0;
    } else if (catches_up(x, late_us) || x->late_at_us == TRTC_NOTIME) {
        x->late_at_us = now_us;
    }
    const bool breaks = f->breaks && x->kept_us == 0;
    if (!x->placed || (late && (breaks || now_us - x->late_at_us > LATE_FOR_US))) {
        x->kept_us = 0;
        x->off_us = x->placed ? now_us - pts_us : first_off_us(x, in, pts_us);
        x->late_at_us = TRTC_NOTIME;
        x->placed = true;
    }
}

/* Whether so much of a kind waits that no more need be read for it. */
static bool is_full(const struct queue *q, int64_t full_us, size_t full_bytes)
{
    return q->first &&
           (q->nb_bytes > full_bytes || q->newest_dts_us - q->first->f.pkt.dts_us > full_us);
}

/* Whether there is room for one more frame. A stream that interleaves its kinds far apart is
 * read beyond the limit if the other kind is due, or as long as a reader waits for it, unless it has
 * never appeared. */
static bool has_room(const struct live *x, const struct queue *q, bool other_due)
{
    const struct queue *other = &x->queue[q == &x->queue[0]];

    if (!is_full(q, FULL_US, FULL_BYTES))
        return true;
    return (other_due || (other->shown && other->hungry)) && !other->first &&
           !is_full(q, INT64_MAX, OVER_BYTES);
}

/* The thread brings nothing more until a frame has been taken. */
static bool is_stuck(const struct live *x)
{
    return x->waits && !has_room(x, x->waits, x->waits_due);
}

static void free_node(struct node *n)
{
    if (n)
        avcodec_parameters_free(&n->par);
    free(n);
}

static struct node *copy(const struct trtc_feed_frame *f)
{
    struct node *n = malloc(sizeof *n + f->pkt.size + f->sets_size);

    if (!n)
        return NULL;
    n->next = NULL;
    n->f = *f;
    n->par = NULL;
    if (f->av_parameters && (!(n->par = avcodec_parameters_alloc()) ||
                             avcodec_parameters_copy(n->par, f->av_parameters) < 0)) {
        free_node(n);
        return NULL;
    }
    n->f.av_parameters = n->par;
    n->f.pkt.data = n->bytes;
    memcpy(n->bytes, f->pkt.data, f->pkt.size);
    if (f->sets) {
        n->f.sets = n->bytes + f->pkt.size;
        memcpy(n->bytes + f->pkt.size, f->sets, f->sets_size);
    }
    return n;
}

/* Puts a frame into its queue. Returns 1; 0: the source must end; -1. */
static int take(struct live *x, const struct trtc_input *in, const struct trtc_input_frame *f,
                struct trtc_err *err)
{
    struct queue *q = &x->queue[f->video];
    struct trtc_feed_frame frame;

    place(x, in, f);
    if (!q->wanted || (!x->stored && trtc_input_is_joined(in, f)))
        return !stopped(x);
    trtc_feed_of_input(f, x->off_us, &frame);
    struct node *n = copy(&frame);
    if (!n)
        return trtc_fail_nomem(err);

    pthread_mutex_lock(&x->base.lock);
    while (!stopped(x) && !has_room(x, q, f->other_due)) {
        /* frames that are late from here on are late because of this wait */
        x->late_at_us = TRTC_NOTIME;
        x->kept_us = x->kept_us ? INT64_MAX : 0;
        if (!x->waits)
            pthread_cond_broadcast(&x->changed);
        x->waits = q;
        x->waits_due = f->other_due;
        wait_until(x, INT64_MAX);
    }
    x->waits = NULL;
    const bool go_on = !stopped(x);
    if (go_on) {
        *q->last = n;
        q->last = &n->next;
        q->nb_bytes += cost(&n->f);
        const int64_t pts_us = n->f.pkt.pts_us, end_us = pts_us + n->f.dur_us;
        q->first_us = !q->shown || pts_us < q->first_us ? pts_us : q->first_us;
        q->end_us = !q->shown || end_us > q->end_us ? end_us : q->end_us;
        q->shown = true;
        q->absent = q->hungry = false;
        q->newest_dts_us = n->f.pkt.dts_us;
        pthread_cond_broadcast(&x->changed);
    } else {
        free_node(n);
    }
    pthread_mutex_unlock(&x->base.lock);
    return go_on;
}

/* Notes the kinds that the container is known not to have, which are not waited for. */
static void note_absent(struct live *x, const struct trtc_input_info *info)
{
    pthread_mutex_lock(&x->base.lock);
    x->queue[0].absent = info->audio == TRTC_CODEC_NONE && !info->may_grow;
    x->queue[1].absent = info->video == TRTC_CODEC_NONE && !info->may_grow;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->base.lock);
}

static void *read_all(void *arg)
{
    struct live *x = arg;
    struct trtc_err why = { 0 };
    struct trtc_input_frame f;
    int got = -1;

    struct trtc_input *in =
        trtc_input_open_any(x->url, x->remote.open ? &x->remote : NULL, &x->stop, &why);
    if (in)
        note_absent(x, trtc_input_info(in));
    if (in)
        trtc_input_mind(in, (x->queue[0].wanted ? TRTC_AUDIO : 0u) |
                                (x->queue[1].wanted ? TRTC_VIDEO : 0u));
    while (in && (got = trtc_input_next(in, &f, &why)) > 0 && (got = take(x, in, &f, &why)) > 0)
        ;
    pthread_mutex_lock(&x->base.lock);
    if (in)
        trtc_source_note_lost(&x->base, in, !stopped(x));
    for (int k = 0; in && k < 2; k++)
        trtc_input_ledger(in, k == 1, &x->queue[k].ledger);
    while (in && x->nb_named < NAMED_MAX &&
           trtc_input_named(in, x->nb_named, &x->named[x->nb_named]))
        x->nb_named++;
    if (got < 0 && !stopped(x))
        trtc_source_note_why(&x->base, &why);
    x->ended = true;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->base.lock);
    trtc_input_free(&in);
    return NULL;
}

/* ---- who takes the frames ---- */

/* With the lock held, for an empty queue of a stored stream: whether the other kind must go on
 * without this one, since its own queue is full. */
static bool lacks(const struct live *x, const struct queue *q)
{
    const struct queue *other = &x->queue[q == &x->queue[0]];

    return is_stuck(x) && other->first && (!q->shown || is_full(other, INT64_MAX, OVER_BYTES));
}

static int live_next(struct trtc_feed *feed, struct trtc_feed_frame *out, struct trtc_err *err)
{
    struct queue *q = (struct queue *)feed;
    struct live *x = q->live;
    int ret = TRTC_FED_WAIT;

    pthread_mutex_lock(&x->base.lock);
    free_node(q->current);
    q->current = NULL;
    while (x->stored && !q->first && !x->ended && !q->absent && !stopped(x) && !lacks(x, q)) {
        if (!q->hungry)
            pthread_cond_broadcast(&x->changed);
        q->hungry = true;
        wait_until(x, INT64_MAX);
    }
    if (q->first && !stopped(x)) {
        q->current = q->first;
        q->first = q->current->next;
        if (!q->first)
            q->last = &q->first;
        q->nb_bytes -= cost(&q->current->f);
        *out = q->current->f;
        ret = TRTC_FED_FRAME;
    } else if (x->ended && x->base.why.code != 0 && !stopped(x)) {
        if (err)
            *err = x->base.why;
        ret = -1;
    } else if (x->ended || stopped(x) || q->absent) {
        ret = TRTC_FED_END;
    } else {
        q->hungry = true;
    }
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->base.lock);
    return ret;
}

static void live_ledger(struct trtc_feed *feed, struct trtc_ledger *out)
{
    struct queue *q = (struct queue *)feed;

    pthread_mutex_lock(&q->live->base.lock);
    *out = q->ledger;
    pthread_mutex_unlock(&q->live->base.lock);
}

static const struct trtc_feed_ops feed_ops = { .next = live_next, .ledger = live_ledger };

static struct trtc_feed *live_feed(struct trtc_source *s, enum trtc_kind kind)
{
    struct queue *q = &((struct live *)s)->queue[kind == TRTC_VIDEO];

    return q->wanted ? &q->feed : NULL;
}

static bool is_due(struct live *x, int64_t until_us)
{
    bool any = false, due = true;

    for (int k = 0; k < 2; k++) {
        const struct queue *q = &x->queue[k];
        const bool counts = q->shown || (x->stored && q->wanted && !q->absent);
        any |= counts;
        due &= !counts || (q->shown && q->newest_dts_us > until_us);
    }
    return (any && due) || x->ended || is_stuck(x) || stopped(x);
}

static bool live_wait(struct trtc_source *s, int64_t until_us, int64_t wall_us)
{
    struct live *x = (struct live *)s;
    int64_t deadline_us = INT64_MAX;
    bool due;

    if (x->now_us && wall_us != INT64_MAX)
        deadline_us = trtc_mono_us() + (wall_us - x->now_us());
    pthread_mutex_lock(&s->lock);
    while (!(due = is_due(x, until_us)) && trtc_mono_us() < deadline_us)
        wait_until(x, deadline_us);
    pthread_mutex_unlock(&s->lock);
    return due;
}

static bool live_seen(struct trtc_source *s, enum trtc_kind kind, int64_t *first_us,
                      int64_t *end_us, bool *ended)
{
    struct live *x = (struct live *)s;
    const struct queue *q = &x->queue[kind == TRTC_VIDEO];

    pthread_mutex_lock(&s->lock);
    const bool seen = q->shown;
    *first_us = q->first_us;
    *end_us = q->end_us;
    *ended = x->ended || !q->wanted || q->absent;
    pthread_mutex_unlock(&s->lock);
    return seen;
}

static bool live_named(struct trtc_source *s, int k, struct trtc_input_named *out)
{
    const struct live *x = (struct live *)s;

    if (k >= x->nb_named)
        return false;
    *out = x->named[k];
    return true;
}

static void live_end(struct trtc_source *s)
{
    struct live *x = (struct live *)s;

    pthread_mutex_lock(&s->lock);
    set_stop(x);
    for (int k = 0; k < 2; k++) /* it was there for as long as it was taken from */
        if (x->queue[k].first && x->queue[k].first->f.pkt.pts_us < x->queue[k].end_us)
            x->queue[k].end_us = x->queue[k].first->f.pkt.pts_us;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&s->lock);
}

static void live_settle(struct trtc_source *s)
{
    struct live *x = (struct live *)s;

    if (!x->running)
        return;
    pthread_mutex_lock(&s->lock);
    if (!x->ended) /* else its end was not our doing */
        set_stop(x);
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(x->thread, NULL);
    x->running = false;
}

static void live_free(struct trtc_source *s)
{
    struct live *x = (struct live *)s;

    for (int k = 0; k < 2; k++) {
        struct queue *q = &x->queue[k];
        free_node(q->current);
        while (q->first) {
            struct node *n = q->first;
            q->first = n->next;
            free_node(n);
        }
    }
    pthread_cond_destroy(&x->changed);
    trtc_source_fini(s);
    free(x->url);
    free(x);
}

static const struct trtc_source_ops ops = {
    .feed = live_feed,
    .wait = live_wait,
    .seen = live_seen,
    .named = live_named,
    .end = live_end,
    .settle = live_settle,
    .free = live_free,
};

/* ---- opening ---- */

static int init_changed(struct live *x)
{
    pthread_condattr_t attr;

    if (pthread_condattr_init(&attr) != 0)
        return -1;
    const int ret = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
                            pthread_cond_init(&x->changed, &attr) == 0
                        ? 0
                        : -1;
    pthread_condattr_destroy(&attr);
    return ret;
}

/* Signals are for the program's own thread. */
static int start(struct live *x)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int errnum = pthread_create(&x->thread, NULL, read_all, x);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    x->running = errnum == 0;
    return errnum;
}

struct trtc_source *trtc_source_live_open(const struct trtc_source_opts *o, const char *label,
                                          struct trtc_losses *losses, struct trtc_err *err)
{
    struct live *x = calloc(1, sizeof *x);

    if (!x || trtc_source_init(&x->base, &ops, label, losses, err) < 0) {
        free(x);
        trtc_fail_nomem(err);
        return NULL;
    }
    if (o->remote)
        x->remote = *o->remote;
    x->stored = o->pace == TRTC_PACE_STORED;
    x->start_us = o->start_us;
    x->now_us = o->now_us;
    x->before_us = o->before_us;
    x->stop_too = o->stop;
    x->late_at_us = TRTC_NOTIME;
    for (int k = 0; k < 2; k++)
        x->queue[k] = (struct queue){ .feed.ops = &feed_ops,
                                      .live = x,
                                      .wanted = k ? o->video : o->audio,
                                      .last = &x->queue[k].first,

                                      .newest_dts_us = TRTC_NOTIME };
    x->url = strdup(o->url);
    if (!x->url || init_changed(x) < 0) {
        trtc_source_fini(&x->base);
        free(x->url);
        free(x);
        trtc_fail_nomem(err);
        return NULL;
    }
    const int errnum = start(x);
    if (errnum == 0)
        return &x->base;
    live_free(&x->base);
    trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errnum, "%s: cannot start a thread", label);
    return NULL;
}
