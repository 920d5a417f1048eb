/* SPDX-License-Identifier: MIT */
/* The options of a program as a table: reading the command line. */
#include "opt.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "base/num.h"
#include "base/utc.h"
#include "opt_help.h"

enum { FIRST_LONG = 256, NEAR = 3, WORD_MAX = 64 };

/* ---- takers ---- */

static void *member(void *to, const struct opt_row *row)
{
    return (char *)to + row->at;
}

static const char *dashed(const struct opt_row *row, char out[WORD_MAX])
{
    snprintf(out, WORD_MAX, "--%s", row->name);
    return out;
}

int opt_flag(void *to, const struct opt_row *row, const char *value)
{
    (void)value;
    *(bool *)member(to, row) = true;
    return 0;
}

int opt_text(void *to, const struct opt_row *row, const char *value)
{
    *(const char **)member(to, row) = value;
    return 0;
}

static int append(struct opt_list *l, const char *text)
{
    const char **grown = realloc(l->items, (l->n + 1) * sizeof *grown);
    if (!grown)
        return cli_report(&(struct trtc_err){ TRTC_EX_TEMPFAIL, "out of memory" });
    l->items = grown;
    l->items[l->n++] = text;
    return 0;
}

int opt_append(void *to, const struct opt_row *row, const char *value)
{
    return append(member(to, row), value);
}

static int checked(int ret, const struct trtc_err *err)
{
    return ret < 0 ? cli_usage("%s", err->msg) : 0;
}

int opt_int(void *to, const struct opt_row *row, const char *value)
{
    char what[WORD_MAX];
    struct trtc_err err;
    return checked(
        trtc_num_int(dashed(row, what), value, row->min, row->max, member(to, row), &err), &err);
}

int opt_bytes(void *to, const struct opt_row *row, const char *value)
{
    char what[WORD_MAX];
    struct trtc_err err;
    return checked(
        trtc_num_bytes(dashed(row, what), value, row->min, row->max, member(to, row), &err), &err);
}

int opt_duration(void *to, const struct opt_row *row, const char *value)
{
    char what[WORD_MAX];
    struct trtc_err err;
    return checked(
        trtc_num_duration_us(dashed(row, what), value, row->min, row->max, member(to, row), &err),
        &err);
}

int opt_time(void *to, const struct opt_row *row, const char *value)
{
    struct trtc_err err;
    if (trtc_time_parse(value, member(to, row), &err) == 0)
        return 0;
    return cli_usage("--%s: %s", row->name, err.msg);
}

int opt_word(void *to, const struct opt_row *row, const char *value)
{
    char what[WORD_MAX];
    return cli_choose(dashed(row, what), value, row->words, member(to, row));
}

void opt_list_free(struct opt_list *l)
{
    free(l->items);
    *l = (struct opt_list){ 0 };
}

/* ---- words that come near ---- */

/* Edits (a letter put in, left out, or another one) that make a of b; more than NEAR are not
 * counted on. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], n = strlen(b);
    if (strlen(a) > WORD_MAX || n > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t before = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t change = before + (a[i] != b[j]);
            before = row[j + 1];
            size_t best = row[j] < before ? row[j] + 1 : before + 1;
            row[j + 1] = change < best ? change : best;
        }
    }
    return row[n];
}

const char *opt_nearest(const char *word, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t nearest = strlen(word) / 3 + 1; /* half of a short word is another word */
    if (nearest > NEAR)
        nearest = NEAR;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, names[i]);
        if (d < nearest || (d == nearest && !best)) {
            best = names[i];
            nearest = d;
        }
    }
    return best;
}

/* ---- the tables of getopt_long ---- */

struct reading {
    const struct opt_program *p;
    const struct opt_row **rows; /* those that apply: the program's, then the common ones */
    size_t nb_rows;
    struct option *longs;
    char *shorts;
};

static bool applies(const struct opt_row *row, int command)
{
    return row->name && (!row->commands || command < 0 || row->commands & 1U << command);
}

static bool ended(const struct opt_row *row)
{
    return !row->name && !row->help;
}

static void collect(struct reading *g, const struct opt_row *rows, int command)
{
    for (; rows && !ended(rows); rows++)
        if (applies(rows, command))
            g->rows[g->nb_rows++] = rows;
}

static size_t count(const struct opt_row *rows)
{
    size_t n = 0;
    while (rows && !ended(&rows[n]))
        n++;
    return n;
}

static int prepare(struct reading *g, int command)
{
    size_t n = count(g->p->rows) + count(opt_common) + 1;
    g->rows = calloc(n, sizeof(const struct opt_row *));
    g->longs = calloc(n, sizeof *g->longs);
    g->shorts = calloc(n, 3);
    if (!g->rows || !g->longs || !g->shorts)
        return cli_report(&(struct trtc_err){ TRTC_EX_TEMPFAIL, "out of memory" });
    collect(g, g->p->rows, command);
    collect(g, opt_common, command);
    char *s = g->shorts;
    *s++ = ':';
    for (size_t i = 0; i < g->nb_rows; i++) {
        const struct opt_row *r = g->rows[i];
        int arg = !r->value            ? no_argument
                  : r->value[0] == '[' ? optional_argument
                                       : required_argument;
        g->longs[i] = (struct option){ r->name, arg, NULL, FIRST_LONG + (int)i };
        if (r->letter) {
            *s++ = r->letter;
            if (arg == required_argument)
                *s++ = ':';
        }
    }
    return 0;
}

