/* SPDX-License-Identifier: MIT */
/* Carries out one output of a plan: tracks are pulled in the order of time and written to one
 * or several MP4 files, which are complete and on disk afterwards, but under temporary names:
 * the caller names and commits them. */
#ifndef TRTC_MERGE_MERGE_H
#define TRTC_MERGE_MERGE_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/file.h"
#include "mp4/track.h"
#include "recording/loss.h"
#include "recording/plan.h"

struct trtc_merge_opts {
    enum trtc_choice video; /* as planned with: AUTO may turn to encoding on the way */
    bool black;
    int64_t split_bytes, split_us;     /* 0: no limit */
    int threads;                       /* for encoders; 0: as many as suit the cores */
    int channels;                      /* of encoded sound, at least; 0: as the segments begin */
    const volatile sig_atomic_t *stop; /* set: finish what there is */
    atomic_llong *bytes;               /* counts what was read */
};

struct trtc_merge_file {      /* one part */
    char *path;               /* final name, for the caller to set (malloc'd); NULL until then */
    struct trtc_file *file;   /* complete, not committed; only the first one is kept open and
                               locked */
    int64_t start_us, end_us; /* on the epoch clock */
    int64_t bytes;
};

struct trtc_merge_result {
    struct trtc_merge_file *files;
    size_t nb_files;
    struct trtc_losses losses; /* found on the way */
    struct trtc_track_stats video, audio;
    struct trtc_ledger video_account, audio_account;
    bool has_video, has_audio;
    struct trtc_output made; /* as planned, but for a track that could not be copied to its end, and
                                was encoded, and for the size of the picture; borrows from the plan */
    bool interrupted;        /* *stop was set: the files hold only what came before */
    int64_t table_bytes, table_samples; /* memory of the sample tables of the last file */
};

/* Writes the output into temporaries of script-style names in its directory. TRTC_EX_DATAERR
 * where nothing in it could be used; TRTC_EX_TEMPFAIL where the disk is or would be full. On
 * failure the temporaries are gone (losses stay in *res). */
int trtc_merge_run(const struct trtc_output *out, const struct trtc_merge_opts *o,
                   struct trtc_merge_result *res, struct trtc_err *err);

/* The number of losses with which a finished file was made, by an item in the file: losses that
 * only show when the segments are read, which is not repeated for it. 0 where it says none, -1
 * where it cannot be read. */
int64_t trtc_merge_told_losses(const char *path, struct trtc_err *err);

/* Removes what was not committed. */
void trtc_merge_result_fini(struct trtc_merge_result *res);

#endif
