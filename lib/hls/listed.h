/* SPDX-License-Identifier: MIT */
/* What the playlists of a recording list already, for a run that goes on with it. */
#ifndef TRTC_HLS_LISTED_H
#define TRTC_HLS_LISTED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_listed {  /* of the last playlist of a track */
    bool any;         /* there is one */
    bool ended;       /* ... with ENDLIST */
    int64_t index;    /* the number in its name; 0: none */
    int64_t start_ms; /* of its first segment */
    int64_t last_ms;  /* of its last one, or TRTC_NOTIME where it has none */
    int64_t end_us;   /* where that ends (epoch), or TRTC_NOTIME */
    int64_t dur_us;   /* of what it lists */
    char last[256];   /* the name of its last segment, or "" */
};

/* Reads the playlist at path. One that is not there is none; TRTC_EX_DATAERR where it is no playlist. */
int trtc_listed_read(const char *path, struct trtc_listed *out, struct trtc_err *err);

#endif
