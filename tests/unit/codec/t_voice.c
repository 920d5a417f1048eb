/* SPDX-License-Identifier: MIT */
/* voice: every sample in its place on the clock, and as it was where nothing calls for a change. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>

#include "base/utc.h"
#include "codec/voice.h"
#include "unit/range.h"
#include "witness/sound.h"

#define RATE 48000

static struct sound src;
static float *out[2];
static int64_t out_n, out_cap;
static struct trtc_ledger account; /* of the last run */

static int clean(void **state)
{
    (void)state;
    sound_fini(&src);
    free(out[0]);
    free(out[1]);
    out[0] = out[1] = NULL;
    out_n = out_cap = 0;
    return 0;
}

static void pull(struct trtc_voice *v)
{
    struct trtc_err err = { 0 };
    for (;;) {
        int n = trtc_voice_ready(v);
        if (out_n + n >= out_cap) {
            out_cap = out_cap * 2 + n + 1;
            for (int c = 0; c < 2; c++) {
                out[c] = realloc(out[c], (size_t)out_cap * sizeof(float));
                assert_non_null(out[c]);
            }
        }
        float *to[2] = { out[0] + out_n, out[1] + out_n };
        assert_int_equal(trtc_voice_read(v, to, n, &err), 0);
        out_n += n;
        const int ret = trtc_voice_step(v, &err);
        assert_true(ret >= 0);
        if (!ret)
            break;
    }
}

/* All of src; into out. How many did not decode. */
static int64_t run(int rate, int channels, int64_t end_us)
{
    struct trtc_err err = { 0 };
    struct trtc_voice *v = trtc_voice_new(rate, channels, &err);
    assert_non_null(v);
    out_n = 0;
    struct trtc_packet p;
    struct trtc_coding coding;
    src.next = 0;
    while (sound_next(&src, &p, &coding, &err) == 1) {
        assert_int_equal(trtc_voice_send(v, coding.name, &p, &err), 0);
        pull(v);
    }
    assert_int_equal(trtc_voice_end(v, end_us, &err), 0);
    pull(v);
    assert_int_equal(trtc_voice_ready(v), 0);
    const int64_t nb_broken = trtc_voice_nb_broken(v);
    trtc_voice_settle(v, INT64_MAX);
    account = *trtc_voice_ledger(v);
    assert_int_equal(trtc_ledger_open(&account), 0);
    trtc_voice_free(&v);
    assert_null(v);
    return nb_broken;
}

/* Never twice the same: sample k is k itself, with a sign for the channel. */
static double count(const void *arg, int64_t k, int channel)
{
    (void)arg;
    return (double)(k % 30000 + 1) / 32768 * (channel ? -1 : 1);
}

static const struct sound_shape counting = { count, NULL };

/* out[from..to) are the source's samples from k on, or silence (k < 0). */
static void assert_counts(int64_t from, int64_t to, int64_t k)
{
    assert_true(to <= out_n);
    for (int64_t i = from; i < to; i++) {
        const float want = k < 0 ? 0 : (float)count(NULL, k + i - from, 0);
        if (out[0][i] != want)
            fail_msg("sample %lld is %.6f, not %.6f", (long long)i, (double)out[0][i],
                     (double)want);
    }
}

static int64_t us_of(int64_t samples)
{
    return llround((double)samples * 1e6 / RATE);
}

static void test_placed_to_the_sample(void **state)
{
    (void)state;
    static const int64_t at[] = { 0, 1, 47, 4801, 100000 };
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        sound_pcm(&src, 1, 24000, &counting, us_of(at[i]), 0);
        assert_int_equal(run(RATE, 2, TRTC_NOTIME), 0);
        assert_int_equal(out_n, at[i] + 24000);
        assert_counts(0, at[i], -1);
        assert_counts(at[i], out_n, 0);
        assert_memory_equal(out[0], out[1], (size_t)out_n * sizeof(float));
        clean(NULL);
    }
    /* stereo: each side for itself */
    sound_pcm(&src, 2, 4800, &counting, 0, 0);
    run(RATE, 2, TRTC_NOTIME);
    for (int i = 0; i < 4800; i++)
        assert_true(out[1][i] == -out[0][i]);
    run(RATE, 1, TRTC_NOTIME);
    for (int i = 0; i < 4800; i++)
        assert_true(out[0][i] == 0);
}

