/* SPDX-License-Identifier: MIT */
/* TC3-HMAC-SHA256 checked, from the vendor's page "Signature v3" read as a server would. */
#include "serve/verify.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define SCHEME         "TC3-HMAC-SHA256 "
#define CREDENTIAL     "Credential="
#define SIGNED_HEADERS "SignedHeaders="
#define SIGNATURE      "Signature="
#define UNSIGNED       "UNSIGNED-PAYLOAD"

enum { DIGEST = 32, HEX = 2 * DIGEST };

/* An Authorization header taken apart; all point into text. */
struct parts {
    char *text;
    const char *secret_id;
    const char *date, *service, *last; /* of the scope */
    char *names;                       /* "content-type;host" */
    const char *signature;
};

/* One way to write the values of the signed headers. */
struct form {
    bool lower; /* in lower case, or as received */
    bool host_no_port;
};

static const struct {
    const char *code, *message;
} results[] = {
    [TRTC_VERIFY_AUTHORIZATION] = { "AuthFailure.InvalidAuthorization",
                                    "The Authorization header is missing or malformed." },
    [TRTC_VERIFY_SECRET_ID] = { "AuthFailure.SecretIdNotFound", "The SecretId is not known." },
    [TRTC_VERIFY_EXPIRED] = { "AuthFailure.SignatureExpire",
                              "X-TC-Timestamp is more than five minutes from the server's time." },
    [TRTC_VERIFY_SIGNATURE] = { "AuthFailure.SignatureFailure", "The signature does not match." },
    [TRTC_VERIFY_TOKEN] = { "AuthFailure.TokenFailure", "X-TC-Token is not this key's." },
    [TRTC_VERIFY_VERSION] = { "NoSuchVersion", "X-TC-Version has to be 2019-07-22." },
    [TRTC_VERIFY_ACTION] = { "InvalidAction", "X-TC-Action names no action of this version." },
    [TRTC_VERIFY_REGION] = { "UnsupportedRegion", "X-TC-Region is not one of this service." },
    [TRTC_VERIFY_NOMEM] = { "InternalError", "Out of memory." },
};

const char *trtc_verify_code(enum trtc_verify_result result)
{
    return results[result].code;
}

const char *trtc_verify_message(enum trtc_verify_result result)
{
    return results[result].message;
}

/* Cuts the text at the first stop; returns what follows it, NULL where there is none. */
static char *cut(char *s, char stop)
{
    char *at = s ? strchr(s, stop) : NULL;

    if (at)
        *at++ = '\0';
    return at;
}

/* What follows the prefix, NULL where it is not there. */
static char *after(char *s, const char *prefix)
{
    size_t n = strlen(prefix);

    return s && !strncmp(s, prefix, n) ? s + n : NULL;
}

/* "Scheme Credential=ID/DATE/SERVICE/END, SignedHeaders=a;b, Signature=HEX": exactly one blank
 * after each comma. */
static bool take_apart(struct parts *p)
{
    char *s = after(p->text, SCHEME CREDENTIAL);
    char *service, *last, *rest, *date;

    p->secret_id = s;
    rest = cut(s, ',');
    date = cut(s, '/');
    service = cut(date, '/');
    last = cut(service, '/');
    p->date = date;
    p->service = service;
    p->last = last;
    p->names = after(rest, " " SIGNED_HEADERS);
    rest = cut(p->names, ',');
    p->signature = after(rest, " " SIGNATURE);
    return last && !strchr(last, '/') && *p->secret_id && *p->service && p->signature &&
           strlen(p->signature) == HEX && strspn(p->signature, "0123456789abcdef") == HEX;
}

/* The field of that name where the request has exactly one, else NULL. */
static const char *only(const struct trtc_headers *h, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < h->nb; i++) {
        if (strcasecmp(h->list[i].name, name) != 0)
            continue;
        if (value)
            return NULL;
        value = h->list[i].value;
    }
    return value;
}

/* The names are in lower case, sorted, each once, with content-type and host among them, and the
 * request has each. */
static bool names_good(const char *names, const struct trtc_headers *h)
{
    char *copy = strdup(names), *name = copy, *before = NULL;
    int needed = 0;
    bool good = copy != NULL;

    while (name && good) {
        char *next = cut(name, ';');

        good = *name && !strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") &&
               (!before || strcmp(before, name) < 0) && only(h, name);
        needed += !strcmp(name, "content-type") || !strcmp(name, "host");
        before = name;
        name = next;
    }
    free(copy);
    return good && needed == 2;
}

