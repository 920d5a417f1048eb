/* SPDX-License-Identifier: MIT */
/* The settings of a mix: defaults, ownership, and the rules for settings from any source. */
#include "layout/mixset.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "layout/mixset_priv.h"

#define SHOWN_MAX 64

void trtc_mix_look_init(struct trtc_mix_look *l)
{
    *l = (struct trtc_mix_look){
        .mode = TRTC_LAYOUT_GRID,
        .render = TRTC_RENDER_CROP,
        .background_render = TRTC_RENDER_CROP,
    };
}

void trtc_mix_settings_init(struct trtc_mix_settings *s)
{
    *s = (struct trtc_mix_settings){
        .width_px = 640,
        .height_px = 360,
        .fps = 15,
        .video_bps = 550000,
        .gop_s = 10,
        .rate_hz = 48000,
        .channels = 2,
        .audio_bps = 64000,
        .audio = true,
        .video = true,
        .main = true,
        .aux = true,
        .fill = TRTC_FILL_HOLD,
    };
    trtc_mix_look_init(&s->look);
}

void trtc_mix_look_fini(struct trtc_mix_look *l)
{
    for (size_t i = 0; i < l->nb_marks; i++)
        free(l->marks[i].text);
    trtc_layout_list_fini(&l->list);
    free(l->anchor);
    free(l->background_image);
    free(l->placeholder);
    *l = (struct trtc_mix_look){ 0 };
}

void trtc_mix_settings_fini(struct trtc_mix_settings *s)
{
    trtc_mix_look_fini(&s->look);
    trtc_subscription_fini(&s->sub);
    *s = (struct trtc_mix_settings){ 0 };
}

struct trtc_mark *trtc_mix_next_mark(struct trtc_mix_look *look, enum trtc_mark_kind kind)
{
    if (look->nb_marks == TRTC_MARKS_MAX)
        return NULL;
    struct trtc_mark *m = &look->marks[look->nb_marks];
    *m = (struct trtc_mark){ .kind = kind, .colour = 0xffffff, .zone_min = 8 * 60 };
    return m;
}

static int hex_digit(int c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int trtc_colour_parse(const char *what, const char *s, uint32_t *out, struct trtc_err *err)
{
    char shown[SHOWN_MAX];
    size_t skip = *s == '#' ? 1 : s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 2 : 0;
    uint32_t value = 0;
    bool ok = skip && strlen(s + skip) == 6;
    for (const char *p = s + skip; ok && *p; p++) {
        ok = hex_digit(*p) >= 0;
        value = value << 4 | (uint32_t)(ok ? hex_digit(*p) : 0);
    }
    if (!ok)
        return trtc_fail(err, TRTC_EX_USAGE, "%s: '%s' is not a colour: #RRGGBB or 0xRRGGBB", what,
                         trtc_text_show(s, strlen(s), shown, sizeof shown));
    *out = value;
    return 0;
}

static bool is_inside(const struct trtc_rect *r, int width_px, int height_px)
{
    return r->x >= 0 && r->y >= 0 && r->w >= 0 && r->h >= 0 && r->w <= width_px &&
           r->x <= width_px - r->w && r->h <= height_px && r->y <= height_px - r->h;
}

struct canvas {
    int width_px, height_px;
    const char *path; /* of the object being checked */
};

static int outside(const struct canvas *c, const struct trtc_rect *r, const char *name, size_t i,
                   struct trtc_err *err)
{
    if (!r->w && !r->h) /* a mark in its own size */
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "%s%s%s[%zu]: its place %d,%d is not inside the canvas of %dx%d", c->path,
                         *c->path ? "." : "", name, i, r->x, r->y, c->width_px, c->height_px);
    return trtc_fail(
        err, TRTC_EX_DATAERR, "%s%s%s[%zu]: %dx%d at %d,%d is not inside the canvas of %dx%d",
        c->path, *c->path ? "." : "", name, i, r->w, r->h, r->x, r->y, c->width_px, c->height_px);
}

int trtc_mix_look_check(const struct trtc_mix_look *look, int width_px, int height_px,
                        const char *path, struct trtc_err *err)
{
    const struct canvas c = { width_px, height_px, path };
    for (size_t i = 0; look->mode == TRTC_LAYOUT_CUSTOM && i < look->list.n; i++) {
        const struct trtc_rect *r = &look->list.items[i].rect;
        if (!is_inside(r, width_px, height_px))
            return outside(&c, r, "MixLayoutList", i, err);
    }
    for (size_t i = 0; i < look->nb_marks; i++) {
        const struct trtc_mark *m = &look->marks[i];
        struct trtc_rect r = m->rect;
        if (r.w == 0 || r.h == 0)
            r.w = r.h = 1; /* its size is unknown here, but its corner must be on the canvas */
        if (m->kind != TRTC_MARK_CLOCK && !is_inside(&r, width_px, height_px))
            return outside(&c, &m->rect, "WaterMarkList", i, err);
    }
    return 0;
}

int trtc_mix_settings_check(const struct trtc_mix_settings *s, struct trtc_err *err)
{
    const int w = s->width_px, h = s->height_px;
    if (w < 2 || h < 2 || w > TRTC_MIX_SIDE_MAX_PX || h > TRTC_MIX_SIDE_MAX_PX)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "a picture of %dx%d: width and height must be within 2...%d", w, h,
                         TRTC_MIX_SIDE_MAX_PX);
    if (w * h > TRTC_MIX_MAX_PX)
        return trtc_fail(err, TRTC_EX_DATAERR, "a picture of %dx%d: over 1920x1080 pixels in all",
                         w, h);
    if (w % 2 || h % 2)
        return trtc_fail(err, TRTC_EX_DATAERR, "a picture of %dx%d: width and height must be even",
                         w, h);
    return trtc_mix_look_check(&s->look, w, h, "", err);
}
