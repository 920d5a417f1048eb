/* SPDX-License-Identifier: MIT */
/* Whether a request may be sent: checks each member against the field table. Rules between members
 * are in api_rules.c. */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"
#include "base/text.h"

#define SHOWN_MAX 96

static const char *type_name(const cJSON *value)
{
    return cJSON_IsString(value)   ? "a string"
           : cJSON_IsNumber(value) ? "a number"
           : cJSON_IsBool(value)   ? "a boolean"
           : cJSON_IsArray(value)  ? "an array"
           : cJSON_IsObject(value) ? "an object"
                                   : "null";
}

static const struct {
    const char *name;
    cJSON_bool (*is)(const cJSON *);
} types[] = {
    [TRTC_FIELD_INTEGER] = { "a whole number", cJSON_IsNumber },
    [TRTC_FIELD_STRING] = { "a string", cJSON_IsString },
    [TRTC_FIELD_BOOLEAN] = { "true or false", cJSON_IsBool },
    [TRTC_FIELD_OBJECT] = { "an object", cJSON_IsObject },
    [TRTC_FIELD_ARRAY] = { "an array", cJSON_IsArray },
};

struct trtc_field trtc_api_item(const struct trtc_field *array)
{
    return (struct trtc_field){ .name = array->name,
                                .type = array->item,
                                .members = array->members,
                                .form = array->form,
                                .min = 1, /* no empty ids or names */
                                .max = TRTC_API_INT_MAX };
}

/* Whether word is one of the words in values. */
static bool is_value(const char *values, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = values; n && !strchr(word, ' ') && (p = strstr(p, word)); p++)
        if ((p == values || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

/* ---- strings ---- */

static bool all_of(const char *s, const char *others)
{
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr(others, *s))
            return false;
    return true;
}

static bool is_line(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return false;
    return true;
}

static bool is_colour(const char *s, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(s, prefix, n) == 0 && strlen(s + n) == 6 &&
           strspn(s + n, "0123456789abcdefABCDEF") == 6;
}

/* The rules for picture addresses in the API's documentation: allowed characters, and an
 * extension. */
static bool is_picture(const char *s)
{
    static const char *const extensions[] = { ".jpg", ".jpeg", ".png" };
    if (!all_of(s, "-._~:/?#[]@!&()*+,%="))
        return false;
    for (; *s; s++)
        for (size_t i = 0; *s == '.' && i < sizeof extensions / sizeof extensions[0]; i++) {
            size_t n = 0;
            while (extensions[i][n] && tolower((unsigned char)s[n]) == extensions[i][n])
                n++;
            if (!extensions[i][n])
                return true;
        }
    return false;
}

/* Returns what a string should be, for messages; NULL: it has the right form. */
static const char *form_fault(enum trtc_field_form form, const char *s)
{
    switch (form) {
    case TRTC_FORM_ANY:
        break;
    case TRTC_FORM_LINE:
        return is_line(s) ? NULL : "without control characters";
    case TRTC_FORM_WORD:
        return all_of(s, "_-") ? NULL : "of A-Z a-z 0-9 _ - only";
    case TRTC_FORM_COLOUR:
        return is_colour(s, "#") ? NULL : "#RRGGBB";
    case TRTC_FORM_COLOUR_HEX:
        return is_colour(s, "0x") ? NULL : "0xRRGGBB";
    case TRTC_FORM_PICTURE:
        return is_picture(s) ? NULL
                             : "an address with .jpg, .jpeg or .png in it, of A-Z a-z 0-9 "
                               "- . _ ~ : / ? # [ ] @ ! & ( ) * + , % = only";
    }
    return NULL;
}

static int check_string(const struct trtc_field *f, const char *s, const char *path,
                        struct trtc_err *err)
{
    size_t n = strlen(s);
    char shown[SHOWN_MAX] = "it";
    bool ranged = f->min != f->max;
    if (f->secret && strcmp(s, TRTC_API_SECRET) == 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %s is a placeholder: give the secret itself",
                         path, s);
    if (ranged && f->min > 0 && n == 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: empty", path);
    if (ranged && ((int64_t)n < f->min || (int64_t)n > f->max))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %zu bytes, and %lld...%lld are allowed", path,
                         n, (long long)f->min, (long long)f->max);
    if (!f->secret)
        trtc_text_show(s, n, shown, sizeof shown);
    if (f->values && !is_value(f->values, s))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: '%s' is not one of %s", path, shown, f->values);
    const char *fault = n ? form_fault(f->form, s) : NULL;
    if (fault)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: '%s' is not %s", path, shown, fault);
    return 0;
}

/* ---- numbers ---- */

static int check_int(const struct trtc_field *f, double value, const char *path,
                     struct trtc_err *err)
{
    char word[32];
    int64_t min = f->min, max = f->max;
    if (min == max) {
        min = 0;
        max = TRTC_API_INT_MAX;
    }
    if (!(value >= -(double)TRTC_API_INT_MAX && value <= (double)TRTC_API_INT_MAX) ||
        value < (double)min || value > (double)max)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %.16g is not within %lld...%lld", path, value,
                         (long long)min, (long long)max);
    if (value != (double)(int64_t)value)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %.16g is not a whole number", path, value);
    snprintf(word, sizeof word, "%lld", (long long)value);
    if (f->values && !is_value(f->values, word))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %s is not one of %s (%s)", path, word,
                         f->values, f->help);
    return 0;
}

