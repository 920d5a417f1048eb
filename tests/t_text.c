/* SPDX-License-Identifier: MIT */
/* Escapes and UTF-8: the boundaries of the encoding, the cut, and that escapes never make a second line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/text.h"

static void utf8_table(void **state)
{
    static const struct {
        const char *s;
        bool ok;
    } t[] = {
        { "", true },
        { "abc\x7f\x01", true },
        { "\xc2\x80", true },
        { "\xdf\xbf", true },
        { "\xe0\xa0\x80", true },
        { "\xed\x9f\xbf", true },
        { "\xee\x80\x80", true },
        { "\xef\xbf\xbf", true },
        { "\xf0\x90\x80\x80", true },
        { "\xf4\x8f\xbf\xbf", true },
        { "\xe8\x80\x81\xe5\xb8\x88", true },
        { "\x80", false },
        { "\xc0\x80", false },
        { "\xc1\xbf", false },
        { "\xe0\x9f\xbf", false },
        { "\xed\xa0\x80", false }, /* a surrogate */
        { "\xf0\x8f\xbf\xbf", false },
        { "\xf4\x90\x80\x80", false },
        { "\xf5\x80\x80\x80", false },
        { "\xff", false },
        { "\xc2", false },
        { "\xe8\x80", false },
        { "\xf0\x90\x80", false },
        { "\xe8" "a\x81", false },
        { "a\xe8\x80\x81\xfe", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        if (trtc_utf8_valid(t[i].s, strlen(t[i].s)) != t[i].ok)
            fail_msg("row %zu", i);
    assert_true(trtc_utf8_valid("a\0b", 3));
    assert_false(trtc_utf8_valid("\xe8\x80\x81", 2));
}

static void escape_table(void **state)
{
    static const struct {
        const char *s;
        size_t n;
        const char *want;
    } t[] = {
        { "", 0, "" },
        { "plain text", 10, "plain text" },
        { "\t\n\r\\", 4, "\\t\\n\\r\\\\" },
        { "a\0b", 3, "a\\x00b" },
        { "\033[31m\x7f", 6, "\\x1B[31m\\x7F" },
        { "\xe8\x80\x81\xe5\xb8\x88", 6, "\xe8\x80\x81\xe5\xb8\x88" },
        { "\xe8\x80", 2, "\\xE8\\x80" },
        { "\xffz", 2, "\\xFFz" },
        { "\xc2\x9b" "31m", 5, "\\xC2\\x9B31m" }, /* CSI, as one character */
        { "\xc2\xa0", 2, "\xc2\xa0" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        char out[128], shown[128];
        size_t n = trtc_text_escape(t[i].s, t[i].n, out);
        assert_string_equal(out, t[i].want);
        assert_int_equal(n, strlen(t[i].want));
        assert_string_equal(trtc_text_show(t[i].s, t[i].n, shown, sizeof shown), t[i].want);
    }
}

static void show_cuts(void **state)
{
    static const struct {
        const char *s;
        size_t size;
        const char *want;
    } t[] = {
        { "abcdefgh", 9, "abcdefgh" },
        { "abcdefgh", 8, "abcd..." },
        { "abcdefgh", 5, "a..." },
        { "abcdefgh", 4, "..." },
        { "abcdefgh", 3, ".." },
        { "abcdefgh", 1, "" },
        { "abcd\nf", 8, "abcd\\nf" },
        { "abcde\nf", 8, "abcd..." },  /* an escape is not cut in two */
        { "abc\nefgh", 8, "abc..." },
        { "ab\xe8\x80\x81xyz", 8, "ab..." }, /* nor a character */
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        char *out = malloc(t[i].size); /* so that a byte too many is seen */
        assert_ptr_equal(trtc_text_show(t[i].s, strlen(t[i].s), out, t[i].size), out);
        assert_string_equal(out, t[i].want);
        free(out);
    }
    char line[16];
    assert_string_equal(trtc_text_line("a\\n\n\\", 5, line, sizeof line), "a\\n\\n\\");
    assert_string_equal(trtc_text_line("\\\\\\\\\\", 5, line, 5), "\\...");
    char none = 'x';
    trtc_text_show("abc", 3, &none, 0);
    assert_int_equal(none, 'x');
}

static int hex(char c)
{
    return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* Undoes the escapes; returns the length, or -1 where something stands there that is none. */
static long unescape(const char *s, unsigned char *out)
{
    unsigned char *q = out;
    while (*s) {
        if (*s != '\\') {
            *q++ = (unsigned char)*s++;
        } else if (s[1] == 'x') {
            *q++ = (unsigned char)(hex(s[2]) * 16 + hex(s[3]));
            s += 4;
        } else {
            const char *letters = "tnr\\", *bytes = "\t\n\r\\", *at = strchr(letters, s[1]);
            if (!s[1] || !at)
                return -1;
            *q++ = (unsigned char)bytes[at - letters];
            s += 2;
        }
    }
    return q - out;
}

/* Any bytes: the escape stays within its bound, holds no control character, is UTF-8, and can be undone. */
static void escape_is_exact(void **state)
{
    uint32_t x = 1;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        unsigned char in[32], back[32];
        size_t n = (size_t)round % (sizeof in + 1);
        for (size_t i = 0; i < n; i++) {
            x = x * 1664525u + 1013904223u;
            /* Half of them from where the encoding's borders are. */
            in[i] = x & 0x80000000u ? "\xc2\xe0\xed\xf0\xf4\x80\x9f\xa0\xbf\\\n\t"[(x >> 20) % 12] : (unsigned char)(x >> 16);
        }
        char *out = malloc(4 * n + 1);
        size_t len = trtc_text_escape(in, n, out);
        assert_true(len <= 4 * n && !out[len]);
        for (size_t i = 0; i < len; i++)
            assert_true((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
        assert_true(trtc_utf8_valid(out, len));
        assert_int_equal(unescape(out, back), (long)n);
        assert_memory_equal(in, back, n);
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_table), cmocka_unit_test(escape_table), cmocka_unit_test(show_cuts),
        cmocka_unit_test(escape_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
