/* SPDX-License-Identifier: MIT */
/* The verifier: all vectors and negative cases, what sign.c makes, and each part of a request
 * changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/sign.h"
#include "serve/verify.h"
#include "unit/vectors.h"

static cJSON *file;

static int load(void **state)
{
    (void)state;
    file = vectors_load("tc3-vectors.json");
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

/* A vector as the request that a server would get. */
struct received {
    struct trtc_headers headers;
    unsigned char *body;
    struct trtc_verify_request r;
    struct trtc_verify_rules rules;
    struct known {
        const char *id;
        struct trtc_verify_key key;
    } known;
    int64_t now_s;
};

static int find(void *arg, const char *secret_id, struct trtc_verify_key *key)
{
    const struct known *known = arg;
    if (strcmp(secret_id, known->id) != 0)
        return -1;
    *key = known->key;
    return 0;
}

/* Replaces a header's value, adds it, or with NULL takes it away. */
static void set(struct received *q, const char *name, const char *value)
{
    struct trtc_headers out = { 0 };
    for (size_t i = 0; i < q->headers.nb; i++)
        if (strcmp(q->headers.list[i].name, name) != 0)
            trtc_headers_add(&out, q->headers.list[i].name, q->headers.list[i].value, NULL);
    if (value)
        assert_int_equal(trtc_headers_add(&out, name, value, NULL), 0);
    trtc_headers_fini(&q->headers);
    q->headers = out;
}

static void receive(struct received *q, const cJSON *v)
{
    const cJSON *h;
    *q = (struct received){ 0 };
    cJSON_ArrayForEach(h, cJSON_GetObjectItemCaseSensitive(v, "headers_sent"))
    {
        set(q, h->string, h->valuestring);
    }
    set(q, "Authorization", vectors_text(v, "authorization"));
    q->known.id = vectors_text(v, "secret_id");
    q->known.key.secret_key = vectors_text(v, "secret_key");
    q->known.key.token =
        trtc_headers_get(&q->headers, "X-TC-Token") ? "exampleSessionToken0123456789==" : NULL;
    q->rules.find = find;
    q->rules.arg = &q->known;
    q->now_s = (int64_t)vectors_number(v, "timestamp");
    q->r.method = vectors_text(v, "method");
    q->r.query = vectors_text(v, "canonical_query");
    q->r.headers = &q->headers;
    q->body = vectors_bytes(vectors_text(v, "payload_base64"), &q->r.body_bytes);
    q->r.body = q->body;
}

static enum trtc_verify_result verify(const struct received *q)
{
    return trtc_verify_signature(&q->r, &q->rules, q->now_s);
}

static void drop(struct received *q)
{
    trtc_headers_fini(&q->headers);
    free(q->body);
}

static void vectors(void **state)
{
    const cJSON *v;
    int nb = 0;
    (void)state;
    cJSON_ArrayForEach(v, all())
    {
        struct received q;
        receive(&q, v);
        if (!strcmp(vectors_text(v, "name"), "unsigned-payload")) {
            assert_int_equal(verify(&q), TRTC_VERIFY_SIGNATURE);
            q.rules.may_be_unsigned = true;
        }
        if (verify(&q) != TRTC_VERIFY_OK)
            fail_msg("%s: %s", vectors_text(v, "name"), trtc_verify_code(verify(&q)));
        if (strcmp(vectors_text(v, "service"), "cvm") != 0)
            assert_int_equal(trtc_verify_target(&q.headers), TRTC_VERIFY_OK);
        /* another service is taken unless the rules insist */
        q.rules.service = "trtc";
        assert_int_equal(verify(&q), strcmp(vectors_text(v, "service"), "trtc")
                                         ? TRTC_VERIFY_SIGNATURE
                                         : TRTC_VERIFY_OK);
        drop(&q);
        nb++;
    }
    assert_int_equal(nb, 16);
}

