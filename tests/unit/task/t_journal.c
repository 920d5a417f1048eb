/* SPDX-License-Identifier: MIT */
/* The journal of a task, the lines of its children, its control FIFO and its files, as JSON and names. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "base/utc.h"
#include "task/command.h"
#include "task/control.h"
#include "task/event.h"
#include "task/found.h"
#include "task/index.h"
#include "task/journal.h"
#include "task/made.h"
#include "unit/json.h"
#include "unit/scratch.h"

#define STEM "7_3560__UserId_s_YW5uYQ..__UserId_e_main_"

static void written(void **state)
{
    struct trtc_journal j = { 0 };
    (void)state;
    json_is(trtc_journal_status(&j, 1000, TRTC_EVENT_START, 0),
            "{\"Seq\":1,\"EventMsTs\":1000,\"EventType\":301,\"Payload\":{\"Status\":0}}");
    json_is(trtc_journal_status(&j, 2000, TRTC_EVENT_STOP, 99),
            "{\"Seq\":2,\"EventMsTs\":2000,\"EventType\":302,\"Payload\":{\"LeaveCode\":99}}");
    assert_int_equal(j.start_ms, 1000);
}

static void read_back(void **state)
{
#define LINE(n, rest) "{\"Seq\":" #n ",\"EventMsTs\":" #n "000," rest "}"
#define BEGUN         LINE(1, "\"EventType\":301,\"Payload\":{\"Status\":0}")
#define AGAIN(n)      LINE(n, "\"EventType\":306,\"Payload\":{\"Status\":0}")
#define LEFT(n)       LINE(n, "\"EventType\":302,\"Payload\":{\"LeaveCode\":2}")
    static const struct {
        const char *lines[6];
        enum trtc_resume how;
    } rows[] = {
        { { NULL }, TRTC_RESUME_BEGIN },
        { { BEGUN }, TRTC_RESUME_RECORD },
        { { BEGUN, AGAIN(2), AGAIN(3) }, TRTC_RESUME_RECORD },
        { { BEGUN, AGAIN(2), AGAIN(3), AGAIN(4) }, TRTC_RESUME_GIVE_UP },
        { { BEGUN, AGAIN(2), AGAIN(3), AGAIN(4), LEFT(5) }, TRTC_RESUME_FINISH },
        { { BEGUN, LINE(2, "\"Leave\":{\"LeaveCode\":2}") }, TRTC_RESUME_FINISH },
        { { BEGUN, LEFT(2), LINE(3, "\"End\":{\"Status\":0,\"ExitStatus\":3}") },
          TRTC_RESUME_OVER },
        { { LINE(1, "\"EventType\":301,\"Payload\":{\"Status\":1}") }, TRTC_RESUME_FINISH },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trtc_journal j = { 0 };
        for (size_t k = 0; rows[i].lines[k]; k++) {
            cJSON *line = cJSON_Parse(rows[i].lines[k]);
            assert_true(trtc_journal_take(&j, line));
            assert_false(trtc_journal_take(&j, line)); /* twice */
            cJSON_Delete(line);
        }
        assert_int_equal(trtc_journal_resume(&j), rows[i].how);
        assert_int_equal(j.exit_status, rows[i].how == TRTC_RESUME_OVER ? 3 : 0);
        if (j.leaves)
            assert_int_equal(j.leave_code, 2);
    }
}

static int note(struct trtc_index *x, const char *line)
{
    struct trtc_hls_line l;
    struct trtc_err err;
    assert_int_equal(trtc_hls_line_read(line, strlen(line), &l, &err), 1);
    return trtc_index_note(x, "anna", &l, &err);
}

