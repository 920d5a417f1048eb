/* SPDX-License-Identifier: MIT */
/* part: which pictures the parts of a mix have, what stands in their files, and which files are the parts of
 * one mix; splice: with which frame of sound the next part goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mix/part.h"
#include "mix/splice.h"

static struct trtc_mix_part part(int k, int n, int64_t all, int gop)
{
    struct trtc_mix_part p = {
        .fps = 15, .rate_hz = 48000, .start_us = 1767225600495000, .call = 7
    };
    struct trtc_err err = { 0 };
    if (trtc_mix_part_find(&p, (struct trtc_share){ k, n }, all, gop, &err) < 0)
        fail_msg("%d/%d of %lld: %s", k, n, (long long)all, err.msg);
    return p;
}

static void test_find(void **state)
{
    struct trtc_mix_part p;
    struct trtc_err err = { 0 };
    (void)state;
    for (int n = 1; n <= 40; n++) {
        for (int64_t all = n; all < 700; all += 1 + all / 7) {
            const int gop = 1 + (int)(all % 60);
            const int64_t unit = all >= (int64_t)gop * n ? gop : 1;
            int64_t at = 0, least = INT64_MAX, most = 0;
            for (int k = 1; k <= n; k++) {
                p = part(k, n, all, gop);
                assert_true(p.first == at && p.end > p.first && p.all == all);
                assert_true(p.first % unit == 0);
                least = p.end - p.first < least ? p.end - p.first : least;
                most = p.end - p.first > most ? p.end - p.first : most;
                at = p.end;
            }
            assert_true(at == all && (n == 1 || most - least < 2 * unit));
        }
    }
    assert_int_equal(trtc_mix_part_find(&p, (struct trtc_share){ 1, 11 }, 10, 5, &err), -1);
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_non_null(strstr(err.msg, "the mix has 10 pictures"));
}

static void test_pictures(void **state)
{
    (void)state;
    for (int fps = 1; fps <= 60; fps++)
        for (int64_t length_us = 1; length_us < 5000000; length_us += 1777) {
            const int64_t n =
                trtc_mix_pictures(1767225600495000, 1767225600495000 + length_us, fps);
            const double behind_us = (double)length_us - (double)n * 1e6 / fps;
            assert_true(n >= 1 && behind_us < 100001); /* sound that is not heard */
            assert_true(n == 1 || behind_us > -1e6 / fps);
            assert_true(fps < 5 || n == 1 || behind_us > -0.5001e6 / fps);
        }
}

static void test_text(void **state)
{
    static const char *const no_parts[] = {
        "",
        "1/2",
        "1/2 pictures 0-10 of 20 at 15/s, sound 48000 Hz, from 5 us, mix 7",
        "1/2 pictures 0-10 of 20 at 15/s, sound 48000 Hz, from 5 us, mix 0000000000000007 ",
        "3/2 pictures 0-10 of 20 at 15/s, sound 48000 Hz, from 5 us, mix 0000000000000007",
        "0/2 pictures 0-10 of 20 at 15/s, sound 48000 Hz, from 5 us, mix 0000000000000007",
        "1/2 pictures 10-10 of 20 at 15/s, sound 48000 Hz, from 5 us, mix 0000000000000007",
        "1/2 pictures 0-30 of 20 at 15/s, sound 48000 Hz, from 5 us, mix 0000000000000007",
        "1/2 pictures -1-10 of 20 at 15/s, sound 48000 Hz, from 5 us, mix 0000000000000007",
        "1/2 pictures 0-10 of 20 at 0/s, sound 48000 Hz, from 5 us, mix 0000000000000007",
        "1/2 pictures 0-10 of 20 at 15/s, sound 0 Hz, from 5 us, mix 0000000000000007",
        "1/99999999999999999999 pictures 0-10 of 20 at 15/s, sound 48000 Hz, from 5 us, mix 0000000000000007",
    };
    struct trtc_mix_part p = part(2, 8, 18000, 150), q;
    char text[TRTC_MIX_PART_TEXT], again[TRTC_MIX_PART_TEXT];
    (void)state;
    trtc_mix_part_write(&p, text);
    assert_true(trtc_mix_part_read(text, &q));
    trtc_mix_part_write(&q, again);
    assert_string_equal(text, again);
    for (size_t i = 0; i < sizeof no_parts / sizeof *no_parts; i++)
        if (trtc_mix_part_read(no_parts[i], &q))
            fail_msg("'%s' was read", no_parts[i]);
}

