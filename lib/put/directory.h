/* SPDX-License-Identifier: MIT */
/* A directory as a place: files appear in it whole, are on disk, and were read back. */
#ifndef TRTC_PUT_DIRECTORY_H
#define TRTC_PUT_DIRECTORY_H

#include <signal.h>

#include "base/err.h"
#include "storage/storage.h"

struct trtc_put_dir; /* may be used by several threads at once */

/* Opens the directory, which is made where it is not there. TRTC_EX_CANTCREAT. stop (may be NULL): nonzero ends what goes
 * on. */
struct trtc_put_dir *trtc_put_dir_open(const char *path, const volatile sig_atomic_t *stop,
                                       struct trtc_err *err);
void trtc_put_dir_close(struct trtc_put_dir **d);

/* Puts file->fd there under file->key, whose directories are made; nothing outside of the directory is ever written to, and
 * no link is followed. What was there under that name is replaced, at once, when the new file is whole, synced and has been
 * read back. A file that is changed meanwhile is put again. TRTC_EX_TEMPFAIL for a full disk, a file that keeps changing, one
 * that another process is writing, and a stop; TRTC_EX_DATAERR if the file lies at its place already; TRTC_EX_CANTCREAT;
 * TRTC_EX_IOERR. *proof as trtc_storage_put has it. */
int trtc_put_dir_put(struct trtc_put_dir *d, const struct trtc_storage_file *file,
                     struct trtc_storage_proof *proof, struct trtc_err *err);

/* Whether the open file is the one that lies there under that key. */
bool trtc_put_dir_is(const struct trtc_put_dir *d, const char *key, int fd);

/* Whether a regular file of that key is there. */
bool trtc_put_dir_has(const struct trtc_put_dir *d, const char *key);

#endif