static void indexed(void **state)
{
    struct trtc_index x = { 0 }, again = { 0 };
    struct trtc_hls_line l;
    struct trtc_err err;
    (void)state;
    assert_int_equal(note(&x, "{\"path\":\"files/" STEM
                              "audio_20260101000000495.ts\",\"kind\":\"segment\","
                              "\"start_ms\":1000,\"duration_ms\":10,\"track\":\"audio\"}"),
                     0);
    assert_int_equal(note(&x, "{\"path\":\"files/" STEM
                              "audio.m3u8\",\"kind\":\"playlist\",\"start_ms\":1000,"
                              "\"duration_ms\":10,\"track\":\"audio\"}"),
                     1);
    assert_int_equal(note(&x, "{\"path\":\"files/" STEM
                              "audio_20260101000009000.ts\",\"kind\":\"segment\","
                              "\"start_ms\":9000,\"duration_ms\":5,\"track\":\"audio\"}"),
                     0);
    assert_int_equal(note(&x, "{\"path\":\"files/" STEM
                              "audio.m3u8\",\"kind\":\"playlist\",\"start_ms\":1000,"
                              "\"duration_ms\":15,\"track\":\"audio\"}"),
                     0);
    assert_int_equal(x.items[0].end_ms, 9005); /* after a break, too */
    cJSON *payload = trtc_index_payload(&x.items[0]);
    assert_int_equal(trtc_index_take(&again, payload, &err), 0);
    json_is(payload,
            "{\"FileName\":\"" STEM "audio.m3u8\",\"UserId\":\"anna\",\"TrackType\":\"audio\","
            "\"BeginTimeStamp\":1000}");
    json_is(
        trtc_index_streams(&again),
        "[{\"UserId\":\"anna\",\"MediaId\":\"main\",\"TrackType\":\"audio\",\"FileName\":\"" STEM
        "audio.m3u8\",\"BeginTimeStamp\":1000}]");
    assert_int_equal(note(&x, "{\"path\":\"files/ha2_" STEM
                              "audio.m3u8\",\"kind\":\"playlist\",\"start_ms\":1000,"
                              "\"duration_ms\":15,\"track\":\"audio\"}"),
                     1);
    assert_int_equal(trtc_index_ha(&x, "anna", "main"), 2);
    assert_int_equal(trtc_index_ha(&x, "anna", "aux"), 0);
    assert_int_equal(trtc_index_ha(&x, "", "mix"), 0);
    assert_int_equal(trtc_hls_line_read("{\"kind\":\"account\"}", 18, &l, &err), 0);
    assert_int_equal(trtc_hls_line_read("{\"kind\":\"segment\"}", 18, &l, &err), -1);
    assert_int_equal(trtc_hls_line_read("nonsense", 8, &l, &err), -1);
    trtc_index_fini(&x);
    trtc_index_fini(&again);
}

static void controlled(void **state)
{
    static const struct {
        const char *line;
        int ret, leave;
        bool modify;
    } rows[] = {
        { "{\"stop\":{}}", 0, 0, false },
        { "{\"stop\":{\"LeaveCode\":101}}", 0, 101, false },
        { "{\"modify\":{\"SubscribeStreamUserIds\":{}}}", 0, 0, true },
        { "{\"stop\":{\"LeaveCode\":102}}", -1, 0, false },
        { "{\"stop\":1}", -1, 0, false },
        { "{\"modify\":1}", -1, 0, false },
        { "{\"stop\":{},\"modify\":{}}", -1, 0, false },
        { "{}", -1, 0, false },
        { "[]", -1, 0, false },
        { "stop", -1, 0, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trtc_control c;
        struct trtc_err err;
        const int ret = trtc_control_read(rows[i].line, strlen(rows[i].line), &c, &err);
        assert_int_equal(ret, rows[i].ret);
        if (ret == 0) {
            assert_int_equal(c.modify != NULL, rows[i].modify);
            assert_int_equal(c.leave_code, rows[i].leave);
            cJSON_Delete(c.modify);
        }
    }
}

static void found(void **state)
{
    static const struct {
        const char *name;
        bool is, mixed, aux, left, playlist;
    } rows[] = {
        { STEM "audio.m3u8", true, false, false, false, true },
        { "ha1_" STEM "video_20260101000000495.ts", true, false, false, false, false },
        { "." STEM "audio.m3u8.lock.part", true, false, false, true, true },
        { "." STEM "video_20260101000000495.ts.part", true, false, false, true, false },
        { "7_3560__UserId_s_YW5uYQ..__UserId_e_aux_video.m3u8", true, false, true, false, true },
        { "7_3560.m3u8", true, true, false, false, true },
        { ".7_3560.m3u8.lock.part", true, true, false, true, true },
        { STEM "x.mp4", false, false, false, false, false },
        { ".", false, false, false, false, false },
        { "..", false, false, false, false, false },
        { ".part", false, false, false, false, false },
    };
    struct trtc_found f;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(trtc_found_read(rows[i].name, &f), rows[i].is);
        if (!rows[i].is)
            continue;
        assert_int_equal(f.mixed, rows[i].mixed);
        assert_int_equal(f.aux, rows[i].aux);
        assert_int_equal(f.left, rows[i].left);
        assert_int_equal(f.playlist, rows[i].playlist);
        assert_string_equal(f.user, f.mixed ? "" : "anna");
    }
}

