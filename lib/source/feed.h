/* SPDX-License-Identifier: MIT */
/* Frames of one kind (sound or picture) of one user's stream on the epoch clock, wherever they come from: the lane of a
 * recording, a file, or a live source that a thread of its own reads. */
#ifndef TRTC_SOURCE_FEED_H
#define TRTC_SOURCE_FEED_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/colour.h"
#include "base/remote.h"
#include "recording/ledger.h"
#include "recording/loss.h"
#include "recording/timeline.h"
#include "source/reader.h"
#include "ts/packet.h"

struct trtc_feed;

struct AVCodecParameters;

enum trtc_fed { TRTC_FED_END = 0, TRTC_FED_FRAME = 1, TRTC_FED_WAIT = 2 }; /* and -1 */

struct trtc_feed_frame {
    struct trtc_packet pkt; /* video: Annex B; sound: whole frames (AAC: ADTS). Epoch us */
    enum trtc_codec codec;
    const char *codec_name;                        /* FFmpeg's name ("h264", "aac", ...) */
    const struct AVCodecParameters *av_parameters; /* as struct trtc_input_frame has them */
    int64_t dur_us;                                /* estimate, > 0 */
    const uint8_t *sets; /* video key frames: parameter sets that must go in front; or NULL */
    size_t sets_size;
    bool damaged, guessed; /* the latter: its PTS */
    unsigned turn;         /* pictures: how the container wants them shown, of enum trtc_turn */
    int sar_num, sar_den;  /* ... and the shape of a sample, where it says that; or 0 */
    struct trtc_colour
        colour; /* H.264, H.265: what the stream says, or else the container; zeros: not known */
};

/* Next frame in decoding order: FRAME (valid until the next call), END, WAIT (nothing has come
 * yet), or -1: the source broke, and further calls return END. Live sources return WAIT. Stored
 * sources that a thread reads wait by themselves, and return WAIT only when nothing of this kind
 * comes and the queue of the other kind is full. */
int trtc_feed_next(struct trtc_feed *f, struct trtc_feed_frame *out, struct trtc_err *err);
void trtc_feed_free(struct trtc_feed **f);

/* The account so far. Frames out are those that trtc_feed_next has returned; frames that were
 * read ahead count as cut off. It balances once the source is settled. */
void trtc_feed_ledger(struct trtc_feed *f, struct trtc_ledger *out);

/* Nothing is read any more: adds to the losses what was found so far where the feed was not read to its end. For
 * that of a recording; trtc_source_settle is for the others. 0, or -1: out of memory. */
int trtc_feed_settle(struct trtc_feed *f);

/* When the lane of a recording is read (epoch; TRTC_NOTIME: from its beginning). */
struct trtc_feed_from {
    int64_t from_us; /* what lies in segments that end before it is not there */
    int64_t
        read_us; /* ... and those that end before this are there, but not read: of pictures alone, where
                        the clocks of what follows are known without them */
};

/* The lane of a recording, as trtc_reader_new reads it. NULL on failure, as there. */
struct trtc_feed *trtc_feed_recording(const struct trtc_reader_opts *o, struct trtc_feed_from from,
                                      struct trtc_err *err);

/* A source with a thread of its own or none: gives two feeds, either of which may turn out empty. */
struct trtc_source;

enum trtc_pace {
    TRTC_PACE_STORED, /* the first frame stands for start_us; reading waits for data, however long */
    TRTC_PACE_LIVE /* frames are placed by their arrival; next returns WAIT where nothing has come */
};

struct trtc_source_opts {
    const char *url;                  /* as for trtc_input_open */
    const struct trtc_remote *remote; /* the same, or NULL; copied */
    enum trtc_pace pace;
    int64_t start_us;        /* STORED: epoch time of the lowest first PTS */
    bool audio, video;       /* what is wanted */
    int64_t (*now_us)(void); /* LIVE: the epoch clock; asked by the source's thread, too */
    const volatile sig_atomic_t *stop; /* the program's, or NULL: once it is set all feeds end */
};

/* Opens a source. STORED regular files are opened here, once for each kind, so that neither kind
 * waits for the other; errors: TRTC_EX_NOINPUT, DATAERR, UNAVAILABLE. Everything else is opened
 * and read by a thread, with bounded queues. losses (borrowed) receives what turns out damaged
 * or cut once the source has ended, under the name label (copied). */
struct trtc_source *trtc_source_open(const struct trtc_source_opts *o, const char *label,
                                     struct trtc_losses *losses, struct trtc_err *err);

/* The feed of one kind, owned by the source; NULL where that kind was not wanted, or is known
 * not to be there. The caller must take frames from both feeds: where a thread reads, a full
 * queue of one kind stops the other in the end. */
struct trtc_feed *trtc_source_feed(struct trtc_source *s, enum trtc_kind kind);

/* The colours that the pictures of a file state; false: not known. To be called before a picture
 * is taken. */
bool trtc_source_colour(const struct trtc_source *s, struct trtc_colour *out);

/* Waits, for sources that a thread reads, until frames beyond until_us have come in every kind
 * that has appeared (STORED: that is not known to be absent), or the source has ended, or its
 * queues are full, or (LIVE) now_us() has reached wall_us. True: everything until until_us has
 * come. Files return true at once. */
bool trtc_source_wait(struct trtc_source *s, int64_t until_us, int64_t wall_us);

/* Where the first frame of a kind that came (from a file: was taken) began, and where the newest
 * one ends. False: none has come. *ended: no more will come. */
bool trtc_source_seen(struct trtc_source *s, enum trtc_kind kind, int64_t *first_us,
                      int64_t *end_us, bool *ended);

/* Ends a live source now, from any thread: what has come and was not taken is not taken any more. */
void trtc_source_end(struct trtc_source *s);

/* Ends the source and adds to losses what turned out damaged, lost or cut. To be called once, by
 * the thread that owns losses, when no feed of it is in use any more; otherwise trtc_source_free
 * does it. */
void trtc_source_settle(struct trtc_source *s);

/* The k-th track that its container names (see trtc_input_named); false where there is none. Once the source is settled. */
struct trtc_input_named;
bool trtc_source_named(struct trtc_source *s, int k, struct trtc_input_named *out);

/* Why the source broke; err->code is 0 if it did not. trtc_source_free ends its thread, and may
 * be called at any time. */
void trtc_source_failure(struct trtc_source *s, struct trtc_err *err);
void trtc_source_free(struct trtc_source **s);

#endif
