/* SPDX-License-Identifier: MIT */
/* Reads one lane of a time line as a continuous stream of frames on the epoch clock. It handles the
 * change of files, wraps and restarts of time stamps, jitter and damage. It needs one open file and
 * a fixed amount of memory, however long the lane is. */
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
    const struct trtc_ts_stream *stream; /* its stream */
    const struct trtc_piece *piece;      /* the segment that contains it */
    bool piece_begins;                   /* it is the first frame used of this piece */
    int64_t dur_us;                      /* AAC: its length; else 0 */
    int64_t moved_us; /* sound: by how much its clock was corrected since the frame before */
};

struct trtc_reader_opts { /* all pointers are borrowed for as long as the reader lives */
    const struct trtc_recording *rec;
    const struct trtc_lane *lane; /* of its time line */
    enum trtc_kind kind;
    struct trtc_losses *losses; /* receives the losses that are found while reading */
    atomic_llong *bytes;        /* counts bytes that were read; or NULL */
    bool sparing;               /* no file stays open between two calls */
    size_t skip; /* how many clips are not read; the clock of later ones does not depend on that */
};

/* Makes a reader of one kind for the clips of a lane. NULL on failure: TRTC_EX_NOINPUT (the
 * recording's directory has disappeared), or a shortage of the machine. */
struct trtc_reader *trtc_reader_new(const struct trtc_reader_opts *o, struct trtc_err *err);

/* Reads the next frame into *out, which is valid until the next call. Returns 1; 0: the end; -1:
 * the machine failed (not the input), and no output may be made of the frames before. Pictures
 * begin with a key frame, and again after each change of the stream. AAC frames follow each other
 * by their samples, and jump only where their time stamps do. */
int trtc_reader_next(struct trtc_reader *rd, struct trtc_read *out, struct trtc_err *err);

/* Returns the account so far: frames that came in, and those that were not returned, by reason. The
 * caller accounts for the frames that were returned. */
const struct trtc_ledger *trtc_reader_account(const struct trtc_reader *rd);

/* Ends the reading: lists the losses found in a clip that was not read to its end. Returns 0, or
 * -1: no memory. */
int trtc_reader_settle(struct trtc_reader *rd);

/* Frees *rd and sets it to NULL; NULL is accepted. */
void trtc_reader_free(struct trtc_reader **rd);

#endif
