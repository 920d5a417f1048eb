/* SPDX-License-Identifier: MIT */
/* MP4 (ISO/IEC 14496-12, -14, -15) writer: samples stream to the mdat, only compact sample
 * tables stay in memory; the index ends up in front of the media (fast start). One H.264 or
 * H.265 track and one or more AAC tracks. */
#ifndef TRTC_MP4_MP4_H
#define TRTC_MP4_MP4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/colour.h"
#include "base/err.h"
#include "ts/packet.h"

/* Longest time from one sample of a track to the next, in ticks (6.6 hours at 90 kHz): a
 * longer hold needs the sample again. */
#define TRTC_MP4_STEP_MAX INT32_MAX

#define TRTC_MP4_ENTRIES_MAX 16 /* sample entries of a track */

struct trtc_mp4;

struct trtc_mp4_track {
    enum trtc_codec codec; /* H264, H265 or AAC */
    uint32_t timescale;    /* ticks a second: 90000 for video, the sample rate for sound */
    const char *name;      /* what players call it, UTF-8, or NULL; copied, long ones cut */
    /* video */
    int width_px, height_px;   /* coded size after cropping */
    int sar_num, sar_den;      /* sample aspect ratio; 0/0 or 1/1: square, no pasp */
    struct trtc_colour colour; /* as it is said in the stream; unknown: no colr */
    const uint8_t *annexb;     /* parameter sets with start codes, every one that samples may
                                     refer to; copied; other NAL units among them are skipped */
    size_t annexb_size;
    /* AAC */
    const uint8_t *asc; /* AudioSpecificConfig; copied */
    size_t asc_size;
    int rate_hz, channels;
};

/* One sample of a track. */
struct trtc_sample {
    const uint8_t *data; /* video: NAL units after lengths of 4 bytes, without parameter sets */
    size_t size;
    int64_t dts, pts; /* ticks of the track's timescale, from the file's zero */
    bool key;
    int entry; /* which of the track's sample entries describes it, from 0 */
};

struct trtc_mp4_info {
    int64_t creation_ms;   /* creation_time, since the Unix epoch; TRTC_NOTIME: none */
    const char *title;     /* UTF-8, or NULL */
    const char *comment;   /* UTF-8, or NULL */
    int64_t reserve_bytes; /* room left in front for the index; a good guess saves moving
                                     the media at the end */
    bool give_back; /* if more of it is left at the end than there is media, the media is moved
                       down, so that a file that ends early is no larger than it has to be */
};

/* Starts writing at offset 0 of fd (read-write, empty, seekable; stays the caller's). name is
 * for messages. The object keeps copies of what it needs. NULL on failure. */
struct trtc_mp4 *trtc_mp4_new(int fd, const char *name, const struct trtc_mp4_info *info,
                              struct trtc_err *err);

/* Adds a track before the first sample; t makes its first sample entry. Returns its number from
 * 0, or -1 (TRTC_EX_DATAERR for parameter sets that make no sense). */
int trtc_mp4_add_track(struct trtc_mp4 *m, const struct trtc_mp4_track *t, struct trtc_err *err);

/* Describes the samples of a track that name this entry (0 ... TRTC_MP4_ENTRIES_MAX - 1),
 * replacing an earlier description. It may come any time before the finish, which fails if a
 * sample names an entry without a description. Of t the codec and the timescale are the track's.
 * An entry that no sample names is left out of the file. */
int trtc_mp4_set_entry(struct trtc_mp4 *m, int track, int entry, const struct trtc_mp4_track *t,
                       struct trtc_err *err);

/* Appends one sample. Its dts rises, its pts is not below it. A track whose first pts is later
 * than zero starts with an empty edit. Times below zero, by at most TRTC_MP4_STEP_MAX: a dts
 * where pictures are reordered, or a pts that is decoded but not presented (the priming of an
 * AAC encoder). A sample lasts until the next one of its track begins; the last one until the
 * track's end. A dts that does not rise, or rises by more than TRTC_MP4_STEP_MAX, is a caller's
 * mistake: TRTC_EX_SOFTWARE. After a failure that is not the caller's mistake (disk full) every
 * later call fails the same way. */
int trtc_mp4_write(struct trtc_mp4 *m, int track, const struct trtc_sample *s,
                   struct trtc_err *err);

/* Bytes that the file would have if it were finished now: an upper bound, index and what is
 * left of the reserve included. */
int64_t trtc_mp4_size(const struct trtc_mp4 *m);

/* Bytes of memory that the sample tables hold now, and the samples in them (nb_samples may be
 * NULL). */
size_t trtc_mp4_table_bytes(const struct trtc_mp4 *m, uint64_t *nb_samples);

/* Sets where a track's presentation ends (ticks from the file's zero, past the highest
 * pts, by at most TRTC_MP4_STEP_MAX). Without it the sample shown last lasts as long as the one
 * before. All that the file says of the track's length is up to this end. */
void trtc_mp4_end_track(struct trtc_mp4 *m, int track, int64_t end);

/* Replaces the comment, any time before the finish. */
int trtc_mp4_set_comment(struct trtc_mp4 *m, const char *comment, struct trtc_err *err);

/* How many losses the media was made with, an item of its own in the file; any time before the
 * finish. 0, as at first: no item. */
void trtc_mp4_set_losses(struct trtc_mp4 *m, int64_t nb);

/* Flushes the media, writes the index in front. Does not sync or close fd. Tracks without
 * samples are left out; without any sample at all it fails (TRTC_EX_DATAERR). To be called
 * once. */
int trtc_mp4_finish(struct trtc_mp4 *m, struct trtc_err *err);

/* Frees it and clears the pointer. NULL is fine. A file that was not finished stays as it is on disk. */
void trtc_mp4_free(struct trtc_mp4 **m);

/* How a comment begins that says how many losses there were: in files of version 0.1 nothing else does. */
#define TRTC_MP4_LOSSES_SENTENCE "losses in the input: "

/* The losses that a file was made with: what was set above, or what its comment says. *nb is 0 where neither is
 * there, or the file is something else. 0, or -1 where the file cannot be read. */
int trtc_mp4_read_losses(const char *path, int64_t *nb, struct trtc_err *err);

#endif
