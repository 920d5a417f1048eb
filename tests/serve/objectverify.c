/* SPDX-License-Identifier: MIT */
/* Checks signatures of COS and S3. */
#include "serve/objectverify.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { ROOM = 16384, ITEMS = 64, SKEW_S = 900 };

char *objectverify_decode(const char *s, size_t n)
{
    char *out = malloc(n + 1), *to = out;

    for (size_t i = 0; i < n; i++) {
        unsigned value;

        if (s[i] == '%' && i + 2 < n && sscanf(s + i + 1, "%2x", &value) == 1) {
            *to++ = (char)value;
            i += 2;
        } else {
            *to++ = s[i];
        }
    }
    *to = '\0';
    return out;
}

static void encode(char *out, const char *s, bool slash)
{
    for (; *s; s++)
        if (isalnum((unsigned char)*s) || strchr("-_.~", *s) || (slash && *s == '/'))
            *out++ = *s;
        else
            out += sprintf(out, "%%%02X", (unsigned char)*s);
    *out = '\0';
}

static void hash(const EVP_MD *md, const char *text, char *hex)
{
    unsigned char raw[32];
    unsigned n;

    EVP_Digest(text, strlen(text), raw, &n, md, NULL);
    for (unsigned i = 0; i < n; i++)
        sprintf(hex + 2 * i, "%02x", raw[i]);
}

static void mac(const EVP_MD *md, const void *key, size_t n_key, const char *text,
                unsigned char *raw, char *hex)
{
    unsigned n;

    HMAC(md, key, (int)n_key, (const unsigned char *)text, strlen(text), raw, &n);
    for (unsigned i = 0; hex && i < n; i++)
        sprintf(hex + 2 * i, "%02x", raw[i]);
}

/* Items of a query or of a list of headers, encoded, as they are sorted. */
struct items {
    char *text[ITEMS]; /* "name=value" */
    int nb;
};

static int by_text(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    const size_t nx = strcspn(x, "="), ny = strcspn(y, "=");
    const int d = memcmp(x, y, nx < ny ? nx : ny);

    return d ? d : nx != ny ? (int)nx - (int)ny : strcmp(x, y);
}

/* The query, decoded and encoded again, so that only its meaning counts. */
static void query_items(const char *target, bool lower, struct items *out)
{
    const char *p = strchr(target, '?');

    out->nb = 0;
    for (p = p ? p + 1 : ""; *p && out->nb < ITEMS; p += strcspn(p, "&"), p += *p == '&') {
        const size_t n = strcspn(p, "&"), n_name = strcspn(p, "=&");
        char *name = objectverify_decode(p, n_name);
        char *value = n > n_name ? objectverify_decode(p + n_name + 1, n - n_name - 1) : strdup("");
        char *text = malloc(3 * n + 8);

        encode(text, name, false);
        for (char *c = text; lower && *c; c++)
            *c = (char)tolower((unsigned char)*c);
        strcat(text, "=");
        encode(text + strlen(text), value, false);
        out->text[out->nb++] = text;
        free(name);
        free(value);
    }
    qsort(out->text, (size_t)out->nb, sizeof out->text[0], by_text);
}

static void join(char *out, struct items *items)
{
    *out = '\0';
    for (int i = 0; i < items->nb; i++) {
        sprintf(out + strlen(out), "%s%s", i ? "&" : "", items->text[i]);
        free(items->text[i]);
    }
}

/* The value behind name, up to the next of ends; false: there is none. */
static bool member(const char *text, const char *name, const char *ends, char *out, size_t size)
{
    const char *p = strstr(text, name);
    size_t n;

    if (!p)
        return false;
    p += strlen(name);
    n = strcspn(p, ends);
    if (n >= size)
        return false;
    memcpy(out, p, n);
    out[n] = '\0';
    return true;
}

static char *path_of(const char *target)
{
    return objectverify_decode(target, strcspn(target, "?"));
}