/* An option that there is not: the nearest one is named. */
static int unknown(const struct reading *g, const char *word)
{
    const char *names[WORD_MAX * 2];
    size_t n = 0;
    char name[WORD_MAX] = "";
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (size_t i = 0; i < g->nb_rows && n < sizeof names / sizeof *names; i++)
        names[n++] = g->rows[i]->name;
    const char *near = opt_nearest(name, names, n);
    if (near)
        return cli_usage("unknown option: '--%s' (is '--%s' meant?)", name, near);
    return cli_usage("unknown option: '%s'", word);
}

static int refuse(const struct reading *g, int c, char *const argv[])
{
    const char *word = argv[optind - 1];
    if (c == '?' && !optopt && word && strncmp(word, "--", 2) == 0)
        return unknown(g, word);
    if (optopt >= FIRST_LONG)
        return c == ':' ? cli_usage("option needs a value: '--%s %s'",
                                    g->rows[optopt - FIRST_LONG]->name,
                                    g->rows[optopt - FIRST_LONG]->value)
                        : cli_usage("option takes no value: '%s'", word);
    return cli_bad_option(c, argv);
}

static const struct opt_row *row_of(const struct reading *g, int c)
{
    if (c >= FIRST_LONG)
        return g->rows[c - FIRST_LONG];
    for (size_t i = 0; i < g->nb_rows; i++)
        if (g->rows[i]->letter == c)
            return g->rows[i];
    return NULL;
}

/* ---- reading ---- */

/* -q, -v, -h, -V: true where they end the program. */
static bool common(const struct reading *g, const struct opt_row *row, int command)
{
    switch (row->letter) {
    case 'q':
        cli_set_verbosity(-1);
        return false;
    case 'v':
        cli_set_verbosity(1);
        return false;
    case 'h':
        opt_help(g->p, command);
        return true;
    default:
        cli_version();
        return true;
    }
}

static enum opt_read read_all(const struct reading *g, int argc, char *argv[], void *to,
                              int command, int *code)
{
    int c;
    optind = 0; /* GNU: begins anew */
    opterr = 0;
    while ((c = getopt_long(argc, argv, g->shorts, g->longs, NULL)) != -1) {
        if (c == '?' || c == ':') {
            *code = refuse(g, c, argv);
            return OPT_WRONG;
        }
        const struct opt_row *row = row_of(g, c);
        if (row->take)
            *code = row->take(to, row, optarg);
        else if (common(g, row, command))
            return OPT_DONE;
        if (*code)
            return OPT_WRONG;
    }
    return OPT_GO;
}

/* The place of the sub-command that argv[1] names. */
static enum opt_read choose(const struct opt_program *p, int argc, char *argv[], int *command,
                            int *code)
{
    const char *word = argc > 1 ? argv[1] : "", *names[32];
    size_t n = 0;
    for (; p->commands[n].name && n < sizeof names / sizeof *names; n++) {
        names[n] = p->commands[n].name;
        if (strcmp(word, names[n]) == 0) {
            *command = (int)n;
            return OPT_GO;
        }
    }
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        opt_help(p, -1);
        return OPT_DONE;
    }
    if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
        cli_version();
        return OPT_DONE;
    }
    const char *near = opt_nearest(word, names, n);
    *code = *word == '-' ? cli_usage("unknown option: '%s'", word)
            : !*word     ? cli_usage("a sub-command is wanted: %s, ...", names[0])
            : near       ? cli_usage("unknown sub-command: '%s' (is '%s' meant?)", word, near)
                         : cli_usage("unknown sub-command: '%s'", word);
    return OPT_WRONG;
}

enum opt_read opt_read(const struct opt_program *p, int argc, char *argv[], void *to, int *command,
                       struct opt_list *operands, int *code)
{
    struct reading g = { .p = p };
    int chosen = -1;
    enum opt_read ret = OPT_GO;
    *code = 0;
    *operands = (struct opt_list){ 0 };
    if (p->commands) {
        ret = choose(p, argc, argv, &chosen, code);
        if (ret != OPT_GO)
            return ret;
        *command = chosen;
        argc--;
        argv++;
    }
    *code = prepare(&g, chosen);
    ret = *code ? OPT_WRONG : read_all(&g, argc, argv, to, chosen, code);
    for (int i = optind; ret == OPT_GO && i < argc; i++)
        if ((*code = append(operands, argv[i])) != 0)
            ret = OPT_WRONG;
    free(g.rows);
    free(g.longs);
    free(g.shorts);
    return ret;
}
