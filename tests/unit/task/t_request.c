/* SPDX-License-Identifier: MIT */
/* What a request asks a recorder to do, and which requests are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "task/request.h"

#define CLOUD \
    "\"StorageParams\":{\"CloudStorage\":{\"Vendor\":0,\"Region\":\"r\",\"Bucket\":\"b\"%s}}"
#define VOD "\"StorageParams\":{\"CloudVod\":{\"TencentVod\":{%s}}}"

static char text[4096];

/* A request with these members of RecordParams, and of the storage. */
static const char *request(const char *record, const char *more, bool vod)
{
    char storage[512];
    snprintf(storage, sizeof storage, vod ? VOD : CLOUD, more); /* NOLINT */
    snprintf(text, sizeof text,
             "{\"SdkAppId\":7,\"RoomId\":\"3560\",\"UserId\":\"robot\",\"RecordParams\":{%s},%s}",
             record, storage);
    return text;
}

static int read(const char *json, struct trtc_task_request *r, struct trtc_err *err)
{
    cJSON *j = cJSON_Parse(json);
    assert_non_null(j);
    const int ret = trtc_task_request_read(j, r, err);
    if (ret == 0)
        r->room = r->robot = NULL; /* they go with j */
    cJSON_Delete(j);
    return ret;
}

static void forms(void **state)
{
    static const struct {
        const char *record, *storage;
        bool vod, hls;
        enum trtc_task_made made;
    } rows[] = {
        { "\"RecordMode\":1", "", false, true, TRTC_MADE_NONE },
        { "\"RecordMode\":1,\"OutputFormat\":0", "", false, true, TRTC_MADE_NONE },
        { "\"RecordMode\":1,\"OutputFormat\":1", "", false, true, TRTC_MADE_MP4 },
        { "\"RecordMode\":1,\"OutputFormat\":2", "", false, true, TRTC_MADE_AAC },
        { "\"RecordMode\":1,\"OutputFormat\":3", "", false, false, TRTC_MADE_MP4 },
        { "\"RecordMode\":1,\"OutputFormat\":4", "", false, false, TRTC_MADE_AAC },
        { "\"RecordMode\":1,\"OutputFormat\":1", "\"ExpireTime\":0", true, false, TRTC_MADE_MP4 },
        { "\"RecordMode\":1", "\"MediaType\":1", true, true, TRTC_MADE_NONE },
        { "\"RecordMode\":1,\"StreamType\":1", "\"MediaType\":2", true, false, TRTC_MADE_AAC },
        { "\"RecordMode\":1", "\"MediaType\":3", true, true, TRTC_MADE_MP4 },
        { "\"RecordMode\":1,\"StreamType\":1", "\"MediaType\":4", true, true, TRTC_MADE_AAC },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trtc_task_request r;
        struct trtc_err err = { 0 };
        if (read(request(rows[i].record, rows[i].storage, rows[i].vod), &r, &err) < 0)
            fail_msg("row %zu: %s", i, err.msg);
        assert_int_equal(r.vod, rows[i].vod);
        assert_int_equal(r.hls, rows[i].hls);
        assert_int_equal(r.made, rows[i].made);
        trtc_task_request_fini(&r);
    }
}

static void members(void **state)
{
    struct trtc_task_request r;
    struct trtc_err err;
    (void)state;
    assert_int_equal(read(request("\"RecordMode\":1", "", false), &r, &err), 0);
    assert_int_equal(r.sdkappid, 7);
    assert_true(!r.mixed && r.audio && r.video && r.main && r.aux && !r.av_merge &&
                !r.room_is_text);
    assert_int_equal(r.idle_ms, 30000);
    assert_int_equal(r.part_minutes, 0);
    trtc_task_request_fini(&r);
    assert_int_equal(read(request("\"RecordMode\":2,\"StreamType\":1,\"MediaId\":2,\"AvMerge\":1,"
                                  "\"MaxIdleTime\":5,\"MaxMediaFileDuration\":90",
                                  "", false),
                          &r, &err),
                     0);
    assert_true(r.mixed && r.audio && !r.video && !r.main && r.aux && r.av_merge);
    assert_int_equal(r.idle_ms, 5000);
    assert_int_equal(r.part_minutes, 90);
    trtc_task_request_fini(&r);
    assert_int_equal(
        read(request(
                 "\"RecordMode\":1,\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"a\"]}",
                 "", false),
             &r, &err),
        0);
    assert_true(r.sub.allow_audio.given);
    trtc_task_request_fini(&r);
}

