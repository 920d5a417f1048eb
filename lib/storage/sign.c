/* SPDX-License-Identifier: MIT */
/* Signatures of requests to object stores. */
#include "storage/sign.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "storage/text_priv.h"

enum {
    SHA1_BYTES = SHA_DIGEST_LENGTH,
    SHA256_BYTES = SHA256_DIGEST_LENGTH,
    KEY_MAX = 256, /* length of an id or a key: today they have 16 to 40 bytes */
};

/* ---- keys and hashes ---- */

static bool printable(const char *s, const char *but)
{
    for (; *s; s++)
        if (*s <= ' ' || *s > '~' || strchr(but, *s))
            return false;
    return true;
}

int trtc_sign_check_keys(const char *secret_id, const char *secret_key, struct trtc_err *err)
{
    if (!secret_id || !*secret_id || strlen(secret_id) > KEY_MAX || !printable(secret_id, "/,&="))
        return trtc_fail(err, TRTC_EX_CONFIG,
                         "the access key is empty, too long or contains invalid characters");
    if (!secret_key || !*secret_key || strlen(secret_key) > KEY_MAX || !printable(secret_key, ""))
        return trtc_fail(err, TRTC_EX_CONFIG,
                         "the secret key is empty, too long or contains invalid characters");
    return 0;
}

static void hex_of(const unsigned char *raw, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", raw[i]);
}

int trtc_sign_sha256(const void *data, size_t n, unsigned char raw[32], char hex[TRTC_SIGN_HEX])
{
    if (!EVP_Digest(n ? data : "", n, raw, NULL, EVP_sha256(), NULL))
        return -1;
    hex_of(raw, SHA256_BYTES, hex);
    return 0;
}

static bool hmac(const EVP_MD *md, struct trtc_bytes key, const char *text, unsigned char *out)
{
    return HMAC(md, key.p, (int)key.n, (const unsigned char *)text, strlen(text), out, NULL) !=
           NULL;
}

/* ---- lists of names and values ---- */

enum form { LOWER, ENCODED_LOWER, ENCODED, TRIMMED };

/* Appends s without surrounding blanks, and with single blanks inside. */
static void put_trimmed(struct trtc_draft *t, const char *s)
{
    bool blank = false;

    for (s += strspn(s, " \t"); *s; s++) {
        if (*s == ' ' || *s == '\t') {
            blank = true;
            continue;
        }
        if (blank)
            trtc_draft_word(t, " ");
        blank = false;
        trtc_draft_put(t, s, 1);
    }
}

/* s in this form; the caller frees it. NULL: out of memory. */
static char *formed(const char *s, enum form form)
{
    struct trtc_draft t = { 0 }, lower = { 0 };

    if (form == TRIMMED) {
        put_trimmed(&t, s);
    } else if (form == LOWER) {
        trtc_draft_lower(&t, s);
    } else {
        trtc_draft_percent(&t, s, "");
        if (form == ENCODED_LOWER && !t.failed && t.s) {
            trtc_draft_lower(&lower, t.s);
            trtc_draft_fini(&t);
            t = lower;
        }
    }
    return trtc_draft_take(&t);
}

struct pair {
    char *name, *value;
};

struct pairs {
    struct pair *list;
    size_t nb;
};

static void wipe(char *s)
{
    if (s)
        OPENSSL_cleanse(s, strlen(s));
    free(s);
}

static void pairs_fini(struct pairs *p)
{
    for (size_t i = 0; i < p->nb; i++) {
        free(p->list[i].name);
        wipe(p->list[i].value);
    }
    free(p->list);
    *p = (struct pairs){ 0 };
}

static int by_name(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    const int names = strcmp(x->name, y->name);

    return names ? names : strcmp(x->value, y->value);
}

/* Appends a pair. 0, or -1: out of memory. */
static int add_pair(struct pairs *p, char *name, char *value)
{
    if (!name || !value) {
        free(name);
        free(value);
        return -1;
    }
    p->list[p->nb++] = (struct pair){ name, value };
    return 0;
}

/* Collects the headers or the query parameters in these forms, sorted. */
static int headers_of(const struct trtc_signable *in, enum form value, struct pairs *out)
{
    const struct trtc_headers *h = in->headers;

    out->list = calloc(h->nb + 1, sizeof *out->list);
    for (size_t i = 0; out->list && i < h->nb; i++)
        if (add_pair(out, formed(h->list[i].name, value == ENCODED ? ENCODED_LOWER : LOWER),
                     formed(h->list[i].value, value)))
            return -1;
    if (out->list)
        qsort(out->list, out->nb, sizeof *out->list, by_name);
    return out->list ? 0 : -1;
}

