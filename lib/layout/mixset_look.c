/* SPDX-License-Identifier: MIT */
/* Reads MixLayoutParams with its windows and watermarks from JSON; and what all readers of a mix's
 * settings need. */
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "layout/mixset_priv.h"

#define SHOWN_MAX    128
#define SENTENCE_MAX 512

/* ---- members ---- */

void trtc_mix_cannot(const struct trtc_mix_reader *r, const char *fmt, ...)
{
    char sentence[SENTENCE_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    r->cannot(r->opaque, sentence);
}

static bool is_known(const char *key, const char *const *known)
{
    while (*known && strcmp(*known, key) != 0)
        known++;
    return *known != NULL;
}

void trtc_mix_unknown(const struct trtc_mix_reader *r, const struct cJSON *object, const char *path,
                      const char *const *known)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        char shown[SHOWN_MAX];
        if (!is_known(item->string, known))
            trtc_mix_cannot(
                r, "%s%s%s is not known", path, *path ? "." : "",
                trtc_text_show(item->string, strlen(item->string), shown, sizeof shown));
    }
}

static int missing(const struct trtc_mix_reader *r, const char *path, const char *key)
{
    return trtc_fail(r->err, TRTC_EX_DATAERR, "%s%s%s: is missing", path, *path ? "." : "", key);
}

int trtc_mix_int(const struct trtc_mix_reader *r, struct trtc_mix_at at, struct trtc_mix_number n,
                 int *out)
{
    int64_t value;
    int ret = trtc_json_int(at.object, at.path, n.key, n.min, n.max, &value, r->err);
    if (ret == 1)
        *out = (int)value;
    return ret < 0 ? -1 : ret == 0 && n.must ? missing(r, at.path, n.key) : 0;
}

int trtc_mix_text(const struct trtc_mix_reader *r, struct trtc_mix_at at, const char *key,
                  bool must, char **out)
{
    const char *s = "";
    int ret = trtc_json_string(at.object, at.path, key, &s, r->err);
    if (ret < 0)
        return -1;
    if (!*s)
        return must ? missing(r, at.path, key) : 0;
    *out = strdup(s);
    return *out ? 0 : trtc_fail_nomem(r->err);
}

/* Reads a colour. 1: present; 0: absent; -1: wrong. */
static int read_colour(const struct trtc_mix_reader *r, const cJSON *object, const char *path,
                       const char *key, uint32_t *out)
{
    const char *s = "";
    char where[TRTC_MIX_PATH_MAX];
    if (trtc_json_string(object, path, key, &s, r->err) < 0)
        return -1;
    if (!*s)
        return 0;
    snprintf(where, sizeof where, "%s.%s", path, key);
    if (trtc_colour_parse(where, s, out, r->err) < 0) {
        if (r->err)
            r->err->code = TRTC_EX_DATAERR; /* here the value is input, not an option */
        return -1;
    }
    return 1;
}

static int read_flag(const struct trtc_mix_reader *r, const cJSON *object, const char *path,
                     const char *key, bool *out)
{
    int value = 0;
    if (trtc_mix_int(r, (struct trtc_mix_at){ object, path },
                     (struct trtc_mix_number){ key, false, 0, 1 }, &value) < 0)
        return -1;
    *out = value == 1;
    return 0;
}

static int read_render(const struct trtc_mix_reader *r, const cJSON *object, const char *path,
                       const char *key, enum trtc_render *out)
{
    int value = (int)*out;
    if (trtc_mix_int(
            r, (struct trtc_mix_at){ object, path },
            (struct trtc_mix_number){ key, false, TRTC_RENDER_STRETCH, TRTC_RENDER_CROP20 },
            &value) < 0)
        return -1;
    *out = (enum trtc_render)value;
    return 0;
}

/* ---- watermarks ---- */

