/* SPDX-License-Identifier: MIT */
/* Names what an unexpected file is, in phrases for messages. */
#ifndef TRTC_PLAYLIST_CONTENT_H
#define TRTC_PLAYLIST_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#define TRTC_CONTENT_BYTES 64 /* bytes from a file's beginning that are enough */

/* A phrase for a file with these first n bytes that can follow "it is" ("compressed with gzip", "an
 * HTML page"); NULL: unknown. Static. Signatures: RFC 1952, RFC 8878, ISO/IEC 14496-12, and the
 * documents of the other formats. */
const char *trtc_content_name(const void *data, size_t n);

/* Whether these first n bytes look random, as those of an encrypted file do. */
bool trtc_content_is_even(const void *data, size_t n);

#endif
