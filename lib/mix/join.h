/* SPDX-License-Identifier: MIT */
/* The parts of a mix into one file, without decoding or encoding anything. */
#ifndef TRTC_MIX_JOIN_H
#define TRTC_MIX_JOIN_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mix/writer.h"

struct trtc_join_opts {
    const char *const *parts; /* files, in any order */
    size_t nb_parts;
    const char *path; /* as struct trtc_writer_opts has them */
    enum trtc_container container;
    const volatile sig_atomic_t *stop; /* once it is set nothing is made; or NULL */
    /* Called for each line that a part has about what was lost when it was made; never NULL. */
    void (*tell)(void *opaque, const char *part, const char *line);
    void *opaque;
};

struct trtc_join_result {
    int64_t start_us, end_us; /* of the mix, epoch */
    int64_t nb_frames, bytes;
    int width_px, height_px, fps; /* 0: there are no pictures */
    int status;                   /* the worst exit status with which a part was made */
};

/* Makes the output, which is as the whole mix would be. Refuses by name: what cannot be read
 * (TRTC_EX_NOINPUT), is no part, is cut off, is doubled or of another mix (TRTC_EX_DATAERR), what is
 * missing (TRTC_EX_NOINPUT). */
int trtc_join(const struct trtc_join_opts *o, struct trtc_join_result *res, struct trtc_err *err);

#endif
