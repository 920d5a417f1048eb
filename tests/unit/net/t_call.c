/* SPDX-License-Identifier: MIT */
/* Whole calls against a service that is a function and checks each signature, with a clock that
 * only waiting moves; and one over HTTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "net/call.h"
#include "net/http.h"
#include "serve/apiserver.h"
#include "serve/verify.h"

#define KEY  "cAnArY"
#define GOOD "{\"Response\":{\"TaskId\":\"-abc+\",\"RequestId\":\"r-1\"}}"
#define BAD(code) \
    "{\"Response\":{\"Error\":{\"Code\":\"" code "\",\"Message\":\"m\"},\"RequestId\":\"r-2\"}}"
#define START_S 1767225600

/* What the service does with one request. */
struct step {
    enum trtc_net net;
    int status; /* 0: 200 */
    const char *body;
    int64_t retry_after_s; /* 0: none */
};

/* The service, the clock and what was seen. */
struct world {
    const struct step *script; /* the last step is the answer from then on */
    int nb_steps;
    int64_t wall_s, mono_ms; /* of the client */
    int64_t ahead_s;         /* the server's clock before the client's */
    bool checks_time;
    int interrupt_at; /* the n-th wait; 0: none */
    int nb_posts, nb_fresh, nb_waits;
    int64_t waits_ms[16];
    char stamps[16][24];
    char notice[700];
};

static int find(void *arg, const char *secret_id, struct trtc_verify_key *key)
{
    (void)arg;
    *key = (struct trtc_verify_key){ KEY, NULL };
    return strcmp(secret_id, "AKIDx") ? -1 : 0;
}

static const struct trtc_verify_rules rules = { .find = find, .service = "trtc" };

static void serve(void *arg, const struct trtc_post *post, struct trtc_reply *reply)
{
    struct world *w = arg;
    int i = w->nb_posts < w->nb_steps ? w->nb_posts : w->nb_steps - 1;
    struct step s = w->script[i];
    struct trtc_verify_request q = { "POST", NULL, post->headers, post->body, post->body_bytes };
    int64_t server_s = w->wall_s + (w->checks_time ? w->ahead_s : 0);
    enum trtc_verify_result r = trtc_verify_signature(&q, &rules, server_s);
    if (w->checks_time && r == TRTC_VERIFY_EXPIRED)
        s = (struct step){ .body = BAD("AuthFailure.SignatureExpire") };
    else
        assert_int_equal(r, TRTC_VERIFY_OK);
    assert_int_equal(trtc_verify_target(post->headers), TRTC_VERIFY_OK);
    snprintf(w->stamps[w->nb_posts % 16], 24, "%s",
             trtc_headers_get(post->headers, "X-TC-Timestamp"));
    w->nb_posts++;
    w->nb_fresh += post->fresh;
    w->mono_ms += 100;
    reply->net = s.net;
    reply->status = s.net ? 0 : s.status ? s.status : 200;
    reply->retry_after_s = s.retry_after_s ? s.retry_after_s : -1;
    reply->date_s = w->checks_time ? server_s : -1;
    if (s.net) {
        trtc_fail(&reply->err, TRTC_EX_TEMPFAIL, "the wire is cut");
    } else if (s.body) {
        reply->body = strdup(s.body);
        reply->body_bytes = strlen(s.body);
    } else {
        reply->body = calloc(1, 1);
    }
}

static int64_t wall_s(void *arg)
{
    return ((struct world *)arg)->wall_s;
}

static int64_t mono_ms(void *arg)
{
    return ((struct world *)arg)->mono_ms;
}

static double chance(void *arg)
{
    (void)arg;
    return 0.5;
}

static int wait_ms(void *arg, int64_t ms)
{
    struct world *w = arg;
    w->waits_ms[w->nb_waits++ % 16] = ms;
    w->mono_ms += ms;
    w->wall_s += ms / 1000;
    return w->nb_waits == w->interrupt_at;
}

static void notice(void *arg, const char *text)
{
    struct world *w = arg;
    snprintf(w->notice, sizeof w->notice, "%s", text);
}

