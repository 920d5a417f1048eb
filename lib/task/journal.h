/* SPDX-License-Identifier: MIT */
/* The journal of a task (events.ndjson): what has happened, numbered, a line of JSON each; and what a run that finds one
 * has to do. JSON only. */
#ifndef TRTC_TASK_JOURNAL_H
#define TRTC_TASK_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

struct trtc_journal { /* what stands in it; zero is an empty one */
    int64_t seq;      /* of the last line */
    int64_t start_ms; /* of the first line */
    bool started;     /* 301 */
    bool refused;     /* ... with a Status that is not 0 */
    int ha;           /* how often it was taken up (306) */
    bool leaves;      /* it was decided that the recorder leaves... */
    int leave_code;   /* ...for this reason */
    bool left;        /* 302 */
    bool made;        /* what the end makes of the files was made */
    bool ended;       /* the last line is there */
    int nb_losses;
    int exit_status; /* of the last line */
};

/* The next line, to which members may be added (base/json_put.h); NULL: no memory. */
struct cJSON *trtc_journal_next(struct trtc_journal *j, int64_t now_ms);

/* Ready-made ones; payload is taken. */
struct cJSON *trtc_journal_event(struct trtc_journal *j, int64_t now_ms, int type,
                                 struct cJSON *payload);
struct cJSON *trtc_journal_status(struct trtc_journal *j, int64_t now_ms, int type, int status);

/* Takes a line that was read, in order. False: it is none, or its number is not larger than that before it. */
bool trtc_journal_take(struct trtc_journal *j, const struct cJSON *line);

/* What a run does that finds this journal. */
enum trtc_resume {
    TRTC_RESUME_BEGIN,   /* nothing was there */
    TRTC_RESUME_RECORD,  /* goes on, with the next recovery number */
    TRTC_RESUME_GIVE_UP, /* it was taken up three times already: it ends */
    TRTC_RESUME_FINISH,  /* the recorder had left: what is left to do is done */
    TRTC_RESUME_OVER     /* nothing is left to do */
};
enum trtc_resume trtc_journal_resume(const struct trtc_journal *j);

#endif
