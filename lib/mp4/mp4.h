/* SPDX-License-Identifier: MIT */
/* MP4 writer (ISO/IEC 14496-12, -14, -15). Samples are written to the mdat box as they come, and
 * only compact sample tables stay in memory; in the end the index is in front of the media (fast
 * start). A file has one H.264 or H.265 track and one or more AAC tracks. */
#ifndef TRTC_MP4_MP4_H
#define TRTC_MP4_MP4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/colour.h"
#include "base/err.h"
#include "ts/packet.h"

/* Longest time from one sample of a track to the next, in ticks (6.6 hours at 90 kHz). To hold a
 * picture longer, write the sample again. */
#define TRTC_MP4_STEP_MAX INT32_MAX

#define TRTC_MP4_ENTRIES_MAX 16 /* sample entries per track */

struct trtc_mp4;

struct trtc_mp4_track {
    enum trtc_codec codec; /* H264, H265 or AAC */
    uint32_t timescale;    /* ticks per second: 90000 for video, the sample rate for sound */
    const char *name;      /* what players call the track, UTF-8, or NULL; copied, a long one is
                              cut */
    /* video */
    int width_px, height_px;   /* coded size after cropping */
    int sar_num, sar_den;      /* sample aspect ratio; 0/0 or 1/1: square, no pasp */
    struct trtc_colour colour; /* as stated in the stream; unknown: no colr box */
    const uint8_t *annexb;     /* all parameter sets that samples may refer to, with start codes;
                                  copied; other NAL units among them are skipped */
    size_t annexb_size;
    /* AAC */
    const uint8_t *asc; /* AudioSpecificConfig; copied */
    size_t asc_size;
    int rate_hz, channels;
};

/* One sample of a track. */
struct trtc_sample {
    const uint8_t *data; /* video: NAL units, each after a length of 4 bytes, without parameter
                            sets */
    size_t size;
    int64_t dts, pts; /* in ticks of the track's timescale, from the file's zero */
    bool key;
    int entry; /* which of the track's sample entries describes it, from 0 */
};

struct trtc_mp4_info {
    int64_t creation_ms;   /* creation_time in milliseconds since 1970; TRTC_NOTIME: none */
    const char *title;     /* UTF-8, or NULL */
    const char *comment;   /* UTF-8, or NULL */
    int64_t reserve_bytes; /* room left in front for the index; a good guess avoids moving the
                              media at the end */
    bool give_back; /* if in the end more of this room is unused than there is media, the media
                       is moved down, so that a file that ends early is no larger than necessary */
};

/* Starts writing at offset 0 of fd, which is readable, writable, empty and seekable and remains the
 * caller's. name is for messages. Everything needed is copied. NULL on failure. */
struct trtc_mp4 *trtc_mp4_new(int fd, const char *name, const struct trtc_mp4_info *info,
                              struct trtc_err *err);

/* Adds a track before the first sample; t makes its first sample entry. Returns the number of the
 * track, from 0, or -1. TRTC_EX_DATAERR: the parameter sets are invalid. */
int trtc_mp4_add_track(struct trtc_mp4 *m, const struct trtc_mp4_track *t, struct trtc_err *err);

/* Describes the samples of a track that refer to this entry (0 ... TRTC_MP4_ENTRIES_MAX - 1), and
 * replaces an earlier description. It may come at any time before trtc_mp4_finish, which fails if a
 * sample refers to an entry without a description. The codec and timescale of t must be those of
 * the track. An entry that no sample refers to is left out of the file. 0, or -1. */
int trtc_mp4_set_entry(struct trtc_mp4 *m, int track, int entry, const struct trtc_mp4_track *t,
                       struct trtc_err *err);

/* Appends a sample. Its dts must rise; its pts must not be below its dts. A track whose first pts
 * is later than zero starts with an empty edit. Times may be below zero by at most
 * TRTC_MP4_STEP_MAX: a dts where pictures are reordered, or a pts that is decoded but not presented
 * (the priming of an AAC encoder). A sample lasts until the next one of its track begins, the last
 * one until the end of the track. TRTC_EX_SOFTWARE: the dts does not rise, or rises by more than
 * TRTC_MP4_STEP_MAX, or another mistake of the caller; TRTC_EX_DATAERR: the track has as many
 * samples as a file may hold. Both leave the file unchanged. After any other failure (disk full)
 * every later call fails in the same way. 0, or -1. */
int trtc_mp4_write(struct trtc_mp4 *m, int track, const struct trtc_sample *s,
                   struct trtc_err *err);

/* Size of the file in bytes if it were finished now: an upper bound that includes the index and
 * what is left of the reserve. */
int64_t trtc_mp4_size(const struct trtc_mp4 *m);

/* How many bytes of memory the sample tables take now; *nb_samples, which may be NULL, receives the
 * number of samples in them. */
size_t trtc_mp4_table_bytes(const struct trtc_mp4 *m, uint64_t *nb_samples);

/* Sets the end of a track's presentation, in ticks from the file's zero: after the highest pts, by
 * at most TRTC_MP4_STEP_MAX. Without it the sample displayed last lasts as long as the one before.
 * All lengths of the track in the file count up to this end. */
void trtc_mp4_end_track(struct trtc_mp4 *m, int track, int64_t end);

/* Replaces the comment, at any time before trtc_mp4_finish. 0, or -1: out of memory. */
int trtc_mp4_set_comment(struct trtc_mp4 *m, const char *comment, struct trtc_err *err);

/* Sets how many losses there were when the media was made, which the file stores in an item of its
 * own. At any time before trtc_mp4_finish. 0, the initial value: no item. */
void trtc_mp4_set_losses(struct trtc_mp4 *m, int64_t nb);

/* Flushes the media and writes the index in front. Neither syncs nor closes fd. Tracks without
 * samples are left out. TRTC_EX_DATAERR: there is no sample at all. Call it once. 0, or -1. */
int trtc_mp4_finish(struct trtc_mp4 *m, struct trtc_err *err);

/* Frees *m and clears the pointer; NULL is allowed. A file that was not finished stays on disk as
 * it is. */
void trtc_mp4_free(struct trtc_mp4 **m);

/* How a comment begins that states the number of losses. Files of version 0.1 have no other record
 * of it. */
#define TRTC_MP4_LOSSES_SENTENCE "losses in the input: "

/* Reads how many losses there were when a file was made: the item set by trtc_mp4_set_losses, or
 * else the sentence in the comment. *nb is 0 if there is neither, or if the file is something else.
 * 0, or -1: the file cannot be read. */
int trtc_mp4_read_losses(const char *path, int64_t *nb, struct trtc_err *err);

#endif
