/* SPDX-License-Identifier: MIT */
/* File names as NDJSON objects, in both directions: trtc_namejson_read turns the output of
 * trtc_namejson_write into the same name, byte for byte. Text that is not UTF-8, or contains a NUL,
 * is written in standard Base64 under its key with "_b64" appended (user_b64, room_b64, task_b64,
 * prefix_b64, name_b64). */
#ifndef TRTC_PLAYLIST_NAMEJSON_H
#define TRTC_PLAYLIST_NAMEJSON_H

#include <stddef.h>

#include "playlist/name.h"

/* A sufficient size for the object of a name of n bytes: every byte at most twice, as \u00XX. */
#define TRTC_NAMEJSON_MAX(n)     (12 * (n) + 512)
/* The size of the scratch for reading an object of n bytes. */
#define TRTC_NAMEJSON_SCRATCH(n) (3 * (n) + 64)

/* Writes the object of the name s (n bytes), parsed as name, without a newline or NUL, and returns
 * its length. room_type is the one given to trtc_name_parse. scratch has TRTC_B64_DECODED_MAX(n)
 * bytes. */
size_t trtc_namejson_write(const struct trtc_name *name, const char *s, size_t n,
                           enum trtc_room_type room_type, char *out, unsigned char *scratch);

/* Reads an object of n bytes into the parts of a name, whose spans point into scratch. null counts
 * as absent; mode and name are ignored; utc and utc_ms must agree if both are given.
 * trtc_name_check checks the parts. 0, or -1 with TRTC_EX_DATAERR and a message with the key:
 * unknown, repeated, of the wrong type, or out of range. */
int trtc_namejson_read(const char *json, size_t n, struct trtc_name *out, char *scratch,
                       struct trtc_err *err);

#endif
