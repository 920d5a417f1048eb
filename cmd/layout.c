/* SPDX-License-Identifier: MIT */
/* trtc-layout: where each user's window lies in a mixed picture.
 *
 * Reads users from the command line or standard input, a custom layout from a file; writes the
 * windows as TSV, JSON, SVG, an FFmpeg filter graph or the REST API's object. */
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/array.h"
#include "base/json.h"
#include "base/listing.h"
#include "base/num.h"
#include "base/records.h"
#include "base/text.h"
#include "cli.h"
#include "layout/layout.h"
#include "layout/layout_print.h"
#include "layout/operand.h"
#include "opt.h"
#include "playlist/name.h"

#define USERS_MAX     10000
#define USER_MAX_SIZE ((size_t)64 * 1024) /* of a line */

enum format { FORMAT_TSV, FORMAT_JSON, FORMAT_SVG, FORMAT_FILTER, FORMAT_API };
static const char *const format_names[] = { "tsv", "json", "svg", "filter", "api", NULL };
static const char *const align_names[] = { "left", "right", NULL };

struct opts {
    struct trtc_layout_opts layout;
    const char *anchor, *list; /* as given, or NULL */
    int format, side;          /* places in the words above */
    int64_t count;             /* -n, or -1 */
    int fps;
    bool mode_given, align_given, render_given, fps_given, format_given;
    bool header, json, null;
    struct opt_list operands;
};

/* ---- options ---- */

static int take_mode(void *to, const struct opt_row *row, const char *value)
{
    struct opts *o = to;
    int choice;
    const int code = opt_choose(row, value, trtc_layout_mode_names, &choice);
    o->mode_given = true;
    o->layout.mode = trtc_layout_modes[choice];
    return code;
}

static int take_render(void *to, const struct opt_row *row, const char *value)
{
    struct opts *o = to;
    int choice;
    const int code = opt_choose(row, value, trtc_render_names, &choice);
    o->render_given = true;
    o->layout.render = (enum trtc_render)choice;
    return code;
}

static int take_format(void *to, const struct opt_row *row, const char *value)
{
    ((struct opts *)to)->format_given = true;
    return opt_word(to, row, value);
}

static int take_align(void *to, const struct opt_row *row, const char *value)
{
    ((struct opts *)to)->align_given = true;
    return opt_word(to, row, value);
}

static int take_fps(void *to, const struct opt_row *row, const char *value)
{
    ((struct opts *)to)->fps_given = true;
    return opt_small(to, row, value);
}

/* Reads a size. A text that is not a size is a usage error; a size that a canvas cannot have is a
 * data error. */
static int parse_size(const char *s, int *w_px, int *h_px)
{
    struct trtc_err err;
    char shown[64];
    if (trtc_num_size("-s", s, w_px, h_px, &err) == 0)
        return 0; /* trtc_layout_make looks at the rest */
    const char *p = s + (*s == '-');
    const size_t w = strspn(p, "0123456789");
    p += w;
    const bool has_x = *p == 'x';
    p += has_x;
    p += has_x && *p == '-';
    const size_t h = strspn(p, "0123456789");
    if (!w || !has_x || !h || p[h])
        return cli_usage("%s", err.msg);
    cli_error("-s: '%s': width and height must be even, 2 to 16384",
              trtc_text_show(s, strlen(s), shown, sizeof shown));
    return TRTC_EX_DATAERR;
}

static int take_size(void *to, const struct opt_row *row, const char *value)
{
    struct opts *o = to;
    (void)row;
    return parse_size(value, &o->layout.width_px, &o->layout.height_px);
}

