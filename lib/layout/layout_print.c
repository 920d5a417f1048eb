/* SPDX-License-Identifier: MIT */
/* A layout as text. */
#include "layout/layout_print.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_put.h"
#include "base/text.h"
#include "layout/xml.h"

#define API_SIDE_MAX_PX 1920

static const char *media_name(bool aux)
{
    return aux ? "aux" : "main";
}

/* ---- TSV ---- */

/* Prints an id. An id that looks like an absent value is escaped. */
static void put_id(const char *user, FILE *out)
{
    if (strcmp(user, "-") == 0)
        fputs("\\x2D", out);
    else
        trtc_text_put(user, strlen(user), out);
}

void trtc_layout_tsv(const struct trtc_layout *l, const struct trtc_stream *streams, bool header,
                     FILE *out)
{
    if (header)
        fputs("z\tx\ty\tw\th\tuser\tmedia\n", out);
    for (size_t i = 0; i < l->n; i++) {
        const struct trtc_window *w = &l->windows[i];
        if (w->stream < 0)
            continue;
        fprintf(out, "%d\t%d\t%d\t%d\t%d\t", w->z, w->rect.x, w->rect.y, w->rect.w, w->rect.h);
        put_id(streams[w->stream].user, out);
        fprintf(out, "\t%s\n", media_name(streams[w->stream].aux));
    }
}

/* ---- JSON ---- */

/* Prints and deletes o; NULL counts as out of memory. */
static int put_json(cJSON *o, bool ok, FILE *out, struct trtc_err *err)
{
    char *text = ok ? cJSON_PrintUnformatted(o) : NULL;
    cJSON_Delete(o);
    if (!text)
        return trtc_fail_nomem(err);
    fputs(text, out);
    cJSON_free(text);
    return 0;
}

int trtc_layout_json(const struct trtc_layout *l, const struct trtc_stream *streams, bool lines,
                     FILE *out, struct trtc_err *err)
{
    const char *before = lines ? "" : "[\n";
    for (size_t i = 0; i < l->n; i++) {
        const struct trtc_window *w = &l->windows[i];
        if (w->stream < 0)
            continue;
        cJSON *o = cJSON_CreateObject();
        bool ok = o && cJSON_AddNumberToObject(o, "z", w->z) &&
                  cJSON_AddNumberToObject(o, "x", w->rect.x) &&
                  cJSON_AddNumberToObject(o, "y", w->rect.y) &&
                  cJSON_AddNumberToObject(o, "w", w->rect.w) &&
                  cJSON_AddNumberToObject(o, "h", w->rect.h);
        if (ok)
            trtc_json_put_user(&o, streams[w->stream].user, strlen(streams[w->stream].user));
        ok = ok && o && cJSON_AddStringToObject(o, "media", media_name(streams[w->stream].aux)) &&
             cJSON_AddStringToObject(o, "render", trtc_render_names[w->render]) &&
             cJSON_AddNumberToObject(o, "alpha", w->alpha);
        fputs(before, out);
        if (put_json(o, ok, out, err) < 0)
            return -1;
        before = lines ? "\n" : ",\n";
    }
    if (lines)
        fputs(*before ? before : "", out);
    else
        fputs(before[0] == '[' ? "[]\n" : "\n]\n", out);
    return 0;
}

/* ---- the REST API's object ---- */

static cJSON *api_window(const struct trtc_window *w, const struct trtc_stream *streams)
{
    const char *user = w->stream < 0 ? w->entry->user : streams[w->stream].user;
    const bool aux = w->stream < 0 ? w->entry->aux : streams[w->stream].aux;
    const char *placeholder = w->entry ? w->entry->placeholder : NULL;
    cJSON *o = cJSON_CreateObject();
    if (o && cJSON_AddNumberToObject(o, "Top", w->rect.y) &&
        cJSON_AddNumberToObject(o, "Left", w->rect.x) &&
        cJSON_AddNumberToObject(o, "Width", w->rect.w) &&
        cJSON_AddNumberToObject(o, "Height", w->rect.h) &&
        cJSON_AddStringToObject(o, "UserId", user) && cJSON_AddNumberToObject(o, "MediaId", aux) &&
        cJSON_AddNumberToObject(o, "RenderMode", w->render) &&
        cJSON_AddNumberToObject(o, "ImageLayer", w->z) &&
        cJSON_AddNumberToObject(o, "Alpha", w->alpha) &&
        (!placeholder || cJSON_AddStringToObject(o, "SubBackgroundImage", placeholder)))
        return o;
    cJSON_Delete(o);
    return NULL;
}

