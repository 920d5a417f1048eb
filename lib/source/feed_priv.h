/* SPDX-License-Identifier: MIT */
/* What the files of the feeds share.
 *
 * feed.c has what the caller sees, and the lane of a recording. A source is read either by the threads that
 * ask for its frames, each through an opening of its own (feed_file.c), or by a thread that fills a queue
 * for each kind (feed_live.c). */
#ifndef TRTC_SOURCE_FEED_PRIV_H
#define TRTC_SOURCE_FEED_PRIV_H

#include <pthread.h>

#include "base/utc.h"
#include "source/feed.h"
#include "source/input.h"

struct trtc_feed_ops {
    int (*next)(struct trtc_feed *f, struct trtc_feed_frame *out, struct trtc_err *err);
    void (*free)(struct trtc_feed *f); /* NULL: it is part of a source */
    /* Frames that came in, and those left out below; out: handed up, if only to be kept here. */
    void (*ledger)(struct trtc_feed *f, struct trtc_ledger *out);
    int (*settle)(struct trtc_feed *f); /* NULL: its source does that */
};

struct trtc_feed { /* first in every kind of feed */
    const struct trtc_feed_ops *ops;
    bool ended; /* END or a failure has been returned */
    int64_t nb_given;
};

struct trtc_source_ops {
    struct trtc_feed *(*feed)(struct trtc_source *s, enum trtc_kind kind);
    bool (*colour)(const struct trtc_source *s,
                   struct trtc_colour *out); /* NULL: it is not known */
    bool (*wait)(struct trtc_source *s, int64_t until_us, int64_t wall_us);
    bool (*seen)(struct trtc_source *s, enum trtc_kind kind, int64_t *first_us, int64_t *end_us,
                 bool *ended);
    bool (*named)(struct trtc_source *s, int k, struct trtc_input_named *out);
    void (*end)(struct trtc_source *s);    /* NULL: of a file */
    void (*settle)(struct trtc_source *s); /* nothing is read any more: losses go to base.lost */
    void (*free)(struct trtc_source *s);
};

struct trtc_source { /* first in both kinds of source */
    const struct trtc_source_ops *ops;
    char *label;
    struct trtc_losses *losses;
    bool settled;

    pthread_mutex_t lock; /* of what follows, and of what the kind of source has behind it */
    struct trtc_err why;
    struct trtc_input_losses lost;
};

/* 0 or -1; a failure needs no fini. */
int trtc_source_init(struct trtc_source *s, const struct trtc_source_ops *ops, const char *label,
                     struct trtc_losses *losses, struct trtc_err *err);
void trtc_source_fini(struct trtc_source *s);

/* With the lock held. note_lost: takes over what in has lost so far; every opening of a file
 * finds the same losses. at_end: in came to its end by itself, so that a cut is a loss.
 * note_why: keeps why it broke, unless something broke before. */
void trtc_source_note_lost(struct trtc_source *s, const struct trtc_input *in, bool at_end);
void trtc_source_note_why(struct trtc_source *s, const struct trtc_err *why);

/* A frame of an input, moved by off_us. out points into f. */
void trtc_feed_of_input(const struct trtc_input_frame *f, int64_t off_us,
                        struct trtc_feed_frame *out);

/* NULL on failure. */
struct trtc_source *trtc_source_file_open(const struct trtc_source_opts *o, const char *label,
                                          struct trtc_losses *losses, struct trtc_err *err);
struct trtc_source *trtc_source_live_open(const struct trtc_source_opts *o, const char *label,
                                          struct trtc_losses *losses, struct trtc_err *err);

#endif
