/* SPDX-License-Identifier: MIT */
/* When the child that records a stream is started, ended, replaced, and how the recording goes on. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "task/recorder.h"

#define S INT64_C(1000000)

static struct trtc_recorder r;
static int64_t again;

static enum trtc_recorder_act step(int64_t now_us)
{
    return trtc_recorder_step(&r, false, now_us, &again);
}

static void wants(bool yes, uint64_t number, int64_t now_us)
{
    const struct trtc_recorder_want w = { yes, true, true, number };
    trtc_recorder_wants(&r, &w, now_us);
}

/* A child that runs for stream 1 since 0. */
static void running(bool resumed)
{
    trtc_recorder_init(&r, resumed, 0);
    r.ends_itself = true;
    wants(true, 1, 0);
    assert_int_equal(step(0), TRTC_RECORDER_START);
    trtc_recorder_started(&r, true, 0);
}

static enum trtc_recorder_loss ends(bool by_signal, int code, int64_t now_us)
{
    const struct trtc_recorder_end e = { by_signal, code };
    return trtc_recorder_ended(&r, &e, now_us);
}

static void comes_and_goes(void **state)
{
    (void)state;
    trtc_recorder_init(&r, false, 0);
    assert_int_equal(step(0), TRTC_RECORDER_WAIT);
    assert_true(again == INT64_MAX);
    running(false);
    assert_int_equal(r.how, TRTC_RECORDER_APPEND);
    assert_int_equal(step(S), TRTC_RECORDER_WAIT);
    assert_true(again == INT64_MAX);
    wants(false, 1, 20 * S); /* it sees that itself */
    assert_int_equal(step(20 * S), TRTC_RECORDER_WAIT);
    assert_true(again == 23 * S);
    assert_int_equal(ends(false, 0, 21 * S), TRTC_RECORDER_NO_LOSS);
    assert_int_equal(step(30 * S), TRTC_RECORDER_WAIT);
    wants(true, 2, 40 * S);
    assert_int_equal(step(40 * S), TRTC_RECORDER_START);
    assert_int_equal(r.how, TRTC_RECORDER_APPEND);
}

static void is_asked_to_end(void **state)
{
    (void)state;
    running(false);
    r.ends_itself = false; /* as a player of RTMP */
    wants(false, 1, 20 * S);
    assert_int_equal(step(20 * S), TRTC_RECORDER_STOP);
    assert_int_equal(step(20 * S), TRTC_RECORDER_WAIT);
    assert_true(again == 50 * S);
    assert_int_equal(step(50 * S), TRTC_RECORDER_KILL);
    assert_int_equal(step(90 * S), TRTC_RECORDER_WAIT);
    assert_int_equal(ends(true, SIGKILL, 91 * S), TRTC_RECORDER_DIED);

    running(false);
    wants(false, 1, 20 * S);
    assert_int_equal(step(23 * S), TRTC_RECORDER_STOP);
    assert_int_equal(ends(false, 143, 24 * S), TRTC_RECORDER_NO_LOSS);

    running(false); /* the task ends */
    assert_int_equal(trtc_recorder_step(&r, true, S, &again), TRTC_RECORDER_STOP);
    assert_int_equal(ends(false, 143, 2 * S), TRTC_RECORDER_NO_LOSS);
    assert_int_equal(trtc_recorder_step(&r, true, 3 * S, &again), TRTC_RECORDER_WAIT);
}

/* Another subscription: at once, and the recording goes on with what is wanted now. */
static void takes_other_tracks(void **state)
{
    const struct trtc_recorder_want sound = { true, true, false, 1 };
    (void)state;
    running(false);
    trtc_recorder_wants(&r, &sound, 20 * S);
    assert_int_equal(step(20 * S), TRTC_RECORDER_STOP);
    assert_int_equal(ends(false, 143, 20 * S), TRTC_RECORDER_NO_LOSS);
    assert_int_equal(step(20 * S), TRTC_RECORDER_START);
    assert_int_equal(r.how, TRTC_RECORDER_APPEND);
}

/* The newer stream waits until the older has been written down. */
static void is_replaced_by_another(void **state)
{
    (void)state;
    running(false);
    wants(true, 2, 2 * S);
    assert_int_equal(step(2 * S), TRTC_RECORDER_WAIT);
    assert_int_equal(ends(false, 0, 2 * S), TRTC_RECORDER_NO_LOSS);
    assert_int_equal(step(2 * S), TRTC_RECORDER_START);
}

