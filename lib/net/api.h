/* SPDX-License-Identifier: MIT */
/* The requests of the recording API (version 2019-07-22): what each field may hold, made from a file, options and paths, checked
 * before they are sent, shown without their secrets. Pure: nothing is sent here. */
#ifndef TRTC_NET_API_H
#define TRTC_NET_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"

struct cJSON;

enum trtc_action { TRTC_CREATE, TRTC_DESCRIBE, TRTC_MODIFY, TRTC_DELETE };

/* "CreateCloudRecording", ... */
const char *trtc_api_action(enum trtc_action action);

/* The field table: what a member may hold (reference: the API's fields). */
enum trtc_field_type {
    TRTC_FIELD_INTEGER,
    TRTC_FIELD_STRING,
    TRTC_FIELD_BOOLEAN,
    TRTC_FIELD_OBJECT,
    TRTC_FIELD_ARRAY
};

struct trtc_field {
    const char *name;
    enum trtc_field_type type;
    const struct trtc_field
        *members;              /* of an object, or of the objects in an array; NULL name ends */
    enum trtc_field_type item; /* of an array */
    bool required, secret;
    int64_t min, max;     /* integers; strings: bytes; arrays: items. Equal: any */
    const char *values;   /* "1 2 3": the only ones; NULL: any */
    const char *fallback; /* the default, as JSON; NULL: none is documented */
    const char *example;  /* as JSON, for the skeleton */
    const char *says;     /* what it means, one short line */
};

const struct trtc_field *trtc_api_fields(enum trtc_action action);

/* Sets the member at path ("RecordParams.MaxIdleTime", "MixLayoutParams.MixLayoutList[0].UserId"): objects and arrays on the way
 * are made; value is taken as the field's type says (an object or array as JSON). TRTC_EX_USAGE for a path that the action does
 * not know (naming the nearest that it does), TRTC_EX_DATAERR for a value that does not fit. */
int trtc_api_set(struct cJSON *request, enum trtc_action action, const char *path,
                 const char *value, struct trtc_err *err);

/* Lays over's members over base's, object by object (arrays and values are replaced). */
int trtc_api_overlay(struct cJSON *base, const struct cJSON *over, struct trtc_err *err);

/* Checks everything that can be known before sending: unknown and missing members, types, ranges, lengths, exclusive members
 * (CloudStorage and CloudVod; allow and block lists), that the robot is not among the subscribed users, that a numeric room fits
 * RoomIdType, that windows and marks lie inside the canvas. TRTC_EX_DATAERR with the field's path. */
int trtc_api_check(const struct cJSON *request, enum trtc_action action, struct trtc_err *err);

/* A copy in which every secret (UserSig, AccessKey, SecretKey, PrivateMapKey, RecorderKey; whatever their case) is "***". NULL: no
 * memory. */
struct cJSON *trtc_api_redacted(const struct cJSON *request);

/* A complete request with every field, its meaning behind it, to out: JSON with // comments, which trtc_api_read takes. */
int trtc_api_skeleton(enum trtc_action action, FILE *out, struct trtc_err *err);

/* A request from text: strict JSON (core/json.h), but // comments to the end of a line are allowed. Owner: the caller. */
struct cJSON *trtc_api_read(const char *what, const char *text, size_t n, struct trtc_err *err);

#endif
