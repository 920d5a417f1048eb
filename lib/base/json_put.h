/* SPDX-License-Identifier: MIT */
/* JSON that is built. When memory runs out, the object or array is freed and its pointer is NULL
 * from then on. All calls accept NULL, so that one check at the end is enough (cJSON_Print of
 * NULL is NULL too). */
#ifndef TRTC_BASE_JSON_PUT_H
#define TRTC_BASE_JSON_PUT_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

/* Takes value on success and on failure. A value of NULL means that there was no memory for it. */
void trtc_json_put(struct cJSON **object, const char *key, struct cJSON *value);
void trtc_json_push(struct cJSON **array, struct cJSON *value);

/* The same with a value that is made here. text, which is not NULL, is copied. */
void trtc_json_put_text(struct cJSON **object, const char *key, const char *text);
void trtc_json_put_number(struct cJSON **object, const char *key, double n);
void trtc_json_put_bool(struct cJSON **object, const char *key, bool yes);

/* Into an object that is somewhere in *root. */
void trtc_json_put_into(struct cJSON **root, struct cJSON *inner, const char *key,
                        struct cJSON *value);

/* In the place of the member that is there. */
void trtc_json_replace(struct cJSON **object, const char *key, struct cJSON *value);

/* The text of json, to be freed; NULL for NULL, and without memory. Strings may have come from file names, which are any
 * bytes: what is no UTF-8 in them is written as \\xHH, so that it is JSON. */
char *trtc_json_text(const struct cJSON *json, bool pretty);

/* The same on one line, with the newline behind it. */
char *trtc_json_line(const struct cJSON *json);

#endif
