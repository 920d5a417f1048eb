/* SPDX-License-Identifier: MIT */
/* aenc: sound ends up where its time stamps say, to the sample where there is no drift. Positions
 * are read off clicks: short bursts in an otherwise quiet tone. */
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
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>
#include <libavutil/log.h>

#include "base/utc.h"
#include "codec/aenc.h"
#include "unit/range.h"

#define MAX 4096

struct unit {
    uint8_t *data;
    size_t size;
    int64_t pts_us;
};

struct source {
    struct unit u[MAX];
    int n;
};

static struct source src;

static void source_fini(void)
{
    for (int i = 0; i < src.n; i++)
        free(src.u[i].data);
    src.n = 0;
}

/* A burst of 2 kHz, 3 ms long, that begins at click_s. From second 100 on the source is silent. */
static float sample(double s, double click_s)
{
    if (s > 99.9)
        return 0;
    const double pi = 3.14159265358979323846;
    if (s >= click_s && s < click_s + 0.003)
        return (float)(0.9 * sin(2 * pi * 2000 * (s - click_s)));
    return (float)(0.05 * sin(2 * pi * 440 * s));
}

/* AAC in ADTS, as far as it matters here (MPEG-4, LC, no CRC). */
static uint8_t *adts(const AVPacket *p, int rate_index, int channels, size_t *size)
{
    *size = (size_t)p->size + 7;
    uint8_t *d = malloc(*size);
    assert_non_null(d);
    d[0] = 0xff;
    d[1] = 0xf1;
    d[2] = (uint8_t)(1 << 6 | rate_index << 2 | channels >> 2);
    d[3] = (uint8_t)((channels & 3) << 6 | (int)(*size >> 11));
    d[4] = (uint8_t)(*size >> 3);
    d[5] = (uint8_t)((*size & 7) << 5 | 0x1f);
    d[6] = 0xfc;
    memcpy(d + 7, p->data, (size_t)p->size);
    return d;
}

/* Appends seconds of sound from the source's own second from_s on, coded as name ("aac": in ADTS),
 * clicking at clicks[]; time stamps begin at at_us and run `ppm` fast. */
static void make(const char *name, int rate, int channels, double from_s, double seconds,
                 const double *clicks, int nb_clicks, int64_t at_us, double ppm)
{
    const AVCodec *c = avcodec_find_encoder_by_name(name);
    assert_non_null(c);
    AVCodecContext *e = avcodec_alloc_context3(c);
    e->sample_rate = rate;
    e->sample_fmt = !strcmp(name, "mp2") ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_FLTP;
    e->bit_rate = (strcmp(name, "mp2") || rate > 24000 ? 96000 : 64000) * channels;
    e->time_base = (AVRational){ 1, rate };
    av_channel_layout_default(&e->ch_layout, channels);
    assert_true(avcodec_open2(e, c, NULL) >= 0);
    const int size = e->frame_size;
    AVFrame *f = av_frame_alloc();
    AVPacket *p = av_packet_alloc();
    const int64_t total = (int64_t)(seconds * rate);
    for (int64_t pos = 0; pos < total + 2 * size; pos += size) {
        f->format = e->sample_fmt;
        f->nb_samples = size;
        f->sample_rate = rate;
        av_channel_layout_copy(&f->ch_layout, &e->ch_layout);
        assert_true(av_frame_get_buffer(f, 0) >= 0);
        for (int i = 0; i < size; i++) {
            const double s = from_s + (double)(pos + i) / rate;
            double click = -1;
            for (int k = 0; k < nb_clicks; k++)
                if (s >= clicks[k])
                    click = clicks[k];
            for (int ch = 0; ch < channels; ch++) {
                if (e->sample_fmt == AV_SAMPLE_FMT_FLTP)
                    ((float *)(void *)f->extended_data[ch])[i] = sample(s, click);
                else
                    ((int16_t *)(void *)f->data[0])[i * channels + ch] =
                        (int16_t)(sample(s, click) * 32000);
            }
        }
        f->pts = pos;
        assert_true(avcodec_send_frame(e, f) >= 0);
        av_frame_unref(f);
        while (avcodec_receive_packet(e, p) >= 0) {
            if (p->pts >= 0 && p->pts + size <= total) {
                assert_true(src.n < MAX);
                struct unit *u = &src.u[src.n++];
                u->pts_us = at_us + llround((double)p->pts * 1e6 / rate * (1 + ppm / 1e6));
                if (!strcmp(name, "aac")) {
                    u->data = adts(p,
                                   rate == 48000   ? 3
                                   : rate == 44100 ? 4
                                                   : 8,
                                   channels, &u->size);
                } else {
                    u->data = malloc((size_t)p->size);
                    u->size = (size_t)p->size;
                    memcpy(u->data, p->data, u->size);
                }
            }
            av_packet_unref(p);
        }
    }
    av_packet_free(&p);
    av_frame_free(&f);
    avcodec_free_context(&e);
}

