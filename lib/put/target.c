/* SPDX-License-Identifier: MIT */
/* Reads places from URLs and from StorageParams. */
#include "put/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "api/api.h"
#include "base/array.h"
#include "base/bytes.h"
#include "base/json.h"

/* ---- parts of URLs ---- */

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef",
               *at = strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);
    return c && at ? (int)(at - digits) : -1;
}

/* Decodes the %XX in n characters; the caller frees the result. */
static char *decode(const char *what, const char *s, size_t n, struct trtc_err *err)
{
    char *out = malloc(n + 1);
    size_t k = 0;
    if (!out) {
        trtc_fail_nomem(err);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        const bool coded = s[i] == '%';
        const int high = coded && i + 2 < n ? hex_digit(s[i + 1]) : -1;
        const int low = high >= 0 ? hex_digit(s[i + 2]) : -1;
        if (coded && (low < 0 || (high == 0 && low == 0))) {
            free(out);
            trtc_fail(err, TRTC_EX_USAGE, "%s: a '%%' is written %%25", what);
            return NULL;
        }
        out[k++] = coded ? (char)(high << 4 | low) : s[i];
        i += coded ? 2 : 0;
    }
    out[k] = '\0';
    return out;
}

/* Reads ?region=R */
static int take_query(const char *s, struct trtc_place *out, struct trtc_err *err)
{
    static const char name[] = "region=";
    if (*s != '?')
        return 0;
    s++;
    if (strncmp(s, name, sizeof name - 1) != 0 || strchr(s, '&'))
        return trtc_fail(
            err, TRTC_EX_USAGE,
            "--to: only region=R is allowed after '?'; a '?' in a name is written %%3F");
    s += sizeof name - 1;
    out->region = decode("--to", s, strlen(s), err);
    return out->region ? 0 : -1;
}

/* Reads BUCKET[/PREFIX][?region=R] */
static int take_bucket(const char *s, struct trtc_place *out, struct trtc_err *err)
{
    const size_t n = strcspn(s, "/?"), path = n + strcspn(s + n, "?");
    if (n == 0)
        return trtc_fail(err, TRTC_EX_USAGE, "--to: there is no bucket in the URL");
    out->bucket = decode("--to", s, n, err);
    if (!out->bucket)
        return -1;
    if (path > n + 1 && !(out->prefix = decode("--to", s + n + 1, path - n - 1, err)))
        return -1;
    return take_query(s + path, out, err);
}

static int take_dir(const char *s, struct trtc_place *out, struct trtc_err *err)
{
    static const char local[] = "//localhost/";
    if (strncasecmp(s, local, sizeof local - 1) == 0)
        s += sizeof local - 2;
    else if (strncmp(s, "///", 3) == 0)
        s += 2;
    else
        return trtc_fail(err, TRTC_EX_USAGE,
                         "--to: a directory is written file:///DIR, with its absolute path");
    if (strpbrk(s, "?#"))
        return trtc_fail(err, TRTC_EX_USAGE,
                         "--to: in a URL '?' is written %%3F, and '#' is written %%23");
    out->kind = TRTC_PLACE_DIR;
    out->dir = decode("--to", s, strlen(s), err);
    return out->dir ? 0 : -1;
}

/* Checks the part after "//" of a store's URL: a fragment and a user are not allowed. */
static int check_store(const char *s, struct trtc_err *err)
{
    if (strncmp(s, "//", 2) != 0)
        return trtc_fail(err, TRTC_EX_USAGE, "--to: '//' must follow the ':'");
    if (strchr(s, '#'))
        return trtc_fail(err, TRTC_EX_USAGE, "--to: in a URL '#' is written %%23");
    if (memchr(s, '@', 2 + strcspn(s + 2, "/?")))
        return trtc_fail(err, TRTC_EX_USAGE,
                         "--to: keys do not belong in a URL, which everyone can see; give them "
                         "in the environment or a file");
    return 0;
}

