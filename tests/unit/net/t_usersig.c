/* SPDX-License-Identifier: MIT */
/* UserSig: all vectors in every compressed form, what is made is read again, and each kind of
 * damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zlib.h>

#include "base/b64.h"
#include "net/usersig.h"
#include "serve/verify_usersig.h"
#include "unit/vectors.h"

static cJSON *file;

static int load(void **state)
{
    (void)state;
    file = vectors_load("usersig-vectors.json");
    return 0;
}

static int unload(void **state)
{
    (void)state;
    cJSON_Delete(file);
    return 0;
}

static const cJSON *all(void)
{
    return cJSON_GetObjectItemCaseSensitive(file, "vectors");
}

/* What a vector says should be in it. */
static struct trtc_usersig members_of(const cJSON *v)
{
    const cJSON *key = cJSON_GetObjectItemCaseSensitive(v, "private_map_key");
    return (struct trtc_usersig){
        .sdkappid = (uint32_t)vectors_number(v, "sdkappid"),
        .user = vectors_text(v, "user_id"),
        .time_s = (int64_t)vectors_number(v, "time"),
        .expire_s = (int64_t)vectors_number(v, "expire"),
        .userbuf = key ? vectors_text(key, "userbuf_base64") : NULL,
    };
}

static void same(const struct trtc_usersig *a, const struct trtc_usersig *b)
{
    assert_int_equal(a->sdkappid, b->sdkappid);
    assert_string_equal(a->user, b->user);
    assert_int_equal(a->time_s, b->time_s);
    assert_int_equal(a->expire_s, b->expire_s);
    assert_int_equal(!a->userbuf, !b->userbuf);
    if (a->userbuf)
        assert_string_equal(a->userbuf, b->userbuf);
}

/* What our own check says, in the order of the other side's: the application is not among it. */
static int ours(const struct trtc_usersig_read *r, const struct verify_usersig *want, int64_t now_s)
{
    const enum trtc_usersig_fault f = trtc_usersig_check_key(r, want->key);
    return f ? f : trtc_usersig_check_use(r, want->user, now_s);
}

/* Opens and verifies text against a vector, at the second now_s. */
static int check(const char *text, const cJSON *v, const struct verify_usersig *want, int64_t now_s)
{
    struct trtc_usersig_read *r = NULL;
    struct trtc_err err = { 0 };
    enum trtc_usersig_fault f = trtc_usersig_open(text, strlen(text), &r, &err);
    if (f)
        assert_true(*err.msg && (!*text || !strstr(err.msg, text)));
    if (!f) {
        const struct trtc_usersig members = members_of(v);
        same(trtc_usersig_members(r), &members);
    }
    const int theirs = verify_usersig(text, want, now_s, NULL);
    if (r && theirs != VERIFY_USERSIG_APP)
        assert_int_equal(ours(r, want, now_s), theirs);
    trtc_usersig_read_free(&r);
    return theirs;
}

static void vectors(void **state)
{
    static const char *const forms[] = { "usersig_npm", "usersig_alt_cpp_order_level1",
                                         "usersig_python_zlib_level6", "usersig_stored_level0" };
    const cJSON *v;
    int nb = 0;
    (void)state;
    cJSON_ArrayForEach(v, all())
    {
        const char *key = vectors_text(v, "secret_key");
        struct trtc_usersig want = members_of(v);
        int64_t end_s = (int64_t)vectors_number(v, "expires_at");
        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
            const char *text = vectors_text(v, forms[i]);
            const struct verify_usersig by = { key, want.sdkappid, want.user };
            const int f = check(text, v, &by, end_s - 1);
            if (f)
                fail_msg("%s %s: %d", vectors_text(v, "name"), forms[i], f);
            assert_int_equal(check(text, v, &by, end_s), VERIFY_USERSIG_EXPIRED);
        }
        nb++;
    }
    assert_int_equal(nb, 8);
}

static void made(void **state)
{
    const cJSON *v;
    (void)state;
    cJSON_ArrayForEach(v, all())
    {
        struct trtc_usersig in = members_of(v);
        struct trtc_err err = { 0 };
        char *token = trtc_usersig_make(&in, vectors_text(v, "secret_key"), &err);
        assert_non_null(token);
        char *json = verify_usersig_json(token);
        assert_string_equal(json, vectors_text(v, "json_npm"));
        assert_null(strpbrk(token, "+/=. \n"));
        const struct verify_usersig by = { vectors_text(v, "secret_key"), in.sdkappid, in.user };
        assert_int_equal(check(token, v, &by, in.time_s), 0);
        free(json);
        free(token);
    }
}

