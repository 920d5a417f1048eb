/* SPDX-License-Identifier: MIT */
/* Finds out what the playlists of a recording list already, for a run that continues it. */
#ifndef TRTC_HLS_LISTED_H
#define TRTC_HLS_LISTED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_listed {  /* the last playlist of a track; times are of the epoch */
    bool any;         /* it exists */
    bool ended;       /* it has ENDLIST */
    int64_t index;    /* the number in its name; 0: none */
    int64_t start_ms; /* when its first segment begins */
    int64_t last_ms;  /* when its last segment begins; TRTC_NOTIME: it has none */
    int64_t end_us;   /* when that ends; TRTC_NOTIME: it has none */
    int64_t dur_us;   /* the length of all its segments */
    char last[256];   /* the name of its last segment, or "" */
};

/* Reads the playlist at path; without such a file, out->any is false. Returns 0, or -1:
 * TRTC_EX_DATAERR (not a playlist), or another error of reading. */
int trtc_listed_read(const char *path, struct trtc_listed *out, struct trtc_err *err);

#endif
