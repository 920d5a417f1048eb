/* SPDX-License-Identifier: MIT */
/* Who is there by the statistics page of nginx's RTMP module, as version 1.1.4 writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/nginx_stat.h"

#define HEAD                                                                                       \
    "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n<rtmp>\n<nginx_version>1.22.1</nginx_version>\n" \
    "<server>\n<application>\n<name>3560</name>\n<live>\n"
#define TAIL "<nclients>2</nclients>\n</live>\n</application>\n</server>\n</rtmp>\n"
#define CLIENT                                                                                           \
    "<client><id>2</id><address>127.0.0.1</address><time>3719</time><flashver>x</flashver><publishing/>" \
    "<active/></client>"
#define VIDEO "<video><width>640</width><codec>H264</codec></video>"
#define AUDIO "<audio><codec>AAC</codec><profile>LC</profile></audio>"
#define STREAM(name, time, meta, more)                                                \
    "<stream>\n<name>" name "</name>\n<time>" time "</time><bw_in>0</bw_in>\n" CLIENT \
    "<meta>" meta "</meta>\n<nclients>1</nclients>\n" more "<active/>\n</stream>\n"

/* "103 3560/anna@5" and the like, parted by ", ". */
static char told[1024];

static void note(void *arg, const struct trtc_room_event *e)
{
    const size_t n = strlen(told);
    (void)arg;
    snprintf(told + n, sizeof told - n, "%s%d %s%s%s@%d", n ? ", " : "", e->type, e->room,
             *e->user ? "/" : "", e->user, (int)e->event_ms);
}

static const char *read_page(const char *xml, int64_t now_ms, const struct trtc_attendance *before,
                             struct trtc_attendance *out)
{
    struct trtc_err err;
    told[0] = '\0';
    assert_int_equal(trtc_nginx_stat(xml, "rtmp://h/{room}/{user}", now_ms, before, out, &err), 0);
    trtc_attendance_replay(out, NULL, &(struct trtc_emit){ note, NULL });
    return told;
}

static void streams(void **state)
{
    struct trtc_attendance none = { 0 }, a = { 0 }, b = { 0 };
    (void)state;
    assert_string_equal(
        read_page(HEAD STREAM("anna", "3000", VIDEO AUDIO, "<publishing/>\n")
                      STREAM("anna.aux", "1000", VIDEO "<audio></audio>", "<publishing/>\n")
                          STREAM("ben", "1000", "<video></video>" AUDIO, "<publishing/>\n")
                              STREAM("only-played", "1000", VIDEO AUDIO, "")
                                  STREAM("nothing-yet", "1000", "", "<publishing/>\n") TAIL,
                  10000, &none, &a),
        "101 3560@7000, 103 3560/anna@7000, 201 3560/anna@7000, 203 3560/anna@7000, 205 3560/anna@9000, "
        "103 3560/ben@9000, 203 3560/ben@9000");
    assert_string_equal(trtc_attendance_find(&a, "3560", "anna", TRTC_ROOM_AUX)->source,
                        "rtmp://h/3560/anna.aux");
    assert_string_equal(/* what is about as old is the same; ben has another stream */
                        read_page(HEAD STREAM("anna", "4900", VIDEO AUDIO, "<publishing/>\n")
                                      STREAM("ben", "100", "<video></video>" AUDIO,
                                             "<publishing/>\n") TAIL,
                                  14000, &a, &b),
                        "101 3560@7000, 103 3560/anna@7000, 201 3560/anna@7000, 203 3560/anna@7000, 103 3560/ben@9000, "
                        "203 3560/ben@13900");
    trtc_attendance_fini(&a);
    trtc_attendance_fini(&b);
}

static void names(void **state)
{
    struct trtc_attendance none = { 0 }, a = { 0 };
    (void)state;
    assert_string_equal(
        read_page(HEAD STREAM("a&amp;b&lt;", "0", AUDIO, "<publishing/>") TAIL, 1, &none, &a),
        "101 3560@1, 103 3560/a&b<@1, 203 3560/a&b<@1");
    trtc_attendance_fini(&a);
    assert_string_equal(read_page(HEAD TAIL, 1, &none, &a), "");
    trtc_attendance_fini(&a);
}

static void no_page(void **state)
{
    static const char *const pages[] = { "",   "<html></html>",
                                         HEAD, HEAD "<stream",
                                         "x",  "<rtmp><a><a><a><a><a><a><a><a><a><a><a><a><a>" };
    struct trtc_attendance none = { 0 }, a = { 0 };
    struct trtc_err err;
    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        assert_int_equal(trtc_nginx_stat(pages[i], "x", 1, &none, &a, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        trtc_attendance_fini(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(streams), cmocka_unit_test(names),
                                        cmocka_unit_test(no_page) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