/* negative_cases of the file, by name. */
static void negative(void **state)
{
    static const struct {
        const char *name;
        const char *key, *user;
        uint32_t app;
        int cut; /* characters; -1: all */
        int want;
    } t[] = {
        { "wrong-key", "another", NULL, 0, 0, VERIFY_USERSIG_SIGNATURE },
        { "wrong-user", NULL, "recorder_9999", 0, 0, VERIFY_USERSIG_USER },
        { "wrong-app", NULL, NULL, 1400000002, 0, VERIFY_USERSIG_APP },
        { "expired", NULL, NULL, 0, 0, VERIFY_USERSIG_EXPIRED },
        { "truncated", NULL, NULL, 0, 8, TRTC_USERSIG_MALFORMED },
        { "empty", NULL, NULL, 0, -1, TRTC_USERSIG_EMPTY },
    };
    const cJSON *cases = cJSON_GetObjectItemCaseSensitive(file, "negative_cases");
    (void)state;
    assert_int_equal(cJSON_GetArraySize(cases), sizeof t / sizeof t[0]);
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const cJSON *v = vectors_find(all(), vectors_text(vectors_find(cases, t[i].name), "base"));
        char number[16];
        char *text = strdup(vectors_text(v, "usersig_npm"));
        text[t[i].cut < 0 ? 0 : strlen(text) - (size_t)t[i].cut] = '\0';
        const struct verify_usersig by = {
            t[i].key ? t[i].key : vectors_text(v, "secret_key"),
            t[i].app ? t[i].app : (uint32_t)vectors_number(v, "sdkappid"),
            t[i].user ? t[i].user : vectors_text(v, "user_id"),
        };
        const int f = check(text, v, &by, 1767225660);
        assert_int_equal(f, t[i].want);
        /* the numbers are the vendor's */
        snprintf(number, sizeof number, "%d", f);
        assert_non_null(strstr(vectors_text(vectors_find(cases, t[i].name), "expect"), number));
        free(text);
    }
}

/* One bit of any character wrong: refused, or it says the same (a stored block has bits that mean
 * nothing). */
static void damage(void **state)
{
    const cJSON *v = vectors_find(all(), "plain");
    const char *key = vectors_text(v, "secret_key");
    struct trtc_usersig want = members_of(v);
    const struct verify_usersig by = { key, want.sdkappid, want.user };
    char *text = strdup(vectors_text(v, "usersig_stored_level0"));
    size_t n = strlen(text);
    int nb_open = 0;
    (void)state;
    for (size_t i = 0; i < 8 * n; i++) {
        struct trtc_usersig_read *r = NULL;
        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
        enum trtc_usersig_fault f = trtc_usersig_open(text, n, &r, NULL);
        const int all_right = f ? f : verify_usersig(text, &by, want.time_s, NULL);
        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
        assert_int_equal(!f, !!r);
        if (f) {
            assert_int_equal(f, TRTC_USERSIG_MALFORMED);
            continue;
        }
        nb_open++;
        same(trtc_usersig_members(r), &want);
        assert_int_equal(all_right, 0);
        trtc_usersig_read_free(&r);
    }
    assert_true(nb_open < 16);
    free(text);
}

/* Packs what no library would. */
static char *pack(const char *json, size_t n, size_t extra)
{
    uLongf size = compressBound(n) + extra;
    unsigned char *z = calloc(1, size);
    uLongf len = size - extra;
    assert_int_equal(compress2(z, &len, (const unsigned char *)json, n, 9), Z_OK);
    char *out = malloc(TRTC_B64_ENCODED_MAX(len + extra));
    trtc_b64_encode(z, len + extra, out);
    for (char *c = out; *c; c++)
        *c = *c == '+' ? '*' : *c == '.' ? '_' : *c;
    free(z);
    return out;
}