static int query_of(const struct trtc_signable *in, enum form name, struct pairs *out)
{
    out->list = calloc(in->nb_query + 1, sizeof *out->list);
    for (size_t i = 0; out->list && i < in->nb_query; i++)
        if (add_pair(out, formed(in->query[i].name, name), formed(in->query[i].value, ENCODED)))
            return -1;
    if (out->list)
        qsort(out->list, out->nb, sizeof *out->list, by_name);
    return out->list ? 0 : -1;
}

/* "a=1&b=2". */
static void put_joined(struct trtc_draft *t, const struct pairs *p)
{
    for (size_t i = 0; i < p->nb; i++) {
        trtc_draft_word(t, i ? "&" : "");
        trtc_draft_word(t, p->list[i].name);
        trtc_draft_word(t, "=");
        trtc_draft_word(t, p->list[i].value);
    }
}

/* "a;b". */
static void put_names(struct trtc_draft *t, const struct pairs *p)
{
    for (size_t i = 0; i < p->nb; i++) {
        trtc_draft_word(t, i ? ";" : "");
        trtc_draft_word(t, p->list[i].name);
    }
}

/* Makes either signature: put writes it from the names and values in these forms. */
static char *signed_by(const struct trtc_signable *in, enum form name, enum form value,
                       void (*put)(struct trtc_draft *, const struct trtc_signable *,
                                   const struct pairs *query, const struct pairs *headers),
                       struct trtc_err *err)
{
    struct pairs query = { 0 }, headers = { 0 };
    struct trtc_draft out = { 0 };

    if (trtc_sign_check_keys(in->secret_id, in->secret_key, err))
        return NULL;
    if (query_of(in, name, &query) || headers_of(in, value, &headers))
        out.failed = true;
    else
        put(&out, in, &query, &headers);
    char *ret = trtc_draft_take(&out);
    pairs_fini(&query);
    pairs_fini(&headers);
    if (!ret)
        trtc_fail_nomem(err);
    return ret;
}

/* ---- COS ---- */

/* Writes "method LF path LF query LF headers LF", then "sha1 LF time LF its SHA-1 LF". */
static void put_cos_text(struct trtc_draft *out, const struct trtc_signable *in, const char *time,
                         const struct pairs *query, const struct pairs *headers)
{
    struct trtc_draft t = { 0 };
    unsigned char raw[SHA1_BYTES];

    trtc_draft_lower(&t, in->method);
    trtc_draft_word(&t, "\n");
    trtc_draft_word(&t, in->path);
    trtc_draft_word(&t, "\n");
    put_joined(&t, query);
    trtc_draft_word(&t, "\n");
    put_joined(&t, headers);
    trtc_draft_word(&t, "\n");
    trtc_draft_word(out, "sha1\n");
    trtc_draft_word(out, time);
    trtc_draft_word(out, "\n");
    if (t.failed || !EVP_Digest(t.s, t.n, raw, NULL, EVP_sha1(), NULL))
        out->failed = true;
    else
        trtc_draft_hex(out, raw, sizeof raw);
    trtc_draft_word(out, "\n");
    trtc_draft_fini(&t);
}

/* The key for a time is the hexadecimal text, not the bytes. */
static bool cos_signature(const char *secret_key, const char *time, const char *text,
                          char out[2 * SHA1_BYTES + 1])
{
    unsigned char raw[SHA1_BYTES];
    char key[2 * SHA1_BYTES + 1] = "";
    bool good =
        hmac(EVP_sha1(), (struct trtc_bytes){ (const uint8_t *)secret_key, strlen(secret_key) },
             time, raw);

    hex_of(raw, good ? sizeof raw : 0, key);
    good = good &&
           hmac(EVP_sha1(), (struct trtc_bytes){ (const uint8_t *)key, strlen(key) }, text, raw);
    if (good)
        hex_of(raw, sizeof raw, out);
    OPENSSL_cleanse(key, sizeof key);
    return good;
}

