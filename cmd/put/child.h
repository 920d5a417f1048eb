/* SPDX-License-Identifier: MIT */
/* The program that receives the files. */
#ifndef TRTC_CMD_PUT_CHILD_H
#define TRTC_CMD_PUT_CHILD_H

#include <signal.h>

#include "base/err.h"
#include "storage/storage.h"

struct put_child {
    char *const *command;              /* argv, ending with NULL */
    const char *path;                  /* of the file, or of a copy of it */
    const volatile sig_atomic_t *stop; /* ends it when it becomes nonzero */
};

/* Runs the command with path and file->key as further arguments, without a shell, and waits for it.
 * Exit status 0: the file is there, and *proof has its size and CRC-64. Otherwise its exit status
 * becomes the code of the failure if it is one of sysexits(3), else TRTC_EX_UNAVAILABLE. 0, or
 * -1. */
int put_child(const struct put_child *c, const struct trtc_storage_file *file,
              struct trtc_storage_proof *proof, struct trtc_err *err);

/* Copies the open file to a directory of its own, under the last name in path. Returns its path,
 * which the caller frees with put_child_copy_free. NULL on failure. */
char *put_child_copy(int fd, const char *path, struct trtc_err *err);

/* Removes the copy, frees its path and clears the pointer; NULL is allowed. */
void put_child_copy_free(char **copy);

#endif
