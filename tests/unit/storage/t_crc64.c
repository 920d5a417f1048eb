/* SPDX-License-Identifier: MIT */
/* CRC-64/XZ: known values, both ways to compute it, and joined stretches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "storage/crc64.h"

enum { ROOM = 1000 };

static uint8_t bytes[ROOM];

/* By the definition, a bit at a time. */
static uint64_t slow(const uint8_t *p, size_t n)
{
    uint64_t crc = ~UINT64_C(0);

    while (n--) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? UINT64_C(0xc96c5795d7870f42) : 0);
    }
    return ~crc;
}

static void known_values(void **state)
{
    (void)state;
    assert_int_equal(trtc_crc64(0, "", 0), 0);
    /* the catalogue's check value, which COS prints as 11051210869376104954 */
    assert_true(trtc_crc64(0, "123456789", 9) == UINT64_C(0x995dc9bbdf1939fa));
    assert_true(trtc_crc64(0, "123456789", 9) == UINT64_C(11051210869376104954));
}

static void every_length_and_alignment(void **state)
{
    (void)state;
    for (size_t from = 0; from < 17; from++)
        for (size_t n = 0; n < 300; n++) {
            const uint64_t right = slow(bytes + from, n);

            assert_true(trtc_crc64(0, bytes + from, n) == right);
            assert_true(trtc_crc64_plain(0, bytes + from, n) == right);
        }
    assert_true(trtc_crc64(0, bytes, ROOM) == slow(bytes, ROOM));
}

static void pieces_and_joins(void **state)
{
    const uint64_t right = slow(bytes, ROOM);

    (void)state;
    for (size_t n = 0; n <= ROOM; n++) {
        const uint64_t a = trtc_crc64(0, bytes, n), b = trtc_crc64(0, bytes + n, ROOM - n);

        assert_true(trtc_crc64(a, bytes + n, ROOM - n) == right);
        assert_true(trtc_crc64_join(a, b, ROOM - n) == right);
    }
}

static void joins_of_large_stretches(void **state)
{
    uint64_t crc = 0, sum = 0;

    (void)state;
    for (int i = 0; i < 5000; i++)
        crc = trtc_crc64(crc, bytes, ROOM);
    for (int i = 0; i < 5; i++) {
        uint64_t thousand = 0;

        for (int k = 0; k < 1000; k++)
            thousand = trtc_crc64(thousand, bytes, ROOM);
        sum = trtc_crc64_join(sum, thousand, 1000 * ROOM);
    }
    assert_true(sum == crc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(every_length_and_alignment),
        cmocka_unit_test(pieces_and_joins),
        cmocka_unit_test(joins_of_large_stretches),
    };
    uint32_t seed = 1;

    for (size_t i = 0; i < ROOM; i++)
        bytes[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
