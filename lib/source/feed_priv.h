/* SPDX-License-Identifier: MIT */
/* Shared by the files of the feeds.
 *
 * feed.c has the interface, and the lane of a recording. A source is read either by the threads
 * that take its frames, each through a descriptor of its own (feed_file.c), or by a thread that
 * fills a queue for each kind (feed_live.c). */
#ifndef TRTC_SOURCE_FEED_PRIV_H
#define TRTC_SOURCE_FEED_PRIV_H

#include <pthread.h>

#include "base/utc.h"
#include "input/input.h"
#include "source/feed.h"

struct trtc_feed_ops {
    int (*next)(struct trtc_feed *f, struct trtc_feed_frame *out, struct trtc_err *err);
    void (*free)(struct trtc_feed *f); /* NULL: the feed is part of a source */
    /* The account of the layers below; frames "out" are those that came up from them. */
    void (*ledger)(struct trtc_feed *f, struct trtc_ledger *out);
    int (*settle)(struct trtc_feed *f); /* NULL: the source does it */
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
    void (*end)(struct trtc_source *s);    /* NULL: the source is a file */
    void (*settle)(struct trtc_source *s); /* ends the reading, and puts losses into base.lost */
    void (*free)(struct trtc_source *s);
};

struct trtc_source { /* first in both kinds of source */
    const struct trtc_source_ops *ops;
    char *label;
    struct trtc_losses *losses;
    bool settled;

    pthread_mutex_t lock; /* guards what follows, and the members of the kind of source after it */
    struct trtc_err why;
    struct trtc_input_losses lost;
};

/* Returns 0, or -1; after a failure trtc_source_fini is not needed. */
int trtc_source_init(struct trtc_source *s, const struct trtc_source_ops *ops, const char *label,
                     struct trtc_losses *losses, struct trtc_err *err);
void trtc_source_fini(struct trtc_source *s);

/* The caller holds the lock. note_lost takes over the losses of in so far; every reader of a file
 * finds the same ones. at_end: in was read to its end, so that a truncation is a loss. note_why
 * keeps the reason of a failure, unless there was one before. */
void trtc_source_note_lost(struct trtc_source *s, const struct trtc_input *in, bool at_end);
void trtc_source_note_why(struct trtc_source *s, const struct trtc_err *why);

/* Converts a frame of an input, and adds off_us to its times. out points into f. */
void trtc_feed_of_input(const struct trtc_input_frame *f, int64_t off_us,
                        struct trtc_feed_frame *out);

/* NULL on failure. */
struct trtc_source *trtc_source_file_open(const struct trtc_source_opts *o, const char *label,
                                          struct trtc_losses *losses, struct trtc_err *err);
struct trtc_source *trtc_source_live_open(const struct trtc_source_opts *o, const char *label,
                                          struct trtc_losses *losses, struct trtc_err *err);

#endif