static void found_playlist(void **state)
{
    char *v[] = { (char *)"ha1_" STEM "audio_20250101000000000.ts",
                  (char *)STEM "audio_20260101000000495.ts",
                  (char *)STEM "audio_20260101000010000.ts",
                  (char *)STEM "video_20250101000000000.ts" };
    const struct trtc_names names = { v, 4 };
    struct trtc_hls_line l;
    (void)state;
    trtc_found_line(STEM "audio.m3u8", &names, &l);
    assert_true(l.playlist);
    assert_string_equal(l.track, "audio");
    assert_int_equal(l.start_ms, 1767225600495);
}

static void found_end(void **state)
{
    static const char text[] = "#EXTM3U\n#EXT-X-TRTC-FILE-ATTR:1000,1\n#EXTINF:2,\na.ts\n"
                               "#EXT-X-TRTC-FILE-ATTR:3000,1\n#EXTINF:2.5001,\nb.ts\n";
    (void)state;
    assert_int_equal(scratch_enter("journal"), 0);
    scratch_put("list.m3u8", text, sizeof text - 1);
    scratch_put("none.m3u8", text, 8);
    assert_true(trtc_found_end_us(AT_FDCWD, "list.m3u8") == 5500100);
    assert_true(trtc_found_end_us(AT_FDCWD, "none.m3u8") == TRTC_NOTIME);
    assert_true(trtc_found_end_us(AT_FDCWD, "absent.m3u8") == TRTC_NOTIME);
    scratch_leave(NULL);
}

static void made(void **state)
{
    static const char line[] =
        "{\"user\":\"anna\",\"media\":\"main\",\"start_ms\":5,\"end_ms\":9,\"audio\":{},"
        "\"video\":{},\"path\":\"files/a.mp4\"}";
    static const char mixed[] =
        "{\"user\":\"\",\"media\":\"mixed\",\"start_ms\":5,\"end_ms\":9,\"audio\":{},\"path\":\"files/m.aac\"}";
    struct trtc_made m = { 0 };
    struct trtc_err err;
    char *path;
    (void)state;
    assert_int_equal(trtc_made_take(&m, line, sizeof line - 1, &path, &err), 0);
    assert_string_equal(path, "files/a.mp4");
    free(path);
    assert_int_equal(trtc_made_take(&m, mixed, sizeof mixed - 1, &path, &err), 0);
    free(path);
    assert_int_equal(trtc_made_take(&m, "nonsense", 8, &path, &err), -1);
    json_is(
        trtc_made_payload(&m),
        "{\"FileList\":[\"a.mp4\",\"m.aac\"],\"FileMessage\":[{\"FileName\":\"a.mp4\",\"UserId\":\"anna\",\"TrackType\":"
        "\"audio_video\",\"MediaId\":\"main\",\"StartTimeStamp\":5,\"EndTimeStamp\":9},{\"FileName\":\"m.aac\","
        "\"UserId\":\"\",\"TrackType\":\"audio\",\"MediaId\":\"mix\",\"StartTimeStamp\":5,\"EndTimeStamp\":9}],"
        "\"Status\":0}");
    trtc_made_fini(&m);
}

/* The words as one text. */
static void words_are(struct trtc_words *w, const char *expected)
{
    char text[1024] = "";
    assert_false(w->failed);
    for (int i = 0; i < w->n; i++) {
        strncat(text, i ? " " : "", sizeof text - strlen(text) - 1);
        strncat(text, w->v[i], sizeof text - strlen(text) - 1);
    }
    assert_string_equal(text, expected);
    assert_null(w->v[w->n]);
    trtc_words_fini(w);
}

static void commands(void **state)
{
    struct trtc_task_request r = { .sdkappid = 7, .room = "3560", .made = TRTC_MADE_MP4 };
    struct trtc_task_stream s = {
        .user = (char *)"anna", .source = (char *)"http://a/3560/anna", .audio = true, .video = true
    };
    struct trtc_recorder how = { .how = TRTC_RECORDER_APPEND };
    struct trtc_words w = { 0 };
    (void)state;
    trtc_command_hls(&w, &r, &s, &how, 1000);
    words_are(
        &w,
        "trtc-hls -q --json -d files -A 7 --room-type int -R 3560 -u anna -M main --append -S 1000 -- "
        "http://a/3560/anna");
    s.aux = r.av_merge = r.room_is_text = true;
    s.audio = false;
    how.how = TRTC_RECORDER_BESIDE;
    trtc_command_hls(&w, &r, &s, &how, TRTC_NOTIME);
    words_are(
        &w,
        "trtc-hls -q --json -d files -A 7 --room-type string -R 3560 -u anna -M aux --av-merge --only video "
        "--ha auto -- http://a/3560/anna");
    how = (struct trtc_recorder){ .how = TRTC_RECORDER_APPEND, .ha = 2 };
    trtc_command_hls(&w, &r, NULL, &how, TRTC_NOTIME);
    words_are(&w,
              "trtc-hls -q --json -d files -A 7 --room-type string -R 3560 --append --ha 2 -- -");
    trtc_command_mix(&w, "mix.json", TRTC_NOTIME);
    words_are(&w, "trtc-mix -q --request mix.json --script - -o -");
    trtc_command_mix(&w, "mix.json", 1767225600000);
    words_are(&w, "trtc-mix -q --request mix.json --script - -o - --from 1767225600000");
    trtc_command_merge(&w, &r, NULL);
    words_are(&w, "trtc-merge -q --json --names recording --output mp4 -a 0 -o files -- files");
    r.made = TRTC_MADE_AAC;
    r.part_minutes = 90;
    trtc_command_merge(&w, &r, "apart");
    words_are(
        &w,
        "trtc-merge -q --json --names recording --output aac -a 2 -o files --split-time 90m -- apart");
    trtc_words_split(&w, "  a  b\tc ");
    words_are(&w, "a b c");
    for (int i = 0; i <= TRTC_WORDS_MAX; i++)
        trtc_words_add(&w, "x");
    assert_true(w.failed);
    trtc_words_fini(&w);
}

