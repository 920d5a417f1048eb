/* SPDX-License-Identifier: MIT */
/* Compares what a program made of a file with what is in it, and with what the program says. */
#ifndef TESTS_FOREIGN_JUDGE_H
#define TESTS_FOREIGN_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"

/* What a program says of a track. */
struct account {
    bool there;
    int64_t in, out, put_in, left, unaccounted;
    bool encoded; /* not copied: its frames are others */
};

struct told {
    int status;
    char words[400]; /* what it said last */
    struct account of[NB_KINDS];
};

/* How far times may be off, in ticks: of a picture, of a copied frame of sound, and where encoded
 * sound begins and ends. */
struct tolerance {
    int64_t of[NB_KINDS], encoded;
};

/* What is not as it should be, in words that begin with the kind of it: "missing-v 3 of 75". */
struct verdict {
    char text[2000];
    size_t n;
};

__attribute__((format(printf, 2, 3))) void verdict_add(struct verdict *v, const char *fmt, ...);

/* Of the account of hls (lines of JSON), and of merge's and mix's report. */
int told_by_lines(struct told *t, const char *path);
int told_by_report(struct told *t, const char *path);

/* made: NULL where only the account is judged. */
void judge(struct verdict *v, const struct frames *want, const struct frames *made,
           const struct told *t, const struct tolerance *tol);

#endif
