/* SPDX-License-Identifier: MIT */
/* The original name of a recording's file after tools have changed it: browsers and downloaders
 * number copies, servers sign addresses, shells and forms encode. */
#ifndef TRTC_PLAYLIST_PLAIN_NAME_H
#define TRTC_PLAYLIST_PLAIN_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define TRTC_PLAIN_MAX 512 /* of a plain name, with its NUL; no file's name is longer */

/* Reduces a file name, a path of any system or a URL: without directories, query and fragment,
 * percent-decoded. If that is the name of a recording's file apart from what tools add ("(1)", "
 * - Copy", " copy 2", ".m3u8.gz", ".ts.1", an extension in capitals, a blank for the '+' of
 * Base64), without these as well. Returns false if nothing is left, or too much. */
bool trtc_plain_name(const char *s, size_t n, char out[TRTC_PLAIN_MAX]);

#endif