int trtc_layout_api(const struct trtc_layout *l, const struct trtc_layout_opts *o,
                    const struct trtc_stream *streams, FILE *out, struct trtc_err *err)
{
    char shown[128];
    if (o->width_px > API_SIDE_MAX_PX || o->height_px > API_SIDE_MAX_PX)
        return trtc_fail(err, TRTC_EX_DATAERR, "a canvas of %dx%d: the API's is at most %dx%d",
                         o->width_px, o->height_px, API_SIDE_MAX_PX, API_SIDE_MAX_PX);
    for (size_t i = 0; i < l->n; i++) {
        const char *user = l->windows[i].stream < 0 ? NULL : streams[l->windows[i].stream].user;
        if (user && !trtc_utf8_valid(user, strlen(user)))
            return trtc_fail(err, TRTC_EX_DATAERR, "user '%s': not UTF-8, as the API's ids are",
                             trtc_text_show(user, strlen(user), shown, sizeof shown));
    }
    cJSON *object = cJSON_CreateObject();
    bool ok = object && cJSON_AddNumberToObject(object, "MixLayoutMode", TRTC_LAYOUT_CUSTOM);
    cJSON *list = ok ? cJSON_AddArrayToObject(object, "MixLayoutList") : NULL;
    ok = list;
    for (size_t i = 0; ok && i < l->n; i++)
        ok = cJSON_AddItemToArray(list, api_window(&l->windows[i], streams));
    if (put_json(object, ok, out, err) < 0)
        return -1;
    fputc('\n', out);
    return 0;
}

/* ---- FFmpeg ---- */

/* The number of the input shown in window i, which is the number of streams with a window before
 * its own. */
static int input_of(const struct trtc_layout *l, size_t i)
{
    int before = 0;
    for (size_t k = 0; k < l->n; k++)
        before += l->windows[k].stream >= 0 && l->windows[k].stream < l->windows[i].stream;
    return before;
}

/* Crops before scaling, so that no invisible pixel is computed. dar is the picture's aspect ratio.
 * At least the given part remains of the side that is too long for the window's shape. */
static void put_crop(const struct trtc_rect *r, double part, FILE *out)
{
    fprintf(out,
            "crop=w='max(2,iw*max(%g,min(1,%d/%d/dar)))':h='max(2,ih*max(%g,min(1,dar*%d/%d)))',"
            "scale=%d:%d,",
            part, r->w, r->h, part, r->h, r->w, r->w, r->h);
}

static void put_picture(const struct trtc_window *w, FILE *out)
{
    const struct trtc_rect *r = &w->rect;
    switch (w->render) {
    case TRTC_RENDER_STRETCH:
        fprintf(out, "scale=%d:%d,", r->w, r->h);
        break;
    case TRTC_RENDER_CROP:
        put_crop(r, 0, out);
        break;
    case TRTC_RENDER_FIT:
        fprintf(out,
                "scale=w='max(2,2*round(min(%d,%d*dar)/2))':h='max(2,2*round(min(%d,%d/dar)/2))',"
                "pad=%d:%d:(ow-iw)/2:(oh-ih)/2,",
                r->w, r->h, r->h, r->w, r->w, r->h);
        break;
    case TRTC_RENDER_CROP20:
        put_crop(r, 0.8, out);
        break;
    }
}

/* The canvas is a single picture: overlay repeats it, so that the output ends with the longest
 * input. */
void trtc_layout_filter(const struct trtc_layout *l, const struct trtc_layout_opts *o, int fps,
                        FILE *out)
{
    size_t last = l->n, below = l->n;
    for (size_t i = 0; i < l->n; i++)
        if (l->windows[i].stream >= 0)
            last = i;
    fprintf(out, "color=black:s=%dx%d:r=%d", o->width_px, o->height_px, fps);
    if (last == l->n) {
        fputs("[v]\n", out);
        return;
    }
    fputs(",trim=end_frame=1[canvas];\n", out);
    for (size_t i = 0; i <= last; i++) {
        const struct trtc_window *w = &l->windows[i];
        if (w->stream < 0)
            continue;
        fprintf(out, "[%d:v]", input_of(l, i));
        put_picture(w, out);
        fprintf(out, "setsar=1,fps=%d", fps);
        if (w->alpha > 0)
            fprintf(out, ",format=yuva420p,lutyuv=a=%d", 255 - w->alpha);
        fprintf(out, "[w%zu];\n", i);
        if (below == l->n)
            fputs("[canvas]", out);
        else
            fprintf(out, "[c%zu]", below);
        fprintf(out, "[w%zu]overlay=%d:%d", i, w->rect.x, w->rect.y);
        if (i < last)
            fprintf(out, "[c%zu];\n", i);
        below = i;
    }
    fputs("[v]\n", out);
}

