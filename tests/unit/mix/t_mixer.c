/* SPDX-License-Identifier: MIT */
/* mixer: the sum to the sample, silence where there is none, and never above the ceiling. */
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
#include "codec/aacenc.h"
#include "mix/mixer.h"
#include "unit/range.h"
#include "witness/sound.h"

#define RATE   48000
#define VOICES 25
#define LOOK   240 /* samples that the limiter looks ahead */

static struct sound src[VOICES];
static float out[2][10 * RATE];

static int clean(void **state)
{
    (void)state;
    for (int i = 0; i < VOICES; i++)
        sound_fini(&src[i]);
    return 0;
}

static int64_t us_of(int64_t samples)
{
    return llround((double)samples * 1e6 / RATE);
}

static int add(struct trtc_mixer *m, struct sound *s)
{
    struct trtc_err err = { 0 };
    const int n =
        trtc_mixer_add(m, &(struct trtc_mixer_source){ .next = sound_next, .opaque = s }, &err);
    assert_true(n >= 0);
    return n;
}

static struct trtc_mixer *mixer(int rate, int channels)
{
    struct trtc_err err = { 0 };
    struct trtc_mixer *m = trtc_mixer_new(rate, channels, &err);
    assert_non_null(m);
    return m;
}

/* The mix from its sample from to sample to into out at the same place, in blocks of n. */
static void mix(struct trtc_mixer *m, int from, int to, int n)
{
    struct trtc_err err = { 0 };
    for (int i = from; i < to; i += n) {
        float *planes[2] = { out[0] + i, out[1] + i };
        assert_int_equal(trtc_mixer_block(m, planes, to - i < n ? to - i : n, &err), 0);
    }
}

static struct trtc_ledger account_of(const struct trtc_mixer *m, int voice)
{
    const struct trtc_ledger l = trtc_mixer_ledger(m, voice);
    if (trtc_ledger_open(&l) != 0)
        fail_msg("voice %d: %d frames of %d are in no account", voice, (int)trtc_ledger_open(&l),
                 (int)l.nb_in);
    return l;
}

/* Small whole numbers of 1/32768: sums are exact, and never reach the ceiling. */
static double count(const void *arg, int64_t k, int channel)
{
    const int seed = *(const int *)arg;
    return (double)((k * (7 + seed) + 100 * channel) % 1000 + 1) / 32768;
}

static double level(const void *arg, int64_t k, int channel)
{
    (void)k;
    (void)channel;
    return *(const double *)arg;
}

static double sine(const void *arg, int64_t k, int channel)
{
    (void)channel;
    return sin(2 * 3.14159265358979 * *(const double *)arg * (double)k / RATE);
}

static int64_t nb_undecoded(const struct trtc_mixer *m, int voice)
{
    const struct trtc_ledger l = trtc_mixer_ledger(m, voice);
    return l.nb_left[TRTC_LEFT_UNDECODED] + l.nb_left[TRTC_LEFT_FORMAT];
}

static void test_sum_is_exact(void **state)
{
    (void)state;
    static const int blocks[] = { 1024, 4096, 100, 1 };
    static const int64_t at[] = { 500, 3333, -700 }; /* the last one begins in its middle */
    static const int seeds[] = { 0, 1, 2 };
    for (int b = 0; b < 4; b++) {
        const int total = b == 3 ? 6000 : 60000;
        struct trtc_mixer *m = mixer(RATE, 2);
        for (int i = 0; i < 3; i++) {
            const struct sound_shape shape = { count, &seeds[i] };
            sound_pcm(&src[i], 2, 30000, &shape, us_of(at[i]), 0);
            assert_int_equal(add(m, &src[i]), i);
        }
        mix(m, 0, total, blocks[b]);
        for (int k = 0; k < total; k++)
            for (int c = 0; c < 2; c++) {
                float want = 0;
                for (int i = 0; i < 3; i++)
                    if (k >= at[i] && k < at[i] + 30000)
                        want += (float)count(&seeds[i], k - at[i], c);
                if (out[c][k] != want)
                    fail_msg("block %d: sample %d is %.6f, not %.6f", blocks[b], k,
                             (double)out[c][k], (double)want);
            }
        for (int i = 0; i < 3; i++) {
            assert_int_equal(nb_undecoded(m, i), 0);
            assert_true(trtc_mixer_sounds(m, i) == (total < 30000));
        }
        trtc_mixer_free(&m);
        assert_null(m);
        clean(NULL);
    }
}

