/* SPDX-License-Identifier: MIT */
/* One user's picture in the mix: a decoder that is advanced from output frame to output frame, and
 * supplies the newest picture that is due. Pictures that are not shown are not decoded; their
 * packets are kept from the last key frame on, so that the right picture is available at once when
 * the tile is shown again. */
#ifndef TRTC_MIX_TILE_H
#define TRTC_MIX_TILE_H

#include <stdbool.h>
#include <stdint.h>

#include <libavutil/frame.h>

#include "base/err.h"
#include "recording/ledger.h"
#include "source/feed.h"

struct trtc_tile;

/* feed is borrowed. threads: of the decoder; 1 if many tiles decode at once. NULL on failure. */
struct trtc_tile *trtc_tile_new(struct trtc_feed *feed, int threads, struct trtc_err *err);
void trtc_tile_free(struct trtc_tile **t);

/* Whether the tile is seen, or why not. */
enum trtc_sight {
    TRTC_SIGHT_HIDDEN, /* it is not wanted, or covered */
    TRTC_SIGHT_SHOWN,
    TRTC_SIGHT_AWAY,    /* the user is not present */
    TRTC_SIGHT_PASSING, /* ... but was when the frame before was drawn, or is about to be */
    TRTC_SIGHT_BEFORE   /* the mix begins at due_us: earlier pictures are cut off */
};

/* Reads all packets up to due_us, and decodes them if sight is SHOWN. Returns 0, or -1: no memory.
 * Other failures are kept for trtc_tile_failure, and the last picture remains. */
int trtc_tile_advance(struct trtc_tile *t, int64_t due_us, enum trtc_sight sight,
                      struct trtc_err *err);

/* Returns the newest picture that was due at the last advance, valid until the next one; NULL: none
 * yet. */
const AVFrame *trtc_tile_picture(const struct trtc_tile *t);
int64_t trtc_tile_pts_us(const struct trtc_tile *t);
/* Returns a number that changes with every new picture; 0: none yet. */
int64_t trtc_tile_serial(const struct trtc_tile *t);
/* Returns how the picture must be turned: a set of enum trtc_turn, of steps only. */
unsigned trtc_tile_turn(const struct trtc_tile *t);

/* Closes the account after the last picture: the remaining ones get their reasons. end_us: where
 * the mix ends. lost_us: if the mix was not cut off there, the source is read to its end, and
 * pictures later than this count as lost; else INT64_MAX. */
void trtc_tile_settle(struct trtc_tile *t, int64_t end_us, int64_t lost_us);

struct trtc_tile_stats {
    struct trtc_ledger ledger;     /* balances once the tile is settled */
    int64_t nb_decoded, nb_broken; /* broken: they could not be decoded, or only in part */
    int64_t nb_flawed;             /* decoded ones that are damaged, and are shown */
    int64_t nb_askew; /* ... that should be shown at an angle, or stretched, and are not */
    bool ended;
};

/* Reports what has become of its packets so far. */
void trtc_tile_stats(const struct trtc_tile *t, struct trtc_tile_stats *out);

/* Reports why the feed or the decoder failed; err->code 0: it did not. *at_us: the epoch time of
 * the last frame before that. */
void trtc_tile_failure(const struct trtc_tile *t, struct trtc_err *err, int64_t *at_us);

#endif