static void joined(void **state)
{
    static const struct {
        int64_t since_ms, now_ms;
        bool again;
        enum trtc_join join, mix;
    } rows[] = {
        { 1000, 1500, false, TRTC_JOIN_BEGINNING, TRTC_JOIN_BEGINNING },
        { 1000, 3500, false, TRTC_JOIN_BEGINNING, TRTC_JOIN_NOW },
        { 1000, 1500, true, TRTC_JOIN_NOW, TRTC_JOIN_BEGINNING },
        { 1000, 3501, false, TRTC_JOIN_NOW, TRTC_JOIN_NOW },
        { TRTC_NOTIME, 3501, false, TRTC_JOIN_NOW, TRTC_JOIN_NOW },
        { 5000, 3501, false, TRTC_JOIN_NOW, TRTC_JOIN_NOW }, /* another host's clock */
    };
    char *address;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(trtc_join_of(rows[i].since_ms, rows[i].now_ms, rows[i].again, false),
                         rows[i].join);
        assert_int_equal(trtc_join_mix(rows[i].since_ms, rows[i].now_ms), rows[i].mix);
    }
    address = trtc_join_address("http://a/r/u", TRTC_JOIN_NOW);
    assert_string_equal(address, "http://a/r/u?from=now");
    free(address);
    assert_int_equal(trtc_join_of(1000, 1500, false, true), TRTC_JOIN_OLDEST);
    address = trtc_join_address("http://a/r/u", TRTC_JOIN_OLDEST);
    assert_string_equal(address, "http://a/r/u?from=oldest");
    free(address);
    address = trtc_join_address("http://a/r/u?x=1", TRTC_JOIN_NOW);
    assert_string_equal(address, "http://a/r/u?x=1&from=now");
    free(address);
    address = trtc_join_address("http://a/r/u", TRTC_JOIN_BEGINNING);
    assert_string_equal(address, "http://a/r/u");
    free(address);
    assert_true(trtc_is_http("HTTPS://a"));
    assert_false(trtc_is_http("rtmp://a"));
}

/* As far back as is kept, but not before anybody came, nor before the end of what is there. */
static void mixed_again(void **state)
{
    static const struct {
        int64_t since_ms[2], end_us, from_ms;
    } rows[] = {
        { { 1000, 90000 }, TRTC_NOTIME, 95000 },
        { { 98000, 99000 }, TRTC_NOTIME, 98000 },
        { { 99500, TRTC_NOTIME }, TRTC_NOTIME, 99500 },
        { { 1000, 1000 }, 98500001, 98501 },
        { { 1000, 1000 }, 90000000, 95000 },
        { { 200000, TRTC_NOTIME }, TRTC_NOTIME, 100000 }, /* another host's clock */
        { { 1000, 1000 }, 3700000000, 100000 },           /* the clock was set back */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trtc_task_stream items[2] = { { .since_ms = rows[i].since_ms[0] },
                                             { .since_ms = rows[i].since_ms[1] } };
        const struct trtc_task_streams all = { items, 2, 2, 0 };
        assert_true(trtc_mix_again_ms(&all, rows[i].end_us, 100000) == rows[i].from_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written),     cmocka_unit_test(read_back),
        cmocka_unit_test(indexed),     cmocka_unit_test(controlled),
        cmocka_unit_test(found),       cmocka_unit_test(found_playlist),
        cmocka_unit_test(found_end),   cmocka_unit_test(made),
        cmocka_unit_test(commands),    cmocka_unit_test(joined),
        cmocka_unit_test(mixed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
