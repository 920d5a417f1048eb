/* SPDX-License-Identifier: MIT */
/* A plan as text. */
#include "recording/plan_print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_put.h"
#include "base/text.h"
#include "layout/xml.h"

const char *trtc_choice_name(enum trtc_choice c)
{
    return c == TRTC_CHOICE_COPY ? "copy" : c == TRTC_CHOICE_ENCODE ? "encode" : "-";
}

/* Prints the user id. "-" stands for an absent value, so an id that is exactly "-" is escaped. */
static void put_id(const struct trtc_recording *r, FILE *out)
{
    if (!r->user)
        fputs("-", out);
    else if (r->user_id_len == 1 && r->user_id[0] == '-')
        fputs("\\x2D", out);
    else
        trtc_text_put(r->user_id, r->user_id_len, out);
}

void trtc_plan_tsv(const struct trtc_plan *p, bool header, char end, FILE *out)
{
    if (header)
        fprintf(out, "user\tmedia\tstart\tend\tgaps\tvideo\taudio\tpath%c", end);
    for (size_t i = 0; i < p->n; i++) {
        const struct trtc_output *o = &p->outputs[i];
        char from[TRTC_UTC_LEN + 1], to[TRTC_UTC_LEN + 1];
        trtc_utc_format17(o->start_us / 1000, from);
        trtc_utc_format17(o->end_us / 1000, to);
        put_id(o->rec, out);
        fprintf(out, "\t%s\t%s\t%s\t%zu\t%s\t%s\t", o->media, from, to, o->nb_gaps,
                trtc_choice_name(o->do_video), trtc_choice_name(o->do_audio));
        trtc_text_put(o->path, strlen(o->path), out);
        fputc(end, out);
    }
}

static void put_ms(cJSON **o, const char *key, int64_t us)
{
    trtc_json_put_number(o, key, (double)(us / 1000));
}

/* Adds what is done with a track, and with size the dimensions of its picture. */
static void put_choice(cJSON **j, const char *key, enum trtc_choice c, const char *why,
                       const struct trtc_output *size)
{
    if (c == TRTC_CHOICE_AUTO)
        return;
    cJSON *v = cJSON_CreateObject();
    trtc_json_put_text(&v, "action", trtc_choice_name(c));
    if (why[0])
        trtc_json_put_text(&v, "reason", why);
    if (size && c == TRTC_CHOICE_ENCODE) {
        trtc_json_put_number(&v, "width", size->width_px);
        trtc_json_put_number(&v, "height", size->height_px);
        trtc_json_put_number(&v, "fps", size->fps);
    }
    trtc_json_put(j, key, v);
}

static cJSON *gap_json(const struct trtc_gap *g)
{
    cJSON *j = cJSON_CreateObject();
    trtc_json_put_text(&j, "kind", g->kind == TRTC_VIDEO ? "video" : "audio");
    put_ms(&j, "start_ms", g->start_us);
    put_ms(&j, "duration_ms", g->end_us - g->start_us);
    return j;
}

cJSON *trtc_output_json(const struct trtc_output *o)
{
    cJSON *j = cJSON_CreateObject(), *gaps = cJSON_CreateArray();
    const struct trtc_recording *r = o->rec;
    if (r->user)
        trtc_json_put_user(&j, r->user_id, r->user_id_len);
    trtc_json_put_number(&j, "sdkappid", (double)r->sdkappid);
    trtc_json_put_text(&j, "room", r->room);
    trtc_json_put_text(&j, "media", o->media);
    put_ms(&j, "start_ms", o->start_us);
    put_ms(&j, "end_ms", o->end_us);
    put_ms(&j, "duration_ms", o->dur_us);
    put_choice(&j, "video", o->do_video, o->why_video, o);
    put_choice(&j, "audio", o->do_audio, o->why_audio, NULL);
    for (size_t i = 0; i < o->nb_gaps; i++)
        trtc_json_push(&gaps, gap_json(&o->gaps[i]));
    trtc_json_put(&j, "gaps", gaps);
    trtc_json_put_number(&j, "source_bytes", (double)o->bytes);
    trtc_json_put_text(&j, "path", o->path);
    return j;
}

int trtc_plan_json(const struct trtc_plan *p, FILE *out)
{
    for (size_t i = 0; i < p->n; i++) {
        cJSON *j = trtc_output_json(&p->outputs[i]);
        char *text = trtc_json_text(j, false);
        if (text)
            fprintf(out, "%s\n", text);
        cJSON_Delete(j);
        if (!text)
            return -1;
        free(text);
    }
    return 0;
}

