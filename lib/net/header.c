/* SPDX-License-Identifier: MIT */
/* HTTP header fields, as sent and as received. */
#include "net/header.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"

static bool is_token(const char *s)
{
    return *s && !s[strspn(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ")];
}

static bool is_value(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
            return false;
    return true;
}

static void wipe(char *s)
{
    if (s)
        OPENSSL_cleanse(s, strlen(s));
    free(s);
}

int trtc_headers_add(struct trtc_headers *h, const char *name, const char *value,
                     struct trtc_err *err)
{
    struct trtc_header field = { NULL, NULL };

    if (!is_token(name))
        return trtc_fail(err, TRTC_EX_DATAERR, "a header field has an invalid name");
    if (!is_value(value))
        return trtc_fail(err, TRTC_EX_DATAERR, "header field %s: holds a control character", name);
    field.name = strdup(name);
    field.value = strdup(value);
    if (trtc_array_room(&h->list, h->nb, sizeof *h->list) < 0 || !field.name || !field.value) {
        free(field.name);
        wipe(field.value);
        return trtc_fail_nomem(err);
    }
    h->list[h->nb++] = field;
    return 0;
}

const char *trtc_headers_get(const struct trtc_headers *h, const char *name)
{
    for (size_t i = 0; i < h->nb; i++)
        if (!strcasecmp(h->list[i].name, name))
            return h->list[i].value;
    return NULL;
}

void trtc_headers_fini(struct trtc_headers *h)
{
    for (size_t i = 0; i < h->nb; i++) {
        free(h->list[i].name);
        wipe(h->list[i].value);
    }
    free(h->list);
    *h = (struct trtc_headers){ 0 };
}