/* ---- output ---- */

struct output {
    float *s[2];
    int64_t n;
    int64_t nb_broken;
};

static void output_fini(struct output *o)
{
    free(o->s[0]);
    free(o->s[1]);
}

static void pull(struct trtc_aenc *a, const struct trtc_aenc_opts *opts, AVCodecContext *d,
                 AVFrame *f, struct output *o, int64_t *nb)
{
    struct trtc_packet p;
    struct trtc_err err;
    int ret;
    while ((ret = trtc_aenc_receive(a, &p, &err)) == 1) {
        /* one packet each 1024 samples from -1024 on */
        const int64_t pos = (*nb)++ * 1024 - 1024;
        assert_int_equal(p.pts_us, llround((double)pos * 1e6 / opts->rate_hz));
        AVPacket *pkt = av_packet_alloc();
        assert_true(av_new_packet(pkt, (int)p.size) >= 0);
        memcpy(pkt->data, p.data, p.size);
        assert_true(avcodec_send_packet(d, pkt) >= 0);
        av_packet_free(&pkt);
        assert_true(avcodec_receive_frame(d, f) >= 0);
        assert_int_equal(f->nb_samples, 1024);
        assert_int_equal(f->ch_layout.nb_channels, opts->channels);
        if (pos < 0)
            continue;
        for (int c = 0; c < opts->channels; c++) {
            o->s[c] = realloc(o->s[c], (size_t)(pos + 1024) * sizeof(float));
            assert_non_null(o->s[c]);
            memcpy(o->s[c] + pos, f->extended_data[c], 1024 * sizeof(float));
        }
        o->n = pos + 1024;
    }
    assert_int_equal(ret, 0);
}

