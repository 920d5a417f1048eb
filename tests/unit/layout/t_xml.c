/* SPDX-License-Identifier: MIT */
/* layout/xml: any text becomes character data of an XML document. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "layout/xml.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define ALL           1000
#define CUT           "\xe2\x80\xa6" /* … */

static char *put(const char *text, size_t max)
{
    char *out = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&out, &n);
    assert_non_null(f);
    trtc_xml_put(text, max, f);
    fclose(f);
    return out;
}

static void test_put(void **state)
{
    static const struct {
        const char *text;
        size_t max;
        const char *want;
    } t[] = {
        { "", ALL, "" },
        { "", 0, "" },
        { "anna", ALL, "anna" },
        { "<a href=\"x\">&'", ALL, "&lt;a href=&quot;x&quot;&gt;&amp;'" },
        { "a\tb\n\x01\x7f", ALL, "a?b???" },
        { "\xc2\x85\xc2\xa0", ALL, "?\xc2\xa0" },
        { "\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf", ALL, "\xef\xbf\xbd??" },
        { "\xe4\xb8\xad\xf0\x9f\x98\x80", ALL, "\xe4\xb8\xad\xf0\x9f\x98\x80" },
        /* cut: bytes of the text count, not what stands for them */
        { "abcd", 4, "abcd" },
        { "abcd", 3, "abc" CUT },
        { "abcd", 0, CUT },
        { "&&&&", 4, "&amp;&amp;&amp;&amp;" },
        { "&&&&", 2, "&amp;&amp;" CUT },
        { "a\xe4\xb8\xad", 4, "a\xe4\xb8\xad" },
        { "a\xe4\xb8\xad", 3, "a" CUT },
        /* no UTF-8: escapes */
        { "a\xff"
          "b",
          ALL, "a\\xFFb" },
        { "a\xff<", ALL, "a\\xFF&lt;" },
        { "a\xff"
          "b",
          5, "a\\xFF" CUT },
        { "a\xff"
          "b",
          4, "a" CUT },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        char *out = put(t[i].text, t[i].max);
        if (strcmp(out, t[i].want) != 0)
            fail_msg("case %zu: '%s'", i, out);
        free(out);
    }
}

/* Of all pairs of bytes nothing comes that XML does not allow. */
static void test_every_byte(void **state)
{
    (void)state;
    for (int a = 1; a < 256; a++)
        for (int b = 1; b < 256; b += a < 0xc0 ? 37 : 1) {
            const char text[] = { (char)a, (char)b, '\0' };
            char *out = put(text, ALL);
            assert_true(trtc_utf8_valid(out, strlen(out)));
            for (const char *c = out; *c; c++)
                assert_true((unsigned char)*c >= 0x20 && !strchr("<>\"", *c));
            free(out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_every_byte),
    };
    return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}