/* ---- objects and arrays ---- */

static int check_items(const struct trtc_field *f, const cJSON *array, const char *path,
                       bool complete, struct trtc_err *err)
{
    int n = cJSON_GetArraySize(array), i = 0;
    const struct trtc_field item = trtc_api_item(f);
    const cJSON *value;
    if (f->min != f->max && (n < f->min || n > f->max))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %d items, and at most %lld are allowed", path,
                         n, (long long)f->max);
    cJSON_ArrayForEach(value, array)
    {
        char at[TRTC_API_PATH_MAX];
        snprintf(at, sizeof at, "%.*s[%d]", TRTC_API_PATH_MAX - 16, path, i++);
        if (trtc_api_check_value(&item, value, at, complete, err) < 0)
            return -1;
    }
    return 0;
}

static int check_members(const struct trtc_field *fields, const cJSON *object, const char *path,
                         bool complete, struct trtc_err *err)
{
    char at[TRTC_API_PATH_MAX], near[TRTC_API_PATH_MAX], full[TRTC_API_PATH_MAX];
    const cJSON *member;
    cJSON_ArrayForEach(member, object)
    {
        const struct trtc_field *f = trtc_api_find(fields, member->string);
        trtc_api_join(path, member->string, at);
        if (!f)
            return trtc_fail(
                err, TRTC_EX_DATAERR, "%s is not known; the nearest is %s", at,
                trtc_api_join(path, trtc_api_nearest(fields, member->string, near), full));
        if (trtc_api_check_value(f, member, at, complete, err) < 0)
            return -1;
    }
    for (; complete && fields->name; fields++)
        if (fields->required && !cJSON_GetObjectItemCaseSensitive(object, fields->name))
            return trtc_fail(err, TRTC_EX_DATAERR, "%s is missing (%s)",
                             trtc_api_join(path, fields->name, at), fields->help);
    return 0;
}

int trtc_api_check_value(const struct trtc_field *f, const struct cJSON *value, const char *path,
                         bool complete, struct trtc_err *err)
{
    if (!types[f->type].is(value))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %s, but %s is required", path, type_name(value),
                         types[f->type].name);
    switch (f->type) {
    case TRTC_FIELD_INTEGER:
        return check_int(f, value->valuedouble, path, err);
    case TRTC_FIELD_STRING:
        return check_string(f, value->valuestring, path, err);
    case TRTC_FIELD_BOOLEAN:
        return 0;
    case TRTC_FIELD_OBJECT:
        return check_members(f->members, value, path, complete, err);
    case TRTC_FIELD_ARRAY:
        return check_items(f, value, path, complete, err);
    }
    return 0;
}

int trtc_api_check_table(const struct cJSON *request, enum trtc_action action, struct trtc_err *err)
{
    if (!cJSON_IsObject(request))
        return trtc_fail(err, TRTC_EX_DATAERR, "the request: not an object");
    return check_members(trtc_api_fields(action), request, "", true, err);
}

const struct trtc_field *trtc_api_missing(const struct cJSON *request, enum trtc_action action)
{
    const struct trtc_field *f = trtc_api_fields(action);
    if (!cJSON_IsObject(request) || check_members(f, request, "", false, NULL) < 0)
        return NULL;
    while (f->name && (!f->required || cJSON_GetObjectItemCaseSensitive(request, f->name)))
        f++;
    return f->name ? f : NULL;
}
