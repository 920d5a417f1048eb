/* SPDX-License-Identifier: MIT */
/* The journal of a task (events.ndjson; trtc-task(1), FILES): everything that has happened, as
 * numbered lines of JSON; and what a new run does with the journal of an earlier one. JSON only.
 * Times are in ms of the epoch. */
#ifndef TRTC_TASK_JOURNAL_H
#define TRTC_TASK_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

struct trtc_journal { /* a summary of its lines; zero-initialise: an empty journal */
    int64_t seq;      /* number of the last line */
    int64_t start_ms; /* time of the first line */
    bool started;     /* 301 is there */
    bool refused;     /* ... with a Status that is not 0 */
    int ha;           /* how often the recording was resumed (306) */
    bool leaves;      /* the recorder has decided to leave the room... */
    int leave_code;   /* ...with this LeaveCode */
    bool left;        /* 302 is there */
    bool made;        /* MP4 and AAC files were made of the recording */
    bool ended;       /* the last line is there */
    int nb_losses;
    int exit_status; /* in the last line */
};

/* Returns the next line, with its number and time; the caller adds members (base/json_put.h),
 * writes and frees it. NULL: no memory. */
struct cJSON *trtc_journal_next(struct trtc_journal *j, int64_t now_ms);

/* Return the next line as an event of that type: with payload, which they take, or with the payload
 * {"Status":status} ({"LeaveCode":status} for 302). The caller writes and frees it. NULL: no
 * memory. */
struct cJSON *trtc_journal_event(struct trtc_journal *j, int64_t now_ms, int type,
                                 struct cJSON *payload);
struct cJSON *trtc_journal_status(struct trtc_journal *j, int64_t now_ms, int type, int status);

/* Updates *j with a line that was read back, in order. Returns false, and changes nothing, if it is
 * not a line of a journal or its number is not larger than that of the line before it. */
bool trtc_journal_take(struct trtc_journal *j, const struct cJSON *line);

/* What a new run does with the journal that it finds. */
enum trtc_resume {
    TRTC_RESUME_BEGIN,   /* it begins: nothing was recorded */
    TRTC_RESUME_RECORD,  /* it goes on recording, with the next recovery number */
    TRTC_RESUME_GIVE_UP, /* it ends: the recording was resumed three times already */
    TRTC_RESUME_FINISH,  /* it only finishes: the recorder had left, or was refused */
    TRTC_RESUME_OVER     /* it does nothing: everything is finished */
};
enum trtc_resume trtc_journal_resume(const struct trtc_journal *j);

#endif
