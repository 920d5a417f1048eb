/* SPDX-License-Identifier: MIT */
/* Stored files as sources. A file is opened once for each kind, so that readers of sound and of
 * pictures never wait for each other, however the file interleaves them. */
#include <stdlib.h>

#include "source/feed_priv.h"

struct file_feed {
    struct trtc_feed feed;
    struct file *file;
    struct trtc_input *in;
    bool video;
    /* under the lock */
    bool shown, ended;
    int64_t first_us, end_us; /* of the frames taken, if shown */
};

struct file {
    struct trtc_source base;
    const volatile sig_atomic_t *stop;
    int64_t off_us;           /* from the file's times to epoch times */
    struct file_feed feed[2]; /* sound, pictures; .in NULL: the file has none */
};

/* Ends a feed: the input reports its losses. */
static void end_feed(struct file_feed *f, int result, const struct trtc_err *why)
{
    struct trtc_source *s = &f->file->base;

    pthread_mutex_lock(&s->lock);
    trtc_source_note_lost(s, f->in, !f->file->stop || !*f->file->stop);
    if (result < 0)
        trtc_source_note_why(s, why);
    f->ended = true;
    pthread_mutex_unlock(&s->lock);
}

static void note_taken(struct file_feed *f, const struct trtc_feed_frame *x)
{
    const int64_t at_us = x->pkt.pts_us, end_us = at_us + x->dur_us;

    pthread_mutex_lock(&f->file->base.lock);
    f->first_us = !f->shown || at_us < f->first_us ? at_us : f->first_us;
    f->end_us = !f->shown || end_us > f->end_us ? end_us : f->end_us;
    f->shown = true;
    pthread_mutex_unlock(&f->file->base.lock);
}

static int file_next(struct trtc_feed *feed, struct trtc_feed_frame *out, struct trtc_err *err)
{
    struct file_feed *f = (struct file_feed *)feed;
    struct trtc_input_frame frame;
    struct trtc_err why;
    int got;

    do
        got = trtc_input_next(f->in, &frame, &why);
    while (got > 0 && frame.video != f->video);
    if (got <= 0) {
        end_feed(f, got, &why);
        if (got < 0 && err)
            *err = why;
        return got;
    }
    trtc_feed_of_input(&frame, f->file->off_us, out);
    note_taken(f, out);
    return TRTC_FED_FRAME;
}

static void file_ledger(struct trtc_feed *feed, struct trtc_ledger *out)
{
    const struct file_feed *f = (struct file_feed *)feed;

    trtc_input_ledger(f->in, f->video, out);
}

static const struct trtc_feed_ops feed_ops = { .next = file_next, .ledger = file_ledger };

static struct trtc_feed *file_feed(struct trtc_source *s, enum trtc_kind kind)
{
    struct file_feed *f = &((struct file *)s)->feed[kind == TRTC_VIDEO];

    return f->in ? &f->feed : NULL;
}

static bool file_colour(const struct trtc_source *s, struct trtc_colour *out)
{
    const struct file_feed *f = &((const struct file *)s)->feed[1];

    if (!f->in)
        return false;
    *out = trtc_input_info(f->in)->colour;
    return out->primaries != 0;
}

static bool file_wait(struct trtc_source *s, int64_t until_us, int64_t wall_us)
{
    (void)s, (void)until_us, (void)wall_us;
    return true;
}

static bool file_seen(struct trtc_source *s, enum trtc_kind kind, int64_t *first_us,
                      int64_t *end_us, bool *ended)
{
    const struct file_feed *f = &((struct file *)s)->feed[kind == TRTC_VIDEO];

    pthread_mutex_lock(&s->lock);
    const bool seen = f->shown;
    *first_us = f->first_us;
    *end_us = f->end_us;
    *ended = !f->in || f->ended;
    pthread_mutex_unlock(&s->lock);
    return seen;
}

/* The opening for the pictures has read as far as any. */
static bool file_named(struct trtc_source *s, int k, struct trtc_input_named *out)
{
    const struct file *x = (struct file *)s;
    const struct trtc_input *in = x->feed[1].in ? x->feed[1].in : x->feed[0].in;

    return in && trtc_input_named(in, k, out);
}

/* Of a file that was not read to its end, the losses found so far count. */
static void file_settle(struct trtc_source *s)
{
    struct file *x = (struct file *)s;

    for (int k = 0; k < 2; k++) {
        struct file_feed *f = &x->feed[k];
        if (f->in)
            trtc_source_note_lost(s, f->in, false);
    }
}

static void file_free(struct trtc_source *s)
{
    struct file *x = (struct file *)s;

    for (int k = 0; k < 2; k++)
        trtc_input_free(&x->feed[k].in);
    trtc_source_fini(s);
    free(x);
}

static const struct trtc_source_ops ops = {
    .feed = file_feed,
    .colour = file_colour,
    .wait = file_wait,
    .seen = file_seen,
    .named = file_named,
    .settle = file_settle,
    .free = file_free,
};

/* The first opening goes to the kind that is there. */
static int open_feeds(struct file *x, const struct trtc_source_opts *o, struct trtc_err *err)
{
    struct trtc_input *in = trtc_input_open_any(o->url, NULL, o->stop, err);

    if (!in)
        return -1;
    const struct trtc_input_info *info = trtc_input_info(in);
    const bool there[2] = { o->audio && (info->audio != TRTC_CODEC_NONE || info->may_grow),
                            o->video && (info->video != TRTC_CODEC_NONE || info->may_grow) };
    const unsigned kinds = (o->audio ? TRTC_AUDIO : 0u) | (o->video ? TRTC_VIDEO : 0u);
    x->off_us = o->start_us - trtc_input_zero_us(in);
    for (int k = 0; k < 2; k++) {
        struct file_feed *f = &x->feed[k];
        if (!there[k])
            continue;
        *f = (struct file_feed){ .feed.ops = &feed_ops, .file = x, .in = in, .video = k == 1 };
        in = NULL;
        if (!f->in && !(f->in = trtc_input_open_any(o->url, NULL, o->stop, err)))
            return -1;
        trtc_input_mind(f->in, kinds);
        if (f->video)
            trtc_input_leave_sound(f->in);
    }
    trtc_input_free(&in);
    return 0;
}

struct trtc_source *trtc_source_file_open(const struct trtc_source_opts *o, const char *label,
                                          struct trtc_losses *losses, struct trtc_err *err)
{
    struct file *x = calloc(1, sizeof *x);

    if (!x) {
        trtc_fail_nomem(err);
        return NULL;
    }
    if (trtc_source_init(&x->base, &ops, label, losses, err) < 0) {
        free(x);
        return NULL;
    }
    x->stop = o->stop;
    if (open_feeds(x, o, err) == 0)
        return &x->base;
    file_free(&x->base);
    return NULL;
}
