/* SPDX-License-Identifier: MIT */
/* The line of JSON for an event, and the selection of events in a spool. */
#include "line.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_put.h"

int hook_event_read(const struct trtc_spool *s, enum trtc_spool_place place, const char *name,
                    struct hook_event *out, struct trtc_err *err)
{
    char *body, sign[TRTC_SPOOL_SIGN_MAX];
    struct trtc_err why;
    *out = (struct hook_event){ .place = place, .name = name };
    const int64_t n = trtc_spool_read(s, place, name, &body, err);
    if (n < 0)
        return -1;
    if (trtc_spool_head(s, name, &out->sdkappid, sign, err) < 0) {
        free(body);
        return -1;
    }
    out->parsed = trtc_event_parse(body, (size_t)n, &out->event, &why) == 0;
    free(body);
    out->event.body = NULL;
    return !out->parsed && why.code != TRTC_EX_DATAERR ? trtc_fail(err, why.code, "%s", why.msg)
                                                       : 0;
}

void hook_event_fini(struct hook_event *e)
{
    trtc_event_fini(&e->event);
}

cJSON *hook_event_line(const struct trtc_spool *s, const struct hook_event *e, bool state)
{
    const char *place = trtc_spool_place_name(e->place), *dir = trtc_spool_dir(s);
    const size_t size = strlen(dir) + strlen(place) + strlen(e->name) + 3;
    char *path = malloc(size);
    cJSON *line = path ? trtc_event_line(&e->event, e->sdkappid) : NULL;
    if (path)
        snprintf(path, size, "%s/%s/%s", dir, place, e->name);
    if (!e->parsed)
        trtc_json_put_bool(&line, "raw", true);
    if (state)
        trtc_json_put_text(&line, "state", place);
    trtc_json_put_text(&line, "file", path ? path : "");
    free(path);
    return line;
}

bool hook_means_name(const struct hook_opts *o, const char *name)
{
    int64_t ms = 0, type = 0;
    size_t i = 0;
    trtc_spool_name_parts(name, &ms, &type);
    while (i < o->types.n && o->types.items[i] != type)
        i++;
    return (o->types.n == 0 || i < o->types.n) && ms >= o->since_ms;
}

bool hook_means(const struct hook_opts *o, const struct hook_event *e)
{
    return !o->task || (e->event.task && strcmp(o->task, e->event.task) == 0);
}
