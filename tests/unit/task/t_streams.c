/* SPDX-License-Identifier: MIT */
/* Which streams a task records, and when it leaves its room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utc.h"
#include "task/leave.h"
#include "task/streams.h"

static struct trtc_attendance here;
static struct trtc_task_streams held;

static void happens(int type, const char *user, int64_t ms)
{
    char source[64];
    struct trtc_err err;
    snprintf(source, sizeof source, "http://a/%s", user);
    const struct trtc_room_event e = { .type = type,
                                       .room = "r",
                                       .user = user,
                                       .source = type > TRTC_ROOM_LEFT ? source : NULL,
                                       .event_ms = ms };
    assert_int_equal(trtc_attendance_apply(&here, &e, NULL, &err), 0);
}

static void nobody(void)
{
    trtc_attendance_fini(&here);
    trtc_task_streams_fini(&held);
}

static const struct trtc_task_request all = { .room = "r",
                                              .robot = "robot",
                                              .audio = true,
                                              .video = true,
                                              .main = true,
                                              .aux = true,
                                              .idle_ms = 5000 };

/* "anna:av ben:aux:av": what is recorded, and behind a bar what waits. */
static const char *wanted(const struct trtc_task_request *r)
{
    static char text[4096];
    struct trtc_task_streams now = { 0 };
    struct trtc_err err;
    assert_int_equal(trtc_task_streams_wanted(&here, r, &held, &now, &err), 0);
    text[0] = '\0';
    for (size_t i = 0; i < now.n + now.nb_waiting; i++) {
        const struct trtc_task_stream *s = &now.items[i];
        const size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%s%s%s:%s%s", n ? " " : "", i == now.n ? "| " : "",
                 s->user, s->aux ? ":aux" : "", s->audio ? "a" : "", s->video ? "v" : "");
    }
    trtc_task_streams_fini(&held);
    held = now;
    return text;
}

static void subscribed(void **state)
{
    struct trtc_task_request r = all;
    struct trtc_err err;
    (void)state;
    assert_string_equal(wanted(&r), "");
    happens(TRTC_ROOM_ENTERED, "anna", 1);
    assert_string_equal(wanted(&r), ""); /* she sends nothing */
    happens(TRTC_ROOM_AUDIO, "anna", 5);
    assert_string_equal(wanted(&r), "anna:av");
    assert_int_equal(held.items[0].since_ms, 5);
    happens(TRTC_ROOM_VIDEO, "anna", 6);
    assert_string_equal(wanted(&r), "anna:av");
    assert_int_equal(held.items[0].since_ms, 5);
    assert_string_equal(held.items[0].source, "http://a/anna");
    happens(TRTC_ROOM_AUX, "anna", 3);
    happens(TRTC_ROOM_VIDEO, "robot", 2);
    happens(TRTC_ROOM_VIDEO, "ben", 2);
    assert_string_equal(wanted(&r), "anna:av ben:av anna:aux:av");

    r.video = false; /* StreamType 1 */
    assert_string_equal(wanted(&r), "anna:a");
    r.video = true;
    r.audio = false;
    assert_string_equal(wanted(&r), "anna:v ben:v anna:aux:v");
    r.audio = true;
    r.main = false; /* MediaId 2 */
    assert_string_equal(wanted(&r), "anna:aux:av");
    r = all;
    r.aux = false;
    assert_string_equal(wanted(&r), "ben:av anna:av");

    r = all;
    assert_int_equal(trtc_subscription_add(&r.sub, false, "video:an.*$", &err), 0);
    assert_string_equal(wanted(&r), "ben:av anna:a");
    assert_int_equal(trtc_subscription_add(&r.sub, true, "audio:ben", &err), 0);
    assert_string_equal(wanted(&r), "ben:av");
    trtc_task_request_fini(&r);
    nobody();
}

