/* SPDX-License-Identifier: MIT */
/* The name that a recording's file has had, whatever tools have made of it: browsers and downloaders
 * number copies, servers sign addresses, shells and forms encode. */
#ifndef TRTC_PLAYLIST_PLAIN_NAME_H
#define TRTC_PLAYLIST_PLAIN_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define TRTC_PLAIN_MAX 512 /* of a plain name, with its NUL; no file's name is longer */

/* What a file name, a path of any system or a URL comes down to: without directories, query and
 * fragment, percent-decoded. Where that is the name of a recording's file but for what tools add
 * ("(1)", " - Copy", " copy 2", ".m3u8.gz", ".ts.1", an extension in capitals, a blank for the '+' of
 * Base64), without these as well. False where nothing is left, or too much. */
bool trtc_plain_name(const char *s, size_t n, char out[TRTC_PLAIN_MAX]);

#endif