/* Whole seconds of X-TC-Timestamp, -1 where it is none. */
static int64_t stamp_of(const struct trtc_headers *h)
{
    const char *s = only(h, "x-tc-timestamp");
    int64_t v = 0;

    if (!s || !*s || strlen(s) > 12 || s[strspn(s, "0123456789")])
        return -1;
    for (; *s; s++)
        v = 10 * v + (*s - '0');
    return v;
}

static bool scope_good(const struct parts *p, int64_t stamp_s, const char *service)
{
    time_t t = (time_t)stamp_s;
    struct tm day;
    char date[16];

    return gmtime_r(&t, &day) && strftime(date, sizeof(date), "%Y-%m-%d", &day) &&
           !strcmp(date, p->date) && !strcmp(p->last, "tc3_request") &&
           (!service || !strcmp(service, p->service));
}

static void to_hex(const unsigned char *digest, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < DIGEST; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[HEX] = '\0';
}

static bool sha256_hex(const void *data, size_t n, char out[HEX + 1])
{
    unsigned char digest[DIGEST];

    if (!EVP_Digest(n ? data : "", n, digest, NULL, EVP_sha256(), NULL))
        return false;
    to_hex(digest, out);
    return true;
}

static bool mac(const void *key, size_t n, const char *text, unsigned char out[DIGEST])
{
    size_t len;

    return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, n, (const unsigned char *)text,
                     strlen(text), out, DIGEST, &len) &&
           len == DIGEST;
}

/* A value in one of its forms, without the blanks around it. */
static void write_value(FILE *f, const char *name, const char *value, const struct form *form)
{
    size_t n;

    value += strspn(value, " \t");
    n = strlen(value);
    if (form->host_no_port && !strcmp(name, "host")) {
        const char *colon = strrchr(value, ':');

        if (colon && !colon[1 + strspn(colon + 1, "0123456789")])
            n = (size_t)(colon - value);
    }
    while (n && strchr(" \t", value[n - 1]))
        n--;
    for (size_t i = 0; i < n; i++)
        fputc(form->lower && value[i] >= 'A' && value[i] <= 'Z' ? value[i] | 32 : value[i], f);
}

/* The hash of the canonical request. */
static bool hash_request(const struct trtc_verify_request *r, const char *names, const char *body,
                         const struct form *form, char out[HEX + 1])
{
    char *text = NULL, *copy = strdup(names);
    size_t n = 0;
    FILE *f = copy ? open_memstream(&text, &n) : NULL;
    bool good = f != NULL;

    if (f) {
        fprintf(f, "%s\n/\n%s\n", r->method, r->query ? r->query : "");
        for (char *name = copy, *next; name; name = next) {
            next = cut(name, ';');
            fprintf(f, "%s:", name);
            write_value(f, name, only(r->headers, name), form);
            fputc('\n', f);
        }
        fprintf(f, "\n%s\n%s", names, body);
        good = !ferror(f);
        good = !fclose(f) && good && sha256_hex(text, n, out);
    }
    free(text);
    free(copy);
    return good;
}

/* The key for the scope. */
static bool scope_key(const char *secret_key, const struct parts *p, unsigned char out[DIGEST])
{
    size_t n = strlen(secret_key) + 3;
    char *first = malloc(n + 1);
    unsigned char day[DIGEST], service[DIGEST];
    bool good = first != NULL;

    if (good) {
        snprintf(first, n + 1, "TC3%s", secret_key);
        good = mac(first, n, p->date, day) && mac(day, DIGEST, p->service, service) &&
               mac(service, DIGEST, p->last, out);
        OPENSSL_cleanse(first, n);
    }
    OPENSSL_cleanse(day, sizeof(day));
    OPENSSL_cleanse(service, sizeof(service));
    free(first);
    return good;
}

/* What the signature should be in this form. */
static bool expected(const struct trtc_verify_request *r, const struct parts *p, int64_t stamp_s,
                     const char *body, const struct form *form, const unsigned char key[DIGEST],
                     char out[HEX + 1])
{
    char hash[HEX + 1];
    unsigned char digest[DIGEST];
    char *text;
    size_t size = strlen(p->service) + 256;
    bool good;

    if (!hash_request(r, p->names, body, form, hash))
        return false;
    text = malloc(size);
    if (!text)
        return false;
    snprintf(text, size, "TC3-HMAC-SHA256\n%lld\n%s/%s/%s\n%s", (long long)stamp_s, p->date,
             p->service, p->last, hash);
    good = mac(key, DIGEST, text, digest);
    if (good)
        to_hex(digest, out);
    free(text);
    return good;
}

