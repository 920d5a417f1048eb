/* SPDX-License-Identifier: MIT */
/* Output files that appear under their final name only when complete: a hidden temporary name in
 * the same directory, locked while it is written, flushed to disk, renamed. The next run takes
 * over the temporary of a killed one. */
#ifndef TRTC_BASE_FILE_H
#define TRTC_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct trtc_file; /* one output in the making */

/* Creates PATH's temporary ("DIR/.NAME.part"; a NAME too long for that is cut and hashed), mode
 * 0666 less umask, locked with flock. Under the final name there may be nothing, a regular file
 * or a link to one; under the temporary name only a regular file of the same user without a
 * second name. NULL on failure: TRTC_EX_CANTCREAT; TRTC_EX_TEMPFAIL where another run holds it
 * ("is being written by another process") or the disk is full. A directory that does not exist
 * is not created here. */
struct trtc_file *trtc_file_create(const char *path, struct trtc_err *err);

/* The same; *held says whether another run was in the way. A file that is never committed is a
 * claim to PATH, which ends with trtc_file_abort or with the process. */
struct trtc_file *trtc_file_claim(const char *path, bool *held, struct trtc_err *err);

/* Takes over PATH's temporary as a killed run left it, with what is in it: to be shortened and
 * committed. 1; 0 and *f NULL where there is none, where it is not of the same user or has a second
 * name, or where a run holds it; -1 where that cannot be seen (TRTC_EX_TEMPFAIL, TRTC_EX_IOERR).
 * Nothing has changed then. */
int trtc_file_adopt(const char *path, struct trtc_file **f, struct trtc_err *err);

/* Removes a temporary file of the same user that no run holds any more and that has no second
 * name. Returns false if it stays. *size: its bytes. */
bool trtc_file_remove_stale(const char *temp, int64_t *size);

/* The descriptor to write to (and read back from); stays owned by f. */
int trtc_file_fd(const struct trtc_file *f);
const char *trtc_file_path(const struct trtc_file *f);      /* final name */
const char *trtc_file_temp_path(const struct trtc_file *f); /* temporary name */

/* Changes the final name, in the same directory, before the commit. On failure the old one
 * stays. */
int trtc_file_retarget(struct trtc_file *f, const char *path, struct trtc_err *err);

/* Completes the file but leaves it unnamed: flushes it, and gives up its descriptor and lock, so
 * that many files can wait for a common commit. That commit fails (TRTC_EX_TEMPFAIL) if another
 * run has taken over the temporary meanwhile. Only commit, retarget and abort may follow. On
 * failure the file is as before. */
int trtc_file_park(struct trtc_file *f, struct trtc_err *err);

/* fsync, rename to the final name (replacing what is there), fsync of the directory (sync false:
 * rename only). Frees *f on success and on failure; on failure the temporary is removed, unless it
 * was adopted, and the final name is as before. One case differs: if only the fsync of the directory fails, the
 * complete new file is there already. */
int trtc_file_commit(struct trtc_file **f, bool sync, struct trtc_err *err);

/* Removes the temporary and frees. NULL is fine. */
void trtc_file_abort(struct trtc_file **f);
/* Frees, and leaves the temporary with what is in it, to be adopted later. NULL is fine. */
void trtc_file_leave(struct trtc_file **f);

/* write(2) until all is out; EINTR, short writes and non-blocking descriptors handled; ENOSPC
 * and EDQUOT give TRTC_EX_TEMPFAIL, the rest TRTC_EX_IOERR. name is for the message. */
int trtc_write_all(int fd, const void *data, size_t n, const char *name, struct trtc_err *err);
/* The same at offset, with pwrite(2). */
int trtc_pwrite_all(int fd, struct trtc_bytes data, int64_t offset, const char *name,
                    struct trtc_err *err);

/* The same as trtc_write_all: 0, or what errno was. */
int trtc_write_errno(int fd, const void *data, size_t n);

/* Writes all of from, a regular file whose own position does not matter, to to: TRTC_EX_IOERR where
 * it cannot be read, else as trtc_write_all. The names are for the messages. */
int trtc_copy_all(int from, const char *from_name, int to, const char *to_name,
                  struct trtc_err *err);

/* Reads fd to its end, or until it has given more than max bytes (*n is larger then): *text, which
 * the caller frees, ends with a NUL behind its *n bytes. 0, or what errno was; *text is NULL then. */
int trtc_read_errno(int fd, size_t max, char **text, size_t *n);

#define TRTC_TEMP_NAME_MAX 64 /* with the NUL */

struct trtc_temp { /* a small file of a directory, complete but not yet under its name */
    const char *prefix, *suffix; /* of the temporary name: PREFIX PID-NUMBER SUFFIX */
    uint64_t number;             /* the first that is tried */
    char name[TRTC_TEMP_NAME_MAX];
    int fd; /* holds the lock */
};

/* Writes data to a new file of the directory dirfd, for its owner alone, and flushes it to disk. It
 * is locked while t->fd, which the caller closes, is open, so that trtc_temp_sweep leaves it alone
 * until it has been renamed or linked. 0, or what errno was, and nothing is left (EEXIST: a hundred
 * names are taken). */
int trtc_temp_write(int dirfd, struct trtc_temp *t, struct trtc_bytes data);

/* Removes a temporary file that no process has locked. */
void trtc_temp_sweep(int dirfd, const char *name);

/* fsync(2) that goes on when a signal interrupts it. */
int trtc_fsync(int fd);

/* flock for writing, without waiting; repeated after a signal. */
int trtc_flock(int fd);

/* mkdir -p, mode 0777 less umask. TRTC_EX_CANTCREAT on failure. */
int trtc_mkdirs(const char *path, struct trtc_err *err);

#endif