/* negative_cases of the file, by name. */
static void negative(void **state)
{
    const cJSON *c;
    int nb = 0;
    (void)state;
    cJSON_ArrayForEach(c, cJSON_GetObjectItemCaseSensitive(file, "negative_cases"))
    {
        const char *name = vectors_text(c, "name"), *want = vectors_text(c, "expect_error");
        struct received q;
        int64_t other_s = 0;
        receive(&q, vectors_find(all(), vectors_text(c, "base")));
        if (!strcmp(name, "flipped-payload-byte"))
            q.body[q.r.body_bytes - 1] ^= 1;
        else if (!strcmp(name, "wrong-secret-key"))
            q.known.key.secret_key = "another";
        else if (!strcmp(name, "unknown-secret-id"))
            q.known.id = "AKIDanother";
        else if (!strcmp(name, "clock-skew"))
            other_s = 301;
        else if (!strcmp(name, "scope-date-mismatch")) {
            char *text = strdup(trtc_headers_get(&q.headers, "Authorization"));
            char *date = strstr(text, "2025-12-31");
            assert_non_null(date);
            memcpy(date, "2026-01-01", 10);
            set(&q, "Authorization", text);
            free(text);
        } else if (!strcmp(name, "malformed-authorization"))
            set(&q, "Authorization", "Basic abc");
        else if (!strcmp(name, "wrong-version"))
            set(&q, "X-TC-Version", "2018-01-01");
        else if (!strcmp(name, "wrong-action"))
            set(&q, "X-TC-Action", "CreateCloudRecordings");
        else if (!strcmp(name, "region-not-supported"))
            set(&q, "X-TC-Region", "us-east-1");
        else if (!strcmp(name, "bad-token"))
            q.known.key.token = "exampleSessionToken0123456789=!";
        else
            fail_msg("a new case: %s", name);
        enum trtc_verify_result r;
        q.now_s += other_s;
        r = verify(&q);
        if (r == TRTC_VERIFY_OK)
            r = trtc_verify_target(&q.headers);
        const char *code = trtc_verify_code(r);
        if (!code || strncmp(code, want, strlen(code)) != 0 || !*trtc_verify_message(r))
            fail_msg("%s: %s", name, code ? code : "accepted");
        if (other_s) {
            q.now_s -= 2 * other_s;
            assert_int_equal(verify(&q), TRTC_VERIFY_EXPIRED);
            q.now_s += 1; /* 300 s are not more than 300 s */
            assert_int_equal(verify(&q), TRTC_VERIFY_OK);
        }
        drop(&q);
        nb++;
    }
    assert_int_equal(nb, 10);
    assert_null(trtc_verify_code(TRTC_VERIFY_OK));
    assert_string_equal(trtc_verify_code(TRTC_VERIFY_NOMEM), "InternalError");
}