static enum trtc_verify_result check_signature(const struct trtc_verify_request *r,
                                               const struct trtc_verify_rules *rules,
                                               const struct parts *p, int64_t stamp_s,
                                               const char *secret_key)
{
    static const struct form forms[] = {
        { true, false }, { true, true }, { false, false }, { false, true }
    };
    const char *said = only(r->headers, "x-tc-content-sha256");
    bool is_unsigned = rules->may_be_unsigned && said && !strcmp(said, UNSIGNED);
    enum trtc_verify_result ret = TRTC_VERIFY_SIGNATURE;
    unsigned char key[DIGEST];
    char body[HEX + 1], want[HEX + 1];
    bool good = is_unsigned ? sha256_hex(UNSIGNED, strlen(UNSIGNED), body)
                            : sha256_hex(r->body, r->body_bytes, body);

    if (!good || !scope_key(secret_key, p, key))
        return TRTC_VERIFY_NOMEM;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && ret == TRTC_VERIFY_SIGNATURE; i++) {
        if (!expected(r, p, stamp_s, body, &forms[i], key, want))
            ret = TRTC_VERIFY_NOMEM;
        else if (!CRYPTO_memcmp(want, p->signature, HEX))
            ret = TRTC_VERIFY_OK;
    }
    OPENSSL_cleanse(key, sizeof(key));
    OPENSSL_cleanse(want, sizeof(want));
    return ret;
}

static bool token_good(const char *sent, const char *token)
{
    if (!sent || !token)
        return !sent && !token;
    return strlen(sent) == strlen(token) && !CRYPTO_memcmp(sent, token, strlen(token));
}

static enum trtc_verify_result check(const struct trtc_verify_request *r,
                                     const struct trtc_verify_rules *rules, struct parts *p,
                                     int64_t now_s)
{
    struct trtc_verify_key key = { NULL, NULL };
    enum trtc_verify_result ret;
    int64_t stamp_s = stamp_of(r->headers);

    if (!take_apart(p))
        return TRTC_VERIFY_AUTHORIZATION;
    if (rules->find(rules->arg, p->secret_id, &key))
        return TRTC_VERIFY_SECRET_ID;
    if (stamp_s < 0 || !names_good(p->names, r->headers))
        return TRTC_VERIFY_AUTHORIZATION;
    if (stamp_s < now_s - TRTC_VERIFY_WINDOW_S || stamp_s > now_s + TRTC_VERIFY_WINDOW_S)
        return TRTC_VERIFY_EXPIRED;
    if (!scope_good(p, stamp_s, rules->service))
        return TRTC_VERIFY_SIGNATURE;
    ret = check_signature(r, rules, p, stamp_s, key.secret_key);
    if (ret == TRTC_VERIFY_OK && !token_good(only(r->headers, "x-tc-token"), key.token))
        ret = TRTC_VERIFY_TOKEN;
    return ret;
}

enum trtc_verify_result trtc_verify_signature(const struct trtc_verify_request *request,
                                              const struct trtc_verify_rules *rules, int64_t now_s)
{
    const char *authorization = only(request->headers, "authorization");
    struct parts p = { 0 };
    enum trtc_verify_result ret;

    if (!authorization)
        return TRTC_VERIFY_AUTHORIZATION;
    p.text = strdup(authorization);
    if (!p.text)
        return TRTC_VERIFY_NOMEM;
    ret = check(request, rules, &p, now_s);
    free(p.text);
    return ret;
}

/* True if the header stands once and is one of the words. */
static bool is_one_of(const struct trtc_headers *h, const char *name, const char *const *words)
{
    const char *value = only(h, name);

    for (; value && *words; words++)
        if (!strcmp(value, *words))
            return true;
    return false;
}

enum trtc_verify_result trtc_verify_target(const struct trtc_headers *headers)
{
    static const char *const versions[] = { "2019-07-22", NULL };
    static const char *const actions[] = { "CreateCloudRecording", "DescribeCloudRecording",
                                           "ModifyCloudRecording", "DeleteCloudRecording", NULL };
    /* The pages disagree about ap-mumbai; a server that takes it harms nobody. */
    static const char *const regions[] = { "ap-beijing",   "ap-guangzhou", "ap-shanghai",
                                           "ap-singapore", "ap-mumbai",    NULL };

    if (!is_one_of(headers, "x-tc-version", versions))
        return TRTC_VERIFY_VERSION;
    if (!is_one_of(headers, "x-tc-action", actions))
        return TRTC_VERIFY_ACTION;
    if (!is_one_of(headers, "x-tc-region", regions))
        return TRTC_VERIFY_REGION;
    return TRTC_VERIFY_OK;
}