static void refused(void **state)
{
    static const struct {
        const char *record, *storage;
        int code;
        const char *says;
    } rows[] = {
        { "\"RecordMode\":1", ",\"SecretKey\":\"kept\"", TRTC_EX_NOPERM, "contains a secret" },
        { "\"RecordMode\":1", ",\"AccessKey\":\"kept\"", TRTC_EX_NOPERM, "contains a secret" },
        { "\"RecordMode\":3", "", TRTC_EX_DATAERR, "RecordParams.RecordMode" },
        { "\"MaxIdleTime\":5", "", TRTC_EX_DATAERR, "RecordParams.RecordMode" },
        { "\"RecordMode\":1,\"MaxIdleTime\":4", "", TRTC_EX_DATAERR, "RecordParams.MaxIdleTime" },
        { "\"RecordMode\":1,\"Mode\":4", "", TRTC_EX_DATAERR, "Mode" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trtc_task_request r;
        struct trtc_err err = { 0 };
        assert_int_equal(read(request(rows[i].record, rows[i].storage, false), &r, &err), -1);
        assert_int_equal(err.code, rows[i].code);
        if (!strstr(err.msg, rows[i].says) || strstr(err.msg, "kept"))
            fail_msg("row %zu: %s", i, err.msg);
    }
}

/* Secrets may be marked as such. */
static void marked(void **state)
{
    struct trtc_task_request r;
    struct trtc_err err;
    cJSON *j = cJSON_Parse(request("\"RecordMode\":1", ",\"AccessKey\":\"***\"", false));
    (void)state;
    cJSON_AddStringToObject(j, "UserSig", "***");
    cJSON_AddStringToObject(j, "PrivateMapKey", "***");
    assert_int_equal(trtc_task_request_read(j, &r, &err), 0);
    trtc_task_request_fini(&r);
    cJSON_Delete(j);
}

static void modified(void **state)
{
    static const struct {
        const char *change;
        int ret;
        bool allows;
    } rows[] = {
        { "{\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"b\"]}}", 0, true },
        { "{\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"robot\"]}}", -1, true },
        { "{\"MixLayoutParams\":{\"MixLayoutMode\":3}}", -1, true }, /* of single streams */
        { "{\"Other\":1}", -1, true },
        { "7", -1, true },
        { "{}", 0, false }, /* all is replaced */
    };
    struct trtc_task_request r;
    struct trtc_err err;
    cJSON *created = cJSON_Parse(
        request("\"RecordMode\":1,\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"a\"]}",
                "", false));
    (void)state;
    assert_int_equal(trtc_task_request_read(created, &r, &err), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cJSON *change = cJSON_Parse(rows[i].change);
        assert_int_equal(trtc_task_request_modify(&r, created, change, &err), rows[i].ret);
        assert_int_equal(r.sub.allow_audio.given, rows[i].allows);
        cJSON_Delete(change);
    }
    trtc_task_request_fini(&r);
    cJSON_Delete(created);
}

/* A mix is refused if trtc-mix would refuse it, although the API states no such limit. */
static void mixed(void **state)
{
    static const struct {
        const char *params, *says; /* NULL: it is taken */
    } rows[] = {
        { "{\"MixLayoutMode\":3}", NULL },
        { "{\"MixLayoutMode\":3,\"WaterMarkList\":[{\"WaterMarkType\":1,\"WaterMarkChar\":{\"Top\":0,"
          "\"Left\":0,\"Width\":9,\"Height\":9,\"Chars\":\"a\",\"FontSize\":100000}}]}",
          "FontSize" },
        { "{\"MixLayoutMode\":3,\"WaterMarkList\":[{\"WaterMarkType\":2,\"WaterMarkTimestamp\":"
          "{\"Pos\":0,\"TimeZone\":24}}]}",
          "TimeZone" },
    };
    struct trtc_task_request r;
    struct trtc_err err = { 0 };
    cJSON *plain = cJSON_Parse(request("\"RecordMode\":2", "", false));
    (void)state;
    assert_int_equal(trtc_task_request_read(plain, &r, &err), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cJSON *change = cJSON_CreateObject();
        cJSON_AddItemToObject(change, "MixLayoutParams", cJSON_Parse(rows[i].params));
        const int ret = trtc_task_request_modify(&r, plain, change, &err);
        assert_int_equal(ret, rows[i].says ? -1 : 0);
        if (rows[i].says && !strstr(err.msg, rows[i].says))
            fail_msg("row %zu: %s", i, err.msg);
        cJSON_Delete(change);
    }
    trtc_task_request_fini(&r);
    cJSON_AddItemToObject(plain, "MixTranscodeParams",
                          cJSON_Parse("{\"VideoParams\":{\"Width\":361,\"Height\":640,\"Fps\":15,"
                                      "\"BitRate\":550000,\"Gop\":10}}"));
    assert_int_equal(trtc_task_request_read(plain, &r, &err), -1);
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_non_null(strstr(err.msg, "MixTranscodeParams.VideoParams.Width"));
    cJSON_Delete(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(forms),    cmocka_unit_test(members),
                                        cmocka_unit_test(refused),  cmocka_unit_test(marked),
                                        cmocka_unit_test(modified), cmocka_unit_test(mixed) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
