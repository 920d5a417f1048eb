/* SPDX-License-Identifier: MIT */
/* What a task passes to trtc-mix. */
#include "task/mixing.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_put.h"
#include "layout/mixset.h"

#define IMAGES "file:images/"

enum { LAYOUT_GRID = 3 };

static cJSON *in(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

/* Returns a copy of the member; without one, the JSON in text. */
static cJSON *copy_or(const cJSON *object, const char *name, const char *text)
{
    const cJSON *there = in(object, name);
    return there ? cJSON_Duplicate(there, true) : cJSON_Parse(text);
}

/* ---- the request, and changes ---- */

/* Returns a copy of object with the members in keys (ended by NULL) alone. */
static cJSON *part_of(const cJSON *object, const char *const *keys)
{
    cJSON *part = cJSON_CreateObject();
    for (; *keys; keys++)
        if (in(object, *keys))
            trtc_json_put(&part, *keys, cJSON_Duplicate(in(object, *keys), true));
    return part;
}

/* Replaces the member of *to with that of from; without one, removes it. */
static void take_over(cJSON **to, const char *key, const cJSON *from)
{
    cJSON_DeleteItemFromObjectCaseSensitive(*to, key);
    if (in(from, key))
        trtc_json_put(to, key, cJSON_Duplicate(in(from, key), true));
}

cJSON *trtc_mixing_request(const cJSON *request, const cJSON *change)
{
    static const char *const kept[] = { "MixTranscodeParams", "MixLayoutParams", NULL };
    static const char *const record[] = {
        "RecordMode", "StreamType", "MediaId", "FillType", "SubscribeStreamUserIds", NULL
    };
    cJSON *whole = part_of(request, kept), *params = part_of(in(request, "RecordParams"), record);
    if (change)
        take_over(&params, "SubscribeStreamUserIds", change);
    trtc_json_put(&whole, "RecordParams", params);
    if (change)
        take_over(&whole, "MixLayoutParams", change);
    return whole;
}

static void ignore(void *opaque, const char *what)
{
    (void)opaque;
    (void)what;
}

int trtc_mixing_check(const cJSON *request, const cJSON *change, struct trtc_err *err)
{
    struct trtc_mix_settings settings;
    const struct trtc_mix_reader reader = { .cannot = ignore, .err = err };
    cJSON *whole = trtc_mixing_request(request, change);
    if (!whole)
        return trtc_fail_nomem(err);
    trtc_mix_settings_init(&settings);
    int ret = trtc_mix_request_read(whole, &settings, &reader);
    if (ret == 0)
        ret = trtc_mix_settings_check(&settings, err);
    trtc_mix_settings_fini(&settings);
    cJSON_Delete(whole);
    return ret;
}

cJSON *trtc_mixing_change(const cJSON *change)
{
    char grid[32];
    cJSON *line = cJSON_CreateObject();
    snprintf(grid, sizeof grid, "{\"MixLayoutMode\":%d}", LAYOUT_GRID);
    trtc_json_put(&line, "layout", copy_or(change, "MixLayoutParams", grid));
    trtc_json_put(&line, "subscribe", copy_or(change, "SubscribeStreamUserIds", "{}"));
    return line;
}

/* ---- pictures ---- */

struct pictures {
    const cJSON *index;
    void (*missing)(void *arg, const char *url);
    void *arg;
    bool failed; /* no memory */
};

/* Returns the name of the file for an address, without directories; NULL: there is none. */
static const char *file_of(const struct pictures *p, const char *url)
{
    const char *name = cJSON_GetStringValue(in(p->index, url));
    return name && *name && *name != '.' && !strchr(name, '/') ? name : NULL;
}

/* Puts the file in the place of the address. Returns true if there is none and the member was
 * removed. */
static bool place(struct pictures *p, cJSON *object, const char *name)
{
    const char *url = cJSON_GetStringValue(in(object, name));
    const char *file = url ? file_of(p, url) : NULL;
    if (!url)
        return false;
    if (!file) {
        p->missing(p->arg, url);
        cJSON_DeleteItemFromObjectCaseSensitive(object, name);
        return true;
    }
    const size_t size = strlen(IMAGES) + strlen(file) + 1;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, IMAGES "%s", file);
    p->failed |=
        !path || !cJSON_ReplaceItemInObjectCaseSensitive(object, name, cJSON_CreateString(path));
    free(path);
    return false;
}

static void place_marks(struct pictures *p, cJSON *list)
{
    cJSON *mark = cJSON_IsArray(list) ? list->child : NULL;
    while (mark) {
        cJSON *next = mark->next;
        if (place(p, in(mark, "WaterMarkImage"), "WaterMarkUrl"))
            cJSON_Delete(cJSON_DetachItemViaPointer(list, mark));
        mark = next;
    }
}

int trtc_mixing_pictures(cJSON *layout, const cJSON *index,
                         void (*missing)(void *arg, const char *url), void *arg)
{
    struct pictures p = { index, missing, arg, false };
    cJSON *window;
    place(&p, layout, "BackgroundImageUrl");
    place(&p, layout, "DefaultSubBackgroundImage");
    cJSON_ArrayForEach(window, in(layout, "MixLayoutList"))
    {
        place(&p, window, "SubBackgroundImage");
    }
    place_marks(&p, in(layout, "WaterMarkList"));
    return p.failed ? -1 : 0;
}

/* ---- inputs that come and go ---- */

/* Returns {KEY:"USER:main"}. */
static cJSON *line_of(const char *key, const struct trtc_task_stream *s)
{
    cJSON *line = cJSON_CreateObject();
    const size_t size = strlen(s->user) + sizeof ":main";
    char *text = malloc(size);
    if (text)
        snprintf(text, size, "%s:%s", s->user, s->aux ? "aux" : "main");
    trtc_json_put(&line, key, text ? cJSON_CreateString(text) : NULL);
    free(text);
    return line;
}

cJSON *trtc_mixing_input(const struct trtc_task_stream *s)
{
    cJSON *line = s->source ? line_of("user", s) : NULL;
    if (line)
        trtc_json_put_text(&line, "input", s->source);
    return line;
}

cJSON *trtc_mixing_end(const struct trtc_task_stream *s)
{
    return line_of("end", s);
}