static void test_cut_and_end(void **state)
{
    (void)state;
    /* what is before the clock's beginning is cut off, in the middle of a packet too */
    static const int64_t before[] = { 1, 479, 480, 481, 20000, 23999 };
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        sound_pcm(&src, 1, 24000, &counting, us_of(-before[i]), 0);
        run(RATE, 1, us_of(30000));
        assert_int_equal(out_n, 30000);
        assert_counts(0, 24000 - before[i], before[i]);
        assert_counts(24000 - before[i], out_n, -1);
        clean(NULL);
    }
    /* so is what is after its end */
    sound_pcm(&src, 1, 24000, &counting, 0, 0);
    struct trtc_err err;
    struct trtc_voice *v = trtc_voice_new(RATE, 1, &err);
    assert_int_equal(trtc_voice_end(v, 0, &err), 0);
    assert_int_equal(trtc_voice_step(v, &err), 0);
    assert_int_equal(trtc_voice_ready(v), 0);
    assert_int_equal(trtc_voice_end(v, 0, &err), -1);
    trtc_voice_free(&v);
    run(RATE, 1, TRTC_NOTIME);
    assert_int_equal(out_n, 24000);
}

/* What the container says is not to be heard: whole packets and parts of them, at both ends. */
static void test_trimmed(void **state)
{
    static const int64_t gone[] = { 1, 479, 480, 481, 20000, 24000 };
    (void)state;
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        for (int from = -1; from < 2; from++) { /* it also holds where the clock would have room */
            const int64_t at = from * gone[i], start = at + gone[i];
            sound_pcm(&src, 1, 24000, &counting, us_of(at), 0);
            src.trim_us = us_of(gone[i]);
            assert_int_equal(run(RATE, 1, us_of(50000)), 0);
            assert_counts(0, start, -1);
            assert_counts(start, at + 24000, gone[i]);
            assert_counts(at + 24000, out_n, -1);
            assert_int_equal(account.nb_in, 50);
            assert_int_equal(account.nb_left[TRTC_LEFT_CUT], gone[i] / SOUND_FRAME);
            assert_int_equal(account.nb_out, 50 - gone[i] / SOUND_FRAME);
            clean(NULL);
        }
    for (int64_t n = 1; n <= 480; n += 479) {
        sound_pcm(&src, 1, 24000, &counting, 0, 0);
        src.trim_end_us = us_of(n);
        run(RATE, 1, TRTC_NOTIME);
        assert_int_equal(out_n, 24000 - n);
        assert_counts(0, out_n, 0);
        assert_int_equal(account.nb_left[TRTC_LEFT_CUT], n / SOUND_FRAME);
        clean(NULL);
    }
}

static void test_holes_and_overlaps(void **state)
{
    (void)state;
    sound_pcm(&src, 1, 9600, &counting, 0, 0);
    sound_pcm(&src, 1, 9600, &counting, us_of(50001), 0);
    sound_pcm(&src, 1, 9600, &counting, us_of(57001), 0); /* 2600 samples are there already */
    run(RATE, 1, TRTC_NOTIME);
    assert_int_equal(out_n, 66601);
    assert_counts(0, 9600, 0);
    assert_counts(9600, 50001, -1);
    assert_counts(50001, 59601, 0);
    assert_counts(59601, 66601, 2600);
    /* five whole frames of them had their time already; the sixth was heard in part */
    assert_int_equal(account.nb_in, 60);
    assert_int_equal(account.nb_left[TRTC_LEFT_OVERLAP], 5);
    assert_int_equal(account.nb_out, 55);
}

