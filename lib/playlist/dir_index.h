/* SPDX-License-Identifier: MIT */
/* The files of a directory by their plain names, for playlists that name them differently. */
#ifndef TRTC_PLAYLIST_DIR_INDEX_H
#define TRTC_PLAYLIST_DIR_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_dir_entry {
    char *plain; /* its plain name (playlist/plain_name); may be name */
    char *name;  /* as it is called */
};

struct trtc_dir_index { /* zero-initialise, and set fd */
    int fd;             /* the directory, borrowed */
    /* to be read, once the directory has been: */
    struct trtc_dir_entry *entries; /* sorted by plain name; of several with the same, the one
                                       that really has it comes first, then by name */
    size_t n;
    bool read;
};

struct trtc_dir_found {
    const char *name; /* points to the uri that was asked for, or into the index */
    int64_t bytes;
};

/* Finds the file that uri means, with the checks of trtc_stat_beneath: uri itself where there is such a file,
 * else an entry of the directory whose plain name is the plain name of uri. Of several entries it takes the one
 * of want_bytes (-1: not known), else one that really has the plain name, else the first by name. Nothing
 * outside the directory is looked at, whatever uri says. Returns 0, or -1 and why uri itself cannot be used
 * (out->name is uri). */
int trtc_dir_find(struct trtc_dir_index *d, const char *uri, int64_t want_bytes,
                  struct trtc_dir_found *out, struct trtc_err *err);

/* Reads the directory unless that has been done. Returns 0, or -1: TRTC_EX_IOERR if it cannot be
 * read, TRTC_EX_TEMPFAIL for a shortage. */
int trtc_dir_read(struct trtc_dir_index *d, struct trtc_err *err);

/* The place of the first entry with this plain name; d->n: there is none. */
size_t trtc_dir_first(const struct trtc_dir_index *d, const char *plain);

/* Frees what was read. The descriptor stays the caller's, and stays in d. */
void trtc_dir_index_fini(struct trtc_dir_index *d);

#endif
