/* SPDX-License-Identifier: MIT */
/* base/text: what is UTF-8, and what stands for bytes that would act on a line or a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* Unicode 15, table 3-7, at its edges. */
static void test_utf8(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } t[] = {
        { "", true },
        { "plain text of more than eight bytes", true },
        { "\x7f", true },
        { "\x80", false },
        { "\xbf", false },
        { "\xc1\xbf", false }, /* overlong */
        { "\xc2\x80", true },
        { "\xdf\xbf", true },
        { "\xdf", false },
        { "\xdf\xc0", false },
        { "\xe0\x9f\xbf", false },
        { "\xe0\xa0\x80", true },
        { "\xe0\xa0", false },
        { "\xed\x9f\xbf", true },
        { "\xed\xa0\x80", false }, /* a surrogate */
        { "\xee\x80\x80", true },
        { "\xef\xbf\xbf", true },
        { "\xf0\x8f\xbf\xbf", false },
        { "\xf0\x90\x80\x80", true },
        { "\xf4\x8f\xbf\xbf", true },
        { "\xf4\x90\x80\x80", false },
        { "\xf5\x80\x80\x80", false },
        { "\xff", false },
        { "12345678\xc3\xa9", true },
        { "1234567\xc3\xa9", true },
        { "12345678\xa9", false },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++)
        if (trtc_utf8_valid(t[i].text, strlen(t[i].text)) != t[i].valid)
            fail_msg("case %zu", i);
    assert_true(trtc_utf8_valid("a\0b", 3)); /* a NUL is a character like others */
    assert_false(trtc_utf8_valid("\xc3\xa9", 1));
}

/* Whatever stands before it, and wherever it begins, a bad byte is found. */
static void test_utf8_anywhere(void **state)
{
    char text[41];
    (void)state;
    for (size_t from = 0; from < 8; from++)
        for (size_t at = from; at < 40; at++) {
            memset(text, 'x', 40);
            text[at] = '\xfe';
            assert_false(trtc_utf8_valid(text + from, 40 - from));
            text[at] = 'x';
            assert_true(trtc_utf8_valid(text + from, 40 - from));
        }
}

static void test_ends_with(void **state)
{
    (void)state;
    assert_true(trtc_ends_with("a.ts", 4, ".ts"));
    assert_true(trtc_ends_with(".ts", 3, ".ts"));
    assert_false(trtc_ends_with("ts", 2, ".ts"));
    assert_false(trtc_ends_with("a.tsx", 5, ".ts"));
    assert_true(trtc_ends_with("a.tsx", 4, ".ts")); /* no NUL is needed */
    assert_false(trtc_ends_with("a.TS", 4, ".ts"));
    assert_true(trtc_ends_with("", 0, ""));
}

