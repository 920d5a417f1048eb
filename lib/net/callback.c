/* SPDX-License-Identifier: MIT */
/* Signatures of callbacks, their keys, and when a callback is repeated. */
#include "net/callback.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/num.h"
#include "base/text.h"
#include "net/secret.h"

enum { KEY_MAX = 256, HASH = 32, AGAIN_MS = 10000, GIVE_UP_MS = 60000 };

struct key {
    int64_t sdkappid; /* 0: any application */
    struct trtc_secret text;
};

struct trtc_callback_keys {
    struct key *items;
    size_t n;
};

static int add(struct trtc_callback_keys *k, int64_t sdkappid, const char *s, size_t n,
               struct trtc_err *err)
{
    if (trtc_array_room(&k->items, k->n, sizeof *k->items) < 0)
        return trtc_fail_nomem(err);
    k->items[k->n] = (struct key){ .sdkappid = sdkappid };
    if (trtc_secret_set(&k->items[k->n].text, s, n, err) < 0)
        return -1;
    k->items[k->n++].text.text[n] = '\0';
    return 0;
}

/* Removes quotation marks around a key. False: it is none. */
static bool is_key(const char **s, size_t *n)
{
    const char *mark = *s;
    if (trtc_secret_word("", s, n, NULL) < 0 || *n == 0 || *n > KEY_MAX)
        return false;
    /* SDKAPPID=KEY and the like */
    const size_t digits = strspn(mark, "0123456789");
    return digits < 8 || digits >= *n || !strchr("=,:;", mark[digits]);
}

/* Reads one line of n bytes without surrounding blanks. Messages do not show its content, which may
 * be a key. */
static int take_line(struct trtc_callback_keys *k, const char *where, const char *s, size_t n,
                     struct trtc_err *err)
{
    char digits[16] = "";
    int64_t app = 0;
    size_t word = 0;
    while (word < n && s[word] != ' ' && s[word] != '\t')
        word++;
    if (word < n) {
        if (word < sizeof digits)
            memcpy(digits, s, word);
        if (trtc_num_int("SDKAPPID", digits, (struct trtc_range){ 1, UINT32_MAX }, &app, NULL) < 0)
            return trtc_fail(err, TRTC_EX_CONFIG, "%s: neither KEY nor SDKAPPID KEY", where);
        while (word < n && (s[word] == ' ' || s[word] == '\t'))
            word++;
        s += word;
        n -= word;
    }
    if (!is_key(&s, &n))
        return trtc_fail(err, TRTC_EX_CONFIG,
                         "%s: neither KEY nor SDKAPPID KEY; a key has 1 to %d characters of ASCII, "
                         "no blanks and no quotation marks",
                         where, KEY_MAX);
    return add(k, app, s, n, err);
}

static int take_lines(struct trtc_callback_keys *k, const char *path, const char *s,
                      struct trtc_err *err)
{
    char where[300], shown[256];
    trtc_text_show(path, strlen(path), shown, sizeof shown);
    for (int line = 1; *s; line++) {
        size_t n = strcspn(s, "\n");
        const char *next = s + n + (s[n] == '\n');
        while (n && strchr(" \t\r", *s)) {
            s++;
            n--;
        }
        while (n && strchr(" \t\r", s[n - 1]))
            n--;
        snprintf(where, sizeof where, "%s: line %d", shown, line);
        if (n && *s != '#' && take_line(k, where, s, n, err) < 0)
            return -1;
        s = next;
    }
    return k->n ? 0 : trtc_fail(err, TRTC_EX_CONFIG, "%s: no key in it", shown);
}

struct trtc_callback_keys *trtc_callback_keys_read(const char *path, struct trtc_err *err)
{
    struct trtc_secret file = { 0 };
    struct trtc_callback_keys *k = calloc(1, sizeof *k);
    if (!k) {
        trtc_fail_nomem(err);
        return NULL;
    }
    if (trtc_secret_read(path, &file, err) < 0 || take_lines(k, path, file.text, err) < 0)
        trtc_callback_keys_free(&k);
    trtc_secret_fini(&file);
    return k;
}

void trtc_callback_keys_free(struct trtc_callback_keys **keys)
{
    struct trtc_callback_keys *k = *keys;
    if (!k)
        return;
    for (size_t i = 0; i < k->n; i++)
        trtc_secret_fini(&k->items[i].text);
    free(k->items);
    free(k);
    *keys = NULL;
}

