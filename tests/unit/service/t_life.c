/* SPDX-License-Identifier: MIT */
/* The life of tasks: lines in, callbacks out; uploads; what the API says when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "service/life.h"

static char told[4096];

static int hear(void *arg, int type, int64_t event_ms, struct cJSON *payload, struct trtc_err *err)
{
    const size_t n = strlen(told);
    char *text = cJSON_PrintUnformatted(payload);
    (void)arg;
    (void)event_ms;
    (void)err;
    snprintf(told + n, sizeof told - n, "%d%s ", type, text);
    free(text);
    cJSON_Delete(payload);
    return 0;
}

static const struct trtc_life_ear ear = { hear, NULL };

static void take(struct trtc_task_row *t, const char *text)
{
    struct trtc_task_line line;
    struct trtc_err err = { 0 };
    if (trtc_task_line_read(text, strlen(text), &line, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
    assert_int_equal(trtc_life_line(t, &line, &ear, &err), 0);
    trtc_task_line_fini(&line);
}

static struct trtc_task_row fresh(void)
{
    told[0] = '\0';
    return (struct trtc_task_row){ .id = "T",
                                   .room = "3560",
                                   .robot = "r",
                                   .leave_code = -1,
                                   .stop_code = -1,
                                   .expires_ms = 1000000000,
                                   .wants = TRTC_WANTS_HLS };
}

static void progress(struct trtc_task_row *t, int64_t waiting, int64_t untold, int64_t now_ms)
{
    const struct trtc_progress p = { .waiting = waiting,
                                     .waiting_hls = waiting,
                                     .nb_untold = untold };
    assert_int_equal(trtc_life_progress(t, &p, now_ms, &ear, NULL), 0);
}

#define L(seq, rest) "{\"Seq\":" #seq ",\"EventMsTs\":1000," rest "}"

static void bucket(void **state)
{
    struct trtc_task_row t = fresh();
    (void)state;
    take(&t, L(1, "\"EventType\":301,\"Payload\":{\"Status\":0}"));
    take(&t, L(2, "\"EventType\":307,\"Payload\":{\"FileName\":\"a.m3u8\"}"));
    progress(&t, 1, 0, 2000);
    assert_int_equal(t.life, TRTC_LIFE_OPEN);
    take(&t, L(3, "\"EventType\":302,\"Payload\":{\"LeaveCode\":99}"));
    assert_int_equal(t.life, TRTC_LIFE_EXITED);
    assert_int_equal(t.leave_code, 99);
    progress(&t, 0, 0, 2000); /* more may come */
    take(&t, L(4, "\"End\":{\"Status\":0,\"ExitStatus\":0}"));
    progress(&t, 1, 0, 2000);
    progress(&t, 0, 1, 2000);
    assert_false(t.settled);
    progress(&t, 0, 0, 2000);
    assert_true(t.settled);
    assert_int_equal(t.life, TRTC_LIFE_GONE);
    progress(&t, 0, 0, 2000);
    assert_string_equal(told, "301{\"Status\":0} 303{\"Status\":0} 307{\"FileName\":\"a.m3u8\"} "
                              "302{\"LeaveCode\":99} 305{\"Status\":0} ");
}

static void stuck(void **state)
{
    struct trtc_task_row t = fresh();
    (void)state;
    take(&t, L(1, "\"EventType\":302,\"Payload\":{\"LeaveCode\":0}"));
    take(&t, L(2, "\"End\":{\"Status\":0,\"ExitStatus\":0}"));
    told[0] = '\0';
    progress(&t, 2, 0, 1000 + TRTC_LIFE_STUCK_MS - 1);
    assert_string_equal(told, "");
    progress(&t, 2, 0, 1000 + TRTC_LIFE_STUCK_MS);
    progress(&t, 2, 0, 1000 + 2 * TRTC_LIFE_STUCK_MS);
    assert_string_equal(told, "305{\"Status\":1} ");
    progress(&t, 0, 0, 500000);
    assert_string_equal(told, "305{\"Status\":1} 305{\"Status\":2} ");
    assert_true(t.settled);
}

