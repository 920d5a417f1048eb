/* SPDX-License-Identifier: MIT */
/* One user's picture in the mix: a decoder that is advanced from output frame to output frame, and gives the newest
 * picture that is due. What is not shown is not decoded: its packets are kept from the last key frame on, so that it
 * is there at once, and right, when it is shown again. */
#ifndef TRTC_MIX_TILE_H
#define TRTC_MIX_TILE_H

#include <stdbool.h>
#include <stdint.h>

#include <libavutil/frame.h>

#include "base/err.h"
#include "recording/ledger.h"
#include "source/feed.h"

struct trtc_tile;

/* feed is borrowed. threads: of the decoder; 1 where many decode at once. */
struct trtc_tile *trtc_tile_new(struct trtc_feed *feed, int threads, struct trtc_err *err);
void trtc_tile_free(struct trtc_tile **t);

/* Who sees the tile. */
enum trtc_sight {
    TRTC_SIGHT_HIDDEN, /* not wanted, or something covers it */
    TRTC_SIGHT_SHOWN,
    TRTC_SIGHT_AWAY,    /* the user is not there */
    TRTC_SIGHT_LEAVING, /* ... but was when the picture before was drawn */
    TRTC_SIGHT_BEFORE   /* what comes before due_us is cut off */
};

/* Reads everything up to due_us, and decodes it if sight is SHOWN. -1 only where memory runs
 * out: other failures are kept for trtc_tile_failure, and the last picture stands. */
int trtc_tile_advance(struct trtc_tile *t, int64_t due_us, enum trtc_sight sight,
                      struct trtc_err *err);

/* The newest picture that was due at the last advance; NULL: none yet. Valid until the next advance. */
const AVFrame *trtc_tile_picture(const struct trtc_tile *t);
int64_t trtc_tile_pts_us(const struct trtc_tile *t);
/* Another number with every new picture; 0: none yet. */
int64_t trtc_tile_serial(const struct trtc_tile *t);
/* How it is to be turned: a set of enum trtc_turn. */
unsigned trtc_tile_turn(const struct trtc_tile *t);

/* Closes the account after the last picture: what is left gets its reason. end_us: where the mix
 * ends. lost_us: where nothing was cut off there, pictures later than this count as lost, and
 * the source is read to its end; else INT64_MAX. */
void trtc_tile_settle(struct trtc_tile *t, int64_t end_us, int64_t lost_us);

struct trtc_tile_stats {
    struct trtc_ledger ledger;     /* balances once the tile is settled */
    int64_t nb_decoded, nb_broken; /* broken: did not decode, wholly or in part */
    int64_t nb_flawed;             /* of those that decoded, damaged ones: they are shown */
    bool ended;
};

/* What has become of its packets so far. */
void trtc_tile_stats(const struct trtc_tile *t, struct trtc_tile_stats *out);

/* Why the feed or the decoder broke; err->code 0: it did not. *at_us: epoch time of the last frame before it. */
void trtc_tile_failure(const struct trtc_tile *t, struct trtc_err *err, int64_t *at_us);

#endif