/* ---- SVG ---- */

enum { WIDTH = 820, RIGHT = 20, TOP = 40, ROW = 64, BAR = 14, LABEL_MAX = 40, LABEL_PX = 8 };
#define DAY_US (86400 * INT64_C(1000000))

struct axis {
    int64_t start_us, end_us;
    int left_px;
};

static double x_of(const struct axis *a, int64_t us)
{
    return a->left_px + (double)(us - a->start_us) / (double)(a->end_us - a->start_us) * WIDTH;
}

static const char *label_of(const struct trtc_recording *r)
{
    return !r->user ? r->room : r->user_id_text ? r->user_id : r->user;
}

struct bar {
    int64_t from, to; /* epoch, us */
    double y, h;
    const char *class;
};

static void put_bar(const struct axis *a, const struct bar *b, FILE *out)
{
    double x = x_of(a, b->from), w = x_of(a, b->to) - x;
    fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
            b->class, x, b->y, w < 0.8 ? 0.8 : w, b->h);
}

/* Draws clips. Those that touch become one bar, so that the drawing of a day stays small. */
static void put_lane(const struct axis *a, const struct trtc_lane *lane, double y,
                     const char *class, FILE *out)
{
    for (size_t i = 0; i < lane->n;) {
        int64_t from = lane->clips[i].piece->start_us, to = trtc_clip_end_us(&lane->clips[i]);
        for (i++; i < lane->n && lane->clips[i].piece->start_us - to < TRTC_GAP_MIN_US; i++)
            to = trtc_clip_end_us(&lane->clips[i]);
        put_bar(a, &(struct bar){ from, to, y, BAR, class }, out);
    }
}

static int64_t tick_step_us(int64_t span_us)
{
    static const int steps_s[] = { 1,   2,   5,    10,   15,   30,    60,    120,  300,
                                   600, 900, 1800, 3600, 7200, 14400, 21600, 43200 };
    for (size_t i = 0; i < sizeof steps_s / sizeof *steps_s; i++)
        if (span_us / (steps_s[i] * INT64_C(1000000)) <= 10)
            return steps_s[i] * INT64_C(1000000);
    return (span_us / (10 * DAY_US) + 1) * DAY_US;
}

static void put_axis(const struct axis *a, int height, FILE *out)
{
    int64_t step = tick_step_us(a->end_us - a->start_us);
    char text[32];
    trtc_utc_format3339(a->start_us / 1000, text);
    fprintf(out, "<text class=\"s\" x=\"%d\" y=\"16\">%.10s UTC</text>\n", a->left_px, text);
    for (int64_t t = (a->start_us + step - 1) / step * step; t <= a->end_us; t += step) {
        trtc_utc_format3339(t / 1000, text);
        bool midnight = t % DAY_US == 0;
        fprintf(out, "<path class=\"g\" d=\"M%.1f %dV%d\"/>", x_of(a, t), TOP, height - 34);
        fprintf(out, "<text class=\"s m\" x=\"%.1f\" y=\"32\">%.*s</text>\n", x_of(a, t),
                midnight ? 10 : 8, midnight ? text : text + 11);
    }
}

/* Draws one output: a frame around each stretch, and a line where a pause is left out. */
static void put_frames(const struct axis *a, const struct trtc_output *o, double y, FILE *out)
{
    const int h = 2 * BAR + 11;
    fputs("<g><title>", out);
    trtc_xml_put(o->path, SIZE_MAX, out);
    fprintf(out, "\n%.3f s; picture: %s%s%s; sound: %s%s%s</title>\n", (double)o->dur_us / 1e6,
            trtc_choice_name(o->do_video), o->why_video[0] ? ", " : "", o->why_video,
            trtc_choice_name(o->do_audio), o->why_audio[0] ? ", " : "", o->why_audio);
    for (size_t s = 0; s < o->nb_stretches; s++) {
        double x = x_of(a, o->stretches[s].start_us), end = x_of(a, o->stretches[s].end_us);
        if (s > 0)
            fprintf(out, "<path class=\"o\" d=\"M%.1f %.1fH%.1f\" stroke-dasharray=\"3 3\"/>\n",
                    x_of(a, o->stretches[s - 1].end_us) + 2, y - 4 + h / 2.0, x - 2);
        fprintf(out,
                "<rect class=\"o\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"3\"/>\n",
                x - 2, y - 4, end - x + 4, h);
    }
    put_lane(a, &o->video, y, o->do_video == TRTC_CHOICE_ENCODE ? "v n" : "v", out);
    put_lane(a, &o->audio, y + BAR + 3, o->do_audio == TRTC_CHOICE_ENCODE ? "a n" : "a", out);
    for (size_t g = 0; g < o->nb_gaps; g++) {
        double lane_y = o->gaps[g].kind == TRTC_VIDEO ? y : y + BAR + 3;
        put_bar(
            a,
            &(struct bar){ o->gaps[g].start_us, o->gaps[g].end_us, lane_y + BAR / 2.0 - 1, 2, "x" },
            out);
    }
    fputs("</g>\n", out);
}

