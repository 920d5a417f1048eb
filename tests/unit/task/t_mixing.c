/* SPDX-License-Identifier: MIT */
/* What a task hands to trtc-mix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "task/mixing.h"
#include "unit/json.h"

static void requests(void **state)
{
    cJSON *request = cJSON_Parse(
        "{\"UserSig\":\"***\",\"StorageParams\":{},\"RecordParams\":{\"RecordMode\":2,\"OutputFormat\":1,"
        "\"StreamType\":1,\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"a\"]}},"
        "\"MixLayoutParams\":{\"MixLayoutMode\":1}}");
    cJSON *change = cJSON_Parse("{\"MixLayoutParams\":{\"MixLayoutMode\":2},\"SdkAppId\":7}");
    (void)state;
    json_is(
        trtc_mixing_request(request, NULL),
        "{\"MixLayoutParams\":{\"MixLayoutMode\":1},\"RecordParams\":{\"RecordMode\":2,\"StreamType\":1,"
        "\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"a\"]}}}");
    json_is(
        trtc_mixing_request(request, change),
        "{\"RecordParams\":{\"RecordMode\":2,\"StreamType\":1},\"MixLayoutParams\":{\"MixLayoutMode\":2}}");
    json_is(trtc_mixing_change(change), "{\"layout\":{\"MixLayoutMode\":2},\"subscribe\":{}}");
    cJSON_Delete(change);
    change = cJSON_Parse("{\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"b\"]}}");
    json_is(
        trtc_mixing_request(request, change),
        "{\"RecordParams\":{\"RecordMode\":2,\"StreamType\":1,\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":["
        "\"b\"]}}}");
    json_is(trtc_mixing_change(change),
            "{\"layout\":{\"MixLayoutMode\":3},\"subscribe\":{\"SubscribeAudioUserIds\":[\"b\"]}}");
    cJSON_Delete(change);
    cJSON_Delete(request);
}

static char told[256];

static void note(void *arg, const char *url)
{
    (void)arg;
    strncat(told, url, sizeof told - strlen(told) - 1);
    strncat(told, " ", sizeof told - strlen(told) - 1);
}

static void pictures(void **state)
{
    cJSON *index = cJSON_Parse(
        "{\"http://a/1.png\":\"1.png\",\"http://a/2.png\":null,\"http://a/3.png\":\"../3.png\","
        "\"http://a/4.png\":\"x/4.png\",\"http://a/5.png\":\".5.png\"}");
    cJSON *layout = cJSON_Parse(
        "{\"BackgroundImageUrl\":\"http://a/1.png\",\"DefaultSubBackgroundImage\":\"http://a/2.png\","
        "\"MixLayoutList\":[{\"Top\":0,\"SubBackgroundImage\":\"http://a/3.png\"},{\"SubBackgroundImage\":"
        "\"http://a/1.png\"}],\"WaterMarkList\":[{\"WaterMarkImage\":{\"WaterMarkUrl\":\"http://a/4.png\"}},"
        "{\"WaterMarkType\":1,\"WaterMarkChar\":{\"Chars\":\"x\"}},"
        "{\"WaterMarkImage\":{\"WaterMarkUrl\":\"http://a/1.png\",\"Top\":1}},"
        "{\"WaterMarkImage\":{\"WaterMarkUrl\":\"http://a/5.png\"}},"
        "{\"WaterMarkImage\":{\"WaterMarkUrl\":\"file:/etc/6.png\"}}]}");
    (void)state;
    told[0] = '\0';
    assert_int_equal(trtc_mixing_pictures(layout, index, note, NULL), 0);
    assert_string_equal(
        told, "http://a/2.png http://a/3.png http://a/4.png http://a/5.png file:/etc/6.png ");
    json_is(
        layout,
        "{\"BackgroundImageUrl\":\"file:images/1.png\",\"MixLayoutList\":[{\"Top\":0},{\"SubBackgroundImage\":"
        "\"file:images/1.png\"}],\"WaterMarkList\":[{\"WaterMarkType\":1,\"WaterMarkChar\":{\"Chars\":\"x\"}},"
        "{\"WaterMarkImage\":{\"WaterMarkUrl\":\"file:images/1.png\",\"Top\":1}}]}");
    assert_int_equal(trtc_mixing_pictures(NULL, index, note, NULL), 0);
    cJSON_Delete(index);
    layout = cJSON_Parse("{\"BackgroundImageUrl\":\"http://a/1.png\"}");
    assert_int_equal(trtc_mixing_pictures(layout, NULL, note, NULL), 0);
    json_is(layout, "{}");
}

static void comings(void **state)
{
    struct trtc_task_stream s = { .user = (char *)"a@5", .source = (char *)"http://h/a=b" };
    (void)state;
    json_is(trtc_mixing_input(&s), "{\"user\":\"a@5:main\",\"input\":\"http://h/a=b\"}");
    s.aux = true;
    json_is(trtc_mixing_end(&s), "{\"end\":\"a@5:aux\"}");
    s.user = (char *)"a=b:aux";
    json_is(trtc_mixing_input(&s), "{\"user\":\"a=b:aux:aux\",\"input\":\"http://h/a=b\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(requests), cmocka_unit_test(pictures),
                                        cmocka_unit_test(comings) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
