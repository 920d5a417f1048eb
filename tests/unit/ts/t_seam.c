/* SPDX-License-Identifier: MIT */
/* ts/seam: segments that follow, that are cut short, that pause between them, and whose counters begin anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ts/seam.h"
#include "ts/tsmux.h"

enum { SEGMENTS = 4, PICTURES = 25, STEP_90K = 3600, BYTES = 1 << 18, AU = 1000 };

struct made {
    uint8_t bytes[BYTES];
    size_t n;
} made[SEGMENTS];

static int collect(void *opaque, const uint8_t *data, size_t size, struct trtc_err *err)
{
    struct made **to = opaque;

    (void)err;
    assert_true((*to)->n + size <= BYTES);
    memcpy((*to)->bytes + (*to)->n, data, size);
    (*to)->n += size;
    return 0;
}

/* Segments of a second, between the second and the third of which pause_90k passes. single: each is made by
 * a multiplexer of its own. */
static void make(int64_t pause_90k, bool single)
{
    static uint8_t au[AU] = { 0, 0, 0, 1, 0x09, 0xf0, 0, 0, 0, 1, 0x65, 0x88 };
    struct trtc_tsmux *m = NULL;
    struct made *to;
    struct trtc_err err;

    memset(au + 12, 0x55, sizeof au - 12);
    for (int i = 0; i < SEGMENTS; i++) {
        to = &made[i];
        to->n = 0;
        if (!m)
            m = trtc_tsmux_new(TRTC_CODEC_H264, TRTC_CODEC_NONE, collect, &to, &err);
        assert_non_null(m);
        assert_int_equal(trtc_tsmux_begin(m, &err), 0);
        for (int k = 0; k < PICTURES; k++) {
            const int64_t at = (i * PICTURES + k) * STEP_90K + (i >= 2 ? pause_90k : 0);
            const struct trtc_tsmux_picture pic = {
                .au = { au, AU }, .pts_90k = at, .dts_90k = at, .key = true
            };
            assert_int_equal(trtc_tsmux_video(m, &pic, &err), 0);
        }
        assert_int_equal(trtc_tsmux_end(m, NULL, &err), 0);
        if (single)
            trtc_tsmux_free(&m);
    }
    trtc_tsmux_free(&m);
}

/* What was found in front of segment i. */
static struct trtc_seam_join joins[SEGMENTS];

static bool goes_on(uint8_t counters[8192], const uint8_t *p)
{
    uint8_t *c = &counters[(p[1] & 0x1f) << 8 | p[2]];
    const uint8_t want = *c;
    const bool payload = p[3] & 0x10;

    if (payload)
        *c = 16 | ((p[3] + 1) & 0xf);
    return !payload || want == 0 || (want & 0xf) == (p[3] & 0xf);
}

/* Reads all segments in blocks. Returns whether the counters go on in what was returned. */
static bool run(struct trtc_seam *s, size_t block)
{
    static uint8_t counters[8192], copy[BYTES];
    bool all = true;

    memset(s, 0, sizeof *s);
    memset(joins, 0, sizeof joins);
    memset(counters, 0, sizeof counters);
    for (int i = 0; i < SEGMENTS; i++) {
        struct trtc_seam_join j;
        memcpy(copy, made[i].bytes, made[i].n);
        trtc_seam_begin(s);
        for (size_t at = 0; at < made[i].n; at += block) {
            const size_t n = made[i].n - at < block ? made[i].n - at : block;
            trtc_seam_take(s, copy + at, n);
            if (trtc_seam_compare(s, false, &j))
                joins[i] = j;
        }
        trtc_seam_end(s);
        if (trtc_seam_compare(s, true, &j))
            joins[i] = j;
        for (size_t at = 0; at + TRTC_TS_PACKET <= made[i].n; at += TRTC_TS_PACKET)
            all &= goes_on(counters, copy + at);
    }
    return all;
}

static struct trtc_seam seam;
static const size_t blocks[] = { 1, 3, 187, 188, 1000, BYTES };