/* Stamps in whole milliseconds, and some that stagger: nothing of it is to be heard. */
static void test_jitter_changes_nothing(void **state)
{
    (void)state;
    sound_pcm(&src, 1, 10 * RATE, &counting, 0, 0);
    for (int i = 1; i < src.n; i++)
        src.p[i].pts_us = src.p[i].pts_us / 1000 * 1000 + (i * 7919 % 11 - 5) * 1000;
    run(RATE, 1, TRTC_NOTIME);
    assert_int_equal(out_n, 10 * RATE);
    assert_counts(0, out_n, 0);
}

/* A click a second, on a tone. */
static double clicks(const void *arg, int64_t k, int channel)
{
    (void)channel;
    (void)arg;
    const int64_t in_second = k % RATE - RATE / 2;
    if (in_second >= 0 && in_second < 24)
        return 0.9;
    return 0.1 * sin((double)k * 0.05);
}

static void test_drift_is_followed(void **state)
{
    (void)state;
    static const struct sound_shape shape = { clicks, NULL };
    static const double ppm[] = { 200, -200, 20, 450 };
    for (int i = 0; i < 4; i++) {
        const int seconds = i ? 20 : 60;
        sound_pcm(&src, 1, (int64_t)seconds * RATE, &shape, 0, ppm[i]);
        for (int k = 1; k < src.n; k++)
            src.p[k].pts_us += (k * 7919 % 5 - 2) * 1000;
        run(RATE, 1, TRTC_NOTIME);
        int found = 0;
        for (int64_t k = 0; k < out_n; k++) {
            if (out[0][k] < 0.5f) {
                /* the tone goes on: no step is larger than its own, near clicks and the end
                 * apart */
                if (k && k < out_n - 32 && out[0][k - 1] < 0.2f && out[0][k] < 0.2f &&
                    k % RATE < RATE / 3 && fabsf(out[0][k] - out[0][k - 1]) > 0.0052f)
                    fail_msg("a step at %lld", (long long)k);
                continue;
            }
            const double want = (found++ + 0.5) * (1 + ppm[i] / 1e6);
            if (fabs((double)k / RATE - want) > 0.002)
                fail_msg("%g ppm: click %d is %.2f ms late", ppm[i], found,
                         ((double)k / RATE - want) * 1e3);
            k += RATE / 10;
        }
        assert_int_equal(found, seconds);
        clean(NULL);
    }
}

/* A rising tone, faded in and out: like itself at one place only. */
static double chirp(const void *arg, int64_t k, int channel)
{
    (void)channel;
    const int rate = *(const int *)arg;
    const double t = (double)k / rate - 0.2, pi = 3.14159265358979;
    if (t < 0 || t > 0.1)
        return 0;
    return 0.5 * sin(pi * t / 0.1) * sin(2 * pi * (300 + 15000 * t) * t);
}

/* AAC, all rates: the lag to the ideal is none. */
static void test_aac_is_in_place(void **state)
{
    (void)state;
    static const int rates[] = { 48000, 44100, 16000 };
    for (int i = 0; i < 9; i++) {
        const int in_rate = rates[i / 3], out_rate = rates[i % 3];
        const struct sound_shape shape = { chirp, &in_rate };
        sound_aac(&src, in_rate, 1, in_rate * 2 / 5, &shape, 250000);
        assert_int_equal(run(out_rate, 2, 700000), 0);
        assert_int_equal(out_n, out_rate * 7 / 10);
        const int n = out_rate / 10;
        float *want = malloc((size_t)n * sizeof *want);
        for (int k = 0; k < n; k++)
            want[k] = (float)chirp(&out_rate, k + out_rate / 5, 0);
        const float *heard = out[0] + out_rate * 45 / 100;
        const int lag = sound_lag(want, heard - 40, n, 40);
        if (lag)
            fail_msg("%d Hz -> %d Hz: %d samples late", in_rate, out_rate, lag);
        double diff = 0, level = 0;
        for (int k = 0; k < n; k++) {
            diff += pow((double)(heard[k] - want[k]), 2);
            level += pow((double)want[k], 2);
        }
        if (diff > level / 100)
            fail_msg("%d Hz -> %d Hz: %.1f dB off", in_rate, out_rate, 10 * log10(diff / level));
        free(want);
        clean(NULL);
    }
}

