/* SPDX-License-Identifier: MIT */
/* Threads for work that waits (for disks), so that the thread that assigns it need not wait. */
#ifndef TRTC_SERVE_CREW_H
#define TRTC_SERVE_CREW_H

#include "base/err.h"

struct trtc_crew;

/* A piece of work: the first member of one of the caller's structs. */
struct trtc_job {
    struct trtc_job *next;
};

/* Starts nb threads that call work for each job, with all signals blocked. NULL on failure:
 * TRTC_EX_TEMPFAIL. */
struct trtc_crew *trtc_crew_new(int nb, void (*work)(void *arg, struct trtc_job *job), void *arg,
                                struct trtc_err *err);

/* Waits until all jobs are done, frees *crew and clears the pointer. Results that were not taken
 * are lost. */
void trtc_crew_free(struct trtc_crew **crew);

/* Assigns a job. Never waits. The crew owns the job until trtc_crew_take. */
void trtc_crew_give(struct trtc_crew *crew, struct trtc_job *job);

/* A descriptor that is readable when there is something to take. */
int trtc_crew_fd(const struct trtc_crew *crew);

/* All jobs done since the last call, in the order in which they were finished; NULL: none. */
struct trtc_job *trtc_crew_take(struct trtc_crew *crew);

#endif
