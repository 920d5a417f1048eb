/* SPDX-License-Identifier: MIT */
/* A stream's frames become a recording: TS segments and playlists, named by the specification,
 * each complete and on disk before it is reported. */
#ifndef TRTC_HLS_SEGMENTER_H
#define TRTC_HLS_SEGMENTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "hls/claim.h"
#include "hls/early.h"
#include "hls/listed.h"
#include "playlist/name.h"
#include "playlist/playlist_write.h"
#include "source/input.h"
#include "source/interleave.h"

struct trtc_segment_done { /* a file that is complete */
    const char *path;
    bool playlist;            /* else a segment */
    enum trtc_kind type;      /* NO_KIND: picture and sound together */
    int64_t start_ms, dur_us; /* of a segment; of what the playlist covers */
    int64_t bytes;
};

/* How the recording stands to one that is there already. */
enum trtc_segmenter_how {
    TRTC_SEGMENTER_NEW,    /* none may be there */
    TRTC_SEGMENTER_BESIDE, /* it takes the first recovery number that is free */
    TRTC_SEGMENTER_APPEND  /* it goes on in the same playlists */
};

struct trtc_salvaged { /* what was rescued of killed runs */
    int nb_lists;      /* that got their end */
    int nb_segments;
    int64_t dur_us, bytes;
    int64_t lost_bytes; /* of frames that are not whole */
};

struct trtc_segmenter_opts {
    const char *dir;       /* where prefix and task begin */
    struct trtc_name name; /* sdkappid, room, user, media, prefix, task, ha: as they stand in
                              names */
    const char *user_id;   /* in clear; NULL: mixed */
    size_t user_id_len;
    bool av_merge; /* single-stream: one sequence with picture and sound */
    enum trtc_tags tags;
    bool sync;               /* files are durable before they are reported */
    int64_t target_us;       /* of a segment */
    int64_t start_us;        /* epoch time of stream_start_us */
    int64_t stream_start_us; /* lowest first PTS over all tracks, on the stream's clock */
    int64_t
        window_us; /* where picture and sound stand together, so much of one waits for the other; 0: only
                          its bytes count */
    enum trtc_segmenter_how how;
    int64_t max_us; /* a playlist that lists so much is ended, and a numbered one begins; 0: none */
    /* Called for each file; when it returns -1 (with err) the recording ends. */
    int (*told)(void *opaque, const struct trtc_segment_done *done, struct trtc_err *err);
    void *opaque;

    struct trtc_early *
        early; /* what came meanwhile, which trtc_segmenter_frame gets first; the caller's. NULL: nothing */

    struct trtc_file *claim;       /* set by prepare: the names are ours */
    struct trtc_claim_stale stale; /* set by prepare: what killed runs had left and was of no use */
    struct trtc_salvaged salvaged; /* set by prepare, too */
    struct trtc_listed
        listed[TRTC_NB_KINDS]; /* ...: to append to; of both together that of the picture */
    int64_t
        listed_end_us; /* ...: where the last of it ends (epoch), or NOTIME; BESIDE: where the picture of those beside it
                          ends. To APPEND, start_us must not lie before it */
};

struct trtc_segmenter;

/* Creates the directory and claims the recording's names, so that no other run uses them until the release.
 * TRTC_EX_CANTCREAT where another run has the names, or, unless it appends, a playlist is in the way; BESIDE (with ha 0)
 * takes the first recovery number that is free instead; none left: TRTC_EX_UNAVAILABLE. Changes o->name.ha. What killed
 * runs left of this recording is rescued, and told; only what NEW would begin anew is in its way: TRTC_EX_CANTCREAT. To be
 * called before the input is read. */
int trtc_segmenter_prepare(struct trtc_segmenter_opts *o, struct trtc_err *err);

/* Gives the names up; when all is done, or after a failure. */
void trtc_segmenter_release(struct trtc_segmenter_opts *o);

/* What o points to must stay. */
struct trtc_segmenter *trtc_segmenter_new(const struct trtc_segmenter_opts *o,
                                          const struct trtc_input_info *info, struct trtc_err *err);

/* One frame, in the order of arrival. A track that info did not announce is followed from its first frame on: with a
 * playlist of its own, or where picture and sound stand together, in the segment at hand. */
int trtc_segmenter_frame(struct trtc_segmenter *s, const struct trtc_input_frame *f,
                         const struct trtc_input_info *info, struct trtc_err *err);

/* The stream has ended: last segments, playlists with ENDLIST. After an error of another call
 * it saves what can be saved. */
int trtc_segmenter_end(struct trtc_segmenter *s, struct trtc_err *err);

/* Writes out what is complete of the segments under way, and what waits to be put into them: what a kill leaves. */
int trtc_segmenter_flush(struct trtc_segmenter *s, struct trtc_err *err);

/* Frames written so far. */
int64_t trtc_segmenter_nb_written(const struct trtc_segmenter *s, bool video);

/* Frames written out of order, since they came further behind the other track than is waited for. */
void trtc_segmenter_late(const struct trtc_segmenter *s, bool video,
                         struct trtc_interleave_late *out);

/* A video segment went far beyond the target for want of key frames (true once). */
bool trtc_segmenter_says_late(struct trtc_segmenter *s);

/* Frees it and clears the pointer. NULL is fine. Segments that were not ended vanish. */
void trtc_segmenter_free(struct trtc_segmenter **s);

#endif
