/* SPDX-License-Identifier: MIT */
/* Reads a MixLayoutList from JSON: the API's type MixLayout, one entry per window. */
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "layout/layout.h"

#define SIDE_MAX_PX 1920 /* the API's limit */

void trtc_layout_list_fini(struct trtc_layout_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->items[i].user);
        free(l->items[i].placeholder);
    }
    free(l->items);
    *l = (struct trtc_layout_list){ 0 };
}

/* A number; if it is absent and not required, *out is unchanged. */
struct number {
    const char *key;
    bool must;
    int max;
};

static int read_int(const cJSON *o, const char *path, struct number n, int *out,
                    struct trtc_err *err)
{
    int64_t v = *out;
    int r = trtc_json_int(o, path, n.key, 0, n.max, &v, err);
    if (r == 0 && n.must)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s.%s: is missing", path, n.key);
    *out = (int)v;
    return r < 0 ? -1 : 0;
}

/* Copies a text; absent or empty: NULL. */
static int read_text(const cJSON *o, const char *path, const char *key, char **out,
                     struct trtc_err *err)
{
    const char *s = NULL;
    int r = trtc_json_string(o, path, key, &s, err);
    if (r <= 0 || !s || !*s)
        return r < 0 ? -1 : 0;
    *out = strdup(s);
    return *out ? 0 : trtc_fail_nomem(err);
}

static int read_entry(const cJSON *o, const char *path, struct trtc_layout_entry *e,
                      struct trtc_err *err)
{
    static const char *const known[] = {
        "Top",     "Left",       "Width",      "Height", "UserId",
        "MediaId", "RenderMode", "ImageLayer", "Alpha",  "SubBackgroundImage",
        NULL
    };
    char shown[64];
    int render = TRTC_RENDER_CROP, aux = 0;
    if (!cJSON_IsObject(o))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: is not an object", path);
    const char *unknown = trtc_json_unknown(o, known);
    if (unknown)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s.%s: no such member", path,
                         trtc_text_show(unknown, strlen(unknown), shown, sizeof shown));
    if (read_int(o, path, (struct number){ "Left", true, SIDE_MAX_PX }, &e->rect.x, err) < 0 ||
        read_int(o, path, (struct number){ "Top", true, SIDE_MAX_PX }, &e->rect.y, err) < 0 ||
        read_int(o, path, (struct number){ "Width", true, SIDE_MAX_PX }, &e->rect.w, err) < 0 ||
        read_int(o, path, (struct number){ "Height", true, SIDE_MAX_PX }, &e->rect.h, err) < 0 ||
        read_int(o, path, (struct number){ "Alpha", false, 255 }, &e->alpha, err) < 0 ||
        read_int(o, path, (struct number){ "RenderMode", false, TRTC_RENDER_CROP20 }, &render,
                 err) < 0 ||
        read_int(o, path, (struct number){ "MediaId", false, 1 }, &aux, err) < 0 ||
        read_int(o, path, (struct number){ "ImageLayer", false, INT_MAX }, &e->layer, err) < 0 ||
        read_text(o, path, "UserId", &e->user, err) < 0 ||
        read_text(o, path, "SubBackgroundImage", &e->placeholder, err) < 0)
        return -1;
    e->render = (enum trtc_render)render;
    e->aux = aux == 1;
    return 0;
}

/* A stream has at most one window, so no user may have two entries. */
static int check_reserved(const struct trtc_layout_list *l, size_t i, struct trtc_err *err)
{
    const struct trtc_layout_entry *e = &l->items[i];
    char shown[128];
    for (size_t k = 0; e->user && k < i; k++)
        if (l->items[k].user && l->items[k].aux == e->aux && strcmp(l->items[k].user, e->user) == 0)
            return trtc_fail(err, TRTC_EX_DATAERR,
                             "MixLayoutList[%zu].UserId: '%s' has MixLayoutList[%zu] already", i,
                             trtc_text_show(e->user, strlen(e->user), shown, sizeof shown), k);
    return 0;
}

int trtc_layout_list_read(const struct cJSON *json, struct trtc_layout_list *out,
                          struct trtc_err *err)
{
    const cJSON *list = json, *item;
    *out = (struct trtc_layout_list){ 0 };
    if (!cJSON_IsArray(json)) {
        if (!cJSON_IsObject(json))
            return trtc_fail(err, TRTC_EX_DATAERR, "MixLayoutList: is not an array");
        int r = trtc_json_array(json, "", "MixLayoutList", &list, err);
        if (r < 0)
            return -1;
        if (r == 0)
            return trtc_fail(err, TRTC_EX_DATAERR, "MixLayoutList: is missing");
    }
    const int n = cJSON_GetArraySize(list);
    if (n > TRTC_LAYOUT_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "MixLayoutList: %d windows, at most %d are possible",
                         n, TRTC_LAYOUT_MAX);
    out->items = calloc((size_t)n + 1, sizeof *out->items);
    if (!out->items)
        return trtc_fail_nomem(err);
    cJSON_ArrayForEach(item, list)
    {
        char path[32];
        snprintf(path, sizeof path, "MixLayoutList[%zu]", out->n);
        out->n++; /* before reading it, so that fini frees a half-read entry */
        if (read_entry(item, path, &out->items[out->n - 1], err) < 0 ||
            check_reserved(out, out->n - 1, err) < 0) {
            trtc_layout_list_fini(out);
            return -1;
        }
    }
    return 0;
}
