/* SPDX-License-Identifier: MIT */
/* What a change sends again, and what is remembered of it. */
#include "api/change.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "api/api.h"

#define LAYOUT "MixLayoutParams"
#define LISTS  "SubscribeStreamUserIds" /* its place in the creation, below RecordParams */

cJSON *trtc_api_member(const cJSON *object, const char *path)
{
    char name[64];
    const cJSON *at = object;
    while (at && *path) {
        const size_t n = strcspn(path, ".");
        if (n >= sizeof name || !cJSON_IsObject(at))
            return NULL;
        memcpy(name, path, n);
        name[n] = '\0';
        at = cJSON_GetObjectItemCaseSensitive(at, name);
        path += n + (path[n] == '.');
    }
    return (cJSON *)at;
}

/* Replaces a member of to by that of from, or removes it if from has none. */
static int take(cJSON *to, const char *name, const cJSON *from, struct trtc_err *err)
{
    cJSON *copy = from ? cJSON_Duplicate(from, true) : NULL;
    cJSON_DeleteItemFromObjectCaseSensitive(to, name);
    if (!from || (copy && cJSON_AddItemToObject(to, name, copy)))
        return 0;
    cJSON_Delete(copy);
    return trtc_fail_nomem(err);
}

/* A new allow list replaces a block list, and vice versa. */
static void drop_opposite(cJSON *wanted, const cJSON *change)
{
    static const char *const pairs[][2] = {
        { "SubscribeAudioUserIds", "UnSubscribeAudioUserIds" },
        { "SubscribeVideoUserIds", "UnSubscribeVideoUserIds" },
    };
    cJSON *lists = trtc_api_member(wanted, LISTS), *now = trtc_api_member(change, LISTS);
    for (int i = 0; now && i < 4; i++) {
        const char *has = pairs[i / 2][i % 2], *other = pairs[i / 2][1 - i % 2];
        if (cJSON_HasObjectItem(now, has) && !cJSON_HasObjectItem(now, other))
            cJSON_DeleteItemFromObjectCaseSensitive(lists, other);
    }
}

cJSON *trtc_api_wanted(const cJSON *created, const cJSON *change, struct trtc_err *err)
{
    cJSON *wanted = cJSON_CreateObject();
    int ret = wanted ? 0 : trtc_fail_nomem(err);
    if (ret == 0 && created)
        ret = take(wanted, LAYOUT, trtc_api_member(created, LAYOUT), err);
    if (ret == 0 && created)
        ret = take(wanted, LISTS, trtc_api_member(created, "RecordParams." LISTS), err);
    if (ret == 0)
        ret = trtc_api_overlay(wanted, change, err);
    if (ret == 0) {
        drop_opposite(wanted, change);
        return wanted;
    }
    cJSON_Delete(wanted);
    return NULL;
}

cJSON *trtc_api_as_created(const cJSON *created, const cJSON *wanted, struct trtc_err *err)
{
    cJSON *request = cJSON_Duplicate(created, true);
    cJSON *record = trtc_api_member(request, "RecordParams");
    if (!request)
        trtc_fail_nomem(err);
    else if (take(request, LAYOUT, trtc_api_member(wanted, LAYOUT), err) == 0 &&
             (!record || take(record, LISTS, trtc_api_member(wanted, LISTS), err) == 0))
        return request;
    cJSON_Delete(request);
    return NULL;
}