#define AT(member) .at = offsetof(struct opts, member)
static const struct opt_row rows[] = {
    { .help = "The layout" },
    { "mode", 'm', "MODE", "grid (default), float, screen or custom", .take = take_mode },
    { "size", 's', "WxH", "of the canvas, even (640x360)", .take = take_size },
    { "anchor", 'b', "USER[:aux]", "the user in the large window, never left out", .take = opt_text,
      AT(anchor) },
    { "align", 0, "SIDE", "screen: where the large window is, left (default)\nor right",
      .take = take_align, AT(side), .words = align_names },
    { "list", 'l', "FILE", "custom: the windows, a MixLayoutList in JSON;\n'-' is stdin",
      .take = opt_text, AT(list) },
    { "render", 0, "MODE", "how a picture fits its window: stretch, crop\n(default), fit, crop20",
      .take = take_render },
    { .help = "The users" },
    { "count", 'n', "N", "users u1 to uN", .take = opt_int, AT(count), .max = USERS_MAX },
    { "null", '0', NULL, "users on stdin end with NUL, not with a newline", .take = opt_flag,
      AT(null) },
    { .help = "Output" },
    { "format", 'f', "FORMAT",
      "tsv (default): z x y w h user media, back to front\n"
      "json: an array; svg: a picture; filter: for FFmpeg's\n"
      "-filter_complex; api: MixLayoutMode and MixLayoutList",
      .take = take_format, AT(format), .words = format_names },
    { "header", 0, NULL, "tsv: start with a line that names the columns", .take = opt_flag,
      AT(header) },
    { "json", 0, NULL, "json, but an object a line", .take = opt_flag, AT(json) },
    { "fps", 'r', "N", "filter: pictures a second (15)", .take = take_fps, AT(fps), .min = 1,
      .max = 240 },
    { 0 },
};

static const struct opt_program program = {
    .name = "trtc-layout",
    .synopsis = "[options] -n N\n[options] [USER[:main|:aux]...]",
    .about =
        "Computes where each user's window is in a mixed picture. The users, in order of entry, are\n"
        "the operands, or the lines of standard input if there are none or one is '-'.",
    .example = "trtc-layout -m screen -b anna -s 1280x720 -f svg anna ben carla > layout.svg",
    .rows = rows,
};

static bool reads_stdin(const struct opts *o)
{
    for (size_t i = 0; i < o->operands.n; i++)
        if (strcmp(o->operands.items[i], "-") == 0)
            return true;
    return o->operands.n == 0 && o->count < 0;
}

static int check(struct opts *o)
{
    if (o->list && !o->mode_given)
        o->layout.mode = TRTC_LAYOUT_CUSTOM;
    const bool custom = o->layout.mode == TRTC_LAYOUT_CUSTOM;
    if (custom && !o->list)
        return cli_usage("-m custom needs a list of windows, -l");
    if (o->list && !custom)
        return cli_usage("-l requires -m custom");
    if (o->count >= 0 && o->operands.n > 0)
        return cli_usage("-n replaces the users: unexpected operand '%s'", o->operands.items[0]);
    if (o->json && o->format_given && o->format != FORMAT_JSON)
        return cli_usage("--json and -f %s exclude each other", format_names[o->format]);
    if (o->list && strcmp(o->list, "-") == 0 && reads_stdin(o))
        return cli_usage("standard input cannot contain both the list ('-l -') and the users");
    if (o->json)
        o->format = FORMAT_JSON;
    o->layout.right = o->side == 1;
    if (o->align_given && o->layout.mode != TRTC_LAYOUT_SCREEN)
        cli_note("--align is ignored: it only applies to -m screen");
    if (o->render_given && custom)
        cli_note("--render is ignored: the list has a RenderMode for each window");
    if (o->fps_given && o->format != FORMAT_FILTER)
        cli_note("-r is ignored: it only applies to -f filter");
    if (o->header && o->format != FORMAT_TSV)
        cli_note("--header is ignored: it only applies to -f tsv");
    return 0;
}

/* ---- users ---- */

struct users {
    struct trtc_stream *items; /* the ids are owned */
    size_t n, room;
};

static void users_fini(struct users *u)
{
    for (size_t i = 0; i < u->n; i++)
        free((char *)u->items[i].user);
    free(u->items);
}

