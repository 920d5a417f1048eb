/* SPDX-License-Identifier: MIT */
/* A layout as text: for other programs (TSV, JSON, an FFmpeg filter graph, the REST API's
 * object) and for the eye (SVG). streams is what trtc_layout_make was given. Each returns 0, or
 * -1 with err when memory runs out or as noted below. The caller checks whether out could be
 * written. */
#ifndef TRTC_LAYOUT_LAYOUT_PRINT_H
#define TRTC_LAYOUT_LAYOUT_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "layout/layout.h"

/* A line for each window that has a user, from back to front: z x y w h user media. Ids are
 * escaped as all TSV here is. header: a line with the column names first. */
void trtc_layout_tsv(const struct trtc_layout *l, const struct trtc_stream *streams, bool header,
                     FILE *out);

/* The same as objects, with render and alpha: an array, or lines of them. An id that is not
 * UTF-8 is written in standard Base64 as user_b64. */
int trtc_layout_json(const struct trtc_layout *l, const struct trtc_stream *streams, bool lines,
                     FILE *out, struct trtc_err *err);

/* A picture of the canvas of o, each window with its user and place. Windows that wait for a
 * user are dashed. */
void trtc_layout_svg(const struct trtc_layout *l, const struct trtc_layout_opts *o,
                     const struct trtc_stream *streams, FILE *out);

/* An FFmpeg -filter_complex that draws the layout at fps on a black canvas, for pictures of any size; its output
 * is [v]. Its inputs are those streams that have a window, in their order. */
void trtc_layout_filter(const struct trtc_layout *l, const struct trtc_layout_opts *o, int fps,
                        FILE *out);

/* {"MixLayoutMode":4,"MixLayoutList":[...]}, reserved windows included. TRTC_EX_DATAERR for an
 * id that is not UTF-8 or a canvas that is larger than the API's 1920. */
int trtc_layout_api(const struct trtc_layout *l, const struct trtc_layout_opts *o,
                    const struct trtc_stream *streams, FILE *out, struct trtc_err *err);

#endif
