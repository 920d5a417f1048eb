/* SPDX-License-Identifier: MIT */
/* The mixer's output: encoded tracks into one MP4, Matroska or MPEG-TS, a file that appears when it
 * is complete or a pipe. Tracks are written by several threads, each in its order; the writer
 * interleaves them. */
#ifndef TRTC_MIX_WRITER_H
#define TRTC_MIX_WRITER_H

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
    int64_t creation_ms; /* epoch; TRTC_NOTIME: none is written */
    int64_t start_us;    /* TS: epoch time of 0, which the stream states; 0: it does not */
    bool flush;          /* TS: hand on at once what is complete (live) */
    int64_t first_us;    /* no packet is much earlier than this */
    const char *part; /* Matroska: that it is a part of a mix, and which one (mix/part.h); or NULL */
    int64_t expected_us; /* MP4: how long it will be, for the index's room in front; 0: unknown */
};

/* The tag of a Matroska file that has it. A track of text behind the others, with one packet at the
 * end, has what trtc_writer_note was given. */
#define TRTC_WRITER_PART_TAG "TRTC_PART"

/* Its times are later by this, since Matroska has none before 0, where the priming of sound is. */
#define TRTC_WRITER_PART_SHIFT_US 1000000

struct trtc_writer;

/* TRTC_EX_CANTCREAT, TRTC_EX_TEMPFAIL. */
struct trtc_writer *trtc_writer_new(const struct trtc_writer_opts *o, struct trtc_err *err);

/* One packet (copied), in decoding order of its track: H.264 as Annex B without parameter sets, AAC
 * raw; times in us from the mix's start. Video dts and the priming of the first AAC frame may be
 * negative: MP4 says so, TS and Matroska leave the priming out. Waits where this track is more than
 * some seconds ahead of the others; so no thread may hold what another needs. After a failure every
 * call fails the same way. */
int trtc_writer_write(struct trtc_writer *w, int track, const struct trtc_packet *p,
                      struct trtc_err *err);

/* Ends a track at end_us: its last frame lasts until then. */
int trtc_writer_end_track(struct trtc_writer *w, int track, int64_t end_us, struct trtc_err *err);

/* Of a part, before the finish: what its file is to say about itself (copied). TRTC_EX_TEMPFAIL. */
int trtc_writer_note(struct trtc_writer *w, const char *text, struct trtc_err *err);

/* Whether the reader of the pipe has gone: that is why a call has failed. Any thread. */
bool trtc_writer_reader_left(const struct trtc_writer *w);

/* Ends all waiting: pending and later writes fail with err (copied). */
void trtc_writer_cancel(struct trtc_writer *w, const struct trtc_err *err);

/* Completes the file, once all tracks have ended, and gives it its name. *bytes (may be NULL):
 * its size. TRTC_EX_DATAERR where no packet was written at all. */
int trtc_writer_finish(struct trtc_writer *w, int64_t *bytes, struct trtc_err *err);

/* Removes what was not finished, frees. */
void trtc_writer_free(struct trtc_writer **w);

#endif