static void test_note(void **state)
{
    static const char *const no_notes[] = {
        "",
        "\n",
        "status \n",
        "status 3",
        "status 256\n",
        "status -1\n",
        "status 3x\n",
        "Status 3\n",
        "status 3\nno end",
        "status 00000000003\n",
    };
    struct trtc_mix_note a = { 0 }, b = { 0 }, none = { 0 };
    struct trtc_bytes lines;
    int status = -1;
    (void)state;
    assert_int_equal(trtc_mix_note_add(&a, "one"), 0);
    assert_int_equal(trtc_mix_note_add(&b, "t\nw\x1b[o"), 0);
    assert_int_equal(trtc_mix_note_add(&b, ""), 0);
    char *text = trtc_mix_note_write(3, &a, &b);
    assert_string_equal(text, "status 3\none\nt\\nw\\x1B[o\n\n");
    assert_true(trtc_mix_note_read(text, strlen(text), &status, &lines));
    assert_int_equal(status, 3);
    assert_int_equal(lines.n, strlen("one\nt\\nw\\x1B[o\n\n"));
    assert_memory_equal(lines.p, "one\n", 4);
    free(text);
    text = trtc_mix_note_write(0, &none, &none);
    assert_true(trtc_mix_note_read(text, strlen(text), &status, &lines));
    assert_true(status == 0 && lines.n == 0);
    free(text);
    for (size_t i = 0; i < sizeof no_notes / sizeof *no_notes; i++)
        if (trtc_mix_note_read(no_notes[i], strlen(no_notes[i]), &status, &lines))
            fail_msg("'%s' was read", no_notes[i]);
    trtc_mix_note_fini(&a);
    trtc_mix_note_fini(&b);
}

static void expect(struct trtc_mix_part_file *files, size_t n, int code, const char *why)
{
    struct trtc_err err = { 0 };
    const int ret = trtc_mix_parts_check(files, n, &err);
    if (ret != (code ? -1 : 0) || err.code != code || (code && !strstr(err.msg, why)))
        fail_msg("%d: %d, %s, not %s", ret, err.code, err.msg, why);
}

static void test_check(void **state)
{
    struct trtc_mix_part_file f[8];
    (void)state;
    for (int i = 0; i < 8; i++)
        f[i] = (struct trtc_mix_part_file){ &"abcdefgh"[i], part(8 - i, 8, 1000, 15) };
    expect(f, 8, 0, "");
    for (int i = 0; i < 8; i++)
        assert_int_equal(f[i].part.share.k, i + 1);
    expect(f, 7, TRTC_EX_NOINPUT, "missing: 8");
    expect(f + 1, 7, TRTC_EX_NOINPUT, "missing: 1");
    f[2] = f[7];
    expect(f, 7, TRTC_EX_NOINPUT, "missing: 3"); /* sorted by that: 1 2 4 5 6 7 8 */
    expect(f, 6, TRTC_EX_NOINPUT, "missing: 3, 8");
    for (int i = 0; i < 8; i++)
        f[i] = (struct trtc_mix_part_file){ &"abcdefgh"[i], part(i + 1, 8, 1000, 15) };
    f[5] = f[1];
    f[5].name = "twin";
    expect(f, 8, TRTC_EX_DATAERR, "it is part 2, and so is");
    for (int i = 0; i < 8; i++)
        f[i] = (struct trtc_mix_part_file){ i == 0 ? "first" : "x", part(i + 1, 8, 1000, 15) };
    f[0].part.call++;
    expect(f, 8, TRTC_EX_DATAERR, "first: it belongs to another mix");
    f[0].part = part(1, 8, 1000, 15);
    f[0].part.end--;
    expect(f, 8, TRTC_EX_DATAERR, "does not begin where the part before it ends");
    expect(f, 1, TRTC_EX_NOINPUT, "missing: 2-8");
}

