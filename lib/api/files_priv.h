/* SPDX-License-Identifier: MIT */
/* Shared by the files of api/files. */
#ifndef TRTC_API_FILES_PRIV_H
#define TRTC_API_FILES_PRIV_H

#include "api/files.h"
#include "playlist/name.h"

/* Appends DIRS/FILE (copied; dirs ends with '/' or is empty). The item is valid until the next one
 * is added. NULL: out of memory. */
struct trtc_listed *trtc_listing_add(struct trtc_listing *l, const char *dirs, const char *file);

/* The first item with that name, ignoring directories, or NULL. */
struct trtc_listed *trtc_listing_find(const struct trtc_listing *l, const char *file);

/* The part of name after the last '/'. */
const char *trtc_file_part(const char *name);

/* Adds user and track from a name if the item has none. 0, or -1: out of memory. */
int trtc_listed_describe(struct trtc_listed *item, const struct trtc_name *name);

#endif
