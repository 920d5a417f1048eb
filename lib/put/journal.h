/* SPDX-License-Identifier: MIT */
/* A file that records what has been proven and what has been begun: lines of text, each with a
 * checksum, appended and never changed. A journal with mostly outdated lines is replaced by one
 * without them when it is opened. What was written survives the process; what was synced survives a
 * crash of the machine. Only one process at a time uses a journal, and only one thread. */
#ifndef TRTC_PUT_JOURNAL_H
#define TRTC_PUT_JOURNAL_H

#include <stdint.h>

#include "base/err.h"
#include "put/proven.h"
#include "storage/storage.h"

struct trtc_journal;

/* Opens or creates the file (mode 0600) for a place, whose name is any text without secrets, and
 * adds what it proves to *proven. A truncated or damaged line is ignored. TRTC_EX_TEMPFAIL: another
 * process uses it; TRTC_EX_CONFIG: it is not a journal, or belongs to another place. NULL on
 * failure. */
struct trtc_journal *trtc_journal_open(const char *path, const char *place,
                                       struct trtc_proven *proven, struct trtc_err *err);
void trtc_journal_close(struct trtc_journal **j);

/* A file and its state, for the lines. */
struct trtc_journal_file {
    struct trtc_put_hash hash; /* of key */
    uint64_t stamp;
    const char *key;
};

/* Records that the file is proven; *at: position of the line. An upload of the file that was begun
 * is over. 0, or -1. */
int trtc_journal_done(struct trtc_journal *j, const struct trtc_journal_file *file,
                      const struct trtc_storage_proof *proof, int64_t *at, struct trtc_err *err);

/* Records that an upload in parts has begun, or that the store has one more part of it. 0, or
 * -1. */
int trtc_journal_begun(struct trtc_journal *j, const struct trtc_journal_file *file,
                       const char *upload, struct trtc_err *err);
int trtc_journal_part(struct trtc_journal *j, const struct trtc_journal_file *file,
                      const struct trtc_storage_part *part, struct trtc_err *err);

/* Syncs what was written to disk. 0, or -1. */
int trtc_journal_sync(struct trtc_journal *j, struct trtc_err *err);

/* Reads the proof at that position of the journal. Free *proof with trtc_storage_proof_fini.
 * TRTC_EX_IOERR. 0, or -1. */
int trtc_journal_read(const struct trtc_journal *j, int64_t at, struct trtc_storage_proof *proof,
                      struct trtc_err *err);

/* The upload of that file in its present state which an earlier run began and did not finish. All
 * zeros: there is none. Owned by the journal and valid until the file is done. */
struct trtc_storage_resume trtc_journal_upload(const struct trtc_journal *j,
                                               const struct trtc_journal_file *file);

#endif
