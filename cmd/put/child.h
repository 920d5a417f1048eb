/* SPDX-License-Identifier: MIT */
/* The program that files are handed to. */
#ifndef TRTC_CMD_PUT_CHILD_H
#define TRTC_CMD_PUT_CHILD_H

#include <signal.h>

#include "base/err.h"
#include "storage/storage.h"

/* Runs command (argv, NULL at its end) with file->path and file->key behind it, without a shell, and waits for it. Exit
 * status 0: the file is there, and *proof has its size and CRC-64; its exit status, where it is one of sysexits(3), else
 * TRTC_EX_UNAVAILABLE, is that of the failure. *stop nonzero ends it. */
int put_child(char *const command[], const struct trtc_storage_file *file,
              const volatile sig_atomic_t *stop, struct trtc_storage_proof *proof,
              struct trtc_err *err);

#endif
