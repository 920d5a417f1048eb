/* SPDX-License-Identifier: MIT */
/* Picture and sound put in order: whatever their distance, every frame comes out once, and within the window in the order
 * of decoding times. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utc.h"
#include "input/interleave.h"
#include "unit/range.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define S        INT64_C(1000000)
#define FRAMES   4096

static uint32_t seed = 1;

static uint32_t rnd(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

/* ---- what goes in and comes out ---- */

struct frame {
    bool video;
    int64_t dts_us, arrival_us;
    unsigned number;
    size_t size, sets_size;
};

static struct out {
    int nb[2];                /* frames of each track */
    unsigned next[2];         /* number expected */
    int64_t last_us, back_us; /* highest DTS so far; by how much one was behind it at most */
    int64_t
        held_us; /* in which the newest frame that came is ahead of the newest that went, at most */
    int64_t come_us;
    int fail_at; /* the emission that fails, or -1 */
    bool due;    /* frames say that the other track is due */
} out;

static uint8_t byte_of(unsigned number, size_t i)
{
    return (uint8_t)(number * 31 + i * 7);
}

static int emit(void *opaque, const struct trtc_input_frame *f, const struct trtc_input_info *info,
                struct trtc_err *err)
{
    (void)opaque;
    if (out.fail_at-- == 0)
        return trtc_fail(err, TRTC_EX_IOERR, "full");
    const unsigned number = (unsigned)f->dur_us;
    assert_int_equal(number, out.next[f->video]);
    assert_int_equal(info->width_px, (int)number);
    for (size_t i = 0; i < f->pkt.size; i++)
        assert_int_equal(f->pkt.data[i], byte_of(number, i));
    for (size_t i = 0; i < f->sets_size; i++)
        assert_int_equal(f->sets[i], byte_of(number + 1, i));
    assert_int_equal(f->sets != NULL, f->sets_size > 0);
    out.next[f->video]++;
    out.nb[f->video]++;
    if (out.last_us != TRTC_NOTIME && out.last_us - f->pkt.dts_us > out.back_us)
        out.back_us = out.last_us - f->pkt.dts_us;
    if (f->pkt.dts_us > out.last_us)
        out.last_us = f->pkt.dts_us;
    return 0;
}

static struct trtc_interleave *start(int64_t window_us, size_t window_bytes)
{
    const struct trtc_interleave_opts o = { .window_us = window_us,
                                            .window_bytes = window_bytes,
                                            .emit = emit };
    struct trtc_interleave *x = trtc_interleave_new(&o, NULL);
    assert_non_null(x);
    out = (struct out){ .last_us = TRTC_NOTIME, .come_us = TRTC_NOTIME, .fail_at = -1 };
    return x;
}

static int put(struct trtc_interleave *x, const struct frame *f)
{
    uint8_t *data = malloc(f->size + 1), *sets = malloc(f->sets_size + 1);
    const struct trtc_input_info info = { .width_px = (int)f->number };
    struct trtc_err err;

    assert_true(data && sets);
    for (size_t i = 0; i < f->size; i++)
        data[i] = byte_of(f->number, i);
    for (size_t i = 0; i < f->sets_size; i++)
        sets[i] = byte_of(f->number + 1, i);
    const struct trtc_input_frame in = {
        .video = f->video,
        .pkt = { .data = data, .size = f->size, .pts_us = f->dts_us, .dts_us = f->dts_us },
        .dur_us = f->number,
        .other_due = out.due,
        .sets = f->sets_size > 0 ? sets : NULL,
        .sets_size = f->sets_size,
    };
    const int ret = trtc_interleave_put(x, &in, &info, &err);
    free(data);
    free(sets);
    if (f->dts_us > out.come_us)
        out.come_us = f->dts_us;
    if (out.last_us != TRTC_NOTIME && out.come_us - out.last_us > out.held_us)
        out.held_us = out.come_us - out.last_us;
    return ret;
}

static int by_arrival(const void *a, const void *b)
{
    const struct frame *x = a, *y = b;

    if (x->arrival_us != y->arrival_us)
        return x->arrival_us < y->arrival_us ? -1 : 1;
    return x->video != y->video ? x->video - y->video : (int)x->number - (int)y->number;
}

/* Frames of both tracks over some seconds, the pictures arriving by lag_us[1], the sound by lag_us[0], behind their time
 * and never before one of their own track. */
