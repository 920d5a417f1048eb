/* SPDX-License-Identifier: MIT */
/* What the files of api/files share. */
#ifndef TRTC_API_FILES_PRIV_H
#define TRTC_API_FILES_PRIV_H

#include "api/files.h"
#include "playlist/name.h"

/* Appends DIRS/FILE (copied; dirs ends with '/' or is empty). The item is valid until the next is
 * added. NULL: no memory. */
struct trtc_listed *trtc_listing_add(struct trtc_listing *l, const char *dirs, const char *file);

/* The first item with that name behind its directories, or NULL. */
struct trtc_listed *trtc_listing_find(const struct trtc_listing *l, const char *file);

/* Behind the last '/'. */
const char *trtc_file_part(const char *name);

/* User and track of a name, where the item has none. 0, or -1: no memory. */
int trtc_listed_describe(struct trtc_listed *item, const struct trtc_name *name);

#endif
