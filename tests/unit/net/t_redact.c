/* SPDX-License-Identifier: MIT */
/* net/redact: our secrets in what others say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "net/redact.h"
#include "net/secret.h"

#define KEY "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"

static struct trtc_redact *make(const char *a, const char *b)
{
    struct trtc_err err = { 0 };
    struct trtc_redact *r = trtc_redact_new(&err);
    assert_non_null(r);
    assert_int_equal(trtc_redact_add(r, a, &err), 0);
    assert_int_equal(trtc_redact_add(r, b, &err), 0);
    return r;
}

static void check_text(const struct trtc_redact *r, const char *text, const char *want)
{
    char *copy = strdup(text);
    struct trtc_err err;
    assert_non_null(copy);
    assert_int_equal(trtc_redact_text(r, copy, &err), 0);
    if (strcmp(copy, want) != 0)
        fail_msg("'%s' became '%s', not '%s'", text, copy, want);
    free(copy);
}

static void test_texts(void **state)
{
    static const char *const t[][2] = {
        { "", "" },
        { "nothing", "nothing" },
        { "the key " KEY ".", "the key ***." },
        { KEY, "***" },
        { KEY KEY, "***" },
        { "cut: Gu5t9xGA", "cut: ***" },
        { "cut: Gu5t9xG", "cut: Gu5t9xG" },
        { "its end: 3Cozk1qA; its middle: p q86cd98joQ", "its end: ***; its middle: p ***" },
        { "short one: pin7, pin, pin71", "short one: ***, pin, ***1" },
        { "{\\\"a\\\":\\\"G\\u00755t9xGA\\\"}", "{\\\"a\\\":\\\"***\\\"}" },
        { "a=Gu5t9%78GA&b=%47u5t9xG%41", "a=***&b=***" },
        { "Gu5t9&#120;GA Gu5t9&#x78;GA", "*** ***" },
        { "{\\\\\\\"a\\\\\\\":\\\\\\\"Gu5t9\\\\u0078GA\\\\\\\"}",
          "{\\\\\\\"a\\\\\\\":\\\\\\\"***\\\\\\\"}" },
        /* base64 of "Gu5t9xGA", "1Gu5t9xGA", "12Gu5t9xGA" */
        { "R3U1dDl4R0E=", "***=" },
        { "x MUd1NXQ5eEdB x", "x M*** x" },
        { "MTJHdTV0OXhHQQ==", "MT***==" },
        { "R3U1dDl4\r\nR0E=", "***=" },
        /* of that again; and in hexadecimal */
        { "UjNVMWREbDRSMEU9", "***9" },
        { "47753574397847 4775357439784741", "47753574397847 ***" },
        /* by its name alone */
        { "SecretKey=abc&x=1", "SecretKey=***&x=1" },
        { "{\"secret_id\" : \"abcd\", \"x\": \"y\"}", "{\"secret_id\" : \"***\", \"x\": \"y\"}" },
        { "{\\\"UserSig\\\":\\\"eJwtz\\\"}", "{\\\"UserSig\\\":\\\"***\\\"}" },
        { "%22AccessKey%22%3A%22abc%22", "%22AccessKey%22%3A%22***%22" },
        { "AccessKey: must not be empty", "AccessKey: must not be empty" },
        { "SecretKey is wrong; SecretKeys = 3", "SecretKey is wrong; SecretKeys = 3" },
    };
    struct trtc_redact *r = make(KEY, "pin7");
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        check_text(r, t[i][0], t[i][1]);
    trtc_redact_free(&r);
    r = make(NULL, "ab");
    check_text(r, "ab is everywhere, and " KEY, "ab is everywhere, and " KEY);
    trtc_redact_free(&r);
    trtc_redact_free(&r);
}

static void check_json(const struct trtc_redact *r, const char *text, const char *want)
{
    cJSON *j = cJSON_Parse(text);
    struct trtc_err err;
    assert_non_null(j);
    assert_int_equal(trtc_redact_json(r, j, &err), 0);
    char *got = cJSON_PrintUnformatted(j);
    assert_string_equal(got, want);
    cJSON_free(got);
    cJSON_Delete(j);
}

static void test_json(void **state)
{
    struct trtc_redact *r = make(KEY, "12345678");
    (void)state;
    check_json(r, "{\"a\":[1,null,true,\"x\"]}", "{\"a\":[1,null,true,\"x\"]}");
    check_json(r, "{\"a\":\"-" KEY "-\"}", "{\"a\":\"-***-\"}");
    check_json(r, "{\"" KEY "\":1}", "{\"***\":1}");
    /* a number, and members that are secret by their names */
    check_json(r, "{\"a\":12345678,\"b\":123456}", "{\"a\":\"***\",\"b\":123456}");
    check_json(
        r,
        "{\"AccessKey\":\"abcd\",\"token\":\"ab\",\"Secret-Id\":4,\"UserSig\":{\"x\":[\"abc\"]}}",
        "{\"AccessKey\":\"***\",\"token\":\"**\",\"Secret-Id\":\"***\",\"UserSig\":{\"x\":[\"***\"]}}");
    /* one that is spread over members */
    check_json(r, "[\"Gu5t\",\"9xGA\",\"RN\",\"pq86\"]", "[\"***\",\"***\",\"**\",\"***\"]");
    check_json(r, "{\"a\":\"is Gu5t9\",\"b\":{\"c\":\"xGAR is\"}}",
               "{\"a\":\"is ***\",\"b\":{\"c\":\"*** is\"}}");
    trtc_redact_free(&r);
}

