/* SPDX-License-Identifier: MIT */
/* JSON from outside: what is refused and where, what it costs, and members with type and range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/json_put.h"

struct row {
    const char *text;
    const char *why; /* part of the message; NULL: taken */
};

static void check_row(const char *text, size_t n, const char *why)
{
    struct trtc_err err = { 0 };
    /* Exactly as long as it is: a byte read behind it shows under the address sanitizer. */
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    cJSON *root = trtc_json_parse("x.json", copy, n, &err);
    free(copy);
    if (!root != !!why)
        fail_msg("'%.60s': %s", text, root ? "taken" : err.msg);
    cJSON_Delete(root);
    if (!why)
        return;
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_ptr_equal(strstr(err.msg, "x.json: "), err.msg);
    if (!strstr(err.msg, why))
        fail_msg("'%.60s': %s", text, err.msg);
}

static void forms(void **state)
{
    static const struct row t[] = {
        { "{}", NULL },
        { " \t\r\n[1, -2.5e+3, true, false, null, \"a\\n\\u00e9\\ud83d\\ude00\"] \n", NULL },
        { "\xef\xbb\xbf{\"a\": 1}", NULL },
        { "\"only a string\"", NULL },
        { "{\"a\":{\"b\":1},\"b\":{\"b\":1},\"A\":2}", NULL },
        { "", "empty" },
        { " \n", "empty" },
        { "\xef\xbb\xbf", "empty" },
        { "\xef\xbb\xbf\xef\xbb\xbf{}", "not JSON near byte 3" },
        { "{} x", "byte 3: something follows" },
        { "{}{}", "byte 2: something follows" },
        { "{\"a\":1}\x01", "byte 7: a control character" },
        { "{\"a\":1", "not JSON" },
        { "{\"a\":1,}", "not JSON near byte" },
        { "[1,]", "not JSON near byte" },
        { "[1 2]", "not JSON near byte" },
        { "{a:1}", "not JSON near byte" },
        { "{'a':1}", "not JSON near byte" },
        { "]", "not JSON near byte" },
        { "nan", "not JSON" },
        { "NULL", "not JSON" },
        { "[01]", "byte 1: not a number" },
        { "[-01]", "byte 1: not a number" },
        { "[1.]", "byte 1: not a number" },
        { "[-]", "byte 1: not a number" },
        { "[.5]", "not JSON" },
        { "[+1]", "not JSON" },
        { "[1e]", "byte 1: not a number" },
        { "[0x10]", "not JSON" },
        { "[0, 1e400]", "too large" },
        { "[-1e400]", "too large" },
        { "[1e-400]", NULL },
        { "[1111111111222222222233333333334444444444555555555566666666667777]", "too long" },
        { "{\"a\":1,\"b\":2,\"a\":1}", "the key 'a' appears twice" },
        { "[{\"x\":{\"k\\u0031\":1,\"k1\":1}}]", "the key 'k1' appears twice" },
        { "{\"\\u001b\":1,\"\\u001b\":1}", "the key '\\x1B' appears twice" },
        { "{\"a\":\"x\\u0000y\"}", "byte 7: a NUL character" },
        { "{\"a\\u0000\":1}", "byte 3: a NUL character" },
        { "\"\\\\u0000\"", NULL }, /* a backslash, then text */
        { "\"\\u00zz\"", "byte 1: \\u without" },
        { "\"\\u00", "byte 1: \\u without" },
        { "\"\\u00\"", "byte 1: \\u without" },
        { "\"\\q\"", "byte 1: an escape that JSON does not have" },
        { "\"\\ud800\"", "byte 1: half of a character" },
        { "\"\\ud800\\u0041\"", "byte 1: half of a character" },
        { "\"\\udc00\"", "byte 1: half of a character" },
        { "\"abc", "byte 0: a string without an end" },
        { "\"abc\\", "without an end" },
        { "\"a\nb\"", "byte 2: a control character in a string" },
        { "\"\xff\"", "not UTF-8" },
        { "\"\xc0\x80\"", "not UTF-8" },
        { "\"\xed\xa0\x80\"", "not UTF-8" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        check_row(t[i].text, strlen(t[i].text), t[i].why);
    check_row("[1]\0", 4, "byte 3: a control character");
    check_row("\0", 1, "byte 0: a control character");
    check_row("\"a\0b\"", 5, "byte 2: a control character in a string");
}

static void secrets_stay(void **state)
{
    struct trtc_err err = { 0 };
    static const char text[] = "{\"SecretKey\": \"canary-1\", \"UserSig\": \"canary-2\" \"x\"}";
    (void)state;
    assert_null(trtc_json_parse("x.json", text, sizeof text - 1, &err));
    assert_null(strstr(err.msg, "canary"));
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* n times a, then n times b. */
static char *repeat(const char *a, const char *b, size_t n, size_t *len)
{
    size_t na = strlen(a), nb = strlen(b);
    char *text = malloc(n * (na + nb) + 1), *p = text;
    assert_non_null(text);
    for (size_t i = 0; i < n; i++, p += na)
        memcpy(p, a, na);
    for (size_t i = 0; i < n; i++, p += nb)
        memcpy(p, b, nb);
    *len = (size_t)(p - text);
    return text;
}

static void bombs(void **state)
{
    static const struct {
        const char *open, *close;
        size_t n;
        const char *why;
    } t[] = {
        { "[", "]", 100000, "byte 64: nested too deeply" },
        { "{\"a\":", "}", 100000, "nested too deeply" },
        { "[", "", 100000, "nested too deeply" },
        { "[{\"a\":", "", 1000000, "nested too deeply" },
        { "[", "]", 64, NULL },
        { "[", "]", 65, "nested too deeply" },
        { "]", "", 1000000, "not JSON near byte" },
        { "0,", "", 1000000, "too many values" },
        { "9", "", 1000000, "too long" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        size_t n;
        char *text = repeat(t[i].open, t[i].close, t[i].n, &n);
        double start = cpu_ms();
        cJSON *root = trtc_json_parse("x.json", text, n, &err);
        double took = cpu_ms() - start;
        free(text);
        if (!root != !!t[i].why || (!root && !strstr(err.msg, t[i].why)))
            fail_msg("row %zu: %s", i, root ? "taken" : err.msg);
        cJSON_Delete(root);
        if (!getenv("TRTC_SAN") && took > 10)
            fail_msg("row %zu: %.1f ms", i, took);
    }
}

static void size_cap(void **state)
{
    struct trtc_err err = { 0 };
    size_t n;
    char *text = repeat(" ", "", TRTC_JSON_MAX_BYTES + 1, &n);
    (void)state;
    text[0] = '1';
    assert_null(trtc_json_parse("x.json", text, n, &err));
    assert_string_equal(err.msg, "x.json: over 10 MB of JSON");
    cJSON *root = trtc_json_parse("x.json", text, n - 1, &err);
    assert_non_null(root);
    cJSON_Delete(root);
    free(text);
}

/* Half the limit of members, and none of them twice: no quadratic search. */
static void many_keys(void **state)
{
    struct trtc_err err = { 0 };
    size_t members = 1 << 16, size = members * 16, len = 1;
    char *text = malloc(size);
    (void)state;
    assert_non_null(text);
    text[0] = '{';
    for (size_t i = 0; i < members; i++)
        len += (size_t)snprintf(text + len, size - len, "%s\"k%zu\":1", i ? "," : "", i);
    text[len++] = '}';
    double start = cpu_ms();
    cJSON *root = trtc_json_parse("x.json", text, len, &err);
    assert_non_null(root);
    assert_true(getenv("TRTC_SAN") || cpu_ms() - start < 500);
    cJSON_Delete(root);
    text[len - 2] = '0'; /* the last member's value */
    text[2] = 'k';
    memcpy(text + len - 5, "2\":1}", 5); /* "k65532": there is one already */
    assert_null(trtc_json_parse("x.json", text, len, &err));
    assert_string_equal(err.msg, "x.json: the key 'k65532' appears twice in an object");
    free(text);
}

static void files(void **state)
{
    struct trtc_err err = { 0 };
    char path[] = "/tmp/t_json.XXXXXX";
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "{\"a\": 7}\n", 9), 9);
    cJSON *root = trtc_json_read(path, &err);
    assert_non_null(root);
    int64_t value = 0;
    assert_int_equal(trtc_json_int(root, "", "a", 0, 9, &value, &err), 1);
    assert_int_equal(value, 7);
    cJSON_Delete(root);

    /* Over the limit without being read to its end: the file is sparse and far larger. */
    assert_int_equal(ftruncate(fd, (off_t)1 << 36), 0);
    assert_null(trtc_json_read(path, &err));
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_non_null(strstr(err.msg, ": over 10 MB of JSON"));

    assert_int_equal(ftruncate(fd, 3), 0);
    assert_null(trtc_json_read(path, &err));
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_ptr_equal(strstr(err.msg, path), err.msg);

    assert_int_equal(unlink(path), 0);
    assert_null(trtc_json_read(path, &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    assert_null(trtc_json_read("/", &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    assert_ptr_equal(strstr(err.msg, "/: "), err.msg);

    /* Descriptor 0, which stays open. */
    int saved = dup(0), ends[2];
    assert_true(saved >= 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "[1", 2), 2);
    close(ends[1]);
    assert_int_equal(dup2(ends[0], 0), 0);
    assert_null(trtc_json_read("-", &err));
    assert_ptr_equal(strstr(err.msg, "standard input: not JSON near byte"), err.msg);
    assert_int_equal(dup2(saved, 0), 0);
    close(saved);
    close(ends[0]);
    close(fd);
}

static cJSON *parse(const char *text)
{
    struct trtc_err err = { 0 };
    cJSON *root = trtc_json_parse("x.json", text, strlen(text), &err);
    if (!root)
        fail_msg("%s", err.msg);
    return root;
}

static void integers(void **state)
{
    static const struct {
        const char *json;
        int64_t min, max;
        int ret;
        int64_t want;
        const char *message;
    } t[] = {
        { "{\"k\":0}", 0, 255, 1, 0, NULL },
        { "{\"k\":255}", 0, 255, 1, 255, NULL },
        { "{\"k\":2.55e2}", 0, 255, 1, 255, NULL },
        { "{\"k\":-0}", 0, 255, 1, 0, NULL },
        { "{\"k\":256}", 0, 255, -1, 0, "p[3].k: 256 is not within 0...255" },
        { "{\"k\":-1}", 0, 255, -1, 0, "p[3].k: -1 is not within 0...255" },
        { "{\"k\":1.5}", 0, 255, -1, 0, "p[3].k: 1.5 is not a whole number" },
        { "{\"k\":1e300}", 0, 255, -1, 0, "p[3].k: 1e+300 is not within 0...255" },
        { "{\"k\":\"1\"}", 0, 255, -1, 0, "p[3].k: a string, but a whole number is required" },
        { "{\"k\":true}", 0, 255, -1, 0, "p[3].k: a boolean, but a whole number is required" },
        { "{\"k\":[1]}", 0, 255, -1, 0, "p[3].k: an array, but a whole number is required" },
        { "{\"k\":{}}", 0, 255, -1, 0, "p[3].k: an object, but a whole number is required" },
        { "{\"k\":null}", 0, 255, 0, 0, NULL },
        { "{\"K\":1}", 0, 255, 0, 0, NULL },
        { "{}", 0, 255, 0, 0, NULL },
        { "{\"k\":1768908622495}", 0, INT64_MAX, 1, INT64_C(1768908622495), NULL },
        { "{\"k\":9007199254740992}", 0, INT64_MAX, 1, INT64_C(9007199254740992), NULL },
        { "{\"k\":9007199254740994}", 0, INT64_MAX, -1, 0,
          "p[3].k: 9.00719925474099e+15 is not within 0...9007199254740992" },
        { "{\"k\":-9e18}", INT64_MIN, INT64_MAX, -1, 0,
          "p[3].k: -9e+18 is not within -9007199254740992...9007199254740992" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        int64_t got = 42;
        cJSON *root = parse(t[i].json);
        int ret = trtc_json_int(root, "p[3]", "k", t[i].min, t[i].max, &got, &err);
        if (ret != t[i].ret || got != (ret == 1 ? t[i].want : 42))
            fail_msg("%s: %d, %jd, %s", t[i].json, ret, (intmax_t)got, err.msg);
        if (t[i].message) {
            assert_string_equal(err.msg, t[i].message);
            assert_int_equal(err.code, TRTC_EX_DATAERR);
        }
        cJSON_Delete(root);
    }
}

static void members(void **state)
{
    struct trtc_err err = { 0 };
    bool b = false;
    const char *s = NULL;
    const cJSON *object = NULL, *array = NULL;
    cJSON *root =
        parse("{\"b\":true,\"f\":false,\"s\":\"t\",\"o\":{},\"a\":[],\"z\":null,\"i\":1}");
    (void)state;
    assert_int_equal(trtc_json_bool(root, "", "b", &b, &err), 1);
    assert_true(b);
    assert_int_equal(trtc_json_bool(root, "", "f", &b, &err), 1);
    assert_false(b);
    assert_int_equal(trtc_json_bool(root, "", "i", &b, &err), -1);
    assert_string_equal(err.msg, "i: a number, but true or false is required");
    assert_int_equal(trtc_json_string(root, "", "s", &s, &err), 1);
    assert_string_equal(s, "t");
    assert_int_equal(trtc_json_string(root, "q", "o", &s, &err), -1);
    assert_string_equal(err.msg, "q.o: an object, but a string is required");
    assert_int_equal(trtc_json_object(root, "", "o", &object, &err), 1);
    assert_true(cJSON_IsObject(object));
    assert_int_equal(trtc_json_object(root, "", "a", &object, &err), -1);
    assert_int_equal(trtc_json_array(root, "", "a", &array, &err), 1);
    assert_true(cJSON_IsArray(array));
    assert_int_equal(trtc_json_array(root, "", "o", &array, &err), -1);
    assert_string_equal(err.msg, "o: an object, but an array is required");
    assert_int_equal(trtc_json_object(root, "", "z", &object, &err), 0);
    assert_int_equal(trtc_json_array(root, "", "none", &array, &err), 0);
    assert_int_equal(trtc_json_string(root, "", "z", &s, &err), 0);
    assert_int_equal(trtc_json_bool(root, "", "z", &b, &err), 0);

    static const char *const all[] = { "z", "b", "f", "s", "o", "a", "i", NULL };
    static const char *const some[] = { "b", "f", "S", "o", NULL };
    static const char *const none[] = { NULL };
    assert_null(trtc_json_unknown(root, all));
    assert_string_equal(trtc_json_unknown(root, some), "s");
    assert_string_equal(trtc_json_unknown(root, none), "b");
    assert_null(trtc_json_unknown(object, none));
    cJSON_Delete(root);
}

/* What is printed is UTF-8, whatever bytes file names have. */
static void printed(void **state)
{
    static const struct {
        const char *is, *text;
    } t[] = {
        { "a\xc3\xa9\xf0\x9f\x98\x80", "\"a\xc3\xa9\xf0\x9f\x98\x80\"" },
        { "\x85", "\"\\\\x85\"" },
        { "a\xff\xc3\xa9\xe2\x80\xae\xc3", "\"a\\\\xFF\xc3\xa9\xe2\x80\xae\\\\xC3\"" },
        { "\n\\\"\xe2\x80", "\"\\n\\\\\\\"\\\\xE2\\\\x80\"" },
    };
    (void)state;
    assert_null(trtc_json_text(NULL, false));
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        cJSON *json = cJSON_CreateString(t[i].is);
        char *text = trtc_json_text(json, i & 1);
        assert_string_equal(text, t[i].text);
        cJSON *back = cJSON_Parse(text);
        assert_non_null(back);
        cJSON_Delete(back);
        free(text);
        cJSON_Delete(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),    cmocka_unit_test(secrets_stay), cmocka_unit_test(bombs),
        cmocka_unit_test(size_cap), cmocka_unit_test(many_keys),    cmocka_unit_test(files),
        cmocka_unit_test(integers), cmocka_unit_test(members),      cmocka_unit_test(printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