static void made(void **state)
{
    const enum trtc_made_told none = TRTC_MADE_UNTOLD, all = TRTC_MADE_TOLD,
                              stuck = TRTC_MADE_STUCK;
    const int64_t early = 1000 + TRTC_LIFE_STUCK_MS - 1, late = early + 1;
    const struct {
        int64_t ended_ms, waiting, unknown, now_ms;
        enum trtc_made_told is, becomes;
    } rows[] = {
        { 0, 0, 0, 1000, none, all },      { 0, 1, 0, late, none, none },
        { 1000, 1, 0, early, none, none }, { 1000, 1, 0, late, none, stuck },
        { 1000, 1, 1, late, none, stuck }, { 1000, 1, 0, late, stuck, stuck },
        { 1000, 0, 0, late, stuck, all },  { 1000, 0, 1, early, none, none },
        { 1000, 0, 1, late, none, all },   { 1000, 0, 1, late, stuck, all },
        { 1000, 1, 1, late, all, all },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trtc_task_row t = fresh();
        t.ended_ms = rows[i].ended_ms;
        assert_int_equal(
            trtc_life_made(&t, rows[i].is, rows[i].waiting, rows[i].unknown, rows[i].now_ms),
            rows[i].becomes);
    }
}

static void made_failed(void **state)
{
    static const struct {
        const char *made;
        bool failed;
    } rows[] = { { "{\"Status\":2}", true },
                 { "{\"Status\":0}", false },
                 { "{\"Status\":1}", false },
                 { "{\"Status\":\"2\"}", false },
                 { "{}", false } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cJSON *made = cJSON_Parse(rows[i].made);
        assert_int_equal(trtc_life_made_failed(made), rows[i].failed);
        cJSON_Delete(made);
    }
}

static void failure(void **state)
{
    struct trtc_task_row t = fresh();
    (void)state;
    take(&t, L(1, "\"EventType\":302,\"Payload\":{\"LeaveCode\":100}"));
    take(&t, L(2, "\"End\":{\"Status\":1,\"ExitStatus\":75}"));
    progress(&t, 0, 0, 2000);
    assert_string_equal(told, "302{\"LeaveCode\":100} 305{\"Status\":1} ");
    assert_true(t.settled);
}

/* Something that it said was not understood. */
static void left_out(void **state)
{
    struct trtc_task_row t = fresh(), late = fresh();
    (void)state;
    t.end_status = late.end_status = 1;
    take(&t, L(1, "\"EventType\":302,\"Payload\":{\"LeaveCode\":0}"));
    take(&t, L(2, "\"End\":{\"Status\":0,\"ExitStatus\":0}"));
    progress(&t, 0, 0, 2000);
    assert_string_equal(told, "302{\"LeaveCode\":0} 305{\"Status\":1} ");
    assert_true(t.settled);
    take(&late, L(1, "\"End\":{\"Status\":0,\"ExitStatus\":0}"));
    told[0] = '\0';
    progress(&late, 1, 0, 1000 + TRTC_LIFE_STUCK_MS);
    progress(&late, 0, 0, 500000);
    assert_string_equal(told, "305{\"Status\":1} ");
    assert_true(late.settled);
}

static void vod(void **state)
{
    struct trtc_task_row t = fresh();
    (void)state;
    t.vod = true;
    take(&t, L(1, "\"EventType\":301,\"Payload\":{\"Status\":0}"));
    take(&t, L(2, "\"EventType\":307,\"Payload\":{\"FileName\":\"a.m3u8\"}"));
    take(&t, L(3, "\"EventType\":302,\"Payload\":{\"LeaveCode\":0}"));
    take(&t, L(4, "\"End\":{\"Status\":0,\"ExitStatus\":0}"));
    progress(&t, 0, 1, 2000);
    progress(&t, 0, 0, 2000);
    progress(&t, 0, 0, 2000);
    assert_string_equal(told, "301{\"Status\":0} 302{\"LeaveCode\":0} 312{\"Status\":0} ");
}

static void failed_start(void **state)
{
    struct trtc_task_row t = fresh();
    (void)state;
    take(&t, L(1, "\"EventType\":301,\"Payload\":{\"Status\":1}"));
    assert_string_equal(told, "301{\"Status\":1} ");
    take(&t, L(2, "\"End\":{\"Status\":1,\"ExitStatus\":75}"));
    assert_int_equal(t.life, TRTC_LIFE_EXITED);
}

