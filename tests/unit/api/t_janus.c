/* SPDX-License-Identifier: MIT */
/* Janus's answers, as they come and damaged; requests; SDP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "api/janus.h"
#include "unit/json.h"

static const struct trtc_janus_keys none, all = { "a", "s", "k", "p" };
static const struct trtc_janus_id room = { "3560", true }, anna = { "1312476348340601", true };

/* Whether a request is that text; frees it. */
static void requests(void **state)
{
    struct trtc_janus_feed feed = { .items = { { .mid = "0", .port = 5000 },
                                               { .mid = "1", .video = true, .port = 5002 },
                                               { .mid = "2", .video = true } },
                                    .n = 3 };
    const struct trtc_janus_id text = { "a\"b", false };
    (void)state;
    json_is(trtc_janus_request(&none, "create"),
            "{\"janus\":\"create\",\"transaction\":\"trtc-room\"}");
    json_is(
        trtc_janus_request(&all, "attach"),
        "{\"janus\":\"attach\",\"transaction\":\"trtc-room\",\"plugin\":\"janus.plugin.videoroom\","
        "\"apisecret\":\"a\"}");
    json_is(trtc_janus_message(&none, "listparticipants", &text),
            "{\"janus\":\"message\",\"transaction\":\"trtc-room\",\"body\":{\"request\":"
            "\"listparticipants\",\"room\":\"a\\\"b\"}}");
    json_is(trtc_janus_message(&all, "join", &room),
            "{\"janus\":\"message\",\"transaction\":\"trtc-room\",\"apisecret\":\"a\",\"body\":{"
            "\"request\":\"join\",\"room\":3560,\"ptype\":\"publisher\",\"pin\":\"p\"}}");
    json_is(
        trtc_janus_forward(&all, &room, &anna, &feed),
        "{\"janus\":\"message\",\"transaction\":\"trtc-room\",\"apisecret\":\"a\",\"body\":{"
        "\"request\":\"rtp_forward\",\"room\":3560,\"publisher_id\":1312476348340601,\"host\":"
        "\"127.0.0.1\",\"streams\":[{\"mid\":\"0\",\"port\":5000,\"pt\":111},{\"mid\":\"1\",\"port\":"
        "5002,\"pt\":108}],\"secret\":\"s\",\"admin_key\":\"k\"}}");
    json_is(
        trtc_janus_stop(&none, &room, &anna, "77"),
        "{\"janus\":\"message\",\"transaction\":\"trtc-room\",\"body\":{\"request\":"
        "\"stop_rtp_forward\",\"room\":3560,\"publisher_id\":1312476348340601,\"stream_id\":77}}");
}

static void created(void **state)
{
    static const struct {
        const char *answer;
        int code; /* 0: it has the id 9 */
    } cases[] = {
        { "{\"janus\":\"success\",\"data\":{\"id\":9}}", 0 },
        { "{\"janus\":\"success\",\"data\":{\"id\":\"9\"}}", TRTC_EX_DATAERR },
        { "{\"janus\":\"success\"}", TRTC_EX_DATAERR },
        { "[]", TRTC_EX_DATAERR },
        { "{\"janus\":\"error\",\"error\":{\"code\":403,\"reason\":\"Unauthorized\"}}",
          TRTC_EX_NOPERM },
        { "{\"janus\":\"error\",\"error\":{\"code\":458,\"reason\":\"No such session\"}}",
          TRTC_EX_TEMPFAIL },
        { "{\"janus\":\"error\",\"error\":{}}", TRTC_EX_UNAVAILABLE },
    };
    char id[32];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trtc_err err = { 0 };
        cJSON *answer = cJSON_Parse(cases[i].answer);
        const int ret = trtc_janus_created(answer, id, &err);
        if (err.code != cases[i].code || ret != (err.code ? -1 : 0))
            fail_msg("%s: %d", cases[i].answer, err.code);
        if (!ret)
            assert_string_equal(id, "9");
        cJSON_Delete(answer);
    }
}

#define PLUGIN(data) "{\"janus\":\"success\",\"plugindata\":{\"plugin\":\"x\",\"data\":" data "}}"