/* Every field beginning with prefix has to be signed. */
static bool all_signed(const struct trtc_headers *h, const char *prefix, const char *names)
{
    for (size_t i = 0; i < h->nb; i++) {
        char padded[2048], name[256];

        if (strncasecmp(h->list[i].name, prefix, strlen(prefix)))
            continue;
        snprintf(padded, sizeof padded, ";%s;", names);
        snprintf(name, sizeof name, ";%s;", h->list[i].name);
        for (char *c = name; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        if (!strstr(padded, name))
            return false;
    }
    return true;
}

const char *objectverify_cos(const struct object_request *q, const char *id, const char *key,
                             const char *token, int64_t now_s)
{
    const char *a = trtc_headers_get(q->headers, "Authorization");
    const char *sent = trtc_headers_get(q->headers, "x-cos-security-token");
    char ak[256], time[64], names[1024], params[1024], given[64], sign_time[64];
    char *text = malloc(ROOM), *list = malloc(ROOM), *path = path_of(q->target);
    char sign_key[64], right[64], sum[64];
    unsigned char raw[32];
    struct items items = { .nb = 0 };
    const char *bad = NULL;
    long long from, until;

    if (!a || !member(a, "q-ak=", "&", ak, sizeof ak) ||
        !member(a, "q-key-time=", "&", time, sizeof time) ||
        !member(a, "q-sign-time=", "&", sign_time, sizeof sign_time) ||
        !member(a, "q-header-list=", "&", names, sizeof names) ||
        !member(a, "q-url-param-list=", "&", params, sizeof params) ||
        !member(a, "q-signature=", "&", given, sizeof given) ||
        strncmp(a, "q-sign-algorithm=sha1&", 22) || sscanf(time, "%lld;%lld", &from, &until) != 2) {
        bad = "AccessDenied";
        goto done;
    }
    if (strcmp(ak, id))
        bad = "InvalidAccessKeyId";
    else if (now_s < from || now_s > until)
        bad = "AccessDenied";
    else if (strcmp(token ? token : "", sent ? sent : ""))
        bad = "InvalidAccessKeyId";
    else if (!all_signed(q->headers, "x-cos-", names) || !all_signed(q->headers, "host", names))
        bad = "AccessDenied";
    if (bad)
        goto done;
    query_items(q->target, true, &items);
    join(list, &items);
    sprintf(text, "%s\n%s\n%s\n", q->method, path, list);
    for (char *c = text; *c && *c != '\n'; c++)
        *c = (char)tolower((unsigned char)*c);
    *list = '\0';
    for (char *p = names; *p; p += strcspn(p, ";"), p += *p == ';') {
        char name[256];
        const char *value;

        snprintf(name, sizeof name, "%.*s", (int)strcspn(p, ";"), p);
        value = trtc_headers_get(q->headers, name);
        sprintf(list + strlen(list), "%s%s=", *list ? "&" : "", name);
        encode(list + strlen(list), value ? value : "", false);
    }
    sprintf(text + strlen(text), "%s\n", list);
    mac(EVP_sha1(), key, strlen(key), time, raw, sign_key);
    hash(EVP_sha1(), text, sum);
    sprintf(text, "sha1\n%s\n%s\n", sign_time, sum);
    mac(EVP_sha1(), sign_key, strlen(sign_key), text, raw, right);
    if (strcmp(right, given))
        bad = "SignatureDoesNotMatch";
done:
    free(text);
    free(list);
    free(path);
    return bad;
}

static int64_t seconds_of(const char *date)
{
    struct tm t = { 0 };

    if (sscanf(date, "%4d%2d%2dT%2d%2d%2dZ", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
               &t.tm_min, &t.tm_sec) != 6)
        return -1;
    int y = t.tm_year - (t.tm_mon <= 2), era = y / 400, yoe = y - era * 400;
    int doy = (153 * (t.tm_mon + (t.tm_mon > 2 ? -3 : 9)) + 2) / 5 + t.tm_mday - 1;
    int64_t days = (int64_t)era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;

    return days * 86400 + t.tm_hour * 3600 + t.tm_min * 60 + t.tm_sec;
}

/* The key of a scope "DATE/REGION/SERVICE/aws4_request", whose parts are taken apart. */
static void derive(const char *key, const char *scope, char part[4][64], unsigned char k[32])
{
    char first[300];

    for (int i = 0; i < 4; i++) {
        snprintf(part[i], 64, "%.*s", (int)strcspn(scope, "/"), scope);
        scope += strcspn(scope, "/");
        scope += *scope == '/';
    }
    snprintf(first, sizeof first, "AWS4%s", key);
    mac(EVP_sha256(), first, strlen(first), part[0], k, NULL);
    for (int i = 1; i < 4; i++) {
        unsigned char before[32];

        memcpy(before, k, 32);
        mac(EVP_sha256(), before, 32, part[i], k, NULL);
    }
}

const char *objectverify_s3(const struct object_request *q, const char *id, const char *key,
                            const char *token, int64_t now_s)
{
    const char *a = trtc_headers_get(q->headers, "Authorization");
    const char *date = trtc_headers_get(q->headers, "x-amz-date");
    const char *sum = trtc_headers_get(q->headers, "x-amz-content-sha256");
    const char *sent = trtc_headers_get(q->headers, "x-amz-security-token");
    char credential[512], names[1024], given[128], right[65], hashed[65];
    char *text = malloc(ROOM), *list = malloc(ROOM), *path = path_of(q->target), *scope,
         part[4][64];
    unsigned char k[32];
    struct items items = { .nb = 0 };
    const char *bad = NULL;

    if (!a || !date || !sum || !member(a, "Credential=", ", ", credential, sizeof credential) ||
        !member(a, "SignedHeaders=", ", ", names, sizeof names) ||
        !member(a, "Signature=", ", ", given, sizeof given) || !(scope = strchr(credential, '/'))) {
        bad = "AccessDenied";
        goto done;
    }
    *scope++ = '\0';
    if (strcmp(credential, id) || strcmp(token ? token : "", sent ? sent : ""))
        bad = "InvalidAccessKeyId";
    else if (llabs((long long)(seconds_of(date) - now_s)) > SKEW_S)
        bad = "RequestTimeTooSkewed";
    else if (strncmp(date, scope, 8))
        bad = "AuthorizationHeaderMalformed";
    else if (!all_signed(q->headers, "x-amz-", names) || !all_signed(q->headers, "host", names))
        bad = "AccessDenied";
    if (bad)
        goto done;
    query_items(q->target, false, &items);
    join(list, &items);
    sprintf(text, "%s\n", q->method);
    encode(text + strlen(text), path, true);
    sprintf(text + strlen(text), "\n%s\n", list);
    for (char *p = names; *p; p += strcspn(p, ";"), p += *p == ';') {
        char name[256];
        const char *value;
        size_t n;

        snprintf(name, sizeof name, "%.*s", (int)strcspn(p, ";"), p);
        value = trtc_headers_get(q->headers, name);
        value = value ? value + strspn(value, " ") : "";
        n = strlen(value);
        while (n && value[n - 1] == ' ')
            n--;
        sprintf(text + strlen(text), "%s:%.*s\n", name, (int)n, value);
    }
    sprintf(text + strlen(text), "\n%s\n%s", names, sum);
    hash(EVP_sha256(), text, hashed);
    sprintf(text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", date, scope, hashed);
    derive(key, scope, part, k);
    mac(EVP_sha256(), k, 32, text, (unsigned char[32]){ 0 }, right);
    if (strcmp(part[2], "s3") || strcmp(part[3], "aws4_request") || strcmp(right, given))
        bad = "SignatureDoesNotMatch";
done:
    free(text);
    free(list);
    free(path);
    return bad;
}

static void hash_bytes(const void *p, size_t n, char *hex)
{
    unsigned char raw[32];

    EVP_Digest(n ? p : "", n, raw, NULL, EVP_sha256(), NULL);
    for (int i = 0; i < 32; i++)
        sprintf(hex + 2 * i, "%02x", raw[i]);
}

/* What goes from one chunk to the next. */
struct chain {
    const char *date, *scope;
    unsigned char key[32];
    char before[65];
};

static bool follows(struct chain *c, const char *algorithm, const char *hashes, const char *given)
{
    char text[512], right[65];
    unsigned char raw[32];

    snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%s", algorithm, c->date, c->scope, c->before,
             hashes);
    mac(EVP_sha256(), c->key, 32, text, raw, right);
    strcpy(c->before, right);
    return !strncmp(right, given, 64);
}

long objectverify_chunks(const struct object_request *q, const char *key, unsigned char *body,
                         size_t n, char checksum[64])
{
    const char *a = trtc_headers_get(q->headers, "Authorization");
    const char *mode = trtc_headers_get(q->headers, "x-amz-content-sha256");
    char scope[256], part[4][64], hashes[200], empty[65], given[65], *p = (char *)body;
    struct chain c = { .date = trtc_headers_get(q->headers, "x-amz-date"), .scope = scope };
    size_t size, out = 0;

    *checksum = '\0';
    if (!member(a, "Credential=", ", ", scope, sizeof scope) ||
        !member(a, "Signature=", ", ", c.before, sizeof c.before))
        return -1;
    memmove(scope, strchr(scope, '/') + 1, strlen(strchr(scope, '/')));
    derive(key, scope, part, c.key);
    hash_bytes("", 0, empty);
    do {
        char *line = p;

        if (sscanf(p, "%zx;chunk-signature=%64[0-9a-f]", &size, given) != 2 ||
            !(p = strstr(p, "\r\n")))
            return -1;
        p += 2;
        if (p - line > 200 || (size_t)(p - (char *)body) + size > n)
            return -1;
        snprintf(hashes, sizeof hashes, "%s\n", empty);
        hash_bytes(p, size, hashes + strlen(hashes));
        if (!follows(&c, "AWS4-HMAC-SHA256-PAYLOAD", hashes, given))
            return -1;
        memmove(body + out, p, size);
        out += size;
        p += size;
        if (size && strncmp(p, "\r\n", 2))
            return -1;
        p += size ? 2 : 0;
    } while (size);
    if (!strstr(mode, "-TRAILER"))
        return strcmp(p, "\r\n") ? -1 : (long)out;
    if (sscanf(p, "x-amz-checksum-sha256:%63s\r\nx-amz-trailer-signature:%64[0-9a-f]", checksum,
               given) != 2)
        return -1;
    snprintf(hashes, sizeof hashes, "x-amz-checksum-sha256:%s\n", checksum);
    char sum[65];

    hash_bytes(hashes, strlen(hashes), sum);
    return follows(&c, "AWS4-HMAC-SHA256-TRAILER", sum, given) ? (long)out : -1;
}
