/* SPDX-License-Identifier: MIT */
/* Callback events: what is understood of a body, what makes two the same, and those that are made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "api/event_make.h"
#include "api/events.h"

static void parse(const char *text, struct trtc_event *e)
{
    struct trtc_err err;
    if (trtc_event_parse(text, strlen(text), e, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
}

static void id_of(const char *text, char out[TRTC_EVENT_ID_LEN + 1])
{
    struct trtc_event e;
    parse(text, &e);
    assert_int_equal(trtc_event_id(&e, 1, out), 0);
    trtc_event_fini(&e);
}

#define EVENT(ts, info) \
    "{\"EventGroupId\":3,\"EventType\":305,\"CallbackTs\":" ts ",\"EventInfo\":{" info "}}"

static void times_and_rooms(void **state)
{
    static const struct {
        const char *info, *room;
        int64_t event_ms;
    } t[] = {
        { "\"RoomId\":\"x y\",\"EventTs\":1622191989", "x y", 1622191989000 },
        { "\"RoomId\":3560,\"EventTs\":\"1622191989\"", "3560", 1622191989000 },
        { "\"RoomId\":4294967295,\"EventTs\":1,\"EventMsTs\":1622191989123", "4294967295",
          1622191989123 },
        { "\"EventMsTs\":\"1622191989123\"", NULL, 1622191989123 },
        { "\"RoomId\":null,\"EventTs\":\"soon\"", NULL, TRTC_NOTIME },
        { "\"RoomId\":-1,\"EventTs\":-5", NULL, TRTC_NOTIME },
        { "\"EventTs\":1.5", NULL, TRTC_NOTIME },
        { "\"EventMsTs\":99999999999999999,\"EventTs\":7", NULL, 7000 },
        { "", NULL, TRTC_NOTIME },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char text[256];
        struct trtc_event e;
        snprintf(text, sizeof text, EVENT("5", "%s"), t[i].info);
        parse(text, &e);
        assert_int_equal(e.type, 305);
        assert_int_equal(e.callback_ms, 5);
        assert_int_equal(e.event_ms, t[i].event_ms);
        assert_int_equal(!e.room, !t[i].room);
        if (e.room)
            assert_string_equal(e.room, t[i].room);
        trtc_event_fini(&e);
    }
}

/* Numbers that a double would change, blanks within strings, escapes: payload is what came. */
static void payload_as_it_came(void **state)
{
    struct trtc_event e;
    (void)state;
    parse(
        "\xef\xbb\xbf {\t\"EventInfo\" : {\"A\":{\"Payload\":1}, \"Payload\":\t{ \"n\" : 12345678901234567890 ,\n"
        " \"s\":\"a \\\" } b\" , \"l\":[ 1, {} ] } ,\"TaskId\":\"t\" } }",
        &e);
    assert_string_equal(e.payload,
                        "{\"n\":12345678901234567890,\"s\":\"a \\\" } b\",\"l\":[1,{}]}");
    assert_string_equal(e.task, "t");
    trtc_event_fini(&e);
    parse("{\"EventInfo\":{\"P\\u0061yload\":{\"a\":1}}}", &e);
    assert_string_equal(e.payload, "{\"a\":1}");
    trtc_event_fini(&e);
}

static void second_shape(void **state)
{
    struct trtc_event e;
    char a[TRTC_EVENT_ID_LEN + 1], b[TRTC_EVENT_ID_LEN + 1];
    const char *inner = EVENT("5", "\"TaskId\":\"t\",\"EventMsTs\":7,\"Payload\":{\"Status\":0}");
    char outer[512];
    (void)state;
    snprintf(
        outer, sizeof outer,
        "{\"CallId\":\"x\",\"Callback\":%s,\"CallbackCommand\":\"Call.CallbackAfterRecordChanged\",\"EventTime\":99}",
        inner);
    parse(outer, &e);
    assert_true(e.wrapped);
    assert_int_equal(e.type, 305);
    assert_int_equal(e.body_bytes, strlen(inner));
    assert_memory_equal(e.body, inner, e.body_bytes);
    trtc_event_fini(&e);
    id_of(inner, a);
    id_of(outer, b);
    assert_string_equal(a, b);
}

