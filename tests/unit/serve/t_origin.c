/* SPDX-License-Identifier: MIT */
/* Which Host and which Origin a browser may come with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "serve/origin.h"

static void hosts(void **state)
{
    static const struct {
        const char *host, *base;
        bool ours;
    } cases[] = {
        { NULL, NULL, true },
        { "127.0.0.1:8080", NULL, true },
        { "127.0.0.1", NULL, true },
        { "[::1]:8080", NULL, true },
        { "[::1]", NULL, true },
        { "localhost:1", NULL, true },
        { "LocalHost", NULL, true },
        { "192.168.7.4:80", NULL, true }, /* no name service has a say in digits */
        { "http://127.0.0.1:8080", NULL, true },
        { "room.example:8080", "http://room.example:9000", true },
        { "Room.Example", "https://room.example/x", true },
        { "room.example", "http://room.example.evil.example", false },
        { "evil.example", "http://room.example", false },
        { "evil.example:8080", NULL, false },
        { "localhost.evil.example", NULL, false },
        { "127.0.0.1.evil.example", NULL, false },
        { "127.0.0.1:8080@evil.example", NULL, false },
        { "127.0.0.1:8080x", NULL, false },
        { "127.0.0.1:123456", NULL, false },
        { "127.1", NULL, false },
        { "2130706433", NULL, false },
        { "0x7f.1", NULL, false },
        { "[::1", NULL, false },
        { "[::1]x", NULL, false },
        { "[evil.example]", NULL, false },
        { "::1", NULL, false },
        { "", NULL, false },
        { ":8080", NULL, false },
        { "localhost.", NULL, false },
        { "a", "room.example", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (trtc_origin_host_is_ours(cases[i].host, cases[i].base) != cases[i].ours)
            fail_msg("Host '%s'", cases[i].host);
}

static void origins(void **state)
{
    static const struct {
        const char *origin;
        bool local;
    } cases[] = {
        { "http://127.0.0.1:8080", true },
        { "http://127.9.8.7", true },
        { "https://localhost:1", true },
        { "http://[::1]:3000", true },
        { "null", false },
        { "", false },
        { "file://", false },
        { "http://192.168.0.1", false },
        { "http://[::2]", false },
        { "http://localhost.example", false },
        { "http://127.0.0.1.example", false },
        { "http://evil.example:80", false },
        { "http://a@127.0.0.1", false },
        { "http://127.0.0.1/", false },
        { "chrome-extension://127.0.0.1", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (trtc_origin_is_local(cases[i].origin) != cases[i].local)
            fail_msg("Origin '%s'", cases[i].origin);
}

static void peers(void **state)
{
    (void)state;
    assert_true(trtc_origin_peer_is_local("127.0.0.1:50312"));
    assert_true(trtc_origin_peer_is_local("[::1]:50312"));
    assert_true(trtc_origin_peer_is_local("[::ffff:127.0.0.1]:50312"));
    assert_false(trtc_origin_peer_is_local("192.168.0.1:50312"));
    assert_false(trtc_origin_peer_is_local("[::ffff:10.0.0.1]:50312"));
    assert_false(trtc_origin_peer_is_local("[fe80::1]:50312"));
    assert_false(trtc_origin_peer_is_local("?"));
}

static void sites(void **state)
{
    (void)state;
    assert_false(trtc_origin_is_foreign(NULL, NULL));
    assert_false(trtc_origin_is_foreign("same-origin", "cors"));
    assert_false(trtc_origin_is_foreign("same-site", "no-cors")); /* another port of this machine */
    assert_false(trtc_origin_is_foreign("none", "navigate"));
    assert_false(trtc_origin_is_foreign("cross-site", "navigate")); /* a link was followed */
    assert_true(trtc_origin_is_foreign("cross-site", "no-cors"));
    assert_true(trtc_origin_is_foreign("cross-site", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts),
        cmocka_unit_test(origins),
        cmocka_unit_test(peers),
        cmocka_unit_test(sites),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
