/* SPDX-License-Identifier: MIT */
/* Requests as text: reads them with comments, merges them, removes secrets. */
#include "api/api.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* ---- reading ---- */

/* The last characters that are neither comments nor space, kept to find a comma with nothing after
 * it. */
struct seen {
    char *comma; /* the last character if it was a comma after a value */
    char last;   /* the last such character */
};

static void see(struct seen *s, char *p)
{
    if ((*p == '}' || *p == ']') && s->comma)
        *s->comma = ' ';
    s->comma = *p == ',' && !strchr("[{,:", s->last) ? p : NULL;
    s->last = *p;
}

/* The end of the string that begins at p, or end. */
static char *skip_string(char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\' && p + 1 < end)
            p++;
    return p < end ? p + 1 : p;
}

/* Replaces comments, and commas before closing brackets, by spaces, so that columns in messages
 * stay right. */
static void blank_comments(char *p, const char *end)
{
    struct seen s = { .last = '[' };
    while (p < end) {
        if (*p == '"') {
            see(&s, p);
            p = skip_string(p, end);
        } else if (*p == '/' && p + 1 < end && p[1] == '/') {
            while (p < end && *p != '\n')
                *p++ = ' ';
        } else {
            if (*p && !strchr(" \t\r\n", *p))
                see(&s, p);
            p++;
        }
    }
}

struct cJSON *trtc_api_read(const char *what, const char *text, size_t n, struct trtc_err *err)
{
    if (n > TRTC_JSON_MAX_BYTES) {
        trtc_fail(err, TRTC_EX_DATAERR, "%s: over %d MB of JSON", what, TRTC_JSON_MAX_BYTES >> 20);
        return NULL;
    }
    char *copy = malloc(n + 1);
    if (!copy) {
        trtc_fail_nomem(err);
        return NULL;
    }
    memcpy(copy, text, n);
    copy[n] = '\0';
    blank_comments(copy, copy + n);
    cJSON *root = trtc_json_parse(what, copy, n, err);
    OPENSSL_cleanse(copy, n);
    free(copy);
    if (root && !cJSON_IsObject(root)) {
        trtc_fail(err, TRTC_EX_DATAERR, "%s: a request is an object, {...}", what);
        trtc_api_forget(&root);
    }
    return root;
}

/* ---- one over the other ---- */

/* A member, and the member with the same name in the other object, or NULL. */
struct pair {
    const cJSON *member;
    cJSON *have;
    size_t order;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->member->string,
                  ((const struct pair *)b)->member->string);
}

