/* SPDX-License-Identifier: MIT */
/* Playlists from files, in the encodings in which tools save them. */
#ifndef TRTC_PLAYLIST_PLAYLIST_LOAD_H
#define TRTC_PLAYLIST_PLAYLIST_LOAD_H

#include <stdint.h>

#include "playlist/playlist.h"

/* Turns a playlist into plain text: gzip (RFC 1952, also of several members) is decompressed,
 * UTF-16 with or without its mark becomes UTF-8, and lines that end in a lone CR end in LF;
 * anything else stays. *text (malloc'd, one byte of room behind its *n) may be replaced; it
 * stays the caller's, also on failure. TRTC_EX_DATAERR if it is damaged or larger than a
 * playlist may be. */
int trtc_playlist_text(char **text, int64_t *n, struct trtc_err *err);

/* Reads, converts and parses DIR/FILE (with the checks of trtc_read_beneath). *bytes (may be
 * NULL): its size as it stands. *out is to be freed with trtc_playlist_fini in each case. With
 * TRTC_EX_DATAERR the message says what the file is. */
int trtc_playlist_load(int dirfd, const char *file, struct trtc_playlist *out, int64_t *bytes,
                       struct trtc_err *err);

#endif
