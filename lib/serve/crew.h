/* SPDX-License-Identifier: MIT */
/* Threads for work that waits (for disks), so that who gives it out need not. */
#ifndef TRTC_SERVE_CREW_H
#define TRTC_SERVE_CREW_H

#include "base/err.h"

struct trtc_crew;

/* A piece of work: the first member of a struct of the caller's. */
struct trtc_job {
    struct trtc_job *next;
};

/* nb threads that call work for each job, with all signals blocked. NULL on failure: TRTC_EX_TEMPFAIL. */
struct trtc_crew *trtc_crew_new(int nb, void (*work)(void *arg, struct trtc_job *job), void *arg,
                                struct trtc_err *err);

/* Waits for what was given; what was not taken is lost. */
void trtc_crew_free(struct trtc_crew **crew);

/* Never waits. The job is the crew's until it is taken. */
void trtc_crew_give(struct trtc_crew *crew, struct trtc_job *job);

/* Readable when there is something to take. */
int trtc_crew_fd(const struct trtc_crew *crew);

/* All that is done since, in the order in which it was done; NULL: nothing. */
struct trtc_job *trtc_crew_take(struct trtc_crew *crew);

#endif