static void hostile(void **state)
{
    static const char *const t[] = {
        "",
        "null",
        "[]",
        "{}",
        "\"x\"",
        "{\"TLS.ver\":\"2.0\"}",
        "{\"TLS.ver\":\"1.0\",\"TLS.identifier\":\"u\",\"TLS.sdkappid\":1,\"TLS.time\":1,\"TLS.expire\":1,\"TLS.sig\":\"x\"}",
        "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":5,\"TLS.sdkappid\":1,\"TLS.time\":1,\"TLS.expire\":1,\"TLS.sig\":\"x\"}",
        "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"u\",\"TLS.sdkappid\":-1,\"TLS.time\":1,\"TLS.expire\":1,\"TLS.sig\":\"x\"}",
        "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"u\",\"TLS.sdkappid\":1,\"TLS.time\":1e300,\"TLS.expire\":1,\"TLS.sig\":\"x\"}",
        "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"u\",\"TLS.sdkappid\":1,\"TLS.time\":1.5,\"TLS.expire\":1,\"TLS.sig\":\"x\"}",
        "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"u\",\"TLS.sdkappid\":1,\"TLS.time\":1,\"TLS.expire\":1}",
        "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"u\",\"TLS.sdkappid\":1,\"TLS.time\":1,\"TLS.expire\":1,\"TLS.sig\":\"x\",\"TLS.userbuf\":1}",
        "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"u\",\"TLS.identifier\":\"v\",\"TLS.sdkappid\":1,\"TLS.time\":1,\"TLS.expire\":1,\"TLS.sig\":\"x\"}",
        "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"u\",\"TLS.sdkappid\":1,\"TLS.time\":1,\"TLS.expire\":1,\"TLS.sig\":\"x\"} x",
        "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"u\\n\",\"TLS.sdkappid\":1,\"TLS.time\":1,\"TLS.expire\":1,\"TLS.sig\":\"x\"}",
        "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"u\",\"TLS.sdkappid\":1,\"TLS.time\":1,\"TLS.expire\":1,\"TLS.sig\":\"x\",\"TLS.userbuf\":\"A\\n\"}",
    };
    struct trtc_usersig_read *r = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        char *text = pack(t[i], strlen(t[i]), 0);
        if (trtc_usersig_open(text, strlen(text), &r, NULL) != TRTC_USERSIG_MALFORMED)
            fail_msg("%s", t[i]);
        free(text);
    }
    /* fine; a wrong signature of another length; trailing bytes after the stream */
    static const char good[] =
        "{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"u\",\"TLS.sdkappid\":1,\"TLS.time\":1,\"TLS.expire\":4503599627370496,\"TLS.sig\":\"x\"}";
    char *text = pack(good, strlen(good), 0);
    assert_int_equal(trtc_usersig_open(text, strlen(text), &r, NULL), TRTC_USERSIG_OK);
    assert_int_equal(verify_usersig(text, &(struct verify_usersig){ "k", 1, "u" }, 1, NULL),
                     VERIFY_USERSIG_SIGNATURE);
    trtc_usersig_read_free(&r);
    free(text);
    text = pack(good, strlen(good), 1);
    assert_int_equal(trtc_usersig_open(text, strlen(text), &r, NULL), TRTC_USERSIG_MALFORMED);
    free(text);
    /* 8 MB in 8 KB; text that is too long; a NUL inside */
    char *bomb = calloc(1, 8 << 20);
    text = pack(bomb, 8 << 20, 0);
    assert_true(strlen(text) < TRTC_USERSIG_TEXT_MAX);
    assert_int_equal(trtc_usersig_open(text, strlen(text), &r, NULL), TRTC_USERSIG_MALFORMED);
    memset(bomb, 'A', TRTC_USERSIG_TEXT_MAX + 4);
    assert_int_equal(trtc_usersig_open(bomb, TRTC_USERSIG_TEXT_MAX + 4, &r, NULL),
                     TRTC_USERSIG_MALFORMED);
    assert_int_equal(trtc_usersig_open("AA\0A", 4, &r, NULL), TRTC_USERSIG_MALFORMED);
    free(text);
    free(bomb);
}

static void not_made(void **state)
{
    static const struct {
        struct trtc_usersig in;
        const char *key;
        int code;
    } t[] = {
        { { 1, "", 1, 1, NULL }, "k", TRTC_EX_USAGE },
        { { 1, "012345678901234567890123456789012", 1, 1, NULL }, "k", TRTC_EX_USAGE },
        { { 1, "u\nTLS.sdkappid:2", 1, 1, NULL }, "k", TRTC_EX_USAGE },
        { { 1, "\xff", 1, 1, NULL }, "k", TRTC_EX_USAGE },
        { { 0, "u", 1, 1, NULL }, "k", TRTC_EX_USAGE },
        { { 1, "u", 1, 0, NULL }, "k", TRTC_EX_USAGE },
        { { 1, "u", 1, INT64_MAX, NULL }, "k", TRTC_EX_USAGE },
        { { 1, "u", -1, 1, NULL }, "k", TRTC_EX_SOFTWARE },
        { { 1, "u", 1, 1, "A\n" }, "k", TRTC_EX_SOFTWARE },
        { { 1, "u", 1, 1, NULL }, "", TRTC_EX_CONFIG },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        assert_null(trtc_usersig_make(&t[i].in, t[i].key, &err));
        if (err.code != t[i].code)
            fail_msg("%zu: %d %s", i, err.code, err.msg);
    }
    /* quotes and backslashes are text like any other */
    struct trtc_usersig in = { 4294967295, "a\"b\\c/d", 1767225600, TRTC_USERSIG_EXPIRE_MAX_S,
                               NULL };
    struct trtc_usersig_read *r = NULL;
    char *token = trtc_usersig_make(&in, "k", NULL);
    assert_int_equal(trtc_usersig_open(token, strlen(token), &r, NULL), TRTC_USERSIG_OK);
    same(trtc_usersig_members(r), &in);
    const struct verify_usersig by = { "k", 4294967295, in.user };
    assert_int_equal(verify_usersig(token, &by, in.time_s, NULL), 0);
    trtc_usersig_read_free(&r);
    free(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors), cmocka_unit_test(made),    cmocka_unit_test(negative),
        cmocka_unit_test(damage),  cmocka_unit_test(hostile), cmocka_unit_test(not_made),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
