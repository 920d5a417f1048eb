/* SPDX-License-Identifier: MIT */
/* Shared by the files of api/api. */
#ifndef TRTC_API_API_PRIV_H
#define TRTC_API_API_PRIV_H

#include "api/api.h"

#define TRTC_API_PATH_MAX 320 /* size of a path in a message */

/* The field with that name, or NULL. */
const struct trtc_field *trtc_api_find(const struct trtc_field *fields, const char *name);

/* A description of an array's items. */
struct trtc_field trtc_api_item(const struct trtc_field *array);

/* Checks a value against a field, including members of objects and items of arrays. complete:
 * required members must be present. path: its place, for messages. TRTC_EX_DATAERR. 0, or -1. */
int trtc_api_check_value(const struct trtc_field *f, const struct cJSON *value, const char *path,
                         bool complete, struct trtc_err *err);

/* Checks a whole request against the table. 0, or -1. */
int trtc_api_check_table(const struct cJSON *request, enum trtc_action action,
                         struct trtc_err *err);

/* The path in fields that is most similar to path, written to out
 * ("MixLayoutParams.MixLayoutList[0].Top"). */
const char *trtc_api_nearest(const struct trtc_field *fields, const char *path,
                             char out[TRTC_API_PATH_MAX]);

/* "PATH.NAME", or the name alone if path is empty; truncated if too long. Written to out. */
const char *trtc_api_join(const char *path, const char *name, char out[TRTC_API_PATH_MAX]);

#endif
