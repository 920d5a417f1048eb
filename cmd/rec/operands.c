/* SPDX-License-Identifier: MIT */
/* Decides which words are options and which are operands, when an operand may begin with '-'. A
 * TaskId is a Base64-like text of 84 characters, and about one in 64 begins with '-'. Such a word
 * is an operand if it cannot be an option. */
#include "operands.h"

#include <ctype.h>
#include <string.h>

enum {
    LONG_ID = 21, /* the minimum length of a word that is taken for a TaskId */
    NEAR_ID = 8,  /* the same directly after the sub-command's name */
};

/* The options of a sub-command. */
struct known {
    const struct opt_program *p;
    int command;
};

static bool wants_value(const struct opt_row *row)
{
    return row->value && row->value[0] != '[';
}

/* Returns how many words the option takes, itself included: 1 or 2; 0: it is not an option. */
static int option_words(const char *word, const struct known *k)
{
    if (strncmp(word, "--", 2) == 0) {
        const size_t n = strcspn(word + 2, "=");
        const struct opt_row *row = opt_find_name(k->p, k->command, word + 2, n);
        return !row ? 0 : wants_value(row) && !word[2 + n] ? 2 : 1;
    }
    for (const char *p = word + 1; *p; p++) {
        const struct opt_row *row = opt_find_letter(k->p, k->command, *p);
        if (!row)
            return 0;
        if (wants_value(row))
            return p[1] ? 1 : 2;
    }
    return 1;
}

/* Whether the word has only the characters of a TaskId, with padding at the end. */
static bool looks_like_id(const char *word, size_t least)
{
    const size_t n =
        strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-");
    const size_t end = n + strspn(word + n, "=.");
    bool mark = false;
    for (const char *p = word; *p; p++)
        mark |= isdigit((unsigned char)*p) || isupper((unsigned char)*p);
    return mark && end >= least && end - n <= 2 && !word[end];
}

static bool is_task(const char *word, bool near, const struct known *k)
{
    const bool two = word[1] == '-';
    const int words = option_words(word, k);
    /* "-f9x..." of that length is a TaskId; the file name of -f can follow a blank */
    if (looks_like_id(word, LONG_ID))
        return !two || words == 0;
    return near && words == 0 && looks_like_id(word, NEAR_ID);
}

int rec_part(const struct opt_program *p, int command, bool takes_task, int argc,
             char *const argv[], char *out[])
{
    const struct known known = { p, command }, *const k = &known;
    static char end[] = "--";
    int n = 0;
    out[n++] = argv[0];
    for (int pass = 0; pass < 2; pass++) { /* the options, then the operands */
        if (pass == 1)
            out[n++] = end;
        for (int i = 1; i < argc; i++) {
            char *word = argv[i];
            const bool ends = strcmp(word, end) == 0;
            if (ends || word[0] != '-' || !word[1] || (takes_task && is_task(word, i == 1, k))) {
                if (pass == 1 && !ends)
                    out[n++] = word;
                while (ends && ++i < argc)
                    if (pass == 1)
                        out[n++] = argv[i];
                continue;
            }
            if (pass == 0)
                out[n++] = word;
            if (option_words(word, k) == 2 && ++i < argc && pass == 0)
                out[n++] = argv[i];
        }
    }
    return n;
}