static void run(const struct trtc_aenc_opts *opts, const char *name, int64_t end_us,
                struct output *o)
{
    struct trtc_err err = { 0 };
    struct trtc_aenc *a = trtc_aenc_new(opts, &err);
    assert_non_null(a);
    AVCodecContext *d = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
    size_t n;
    const uint8_t *asc = trtc_aenc_asc(a, &n);
    d->extradata = av_mallocz(n + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(d->extradata, asc, n);
    d->extradata_size = (int)n;
    assert_true(avcodec_open2(d, NULL, NULL) >= 0);
    AVFrame *f = av_frame_alloc();
    *o = (struct output){ .n = 0 };
    int64_t nb = 0;
    for (int i = 0; i < src.n; i++) {
        const struct trtc_packet p = {
            .data = src.u[i].data,
            .size = src.u[i].size,
            .pts_us = src.u[i].pts_us,
            .dts_us = src.u[i].pts_us,
        };
        assert_int_equal(trtc_aenc_send(a, name, &p, &err), 0);
        pull(a, opts, d, f, o, &nb);
    }
    assert_int_equal(trtc_aenc_end(a, end_us, &err), 0);
    pull(a, opts, d, f, o, &nb);
    const int64_t want = llround((double)end_us * opts->rate_hz / 1e6);
    assert_int_in_range(o->n, want, want + 1023);
    o->nb_broken = trtc_aenc_nb_broken(a);
    av_frame_free(&f);
    avcodec_free_context(&d);
    trtc_aenc_free(&a);
    assert_null(a);
}

/* First sample from `from` on that is as loud as only a click is, -1 if none. */
static int64_t find_click(const struct output *o, int channel, int64_t from)
{
    for (int64_t i = from; i < o->n; i++)
        if (fabsf(o->s[channel][i]) > 0.3f)
            return i;
    return -1;
}

static double rms(const struct output *o, int64_t from, int64_t to)
{
    double sum = 0;
    assert_true(from < to && to <= o->n);
    for (int64_t i = from; i < to; i++)
        sum += (double)o->s[0][i] * o->s[0][i];
    return sqrt(sum / (double)(to - from));
}

/* A click of the source at s_s must be heard at the output's s_s, within tol_s. */
static void assert_click(const struct output *o, int rate, int channel, double s_s, double tol_s)
{
    const int64_t i = find_click(o, channel, (int64_t)((s_s - 0.1) * rate));
    if (i < 0 || fabs((double)i / rate - s_s) > tol_s)
        fail_msg("click of %.4f s is at %.4f s", s_s, (double)i / rate);
}

static const double clicks[] = { 0.5, 1.25, 2.0, 2.75, 3.5, 10, 30, 59.5 };
static const int nb_clicks = sizeof clicks / sizeof clicks[0];

/* ---- formats ---- */

static void test_formats(void **state)
{
    (void)state;
    static const struct {
        const char *codec;
        int rate, channels, out_rate, out_channels;
    } t[] = {
        { "aac", 48000, 1, 48000, 1 }, { "aac", 48000, 2, 48000, 2 }, { "aac", 44100, 2, 48000, 1 },
        { "aac", 44100, 1, 48000, 2 }, { "aac", 16000, 1, 48000, 1 }, { "aac", 48000, 6, 48000, 2 },
        { "aac", 48000, 2, 44100, 2 }, { "mp2", 48000, 2, 48000, 2 },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct output o;
        const struct trtc_aenc_opts opts = { .rate_hz = t[i].out_rate,
                                             .channels = t[i].out_channels };
        make(t[i].codec, t[i].rate, t[i].channels, 0, 2.5, clicks, nb_clicks, 0, 0);
        run(&opts, t[i].codec, 2500000, &o);
        assert_int_equal(o.nb_broken, 0);
        /* the loudness stays, whatever becomes of the channels */
        for (int c = 0; c < t[i].out_channels && t[i].channels <= 2; c++)
            for (int k = 0; k < 3; k++)
                assert_click(&o, opts.rate_hz, c, clicks[k], 0.0002);
        const double level = rms(&o, opts.rate_hz * 3 / 4, opts.rate_hz);
        if (t[i].channels <= 2 && fabs(level - 0.05 / sqrt(2)) > 0.004)
            fail_msg("case %zu: level %.4f", i, level);
        output_fini(&o);
        source_fini();
    }
}

/* Partial and joined frames of a codec that is no ADTS go through a parser. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    struct output o;
    make("mp2", 48000, 2, 0, 2.4, clicks, nb_clicks, 0, 0);
    struct source whole = src;
    src.n = 0;
    size_t total = 0;
    for (int i = 0; i < whole.n; i++)
        total += whole.u[i].size;
    uint8_t *all = malloc(total);
    assert_non_null(all);
    size_t n = 0;
    for (int i = 0; i < whole.n; i++) {
        memcpy(all + n, whole.u[i].data, whole.u[i].size);
        n += whole.u[i].size;
        free(whole.u[i].data);
    }
    for (size_t off = 0; off < total; off += 1000) {
        struct unit *u = &src.u[src.n++];
        u->size = total - off < 1000 ? total - off : 1000;
        u->data = malloc(u->size);
        memcpy(u->data, all + off, u->size);
        u->pts_us = off ? TRTC_NOTIME : whole.u[0].pts_us;
    }
    free(all);
    run(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 2 }, "mp2", 2400000, &o);
    assert_int_equal(o.nb_broken, 0);
    for (int k = 0; k < 3; k++)
        assert_click(&o, 48000, 0, clicks[k], 0.0002);
    output_fini(&o);
    source_fini();
}

/* ---- placement ---- */

static void test_hole_is_silence(void **state)
{
    (void)state;
    struct output o;
    /* starts late, then a hole from about 1.3 s to 2.3 s */
    make("aac", 48000, 1, 0.1, 1.2, clicks, nb_clicks, 100000, 0);
    make("aac", 48000, 1, 2.3, 1.7, clicks, nb_clicks, 2300000, 0);
    run(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 1 }, "aac", 4500000, &o);
    static const int heard[] = { 0, 1, 3, 4 };
    for (int k = 0; k < 4; k++)
        assert_click(&o, 48000, 0, clicks[heard[k]], 0.0002);
    const int64_t hole_from = 4800 + 56 * 1024, hole_to = 110400; /* 1.2 s are 56 whole frames */
    assert_true(rms(&o, 0, 4800 - 1024) < 1e-4);
    assert_true(rms(&o, 4800 + 64, 5800) > 0.02);
    assert_true(rms(&o, hole_from - 1024, hole_from - 64) > 0.02);
    assert_true(rms(&o, hole_from + 1024, hole_to - 1024) < 1e-4);
    assert_true(rms(&o, hole_to + 64, hole_to + 1024) > 0.02);
    assert_true(rms(&o, 4 * 48000 + 2048, 4500 * 48) < 1e-4);
    output_fini(&o);
    source_fini();
}

