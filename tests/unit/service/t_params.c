/* SPDX-License-Identifier: MIT */
/* The table of conformance: each field of each request, good, of the wrong type, out of range, unknown, missing, and the
 * code that the service has for it. The fields are those of the reference, and not those of lib/api. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "service/params.h"
#include "unit/vectors.h"

static cJSON *fields;

static int load(void **state)
{
    (void)state;
    fields = vectors_load("recording-api-fields.json");
    return 0;
}

static int unload(void **state)
{
    (void)state;
    cJSON_Delete(fields);
    return 0;
}

/* A request with every member that does not exclude another. */
static const char full_create[] =
    "{\"SdkAppId\":1400000001,\"RoomId\":\"3560\",\"UserId\":\"recorder\",\"UserSig\":\"sig\",\"RoomIdType\":1,"
    "\"RecordParams\":{\"RecordMode\":2,\"MaxIdleTime\":60,\"StreamType\":1,\"OutputFormat\":0,\"AvMerge\":0,"
    "\"MaxMediaFileDuration\":30,\"MediaId\":0,\"FillType\":0,\"SubscribeAbility\":0,"
    "\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"a\"],\"SubscribeVideoUserIds\":[\"a\"]}},"
    "\"StorageParams\":{\"CloudStorage\":{\"Vendor\":0,\"Region\":\"ap-singapore\",\"Bucket\":\"b-1\","
    "\"AccessKey\":\"k\",\"SecretKey\":\"s\",\"FileNamePrefix\":[\"p\"],\"EndpointUrl\":\"s3.example.com\"}},"
    "\"MixTranscodeParams\":{\"VideoParams\":{\"Width\":640,\"Height\":360,\"Fps\":15,\"BitRate\":500000,\"Gop\":10},"
    "\"AudioParams\":{\"SampleRate\":1,\"Channel\":2,\"BitRate\":64000}},"
    "\"MixLayoutParams\":{\"MixLayoutMode\":4,\"BackGroundColor\":\"#102030\",\"MaxResolutionUserId\":\"a\",\"MediaId\":0,"
    "\"BackgroundImageUrl\":\"https://example.com/a.png\",\"PlaceHolderMode\":0,\"BackgroundImageRenderMode\":0,"
    "\"DefaultSubBackgroundImage\":\"https://example.com/a.png\",\"RenderMode\":1,\"MaxResolutionUserAlign\":0,"
    "\"PureAudioDisableLayout\":false,"
    "\"MixLayoutList\":[{\"Top\":0,\"Left\":0,\"Width\":100,\"Height\":100,\"UserId\":\"a\",\"Alpha\":0,\"RenderMode\":1,"
    "\"MediaId\":0,\"ImageLayer\":0,\"SubBackgroundImage\":\"https://example.com/a.png\"}],"
    "\"WaterMarkList\":[{\"WaterMarkType\":0,\"WaterMarkImage\":{\"WaterMarkUrl\":\"https://example.com/a.png\","
    "\"Top\":0,\"Left\":0,\"Width\":10,\"Height\":10},"
    "\"WaterMarkChar\":{\"Top\":0,\"Left\":0,\"Width\":10,\"Height\":10,\"Chars\":\"x\",\"FontSize\":14,"
    "\"FontColor\":\"0xFFFFFF\",\"BackGroundColor\":\"0x000000\",\"Font\":\"Tencent\"},"
    "\"WaterMarkTimestamp\":{\"Pos\":0,\"TimeZone\":8,\"Font\":\"Tencent\"}}]},"
    "\"ResourceExpiredHour\":72,\"PrivateMapKey\":\"p\"}";
