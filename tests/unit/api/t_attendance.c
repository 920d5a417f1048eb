/* SPDX-License-Identifier: MIT */
/* Events of rooms and media as JSON, and who is there by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "api/attendance.h"
#include "base/utc.h"

static char told[1024]; /* "103 r/anna" and the like, parted by ", " */

static void note(void *arg, const struct trtc_room_event *e)
{
    const size_t n = strlen(told);
    (void)arg;
    snprintf(told + n, sizeof told - n, "%s%d %s%s%s", n ? ", " : "", e->type, e->room,
             *e->user ? "/" : "", e->user);
}

static const struct trtc_emit emit = { note, NULL };

static void apply(struct trtc_attendance *a, int type, const char *user, int64_t ms)
{
    struct trtc_err err;
    const struct trtc_room_event e = { .type = type, .room = "r", .user = user, .event_ms = ms };
    told[0] = '\0';
    assert_int_equal(trtc_attendance_apply(a, &e, &emit, &err), 0);
}

static void applied(void **state)
{
    struct trtc_attendance a = { 0 };
    (void)state;
    apply(&a, 201, "anna", 1);
    assert_string_equal(told, "101 r, 103 r/anna, 201 r/anna");
    apply(&a, 203, "anna", 2);
    assert_string_equal(told, "203 r/anna");
    apply(&a, 203, "anna", 3); /* again */
    assert_string_equal(told, "");
    apply(&a, 205, "ben", 3);
    assert_string_equal(told, "103 r/ben, 205 r/ben");
    assert_int_equal(trtc_attendance_find(&a, "r", "anna", TRTC_ROOM_AUDIO)->since_ms, 2);
    apply(&a, 202, "anna", 4);
    assert_string_equal(told, "202 r/anna");
    apply(&a, 202, "anna", 4);
    assert_string_equal(told, "");
    apply(&a, 104, "anna", 5); /* stands for the end of its sound as well */
    assert_string_equal(told, "104 r/anna");
    assert_null(trtc_attendance_find(&a, "r", "anna", TRTC_ROOM_AUDIO));
    apply(&a, 102, "", 6);
    assert_string_equal(told, "104 r/ben, 102 r");
    assert_int_equal(a.n, 0);
    apply(&a, 105, "anna", 7); /* a role */
    assert_string_equal(told, "");
    trtc_attendance_fini(&a);
}

static void another_source(void **state)
{
    struct trtc_attendance a = { 0 };
    struct trtc_err err;
    struct trtc_room_event e = {
        .type = 201, .room = "r", .user = "u", .source = "one", .event_ms = 1
    };
    (void)state;
    trtc_attendance_apply(&a, &e, NULL, &err);
    told[0] = '\0';
    trtc_attendance_apply(&a, &e, &emit, &err);
    assert_string_equal(told, "");
    e.source = "two";
    trtc_attendance_apply(&a, &e, &emit, &err);
    assert_string_equal(told, "202 r/u, 201 r/u");
    assert_string_equal(trtc_attendance_find(&a, "r", "u", 201)->source, "two");
    trtc_attendance_fini(&a);
}

static void differences(void **state)
{
    struct trtc_attendance a = { 0 }, b = { 0 };
    struct trtc_err err;
    (void)state;
    apply(&a, 201, "anna", 1);
    apply(&a, 203, "anna", 1);
    apply(&a, 201, "ben", 1);
    apply(&b, 101, "", 1);
    apply(&b, 103, "anna", 1);
    apply(&b, 201, "anna", 9); /* begun anew, without sound */
    apply(&b, 205, "carl", 9);
    told[0] = '\0';
    assert_int_equal(trtc_attendance_become(&a, &b, 10, &emit, &err), 0);
    assert_string_equal(told,
                        "202 r/anna, 204 r/anna, 104 r/ben, 201 r/anna, 103 r/carl, 205 r/carl");
    told[0] = '\0';
    trtc_attendance_become(&a, &b, 10, &emit, &err);
    assert_string_equal(told, "");
    trtc_attendance_replay(&a, "r", &emit);
    assert_string_equal(told, "101 r, 103 r/anna, 201 r/anna, 103 r/carl, 205 r/carl");
    told[0] = '\0';
    trtc_attendance_replay(&a, "other", &emit);
    assert_string_equal(told, "");
    trtc_attendance_fini(&b);
    trtc_attendance_become(&a, &b, 10, &emit, &err);
    assert_string_equal(told, "104 r/anna, 104 r/carl, 102 r");
    trtc_attendance_fini(&a);
}