static int users_add(struct users *u, const char *s, size_t n, struct trtc_err *err)
{
    struct trtc_operand who;
    if (trtc_stream_parse(s, n, &who, err) < 0)
        return -1;
    if (u->n == USERS_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "more than %d users", USERS_MAX);
    if (trtc_array_reserve(&u->items, &u->room, u->n + 1, sizeof *u->items) < 0)
        return trtc_fail_nomem(err);
    char *id = strndup(who.user, who.user_len);
    if (!id)
        return trtc_fail_nomem(err);
    u->items[u->n++] = (struct trtc_stream){ .user = id, .aux = who.aux };
    return 0;
}

/* Reads a user a line. A CR before the newline is dropped, and so are empty lines. */
static int users_read(struct users *u, bool null, struct trtc_err *err)
{
    int ret = -1, r;
    struct trtc_records in;
    const char *s;
    size_t n;
    if (trtc_records_init(&in, STDIN_FILENO, null ? '\0' : '\n', USER_MAX_SIZE, err) < 0)
        return -1;
    while ((r = trtc_records_next(&in, &s, &n, err)) > 0) {
        struct trtc_err why;
        const char *what = null ? "record" : "line";
        if (s && !null && n > 0 && s[n - 1] == '\r')
            n--;
        if (s && n == 0)
            continue;
        if (!s || memchr(s, '\0', n)) {
            trtc_fail(err, TRTC_EX_DATAERR, "standard input, %s %" PRIu64 ": %s", what, in.nr,
                      s ? "a user id with a NUL in it" : "too long for a user id");
            goto done;
        }
        if (users_add(u, s, n, &why) < 0) {
            trtc_fail(err, why.code == TRTC_EX_USAGE ? TRTC_EX_DATAERR : why.code,
                      "standard input, %s %" PRIu64 ": %s", what, in.nr, why.msg);
            goto done;
        }
    }
    ret = r;
done:
    trtc_records_fini(&in);
    return ret;
}

#define USERS_OF "find %s -name '*_video.m3u8' | trtc-name decode | cut -f4 | sort -u | trtc-layout"

static bool has_playlists(const char *dir)
{
    struct trtc_names names = { 0 };
    bool found = false;
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && trtc_list_dir(fd, dir, &names, NULL) == 0)
        for (size_t i = 0; i < names.n && !found; i++)
            found = trtc_ends_with(names.v[i], strlen(names.v[i]), ".m3u8");
    if (fd >= 0)
        close(fd);
    trtc_names_fini(&names);
    return found;
}

/* An operand that can only be meant for what recordings are: refused, with what to give instead. A
 * user may well be called like a directory, so that this is but noted. */
static int check_user(const char *s, struct trtc_err *err)
{
    struct trtc_name name;
    struct stat st;
    const bool there = stat(s, &st) == 0, path = strchr(s, '/') || strcmp(s, ".") == 0;
    if (strstr(s, "://"))
        return trtc_fail(err, TRTC_EX_NOINPUT, "'%.*s' is an address: give users", cli_shown(s), s);
    if (trtc_name_parse(s, strlen(s), TRTC_ROOM_AUTO, &name, NULL, NULL) == 0)
        return trtc_fail(err, TRTC_EX_NOINPUT,
                         "'%s' is a file: 'trtc-name decode %s | cut -f4' prints its user", s, s);
    if (there && S_ISDIR(st.st_mode) && path)
        return trtc_fail(err, TRTC_EX_NOINPUT, "'%s' is a directory; for its users: " USERS_OF, s,
                         s);
    if (there && path)
        return trtc_fail(err, TRTC_EX_NOINPUT, "'%s' is a file: give users", s);
    if (there && S_ISDIR(st.st_mode) && has_playlists(s))
        cli_note("'%s' is taken as a user id; for the users of the directory: " USERS_OF, s, s);
    return 0;
}

