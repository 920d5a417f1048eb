/* SPDX-License-Identifier: MIT */
/* Playlists of recordings: RFC 8216 with the EXT-X-TRTC tags, in every form that recordings have
 * had. */
#ifndef TRTC_PLAYLIST_PLAYLIST_H
#define TRTC_PLAYLIST_PLAYLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/utc.h"

#define TRTC_PLAYLIST_LINE_MAX  65536               /* bytes; a longer line is skipped as a whole */
#define TRTC_PLAYLIST_BYTES_MAX (256 * 1024 * 1024) /* of a playlist's file */

struct trtc_playlist_seg {
    const char *uri;        /* as it stands, NUL-terminated; points into the playlist's text */
    size_t uri_len;         /* more than strlen(uri) where the line holds a NUL */
    int64_t duration_us;    /* EXTINF; TRTC_NOTIME where absent or not a sane number */
    int64_t attr_start_ms;  /* FILE-ATTR; TRTC_NOTIME where absent */
    int64_t attr_bytes;     /* FILE-ATTR; -1 where absent */
    int64_t range_at;       /* EXT-X-BYTERANGE: first byte of the file that belongs to it; else 0 */
    int64_t range_bytes;    /* ... and how many; -1: the whole file */
    const char *key_method; /* METHOD of the EXT-X-KEY in force, or NULL: not encrypted */
    int width_px, height_px; /* VIDEO-METADATA in force here; 0 where absent */
    int line;                /* of the URI, from 1 */
    bool discontinuity;      /* EXT-X-DISCONTINUITY stands before it */
    bool map;                /* an EXT-X-MAP is in force: a header of its own file, as MP4's are */
};

struct trtc_playlist {
    char *text;
    struct trtc_playlist_seg *segs;
    size_t nb_segs;
    int64_t start_rec_ms; /* START-REC-TIME or TRTC_NOTIME */
    int64_t target_s;     /* TARGETDURATION or -1 */
    const char *user_id;  /* USER-ID in clear, or NULL; points into text */
    int stream_type;      /* STREAM-TYPE, or -1 */
    int mix_stream;       /* MIX-STREAM, or -1 */
    bool ended;           /* ENDLIST was seen */
    bool master;          /* it lists playlists (EXT-X-STREAM-INF, EXT-X-MEDIA), not segments */
    int nb_bad_lines;     /* lines skipped: too long, or values that make no sense */
    int first_bad_line;   /* from 1; 0: none */
};

/* Parses the n bytes of text, which it takes over (malloc'd, with at least one byte of room
 * after n) also on failure. Unknown tags are skipped. TRTC_EX_DATAERR if the first line is not
 * #EXTM3U or it is a master playlist (out->master, which is filled all the same). Free with
 * trtc_playlist_fini. */
int trtc_playlist_parse(char *text, size_t n, struct trtc_playlist *out, struct trtc_err *err);

/* Frees what it holds and empties it, so that a second call does nothing. */
void trtc_playlist_fini(struct trtc_playlist *p);

#endif
