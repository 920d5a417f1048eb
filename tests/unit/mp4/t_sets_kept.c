/* SPDX-License-Identifier: MIT */
/* mp4/sets_kept: whichever sets an access unit lacks, those in force are given, in an order that can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mp4/sets_kept.h"
#include "mp4/sets_priv.h"
#include "ts/es.h"

/* As an encoder writes them. */
static const uint8_t sps_64x48[] = { 0x67, 0x42, 0xc0, 0x0a, 0xda, 0x11, 0xec, 0x04,
                                     0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00,
                                     0x03, 0x02, 0x83, 0xc4, 0x89, 0xa8 };
static const uint8_t sps_128x96[] = { 0x67, 0x42, 0xc0, 0x0a, 0xda, 0x08, 0x36, 0xc0,
                                      0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00,
                                      0x03, 0x00, 0x28, 0x3c, 0x48, 0x9a, 0x80 };
static const uint8_t pps[] = { 0x68, 0xce, 0x0f, 0xc8 };
static const uint8_t other_pps[] = { 0x68, 0xce, 0x3c, 0x80 };
static const uint8_t idr[] = { 0x65, 0x88, 0x84, 0x21, 0xff };
static const uint8_t h265_vps[] = { 0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60,
                                    0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03,
                                    0x00, 0x00, 0x03, 0x00, 0x1e, 0x95, 0x94, 0x09 };
static const uint8_t h265_pps[] = { 0x44, 0x01, 0xc0, 0x73, 0xc0, 0x89 };
static const uint8_t h265_sps[] = { 0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90,
                                    0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x1e, 0xa0, 0x20,
                                    0x83, 0x16, 0x59, 0x59, 0x52, 0x93, 0x0b, 0xc0, 0x5a, 0x02,
                                    0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0xa1 };

static struct unit {
    uint8_t p[70000];
    size_t n;
} unit, want;

static void add(struct unit *u, const uint8_t *nal, size_t n)
{
    memcpy(u->p + u->n, "\0\0\0\1", 4);
    memcpy(u->p + u->n + 4, nal, n);
    u->n += n + 4;
}

/* The PPS with another id. */
static void add_pps(struct unit *u, int id, int sps_id)
{
    struct trtc_set from, to;
    size_t n;

    assert_true(trtc_set_read(TRTC_CODEC_H264, pps, sizeof pps, &from));
    to = from;
    to.id = id;
    to.refers = sps_id;
    uint8_t *nal = trtc_set_rename(TRTC_CODEC_H264, pps, &from, &to, &n);
    assert_non_null(nal);
    add(u, nal, n);
    free(nal);
}

#define ADD(u, nal) add(u, nal, sizeof(nal))

/* The unit, with a slice behind what is in it, is taken; then it must lack what is wanted (nothing: lacks none). */
static void take(struct trtc_kept_sets *k, enum trtc_codec codec)
{
    size_t n;

    ADD(&unit, idr);
    trtc_kept_sets_take(k, codec, unit.p, unit.n);
    const uint8_t *p = trtc_kept_sets_missing(k, &n);
    assert_int_equal(n, want.n);
    if (want.n)
        assert_memory_equal(p, want.p, n);
    else
        assert_null(p);
    unit.n = want.n = 0;
}

static void test_once(void **state)
{
    struct trtc_kept_sets *k = trtc_kept_sets_new();

    (void)state;
    take(k, TRTC_CODEC_H264); /* there are none */
    ADD(&unit, sps_64x48);
    ADD(&unit, pps);
    take(k, TRTC_CODEC_H264); /* all are there */
    ADD(&want, sps_64x48);
    ADD(&want, pps);
    take(k, TRTC_CODEC_H264);
    trtc_kept_sets_clear(k);
    take(k, TRTC_CODEC_H264);
    trtc_kept_sets_free(&k);
    assert_null(k);
}

