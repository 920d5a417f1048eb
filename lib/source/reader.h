/* SPDX-License-Identifier: MIT */
/* One lane of a time line as one continuous stream of frames on the epoch clock: the next
 * file, wraps, restarts, jitter and damage are its business alone. One open file and a fixed amount
 * of memory, however long the lane. */
#ifndef TRTC_SOURCE_READER_H
#define TRTC_SOURCE_READER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "recording/ledger.h"
#include "recording/timeline.h"
#include "ts/packet.h"
#include "ts/ts.h"

struct trtc_reader;

struct trtc_read {
    struct trtc_packet pkt; /* video: Annex B; AAC: ADTS frame; else PES payload. Times: epoch us */
    const struct trtc_ts_stream *stream; /* what it is */
    const struct trtc_piece *piece;      /* where it comes from */
    bool piece_begins;                   /* first frame taken from this piece */
    int64_t dur_us;                      /* AAC: its length; else 0 */
};

/* Reads the clips of lane (borrowed, like r) for one kind. losses (borrowed) receives what
 * turns out missing; bytes (may be NULL) counts what was read. NULL on failure. */
struct trtc_reader *trtc_reader_new(const struct trtc_recording *r, const struct trtc_lane *lane,
                                    enum trtc_kind kind, struct trtc_losses *losses,
                                    atomic_llong *bytes, struct trtc_err *err);

/* Next frame: 1, 0 at the end, -1 on failure (of the machine, not of the input: nothing may be
 * made of what came before). Video begins with a key frame, and again after every hole; AAC frames
 * follow each other by their samples, and jump only where their stamps do. The frame is valid until
 * the next call. */
int trtc_reader_next(struct trtc_reader *rd, struct trtc_read *out, struct trtc_err *err);

/* The account of what was read so far: frames that came in, and those that were not handed out, by
 * reason. What was handed out is the caller's to account for. */
const struct trtc_ledger *trtc_reader_account(const struct trtc_reader *rd);

void trtc_reader_free(struct trtc_reader **rd);

#endif