static struct axis axis_of(const struct trtc_plan *p, int *rows)
{
    struct axis a = { INT64_MAX, INT64_MIN, 0 };
    size_t longest = 0;
    *rows = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct trtc_output *o = &p->outputs[i];
        size_t n = strlen(label_of(o->rec));
        a.start_us = o->start_us < a.start_us ? o->start_us : a.start_us;
        a.end_us = o->end_us > a.end_us ? o->end_us : a.end_us;
        longest = n > longest ? n : longest;
        *rows += i == 0 || o->rec != p->outputs[i - 1].rec;
    }
    if (p->n == 0)
        a.start_us = 0;
    if (a.end_us <= a.start_us)
        a.end_us = a.start_us + 1000000;
    a.left_px = 40 + LABEL_PX * (int)(longest > LABEL_MAX ? LABEL_MAX : longest);
    return a;
}

static bool begins_row(const struct trtc_plan *p, size_t i)
{
    return i == 0 || p->outputs[i].rec != p->outputs[i - 1].rec;
}

/* The row of output i, which is the first of its user. Rows are in the order of entry. */
static int row_of(const struct trtc_plan *p, size_t i)
{
    const int64_t start_us = p->outputs[i].start_us;
    int row = 0;
    for (size_t k = 0; k < p->n; k++)
        if (begins_row(p, k) &&
            (p->outputs[k].start_us < start_us || (k < i && p->outputs[k].start_us == start_us)))
            row++;
    return row;
}

void trtc_plan_svg(const struct trtc_plan *p, FILE *out)
{
    int rows;
    const struct axis a = axis_of(p, &rows);
    const int height = TOP + rows * ROW + 40, width = a.left_px + WIDTH + RIGHT;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\">\n",
            width, height, width, height);
    fputs("<style>text{font:13px sans-serif;fill:#222}.s{font-size:11px;fill:#666}"
          ".m{text-anchor:middle}.e{text-anchor:end}.g{stroke:#ddd;fill:none}"
          ".v{fill:#3b78b5}.a{fill:#5aa469}.x{fill:#c8553d}.n{fill-opacity:.5}"
          ".o{fill:none;stroke:#222;stroke-width:1.2}</style>\n"
          "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
          out);
    put_axis(&a, height, out);
    int row = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct trtc_output *o = &p->outputs[i];
        const bool first = begins_row(p, i);
        row = first ? row_of(p, i) : row;
        double y = TOP + row * ROW + 10;
        if (first) {
            fprintf(out, "<text class=\"e\" x=\"%d\" y=\"%.1f\"><title>", a.left_px - 12, y + 19);
            trtc_xml_put(label_of(o->rec), SIZE_MAX, out);
            fputs("</title>", out);
            trtc_xml_put(label_of(o->rec), LABEL_MAX, out);
            fputs("</text>\n", out);
        }
        put_frames(&a, o, y, out);
    }
    fprintf(out, "<g transform=\"translate(%d %d)\">", a.left_px, height - 22);
    fputs(
        "<rect class=\"v\" width=\"12\" height=\"10\"/><text class=\"s\" x=\"18\" y=\"10\">picture</text>\n"
        "<rect class=\"a\" x=\"80\" width=\"12\" height=\"10\"/><text class=\"s\" x=\"98\" y=\"10\">sound</text>\n"
        "<rect class=\"v n\" x=\"146\" width=\"12\" height=\"10\"/>"
        "<text class=\"s\" x=\"164\" y=\"10\">encoded anew</text>\n"
        "<rect class=\"x\" x=\"262\" y=\"4\" width=\"12\" height=\"2\"/>"
        "<text class=\"s\" x=\"280\" y=\"10\">hole that is filled</text>\n"
        "<rect class=\"o\" x=\"396\" width=\"12\" height=\"10\" rx=\"2\"/>"
        "<text class=\"s\" x=\"414\" y=\"10\">output</text></g>\n</svg>\n",
        out);
}
