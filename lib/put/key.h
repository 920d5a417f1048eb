/* SPDX-License-Identifier: MIT */
/* The key under which a file is put: what stands in front of all of them, and the file's path below a
 * root. Pure: no file is looked at. */
#ifndef TRTC_PUT_KEY_H
#define TRTC_PUT_KEY_H

#include <stdbool.h>

#include "base/err.h"

struct trtc_put_names {
    const char *root;   /* keys are paths below this directory; NULL: below the current one */
    const char *cwd;    /* the current directory, absolute */
    const char *prefix; /* stands before each key; NULL: nothing */
};

/* Puts part behind prefix, with a '/' between them unless there is one. prefix may be NULL. The result is to be freed.
 * TRTC_EX_USAGE where "." or ".." is a component, since stores and libraries take those away, or where there is
 * nothing in part. what names the option in the message. */
char *trtc_put_prefix(const char *what, const char *prefix, const char *part, struct trtc_err *err);

/* The key of a path, to be freed. "." and empty components of the path do not count. TRTC_EX_DATAERR where the path does
 * not lie below the root, or leads out of it by "..". */
char *trtc_put_key(const struct trtc_put_names *names, const char *path, struct trtc_err *err);

/* True if it is the name of a playlist: .m3u8 or .m3u, in any case. */
bool trtc_put_is_playlist(const char *path);

/* What the file is as a media type, by its name; NULL: not known. */
const char *trtc_put_mime(const char *path);

#endif
