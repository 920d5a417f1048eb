/* SPDX-License-Identifier: MIT */
/* Builds JSON; see json_put.h. */
#include "base/json_put.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/text.h"

/* If value was not added, frees it and *to, which becomes NULL. */
static void settle(cJSON **to, cJSON *value, bool added)
{
    if (added)
        return;
    cJSON_Delete(value);
    cJSON_Delete(*to);
    *to = NULL;
}

void trtc_json_put(cJSON **object, const char *key, cJSON *value)
{
    settle(object, value, *object && value && cJSON_AddItemToObject(*object, key, value));
}

void trtc_json_put_into(cJSON **root, cJSON *inner, const char *key, cJSON *value)
{
    settle(root, value, *root && inner && value && cJSON_AddItemToObject(inner, key, value));
}

void trtc_json_push(cJSON **array, cJSON *value)
{
    settle(array, value, *array && value && cJSON_AddItemToArray(*array, value));
}

void trtc_json_put_text(cJSON **object, const char *key, const char *text)
{
    trtc_json_put(object, key, cJSON_CreateString(text));
}

void trtc_json_put_user(cJSON **object, const char *id, size_t n)
{
    if (trtc_utf8_valid(id, n) && !memchr(id, 0, n)) {
        trtc_json_put_text(object, "user", id);
        return;
    }
    char *b64 = malloc(TRTC_B64_ENCODED_MAX(n) + 1);
    if (b64)
        b64[trtc_b64_encode(id, n, b64)] = '\0';
    for (char *c = b64; c && *c; c++) /* from the alphabet of file names to the standard one */
        *c = *c == '-' ? '/' : *c == '.' ? '=' : *c;
    trtc_json_put(object, "user_b64", b64 ? cJSON_CreateString(b64) : NULL);
    free(b64);
}

void trtc_json_put_number(cJSON **object, const char *key, double n)
{
    trtc_json_put(object, key, cJSON_CreateNumber(n));
}

void trtc_json_put_bool(cJSON **object, const char *key, bool yes)
{
    trtc_json_put(object, key, cJSON_CreateBool(yes));
}

void trtc_json_replace(cJSON **object, const char *key, cJSON *value)
{
    settle(object, value,
           *object && value && cJSON_ReplaceItemInObjectCaseSensitive(*object, key, value));
}

/* The same, with escapes for bytes that are not UTF-8; only strings have such bytes. */
static char *escaped(const char *text, size_t n)
{
    char *out = malloc((TRTC_TEXT_PIECE_MAX + 1) * n + 1), *o = out;
    for (size_t i = 0, used; out && i < n; i += used) {
        char piece[TRTC_TEXT_PIECE_MAX];
        const bool ascii = !((unsigned char)text[i] & 0x80);
        const size_t len = ascii ? 1 : trtc_text_piece(text + i, n - i, piece, &used);
        if (ascii)
            used = 1;
        if (!ascii && used == 1) {
            *o++ = '\\';
            memcpy(o, piece, len);
            o += len;
        } else {
            memcpy(o, text + i, used);
            o += used;
        }
    }
    if (out)
        *o = '\0';
    return out;
}

char *trtc_json_text(const cJSON *json, bool pretty)
{
    char *text = pretty ? cJSON_Print(json) : cJSON_PrintUnformatted(json);
    const size_t n = text ? strlen(text) : 0;
    if (!text || trtc_utf8_valid(text, n))
        return text;
    char *mended = escaped(text, n);
    free(text);
    return mended;
}

char *trtc_json_line(const cJSON *json)
{
    char *text = trtc_json_text(json, false);
    const size_t n = text ? strlen(text) : 0;
    char *line = text ? realloc(text, n + 2) : NULL;
    if (line)
        memcpy(line + n, "\n", 2);
    else
        free(text);
    return line;
}

char *trtc_json_checked_line(const cJSON *object)
{
    char *text = trtc_json_text(object, false);
    const size_t n = text ? strlen(text) : 0, cap = n + TRTC_JSON_CHECK_BYTES + 2;
    char *line = n > 2 ? realloc(text, cap) : NULL;
    if (!line) {
        free(text);
        return NULL;
    }
    snprintf(line + n - 1, cap - (n - 1), TRTC_JSON_CHECK "\n",
             trtc_hash(TRTC_HASH_NOTHING, line, n - 1));
    return line;
}