static const char full_vod[] =
    "{\"SdkAppId\":1400000001,\"RoomId\":\"3560\",\"UserId\":\"recorder\",\"UserSig\":\"sig\","
    "\"RecordParams\":{\"RecordMode\":1,\"StreamType\":1},"
    "\"StorageParams\":{\"CloudVod\":{\"TencentVod\":{\"Procedure\":\"p\",\"ExpireTime\":0,\"StorageRegion\":\"r\","
    "\"ClassId\":0,\"SubAppId\":1,\"SessionContext\":\"s\",\"SourceContext\":\"s\",\"MediaType\":2,"
    "\"UserDefineRecordId\":\"u\"}}}}";
static const char full_describe[] =
    "{\"SdkAppId\":1400000001,\"TaskId\":\"t\",\"RecorderKey\":\"k\"}";
static const char full_modify[] =
    "{\"SdkAppId\":1400000001,\"TaskId\":\"t\",\"MixLayoutParams\":{\"MixLayoutMode\":3},"
    "\"SubscribeStreamUserIds\":{\"UnSubscribeAudioUserIds\":[\"a\"],\"UnSubscribeVideoUserIds\":[\"a\"]}}";
static const char full_delete[] = "{\"SdkAppId\":1400000001,\"TaskId\":\"t\"}";

static const struct whole {
    enum trtc_action action;
    const char *type, *json;
} wholes[] = { { TRTC_CREATE, "CreateCloudRecordingRequest", full_create },
               { TRTC_CREATE, "CreateCloudRecordingRequest", full_vod },
               { TRTC_DESCRIBE, "DescribeCloudRecordingRequest", full_describe },
               { TRTC_MODIFY, "ModifyCloudRecordingRequest", full_modify },
               { TRTC_DELETE, "DeleteCloudRecordingRequest", full_delete } };

/* The code for a member that is missing, by the list of the reference. */
static const char *documented_missing(const char *name)
{
    static const char *const names[] = { "AccessKey",    "Bucket",  "CloudStorage", "RecordMode",
                                         "RecordParams", "Region",  "SecretKey",    "StorageParams",
                                         "StreamType",   "UserSig", "Vendor",       "RoomId",
                                         "SdkAppId",     "TaskId",  "UserId" };
    static char code[64];
    snprintf(code, sizeof code, "MissingParameter");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            snprintf(code, sizeof code, "MissingParameter.%s", name);
    return code;
}

static int nb_tried;

/* The code of the request as it is now; "" for none. */
static const char *code_of(const cJSON *request, enum trtc_action action)
{
    static struct trtc_fault fault;
    nb_tried++;
    return trtc_params_check(request, action, &fault) < 0 ? fault.code : "";
}

static void expect(const cJSON *request, enum trtc_action action, const char *at, const char *code)
{
    const char *is = code_of(request, action);
    if (strcmp(is, code) != 0) {
        char *text = cJSON_PrintUnformatted(request);
        fail_msg("%s: '%s' and not '%s': %s", at, is, code, text);
    }
}

static cJSON *value_of(const char *json)
{
    cJSON *v = cJSON_Parse(json);
    assert_non_null(v);
    return v;
}

/* Puts another value into the place of a member, tries, and puts the first back. */
static void try_value(cJSON *root, enum trtc_action action, cJSON *member, const char *json,
                      const char *code)
{
    cJSON *other = value_of(json);
    char at[128];
    snprintf(at, sizeof at, "%s = %.60s", member->string, json);
    /* the member becomes the other in place */
    cJSON kept = *member;
    member->type = other->type;
    member->child = other->child;
    member->valuestring = other->valuestring;
    member->valuedouble = other->valuedouble;
    member->valueint = other->valueint;
    expect(root, action, at, code);
    member->type = kept.type;
    member->child = kept.child;
    member->valuestring = kept.valuestring;
    member->valuedouble = kept.valuedouble;
    member->valueint = kept.valueint;
    cJSON_Delete(other);
}

static void try_types(cJSON *root, enum trtc_action action, cJSON *member, const char *type)
{
    static const struct {
        const char *type, *json;
    } values[] = { { "integer", "7" }, { "string", "\"7\"" }, { "boolean", "true" },
                   { "object", "{}" }, { "array", "[]" },     { "half", "1.5" } };
    const char *code =
        strcmp(member->string, "SdkAppId") == 0 ? "InvalidParameter.SdkAppId" : "InvalidParameter";
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (strcmp(values[i].type, type) != 0)
            try_value(root, action, member, values[i].json, code);
}