static void refusals(void **state)
{
    static const struct {
        enum trtc_life life;
        int64_t exited_ms, now_ms;
        bool refused[4]; /* create is never asked; describe, modify, delete */
    } cases[] = {
        { TRTC_LIFE_OPEN, 0, 999999999, { false, false, false, false } },
        { TRTC_LIFE_OPEN, 0, 1000000000, { false, true, true, true } }, /* its id has expired */
        { TRTC_LIFE_EXITED, 5000, 64999, { false, false, true, false } },
        { TRTC_LIFE_EXITED, 5000, 65000, { false, true, true, true } },
        { TRTC_LIFE_GONE, 5000, 5001, { false, true, true, true } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int action = TRTC_DESCRIBE; action <= TRTC_DELETE; action++) {
            struct trtc_task_row t = fresh();
            t.life = cases[i].life;
            t.exited_ms = cases[i].exited_ms;
            const char *code =
                trtc_life_refuses(&t, (enum trtc_action)action, 60000, cases[i].now_ms);
            if (cases[i].refused[action])
                assert_string_equal(code, "ResourceNotFound");
            else
                assert_null(code);
        }
}

static void wants(void **state)
{
    static const struct {
        const char *request;
        int wants;
        bool vod;
    } cases[] = {
        { "{}", TRTC_WANTS_HLS, false },
        { "{\"RecordParams\":{\"OutputFormat\":1}}", TRTC_WANTS_HLS | TRTC_WANTS_MP4, false },
        { "{\"RecordParams\":{\"OutputFormat\":2}}", TRTC_WANTS_HLS | TRTC_WANTS_AAC, false },
        { "{\"RecordParams\":{\"OutputFormat\":3}}", TRTC_WANTS_MP4, false },
        { "{\"RecordParams\":{\"OutputFormat\":4}}", TRTC_WANTS_AAC, false },
        { "{\"RecordParams\":{\"OutputFormat\":1},\"StorageParams\":{\"CloudVod\":{}}}",
          TRTC_WANTS_MP4, true },
        { "{\"StorageParams\":{\"CloudVod\":{\"TencentVod\":{\"MediaType\":1}}}}", TRTC_WANTS_HLS,
          true },
        { "{\"StorageParams\":{\"CloudVod\":{\"TencentVod\":{\"MediaType\":2}}}}", TRTC_WANTS_AAC,
          true },
        { "{\"StorageParams\":{\"CloudVod\":{\"TencentVod\":{\"MediaType\":3}}}}",
          TRTC_WANTS_HLS | TRTC_WANTS_MP4, true },
        { "{\"StorageParams\":{\"CloudVod\":{\"TencentVod\":{\"MediaType\":4}}}}",
          TRTC_WANTS_HLS | TRTC_WANTS_AAC, true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool is;
        cJSON *request = cJSON_Parse(cases[i].request);
        assert_int_equal(trtc_life_wants(request, &is), cases[i].wants);
        assert_int_equal(is, cases[i].vod);
        cJSON_Delete(request);
    }
    assert_true(trtc_life_takes(TRTC_WANTS_HLS, "playlist"));
    assert_false(trtc_life_takes(TRTC_WANTS_MP4, "segment"));
    assert_true(trtc_life_takes(TRTC_WANTS_AAC, "aac"));
    assert_false(trtc_life_takes(TRTC_WANTS_HLS, "mp4"));
}

static void again(void **state)
{
    (void)state;
    assert_int_equal(trtc_life_again_ms(1, 1000, 6000, 60), 6000);
    assert_int_equal(trtc_life_again_ms(2, 1000, 11000, 60), 21000);
    assert_int_equal(trtc_life_again_ms(9, 1000, 60000, 60), -1);
    assert_int_equal(trtc_life_again_ms(9, 1000, 60000, 600), 70000);
    assert_int_equal(trtc_life_again_ms(1, 1000, 1001, 600), 1001);
    assert_int_equal(trtc_life_again_ms(99, 1000, 601000, 600), -1);
}

static void callback(void **state)
{
    const struct trtc_task_row t = fresh();
    cJSON *payload = cJSON_CreateObject(),
          *event = trtc_life_callback(&t, 305, 1768960945384, payload);
    char *text = cJSON_PrintUnformatted(event);
    (void)state;
    assert_string_equal(
        text,
        "{\"EventGroupId\":3,\"EventType\":305,\"EventInfo\":{\"RoomId\":\"3560\",\"EventTs\":1768960945,"
        "\"EventMsTs\":1768960945384,\"UserId\":\"r\",\"TaskId\":\"T\",\"Payload\":{}}}");
    free(text);
    cJSON_Delete(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket),       cmocka_unit_test(stuck),    cmocka_unit_test(failure),
        cmocka_unit_test(made),         cmocka_unit_test(left_out), cmocka_unit_test(vod),
        cmocka_unit_test(failed_start), cmocka_unit_test(refusals), cmocka_unit_test(wants),
        cmocka_unit_test(again),        cmocka_unit_test(callback), cmocka_unit_test(made_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
