/* SPDX-License-Identifier: MIT */
/* Between scan.c, which finds playlists, and recording.c, which places their segments. */
#ifndef TRTC_CORE_RECORDING_PRIV_H
#define TRTC_CORE_RECORDING_PRIV_H

#include "core/recording.h"

/* Checks every listed segment of r in dirfd and puts the usable ones on the clock. */
int trtc_recording_place(struct trtc_recording *r, int dirfd, struct trtc_err *err);

#endif
