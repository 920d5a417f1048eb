/* SPDX-License-Identifier: MIT */
/* Shared by scan.c, which finds playlists, and recording.c, which places their segments. */
#ifndef TRTC_RECORDING_RECORDING_PRIV_H
#define TRTC_RECORDING_RECORDING_PRIV_H

#include <stdarg.h>

#include "playlist/dir_index.h"
#include "recording/recording.h"

/* Checks every listed segment of r in its directory and puts the usable ones on the clock, until
 * *stop is nonzero (NULL: all). 0, or -1: out of memory. */
int trtc_recording_place(struct trtc_recording *r, struct trtc_dir_index *dir,
                         const volatile sig_atomic_t *stop, struct trtc_err *err);

/* Lists a piece as a loss. why: the reason in words, or NULL. 0, or -1: out of memory. */
int trtc_recording_lose(struct trtc_recording *r, const struct trtc_piece *p, const char *kind,
                        int64_t bytes, const char *why);

/* Updates newest_ms with the modification time of a file of the recording. */
void trtc_recording_seen(struct trtc_recording *r, int dirfd, const char *name);

/* Appends a formatted line to a list of notes. 0, or -1: out of memory. */
__attribute__((format(printf, 3, 0))) int trtc_notes_add(char ***notes, size_t *n, const char *fmt,
                                                         va_list ap);

#endif
