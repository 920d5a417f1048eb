/* SPDX-License-Identifier: MIT */
/* Checks signatures: signs the request as its client should have done, and compares. */
#include "net/signed.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "net/sign.h"

#define SCHEME     "TC3-HMAC-SHA256 Credential="
#define NAMES      " SignedHeaders="
#define SIGNATURE  " Signature="
#define SCOPE_END  "tc3_request"
#define TIME_MAX_S INT64_C(253402300799) /* the end of 9999 */

enum { HEADERS_MAX = 32, AUTHORIZATION_MAX = 4096 };

/* The parts of an Authorization; all point into text. */
struct parts {
    char text[AUTHORIZATION_MAX];
    char *id, *date, *service, *end, *names, *signature;
};

/* Ends s at the first stop, and returns the rest after it; NULL: s does not contain stop. */
static char *cut(char *s, char stop)
{
    char *at = s ? strchr(s, stop) : NULL;
    if (at)
        *at++ = '\0';
    return at;
}

static char *after(char *s, const char *prefix)
{
    const size_t n = strlen(prefix);
    return s && strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

/* "SCHEME ID/DATE/SERVICE/END, SignedHeaders=a;b, Signature=HEX", one blank behind each comma. */
static bool take_apart(const char *text, struct parts *p)
{
    if (!text || strlen(text) >= sizeof p->text)
        return false;
    memcpy(p->text, text, strlen(text) + 1);
    p->id = after(p->text, SCHEME);
    p->names = after(cut(p->id, ','), NAMES);
    p->signature = after(cut(p->names, ','), SIGNATURE);
    p->date = cut(p->id, '/');
    p->service = cut(p->date, '/');
    p->end = cut(p->service, '/');
    return p->end && strcmp(p->end, SCOPE_END) == 0 && *p->id && *p->service && p->signature &&
           strlen(p->signature) == TRTC_SIGNED_LEN &&
           strspn(p->signature, "0123456789abcdef") == TRTC_SIGNED_LEN;
}

/* X-TC-Timestamp in whole seconds; -1: none. */
static int64_t time_of(const struct trtc_signed_request *r)
{
    const char *s = r->header(r->arg, "x-tc-timestamp");
    const size_t n = s ? strlen(s) : 0;
    if (n < 1 || n > 12 || strspn(s, "0123456789") != n)
        return -1;
    const int64_t t = strtoll(s, NULL, 10);
    return t <= TIME_MAX_S ? t : -1;
}

static bool is_day(const char *date, int64_t time_s)
{
    char digits[TRTC_UTC_LEN + 1], day[16];
    trtc_utc_format17(time_s * 1000, digits);
    snprintf(day, sizeof day, "%.4s-%.2s-%.2s", digits, digits + 4, digits + 6);
    return strcmp(day, date) == 0;
}

/* Returns the length of a host without its port. */
static size_t host_length(const char *host)
{
    const char *colon = strrchr(host, ':');
    const bool port = colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1);
    return port ? (size_t)(colon - host) : strlen(host);
}

/* Collects the signed header fields as they were received. Returns 1; 0: one is missing or
 * repeated, or content-type or host is not signed; -1: no memory. */
static int gather(const struct trtc_signed_request *r, char *names, bool port,
                  struct trtc_headers *out)
{
    int needed = 0;
    for (char *name = names, *next; name; name = next) {
        next = cut(name, ';');
        const bool host = strcmp(name, "host") == 0;
        const char *value = r->header(r->arg, name);
        char without[512];
        if (!value || trtc_headers_get(out, name) || out->nb == HEADERS_MAX)
            return 0;
        if (host && !port) {
            snprintf(without, sizeof without, "%.*s", (int)host_length(value), value);
            value = without;
        }
        struct trtc_err err;
        if (trtc_headers_add(out, name, value, &err) < 0)
            return err.code == TRTC_EX_TEMPFAIL ? -1 : 0;
        needed += host || strcmp(name, "content-type") == 0;
    }
    return needed == 2;
}

/* One way in which a client may have written what it signed. */
struct form {
    bool port, as_is;
};

/* Whether p->signature is that of the request in this form. */
static enum trtc_signed matches(const struct trtc_signed_request *r, const struct parts *p,
                                const struct form *form, const char *key, int64_t time_s)
{
    struct trtc_headers h = { 0 };
    char names[AUTHORIZATION_MAX];
    snprintf(names, sizeof names, "%s", p->names);
    const int have = gather(r, names, form->port, &h);
    const struct trtc_sign in = { .secret_id = p->id,
                                  .secret_key = key,
                                  .service = p->service,
                                  .time_s = time_s,
                                  .method = r->method,
                                  .signed_headers = &h,
                                  .body = r->body,
                                  .body_bytes = r->body_bytes,
                                  .as_is = form->as_is };
    struct trtc_err err = { 0 };
    char *text = have == 1 ? trtc_sign_authorization(&in, &err) : NULL;
    trtc_headers_fini(&h);
    if (have == 0)
        return TRTC_SIGNED_MALFORMED;
    if (!text)
        return have < 0 || err.code == TRTC_EX_TEMPFAIL ? TRTC_SIGNED_NOMEM : TRTC_SIGNED_FORGED;
    const char *want = text + strlen(text) - TRTC_SIGNED_LEN;
    const bool same = CRYPTO_memcmp(want, p->signature, TRTC_SIGNED_LEN) == 0;
    OPENSSL_cleanse(text, strlen(text));
    free(text);
    return same ? TRTC_SIGNED_OK : TRTC_SIGNED_FORGED;
}

static enum trtc_signed check_forms(const struct trtc_signed_request *r, const struct parts *p,
                                    const char *key, int64_t time_s)
{
    static const struct form forms[] = {
        { true, false }, { false, false }, { true, true }, { false, true }
    };
    enum trtc_signed ret = TRTC_SIGNED_FORGED;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0] && ret == TRTC_SIGNED_FORGED; i++)
        ret = matches(r, p, &forms[i], key, time_s);
    return ret;
}

enum trtc_signed trtc_signed_check(const struct trtc_signed_request *r,
                                   const struct trtc_signed_keys *keys, int64_t now_s,
                                   struct trtc_signed_by *by)
{
    struct parts p;
    const int64_t time_s = time_of(r);
    if (!take_apart(r->header(r->arg, "authorization"), &p) || strlen(p.id) >= sizeof by->secret_id)
        return TRTC_SIGNED_MALFORMED;
    const char *key = keys->find(keys->arg, p.id);
    if (!key)
        return TRTC_SIGNED_UNKNOWN;
    if (time_s < 0)
        return TRTC_SIGNED_MALFORMED;
    if (time_s < now_s - TRTC_SIGNED_WINDOW_S || time_s > now_s + TRTC_SIGNED_WINDOW_S)
        return TRTC_SIGNED_EXPIRED;
    if (!is_day(p.date, time_s))
        return TRTC_SIGNED_FORGED;
    const enum trtc_signed ret = check_forms(r, &p, key, time_s);
    if (ret != TRTC_SIGNED_OK)
        return ret;
    /* none of these keys is a temporary one */
    if (r->header(r->arg, "x-tc-token"))
        return TRTC_SIGNED_TOKEN;
    memcpy(by->secret_id, p.id, strlen(p.id) + 1);
    memcpy(by->signature, p.signature, TRTC_SIGNED_LEN + 1);
    by->time_s = time_s;
    return TRTC_SIGNED_OK;
}
