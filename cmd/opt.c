/* SPDX-License-Identifier: MIT */
/* The options of a program as a table: reading the command line. */
#include "opt.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/num.h"
#include "base/utc.h"
#include "cli.h"
#include "opt_help.h"

enum { FIRST_LONG = 256, NEAR = 3, WORD_MAX = 64 };

/* ---- takers ---- */

static void *member(void *to, const struct opt_row *row)
{
    return (char *)to + row->at;
}

const char *opt_name(const struct opt_row *row, char out[OPT_NAME_SIZE])
{
    if (row->letter)
        snprintf(out, OPT_NAME_SIZE, "-%c", row->letter);
    else
        snprintf(out, OPT_NAME_SIZE, "--%s", row->name);
    return out;
}

int opt_flag(void *to, const struct opt_row *row, const char *value)
{
    (void)value;
    *(bool *)member(to, row) = true;
    return 0;
}

/* An empty text is mostly a variable of the shell that is not set. */
static int check_text(const struct opt_row *row, const char *value)
{
    char what[OPT_NAME_SIZE];
    if (*value || row->empty)
        return 0;
    return cli_usage("%s: the value is empty: is a variable not set?", opt_name(row, what));
}

int opt_text(void *to, const struct opt_row *row, const char *value)
{
    *(const char **)member(to, row) = value;
    return check_text(row, value);
}

static int append(struct opt_list *l, const char *text)
{
    if (trtc_array_room(&l->items, l->n, sizeof *l->items) < 0)
        return cli_no_memory();
    l->items[l->n++] = text;
    return 0;
}

int opt_append(void *to, const struct opt_row *row, const char *value)
{
    int code = check_text(row, value);
    return code ? code : append(member(to, row), value);
}

static int checked(int ret, const struct trtc_err *err)
{
    return ret < 0 ? cli_usage("%s", err->msg) : 0;
}

int opt_int(void *to, const struct opt_row *row, const char *value)
{
    char what[OPT_NAME_SIZE];
    struct trtc_err err;
    return checked(trtc_num_int(opt_name(row, what), value,
                                (struct trtc_range){ row->min, row->max }, member(to, row), &err),
                   &err);
}

int opt_small(void *to, const struct opt_row *row, const char *value)
{
    char what[OPT_NAME_SIZE];
    struct trtc_err err;
    int64_t n = 0;
    int ret = trtc_num_int(opt_name(row, what), value, (struct trtc_range){ row->min, row->max },
                           &n, &err);
    if (ret == 0)
        *(int *)member(to, row) = (int)n;
    return checked(ret, &err);
}

int opt_bytes(void *to, const struct opt_row *row, const char *value)
{
    char what[OPT_NAME_SIZE];
    struct trtc_err err;
    return checked(trtc_num_bytes(opt_name(row, what), value,
                                  (struct trtc_range){ row->min, row->max }, member(to, row), &err),
                   &err);
}

int opt_duration(void *to, const struct opt_row *row, const char *value)
{
    char what[OPT_NAME_SIZE];
    struct trtc_err err;
    return checked(trtc_num_duration_us(opt_name(row, what), value,
                                        (struct trtc_range){ row->min, row->max }, member(to, row),
                                        &err),
                   &err);
}

int opt_time(void *to, const struct opt_row *row, const char *value)
{
    char what[OPT_NAME_SIZE];
    struct trtc_err err;
    if (trtc_time_parse(value, member(to, row), &err) == 0)
        return 0;
    return cli_usage("%s: %s", opt_name(row, what), err.msg);
}

int opt_choose(const struct opt_row *row, const char *value, const char *const *words, int *place)
{
    char what[OPT_NAME_SIZE];
    *place = 0;
    return cli_choose(opt_name(row, what), value, words, place);
}

int opt_word(void *to, const struct opt_row *row, const char *value)
{
    return opt_choose(row, value, row->words, member(to, row));
}

int opt_check_names(const struct opt_list *operands)
{
    for (size_t i = 0; i < operands->n; i++)
        if (!*operands->items[i])
            return cli_usage("argument %zu is empty: is a variable not set?", i + 1);
    return 0;
}

void opt_list_free(struct opt_list *l)
{
    free(l->items);
    *l = (struct opt_list){ 0 };
}

/* ---- words that come near ---- */