static void is_join(int i, bool anew, int64_t hole_us)
{
    assert_int_equal(joins[i].anew, anew);
    assert_int_equal(joins[i].hole_us, hole_us);
    assert_int_equal(joins[i].all, hole_us > 0);
}

static void test_follow(void **state)
{
    struct trtc_seam_part part;

    (void)state;
    make(0, false);
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
        assert_true(run(&seam, blocks[b]));
        for (int i = 1; i < SEGMENTS; i++)
            is_join(i, false, 0);
        assert_int_equal(joins[1].longest_us, 1000000);
        assert_int_equal(seam.nb_missing, 0);
        assert_int_equal(seam.nb_bad, 0);
    }
    trtc_seam_part(&seam, &part);
    assert_int_equal(part.length_us, 1000000);
    assert_int_equal(part.spacing_us, 1000000);
}

static void test_short(void **state)
{
    (void)state;
    make(0, false);
    const size_t picture = (made[1].n - 2 * TRTC_TS_PACKET) / PICTURES;
    made[1].n = 2 * TRTC_TS_PACKET + 20 * picture;
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
        assert_true(run(&seam, blocks[b])); /* a demultiplexer does not see it twice */
        is_join(1, false, 0);
        is_join(2, true, 200000);
        assert_int_equal(joins[2].length_us, 800000);
        is_join(3, false, 0);
        assert_int_equal(seam.nb_missing + seam.nb_bad, 0);
    }
}

static void test_pause(void **state)
{
    (void)state;
    make(90000, false);
    assert_true(run(&seam, 1000));
    is_join(1, false, 0);
    is_join(2, false, 1000000);
    is_join(3, false, 0);
}

static void test_single(void **state)
{
    (void)state;
    make(0, true);
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
        assert_true(run(&seam, blocks[b]));
        for (int i = 1; i < SEGMENTS; i++)
            is_join(i, true, 0);
    }
}

/* Nothing but tables is left of a segment. */
static void test_blank(void **state)
{
    (void)state;
    make(0, false);
    made[1].n = 2 * TRTC_TS_PACKET;
    assert_true(run(&seam, 1000));
    assert_true(joins[2].blank);
    is_join(2, true, 1000000);
    assert_false(joins[3].blank);
}

/* What is missing within a segment stays so. */
static void test_within(void **state)
{
    (void)state;
    make(0, false);
    made[1].n -= TRTC_TS_PACKET;
    memmove(made[1].bytes + 5 * TRTC_TS_PACKET, made[1].bytes + 6 * TRTC_TS_PACKET,
            made[1].n - 5 * TRTC_TS_PACKET);
    assert_false(run(&seam, 1000));
    assert_int_equal(seam.nb_missing, 1);
    is_join(2, false, 0);

    make(0, false);
    memset(made[1].bytes + 5 * TRTC_TS_PACKET, 0, 3 * TRTC_TS_PACKET);
    run(&seam, 1000);
    assert_int_equal(seam.nb_missing, 1);
    assert_int_equal(seam.nb_bad, 3 * TRTC_TS_PACKET);

    make(0, false);
    made[3].n -= 100; /* within a packet */
    run(&seam, 1000);
    assert_int_equal(seam.nb_bad, TRTC_TS_PACKET - 100);
}

static void test_other(void **state)
{
    struct trtc_seam_join j;
    uint8_t page[] = "<html>";

    (void)state;
    memset(&seam, 0, sizeof seam);
    trtc_seam_begin(&seam);
    trtc_seam_take(&seam, page, sizeof page);
    trtc_seam_end(&seam);
    assert_true(seam.other);
    assert_false(trtc_seam_compare(&seam, true, &j));
    assert_int_equal(seam.nb_bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follow), cmocka_unit_test(test_short), cmocka_unit_test(test_pause),
        cmocka_unit_test(test_single), cmocka_unit_test(test_blank), cmocka_unit_test(test_within),
        cmocka_unit_test(test_other),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
