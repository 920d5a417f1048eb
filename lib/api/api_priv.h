/* SPDX-License-Identifier: MIT */
/* What the files of api/api share. */
#ifndef TRTC_API_API_PRIV_H
#define TRTC_API_API_PRIV_H

#include "api/api.h"

#define TRTC_API_PATH_MAX 320 /* bytes of a path in a message */

/* The field of that name, or NULL. */
const struct trtc_field *trtc_api_find(const struct trtc_field *fields, const char *name);

/* What an item of an array may hold. */
struct trtc_field trtc_api_item(const struct trtc_field *array);

/* Whether value fits the field, members of objects and items of arrays included; complete: what is
 * required must be there. path is its place for messages. TRTC_EX_DATAERR. */
int trtc_api_check_value(const struct trtc_field *f, const struct cJSON *value, const char *path,
                         bool complete, struct trtc_err *err);

/* All of a request by the table. */
int trtc_api_check_table(const struct cJSON *request, enum trtc_action action,
                         struct trtc_err *err);

/* The path among all of fields that is nearest to path ("MixLayoutParams.MixLayoutList[0].Top"). */
const char *trtc_api_nearest(const struct trtc_field *fields, const char *path,
                             char out[TRTC_API_PATH_MAX]);

/* "PATH.NAME", or the name alone where path is empty; cut where it is too long. */
const char *trtc_api_join(const char *path, const char *name, char out[TRTC_API_PATH_MAX]);

#endif
