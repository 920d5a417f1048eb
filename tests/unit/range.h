/* SPDX-License-Identifier: MIT */
/* cmocka, with the range check of its version 2, which has signs; versions before lack it. */
#ifndef TESTS_RANGE_H
#define TESTS_RANGE_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#ifndef assert_int_in_range
#define assert_int_in_range(value, min, max) check_range(value, min, max, __FILE__, __LINE__)

static inline void check_range(intmax_t value, intmax_t min, intmax_t max, const char *file,
                               int line)
{
    if (value >= min && value <= max)
        return;
    print_error("%" PRIdMAX " is not within %" PRIdMAX " to %" PRIdMAX "\n", value, min, max);
    _fail(file, line);
}
#endif

#endif
