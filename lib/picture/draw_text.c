/* SPDX-License-Identifier: MIT */
/* Text as overlays. libass lays the text out and draws the glyphs (shaping, bidirectional text,
 * fonts for other scripts); this file fits it into its box and draws it over its background.
 *
 * libass has no call that measures text. Its border style 4 draws a box behind the text which is as
 * wide as the advance of the text and one line high, whatever the ink. We measure that box, so that
 * a clock does not move with its digits. */
#include "picture/overlay.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <ass/ass.h>

#include "base/text.h"
#include "picture/overlay_priv.h"

#define FRAME_W      16384
#define FRAME_H      2048
#define MARGIN       256 /* ink may extend to the left of and above its box */
#define SIZE_MIN_PX  4
#define SIZE_MAX_PX  512
#define LONGEST      1024 /* further characters are ignored */
#define CACHE_GLYPHS 2000
#define CACHE_MB     16
#define MEASURE      0x01020300U /* the colour of the measured box; libass: 0xRRGGBBAA, 0 opaque */
#define OUTLINE      0x000000
#define DEFAULT_FONT "sans-serif"
#define ELLIPSIS     "\xe2\x80\xa6"
#define WORD_JOINER  "\xe2\x81\xa0" /* no width, no glyph */
#define ESCAPED_MAX  4 /* bytes that one byte can become: \xHH, a backslash and a joiner */

struct trtc_writing {
    struct trtc_colour colour;
    ASS_Library *library;
    ASS_Renderer *renderer;
    ASS_Track *track; /* the text being drawn; it owns the images */
};

/* What libass made of a text. */
struct drawn {
    const ASS_Image *images; /* valid until the next text is drawn; NULL: nothing visible */
    struct trtc_rect box;    /* of the layout, in libass's frame */
};

/* One line that can be cut at any character. */
struct line {
    char *text;   /* UTF-8 without control characters */
    size_t *at;   /* where each character begins; at[n]: the end of the text */
    size_t n;     /* characters */
    char *markup; /* has room for all of the text, escaped, with an ellipsis */
    const struct trtc_writing_style *style;
};

static void say_nothing(int level, const char *fmt, va_list args, void *data)
{
    (void)level;
    (void)fmt;
    (void)args;
    (void)data;
}

/* ---- the line ---- */

static bool is_break(const char *s)
{
    return *s == '\n' || *s == '\r' || *s == '\t' || *s == '\v' || *s == '\f';
}

/* Whether a character belongs to the one before it and must not be cut off from it. */
static bool is_attached(const char *s)
{
    const unsigned char *c = (const unsigned char *)s;
    return (c[0] == 0xcc || (c[0] == 0xcd && c[1] < 0xb0)) ||              /* U+0300 ... U+036F */
           (c[0] == 0xe2 && c[1] == 0x80 && c[2] == 0x8d) ||               /* zero width joiner */
           (c[0] == 0xef && c[1] == 0xb8 && c[2] < 0x90) ||                /* variation selectors */
           (c[0] == 0xf0 && c[1] == 0x9f && c[2] == 0x8f && c[3] >= 0xbb); /* skin tones */
}

static void line_fini(struct line *l)
{
    free(l->text);
    free(l->at);
    free(l->markup);
}

/* Line breaks become spaces; other control characters and ill-formed bytes are escaped. */
static int line_init(struct line *l, const char *text, struct trtc_err *err)
{
    const size_t whole = strlen(text), most = (LONGEST + 1) * 4;
    const size_t n = whole < most ? whole : most;
    char *spaced = malloc(n + 1);
    l->text = malloc(4 * n + 1 + sizeof ELLIPSIS);
    if (!spaced || !l->text) {
        free(spaced);
        return trtc_fail_nomem(err);
    }
    for (size_t i = 0; i < n; i++)
        spaced[i] = is_break(text + i) ? ' ' : text[i];
    trtc_text_drawn(spaced, n, l->text, 4 * n + 1 + sizeof ELLIPSIS);
    free(spaced);
    const size_t size = strlen(l->text);
    l->at = malloc((size + 1) * sizeof *l->at);
    l->markup = malloc(size * ESCAPED_MAX + sizeof ELLIPSIS);
    if (!l->at || !l->markup)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)l->text[i] & 0xc0) != 0x80)
            l->at[l->n++] = i;
    l->at[l->n] = size;
    /* U+2028 and U+2029 break lines too: they become U+2002, a space with as many bytes */
    for (char *p = l->text; (p = strstr(p, "\xe2\x80")); p += 2)
        if (p[2] == '\xa8' || p[2] == '\xa9')
            p[2] = '\x82';
    return 0;
}

