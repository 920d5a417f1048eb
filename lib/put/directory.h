/* SPDX-License-Identifier: MIT */
/* A directory as a place: files appear in it complete, synced to disk and verified by reading them
 * back. */
#ifndef TRTC_PUT_DIRECTORY_H
#define TRTC_PUT_DIRECTORY_H

#include <signal.h>

#include "base/err.h"
#include "storage/storage.h"

struct trtc_put_dir; /* several threads may use one */

/* Opens the directory and creates it if necessary. TRTC_EX_CANTCREAT. stop (may be NULL): ends the
 * work when it becomes nonzero. NULL on failure. */
struct trtc_put_dir *trtc_put_dir_open(const char *path, const volatile sig_atomic_t *stop,
                                       struct trtc_err *err);
void trtc_put_dir_close(struct trtc_put_dir **d);

/* Puts file->fd there under file->key and creates the directories in the key. Nothing outside the
 * directory is ever written, and no link is followed. A file with that name is replaced at once
 * when the new file is complete, synced and verified. If the source changes meanwhile, it is copied
 * again. TRTC_EX_TEMPFAIL: a full disk, a file that keeps changing, a file that another process is
 * writing, or a stop; TRTC_EX_DATAERR: the file is already at its place; TRTC_EX_CANTCREAT;
 * TRTC_EX_IOERR. *proof as in trtc_storage_put. 0, or -1. */
int trtc_put_dir_put(struct trtc_put_dir *d, const struct trtc_storage_file *file,
                     struct trtc_storage_proof *proof, struct trtc_err *err);

/* Whether fd is the very file with that key in the directory. */
bool trtc_put_dir_is(const struct trtc_put_dir *d, const char *key, int fd);

/* Whether the directory has a regular file with that key. */
bool trtc_put_dir_has(const struct trtc_put_dir *d, const char *key);

#endif
