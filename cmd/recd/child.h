/* SPDX-License-Identifier: MIT */
/* Programs that the service starts. They inherit no descriptor that is not named here, and only
 * harmless variables of the environment. */
#ifndef TRTC_CMD_RECD_CHILD_H
#define TRTC_CMD_RECD_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "recd.h"

struct child {
    struct polled end; /* first; readable when the process has ended */
    pid_t pid;         /* 0: none runs */
};

struct child_order {
    char *const *argv;
    const char *more; /* names of further variables to inherit, separated by blanks; or NULL */
    int in, out, err; /* descriptors; -1: /dev/null */
    int extra[2];     /* become descriptors 3 and 4; -1: none */
    bool session;     /* in a session of its own: it outlives the service */
};

/* Starts a program. c->end.ready, which the caller sets, is called when it has ended, provided that
 * child_tick is called now and then. Returns 0, or -1. */
int child_start(struct recd *r, struct child *c, const struct child_order *order,
                struct trtc_err *err);

/* Calls c->end.ready, which reaps the program if it has ended, where the kernel does not report its
 * end. */
void child_tick(struct recd *r, struct child *c);

/* Returns the exit status of the program, or 128 + the signal that ended it, and reaps it; -1: it
 * has not ended. */
int child_reap(struct recd *r, struct child *c);

/* Returns the *n words of a command, separated by blanks, with room for more words and a NULL. The
 * caller frees them with child_words_free. NULL: no memory. */
char **child_words(const char *command, size_t more, size_t *n);
void child_words_free(char **words);

#endif
