/* SPDX-License-Identifier: MIT */
/* Reads JSON from outside strictly: size, depth and number of values are limited; duplicate keys,
 * trailing bytes, \u0000 and ill-formed UTF-8 are refused. Members are read with their type and
 * range, and unknown members are reported. */
#ifndef TRTC_BASE_JSON_H
#define TRTC_BASE_JSON_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct cJSON;

#define TRTC_JSON_MAX_BYTES (10 << 20) /* the API's limit for a request */

/* Parses n bytes. The caller deletes the value (cJSON_Delete). NULL: TRTC_EX_DATAERR with a message
 * that begins with what ("layout.json") and contains the place (byte offset or key); or
 * TRTC_EX_TEMPFAIL: out of memory. */
struct cJSON *trtc_json_parse(const char *what, const char *text, size_t n, struct trtc_err *err);

/* Whether n bytes begin with a value in the form of RFC 8259 that is no deeper than cJSON supports;
 * *pos: where it ends, or where it is wrong. If cJSON does not read such a value, memory ran
 * out. */
bool trtc_json_is(const char *text, size_t n, size_t *pos);

/* How an object ends that states a hash of what is in front of that (base/bytes.h). */
#define TRTC_JSON_CHECK       ",\"Check\":\"%016" PRIx64 "\"}"
#define TRTC_JSON_CHECK_BYTES (sizeof ",\"Check\":\"0123456789abcdef\"}" - 1)

/* Whether a line is as it was written: its hash is right, or it states none. */
bool trtc_json_is_whole(const char *line, size_t n);

/* Reads and parses a whole file; "-" is standard input (descriptor 0). NULL: as trtc_json_parse, or
 * it cannot be read: TRTC_EX_NOINPUT, changed by the reason as in trtc_fail_errno. */
struct cJSON *trtc_json_read(const char *path, struct trtc_err *err);

/* Read a member of an object; path is the object's place for messages ("MixLayoutList[3]"). 1: *out
 * is set; 0: it is absent or null (*out is unchanged); -1 with TRTC_EX_DATAERR: wrong type or range
 * ("MixLayoutList[3].Alpha: 300 is not within 0...255"). Integers must be whole, and within
 * 2^53. */
int trtc_json_int(const struct cJSON *object, const char *path, const char *key, int64_t min,
                  int64_t max, int64_t *out, struct trtc_err *err);
int trtc_json_bool(const struct cJSON *object, const char *path, const char *key, bool *out,
                   struct trtc_err *err);
/* *out points into the object. */
int trtc_json_string(const struct cJSON *object, const char *path, const char *key,
                     const char **out, struct trtc_err *err);
int trtc_json_object(const struct cJSON *object, const char *path, const char *key,
                     const struct cJSON **out, struct trtc_err *err);
int trtc_json_array(const struct cJSON *object, const char *path, const char *key,
                    const struct cJSON **out, struct trtc_err *err);

/* The first key of object that is not in known (which ends with NULL), or NULL. */
const char *trtc_json_unknown(const struct cJSON *object, const char *const *known);

#endif