static int take_cos(const char *s, struct trtc_place *out, struct trtc_err *err)
{
    out->kind = TRTC_PLACE_COS;
    return check_store(s, err) < 0 ? -1 : take_bucket(s + 2, out, err);
}

static int take_s3(const char *s, struct trtc_place *out, struct trtc_err *err)
{
    out->kind = TRTC_PLACE_S3;
    return check_store(s, err) < 0 ? -1 : take_bucket(s + 2, out, err);
}

/* Reads "//HOST[:PORT]/BUCKET...", which together with the scheme is the endpoint. */
static int take_host(const char *scheme, const char *s, struct trtc_place *out,
                     struct trtc_err *err)
{
    if (check_store(s, err) < 0)
        return -1;
    const size_t n = strcspn(s + 2, "/?"), size = strlen(scheme) + n + 4;
    if (n == 0 || s[2 + n] != '/')
        return trtc_fail(err, TRTC_EX_USAGE, "--to: expected s3+https://HOST/BUCKET");
    out->kind = TRTC_PLACE_S3;
    out->path_style = true;
    out->endpoint = malloc(size);
    if (!out->endpoint)
        return trtc_fail_nomem(err);
    snprintf(out->endpoint, size, "%s:%.*s", scheme, (int)(n + 2), s);
    return take_bucket(s + 2 + n + 1, out, err);
}

static int take_https(const char *s, struct trtc_place *out, struct trtc_err *err)
{
    return take_host("https", s, out, err);
}

static int take_http(const char *s, struct trtc_place *out, struct trtc_err *err)
{
    return take_host("http", s, out, err);
}

/* Appends a word to the n words of the command, and a NULL after it. */
static int add_word(struct trtc_place *out, size_t *n, size_t *cap, struct trtc_bytes word)
{
    if (trtc_array_reserve(&out->command, cap, *n + 2, sizeof *out->command) < 0)
        return -1;
    out->command[*n] = strndup((const char *)word.p, word.n);
    out->command[*n + 1] = NULL;
    return out->command[(*n)++] ? 0 : -1;
}

/* Reads words separated by blanks. */
static int take_command(const char *s, struct trtc_place *out, struct trtc_err *err)
{
    static const char blanks[] = " \t\n";
    size_t n = 0, cap = 0;
    out->kind = TRTC_PLACE_EXEC;
    while (*(s += strspn(s, blanks))) {
        const size_t len = strcspn(s, blanks);
        if (add_word(out, &n, &cap, (struct trtc_bytes){ (const void *)s, len }) < 0)
            return trtc_fail_nomem(err);
        s += len;
    }
    return n ? 0 : trtc_fail(err, TRTC_EX_USAGE, "--to: exec: needs a program");
}

int trtc_put_url(const char *url, struct trtc_place *out, struct trtc_err *err)
{
    static const struct {
        const char *scheme;
        int (*take)(const char *s, struct trtc_place *out, struct trtc_err *err);
    } kinds[] = {
        { "file:", take_dir },       { "cos:", take_cos },      { "s3:", take_s3 },
        { "s3+https:", take_https }, { "s3+http:", take_http }, { "exec:", take_command },
    };
    *out = (struct trtc_place){ 0 };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const size_t n = strlen(kinds[i].scheme);
        if (strncasecmp(url, kinds[i].scheme, n) != 0)
            continue;
        const int ret = kinds[i].take(url + n, out, err);
        if (ret < 0)
            trtc_place_fini(out);
        return ret;
    }
    return trtc_fail(
        err, TRTC_EX_USAGE,
        "--to: expected one of file:///DIR, cos://BUCKET?region=R, s3://BUCKET?region=R, "
        "s3+https://HOST/BUCKET and exec:CMD");
}

/* ---- StorageParams ---- */

enum { KEY_MAX = 4096 };

/* Whether s is a real value and not the placeholder that a shown request or a skeleton has for a
 * secret. */
