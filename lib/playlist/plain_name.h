/* SPDX-License-Identifier: MIT */
/* Recovers the original name of a recording's file after tools have changed it: browsers and
 * download tools number copies, servers sign addresses, shells and forms encode characters. */
#ifndef TRTC_PLAYLIST_PLAIN_NAME_H
#define TRTC_PLAYLIST_PLAIN_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define TRTC_PLAIN_MAX      512 /* size of a plain name with its NUL; no file has a longer name */
#define TRTC_PLAIN_PATH_MAX 4096

/* Reduces a file name, a path of any system or a URL to a plain name: percent-decoded, without
 * directories, query and fragment. If the result is the name of a recording's file plus what tools
 * add ("(1)", " - Copy", " copy 2", ".m3u8.gz", ".ts.1", an extension in capitals, a blank instead
 * of the '+' of Base64), the additions are removed too. The name of a file of one user is also found
 * within other text, and so is that of a segment, by the time in it; a segment may also have another
 * extension of transport streams (".mp2t"), or none. False: the result is empty or too long. */
bool trtc_plain_name(const char *s, size_t n, char out[TRTC_PLAIN_MAX]);

/* Makes of an address the path that it has below some directory: with slashes, without what leads
 * elsewhere (the name of a scheme or drive, a root, ".."); unless as_is, without query and fragment, and
 * percent-decoded. False: it has no directory, or is too long. */
bool trtc_plain_path(const char *s, bool as_is, char out[TRTC_PLAIN_PATH_MAX]);

/* Whether a path is that of a playlist: it ends in .m3u8 or .m3u, in any case. */
bool trtc_is_playlist_name(const char *path);

#endif