/* Of each text what is shown of it, of a line, and drawn. */
static void test_escapes(void **state)
{
    static const struct {
        const char *text, *shown, *line, *drawn;
    } t[] = {
        { "plain", "plain", "plain", "plain" },
        { "na\xc3\xafve \xe4\xb8\xad", "na\xc3\xafve \xe4\xb8\xad", "na\xc3\xafve \xe4\xb8\xad",
          "na\xc3\xafve \xe4\xb8\xad" },
        { "a\tb\nc\rd", "a\\tb\\nc\\rd", "a\\tb\\nc\\rd", "a\\tb\\nc\\rd" },
        { "a\\b", "a\\\\b", "a\\b", "a\\b" },
        { "\x1b[31m", "\\x1B[31m", "\\x1B[31m", "\\x1B[31m" },
        { "\x7f", "\\x7F", "\\x7F", "\\x7F" },
        { "\xff\xc3", "\\xFF\\xC3", "\\xFF\\xC3", "\\xFF\\xC3" },
        { "\xc2\x85", "\\xC2\\x85", "\\xC2\\x85", "\\xC2\\x85" }, /* C1: next line */
        { "\xc2\xa0", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0" },
        { "\xe2\x80\xae", "\\xE2\\x80\\xAE", "\\xE2\\x80\\xAE",
          "\xe2\x80\xae" }, /* right to left */
        { "\xe2\x80\xa8", "\\xE2\\x80\\xA8", "\\xE2\\x80\\xA8", "\xe2\x80\xa8" }, /* a line ends */
        { "\xe2\x81\xa6", "\\xE2\\x81\\xA6", "\\xE2\\x81\\xA6", "\xe2\x81\xa6" },
        { "\xd8\x9c", "\\xD8\\x9C", "\\xD8\\x9C", "\xd8\x9c" },
        { "\xe2\x80\x94", "\xe2\x80\x94", "\xe2\x80\x94", "\xe2\x80\x94" }, /* a dash */
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        char out[100];
        const size_t n = strlen(t[i].text);
        assert_string_equal(trtc_text_show(t[i].text, n, out, sizeof out), t[i].shown);
        assert_string_equal(trtc_text_line(t[i].text, n, out, sizeof out), t[i].line);
        assert_string_equal(trtc_text_drawn(t[i].text, n, out, sizeof out), t[i].drawn);
        assert_int_equal(trtc_text_escape(t[i].text, n, out), strlen(t[i].shown));
        assert_string_equal(out, t[i].shown);
    }
    char out[20];
    assert_string_equal(trtc_text_show("a\0b", 3, out, sizeof out), "a\\x00b");
}

/* Nothing is written past the end, no escape and no character is cut in two, and dots say that there is more. */
static void test_cut(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *want;
    } t[] = {
        { "abcdef", 7, "abcdef" },
        { "abcdef", 6, "ab..." },
        { "abcdef", 4, "..." },
        { "abcdef", 3, ".." },
        { "abcdef", 1, "" },
        { "ab\x01"
          "cd",
          9, "ab\\x01cd" },
        { "ab\x01"
          "cd",
          8, "ab..." },
        { "ab\xe4\xb8\xad\xe4\xb8\xad", 9, "ab\xe4\xb8\xad\xe4\xb8\xad" },
        { "ab\xe4\xb8\xad\xe4\xb8\xad", 8, "ab..." },
        { "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 9, "\xe4\xb8\xad..." },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        char *out = malloc(t[i].size); /* so that a byte too many is found */
        trtc_text_show(t[i].text, strlen(t[i].text), out, t[i].size);
        if (strcmp(out, t[i].want) != 0)
            fail_msg("case %zu: '%s'", i, out);
        free(out);
    }
    char none = 'x';
    trtc_text_show("a", 1, &none, 0);
    assert_int_equal(none, 'x');
}

/* A text is escaped alike as a whole, piece by piece, and to a stream. */
static void test_pieces(void **state)
{
    static const char text[] = "a\\\x02\xc3\xa9\xc3\xe2\x80\xae\xf0\x9f\x98\x80\n\xf0\x9f\x98";
    const size_t n = sizeof text - 1;
    char whole[4 * sizeof text + 1], pieces[sizeof whole] = "", streamed[sizeof whole] = "";
    FILE *f = tmpfile();
    (void)state;
    trtc_text_escape(text, n, whole);
    assert_true(trtc_utf8_valid(whole, strlen(whole)));
    for (size_t i = 0, used; i < n; i += used) {
        char piece[TRTC_TEXT_PIECE_MAX];
        const size_t k = trtc_text_piece(text + i, n - i, piece, &used);
        assert_true(k > 0 && k <= sizeof piece && used > 0);
        strncat(pieces, piece, k);
    }
    assert_string_equal(pieces, whole);
    assert_non_null(f);
    trtc_text_put(text, n, f);
    rewind(f);
    assert_int_equal(fread(streamed, 1, sizeof streamed - 1, f), strlen(whole));
    assert_string_equal(streamed, whole);
    fclose(f);
}

static void test_beginnings_and_ends(void **state)
{
    (void)state;
    assert_int_equal(trtc_text_mark("\xef\xbb\xbf"
                                    "a",
                                    4),
                     3);
    assert_int_equal(trtc_text_mark("\xef\xbb\xbf", 2), 0);
    assert_int_equal(trtc_text_mark("abc", 3), 0);
    assert_int_equal(trtc_text_blank("", 0), 0);
    assert_int_equal(trtc_text_blank("\t", 1), 1);
    assert_int_equal(trtc_text_blank("\xef\xbb\xbf", 3), 3);
    assert_int_equal(trtc_text_blank("\xc2\xa0", 2), 2);
    assert_int_equal(trtc_text_blank("\xc2\xa1", 2), 0);
    assert_int_equal(trtc_text_blank("\xe2\x80\x8b", 3), 3);
    assert_int_equal(trtc_text_blank("\xe2\x80\x8b", 2), 0);
    assert_true(trtc_ends_like("a.TS", 4, ".ts"));
    assert_false(trtc_ends_with("a.TS", 4, ".ts"));
    assert_false(trtc_ends_like("s", 1, ".ts"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beginnings_and_ends),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_anywhere),
        cmocka_unit_test(test_ends_with),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