static struct trtc_credentials credentials;
static struct trtc_endpoint endpoint;

static int enter(void **state)
{
    (void)state;
    return trtc_secret_set(&credentials.id, "AKIDx", 5, NULL) ||
           trtc_secret_set(&credentials.key, KEY, strlen(KEY), NULL) ||
           trtc_endpoint_parse(TRTC_ENDPOINT_DEFAULT, &endpoint, NULL);
}

static int leave(void **state)
{
    (void)state;
    trtc_credentials_fini(&credentials);
    return 0;
}

static struct world world_of(const struct step *script, int nb)
{
    return (struct world){ .script = script, .nb_steps = nb, .wall_s = START_S };
}

static struct trtc_caller caller_of(struct world *w)
{
    return (struct trtc_caller){
        .transport = { serve, w },
        .outside = { wall_s, mono_ms, chance, wait_ms, notice, w },
        .credentials = &credentials,
        .endpoint = &endpoint,
        .region = "ap-singapore",
        .retries = TRTC_RETRY_COUNT,
    };
}

/* Calls and checks the exit status; 0: success with GOOD. */
static bool call(struct world *w, struct trtc_caller *k, bool creates, int want,
                 struct trtc_err *err)
{
    struct trtc_answer a;
    struct trtc_err own = { 0 };
    bool unknown = false;
    err = err ? err : &own;
    *err = (struct trtc_err){ 0 };
    int ret =
        trtc_call(k,
                  &(struct trtc_ask){ creates ? "CreateCloudRecording" : "DescribeCloudRecording",
                                      "{\"a\":1}", 7, creates, false },
                  &a, &unknown, err);
    if (ret ? err->code != want : want != 0)
        fail_msg("%d %s", err->code, err->msg);
    if (!ret) {
        assert_null(a.code);
        assert_string_equal(a.request_id, "r-1");
        assert_string_equal(cJSON_GetObjectItemCaseSensitive(a.response, "TaskId")->valuestring,
                            "-abc+");
    }
    assert_null(strstr(err->msg, KEY));
    assert_null(strstr(w->notice, KEY));
    assert_int_equal(w->nb_fresh, creates ? w->nb_posts : 0);
    trtc_answer_fini(&a);
    return unknown;
}

/* The service heals: waits of 3, 6, 12 s and an eighth, each attempt with the time it is sent at. */
static void heals(void **state)
{
    static const struct step script[] = {
        { .status = 502 },
        { .body = BAD("InternalError.CRInternalError") },
        { .net = TRTC_NET_LOST },
        { .status = 429, .retry_after_s = 8 },
        { .body = BAD("RequestLimitExceeded") },
        { .body = GOOD },
    };
    static const int64_t want_ms[] = { 3375, 6750, 13500, 9000, 54000 };
    struct world w = world_of(script, 6);
    struct trtc_caller k = caller_of(&w);
    (void)state;
    assert_false(call(&w, &k, false, 0, NULL));
    assert_int_equal(w.nb_posts, 6);
    assert_int_equal(w.nb_waits, 5);
    int64_t at_s = START_S;
    for (int i = 0; i < 6; i++) {
        char stamp[24];
        snprintf(stamp, sizeof stamp, "%lld", (long long)at_s);
        assert_string_equal(w.stamps[i], stamp);
        if (i < 5) {
            assert_int_equal(w.waits_ms[i], want_ms[i]);
            at_s += want_ms[i] / 1000;
        }
    }
    assert_non_null(
        strstr(w.notice, "RequestLimitExceeded: m (request id r-2); retrying in 54.0 s (5 of 5)"));
}

