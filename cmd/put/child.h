/* SPDX-License-Identifier: MIT */
/* The program that files are handed to. */
#ifndef TRTC_CMD_PUT_CHILD_H
#define TRTC_CMD_PUT_CHILD_H

#include <signal.h>

#include "base/err.h"
#include "storage/storage.h"

struct put_child {
    char *const *command;              /* argv, NULL at its end */
    const char *path;                  /* of the file, or of a copy of it */
    const volatile sig_atomic_t *stop; /* nonzero ends it */
};

/* Runs the command with path and file->key behind it, without a shell, and waits for it. Exit status 0: the file is there, and
 * *proof has its size and CRC-64; its exit status, where it is one of sysexits(3), else TRTC_EX_UNAVAILABLE, is that of the
 * failure. */
int put_child(const struct put_child *c, const struct trtc_storage_file *file,
              struct trtc_storage_proof *proof, struct trtc_err *err);

/* A copy of the open file under path's last name, in a directory of its own: its path, to be freed; NULL on failure. */
char *put_child_copy(int fd, const char *path, struct trtc_err *err);

/* Removes it and frees the path. NULL is fine. */
void put_child_copy_free(char **copy);

#endif