static void try_ranges(cJSON *root, enum trtc_action action, cJSON *member, const cJSON *field)
{
    static const char out[] = "InvalidParameter.OutOfRange";
    const cJSON *min = cJSON_GetObjectItemCaseSensitive(field, "min"),
                *max = cJSON_GetObjectItemCaseSensitive(field, "max");
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(field, "enum"),
                *items = cJSON_GetObjectItemCaseSensitive(field, "max_items");
    const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(field, "max_bytes");
    char json[4096];
    if (min && min->valuedouble > 0) {
        snprintf(json, sizeof json, "%.0f", min->valuedouble - 1);
        try_value(root, action, member, json, out);
    }
    if (max && cJSON_IsNumber(member)) {
        snprintf(json, sizeof json, "%.0f", max->valuedouble + 1);
        try_value(root, action, member, json, out);
    }
    if (values && cJSON_IsNumber(member))
        try_value(root, action, member, "99", out);
    if (cJSON_IsNumber(member) && strcmp(member->string, "SdkAppId") != 0)
        try_value(root, action, member, "-1", out);
    if (bytes) {
        snprintf(json, sizeof json, "\"%0*d\"", (int)bytes->valuedouble + 1, 7);
        try_value(root, action, member, json, out);
    }
    if (items && cJSON_IsArray(member) && strcmp(vectors_text(field, "of"), "string") == 0) {
        char *at = json + sprintf(json, "[");
        for (int i = 0; i <= (int)items->valuedouble; i++)
            at += sprintf(at, "%s\"u%d\"", i ? "," : "", i);
        sprintf(at, "]");
        try_value(root, action, member, json, out);
    }
}

static void try_missing(cJSON *root, enum trtc_action action, cJSON *object, const cJSON *field)
{
    const char *name = vectors_text(field, "name");
    const bool needed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(field, "required"));
    cJSON *member = cJSON_DetachItemFromObjectCaseSensitive(object, name);
    const char *is = code_of(root, action);
    if (needed && strcmp(is, documented_missing(name)) != 0)
        fail_msg("without %s: '%s'", name, is);
    if (!needed && strcmp(name, "CloudStorage") != 0 && strcmp(name, "CloudVod") != 0 &&
        strcmp(name, "WaterMarkImage") != 0 && strcmp(name, "StreamType") != 0 &&
        strcmp(name, "VideoParams") != 0 && *is)
        fail_msg("without %s, which may be left out: '%s'", name, is);
    cJSON_AddItemToObject(object, name, member);
}

static void walk(cJSON *root, enum trtc_action action, cJSON *object, const char *type)
{
    const cJSON *field, *table = cJSON_GetObjectItemCaseSensitive(
                            cJSON_GetObjectItemCaseSensitive(fields, "types"), type);
    assert_non_null(table);
    cJSON_AddNumberToObject(object, "Nonsense", 1);
    expect(root, action, type, "UnknownParameter");
    cJSON_DeleteItemFromObjectCaseSensitive(object, "Nonsense");
    cJSON_ArrayForEach(field, table)
    {
        cJSON *member = cJSON_GetObjectItemCaseSensitive(object, vectors_text(field, "name"));
        const char *kind = vectors_text(field, "type");
        if (!member)
            continue;
        try_types(root, action, member, kind);
        try_ranges(root, action, member, field);
        if (strcmp(kind, "object") == 0)
            walk(root, action, member, vectors_text(field, "of"));
        else if (strcmp(kind, "array") == 0 && cJSON_IsObject(member->child))
            walk(root, action, member->child, vectors_text(field, "of"));
        try_missing(root, action, object, field);
    }
}

