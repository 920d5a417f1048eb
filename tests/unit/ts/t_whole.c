/* SPDX-License-Identifier: MIT */
/* ts/whole: of a segment that was cut after any of its packets, the pictures that are whole, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ts/ts.h"
#include "ts/tsmux.h"
#include "ts/whole.h"

enum { PICTURES = 120, BYTES = 4 << 20, LARGE = 70000 };

static uint8_t ts_bytes[BYTES];
static size_t nb_bytes;

static int collect(void *opaque, const uint8_t *data, size_t size, struct trtc_err *err)
{
    (void)opaque, (void)err;
    assert_true(nb_bytes + size <= sizeof ts_bytes);
    memcpy(ts_bytes + nb_bytes, data, size);
    nb_bytes += size;
    return 0;
}

/* Sizes of all kinds: some fill their last packet, and some are too large to say their length. */
static size_t size_of(int i)
{
    return i % 40 == 39 ? LARGE + (size_t)i : 20 + (size_t)i * 37 % 1500;
}

/* Pictures, and in between those of which the stream is complete so far. */
static void make(size_t ends[PICTURES])
{
    static uint8_t au[LARGE + PICTURES] = { 0, 0, 0, 1, 0x09, 0xf0, 0, 0, 0, 1, 0x65, 0x88 };
    struct trtc_err err;
    struct trtc_tsmux *m = trtc_tsmux_new(TRTC_CODEC_H264, TRTC_CODEC_NONE, collect, NULL, &err);

    memset(au + 12, 0x55, sizeof au - 12);
    nb_bytes = 0;
    assert_non_null(m);
    assert_int_equal(trtc_tsmux_begin(m, &err), 0);
    for (int i = 0; i < PICTURES; i++) {
        const struct trtc_tsmux_picture pic = {
            .au = { au, size_of(i) }, .pts_90k = i * 6000, .dts_90k = i * 6000, .key = true
        };
        assert_int_equal(trtc_tsmux_video(m, &pic, &err), 0);
        assert_int_equal(trtc_tsmux_flush(m, &err), 0);
        ends[i] = nb_bytes;
    }
    trtc_tsmux_free(&m);
}

static size_t whole_of(size_t bytes)
{
    struct trtc_whole w = { 0 };

    for (size_t at = 0; at + TRTC_TS_PACKET <= bytes; at += TRTC_TS_PACKET)
        trtc_whole_packet(&w, ts_bytes + at);
    return (size_t)w.bytes;
}

static int pictures_in(size_t bytes)
{
    struct trtc_ts *ts = trtc_ts_new(TRTC_VIDEO);
    struct trtc_ts_frame f;
    int nb = 0;

    trtc_ts_feed(ts, ts_bytes, bytes);
    for (int end = 0; end < 2; end++) {
        while (trtc_ts_next(ts, &f) > 0) {
            assert_false(f.damaged);
            assert_int_equal(f.size, size_of(nb));
            nb++;
        }
        if (!end)
            trtc_ts_end(ts);
    }
    trtc_ts_free(&ts);
    return nb;
}

static void test_cut_anywhere(void **state)
{
    size_t ends[PICTURES];

    (void)state;
    make(ends);
    for (size_t bytes = 0; bytes <= nb_bytes; bytes += TRTC_TS_PACKET) {
        const size_t whole = whole_of(bytes);
        int there = 0;

        while (there < PICTURES && ends[there] <= bytes)
            there++;
        assert_true(whole <= bytes);
        /* of one without a length only its stuffing, or what follows, shows its end */
        const int nb = pictures_in(whole);
        if (nb != there)
            assert_true(nb == there - 1 && size_of(nb) > LARGE && ends[nb] == bytes);
        assert_true(there < PICTURES || nb == there);
    }
}

static void test_broken_packets(void **state)
{
    uint8_t packet[TRTC_TS_PACKET] = { 0x48 };
    size_t ends[PICTURES];
    struct trtc_whole w = { 0 };

    (void)state;
    make(ends);
    for (size_t at = 0; at < ends[3]; at += TRTC_TS_PACKET)
        trtc_whole_packet(&w, ts_bytes + at);
    trtc_whole_packet(&w, packet); /* no sync byte */
    for (size_t at = ends[3]; at < ends[5]; at += TRTC_TS_PACKET)
        trtc_whole_packet(&w, ts_bytes + at);
    assert_int_equal(w.bytes, ends[3]);

    w = (struct trtc_whole){ 0 };
    memset(packet, 0xff, sizeof packet);
    packet[0] = 0x47; /* an adaptation field that goes past the packet */
    trtc_whole_packet(&w, packet);
    assert_int_equal(w.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_broken_packets),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