static int make(struct frame *f, int seconds, const int64_t lag_us[2], const int64_t jitter_us[2])
{
    static const int64_t step_us[2] = { 21333, 40000 };
    int n = 0;

    for (int video = 0; video < 2; video++) {
        int64_t before = INT64_MIN;
        for (unsigned k = 0; k * step_us[video] < seconds * S; k++) {
            const int64_t dts_us = k * step_us[video];
            int64_t at = dts_us + lag_us[video] +
                         (jitter_us[video] ? (int64_t)(rnd() % (uint32_t)jitter_us[video]) : 0);
            at = at < before ? before : at;
            before = at;
            assert_true(n < FRAMES);
            f[n++] = (struct frame){ .video = video,
                                     .dts_us = dts_us,
                                     .arrival_us = at,
                                     .number = k,
                                     .size = rnd() % (video ? 900 : 200),
                                     .sets_size = video && k % 25 == 0 ? 1 + rnd() % 40 : 0 };
        }
    }
    qsort(f, (size_t)n, sizeof *f, by_arrival);
    return n;
}

static struct frame frames[FRAMES];

/* Puts all of them in, and checks that all came out. */
static void run(struct trtc_interleave *x, int n)
{
    int nb[2] = { 0, 0 };

    for (int i = 0; i < n; i++) {
        nb[frames[i].video]++;
        assert_int_equal(put(x, &frames[i]), 0);
    }
    assert_int_equal(trtc_interleave_end(x, NULL), 0);
    assert_int_equal(out.nb[0], nb[0]);
    assert_int_equal(out.nb[1], nb[1]);
}

static int64_t nb_late(const struct trtc_interleave *x)
{
    struct trtc_interleave_late a, b;

    trtc_interleave_late(x, false, &a);
    trtc_interleave_late(x, true, &b);
    return a.nb + b.nb;
}

/* ---- tests ---- */

/* Any distance within the window, any jitter: in order. */
static void test_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        const int64_t window = i % 2 ? 15 * S : 0;
        const int64_t lag[2] = { rnd() % (uint32_t)(6 * S), rnd() % (uint32_t)(6 * S) };
        const int64_t jitter[2] = { i % 3 ? rnd() % (uint32_t)(3 * S) : 0,
                                    i % 5 ? rnd() % (uint32_t)(3 * S) : 0 };
        struct trtc_interleave *x = start(window, 64 << 20);
        run(x, make(frames, 20, lag, jitter));
        assert_true(out.back_us <= TRTC_INTERLEAVE_SLACK_US);
        assert_int_equal(nb_late(x), 0);
        trtc_interleave_free(&x);
        assert_null(x);
    }
}

/* In good order nothing is held back. */
static void test_no_delay(void **state)
{
    static const int64_t lag[2] = { 300000, 0 }, none[2] = { 0, 0 };

    (void)state;
    struct trtc_interleave *x = start(15 * S, 64 << 20);
    const int n = make(frames, 20, lag, none);
    for (int i = 0; i < n; i++) {
        assert_int_equal(put(x, &frames[i]), 0);
        if (i > 20)
            assert_int_equal(out.nb[0] + out.nb[1], i + 1);
    }
    trtc_interleave_free(&x);
}

/* A track that pauses is waited for once, for as long as the window, and again when it has come back. */
static void test_pause(void **state)
{
    static const int64_t none[2] = { 0, 0 };
    int kept = 0;

    (void)state;
    struct trtc_interleave *x = start(5 * S, 64 << 20);
    const int n = make(frames, 40, none, none);
    for (int i = 0; i < n; i++) {
        const bool pause = frames[i].dts_us >= 10 * S && frames[i].dts_us < 25 * S;
        if (pause && frames[i].video)
            continue;
        frames[kept++] = frames[i];
    }
    int64_t most_us = 0, later_us = 0;
    unsigned number[2] = { 0, 0 };
    for (int i = 0; i < kept; i++) {
        frames[i].number = number[frames[i].video]++;
        assert_int_equal(put(x, &frames[i]), 0);
        const int64_t held_us = out.last_us == TRTC_NOTIME ? 0 : frames[i].dts_us - out.last_us;
        if (frames[i].dts_us < 16 * S)
            most_us = held_us > most_us ? held_us : most_us;
        else
            later_us = held_us > later_us ? held_us : later_us;
    }
    assert_int_equal(trtc_interleave_end(x, NULL), 0);
    assert_int_in_range(most_us, 4 * S, 5 * S + 500000);
    assert_int_in_range(later_us, 0, S);
    assert_int_equal(nb_late(x), 0);
    assert_int_equal(out.nb[0] + out.nb[1], kept);
    trtc_interleave_free(&x);
}

/* The stream stands still, and both go on: nothing is late for that. */
static void test_stall(void **state)
{
    static const int64_t lag[2] = { 450000, 0 }, none[2] = { 0, 0 };

    (void)state;
    struct trtc_interleave *x = start(15 * S, 64 << 20);
    const int n = make(frames, 20, lag, none);
    for (int i = 0; i < n; i++)
        if (frames[i].dts_us > 10 * S)
            frames[i].dts_us += 100 * S;
    run(x, n);
    assert_int_equal(nb_late(x), 0);
    trtc_interleave_free(&x);
}