static void each_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) {
        cJSON *request = value_of(wholes[i].json);
        expect(request, wholes[i].action, wholes[i].type, "");
        walk(request, wholes[i].action, request, wholes[i].type);
        expect(request, wholes[i].action, wholes[i].type, "");
        cJSON_Delete(request);
    }
    assert_true(nb_tried > 500);
}

/* Which fields the whole requests leave out: none but those that exclude others. */
static void all_are_tried(void **state)
{
    const cJSON *table, *field;
    (void)state;
    cJSON_ArrayForEach(table, cJSON_GetObjectItemCaseSensitive(fields, "types"))
    {
        cJSON_ArrayForEach(field, table)
        {
            char name[80];
            bool found =
                strstr(table->string, "Response") || strcmp(table->string, "StorageFile") == 0;
            snprintf(name, sizeof name, "\"%s\":", vectors_text(field, "name"));
            for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++)
                found = found || strstr(wholes[i].json, name);
            if (!found)
                fail_msg("%s.%s is tried nowhere", table->string, vectors_text(field, "name"));
        }
    }
}

struct case_of {
    enum trtc_action action;
    const char *change; /* laid over the whole request */
    const char *code;
};

static void rules(void **state)
{
    static const struct case_of cases[] = {
        { TRTC_CREATE, "{\"StorageParams\":{\"CloudVod\":{}}}", "FailedOperation" },
        { TRTC_CREATE, "{\"StorageParams\":{\"CloudStorage\":null}}",
          "MissingParameter.CloudStorage" },
        { TRTC_CREATE, "{\"RecordParams\":{\"RecordMode\":1}}",
          "FailedOperation.CRUnsupportMethod" },
        { TRTC_CREATE,
          "{\"RecordParams\":{\"RecordMode\":1},\"MixLayoutParams\":null,\"MixTranscodeParams\":null}",
          "" },
        { TRTC_CREATE, "{\"RecordParams\":{\"RecordMode\":1},\"MixLayoutParams\":null}",
          "FailedOperation.CRUnsupportMethod" },
        { TRTC_CREATE, "{\"SdkAppId\":0}", "InvalidParameter.SdkAppId" },
        { TRTC_CREATE, "{\"RoomId\":\"abc\"}", "InvalidParameter.OutOfRange" },
        { TRTC_CREATE, "{\"RoomId\":\"4294967295\"}", "InvalidParameter.OutOfRange" },
        { TRTC_CREATE, "{\"RoomId\":\"abc\",\"RoomIdType\":0}", "" },
        { TRTC_CREATE, "{\"UserId\":\"a b\"}", "InvalidParameter.OutOfRange" },
        { TRTC_CREATE, "{\"UserId\":\"a\"}",
          "InvalidParameter.OutOfRange" }, /* among those it subscribes to */
        { TRTC_CREATE, "{\"UserSig\":\"***\"}", "InvalidParameter.OutOfRange" },
        { TRTC_CREATE, "{\"UserSig\":null}", "MissingParameter.UserSig" },
        { TRTC_CREATE,
          "{\"RecordParams\":{\"SubscribeStreamUserIds\":{\"UnSubscribeAudioUserIds\":[\"b\"]}}}",
          "InvalidParameter.OutOfRange" },
        { TRTC_CREATE,
          "{\"MixTranscodeParams\":{\"VideoParams\":{\"Width\":1920,\"Height\":1200}}}",
          "InvalidParameter.OutOfRange" },
        { TRTC_CREATE, "{\"MixLayoutParams\":{\"MixLayoutMode\":3}}",
          "InvalidParameter.OutOfRange" },
        { TRTC_CREATE, "{\"MixLayoutParams\":{\"MixLayoutMode\":3,\"MixLayoutList\":null}}", "" },
        { TRTC_CREATE,
          "{\"MixLayoutParams\":{\"BackgroundImageUrl\":\"https://example.com/a.gif\"}}",
          "InvalidParameter.OutOfRange" },
        { TRTC_CREATE, "{\"StorageParams\":{\"CloudStorage\":{\"FileNamePrefix\":[\"a/b\"]}}}",
          "InvalidParameter.OutOfRange" },
        { TRTC_CREATE, "{\"StorageParams\":{\"CloudStorage\":{\"FileNamePrefix\":[7]}}}",
          "InvalidParameter" },
        { TRTC_CREATE, "{\"StorageParams\":null}", "MissingParameter.StorageParams" },
        { TRTC_CREATE, "{\"StorageParams\":{\"CloudStorage\":{\"Vendor\":null}}}",
          "MissingParameter.Vendor" },
        { TRTC_CREATE, "{\"sdkappid\":1}", "UnknownParameter" },
        { TRTC_MODIFY, "{\"RecordParams\":{}}", "UnknownParameter" },
        { TRTC_MODIFY, "{\"MixLayoutParams\":null,\"SubscribeStreamUserIds\":null}", "" },
        { TRTC_DELETE, "{\"TaskId\":\"\"}", "InvalidParameter.OutOfRange" },
        { TRTC_DELETE, "{\"TaskId\":null}", "MissingParameter.TaskId" },
        { TRTC_DESCRIBE, "{\"SdkAppId\":null}", "MissingParameter.SdkAppId" },
        { TRTC_DESCRIBE, "{\"RecorderKey\":null}", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t k = 0;
        while (wholes[k].action != cases[i].action)
            k++;
        cJSON *request = value_of(wholes[k].json), *over = value_of(cases[i].change);
        assert_int_equal(trtc_api_overlay(request, over, NULL), 0);
        expect(request, cases[i].action, cases[i].change, cases[i].code);
        cJSON_Delete(request);
        cJSON_Delete(over);
    }
}

static void nulls(void **state)
{
    cJSON *request = value_of(
        "{\"SdkAppId\":1400000001,\"TaskId\":\"t\",\"RecorderKey\":null,\"a\":{\"b\":null,\"c\":[null,{\"d\":null}]}}");
    (void)state;
    trtc_params_strip(request);
    char *text = cJSON_PrintUnformatted(request);
    assert_string_equal(text, "{\"SdkAppId\":1400000001,\"TaskId\":\"t\",\"a\":{\"c\":[{}]}}");
    free(text);
    cJSON_Delete(request);
}

static void modify_by_creation(void **state)
{
    static const struct {
        const char *request, *created, *code;
    } cases[] = {
        { "{\"MixLayoutParams\":{\"MixLayoutMode\":3}}", "{\"RecordParams\":{\"RecordMode\":1}}",
          "FailedOperation.CRUnsupportMethod" },
        { "{\"MixLayoutParams\":{\"MixLayoutMode\":3}}", "{\"RecordParams\":{\"RecordMode\":2}}",
          "" },
        { "{\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"r\"]}}",
          "{\"UserId\":\"r\",\"RecordParams\":{\"RecordMode\":1}}", "InvalidParameter.OutOfRange" },
        { "{\"MixLayoutParams\":{\"MixLayoutMode\":4,\"MixLayoutList\":[{\"Top\":0,\"Left\":0,\"Width\":700,\"Height\":10}]}}",
          "{\"RecordParams\":{\"RecordMode\":2}}", "InvalidParameter.OutOfRange" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trtc_fault fault = { .code = "" };
        cJSON *request = value_of(cases[i].request), *created = value_of(cases[i].created);
        cJSON_AddNumberToObject(request, "SdkAppId", 1400000001);
        cJSON_AddStringToObject(request, "TaskId", "t");
        trtc_params_check_modify(request, created, &fault);
        assert_string_equal(fault.code, cases[i].code);
        cJSON_Delete(request);
        cJSON_Delete(created);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field), cmocka_unit_test(all_are_tried),      cmocka_unit_test(rules),
        cmocka_unit_test(nulls),      cmocka_unit_test(modify_by_creation),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
