/* SPDX-License-Identifier: MIT */
/* What is fetched over HTTP: from the beginning and from places in the middle, as people write addresses, and how
 * servers refuse. How bodies end is in t_input.c. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/fetch.h"
#include "serve/apiserver.h"
#include "unit/range.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct trtc_err err;

/* What the whole of url is; NULL: it cannot be opened. */
static const char *get(const char *url, const char *ca_file)
{
    static char text[256];
    const struct trtc_remote r = trtc_fetch_remote(ca_file, NULL);
    size_t n = 0;
    ssize_t got;

    void *f = r.open(&r, url, NULL, &err);
    if (!f)
        return NULL;
    while ((got = r.read(f, (uint8_t *)text + n, sizeof text - 1 - n, &err)) > 0)
        n += (size_t)got;
    assert_int_equal(got, 0);
    text[n] = '\0';
    r.close(f);
    return text;
}

static void takes(void **state)
{
    const struct trtc_remote r = trtc_fetch_remote(NULL, NULL);
    (void)state;

    assert_true(r.takes("http://a/") && r.takes("https://a/") && r.takes("HTTP://a"));
    assert_false(r.takes("http:/a") || r.takes("rtmp://a/") || r.takes("a/http://b") ||
                 r.takes("-"));
}

static int nb_needed;

static void need(bool on)
{
    assert_int_equal(nb_needed++, !on);
}

static void memory(void **state)
{
    const struct trtc_remote r = trtc_fetch_remote(NULL, need);
    (void)state;

    assert_null(r.open(&r, "http://", NULL, &err));
    assert_int_equal(nb_needed, 2); /* on, off */
}

static void places(void **state)
{
    static uint8_t all[1 << 20], p[4096];
    static const int64_t to[] = { 5, 900000, 0, sizeof all - 1, sizeof all, 300000, 320000, 1 };
    const struct api_answer script = { .status = 200,
                                       .body = (char *)all,
                                       .body_bytes = sizeof all,
                                       .fields = { "Accept-Ranges: bytes" } };
    const struct trtc_remote r = trtc_fetch_remote(NULL, NULL);
    (void)state;

    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)(i * 2654435761u >> 24);
    struct apiserver *s = apiserver_start(&script, 1, NULL);
    void *f = r.open(&r, apiserver_url(s), NULL, &err);
    assert_non_null(f);
    assert_true(r.size(f) == sizeof all);
    for (size_t i = 0; i < COUNT(to); i++) {
        r.seek(f, to[i]);
        int64_t at = to[i];
        for (int turn = 0; turn < 3; turn++) {
            const ssize_t got = r.read(f, p, sizeof p, &err);
            assert_int_equal(got > 0, at < (int64_t)sizeof all);
            assert_memory_equal(p, all + at, (size_t)got);
            at += got;
        }
    }
    /* what lies a little ahead comes without another request */
    assert_int_equal(apiserver_nb_requests(s), 6);
    r.close(f);
    apiserver_stop(&s);

    const struct api_answer whole = { .status = 200, .body = "abc" };
    s = apiserver_start(&whole, 1, NULL);
    f = r.open(&r, apiserver_url(s), NULL, &err);
    assert_true(r.size(f) == -1);
    r.close(f);
    apiserver_stop(&s);
}

static void addresses(void **state)
{
    const struct api_answer ok = { .status = 200, .body = "here" };
    char url[256], location[256];
    (void)state;

    struct apiserver *s = apiserver_start(&ok, 1, NULL);
    snprintf(url, sizeof url, "http://me:pa@ss@%sa dir/x?k=a b", apiserver_url(s) + 7);
    assert_string_equal(get(url, NULL), "here");
    const struct api_request *q = apiserver_request(s, 0);
    assert_string_equal(q->method, "GET");
    assert_string_equal(q->url, "/a dir/x");
    assert_string_equal(trtc_headers_get(&q->headers, "Authorization"), "Basic bWU6cGFAc3M=");
    assert_null(trtc_headers_get(&q->headers, "Range"));

    snprintf(location, sizeof location, "Location: %sthere", apiserver_url(s));
    const struct api_answer moved = { .status = 302, .fields = { location } };
    struct apiserver *other = apiserver_start(&moved, 1, NULL);
    assert_string_equal(get(apiserver_url(other), NULL), "here");
    assert_string_equal(apiserver_request(s, 1)->url, "/there");
    apiserver_stop(&other);
    apiserver_stop(&s);

    const struct api_answer away = { .status = 302, .fields = { "Location: file:///etc/passwd" } };
    s = apiserver_start(&away, 1, NULL);
    assert_null(get(apiserver_url(s), NULL));
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    apiserver_stop(&s);

    assert_null(get("http://127.0.0.1:99999/secret", NULL));
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_null(strstr(err.msg, "secret"));

    const struct api_raw radio = { .bytes = "ICY 200 OK\r\nicy-name: x\r\n\r\nmusic" };
    s = apiserver_start_raw(&radio, 1);
    assert_string_equal(get(apiserver_url(s), NULL), "music");
    apiserver_stop(&s);
}