static int users_get(struct users *u, const struct opts *o, struct trtc_err *err)
{
    for (int64_t i = 1; i <= o->count; i++) {
        char id[24];
        const int n = snprintf(id, sizeof id, "u%" PRId64, i);
        if (users_add(u, id, (size_t)n, err) < 0)
            return -1;
    }
    if (o->count < 0 && o->operands.n == 0)
        return users_read(u, o->null, err);
    for (size_t i = 0; i < o->operands.n; i++) {
        const char *s = o->operands.items[i];
        const int ret = strcmp(s, "-") == 0      ? users_read(u, o->null, err)
                        : check_user(s, err) < 0 ? -1
                                                 : users_add(u, s, strlen(s), err);
        if (ret < 0)
            return -1;
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct trtc_stream *x = *(const struct trtc_stream *const *)a,
                             *y = *(const struct trtc_stream *const *)b;
    const int order = strcmp(x->user, y->user);
    return order ? order : x->aux != y->aux ? x->aux - y->aux : (x > y) - (x < y);
}

/* A stream that is named again has one window: a list made of file names has everybody several
 * times. */
static int users_once(struct users *u, struct trtc_err *err)
{
    size_t kept = 0, again = 0;
    const struct trtc_stream **sorted = malloc((u->n + 1) * sizeof *sorted);
    bool *drop = calloc(u->n + 1, sizeof *drop);
    if (!sorted || !drop) {
        free(drop);
        free(sorted);
        return trtc_fail_nomem(err);
    }
    for (size_t i = 0; i < u->n; i++)
        sorted[i] = &u->items[i];
    qsort(sorted, u->n, sizeof *sorted, by_name);
    for (size_t i = 1; i < u->n; i++)
        if (sorted[i]->aux == sorted[i - 1]->aux &&
            strcmp(sorted[i]->user, sorted[i - 1]->user) == 0)
            drop[sorted[i] - u->items] = true;
    for (size_t i = 0; i < u->n; i++) {
        if (drop[i]) {
            free((char *)u->items[i].user);
            again++;
        } else {
            u->items[kept++] = u->items[i];
        }
    }
    u->n = kept;
    if (again)
        cli_debug("%zu named more than once: each has one window", again);
    free(drop);
    free(sorted);
    return 0;
}

/* ---- the work ---- */

static int read_list(const char *path, struct trtc_layout_list *list, struct trtc_err *err)
{
    struct trtc_err why;
    cJSON *json = trtc_json_read(path, err);
    if (!json)
        return -1;
    const int ret = trtc_layout_list_read(json, list, &why);
    cJSON_Delete(json);
    return ret < 0 ? trtc_fail(err, why.code, "%s: %s", path, why.msg) : 0;
}

/* Checks that the anchor is among the users: an absent one would leave the large window empty. */
static int check_anchor(const struct trtc_layout_opts *l, const struct users *u,
                        struct trtc_err *err)
{
    char shown[128];
    for (size_t i = 0; i < u->n; i++)
        if (u->items[i].aux == l->anchor_aux && strcmp(u->items[i].user, l->anchor) == 0)
            return 0;
    return trtc_fail(err, TRTC_EX_DATAERR, "-b: '%s' (%s) is not among the users",
                     trtc_text_show(l->anchor, strlen(l->anchor), shown, sizeof shown),
                     l->anchor_aux ? "aux" : "main");
}

/* Why stream s, one of nb, has no window. */
static void note_left_out(const struct trtc_layout_opts *o, const struct trtc_stream *s, size_t nb)
{
    char shown[128];
    trtc_text_show(s->user, strlen(s->user), shown, sizeof shown);
    const char *aux = s->aux ? ":aux" : "";
    if (o->mode == TRTC_LAYOUT_CUSTOM)
        cli_note("%s%s: left out, the list has no window for it", shown, aux);
    else if (nb <= trtc_layout_limit(o->mode))
        cli_note("%s%s: left out, its window has no pixels at %dx%d", shown, aux, o->width_px,
                 o->height_px);
    else
        cli_note("%s%s: left out, %s has room for %zu windows at %dx%d", shown, aux,
                 o->mode == TRTC_LAYOUT_GRID    ? "grid"
                 : o->mode == TRTC_LAYOUT_FLOAT ? "float"
                                                : "screen",
                 trtc_layout_limit(o->mode), o->width_px, o->height_px);
}

static void note_all(const struct trtc_layout_opts *o, const struct users *u,
                     const struct trtc_layout *l)
{
    size_t taken = 0;
    for (size_t i = 0; o->list && i < o->list->n; i++) {
        const struct trtc_rect *r = &o->list->items[i].rect;
        if (r->w == 0 || r->h == 0)
            cli_note("MixLayoutList[%zu]: %dx%d is not the size of a window", i, r->w, r->h);
    }
    for (size_t i = 0; i < u->n; i++) {
        if (trtc_layout_has(l, (int)i))
            taken++;
        else
            note_left_out(o, &u->items[i], u->n);
    }
    cli_debug("%zu of %zu have a window", taken, u->n);
}

static int print(const struct opts *o, const struct users *u, const struct trtc_layout *l,
                 struct trtc_err *err)
{
    switch ((enum format)o->format) {
    case FORMAT_TSV:
        trtc_layout_tsv(l, u->items, o->header, stdout);
        return 0;
    case FORMAT_JSON:
        return trtc_layout_json(l, u->items, o->json, stdout, err);
    case FORMAT_SVG:
        trtc_layout_svg(l, &o->layout, u->items, stdout);
        return 0;
    case FORMAT_FILTER:
        trtc_layout_filter(l, &o->layout, o->fps, stdout);
        return 0;
    case FORMAT_API:
        return trtc_layout_api(l, &o->layout, u->items, stdout, err);
    }
    return 0;
}

static int run(struct opts *o, struct trtc_err *err)
{
    int ret = -1;
    struct users users = { 0 };
    struct trtc_layout_list list = { 0 };
    struct trtc_operand who;
    struct trtc_layout layout;
    char *anchor = NULL;
    if (o->anchor) {
        if (trtc_stream_parse(o->anchor, strlen(o->anchor), &who, err) < 0)
            return -1;
        anchor = strndup(who.user, who.user_len);
        if (!anchor)
            return trtc_fail_nomem(err);
        o->layout.anchor = anchor;
        o->layout.anchor_aux = who.aux;
    }
    if (o->list) {
        if (read_list(o->list, &list, err) < 0)
            goto done;
        o->layout.list = &list;
    }
    if (users_get(&users, o, err) < 0 || users_once(&users, err) < 0 ||
        (anchor && check_anchor(&o->layout, &users, err) < 0) ||
        trtc_layout_make(&o->layout, users.items, users.n, &layout, err) < 0 ||
        print(o, &users, &layout, err) < 0)
        goto done;
    note_all(&o->layout, &users, &layout);
    ret = 0;
done:
    users_fini(&users);
    trtc_layout_list_fini(&list);
    free(anchor);
    return ret;
}

int main(int argc, char *argv[])
{
    struct opts o = {
        .layout = { .mode = TRTC_LAYOUT_GRID,
                    .width_px = 640,
                    .height_px = 360,
                    .render = TRTC_RENDER_CROP },
        .count = -1,
        .fps = 15,
    };
    struct trtc_err err;
    int code = 0;
    cli_init(program.name);
    if (opt_read(&program, argc, argv, &o, NULL, &o.operands, &code) == OPT_GO &&
        (code = check(&o)) == 0 && run(&o, &err) < 0)
        code = err.code == TRTC_EX_USAGE ? cli_usage("%s", err.msg) : cli_report(&err);
    opt_list_free(&o.operands);
    return cli_finish(code);
}
