/* SPDX-License-Identifier: MIT */
/* Requests as the service gets them: all vectors and negative cases, and each way in which clients write what they sign. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "net/sign.h"
#include "net/signed.h"
#include "unit/vectors.h"

struct got { /* a vector as a server gets it */
    struct trtc_headers headers;
    unsigned char *body;
    const char *id, *key;
    struct trtc_signed_request r;
    int64_t now_s;
};

static const char *field(void *arg, const char *name)
{
    const struct got *g = arg;
    const char *value = NULL;
    for (size_t i = 0; i < g->headers.nb; i++)
        if (strcasecmp(g->headers.list[i].name, name) == 0) {
            if (value)
                return NULL;
            value = g->headers.list[i].value;
        }
    return value;
}

static const char *find(void *arg, const char *id)
{
    const struct got *g = arg;
    return strcmp(id, g->id) == 0 ? g->key : NULL;
}

static void set(struct got *g, const char *name, const char *value)
{
    struct trtc_headers out = { 0 };
    for (size_t i = 0; i < g->headers.nb; i++)
        if (strcasecmp(g->headers.list[i].name, name) != 0)
            trtc_headers_add(&out, g->headers.list[i].name, g->headers.list[i].value, NULL);
    if (value)
        assert_int_equal(trtc_headers_add(&out, name, value, NULL), 0);
    trtc_headers_fini(&g->headers);
    g->headers = out;
}

static void receive(struct got *g, const cJSON *v)
{
    const cJSON *h;
    *g = (struct got){ .id = vectors_text(v, "secret_id"), .key = vectors_text(v, "secret_key") };
    cJSON_ArrayForEach(h, cJSON_GetObjectItemCaseSensitive(v, "headers_sent"))
    {
        set(g, h->string, h->valuestring);
    }
    set(g, "Authorization", vectors_text(v, "authorization"));
    g->now_s = (int64_t)vectors_number(v, "timestamp");
    g->r.method = vectors_text(v, "method");
    g->r.header = field;
    g->body = vectors_bytes(vectors_text(v, "payload_base64"), &g->r.body_bytes);
    g->r.body = g->body;
}

static enum trtc_signed check(struct got *g, struct trtc_signed_by *by)
{
    const struct trtc_signed_keys keys = { find, g };
    g->r.arg = g;
    return trtc_signed_check(&g->r, &keys, g->now_s, by);
}

static void drop(struct got *g)
{
    trtc_headers_fini(&g->headers);
    free(g->body);
}

static void vectors(void **state)
{
    cJSON *file = vectors_load("tc3-vectors.json");
    const cJSON *v;
    (void)state;
    cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(file, "vectors"))
    {
        struct got g;
        struct trtc_signed_by by;
        receive(&g, v);
        const char *name = vectors_text(v, "name");
        const enum trtc_signed is = check(&g, &by);
        if (strncmp(name, "session-token", 13) == 0) {
            assert_int_equal(is, TRTC_SIGNED_TOKEN);
        } else if (strcmp(name, "unsigned-payload") == 0 || strcmp(name, "get-request") == 0) {
            assert_int_equal(is, TRTC_SIGNED_FORGED);
        } else {
            assert_int_equal(is, TRTC_SIGNED_OK);
            assert_string_equal(by.signature, vectors_text(v, "signature"));
            assert_string_equal(by.secret_id, g.id);
            assert_int_equal(by.time_s, g.now_s);
        }
        drop(&g);
    }
    cJSON_Delete(file);
}

/* A change of a good request, and what becomes of it. */
struct change {
    const char *name, *value; /* a header field; value NULL: it is taken away */
    enum trtc_signed is;
};

