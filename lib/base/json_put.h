/* SPDX-License-Identifier: MIT */
/* Builds JSON. When memory runs out, the object or array is freed and its pointer becomes NULL. All
 * calls accept NULL, so that one check at the end is enough (cJSON_Print of NULL is NULL too). */
#ifndef TRTC_BASE_JSON_PUT_H
#define TRTC_BASE_JSON_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

/* Adds value, of which it takes ownership on success and on failure. value NULL: out of memory. */
void trtc_json_put(struct cJSON **object, const char *key, struct cJSON *value);
void trtc_json_push(struct cJSON **array, struct cJSON *value);

/* The same with a value that is created here. text, which must not be NULL, is copied. */
void trtc_json_put_text(struct cJSON **object, const char *key, const char *text);
void trtc_json_put_number(struct cJSON **object, const char *key, double n);
void trtc_json_put_bool(struct cJSON **object, const char *key, bool yes);

/* Adds the id of a user, of n bytes, as "user" or, if it is not UTF-8 or has a NUL, in standard Base64 as
 * "user_b64". */
void trtc_json_put_user(struct cJSON **object, const char *id, size_t n);

/* Adds to an object somewhere in *root. */
void trtc_json_put_into(struct cJSON **root, struct cJSON *inner, const char *key,
                        struct cJSON *value);

/* Replaces an existing member. */
void trtc_json_replace(struct cJSON **object, const char *key, struct cJSON *value);

/* The text of json; the caller frees it. NULL for NULL, or out of memory. Strings may come from
 * file names, which can contain any bytes: bytes that are not UTF-8 become \xHH, so that the
 * result is valid JSON. */
char *trtc_json_text(const struct cJSON *json, bool pretty);

/* The same on one line, with the newline behind it. */
char *trtc_json_line(const struct cJSON *json);

/* The same of an object that is not empty, with a hash of the line as its last member, Check: see
 * trtc_json_is_whole. */
char *trtc_json_checked_line(const struct cJSON *object);

#endif