/* The first n characters in libass's markup, with every character literal; with an ellipsis if that
 * is not the whole line. */
static const char *line_markup(struct line *l, size_t n)
{
    const bool cut = n < l->n;
    while (cut && n && is_attached(l->text + l->at[n]))
        n--;
    while (cut && n && l->text[l->at[n] - 1] == ' ')
        n--;
    char *q = l->markup;
    for (const char *p = l->text, *end = p + l->at[n]; p < end; p++) {
        if (*p == '{' || *p == '}')
            *q++ = '\\';
        *q++ = *p;
        if (*p == '\\') { /* keeps \N \n \h \{ from being commands */
            memcpy(q, WORD_JOINER, 3);
            q += 3;
        }
    }
    memcpy(q, ELLIPSIS, sizeof ELLIPSIS);
    if (!cut)
        *q = '\0';
    return l->markup;
}

/* ---- drawing ---- */

static int size_of(const struct trtc_writing_style *style)
{
    return style->size_px < SIZE_MIN_PX   ? SIZE_MIN_PX
           : style->size_px > SIZE_MAX_PX ? SIZE_MAX_PX
                                          : style->size_px;
}

static int set_string(char **to, const char *s)
{
    free(*to);
    *to = strdup(s);
    return *to ? 0 : -1;
}

static int draw(struct trtc_writing *t, const char *markup, const struct trtc_writing_style *style,
                struct drawn *out, struct trtc_err *err)
{
    *out = (struct drawn){ 0 };
    if (t->track)
        ass_free_track(t->track);
    ASS_Track *track = t->track = ass_new_track(t->library);
    const int n = track ? ass_alloc_event(track) : -1;
    if (n < 0)
        return trtc_fail_nomem(err);
    track->track_type = TRACK_TYPE_ASS;
    track->PlayResX = FRAME_W;
    track->PlayResY = FRAME_H;
    track->ScaledBorderAndShadow = 1;
    track->Kerning = 1;
    track->WrapStyle = 2; /* no line breaks */
    ass_track_set_feature(track, ASS_FEATURE_WHOLE_TEXT_LAYOUT, 1);
    ass_track_set_feature(track, ASS_FEATURE_BIDI_BRACKETS, 1);

    ASS_Style *s = track->styles; /* created by ass_new_track */
    s->FontSize = size_of(style);
    s->PrimaryColour = 0xffffff00; /* unused: compose() goes by the type of each image */
    s->OutlineColour = 0;
    s->BackColour = MEASURE;
    s->Bold = s->Italic = s->Underline = s->StrikeOut = 0;
    s->ScaleX = s->ScaleY = 1;
    s->Spacing = s->Angle = s->Blur = s->Shadow = 0;
    s->BorderStyle = 4;
    s->Outline = style->outline ? size_of(style) / 20. + 0.5 : 0;
    s->Alignment = VALIGN_TOP | HALIGN_LEFT;
    s->MarginL = s->MarginV = MARGIN;
    s->MarginR = 0;
    s->Encoding = -1; /* the first strong character decides the direction */

    ASS_Event *e = &track->events[n];
    e->Duration = 1;
    e->Style = 0;
    if (set_string(&s->FontName, style->font && *style->font ? style->font : DEFAULT_FONT) ||
        set_string(&e->Name, "") || set_string(&e->Effect, "") || set_string(&e->Text, markup))
        return trtc_fail_nomem(err);

    const ASS_Image *images = ass_render_frame(t->renderer, track, 0, NULL);
    if (images && images->color == MEASURE) {
        out->box = (struct trtc_rect){ images->dst_x, images->dst_y, images->w, images->h };
        out->images = images->next;
    }
    return 0;
}