static bool is_value(const char *s)
{
    return *s && strcmp(s, TRTC_API_SECRET) != 0 && strncmp(s, "YOUR-", 5) != 0;
}

/* Stores a value without blanks and quotation marks around it. */
static int store(const char *what, struct trtc_bytes value, struct trtc_secret *out,
                 struct trtc_err *err)
{
    const char *s = (const char *)value.p;
    size_t n = value.n;
    if (trtc_secret_word(what, &s, &n, err) < 0)
        return -1;
    if (n == 0 || n > KEY_MAX)
        return trtc_fail(err, TRTC_EX_CONFIG, "%s: a key is empty or too long", what);
    return trtc_secret_set(out, s, n, err);
}

/* Moves a key out of the object. A placeholder remains, which passes the check. */
static int take_key(cJSON *object, const char *name, struct trtc_secret *key, struct trtc_err *err)
{
    static const char stand_in[] = "given-elsewhere";
    cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    const char *s = cJSON_GetStringValue(member);
    if (member && !s)
        return 0; /* the check reports it */
    if (s && is_value(s) && !key->text &&
        store(name, (struct trtc_bytes){ (const void *)s, strlen(s) }, key, err) < 0)
        return -1;
    cJSON *old = cJSON_DetachItemFromObjectCaseSensitive(object, name);
    trtc_api_forget(&old);
    return cJSON_AddStringToObject(object, name, stand_in) ? 0 : trtc_fail_nomem(err);
}

static int copy_text(const cJSON *object, const char *name, char **out, struct trtc_err *err)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    if (!s || !*s)
        return 0;
    *out = strdup(s);
    return *out ? 0 : trtc_fail_nomem(err);
}

static int64_t integer(const cJSON *object, const char *name)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(n) ? (int64_t)n->valuedouble : 0;
}

/* Joins ["a", "b"] to a/b. */
static int copy_prefix(const cJSON *object, struct trtc_place *out, struct trtc_err *err)
{
    const cJSON *part, *list = cJSON_GetObjectItemCaseSensitive(object, "FileNamePrefix");
    size_t size = 1, n = 0;
    cJSON_ArrayForEach(part, list) size += strlen(part->valuestring) + 1;
    if (size == 1)
        return 0;
    out->prefix = malloc(size);
    if (!out->prefix)
        return trtc_fail_nomem(err);
    cJSON_ArrayForEach(part, list) n +=
        (size_t)snprintf(out->prefix + n, size - n, "%s%s", n ? "/" : "", part->valuestring);
    return 0;
}

static int take_cloud(const cJSON *cloud, struct trtc_place *out, struct trtc_err *err)
{
    out->kind = integer(cloud, "Vendor") == 0 ? TRTC_PLACE_COS : TRTC_PLACE_S3;
    return copy_text(cloud, "Bucket", &out->bucket, err) < 0 ||
                   copy_text(cloud, "Region", &out->region, err) < 0 ||
                   copy_text(cloud, "EndpointUrl", &out->endpoint, err) < 0
               ? -1
               : copy_prefix(cloud, out, err);
}

static int take_vod(const cJSON *vod, struct trtc_place *out, struct trtc_err *err)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(vod, "TencentVod");
    out->kind = TRTC_PLACE_VOD;
    out->vod.expire_s = integer(v, "ExpireTime");
    out->vod.class_id = integer(v, "ClassId");
    out->vod.sub_app_id = integer(v, "SubAppId");
    return copy_text(v, "Procedure", &out->vod.procedure, err) < 0 ||
                   copy_text(v, "StorageRegion", &out->vod.storage_region, err) < 0 ||
                   copy_text(v, "SourceContext", &out->vod.source_context, err) < 0
               ? -1
               : copy_text(v, "SessionContext", &out->vod.session_context, err);
}

/* The object that contains CloudStorage or CloudVod. A bucket by itself is wrapped in one. NULL:
 * out of memory. */
