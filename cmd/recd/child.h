/* SPDX-License-Identifier: MIT */
/* Programs that the service starts. They get no descriptor that is not named here and, of the environment, what is harmless. */
#ifndef TRTC_CMD_RECD_CHILD_H
#define TRTC_CMD_RECD_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "recd.h"

struct child {
    struct polled end; /* first: readable when it has ended; the program's own ready is called then */
    pid_t pid;         /* 0: none */
};

struct child_order {
    char *const *argv;
    const char
        *more; /* names of further variables of the environment, with blanks between; or NULL */
    int in, out, err; /* descriptors; -1: /dev/null */
    int extra[2];     /* become descriptors 3 and 4; -1: none */
    bool session;     /* in a session of its own: it outlives the service */
};

/* Starts it: c->end.ready (set by the caller) is called when it has ended. */
int child_start(struct recd *r, struct child *c, const struct child_order *order,
                struct trtc_err *err);

/* Its exit status, 128 + signal where one ended it; it is gone then. -1: it has not ended. */
int child_reap(struct recd *r, struct child *c);

/* The words of a command, parted by blanks, and room for more; NULL: no memory. To be freed by child_words_free. */
char **child_words(const char *command, size_t more, size_t *n);
void child_words_free(char **words);

#endif