/* Every second part is missing: more numbers than the message has room for. */
static void test_many_missing(void **state)
{
    struct trtc_mix_part_file f[50];
    struct trtc_err err = { 0 };
    (void)state;
    for (int i = 0; i < 50; i++)
        f[i] = (struct trtc_mix_part_file){ "x", part(2 * i + 1, 100, 1000, 10) };
    expect(f, 50, TRTC_EX_NOINPUT, "missing: 2, 4, 6, ");
    trtc_mix_parts_check(f, 50, &err);
    assert_string_equal(err.msg + strlen(err.msg) - 5, ", ...");
    expect(f, 2, TRTC_EX_NOINPUT, "missing: 2, 4-100"); /* few enough */
}

/* ---- splice ---- */

/* A pair of channels, or one: the beginning of a frame with this window. */
static struct trtc_bytes frame(uint8_t out[8], bool pair, int sequence, int shape, int rest)
{
    const unsigned bits = pair ? 1u << 21 | 1u << 16 | (unsigned)(sequence << 1 | shape) << 12
                               : (unsigned)(sequence << 1 | shape) << 5 | 0x5au << 9;
    memset(out, rest, 8);
    out[0] = (uint8_t)(bits >> 16);
    out[1] = (uint8_t)(bits >> 8);
    out[2] = (uint8_t)(bits | (pair ? 0xff : 0x1f));
    return (struct trtc_bytes){ out, 8 };
}

static void test_window(void **state)
{
    uint8_t buf[8];
    int sequence, shape;
    (void)state;
    for (int i = 0; i < 16; i++) {
        const struct trtc_bytes f = frame(buf, i & 8, i & 3, i >> 2 & 1, 1);
        assert_true(trtc_splice_window(f, &sequence, &shape));
        assert_int_equal(sequence, i & 3);
        assert_int_equal(shape, i >> 2 & 1);
    }
    assert_false(trtc_splice_window((struct trtc_bytes){ buf, 2 }, &sequence, &shape));
    buf[0] = 6 << 5; /* a fill element */
    assert_false(trtc_splice_window((struct trtc_bytes){ buf, 8 }, &sequence, &shape));
    buf[0] = 1 << 5; /* a pair with a window for each */
    assert_false(trtc_splice_window((struct trtc_bytes){ buf, 8 }, &sequence, &shape));
}

/* Eight frames of each part; what differs is said by letters: L long, l the same in other bytes, S short. */
static size_t find(const char *first, const char *second, size_t near)
{
    static uint8_t buf[2][16][8];
    struct trtc_bytes f[2][16];
    const size_t n = strlen(first);
    for (size_t i = 0; i < n; i++)
        for (int p = 0; p < 2; p++) {
            const char c = p ? second[i] : first[i];
            f[p][i] = frame(buf[p][i], true, c == 'S' ? 2 : 0, 1, c == 'l' && p ? 9 : 1);
        }
    return trtc_splice_find(f[0], f[1], n, near);
}

static void test_find_join(void **state)
{
    (void)state;
    assert_int_equal(find("LLLLLLLL", "LLLLLLLL", 4), 4); /* all alike: where it should be */
    assert_int_equal(find("llllllll", "llllllll", 4), 4);
    assert_int_equal(find("llLlllll", "llLlllll", 5), 3); /* behind the frame that is the same */
    assert_int_equal(find("lllSllll", "llllllll", 4), 3); /* not behind another window */
    assert_int_equal(find("llSSSlll", "llllllll", 5), 6);
    assert_int_equal(find("SSSSSSSS", "llllllll", 4), 4); /* nothing is good */
    assert_int_equal(find("ll", "ll", 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),   cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_text),   cmocka_unit_test(test_check),
        cmocka_unit_test(test_window), cmocka_unit_test(test_find_join),
        cmocka_unit_test(test_note),   cmocka_unit_test(test_many_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
