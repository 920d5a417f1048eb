/* SPDX-License-Identifier: MIT */
/* The children of a task: started, heard line by line, and reaped, all by one loop. A child is asked to end when the task
 * dies. */
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
    bool skips; /* the line is too long */
};

/* Called by the loop; lines are valid during the call and end with a NUL. */
struct proc_calls {
    void (*line)(void *arg, const char *line, size_t n); /* on its standard output */
    void (*said)(void *arg, const char *line, size_t n); /* on its standard error */
    void (*ended)(void *arg, int status); /* as waitpid has it; after the last line */
};

struct proc {
    struct proc *next;
    pid_t pid; /* 0: it does not run */
    struct proc_lines out, err;
    const struct proc_calls *calls;
    void *arg;
};

struct proc_start {
    struct trtc_words *words; /* taken */
    int dir;                  /* where it runs; -1: here */
    int in, out; /* its standard input and output; -1: none, and a pipe to us. Stay open here */
};

/* Starts a child, which from then on is in *list until it has ended. */
int proc_start(struct proc **list, struct proc *p, const struct proc_start *how,
               struct trtc_err *err);

/* Sends it a signal, if it runs. */
void proc_kill(const struct proc *p, int sig);

/* What the loop waits for: fills in at most room descriptors, and returns how many. */
size_t proc_polls(struct proc *list, struct pollfd *fds, size_t room);
enum { PROC_POLLS = 2 }; /* for each child */

/* Reads what has come, and reaps who has ended. */
void proc_turn(struct proc **list);

/* Asks all to end, and waits for that. */
void proc_end_all(struct proc **list);

#endif
