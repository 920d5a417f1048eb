/* SPDX-License-Identifier: MIT */
/* Makes a recording from the frames of a stream: TS segments and playlists with the names of the
 * specification ("Naming of recording files"), each complete and on disk before it is reported. */
#ifndef TRTC_HLS_SEGMENTER_H
#define TRTC_HLS_SEGMENTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "hls/claim.h"
#include "hls/early.h"
#include "hls/listed.h"
#include "input/input.h"
#include "input/interleave.h"
#include "playlist/name.h"
#include "playlist/playlist_write.h"

struct trtc_segment_done { /* a file that is complete */
    const char *path;
    bool playlist;            /* else a segment */
    enum trtc_kind type;      /* NO_KIND: picture and sound together */
    int64_t start_ms, dur_us; /* of the segment, or of all segments in the playlist; start: epoch */
    int64_t bytes;
};

/* What is done about an existing recording with the same names. */
enum trtc_segmenter_how {
    TRTC_SEGMENTER_NEW,    /* there must be none */
    TRTC_SEGMENTER_BESIDE, /* the first free recovery number is used */
    TRTC_SEGMENTER_APPEND  /* its playlists are continued */
};

struct trtc_salvaged { /* what was completed of killed runs */
    int nb_lists;      /* playlists that got their ENDLIST */
    int nb_segments;
    int64_t dur_us, bytes;
    int64_t lost_bytes; /* of incomplete frames */
};

struct trtc_segmenter_opts {
    const char *dir;       /* the directory above prefix and task */
    struct trtc_name name; /* sdkappid, room, user, media, prefix, task, ha, as encoded in names */
    const char *user_id;   /* decoded; NULL: mixed */
    size_t user_id_len;
    bool av_merge; /* single-stream: picture and sound share segments */
    enum trtc_tags tags;
    bool sync;               /* files are synced before they are reported */
    int64_t target_us;       /* the length of a segment */
    int64_t start_us;        /* the epoch time of stream_start_us */
    int64_t stream_start_us; /* the lowest first PTS of all tracks, on the stream's clock */
    /* With picture and sound in one segment: how much of one track waits for the other; 0: its size
     * alone is limited. */
    int64_t window_us;
    enum trtc_segmenter_how how;
    int64_t max_us; /* a playlist of this length ends, and a numbered one begins; 0: no limit */
    /* Called for each complete file; when it returns -1 (with *err) the recording ends. */
    int (*told)(void *opaque, const struct trtc_segment_done *done, struct trtc_err *err);
    void *opaque;

    /* Frames that arrived before the segmenter was made, which trtc_segmenter_frame gets first;
     * borrowed. NULL: none. */
    struct trtc_early *early;

    /* Set by trtc_segmenter_prepare: */
    struct trtc_file *claim;       /* the claim to the names */
    struct trtc_claim_stale stale; /* useless files of killed runs, which were removed */
    struct trtc_salvaged salvaged;
    struct trtc_listed listed[TRTC_NB_KINDS]; /* APPEND: by kind; common segments: at the video */
    /* APPEND: when the recording so far ends (epoch); start_us must not be earlier. BESIDE: when
     * the picture of the other recordings ends. TRTC_NOTIME: there is none. */
    int64_t listed_end_us;
};

struct trtc_segmenter;

/* Creates the directory and claims the recording's names, so that no other run uses them until the
 * release. To be called before the input is read. Files that killed runs left of this recording are
 * completed and reported. BESIDE (with ha 0) chooses the first free recovery number and sets
 * o->name.ha. Returns 0, or -1: TRTC_EX_CANTCREAT (another run has the names; or, with NEW, a
 * playlist or files of a killed run are in the way), TRTC_EX_UNAVAILABLE (no recovery number is
 * free), or another error. */
int trtc_segmenter_prepare(struct trtc_segmenter_opts *o, struct trtc_err *err);

/* Gives up the names, at the end or after a failure. */
void trtc_segmenter_release(struct trtc_segmenter_opts *o);

/* Makes a segmenter for prepared options, whose pointers must stay valid. info: the tracks that are
 * known. NULL on failure. */
struct trtc_segmenter *trtc_segmenter_new(const struct trtc_segmenter_opts *o,
                                          const struct trtc_input_info *info, struct trtc_err *err);

/* Takes one frame, in the order of arrival. A track that was not announced is recorded from its
 * first frame on, in a playlist of its own, or, if picture and sound share segments, in the current
 * segment. Returns 0, or -1. */
int trtc_segmenter_frame(struct trtc_segmenter *s, const struct trtc_input_frame *f,
                         const struct trtc_input_info *info, struct trtc_err *err);

/* Ends the stream: completes the last segments, and the playlists with ENDLIST. After an error of
 * another call it saves what can be saved. Returns 0, or -1: temporary files that could not be
 * completed remain (hls/salvage.h). */
int trtc_segmenter_end(struct trtc_segmenter *s, struct trtc_err *err);

/* Writes the complete frames of open segments, and those that wait for them, to disk, where they
 * survive a kill. Returns 0, or -1. */
int trtc_segmenter_flush(struct trtc_segmenter *s, struct trtc_err *err);

/* Returns how many frames were written so far. */
int64_t trtc_segmenter_nb_written(const struct trtc_segmenter *s, bool video);

/* Returns how many frames of sound were left out, because they arrived after the end of the segment
 * in which they would be. */
int64_t trtc_segmenter_nb_dropped(const struct trtc_segmenter *s);

/* Reports the frames that were written out of order, because they arrived further behind the other
 * track than the window. Pictures that would be before the current segment are at its start. */
void trtc_segmenter_late(const struct trtc_segmenter *s, bool video,
                         struct trtc_interleave_late *out);

/* Returns true, once, after a video segment went far beyond the target because no key frame
 * came. */
bool trtc_segmenter_says_late(struct trtc_segmenter *s);

/* Frees *s and sets it to NULL; NULL is accepted. Segments that were not ended are removed. */
void trtc_segmenter_free(struct trtc_segmenter **s);

#endif
