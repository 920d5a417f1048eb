/* SPDX-License-Identifier: MIT */
/* What the files of the segmenter share. */
#ifndef TRTC_HLS_SEGMENTER_PRIV_H
#define TRTC_HLS_SEGMENTER_PRIV_H

#include "hls/segmenter.h"
#include "ts/tsmux.h"

struct trtc_segmenter_file { /* one of a recording's files */
    enum trtc_kind type;
    int64_t utc_ms; /* of a segment; TRTC_NOTIME: a playlist, */
    int64_t index;  /* ... with this number; 0: none */
    int ha;
};

/* "DIR/[PREFIX/][TASK/]NAME", malloc'd. */
char *trtc_segmenter_path(const struct trtc_segmenter_opts *o,
                          const struct trtc_segmenter_file *file, struct trtc_err *err);

/* What a playlist says that begins at start_ms, from what is known of a segment; its tracks are those of info. */
struct trtc_playlist_head trtc_segmenter_head(const struct trtc_segmenter_opts *o,
                                              const struct trtc_input_info *info, int64_t start_ms);

/* What is listed of a track under the names with this recovery number. */
int trtc_segmenter_listed(const struct trtc_segmenter_opts *o, enum trtc_kind type, int ha,
                          struct trtc_listed *out, struct trtc_err *err);

/* From the stream's times to those in the segments. */
int64_t trtc_segmenter_shift_us(const struct trtc_segmenter_opts *o);

/* A time of the stream in ticks. */
int64_t trtc_segmenter_90k(int64_t us);

/* Gives a frame to the multiplexer, so much later than it stands in the stream. */
int trtc_segmenter_mux(struct trtc_tsmux *m, const struct trtc_input_frame *f, int64_t shift_us,
                       struct trtc_err *err);

#endif
