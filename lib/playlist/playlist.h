/* SPDX-License-Identifier: MIT */
/* Reads playlists of recordings: RFC 8216 with the EXT-X-TRTC tags, in every form used so far. */
#ifndef TRTC_PLAYLIST_PLAYLIST_H
#define TRTC_PLAYLIST_PLAYLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/utc.h"

#define TRTC_PLAYLIST_LINE_MAX  65536               /* in bytes; a longer line is skipped */
#define TRTC_PLAYLIST_BYTES_MAX (256 * 1024 * 1024) /* largest size of a playlist file */

struct trtc_playlist_seg {
    const char *uri;         /* as written, NUL-terminated; points into the playlist's text */
    size_t uri_len;          /* longer than strlen(uri) if the line contains a NUL */
    int64_t duration_us;     /* EXTINF; TRTC_NOTIME: absent or implausible */
    int64_t attr_start_ms;   /* FILE-ATTR; TRTC_NOTIME: absent */
    int64_t attr_bytes;      /* FILE-ATTR; -1: absent */
    int64_t range_at;        /* EXT-X-BYTERANGE: the segment's first byte in the file; else 0 */
    int64_t range_bytes;     /* ... and its length; -1: the whole file */
    const char *key_method;  /* METHOD of the EXT-X-KEY in force; NULL: not encrypted */
    int width_px, height_px; /* VIDEO-METADATA in force; 0: absent */
    int line;                /* line number of the URI, from 1 */
    bool whole;         /* EXTINF may be rounded to seconds, as all of them have no milliseconds */
    bool discontinuity; /* EXT-X-DISCONTINUITY precedes it */
    bool map;           /* an EXT-X-MAP is in force: its header is in another file, as for
                                MP4 segments */
};

struct trtc_playlist {
    char *text;
    struct trtc_playlist_seg *segs;
    size_t nb_segs;
    int64_t start_rec_ms; /* START-REC-TIME; TRTC_NOTIME: absent */
    int64_t target_s;     /* TARGETDURATION; -1: absent */
    const char *user_id;  /* USER-ID, decoded; NULL: absent; points into text */
    int stream_type;      /* STREAM-TYPE; -1: absent */
    int mix_stream;       /* MIX-STREAM; -1: absent */
    bool ended;           /* it has ENDLIST */
    bool master;          /* it lists playlists (EXT-X-STREAM-INF, EXT-X-MEDIA) and not segments */
    int64_t nb_skipped;   /* EXT-X-SKIP: only an earlier version of it lists them; an invalid number
                             counts as 1 */
    int nb_bad_lines;     /* lines skipped: too long, or with invalid values */
    int first_bad_line;   /* from 1; 0: none */
    int nb_nameless;      /* segments that it describes without naming them, */
    int nameless_line;    /* where the first of these should be named, from 1; 0: none */
    int64_t nameless_us;  /* and how long they are together */
    bool cut;  /* it ends within a tag, or has NULs in tags or at the beginning of lines */
    bool open; /* its last line is a name that has no line end, and may be cut */
};

/* Parses n bytes of text. Takes ownership of text, even on failure; it must be heap memory with
 * room for a byte after n. Blank lines, blanks around a line and byte order
 * marks are ignored, tags may be in small letters, unknown ones are skipped. TRTC_EX_DATAERR: the
 * first line is not #EXTM3U, or it is a master playlist (out->master; *out is filled nevertheless). Free *out with
 * trtc_playlist_fini. 0, or -1. */
int trtc_playlist_parse(char *text, size_t n, struct trtc_playlist *out, struct trtc_err *err);

/* Frees the contents and empties p. A second call does nothing. */
void trtc_playlist_fini(struct trtc_playlist *p);

#endif
