/* SPDX-License-Identifier: MIT */
/* Lines of a task, and its status, as they should be and as a broken program may write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "base/json_put.h"
#include "service/task_line.h"

static void good(void **state)
{
    static const struct {
        const char *text;
        enum trtc_task_line_kind kind;
    } cases[] = {
        { "{\"Seq\":1,\"EventMsTs\":7,\"EventType\":301,\"Payload\":{}}", TRTC_LINE_EVENT },
        { "{\"Seq\":2,\"File\":\"files/a_b.ts\",\"Type\":\"segment\"}", TRTC_LINE_FILE },
        { "{\"Seq\":3,\"Loss\":\"x\",\"UserId\":\"anna\"}", TRTC_LINE_LOSS },
        { "{\"Seq\":4,\"Made\":{\"FileList\":[]}}", TRTC_LINE_MADE },
        { "{\"Seq\":5,\"End\":{\"Status\":1,\"ExitStatus\":75}}", TRTC_LINE_END },
        { "{\"Seq\":6,\"Something\":1}", TRTC_LINE_OTHER },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trtc_task_line l;
        assert_int_equal(trtc_task_line_read(cases[i].text, strlen(cases[i].text), &l, NULL), 0);
        assert_int_equal(l.kind, cases[i].kind);
        assert_int_equal(l.seq, i + 1);
        if (l.kind == TRTC_LINE_END)
            assert_int_equal(l.exit_status, 75);
        trtc_task_line_fini(&l);
    }
}

static void bad(void **state)
{
    static const char *const cases[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"Seq\":0}",
        "{\"Seq\":1,\"EventType\":300,\"Payload\":{}}",
        "{\"Seq\":1,\"EventType\":301}",
        "{\"Seq\":1,\"EventType\":\"301\",\"Payload\":{}}",
        "{\"Seq\":1,\"File\":\"a.ts\",\"Type\":\"segment\"}",
        "{\"Seq\":1,\"File\":\"files/../request.json\",\"Type\":\"segment\"}",
        "{\"Seq\":1,\"File\":\"/etc/passwd\",\"Type\":\"mp4\"}",
        "{\"Seq\":1,\"File\":\"files/a/b.ts\",\"Type\":\"segment\"}",
        "{\"Seq\":1,\"File\":\"files/.a\",\"Type\":\"segment\"}",
        "{\"Seq\":1,\"File\":\"files/a\\nb\",\"Type\":\"segment\"}",
        "{\"Seq\":1,\"File\":\"files/\",\"Type\":\"segment\"}",
        "{\"Seq\":1,\"File\":\"files/a\",\"Type\":\"exe\"}",
        "{\"Seq\":1,\"File\":\"files/a\"}",
        "{\"Seq\":1,\"Loss\":7}",
        "{\"Seq\":1,\"End\":{\"Status\":7}}",
        "{\"Seq\":1,\"Made\":7}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trtc_task_line l;
        struct trtc_err err = { 0 };
        if (trtc_task_line_read(cases[i], strlen(cases[i]), &l, &err) == 0)
            fail_msg("taken: %s", cases[i]);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_null(l.json);
    }
}

/* A line that states its hash is refused with any bit changed up to there; one without it is taken. */
static void checked(void **state)
{
    cJSON *file = cJSON_Parse("{\"Seq\":1,\"File\":\"files/a.ts\",\"Type\":\"segment\"}");
    char *line = trtc_json_checked_line(file);
    struct trtc_task_line l;
    struct trtc_err err;
    (void)state;
    assert_non_null(line);
    const size_t n = strlen(line) - 1;
    const char *check = strstr(line, ",\"Check\"");
    assert_int_equal(line[n], '\n');
    assert_non_null(check);
    for (size_t bit = 0; bit < 8 * (size_t)(check - line); bit++) {
        line[bit / 8] = (char)(line[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(trtc_task_line_read(line, n, &l, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        line[bit / 8] = (char)(line[bit / 8] ^ 1 << bit % 8);
    }
    assert_int_equal(trtc_task_line_read(line, n, &l, &err), 0);
    assert_int_equal(l.kind, TRTC_LINE_FILE);
    assert_string_equal(l.file, "files/a.ts");
    trtc_task_line_fini(&l);
    free(line);
    cJSON_Delete(file);
}

static void statuses(void **state)
{
    cJSON *s = cJSON_Parse(
        "{\"Status\":\"InProgress\",\"Streams\":[{\"UserId\":\"anna\",\"FileName\":\"a.m3u8\",\"TrackType\":\"audio\","
        "\"BeginTimeStamp\":5,\"MediaId\":\"main\"},{\"FileName\":\"m.m3u8\",\"UserId\":null},{\"FileName\":\"a.mp4\"},{}]}");
    cJSON *list = trtc_task_file_list(s);
    char *text = cJSON_PrintUnformatted(list);
    (void)state;
    assert_string_equal(trtc_task_status(s), "InProgress");
    assert_string_equal(trtc_task_status(NULL), "Idle");
    assert_string_equal(
        text,
        "[{\"UserId\":\"anna\",\"FileName\":\"a.m3u8\",\"TrackType\":\"audio\",\"BeginTimeStamp\":5},"
        "{\"FileName\":\"m.m3u8\",\"UserId\":\"\"}]");
    free(text);
    cJSON_Delete(list);
    cJSON_Delete(s);
    list = trtc_task_file_list(NULL);
    assert_true(cJSON_IsArray(list));
    cJSON_Delete(list);
    assert_string_equal(trtc_task_file_name("files/a"), "a");
    assert_string_equal(trtc_task_file_name("a"), "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(good), cmocka_unit_test(bad),
                                        cmocka_unit_test(checked), cmocka_unit_test(statuses) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
