/* SPDX-License-Identifier: MIT */
/* Overlays of the canvas: pictures with alpha, text, clocks, the users' names. Each is converted
 * once to YUV and alpha, and blended only over its rectangle. */
#ifndef TRTC_PICTURE_OVERLAY_H
#define TRTC_PICTURE_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavutil/frame.h>

#include "base/colour.h"
#include "base/err.h"
#include "layout/layout.h"

struct trtc_overlay {
    struct trtc_rect rect; /* on the canvas: every value even, inside it */
    uint8_t *y, *u,
        *v;          /* of the canvas' colours, not premultiplied; stride rect.w and rect.w / 2 */
    uint8_t *a, *ac; /* alpha 0 clear ... 255 opaque, for luma and for chroma */
};

/* Clears the pointer; NULL is fine. */
void trtc_overlay_free(struct trtc_overlay **o);

/* Draws it over the canvas, whose planes are writable, where its rectangle says. */
void trtc_overlay_blend(const struct trtc_overlay *o, AVFrame *canvas);

#define TRTC_IMAGE_MAX_BYTES (5 << 20) /* the API's 5 MB and 2K */
#define TRTC_IMAGE_MAX_PX    2560

/* A picture file (PNG, JPEG; regular files only) in the form in which it was stored, more or
 * less; the caller frees it with av_frame_free. Its size is checked before anything is decoded.
 * TRTC_EX_NOINPUT, with the fault, for anything wrong with it (TRTC_EX_NOPERM if it may not be
 * read). */
AVFrame *trtc_image_load(const char *path, struct trtc_err *err);

/* The same as YUVA420P, or YUV420P where all of it is opaque, of these colours (limited range); the caller frees it. */
AVFrame *trtc_image_in(const AVFrame *image, const struct trtc_colour *colour,
                       struct trtc_err *err);

/* pic (as trtc_image_in makes it) scaled to r (w and h 0: its own size; one of them 0: in proportion), clipped to
 * the canvas. TRTC_EX_DATAERR where none of it is on the canvas, or it is to be larger than 64 megapixels. */
struct trtc_overlay *trtc_overlay_image(const AVFrame *pic, const struct trtc_rect *r, int canvas_w,
                                        int canvas_h, struct trtc_err *err);

struct trtc_writing; /* the text renderer: fonts; one thread at a time */

/* colour: of the canvases (limited range). TRTC_EX_UNAVAILABLE where there are no fonts. Takes
 * some 10 ms: make it only if text is shown. */
struct trtc_writing *trtc_writing_new(const struct trtc_colour *colour, struct trtc_err *err);
void trtc_writing_free(struct trtc_writing **t);

enum trtc_writing_align { TRTC_WRITING_TOP_LEFT, TRTC_WRITING_CENTER, TRTC_WRITING_BOTTOM_LEFT };

struct trtc_writing_style {
    const char *font; /* family, or NULL */
    int size_px;      /* height of a line, 4 ... 512 (others are taken as the nearest) */
    uint32_t colour;  /* 0xRRGGBB */
    bool has_background;
    uint32_t background;  /* 0xRRGGBB, behind the box */
    int background_alpha; /* 0 opaque ... 255 clear */
    bool outline;         /* thin dark outline, so that it reads on anything */
    enum trtc_writing_align align;
};

struct trtc_writing_line {
    const char *text; /* UTF-8 */
    const struct trtc_writing_style *style;
    struct trtc_rect box; /* w, h 0: as large as the text, see trtc_writing_size */
    int canvas_w, canvas_h;
};

struct trtc_writing_box {
    int w_px, h_px;
};

/* Its text (any script; shown as it is, with no markup; line breaks are spaces, other control characters and
 * ill-formed bytes escaped) as one line in its box, cut with an
 * ellipsis where it is wider than its box or the canvas, clipped to the canvas. A background fills the box, and keeps
 * the text off its edges. Digits have one width in most fonts, and the box follows the pen, not the ink: a clock does
 * not move. An overlay of no pixels is not an error: *out is NULL then. */
int trtc_overlay_writing(struct trtc_writing *t, const struct trtc_writing_line *line,
                         struct trtc_overlay **out, struct trtc_err *err);

/* Size of the box that the text takes in one line, with the room around it where there is a background; even. */
int trtc_writing_size(struct trtc_writing *t, const char *text,
                      const struct trtc_writing_style *style, struct trtc_writing_box *out,
                      struct trtc_err *err);

/* One picture as a PNG file in memory (free() it): what --still writes. */
int trtc_png_encode(const AVFrame *canvas, uint8_t **out, size_t *size, struct trtc_err *err);

#endif
