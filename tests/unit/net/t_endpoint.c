/* SPDX-License-Identifier: MIT */
/* Addresses of the service: what is taken, what Host it makes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/endpoint.h"

static void taken(void **state)
{
    static const struct {
        const char *text, *url, *host;
        bool loopback;
    } t[] = {
        { TRTC_ENDPOINT_DEFAULT, "https://trtc.tencentcloudapi.com/", "trtc.tencentcloudapi.com",
          false },
        { TRTC_ENDPOINT_INTL, "https://trtc.intl.tencentcloudapi.com/",
          "trtc.intl.tencentcloudapi.com", false },
        { "https://TRTC.ap-guangzhou.tencentcloudapi.com/",
          "https://trtc.ap-guangzhou.tencentcloudapi.com/", "trtc.ap-guangzhou.tencentcloudapi.com",
          false },
        { "HTTPS://a:443", "https://a/", "a", false },
        { "https://a:8443/", "https://a:8443/", "a:8443", false },
        { "https://a:80", "https://a:80/", "a:80", false },
        { "10.0.0.1", "https://10.0.0.1/", "10.0.0.1", false },
        { "http://127.0.0.1:18080", "http://127.0.0.1:18080/", "127.0.0.1:18080", true },
        { "http://127.255.0.9:80/", "http://127.255.0.9/", "127.255.0.9", true },
        { "http://localhost:1", "http://localhost:1/", "localhost:1", true },
        { "http://[::1]:65535/", "http://[::1]:65535/", "[::1]:65535", true },
        { "127.0.0.1:443", "https://127.0.0.1/", "127.0.0.1", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_endpoint e;
        struct trtc_err err = { 0 };
        if (trtc_endpoint_parse(t[i].text, &e, &err))
            fail_msg("%s: %s", t[i].text, err.msg);
        assert_string_equal(e.url, t[i].url);
        assert_string_equal(e.host, t[i].host);
        assert_int_equal(e.loopback, t[i].loopback);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *text, *says;
    } t[] = {
        { "", "HOST" },
        { "https://", "HOST" },
        { "http://trtc.tencentcloudapi.com", "loopback" },
        { "http://127.1", "loopback" },
        { "http://2130706433/", "loopback" },
        { "http://127.0.0.1.example.org", "loopback" },
        { "http://127.0.0.01", "loopback" },
        { "http://127.0.0.256", "loopback" },
        { "http://localhost.example.org", "loopback" },
        { "http://[::ffff:127.0.0.1]/", "loopback" },
        { "http://0.0.0.0/", "loopback" },
        { "ftp://a", "https" },
        { "file:///etc/passwd", "https" },
        { "https://a/path", "HOST" },
        { "https://a?x", "HOST" },
        { "https://a#x", "HOST" },
        { "https://user:cAnArY@a", "'@'" },
        { "cAnArY@a", "'@'" },
        { "a b", "HOST" },
        { "a\r\nX: y", "HOST" },
        { "a:0", "port" },
        { "a:65536", "port" },
        { "a:", "port" },
        { "a:99999999999", "port" },
        { "a:1x", "HOST" },
        { ".a", "HOST" },
        { "-a", "HOST" },
        { "a..b", "HOST" },
        { "[]", "HOST" },
        { "[::1", "HOST" },
        { "\xc3\xa9.example", "HOST" },
    };
    char longest[300];
    struct trtc_endpoint e;
    struct trtc_err err = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        if (!trtc_endpoint_parse(t[i].text, &e, &err))
            fail_msg("%s: taken as %s", t[i].text, e.url);
        if (err.code != TRTC_EX_USAGE || !strstr(err.msg, t[i].says) || strstr(err.msg, "cAnArY") ||
            strchr(err.msg, '\n'))
            fail_msg("%s: %s", t[i].text, err.msg);
    }
    memset(longest, 'a', sizeof longest);
    longest[254] = '\0';
    assert_int_equal(trtc_endpoint_parse(longest, &e, &err), -1);
    longest[253] = '\0';
    assert_int_equal(trtc_endpoint_parse(longest, &e, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