/* Key pictures that repeat some of their sets get all of them, the SPS first. */
static void test_some(void **state)
{
    struct trtc_kept_sets *k = trtc_kept_sets_new();

    (void)state;
    add_pps(&unit, 1, 0);
    ADD(&unit, sps_64x48);
    ADD(&unit, pps);
    take(k, TRTC_CODEC_H264);
    for (int i = 0; i < 3; i++) {
        if (i < 2)
            ADD(&unit, sps_64x48);
        if (i > 0)
            ADD(&unit, pps);
        ADD(&want, sps_64x48);
        add_pps(&want, 1, 0);
        ADD(&want, pps);
        take(k, TRTC_CODEC_H264);
    }
    trtc_kept_sets_free(&k);
}

/* A set takes the place of the one with its id; another SPS takes the PPS of the old one with it. */
static void test_changes(void **state)
{
    struct trtc_kept_sets *k = trtc_kept_sets_new();

    (void)state;
    ADD(&unit, sps_64x48);
    ADD(&unit, pps);
    add_pps(&unit, 3, 5); /* of an SPS that is not there */
    take(k, TRTC_CODEC_H264);
    ADD(&unit, other_pps);
    ADD(&want, sps_64x48);
    add_pps(&want, 3, 5);
    ADD(&want, other_pps);
    take(k, TRTC_CODEC_H264);
    ADD(&unit, sps_128x96);
    ADD(&unit, pps);
    ADD(&want, sps_128x96);
    add_pps(&want, 3, 5);
    ADD(&want, pps);
    take(k, TRTC_CODEC_H264);
    trtc_kept_sets_free(&k);
}

static void test_h265(void **state)
{
    struct trtc_kept_sets *k = trtc_kept_sets_new();

    (void)state;
    ADD(&unit, h265_pps);
    ADD(&unit, h265_sps);
    ADD(&unit, h265_vps);
    trtc_kept_sets_take(k, TRTC_CODEC_H265, unit.p, unit.n);
    unit.n = 0;
    ADD(&unit, h265_sps);
    size_t n;
    trtc_kept_sets_take(k, TRTC_CODEC_H265, unit.p, unit.n);
    ADD(&want, h265_vps);
    ADD(&want, h265_sps);
    ADD(&want, h265_pps);
    const uint8_t *p = trtc_kept_sets_missing(k, &n);
    assert_int_equal(n, want.n);
    assert_memory_equal(p, want.p, n);
    unit.n = want.n = 0;
    trtc_kept_sets_free(&k);
}

/* Damaged sets, and more than there is room for: what was kept stays, nothing else happens. */
static void test_hostile(void **state)
{
    struct trtc_kept_sets *k = trtc_kept_sets_new();
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 300; round++) {
        unit.n = 0;
        for (int i = 0; i < 400 && unit.n < sizeof unit.p - 2000; i++) {
            uint8_t nal[600];
            seed = seed * 1664525 + 1013904223;
            const size_t size = 1 + (seed >> 8) % (round % 2 ? 40 : sizeof nal);
            for (size_t b = 0; b < size; b++) {
                seed = seed * 1664525 + 1013904223;
                nal[b] = (uint8_t)(seed >> 16 | 1);
            }
            nal[0] = i % 2 ? 0x67 : 0x68;
            if (size >= sizeof sps_64x48 && i % 3 == 0)
                memcpy(nal, sps_64x48, 6);
            add(&unit, nal, size);
        }
        trtc_kept_sets_take(k, round % 3 ? TRTC_CODEC_H264 : TRTC_CODEC_H265, unit.p, unit.n);
        size_t n;
        trtc_kept_sets_missing(k, &n);
        assert_true(n <= 65536);
    }
    unit.n = 0;
    trtc_kept_sets_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once), cmocka_unit_test(test_some),    cmocka_unit_test(test_changes),
        cmocka_unit_test(test_h265), cmocka_unit_test(test_hostile),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sets_kept", tests, NULL, NULL);
}
