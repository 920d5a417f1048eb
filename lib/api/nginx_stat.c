/* SPDX-License-Identifier: MIT */
/* Reads the statistics page of nginx's RTMP module. Only that program makes such pages: elements
 * without attributes, and five entities. Nothing else is supported. */
#include "api/nginx_stat.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api/source_url.h"

enum { DEPTH = 12, NAME = 16, SAME_MS = 3000, TEXT_MAX = TRTC_ROOM_NAME_MAX };

struct page {
    const char *template;
    int64_t now_ms;
    const struct trtc_attendance *before;
    struct trtc_attendance *out;

    char stack[DEPTH][NAME]; /* the open elements */
    int depth;
    char text[TEXT_MAX + 1]; /* of the innermost element */
    size_t nb_text;
    bool cut;     /* the text was longer than that */
    bool is_page; /* an <rtmp> element was found */

    char application[TEXT_MAX + 1], stream[TEXT_MAX + 1];
    int64_t age_ms;
    bool published, audio, video;
};

/* Whether the current element is inner, directly inside outer. */
static bool is(const struct page *p, const char *outer, const char *inner)
{
    return p->depth >= 2 && strcmp(p->stack[p->depth - 1], inner) == 0 &&
           strcmp(p->stack[p->depth - 2], outer) == 0;
}

/* ---- a stream ---- */

/* When a stream began: as before, if that is about the same time. */
static int64_t since_of(const struct page *p, const struct trtc_room_event *e)
{
    const int64_t ms = p->now_ms - p->age_ms;
    const int types[] = { TRTC_ROOM_VIDEO, TRTC_ROOM_AUDIO, TRTC_ROOM_AUX };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const struct trtc_fact *f = trtc_attendance_find(p->before, e->room, e->user, types[i]);
        const bool aux = types[i] == TRTC_ROOM_AUX;
        if (f && aux == (e->type == TRTC_ROOM_AUX) && llabs(f->since_ms - ms) < SAME_MS)
            return f->since_ms;
    }
    return ms;
}

/* Keeps the room or user of a stream: they continue as long as they have a stream. */
static int keep(const struct page *p, int type, const struct trtc_room_event *stream,
                struct trtc_err *err)
{
    const char *user = type == TRTC_ROOM_CREATED ? "" : stream->user;
    const struct trtc_fact *f = trtc_attendance_find(p->before, stream->room, user, type);
    const struct trtc_room_event e = { .type = type,
                                       .room = stream->room,
                                       .user = user,
                                       .event_ms = f ? f->since_ms : stream->event_ms };
    return trtc_attendance_apply(p->out, &e, NULL, err);
}

static int add(const struct page *p, int type, const char *user, struct trtc_err *err)
{
    char url[TRTC_ROOM_SOURCE_MAX + 1];
    struct trtc_room_event e = { .type = type, .room = p->application, .user = p->stream };
    if (trtc_source_url(p->template, &e, url, sizeof url))
        e.source = url;
    e.user = user;
    e.event_ms = since_of(p, &e);
    return keep(p, TRTC_ROOM_CREATED, &e, err) < 0 || keep(p, TRTC_ROOM_ENTERED, &e, err) < 0
               ? -1
               : trtc_attendance_apply(p->out, &e, NULL, err);
}

static int end_stream(struct page *p, struct trtc_err *err)
{
    char user[TEXT_MAX + 1];
    const size_t n = strlen(p->stream);
    const bool aux = n > 4 && strcmp(p->stream + n - 4, ".aux") == 0;
    int ret = 0;
    if (p->published && *p->application && n && (p->audio || p->video)) {
        memcpy(user, p->stream, n + 1);
        if (aux)
            user[n - 4] = '\0';
        if (aux)
            ret = add(p, TRTC_ROOM_AUX, user, err);
        if (!aux && p->video)
            ret = add(p, TRTC_ROOM_VIDEO, user, err);
        if (!aux && !ret && p->audio)
            ret = add(p, TRTC_ROOM_AUDIO, user, err);
    }
    p->stream[0] = '\0';
    p->age_ms = 0;
    p->published = p->audio = p->video = false;
    return ret;
}