static void test_silence(void **state)
{
    (void)state;
    struct trtc_mixer *m = mixer(RATE, 2);
    memset(out, 1, sizeof out);
    add(m, &src[0]); /* nothing at all */
    const double half = 0.5;
    sound_pcm(&src[1], 1, 4800, &(struct sound_shape){ level, &half }, us_of(50000), 0);
    src[1].broken = 1;
    add(m, &src[1]);
    mix(m, 0, 100000, 1024);
    for (int k = 0; k < 100000; k++)
        assert_true(out[0][k] == (k >= 50000 && k < 54800 ? 0.5f : 0) && out[1][k] == out[0][k]);
    assert_false(trtc_mixer_sounds(m, 0));
    assert_false(trtc_mixer_sounds(m, 1));
    trtc_mixer_free(&m);
    trtc_mixer_free(&m);
}

/* A voice that is added in the middle, with a first packet far ahead and a pause: read no more than
 * is needed. */
static void test_reads_no_further_than_needed(void **state)
{
    (void)state;
    const int seed = 3;
    const struct sound_shape shape = { count, &seed };
    struct trtc_mixer *m = mixer(RATE, 1);
    mix(m, 0, 10000, 1000);
    sound_pcm(&src[0], 1, 48000, &shape, us_of(120000), 0);
    sound_pcm(&src[0], 1, 48000, &shape, us_of(300007), 0);
    add(m, &src[0]);
    for (int k = 10000; k < 400000; k += 1000) {
        mix(m, k, k + 1000, 1000);
        const int64_t due_us = us_of(k + 1000 + LOOK);
        if (src[0].next >= 2)
            assert_true(src[0].p[src[0].next - 2].pts_us <= due_us + 500000);
    }
    for (int k = 10000; k < 400000; k++) {
        const int i = k >= 300007 ? k - 300007 : k - 120000;
        assert_true(out[0][k] == (i >= 0 && i < 48000 ? (float)count(&seed, i, 0) : 0));
    }
    trtc_mixer_free(&m);
}

/* What has not come is silence; what comes too late is dropped to the sample, the rest is in
 * place. */
static void test_waiting(void **state)
{
    (void)state;
    const int seed = 3;
    const struct sound_shape shape = { count, &seed };
    struct trtc_mixer *m = mixer(RATE, 1);
    sound_pcm(&src[0], 1, 48000, &shape, us_of(77), 0);
    src[0].limit = 20; /* 9600 samples */
    add(m, &src[0]);
    mix(m, 0, 20000, 1000); /* goes without */
    src[0].limit = 30;      /* all of it too late */
    mix(m, 20000, 21000, 1000);
    src[0].limit = 0;
    mix(m, 21000, 60000, 1000);
    for (int k = 0; k < 60000; k++) {
        const int i = k - 77;
        const bool heard = i >= 0 && (i < 9600 || (k >= 21000 + LOOK && i < 48000));
        if (out[0][k] != (heard ? (float)count(&seed, i, 0) : 0))
            fail_msg("sample %d is %.6f", k, (double)out[0][k]);
    }
    assert_int_equal(src[0].next, src[0].n);
    trtc_mixer_free(&m);
}

static void test_hear(void **state)
{
    (void)state;
    const double half = 0.5, quarter = 0.25;
    struct trtc_mixer *m = mixer(RATE, 1);
    sound_pcm(&src[0], 1, 60000, &(struct sound_shape){ level, &half }, 0, 0);
    sound_pcm(&src[1], 1, 60000, &(struct sound_shape){ level, &quarter }, 0, 0);
    const int first = add(m, &src[0]), second = add(m, &src[1]);
    trtc_mixer_hear(m, second, false); /* before the beginning: no fade */
    mix(m, 0, 10000, 1000);
    trtc_mixer_hear(m, first, false);
    mix(m, 10000, 20000, 1000);
    trtc_mixer_hear(m, second, true);
    mix(m, 20000, 30000, 1000);
    trtc_mixer_hear(m, first, true);
    mix(m, 30000, 40000, 1000);
    for (int k = 0; k < 40000; k++) {
        const int in_part = k % 10000 - LOOK; /* fades over 5 ms, which is 240 samples as well */
        static const float levels[] = { 0.5f, 0, 0.25f, 0.75f };
        const float now = levels[k / 10000], before = k < 10000 ? now : levels[k / 10000 - 1];
        if (in_part < 0)
            assert_true(out[0][k] == before);
        else if (in_part > LOOK)
            assert_true(out[0][k] == now);
        if (k)
            assert_true(fabsf(out[0][k] - out[0][k - 1]) < 0.5f / 200);
    }
    trtc_mixer_free(&m);
}

