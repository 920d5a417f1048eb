/* SPDX-License-Identifier: MIT */
/* The requests of the recording API (version 2019-07-22): what each field may hold. Requests are
 * made from a file, options and paths, checked before they are sent, and shown without their
 * secrets. Pure functions: nothing is sent here. */
#ifndef TRTC_API_API_H
#define TRTC_API_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

struct cJSON;

enum trtc_action { TRTC_CREATE, TRTC_DESCRIBE, TRTC_MODIFY, TRTC_DELETE };

/* The name of an action: "CreateCloudRecording", ... Static. */
const char *trtc_api_action(enum trtc_action action);

/* Replaces a secret wherever a request is shown or stored. It is never sent (trtc_api_check). */
#define TRTC_API_SECRET "***"

#define TRTC_API_INT_MAX \
    (INT64_C(1) << 53) /* the largest exact integer in JSON; the smallest is 0 */

/* The field table, which says what a member may hold (reference: the API's documentation). */
enum trtc_field_type {
    TRTC_FIELD_INTEGER,
    TRTC_FIELD_STRING,
    TRTC_FIELD_BOOLEAN,
    TRTC_FIELD_OBJECT,
    TRTC_FIELD_ARRAY
};

/* The form of a string, or of the strings in an array. */
enum trtc_field_form {
    TRTC_FORM_ANY,
    TRTC_FORM_LINE,       /* no control characters */
    TRTC_FORM_WORD,       /* A-Za-z0-9_- */
    TRTC_FORM_COLOUR,     /* #RRGGBB */
    TRTC_FORM_COLOUR_HEX, /* 0xRRGGBB */
    TRTC_FORM_PICTURE     /* an address with the characters that the API allows, containing .jpg,
                             .jpeg or .png */
};

struct trtc_field {
    const char *name;
    enum trtc_field_type type;
    const struct trtc_field *members; /* of an object, or of the objects in an array */
    enum trtc_field_type item;        /* type of the items of an array */
    enum trtc_field_form form;
    bool required, secret;
    int64_t min, max;     /* integer: its value; string: its bytes; array: its items. Equal: no
                             limit */
    const char *values;   /* the allowed values, such as "1 2 3"; NULL: any */
    const char *fallback; /* the default as JSON; NULL: none is documented */
    const char *example;  /* as JSON, for the skeleton */
    const char *only;     /* "domestic" or "international" if only one of them has it; NULL: both
                             have it */
    const char *aside;    /* why it is commented out in the skeleton ("instead of ..."), or NULL */
    const char *help;     /* its meaning in one short line, with the meaning of its values */
};

/* All members of this action's request, ending with one without a name. Static. */
const struct trtc_field *trtc_api_fields(enum trtc_action action);

/* Sets the member at path ("RecordParams.MaxIdleTime", "MixLayoutParams.MixLayoutList[0].UserId",
 * or ".0" for "[0]"; the next free index appends an item). Objects and arrays on the way are
 * created. value is interpreted by the field's type (an object or array as JSON; null removes the
 * member, unless it is a string). TRTC_EX_USAGE: the action has no such path (the message names the
 * nearest one); TRTC_EX_DATAERR: the value does not fit. 0, or -1. */
int trtc_api_set(struct cJSON *request, enum trtc_action action, const char *path,
                 const char *value, struct trtc_err *err);

/* Merges over into base, object by object: values and arrays are replaced, and null removes a
 * member. 0, or -1: out of memory; base then has only a part of them. */
int trtc_api_overlay(struct cJSON *base, const struct cJSON *over, struct trtc_err *err);

/* Checks everything that can be checked before sending: unknown and missing members, types, ranges,
 * lengths, members that exclude each other (CloudStorage and CloudVod; allow and block lists), that
 * the robot is not a subscribed user, that a numeric room agrees with RoomIdType, that windows and
 * marks are inside the canvas. TRTC_EX_DATAERR with the field's path. No message contains a secret.
 * 0, or -1. */
int trtc_api_check(const struct cJSON *request, enum trtc_action action, struct trtc_err *err);

/* Returns the first member that the action requires and the request lacks, if those that it has are
 * right; else NULL. Static. */
const struct trtc_field *trtc_api_missing(const struct cJSON *request, enum trtc_action action);

/* Like trtc_api_check, for a StorageParams object alone. */
int trtc_api_check_storage(const struct cJSON *params, struct trtc_err *err);

/* Like trtc_api_check, for a request to modify a task. created is the request that created the
 * task, or NULL if unknown; its secrets are ignored. Checks the canvas and the robot against it,
 * and that the task has a mix to lay out. */
int trtc_api_check_modify(const struct cJSON *request, const struct cJSON *created,
                          struct trtc_err *err);

/* A copy in which every secret (UserSig, AccessKey, SecretKey, PrivateMapKey, RecorderKey, and the
 * SecretId and Token that sign requests; in any case, at any depth) is TRTC_API_SECRET. The caller
 * deletes it. NULL: out of memory. */
struct cJSON *trtc_api_redacted(const struct cJSON *request);

/* Whether a member with the name of a secret has a value other than TRTC_API_SECRET. */
bool trtc_api_holds_secret(const struct cJSON *request);

/* Whether name is that of a secret. */
bool trtc_api_is_secret(const char *name);

/* Overwrites every text in a request, frees it and clears the pointer; NULL is allowed. */
void trtc_api_forget(struct cJSON **request);

/* Prints a complete request with every field and its meaning: JSON with // comments, which
 * trtc_api_read accepts. Members that exclude others are commented out. TRTC_EX_IOERR. 0, or -1. */
int trtc_api_skeleton(enum trtc_action action, FILE *out, struct trtc_err *err);

/* Reads a request: strict JSON (base/json.h), but with // comments and with commas before closing
 * brackets, since lines get commented out. what: its name for messages. The caller deletes the
 * object. NULL on failure. */
struct cJSON *trtc_api_read(const char *what, const char *text, size_t n, struct trtc_err *err);

#endif
