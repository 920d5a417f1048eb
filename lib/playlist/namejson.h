/* SPDX-License-Identifier: MIT */
/* File names as NDJSON objects, both ways: what trtc_namejson_write writes, trtc_namejson_read reads back to a
 * name that is the same byte for byte. Text that is not UTF-8, or holds a NUL, stands in standard Base64 under its
 * key with "_b64" after it (user_b64, room_b64, task_b64, prefix_b64, name_b64). */
#ifndef TRTC_PLAYLIST_NAMEJSON_H
#define TRTC_PLAYLIST_NAMEJSON_H

#include <stddef.h>

#include "playlist/name.h"

/* Bytes enough for the object of a name of n bytes: every byte at most twice, as \u00XX. */
#define TRTC_NAMEJSON_MAX(n)     (12 * (n) + 512)
/* Bytes of scratch for reading an object of n bytes. */
#define TRTC_NAMEJSON_SCRATCH(n) (3 * (n) + 64)

/* Writes the object of the name s (n bytes), parsed as name, without a newline or NUL, and returns its length.
 * room_type as it was given to trtc_name_parse. scratch holds TRTC_B64_DECODED_MAX(n) bytes. */
size_t trtc_namejson_write(const struct trtc_name *name, const char *s, size_t n,
                           enum trtc_room_type room_type, char *out, unsigned char *scratch);

/* Reads one object of n bytes into the parts of a name; its spans point into scratch. Returns 0, or -1 with
 * TRTC_EX_DATAERR and a message that names the key: unknown, repeated, of the wrong type or out of range.
 * null counts as absent; mode and name are not looked at; utc and utc_ms must agree where both are given.
 * Whether the parts make a name is for trtc_name_check. */
int trtc_namejson_read(const char *json, size_t n, struct trtc_name *out, char *scratch,
                       struct trtc_err *err);

#endif
