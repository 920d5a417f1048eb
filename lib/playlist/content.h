/* SPDX-License-Identifier: MIT */
/* What a file is that is not what it should be: phrases for messages. */
#ifndef TRTC_PLAYLIST_CONTENT_H
#define TRTC_PLAYLIST_CONTENT_H

#include <stddef.h>

#define TRTC_CONTENT_BYTES 64 /* of a file's beginning that are enough to know it */

/* The first n bytes of it as a phrase that follows "it is" ("compressed with gzip", "an HTML
 * page"), or NULL where they say nothing. Signatures: RFC 1952, RFC 8878, ISO/IEC 14496-12, and
 * those of the formats' own documents. */
const char *trtc_content_name(const void *data, size_t n);

#endif
