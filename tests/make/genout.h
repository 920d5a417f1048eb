/* SPDX-License-Identifier: MIT */
/* Playlists and segments of made-up recordings: names, tags, where segments are cut. */
#ifndef TRTC_TESTS_GENOUT_H
#define TRTC_TESTS_GENOUT_H

#include <cjson/cJSON.h>

#include "base/err.h"
#include "make/genlib.h"
#include "make/gensrc.h"

struct gen_segment;

/* A playlist with its segments: one track, or an audio and a video track in one TS. */
struct gen_out {
    const struct gen_opts *o;
    const struct gen_track *video, *audio; /* one may be NULL */
    int ha;
    char dir[1024], stem[2048]; /* stem: file name up to _UTC.ts or .m3u8 */
    struct gen_ts ts;
    int ts_video, ts_audio;
    struct gen_segment *segs;
    int nb_segs, cap_segs, first_seg; /* first_seg: of the playlist in the making */
    int nb_playlists;
    bool split; /* --numbered: the second playlist has begun */
    int64_t nb_packets, nb_bytes;
    cJSON *playlists; /* names, for the truth */
    /* the open segment */
    bool open;
    double start, target;
    int64_t first_pts, shift;
    double end_pts;
    int w_px, h_px, last_w_px, last_h_px;
};

const char *gen_media_name(enum gen_media m);

/* Zero f and set o, ha and the tracks before. Makes the directory and all the files; call
 * gen_out_fini in any case. */
int gen_out_write(struct gen_out *f, struct trtc_err *err);
void gen_out_fini(struct gen_out *f);

int gen_write_file(const char *path, const void *data, size_t size, struct trtc_err *err);

#endif