static void fields_changed(void **state)
{
    static const char a[] = "TC3-HMAC-SHA256 Credential=";
    static const struct change changes[] = {
        { "Authorization", NULL, TRTC_SIGNED_MALFORMED },
        { "Authorization", "Basic abc", TRTC_SIGNED_MALFORMED },
        { "Authorization", a, TRTC_SIGNED_MALFORMED },
        { "X-TC-Timestamp", NULL, TRTC_SIGNED_MALFORMED },
        { "X-TC-Timestamp", "1767225600.5", TRTC_SIGNED_MALFORMED },
        { "X-TC-Timestamp", "-1", TRTC_SIGNED_MALFORMED },
        { "X-TC-Timestamp", "1767225601", TRTC_SIGNED_FORGED },
        { "X-TC-Timestamp", "1767225299", TRTC_SIGNED_EXPIRED },
        { "Host", NULL, TRTC_SIGNED_MALFORMED },
        { "Host", "example.com", TRTC_SIGNED_FORGED },
        { "Content-Type", NULL, TRTC_SIGNED_MALFORMED },
        { "Content-Type", "text/plain", TRTC_SIGNED_FORGED },
        { "X-TC-Token", "abc", TRTC_SIGNED_TOKEN },
    };
    cJSON *file = vectors_load("tc3-vectors.json");
    const cJSON *v =
        vectors_find(cJSON_GetObjectItemCaseSensitive(file, "vectors"), "create-single-stream");
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct got g;
        struct trtc_signed_by by;
        receive(&g, v);
        set(&g, changes[i].name, changes[i].value);
        assert_int_equal(check(&g, &by), changes[i].is);
        drop(&g);
    }
    cJSON_Delete(file);
}

static void others_changed(void **state)
{
    cJSON *file = vectors_load("tc3-vectors.json");
    const cJSON *v =
        vectors_find(cJSON_GetObjectItemCaseSensitive(file, "vectors"), "create-single-stream");
    struct got g;
    struct trtc_signed_by by;
    (void)state;
    receive(&g, v);
    g.body[g.r.body_bytes - 1] ^= 1;
    assert_int_equal(check(&g, &by), TRTC_SIGNED_FORGED);
    g.body[g.r.body_bytes - 1] ^= 1;
    g.id = "another";
    assert_int_equal(check(&g, &by), TRTC_SIGNED_UNKNOWN);
    g.id = vectors_text(v, "secret_id");
    g.key = "another";
    assert_int_equal(check(&g, &by), TRTC_SIGNED_FORGED);
    g.key = vectors_text(v, "secret_key");
    g.now_s += TRTC_SIGNED_WINDOW_S;
    assert_int_equal(check(&g, &by), TRTC_SIGNED_OK);
    g.now_s++;
    assert_int_equal(check(&g, &by), TRTC_SIGNED_EXPIRED);
    g.now_s -= 2 * (TRTC_SIGNED_WINDOW_S + 1);
    assert_int_equal(check(&g, &by), TRTC_SIGNED_EXPIRED);
    g.now_s++;
    assert_int_equal(check(&g, &by), TRTC_SIGNED_OK);
    assert_int_equal(trtc_headers_add(&g.headers, "host", "trtc.tencentcloudapi.com", NULL), 0);
    assert_int_equal(check(&g, &by), TRTC_SIGNED_MALFORMED);
    drop(&g);
    cJSON_Delete(file);
}

/* A host that some clients sign as it is, and most in lower case. */
static void forms(void **state)
{
    static const char body[] = "{}";
    static const char *const hosts[] = { "LocalHost:8490", "LocalHost", "localhost:8490",
                                         "localhost" };
    (void)state;
    for (int k = 0; k < 8; k++) {
        struct trtc_headers h = { 0 };
        struct got g = { .id = "AKIDmadeup", .key = "madeup", .now_s = 1767225600 };
        struct trtc_signed_by by;
        const struct trtc_sign in = { .secret_id = g.id,
                                      .secret_key = g.key,
                                      .service = "127",
                                      .time_s = g.now_s,
                                      .signed_headers = &h,
                                      .body = body,
                                      .body_bytes = 2,
                                      .as_is = k >= 4 };
        trtc_headers_add(&h, "content-type", "application/json", NULL);
        trtc_headers_add(&h, "host", hosts[k % 4], NULL);
        char *authorization = trtc_sign_authorization(&in, NULL);
        assert_non_null(authorization);
        set(&g, "Authorization", authorization);
        set(&g, "Content-Type", "application/json");
        set(&g, "Host", k % 4 < 2 ? "LocalHost:8490" : "localhost:8490");
        set(&g, "X-TC-Timestamp", "1767225600");
        g.r = (struct trtc_signed_request){
            .method = "POST", .header = field, .body = body, .body_bytes = 2
        };
        assert_int_equal(check(&g, &by), TRTC_SIGNED_OK);
        free(authorization);
        trtc_headers_fini(&h);
        drop(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(fields_changed),
        cmocka_unit_test(others_changed),
        cmocka_unit_test(forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
