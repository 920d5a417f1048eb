/* SPDX-License-Identifier: MIT */
/* Base64 of names: known pairs, the column of every kind of damage, and all lengths around the library's lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/b64.h"

static void pairs(void **state)
{
    static const struct {
        const char *text, *b64;
    } t[] = {
        { "", "" },
        { "1", "MQ.." },
        { "10001", "MTAwMDE." },
        { "teacher+1", "dGVhY2hlcisx" },
        { "subjects?", "c3ViamVjdHM-" },
        { ">>>", "Pj4+" },
        { "\xc3\xbf\xc3\xbf\xc3\xbf", "w7-Dv8O-" },
        { "\xe8\x80\x81\xe5\xb8\x88", "6ICB5biI" },
        { "\xff\xff\xff", "----" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        size_t n = strlen(t[i].text), m = strlen(t[i].b64), len, bad;
        char enc[64];
        unsigned char dec[64];
        assert_int_equal(trtc_b64_encode(t[i].text, n, enc), m);
        assert_string_equal(enc, t[i].b64);
        assert_int_equal(trtc_b64_decode(t[i].b64, m, dec, &len, &bad), 0);
        assert_int_equal(len, n);
        assert_memory_equal(dec, t[i].text, n);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *s;
        size_t bad;
    } t[] = {
        { "M", 1 },
        { "MT", 2 },
        { "MTI", 3 },
        { "MTIz.", 4 },
        { "MTIzM", 5 },
        { ".", 0 },
        { "M...", 1 },
        { "....", 0 },
        { "MQ.", 3 },
        { "MQ.x", 3 },
        { "MTI.MTI.", 4 },
        { "MTI..", 4 },
        { "MQ....", 4 },
        { "MTJ.", 2 },
        { "MR..", 1 },
        { "MTI=", 3 },
        { "MT/z", 2 },
        { "MTI_", 3 },
        { "MT z", 2 },
        { "MTI\n", 3 },
        { "\nMTI.", 0 },
        { "MTIz\n", 4 },
        { "MTAw\x80"
          "DE.",
          4 },
        { "M*Iz", 1 },
        { "MTI,", 3 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        unsigned char dec[64];
        size_t len, bad = 99, again = 99;
        if (trtc_b64_decode(t[i].s, strlen(t[i].s), dec, &len, &bad) != -1 || bad != t[i].bad)
            fail_msg("'%s': column %zu", t[i].s, bad);
        assert_int_equal(trtc_b64_check(t[i].s, strlen(t[i].s), &again), -1);
        assert_int_equal(again, bad);
    }
    unsigned char dec[8];
    size_t len, bad;
    assert_int_equal(trtc_b64_decode("MT\0z", 4, dec, &len, &bad), -1);
    assert_int_equal(bad, 2);
}

/* Buffers of exactly the size the header promises to be enough. */
static void lengths(void **state)
{
    (void)state;
    for (size_t n = 0; n < 4000; n += n < 300 ? 1 : 37) {
        unsigned char *in = malloc(n + 1), *dec;
        for (size_t i = 0; i < n; i++)
            in[i] = (unsigned char)(i * 167 + n);
        char *enc = malloc(TRTC_B64_ENCODED_MAX(n));
        size_t m = trtc_b64_encode(in, n, enc), len = 0, bad;
        assert_int_equal(m, (n + 2) / 3 * 4);
        assert_int_equal(strlen(enc), m);
        assert_null(strpbrk(enc, "\n/=_"));
        dec = malloc(TRTC_B64_DECODED_MAX(m));
        assert_int_equal(trtc_b64_decode(enc, m, dec, &len, &bad), 0);
        assert_int_equal(len, n);
        assert_memory_equal(in, dec, n);
        free(dec);
        free(enc);
        free(in);
    }
}

/* Whatever is accepted encodes back to itself: of all texts of four characters over a telling alphabet. */
static void canonical(void **state)
{
    static const char abc[] = "AQgwBR-+/.=_\n\x80";
    const size_t k = sizeof abc - 1;
    size_t nb_ok = 0;
    (void)state;
    for (size_t i = 0; i < k * k * k * k; i++) {
        char s[5] = { abc[i % k], abc[i / k % k], abc[i / k / k % k], abc[i / k / k / k], '\0' },
             back[16];
        unsigned char dec[16];
        size_t len, bad = 99;
        if (trtc_b64_decode(s, 4, dec, &len, &bad) < 0) {
            assert_true(bad <= 4);
            continue;
        }
        nb_ok++;
        assert_int_equal(trtc_b64_encode(dec, len, back), 4);
        assert_string_equal(s, back);
    }
    /* Of the 8 letters, only A, Q, g and w may stand before padding: 8^4 + 8^2 * 4 + 8 * 4. */
    assert_int_equal(nb_ok, 4384);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs),
        cmocka_unit_test(refused),
        cmocka_unit_test(lengths),
        cmocka_unit_test(canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
