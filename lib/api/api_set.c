/* SPDX-License-Identifier: MIT */
/* Sets one member of a request, named by its path. */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_priv.h"
#include "base/json.h"
#include "base/num.h"
#include "base/text.h"

#define STEPS_MAX 8 /* a request is nested 5 deep */
#define INDEX_MAX 9999
#define SHOWN_MAX 160

/* ---- paths ---- */

struct step {
    const struct trtc_field *field;
    int index; /* of an item; -1: the member itself */
};

struct path {
    const char *text;
    struct step steps[STEPS_MAX];
    size_t n;
};

const struct trtc_field *trtc_api_find(const struct trtc_field *fields, const char *name)
{
    for (; fields && fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

/* Reads a number and the text that must follow it. Returns its end, or NULL. */
static const char *read_index(const char *p, const char *after, int *index)
{
    int n = 0;
    const char *start = p;
    for (; isdigit((unsigned char)*p) && n <= INDEX_MAX; p++)
        n = n * 10 + (*p - '0');
    if (p == start || n > INDEX_MAX || (*start == '0' && p - start > 1))
        return NULL;
    if (!(*after ? *p == *after : *p == '\0' || *p == '.'))
        return NULL;
    *index = n;
    return *after ? p + 1 : p;
}

/* Reads NAME, NAME[3] or NAME.3. Returns its end; NULL: no such name. */
static const char *read_step(const char *p, const struct trtc_field *fields, struct step *step)
{
    char name[64];
    size_t n = strcspn(p, ".[");
    if (n == 0 || n >= sizeof name)
        return NULL;
    memcpy(name, p, n);
    name[n] = '\0';
    *step = (struct step){ trtc_api_find(fields, name), -1 };
    p += n;
    if (!step->field)
        return NULL;
    bool list = step->field->type == TRTC_FIELD_ARRAY;
    if (*p == '[')
        p = list ? read_index(p + 1, "]", &step->index) : NULL;
    else if (list && *p == '.')
        p = read_index(p + 1, "", &step->index);
    return p && (*p == '\0' || *p == '.') ? p : NULL;
}

static bool read_path(const struct trtc_field *fields, const char *text, struct path *out)
{
    const char *p = text;
    *out = (struct path){ .text = text };
    while (out->n < STEPS_MAX) {
        struct step *step = &out->steps[out->n];
        p = read_step(p, fields, step);
        if (!p)
            return false;
        out->n++;
        fields = step->field->members;
        if (*p == '\0')
            return true;
        p++;
    }
    return false;
}

/* ---- the nearest path ---- */

/* Converts to lower case with every index 0, for comparison. */
static void fold(const char *path, char out[TRTC_API_PATH_MAX])
{
    size_t n = 0;
    while (*path && n < TRTC_API_PATH_MAX - 4) {
        int index;
        const char *end = *path == '.'   ? read_index(path + 1, "", &index)
                          : *path == '[' ? read_index(path + 1, "]", &index)
                                         : NULL;
        if (end) {
            memcpy(out + n, "[0]", 3);
            n += 3;
            path = end;
        } else {
            out[n++] = (char)tolower((unsigned char)*path++);
        }
    }
    out[n] = '\0';
}

/* The Levenshtein distance: letters inserted, removed or changed. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[TRTC_API_PATH_MAX + 1];
    size_t n = strlen(b);
    for (size_t j = 0; j <= n; j++)
        row[j] = (unsigned)j;
    for (size_t i = 0; a[i]; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < n; j++) {
            unsigned change = corner + (a[i] != b[j]);
            corner = row[j + 1];
            unsigned shift = (corner < row[j] ? corner : row[j]) + 1;
            row[j + 1] = change < shift ? change : shift;
        }
    }
    return row[n];
}

static const char *last_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

struct nearest {
    char wanted[TRTC_API_PATH_MAX]; /* folded */
    char *best;
    unsigned score;
};

/* Compares the whole path, and its last name alone, since most often the path to it was omitted. */
static void judge(struct nearest *s, const char *path)
{
    char folded[TRTC_API_PATH_MAX];
    fold(path, folded);
    unsigned whole = distance(s->wanted, folded);
    unsigned last = distance(last_name(s->wanted), last_name(folded)) + 2;
    unsigned score = whole < last ? whole : last;
    if (score < s->score) {
        s->score = score;
        memcpy(s->best, path, strlen(path) + 1);
    }
}

static void judge_all(struct nearest *s, const struct trtc_field *fields, const char *path)
{
    for (; fields && fields->name; fields++) {
        char at[TRTC_API_PATH_MAX], item[TRTC_API_PATH_MAX];
        trtc_api_join(path, fields->name, at);
        judge(s, at);
        if (fields->type == TRTC_FIELD_ARRAY)
            snprintf(item, sizeof item, "%.*s[0]", TRTC_API_PATH_MAX - 8, at);
        if (fields->type == TRTC_FIELD_ARRAY && fields->item == TRTC_FIELD_STRING)
            judge(s, item);
        judge_all(s, fields->members, fields->type == TRTC_FIELD_ARRAY ? item : at);
    }
}

const char *trtc_api_nearest(const struct trtc_field *fields, const char *path,
                             char out[TRTC_API_PATH_MAX])
{
    struct nearest s = { .best = out, .score = ~0U };
    out[0] = '\0';
    fold(path, s.wanted);
    judge_all(&s, fields, "");
    return out;
}

const char *trtc_api_join(const char *path, const char *name, char out[TRTC_API_PATH_MAX])
{
    char shown[SHOWN_MAX];
    trtc_text_show(name, strlen(name), shown, sizeof shown);
    snprintf(out, TRTC_API_PATH_MAX, "%s%s%s", path, *path ? "." : "", shown);
    return out;
}

/* ---- values ---- */

static int make_int(const char *path, const char *text, cJSON **out, struct trtc_err *err)
{
    struct trtc_err why = { 0 };
    int64_t n = 0;
    if (trtc_num_int(path, text, (struct trtc_range){ -TRTC_API_INT_MAX, TRTC_API_INT_MAX }, &n,
                     &why) < 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s", why.msg);
    *out = cJSON_CreateNumber((double)n);
    return *out ? 0 : trtc_fail_nomem(err);
}

static int make_bool(const char *path, const char *text, cJSON **out, struct trtc_err *err)
{
    bool yes = strcmp(text, "true") == 0;
    char shown[SHOWN_MAX];
    if (!yes && strcmp(text, "false") != 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: '%s' is neither true nor false", path,
                         trtc_text_show(text, strlen(text), shown, sizeof shown));
    *out = cJSON_CreateBool(yes);
    return *out ? 0 : trtc_fail_nomem(err);
}

static int make_string(const char *path, const char *text, cJSON **out, struct trtc_err *err)
{
    if (!trtc_utf8_valid(text, strlen(text)))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: not UTF-8", path);
    *out = cJSON_CreateString(text);
    return *out ? 0 : trtc_fail_nomem(err);
}

static int make_value(const struct trtc_field *f, const char *path, const char *text, cJSON **out,
                      struct trtc_err *err)
{
    int ret = f->type == TRTC_FIELD_INTEGER   ? make_int(path, text, out, err)
              : f->type == TRTC_FIELD_BOOLEAN ? make_bool(path, text, out, err)
              : f->type == TRTC_FIELD_STRING  ? make_string(path, text, out, err)
              : (*out = trtc_json_parse(path, text, strlen(text), err)) ? 0
                                                                        : -1;
    if (ret == 0 && trtc_api_check_value(f, *out, path, false, err) < 0) {
        trtc_api_forget(out);
        ret = -1;
    }
    return ret;
}

/* ---- setting it ---- */

static int not_a(const char *path, const char *name, const char *wanted, struct trtc_err *err)
{
    return trtc_fail(err, TRTC_EX_DATAERR, "%s: the request's %s is not %s", path, name, wanted);
}

/* Gets the object or array called name in object; creates it if absent. */
static cJSON *enter_member(cJSON *object, const struct trtc_field *f, const char *path,
                           struct trtc_err *err)
{
    bool list = f->type == TRTC_FIELD_ARRAY;
    cJSON *member = cJSON_GetObjectItemCaseSensitive(object, f->name);
    if (cJSON_IsNull(member)) {
        cJSON_DeleteItemFromObjectCaseSensitive(object, f->name);
        member = NULL;
    }
    if (!member) {
        member = list ? cJSON_CreateArray() : cJSON_CreateObject();
        if (!member || !cJSON_AddItemToObject(object, f->name, member)) {
            cJSON_Delete(member);
            trtc_fail_nomem(err);
            return NULL;
        }
    } else if (!(list ? cJSON_IsArray(member) : cJSON_IsObject(member))) {
        not_a(path, f->name, list ? "an array" : "an object", err);
        return NULL;
    }
    return member;
}

/* Gets the object at index in list; creates it if it is the next one. */
static cJSON *enter_item(cJSON *list, const struct step *step, const char *path,
                         struct trtc_err *err)
{
    cJSON *item = cJSON_GetArrayItem(list, step->index);
    if (item && !cJSON_IsObject(item)) {
        not_a(path, step->field->name, "an array of objects", err);
        return NULL;
    }
    if (!item) {
        item = cJSON_CreateObject();
        if (!item || !cJSON_AddItemToArray(list, item)) {
            cJSON_Delete(item);
            trtc_fail_nomem(err);
            return NULL;
        }
    }
    return item;
}

/* Items are numbered from 0 without gaps. */
static int check_index(const cJSON *list, const struct step *step, const char *path,
                       struct trtc_err *err)
{
    int n = cJSON_GetArraySize(list);
    bool any = step->field->min == step->field->max;
    if (step->index > n)
        return trtc_fail(err, TRTC_EX_USAGE, "%s: the next item of %s is %d", path,
                         step->field->name, n);
    if (!any && step->index >= step->field->max)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %s holds at most %lld items", path,
                         step->field->name, (long long)step->field->max);
    return 0;
}

/* Takes ownership of value on success. */
static int put_value(cJSON *object, const struct step *step, const char *path, cJSON *value,
                     struct trtc_err *err)
{
    const char *name = step->field->name;
    bool ok;
    if (step->index < 0) {
        if (cJSON_GetObjectItemCaseSensitive(object, name))
            ok = cJSON_ReplaceItemInObjectCaseSensitive(object, name, value);
        else
            ok = cJSON_AddItemToObject(object, name, value);
        return ok ? 0 : trtc_fail_nomem(err);
    }
    cJSON *list = enter_member(object, step->field, path, err);
    if (!list || check_index(list, step, path, err) < 0)
        return -1;
    if (step->index < cJSON_GetArraySize(list))
        ok = cJSON_ReplaceItemInArray(list, step->index, value);
    else
        ok = cJSON_AddItemToArray(list, value);
    return ok ? 0 : trtc_fail_nomem(err);
}

/* Gets the object that contains the member of the last step. */
static cJSON *walk(cJSON *at, const struct path *path, struct trtc_err *err)
{
    for (size_t i = 0; at && i + 1 < path->n; i++) {
        const struct step *step = &path->steps[i];
        at = enter_member(at, step->field, path->text, err);
        if (!at || step->index < 0)
            continue;
        if (check_index(at, step, path->text, err) < 0)
            return NULL;
        at = enter_item(at, step, path->text, err);
    }
    return at;
}

/* Removes a member without creating the path to it. */
static void take_out(cJSON *at, const struct path *path)
{
    for (size_t i = 0; at && i + 1 < path->n; i++) {
        at = cJSON_GetObjectItemCaseSensitive(at, path->steps[i].field->name);
        if (at && path->steps[i].index >= 0)
            at = cJSON_GetArrayItem(at, path->steps[i].index);
    }
    cJSON *gone = cJSON_DetachItemFromObjectCaseSensitive(at, path->steps[path->n - 1].field->name);
    trtc_api_forget(&gone);
}

int trtc_api_set(struct cJSON *request, enum trtc_action action, const char *path,
                 const char *value, struct trtc_err *err)
{
    const struct trtc_field *fields = trtc_api_fields(action);
    struct path p;
    char shown[SHOWN_MAX];
    trtc_text_show(path, strlen(path), shown, sizeof shown);
    if (!read_path(fields, path, &p)) {
        char near[TRTC_API_PATH_MAX];
        return trtc_fail(err, TRTC_EX_USAGE, "%s has no field '%s'; the nearest is %s",
                         trtc_api_action(action), shown, trtc_api_nearest(fields, path, near));
    }
    p.text = shown;
    const struct step *last = &p.steps[p.n - 1];
    for (size_t i = 0; i + 1 < p.n; i++)
        if (p.steps[i].field->type == TRTC_FIELD_ARRAY && p.steps[i].index < 0)
            return trtc_fail(err, TRTC_EX_USAGE, "%s: %s is an array: %s[0]", shown,
                             p.steps[i].field->name, p.steps[i].field->name);
    struct trtc_field f = last->index < 0 ? *last->field : trtc_api_item(last->field);
    if (last->index < 0 && f.type != TRTC_FIELD_STRING && strcmp(value, "null") == 0) {
        take_out(request, &p);
        return 0;
    }
    cJSON *made = NULL;
    if (make_value(&f, shown, value, &made, err) < 0)
        return -1;
    cJSON *at = walk(request, &p, err);
    if (!at || put_value(at, last, shown, made, err) < 0) {
        trtc_api_forget(&made);
        return -1;
    }
    return 0;
}
