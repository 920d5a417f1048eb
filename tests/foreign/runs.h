/* SPDX-License-Identifier: MIT */
/* The programs under test, each given a file as its own kind of input. */
#ifndef TESTS_FOREIGN_RUNS_H
#define TESTS_FOREIGN_RUNS_H

#include "frames.h"
#include "judge.h"

/* A file of media, and what is in it. */
struct source {
    const char *name; /* of the combination */
    const char *path;
    const struct frames *want;
    bool ts;
    bool placed; /* it is known where in it the frames are */
    int unit;    /* bytes from one packet to the next */
    int front;
    int64_t restart; /* where its clock restarts; -1: it does not */
};

struct run {
    const char *name;
    bool ts_only; /* it reads transport streams alone */
    /* Runs it in dir, which is empty; made is what it wrote. */
    int (*go)(const char *dir, const struct source *s, struct told *t, struct frames *made);
};

extern const struct run runs[];
extern const size_t nb_runs;

/* Runs a command of the shell; its exit status. */
__attribute__((format(printf, 1, 2))) int shell(const char *fmt, ...);

#endif