static cJSON *params_of(cJSON *json)
{
    cJSON *inner = cJSON_GetObjectItemCaseSensitive(json, "StorageParams");
    cJSON *params = inner ? inner : json;
    if (!cJSON_IsObject(params) || !cJSON_HasObjectItem(params, "Vendor"))
        return params;
    cJSON *cloud = cJSON_CreateObject();
    if (!cloud)
        return NULL;
    cloud->child = params->child;
    params->child = NULL;
    return cJSON_AddItemToObject(params, "CloudStorage", cloud) ? params : NULL;
}

static int take_params(cJSON *params, struct trtc_place *out, struct trtc_credentials *keys,
                       struct trtc_err *err)
{
    cJSON *cloud = cJSON_GetObjectItemCaseSensitive(params, "CloudStorage");
    const cJSON *vod = cJSON_GetObjectItemCaseSensitive(params, "CloudVod");
    if (cJSON_IsObject(cloud) && (take_key(cloud, "AccessKey", &keys->id, err) < 0 ||
                                  take_key(cloud, "SecretKey", &keys->key, err) < 0))
        return -1;
    if (trtc_api_check_storage(params, err) < 0)
        return -1;
    return cloud ? take_cloud(cloud, out, err) : take_vod(vod, out, err);
}

int trtc_put_params(const char *what, struct cJSON *json, struct trtc_place *out,
                    struct trtc_credentials *keys, struct trtc_err *err)
{
    struct trtc_err why;
    *out = (struct trtc_place){ 0 };
    cJSON *params = params_of(json);
    if ((params ? take_params(params, out, keys, &why) : trtc_fail_nomem(&why)) == 0)
        return 0;
    trtc_place_fini(out);
    return trtc_fail(err, why.code, "%s: %s", what, why.msg);
}

/* ---- keys ---- */

/* The secret with that name (n bytes), or NULL. Case, '_' and '-' are ignored, and "export" and the
 * vendor in front of it. */
static struct trtc_secret *secret_of(struct trtc_credentials *c, const char *name, size_t n)
{
    static const char *const ids[] = { "accesskey", "secretid", "accesskeyid" };
    static const char *const keys[] = { "secretkey", "secretaccesskey" };
    static const char *const vendors[] = { "export", "trtcstorage", "aws" };
    char plain[64];
    size_t k = 0;
    for (size_t i = 0; i < n && k + 1 < sizeof plain; i++)
        if (!strchr("_- \t", name[i]))
            plain[k++] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    plain[k] = '\0';
    const char *word = plain;
    for (size_t i = 0; i < sizeof vendors / sizeof vendors[0]; i++)
        if (strncmp(word, vendors[i], strlen(vendors[i])) == 0)
            word += strlen(vendors[i]);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        if (strcmp(word, ids[i]) == 0)
            return &c->id;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(word, keys[i]) == 0)
            return &c->key;
    return strcmp(word, "token") == 0 || strcmp(word, "sessiontoken") == 0 ? &c->token : NULL;
}

static int keys_of_json(const char *what, const struct trtc_secret *text,
                        struct trtc_credentials *c, struct trtc_err *err)
{
    cJSON *json = trtc_json_parse(what, text->text, text->len, err);
    const cJSON *member;
    int ret = json ? 0 : -1;
    cJSON_ArrayForEach(member, json)
    {
        const char *s = cJSON_GetStringValue(member);
        struct trtc_secret *out = s ? secret_of(c, member->string, strlen(member->string)) : NULL;
        if (out && ret == 0)
            ret = store(what, (struct trtc_bytes){ (const void *)s, strlen(s) }, out, err);
    }
    trtc_api_forget(&json);
    if (ret < 0 && err && err->code == TRTC_EX_DATAERR)
        err->code = TRTC_EX_CONFIG;
    return ret;
}

#define EXPECTED "expected two lines, the access key and the secret key, or AccessKey=, SecretKey="

