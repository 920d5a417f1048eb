/* SPDX-License-Identifier: MIT */
/* The options of a program as a table: it reads the command line, prints --help, and refuses
 * what is wrong in one line that names what would be right. Every program has -q, -v, -h and
 * -V; they do not stand in its table. */
#ifndef TRTC_CMD_OPT_H
#define TRTC_CMD_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opt_row {
    const char *name;  /* long name without its dashes; NULL with help: a heading above the rows
                          that follow; NULL without: the end of the table */
    char letter;       /* short name, or 0 */
    const char *value; /* what stands for the value in --help ("DIR", "WxH"); NULL: it has none;
                          in brackets ("[FMT]"): it may be left out, and comes with '=' */
    const char *help;  /* lines, parted by '\n' */

    /* Takes a value into *to, the program's own struct: 0, or the exit status after a message.
     * row is a copy: its letter is 0 where the long name was given, so that opt_name is what the
     * user typed. value is NULL where none was given. The functions below serve most rows. */
    int (*take)(void *to, const struct opt_row *row, const char *value);
    size_t at;                /* offsetof the member of *to that take fills */
    int64_t min, max;         /* for numbers, in the unit of the member */
    const char *const *words; /* for opt_word: the values there are; NULL ends them */
    unsigned commands;        /* bit k: sub-command k has it; 0: all have */
    bool pair;  /* "A B" may be given for "AxB": the two are joined before take is called */
    bool early; /* opt_read_early takes it, and opt_read no more */
};

/* A sub-command of a program. */
struct opt_command {
    const char *name;     /* NULL ends the table */
    const char *synopsis; /* lines behind the name; "" where it takes nothing */
    const char *about;    /* a sentence or two, lines parted by '\n' */
    const char *example;  /* shell lines, or NULL */
};

struct opt_program {
    const char *name;     /* "trtc-hls" */
    const char *synopsis; /* lines behind the name; unused where there are sub-commands */
    const char *about;
    const char *example; /* shell lines, or NULL */
    const struct opt_row *rows;
    const struct opt_command *commands; /* or NULL */

    /* Puts the words in another order before they are read; NULL: they stay. argv[0] is the
     * program or its sub-command (command -1: none). out has room for argc + 2. Returns the
     * number of words. */
    int (*arrange)(const struct opt_program *p, int command, int argc, char *const argv[],
                   char *out[]);
};

/* Texts in the order they were given. */
struct opt_list {
    const char **items; /* the texts are argv's */
    size_t n;
};

/* Ready-made takers, with the type of the member at row->at. */
int opt_flag(void *to, const struct opt_row *row, const char *value);     /* bool */
int opt_text(void *to, const struct opt_row *row, const char *value);     /* const char * */
int opt_append(void *to, const struct opt_row *row, const char *value);   /* struct opt_list */
int opt_int(void *to, const struct opt_row *row, const char *value);      /* int64_t */
int opt_small(void *to, const struct opt_row *row, const char *value);    /* int */
int opt_bytes(void *to, const struct opt_row *row, const char *value);    /* int64_t, bytes */
int opt_duration(void *to, const struct opt_row *row, const char *value); /* int64_t, us */
int opt_time(void *to, const struct opt_row *row, const char *value);     /* int64_t, epoch ms */
int opt_word(void *to, const struct opt_row *row, const char *value);     /* int: place in words */

/* For takers of their own: the place of value among words (NULL ends them), 0 where it is none of them. 0, or
 * TRTC_EX_USAGE after a message that names the option as it was typed. */
int opt_choose(const struct opt_row *row, const char *value, const char *const *words, int *place);

/* The option as the user typed it, "-s" or "--size"; in out, which it returns. */
enum { OPT_NAME_SIZE = 64 };
const char *opt_name(const struct opt_row *row, char out[OPT_NAME_SIZE]);

/* What reading a command line came to. */
enum opt_read {
    OPT_GO,   /* go on */
    OPT_DONE, /* --help or --version was printed: end with 0 */
    OPT_WRONG /* a message was printed: end with TRTC_EX_USAGE, or *code */
};

/* Reads argv into *to. -q, -v, -h and -V may stand before a sub-command as well. In *command (NULL where the program has none) stands the place of the
 * sub-command; *operands gets what is left, in order (items: free() them). *code is the exit
 * status that goes with the result. */
enum opt_read opt_read(const struct opt_program *p, int argc, char *argv[], void *to, int *command,
                       struct opt_list *operands, int *code);

/* Before opt_read, which reports what is wrong: takes the early rows only. OPT_DONE: --help or
 * --version is asked for, or an option cannot be read. */
enum opt_read opt_read_early(const struct opt_program *p, int argc, char *argv[], void *to,
                             int *code);

/* The row that a letter, or the n bytes of a long name (or of its unambiguous beginning) stand
 * for in that sub-command (-1: the program); NULL: none. */
const struct opt_row *opt_find_letter(const struct opt_program *p, int command, char letter);
const struct opt_row *opt_find_name(const struct opt_program *p, int command, const char *name,
                                    size_t n);

/* Frees the items of a list (the texts are argv's). */
void opt_list_free(struct opt_list *l);

/* The one of names (n of them) that a misspelt word is nearest to; NULL where none is near. */
const char *opt_nearest(const char *word, const char *const *names, size_t n);

#endif
