/* SPDX-License-Identifier: MIT */
/* fill: silence that decodes to silence after anything, and a black picture that stands between the
 * pictures of another encoder. */
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
#include <libavutil/opt.h>

#include "codec/fill.h"
#include "ts/ts.h"
#include "unit/range.h"

static int nb_complaints;

static void count_complaints(void *ctx, int level, const char *fmt, va_list ap)
{
    (void)ctx;
    (void)fmt;
    (void)ap;
    if (level <= AV_LOG_WARNING)
        nb_complaints++;
}

static void send_bytes(AVCodecContext *d, const uint8_t *data, size_t size, int64_t pts)
{
    AVPacket *p = av_packet_alloc();
    assert_true(av_new_packet(p, (int)size) >= 0);
    memcpy(p->data, data, size);
    p->pts = p->dts = pts;
    assert_true(avcodec_send_packet(d, p) >= 0);
    av_packet_free(&p);
}

/* ---- silence ---- */

/* Loud noise, which makes short windows too, as AAC packets. */
static int noise_packets(int rate, int channels, AVPacket **out, int max, AVCodecContext **enc)
{
    AVCodecContext *e = *enc = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_AAC));
    e->sample_rate = rate;
    e->sample_fmt = AV_SAMPLE_FMT_FLTP;
    e->bit_rate = 64000 * channels;
    e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_channel_layout_default(&e->ch_layout, channels);
    assert_true(avcodec_open2(e, NULL, NULL) >= 0);
    AVFrame *f = av_frame_alloc();
    uint32_t seed = 1;
    int n = 0;
    for (int k = 0; n < max; k++) {
        f->format = AV_SAMPLE_FMT_FLTP;
        f->sample_rate = rate;
        f->nb_samples = 1024;
        av_channel_layout_copy(&f->ch_layout, &e->ch_layout);
        assert_true(av_frame_get_buffer(f, 0) >= 0);
        for (int c = 0; c < channels; c++)
            for (int i = 0; i < 1024; i++) {
                seed = seed * 1664525 + 1013904223;
                const float v = (float)(seed >> 8) / 8388608 - 1;
                /* bursts: attacks ask for short windows */
                ((float *)f->extended_data[c])[i] = (k * 1024 + i) / 700 % 3 ? 0 : v;
            }
        f->pts = k * 1024;
        assert_true(avcodec_send_frame(e, f) >= 0);
        av_frame_unref(f);
        out[n] = av_packet_alloc();
        while (n < max && avcodec_receive_packet(e, out[n]) >= 0)
            if (++n < max)
                out[n] = av_packet_alloc();
            else
                break;
        if (n < max)
            av_packet_free(&out[n]);
    }
    av_frame_free(&f);
    return n;
}

static double peak(const AVFrame *f)
{
    double m = 0;
    for (int c = 0; c < f->ch_layout.nb_channels; c++)
        for (int i = 0; i < f->nb_samples; i++) {
            const double v = fabs(((const float *)(const void *)f->extended_data[c])[i]);
            m = v > m ? v : m;
        }
    return m;
}

static void test_silence(void **state)
{
    (void)state;
    static const struct {
        int rate, channels;
    } t[] = { { 48000, 1 }, { 48000, 2 }, { 44100, 2 }, { 16000, 1 }, { 8000, 2 } };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        enum { N = 12 };
        AVPacket *noise[N];
        AVCodecContext *e = NULL;
        assert_int_equal(noise_packets(t[i].rate, t[i].channels, noise, N, &e), N);
        uint8_t *frame;
        size_t size;
        struct trtc_err err;
        assert_int_equal(trtc_silent_aac(t[i].rate, t[i].channels, &frame, &size, &err), 0);
        assert_true(size <= 25);

        AVCodecContext *d = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
        d->extradata = av_mallocz((size_t)e->extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
        memcpy(d->extradata, e->extradata, (size_t)e->extradata_size);
        d->extradata_size = e->extradata_size;
        assert_true(avcodec_open2(d, NULL, NULL) >= 0);
        AVFrame *f = av_frame_alloc();
        nb_complaints = 0;
        av_log_set_callback(count_complaints);
        int nb_loud = 0;
        for (int k = 0; k < N; k++) {
            send_bytes(d, noise[k]->data, (size_t)noise[k]->size, 0);
            assert_true(avcodec_receive_frame(d, f) >= 0);
            nb_loud += peak(f) > 0.1;
            for (int s = 0; s < 3; s++) {
                send_bytes(d, frame, size, 0);
                assert_true(avcodec_receive_frame(d, f) >= 0);
                assert_int_equal(f->nb_samples, 1024);
                assert_int_equal(f->ch_layout.nb_channels, t[i].channels);
                if (s > 0) /* the first lets the frame before it fade out */
                    assert_true(peak(f) < 1e-6);
            }
        }
        av_log_set_callback(av_log_default_callback);
        assert_int_equal(nb_complaints, 0);
        assert_true(nb_loud > 3);
        for (int k = 0; k < N; k++)
            av_packet_free(&noise[k]);
        free(frame);
        av_frame_free(&f);
        avcodec_free_context(&d);
        avcodec_free_context(&e);
    }
}

