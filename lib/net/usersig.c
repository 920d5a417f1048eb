/* SPDX-License-Identifier: MIT */
/* UserSig (TLSSigAPIv2) as the vendor's libraries make it; the formula on the vendor's help page
 * differs. */
#include "net/usersig.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/b64.h"
#include "base/json.h"
#include "base/text.h"

#define VERSION "2.0"

enum {
    MAC = SHA256_DIGEST_LENGTH,
    MAC_B64 = TRTC_B64_ENCODED_MAX(MAC),
    INFLATED_MAX = 64 << 10,
};

struct trtc_usersig_read {
    struct trtc_usersig is;
    cJSON *json; /* owns the texts */
    const char *sig;
};

/* Translates between alphabets: each character of from becomes the one at the same place in to. */
static void translate(char *s, const char *from, const char *to)
{
    for (; *s; s++) {
        const char *at = strchr(from, *s);

        if (at)
            *s = to[at - from];
    }
}

/* The text that is signed: every line, including the last, ends with a line feed. The caller frees
 * it. NULL: out of memory. */
static char *text_to_sign(const struct trtc_usersig *u)
{
    static const char fmt[] = "TLS.identifier:%s\nTLS.sdkappid:%" PRIu32 "\nTLS.time:%" PRId64
                              "\nTLS.expire:%" PRId64 "\n%s%s%s";
    size_t size = sizeof(fmt) + strlen(u->user) + 64;
    char *s;

    if (u->userbuf)
        size += strlen(u->userbuf) + sizeof("TLS.userbuf:\n");
    s = malloc(size);
    if (s)
        snprintf(s, size, fmt, u->user, u->sdkappid, u->time_s, u->expire_s,
                 u->userbuf ? "TLS.userbuf:" : "", u->userbuf ? u->userbuf : "",
                 u->userbuf ? "\n" : "");
    return s;
}

/* TLS.sig: the HMAC in standard Base64 with padding. */
static int inner_signature(const struct trtc_usersig *u, const char *key, char out[MAC_B64])
{
    unsigned char mac[MAC];
    char *text = text_to_sign(u);
    int ret = -1;

    if (text && HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text, strlen(text),
                     mac, NULL)) {
        trtc_b64_encode(mac, MAC, out);
        translate(out, "-.", "/=");
        ret = 0;
    }
    OPENSSL_cleanse(mac, sizeof(mac));
    free(text);
    return ret;
}

static bool has_controls(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f)
            return true;
    return false;
}

static bool is_base64(const char *s)
{
    return !s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")];
}

static int check_user(const char *user, struct trtc_err *err)
{
    size_t n = strlen(user);

    if (n == 0 || n > TRTC_USERSIG_USER_MAX)
        return trtc_fail(err, TRTC_EX_USAGE, "the UserID has %zu bytes: 1 to %d are allowed", n,
                         TRTC_USERSIG_USER_MAX);
    if (has_controls(user))
        return trtc_fail(err, TRTC_EX_USAGE, "the UserID holds a control character");
    if (!trtc_utf8_valid(user, n))
        return trtc_fail(err, TRTC_EX_USAGE, "the UserID is not UTF-8");
    return 0;
}

static int check_make(const struct trtc_usersig *in, const char *key, struct trtc_err *err)
{
    if (check_user(in->user, err))
        return -1;
    if (in->sdkappid == 0)
        return trtc_fail(err, TRTC_EX_USAGE, "the SDKAppID is 0");
    if (in->expire_s < 1 || in->expire_s > TRTC_USERSIG_EXPIRE_MAX_S)
        return trtc_fail(err, TRTC_EX_USAGE,
                         "a UserSig cannot live for %" PRId64 " s: 1 to %" PRId64 " are allowed",
                         in->expire_s, TRTC_USERSIG_EXPIRE_MAX_S);
    if (in->time_s < 0 || in->time_s > INT64_C(253402300799))
        return trtc_fail(err, TRTC_EX_SOFTWARE,
                         "cannot make a UserSig for a time outside the years 1970 to 9999");
    if (in->userbuf && !is_base64(in->userbuf))
        return trtc_fail(err, TRTC_EX_SOFTWARE, "the permission block is not Base64");
    if (!*key)
        return trtc_fail(err, TRTC_EX_CONFIG, "the application's secret key is empty");
    return 0;
}

/* The JSON text, with its members in the order of the vendor's Node library. NULL: out of
 * memory. */
