/* SPDX-License-Identifier: MIT */
/* What remains to be done after the recording. */
#ifndef TRTC_CMD_TASK_FINISH_H
#define TRTC_CMD_TASK_FINISH_H

#include "base/listing.h"
#include "task.h"
#include "task/found.h"
#include "task/made.h"

enum finish_step {
    FINISH_RESCUE, /* complete the files that killed children left */
    FINISH_LOOK,   /* find and list what was recorded, and report 302 */
    FINISH_MAIN,   /* make files of the primary streams, or the mix */
    FINISH_AUX,    /* make files of the substreams */
    FINISH_MADE,   /* report the made files */
    FINISH_UPLOAD, /* wait for the uploader */
    FINISH_END,    /* write the last line */
    FINISH_DONE
};

struct finish {
    struct task *task;
    enum finish_step step;
    struct proc proc;
    int64_t since_us;          /* its first turn */
    struct trtc_names rescued; /* streams whose files have been completed, as keys */
    struct trtc_made made;
    bool recorded, aux; /* there are playlists of primary streams or the mix; of substreams */
};

/* files.c: the recording in files/. */

/* Lists all names there, sorted. Returns 0, or -1 after a message. */
int files_list(const struct task *t, struct trtc_names *out);

/* Whether another process still writes there: a child of a run that was killed. */
bool files_in_use(const struct task *t);

/* Adds complete files that the journal does not list yet. The journal must be flushed. Returns 0,
 * or -1 after a message. */
int files_note(struct task *t);

/* files_part links the files of substreams into a directory of their own, FILES_PARTED; files_join
 * removes it. */
int files_part(const struct task *t, struct trtc_err *err);
void files_join(const struct task *t);

#define FILES_PARTED "substreams"

#endif
