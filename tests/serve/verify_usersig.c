/* SPDX-License-Identifier: MIT */
/* Checks a UserSig. */
#include "serve/verify_usersig.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "net/usersig.h"

enum { JSON_MAX = 64 << 10 };

char *verify_usersig_json(const char *text)
{
    const size_t n = strlen(text);
    unsigned char *copy = (unsigned char *)strdup(text), *packed = malloc(n + 4);
    char *json = calloc(1, JSON_MAX + 1);
    uLongf size = JSON_MAX;

    for (unsigned char *c = copy; *c; c++)
        *c = *c == '*' ? '+' : *c == '-' ? '/' : *c == '_' ? '=' : *c;
    const int bytes = EVP_DecodeBlock(packed, copy, (int)n);
    const int pad = (n > 0 && copy[n - 1] == '=') + (n > 1 && copy[n - 2] == '=');
    if (bytes < pad ||
        uncompress((unsigned char *)json, &size, packed, (uLong)(bytes - pad)) != Z_OK) {
        free(json);
        json = NULL;
    }
    free(packed);
    free(copy);
    return json;
}

/* The signature that the members should have. */
static void sign(const struct trtc_usersig *u, const char *key, char out[64])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_bytes = 0;
    const size_t size = strlen(u->user) + (u->userbuf ? strlen(u->userbuf) : 0) + 200;
    char *text = malloc(size);

    int n = snprintf(text, size,
                     "TLS.identifier:%s\nTLS.sdkappid:%" PRIu32 "\nTLS.time:%" PRId64
                     "\nTLS.expire:%" PRId64 "\n",
                     u->user, u->sdkappid, u->time_s, u->expire_s);
    if (u->userbuf)
        n += snprintf(text + n, size - (size_t)n, "TLS.userbuf:%s\n", u->userbuf);
    HMAC(EVP_sha256(), key, (int)strlen(key), (unsigned char *)text, (size_t)n, mac, &mac_bytes);
    EVP_EncodeBlock((unsigned char *)out, mac, (int)mac_bytes);
    free(text);
}

static bool is_signed(const char *text, const struct trtc_usersig *u, const char *key)
{
    char *json = verify_usersig_json(text), want[64];
    cJSON *o = cJSON_Parse(json ? json : "");
    const char *sig = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "TLS.sig"));

    sign(u, key, want);
    const bool same = sig && strcmp(sig, want) == 0;
    cJSON_Delete(o);
    free(json);
    return same;
}

int verify_usersig(const char *text, const struct verify_usersig *want, int64_t now_s,
                   const char **why)
{
    struct trtc_usersig_read *r = NULL;
    int ret = trtc_usersig_open(text, strlen(text), &r, NULL);
    const char *says = "the UserSig cannot be read";

    if (r) {
        const struct trtc_usersig *u = trtc_usersig_members(r);
        if (!is_signed(text, u, want->key)) {
            ret = VERIFY_USERSIG_SIGNATURE;
            says = "the UserSig was not made with this application's key";
        } else if (u->sdkappid != want->sdkappid) {
            ret = VERIFY_USERSIG_APP;
            says = "the UserSig is for another SDKAppID";
        } else if (strcmp(u->user, want->user) != 0) {
            ret = VERIFY_USERSIG_USER;
            says = "the UserSig is for another UserID";
        } else if (u->time_s + u->expire_s <= now_s) {
            ret = VERIFY_USERSIG_EXPIRED;
            says = "the UserSig has expired";
        }
    }
    trtc_usersig_read_free(&r);
    if (why)
        *why = ret ? says : "";
    return ret;
}