static void malformed(void **state)
{
    static const char good[] = "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request, "
                               "SignedHeaders=content-type;host, Signature=";
    static const char *const t[] = {
        "",
        "TC3-HMAC-SHA256",
        "TC3-HMAC-SHA256 ",
        "tc3-hmac-sha256 Credential=A/2026-01-01/trtc/tc3_request, SignedHeaders=content-type;host, Signature=",
        "TC3-HMAC-SHA256 Credential=/2026-01-01/trtc/tc3_request, SignedHeaders=content-type;host, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc, SignedHeaders=content-type;host, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01//tc3_request, SignedHeaders=content-type;host, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request/x, SignedHeaders=content-type;host, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request,SignedHeaders=content-type;host, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request, Signature=, SignedHeaders=content-type;host",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request, SignedHeaders=host, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request, SignedHeaders=content-type, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request, SignedHeaders=, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request, SignedHeaders=host;content-type, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request, SignedHeaders=content-type;host;host, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request, SignedHeaders=content-type;;host, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request, SignedHeaders=content-type;host;, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request, SignedHeaders=Content-Type;host, Signature=",
        "TC3-HMAC-SHA256 Credential=A/2026-01-01/trtc/tc3_request, SignedHeaders=content-type;host;x-absent, Signature=",
    };
    static const char hex[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const char *const bad_hex[] = {
        "",
        "0",
        "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
        "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    };
    struct received q;
    char text[512];
    (void)state;
    receive(&q, vectors_find(all(), "empty-object"));
    q.known.id = "A";
    snprintf(text, sizeof text, "%s%s", good, hex);
    set(&q, "Authorization", text);
    assert_int_equal(verify(&q), TRTC_VERIFY_SIGNATURE); /* well-formed */
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        snprintf(text, sizeof text, "%s%s", t[i], hex);
        set(&q, "Authorization", text);
        if (verify(&q) != TRTC_VERIFY_AUTHORIZATION)
            fail_msg("%s", text);
    }
    for (size_t i = 0; i < sizeof bad_hex / sizeof bad_hex[0]; i++) {
        snprintf(text, sizeof text, "%s%s", good, bad_hex[i]);
        set(&q, "Authorization", text);
        assert_int_equal(verify(&q), TRTC_VERIFY_AUTHORIZATION);
    }
    /* none at all, and two */
    set(&q, "Authorization", NULL);
    assert_int_equal(verify(&q), TRTC_VERIFY_AUTHORIZATION);
    snprintf(text, sizeof text, "%s%s", good, hex);
    trtc_headers_add(&q.headers, "Authorization", text, NULL);
    trtc_headers_add(&q.headers, "authorization", text, NULL);
    assert_int_equal(verify(&q), TRTC_VERIFY_AUTHORIZATION);
    drop(&q);
}

/* The rest of the request. */
static void request(void **state)
{
    static const struct {
        const char *name, *value;
        enum trtc_verify_result want;
    } t[] = {
        { "X-TC-Timestamp", NULL, TRTC_VERIFY_AUTHORIZATION },
        { "X-TC-Timestamp", "", TRTC_VERIFY_AUTHORIZATION },
        { "X-TC-Timestamp", "17672256OO", TRTC_VERIFY_AUTHORIZATION },
        { "X-TC-Timestamp", "-1767225600", TRTC_VERIFY_AUTHORIZATION },
        { "X-TC-Timestamp", "1767225600000", TRTC_VERIFY_AUTHORIZATION },
        { "X-TC-Timestamp", "176722560000", TRTC_VERIFY_EXPIRED },
        { "X-TC-Timestamp", "1767225601", TRTC_VERIFY_SIGNATURE },
        { "Content-Type", "application/jsonp", TRTC_VERIFY_SIGNATURE },
        { "Content-Type", "APPLICATION/JSON", TRTC_VERIFY_OK },
        { "Content-Type", NULL, TRTC_VERIFY_AUTHORIZATION },
        { "Host", "trtc.tencentcloudapi.com.example", TRTC_VERIFY_SIGNATURE },
        { "Host", "trtc.tencentcloudapi.com:443", TRTC_VERIFY_OK },
        { "X-TC-Token", "anything", TRTC_VERIFY_TOKEN },
    };
    const cJSON *v = vectors_find(all(), "empty-object");
    struct received q;
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        receive(&q, v);
        set(&q, t[i].name, t[i].value);
        if (verify(&q) != t[i].want)
            fail_msg("%s: %s: %d", t[i].name, t[i].value, verify(&q));
        drop(&q);
    }
    /* a token that is missing, a header that is signed and there twice, another method, a query */
    receive(&q, vectors_find(all(), "session-token"));
    set(&q, "X-TC-Token", NULL);
    assert_int_equal(verify(&q), TRTC_VERIFY_TOKEN);
    drop(&q);
    receive(&q, v);
    trtc_headers_add(&q.headers, "host", "trtc.tencentcloudapi.com", NULL);
    assert_int_equal(verify(&q), TRTC_VERIFY_AUTHORIZATION);
    drop(&q);
    receive(&q, v);
    q.r.method = "GET";
    assert_int_equal(verify(&q), TRTC_VERIFY_SIGNATURE);
    q.r.method = "POST";
    q.r.query = "a=b";
    assert_int_equal(verify(&q), TRTC_VERIFY_SIGNATURE);
    q.r.query = NULL;
    assert_int_equal(verify(&q), TRTC_VERIFY_OK);
    drop(&q);
}

/* Signatures that are right for one way to write the values, or for another day than the stamp's.
 * Of the request "Content-Type: Application/JSON", "Host: h:1" with the body "{}", by the key "b". */
