/* SPDX-License-Identifier: MIT */
/* A file that says what is proven, and what has been begun: lines of text, each with a checksum, added and never changed.
 * One of which most lines say nothing any more is replaced, when it is opened, by one without them.
 * What was written survives the process; what was synced survives the machine. One process at a time has it. Not for
 * two threads at once. */
#ifndef TRTC_PUT_JOURNAL_H
#define TRTC_PUT_JOURNAL_H

#include <stdint.h>

#include "base/err.h"
#include "put/proven.h"
#include "storage/storage.h"

struct trtc_journal;

/* Opens or makes the file (mode 0600) for a place, whose name is any text without secrets, and adds what it proves to
 * *proven. A line that is cut or damaged counts as none. TRTC_EX_TEMPFAIL while another process has it; TRTC_EX_CONFIG
 * if it is no journal, or one of another place. NULL on failure. */
struct trtc_journal *trtc_journal_open(const char *path, const char *place,
                                       struct trtc_proven *proven, struct trtc_err *err);
void trtc_journal_close(struct trtc_journal **j);

/* A file and what it was, for the lines. */
struct trtc_journal_file {
    struct trtc_put_hash hash; /* of key */
    uint64_t stamp;
    const char *key;
};

/* Adds a line: the file is proven; *at is where it stands. An upload of it that was begun is over. */
int trtc_journal_done(struct trtc_journal *j, const struct trtc_journal_file *file,
                      const struct trtc_storage_proof *proof, int64_t *at, struct trtc_err *err);

/* Adds a line: an upload in parts has begun, or the store has one more part of it. */
int trtc_journal_begun(struct trtc_journal *j, const struct trtc_journal_file *file,
                       const char *upload, struct trtc_err *err);
int trtc_journal_part(struct trtc_journal *j, const struct trtc_journal_file *file,
                      const struct trtc_storage_part *part, struct trtc_err *err);

/* What was written is on disk when it returns. */
int trtc_journal_sync(struct trtc_journal *j, struct trtc_err *err);

/* The proof that stands at that place of the file; *proof is the caller's (trtc_storage_proof_fini). TRTC_EX_IOERR. */
int trtc_journal_read(const struct trtc_journal *j, int64_t at, struct trtc_storage_proof *proof,
                      struct trtc_err *err);

/* The upload that an earlier run began of that file, as it still is, and did not end. Zero where there is none. It is the
 * journal's, valid until the file is done. */
struct trtc_storage_resume trtc_journal_upload(const struct trtc_journal *j,
                                               const struct trtc_journal_file *file);

#endif