static int read_rect(const struct trtc_mix_reader *r, const cJSON *object, const char *path,
                     struct trtc_rect *out)
{
    const int max = TRTC_MIX_COORD_MAX;
    return trtc_mix_int(r, (struct trtc_mix_at){ object, path },
                        (struct trtc_mix_number){ "Top", true, 0, max }, &out->y) < 0 ||
                   trtc_mix_int(r, (struct trtc_mix_at){ object, path },
                                (struct trtc_mix_number){ "Left", true, 0, max }, &out->x) < 0 ||
                   trtc_mix_int(r, (struct trtc_mix_at){ object, path },
                                (struct trtc_mix_number){ "Width", true, 0, max }, &out->w) < 0 ||
                   trtc_mix_int(r, (struct trtc_mix_at){ object, path },
                                (struct trtc_mix_number){ "Height", true, 0, max }, &out->h) < 0
               ? -1
               : 0;
}

static int read_font(const struct trtc_mix_reader *r, const cJSON *object, const char *path)
{
    const char *font = "";
    if (trtc_json_string(object, path, "Font", &font, r->err) < 0)
        return -1;
    if (*font && strcmp(font, "Tencent") != 0) {
        char shown[SHOWN_MAX];
        trtc_mix_cannot(r, "%s.Font '%s': this mix writes with the fonts that are installed", path,
                        trtc_text_show(font, strlen(font), shown, sizeof shown));
    }
    return 0;
}

static int read_image(const struct trtc_mix_reader *r, const cJSON *o, const char *path,
                      struct trtc_mark *m)
{
    static const char *const known[] = { "WaterMarkUrl", "Top", "Left", "Width", "Height", NULL };
    trtc_mix_unknown(r, o, path, known);
    if (read_rect(r, o, path, &m->rect) < 0)
        return -1;
    return trtc_mix_text(r, (struct trtc_mix_at){ o, path }, "WaterMarkUrl", true, &m->text);
}

static int read_chars(const struct trtc_mix_reader *r, const cJSON *o, const char *path,
                      struct trtc_mark *m)
{
    static const char *const known[] = { "Top",   "Left",     "Width",     "Height",
                                         "Chars", "FontSize", "FontColor", "BackGroundColor",
                                         "Font",  NULL };
    int background;
    trtc_mix_unknown(r, o, path, known);
    if (read_rect(r, o, path, &m->rect) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ o, path },
                     (struct trtc_mix_number){ "FontSize", false, 1, TRTC_MARK_SIZE_MAX_PX },
                     &m->size_px) < 0 ||
        read_colour(r, o, path, "FontColor", &m->colour) < 0 ||
        (background = read_colour(r, o, path, "BackGroundColor", &m->background)) < 0 ||
        read_font(r, o, path) < 0)
        return -1;
    m->has_background = background == 1;
    if (trtc_mix_text(r, (struct trtc_mix_at){ o, path }, "Chars", true, &m->text) < 0)
        return -1;
    if (strlen(m->text) <= TRTC_MARK_TEXT_MAX_BYTES)
        return 0;
    free(m->text);
    m->text = NULL;
    return trtc_fail(r->err, TRTC_EX_DATAERR, "%s.Chars: over %d bytes", path,
                     TRTC_MARK_TEXT_MAX_BYTES);
}

static int read_timestamp(const struct trtc_mix_reader *r, const cJSON *o, const char *path,
                          struct trtc_mark *m)
{
    static const char *const known[] = { "Pos", "TimeZone", "Font", NULL };
    int zone_h = m->zone_min / 60;
    trtc_mix_unknown(r, o, path, known);
    if (trtc_mix_int(r, (struct trtc_mix_at){ o, path },
                     (struct trtc_mix_number){ "Pos", true, 0, 6 }, &m->pos) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ o, path },
                     (struct trtc_mix_number){ "TimeZone", false, 0, 23 }, &zone_h) < 0)
        return -1;
    m->zone_min = zone_h * 60;
    return read_font(r, o, path);
}

