/* SPDX-License-Identifier: MIT */
/* The mixer's output: encoded tracks into one MP4, Matroska or MPEG-TS, a file that appears when it
 * is complete or a pipe. Tracks are written by several threads, each in its order; the writer
 * interleaves them. */
#ifndef TRTC_MIX_WRITER_H
#define TRTC_MIX_WRITER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "ts/packet.h"

enum trtc_container { TRTC_CONTAINER_MP4, TRTC_CONTAINER_TS, TRTC_CONTAINER_MKV };

struct trtc_writer_track {
    enum trtc_codec codec; /* H264 or AAC */
    int width_px, height_px, fps;
    const uint8_t *sets; /* H264: parameter sets, Annex B; copied */
    size_t sets_size;
    int rate_hz, channels;
    const uint8_t *asc; /* AAC: AudioSpecificConfig; copied */
    size_t asc_size;
    const char *name; /* of the track, or NULL; copied */
};

struct trtc_writer_opts {
    const char *path; /* "-": standard output (TS only); the program ignores SIGPIPE */
    enum trtc_container container;
    const struct trtc_writer_track *tracks; /* TS: one of each kind at most */
    int nb_tracks;
    int64_t creation_ms; /* ms since 1970; TRTC_NOTIME: not written */
    int64_t start_us;    /* TS: the time (us since 1970) that the stream states for 0; 0: none */
    bool flush;          /* TS: write data as soon as it is complete (live) */
    const volatile sig_atomic_t *stop; /* when it becomes nonzero, a reader that takes nothing is not
                                          waited for; or NULL */
    int64_t first_us;                  /* no packet is much earlier than this */
    const char *part; /* Matroska: which part of a mix it is, as text (mix/part.h); NULL: a mix */
    int64_t expected_us; /* MP4: the expected length, for the size of the index; 0: unknown */
};

/* The tag of a Matroska file that is a part of a mix. Its last track contains text: one packet at
 * the end, with the note of trtc_writer_note. */
#define TRTC_WRITER_PART_TAG "TRTC_PART"

/* Times in a part are increased by this, since Matroska has no times before 0, and the priming of
 * the sound begins there. */
#define TRTC_WRITER_PART_SHIFT_US 1000000

struct trtc_writer;

/* Creates the output. NULL: TRTC_EX_CANTCREAT, TRTC_EX_TEMPFAIL. */
struct trtc_writer *trtc_writer_new(const struct trtc_writer_opts *o, struct trtc_err *err);

/* Writes one packet (copied); the packets of a track come in decoding order. H.264 has start codes
 * and no parameter sets, AAC is raw; times are in us since the start of the mix. The DTS of
 * pictures and the priming of AAC may be negative: MP4 stores that, TS and Matroska leave the
 * priming out. Waits if the track is some seconds ahead of others, so a thread must not hold locks
 * that the threads of other tracks need. Returns 0, or -1; after a failure every call fails in the
 * same way. */
int trtc_writer_write(struct trtc_writer *w, int track, const struct trtc_packet *p,
                      struct trtc_err *err);

/* Ends a track at end_us: its last frame lasts until then. */
int trtc_writer_end_track(struct trtc_writer *w, int track, int64_t end_us, struct trtc_err *err);

/* Sets the note of a part (copied); call it before trtc_writer_finish. Returns 0, or -1:
 * TRTC_EX_TEMPFAIL. */
int trtc_writer_note(struct trtc_writer *w, const char *text, struct trtc_err *err);

/* Whether a call has failed because the reader of the pipe is gone. Any thread may call it. */
bool trtc_writer_reader_left(const struct trtc_writer *w);

/* Cancels the output: pending and later writes fail with err (copied). */
void trtc_writer_cancel(struct trtc_writer *w, const struct trtc_err *err);

/* Completes the file after all tracks have ended, and gives it its name. *bytes (may be NULL): its
 * size. Returns 0, or -1; TRTC_EX_DATAERR: no packet was written at all. */
int trtc_writer_finish(struct trtc_writer *w, int64_t *bytes, struct trtc_err *err);

/* Removes what was not finished, frees. */
void trtc_writer_free(struct trtc_writer **w);

#endif
