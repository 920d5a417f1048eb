/* SPDX-License-Identifier: MIT */
/* Supplies the frames of one kind (sound or picture) of one user's stream on the epoch clock, from
 * any source: the lane of a recording, a file, or a live source that is read by a thread of its
 * own. */
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

/* The results of trtc_feed_next, besides -1. */
enum trtc_fed { TRTC_FED_END = 0, TRTC_FED_FRAME = 1, TRTC_FED_WAIT = 2 };

struct trtc_feed_frame {
    struct trtc_packet pkt; /* video: Annex B; sound: whole frames (AAC: ADTS). Epoch us */
    enum trtc_codec codec;
    const char *codec_name;                        /* FFmpeg's name ("h264", "aac", ...) */
    const struct AVCodecParameters *av_parameters; /* as struct trtc_input_frame has them */
    int64_t dur_us;                                /* estimate, > 0 */
    const uint8_t *sets; /* video key frames: parameter sets to be decoded before them; or NULL */
    size_t sets_size;
    bool damaged;
    bool guessed;         /* its PTS is a guess */
    unsigned turn;        /* pictures: how they are turned for display, of enum trtc_turn */
    int sar_num, sar_den; /* ... and the shape of a pixel as the container states it; or 0 */
    /* H.264, H.265: as the stream states, or else the container; zeros: not known */
    struct trtc_colour colour;
};

/* Reads the next frame in decoding order. Returns TRTC_FED_FRAME: *out is valid until the next
 * call; TRTC_FED_END; TRTC_FED_WAIT: it has not arrived yet; or -1: the source broke, and further
 * calls return END. Only live sources return WAIT as a rule. Stored sources that a thread reads
 * wait for data, and return WAIT only when none of this kind arrives and the queue of the other
 * kind is full. */
int trtc_feed_next(struct trtc_feed *f, struct trtc_feed_frame *out, struct trtc_err *err);
void trtc_feed_free(struct trtc_feed **f);

/* Reports the account so far. Frames "out" are those that trtc_feed_next has returned; frames that
 * were read ahead count as cut off. The account balances once the source is settled. */
void trtc_feed_ledger(struct trtc_feed *f, struct trtc_ledger *out);

/* Ends the reading of a recording: adds the losses found in a segment that was not read to its end.
 * (For other sources this is trtc_source_settle.) Returns 0, or -1: no memory. */
int trtc_feed_settle(struct trtc_feed *f);

/* From when on the lane of a recording is read (epoch; TRTC_NOTIME: from its beginning). */
struct trtc_feed_from {
    int64_t from_us; /* segments that end before this time count as absent */
    /* Pictures: segments that end before this time are present, but not read, if the clocks of
     * later ones are known without them. */
    int64_t read_us;
};

/* Makes a feed of the lane of a recording; see trtc_reader_new, also for errors. NULL on
 * failure. */
struct trtc_feed *trtc_feed_recording(const struct trtc_reader_opts *o, struct trtc_feed_from from,
                                      struct trtc_err *err);

/* A source, with or without a thread of its own. It has two feeds, either of which may turn out to
 * be empty. */
struct trtc_source;

enum trtc_pace {
    TRTC_PACE_STORED, /* the first frame is at start_us; reading waits for data without limit */
    TRTC_PACE_LIVE    /* frames are placed by their arrival; next returns WAIT before it */
};

struct trtc_source_opts {
    const char *url;                  /* as for trtc_input_open */
    const struct trtc_remote *remote; /* the same, or NULL; copied */
    enum trtc_pace pace;
    int64_t start_us;        /* STORED: epoch time of the lowest first PTS */
    bool audio, video;       /* which kinds are wanted */
    int64_t (*now_us)(void); /* LIVE: the epoch clock; also called by the source's thread */
    int64_t before_us; /* LIVE: what its server got before then is placed by that time; 0: none */
    const volatile sig_atomic_t *stop; /* when it becomes nonzero all feeds end; or NULL */
};

/* Opens a source. STORED regular files are opened here, once for each kind, so that neither kind
 * waits for the other; errors are TRTC_EX_NOINPUT, TRTC_EX_DATAERR, TRTC_EX_UNAVAILABLE. All others
 * are opened and read by a thread, with bounded queues. losses (borrowed) receives damaged and lost
 * parts once the source is settled, under the name label (copied). NULL on failure. */
struct trtc_source *trtc_source_open(const struct trtc_source_opts *o, const char *label,
                                     struct trtc_losses *losses, struct trtc_err *err);

/* Returns the feed of one kind, which the source owns; NULL: that kind is not wanted, or known to
 * be absent. The caller must take frames from both feeds: if a thread reads, a full queue of one
 * kind finally stops the other. */
struct trtc_feed *trtc_source_feed(struct trtc_source *s, enum trtc_kind kind);

/* Reads the colours that the pictures of a file state. Returns false: not known. To be called
 * before a picture is taken. */
bool trtc_source_colour(const struct trtc_source *s, struct trtc_colour *out);

/* For sources that a thread reads, waits until frames beyond until_us have arrived of every kind
 * that has appeared (STORED: that is not known to be absent), or the source has ended, or its
 * queues are full, or (LIVE) now_us() has reached wall_us. Returns true if everything until
 * until_us has arrived. For files it returns true at once. */
bool trtc_source_wait(struct trtc_source *s, int64_t until_us, int64_t wall_us);

/* Reports when the first frame of a kind that arrived (from a file: was taken) begins, and when the
 * newest one ends. Returns false if there is none. *ended: no more will arrive. */
bool trtc_source_seen(struct trtc_source *s, enum trtc_kind kind, int64_t *first_us,
                      int64_t *end_us, bool *ended);

/* Ends a live source now, from any thread. Frames that have arrived and were not taken are
 * dropped. */
void trtc_source_end(struct trtc_source *s);

/* Ends the source and adds damaged and lost parts to losses. To be called once, by the thread that
 * owns losses, when none of its feeds is in use; if it is not called, trtc_source_free does it. */
void trtc_source_settle(struct trtc_source *s);

/* Supplies the k-th track that the container names (trtc_input_named); false: there is none. For a
 * settled source. */
struct trtc_input_named;
bool trtc_source_named(struct trtc_source *s, int k, struct trtc_input_named *out);

/* Reports why the source broke; err->code 0: it did not. trtc_source_free ends its thread, and may
 * be called at any time. */
void trtc_source_failure(struct trtc_source *s, struct trtc_err *err);
void trtc_source_free(struct trtc_source **s);

#endif
