/* SPDX-License-Identifier: MIT */
/* Output files that appear under their final name only when complete: written under a hidden
 * temporary name in the same directory, locked meanwhile, flushed to disk, renamed. The next run
 * takes over the temporary file of a killed one. */
#ifndef TRTC_BASE_FILE_H
#define TRTC_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"

struct trtc_file; /* an output file being written */

/* Creates the temporary file for path ("DIR/.NAME.part"; a NAME that is too long is cut and
 * hashed), with mode 0666 less the umask, locked with flock. The final name must be free, or that
 * of a regular file or of a link to one that is not a descriptor; the temporary name must be free,
 * or that of a regular file of the same user without a second name. The directory is not created.
 * NULL on failure: TRTC_EX_CANTCREAT; TRTC_EX_TEMPFAIL: another run holds it ("is being written by
 * another process"), or the disk is full. */
struct trtc_file *trtc_file_create(const char *path, struct trtc_err *err);

/* Returns the descriptor of this process that a path stands for, itself or as a link to it, such as
 * /dev/stderr and /dev/fd/3, open or not; -1: none. Needs /proc. */
int trtc_path_descriptor(const char *path);

/* Like trtc_file_create; *held: another run was in the way. A file that is never committed is a
 * claim to path, which ends with trtc_file_abort or with the process. */
struct trtc_file *trtc_file_claim(const char *path, bool *held, struct trtc_err *err);

/* Takes over the temporary file of path as a killed run left it, to be shortened and committed. 1:
 * done; 0, and *f is NULL: there is none, it belongs to another user or has a second name, or
 * another run holds it; -1: unknown (TRTC_EX_TEMPFAIL, TRTC_EX_IOERR). Unless the result is 1,
 * nothing has changed. */
int trtc_file_adopt(const char *path, struct trtc_file **f, struct trtc_err *err);

/* Removes a temporary file of the same user that no run holds and that has no second name. False:
 * it stays. *size: its bytes. */
bool trtc_file_remove_stale(const char *temp, int64_t *size);

/* The descriptor for writing and reading; owned by f. */
int trtc_file_fd(const struct trtc_file *f);
const char *trtc_file_path(const struct trtc_file *f);      /* final name */
const char *trtc_file_temp_path(const struct trtc_file *f); /* temporary name */

/* Changes the final name, in the same directory, before the commit. 0, or -1: the old name
 * stays. */
int trtc_file_retarget(struct trtc_file *f, const char *path, struct trtc_err *err);

/* Completes the file but leaves it unnamed: flushes it, and releases its descriptor and lock, so
 * that many files can wait for a common commit. The commit fails (TRTC_EX_TEMPFAIL) if another run
 * has taken over the temporary file meanwhile. Afterwards only commit, retarget and abort are
 * allowed. On failure the file is unchanged. */
int trtc_file_park(struct trtc_file *f, struct trtc_err *err);

/* Syncs the file, renames it to the final name (replacing an existing file) and syncs the
 * directory; sync false: renames only. Frees *f on success and on failure. On failure the temporary
 * file is removed unless it was adopted, and the final name is unchanged, with one exception: if
 * only the sync of the directory fails, the complete new file already has its name. */
int trtc_file_commit(struct trtc_file **f, bool sync, struct trtc_err *err);

/* Removes the temporary file and frees *f; NULL is allowed. */
void trtc_file_abort(struct trtc_file **f);
/* Frees *f but keeps the temporary file, to be adopted later; NULL is allowed. */
void trtc_file_leave(struct trtc_file **f);

/* Writes all bytes with write(2), handling EINTR, short writes and non-blocking descriptors. name
 * is for messages. 0, or -1: ENOSPC and EDQUOT give TRTC_EX_TEMPFAIL, other errors
 * TRTC_EX_IOERR. */
int trtc_write_all(int fd, const void *data, size_t n, const char *name, struct trtc_err *err);
/* Like trtc_write_all at an offset, with pwrite(2). */
int trtc_pwrite_all(int fd, struct trtc_bytes data, int64_t offset, const char *name,
                    struct trtc_err *err);

/* Like trtc_write_all, but returns 0, or errno. */
int trtc_write_errno(int fd, const void *data, size_t n);

/* Copies all of from, a regular file whose position does not matter, to to. The names are for
 * messages. 0, or -1: TRTC_EX_IOERR: it cannot be read; else as trtc_write_all. */
int trtc_copy_all(int from, const char *from_name, int to, const char *to_name,
                  struct trtc_err *err);

/* Reads fd to its end, or until there are more than max bytes (then *n is larger). The caller frees
 * *text; a NUL follows its *n bytes. 0, or errno; then *text is NULL. */
int trtc_read_errno(int fd, size_t max, char **text, size_t *n);

/* Reads up to n bytes from a place of an open file. Returns their number, 0 at its end, or -1 and
 * errno. A signal does not interrupt it. */
ssize_t trtc_read_at(int fd, void *buf, size_t n, int64_t at);

#define TRTC_TEMP_NAME_MAX 64 /* size with the NUL */

struct trtc_temp { /* a small file in a directory, complete but still without its final name */
    const char *prefix, *suffix; /* of the temporary name: PREFIX PID-NUMBER SUFFIX */
    uint64_t number;             /* the first number to be tried */
    char name[TRTC_TEMP_NAME_MAX];
    int fd; /* holds the lock */
};

/* Writes data to a new file in the directory dirfd, readable by its owner only, and flushes it to
 * disk. The file is locked as long as t->fd, which the caller closes, is open, so that
 * trtc_temp_sweep spares it until it has been renamed or linked. 0, or errno, and nothing is left
 * (EEXIST: a hundred names are taken). */
int trtc_temp_write(int dirfd, struct trtc_temp *t, struct trtc_bytes data);

/* Removes a temporary file that no process has locked. */
void trtc_temp_sweep(int dirfd, const char *name);

/* fsync(2), continued after signals. */
int trtc_fsync(int fd);

/* The same for a directory. Some file systems cannot sync one: that is no error. */
int trtc_sync_dir(int fd);

/* Passes the name of a new file or directory to the disk: syncs the directory above it.
 * TRTC_EX_IOERR. 0, or -1. */
int trtc_sync_name(const char *path, struct trtc_err *err);

/* flock for writing, without waiting; repeated after signals. */
int trtc_flock(int fd);

/* Returns the process that holds this lock, if its number is the text of the file, and it runs on
 * this machine; 0: unknown. */
pid_t trtc_flock_holder(int fd);

/* Like mkdir -p, with mode 0777 less the umask. TRTC_EX_CANTCREAT. 0, or -1. */
int trtc_mkdirs(const char *path, struct trtc_err *err);

#endif
