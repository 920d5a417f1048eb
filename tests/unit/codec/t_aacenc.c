/* SPDX-License-Identifier: MIT */
/* aacenc: what goes in comes out of a decoder at the packets' times. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libavutil/log.h>

#include "codec/aacenc.h"
#include "unit/range.h"

#define FRAMES 12

struct decoded {
    float *s[2];
    int64_t n; /* samples from 0 on */
    int64_t nb_packets;
};

static void receive(struct trtc_aacenc *e, AVCodecContext *d, int rate, int channels,
                    struct decoded *o)
{
    struct trtc_packet p;
    struct trtc_err err;
    AVFrame *f = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();
    int ret;
    while ((ret = trtc_aacenc_receive(e, &p, &err)) == 1) {
        const int64_t pos = o->nb_packets++ * 1024 - 1024;
        assert_int_equal(p.pts_us, llround((double)pos * 1e6 / rate));
        assert_int_equal(p.dts_us, p.pts_us);
        assert_true(p.key);
        assert_true(av_new_packet(pkt, (int)p.size) >= 0);
        memcpy(pkt->data, p.data, p.size);
        assert_true(avcodec_send_packet(d, pkt) >= 0);
        av_packet_unref(pkt);
        assert_true(avcodec_receive_frame(d, f) >= 0);
        assert_int_equal(f->ch_layout.nb_channels, channels);
        if (pos >= 0)
            for (int c = 0; c < channels; c++)
                memcpy(o->s[c] + pos, f->extended_data[c], 1024 * sizeof(float));
        o->n = pos + 1024;
    }
    assert_int_equal(ret, 0);
    av_packet_free(&pkt);
    av_frame_free(&f);
}

/* A tone of another pitch in each channel; the last frame is not full. (Where a tone sets in, the
 * encoder hides noise: not compared.) */
static void test_tones(void **state)
{
    (void)state;
    static const int rates[] = { 48000, 44100, 16000 };
    for (int i = 0; i < 6; i++) {
        const int rate = rates[i / 2], channels = i % 2 + 1;
        struct trtc_err err = { 0 };
        struct trtc_aacenc *e = trtc_aacenc_new(rate, channels, 128000 * channels, &err);
        assert_non_null(e);
        assert_int_equal(trtc_aacenc_frame(e), 1024);
        size_t size;
        const uint8_t *asc = trtc_aacenc_asc(e, &size);
        AVCodecContext *d = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
        d->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
        memcpy(d->extradata, asc, size);
        d->extradata_size = (int)size;
        assert_true(avcodec_open2(d, NULL, NULL) >= 0);
        struct decoded o = { .n = 0 };
        float *in[2];
        const int total = FRAMES * 1024 - 1000;
        for (int c = 0; c < 2; c++) {
            o.s[c] = calloc((FRAMES + 2) * 1024, sizeof(float));
            in[c] = calloc(FRAMES * 1024, sizeof(float));
            assert_true(o.s[c] && in[c]);
            for (int k = 0; k < total; k++)
                in[c][k] =
                    0.5f * sinf(6.2831853f * (float)((400 + 300 * c) * k % rate) / (float)rate);
        }
        for (int at = 0; at < total; at += 1024) {
            const float *planes[2] = { in[0] + at, in[1] + at };
            const int n = total - at < 1024 ? total - at : 1024;
            assert_int_equal(trtc_aacenc_send(e, planes, n, &err), 0);
            receive(e, d, rate, channels, &o);
        }
        assert_int_equal(trtc_aacenc_send(e, NULL, 0, &err), 0);
        receive(e, d, rate, channels, &o);
        assert_int_equal(trtc_aacenc_send(e, NULL, 0, &err), 0);
        assert_int_in_range(o.n, total, FRAMES * 1024);
        for (int c = 0; c < channels; c++) {
            double diff = 0;
            for (int k = 2048; k < total - 2048; k++)
                diff += pow((double)o.s[c][k] - (double)in[c][k], 2);
            if (sqrt(diff / total) > 0.02)
                fail_msg("%d Hz, channel %d of %d: off by %.4f", rate, c, channels,
                         sqrt(diff / total));
        }
        for (int c = 0; c < 2; c++) {
            free(o.s[c]);
            free(in[c]);
        }
        avcodec_free_context(&d);
        trtc_aacenc_free(&e);
        assert_null(e);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        int rate, channels;
    } t[] = { { 48000, 0 }, { 48000, 3 }, { 0, 1 }, { 12345, 1 }, { 192000, 2 } };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        assert_null(trtc_aacenc_new(t[i].rate, t[i].channels, 0, &err));
        assert_int_equal(err.code, TRTC_EX_UNAVAILABLE);
        assert_true(strlen(err.msg) > 0);
    }
    struct trtc_err err = { 0 };
    static const float zero[1025];
    const float *planes[1] = { zero };
    struct trtc_packet p;
    struct trtc_aacenc *e = trtc_aacenc_new(48000, 1, 0, &err);
    assert_non_null(e);
    assert_int_equal(trtc_aacenc_receive(e, &p, &err), 0);
    assert_int_equal(trtc_aacenc_send(e, planes, 1025, &err), -1);
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    assert_int_equal(trtc_aacenc_send(e, planes, -1, &err), -1);
    trtc_aacenc_free(&e);
    trtc_aacenc_free(&e);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tones),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("aacenc", tests, NULL, NULL);
}
