/* SPDX-License-Identifier: MIT */
/* The files that a playlist names. */
#ifndef TRTC_PUT_NAMED_H
#define TRTC_PUT_NAMED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/listing.h"

/* Adds what the n bytes of a playlist's text name, each once in a row, as it stands: segments, headers (EXT-X-MAP), keys
 * (EXT-X-KEY), other playlists. Left out is what is no file below the playlist's directory: addresses, absolute
 * names, those with "..". *ended: it has its end (EXT-X-ENDLIST). 0, or -1: no memory. */
int trtc_put_named(const char *text, size_t n, struct trtc_names *out, bool *ended,
                   struct trtc_err *err);

#endif
