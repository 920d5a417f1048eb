/* SPDX-License-Identifier: MIT */
/* The checks of parameters: the field table finds members that are unknown, of the wrong type or
 * missing; the rules of api/api check the values, and supply the messages. */
#include "service/params.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define PATH_MAX_BYTES 320
#define CODE_TYPE      "InvalidParameter"
#define CODE_RANGE     "InvalidParameter.OutOfRange"
#define CODE_APP       "InvalidParameter.SdkAppId"
#define CODE_METHOD    "FailedOperation.CRUnsupportMethod"

int trtc_fault_set(struct trtc_fault *fault, const char *code, const char *fmt, ...)
{
    va_list ap;
    fault->code = code;
    va_start(ap, fmt);
    vsnprintf(fault->message, sizeof fault->message, fmt, ap);
    va_end(ap);
    return -1;
}

void trtc_params_strip(struct cJSON *request)
{
    cJSON *next;
    for (cJSON *m = request ? request->child : NULL; m; m = next) {
        next = m->next;
        if (cJSON_IsNull(m))
            cJSON_Delete(cJSON_DetachItemViaPointer(request, m));
        else
            trtc_params_strip(m);
    }
}

/* Returns the documented error code for a missing member. */
static const char *missing_code(const char *name)
{
    static const char *const codes[] = {
        "MissingParameter.AccessKey",    "MissingParameter.Bucket",
        "MissingParameter.CloudStorage", "MissingParameter.RecordMode",
        "MissingParameter.RecordParams", "MissingParameter.Region",
        "MissingParameter.RoomId",       "MissingParameter.SdkAppId",
        "MissingParameter.SecretKey",    "MissingParameter.StorageParams",
        "MissingParameter.StreamType",   "MissingParameter.TaskId",
        "MissingParameter.UserId",       "MissingParameter.UserSig",
        "MissingParameter.Vendor",
    };
    const size_t start = sizeof "MissingParameter." - 1;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(codes[i] + start, name) == 0)
            return codes[i];
    return "MissingParameter";
}

static bool is_type(enum trtc_field_type type, const cJSON *value)
{
    switch (type) {
    case TRTC_FIELD_INTEGER:
        return cJSON_IsNumber(value) && value->valuedouble >= -(double)TRTC_API_INT_MAX &&
               value->valuedouble <= (double)TRTC_API_INT_MAX &&
               value->valuedouble == (double)(int64_t)value->valuedouble;
    case TRTC_FIELD_STRING:
        return cJSON_IsString(value);
    case TRTC_FIELD_BOOLEAN:
        return cJSON_IsBool(value);
    case TRTC_FIELD_OBJECT:
        return cJSON_IsObject(value);
    case TRTC_FIELD_ARRAY:
        return cJSON_IsArray(value);
    }
    return false;
}

static const char *type_words(enum trtc_field_type type)
{
    static const char *const words[] = { [TRTC_FIELD_INTEGER] = "a whole number",
                                         [TRTC_FIELD_STRING] = "a string",
                                         [TRTC_FIELD_BOOLEAN] = "true or false",
                                         [TRTC_FIELD_OBJECT] = "an object",
                                         [TRTC_FIELD_ARRAY] = "an array" };
    return words[type];
}