static void put_cos(struct trtc_draft *out, const struct trtc_signable *in,
                    const struct pairs *query, const struct pairs *headers)
{
    struct trtc_draft text = { 0 };
    char time[48], signature[2 * SHA1_BYTES + 1] = "";

    snprintf(time, sizeof time, "%" PRId64 ";%" PRId64, in->time_s, in->until_s);
    put_cos_text(&text, in, time, query, headers);
    if (text.failed || !cos_signature(in->secret_key, time, text.s, signature))
        out->failed = true;
    trtc_draft_fini(&text);
    trtc_draft_word(out, "q-sign-algorithm=sha1&q-ak=");
    trtc_draft_word(out, in->secret_id);
    trtc_draft_word(out, "&q-sign-time=");
    trtc_draft_word(out, time);
    trtc_draft_word(out, "&q-key-time=");
    trtc_draft_word(out, time);
    trtc_draft_word(out, "&q-header-list=");
    put_names(out, headers);
    trtc_draft_word(out, "&q-url-param-list=");
    put_names(out, query);
    trtc_draft_word(out, "&q-signature=");
    trtc_draft_word(out, signature);
}

char *trtc_sign_cos(const struct trtc_signable *in, struct trtc_err *err)
{
    if (!trtc_headers_get(in->headers, "host")) {
        trtc_fail(err, TRTC_EX_SOFTWARE, "host has to be signed");
        return NULL;
    }
    return signed_by(in, ENCODED_LOWER, ENCODED, put_cos, err);
}

/* ---- S3 ---- */

void trtc_sign_amz_date(int64_t time_s, char out[TRTC_SIGN_AMZ_DATE])
{
    char digits[TRTC_UTC_LEN + 1];

    trtc_utc_format17(time_s * 1000, digits);
    snprintf(out, TRTC_SIGN_AMZ_DATE, "%.8sT%.6sZ", digits, digits + 8);
}

static const char *service_of(const struct trtc_signable *in)
{
    return in->service ? in->service : "s3";
}

/* "20130524/us-east-1/s3/aws4_request". */
static void put_scope(struct trtc_draft *t, const struct trtc_signable *in)
{
    char date[TRTC_SIGN_AMZ_DATE];

    trtc_sign_amz_date(in->time_s, date);
    trtc_draft_put(t, date, 8);
    trtc_draft_word(t, "/");
    trtc_draft_word(t, in->region);
    trtc_draft_word(t, "/");
    trtc_draft_word(t, service_of(in));
    trtc_draft_word(t, "/aws4_request");
}

/* Derives the key for the day, region and service. */
static bool s3_key(const struct trtc_signable *in, unsigned char out[SHA256_BYTES])
{
    unsigned char first[4 + KEY_MAX], key[SHA256_BYTES];
    char date[TRTC_SIGN_AMZ_DATE];
    const size_t n = strlen(in->secret_key);
    const char *const steps[] = { date, in->region, service_of(in), "aws4_request" };
    bool good = true;

    memcpy(first, "AWS4", 4);
    memcpy(first + 4, in->secret_key, n);
    trtc_sign_amz_date(in->time_s, date);
    date[8] = '\0';
    for (size_t i = 0; good && i < 4; i++) {
        const struct trtc_bytes k = { i ? key : first, i ? sizeof key : 4 + n };

        good = hmac(EVP_sha256(), k, steps[i], out);
        memcpy(key, out, sizeof key);
    }
    OPENSSL_cleanse(first, sizeof first);
    OPENSSL_cleanse(key, sizeof key);
    return good;
}

static int s3_signature(const struct trtc_signable *in, const char *text, char out[TRTC_SIGN_HEX])
{
    unsigned char key[SHA256_BYTES], raw[SHA256_BYTES];
    const bool good =
        s3_key(in, key) && hmac(EVP_sha256(), (struct trtc_bytes){ key, sizeof key }, text, raw);

    if (good)
        hex_of(raw, sizeof raw, out);
    OPENSSL_cleanse(key, sizeof key);
    return good ? 0 : -1;
}

/* Writes what precedes everything that is signed. */
static void put_s3_head(struct trtc_draft *t, const char *algorithm, const struct trtc_signable *in)
{
    char date[TRTC_SIGN_AMZ_DATE];

    trtc_sign_amz_date(in->time_s, date);
    trtc_draft_word(t, algorithm);
    trtc_draft_word(t, "\n");
    trtc_draft_word(t, date);
    trtc_draft_word(t, "\n");
    put_scope(t, in);
    trtc_draft_word(t, "\n");
}

/* "Task 1: Create a canonical request". */
static void put_canonical(struct trtc_draft *t, const struct trtc_signable *in,
                          const struct pairs *query, const struct pairs *headers)
{
    trtc_draft_word(t, in->method);
    trtc_draft_word(t, "\n");
    trtc_draft_percent(t, in->path, "/");
    trtc_draft_word(t, "\n");
    put_joined(t, query);
    trtc_draft_word(t, "\n");
    for (size_t i = 0; i < headers->nb; i++) {
        trtc_draft_word(t, headers->list[i].name);
        trtc_draft_word(t, ":");
        trtc_draft_word(t, headers->list[i].value);
        trtc_draft_word(t, "\n");
    }
    trtc_draft_word(t, "\n");
    put_names(t, headers);
    trtc_draft_word(t, "\n");
    trtc_draft_word(t, trtc_headers_get(in->headers, "x-amz-content-sha256"));
}

