/* SPDX-License-Identifier: MIT */
/* Signing: every published and made vector, the headers of a call, and what cannot be signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/sign.h"
#include "unit/vectors.h"

/* The headers of a vector that its signed_headers names, the last named first: order must not
 * matter. */
static struct trtc_headers signed_of(const cJSON *v, const char *host)
{
    struct trtc_headers h = { 0 };
    const cJSON *sent = cJSON_GetObjectItemCaseSensitive(v, "headers_sent");
    char names[256];
    snprintf(names, sizeof names, "%s", vectors_text(v, "signed_headers"));
    for (char *semi; *names; *semi = '\0') {
        semi = strrchr(names, ';');
        const char *name = semi ? semi + 1 : names;
        /* this getter ignores case */
        const char *value = cJSON_GetStringValue(cJSON_GetObjectItem(sent, name));
        if (!strcmp(name, "host") && host)
            value = host;
        assert_int_equal(trtc_headers_add(&h, name, value, NULL), 0);
        if (!semi)
            semi = names;
    }
    return h;
}

static void vectors(void **state)
{
    cJSON *file = vectors_load("tc3-vectors.json");
    const cJSON *v;
    int nb = 0;
    (void)state;
    cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(file, "vectors"))
    {
        const char *name = vectors_text(v, "name");
        /* that client signs the host without its port */
        const char *host = strcmp(name, "local-port-node-style") ? NULL : "127.0.0.1";
        struct trtc_headers h = signed_of(v, host);
        size_t n;
        unsigned char *body = vectors_bytes(vectors_text(v, "payload_base64"), &n);
        struct trtc_sign in = {
            .secret_id = vectors_text(v, "secret_id"),
            .secret_key = vectors_text(v, "secret_key"),
            .service = vectors_text(v, "service"),
            .time_s = (int64_t)vectors_number(v, "timestamp"),
            .method = vectors_text(v, "method"),
            .query = vectors_text(v, "canonical_query"),
            .signed_headers = &h,
            .body = body,
            .body_bytes = n,
        };
        if (!strcmp(name, "unsigned-payload")) {
            in.body = TRTC_SIGN_UNSIGNED;
            in.body_bytes = strlen(TRTC_SIGN_UNSIGNED);
        }
        struct trtc_err err = { 0 };
        char *got = trtc_sign_authorization(&in, &err);
        if (!got || strcmp(got, vectors_text(v, "authorization")))
            fail_msg("%s: %s", name, got ? got : err.msg);
        free(got);
        free(body);
        trtc_headers_fini(&h);
        nb++;
    }
    assert_int_equal(nb, 16);
    cJSON_Delete(file);
}

/* One call: these names, in this order, these values. */
static void headers(void **state)
{
    cJSON *file = vectors_load("tc3-vectors.json");
    const cJSON *v =
        vectors_find(cJSON_GetObjectItemCaseSensitive(file, "vectors"), "session-token");
    const cJSON *sent = cJSON_GetObjectItemCaseSensitive(v, "headers_sent");
    const char *body = vectors_text(v, "payload");
    struct trtc_sign_call call = {
        .secret_id = vectors_text(v, "secret_id"),
        .secret_key = vectors_text(v, "secret_key"),
        .token = vectors_text(sent, "X-TC-Token"),
        .host = vectors_text(sent, "Host"),
        .action = vectors_text(sent, "X-TC-Action"),
        .version = vectors_text(sent, "X-TC-Version"),
        .region = vectors_text(sent, "X-TC-Region"),
        .language = "en-US",
        .client = "trtc-rec",
        .time_s = (int64_t)vectors_number(v, "timestamp"),
        .body = body,
        .body_bytes = strlen(body),
    };
    static const char *const order[] = {
        "Host",        "Content-Type",  "X-TC-Action",        "X-TC-Version", "X-TC-Timestamp",
        "X-TC-Region", "X-TC-Language", "X-TC-RequestClient", "X-TC-Token",   "Authorization",
    };
    struct trtc_headers h = { 0 };
    struct trtc_err err = { 0 };
    (void)state;
    assert_int_equal(trtc_sign_call(&call, &h, &err), 0);
    assert_int_equal(h.nb, sizeof order / sizeof order[0]);
    for (size_t i = 0; i < h.nb; i++) {
        assert_string_equal(h.list[i].name, order[i]);
        const cJSON *same = cJSON_GetObjectItemCaseSensitive(sent, order[i]);
        if (same)
            assert_string_equal(h.list[i].value, same->valuestring);
    }
    assert_string_equal(trtc_headers_get(&h, "AUTHORIZATION"), vectors_text(v, "authorization"));
    assert_string_equal(trtc_headers_get(&h, "x-tc-requestclient"), "trtc-rec");
    trtc_headers_fini(&h);
    assert_null(trtc_headers_get(&h, "Host"));

    /* No token, no language, no client: no such headers. */
    call.token = "";
    call.language = call.client = NULL;
    assert_int_equal(trtc_sign_call(&call, &h, &err), 0);
    assert_int_equal(h.nb, 7);
    trtc_headers_fini(&h);
    cJSON_Delete(file);
}