/* Whether n characters are the name of a variable, like FOO_KEY. In a key there is '=' as well. */
static bool is_variable(const char *s, size_t n)
{
    bool joined = false;
    for (size_t i = 0; i < n; i++) {
        if (strchr("+/-.~", s[i]))
            return false;
        joined |= s[i] == '_';
    }
    return joined;
}

/* Reads one line: NAME=VALUE with a known name, or else the next key by itself. */
static int keys_of_line(const char *what, struct trtc_bytes line, struct trtc_credentials *c,
                        struct trtc_err *err)
{
    const char *s = (const char *)line.p, *sign = memchr(s, '=', line.n);
    const size_t name = sign ? (size_t)(sign - s) : 0;
    struct trtc_secret *out = secret_of(c, s, name);
    if (out)
        return store(what, (struct trtc_bytes){ line.p + name + 1, line.n - name - 1 }, out, err);
    out = !c->id.text ? &c->id : !c->key.text ? &c->key : NULL;
    if (sign && is_variable(s, name))
        return trtc_fail(err, TRTC_EX_CONFIG, "%s: an unknown name before '=': " EXPECTED, what);
    if (memchr(s, ',', line.n))
        return trtc_fail(err, TRTC_EX_CONFIG, "%s: a list with commas: " EXPECTED, what);
    if (!out)
        return trtc_fail(err, TRTC_EX_CONFIG, "%s: there are more lines than keys: " EXPECTED,
                         what);
    return store(what, line, out, err);
}

static int keys_of_lines(const char *what, const char *s, struct trtc_credentials *c,
                         struct trtc_err *err)
{
    for (const char *next; *s; s = next) {
        size_t n = strcspn(s, "\n");
        next = s + n + (s[n] == '\n');
        while (n && strchr(" \t\r", s[n - 1]))
            n--;
        while (n && strchr(" \t", *s)) {
            s++;
            n--;
        }
        if (n && !strchr("#[;", *s) &&
            keys_of_line(what, (struct trtc_bytes){ (const void *)s, n }, c, err) < 0)
            return -1;
    }
    return 0;
}

int trtc_put_keys(const char *what, const struct trtc_secret *text, struct trtc_credentials *keys,
                  struct trtc_err *err)
{
    const char *first = text->text + strspn(text->text, " \t\r\n");
    const int ret = *first == '{' ? keys_of_json(what, text, keys, err)
                                  : keys_of_lines(what, text->text, keys, err);
    if (ret == 0 && (!keys->id.text || !keys->key.text))
        return trtc_fail(err, TRTC_EX_CONFIG, "%s: there is no %s key in it", what,
                         keys->id.text ? "secret" : "access");
    return ret;
}

/* ---- names ---- */

char *trtc_put_place_name(const struct trtc_place *p)
{
    static const char *const kinds[] = {
        [TRTC_PLACE_DIR] = "file://", [TRTC_PLACE_COS] = "cos://", [TRTC_PLACE_S3] = "s3://",
        [TRTC_PLACE_VOD] = "vod:",    [TRTC_PLACE_EXEC] = "exec:",
    };
    char *name = NULL;
    size_t n;
    FILE *f = open_memstream(&name, &n);
    if (!f)
        return NULL;
    fputs(kinds[p->kind], f);
    fputs(p->dir ? p->dir : p->bucket ? p->bucket : "", f);
    for (char *const *word = p->command; word && *word; word++)
        fprintf(f, "%s%s", word == p->command ? "" : " ", *word);
    if (p->kind == TRTC_PLACE_VOD)
        fprintf(f, "%lld", (long long)p->vod.sub_app_id);
    if (p->region)
        fprintf(f, "?region=%s", p->region);
    if (p->endpoint)
        fprintf(f, " at %s", p->endpoint);
    if (fclose(f) == 0)
        return name;
    free(name);
    return NULL;
}
