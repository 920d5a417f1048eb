/* SPDX-License-Identifier: MIT */
/* The children of a task. One loop starts them, reads their output line by line, and reaps them.
 * When the task dies, its children get SIGTERM. */
#ifndef TRTC_CMD_TASK_PROC_H
#define TRTC_CMD_TASK_PROC_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "task/command.h"

struct proc_lines { /* a pipe that is read line by line */
    int fd;
    char *text;
    size_t n, cap;
    bool skips; /* the line is too long, and is skipped */
};

/* Called by proc_turn. A line is valid during the call, has n bytes, and ends with a NUL. */
struct proc_calls {
    void (*line)(void *arg, const char *line, size_t n); /* on its standard output */
    void (*said)(void *arg, const char *line, size_t n); /* on its standard error */
    void (*ended)(void *arg, int status); /* a status of waitpid; called after the last line */
};

struct proc {
    struct proc *next;
    pid_t pid; /* 0: the child does not run */
    struct proc_lines out, err;
    const struct proc_calls *calls;
    void *arg;
};

struct proc_start {
    struct trtc_words *words; /* its command line; freed by proc_start */
    int dir;                  /* the directory in which it runs; -1: the current one */
    int in;                   /* its standard input; -1: /dev/null. Stays open here */
    int out;                  /* its standard output; -1: a pipe to the loop. Stays open here */
};

/* Starts a child, which is in *list until it has ended. Returns 0, or -1. */
int proc_start(struct proc **list, struct proc *p, const struct proc_start *how,
               struct trtc_err *err);

/* Sends it a signal, if it runs. */
void proc_kill(const struct proc *p, int sig);

/* Fills in the descriptors that the loop polls, at most room, and returns their number. */
size_t proc_polls(struct proc *list, struct pollfd *fds, size_t room);
enum { PROC_POLLS = 2 }; /* descriptors of each child */

/* Reads the output of all children, and reaps those that have ended. */
void proc_turn(struct proc **list);

/* Sends SIGTERM to all children, and waits until they have ended. */
void proc_end_all(struct proc **list);

#endif