static int read_mark(const struct trtc_mix_reader *r, const cJSON *o, const char *path,
                     struct trtc_mix_look *look)
{
    static const struct {
        const char *key;
        int (*read)(const struct trtc_mix_reader *, const cJSON *, const char *,
                    struct trtc_mark *);
    } kinds[] = {
        [TRTC_MARK_IMAGE] = { "WaterMarkImage", read_image },
        [TRTC_MARK_TEXT] = { "WaterMarkChar", read_chars },
        [TRTC_MARK_CLOCK] = { "WaterMarkTimestamp", read_timestamp },
    };
    static const char *const known[] = { "WaterMarkType", "WaterMarkImage", "WaterMarkChar",
                                         "WaterMarkTimestamp", NULL };
    char inner[TRTC_MIX_PATH_MAX + 32];
    const cJSON *params;
    int kind = TRTC_MARK_IMAGE;
    if (!cJSON_IsObject(o))
        return trtc_fail(r->err, TRTC_EX_DATAERR, "%s: not an object", path);
    trtc_mix_unknown(r, o, path, known);
    if (trtc_mix_int(
            r, (struct trtc_mix_at){ o, path },
            (struct trtc_mix_number){ "WaterMarkType", false, TRTC_MARK_IMAGE, TRTC_MARK_CLOCK },
            &kind) < 0)
        return -1;
    int ret = trtc_json_object(o, path, kinds[kind].key, &params, r->err);
    if (ret <= 0)
        return ret < 0 ? -1 : missing(r, path, kinds[kind].key);
    struct trtc_mark *m = trtc_mix_next_mark(look, (enum trtc_mark_kind)kind);
    snprintf(inner, sizeof inner, "%s.%s", path, kinds[kind].key);
    if (kinds[kind].read(r, params, inner, m) < 0)
        return -1;
    look->nb_marks++;
    return 0;
}

static int read_marks(const struct trtc_mix_reader *r, const cJSON *params, const char *path,
                      struct trtc_mix_look *look)
{
    const cJSON *array, *item;
    size_t i = 0;
    int ret = trtc_json_array(params, path, "WaterMarkList", &array, r->err);
    if (ret <= 0)
        return ret;
    if (cJSON_GetArraySize(array) > TRTC_MARKS_MAX)
        return trtc_fail(r->err, TRTC_EX_DATAERR,
                         "%s.WaterMarkList: %d watermarks, and %d are allowed", path,
                         cJSON_GetArraySize(array), TRTC_MARKS_MAX);
    cJSON_ArrayForEach(item, array)
    {
        char where[TRTC_MIX_PATH_MAX];
        snprintf(where, sizeof where, "%s.WaterMarkList[%zu]", path, i++);
        if (read_mark(r, item, where, look) < 0)
            return -1;
    }
    return 0;
}

/* ---- windows ---- */

/* Reports and removes unknown members of a window. trtc_layout_list_read would refuse them, as is
 * right for a file written for it alone; but a request may come from a newer API. */
static void drop_unknown(const struct trtc_mix_reader *r, cJSON *window, const char *path)
{
    static const char *const known[] = {
        "Top",   "Left",       "Width",   "Height",     "UserId",
        "Alpha", "RenderMode", "MediaId", "ImageLayer", "SubBackgroundImage",
        NULL
    };
    cJSON *next;
    if (!cJSON_IsObject(window))
        return;
    trtc_mix_unknown(r, window, path, known);
    for (cJSON *item = window->child; item; item = next) {
        next = item->next;
        if (!is_known(item->string, known))
            cJSON_Delete(cJSON_DetachItemViaPointer(window, item));
    }
}

