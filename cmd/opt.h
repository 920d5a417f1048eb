/* SPDX-License-Identifier: MIT */
/* The options of a program as a table, by which the command line is read and --help is printed. A
 * wrong option is reported in one line that names the right one. Every program has -q, -v, -h and
 * -V, which are not in its table. */
#ifndef TRTC_CMD_OPT_H
#define TRTC_CMD_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opt_row {
    const char *name;  /* long name without its dashes; NULL with help: a heading above the rows
                          that follow; NULL without: the end of the table */
    char letter;       /* short name, or 0 */
    const char *value; /* the name of the value in --help ("DIR", "WxH"); NULL: it takes no value;
                          in brackets ("[FMT]"): the value is optional, and follows '=' */
    const char *help;  /* lines, separated by '\n' */

    /* Stores a value in *to, the program's own struct. Returns 0, or the exit status after a
     * message. row is a copy: its letter is 0 if the long name was given, so that opt_name returns
     * what the user typed. value is NULL if none was given. The functions below serve most rows. */
    int (*take)(void *to, const struct opt_row *row, const char *value);
    size_t at;                /* offset of the member of *to that take sets */
    int64_t min, max;         /* for numbers, in the unit of the member */
    const char *const *words; /* for opt_word: the possible values, ended by NULL */
    unsigned commands;        /* bit k: sub-command k has this option; 0: all have it */
    bool pair;  /* "A B" may be given for "AxB": the two are joined before take is called */
    bool early; /* opt_read_early handles it, and opt_read ignores it */
    bool empty; /* for opt_text and opt_append: the value may be empty */
};

/* A sub-command of a program. */
struct opt_command {
    const char *name;     /* NULL ends the table */
    const char *synopsis; /* the lines after the name; "": it takes nothing */
    const char *about;    /* a sentence or two, lines separated by '\n' */
    const char *example;  /* shell lines, or NULL */
};

struct opt_program {
    const char *name;     /* "trtc-hls" */
    const char *synopsis; /* the lines after the name; not used if there are sub-commands */
    const char *about;
    const char *example; /* shell lines, or NULL */
    const struct opt_row *rows;
    const struct opt_command *commands; /* or NULL */
    const char *reads; /* the sub-command that is meant where a file stands in its place, or NULL */

    /* Rearranges the words before they are read; NULL: nothing is rearranged. argv[0] is the
     * program or its sub-command (command -1: none). out has room for argc + 2. Returns the number
     * of words. */
    int (*arrange)(const struct opt_program *p, int command, int argc, char *const argv[],
                   char *out[]);
};

/* Texts, in the order in which they were given. */
struct opt_list {
    const char **items; /* the texts are argv's */
    size_t n;
};

/* Functions for take, with the type of the member at row->at. */
int opt_flag(void *to, const struct opt_row *row, const char *value);     /* bool */
int opt_text(void *to, const struct opt_row *row, const char *value);     /* const char * */
int opt_append(void *to, const struct opt_row *row, const char *value);   /* struct opt_list */
int opt_int(void *to, const struct opt_row *row, const char *value);      /* int64_t */
int opt_small(void *to, const struct opt_row *row, const char *value);    /* int */
int opt_bytes(void *to, const struct opt_row *row, const char *value);    /* int64_t, bytes */
int opt_duration(void *to, const struct opt_row *row, const char *value); /* int64_t, us */
int opt_time(void *to, const struct opt_row *row, const char *value);     /* int64_t, epoch ms */
int opt_word(void *to, const struct opt_row *row, const char *value);     /* int: place in words */

/* For a program's own take functions: finds the index of value among words, which NULL ends, and
 * stores it in *place (0 after a failure). Returns 0, or TRTC_EX_USAGE after a message that names
 * the option as it was typed. */
int opt_choose(const struct opt_row *row, const char *value, const char *const *words, int *place);

/* Writes the option as the user typed it, "-s" or "--size", to out, and returns out. */
enum { OPT_NAME_SIZE = 64 };
const char *opt_name(const struct opt_row *row, char out[OPT_NAME_SIZE]);

/* The result of reading a command line. */
enum opt_read {
    OPT_GO,   /* the program can run */
    OPT_DONE, /* --help or --version was printed: end with 0 */
    OPT_WRONG /* a message was printed: end with TRTC_EX_USAGE, or *code */
};

/* Reads argv into *to. -q, -v, -h and -V may also precede a sub-command. *command: the index of the
 * sub-command (NULL: the program has none). *operands: the operands in order; the caller frees
 * items. *code: the exit status that belongs to the result. */
enum opt_read opt_read(const struct opt_program *p, int argc, char *argv[], void *to, int *command,
                       struct opt_list *operands, int *code);

/* Called before opt_read, which reports errors: handles the early rows only. Returns OPT_DONE if
 * --help or --version is given, or an option cannot be read. */
enum opt_read opt_read_early(const struct opt_program *p, int argc, char *argv[], void *to,
                             int *code);

/* Return the row of a letter, or of a long name (n bytes; an unambiguous beginning is enough), in
 * this sub-command (-1: the program). NULL: there is none. */
const struct opt_row *opt_find_letter(const struct opt_program *p, int command, char letter);
const struct opt_row *opt_find_name(const struct opt_program *p, int command, const char *name,
                                    size_t n);

/* Frees the items of a list (the texts are argv's). */
void opt_list_free(struct opt_list *l);

/* Refuses an empty name among the operands, as a variable that is not set leaves it. Returns 0, or
 * the exit status after a message. */
int opt_check_names(const struct opt_list *operands);

/* Returns the one of n names that is most similar to a misspelt word; NULL: none is similar. */
const char *opt_nearest(const char *word, const char *const *names, size_t n);

#endif