static void first_come(void **state)
{
    char name[8];
    (void)state;
    for (int i = 0; i < 27; i++) {
        snprintf(name, sizeof name, "u%02d", 26 - i);
        happens(TRTC_ROOM_VIDEO, name, 100 + i);
    }
    const char *text = wanted(&all);
    assert_int_equal(held.n, TRTC_TASK_STREAMS_MAX);
    assert_int_equal(held.nb_waiting, 2);
    assert_true(strncmp(text, "u26:av u25:av ", 14) == 0);
    assert_non_null(strstr(text, "u02:av | u01:av u00:av"));
    /* Who comes back, or says to have been there before, does not push another out. */
    happens(TRTC_ROOM_VIDEO, "early", 1);
    assert_non_null(strstr(wanted(&all), "u02:av | early:av u01:av u00:av"));
    happens(TRTC_ROOM_LEFT, "u10", 200);
    assert_non_null(strstr(wanted(&all), "u02:av early:av | u01:av u00:av"));
    nobody();
}

static void leaving(void **state)
{
    struct trtc_watch w = { 0 };
    int64_t again;
    (void)state;
    trtc_watch_note(&w, &here, &all, 1000000);
    assert_int_equal(trtc_watch_leave(&w, &here, &all, 5999999, &again), TRTC_STAY);
    assert_int_equal(again, 6000000);
    assert_int_equal(trtc_watch_leave(&w, &here, &all, 6000000, &again), TRTC_LEAVE_IDLE);
    happens(TRTC_ROOM_ENTERED, "anna", 1); /* she sends nothing, and is there */
    trtc_watch_note(&w, &here, &all, 6000000);
    assert_int_equal(trtc_watch_leave(&w, &here, &all, 90000000, &again), TRTC_STAY);
    assert_true(again == INT64_MAX);
    happens(TRTC_ROOM_LEFT, "anna", 1);
    trtc_watch_note(&w, &here, &all, 90000000);
    trtc_watch_note(&w, &here, &all, 92000000); /* nothing new */
    assert_int_equal(trtc_watch_leave(&w, &here, &all, 94999999, &again), TRTC_STAY);
    assert_int_equal(trtc_watch_leave(&w, &here, &all, 95000000, &again), TRTC_LEAVE_IDLE);
    w.closed = true;
    assert_int_equal(trtc_watch_leave(&w, &here, &all, 90000000, &again), TRTC_LEAVE_CLOSED);
    happens(TRTC_ROOM_ENTERED, "robot", 1);
    assert_int_equal(trtc_watch_leave(&w, &here, &all, 90000000, &again), TRTC_LEAVE_REPLACED);
    nobody();
}

static const struct trtc_task_stream *anna(void)
{
    wanted(&all);
    return trtc_task_streams_find(&held, "anna", false);
}

/* Neither a camera nor a microphone that is switched off makes another stream of it, but all anew does. */
static void same(void **state)
{
    static const int types[] = { TRTC_ROOM_VIDEO,     TRTC_ROOM_AUDIO_END, TRTC_ROOM_AUDIO,
                                 TRTC_ROOM_VIDEO_END, TRTC_ROOM_VIDEO,     TRTC_ROOM_AUDIO_END };
    (void)state;
    happens(TRTC_ROOM_ENTERED, "anna", 1);
    happens(TRTC_ROOM_AUDIO, "anna", 2);
    anna();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const struct trtc_task_stream was = { .source = (char *)"http://a/anna",
                                              .since_ms = held.items[0].since_ms,
                                              .picture_ms = held.items[0].picture_ms,
                                              .sound_ms = held.items[0].sound_ms };
        happens(types[i], "anna", (int64_t)i + 3);
        assert_true(trtc_task_stream_same(&was, anna()));
    }
    const struct trtc_task_stream was = { .source = (char *)"http://a/anna",
                                          .since_ms = held.items[0].since_ms,
                                          .picture_ms = held.items[0].picture_ms,
                                          .sound_ms = TRTC_NOTIME };
    happens(TRTC_ROOM_VIDEO_END, "anna", 20);
    happens(TRTC_ROOM_VIDEO, "anna", 21);
    assert_false(trtc_task_stream_same(&was, anna()));
    nobody();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(subscribed), cmocka_unit_test(first_come),
                                        cmocka_unit_test(leaving), cmocka_unit_test(same) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
