/* SPDX-License-Identifier: MIT */
/* TC3-HMAC-SHA256, with the step numbers of the vendor's page "Signature v3". */
#include "net/sign.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/utc.h"

#define ALGORITHM "TC3-HMAC-SHA256"
#define SCOPE_END "tc3_request"

enum {
    HASH = SHA256_DIGEST_LENGTH,
    HEX = 2 * HASH + 1,
    DATE = sizeof("YYYY-MM-DD"),
    ID_MAX = 256,  /* SecretIds have 36 characters today */
    KEY_MAX = 256, /* SecretKeys have 32 */
};

/* A growing text; after a failure nothing more is added. */
struct text {
    char *s;
    size_t n, cap;
    bool failed;
};

static void put(struct text *t, const char *s, size_t n)
{
    t->failed = t->failed || trtc_array_reserve(&t->s, &t->cap, t->n + n + 1, 1) < 0;
    if (t->failed)
        return;
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = '\0';
}

static void put_word(struct text *t, const char *s)
{
    put(t, s, strlen(s));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void put_lower(struct text *t, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = lower(s[i]);

        put(t, &c, 1);
    }
}

/* Appends a value without surrounding blanks, in lower case (step 2) or (as_is) unchanged. */
static void put_value(struct text *t, const char *s, bool as_is)
{
    size_t n;

    s += strspn(s, " \t");
    n = strlen(s);
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    if (as_is)
        put(t, s, n);
    else
        put_lower(t, s, n);
}

