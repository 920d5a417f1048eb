/* SPDX-License-Identifier: MIT */
/* Watermarks as given by options. File names and texts may contain commas, so the fields after them
 * are read from the right, as long as a field has the form that is expected there. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "layout/mixset_priv.h"

#define SHOWN_MAX    160
#define FIELD_MAX    32
#define COORD_DIGITS 6
#define ZONE_MIN_MIN (-12 * 60) /* the range of time zones on earth */
#define ZONE_MAX_MIN (14 * 60)

static const struct {
    const char *option, *form;
} kinds[] = {
    [TRTC_MARK_IMAGE] = { "--watermark", "FILE,X,Y[,W,H]" },
    [TRTC_MARK_TEXT] = { "--text", "TEXT,X,Y[,W,H][,SIZEpx][,COLOUR[,BACK]]" },
    [TRTC_MARK_CLOCK] = { "--clock", "POS[,ZONE][,SIZEpx][,COLOUR]" },
};

struct parser {
    enum trtc_mark_kind kind;
    const char *arg;
    size_t n; /* how much of arg is left to be read, from its beginning */
    struct trtc_err *err;
};

static int reject(const struct parser *p, const char *why)
{
    char shown[SHOWN_MAX];
    return trtc_fail(p->err, TRTC_EX_USAGE, "%s: '%s': %s: %s", kinds[p->kind].option,
                     trtc_text_show(p->arg, strlen(p->arg), shown, sizeof shown), why,
                     kinds[p->kind].form);
}

/* Gets the last remaining field; *at: position of its comma. False: no comma, or too long for a
 * field. */
static bool last_field(const struct parser *p, char field[FIELD_MAX], size_t *at)
{
    size_t i = p->n;
    while (i && p->arg[i - 1] != ',')
        i--;
    if (!i || p->n - i >= FIELD_MAX)
        return false;
    memcpy(field, p->arg + i, p->n - i);
    field[p->n - i] = '\0';
    *at = i - 1;
    return true;
}

static bool all_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return n > 0;
}

static int small_number(const char *s, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (s[i] - '0');
    return value;
}

static bool is_colour(const char *field)
{
    return field[0] == '#' || (field[0] == '0' && (field[1] == 'x' || field[1] == 'X'));
}

/* Reads [,COLOUR[,BACK]], at most max colours. */
static int take_colours(struct parser *p, int max, struct trtc_mark *m)
{
    uint32_t colours[2];
    char field[FIELD_MAX];
    size_t at;
    int n = 0;
    while (n < max && last_field(p, field, &at) && is_colour(field)) {
        if (trtc_colour_parse(kinds[p->kind].option, field, &colours[n], p->err) < 0)
            return -1;
        p->n = at;
        n++;
    }
    if (n)
        m->colour = colours[n - 1];
    if (n == 2)
        m->background = colours[0];
    m->has_background = n == 2;
    return 0;
}

/* [,SIZEpx] */
static int take_size(struct parser *p, struct trtc_mark *m)
{
    char field[FIELD_MAX];
    size_t at;
    if (!last_field(p, field, &at))
        return 0;
    size_t n = strlen(field);
    if (n < 3 || strcmp(field + n - 2, "px") != 0 || !all_digits(field, n - 2))
        return 0;
    int size = n - 2 > COORD_DIGITS ? 0 : small_number(field, n - 2);
    if (size < 1 || size > TRTC_MARK_SIZE_MAX_PX)
        return reject(p, "the size of the letters must be within 1px...1920px");
    m->size_px = size;
    p->n = at;
    return 0;
}

/* ,X,Y or ,X,Y,W,H */
static int take_rect(struct parser *p, struct trtc_mark *m)
{
    int numbers[4], n = 0;
    size_t ends[4];
    char field[FIELD_MAX];
    struct parser look = *p;
    while (n < 4 && last_field(&look, field, &ends[n]) && all_digits(field, strlen(field))) {
        size_t digits = strlen(field);
        numbers[n] = digits > COORD_DIGITS ? -1 : small_number(field, digits);
        look.n = ends[n++];
    }
    if (n < 2)
        return reject(p, "the position X,Y is missing, or something else follows it");
    n = n == 4 ? 4 : 2;
    for (int i = 0; i < n; i++)
        if (numbers[i] < 0 || numbers[i] > TRTC_MIX_COORD_MAX)
            return reject(p, "numbers must be within 0...2560");
    const int *xy = numbers + n - 2;
    m->rect = (struct trtc_rect){ .x = xy[1], .y = xy[0] };
    if (n == 4) {
        m->rect.w = numbers[1];
        m->rect.h = numbers[0];
    }
    if (!m->rect.w != !m->rect.h)
        return reject(p, "width and height are both 0, or neither is");
    p->n = ends[n - 1];
    return 0;
}