static void test_channels(void **state)
{
    (void)state;
    const double half = 0.5;
    const struct sound_shape shape = { level, &half };
    for (int in = 1; in <= 2; in++)
        for (int to = 1; to <= 2; to++) {
            struct trtc_mixer *m = mixer(RATE, to);
            sound_pcm(&src[0], in, 10000, &shape, 0, 0);
            add(m, &src[0]);
            mix(m, 0, 10000, 1000);
            for (int k = 0; k < 10000; k++)
                for (int c = 0; c < to; c++)
                    assert_true(fabsf(out[c][k] - 0.5f) < 1e-6f);
            trtc_mixer_free(&m);
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
    return 0.25 * sin(pi * t / 0.1) * sin(2 * pi * (300 + 15000 * t) * t);
}

/* AAC of three rates at once: all of them on the same place, so three times as loud. */
static void test_rates_together(void **state)
{
    (void)state;
    static const int rates[] = { 48000, 44100, 16000 };
    for (int r = 0; r < 3; r++) {
        const int rate = rates[r], n = rate / 10;
        struct trtc_mixer *m = mixer(rate, 2);
        for (int i = 0; i < 3; i++) {
            const struct sound_shape shape = { chirp, &rates[i] };
            sound_aac(&src[i], rates[i], i % 2 + 1, rates[i] * 2 / 5, &shape, -100000);
            add(m, &src[i]);
        }
        mix(m, 0, rate / 2, 1024);
        double diff = 0, sum = 0;
        static float want[RATE / 10];
        for (int k = 0; k < n; k++)
            want[k] = (float)(3 * chirp(&rate, k + rate / 5, 0));
        for (int c = 0; c < 2; c++) {
            const float *heard = out[c] + rate / 10;
            assert_int_equal(sound_lag(want, heard - 40, n, 40), 0);
            for (int k = 0; k < n; k++) {
                diff += pow((double)(heard[k] - want[k]), 2);
                sum += pow((double)want[k], 2);
            }
        }
        if (diff > sum / 100)
            fail_msg("%d Hz: %.1f dB off", rate, 10 * log10(diff / sum));
        trtc_mixer_free(&m);
        clean(NULL);
    }
}

/* Loud, swelling and falling. */
static double swell(const void *arg, int64_t k, int channel)
{
    (void)channel;
    const double t = (double)k / *(const int *)arg, pi = 3.14159265358979;
    return 0.8 * sin(2 * pi * 330 * t) * (0.55 + 0.45 * sin(2 * pi * 0.7 * t));
}

/* Three voices of which one drifts, one pauses and one is resampled. */
static void add_unsteady(struct trtc_mixer *m)
{
    static const int rates[] = { 48000, 48000, 44100 };
    for (int i = 0; i < 3; i++) {
        const struct sound_shape shape = { swell, &rates[i] };
        src[i].next = 0;
        if (!src[i].n)
            sound_aac(&src[i], rates[i], i % 2 + 1, rates[i] * 10, &shape, 7000 * i);
        for (int k = 0; i == 0 && k < src[i].n && !src[i].limit; k++)
            src[i].p[k].pts_us += src[i].p[k].pts_us / 2000; /* 500 ppm */
        for (int k = 140; i == 1 && k < src[i].n && !src[i].limit; k++)
            src[i].p[k].pts_us += 700123;
        src[i].limit = src[i].n;
        add(m, &src[i]);
    }
}

/* What is mixed after voices have passed by, and were heard for a while, is what they would have been. */
static void test_passing(void **state)
{
    static float whole[2][10 * RATE];
    const int passes = RATE * 4 / 1024 * 1024, warms = RATE * 8 / 1024 * 1024, end = RATE * 19 / 2;
    (void)state;
    struct trtc_mixer *m = mixer(RATE, 2);
    add_unsteady(m);
    mix(m, 0, end, 1024);
    trtc_mixer_free(&m);
    memcpy(whole, out, sizeof out);

    m = mixer(RATE, 2);
    add_unsteady(m);
    trtc_mixer_go(m, TRTC_VOICE_PASSES);
    mix(m, 0, passes, 1024);
    for (int i = 0; i < passes; i++)
        assert_true(out[0][i] == 0 && out[1][i] == 0);
    trtc_mixer_go(m, TRTC_VOICE_WARMS);
    mix(m, passes, warms, 1024);
    trtc_mixer_go(m, TRTC_VOICE_PLAYS);
    mix(m, warms, end, 1024);
    for (int c = 0; c < 2; c++)
        for (int i = warms; i < end; i++)
            if (fabsf(out[c][i] - whole[c][i]) > 1e-4f) /* decoders make noise of their own */
                fail_msg("sample %d: %f, not %f", i, (double)out[c][i], (double)whole[c][i]);
    trtc_mixer_settle(m, false, 0);
    for (int i = 0; i < 3; i++) {
        const struct trtc_ledger l = account_of(m, i);
        assert_int_equal(trtc_ledger_open(&l), 0);
        assert_true(l.nb_out > 0 && l.nb_out < 110 && l.nb_left[TRTC_LEFT_CUT] > 300);
    }
    trtc_mixer_free(&m);
}

/* What a decoder makes of the mix, coded as the cloud does; the peak. */
static double peak_of_aac(int total, int bitrate_bps)
{
    struct trtc_err err = { 0 };
    struct trtc_packet p;
    double peak = 0;
    struct trtc_aacenc *e = trtc_aacenc_new(RATE, 2, bitrate_bps, &err);
    AVCodecContext *d = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
    size_t size;
    const uint8_t *asc = trtc_aacenc_asc(e, &size);
    d->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(d->extradata, asc, size);
    d->extradata_size = (int)size;
    assert_true(avcodec_open2(d, NULL, NULL) >= 0);
    AVFrame *f = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();
    for (int at = 0; at + 1024 <= total; at += 1024) {
        const float *planes[2] = { out[0] + at, out[1] + at };
        assert_int_equal(trtc_aacenc_send(e, planes, 1024, &err), 0);
        while (trtc_aacenc_receive(e, &p, &err) == 1) {
            assert_true(av_new_packet(pkt, (int)p.size) >= 0);
            memcpy(pkt->data, p.data, p.size);
            assert_true(avcodec_send_packet(d, pkt) >= 0);
            av_packet_unref(pkt);
            assert_true(avcodec_receive_frame(d, f) >= 0);
            for (int c = 0; c < 2; c++)
                for (int k = 0; k < f->nb_samples; k++)
                    peak = fmax(peak, fabs((double)((float *)(void *)f->extended_data[c])[k]));
        }
    }
    av_packet_free(&pkt);
    av_frame_free(&f);
    avcodec_free_context(&d);
    trtc_aacenc_free(&e);
    return peak;
}

static void test_25_sines_never_clip(void **state)
{
    (void)state;
    static const struct {
        double first_hz, step_hz;
    } t[] = { { 1000, 0 }, { 200, 100 }, { 440, 37 }, { 50, 60 }, { 300, 0.3 }, { 679, 291 } };
    const int total = RATE;
    const float ceiling = (float)pow(10, TRTC_MIXER_CEILING_DB / 20);
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_mixer *m = mixer(RATE, 2);
        double hz[VOICES];
        for (int k = 0; k < VOICES; k++) {
            hz[k] = t[i].first_hz + k * t[i].step_hz;
            sound_pcm(&src[k], 1, total, &(struct sound_shape){ sine, &hz[k] }, 0, 0);
            add(m, &src[k]);
        }
        mix(m, 0, total, 1024);
        float peak = 0;
        for (int k = 0; k < total; k++)
            peak = fmaxf(peak, fabsf(out[0][k]));
        assert_true(peak <= ceiling && peak > ceiling * 0.79f);
        const double decoded = peak_of_aac(total, 64000);
        if (decoded > 0.9886) /* -0.1 dBFS */
            fail_msg("set %zu: %.2f dBFS after AAC", i, 20 * log10(decoded));
        trtc_mixer_free(&m);
        clean(NULL);
    }
}

