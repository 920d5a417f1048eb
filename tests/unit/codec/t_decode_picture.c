/* SPDX-License-Identifier: MIT */
/* Tests of codec/decode_picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/decode_picture.h"
#include "codec/ffmpeg.h"

/* Appends a macroblock of samples. */
static uint8_t *put_samples(uint8_t *p)
{
    memset(p, 100, 320);
    memset(p + 320, 150, 64);
    return p + 384;
}

/* An access unit: an upper field ('U') or the lower one that is like the picture before ('L'), both of one macroblock, or
 * a whole frame of two ('W'); at first with parameter sets. Returns its size. */
static int put_unit(uint8_t *to, char kind, bool first)
{
    static const uint8_t sets[] = { 0,    0,    0, 1, 0x67, 0x4d, 0,    0x1e, 0xe5, 0x6c,
                                    0xa1, 0,    0, 3, 0,    1,    0,    0,    3,    0,
                                    0x32, 0x84, 0, 0, 0,    1,    0x68, 0xce, 0x3c, 0x80 };
    static const uint8_t upper[] = { 0, 0, 0, 1, 0x65, 0x88, 0x85, 0, 0x28, 0x34 };
    static const uint8_t lower[] = { 0, 0, 0, 1, 0x61, 0x9a, 0x18, 0x08, 0xa5 };
    static const uint8_t whole[] = { 0, 0, 0, 1, 0x65, 0x88, 0x82, 0, 0x50, 0x68 };
    uint8_t *p = to;

    if (kind == 'L') {
        memcpy(p, lower, sizeof lower);
        return sizeof lower;
    }
    memcpy(p, sets, first ? sizeof sets : 0);
    p += first ? sizeof sets : 0;
    memcpy(p, kind == 'U' ? upper : whole, sizeof whole);
    p = put_samples(p + sizeof whole);
    if (kind == 'W') {
        memcpy(p, "\x0d", 2); /* the next macroblock */
        p = put_samples(p + 2);
    }
    *p++ = 0x80;
    return (int)(p - to);
}

/* Fields beside whole frames are not damaged. */
static void test_fields(void **state)
{
    enum { NB = 60 };
    AVPacket *pkt = av_packet_alloc();
    AVFrame *pic = av_frame_alloc();
    AVCodecContext *c = NULL;
    uint8_t data[1024];
    int nb = 0;

    (void)state;
    for (int i = 0; i <= NB; i++) {
        const int size = put_unit(data, "ULW"[i % 3], i == 0);
        assert_int_equal(av_new_packet(pkt, size), 0);
        memcpy(pkt->data, data, (size_t)size);
        if (!c) {
            const struct trtc_picture_decoder_opts o = {
                .codec = avcodec_find_decoder(AV_CODEC_ID_H264), .first = pkt, .threads = 2
            };
            c = trtc_picture_decoder_new(&o, NULL);
            assert_non_null(c);
        }
        assert_int_equal(avcodec_send_packet(c, i < NB ? pkt : NULL), 0);
        av_packet_unref(pkt);
        for (; avcodec_receive_frame(c, pic) == 0; nb++)
            assert_true(pic->decode_error_flags == 0 && !(pic->flags & AV_FRAME_FLAG_CORRUPT));
    }
    assert_int_equal(nb, NB / 3 * 2);
    avcodec_free_context(&c);
    av_frame_free(&pic);
    av_packet_free(&pkt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
    };
    if (trtc_ffmpeg_load(NULL) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