static char *json_of(const struct trtc_usersig *in, const char *sig)
{
    cJSON *o = cJSON_CreateObject();
    char *text = NULL;

    if (o && cJSON_AddStringToObject(o, "TLS.ver", VERSION) &&
        cJSON_AddStringToObject(o, "TLS.identifier", in->user) &&
        cJSON_AddNumberToObject(o, "TLS.sdkappid", in->sdkappid) &&
        cJSON_AddNumberToObject(o, "TLS.time", (double)in->time_s) &&
        cJSON_AddNumberToObject(o, "TLS.expire", (double)in->expire_s) &&
        (!in->userbuf || cJSON_AddStringToObject(o, "TLS.userbuf", in->userbuf)) &&
        cJSON_AddStringToObject(o, "TLS.sig", sig))
        text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return text;
}

/* Compresses and encodes; NULL: out of memory. */
static char *pack(const char *json)
{
    size_t n = strlen(json);
    uLongf packed_bytes = compressBound(n);
    unsigned char *packed = malloc(packed_bytes);
    char *out = NULL;

    if (packed && compress2(packed, &packed_bytes, (const unsigned char *)json, n,
                            Z_DEFAULT_COMPRESSION) == Z_OK)
        out = malloc(TRTC_B64_ENCODED_MAX(packed_bytes));
    if (out) {
        trtc_b64_encode(packed, packed_bytes, out);
        translate(out, "+.", "*_"); /* '/' is already '-' */
    }
    if (packed)
        OPENSSL_cleanse(packed, packed_bytes);
    free(packed);
    return out;
}

char *trtc_usersig_make(const struct trtc_usersig *in, const char *key, struct trtc_err *err)
{
    char sig[MAC_B64];
    char *json, *out = NULL;

    if (check_make(in, key, err))
        return NULL;
    json = inner_signature(in, key, sig) ? NULL : json_of(in, sig);
    if (json) {
        out = pack(json);
        OPENSSL_cleanse(json, strlen(json));
    }
    OPENSSL_cleanse(sig, sizeof(sig));
    cJSON_free(json);
    if (!out)
        trtc_fail_nomem(err);
    return out;
}

/* Decodes n characters. NULL: they are not Base64 of this kind, or (*nomem) memory ran out. */
static unsigned char *decode(const char *text, size_t n, size_t *bytes, bool *nomem)
{
    char *copy = malloc(n + 1);
    unsigned char *out = malloc(TRTC_B64_DECODED_MAX(n));
    bool good = false;
    size_t bad;

    *nomem = !copy || !out;
    /* '+' and '.' belong to the alphabet of file names but not to this one */
    if (!*nomem && !memchr(text, '+', n) && !memchr(text, '.', n) && !memchr(text, '\0', n)) {
        memcpy(copy, text, n);
        copy[n] = '\0';
        translate(copy, "*_", "+.");
        good = !trtc_b64_decode(copy, n, out, bytes, &bad);
    }
    free(copy);
    if (!good) {
        free(out);
        out = NULL;
    }
    return out;
}

/* Decompresses exactly one zlib stream, to at most INFLATED_MAX bytes. The caller frees the result.
 * NULL: it is not one, or (*nomem) memory ran out. */
static char *unpack(const unsigned char *in, size_t n, size_t *bytes, bool *nomem)
{
    char *out = malloc(INFLATED_MAX);
    z_stream z = { 0 };
    int ret;

    *nomem = !out;
    if (!out)
        return NULL;
    z.next_in = (unsigned char *)in; /* zlib lacks a const here but does not write to it */
    z.avail_in = (uInt)n;
    z.next_out = (unsigned char *)out;
    z.avail_out = INFLATED_MAX;
    ret = inflateInit(&z);
    if (ret == Z_OK) {
        ret = inflate(&z, Z_FINISH);
        inflateEnd(&z);
    }
    *nomem = ret == Z_MEM_ERROR;
    *bytes = INFLATED_MAX - z.avail_out;
    if (ret != Z_STREAM_END || z.avail_in != 0) {
        free(out);
        out = NULL;
    }
    return out;
}