/* Each voice by itself, in place, to its very end. */
static void test_keep(void **state)
{
    (void)state;
    static const int seeds[] = { 0, 1 };
    static const int64_t at[] = { 480, 3333 };
    static float kept[3][2][40000];
    const double loud = 0.99;
    for (int block = 100; block <= 4096; block += 3996) {
        struct trtc_mixer *m = mixer(RATE, 2);
        struct trtc_err err;
        trtc_mixer_keep(m);
        for (int i = 0; i < 2; i++) {
            const struct sound_shape shape = { count, &seeds[i] };
            sound_pcm(&src[i], 2, 20000, &shape, us_of(at[i]), 0);
            add(m, &src[i]);
        }
        sound_pcm(&src[2], 1, 20000, &(struct sound_shape){ level, &loud }, us_of(1000), 0);
        add(m, &src[2]);
        trtc_mixer_hear(m, 1, false);
        for (int k = 0; k < 40000; k += block) {
            const int n = 40000 - k < block ? 40000 - k : block;
            float *planes[2] = { out[0] + k, out[1] + k };
            assert_int_equal(trtc_mixer_block(m, planes, n, &err), 0);
            for (int i = 0; i < 3; i++) {
                float *to[2] = { kept[i][0] + k, kept[i][1] + k };
                assert_int_equal(trtc_mixer_voice(m, i, to, n), 0);
                assert_int_equal(trtc_mixer_voice(m, i, to, n + 1), -1);
            }
        }
        const float ceiling = (float)pow(10, TRTC_MIXER_CEILING_DB / 20);
        for (int k = 0; k < 40000; k++)
            for (int c = 0; c < 2; c++) {
                const bool is = k >= at[0] && k < at[0] + 20000;
                assert_true(kept[0][c][k] == (is ? (float)count(&seeds[0], k - at[0], c) : 0));
                assert_true(kept[1][c][k] == 0);
                if (k >= 1000 && k < 21000)
                    assert_true(kept[2][c][k] > 0.88f && kept[2][c][k] <= ceiling);
                else
                    assert_true(kept[2][c][k] == 0);
            }
        for (int i = 0; i < 3; i++)
            assert_false(trtc_mixer_sounds(m, i));
        trtc_mixer_free(&m);
        clean(NULL);
    }
}