/* ---- SVG ---- */

/* Muted colours, dark enough for white text; neighbours differ clearly. */
static const char *const colours[] = { "#4a6d8c", "#5b8272", "#86698f", "#97705a", "#52819a",
                                       "#75804f", "#8f6170", "#5f6c9c", "#8a7a4c" };
enum { NB_COLOURS = sizeof colours / sizeof *colours, LABEL_MAX_BYTES = 48, LABEL_MAX_WIDTH = 20 };

/* The approximate width of a text in letters; East Asian characters count as two. */
static int text_width(const char *s)
{
    int width = 0;
    for (; *s; s++)
        width += ((unsigned char)*s & 0xc0) == 0x80 ? 0 : (unsigned char)*s >= 0xe3 ? 2 : 1;
    return width < 1 ? 1 : width;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static void put_label(const struct trtc_window *w, const char *user, bool aux, int canvas_px,
                      FILE *out)
{
    const char *suffix = w->stream < 0 ? aux ? " · aux, not there" : " · not there"
                         : aux         ? " · aux"
                                       : "";
    const struct trtc_rect *r = &w->rect;
    char place[64];
    snprintf(place, sizeof place, "%d×%d+%d+%d", r->w, r->h, r->x, r->y);
    const int name_letters = (int)least(text_width(user), LABEL_MAX_WIDTH) + text_width(suffix);
    const double readable_px = least(canvas_px / 34.0, r->h * 0.24);
    double name_px = least(least(canvas_px / 22.0, r->h * 0.24), r->w * 1.4 / name_letters);
    name_px = name_px < readable_px ? readable_px : name_px;
    const double place_px = least(name_px * 0.68, r->w * 1.3 / text_width(place));
    const double left = least(name_px * 0.6, r->w * 0.06), top = name_px * 1.35;
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\">", left, top, name_px);
    trtc_xml_put(user, LABEL_MAX_BYTES, out);
    fprintf(out, "%s</text>\n", suffix);
    if (place_px > canvas_px / 60.0) /* smaller text would be a mere grey line */
        fprintf(out, "<text class=\"p\" x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\">%s</text>\n", left,
                top + place_px * 1.4, place_px, place);
}

static void put_window(const struct trtc_window *w, const struct trtc_stream *streams,
                       int canvas_px, FILE *out)
{
    const struct trtc_rect *r = &w->rect;
    const char *user = w->stream < 0 ? w->entry->user : streams[w->stream].user;
    const bool aux = w->stream < 0 ? w->entry->aux : streams[w->stream].aux;
    const double line_px = canvas_px / 360.0;
    /* A nested svg element cuts off what does not fit. */
    fprintf(out, "<svg x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"><title>", r->x, r->y, r->w,
            r->h);
    trtc_xml_put(user, (size_t)-1, out);
    fprintf(out, " (%s)</title>\n", media_name(aux));
    fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", line_px / 2,
            line_px / 2, r->w - line_px, r->h - line_px);
    if (w->stream < 0)
        fprintf(out, " class=\"n\" stroke-dasharray=\"%.1f\"/>\n", line_px * 4);
    else
        fprintf(out, " fill=\"%s\" fill-opacity=\"%.3f\"/>\n", colours[w->stream % NB_COLOURS],
                1 - w->alpha / 255.0);
    put_label(w, user, aux, canvas_px, out);
    fputs("</svg>\n", out);
}

void trtc_layout_svg(const struct trtc_layout *l, const struct trtc_layout_opts *o,
                     const struct trtc_stream *streams, FILE *out)
{
    const int canvas_px = o->width_px < o->height_px ? o->width_px : o->height_px;
    fprintf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n"
        "<style>text{font-family:sans-serif;fill:#fff}.p{fill-opacity:.72}"
        "svg rect{stroke:#1b2027;stroke-width:%.2f}rect.n{fill:none;stroke:#7d8894}</style>\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#1b2027\"/>\n",
        o->width_px, o->height_px, o->width_px, o->height_px, canvas_px / 360.0);
    for (size_t i = 0; i < l->n; i++)
        put_window(&l->windows[i], streams, canvas_px, out);
    fputs("</svg>\n", out);
}