static int read_windows(const struct trtc_mix_reader *r, const cJSON *params, const char *path,
                        struct trtc_mix_look *look)
{
    const cJSON *array;
    cJSON *window;
    size_t i = 0;
    int ret = trtc_json_array(params, path, "MixLayoutList", &array, r->err);
    if (ret <= 0)
        return ret;
    cJSON *copy = cJSON_Duplicate(array, true);
    if (!copy)
        return trtc_fail_nomem(r->err);
    cJSON_ArrayForEach(window, copy)
    {
        char where[TRTC_MIX_PATH_MAX];
        snprintf(where, sizeof where, "%s.MixLayoutList[%zu]", path, i++);
        drop_unknown(r, window, where);
    }
    struct trtc_err err = { 0 };
    ret = trtc_layout_list_read(copy, &look->list, &err);
    cJSON_Delete(copy);
    if (ret < 0 && err.code == TRTC_EX_DATAERR)
        return trtc_fail(r->err, err.code, "%s.%.*s", path, SENTENCE_MAX - TRTC_MIX_PATH_MAX,
                         err.msg);
    return ret < 0 ? trtc_fail_nomem(r->err) : 0;
}

/* ---- the whole object ---- */

static int read_params(const struct trtc_mix_reader *r, const cJSON *params, const char *path,
                       struct trtc_mix_look *look)
{
    int mode = TRTC_LAYOUT_GRID;
    if (trtc_mix_int(r, (struct trtc_mix_at){ params, path },
                     (struct trtc_mix_number){ "MixLayoutMode", true, TRTC_LAYOUT_FLOAT,
                                               TRTC_LAYOUT_CUSTOM },
                     &mode) < 0 ||
        read_windows(r, params, path, look) < 0 ||
        read_colour(r, params, path, "BackGroundColor", &look->background) < 0 ||
        trtc_mix_text(r, (struct trtc_mix_at){ params, path }, "MaxResolutionUserId", false,
                      &look->anchor) < 0 ||
        read_flag(r, params, path, "MediaId", &look->anchor_aux) < 0 ||
        trtc_mix_text(r, (struct trtc_mix_at){ params, path }, "BackgroundImageUrl", false,
                      &look->background_image) < 0 ||
        read_flag(r, params, path, "PlaceHolderMode", &look->show_reserved) < 0 ||
        read_render(r, params, path, "BackgroundImageRenderMode", &look->background_render) < 0 ||
        trtc_mix_text(r, (struct trtc_mix_at){ params, path }, "DefaultSubBackgroundImage", false,
                      &look->placeholder) < 0 ||
        read_marks(r, params, path, look) < 0 ||
        read_render(r, params, path, "RenderMode", &look->render) < 0 ||
        read_flag(r, params, path, "MaxResolutionUserAlign", &look->right) < 0 ||
        trtc_json_bool(params, path, "PureAudioDisableLayout", &look->no_audio_windows, r->err) < 0)
        return -1;
    look->mode = (enum trtc_layout_mode)mode;
    if (look->mode == TRTC_LAYOUT_CUSTOM && !look->list.n)
        return trtc_fail(r->err, TRTC_EX_DATAERR,
                         "%s.MixLayoutList: is missing, and MixLayoutMode 4 needs windows", path);
    return 0;
}

int trtc_mix_look_read(const struct cJSON *params, const char *path,
                       const struct trtc_mix_settings *s, struct trtc_mix_look *look,
                       const struct trtc_mix_reader *r)
{
    static const char *const known[] = {
        "MixLayoutMode",
        "MixLayoutList",
        "BackGroundColor",
        "MaxResolutionUserId",
        "MediaId",
        "BackgroundImageUrl",
        "PlaceHolderMode",
        "BackgroundImageRenderMode",
        "DefaultSubBackgroundImage",
        "WaterMarkList",
        "RenderMode",
        "MaxResolutionUserAlign",
        "PureAudioDisableLayout",
        NULL,
    };
    struct trtc_mix_look made;
    if (!cJSON_IsObject(params))
        return trtc_fail(r->err, TRTC_EX_DATAERR, "%s: not an object", path);
    trtc_mix_unknown(r, params, path, known);
    trtc_mix_look_init(&made);
    if (read_params(r, params, path, &made) < 0 ||
        trtc_mix_look_check(&made, s->width_px, s->height_px, path, r->err) < 0) {
        trtc_mix_look_fini(&made);
        return -1;
    }
    trtc_mix_look_fini(look);
    *look = made;
    return 0;
}