/* Beyond the window, of time or of bytes, frames come out late, and are counted. */
static void test_beyond(void **state)
{
    static const int64_t lag[2] = { 0, 8 * S }, none[2] = { 0, 0 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct trtc_interleave_late late;
        struct trtc_interleave *x = i ? start(0, 40000) : start(5 * S, 64 << 20);
        run(x, make(frames, 30, lag, none));
        trtc_interleave_late(x, false, &late);
        assert_int_equal(late.nb, 0);
        trtc_interleave_late(x, true, &late);
        assert_int_in_range(late.nb, 100, 750);
        assert_int_in_range(late.most_us, 4 * S, 8 * S);
        assert_int_equal(late.most_us, out.back_us);
        trtc_interleave_free(&x);
    }
}

/* A track that is due is waited for, however long it is behind, up to the bytes. */
static void test_due(void **state)
{
    static const int64_t lag[2] = { 8 * S, 0 }, none[2] = { 0, 0 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct trtc_interleave_late late;
        struct trtc_interleave *x = start(5 * S, i ? 40000 : 64 << 20);
        out.due = true;
        run(x, make(frames, 30, lag, none));
        trtc_interleave_late(x, false, &late);
        assert_int_equal(late.nb > 0, i);
        trtc_interleave_free(&x);
    }
}

struct seen {
    bool video;
    int64_t next, nb;
};

static int see(void *opaque, const struct trtc_input_frame *f, const struct trtc_input_info *info,
               struct trtc_err *err)
{
    struct seen *s = opaque;

    if (s->nb == 3)
        return trtc_fail(err, TRTC_EX_IOERR, "enough");
    assert_int_equal(f->video, s->video);
    assert_int_equal(f->dur_us, s->next);
    assert_int_equal(info->width_px, s->next);
    assert_int_equal(f->pkt.size > 0 ? f->pkt.data[0] : 0,
                     f->pkt.size > 0 ? byte_of((unsigned)s->next, 0) : 0);
    s->next++;
    s->nb++;
    return 0;
}

/* What waits are the frames of one track that have come and not gone. */
static void test_what_waits(void **state)
{
    static const int64_t lag[2] = { 1500000, 0 }, none[2] = { 0, 0 };
    struct trtc_interleave_waits w;
    int come[2] = { 0, 0 }, most = 0;

    (void)state;
    struct trtc_interleave *x = start(15 * S, 64 << 20);
    trtc_interleave_waits(x, &w);
    assert_int_equal(w.next - w.first, 0);
    const int n = make(frames, 10, lag, none);
    for (int i = 0; i < n; i++) {
        assert_int_equal(put(x, &frames[i]), 0);
        come[frames[i].video]++;
        trtc_interleave_waits(x, &w);
        const int nb = (int)(w.next - w.first);
        most = nb > most ? nb : most;
        assert_int_equal(come[0] + come[1] - out.nb[0] - out.nb[1], nb);
        assert_int_equal(nb > 0, w.nb_bytes > 0);
        if (nb == 0)
            continue;
        for (int from = 0; from < nb; from++) {
            struct trtc_err err;
            struct seen s = { .video = w.video, .next = out.next[w.video] + from };
            const bool all = nb - from <= 3;
            assert_int_equal(trtc_interleave_each(x, w.first + from, see, &s, &err), all ? 0 : -1);
            assert_int_equal(s.nb, all ? nb - from : 3);
        }
    }
    assert_int_in_range(most, 25, 45);
    assert_int_equal(trtc_interleave_end(x, NULL), 0);
    trtc_interleave_waits(x, &w);
    assert_int_equal(w.next - w.first, 0);
    trtc_interleave_free(&x);
}

/* What emit returns comes through, and what is held can still be freed. */
static void test_failing(void **state)
{
    static const int64_t lag[2] = { 0, 3 * S }, none[2] = { 0, 0 };

    (void)state;
    const int n = make(frames, 10, lag, none);
    for (int at = 0; at < n; at += 37) {
        struct trtc_interleave *x = start(0, 64 << 20);
        bool failed = false;
        out.fail_at = at;
        for (int i = 0; i < n && !failed; i++)
            failed = put(x, &frames[i]) < 0;
        if (!failed)
            failed = trtc_interleave_end(x, NULL) < 0;
        assert_true(failed);
        trtc_interleave_free(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),   cmocka_unit_test(test_no_delay),
        cmocka_unit_test(test_pause),      cmocka_unit_test(test_stall),
        cmocka_unit_test(test_beyond),     cmocka_unit_test(test_failing),
        cmocka_unit_test(test_what_waits), cmocka_unit_test(test_due),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("interleave", tests, NULL, NULL);
}