/* A voice that cannot be decoded harms nobody. */
static void test_broken_voices(void **state)
{
    (void)state;
    const int seed = 0;
    const struct sound_shape shape = { count, &seed };
    struct trtc_mixer *m = mixer(RATE, 1);
    for (int i = 0; i < 3; i++) {
        sound_pcm(&src[i], 1, 9600, &shape, 0, 0);
        add(m, &src[i]);
    }
    src[1].codec_name = "unknown";
    for (int i = 5; i < 8; i++)
        src[2].p[i].size = 2;
    mix(m, 0, 20000, 1000);
    assert_int_equal(nb_undecoded(m, 0), 0);
    assert_int_equal(nb_undecoded(m, 1), 20);
    assert_int_equal(nb_undecoded(m, 2), 3);
    for (int k = 0; k < 20000; k++) {
        const float one = k < 9600 ? (float)count(&seed, k, 0) : 0;
        assert_true(out[0][k] == (k < 2400 || k >= 3840 ? 2 * one : one));
    }
    assert_int_equal(account_of(m, 0).nb_out, 20);
    assert_int_equal(account_of(m, 1).nb_left[TRTC_LEFT_FORMAT], 20);
    assert_int_equal(account_of(m, 2).nb_left[TRTC_LEFT_UNDECODED], 3);
    assert_int_equal(account_of(m, 2).nb_out, 17);
    trtc_mixer_free(&m);
}

/* Every frame was heard, or has a reason why not: of voices that are switched off and on, that begin
 * before the mix or go on behind it, and that come too late. */