static void test_members(void **state)
{
    struct trtc_err err;
    struct trtc_redact *r = trtc_redact_new(&err);
    cJSON *j = cJSON_Parse(
        "{\"UserSig\":\"eJwtzEELgjAY\",\"RoomId\":\"roomroomroom\",\"StorageParams\":"
        "{\"CloudStorage\":{\"AccessKey\":\"AKIDaccessaccess\",\"Bucket\":\"buckets-1250\"}}}");
    (void)state;
    assert_int_equal(trtc_redact_add_members(r, j, &err), 0);
    check_text(r, "eJwtzEELgjAY AKIDaccessaccess roomroomroom buckets-1250",
               "*** *** roomroomroom buckets-1250");
    cJSON_Delete(j);
    trtc_redact_free(&r);
}

/* A long answer costs little, whatever is in it. */
static void test_long(void **state)
{
    enum { N = 4 << 20 };
    struct trtc_redact *r = make(KEY, "abcdefgh");
    struct trtc_err err;
    char *text = malloc(N + 1);
    (void)state;
    assert_non_null(text);
    memset(text, 'A', N);
    memcpy(text + N - strlen(KEY), KEY, strlen(KEY));
    text[N] = '\0';
    assert_int_equal(trtc_redact_text(r, text, &err), 0);
    assert_int_equal(strlen(text), N - strlen(KEY) + 3);
    free(text);
    trtc_redact_free(&r);
}

static const char *a_value(void *arg, const char *name)
{
    (void)arg;
    if (strcmp(name, "TRTC_SECRET_KEY") == 0)
        return "usersig-key-01";
    if (strncmp(name, "TRTC_STORAGE_", 13) != 0)
        return NULL;
    return strcmp(name, "TRTC_STORAGE_ACCESS_KEY") == 0 ? "storage-access-02" : "storage-secret-03";
}

static void test_of_a_call(void **state)
{
    static const char *const secrets[] = { "AKIDexample-04",    "signing-key-05",
                                           "session-token-06",  "usersig-key-01",
                                           "storage-access-02", "storage-secret-03",
                                           "asked-secret-07" };
    struct trtc_credentials c = { .id = { .text = "AKIDexample-04" },
                                  .key = { .text = "signing-key-05" },
                                  .token = { .text = "session-token-06" } };
    const struct trtc_env env = { .get = a_value };
    struct trtc_err err;
    cJSON *request =
        cJSON_Parse("{\"RoomId\":\"plain-room-08\",\"StorageParams\":{\"CloudStorage\":"
                    "{\"SecretKey\":\"asked-secret-07\"}}}");
    struct trtc_redact *r = trtc_redact_of(&c, &env, request, NULL, &err);
    (void)state;
    assert_non_null(r);
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        char text[128];
        snprintf(text, sizeof text, "plain-room-08 said '%s'", secrets[i]);
        assert_int_equal(trtc_redact_text(r, text, &err), 0);
        assert_string_equal(text, "plain-room-08 said '***'");
    }
    trtc_redact_free(&r);
    cJSON_Delete(request);
}

static cJSON *request_of(int i)
{
    char text[200];
    snprintf(text, sizeof text,
             "{\"UserSig\":\"usersig-of-line-%06d\",\"RecordParams\":{},\"SecretKey\":\"k%04d\"}",
             i, i);
    return cJSON_Parse(text);
}

/* The secrets of line i, as the answer to line by quotes them. */
static void assert_hidden(struct trtc_redact_past *past, int i, int by)
{
    struct trtc_credentials c = { .id = { .text = "AKIDexample-04" } };
    const struct trtc_env env = { .get = a_value };
    struct trtc_err err;
    cJSON *request = request_of(by), *json;
    struct trtc_redact *r = trtc_redact_of(&c, &env, request, past, &err);
    char text[100];

    assert_non_null(r);
    snprintf(text, sizeof text, "bad: usersig-of-line-%06d and k%04d", i, i);
    assert_int_equal(trtc_redact_text(r, text, &err), 0);
    assert_string_equal(text, "bad: *** and ***");
    snprintf(text, sizeof text, "{\"Message\":\"k%04d\",\"n\":5,\"Of\":\"usersig-of-line-%06d\"}",
             i, i);
    json = cJSON_Parse(text);
    assert_int_equal(trtc_redact_json(r, json, &err), 0);
    char *printed = cJSON_PrintUnformatted(json);
    assert_string_equal(printed, "{\"Message\":\"***\",\"n\":5,\"Of\":\"***\"}");
    cJSON_free(printed);
    cJSON_Delete(json);
    cJSON_Delete(request);
    trtc_redact_free(&r);
}

/* An answer may quote what a line before it held; how many are kept has an end. */
static void test_past(void **state)
{
    struct trtc_err err;
    struct trtc_redact_past *past = trtc_redact_past_new(&err);
    (void)state;

    assert_non_null(past);
    assert_hidden(past, 0, 0);
    assert_hidden(past, 0, 1);
    for (int i = 2; i < 1000; i++) {
        assert_hidden(past, i - 1, i);
        if (i > 256)
            assert_hidden(past, i - 256, i);
    }
    trtc_redact_past_free(&past);
    trtc_redact_past_free(&past);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),   cmocka_unit_test(test_json),
        cmocka_unit_test(test_members), cmocka_unit_test(test_of_a_call),
        cmocka_unit_test(test_long),    cmocka_unit_test(test_past),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