/* Draws as much of the line as fits into max_px. */
static int draw_fitting(struct trtc_writing *t, struct line *l, int max_px, struct drawn *out,
                        struct trtc_err *err)
{
    const struct trtc_writing_style *style = l->style;
    /* Do not lay out much more than can be shown: few characters are narrower than an eighth of
     * their size. */
    size_t most = 8 * (size_t)(max_px > 0 ? max_px : 0) / (size_t)size_of(style) + 8;
    most = most < LONGEST ? most : LONGEST;
    most = most < l->n ? most : l->n;
    if (draw(t, line_markup(l, most), style, out, err))
        return -1;
    if (out->box.w <= max_px)
        return 0;
    size_t low = 0, high = most; /* low: fits, or is empty; high: does not fit */
    while (high - low > 1) {
        const size_t mid = low + (high - low) / 2;
        if (draw(t, line_markup(l, mid), style, out, err))
            return -1;
        if (out->box.w <= max_px)
            low = mid;
        else
            high = mid;
    }
    return draw(t, line_markup(l, low), style, out, err);
}

/* Blends colour with coverage a over one pixel. */
static void over(const struct trtc_sheet *s, size_t at, struct trtc_yuv colour, unsigned a)
{
    const unsigned below = s->a[at] * (255 - a); /* times 255, like the sum */
    const unsigned sum = a * 255 + below;
    if (!sum)
        return;
    s->y[at] = (uint8_t)((colour.y * a * 255 + s->y[at] * below + sum / 2) / sum);
    s->u[at] = (uint8_t)((colour.u * a * 255 + s->u[at] * below + sum / 2) / sum);
    s->v[at] = (uint8_t)((colour.v * a * 255 + s->v[at] * below + sum / 2) / sum);
    s->a[at] = trtc_div255(sum);
}

/* Draws images whose places are in libass's frame; that frame's origin is at x, y. */
struct pen {
    int x, y;
    struct trtc_yuv ink, edge;
};

static void compose(const ASS_Image *images, const struct pen *pen, const struct trtc_sheet *s)
{
    for (; images; images = images->next) {
        const struct trtc_yuv colour = images->type == IMAGE_TYPE_CHARACTER ? pen->ink : pen->edge;
        const int left = pen->x + images->dst_x - s->rect.x;
        const int top = pen->y + images->dst_y - s->rect.y;
        const int from_x = left < 0 ? -left : 0, from_y = top < 0 ? -top : 0;
        const int to_x = left + images->w > s->rect.w ? s->rect.w - left : images->w;
        const int to_y = top + images->h > s->rect.h ? s->rect.h - top : images->h;
        for (int i = from_y; i < to_y; i++) {
            const unsigned char *line = images->bitmap + (ptrdiff_t)i * images->stride;
            for (int k = from_x; k < to_x; k++)
                if (line[k])
                    over(s, (size_t)(top + i) * (size_t)s->rect.w + (size_t)(left + k), colour,
                         line[k]);
        }
    }
}

/* ---- the interface ---- */

struct trtc_writing *trtc_writing_new(const struct trtc_colour *colour, struct trtc_err *err)
{
    struct trtc_writing *t = calloc(1, sizeof *t);
    if (!t || !(t->library = ass_library_init())) {
        trtc_fail_nomem(err);
        goto fail;
    }
    t->colour = *colour;
    ass_set_message_cb(t->library, say_nothing, NULL); /* before libass writes its first message */
    t->renderer = ass_renderer_init(t->library);
    if (!t->renderer) {
        trtc_fail(err, TRTC_EX_UNAVAILABLE, "text cannot be drawn: libass cannot be initialised");
        goto fail;
    }
    /* one frame for all canvas sizes: changing it would discard cached glyphs */
    ass_set_storage_size(t->renderer, FRAME_W, FRAME_H);
    ass_set_frame_size(t->renderer, FRAME_W, FRAME_H);
    ass_set_hinting(t->renderer, ASS_HINTING_LIGHT);
    ass_set_cache_limits(t->renderer, CACHE_GLYPHS, CACHE_MB);
    ass_set_fonts(t->renderer, NULL, DEFAULT_FONT, ASS_FONTPROVIDER_AUTODETECT, NULL, 1);

    const struct trtc_writing_style probe = { .size_px = 16 };
    struct drawn d;
    if (draw(t, "x", &probe, &d, err))
        goto fail;
    if (!d.images) {
        trtc_fail(err, TRTC_EX_UNAVAILABLE,
                  "text cannot be drawn: no font found (install one, say fonts-dejavu-core)");
        goto fail;
    }
    return t;
fail:
    trtc_writing_free(&t);
    return NULL;
}