static void hex_of(const unsigned char hash[HASH], char out[HEX])
{
    for (size_t i = 0; i < HASH; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

/* -1: out of memory. */
static int hash_hex(const void *data, size_t n, char out[HEX])
{
    unsigned char hash[HASH];

    if (!SHA256(data, n, hash))
        return -1;
    hex_of(hash, out);
    return 0;
}

static int hmac(const void *key, size_t key_bytes, const char *text, unsigned char out[HASH])
{
    return HMAC(EVP_sha256(), key, (int)key_bytes, (const unsigned char *)text, strlen(text), out,
                NULL)
               ? 0
               : -1;
}

static int compare_names(const void *a, const void *b)
{
    const char *x = (*(const struct trtc_header *const *)a)->name;
    const char *y = (*(const struct trtc_header *const *)b)->name;

    while (*x && lower(*x) == lower(*y)) {
        x++;
        y++;
    }
    return (unsigned char)lower(*x) - (unsigned char)lower(*y);
}

/* The signed headers sorted by name. The caller frees the array but not the headers. NULL: out of
 * memory. */
static const struct trtc_header **sorted(const struct trtc_headers *h)
{
    const struct trtc_header **list = malloc((h->nb + 1) * sizeof(*list));

    if (!list)
        return NULL;
    for (size_t i = 0; i < h->nb; i++)
        list[i] = &h->list[i];
    qsort(list, h->nb, sizeof(*list), compare_names);
    return list;
}

/* Steps 1 to 4: the canonical request, and the names of the signed headers joined with ';'. */
static int canonical(const struct trtc_sign *in, struct text *request, struct text *names)
{
    const struct trtc_header **list = sorted(in->signed_headers);
    char hash[HEX];

    if (!list)
        return -1;
    put_word(request, in->method ? in->method : "POST");
    put_word(request, "\n/\n");
    put_word(request, in->query ? in->query : "");
    put_word(request, "\n");
    for (size_t i = 0; i < in->signed_headers->nb; i++) {
        const char *name = list[i]->name;

        put_lower(request, name, strlen(name));
        put_word(request, ":");
        put_value(request, list[i]->value, in->as_is);
        put_word(request, "\n");
        put_word(names, i ? ";" : "");
        put_lower(names, name, strlen(name));
    }
    free(list);
    put_word(request, "\n");
    if (names->s)
        put(request, names->s, names->n);
    put_word(request, "\n");
    if (hash_hex(in->body_bytes ? in->body : "", in->body_bytes, hash) < 0)
        return -1;
    put_word(request, hash);
    return request->failed || names->failed ? -1 : 0;
}

/* Step 7: derives the key for the day and service; out is raw. */
static int derive(const char *secret_key, const char *date, const char *service,
                  unsigned char out[HASH])
{
    char first[3 + KEY_MAX + 1];
    unsigned char k1[HASH], k2[HASH];
    int n = snprintf(first, sizeof(first), "TC3%s", secret_key);
    int bad = hmac(first, (size_t)n, date, k1) || hmac(k1, HASH, service, k2) ||
              hmac(k2, HASH, SCOPE_END, out);

    OPENSSL_cleanse(first, sizeof(first));
    OPENSSL_cleanse(k1, sizeof(k1));
    OPENSSL_cleanse(k2, sizeof(k2));
    return bad ? -1 : 0;
}

/* Steps 6 to 8. */
struct scope {
    const char *date, *service;
    const char *text; /* of both */
};

static int signature(const struct trtc_sign *in, const struct scope *scope,
                     const struct text *request, char out[HEX])
{
    char hash[HEX];
    struct text to_sign = { 0 };
    unsigned char key[HASH], mac[HASH];
    char stamp[64];
    int ret = -1;

    snprintf(stamp, sizeof(stamp), ALGORITHM "\n%" PRId64 "\n", in->time_s);
    put_word(&to_sign, stamp);
    put_word(&to_sign, scope->text);
    put_word(&to_sign, "\n");
    const int hashed = hash_hex(request->s, request->n, hash);
    put_word(&to_sign, hashed < 0 ? "" : hash);
    if (hashed == 0 && !to_sign.failed &&
        !derive(in->secret_key, scope->date, scope->service, key) &&
        !hmac(key, HASH, to_sign.s, mac)) {
        hex_of(mac, out);
        ret = 0;
    }
    OPENSSL_cleanse(key, sizeof(key));
    free(to_sign.s);
    return ret;
}

/* Step 5: the UTC date of the time stamp. */
static void date_of(int64_t time_s, char out[DATE])
{
    char digits[TRTC_UTC_LEN + 1];

    trtc_utc_format17(time_s * 1000, digits);
    snprintf(out, DATE, "%.4s-%.2s-%.2s", digits, digits + 4, digits + 6);
}

static bool printable(const char *s, const char *but)
{
    for (; *s; s++)
        if (*s <= ' ' || *s > '~' || strchr(but, *s))
            return false;
    return true;
}

static int check(const struct trtc_sign *in, struct trtc_err *err)
{
    size_t id = strlen(in->secret_id), key = strlen(in->secret_key);

    if (id == 0 || id > ID_MAX || !printable(in->secret_id, "/,"))
        return trtc_fail(err, TRTC_EX_CONFIG,
                         "the SecretId is empty, too long or contains invalid characters");
    if (key == 0 || key > KEY_MAX || !printable(in->secret_key, ""))
        return trtc_fail(err, TRTC_EX_CONFIG,
                         "the SecretKey is empty, too long or contains invalid characters");
    /* until the end of 9999, after which the year has five digits */
    if (in->time_s < 0 || in->time_s > INT64_C(253402300799))
        return trtc_fail(err, TRTC_EX_SOFTWARE,
                         "cannot sign for a time outside the years 1970 to 9999");
    if (!trtc_headers_get(in->signed_headers, "content-type") ||
        !trtc_headers_get(in->signed_headers, "host"))
        return trtc_fail(err, TRTC_EX_SOFTWARE, "content-type and host have to be signed");
    return 0;
}

char *trtc_sign_authorization(const struct trtc_sign *in, struct trtc_err *err)
{
    const char *service = in->service ? in->service : TRTC_SIGN_SERVICE;
    struct text request = { 0 }, names = { 0 }, scope = { 0 }, out = { 0 };
    char date[DATE], sig[HEX];

    if (check(in, err))
        return NULL;
    date_of(in->time_s, date);
    put_word(&scope, date);
    put_word(&scope, "/");
    put_word(&scope, service);
    put_word(&scope, "/" SCOPE_END);
    if (scope.failed || canonical(in, &request, &names) ||
        signature(in, &(struct scope){ date, service, scope.s }, &request, sig)) {
        out.failed = true;
        goto done;
    }
    put_word(&out, ALGORITHM " Credential=");
    put_word(&out, in->secret_id);
    put_word(&out, "/");
    put_word(&out, scope.s);
    put_word(&out, ", SignedHeaders=");
    put_word(&out, names.s);
    put_word(&out, ", Signature=");
    put_word(&out, sig);
done:
    free(request.s);
    free(names.s);
    free(scope.s);
    if (out.failed) {
        free(out.s);
        out.s = NULL;
        trtc_fail_nomem(err);
    }
    return out.s;
}

/* Adds a header if it has a value. */
static int add(struct trtc_headers *h, const char *name, const char *value, struct trtc_err *err)
{
    return value && *value ? trtc_headers_add(h, name, value, err) : 0;
}

/* Signs these two headers only, like all of the vendor's clients ("Signature v3", section 1). */
static char *authorize(const struct trtc_sign_call *call, const char *content_type,
                       struct trtc_err *err)
{
    struct trtc_headers h = { 0 };
    struct trtc_sign in = {
        .secret_id = call->secret_id,
        .secret_key = call->secret_key,
        .service = call->service,
        .time_s = call->time_s,
        .signed_headers = &h,
        .body = call->body,
        .body_bytes = call->body_bytes,
    };
    char *ret = NULL;

    if (!trtc_headers_add(&h, "Content-Type", content_type, err) &&
        !trtc_headers_add(&h, "Host", call->host, err))
        ret = trtc_sign_authorization(&in, err);
    trtc_headers_fini(&h);
    return ret;
}

int trtc_sign_call(const struct trtc_sign_call *call, struct trtc_headers *out,
                   struct trtc_err *err)
{
    static const char content_type[] = "application/json";
    char stamp[24];
    char *authorization = authorize(call, content_type, err);
    int ret = -1;

    if (!authorization)
        return -1;
    snprintf(stamp, sizeof(stamp), "%" PRId64, call->time_s);
    if (!add(out, "Host", call->host, err) && !add(out, "Content-Type", content_type, err) &&
        !add(out, "X-TC-Action", call->action, err) &&
        !add(out, "X-TC-Version", call->version, err) && !add(out, "X-TC-Timestamp", stamp, err) &&
        !add(out, "X-TC-Region", call->region, err) &&
        !add(out, "X-TC-Language", call->language, err) &&
        !add(out, "X-TC-RequestClient", call->client, err) &&
        !add(out, "X-TC-Token", call->token, err))
        ret = trtc_headers_add(out, "Authorization", authorization, err);
    free(authorization);
    return ret;
}
