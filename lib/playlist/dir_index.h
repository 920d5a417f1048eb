/* SPDX-License-Identifier: MIT */
/* Finds the files of a directory by their plain names, for playlists that spell them
 * differently. */
#ifndef TRTC_PLAYLIST_DIR_INDEX_H
#define TRTC_PLAYLIST_DIR_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/listing.h"

struct trtc_dir_entry {
    char *plain; /* its plain name (playlist/plain_name); may be the same as name */
    char *name;  /* its name in the directory */
};

struct trtc_dir_index { /* start with all zeros, and set fd */
    int fd;             /* the directory, borrowed */
    bool any_case;      /* also find files of users whose whole names a tool has put in small or in
                           capital letters, or whose '+' it has made '_' */
    /* valid once the directory has been read: */
    struct trtc_dir_entry *entries;  /* sorted by plain name; of several with the same plain name
                                       the file that really has it comes first, the others by
                                       name */
    struct trtc_dir_entry **mangled; /* those with names of no user's file, by folded plain name */
    size_t n, nb_mangled;
    bool read;
    struct trtc_names spelt; /* names that were found by decoding a uri */
};

struct trtc_dir_found {
    const char *name; /* points to the uri given, or into the index */
    int64_t bytes;
};

/* Finds the file that uri means, with the checks of trtc_stat_beneath: the file named uri if there
 * is one, or else the one that it names when it is decoded and has no query, or else an entry of the
 * directory with the same plain name as uri. Of several entries it takes the one with want_bytes
 * bytes (-1: unknown), else one that is not empty, else one that really has the plain name, else the
 * first by name; such an entry is also taken if the file named uri is empty, or has another size.
 * With any_case, the only entry whose name differs in case, or in '_' for '+', is taken. The last
 * that is tried is a file in a directory below whose path ends uri's. Nothing outside the directory
 * is accessed, whatever uri is. 0, or -1 with the reason why uri itself cannot be used; out->name is
 * uri then. */
int trtc_dir_find(struct trtc_dir_index *d, const char *uri, int64_t want_bytes,
                  struct trtc_dir_found *out, struct trtc_err *err);

/* Reads the directory unless it has already been read. 0, or -1: TRTC_EX_IOERR if it cannot be
 * read, TRTC_EX_TEMPFAIL for a shortage. */
int trtc_dir_read(struct trtc_dir_index *d, struct trtc_err *err);

/* The index of the first entry with this plain name; d->n: there is none. */
size_t trtc_dir_first(const struct trtc_dir_index *d, const char *plain);

/* Frees the contents except fd, which remains the caller's. */
void trtc_dir_index_fini(struct trtc_dir_index *d);

#endif