static void refused(void **state)
{
    static const struct {
        int status, code;
    } t[] = {
        { 400, TRTC_EX_DATAERR },  { 401, TRTC_EX_NOPERM },   { 403, TRTC_EX_NOPERM },
        { 404, TRTC_EX_NOINPUT },  { 408, TRTC_EX_TEMPFAIL }, { 410, TRTC_EX_NOINPUT },
        { 418, TRTC_EX_DATAERR },  { 429, TRTC_EX_TEMPFAIL }, { 500, TRTC_EX_TEMPFAIL },
        { 503, TRTC_EX_TEMPFAIL },
    };
    char url[64], want[64];
    (void)state;

    for (size_t i = 0; i < COUNT(t); i++) {
        const struct api_answer a = { .status = t[i].status, .body = "sorry" };
        struct apiserver *s = apiserver_start(&a, 1, NULL);
        assert_null(get(apiserver_url(s), NULL));
        apiserver_stop(&s);
        snprintf(want, sizeof want, "the server answers with HTTP status %d", t[i].status);
        assert_string_equal(err.msg, want);
        assert_int_equal(err.code, t[i].code);
    }
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", apiserver_dead_port());
    assert_null(get(url, NULL));
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);

    const struct api_raw none = { .bytes = "SSH-2.0-OpenSSH_9.2\r\n" };
    struct apiserver *s = apiserver_start_raw(&none, 1);
    assert_null(get(apiserver_url(s), NULL));
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    apiserver_stop(&s);
}

static void tls(void **state)
{
    static struct api_cert good, other;
    static const struct api_answer ok = { .status = 200, .body = "safe" };
    char path[] = "/tmp/trtc-fetch.XXXXXX";
    (void)state;

    apicert_make(&good, "IP:127.0.0.1", -86400, 86400);
    apicert_make(&other, "IP:127.0.0.1", -86400, 86400);
    close(mkstemp(path));
    apicert_save(&good, path);
    struct apiserver *s = apiserver_start(&ok, 1, &good);
    assert_string_equal(get(apiserver_url(s), path), "safe");
    apicert_save(&other, path);
    assert_null(get(apiserver_url(s), path));
    assert_int_equal(err.code, TRTC_EX_NOPERM);
    assert_null(get(apiserver_url(s), NULL));
    assert_int_equal(err.code, TRTC_EX_NOPERM);
    apiserver_stop(&s);
    remove(path);
}

static void stopped(void **state)
{
    static volatile sig_atomic_t stop = 1;
    const struct api_answer late = { .status = 200, .delay_ms = 20000 };
    const struct trtc_remote r = trtc_fetch_remote(NULL, NULL);
    uint8_t p[16];
    (void)state;

    struct apiserver *s = apiserver_start(&late, 1, NULL);
    void *f = r.open(&r, apiserver_url(s), &stop, &err);
    assert_non_null(f);
    assert_int_equal(r.read(f, p, sizeof p, &err), 0);
    r.close(f);
    apiserver_stop(&s);
}

int main(void)
{
    static const char *const env[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                       "ALL_PROXY",  "no_proxy",    "NO_PROXY" };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory),    cmocka_unit_test(takes),   cmocka_unit_test(places),
        cmocka_unit_test(addresses), cmocka_unit_test(refused), cmocka_unit_test(tls),
        cmocka_unit_test(stopped),
    };
    for (size_t i = 0; i < COUNT(env); i++)
        unsetenv(env[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