static void test_silence_refused(void **state)
{
    (void)state;
    uint8_t *frame = NULL;
    size_t size;
    struct trtc_err err = { 0 };
    assert_int_equal(trtc_silent_aac(48000, 6, &frame, &size, &err), -1);
    assert_int_equal(err.code, TRTC_EX_UNAVAILABLE);
    assert_int_equal(trtc_silent_aac(48000, 0, &frame, &size, &err), -1);
    assert_null(frame);
}

/* ---- black ---- */

/* An IDR and one more picture of flat grey; header: with the sets out of band. */
static int grey_pictures(int w, int h, int profile_high, AVPacket *out[2], uint8_t *sets,
                         size_t *sets_size)
{
    AVCodecContext *e = avcodec_alloc_context3(avcodec_find_encoder_by_name("libx264"));
    e->width = w;
    e->height = h;
    e->pix_fmt = AV_PIX_FMT_YUV420P;
    e->time_base = (AVRational){ 1, 25 };
    e->max_b_frames = 0;
    e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_opt_set(e->priv_data, "preset", "veryfast", 0);
    av_opt_set(e->priv_data, "profile", profile_high ? "high" : "baseline", 0);
    assert_true(avcodec_open2(e, NULL, NULL) >= 0);
    AVFrame *f = av_frame_alloc();
    f->format = AV_PIX_FMT_YUV420P;
    f->width = w;
    f->height = h;
    assert_true(av_frame_get_buffer(f, 0) >= 0);
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < (p ? h / 2 : h); y++)
            memset(f->data[p] + (ptrdiff_t)y * f->linesize[p], p ? 110 : 150,
                   (size_t)(p ? w / 2 : w));
    for (int k = 0; k < 2; k++) {
        f->pts = k;
        assert_true(avcodec_send_frame(e, f) >= 0);
    }
    avcodec_send_frame(e, NULL);
    for (int k = 0; k < 2; k++) {
        out[k] = av_packet_alloc();
        assert_true(avcodec_receive_packet(e, out[k]) >= 0);
    }
    memcpy(sets, e->extradata, (size_t)e->extradata_size);
    *sets_size = (size_t)e->extradata_size;
    av_frame_free(&f);
    avcodec_free_context(&e);
    return 0;
}