static void same_and_not_the_same(void **state)
{
    static const char *const infos[] = {
        "\"TaskId\":\"t\",\"EventMsTs\":7,\"Payload\":{\"Status\":0}",
        "\"TaskId\":\"t\",\"EventMsTs\":7,\"Payload\":{\"Status\":1}",
        "\"TaskId\":\"t\",\"EventMsTs\":8,\"Payload\":{\"Status\":0}",
        "\"TaskId\":\"u\",\"EventMsTs\":7,\"Payload\":{\"Status\":0}",
        "\"RoomId\":1,\"UserId\":\"a\",\"EventMsTs\":7",
        "\"RoomId\":1,\"UserId\":\"b\",\"EventMsTs\":7", /* two people in the same millisecond */
        "\"RoomId\":\"1\",\"UserId\":\"b\",\"EventMsTs\":7",
    };
    enum { N = sizeof infos / sizeof *infos };
    char ids[N][TRTC_EVENT_ID_LEN + 1], again[TRTC_EVENT_ID_LEN + 1], text[256];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        snprintf(text, sizeof text, EVENT("1", "%s"), infos[i]);
        id_of(text, ids[i]);
        snprintf(text, sizeof text, EVENT(" 2 ", " %s "),
                 infos[i]); /* sent again, and printed otherwise */
        id_of(text, again);
        assert_string_equal(ids[i], again);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
    id_of(EVENT("1", "\"EventTs\":\"7\",\"TaskId\":\"t\",\"Payload\":{}"), ids[0]);
    id_of(EVENT("1", "\"EventTs\":7,\"TaskId\":\"t\",\"Payload\":{}"), ids[1]);
    assert_string_equal(ids[0], ids[1]);
    struct trtc_event e = { .body = "x", .body_bytes = 1, .event_ms = TRTC_NOTIME }, f = e;
    f.body = "y";
    trtc_event_id(&e, 1, ids[0]);
    trtc_event_id(&f, 1, ids[1]);
    assert_string_not_equal(ids[0], ids[1]);
    trtc_event_id(&e, 2, ids[1]);
    assert_string_not_equal(ids[0], ids[1]);
}

