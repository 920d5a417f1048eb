/* SPDX-License-Identifier: MIT */
/* The requests of the recording API (version 2019-07-22): what each field may hold, made from a
 * file, options and paths, checked before they are sent, shown without their secrets. Pure:
 * nothing is sent here. */
#ifndef TRTC_API_API_H
#define TRTC_API_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

struct cJSON;

enum trtc_action { TRTC_CREATE, TRTC_DESCRIBE, TRTC_MODIFY, TRTC_DELETE };

/* "CreateCloudRecording", ... */
const char *trtc_api_action(enum trtc_action action);

/* Replaces a secret wherever a request is shown or kept; never sent (trtc_api_check). */
#define TRTC_API_SECRET "***"

#define TRTC_API_INT_MAX (INT64_C(1) << 53) /* what JSON carries exactly; integers begin at 0 */

/* The field table: what a member may hold (reference: the API's fields). */
enum trtc_field_type {
    TRTC_FIELD_INTEGER,
    TRTC_FIELD_STRING,
    TRTC_FIELD_BOOLEAN,
    TRTC_FIELD_OBJECT,
    TRTC_FIELD_ARRAY
};

/* Of a string, or of the strings in an array. */
enum trtc_field_form {
    TRTC_FORM_ANY,
    TRTC_FORM_LINE,       /* no control characters */
    TRTC_FORM_WORD,       /* A-Za-z0-9_- */
    TRTC_FORM_COLOUR,     /* #RRGGBB */
    TRTC_FORM_COLOUR_HEX, /* 0xRRGGBB */
    TRTC_FORM_PICTURE     /* an address of the API's characters, .jpg, .jpeg or .png in it */
};

struct trtc_field {
    const char *name;
    enum trtc_field_type type;
    const struct trtc_field
        *members;              /* of an object, or of the objects in an array; NULL name ends */
    enum trtc_field_type item; /* of an array */
    enum trtc_field_form form;
    bool required, secret;
    int64_t min, max;     /* integers; strings: bytes; arrays: items. Equal: any */
    const char *values;   /* "1 2 3": the only ones; NULL: any */
    const char *fallback; /* the default, as JSON; NULL: none is documented */
    const char *example;  /* as JSON, for the skeleton */
    const char *only;     /* "domestic" or "international": where it is known; NULL: both */
    const char *aside;    /* why it is commented out in the skeleton ("instead of ..."); or NULL */
    const char *says;     /* what it means, one short line; values with their meaning */
};

/* All members that a request of this action may have, up to one without a name; valid for ever. */
const struct trtc_field *trtc_api_fields(enum trtc_action action);

/* Sets the member at path ("RecordParams.MaxIdleTime", "MixLayoutParams.MixLayoutList[0].UserId",
 * ".0" for "[0]"; the next free index adds an item): objects and arrays on the way are made; value
 * is taken as the field's type says (an object or array as JSON; null takes the member out, but for
 * strings). TRTC_EX_USAGE for a path that the action does not know (naming the nearest that it
 * does), TRTC_EX_DATAERR for a value that does not fit. */
int trtc_api_set(struct cJSON *request, enum trtc_action action, const char *path,
                 const char *value, struct trtc_err *err);

/* Lays over's members over base's, object by object (arrays and values are replaced, null takes the
 * member out). On failure (no memory) base has only a part of them. */
int trtc_api_overlay(struct cJSON *base, const struct cJSON *over, struct trtc_err *err);

/* Checks everything that can be checked before sending: unknown and missing members, types,
 * ranges, lengths, exclusive members (CloudStorage and CloudVod; allow and block lists), that
 * the robot is not among the subscribed users, that a numeric room fits RoomIdType, that windows
 * and marks lie inside the canvas. TRTC_EX_DATAERR with the field's path. No message holds a
 * secret. */
int trtc_api_check(const struct cJSON *request, enum trtc_action action, struct trtc_err *err);

/* The same for a StorageParams alone. */
int trtc_api_check_storage(const struct cJSON *params, struct trtc_err *err);

/* The same for a request to modify, and against the request that created the task (created; its
 * secrets are not looked at; NULL: not known): the canvas, the robot, and that there is a mix to
 * lay out. */
int trtc_api_check_modify(const struct cJSON *request, const struct cJSON *created,
                          struct trtc_err *err);

/* A copy in which every secret (UserSig, AccessKey, SecretKey, PrivateMapKey, RecorderKey, and what
 * signs requests: SecretId, Token; whatever their case, wherever they stand) is TRTC_API_SECRET.
 * NULL: no memory. */
struct cJSON *trtc_api_redacted(const struct cJSON *request);

/* True if a member that is secret by its name has a value, other than TRTC_API_SECRET. */
bool trtc_api_holds_secret(const struct cJSON *request);

/* True if that is the name of a secret. */
bool trtc_api_is_secret(const char *name);

/* Frees a request after wiping every text in it. NULL is fine. */
void trtc_api_forget(struct cJSON **request);

/* A complete request with every field, its meaning behind it, to out: JSON with // comments,
 * which trtc_api_read takes. Members that exclude others are commented out. TRTC_EX_IOERR. */
int trtc_api_skeleton(enum trtc_action action, FILE *out, struct trtc_err *err);

/* A request from text: strict JSON (base/json.h), but // comments to the end of a line are allowed,
 * and a comma before a closing bracket, since lines get commented out. An object; owner: the
 * caller. */
struct cJSON *trtc_api_read(const char *what, const char *text, size_t n, struct trtc_err *err);

#endif