static void forms(void **state)
{
    static const struct {
        int64_t stamp_s;
        const char *date, *signature;
        enum trtc_verify_result want;
    } t[] = {
        { 1767225600, "2026-01-01",
          "286f882bf98be090875394f366c308f6ff146da1d061fb51456b8169790876ce",
          TRTC_VERIFY_OK }, /* application/json, h:1 */
        { 1767225600, "2026-01-01",
          "a22c3cfafe8ebad4dfaa772f9176dcc83e3bb34beb62de919ba960a08b775df1",
          TRTC_VERIFY_OK }, /* application/json, h */
        { 1767225600, "2026-01-01",
          "8de0abfebf7fa315b0fe565ca916d7456c82f3349fc7f7b52a6acd1c42868f3e",
          TRTC_VERIFY_OK }, /* Application/JSON, h:1 */
        { 1767225600, "2026-01-01",
          "921654440ae33d8ae2840dabfdee2e31d7752cab4a49741a2abe727f5b9c55c4",
          TRTC_VERIFY_OK }, /* Application/JSON, h */
        { 1767225600, "2026-01-01",
          "7cd2e5f5fbf6e2bffbabc4b2845bcc0bd4c9d57aba7ed297d63a70c59c1a57d4",
          TRTC_VERIFY_SIGNATURE }, /* application/json, h:2 */
        { 1767225599, "2025-12-31",
          "56b4d8ff639256e22a32d874d10738d12519e51b59cfdfffa2b9ea0ef1e12801",
          TRTC_VERIFY_OK }, /* application/json, h:1 */
        { 1767225599, "2026-01-01",
          "0f7ccc8e820492da774c3fc267ab6f8df5426fa470e288ef6500dc1878c6929e",
          TRTC_VERIFY_SIGNATURE }, /* application/json, h:1 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct received q = { .known = { "A", { "b", NULL } }, .now_s = t[i].stamp_s };
        char text[256];
        q.rules = (struct trtc_verify_rules){ .find = find, .arg = &q.known };
        q.r = (struct trtc_verify_request){ "POST", NULL, &q.headers, "{}", 2 };
        set(&q, "Content-Type", "Application/JSON");
        set(&q, "Host", "h:1");
        snprintf(text, sizeof text, "%d", (int)t[i].stamp_s);
        set(&q, "X-TC-Timestamp", text);
        snprintf(
            text, sizeof text,
            "TC3-HMAC-SHA256 Credential=A/%s/trtc/tc3_request, SignedHeaders=content-type;host, Signature=%s",
            t[i].date, t[i].signature);
        set(&q, "Authorization", text);
        if (verify(&q) != t[i].want)
            fail_msg("%zu: %d", i, verify(&q));
        trtc_headers_fini(&q.headers);
    }
}

/* What trtc_sign_call makes is accepted, from second to second over the end of a day and on the
 * leap day; no bit of body or signature may change. */
static void signed_here(void **state)
{
    static const int64_t times_s[] = { 0, 951782399, 951782400, 1709164800, 4102444799, 4102444800 };
    (void)state;
    for (size_t i = 0; i < sizeof times_s / sizeof times_s[0]; i++) {
        char body[] = "{\"SdkAppId\":1400000001}";
        struct trtc_sign_call call = {
            .secret_id = "AKIDa",
            .secret_key = "b",
            .token = i % 2 ? "t" : NULL,
            .host = "127.0.0.1:1",
            .action = "DescribeCloudRecording",
            .version = "2019-07-22",
            .region = "ap-singapore",
            .time_s = times_s[i],
            .body = body,
            .body_bytes = strlen(body),
        };
        struct received q = { .known = { "AKIDa", { "b", call.token } }, .now_s = times_s[i] };
        q.rules = (struct trtc_verify_rules){ .find = find, .arg = &q.known, .service = "trtc" };
        q.r = (struct trtc_verify_request){ "POST", NULL, &q.headers, body, strlen(body) };
        assert_int_equal(trtc_sign_call(&call, &q.headers, NULL), 0);
        assert_int_equal(verify(&q), TRTC_VERIFY_OK);
        assert_int_equal(trtc_verify_target(&q.headers), TRTC_VERIFY_OK);
        for (size_t bit = 0; i == 0 && bit < 8 * strlen(body); bit++) {
            body[bit / 8] ^= (char)(1 << bit % 8);
            assert_int_equal(verify(&q), TRTC_VERIFY_SIGNATURE);
            body[bit / 8] ^= (char)(1 << bit % 8);
        }
        char *text = strdup(trtc_headers_get(&q.headers, "Authorization"));
        char *last = text + strlen(text) - 1;
        *last = *last == '0' ? '1' : '0';
        set(&q, "Authorization", text);
        assert_int_equal(verify(&q), TRTC_VERIFY_SIGNATURE);
        free(text);
        trtc_headers_fini(&q.headers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors), cmocka_unit_test(negative), cmocka_unit_test(malformed),
        cmocka_unit_test(request), cmocka_unit_test(forms),    cmocka_unit_test(signed_here),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
