/* SPDX-License-Identifier: MIT */
/* Callback signatures: all vectors, the negative ones, key files, and when a callback is sent again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/callback.h"
#include "unit/vectors.h"

static char path[] = "/tmp/t_callback.XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    close(fd);
    return fd < 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* A key file with this text; NULL where it is refused. */
static struct trtc_callback_keys *keys_of(const char *text, struct trtc_err *err)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return trtc_callback_keys_read(path, err);
}

static void check_vector(const cJSON *v)
{
    struct trtc_err err;
    char sign[TRTC_CALLBACK_SIGN_LEN + 1];
    size_t n;
    const char *want = vectors_text(v, "sign");
    struct trtc_callback_keys *keys = keys_of(vectors_text(v, "key"), &err);
    unsigned char *body = vectors_bytes(vectors_text(v, "body_base64"), &n);
    assert_non_null(keys);
    assert_int_equal(n, (size_t)vectors_number(v, "body_bytes"));
    assert_int_equal(trtc_callback_sign(keys, 1400000001, body, n, sign, &err), 0);
    assert_string_equal(sign, want);
    assert_true(trtc_callback_check(keys, 1400000001, want, body, n));
    for (size_t i = 0; n && i < 8 * n; i += 97) { /* one bit is another */
        body[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_false(trtc_callback_check(keys, 1400000001, want, body, n));
        body[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    free(body);
    trtc_callback_keys_free(&keys);
}

static void all_vectors(void **state)
{
    cJSON *file = vectors_load("callback-vectors.json"), *v;
    int nb = 0;
    (void)state;
    cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(file, "vectors"))
    {
        check_vector(v);
        nb++;
    }
    assert_int_equal(nb, 10);
    cJSON_Delete(file);
}

static void refuses_others(void **state)
{
    cJSON *file = vectors_load("callback-vectors.json");
    const cJSON *v =
        vectors_find(cJSON_GetObjectItemCaseSensitive(file, "vectors"), "recording-305-compact");
    struct trtc_err err;
    size_t n;
    char sign[TRTC_CALLBACK_SIGN_LEN + 8];
    unsigned char *body = vectors_bytes(vectors_text(v, "body_base64"), &n);
    struct trtc_callback_keys *keys = keys_of("exampleCallbackKey0123456789ABCD\n", &err);
    (void)state;
    snprintf(sign, sizeof sign, "%s", vectors_text(v, "sign"));
    assert_false(trtc_callback_check(keys, 0, NULL, body, n));
    assert_false(trtc_callback_check(keys, 0, "", body, n));
    assert_false(trtc_callback_check(
        keys, 0, "5bc15f7e906f42ebd6ddab9a8fd9a9dfe5fff98ea459b3ca1fb74b8d0ece855b", body, n));
    assert_false(trtc_callback_check(keys, 0, sign, body, n - 1));
    sign[43] = '\0'; /* without its padding */
    assert_false(trtc_callback_check(keys, 0, sign, body, n));
    strcpy(sign + 43, "=\n");
    assert_false(trtc_callback_check(keys, 0, sign, body, n));
    sign[44] = '\0';
    assert_true(trtc_callback_check(keys, 0, sign, body, n));
    sign[0] ^= 32; /* the other case */
    assert_false(trtc_callback_check(keys, 0, sign, body, n));
    trtc_callback_keys_free(&keys);
    free(body);
    cJSON_Delete(file);
}

static void keys_of_applications(void **state)
{
    struct trtc_err err;
    char a[TRTC_CALLBACK_SIGN_LEN + 1], b[TRTC_CALLBACK_SIGN_LEN + 1],
        c[TRTC_CALLBACK_SIGN_LEN + 1];
    struct trtc_callback_keys *one = keys_of("new", &err), *two = keys_of("old", &err),
                              *three = keys_of("other", &err);
    struct trtc_callback_keys *all = keys_of(
        "\xef\xbb\xbf# rotation\r1400000001 \"new\"\n\n1400000001\told\r\n  1400000002 'other' \n",
        &err);
    (void)state;
    trtc_callback_sign(one, 0, "x", 1, a, &err);
    trtc_callback_sign(two, 0, "x", 1, b, &err);
    trtc_callback_sign(three, 0, "x", 1, c, &err);
    assert_true(trtc_callback_check(all, 1400000001, a, "x", 1));
    assert_true(trtc_callback_check(all, 1400000001, b, "x", 1));
    assert_false(trtc_callback_check(all, 1400000001, c, "x", 1));
    assert_true(trtc_callback_check(all, 1400000002, c, "x", 1));
    assert_false(trtc_callback_check(all, 1400000003, a, "x", 1));
    assert_true(trtc_callback_check(all, 0, c, "x", 1));
    assert_int_equal(trtc_callback_keys_app(all), 1400000001);
    assert_int_equal(trtc_callback_sign(all, 1400000003, "x", 1, a, &err), -1);
    assert_int_equal(err.code, TRTC_EX_CONFIG);
    trtc_callback_keys_free(&one);
    trtc_callback_keys_free(&two);
    trtc_callback_keys_free(&three);
    trtc_callback_keys_free(&all);
}

static void wrong_key_files(void **state)
{
    static const char *const texts[] = { "",
                                         "\n# nothing\n",
                                         "app key",
                                         "0 key",
                                         "1 two words",
                                         "4294967296 k",
                                         "k\xc3\xa9y",
                                         "1400000001 ",
                                         "a key with blanks",
                                         "\"key",
                                         "key'",
                                         "\"1400000001 key\"",
                                         "1400000001=key",
                                         "1400000001,key",
                                         "\"\"" };
    struct trtc_err err;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct trtc_callback_keys *k = keys_of(texts[i], &err);
        if (k) { /* a number alone is a key */
            assert_string_equal(texts[i], "1400000001 ");
            trtc_callback_keys_free(&k);
            continue;
        }
        assert_int_equal(err.code, TRTC_EX_CONFIG);
        assert_true(!*texts[i] || !strstr(err.msg, "blanks\n"));
    }
    chmod(path, 0640);
    assert_null(trtc_callback_keys_read(path, &err));
    assert_int_equal(err.code, TRTC_EX_NOPERM);
    chmod(path, 0600);
    assert_null(trtc_callback_keys_read("/nonexistent/key", &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
}

/* The attempts of a sender whose receiver lets it wait so long each time. */
static int attempts(int64_t wait_ms, int64_t at_ms[], int max)
{
    int64_t now_ms = 1000;
    int n = 0;
    while (now_ms >= 0 && n < max) {
        at_ms[n++] = now_ms - 1000;
        now_ms = trtc_callback_again_ms(n, 1000, now_ms + wait_ms);
    }
    return n;
}

static void sends_again_for_a_minute(void **state)
{
    static const int64_t silent[] = { 0, 5000, 20000, 35000, 50000 };
    static const int64_t refused[] = { 0, 0, 10000, 20000, 30000, 40000, 50000, 60000 };
    int64_t at_ms[20];
    (void)state;
    assert_int_equal(attempts(5000, at_ms, 20), 5);
    assert_memory_equal(at_ms, silent, sizeof silent);
    assert_int_equal(attempts(0, at_ms, 20), 8);
    assert_memory_equal(at_ms, refused, sizeof refused);
}

static void addresses(void **state)
{
    static const char *const good[] = { "http://127.0.0.1:8080/", "HTTPS://example.com/a/b?c=d",
                                        "http://[::1]/" };
    static const char *const bad[] = { "",
                                       "example.com",
                                       "ftp://example.com/",
                                       "http:///x",
                                       "http://user:word@example.com/",
                                       "http://example.com/a b",
                                       "http://example.com/\n" };
    struct trtc_err err;
    char *longest = malloc(TRTC_CALLBACK_URL_MAX + 2);
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(trtc_callback_url(good[i], &err), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(trtc_callback_url(bad[i], &err), -1);
        assert_int_equal(err.code, TRTC_EX_USAGE);
        assert_null(strstr(err.msg, "word@"));
    }
    memset(longest, 'x', TRTC_CALLBACK_URL_MAX + 1);
    memcpy(longest, "http://a/", 9);
    longest[TRTC_CALLBACK_URL_MAX] = '\0';
    assert_int_equal(trtc_callback_url(longest, &err), 0);
    longest[TRTC_CALLBACK_URL_MAX] = 'x';
    longest[TRTC_CALLBACK_URL_MAX + 1] = '\0';
    assert_int_equal(trtc_callback_url(longest, &err), -1);
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_vectors),
        cmocka_unit_test(refuses_others),
        cmocka_unit_test(keys_of_applications),
        cmocka_unit_test(wrong_key_files),
        cmocka_unit_test(sends_again_for_a_minute),
        cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
