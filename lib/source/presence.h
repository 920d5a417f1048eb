/* SPDX-License-Identifier: MIT */
/* Finds out when a stored file has sound and when it has pictures, by reading it once without
 * decoding, and when a recording has, by its playlists and its last frames. */
#ifndef TRTC_SOURCE_PRESENCE_H
#define TRTC_SOURCE_PRESENCE_H

#include <signal.h>

#include "base/err.h"
#include "recording/recording.h"
#include "recording/roster.h"

struct trtc_presence {
    const char *path;
    int64_t start_us; /* the epoch time of the lowest first PTS of the file */
    int64_t until_us; /* reading stops at frames after this time; TRTC_NOTIME: at the end */
    const volatile sig_atomic_t *stop; /* as for trtc_input_open */
};

/* Adds the intervals with sound and pictures to m. *torn: the file is truncated, or breaks; the
 * part before counts. Returns 0, or -1: the errors of trtc_input_open, and TRTC_EX_UNAVAILABLE
 * (there is no decoder for any of its tracks). */
int trtc_presence_of_file(const struct trtc_presence *p, struct trtc_member *m, bool *torn,
                          struct trtc_err *err);

/* Adds the intervals of a lane of r to v as trtc_intervals_lane does, but each lasts until its last
 * frame if that ends later than the playlist says (by less than TRTC_STRAY_US); a picture must also
 * begin later, since only the playlist knows how long it is shown. Reads the last bytes of an
 * interval's last segment, and more only if these are not where the playlist puts them. Returns 0,
 * or -1: the errors of trtc_reader_new and trtc_reader_next. */
int trtc_presence_of_lane(const struct trtc_recording *r, const struct trtc_lane *lane,
                          enum trtc_kind kind, struct trtc_intervals *v, struct trtc_err *err);

#endif