/* Silence in place of what has not come; what comes late is cut to the sample. */
static void test_flush_and_skip(void **state)
{
    (void)state;
    struct trtc_err err;
    struct trtc_voice *v = trtc_voice_new(RATE, 1, &err);
    static float x[RATE];
    float *to[1] = { x };
    struct trtc_coding coding;
    struct trtc_packet p;
    sound_pcm(&src, 1, 9600, &counting, us_of(1000000), 0);
    trtc_voice_skip(v, 1000000 - 10);
    for (int i = 0; i < 10; i++) {
        sound_next(&src, &p, &coding, &err);
        assert_int_equal(trtc_voice_send(v, coding.name, &p, &err), 0);
        while (trtc_voice_step(v, &err) > 0)
            ;
    }
    assert_int_in_range(trtc_voice_ready(v), 4700, 4809); /* something is held back... */
    assert_int_equal(trtc_voice_flush(v, &err), 0);
    assert_int_equal(trtc_voice_ready(v), 4810); /* ...until it is asked for */
    assert_int_equal(trtc_voice_read(v, to, 4810, &err), 0);
    for (int k = 0; k < 4810; k++)
        assert_true(x[k] == (k < 10 ? 0 : (float)count(NULL, k - 10, 0)));
    trtc_voice_skip(v, 700);
    for (int i = 10; i < 20; i++) {
        sound_next(&src, &p, &coding, &err);
        assert_int_equal(trtc_voice_send(v, coding.name, &p, &err), 0);
        while (trtc_voice_step(v, &err) > 0)
            ;
    }
    assert_int_equal(trtc_voice_flush(v, &err), 0);
    assert_int_equal(trtc_voice_ready(v), 4100);
    assert_int_equal(trtc_voice_read(v, to, 4101, &err), -1);
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    assert_int_equal(trtc_voice_read(v, to, 4100, &err), 0);
    for (int k = 0; k < 4100; k++)
        assert_true(x[k] == (float)count(NULL, 5500 + k, 0));
    trtc_voice_free(&v);
}

static void test_refusals_and_damage(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    assert_null(trtc_voice_new(RATE, 3, &err));
    assert_null(trtc_voice_new(0, 1, &err));
    struct trtc_voice *v = trtc_voice_new(RATE, 1, &err);
    const uint8_t byte = 0;
    const struct trtc_packet p = { .data = &byte, .size = 1 }, none = { .data = &byte };
    assert_int_equal(trtc_voice_send(v, "unknown", &p, &err), -1);
    assert_int_equal(err.code, TRTC_EX_UNAVAILABLE);
    assert_int_equal(trtc_voice_send(v, "aac", &none, &err), 0);
    assert_int_equal(trtc_voice_nb_broken(v), 1);
    assert_int_equal(trtc_voice_send(v, "aac", &p, &err), 0);
    assert_int_equal(trtc_voice_send(v, "aac", &p, &err), -1);
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    assert_int_equal(trtc_voice_end(v, 0, &err), -1);
    while (trtc_voice_step(v, &err) > 0)
        ;
    assert_int_equal(trtc_voice_nb_broken(v), 2);
    assert_int_equal(trtc_voice_send(v, NULL, &p, &err), -1);
    trtc_voice_free(&v);
    trtc_voice_free(&v);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_placed_to_the_sample, clean),
        cmocka_unit_test_teardown(test_cut_and_end, clean),
        cmocka_unit_test_teardown(test_trimmed, clean),
        cmocka_unit_test_teardown(test_holes_and_overlaps, clean),
        cmocka_unit_test_teardown(test_jitter_changes_nothing, clean),
        cmocka_unit_test_teardown(test_drift_is_followed, clean),
        cmocka_unit_test_teardown(test_aac_is_in_place, clean),
        cmocka_unit_test_teardown(test_flush_and_skip, clean),
        cmocka_unit_test_teardown(test_refusals_and_damage, clean),
    };
    return cmocka_run_group_tests_name("voice", tests, NULL, NULL);
}