/* ---- elements ---- */

/* Takes the text of an element that has ended. */
static void take_text(struct page *p)
{
    if (p->cut)
        p->nb_text = 0; /* a truncated name would be that of someone else */
    p->text[p->nb_text] = '\0';
    if (is(p, "application", "name"))
        memcpy(p->application, p->text, p->nb_text + 1);
    else if (is(p, "stream", "name"))
        memcpy(p->stream, p->text, p->nb_text + 1);
    else if (is(p, "stream", "time"))
        p->age_ms = strtoll(p->text, NULL, 10);
    else if (is(p, "stream", "publishing"))
        p->published = true;
    else if (is(p, "video", "codec"))
        p->video = p->nb_text > 0;
    else if (is(p, "audio", "codec"))
        p->audio = p->nb_text > 0;
}

static int close_element(struct page *p, struct trtc_err *err)
{
    int ret = 0;
    if (p->depth == 0)
        return 0;
    take_text(p);
    if (strcmp(p->stack[p->depth - 1], "stream") == 0)
        ret = end_stream(p, err);
    else if (strcmp(p->stack[p->depth - 1], "application") == 0)
        p->application[0] = '\0';
    p->depth--;
    p->nb_text = 0;
    p->cut = false;
    return ret;
}

/* False: elements are nested too deeply. */
static bool open_element(struct page *p, const char *name, size_t n)
{
    if (p->depth == DEPTH)
        return false;
    const size_t part = n < NAME - 1 ? n : NAME - 1;
    memcpy(p->stack[p->depth], name, part);
    p->stack[p->depth++][part] = '\0';
    p->nb_text = 0;
    p->cut = false;
    p->is_page |= p->depth == 1 && strcmp(p->stack[0], "rtmp") == 0;
    return true;
}

/* Handles a tag, without its brackets. */
static int take_tag(struct page *p, const char *s, size_t n, struct trtc_err *err)
{
    if (n == 0 || *s == '?' || *s == '!')
        return 0;
    if (*s == '/')
        return close_element(p, err);
    size_t name = 0;
    while (name < n && !strchr(" \t\r\n/", s[name]))
        name++;
    if (!open_element(p, s, name))
        return trtc_fail(err, TRTC_EX_DATAERR, "the elements of the page are nested too deeply");
    return s[n - 1] == '/' ? close_element(p, err) : 0;
}

static const char *take_char(struct page *p, const char *s)
{
    static const struct {
        const char *name;
        char is;
    } entities[] = {
        { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' }, { "&apos;", '\'' }
    };
    char c = *s;
    size_t n = 1;
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (strncmp(s, entities[i].name, strlen(entities[i].name)) == 0) {
            c = entities[i].is;
            n = strlen(entities[i].name);
        }
    if (p->nb_text < TEXT_MAX)
        p->text[p->nb_text++] = c;
    else
        p->cut = true;
    return s + n;
}

int trtc_nginx_stat(const char *xml, const char *template, int64_t now_ms,
                    const struct trtc_attendance *before, struct trtc_attendance *out,
                    struct trtc_err *err)
{
    struct page p = { .template = template, .now_ms = now_ms, .before = before, .out = out };
    const char *s = xml;
    while (*s) {
        const char *end = *s == '<' ? strchr(s, '>') : NULL;
        if (*s == '<' && !end)
            return trtc_fail(err, TRTC_EX_DATAERR, "the page ends within a tag");
        if (end && take_tag(&p, s + 1, (size_t)(end - s - 1), err) < 0)
            return -1;
        s = end ? end + 1 : take_char(&p, s);
    }
    if (!p.is_page || p.depth)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "not the page of nginx's RTMP module, or incomplete");
    return 0;
}
