/* SPDX-License-Identifier: MIT */
/* Writes a recording's playlist while it grows: in the form of current recordings (full) or of
 * the specification (classic), replaced as a whole at each change, so that a reader always
 * finds a complete one. */
#ifndef TRTC_PLAYLIST_PLAYLIST_WRITE_H
#define TRTC_PLAYLIST_PLAYLIST_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "playlist/name.h"

/* In both forms EXTINF has six significant digits, as those of real recordings, a break is
 * marked with EXT-X-DISCONTINUITY, and no segment, rounded, is longer than the target duration:
 * target_s at first in the full form, 70 in the classic one, raised where a segment
 * needs it. Classic has the specification's lines only, and no comma behind EXTINF. */
enum trtc_tags { TRTC_TAGS_FULL, TRTC_TAGS_CLASSIC };

struct trtc_playlist_head {
    enum trtc_tags tags;
    int64_t start_rec_ms;  /* of the first segment */
    enum trtc_media media; /* NONE: mixed (its MEDIA-ID is main) */
    const char *user_id;   /* in clear, any bytes (escaped so that it stays one line); NULL:
                                 mixed */
    size_t user_id_len;
    bool has_audio, has_video;
    int channels, rate_hz;   /* audio */
    int width_px, height_px; /* video; 0: not known before the first segment */
    int video_codec;         /* FFmpeg's number: 27 H.264, 173 H.265 */
    int64_t target_s;        /* -t, rounded up; raised where a segment is longer */
};

struct trtc_playlist_writer;

/* Nothing is written yet. path is copied. */
struct trtc_playlist_writer *trtc_playlist_writer_new(const char *path,
                                                      const struct trtc_playlist_head *head,
                                                      struct trtc_err *err);

/* Goes on with the playlist that is at path: what it lists stays as it is, and so do its form and what its header says;
 * head says whose it is. Its ENDLIST goes with the next write. TRTC_EX_DATAERR where it is no playlist. */
struct trtc_playlist_writer *trtc_playlist_writer_resume(const char *path,
                                                         const struct trtc_playlist_head *head,
                                                         struct trtc_err *err);

/* Describes the segments to come: has_audio, has_video (the header names a track that joined
 * from the next write on), channels and rate_hz (used if they were not known), and video_codec. */
void trtc_playlist_writer_update(struct trtc_playlist_writer *w,
                                 const struct trtc_playlist_head *now);

struct trtc_playlist_entry { /* a finished segment */
    const char *name;        /* no directory; copied */
    int64_t start_ms;        /* epoch */
    int64_t dur_us, bytes;
    bool discontinuity;      /* its time stamps do not go on from the one before */
    int width_px, height_px; /* of its pictures; 0: as before */
};

/* Adds a segment; a change of the picture's size or codec is written before it. 0, or -1: no
 * memory. */
int trtc_playlist_writer_add(struct trtc_playlist_writer *w, const struct trtc_playlist_entry *e,
                             struct trtc_err *err);

/* Writes the playlist under its name, atomically; ended: with ENDLIST; sync: durably. */
int trtc_playlist_writer_write(struct trtc_playlist_writer *w, bool ended, bool sync,
                               struct trtc_err *err);

/* The path that was given; valid as long as w. */
const char *trtc_playlist_writer_path(const struct trtc_playlist_writer *w);

/* Frees it and clears the pointer. NULL is fine. */
void trtc_playlist_writer_free(struct trtc_playlist_writer **w);

#endif
