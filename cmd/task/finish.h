/* SPDX-License-Identifier: MIT */
/* What is left to do when all has been recorded. */
#ifndef TRTC_CMD_TASK_FINISH_H
#define TRTC_CMD_TASK_FINISH_H

#include "base/listing.h"
#include "task.h"
#include "task/found.h"
#include "task/made.h"

enum finish_step {
    FINISH_RESCUE,
    FINISH_LOOK,
    FINISH_MAIN,
    FINISH_AUX,
    FINISH_MADE,
    FINISH_UPLOAD,
    FINISH_END,
    FINISH_DONE
};

struct finish {
    struct task *task;
    enum finish_step step;
    struct proc proc;
    struct trtc_names rescued; /* streams whose leavings have been looked after */
    struct trtc_made made;
    bool recorded, aux; /* there are playlists; of a substream */
};

/* files.c: what lies in files/. */

/* All names there. -1 after a message. */
int files_list(const struct task *t, struct trtc_names *out);

/* Notes what is complete there, and the journal, all of which is on disk, does not have. -1 after a message. */
int files_note(struct task *t);

/* Links to the files of substreams, in a directory of their own. */
int files_part(const struct task *t, struct trtc_err *err);
void files_join(const struct task *t);

#define FILES_PARTED "substreams"

#endif
