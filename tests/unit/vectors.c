/* SPDX-License-Identifier: MIT */
/* The vector files in tests/data, for the tests of lib/net. */
#include "unit/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

cJSON *vectors_load(const char *name)
{
    char path[256];
    static char text[1 << 20];
    snprintf(path, sizeof path, "tests/data/%s", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s: cannot be opened (tests run in the directory of the Makefile)", path);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    return json;
}

const cJSON *vectors_find(const cJSON *array, const char *name)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, array) if (!strcmp(vectors_text(v, "name"), name)) return v;
    fail_msg("no vector '%s'", name);
    return NULL;
}

const char *vectors_text(const cJSON *object, const char *key)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    if (!s)
        fail_msg("no text '%s'", key);
    return s;
}

double vectors_number(const cJSON *object, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
    assert_true(cJSON_IsNumber(v));
    return v->valuedouble;
}

unsigned char *vectors_bytes(const char *base64, size_t *n)
{
    size_t len = strlen(base64);
    unsigned char *out = malloc(len + 1);
    assert_non_null(out);
    *n = 0;
    if (len) {
        int k = EVP_DecodeBlock(out, (const unsigned char *)base64, (int)len);
        assert_true(k >= 0);
        *n = (size_t)k - (base64[len - 1] == '=') - (base64[len - 2] == '=');
    }
    return out;
}