static int take_text(struct parser *p, struct trtc_mark *m)
{
    bool text = p->kind == TRTC_MARK_TEXT;
    if (!p->n)
        return reject(p, text ? "the text is missing" : "the file is missing");
    if (text && !trtc_utf8_valid(p->arg, p->n))
        return reject(p, "the text is not UTF-8");
    if (p->n > TRTC_MARK_TEXT_MAX_BYTES)
        return reject(p, text ? "the text is too long" : "the name is too long");
    m->text = malloc(p->n + 1);
    if (!m->text)
        return trtc_fail_nomem(p->err);
    memcpy(m->text, p->arg, p->n);
    m->text[p->n] = '\0';
    return 0;
}

/* "UTC", "Z", "8", "+8", "-5", "+08:00", "+0530" */
static bool read_zone(const char *s, int *zone_min)
{
    if (strcmp(s, "UTC") == 0 || strcmp(s, "Z") == 0) {
        *zone_min = 0;
        return true;
    }
    int sign = *s == '-' ? -1 : 1;
    s += *s == '-' || *s == '+';
    size_t n = strlen(s), hours = n == 5 && s[2] == ':' ? 2 : n == 4 ? 2 : n;
    const char *minutes = s + hours + (s[hours] == ':');
    size_t left = strlen(minutes);
    if (hours > 2 || !all_digits(s, hours) || (left && (left != 2 || !all_digits(minutes, left))))
        return false;
    int minute = small_number(minutes, left);
    int zone = sign * (small_number(s, hours) * 60 + minute);
    if (minute > 59 || zone < ZONE_MIN_MIN || zone > ZONE_MAX_MIN)
        return false;
    *zone_min = zone;
    return true;
}

static int take_zone(struct parser *p, struct trtc_mark *m)
{
    char field[FIELD_MAX];
    size_t at;
    if (!last_field(p, field, &at))
        return 0;
    if (!read_zone(field, &m->zone_min))
        return reject(p, "not a time zone such as UTC, 8, -5 or +05:30");
    p->n = at;
    return 0;
}

static int take_pos(struct parser *p, struct trtc_mark *m)
{
    static const struct {
        const char *name;
        int pos;
    } names[] = {
        { "top-left", 0 }, { "top-right", 1 }, { "bottom-left", 2 }, { "bottom-right", 3 },
        { "top", 4 },      { "bottom", 5 },    { "center", 6 },      { "centre", 6 },
    };
    if (p->n == 1 && p->arg[0] >= '0' && p->arg[0] <= '6') {
        m->pos = p->arg[0] - '0';
        return 0;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i].name) == p->n && strncmp(names[i].name, p->arg, p->n) == 0) {
            m->pos = names[i].pos;
            return 0;
        }
    }
    return reject(p, "not a position: 0...6, top-left, top-right, bottom-left, bottom-right, top, "
                     "bottom or center");
}

int trtc_mark_parse(enum trtc_mark_kind kind, const char *arg, struct trtc_mix_look *look,
                    struct trtc_err *err)
{
    struct parser p = { .kind = kind, .arg = arg, .n = strlen(arg), .err = err };
    struct trtc_mark *m = trtc_mix_next_mark(look, kind);
    int ret;
    if (!m)
        return reject(&p, "over 25 watermarks");
    if (kind == TRTC_MARK_CLOCK)
        ret = take_colours(&p, 1, m) < 0 || take_size(&p, m) < 0 || take_zone(&p, m) < 0 ||
              take_pos(&p, m) < 0;
    else if (kind == TRTC_MARK_TEXT)
        ret = take_colours(&p, 2, m) < 0 || take_size(&p, m) < 0 || take_rect(&p, m) < 0 ||
              take_text(&p, m) < 0;
    else
        ret = take_rect(&p, m) < 0 || take_text(&p, m) < 0;
    if (ret)
        return -1;
    look->nb_marks++;
    return 0;
}