/* What was before a hole must not sound once more after it, from the decoder's memory. */
static void test_no_echo_after_a_hole(void **state)
{
    (void)state;
    struct output o;
    make("aac", 48000, 1, 0, 1, clicks, nb_clicks, 0, 0);
    make("aac", 48000, 1, 100, 1, clicks, nb_clicks, 2000000, 0);
    run(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 1 }, "aac", 3000000, &o);
    assert_true(rms(&o, 24000, 46000) > 0.02);
    assert_true(rms(&o, 96000, 97024) < 1e-4);
    output_fini(&o);
}

static void test_overlap_is_dropped(void **state)
{
    (void)state;
    struct output o;
    /* 0..2 s, then once more from 1 s on; the clicks at 1.25 and 2.0 are heard once, in place */
    make("aac", 48000, 1, 0, 2.2, clicks, nb_clicks, 0, 0);
    make("aac", 48000, 1, 1, 2, clicks, nb_clicks, 1000000, 0);
    run(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 1 }, "aac", 3000000, &o);
    for (int k = 0; k < 4; k++)
        assert_click(&o, 48000, 0, clicks[k], 0.0002);
    assert_int_equal(find_click(&o, 0, 60480),
                     find_click(&o, 0, 95000)); /* from 1.26 s on: 2.0 s */
    output_fini(&o);

    /* before the beginning: cut off */
    source_fini();
    make("aac", 48000, 1, 0, 1.28, clicks, nb_clicks, 0, 0);
    for (int i = 0; i < src.n; i++)
        src.u[i].pts_us -= 300000;
    run(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 1 }, "aac", 1000000, &o);
    assert_click(&o, 48000, 0, 0.2, 0.0002);
    assert_click(&o, 48000, 0, 0.95, 0.0002);
    output_fini(&o);
    source_fini();
}

static void test_rounded_stamps_are_no_holes(void **state)
{
    (void)state;
    struct output o;
    make("aac", 48000, 1, 0, 3, clicks, nb_clicks, 0, 0);
    for (int i = 0; i < src.n; i++)
        src.u[i].pts_us = (src.u[i].pts_us + i * 7919 % 11 * 1000) / 1000 * 1000 - 5000 * (i > 0);
    run(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 1 }, "aac", 3000000, &o);
    for (int k = 0; k < 4; k++)
        assert_click(&o, 48000, 0, clicks[k], 0.001);
    /* the tone goes on without a break: no step is larger than the tone's own */
    for (int64_t i = 2048; i < 3 * 48000 - 4096; i++) {
        bool click = false;
        for (int k = 0; k < nb_clicks; k++)
            click |= fabs((double)i / 48000 - clicks[k]) < 0.05;
        if (!click && fabsf(o.s[0][i] - o.s[0][i - 1]) > 0.008f)
            fail_msg("a step of %.4f at %.4f s", (double)fabsf(o.s[0][i] - o.s[0][i - 1]),
                     (double)i / 48000);
    }
    output_fini(&o);
    source_fini();
}

static void test_drift_is_followed(void **state)
{
    (void)state;
    static const struct {
        double ppm, seconds;
        int last;
    } t[] = { { 200, 60, 8 }, { -200, 11, 6 }, { 400, 31, 7 } };
    for (int k = 0; k < 3; k++) {
        struct output o;
        make("mp2", 16000, 1, 0, t[k].seconds, clicks, nb_clicks, 0, t[k].ppm);
        const int64_t end_us = src.u[src.n - 1].pts_us + 72000; /* a frame of 1152 samples */
        run(&(struct trtc_aenc_opts){ .rate_hz = 16000, .channels = 1 }, "mp2", end_us, &o);
        for (int c = 5; c < t[k].last; c++)
            assert_click(&o, 16000, 0, clicks[c] * (1 + t[k].ppm / 1e6), 0.002);
        output_fini(&o);
        source_fini();
    }
}