/* The number of edits (a letter inserted, dropped or replaced) that turn b into a, as far as
 * NEAR. */
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

/* ---- the rows ---- */

static bool applies(const struct opt_row *row, int command)
{
    return row->name && (!row->commands || command < 0 || row->commands & 1U << command);
}

static bool ended(const struct opt_row *row)
{
    return !row->name && !row->help;
}

static size_t count(const struct opt_row *rows)
{
    size_t n = 0;
    while (rows && !ended(&rows[n]))
        n++;
    return n;
}

const struct opt_row *opt_find_letter(const struct opt_program *p, int command, char letter)
{
    const struct opt_row *const tables[] = { p->rows, opt_common };
    for (int t = 0; t < 2; t++)
        for (const struct opt_row *r = tables[t]; r && !ended(r); r++)
            if (applies(r, command) && r->letter == letter)
                return r;
    return NULL;
}

const struct opt_row *opt_find_name(const struct opt_program *p, int command, const char *name,
                                    size_t n)
{
    const struct opt_row *const tables[] = { p->rows, opt_common }, *found = NULL;
    int nb_found = 0;
    for (int t = 0; t < 2; t++)
        for (const struct opt_row *r = tables[t]; r && !ended(r); r++) {
            if (!applies(r, command) || strncmp(name, r->name, n) != 0)
                continue;
            if (!r->name[n])
                return r;
            found = r;
            nb_found++;
        }
    return n && nb_found == 1 ? found : NULL;
}

/* ---- the tables of getopt_long ---- */

struct reading {
    const struct opt_program *p;
    int command;
    const struct opt_row **rows; /* the rows that apply: the program's, then the common ones */
    size_t nb_rows;
    struct option *longs;
    char *shorts;
    char **words; /* as arrange has put them, or NULL */
};

static void collect(struct reading *g, const struct opt_row *rows)
{
    for (; rows && !ended(rows); rows++)
        if (applies(rows, g->command))
            g->rows[g->nb_rows++] = rows;
}

static int has_arg(const struct opt_row *r)
{
    return !r->value ? no_argument : r->value[0] == '[' ? optional_argument : required_argument;
}

/* first: how the string of short options begins. */
static int prepare(struct reading *g, const struct opt_row *rows, const char *first)
{
    const size_t n = count(rows) + count(opt_common) + 1;
    g->rows = calloc(n, sizeof(const struct opt_row *));
    g->longs = calloc(n, sizeof *g->longs);
    g->shorts = calloc(n + 1, 3);
    if (!g->rows || !g->longs || !g->shorts)
        return cli_no_memory();
    collect(g, rows);
    collect(g, opt_common);
    char *s = stpcpy(g->shorts, first);
    for (size_t i = 0; i < g->nb_rows; i++) {
        const struct opt_row *r = g->rows[i];
        g->longs[i] = (struct option){ r->name, has_arg(r), NULL, FIRST_LONG + (int)i };
        if (!r->letter)
            continue;
        *s++ = r->letter;
        if (has_arg(r) == required_argument)
            *s++ = ':';
    }
    return 0;
}