static void test_account(void **state)
{
    (void)state;
    const int seed = 0;
    const struct sound_shape shape = { count, &seed };
    for (int whole = 0; whole < 2; whole++) {
        struct trtc_mixer *m = mixer(RATE, 1);
        for (int i = 0; i < 5; i++) {
            sound_pcm(&src[i], 1, i == 2 ? 192000 : 48000, &shape, i == 1 ? us_of(-9600) : 0, 0);
            add(m, &src[i]);
        }
        src[4].limit = 50; /* live: the rest comes when half of its time has passed */
        mix(m, 0, 12000, 1000);
        trtc_mixer_hear(m, 3, false);
        mix(m, 12000, 36000, 1000);
        src[4].limit = 0;
        trtc_mixer_hear(m, 3, true);
        mix(m, 36000, 60000, 1000);
        trtc_mixer_settle(m, whole, 4800);
        for (int i = 0; i < 5; i++) {
            const struct trtc_ledger l = account_of(m, i);
            assert_int_equal(l.nb_in, whole && i == 2 ? 400 : i == 2 ? l.nb_in : 100);
        }
        assert_int_equal(account_of(m, 0).nb_out, 100);
        assert_int_equal(account_of(m, 1).nb_left[TRTC_LEFT_CUT], 20);
        assert_int_equal(account_of(m, 1).nb_out, 80);
        assert_int_in_range(account_of(m, 2).nb_out, 125, 126);
        assert_int_equal(account_of(m, 3).nb_left[TRTC_LEFT_UNWANTED], 50);
        assert_int_in_range(account_of(m, 4).nb_left[TRTC_LEFT_LATE], 24, 25);
        /* nobody has cut off what is over 0.1 s behind the end */
        if (whole)
            assert_int_in_range(account_of(m, 2).nb_left[TRTC_LEFT_UNPLACED], 264, 266);
        else
            assert_int_equal(account_of(m, 2).nb_left[TRTC_LEFT_UNPLACED], 0);
        trtc_mixer_free(&m);
        clean(NULL);
    }
}

/* A thousand short voices after each other. */
static void test_many_voices(void **state)
{
    (void)state;
    const int seed = 0;
    const struct sound_shape shape = { count, &seed };
    struct trtc_mixer *m = mixer(RATE, 1);
    for (int i = 0; i < 1000; i++) {
        sound_fini(&src[0]);
        sound_pcm(&src[0], 1, 480, &shape, us_of(i * 1000 + 300), 0);
        assert_int_equal(add(m, &src[0]), i);
        mix(m, 0, 1000, 1000);
        for (int k = 0; k < 1000; k++)
            assert_true(out[0][k] == (k >= 300 && k < 780 ? (float)count(&seed, k - 300, 0) : 0));
        if (i >= 2)
            assert_false(trtc_mixer_sounds(m, i - 2));
    }
    trtc_mixer_free(&m);
}

static void test_refusals(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    assert_null(trtc_mixer_new(RATE, 3, &err));
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    assert_null(trtc_mixer_new(0, 1, &err));
    struct trtc_mixer *m = mixer(RATE, 1);
    float *planes[1] = { out[0] };
    assert_int_equal(trtc_mixer_block(m, planes, TRTC_MIXER_BLOCK + 1, &err), -1);
    assert_int_equal(trtc_mixer_block(m, planes, -1, &err), -1);
    assert_int_equal(trtc_mixer_block(m, planes, 0, &err), 0);
    const int v = add(m, &src[0]);
    assert_int_equal(trtc_mixer_voice(m, v, planes, 0), -1); /* nothing was kept */
    trtc_mixer_free(&m);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_sum_is_exact, clean),
        cmocka_unit_test_teardown(test_silence, clean),
        cmocka_unit_test_teardown(test_reads_no_further_than_needed, clean),
        cmocka_unit_test_teardown(test_waiting, clean),
        cmocka_unit_test_teardown(test_hear, clean),
        cmocka_unit_test_teardown(test_channels, clean),
        cmocka_unit_test_teardown(test_rates_together, clean),
        cmocka_unit_test_teardown(test_passing, clean),
        cmocka_unit_test_teardown(test_25_sines_never_clip, clean),
        cmocka_unit_test_teardown(test_keep, clean),
        cmocka_unit_test_teardown(test_broken_voices, clean),
        cmocka_unit_test_teardown(test_account, clean),
        cmocka_unit_test_teardown(test_many_voices, clean),
        cmocka_unit_test_teardown(test_refusals, clean),
    };
    return cmocka_run_group_tests_name("mixer", tests, NULL, NULL);
}