static void refused(void **state)
{
    static const struct {
        const char *id, *key, *host, *region;
        int64_t time_s;
        int code;
        const char *says;
    } t[] = {
        { "", "k", "h", "r", 1, TRTC_EX_CONFIG, "SecretId" },
        { " AKID", "k", "h", "r", 1, TRTC_EX_CONFIG, "SecretId" },
        { "AK/ID", "k", "h", "r", 1, TRTC_EX_CONFIG, "SecretId" },
        { "AK,ID", "k", "h", "r", 1, TRTC_EX_CONFIG, "SecretId" },
        { "AKID\r\nX: y", "k", "h", "r", 1, TRTC_EX_CONFIG, "SecretId" },
        { "AKID", "", "h", "r", 1, TRTC_EX_CONFIG, "SecretKey" },
        { "AKID", "canary\n", "h", "r", 1, TRTC_EX_CONFIG, "SecretKey" },
        { "AKID", "canary canary", "h", "r", 1, TRTC_EX_CONFIG, "SecretKey" },
        { "AKID", "k", "h\r\nX: y", "r", 1, TRTC_EX_DATAERR, "Host" },
        { "AKID", "k", "h", "r\nX: y", 1, TRTC_EX_DATAERR, "X-TC-Region" },
        { "AKID", "k", "h", "r", -1, TRTC_EX_SOFTWARE, "1970" },
        { "AKID", "k", "h", "r", INT64_MAX, TRTC_EX_SOFTWARE, "9999" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_sign_call call = {
            .secret_id = t[i].id,
            .secret_key = t[i].key,
            .host = t[i].host,
            .region = t[i].region,
            .action = "DescribeCloudRecording",
            .version = "2019-07-22",
            .time_s = t[i].time_s,
            .body = "{}",
            .body_bytes = 2,
        };
        struct trtc_headers h = { 0 };
        struct trtc_err err = { 0 };
        assert_int_equal(trtc_sign_call(&call, &h, &err), -1);
        if (err.code != t[i].code || !strstr(err.msg, t[i].says) || strstr(err.msg, "canary"))
            fail_msg("%zu: %d %s", i, err.code, err.msg);
        trtc_headers_fini(&h);
    }
    /* content-type and host are not optional */
    struct trtc_headers h = { 0 };
    struct trtc_err err = { 0 };
    struct trtc_sign in = { .secret_id = "a", .secret_key = "b", .signed_headers = &h };
    assert_int_equal(trtc_headers_add(&h, "Host", "h", NULL), 0);
    assert_null(trtc_sign_authorization(&in, &err));
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    assert_int_equal(trtc_headers_add(&h, "Bad name", "v", &err), -1);
    assert_int_equal(trtc_headers_add(&h, "", "v", &err), -1);
    assert_int_equal(trtc_headers_add(&h, "A:B", "v", &err), -1);
    assert_int_equal(h.nb, 1);
    trtc_headers_fini(&h);
}

/* Blanks around a value do not change the signature, nor does the case of name or value. */
static void normal_form(void **state)
{
    static const char *const type[] = { "application/json", " application/json\t",
                                        "Application/JSON" };
    char *first = NULL;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct trtc_headers h = { 0 };
        struct trtc_sign in = {
            .secret_id = "a", .secret_key = "b", .time_s = 1, .signed_headers = &h
        };
        assert_int_equal(trtc_headers_add(&h, i == 1 ? "HOST" : "host", "h", NULL), 0);
        assert_int_equal(trtc_headers_add(&h, "Content-Type", type[i], NULL), 0);
        char *got = trtc_sign_authorization(&in, NULL);
        assert_non_null(got);
        if (first) {
            assert_string_equal(got, first);
            free(got);
        } else {
            first = got;
        }
        trtc_headers_fini(&h);
    }
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(headers),
        cmocka_unit_test(refused),
        cmocka_unit_test(normal_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