static void gives_up(void **state)
{
    static const struct {
        struct step step;
        int want, nb_posts;
        const char *says;
    } t[] = {
        { { .status = 503 }, TRTC_EX_TEMPFAIL, 6, "HTTP 503" },
        { { .body = BAD("InternalError") }, TRTC_EX_TEMPFAIL, 6, "r-2" },
        { { .net = TRTC_NET_LOST }, TRTC_EX_TEMPFAIL, 6, "the wire is cut" },
        { { .body = BAD("InvalidParameter.OutOfRange") },
          TRTC_EX_DATAERR,
          1,
          "InvalidParameter.OutOfRange: m" },
        { { .body = BAD("ResourceNotFound") },
          TRTC_EX_NOINPUT,
          1,
          "DescribeCloudRecording: ResourceNotFound" },
        { { .body = BAD("AuthFailure.SignatureFailure") }, TRTC_EX_NOPERM, 1, "SignatureFailure" },
        { { .body = BAD("x\\u001b[31m") }, TRTC_EX_UNAVAILABLE, 1, "x\\x1B[31m" },
        { { .status = 404 }, TRTC_EX_UNAVAILABLE, 1, "HTTP 404" },
        { { .net = TRTC_NET_TLS }, TRTC_EX_NOPERM, 1, "the wire is cut" },
        { { .net = TRTC_NET_CONNECT }, TRTC_EX_TEMPFAIL, 1, "the wire is cut" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct world w = world_of(&t[i].step, 1);
        struct trtc_caller k = caller_of(&w);
        struct trtc_err err;
        assert_false(call(&w, &k, false, t[i].want, &err));
        assert_int_equal(w.nb_posts, t[i].nb_posts);
        if (!strstr(err.msg, t[i].says))
            fail_msg("%s", err.msg);
    }
}

/* What is no answer of this API. */
static void strange(void **state)
{
    static const char *const t[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"Response\":[]}",
        "{\"Response\":null}",
        "{\"Response\":{\"RequestId\":1}}",
        "{\"Response\":{\"Error\":1}}",
        "{\"Response\":{\"Error\":{}}}",
        "{\"Response\":{\"Error\":{\"Code\":1}}}",
        "{\"Response\":{\"Error\":{\"Code\":\"\"}}}",
        "{\"Response\":{\"Error\":{\"Code\":\"a\",\"Message\":[]}}}",
        GOOD "x",
        "<html>",
        "{\"Response\":{},\"Response\":{}}",
        "\x1f\x8b",
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const struct step s = { .body = t[i] };
        struct world w = world_of(&s, 1);
        struct trtc_caller k = caller_of(&w);
        assert_false(call(&w, &k, false, TRTC_EX_UNAVAILABLE, NULL));
        assert_int_equal(w.nb_posts, 1);
        w = world_of(&s, 1);
        assert_true(call(&w, &k, true, TRTC_EX_TEMPFAIL, NULL));
        assert_int_equal(w.nb_posts, 1);
    }
}

/* A clock that is wrong by up to days: two requests, then the offset is known. */
static void wrong_clock(void **state)
{
    static const int64_t ahead_s[] = { 301, -301, 86400, -86400, 40 * 86400 };
    static const struct step ok = { .body = GOOD };
    (void)state;
    for (size_t i = 0; i < sizeof ahead_s / sizeof ahead_s[0]; i++) {
        struct world w = world_of(&ok, 1);
        struct trtc_caller k = caller_of(&w);
        w.checks_time = true;
        w.ahead_s = ahead_s[i];
        call(&w, &k, false, 0, NULL);
        assert_int_equal(w.nb_posts, 2);
        assert_int_equal(w.nb_waits, 0);
        assert_non_null(strstr(w.notice, ahead_s[i] < 0 ? "s fast" : "s slow"));
        assert_int_equal(k.offset_s, ahead_s[i]);
        call(&w, &k, false, 0, NULL);
        assert_int_equal(w.nb_posts, 3);
        w.ahead_s = 1000; /* set right meanwhile, and wrong again */
        call(&w, &k, false, 0, NULL);
        assert_true(w.nb_posts <= 5);
    }
    /* a server that always says so: never more than two */
    static const struct step never = { .body = BAD("AuthFailure.SignatureExpire") };
    struct world w = world_of(&never, 1);
    struct trtc_caller k = caller_of(&w);
    w.checks_time = true;
    call(&w, &k, false, TRTC_EX_NOPERM, NULL);
    assert_int_equal(w.nb_posts, 2);
}

/* Create: what was lost is unknown, but where a later attempt succeeds. */
static void create(void **state)
{
    static const struct step lost[] = { { .net = TRTC_NET_LOST } };
    static const struct step healed[] = { { .net = TRTC_NET_LOST },
                                          { .status = 504 },
                                          { .body = GOOD } };
    static const struct step refused[] = { { .net = TRTC_NET_LOST },
                                           { .body = BAD("InvalidParameter") } };
    static const struct step never[] = { { .net = TRTC_NET_CONNECT } };
    static const struct step unsent[] = { { .net = TRTC_NET_UNSENT } };
    static const struct {
        const struct step *script;
        int nb, want, nb_posts;
        bool unknown;
    } t[] = {
        { lost, 1, TRTC_EX_TEMPFAIL, 6, true },    { healed, 3, 0, 3, false },
        { refused, 2, TRTC_EX_DATAERR, 2, true },  { never, 1, TRTC_EX_TEMPFAIL, 1, false },
        { unsent, 1, TRTC_EX_TEMPFAIL, 6, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct world w = world_of(t[i].script, t[i].nb);
        struct trtc_caller k = caller_of(&w);
        assert_int_equal(call(&w, &k, true, t[i].want, NULL), t[i].unknown);
        assert_int_equal(w.nb_posts, t[i].nb_posts);
    }
}

static void interrupted(void **state)
{
    static const struct step s = { .status = 500 };
    struct world w = world_of(&s, 1);
    struct trtc_caller k = caller_of(&w);
    struct trtc_err err;
    (void)state;
    w.interrupt_at = 2;
    assert_true(call(&w, &k, true, TRTC_EX_TEMPFAIL, &err));
    assert_non_null(strstr(err.msg, "interrupted"));
    assert_int_equal(w.nb_posts, 2);
    /* nothing is sent that cannot be signed */
    k.region = "a\nb";
    w.nb_posts = w.nb_fresh = 0;
    call(&w, &k, false, TRTC_EX_DATAERR, NULL);
    assert_int_equal(w.nb_posts, 0);
}

/* The same over HTTP: what arrives carries a signature that holds. */
static void over_http(void **state)
{
    static const struct api_answer script[] = {
        { 503, NULL, 0, { "Retry-After: 2" }, 0 },
        { 200,
          BAD("AuthFailure.SignatureExpire"),
          0,
          { "Content-Type: application/json", "Date: Fri, 02 Jan 2026 00:00:00 GMT" },
          0 },
        { 200, GOOD, 0, { "Content-Type: application/json" }, 0 },
    };
    struct apiserver *server = apiserver_start(script, 3, NULL);
    struct trtc_http *http = trtc_http_new(&(struct trtc_http_options){ 0 }, NULL);
    struct trtc_endpoint here;
    struct world w = world_of(NULL, 0);
    struct trtc_caller k = caller_of(&w);
    (void)state;
    assert_int_equal(trtc_endpoint_parse(apiserver_url(server), &here, NULL), 0);
    k.transport = trtc_http_transport(http);
    k.endpoint = &here;
    call(&w, &k, false, 0, NULL);
    assert_int_equal(apiserver_nb_requests(server), 3);
    assert_int_equal(apiserver_nb_connections(server), 1);
    assert_int_equal(w.waits_ms[0], 2250);
    for (int i = 0; i < 3; i++) {
        const struct api_request *r = apiserver_request(server, i);
        struct trtc_verify_request q = { r->method, NULL, &r->headers, r->body, r->body_bytes };
        int64_t sent_s = i < 2 ? START_S + 2 * i : START_S + 86400;
        assert_int_equal(trtc_verify_signature(&q, &rules, sent_s), TRTC_VERIFY_OK);
        assert_string_equal(r->body, "{\"a\":1}");
        assert_string_equal(trtc_headers_get(&r->headers, "Host"), here.host);
    }
    trtc_http_free(&http);
    apiserver_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heals),       cmocka_unit_test(gives_up), cmocka_unit_test(strange),
        cmocka_unit_test(wrong_clock), cmocka_unit_test(create),   cmocka_unit_test(interrupted),
        cmocka_unit_test(over_http),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