static void test_black_between(void **state)
{
    (void)state;
    static const struct {
        int w, h, sar_num, sar_den, id, high;
        struct trtc_colour colour;
    } t[] = {
        { 640, 360, 0, 0, 31, 1, { 0 } },
        { 64, 48, 4, 3, 1, 0, { 2, 2, 2, true } },
        { 98, 50, 1, 1, 17, 1, { 9, 16, 9, true } },
        { 1920, 1080, 1, 1, 31, 1, { 1, 1, 1, false } },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        AVPacket *grey[2];
        const struct trtc_video_params like = { .width_px = t[i].w,
                                                .height_px = t[i].h,
                                                .sar_num = t[i].sar_num,
                                                .sar_den = t[i].sar_den,
                                                .colour = t[i].colour };
        const int luma = t[i].colour.full ? 0 : 16;
        uint8_t all[512];
        size_t n;
        struct trtc_err err = { 0 };
        struct trtc_black b;
        grey_pictures(t[i].w, t[i].h, t[i].high, grey, all, &n);
        assert_int_equal(trtc_black_picture(&like, t[i].id, &b, &err), 0);
        const uint8_t *const sets = b.sets, *const au = b.au;
        const size_t sets_size = b.sets_size, au_size = b.au_size;
        assert_true(n + sets_size <= sizeof all);
        memcpy(all + n, sets, sets_size);
        /* start codes of four bytes; a SPS and a PPS; one IDR slice and nothing else */
        assert_memory_equal(sets, "\0\0\0\1", 4);
        assert_int_equal(sets[4] & 31, 7);
        assert_memory_equal(au, "\0\0\0\1", 4);
        assert_int_equal(au[4] & 31, 5);
        struct trtc_video_params params;
        assert_int_equal(trtc_video_params_read(TRTC_CODEC_H264, sets, sets_size, &params), 0);
        assert_int_equal(params.sps_id, t[i].id);
        assert_int_equal(params.width_px, t[i].w);
        assert_int_equal(params.height_px, t[i].h);
        assert_int_equal(params.colour.full, t[i].colour.full);
        assert_int_equal(params.colour.matrix, t[i].colour.primaries ? t[i].colour.matrix : 2);
        assert_int_equal(params.colour.transfer, t[i].colour.primaries ? t[i].colour.transfer : 2);
        for (size_t k = 5; k + 3 < au_size; k++)
            assert_false(au[k] == 0 && au[k + 1] == 0 && au[k + 2] == 1);

        AVCodecContext *d = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
        d->extradata = av_mallocz(n + sets_size + AV_INPUT_BUFFER_PADDING_SIZE);
        memcpy(d->extradata, all, n + sets_size);
        d->extradata_size = (int)(n + sets_size);
        d->thread_count = 1;
        d->err_recognition = AV_EF_EXPLODE | AV_EF_BITSTREAM | AV_EF_BUFFER;
        assert_true(avcodec_open2(d, NULL, NULL) >= 0);
        nb_complaints = 0;
        av_log_set_callback(count_complaints);
        /* grey, grey, black, black, grey, grey */
        AVFrame *f = av_frame_alloc();
        int shown = 0;
        for (int k = 0; k < 7; k++) {
            if (k == 6)
                avcodec_send_packet(d, NULL);
            else if (k == 2 || k == 3)
                send_bytes(d, au, au_size, k);
            else
                send_bytes(d, grey[k % 2]->data, (size_t)grey[k % 2]->size, k);
            while (avcodec_receive_frame(d, f) >= 0) {
                const bool black = shown == 2 || shown == 3;
                assert_int_equal(f->pts, shown);
                assert_int_equal(f->width, t[i].w);
                assert_int_equal(f->height, t[i].h);
                for (int y = 0; y < f->height; y++)
                    for (int x = 0; x < f->width; x++) {
                        const int v = f->data[0][y * f->linesize[0] + x];
                        if (black)
                            assert_int_equal(v, luma);
                        else
                            assert_int_in_range(v, 149, 151);
                    }
                if (black) {
                    assert_int_equal(f->data[1][0], 128);
                    assert_int_equal(f->data[2][0], 128);
                    assert_int_equal(f->sample_aspect_ratio.num, t[i].sar_num);
                }
                shown++;
            }
        }
        av_log_set_callback(av_log_default_callback);
        assert_int_equal(shown, 6);
        assert_int_equal(nb_complaints, 0);
        av_frame_free(&f);
        avcodec_free_context(&d);
        for (int k = 0; k < 2; k++)
            av_packet_free(&grey[k]);
        trtc_black_fini(&b);
    }
}

static void test_black_refused(void **state)
{
    (void)state;
    static const int t[][3] = {
        { 427, 240, 31 }, { 426, 241, 31 }, { 0, 0, 31 }, { 64, 64, 32 }, { 64, 64, -1 }
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const struct trtc_video_params like = { .width_px = t[i][0], .height_px = t[i][1] };
        struct trtc_err err = { 0 };
        struct trtc_black b;
        assert_int_equal(trtc_black_picture(&like, t[i][2], &b, &err), -1);
        assert_int_equal(err.code, TRTC_EX_UNAVAILABLE);
        assert_null(b.sets);
        assert_null(b.au);
    }
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_silence_refused),
        cmocka_unit_test(test_black_between),
        cmocka_unit_test(test_black_refused),
    };
    return cmocka_run_group_tests_name("fill", tests, NULL, NULL);
}
