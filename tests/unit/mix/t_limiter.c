/* SPDX-License-Identifier: MIT */
/* limiter: never above the ceiling, untouched below it, and a gain that bends smoothly. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mix/limiter.h"
#include "unit/range.h"

#define RATE    48000
#define TOTAL   (3 * RATE)
#define CEILING 0.891251f

static float in[2][TOTAL], out[2][TOTAL];

static unsigned rnd_state = 1;
static unsigned rnd(void)
{
    rnd_state = rnd_state * 1664525 + 1013904223;
    return rnd_state >> 8;
}

/* in -> out, in blocks of n (0: of all sizes), moved back by the delay. */
static void run(int rate, int channels, float ceiling, int n)
{
    struct trtc_err err;
    struct trtc_limiter *l = trtc_limiter_new(rate, channels, ceiling, &err);
    assert_non_null(l);
    const int delay = trtc_limiter_delay(l);
    assert_int_in_range(delay, 1, rate / 100 + 2);
    memcpy(out, in, sizeof in);
    for (int i = 0; i < TOTAL;) {
        float *planes[2] = { out[0] + i, out[1] + i };
        int part = n ? n : (int)(rnd() % 3000);
        part = part < TOTAL - i ? part : TOTAL - i;
        trtc_limiter_run(l, planes, part);
        i += part;
    }
    for (int c = 0; c < channels; c++) {
        for (int i = 0; i < delay; i++)
            assert_true(out[c][i] == 0);
        memmove(out[c], out[c] + delay, (TOTAL - (size_t)delay) * sizeof(float));
        memset(out[c] + TOTAL - delay, 0, (size_t)delay * sizeof(float));
        for (int i = 0; i < TOTAL; i++)
            if (!(fabsf(out[c][i]) <= ceiling))
                fail_msg("%.7f at %d", (double)out[c][i], i);
    }
    trtc_limiter_free(&l);
    assert_null(l);
}

/* n sines of amplitude each, from `from` to `to`, silence elsewhere. */
static void sines(int n, double amplitude, double first_hz, double step_hz, int from, int to)
{
    memset(in, 0, sizeof in);
    for (int k = 0; k < n; k++) {
        const double w = 2 * 3.14159265358979 * (first_hz + k * step_hz) / RATE;
        for (int i = from; i < to; i++) {
            in[0][i] += (float)(amplitude * sin(w * (i - from)));
            in[1][i] += (float)(amplitude * sin(w * (i - from) + 0.3));
        }
    }
}

static void test_untouched(void **state)
{
    (void)state;
    static const int rates[] = { 48000, 44100, 16000, 8000, 400 };
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
        for (int i = 0; i < TOTAL; i++)
            for (int c = 0; c < 2; c++)
                in[c][i] = ((float)(rnd() % 2001) - 1000) * 0.001f * CEILING;
        in[0][500] = CEILING; /* exactly at it */
        in[1][501] = -CEILING;
        run(rates[r], 2, CEILING, r ? 0 : 480);
        assert_memory_equal(out[0], in[0], (TOTAL - 400) * sizeof(float));
        assert_memory_equal(out[1], in[1], (TOTAL - 400) * sizeof(float));
    }
}

