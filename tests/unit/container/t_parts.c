/* SPDX-License-Identifier: MIT */
/* Parts of containers, made by hand; those of whole files are in input/t_input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "container/parts.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* An element of Matroska whose header goes on behind the end of its cluster. */
static void test_cluster(void **state)
{
    static const uint8_t file[] = { 0x1a, 0x45, 0xdf, 0xa3, 0x80, 0x18, 0x53,
                                    0x80, 0x67, 0xff, 0x1f, 0x43, 0xb6, 0x75,
                                    0x82, 0xa3, 0x40, 0x01, 0x00, 0x00, 0x00 };
    struct trtc_parts w = { 0 };
    (void)state;
    trtc_parts_begin(&w, file, sizeof file);
    trtc_parts_bytes(&w, 0, file, sizeof file);
    trtc_parts_end(&w, sizeof file);
    assert_int_equal(w.nb_faults, 1);
    assert_string_equal(w.first, "no element begins at byte 15");
    trtc_boxes_fini(&w.boxes);
}

/* Clusters that state no size, in a file that does. */
static void test_open_clusters(void **state)
{
    static const uint8_t file[] = { 0x1a, 0x45, 0xdf, 0xa3, 0x80, 0x18, 0x53, 0x80,
                                    0x67, 0x8d, 0x1f, 0x43, 0xb6, 0x75, 0xff, 0xec,
                                    0x80, 0x1f, 0x43, 0xb6, 0x75, 0xff, 0xec, 0x80 };
    (void)state;
    for (size_t n = 17; n <= sizeof file; n += 7) { /* up to the second cluster; all */
        struct trtc_parts w = { 0 };
        trtc_parts_begin(&w, file, n);
        trtc_parts_bytes(&w, 0, file, n);
        assert_int_equal(trtc_parts_end(&w, (int64_t)n), n < sizeof file);
        assert_int_equal(w.nb_faults, 0);
        trtc_boxes_fini(&w.boxes);
    }
}

/* A Wave64 that is not a whole number of 8 bytes, without and with padding, cut off, and with another one behind it. */
static void test_wave64(void **state)
{
    static const struct {
        size_t n;
        int second, nb_faults;
        bool is_cut;
    } t[] = { { 41, 0, 0, false }, { 48, 0, 0, false }, { 40, 0, 0, true }, { 88, 48, 1, false } };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        uint8_t file[88] = "riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0\x29";
        struct trtc_parts w = { 0 };
        memcpy(file + t[i].second, file, 24);
        trtc_parts_begin(&w, file, t[i].n);
        trtc_parts_bytes(&w, 0, file, t[i].n);
        assert_int_equal(trtc_parts_end(&w, (int64_t)t[i].n), t[i].is_cut);
        assert_int_equal(w.nb_faults, t[i].nb_faults);
        trtc_boxes_fini(&w.boxes);
    }
}

static size_t put_page(uint8_t *p, int flags, const void *packet, uint8_t n)
{
    memcpy(p, "OggS", 4);
    p[5] = (uint8_t)flags;
    p[26] = 1;
    p[27] = n;
    memcpy(p + 28, packet, n);
    return 28u + n;
}

/* Streams of sound in Ogg, one after the other, or at once. The rates are at the end of each first page. */
static void test_ogg_rates(void **state)
{
    static const char vorbis[] = "\1vorbis\0\0\0\0\1\x44\xac\0\0",
                      slow[] = "\1vorbis\0\0\0\0\1\xc0\x5d\0\0";
    static const char flac[] = "\x7f"
                               "FLAC\1\0\0\1fLaC\0\0\0\x22\x10\0\x10\0\0\0\0\0\0\0\x0a\xc4\x42";
    static const char opus[] = "OpusHead\1\1\x38\1\x80\xbb\0\0\0\0\0";
    enum { FIRST = 2, LAST = 4 };
    static const struct {
        const char *codec[3];
        bool at_once;
        int64_t nb_faults;
    } t[] = {
        { { vorbis, vorbis, vorbis }, false, 0 }, { { vorbis, slow, vorbis }, false, 1 },
        { { slow, vorbis, vorbis }, false, 2 },   { { vorbis, slow, slow }, true, 0 },
        { { flac, vorbis, flac }, false, 0 },     { { flac, slow, flac }, false, 1 },
        { { opus, opus, opus }, false, 0 },       { { opus, slow, vorbis }, false, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct trtc_parts w = { 0 };
        uint8_t file[512] = { 0 };
        size_t n = 0;
        for (int k = 0; k < 3; k++) {
            const char *c = t[i].codec[k];
            n += put_page(file + n, FIRST, c,
                          c == flac   ? sizeof flac - 1
                          : c == opus ? sizeof opus - 1
                                      : sizeof vorbis - 1);
            if (!t[i].at_once)
                n += put_page(file + n, LAST, "data", 4);
        }
        trtc_parts_begin(&w, file, n);
        trtc_parts_bytes(&w, 0, file, n);
        assert_false(trtc_parts_end(&w, (int64_t)n));
        assert_int_equal(w.nb_faults, t[i].nb_faults);
        trtc_boxes_fini(&w.boxes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cluster),
        cmocka_unit_test(test_open_clusters),
        cmocka_unit_test(test_wave64),
        cmocka_unit_test(test_ogg_rates),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