int64_t trtc_callback_keys_app(const struct trtc_callback_keys *keys)
{
    for (size_t i = 0; i < keys->n; i++)
        if (keys->items[i].sdkappid)
            return keys->items[i].sdkappid;
    return 0;
}

const char *trtc_callback_keys_text(const struct trtc_callback_keys *keys, size_t i,
                                    int64_t *sdkappid)
{
    if (i >= keys->n)
        return NULL;
    *sdkappid = keys->items[i].sdkappid;
    return keys->items[i].text.text;
}

static bool serves(const struct key *k, int64_t sdkappid)
{
    return !k->sdkappid || k->sdkappid == sdkappid;
}

/* False: out of memory. */
static bool sign_with(const char *key, const void *body, size_t n,
                      char out[TRTC_CALLBACK_SIGN_LEN + 1])
{
    unsigned char mac[HASH];
    if (!HMAC(EVP_sha256(), key, (int)strlen(key), n ? body : (const void *)"", n, mac, NULL))
        return false;
    EVP_EncodeBlock((unsigned char *)out, mac, HASH);
    return true;
}

int trtc_callback_sign(const struct trtc_callback_keys *keys, int64_t sdkappid, const void *body,
                       size_t n, char out[TRTC_CALLBACK_SIGN_LEN + 1], struct trtc_err *err)
{
    for (size_t i = 0; i < keys->n; i++)
        if (!sdkappid || serves(&keys->items[i], sdkappid))
            return sign_with(keys->items[i].text.text, body, n, out) ? 0 : trtc_fail_nomem(err);
    return trtc_fail(err, TRTC_EX_CONFIG, "no key for application %" PRId64, sdkappid);
}

int trtc_callback_sign_with(const char *key, const void *body, size_t n,
                            char out[TRTC_CALLBACK_SIGN_LEN + 1], struct trtc_err *err)
{
    return sign_with(key, body, n, out) ? 0 : trtc_fail_nomem(err);
}

bool trtc_callback_check(const struct trtc_callback_keys *keys, int64_t sdkappid, const char *sign,
                         const void *body, size_t n)
{
    char right[TRTC_CALLBACK_SIGN_LEN + 1];
    bool good = false;
    if (!sign || strlen(sign) != TRTC_CALLBACK_SIGN_LEN)
        return false;
    for (size_t i = 0; i < keys->n; i++)
        if (!sdkappid || serves(&keys->items[i], sdkappid))
            good |= sign_with(keys->items[i].text.text, body, n, right) &&
                    CRYPTO_memcmp(right, sign, TRTC_CALLBACK_SIGN_LEN) == 0;
    OPENSSL_cleanse(right, sizeof right);
    return good;
}

bool trtc_callback_taken(const struct trtc_reply *reply)
{
    return reply->status == 200;
}

int64_t trtc_callback_again_ms(int nb_failed, int64_t first_ms, int64_t now_ms)
{
    const int64_t at_ms = nb_failed <= 1 ? now_ms : now_ms + AGAIN_MS;
    return at_ms - first_ms > GIVE_UP_MS ? -1 : at_ms;
}

int trtc_callback_url(const char *text, struct trtc_err *err)
{
    const size_t scheme = strncasecmp(text, "http://", 7) == 0    ? 7
                          : strncasecmp(text, "https://", 8) == 0 ? 8
                                                                  : 0;
    const char *host = text + scheme;
    const size_t n = strcspn(host, "/?#");
    if (!scheme || n == 0)
        return trtc_fail(err, TRTC_EX_USAGE, "the address is not http://HOST/ or https://HOST/");
    if (strlen(text) > TRTC_CALLBACK_URL_MAX)
        return trtc_fail(err, TRTC_EX_USAGE, "the address is longer than %d characters",
                         TRTC_CALLBACK_URL_MAX);
    if (memchr(host, '@', n))
        return trtc_fail(err, TRTC_EX_USAGE,
                         "the address holds a user or password, which everyone can see");
    for (const char *s = text; *s; s++)
        if (*s <= ' ' || *s > '~')
            return trtc_fail(err, TRTC_EX_USAGE,
                             "the address holds a blank, or a character that is not ASCII");
    return 0;
}
