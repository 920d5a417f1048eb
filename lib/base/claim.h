/* SPDX-License-Identifier: MIT */
/* The claim to a recording's names: held by one run from its start to its end, by a lock that dies with it; and
 * what such a run leaves when it is killed. */
#ifndef TRTC_BASE_CLAIM_H
#define TRTC_BASE_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"

struct trtc_claim_stale { /* what was removed */
    int nb_files;
    int64_t bytes;
};

/* Claims the recording whose playlist (of its sound, where it is a user's) is to be at path, by a locked file
 * beside it. NULL and *held where another run has it. Ends with trtc_file_abort. */
struct trtc_file *trtc_claim_take(const char *path, bool *held, struct trtc_err *err);

/* Removes the temporary files that a killed run has left of the recording with this playlist. Only for who holds the
 * claim. Adds to *stale; what cannot be removed stays. */
void trtc_claim_clean(const char *path, struct trtc_claim_stale *stale);

#endif
