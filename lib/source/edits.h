/* SPDX-License-Identifier: MIT */
/* Edit lists of MP4 files (ISO/IEC 14496-12, 8.6.6): which parts of a track are shown, and when. */
#ifndef TRTC_SOURCE_EDITS_H
#define TRTC_SOURCE_EDITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRTC_EDIT_EMPTY  (-1)    /* at_us: nothing is shown for that long */
#define TRTC_EDIT_NORMAL 0x10000 /* rate */

struct trtc_edit {
    int64_t at_us;  /* from here on in the track; or EMPTY */
    int64_t dur_us; /* so long, on the time line of the film; INT64_MAX: to the end */
    int32_t rate;   /* speed, in 1/65536; 0: one picture stands still */
};

/* Zero: there is none. */
struct trtc_edits {
    struct trtc_edit *items;
    size_t n;
};

#endif
