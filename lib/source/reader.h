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

struct trtc_reader_opts { /* all pointers are borrowed for as long as the reader lives */
    const struct trtc_recording *rec;
    const struct trtc_lane *lane; /* of its time line */
    enum trtc_kind kind;
    struct trtc_losses *losses; /* receives what turns out missing */
    atomic_llong *bytes;        /* counts what was read, or NULL */
    bool sparing;               /* no file stays open between two reads */
    size_t
        skip; /* so many clips are not read; the clock of those that follow is as if they had been */
};

/* Reads the clips of a lane for one kind. NULL on failure: TRTC_EX_NOINPUT where the recording's
 * directory has gone, a shortage of the machine. */
struct trtc_reader *trtc_reader_new(const struct trtc_reader_opts *o, struct trtc_err *err);

/* Reads the next frame into *out, which is valid until the next call. Returns 1; 0 at the end; -1 where
 * the machine failed, and not the input: nothing may be made of what came before. Pictures begin with a
 * key frame, and again wherever the stream before them is another one. AAC frames follow each other by
 * their samples, and jump only where their stamps do. */
int trtc_reader_next(struct trtc_reader *rd, struct trtc_read *out, struct trtc_err *err);

/* The account of what was read so far: frames that came in, and those that were not handed out, by
 * reason. What was handed out is the caller's to account for. */
const struct trtc_ledger *trtc_reader_account(const struct trtc_reader *rd);

/* Nothing is read any more: lists what was found wrong in the clip that was not read to its end. 0, or -1:
 * out of memory. */
int trtc_reader_settle(struct trtc_reader *rd);

/* Frees it and clears the pointer. NULL is fine. */
void trtc_reader_free(struct trtc_reader **rd);

#endif
