/* SPDX-License-Identifier: MIT */
/* Writes a recording's playlist while it grows, in the form of current recordings (full) or in that
 * of the specification (classic). The file is replaced as a whole at each change, so that readers
 * always find a complete one. */
#ifndef TRTC_PLAYLIST_PLAYLIST_WRITE_H
#define TRTC_PLAYLIST_PLAYLIST_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "playlist/name.h"

/* In both forms EXTINF has six significant digits, as in real recordings, and a break is marked
 * with EXT-X-DISCONTINUITY. No segment's rounded length exceeds the target duration, which is
 * target_s at first in the full form and 70 in the classic form, and is raised if a segment
 * requires it. The classic form only has the lines of the specification, and no comma after
 * EXTINF. */
enum trtc_tags { TRTC_TAGS_FULL, TRTC_TAGS_CLASSIC };

struct trtc_playlist_head {
    enum trtc_tags tags;
    int64_t start_rec_ms;  /* of the first segment */
    enum trtc_media media; /* NONE: mixed (then MEDIA-ID is main) */
    const char *user_id;   /* decoded, any bytes (escaped to stay on one line); NULL: mixed */
    size_t user_id_len;
    bool has_audio, has_video;
    int channels, rate_hz;   /* sound */
    int width_px, height_px; /* picture; 0: unknown before the first segment */
    int video_codec;         /* FFmpeg's number: 27 for H.264, 173 for H.265 */
    int64_t target_s;        /* -t, rounded up; raised if a segment is longer */
};

struct trtc_playlist_writer;

/* A writer of a new playlist at path, which is copied. Nothing is written yet. NULL: out of
 * memory. */
struct trtc_playlist_writer *trtc_playlist_writer_new(const char *path,
                                                      const struct trtc_playlist_head *head,
                                                      struct trtc_err *err);

/* Continues the playlist at path. Its segments, its form and its header are kept; head says whose
 * it is. Its ENDLIST is removed by the next write. TRTC_EX_DATAERR: it is not a playlist. */
struct trtc_playlist_writer *trtc_playlist_writer_resume(const char *path,
                                                         const struct trtc_playlist_head *head,
                                                         struct trtc_err *err);

/* Describes the segments to come: has_audio and has_video (from the next write on the header names
 * a track that was added), channels and rate_hz (used if unknown so far), and video_codec. */
void trtc_playlist_writer_update(struct trtc_playlist_writer *w,
                                 const struct trtc_playlist_head *now);

struct trtc_playlist_entry { /* a finished segment */
    const char *name;        /* without directory; copied */
    int64_t start_ms;        /* milliseconds since 1970 */
    int64_t dur_us, bytes;
    bool discontinuity;      /* its time stamps do not continue those of the segment before */
    int width_px, height_px; /* of its pictures; 0: unchanged */
};

/* Adds a segment, and before it a change of the picture's size or codec. 0, or -1: out of
 * memory. */
int trtc_playlist_writer_add(struct trtc_playlist_writer *w, const struct trtc_playlist_entry *e,
                             struct trtc_err *err);

/* Writes the playlist atomically under its name. ended: with ENDLIST; sync: durably. 0, or -1. */
int trtc_playlist_writer_write(struct trtc_playlist_writer *w, bool ended, bool sync,
                               struct trtc_err *err);

/* The path of the playlist; valid as long as w. */
const char *trtc_playlist_writer_path(const struct trtc_playlist_writer *w);

/* Frees *w and clears the pointer; NULL is allowed. */
void trtc_playlist_writer_free(struct trtc_playlist_writer **w);

#endif
