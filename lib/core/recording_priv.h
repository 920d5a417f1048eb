/* SPDX-License-Identifier: MIT */
/* Between scan.c, which finds playlists, and recording.c, which places their segments. */
#ifndef TRTC_CORE_RECORDING_PRIV_H
#define TRTC_CORE_RECORDING_PRIV_H

#include <stdarg.h>

#include "core/recording.h"

/* Checks every listed segment of r in dirfd and puts the usable ones on the clock. */
int trtc_recording_place(struct trtc_recording *r, int dirfd, struct trtc_err *err);

/* Takes note of the modification time of one of its files. */
void trtc_recording_seen(struct trtc_recording *r, int dirfd, const char *name);

/* Appends a formatted line to a list of notes. -1 without memory. */
__attribute__((format(printf, 3, 0)))
int trtc_notes_add(char ***notes, size_t *n, const char *fmt, va_list ap);

#endif
