/* SPDX-License-Identifier: MIT */
/* Reads playlists from files, in the encodings in which tools store them. */
#ifndef TRTC_PLAYLIST_PLAYLIST_LOAD_H
#define TRTC_PLAYLIST_PLAYLIST_LOAD_H

#include <stdint.h>

#include "playlist/playlist.h"

/* Converts a playlist to plain text. gzip (RFC 1952, also with several members) is decompressed;
 * UTF-16 with or without a byte order mark becomes UTF-8; lines that end in a lone CR get an LF;
 * NULs and a Ctrl-Z at the end are dropped; everything else is unchanged. *text (heap memory with room for a byte after its *n) may be
 * replaced and remains the caller's, even on failure. TRTC_EX_DATAERR: damaged, or too large for a
 * playlist. 0, or -1. */
int trtc_playlist_text(char **text, int64_t *n, struct trtc_err *err);

/* Reads, converts and parses a file of the directory dirfd, with the checks of trtc_read_beneath.
 * *bytes (may be NULL) receives its size on disk. Free *out with trtc_playlist_fini, even on
 * failure. With TRTC_EX_DATAERR the message says what the file is. 0, or -1. */
int trtc_playlist_load(int dirfd, const char *file, struct trtc_playlist *out, int64_t *bytes,
                       struct trtc_err *err);

#endif
