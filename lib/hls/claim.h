/* SPDX-License-Identifier: MIT */
/* The claim to a recording's names, which one run holds from its start to its end by a lock that
 * ends with the process; and the files that a killed run leaves behind. */
#ifndef TRTC_HLS_CLAIM_H
#define TRTC_HLS_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"

struct trtc_claim_stale { /* what was removed */
    int nb_files;
    int64_t bytes;
};

/* Claims the recording whose playlist (for a single-stream recording, that of the sound) will be at
 * path, by a locked file beside it. Returns the claim, which the caller ends with trtc_file_abort;
 * NULL: another run holds it (*held is set), or *err. */
struct trtc_file *trtc_claim_take(const char *path, bool *held, struct trtc_err *err);

/* Removes the temporary files that a killed run has left of the recording with this playlist, and
 * adds them to *stale. Only the holder of the claim may call it. Files that cannot be removed
 * stay. */
void trtc_claim_clean(const char *path, struct trtc_claim_stale *stale);

#endif
