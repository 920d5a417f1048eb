/* SPDX-License-Identifier: MIT */
/* Prints a layout for other programs (TSV, JSON, an FFmpeg filter graph, the REST API's object) and
 * for people (SVG). streams are those given to trtc_layout_make. A fallible function returns 0, or
 * -1 with err: out of memory, or as stated below. The caller checks whether out could be
 * written. */
#ifndef TRTC_LAYOUT_LAYOUT_PRINT_H
#define TRTC_LAYOUT_LAYOUT_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "layout/layout.h"

/* Prints a line for each window that has a user, from back to front: z x y w h user media. Ids are
 * escaped as in all TSV output. header: print the column names first. */
void trtc_layout_tsv(const struct trtc_layout *l, const struct trtc_stream *streams, bool header,
                     FILE *out);

/* Prints the same as objects that also have render and alpha: an array, or (lines) one object a
 * line. An id that is not UTF-8 is written as user_b64 in standard Base64. */
int trtc_layout_json(const struct trtc_layout *l, const struct trtc_stream *streams, bool lines,
                     FILE *out, struct trtc_err *err);

/* Draws the canvas of o, with each window's user and place. Windows that wait for a user are
 * dashed. */
void trtc_layout_svg(const struct trtc_layout *l, const struct trtc_layout_opts *o,
                     const struct trtc_stream *streams, FILE *out);

/* Prints an FFmpeg -filter_complex that draws the layout at fps on a black canvas. Pictures may
 * have any size. The inputs are the streams that have a window, in their order; the output is
 * [v]. */
void trtc_layout_filter(const struct trtc_layout *l, const struct trtc_layout_opts *o, int fps,
                        FILE *out);

/* Prints {"MixLayoutMode":4,"MixLayoutList":[...]}, including reserved windows. TRTC_EX_DATAERR: an
 * id is not UTF-8, or the canvas exceeds the API's 1920 pixels. */
int trtc_layout_api(const struct trtc_layout *l, const struct trtc_layout_opts *o,
                    const struct trtc_stream *streams, FILE *out, struct trtc_err *err);

#endif