static void release(struct reading *g)
{
    free(g->rows);
    free(g->longs);
    free(g->shorts);
    free(g->words);
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

/* ---- what is wrong ---- */

/* "--si" where that begins several: they are named. */
static int ambiguous(const struct reading *g, const char *word, const char *name)
{
    char all[256] = "";
    size_t n = 0;
    int nb = 0;
    for (size_t i = 0; i < g->nb_rows; i++)
        if (strncmp(g->rows[i]->name, name, strlen(name)) == 0 && n < sizeof all) {
            n += (size_t)snprintf(all + n, sizeof all - n, "%s--%s", nb ? ", " : "",
                                  g->rows[i]->name);
            nb++;
        }
    return nb < 2 ? 0 : cli_usage("ambiguous option: '%s' begins %s", word, all);
}

/* Reports an unknown option, and names the nearest one. */
static int unknown(const struct reading *g, const char *word)
{
    const char *names[WORD_MAX * 2];
    size_t n = 0;
    char name[WORD_MAX] = "";
    int code;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    if (*name && (code = ambiguous(g, word, name)) != 0)
        return code;
    for (size_t i = 0; i < g->nb_rows && n < sizeof names / sizeof *names; i++)
        names[n++] = g->rows[i]->name;
    const char *near = opt_nearest(name, names, n);
    if (near)
        return cli_usage("unknown option: '--%s' (is '--%s' meant?)", name, near);
    return cli_usage("unknown option: '%s'", word);
}

/* For "-size", which is read as letters: the long option as it should be written. */
static const char *long_meant(const struct reading *g, char *const argv[])
{
    for (int i = optind - 1; i <= optind; i++) {
        const char *w = i > 0 ? argv[i] : NULL;
        for (size_t k = 0; w && w[0] == '-' && w[1] != '-' && k < g->nb_rows; k++)
            if (strcmp(w + 1, g->rows[k]->name) == 0)
                return g->rows[k]->name;
    }
    return NULL;
}

static int refuse_letter(const struct reading *g, int c, char *const argv[])
{
    const struct opt_row *row = row_of(g, optopt);
    const char *name = long_meant(g, argv);
    if (c == ':' && row)
        return cli_usage("option needs a value: '-%c' %s", optopt, row->value);
    if (name)
        return cli_usage("unknown option: '-%c' (is '--%s' meant?)", optopt, name);
    return cli_usage("unknown option: '-%c'", optopt);
}

static int refuse(const struct reading *g, int c, char *const argv[])
{
    const char *word = argv[optind - 1];
    if (c == '?' && !optopt)
        return unknown(g, word);
    if (optopt < FIRST_LONG)
        return refuse_letter(g, c, argv);
    const struct opt_row *row = g->rows[optopt - FIRST_LONG];
    return c == ':' ? cli_usage("option needs a value: '--%s' %s", row->name, row->value)
                    : cli_usage("option takes no value: '%s'", word);
}

/* ---- reading ---- */

/* Takes -q, -v, -h or -V. True where the program ends with it. */
static bool common(const struct reading *g, const struct opt_row *row)
{
    switch (row->letter) {
    case 'q':
        cli_set_verbosity(-1);
        return false;
    case 'v':
        cli_set_verbosity(1);
        return false;
    case 'h':
        opt_help(g->p, g->command);
        return true;
    default:
        cli_version();
        return true;
    }
}

/* "640 360" as "640x360". */
static const char *joined(const char *value, int argc, char *const argv[], char out[WORD_MAX])
{
    if (strchr(value, 'x') || optind >= argc || argv[optind][0] < '0' || argv[optind][0] > '9')
        return value;
    snprintf(out, WORD_MAX, "%sx%s", value, argv[optind++]);
    return out;
}

static int take(const struct opt_row *row, bool is_long, int argc, char *const argv[], void *to)
{
    struct opt_row given = *row;
    char both[WORD_MAX];
    const char *value = optarg;
    if (is_long)
        given.letter = 0;
    if (row->pair)
        value = joined(value, argc, argv, both);
    return row->take(to, &given, value);
}

static enum opt_read read_all(const struct reading *g, int argc, char *argv[], void *to, int *code)
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
        if (row->take && !row->early)
            *code = take(row, c >= FIRST_LONG, argc, argv, to);
        else if (!row->take && common(g, row))
            return OPT_DONE;
        if (*code)
            return OPT_WRONG;
    }
    return OPT_GO;
}

/* Reports an option that stands before the sub-command and belongs behind it, or nowhere. */
static int refuse_before(const struct reading *g, int c, char *const argv[])
{
    const char *word = argv[optind - 1];
    if (c == '?' && strncmp(word, "--", 2) == 0 &&
        opt_find_name(g->p, -1, word + 2, strcspn(word + 2, "=")))
        return cli_usage("'%s' must follow the sub-command", word);
    if (optopt && optopt < FIRST_LONG && opt_find_letter(g->p, -1, (char)optopt))
        return cli_usage("'-%c' must follow the sub-command", optopt);
    return refuse(g, c, argv);
}

/* -q, -v, -h and -V before the sub-command: optind is its place afterwards. */
static enum opt_read read_before(const struct opt_program *p, int argc, char *argv[], int *code)
{
    struct reading g = { .p = p, .command = -1 };
    int c;
    enum opt_read ret = OPT_GO;
    optind = 0;
    opterr = 0;
    *code = prepare(&g, NULL, "+:");
    while (!*code && ret == OPT_GO &&
           (c = getopt_long(argc, argv, g.shorts, g.longs, NULL)) != -1) {
        if (c == '?' || c == ':')
            *code = refuse_before(&g, c, argv);
        else if (common(&g, row_of(&g, c)))
            ret = OPT_DONE;
    }
    release(&g);
    return *code ? OPT_WRONG : ret;
}

