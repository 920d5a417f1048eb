/* SPDX-License-Identifier: MIT */
/* The key under which a file is put: a prefix for all files, and the file's path below a root. Pure
 * functions: no file is accessed. */
#ifndef TRTC_PUT_KEY_H
#define TRTC_PUT_KEY_H

#include <stdbool.h>

#include "base/err.h"

struct trtc_put_names {
    const char *root;   /* keys are paths below this directory; NULL: below the current directory */
    const char *cwd;    /* the current directory, absolute */
    const char *prefix; /* in front of each key; NULL: none */
};

/* Joins prefix and part, with a '/' between them unless there is one. prefix may be NULL. what
 * names the option in messages. The caller frees the result. TRTC_EX_USAGE: a component is "." or
 * "..", which stores and libraries would remove, or part is empty. NULL on failure. */
char *trtc_put_prefix(const char *what, const char *prefix, const char *part, struct trtc_err *err);

/* The key for a path; the caller frees it. "." and empty components of the path are ignored.
 * TRTC_EX_DATAERR: the path is not below the root, or leaves it through "..". NULL on failure. */
char *trtc_put_key(const struct trtc_put_names *names, const char *path, struct trtc_err *err);

/* The media type of a file by its name (static); NULL: unknown. */
const char *trtc_put_mime(const char *path);

#endif
