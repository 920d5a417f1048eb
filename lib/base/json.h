/* SPDX-License-Identifier: MIT */
/* JSON from outside, strictly: size, depth and number of values capped, duplicate keys, trailing
 * bytes, \u0000 and ill-formed UTF-8 refused; members are read with their type and range, and
 * unknown members are named. */
#ifndef TRTC_BASE_JSON_H
#define TRTC_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

#define TRTC_JSON_MAX_BYTES (10 << 20) /* the API's limit for a request */

/* Parses n bytes: a value that the caller owns (cJSON_Delete), or NULL with TRTC_EX_DATAERR and
 * a message that begins with what ("layout.json") and names the place (byte offset or key). */
struct cJSON *trtc_json_parse(const char *what, const char *text, size_t n, struct trtc_err *err);

/* Whether n bytes begin with a value in the form of RFC 8259, no deeper than cJSON goes; *pos is
 * where it ends, or where it goes wrong. If cJSON does not read such a value, memory was short. */
bool trtc_json_is(const char *text, size_t n, size_t *pos);

/* Reads a whole file, "-" for standard input (descriptor 0), and parses it. TRTC_EX_NOINPUT,
 * TRTC_EX_DATAERR. */
struct cJSON *trtc_json_read(const char *path, struct trtc_err *err);

/* Members of an object; path is its own place for messages ("MixLayoutList[3]"). Each returns 1 and
 * *out where the member is there, 0 where it is absent or null (*out untouched), -1 with
 * TRTC_EX_DATAERR where it is of the wrong type or out of range ("MixLayoutList[3].Alpha: 300 is
 * not within 0...255"). Integers must be whole. */
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

/* The first member of object whose key is not in known (NULL ends it); NULL: all are. */
const char *trtc_json_unknown(const struct cJSON *object, const char *const *known);

#endif
