/* SPDX-License-Identifier: MIT */
/* Shared by the files of the segmenter. */
#ifndef TRTC_HLS_SEGMENTER_PRIV_H
#define TRTC_HLS_SEGMENTER_PRIV_H

#include "hls/segmenter.h"
#include "ts/tsmux.h"

struct trtc_segmenter_file { /* a file of a recording */
    enum trtc_kind type;
    int64_t utc_ms; /* when the segment begins, epoch; TRTC_NOTIME: it is a playlist, */
    int64_t index;  /* ... with this number; 0: none */
    int ha;
};

/* Returns "DIR/[PREFIX/][TASK/]NAME", which the caller frees; NULL on failure. */
char *trtc_segmenter_path(const struct trtc_segmenter_opts *o,
                          const struct trtc_segmenter_file *file, struct trtc_err *err);

/* Returns the head of a playlist that begins at start_ms and has the tracks of info. */
struct trtc_playlist_head trtc_segmenter_head(const struct trtc_segmenter_opts *o,
                                              const struct trtc_input_info *info, int64_t start_ms);

/* Finds out what is listed of a track under the names with this recovery number. Returns 0, or
 * -1. */
int trtc_segmenter_listed(const struct trtc_segmenter_opts *o, enum trtc_kind type, int ha,
                          struct trtc_listed *out, struct trtc_err *err);

/* Returns the difference of times in the segments to those of the stream. */
int64_t trtc_segmenter_shift_us(const struct trtc_segmenter_opts *o);

/* Converts a time to ticks of 90 kHz. */
int64_t trtc_segmenter_90k(int64_t us);

/* Passes a frame to the multiplexer, with its times shifted by shift_us. Returns 0, or -1. */
int trtc_segmenter_mux(struct trtc_tsmux *m, const struct trtc_input_frame *f, int64_t shift_us,
                       struct trtc_err *err);

#endif