static void dies(void **state)
{
    static const struct {
        bool by_signal;
        int code;
        enum trtc_recorder_loss loss;
        enum trtc_recorder_how how;
        int64_t pause_us;
    } rows[] = {
        { true, SIGKILL, TRTC_RECORDER_DIED, TRTC_RECORDER_BESIDE, 0 },
        { true, SIGSEGV, TRTC_RECORDER_DIED, TRTC_RECORDER_BESIDE, 0 },
        { false, 70, TRTC_RECORDER_DIED, TRTC_RECORDER_BESIDE, 0 },
        { false, 73, TRTC_RECORDER_DIED, TRTC_RECORDER_BESIDE, 0 }, /* the names are in use */
        { false, 143, TRTC_RECORDER_DIED, TRTC_RECORDER_BESIDE, 0 },
        { false, 0, TRTC_RECORDER_NO_LOSS, TRTC_RECORDER_APPEND, S },
        { false, 3, TRTC_RECORDER_LOSS, TRTC_RECORDER_APPEND, S },
        { false, 75, TRTC_RECORDER_LOSS, TRTC_RECORDER_APPEND, S / 2 }, /* the network */
        { false, 66, TRTC_RECORDER_LOSS, TRTC_RECORDER_APPEND, S / 2 },
        { false, 65, TRTC_RECORDER_LOSS, TRTC_RECORDER_APPEND, S / 2 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        running(false);
        assert_int_equal(ends(rows[i].by_signal, rows[i].code, 20 * S), rows[i].loss);
        assert_int_equal(r.how, rows[i].how);
        if (rows[i].pause_us) {
            assert_int_equal(step(20 * S + rows[i].pause_us - 1), TRTC_RECORDER_WAIT);
            assert_true(again == 20 * S + rows[i].pause_us);
        }
        assert_int_equal(step(20 * S + rows[i].pause_us), TRTC_RECORDER_START);
    }
}

/* Soon after the start, again and again: after longer and longer pauses, and no recovery number is there in the end. */
static void dies_again(void **state)
{
    int64_t now = 0, pause[12] = { 0 };
    (void)state;
    running(true);
    assert_int_equal(r.how, TRTC_RECORDER_BESIDE);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(ends(true, SIGKILL, now), TRTC_RECORDER_DIED);
        r.ha = r.ha < 3 ? r.ha + 1 : 3;
        if (step(now) == TRTC_RECORDER_WAIT) {
            pause[i] = again - now;
            now = again;
            assert_int_equal(step(now), TRTC_RECORDER_START);
        }
        trtc_recorder_started(&r, true, now);
    }
    assert_int_equal(pause[0], 0);
    assert_int_equal(pause[1], S);
    assert_int_equal(pause[2], 2 * S);
    assert_int_equal(pause[11], 32 * S);
    assert_int_equal(r.how, TRTC_RECORDER_APPEND);
    assert_int_equal(r.ha, 3);

    trtc_recorder_init(&r, true, 2);
    assert_int_equal(r.how, TRTC_RECORDER_BESIDE);
    trtc_recorder_init(&r, true, 3);
    assert_int_equal(r.how, TRTC_RECORDER_APPEND);

    running(true); /* which counts, though it may die before it says so */
    assert_int_equal(r.ha, 1);
    running(true); /* trtc-hls has none left */
    assert_int_equal(ends(false, 69, 20 * S), TRTC_RECORDER_LOSS);
    assert_int_equal(r.how, TRTC_RECORDER_APPEND);
    assert_int_equal(r.ha, 3);
}

/* Killed every few seconds, it is replaced at once each time. */
static void is_killed_often(void **state)
{
    int64_t now = 0;
    (void)state;
    running(false);
    for (int i = 0; i < 8; i++) {
        now += 2 * S;
        assert_int_equal(ends(true, SIGKILL, now), TRTC_RECORDER_DIED);
        assert_int_equal(step(now), TRTC_RECORDER_START);
        trtc_recorder_started(&r, true, now);
    }
}

static void cannot_be_started(void **state)
{
    (void)state;
    trtc_recorder_init(&r, false, 0);
    wants(true, 1, 0);
    assert_int_equal(step(0), TRTC_RECORDER_START);
    trtc_recorder_started(&r, false, 0);
    assert_int_equal(step(0), TRTC_RECORDER_WAIT);
    assert_int_equal(step(S / 2), TRTC_RECORDER_START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_and_goes),
        cmocka_unit_test(is_asked_to_end),
        cmocka_unit_test(takes_other_tracks),
        cmocka_unit_test(is_replaced_by_another),
        cmocka_unit_test(dies),
        cmocka_unit_test(dies_again),
        cmocka_unit_test(is_killed_often),
        cmocka_unit_test(cannot_be_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