static void put_s3(struct trtc_draft *out, const struct trtc_signable *in,
                   const struct pairs *query, const struct pairs *headers)
{
    struct trtc_draft request = { 0 }, text = { 0 };
    unsigned char raw[SHA256_BYTES];
    char hex[TRTC_SIGN_HEX], signature[TRTC_SIGN_HEX] = "";

    put_canonical(&request, in, query, headers);
    put_s3_head(&text, "AWS4-HMAC-SHA256", in);
    if (request.failed || trtc_sign_sha256(request.s, request.n, raw, hex))
        out->failed = true;
    else
        trtc_draft_word(&text, hex);
    if (out->failed || text.failed || s3_signature(in, text.s, signature))
        out->failed = true;
    trtc_draft_fini(&request);
    trtc_draft_fini(&text);
    trtc_draft_word(out, "AWS4-HMAC-SHA256 Credential=");
    trtc_draft_word(out, in->secret_id);
    trtc_draft_word(out, "/");
    put_scope(out, in);
    trtc_draft_word(out, ",SignedHeaders=");
    put_names(out, headers);
    trtc_draft_word(out, ",Signature=");
    trtc_draft_word(out, signature);
}

char *trtc_sign_s3(const struct trtc_signable *in, struct trtc_err *err)
{
    if (!trtc_headers_get(in->headers, "host") || !trtc_headers_get(in->headers, "x-amz-date") ||
        !trtc_headers_get(in->headers, "x-amz-content-sha256")) {
        trtc_fail(err, TRTC_EX_SOFTWARE,
                  "host, x-amz-date and x-amz-content-sha256 have to be signed");
        return NULL;
    }
    return signed_by(in, ENCODED, TRIMMED, put_s3, err);
}

/* Writes what precedes the hash of each chunk and of the trailer. */
static void put_chunk_head(struct trtc_draft *t, const char *algorithm,
                           const struct trtc_signable *in, const char *before)
{
    put_s3_head(t, algorithm, in);
    trtc_draft_word(t, before);
    trtc_draft_word(t, "\n");
}

int trtc_sign_s3_chunk(const struct trtc_signable *in, const char before[TRTC_SIGN_HEX],
                       struct trtc_bytes chunk, char out[TRTC_SIGN_HEX], struct trtc_err *err)
{
    struct trtc_draft text = { 0 };
    unsigned char raw[SHA256_BYTES];
    char none[TRTC_SIGN_HEX], all[TRTC_SIGN_HEX];
    int ret = -1;

    if (trtc_sign_check_keys(in->secret_id, in->secret_key, err))
        return -1;
    put_chunk_head(&text, "AWS4-HMAC-SHA256-PAYLOAD", in, before);
    if (!trtc_sign_sha256("", 0, raw, none) && !trtc_sign_sha256(chunk.p, chunk.n, raw, all)) {
        trtc_draft_word(&text, none);
        trtc_draft_word(&text, "\n");
        trtc_draft_word(&text, all);
        ret = text.failed ? -1 : s3_signature(in, text.s, out);
    }
    trtc_draft_fini(&text);
    return ret ? trtc_fail_nomem(err) : 0;
}

int trtc_sign_s3_trailer(const struct trtc_signable *in, const char before[TRTC_SIGN_HEX],
                         const char *line, char out[TRTC_SIGN_HEX], struct trtc_err *err)
{
    struct trtc_draft text = { 0 }, trailer = { 0 };
    unsigned char raw[SHA256_BYTES];
    char hash[TRTC_SIGN_HEX];
    int ret = -1;

    if (trtc_sign_check_keys(in->secret_id, in->secret_key, err))
        return -1;
    trtc_draft_word(&trailer, line);
    trtc_draft_word(&trailer, "\n");
    put_chunk_head(&text, "AWS4-HMAC-SHA256-TRAILER", in, before);
    if (!trailer.failed && !trtc_sign_sha256(trailer.s, trailer.n, raw, hash)) {
        trtc_draft_word(&text, hash);
        ret = text.failed ? -1 : s3_signature(in, text.s, out);
    }
    trtc_draft_fini(&trailer);
    trtc_draft_fini(&text);
    return ret ? trtc_fail_nomem(err) : 0;
}