/* One sample too loud: it alone would be at the ceiling, what is far from it is as it was. */
static void test_spike(void **state)
{
    (void)state;
    static const float spikes[] = { 0.9f, 1, -1.5f, 25, -1e4f, 3e38f };
    for (size_t k = 0; k < sizeof spikes / sizeof spikes[0]; k++) {
        for (int i = 0; i < TOTAL; i++)
            in[0][i] = in[1][i] = 0.25f;
        in[1][10000] = spikes[k];
        run(RATE, 2, CEILING, 0);
        if (fabsf(spikes[k]) < 1000) /* what is pressed hard is held 2 dB lower */
            assert_true(fabsf(out[1][10000]) > CEILING * (fabsf(spikes[k]) < 2 ? 0.9999f : 0.799f));
        /* both channels alike, down smoothly, up slowly, and then exactly as before */
        for (int i = 0; i < TOTAL - 400; i++) {
            if (i != 10000)
                assert_true(out[0][i] == out[1][i]);
            if (i < 10000 - 241 || i > 10000 + 2 * RATE)
                assert_true(out[0][i] == 0.25f);
            if (i && fabsf(out[0][i] - out[0][i - 1]) > 0.25f * 0.009f)
                fail_msg("spike %g: the gain steps by %g at %d", (double)spikes[k],
                         (double)fabsf(out[0][i] - out[0][i - 1]) * 4, i);
        }
        assert_true(out[0][10000 + RATE / 4] < 0.25f); /* after 250 ms it is not back yet... */
        assert_true(out[0][10000 + RATE] > 0.249f);    /* ...after 1 s it nearly is */
    }
}

static void test_loud(void **state)
{
    (void)state;
    static const struct {
        int n;
        double amplitude, first_hz, step_hz;
    } t[] = {
        { 1, 1, 1000, 0 },  { 1, 1, 50, 0 },    { 2, 1, 440, 2 },      { 25, 1, 200, 100 },
        { 25, 1, 1000, 0 }, { 25, 1, 97, 331 }, { 25, 0.04, 200, 37 }, { 3, 100, 20, 7000 },
    };
    for (size_t k = 0; k < sizeof t / sizeof t[0]; k++) {
        sines(t[k].n, t[k].amplitude, t[k].first_hz, t[k].step_hz, RATE / 2, 2 * RATE);
        run(RATE, 2, CEILING, 1024);
        double peak = 0, sum = 0;
        for (int i = 0; i < TOTAL; i++) /* by its gain, and not cut off there */
            assert_true(fabsf(out[0][i]) < CEILING && fabsf(out[1][i]) < CEILING);
        for (int i = RATE / 2; i < 2 * RATE; i++) {
            peak = fmax(peak, fmax(fabs((double)out[0][i]), fabs((double)out[1][i])));
            sum += (double)out[0][i] * (double)out[0][i];
        }
        if (t[k].n * t[k].amplitude > 1.5 && (peak < 0.71 || sqrt(sum / RATE) < 0.1))
            fail_msg("case %zu: peak %.3f, level %.3f", k, peak, sqrt(sum / RATE));
        for (int i = 2 * RATE; i < TOTAL; i++)
            assert_true(out[0][i] == 0 && out[1][i] == 0);
    }
    /* a steady tone stays a tone: with the gain at rest, nothing is added to it */
    sines(1, 2, 50, 0, 0, TOTAL);
    run(RATE, 1, CEILING, 1024);
    double worst = 0;
    for (int i = RATE; i < TOTAL - 400; i++)
        worst = fmax(worst, fabs((double)out[0][i] - (double)(in[0][i] / 2 * CEILING)));
    if (worst > 0.001)
        fail_msg("a tone of 50 Hz is bent by %.4f", worst);
}

/* However it is cut into blocks, the same comes out. */
static void test_blocks(void **state)
{
    (void)state;
    static float first[2][TOTAL];
    sines(5, 0.6, 100, 131, 1000, TOTAL / 2);
    run(RATE, 2, CEILING, TOTAL);
    memcpy(first, out, sizeof out);
    for (int k = 0; k < 3; k++) {
        run(RATE, 2, CEILING, k ? 0 : 1);
        assert_memory_equal(out, first, sizeof out);
    }
}

static void test_no_numbers(void **state)
{
    (void)state;
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < TOTAL; i++)
            in[0][i] = 0.5f;
        in[0][7777] = bad[k];
        run(RATE, 1, CEILING, 0);
        for (int i = 0; i < TOTAL - 400; i++)
            assert_true(out[0][i] == (i == 7777 ? 0 : 0.5f));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_untouched),  cmocka_unit_test(test_spike),
        cmocka_unit_test(test_loud),       cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_no_numbers),
    };
    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