static void lists(void **state)
{
    struct trtc_janus_list list = { 0 };
    struct trtc_err err;
    cJSON *answer =
        cJSON_Parse(PLUGIN("{\"list\":[{\"room\":3560,\"num_participants\":2},"
                           "{\"room\":1,\"num_participants\":0},{\"num_participants\":1},"
                           "{\"room\":\"a b\",\"num_participants\":1},7]}"));
    (void)state;
    assert_int_equal(trtc_janus_rooms(trtc_janus_data(answer, &err), &list, &err), 0);
    assert_int_equal(list.n, 2);
    assert_true(trtc_janus_same_id(&list.items[0].id, &room));
    assert_string_equal(list.items[1].id.text, "a b");
    assert_false(list.items[1].id.is_number);
    trtc_janus_list_fini(&list);
    cJSON_Delete(answer);

    answer = cJSON_Parse(PLUGIN("{\"participants\":[{\"id\":1312476348340601,\"display\":\"anna\","
                                "\"publisher\":true},{\"id\":2,\"publisher\":false},{\"id\":3,"
                                "\"publisher\":true},{\"id\":4,\"publisher\":1}]}"));
    assert_int_equal(trtc_janus_publishers(trtc_janus_data(answer, &err), &list, &err), 0);
    assert_int_equal(list.n, 2);
    assert_true(trtc_janus_same_id(&list.items[0].id, &anna));
    assert_string_equal(list.items[0].name, "anna");
    assert_string_equal(list.items[1].name, "");
    trtc_janus_list_fini(&list);
    cJSON_Delete(answer);
}

static void faults(void **state)
{
    static const struct {
        const char *answer;
        int code;
    } cases[] = {
        { PLUGIN("{\"videoroom\":\"event\",\"error_code\":433,\"error\":\"x\"}"), TRTC_EX_NOPERM },
        { PLUGIN("{\"videoroom\":\"event\",\"error_code\":426,\"error\":\"x\"}"),
          TRTC_EX_UNAVAILABLE },
        { PLUGIN("[]"), TRTC_EX_DATAERR },
        { "{\"janus\":\"ack\"}", TRTC_EX_DATAERR },
        { "null", TRTC_EX_DATAERR },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trtc_err err = { 0 };
        cJSON *answer = cJSON_Parse(cases[i].answer);
        assert_null(trtc_janus_data(answer, &err));
        if (err.code != cases[i].code)
            fail_msg("%s: %d", cases[i].answer, err.code);
        cJSON_Delete(answer);
    }
}

static void streams(void **state)
{
    struct trtc_janus_feed feed;
    char sdp[600], small[100];
    cJSON *data = cJSON_Parse(
        "{\"videoroom\":\"joined\",\"publishers\":[{\"id\":5,\"streams\":[{\"type\":\"audio\",\"mid\":"
        "\"9\"}]},{\"id\":1312476348340601,\"streams\":[{\"type\":\"audio\",\"mid\":\"0\",\"codec\":"
        "\"opus\"},{\"type\":\"video\",\"mid\":\"1\",\"codec\":\"h264\"},{\"type\":\"data\",\"mid\":\"2\"},"
        "{\"type\":\"video\",\"mid\":\"3\",\"disabled\":true},{\"type\":\"video\",\"codec\":\"h264\"}]}]}");
    cJSON *other = cJSON_Parse("{\"videoroom\":\"event\",\"publishers\":[]}");
    cJSON *sent = cJSON_Parse("{\"forwarders\":[{\"stream_id\":77,\"port\":5002},{\"stream_id\":78,"
                              "\"port\":9},{\"port\":5000}]}");
    (void)state;
    assert_false(trtc_janus_joined(other, &anna, &feed));
    assert_true(trtc_janus_joined(data, &anna, &feed));
    assert_int_equal(feed.n, 2);
    assert_string_equal(feed.items[0].codec, "opus");
    assert_false(feed.items[0].video);
    assert_string_equal(feed.items[1].mid, "1");
    assert_true(feed.items[1].video);
    feed.items[0].port = 5000;
    feed.items[1].port = 5002;
    trtc_janus_forwarded(sent, &feed);
    assert_string_equal(feed.items[0].sent, "");
    assert_string_equal(feed.items[1].sent, "77");
    assert_true(trtc_janus_sdp(&feed, sdp, sizeof sdp));
    assert_non_null(strstr(sdp, "m=audio 5000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n"));
    assert_non_null(strstr(sdp, "m=video 5002 RTP/AVP 108\r\na=rtpmap:108 H264/90000\r\n"));
    assert_false(trtc_janus_sdp(&feed, small, sizeof small));
    assert_true(trtc_janus_joined(data, &room, &feed));
    assert_int_equal(feed.n, 0);
    cJSON_Delete(data);
    cJSON_Delete(other);
    cJSON_Delete(sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests), cmocka_unit_test(created), cmocka_unit_test(lists),
        cmocka_unit_test(faults),   cmocka_unit_test(streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
