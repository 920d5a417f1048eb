/* SPDX-License-Identifier: MIT */
/* Prints a request with every field, to be filled in. Its examples pass the check; the comments
 * come from the field table. */
#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"

#define INDENT   4
#define COMMENT  52 /* column of the comments, if there is room */
#define TEXT_MAX 256

struct writer {
    FILE *out;
    int depth;
    bool aside; /* inside something that is commented out */
};

static void put_range(const struct writer *w, const struct trtc_field *f)
{
    const char *unit = f->type == TRTC_FIELD_STRING  ? " bytes"
                       : f->type == TRTC_FIELD_ARRAY ? " items"
                                                     : "";
    if (f->min == f->max || f->max == TRTC_API_INT_MAX)
        return;
    if (*unit)
        fprintf(w->out, "; at most %lld%s", (long long)f->max, unit);
    else
        fprintf(w->out, "; %lld...%lld", (long long)f->min, (long long)f->max);
}

/* Prints a line: text, followed by the description of f (NULL: none). */
static void put_line(const struct writer *w, const char *text, const struct trtc_field *f)
{
    int n = fprintf(w->out, "%*s%s%s", w->depth * INDENT, "", w->aside ? "// " : "", text);
    if (f) {
        fprintf(w->out, "%*s// %s", n < COMMENT ? COMMENT - n : 1, "",
                f->required ? "needed: " : "");
        fputs(f->help, w->out);
        put_range(w, f);
        if (f->fallback)
            fprintf(w->out, "; default %s", f->fallback);
        if (f->aside)
            fprintf(w->out, " (%s)", f->aside);
    }
    fputc('\n', w->out);
}

static void put_members(struct writer *w, const struct trtc_field *fields);

/* Prints an object, or an array with one object. */
static void put_nested(struct writer *w, const struct trtc_field *f, const char *comma)
{
    char line[TEXT_MAX];
    bool list = f->type == TRTC_FIELD_ARRAY;
    snprintf(line, sizeof line, "\"%s\": %s{", f->name, list ? "[" : "");
    put_line(w, line, f);
    w->depth++;
    put_members(w, f->members);
    w->depth--;
    snprintf(line, sizeof line, "}%s%s", list ? "]" : "", comma);
    put_line(w, line, NULL);
}

static void put_member(struct writer *w, const struct trtc_field *f, const char *comma)
{
    bool outer = w->aside;
    w->aside = outer || f->aside;
    if (f->members) {
        put_nested(w, f, comma);
    } else {
        char line[TEXT_MAX];
        snprintf(line, sizeof line, "\"%s\": %s%s", f->name, f->example, comma);
        put_line(w, line, f);
    }
    w->aside = outer;
}

/* The last member that is not commented out comes last: it alone has no comma after it, so that the
 * lines before it can be removed and restored freely. */
static void put_members(struct writer *w, const struct trtc_field *fields)
{
    const struct trtc_field *last = fields;
    for (const struct trtc_field *f = fields; f->name; f++)
        if (w->aside || !f->aside)
            last = f;
    for (const struct trtc_field *f = fields; f->name; f++)
        if (f != last)
            put_member(w, f, ",");
    put_member(w, last, "");
}

int trtc_api_skeleton(enum trtc_action action, FILE *out, struct trtc_err *err)
{
    struct writer w = { .out = out };
    fprintf(out, "// %s, API version 2019-07-22. Take out the lines that you do not need.\n",
            trtc_api_action(action));
    put_line(&w, "{", NULL);
    w.depth++;
    put_members(&w, trtc_api_fields(action));
    w.depth--;
    put_line(&w, "}", NULL);
    return ferror(out) ? trtc_fail(err, TRTC_EX_IOERR, "cannot write the skeleton") : 0;
}