static size_t command_names(const struct opt_program *p, const char *names[32])
{
    size_t n = 0;
    for (; n < 32 && p->commands[n].name; n++)
        names[n] = p->commands[n].name;
    return n;
}

/* No sub-command, or one that there is not. */
static int refuse_command(const struct opt_program *p, const char *word)
{
    const char *names[32];
    char all[256] = "";
    const size_t nb = command_names(p, names);
    const char *near = word ? opt_nearest(word, names, nb) : NULL;
    if (near)
        return cli_usage("unknown sub-command: '%s' (is '%s' meant?)", word, near);
    if (word && p->reads && strpbrk(word, "./"))
        return cli_usage("no sub-command before '%s': '%s %s %s' reads it", word, p->name, p->reads,
                         word);
    for (size_t i = 0, n = 0; i < nb && n < sizeof all; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", names[i]);
    return word ? cli_usage("unknown sub-command: '%s': expected one of %s", word, all)
                : cli_usage("give a sub-command: %s", all);
}

/* The place of the sub-command in *command; argv[*at] is its name. */
static enum opt_read choose(const struct opt_program *p, int argc, char *argv[], int *at,
                            int *command, int *code)
{
    const char *names[32];
    enum opt_read ret = read_before(p, argc, argv, code);
    *at = optind;
    if (ret != OPT_GO)
        return ret;
    const char *word = optind < argc ? argv[optind] : NULL;
    const size_t n = command_names(p, names);
    for (size_t i = 0; word && i < n; i++)
        if (strcmp(word, names[i]) == 0) {
            *command = (int)i;
            return OPT_GO;
        }
    *code = refuse_command(p, word);
    return OPT_WRONG;
}

/* The words in the order in which they are read. */
static int arrange(struct reading *g, int *argc, char ***argv)
{
    if (!g->p->arrange)
        return 0;
    g->words = calloc((size_t)*argc + 3, sizeof *g->words);
    if (!g->words)
        return cli_no_memory();
    *argc = g->p->arrange(g->p, g->command, *argc, *argv, g->words);
    *argv = g->words;
    return 0;
}

enum opt_read opt_read(const struct opt_program *p, int argc, char *argv[], void *to, int *command,
                       struct opt_list *operands, int *code)
{
    struct reading g = { .p = p, .command = -1 };
    enum opt_read ret = OPT_GO;
    *code = 0;
    *operands = (struct opt_list){ 0 };
    if (p->commands) {
        int at = 0;
        ret = choose(p, argc, argv, &at, &g.command, code);
        if (ret != OPT_GO)
            return ret;
        *command = g.command;
        argc -= at;
        argv += at;
    }
    *code = prepare(&g, p->rows, ":");
    if (!*code)
        *code = arrange(&g, &argc, &argv);
    ret = *code ? OPT_WRONG : read_all(&g, argc, argv, to, code);
    for (int i = optind; ret == OPT_GO && i < argc; i++)
        if ((*code = append(operands, argv[i])) != 0)
            ret = OPT_WRONG;
    release(&g);
    return ret;
}

enum opt_read opt_read_early(const struct opt_program *p, int argc, char *argv[], void *to,
                             int *code)
{
    struct reading g = { .p = p, .command = -1 };
    enum opt_read ret = OPT_GO;
    int c;
    optind = 0;
    opterr = 0;
    *code = prepare(&g, p->rows, ":");
    while (!*code && ret == OPT_GO &&
           (c = getopt_long(argc, argv, g.shorts, g.longs, NULL)) != -1) {
        const struct opt_row *row = c == '?' || c == ':' ? NULL : row_of(&g, c);
        if (!row || (!row->take && (row->letter == 'h' || row->letter == 'V')))
            ret = OPT_DONE;
        else if (row->early)
            *code = take(row, c >= FIRST_LONG, argc, argv, to);
        else if (row->pair)
            joined(optarg, argc, argv, (char[WORD_MAX]){ 0 });
    }
    release(&g);
    return *code ? OPT_WRONG : ret;
}
