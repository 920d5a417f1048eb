/* SPDX-License-Identifier: MIT */
/* JSON that is built; see json_put.h. */
#include "base/json_put.h"

#include <cjson/cJSON.h>

/* What becomes of to when value was added, or not. */
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