static void test_format_change(void **state)
{
    (void)state;
    struct output o;
    make("aac", 48000, 1, 0, 1.0, clicks, nb_clicks, 0, 0);
    const int64_t join = (int64_t)src.n * 1024 * 1000000 / 48000;
    make("aac", 44100, 2, (double)join / 1e6, 1.5, clicks, nb_clicks, join, 0);
    run(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 2 }, "aac", 2500000, &o);
    assert_int_equal(o.nb_broken, 0);
    for (int k = 0; k < 3; k++)
        assert_click(&o, 48000, 1, clicks[k], 0.0002);
    output_fini(&o);
    source_fini();
}

/* ---- what is wrong with the input or the call ---- */

static void test_damage_is_silence(void **state)
{
    (void)state;
    struct output o;
    make("aac", 48000, 1, 0, 3, clicks, nb_clicks, 0, 0);
    for (int i = 40; i < 45; i++)
        memset(src.u[i].data, 0x55, src.u[i].size);
    src.u[80].size = 0;
    run(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 1 }, "aac", 3000000, &o);
    assert_int_equal(o.nb_broken, 6);
    assert_click(&o, 48000, 0, clicks[1], 0.0002);
    assert_click(&o, 48000, 0, clicks[2], 0.0002);
    assert_true(rms(&o, 41 * 1024, 44 * 1024) < 1e-3);
    output_fini(&o);
    source_fini();
}

static void test_no_input(void **state)
{
    (void)state;
    struct output o;
    run(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 2 }, NULL, 1000000, &o);
    assert_true(rms(&o, 0, 48000) < 1e-6);
    output_fini(&o);
    run(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 2 }, NULL, 0, &o);
    assert_int_equal(o.n, 0);
    output_fini(&o);
}

static void test_refusals(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    assert_null(trtc_aenc_new(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 6 }, &err));
    assert_int_equal(err.code, TRTC_EX_UNAVAILABLE);
    assert_null(trtc_aenc_new(&(struct trtc_aenc_opts){ .rate_hz = 12345, .channels = 1 }, &err));
    assert_int_equal(err.code, TRTC_EX_UNAVAILABLE);
    struct trtc_aenc *a =
        trtc_aenc_new(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 1 }, &err);
    assert_non_null(a);
    const uint8_t byte = 0;
    const struct trtc_packet p = { .data = &byte, .size = 1 };
    assert_int_equal(trtc_aenc_send(a, "unknown", &p, &err), -1);
    assert_int_equal(err.code, TRTC_EX_UNAVAILABLE);
    assert_int_equal(trtc_aenc_send(a, "h264", &p, &err), -1);
    assert_int_equal(trtc_aenc_send(a, "aac", &p, &err), 0);
    assert_int_equal(trtc_aenc_send(a, "aac", &p, &err), -1); /* not drained */
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    trtc_aenc_free(&a);
    trtc_aenc_free(&a);
}

/* Ten hours of silence come step by step. */
static void test_long_hole_streams(void **state)
{
    (void)state;
    struct trtc_err err;
    struct trtc_aenc *a =
        trtc_aenc_new(&(struct trtc_aenc_opts){ .rate_hz = 48000, .channels = 1 }, &err);
    struct trtc_packet p;
    assert_int_equal(trtc_aenc_end(a, 36000 * INT64_C(1000000), &err), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(trtc_aenc_receive(a, &p, &err), 1);
    trtc_aenc_free(&a);
}

/* A failed test must not leave its source to the next. */
static int clean(void **state)
{
    (void)state;
    source_fini();
    return 0;
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_formats, clean),
        cmocka_unit_test_setup(test_cut_anywhere, clean),
        cmocka_unit_test_setup(test_hole_is_silence, clean),
        cmocka_unit_test_setup(test_no_echo_after_a_hole, clean),
        cmocka_unit_test_setup(test_overlap_is_dropped, clean),
        cmocka_unit_test_setup(test_rounded_stamps_are_no_holes, clean),
        cmocka_unit_test_setup(test_drift_is_followed, clean),
        cmocka_unit_test_setup(test_format_change, clean),
        cmocka_unit_test_setup(test_damage_is_silence, clean),
        cmocka_unit_test_setup(test_no_input, clean),
        cmocka_unit_test_setup(test_refusals, clean),
        cmocka_unit_test_setup(test_long_hole_streams, clean),
    };
    return cmocka_run_group_tests_name("aenc", tests, NULL, NULL);
}
