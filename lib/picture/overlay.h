/* SPDX-License-Identifier: MIT */
/* Overlays of the canvas: pictures with alpha, text, clocks, the names of users. Each is converted
 * once to YUV and alpha and is blended over its own rectangle only. */
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
    struct trtc_rect rect; /* on the canvas and inside it; every value is even */
    uint8_t *y, *u,
        *v;          /* in the canvas' colours, not premultiplied; strides rect.w and rect.w / 2 */
    uint8_t *a, *ac; /* alpha for luma and for chroma: 0 transparent ... 255 opaque */
};

/* Frees *o and clears the pointer; NULL is allowed. */
void trtc_overlay_free(struct trtc_overlay **o);

/* Draws it over its rectangle of the canvas, whose planes must be writable. */
void trtc_overlay_blend(const struct trtc_overlay *o, AVFrame *canvas);

#define TRTC_IMAGE_MAX_BYTES (5 << 20) /* limits of the API: 5 MB, 2K */
#define TRTC_IMAGE_MAX_PX    2560

/* Loads a picture file (PNG or JPEG, regular files only) more or less in the format in which it is
 * stored. The caller frees it with av_frame_free. Its size is checked before anything is decoded.
 * sum: receives a hash of the file (base/bytes.h); or NULL. NULL on failure: TRTC_EX_NOINPUT with
 * the reason, or TRTC_EX_NOPERM if reading is not permitted. */
AVFrame *trtc_image_load(const char *path, uint64_t *sum, struct trtc_err *err);

/* A copy of image as YUVA420P, or as YUV420P if it is opaque, in these colours with limited range.
 * The caller frees it. */
AVFrame *trtc_image_in(const AVFrame *image, const struct trtc_colour *colour,
                       struct trtc_err *err);

/* An overlay of pic, which trtc_image_in made, scaled to r and clipped to the canvas. w and h 0:
 * its own size; one of them 0: in proportion. TRTC_EX_DATAERR: it lies outside the canvas, or is
 * larger than 64 megapixels. */
struct trtc_overlay *trtc_overlay_image(const AVFrame *pic, const struct trtc_rect *r, int canvas_w,
                                        int canvas_h, struct trtc_err *err);

struct trtc_writing; /* the text renderer with its fonts; for one thread at a time */

/* colour: of the canvases (limited range). TRTC_EX_UNAVAILABLE: there are no fonts. Takes about 10
 * ms, so make one only if text is shown. */
struct trtc_writing *trtc_writing_new(const struct trtc_colour *colour, struct trtc_err *err);
void trtc_writing_free(struct trtc_writing **t);

enum trtc_writing_align { TRTC_WRITING_TOP_LEFT, TRTC_WRITING_CENTER, TRTC_WRITING_BOTTOM_LEFT };

struct trtc_writing_style {
    const char *font; /* family, or NULL */
    int size_px;      /* height of a line, 4 ... 512; other values are clamped */
    uint32_t colour;  /* 0xRRGGBB */
    bool has_background;
    uint32_t background;  /* 0xRRGGBB, behind the whole box */
    int background_alpha; /* 0 opaque ... 255 transparent */
    bool outline;         /* a thin dark outline that makes it readable on any background */
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

/* Makes an overlay of a text as one line in its box. Any script is supported; there is no markup.
 * Line breaks become spaces; other control characters and ill-formed bytes are escaped. Text wider
 * than its box or the canvas ends in an ellipsis, and all is clipped to the canvas. A background
 * fills the box and keeps the text away from its edges. In most fonts all digits have one width,
 * and the box follows the advance of the text and not its ink: a clock does not move. An overlay
 * without pixels is not an error; *out is NULL then. 0, or -1. */
int trtc_overlay_writing(struct trtc_writing *t, const struct trtc_writing_line *line,
                         struct trtc_overlay **out, struct trtc_err *err);

/* The size of the box for a text in one line, with padding if there is a background; both are even.
 * 0, or -1. */
int trtc_writing_size(struct trtc_writing *t, const char *text,
                      const struct trtc_writing_style *style, struct trtc_writing_box *out,
                      struct trtc_err *err);

/* Encodes a picture as a PNG file in memory; the caller frees *out. This is what --still writes. */
int trtc_png_encode(const AVFrame *canvas, uint8_t **out, size_t *size, struct trtc_err *err);

#endif