static const struct trtc_field *find(const struct trtc_field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

static int check_members(const struct trtc_field *fields, const cJSON *object, const char *path,
                         struct trtc_fault *fault);

static int check_value(const struct trtc_field *f, const cJSON *value, const char *path,
                       struct trtc_fault *fault)
{
    if (!is_type(f->type, value))
        return trtc_fault_set(fault, strcmp(path, "SdkAppId") == 0 ? CODE_APP : CODE_TYPE,
                              "%s: must be %s", path, type_words(f->type));
    if (f->type == TRTC_FIELD_OBJECT)
        return check_members(f->members, value, path, fault);
    if (f->type != TRTC_FIELD_ARRAY)
        return 0;
    const struct trtc_field item = { .name = f->name, .type = f->item, .members = f->members };
    const cJSON *one;
    int i = 0;
    cJSON_ArrayForEach(one, value)
    {
        char at[PATH_MAX_BYTES];
        snprintf(at, sizeof at, "%.*s[%d]", PATH_MAX_BYTES - 16, path, i++);
        if (check_value(&item, one, at, fault) < 0)
            return -1;
    }
    return 0;
}

static int unknown(const char *at, struct trtc_fault *fault)
{
    char shown[PATH_MAX_BYTES];
    return trtc_fault_set(fault, "UnknownParameter", "%s: there is no such parameter",
                          trtc_text_show(at, strlen(at), shown, sizeof shown));
}

static int check_members(const struct trtc_field *fields, const cJSON *object, const char *path,
                         struct trtc_fault *fault)
{
    char at[PATH_MAX_BYTES];
    const cJSON *member;
    cJSON_ArrayForEach(member, object)
    {
        const struct trtc_field *f = find(fields, member->string);
        snprintf(at, sizeof at, "%.*s%s%.*s", PATH_MAX_BYTES - 70, path, *path ? "." : "", 64,
                 member->string);
        if (!f)
            return unknown(at, fault);
        if (check_value(f, member, at, fault) < 0)
            return -1;
    }
    for (; fields->name; fields++)
        if (fields->required && !cJSON_GetObjectItemCaseSensitive(object, fields->name))
            return trtc_fault_set(fault, missing_code(fields->name), "%s%s%s is missing", path,
                                  *path ? "." : "", fields->name);
    return 0;
}

/* ---- combinations that have error codes of their own ---- */

static const cJSON *in(const cJSON *object, const char *name)
{
    return object ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

static int check_storage(const cJSON *request, struct trtc_fault *fault)
{
    const cJSON *params = in(request, "StorageParams");
    const bool bucket = in(params, "CloudStorage"), vod = in(params, "CloudVod");
    if (bucket && vod)
        return trtc_fault_set(fault, "FailedOperation",
                              "StorageParams: either CloudStorage or CloudVod, not both");
    if (!bucket && !vod)
        return trtc_fault_set(fault, "MissingParameter.CloudStorage",
                              "StorageParams: one of CloudStorage and CloudVod is needed");
    return 0;
}

static int check_mixed_only(const cJSON *request, const cJSON *created, struct trtc_fault *fault)
{
    static const char *const names[] = { "MixLayoutParams", "MixTranscodeParams" };
    const cJSON *mode = in(in(created, "RecordParams"), "RecordMode");
    for (size_t i = 0; cJSON_IsNumber(mode) && mode->valuedouble == 1 && i < 2; i++)
        if (in(request, names[i]))
            return trtc_fault_set(fault, CODE_METHOD,
                                  "%s: this task records single streams (RecordMode 1)", names[i]);
    return 0;
}

/* Turns an error of lib/api into a fault: its message, with the remaining code. */
static int refuse(const struct trtc_err *err, struct trtc_fault *fault)
{
    if (err->code == TRTC_EX_TEMPFAIL)
        return trtc_fault_set(fault, "InternalError", "out of memory");
    return trtc_fault_set(fault, strncmp(err->msg, "SdkAppId:", 9) == 0 ? CODE_APP : CODE_RANGE,
                          "%s", err->msg);
}

int trtc_params_check(const struct cJSON *request, enum trtc_action action,
                      struct trtc_fault *fault)
{
    struct trtc_err err;
    if (check_members(trtc_api_fields(action), request, "", fault) < 0)
        return -1;
    if (action == TRTC_CREATE &&
        (check_storage(request, fault) < 0 || check_mixed_only(request, request, fault) < 0))
        return -1;
    return trtc_api_check(request, action, &err) < 0 ? refuse(&err, fault) : 0;
}

int trtc_params_check_modify(const struct cJSON *request, const struct cJSON *created,
                             struct trtc_fault *fault)
{
    struct trtc_err err;
    if (check_mixed_only(request, created, fault) < 0)
        return -1;
    return trtc_api_check_modify(request, created, &err) < 0 ? refuse(&err, fault) : 0;
}
