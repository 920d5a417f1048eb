/* SPDX-License-Identifier: MIT */
/* Joins the parts of a mix into one file, without decoding or encoding. */
#ifndef TRTC_MIX_JOIN_H
#define TRTC_MIX_JOIN_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mix/writer.h"

struct trtc_join_opts {
    const char *const *parts; /* files, in any order */
    size_t nb_parts;
    const char *path; /* path and container as in struct trtc_writer_opts */
    enum trtc_container container;
    const volatile sig_atomic_t *stop; /* when it becomes nonzero the join is abandoned; or NULL */
    atomic_llong *done_us;             /* receives how much of the mix was written; or NULL */
    /* Called for each line in which a part reports a loss; never NULL. */
    void (*tell)(void *opaque, const char *part, const char *line);
    void *opaque;
};

struct trtc_join_result {
    int64_t start_us, end_us; /* of the mix, epoch */
    int64_t nb_frames, bytes;
    int width_px, height_px, fps; /* 0: there are no pictures */
    int status;                   /* the worst exit status of the runs that made the parts */
    bool reader_left; /* after a failure: it failed because the reader of the pipe is gone */
};

/* Makes the output, which equals that of a mix without parts. Returns 0, or -1 with a message that
 * names the file: TRTC_EX_NOINPUT (it cannot be read, or a part is missing), TRTC_EX_DATAERR (it is
 * not a part, truncated, doubled, or of another mix), or an error of the writer. */
int trtc_join(const struct trtc_join_opts *o, struct trtc_join_result *res, struct trtc_err *err);

#endif
