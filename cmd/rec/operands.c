/* SPDX-License-Identifier: MIT */
/* Which words are options and which are operands, where an operand may begin with '-'.
 *
 * A TaskId is 84 characters of a Base64-like text, and about one in 64 begins with '-'. Such a word
 * is taken as one when no option can be meant by it. */
#include <ctype.h>
#include <getopt.h>
#include <string.h>

#include "rec.h"

enum {
    LONG_ID = 21, /* characters that a TaskId has at least, wherever it stands */
    NEAR_ID = 8,  /* the same right behind the sub-command's name */
};

/* The long option that the word names, in full or by an unambiguous beginning; or NULL. */
static const struct option *long_option(const char *word, const struct option *longs)
{
    const size_t n = strcspn(word, "=");
    const struct option *found = NULL;
    for (; longs->name; longs++) {
        if (strncmp(word, longs->name, n) != 0)
            continue;
        if (!longs->name[n])
            return longs;
        found = longs;
    }
    return n ? found : NULL;
}

/* How many words the option takes, itself included: 1 or 2; 0 where it is none. */
static int option_words(const char *word, const char *shorts, const struct option *longs)
{
    if (strncmp(word, "--", 2) == 0) {
        const struct option *o = long_option(word + 2, longs);
        return !o ? 0 : o->has_arg == required_argument && !strchr(word, '=') ? 2 : 1;
    }
    for (const char *p = word + 1; *p; p++) {
        const char *s = *p == ':' ? NULL : strchr(shorts, *p);
        if (!s)
            return 0;
        if (s[1] == ':')
            return p[1] ? 1 : 2;
    }
    return 1;
}

/* Letters, digits and what stands for the rest in file names, padding at the end. */
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

static bool is_task(const char *word, bool near, const char *shorts, const struct option *longs)
{
    const bool two = word[1] == '-';
    const int words = option_words(word, shorts, longs);
    /* "-f9x..." of that length is a TaskId: a file's name can stand behind a blank */
    if (looks_like_id(word, LONG_ID))
        return !two || words == 0;
    return near && words == 0 && looks_like_id(word, NEAR_ID);
}

int rec_part(int argc, char *const argv[], const char *shorts, const struct option *longs,
             bool takes_task, char *out[])
{
    static char end[] = "--";
    int n = 0;
    out[n++] = argv[0];
    for (int pass = 0; pass < 2; pass++) { /* the options, then the operands */
        if (pass == 1)
            out[n++] = end;
        for (int i = 1; i < argc; i++) {
            char *word = argv[i];
            const bool ends = strcmp(word, end) == 0;
            if (ends || word[0] != '-' || !word[1] ||
                (takes_task && is_task(word, i == 1, shorts, longs))) {
                if (pass == 1 && !ends)
                    out[n++] = word;
                while (ends && ++i < argc)
                    if (pass == 1)
                        out[n++] = argv[i];
                continue;
            }
            if (pass == 0)
                out[n++] = word;
            if (option_words(word, shorts, longs) == 2 && ++i < argc && pass == 0)
                out[n++] = argv[i];
        }
    }
    return n;
}