/* Reads the members from r->json. */
static int read_members(struct trtc_usersig_read *r, struct trtc_err *err)
{
    static const char what[] = "UserSig";
    const char *version = NULL;
    int64_t app = 0;
    int s[7];

    s[0] = trtc_json_string(r->json, what, "TLS.ver", &version, err);
    s[1] = trtc_json_string(r->json, what, "TLS.identifier", &r->is.user, err);
    s[2] = trtc_json_int(r->json, what, "TLS.sdkappid", 0, UINT32_MAX, &app, err);
    s[3] = trtc_json_int(r->json, what, "TLS.time", 0, INT64_C(1) << 52, &r->is.time_s, err);
    s[4] = trtc_json_int(r->json, what, "TLS.expire", 0, INT64_C(1) << 52, &r->is.expire_s, err);
    s[5] = trtc_json_string(r->json, what, "TLS.sig", &r->sig, err);
    s[6] = trtc_json_string(r->json, what, "TLS.userbuf", &r->is.userbuf, err);
    for (int i = 0; i < 6; i++)
        if (s[i] != 1)
            return -1;
    r->is.sdkappid = (uint32_t)app;
    if (s[6] < 0 || strcmp(version, VERSION) != 0)
        return -1;
    /* a line break in a member could imitate lines of the signed text */
    return has_controls(r->is.user) || (r->is.userbuf && !is_base64(r->is.userbuf)) ? -1 : 0;
}

static enum trtc_usersig_fault malformed(const char *why, struct trtc_err *err)
{
    trtc_fail(err, TRTC_EX_DATAERR, "the UserSig is %s", why);
    return TRTC_USERSIG_MALFORMED;
}

enum trtc_usersig_fault trtc_usersig_open(const char *text, size_t n,
                                          struct trtc_usersig_read **out, struct trtc_err *err)
{
    enum trtc_usersig_fault ret = TRTC_USERSIG_NOMEM;
    unsigned char *packed = NULL;
    char *json = NULL;
    struct trtc_usersig_read *r = NULL;
    size_t packed_bytes = 0, json_bytes = 0;
    bool nomem;

    *out = NULL;
    if (n == 0) {
        trtc_fail(err, TRTC_EX_DATAERR, "the UserSig is empty");
        return TRTC_USERSIG_EMPTY;
    }
    if (n > TRTC_USERSIG_TEXT_MAX)
        return malformed("too long", err);
    packed = decode(text, n, &packed_bytes, &nomem);
    if (!packed && !nomem)
        ret = malformed("not in its Base64", err);
    if (packed)
        json = unpack(packed, packed_bytes, &json_bytes, &nomem);
    if (packed && !json && !nomem)
        ret = malformed("not a zlib stream of at most 64 KiB", err);
    r = json ? calloc(1, sizeof(*r)) : NULL;
    if (r) {
        r->json = trtc_json_parse("UserSig", json, json_bytes, NULL);
        if (r->json && !read_members(r, NULL)) {
            *out = r;
            r = NULL;
            ret = TRTC_USERSIG_OK;
        } else {
            ret = malformed("not the expected JSON object", err);
        }
    }
    if (ret == TRTC_USERSIG_NOMEM)
        trtc_fail_nomem(err);
    if (json)
        OPENSSL_cleanse(json, json_bytes);
    trtc_usersig_read_free(&r);
    free(json);
    free(packed);
    return ret;
}

const struct trtc_usersig *trtc_usersig_members(const struct trtc_usersig_read *r)
{
    return &r->is;
}

enum trtc_usersig_fault trtc_usersig_check_key(const struct trtc_usersig_read *r, const char *key)
{
    char right[MAC_B64];
    if (inner_signature(&r->is, key, right) < 0)
        return TRTC_USERSIG_NOMEM;
    const size_t n = strlen(right);
    const bool same = strlen(r->sig) == n && CRYPTO_memcmp(right, r->sig, n) == 0;
    OPENSSL_cleanse(right, sizeof(right));
    return same ? TRTC_USERSIG_OK : TRTC_USERSIG_FORGED;
}

enum trtc_usersig_fault trtc_usersig_check_use(const struct trtc_usersig_read *r, const char *user,
                                               int64_t now_s)
{
    if (strcmp(r->is.user, user) != 0)
        return TRTC_USERSIG_USER;
    return now_s - r->is.time_s >= r->is.expire_s ? TRTC_USERSIG_EXPIRED : TRTC_USERSIG_OK;
}

void trtc_usersig_read_free(struct trtc_usersig_read **r)
{
    if (!*r)
        return;
    cJSON_Delete((*r)->json);
    free(*r);
    *r = NULL;
}
