/* SPDX-License-Identifier: MIT */
/* Fragments of an MP4: their times, and places in the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "container/fragments.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void put_box(struct trtc_fragments *f, const char *type, const uint8_t *p, size_t n)
{
    trtc_fragments_box(f, (const uint8_t *)type, f->at + 8, f->at + 16,
                       (struct trtc_bytes){ p, n });
}

/* A fragment of track 1 with samples of so many ticks. time: NULL: it states none. */
static void put_fragment(struct trtc_fragments *f, uint8_t number, const uint64_t *time,
                         const uint32_t *ticks, uint8_t n)
{
    static const uint8_t head[] = { 0, 2, 0, 0, 0, 0, 0, 1 };
    const uint8_t mfhd[] = { 0, 0, 0, 0, 0, 0, 0, number };
    uint8_t tfdt[12] = { 1 }, trun[8 + 4 * 16] = { 0, 0, 1, 0, 0, 0, 0, n };

    put_box(f, "mfhd", mfhd, sizeof mfhd);
    trtc_fragments_box(f, (const uint8_t *)"traf", f->at + 8, f->at + 90, (struct trtc_bytes){ 0 });
    put_box(f, "tfhd", head, sizeof head);
    for (int i = 0; time && i < 8; i++)
        tfdt[4 + i] = (uint8_t)(*time >> (56 - 8 * i));
    if (time)
        put_box(f, "tfdt", tfdt, sizeof tfdt);
    for (int i = 0; i < n; i++)
        put_u32(trun + 8 + 4 * i, ticks[i]);
    put_box(f, "trun", trun, 8 + 4u * n);
    trtc_fragments_walked(f, true);
}

/* Damaged numbers in fragments, which are added up. */
static void test_large_times_of_fragments(void **state)
{
    static const uint8_t head[] = { 0, 0, 0, 8, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff },
                         many[] = { 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff };
    const uint64_t late = UINT64_MAX;
    struct trtc_fragments f = { 0 };
    (void)state;
    trtc_fragments_track(&f, 1, 1000);
    for (int i = 0; i < 20; i++) {
        trtc_fragments_next(&f, i * 100);
        trtc_fragments_box(&f, (const uint8_t *)"traf", f.at + 8, f.at + 90,
                           (struct trtc_bytes){ 0 });
        put_box(&f, "tfhd", head, sizeof head);
        for (int k = 0; k < 10; k++)
            put_box(&f, "trun", many, sizeof many);
        trtc_fragments_walked(&f, true);
        assert_true(f.lanes[0].end >= 0 && f.lanes[0].line >= 0 && f.ticks >= 0);
        trtc_fragments_next(&f, i * 100 + 50);
        put_fragment(&f, 1, &late, &(uint32_t){ UINT32_MAX }, 1);
        assert_true(f.lanes[0].end >= 0 && f.lanes[0].line >= 0 && f.ticks >= 0);
    }
}

/* A run of samples may state no position, and follows the one before then: libavformat would read the first
 * one again. */
static void test_run_without_position(void **state)
{
    static const uint8_t header[] = { 0, 2, 0, 0, 0, 0, 0, 1 },
                         run[] = { 0, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 9 };
    (void)state;
    for (int n = 1; n <= 2; n++) {
        struct trtc_fragments f = { 0 };

        trtc_fragments_track(&f, 1, 1000);
        trtc_fragments_next(&f, 100);
        trtc_fragments_box(&f, (const uint8_t *)"traf", f.at + 8, f.at + 90,
                           (struct trtc_bytes){ 0 });
        put_box(&f, "tfhd", header, sizeof header);
        for (int i = 0; i < n; i++)
            put_box(&f, "trun", run, sizeof run);
        trtc_fragments_walked(&f, true);
        trtc_fragments_data(&f, 100, 100 + 9 * n);
        const char *fault = trtc_fragments_next(&f, -1);
        assert_int_equal(fault && strstr(fault, "wrong place"), n > 1);
    }
}

/* Writers who do not know yet how long the last picture of a fragment is shown state the length of
 * the one before. A shared screen may change every few seconds, or now and then. */
static void test_guessed_durations_of_fragments(void **state)
{
    static const struct {
        uint32_t each[3], actual[2]; /* durations; of the last picture of every other fragment */
        uint8_t n;
    } t[] = { { { 5000 }, { 2000, 5000 }, 1 }, { { 100, 5000, 5000 }, { 100, 5000 }, 3 } };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct trtc_fragments f = { 0 };
        uint64_t at = 0;
        trtc_fragments_track(&f, 1, 1000);
        for (uint8_t k = 0; k < 20; k++) {
            uint32_t ticks[3];
            memcpy(ticks, t[i].each, sizeof ticks);
            if (t[i].n == 1)
                ticks[0] = t[i].actual[(k + 1) % 2];
            assert_null(trtc_fragments_next(&f, k * 100));
            put_fragment(&f, k, &at, ticks, t[i].n);
            for (int p = 0; p + 1 < t[i].n; p++)
                at += ticks[p];
            at += t[i].actual[k % 2];
        }
        assert_null(trtc_fragments_next(&f, -1));
    }
}

/* FFmpeg states the time of a fragment that begins before 0 as a negative number. */
static void test_fragments_before_zero(void **state)
{
    struct trtc_fragments f = { 0 };
    int64_t at = -1024;
    (void)state;
    trtc_fragments_track(&f, 1, 48000);
    for (uint8_t k = 0; k < 5; k++, at += 96000) {
        const uint64_t time = (uint64_t)at;
        assert_null(trtc_fragments_next(&f, k * 100));
        put_fragment(&f, k, &time, (const uint32_t[]){ 48000, 48000 }, 2);
    }
    assert_null(trtc_fragments_next(&f, -1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_times_of_fragments),
        cmocka_unit_test(test_run_without_position),
        cmocka_unit_test(test_guessed_durations_of_fragments),
        cmocka_unit_test(test_fragments_before_zero),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fragments", tests, NULL, NULL);
}