void trtc_writing_free(struct trtc_writing **t)
{
    if (!*t)
        return;
    if ((*t)->track)
        ass_free_track((*t)->track);
    if ((*t)->renderer)
        ass_renderer_done((*t)->renderer);
    if ((*t)->library)
        ass_library_done((*t)->library);
    free(*t);
    *t = NULL;
}

/* The horizontal space between a background's edge and its text. */
static int pad_x(const struct trtc_writing_style *style)
{
    return style->has_background ? (size_of(style) + 3) / 4 : 0;
}

static int pad_y(const struct trtc_writing_style *style)
{
    return style->has_background ? (size_of(style) + 7) / 8 : 0;
}

/* The size of the box for drawn text with this style; 0, 0: no text is visible. */
static void natural_size(const struct drawn *d, const struct trtc_writing_style *style, int *w,
                         int *h)
{
    const bool any = d->box.w > 0;
    *w = any ? (d->box.w + 2 * pad_x(style) + 1) & ~1 : 0;
    *h = any ? (d->box.h + 2 * pad_y(style) + 1) & ~1 : 0;
}

int trtc_writing_size(struct trtc_writing *t, const char *text,
                      const struct trtc_writing_style *style, struct trtc_writing_box *out,
                      struct trtc_err *err)
{
    int ret = -1;
    struct line l = { .style = style };
    struct drawn d;
    if (line_init(&l, text, err) || draw_fitting(t, &l, FRAME_W - 2 * MARGIN, &d, err))
        goto done;
    natural_size(&d, style, &out->w_px, &out->h_px);
    ret = 0;
done:
    line_fini(&l);
    return ret;
}

int trtc_overlay_writing(struct trtc_writing *t, const struct trtc_writing_line *line,
                         struct trtc_overlay **out, struct trtc_err *err)
{
    const struct trtc_writing_style *style = line->style;
    const int canvas_w = line->canvas_w, canvas_h = line->canvas_h;
    int ret = -1;
    struct line l = { .style = style };
    struct trtc_sheet sheet = { 0 };
    struct drawn d;
    struct trtc_rect box = line->box, seen;
    *out = NULL;
    /* text of unlimited width still ends at the canvas, with an ellipsis */
    const int64_t room = box.w > 0 ? box.w : (int64_t)canvas_w - box.x;
    const int64_t width = room < FRAME_W ? room : FRAME_W;
    if (line_init(&l, line->text, err) ||
        draw_fitting(t, &l, (int)width - 2 * pad_x(style), &d, err))
        goto done;
    int w, h;
    natural_size(&d, style, &w, &h);
    box.w = box.w > 0 ? box.w : w;
    box.h = box.h > 0 ? box.h : h;
    if (!trtc_rect_clip(&box, canvas_w & ~1, canvas_h & ~1, &seen) ||
        (!style->has_background && !d.images)) {
        ret = 0;
        goto done;
    }
    const struct trtc_yuv ink = trtc_yuv_of(&t->colour, style->colour),
                          edge = trtc_yuv_of(&t->colour, OUTLINE);
    const struct trtc_yuv colour =
        style->has_background ? trtc_yuv_of(&t->colour, style->background) : ink;
    const int clear = style->background_alpha < 0     ? 0
                      : style->background_alpha > 255 ? 255
                                                      : style->background_alpha;
    if (trtc_sheet_init(&sheet, &seen, colour, (uint8_t)(style->has_background ? 255 - clear : 0),
                        err))
        goto done;
    /* a box lower than text and padding reduces both */
    const int spare = (box.h - d.box.h) / 2;
    const int inset = pad_y(style) < spare ? pad_y(style) : spare;
    int x = box.x + pad_x(style), y = box.y + inset;
    if (style->align == TRTC_WRITING_CENTER) {
        x = box.x + (box.w - d.box.w) / 2;
        y = box.y + spare;
    } else if (style->align == TRTC_WRITING_BOTTOM_LEFT) {
        y = box.y + box.h - d.box.h - inset;
    }
    compose(d.images, &(struct pen){ x - d.box.x, y - d.box.y, ink, edge }, &sheet);
    *out = trtc_overlay_of(&sheet, err);
    ret = *out ? 0 : -1;
done:
    trtc_sheet_fini(&sheet);
    line_fini(&l);
    return ret;
}