static void lines(void **state)
{
    static const struct {
        const char *line;
        int ret, type;
        const char *room, *user, *source;
        int64_t ms;
    } cases[] = {
        { "{\"EventGroupId\":1,\"EventType\":103,\"CallbackTs\":5,\"EventInfo\":{\"RoomId\":\"r\",\"EventTs\":1,"
          "\"EventMsTs\":1500,\"UserId\":\"u\",\"Reason\":1}}",
          1, 103, "r", "u", NULL, 1500 },
        { "{\"EventType\":201,\"EventInfo\":{\"RoomId\":3560,\"EventTs\":\"2\",\"UserId\":\"u\"}}",
          1, 201, "3560", "u", NULL, 2000 },
        { "{\"EventType\":201,\"EventInfo\":{\"RoomId\":4294967295,\"UserId\":\"u\",\"Source\":\"http://a/\"}}",
          1, 201, "4294967295", "u", "http://a/", TRTC_NOTIME },
        { "{\"type\":205,\"room\":\"r\",\"user\":\"u\",\"event_ms\":7,\"Source\":\"http://a/\"}", 1,
          205, "r", "u", "http://a/", 7 },
        { "{\"EventType\":102,\"EventInfo\":{\"RoomId\":\"r\",\"UserId\":\"\"}}", 1, 102, "r", "",
          NULL, TRTC_NOTIME },
        { "{\"EventType\":105,\"EventInfo\":{\"RoomId\":\"r\",\"UserId\":\"u\"}}", 0, 0, NULL, NULL,
          NULL, 0 },
        { "{\"EventType\":301,\"EventInfo\":{\"RoomId\":\"r\",\"UserId\":\"u\"}}", 0, 0, NULL, NULL,
          NULL, 0 },
        { "{\"EventType\":103,\"EventInfo\":{\"RoomId\":\"r\"}}", -1, 0, NULL, NULL, NULL, 0 },
        { "{\"EventType\":103,\"EventInfo\":{\"UserId\":\"u\"}}", -1, 0, NULL, NULL, NULL, 0 },
        { "{\"EventType\":\"103\",\"EventInfo\":{\"RoomId\":\"r\",\"UserId\":\"u\"}}", -1, 0, NULL,
          NULL, NULL, 0 },
        { "{}", -1, 0, NULL, NULL, NULL, 0 },
        { "[]", -1, 0, NULL, NULL, NULL, 0 },
        { "x", -1, 0, NULL, NULL, NULL, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trtc_room_line l;
        struct trtc_err err;
        const int ret = trtc_room_event_parse(cases[i].line, strlen(cases[i].line), &l, &err);
        if (ret != cases[i].ret)
            fail_msg("%s: %d", cases[i].line, ret);
        if (ret < 0)
            assert_int_equal(err.code, TRTC_EX_DATAERR);
        if (ret != 1)
            continue;
        assert_int_equal(l.event.type, cases[i].type);
        assert_string_equal(l.event.room, cases[i].room);
        assert_string_equal(l.event.user, cases[i].user);
        assert_int_equal(l.event.event_ms, cases[i].ms);
        if (cases[i].source)
            assert_string_equal(l.event.source, cases[i].source);
        else
            assert_null(l.event.source);
    }
}

static void made(void **state)
{
    const struct trtc_room_event e = { .type = 103,
                                       .room = "r",
                                       .user = "u",
                                       .source = "http://a/r/u",
                                       .event_ms = 1767225600123,
                                       .reason = 1 };
    struct trtc_room_line l;
    struct trtc_err err;
    cJSON *json = trtc_room_event_make(&e, 1767225600200, true);
    char *text = cJSON_PrintUnformatted(json);
    (void)state;
    assert_string_equal(
        text,
        "{\"EventGroupId\":1,\"EventType\":103,\"CallbackTs\":1767225600200,\"EventInfo\":{\"RoomId\":\"r\","
        "\"EventTs\":1767225600,\"EventMsTs\":1767225600123,\"UserId\":\"u\",\"Role\":20,\"TerminalType\":100,"
        "\"UserType\":3,\"Reason\":1,\"Source\":\"http://a/r/u\"}}");
    assert_int_equal(trtc_room_event_parse(text, strlen(text), &l, &err), 1);
    assert_int_equal(l.event.event_ms, e.event_ms);
    assert_string_equal(l.event.source, e.source);
    cJSON_free(text);
    cJSON_Delete(json);
    json = trtc_room_event_make(&e, 1, false);
    text = cJSON_PrintUnformatted(json);
    assert_null(strstr(text, "Source"));
    cJSON_free(text);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(applied), cmocka_unit_test(another_source),
                                        cmocka_unit_test(differences), cmocka_unit_test(lines),
                                        cmocka_unit_test(made) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
