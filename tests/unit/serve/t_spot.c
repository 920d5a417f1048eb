/* SPDX-License-Identifier: MIT */
/* Paths of rooms, users and substreams; containers by their first bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "serve/container.h"
#include "serve/spot.h"

static void paths(void **state)
{
    static const struct {
        const char *path, *room, *user; /* room NULL: it is none */
        bool aux;
        const char *url;
    } cases[] = {
        { "/3560/anna", "3560", "anna", false, "/3560/anna" },
        { "/3560/anna/aux", "3560", "anna", true, "/3560/anna/aux" },
        { "/3560", "3560", "", false, "/3560" },
        { "/a room/\xc3\xa4&?", "a room", "\xc3\xa4&?", false, "/a%20room/%C3%A4%26%3F" },
        { "/aux/aux/aux", "aux", "aux", true, "/aux/aux/aux" },
        { "/", NULL, NULL, false, NULL },
        { "", NULL, NULL, false, NULL },
        { "3560/anna", NULL, NULL, false, NULL },
        { "/3560/", NULL, NULL, false, NULL },
        { "//anna", NULL, NULL, false, NULL },
        { "/3560/anna/", NULL, NULL, false, NULL },
        { "/3560/anna/main", NULL, NULL, false, NULL },
        { "/3560/anna/aux/aux", NULL, NULL, false, NULL },
        { "/events", NULL, NULL, false, NULL },
        { "/events/anna", NULL, NULL, false, NULL },
        { "/../anna", NULL, NULL, false, NULL },
        { "/3560/.", NULL, NULL, false, NULL },
        { "/3560/..", NULL, NULL, false, NULL },
        { "/3560/...", "3560", "...", false, "/3560/..." },
        { "/3560/an\x01na", NULL, NULL, false, NULL }, /* what was %2F or %00 */
        { "/3560/an\nna", NULL, NULL, false, NULL },
        { "/3560/\xff", NULL, NULL, false, NULL },
        { "/3560/12345678901234567890123456789012", "3560", "12345678901234567890123456789012",
          false, "/3560/12345678901234567890123456789012" },
        { "/3560/123456789012345678901234567890123", NULL, NULL, false, NULL },
    };
    struct trtc_spot s;
    char url[TRTC_SPOT_URL_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bool good = trtc_spot_parse(cases[i].path, &s);
        if (good != (cases[i].room != NULL))
            fail_msg("'%s': %d", cases[i].path, good);
        if (!good)
            continue;
        assert_string_equal(s.room, cases[i].room);
        assert_string_equal(s.user, cases[i].user);
        assert_int_equal(s.aux, cases[i].aux);
        assert_string_equal(trtc_spot_url(&s, url), cases[i].url);
    }
}

static void longest(void **state)
{
    struct trtc_spot s = { .aux = true };
    char url[TRTC_SPOT_URL_MAX + 1];
    (void)state;
    memset(s.room, ' ', TRTC_SPOT_ROOM_MAX);
    memset(s.user, ' ', TRTC_SPOT_USER_MAX);
    assert_int_equal(strlen(trtc_spot_url(&s, url)),
                     3 * (TRTC_SPOT_ROOM_MAX + TRTC_SPOT_USER_MAX) + 6);
}

/* Packets of a transport stream in so many bytes each, the first sync byte at first. */
static void make_ts(unsigned char *b, size_t n, size_t packet, size_t first)
{
    memset(b, 0, n);
    for (size_t i = first; i < n; i += packet)
        b[i] = 0x47;
}

static void containers(void **state)
{
    unsigned char b[600];
    (void)state;
    make_ts(b, sizeof b, 188, 0);
    assert_int_equal(trtc_container_of(b, 188, NULL), TRTC_CONTAINER_UNKNOWN);
    assert_int_equal(trtc_container_of(b, 189, NULL), TRTC_CONTAINER_TS);
    assert_int_equal(trtc_container_of(b, 189, "video/webm"),
                     TRTC_CONTAINER_TS); /* the bytes count */
    make_ts(b, sizeof b, 192, 4);
    assert_int_equal(trtc_container_of(b, sizeof b, NULL), TRTC_CONTAINER_TS_ODD);
    make_ts(b, sizeof b, 204, 0);
    assert_int_equal(trtc_container_of(b, sizeof b, NULL), TRTC_CONTAINER_TS_ODD);
    make_ts(b, sizeof b, 188, 77);
    assert_int_equal(trtc_container_of(b, sizeof b, NULL), TRTC_CONTAINER_NONE);
    assert_int_equal(trtc_container_of(b, sizeof b, "video/mp2t"), TRTC_CONTAINER_TS_ODD);
    assert_int_equal(trtc_container_of(b, sizeof b, "video/x-matroska;codecs=avc1"),
                     TRTC_CONTAINER_MATROSKA);
    assert_int_equal(trtc_container_of(b, sizeof b, "video/mp4x"), TRTC_CONTAINER_NONE);
    assert_int_equal(trtc_container_of("\x1a\x45\xdf\xa3", 4, NULL), TRTC_CONTAINER_MATROSKA);
    assert_int_equal(trtc_container_of("FLV\1\5", 5, NULL), TRTC_CONTAINER_FLV);
    assert_int_equal(trtc_container_of("\0\0\0\x1c"
                                       "ftypiso5",
                                       12, NULL),
                     TRTC_CONTAINER_MP4);
    assert_int_equal(trtc_container_of("\x1a\x45", 2, NULL), TRTC_CONTAINER_UNKNOWN);
    assert_int_equal(trtc_container_of("", 0, NULL), TRTC_CONTAINER_UNKNOWN);
    memset(b, 'x', sizeof b);
    assert_int_equal(trtc_container_of(b, sizeof b, "text/plain"), TRTC_CONTAINER_NONE);
    assert_null(trtc_container_format(TRTC_CONTAINER_TS));
    assert_string_equal(trtc_container_format(TRTC_CONTAINER_TS_ODD), "mpegts");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(paths), cmocka_unit_test(longest),
                                        cmocka_unit_test(containers) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
