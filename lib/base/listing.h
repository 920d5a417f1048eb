/* SPDX-License-Identifier: MIT */
/* Names of files: those in a directory, and other lists of them. */
#ifndef TRTC_BASE_LISTING_H
#define TRTC_BASE_LISTING_H

#include <dirent.h>
#include <stddef.h>

#include "base/err.h"

struct trtc_names { /* zero-initialise */
    char **v;
    size_t n;
};

/* Adds a copy of s. 0, or -1: no memory. */
int trtc_names_add(struct trtc_names *l, const char *s);

/* Sorts by bytes. */
void trtc_names_sort(struct trtc_names *l);

/* Frees the names; the list is empty afterwards. */
void trtc_names_fini(struct trtc_names *l);

/* Adds the names of all entries that d, which stays open, has yet to give. dir: as the directory
 * stands in messages. 0, or -1: TRTC_EX_IOERR where it cannot be read, a shortage of the machine. */
int trtc_list_rest(DIR *d, const char *dir, struct trtc_names *out, struct trtc_err *err);

/* Adds the names of all entries of the directory that is open as dirfd ("." and ".." as well), in no
 * order. The position of dirfd stays as it is. 0, or -1: TRTC_EX_NOINPUT where it cannot be opened
 * again; else as above. */
int trtc_list_dir(int dirfd, const char *dir, struct trtc_names *out, struct trtc_err *err);

#endif
