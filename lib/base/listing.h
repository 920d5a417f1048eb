/* SPDX-License-Identifier: MIT */
/* Lists of file names, such as those in a directory. */
#ifndef TRTC_BASE_LISTING_H
#define TRTC_BASE_LISTING_H

#include <dirent.h>
#include <stddef.h>

#include "base/err.h"

struct trtc_names { /* start with all zeros */
    char **v;
    size_t n;
};

/* Adds a copy of s. 0, or -1: out of memory. */
int trtc_names_add(struct trtc_names *l, const char *s);

/* Sorts by bytes. */
void trtc_names_sort(struct trtc_names *l);

/* Frees the names; the list is empty afterwards. */
void trtc_names_fini(struct trtc_names *l);

/* Adds the names of all entries that d, which stays open, has not returned yet. dir: the
 * directory's name in messages. 0, or -1: TRTC_EX_IOERR: it cannot be read; or a shortage of the
 * machine. */
int trtc_list_rest(DIR *d, const char *dir, struct trtc_names *out, struct trtc_err *err);

/* Adds the names of all entries of the directory dirfd ("." and ".." too), unsorted. The position
 * of dirfd does not change. 0, or -1: TRTC_EX_NOINPUT: it cannot be opened again; else as above. */
int trtc_list_dir(int dirfd, const char *dir, struct trtc_names *out, struct trtc_err *err);

#endif
