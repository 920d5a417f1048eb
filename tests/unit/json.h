/* SPDX-License-Identifier: MIT */
/* For tests that look at JSON. */
#ifndef TRTC_TESTS_JSON_H
#define TRTC_TESTS_JSON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

/* json, which is freed, is this text without blanks. */
static inline void json_is(cJSON *json, const char *expected)
{
    char *text = cJSON_PrintUnformatted(json);
    assert_non_null(text);
    assert_string_equal(text, expected);
    cJSON_free(text);
    cJSON_Delete(json);
}

#endif