static void not_events(void **state)
{
    static const char *const texts[] = { "",
                                         "[]",
                                         "1",
                                         "{\"a\":1,}",
                                         "{\"a\":1}x",
                                         "{\"a\":1,\"a\":2}",
                                         "\xff",
                                         "\xef\xbb\xbf\x39",
                                         "\xef\xbb\xbf\xef\xbb\xbf{}" };
    struct trtc_event e;
    struct trtc_err err;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(trtc_event_parse(texts[i], strlen(texts[i]), &e, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_null(e.task);
    }
    parse("{}", &e);
    assert_int_equal(e.type, 0);
    trtc_event_fini(&e);
}

static void lines(void **state)
{
    struct trtc_event e;
    (void)state;
    parse(
        EVENT(
            "5",
            "\"TaskId\":\"t\",\"RoomId\":7,\"EventMsTs\":7,\"Payload\":{\"big\":20260120113022495}"),
        &e);
    cJSON *line = trtc_event_line(&e, 14);
    char *text = cJSON_PrintUnformatted(line);
    assert_string_equal(
        text,
        "{\"sdkappid\":14,\"type\":305,\"name\":\"UPLOAD_STOP\",\"task\":\"t\",\"room\":\"7\","
        "\"event_ms\":7,\"callback_ms\":5,\"payload\":{\"big\":20260120113022495}}");
    free(text);
    cJSON_Delete(line);
    trtc_event_fini(&e);
    assert_string_equal(trtc_event_name(310), "MP4_STOP");
    assert_null(trtc_event_name(999));
}

static struct trtc_event_order order(int64_t type, enum trtc_event_style style)
{
    return (struct trtc_event_order){ .type = type,
                                      .sdkappid = 1400000001,
                                      .task = "-T.",
                                      .room = "a room",
                                      .robot = "r",
                                      .user = "anna",
                                      .event_ms = 1767225900123,
                                      .callback_ms = 1767225900165,
                                      .begin_ms = 1767225890000,
                                      .style = style };
}

static void all_are_made(void **state)
{
    struct trtc_err err;
    (void)state;
    for (int style = 0; style < 2; style++)
        for (int64_t type = 301; type <= 312; type++) {
            struct trtc_event_order o = order(type, style);
            cJSON *json = trtc_event_make(&o, &err);
            char *text = trtc_event_print(json, style);
            struct trtc_event e;
            parse(text, &e);
            assert_int_equal(e.type, type);
            assert_string_equal(e.task, "-T.");
            assert_int_equal(e.event_ms, style == TRTC_STYLE_REAL ? 1767225900123 : 1767225900000);
            assert_non_null(e.payload);
            assert_int_equal(!!strchr(text, '\t'), style == TRTC_STYLE_DOCUMENTED);
            assert_int_equal(!!strstr(text, "EventMsTs"), style == TRTC_STYLE_REAL);
            const bool is_text = strstr(text, "\"EventTs\":\"") || strstr(text, "\"EventTs\":\t\"");
            assert_int_equal(is_text, type == 302 || (style && (type == 301 || type == 307)));
            trtc_event_fini(&e);
            free(text);
            cJSON_Delete(json);
        }
    struct trtc_event_order bad = order(313, 0);
    assert_null(trtc_event_make(&bad, &err));
    assert_int_equal(err.code, TRTC_EX_USAGE);
}

/* The layout of the vendor's own bodies: tabs, one behind each colon. */
static void documented_layout(void **state)
{
    struct trtc_err err;
    struct trtc_event_order o = order(301, TRTC_STYLE_DOCUMENTED);
    cJSON *json = trtc_event_make(&o, &err);
    char *text = trtc_event_print(json, o.style);
    (void)state;
    assert_string_equal(
        text,
        "{\n\t\"EventGroupId\":\t3,\n\t\"EventType\":\t301,\n\t\"CallbackTs\":\t1767225900165,\n"
        "\t\"EventInfo\":\t{\n\t\t\"RoomId\":\t\"a room\",\n\t\t\"EventTs\":\t\"1767225900\",\n"
        "\t\t\"UserId\":\t\"r\",\n\t\t\"TaskId\":\t\"-T.\",\n\t\t\"Payload\":\t{\n"
        "\t\t\t\"Status\":\t0\n\t\t}\n\t}\n}");
    free(text);
    cJSON_Delete(json);
}

static void members_are_set(void **state)
{
    static const struct {
        const char *path, *value, *json; /* json NULL: refused */
    } t[] = {
        { "a", "1", "{\"a\":1,\"l\":[1]}" },
        { "a", "x", "{\"a\":\"x\",\"l\":[1]}" },
        { "b.c.d", "{}", "{\"a\":0,\"l\":[1],\"b\":{\"c\":{\"d\":{}}}}" },
        { "l[0]", "2", "{\"a\":0,\"l\":[2]}" },
        { "l[1]", "two", "{\"a\":0,\"l\":[1,\"two\"]}" },
        { "m[0].x", "null", "{\"a\":0,\"l\":[1],\"m\":[{\"x\":null}]}" },
        { "l[3]", "2", NULL },
        { "a.b", "2", NULL },
        { "l.b", "2", NULL },
        { "", "2", NULL },
        { "l[x]", "2", NULL },
        { "b..c", "2", NULL },
    };
    struct trtc_err err;
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        cJSON *root = cJSON_Parse("{\"a\":0,\"l\":[1]}");
        const int ret = trtc_event_set(&root, t[i].path, t[i].value, &err);
        assert_int_equal(ret, t[i].json ? 0 : -1);
        char *text = cJSON_PrintUnformatted(root);
        if (t[i].json)
            assert_string_equal(text, t[i].json);
        else
            assert_int_equal(err.code, TRTC_EX_USAGE);
        free(text);
        cJSON_Delete(root);
    }
}

static void scenarios(void **state)
{
    static const char *const all[] = { "hls", "mp4", "vod", "failover", "idle", "kicked" };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct trtc_scenario *s = trtc_scenario_find(all[i]);
        assert_non_null(s);
        assert_int_equal(s->steps[0].type, 301);
    }
    assert_null(trtc_scenario_find("x"));
    assert_int_equal(trtc_scenario_find("idle")->steps[2].status, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_and_rooms), cmocka_unit_test(payload_as_it_came),
        cmocka_unit_test(second_shape),    cmocka_unit_test(same_and_not_the_same),
        cmocka_unit_test(not_events),      cmocka_unit_test(lines),
        cmocka_unit_test(all_are_made),    cmocka_unit_test(documented_layout),
        cmocka_unit_test(members_are_set), cmocka_unit_test(scenarios),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
