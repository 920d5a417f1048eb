/* SPDX-License-Identifier: MIT */
/* What --help prints. */
#include "opt_help.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_COLUMN = 32 };

const struct opt_row opt_common[] = {
    { .name = "quiet", .letter = 'q', .help = "print no notes and no progress" },
    { .name = "verbose", .letter = 'v', .help = "print more about what is done" },
    { .name = "help", .letter = 'h', .help = "print this and exit" },
    { .name = "version", .letter = 'V', .help = "print the version and exit" },
    { 0 },
};

static void indented(const char *text, int width)
{
    for (const char *s = text, *end; s; s = end ? end + 1 : NULL) {
        end = strchr(s, '\n');
        printf("%*s%.*s\n", s == text ? 0 : width, "", (int)(end ? end - s : (long)strlen(s)), s);
    }
}

static void print_row(const struct opt_row *r)
{
    char word[96];
    int n = r->letter ? snprintf(word, sizeof word, "  -%c, --%s", r->letter, r->name)
                      : snprintf(word, sizeof word, "      --%s", r->name);
    size_t left = sizeof word - (size_t)n;
    if (r->value && r->value[0] == '[')
        snprintf(word + n, left, "[=%s", r->value + 1);
    else if (r->value)
        snprintf(word + n, left, " %s", r->value);
    if (strlen(word) > TEXT_COLUMN - 2)
        printf("%s\n%*s", word, TEXT_COLUMN, "");
    else
        printf("%-*s", TEXT_COLUMN, word);
    indented(r->help, TEXT_COLUMN);
}

static bool ended(const struct opt_row *r)
{
    return !r->name && !r->help;
}

static bool applies(const struct opt_row *r, int command)
{
    return r->name && (!r->commands || command < 0 || r->commands & 1U << command);
}

/* A heading stands where rows of its group apply. */
static bool heads_any(const struct opt_row *r, int command)
{
    for (r++; r->name; r++)
        if (applies(r, command))
            return true;
    return false;
}

static void print_rows(const struct opt_row *r, int command)
{
    for (; r && !ended(r); r++) {
        if (!r->name && heads_any(r, command))
            printf("\n%s:\n", r->help);
        else if (applies(r, command))
            print_row(r);
    }
}

/* The lines of a synopsis, each behind the program's name. */
static void print_usage(const char *name, const char *command, const char *synopsis, bool first)
{
    for (const char *s = synopsis, *end; s; s = end ? end + 1 : NULL) {
        end = strchr(s, '\n');
        printf("%s %s%s%s%s%.*s\n", first ? "usage:" : "      ", name, command ? " " : "",
               command ? command : "", *s && *s != '\n' ? " " : "",
               (int)(end ? end - s : (long)strlen(s)), s);
        first = false;
    }
}

static void print_example(const char *example)
{
    if (!example)
        return;
    printf("\nExample:\n    ");
    indented(example, 4);
}

static bool begins_with_heading(const struct opt_row *rows)
{
    return rows && !rows->name;
}

void opt_help(const struct opt_program *p, int command)
{
    const struct opt_command *c = command >= 0 ? &p->commands[command] : NULL;
    if (c) {
        print_usage(p->name, c->name, c->synopsis, true);
    } else if (p->commands) {
        for (const struct opt_command *k = p->commands; k->name; k++)
            print_usage(p->name, k->name, k->synopsis, k == p->commands);
    } else {
        print_usage(p->name, NULL, p->synopsis, true);
    }
    printf("\n%s\n", c ? c->about : p->about);
    if (p->commands && !c) {
        printf("\n'%s %s --help' and so on print the options of each.\n\n", p->name,
               p->commands->name);
        print_rows(opt_common + 2, command);
    } else {
        if (!begins_with_heading(p->rows))
            putchar('\n');
        print_rows(p->rows, command);
        if (begins_with_heading(p->rows))
            puts("\nGeneral:");
        print_rows(opt_common, command);
    }
    print_example(c ? c->example : p->example);
}