static int by_order(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* The members of an object, sorted by name. The caller frees the array. NULL: out of memory. */
static struct pair *sorted(const cJSON *object, size_t *n)
{
    struct pair *list = malloc(((size_t)cJSON_GetArraySize(object) + 1) * sizeof *list);
    const cJSON *member;
    *n = 0;
    if (!list)
        return NULL;
    cJSON_ArrayForEach(member, object)
    {
        list[*n] = (struct pair){ .member = member, .order = *n };
        ++*n;
    }
    qsort(list, *n, sizeof *list, by_name);
    return list;
}

/* The members of over in their order, each with the member of base that it replaces. An object may
 * have many names, all different; a look-up for each would take quadratic time. */
static struct pair *pairs(const cJSON *base, const cJSON *over, size_t *n)
{
    size_t nb_base = 0;
    struct pair *list = sorted(over, n), *have = sorted(base, &nb_base);
    for (size_t i = 0, k = 0; list && have && i < *n; i++) {
        while (k < nb_base && by_name(&have[k], &list[i]) < 0)
            k++;
        if (k < nb_base && by_name(&have[k], &list[i]) == 0)
            list[i].have = (cJSON *)have[k].member;
    }
    if (!have) {
        free(list);
        list = NULL;
    }
    free(have);
    if (list)
        qsort(list, *n, sizeof *list, by_order);
    return list;
}

/* Puts a copy of a member in place of the one in base with the same name; null: removes it. */
static int put_copy(cJSON *base, const struct pair *p, struct trtc_err *err)
{
    const cJSON *member = p->member;
    cJSON *gone = p->have ? cJSON_DetachItemViaPointer(base, p->have) : NULL;
    trtc_api_forget(&gone);
    if (cJSON_IsNull(member))
        return 0;
    /* members of an object are added one by one, since some may be null */
    cJSON *copy = cJSON_IsObject(member) ? cJSON_CreateObject() : cJSON_Duplicate(member, true);
    if (!copy || !cJSON_AddItemToObject(base, member->string, copy)) {
        trtc_api_forget(&copy);
        return trtc_fail_nomem(err);
    }
    return cJSON_IsObject(member) ? trtc_api_overlay(copy, member, err) : 0;
}

/* Recursion is limited, since the text of over was (base/json.h). */
int trtc_api_overlay(struct cJSON *base, const struct cJSON *over, struct trtc_err *err)
{
    size_t n;
    struct pair *list = pairs(base, over, &n);
    int ret = list ? 0 : trtc_fail_nomem(err);
    for (size_t i = 0; ret == 0 && i < n; i++)
        ret = cJSON_IsObject(list[i].have) && cJSON_IsObject(list[i].member)
                  ? trtc_api_overlay(list[i].have, list[i].member, err)
                  : put_copy(base, &list[i], err);
    free(list);
    return ret;
}

/* ---- secrets ---- */

/* Compares names so that "secret_key", "SecretKey" and "SECRETKEY" are equal. */
static bool same_name(const char *name, const char *secret)
{
    for (;; name++) {
        if (*name == '_' || *name == '-')
            continue;
        if (tolower((unsigned char)*name) != *secret)
            return false;
        if (!*secret++)
            return true;
    }
}

bool trtc_api_is_secret(const char *name)
{
    static const char *const secrets[] = { "usersig",     "accesskey", "secretkey", "privatemapkey",
                                           "recorderkey", "secretid",  "token" };
    for (size_t i = 0; name && i < sizeof secrets / sizeof secrets[0]; i++)
        if (same_name(name, secrets[i]))
            return true;
    return false;
}

bool trtc_api_holds_secret(const struct cJSON *request)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, request)
    {
        const char *s = cJSON_GetStringValue(member);
        if ((trtc_api_is_secret(member->string) && (!s || strcmp(s, TRTC_API_SECRET) != 0)) ||
            trtc_api_holds_secret(member))
            return true;
    }
    return false;
}

/* Member by member, so that a secret is never copied. */
struct cJSON *trtc_api_redacted(const struct cJSON *request)
{
    const cJSON *member;
    if (!cJSON_IsObject(request) && !cJSON_IsArray(request))
        return cJSON_Duplicate(request, true);
    bool object = cJSON_IsObject(request);
    cJSON *out = object ? cJSON_CreateObject() : cJSON_CreateArray();
    cJSON_ArrayForEach(member, request)
    {
        if (!out)
            break;
        cJSON *copy = object && trtc_api_is_secret(member->string)
                          ? cJSON_CreateString(TRTC_API_SECRET)
                          : trtc_api_redacted(member);
        if (!copy || !(object ? cJSON_AddItemToObject(out, member->string, copy)
                              : cJSON_AddItemToArray(out, copy))) {
            cJSON_Delete(copy);
            cJSON_Delete(out);
            return NULL;
        }
    }
    return out;
}

static void wipe(cJSON *value)
{
    cJSON *member;
    if (cJSON_IsString(value) && value->valuestring)
        OPENSSL_cleanse(value->valuestring, strlen(value->valuestring));
    cJSON_ArrayForEach(member, value)
    {
        wipe(member);
    }
}

void trtc_api_forget(struct cJSON **request)
{
    if (*request)
        wipe(*request);
    cJSON_Delete(*request);
    *request = NULL;
}
