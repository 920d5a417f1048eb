/* SPDX-License-Identifier: MIT */
/* Finds the files that a playlist names. */
#ifndef TRTC_PUT_NAMED_H
#define TRTC_PUT_NAMED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/listing.h"

/* Adds the names in a playlist's text of n bytes, unchanged; consecutive repetitions are added
 * once. These are segments, headers (EXT-X-MAP), keys (EXT-X-KEY) and other playlists. Names that
 * are not files below the playlist's directory are left out: addresses, absolute names, those with
 * "..". *ended: it has EXT-X-ENDLIST. 0, or -1: out of memory. */
int trtc_put_named(const char *text, size_t n, struct trtc_names *out, bool *ended,
                   struct trtc_err *err);

#endif
