/* SPDX-License-Identifier: MIT */
/* Parts of files that requests want. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "serve/byte_range.h"

static void ranges(void **state)
{
    static const struct {
        const char *range;
        int64_t size;
        enum trtc_byte_range is;
        int64_t from, n;
    } cases[] = {
        { NULL, 10, TRTC_BYTES_ALL, 0, 0 },
        { "bytes=0-", 10, TRTC_BYTES_PART, 0, 10 },
        { "bytes=0-0", 10, TRTC_BYTES_PART, 0, 1 },
        { "bytes=3-5", 10, TRTC_BYTES_PART, 3, 3 },
        { "Bytes=9-", 10, TRTC_BYTES_PART, 9, 1 },
        { "bytes=3-99", 10, TRTC_BYTES_PART, 3, 7 },
        { "bytes=3-999999999999999999", 10, TRTC_BYTES_PART, 3, 7 },
        { "bytes=-4", 10, TRTC_BYTES_PART, 6, 4 },
        { "bytes=-99", 10, TRTC_BYTES_PART, 0, 10 },
        { "bytes=-0", 10, TRTC_BYTES_NONE, 0, 0 },
        { "bytes=10-", 10, TRTC_BYTES_NONE, 0, 0 },
        { "bytes=10-20", 10, TRTC_BYTES_NONE, 0, 0 },
        { "bytes=0-", 0, TRTC_BYTES_NONE, 0, 0 },
        { "bytes=-5", 0, TRTC_BYTES_NONE, 0, 0 },
        { "bytes=5-3", 10, TRTC_BYTES_ALL, 0, 0 },
        { "bytes=", 10, TRTC_BYTES_ALL, 0, 0 },
        { "bytes=-", 10, TRTC_BYTES_ALL, 0, 0 },
        { "bytes=a-", 10, TRTC_BYTES_ALL, 0, 0 },
        { "bytes=1-2,4-5", 10, TRTC_BYTES_ALL, 0, 0 },
        { "bytes= 1-2", 10, TRTC_BYTES_ALL, 0, 0 },
        { "bytes=1-2x", 10, TRTC_BYTES_ALL, 0, 0 },
        { "bytes=9999999999999999999-", 10, TRTC_BYTES_ALL, 0, 0 },
        { "items=1-2", 10, TRTC_BYTES_ALL, 0, 0 },
        { "", 10, TRTC_BYTES_ALL, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t from = 0, n = 0;
        const enum trtc_byte_range is =
            trtc_byte_range_of(cases[i].range, cases[i].size, &from, &n);
        if (is != cases[i].is || from != cases[i].from || n != cases[i].n)
            fail_msg("'%s' of %d: %d, %d+%d", cases[i].range, (int)cases[i].size, is, (int)from,
                     (int)n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(ranges) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
