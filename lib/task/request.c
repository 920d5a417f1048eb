/* SPDX-License-Identifier: MIT */
/* Reads what a request asks a recorder to do. */
#include "task/request.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "api/api.h"
#include "base/json_put.h"
#include "task/mixing.h"

#define STAND_IN "-" /* takes the place of a secret, which is not known here */

enum {
    IDLE_S = 30,       /* the default of MaxIdleTime */
    ROOM_IS_NUMBER = 1 /* RoomIdType */
};

static const cJSON *in(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

/* Returns a number without its fraction; other: the member is not a number. */
static int64_t number(const cJSON *object, const char *name, int64_t other)
{
    const cJSON *n = in(object, name);
    return cJSON_IsNumber(n) ? (int64_t)n->valuedouble : other;
}

static const char *text(const cJSON *object, const char *name)
{
    const char *s = cJSON_GetStringValue(in(object, name));
    return s ? s : "";
}

/* ---- checks ---- */

static void stand_in(cJSON **root, cJSON *object, const char *name)
{
    if (!cJSON_IsObject(object))
        return;
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    trtc_json_put_into(root, object, name, cJSON_CreateString(STAND_IN));
}

/* Returns a copy with stand-ins for the secrets, so that the rest can be checked. */
static cJSON *completed(const cJSON *request)
{
    cJSON *copy = cJSON_Duplicate(request, true);
    cJSON *storage = cJSON_GetObjectItemCaseSensitive(copy, "StorageParams");
    cJSON *cloud = cJSON_GetObjectItemCaseSensitive(storage, "CloudStorage");
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "PrivateMapKey");
    if (copy)
        stand_in(&copy, copy, "UserSig");
    if (copy)
        stand_in(&copy, cloud, "AccessKey");
    if (copy)
        stand_in(&copy, cloud, "SecretKey");
    return copy;
}

static int check(const cJSON *request, struct trtc_err *err)
{
    if (!cJSON_IsObject(request))
        return trtc_fail(err, TRTC_EX_DATAERR, "the request is not a JSON object");
    if (trtc_api_holds_secret(request))
        return trtc_fail(err, TRTC_EX_NOPERM,
                         "the request contains a secret: leave it out, or write \"" TRTC_API_SECRET
                         "\" in its place");
    cJSON *whole = completed(request);
    if (!whole)
        return trtc_fail_nomem(err);
    const int ret = trtc_api_check(whole, TRTC_CREATE, err);
    cJSON_Delete(whole);
    return ret;
}

/* ---- reading ---- */

/* The files that an OutputFormat (object storage) or a MediaType (VOD) stands for; the index is its
 * value. */
struct form {
    bool hls;
    enum trtc_task_made made;
};
static const struct form of_storage[] = { { true, TRTC_MADE_NONE },
                                          { true, TRTC_MADE_MP4 },
                                          { true, TRTC_MADE_AAC },
                                          { false, TRTC_MADE_MP4 },
                                          { false, TRTC_MADE_AAC } };
static const struct form of_vod[] = { { false, TRTC_MADE_MP4 },
                                      { true, TRTC_MADE_NONE },
                                      { false, TRTC_MADE_AAC },
                                      { true, TRTC_MADE_MP4 },
                                      { true, TRTC_MADE_AAC } };

static void read_form(const cJSON *request, struct trtc_task_request *r)
{
    const cJSON *vod = in(in(request, "StorageParams"), "CloudVod");
    const int64_t output = number(in(request, "RecordParams"), "OutputFormat", 0);
    const int64_t media = number(in(vod, "TencentVod"), "MediaType", 0);
    const struct form *f = vod ? &of_vod[media] : &of_storage[output];
    r->vod = vod;
    r->hls = f->hls;
    r->made = f->made;
}

static void read_record(const cJSON *params, struct trtc_task_request *r)
{
    const int64_t type = number(params, "StreamType", 0), media = number(params, "MediaId", 0);
    r->mixed = number(params, "RecordMode", 1) == 2;
    r->audio = type != 2;
    r->video = type != 1;
    r->main = media != 2;
    r->aux = media != 1;
    r->av_merge = number(params, "AvMerge", 0) == 1;
    r->idle_ms = number(params, "MaxIdleTime", IDLE_S) * 1000;
    r->part_minutes = number(params, "MaxMediaFileDuration", 0);
}

int trtc_task_request_read(const cJSON *request, struct trtc_task_request *out,
                           struct trtc_err *err)
{
    const cJSON *params = in(request, "RecordParams");
    const cJSON *lists = in(params, "SubscribeStreamUserIds");
    *out = (struct trtc_task_request){ 0 };
    if (check(request, err) < 0)
        return -1;
    if (number(params, "RecordMode", 1) == 2 && trtc_mixing_check(request, NULL, err) < 0)
        return -1;
    if (cJSON_IsObject(lists) &&
        trtc_subscription_read(lists, "RecordParams.SubscribeStreamUserIds", &out->sub, err) < 0)
        return -1;
    out->sdkappid = number(request, "SdkAppId", 0);
    out->room = text(request, "RoomId");
    out->robot = text(request, "UserId");
    out->room_is_text = number(request, "RoomIdType", ROOM_IS_NUMBER) != ROOM_IS_NUMBER;
    read_form(request, out);
    read_record(params, out);
    return 0;
}

void trtc_task_request_fini(struct trtc_task_request *r)
{
    trtc_subscription_fini(&r->sub);
    *r = (struct trtc_task_request){ 0 };
}

/* ---- a modify ---- */

/* Turns the change back into a whole request, so that it can be checked: fills in SdkAppId and
 * TaskId. */
static cJSON *as_request(const cJSON *request, const cJSON *change)
{
    cJSON *whole = cJSON_Duplicate(change, true);
    if (whole && !in(whole, "SdkAppId"))
        trtc_json_put_number(&whole, "SdkAppId", (double)number(request, "SdkAppId", 0));
    if (whole && !in(whole, "TaskId"))
        trtc_json_put_text(&whole, "TaskId", STAND_IN);
    return whole;
}

int trtc_task_request_modify(struct trtc_task_request *r, const cJSON *request, const cJSON *change,
                             struct trtc_err *err)
{
    const cJSON *lists = in(change, "SubscribeStreamUserIds");
    struct trtc_subscription sub = { 0 };
    cJSON *whole = cJSON_IsObject(change) ? as_request(request, change) : NULL;
    if (!cJSON_IsObject(change))
        return trtc_fail(err, TRTC_EX_DATAERR, "the change is not a JSON object");
    if (!whole)
        return trtc_fail_nomem(err);
    int ret = trtc_api_check_modify(whole, request, err);
    cJSON_Delete(whole);
    if (ret == 0 && r->mixed)
        ret = trtc_mixing_check(request, change, err);
    if (ret == 0 && cJSON_IsObject(lists))
        ret = trtc_subscription_read(lists, "SubscribeStreamUserIds", &sub, err);
    if (ret < 0)
        return -1;
    trtc_subscription_fini(&r->sub);
    r->sub = sub;
    return 0;
}
