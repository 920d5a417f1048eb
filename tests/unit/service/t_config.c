/* SPDX-License-Identifier: MIT */
/* Configurations, good and bad: what each line is complained of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "service/config.h"

static char heard[4096];

static void hear(void *arg, const char *text)
{
    (void)arg;
    const size_t n = strlen(heard);
    snprintf(heard + n, sizeof heard - n, "%s|", text);
}

static const struct trtc_complain complain = { hear, NULL };

static int parse(struct trtc_config *c, const char *text)
{
    heard[0] = '\0';
    trtc_config_init(c);
    return trtc_config_parse("f", text, c, &complain);
}

#define APP "[app 1400000001]\nsecret_id = AKIDa\nsecret_key = k\n"

static void whole(void **state)
{
    struct trtc_config c;
    (void)state;
    assert_int_equal(
        parse(
            &c,
            "# a comment\r\n\n[listen]\naddress = [::1]:0\nnode=a1\n" APP
            "usersig_key=u\ncallback_url = http://127.0.0.1:1/cb\ncallback_key = ck\n"
            "[app 5]\nsecret_id = AKIDb\nsecret_key = k=2\n[ room ]\nsource = http://127.0.0.1:8080\n"
            "[storage]\nsend = request\nkeep = yes\ndirectory = /srv/x\nvod_url = https://v.example\n"
            "vod_secret_key = sk\nvod_secret_id = si\n"
            "[limits]\ncalls = 1000\ntasks = 3\nexited = 0\ncallbacks = 600\nfree = 9\nend = 8\n"
            "keep_days = 1\n[launch]\ncommand = systemd-run --user trtc-task\nenvironment = A B\n"
            "[page]\nshow = no\nhls_js = /x.js"),
        0);
    assert_string_equal(heard, "");
    assert_string_equal(c.listen, "[::1]:0");
    assert_string_equal(c.node, "a1");
    assert_int_equal(c.nb_apps, 2);
    assert_string_equal(c.apps[1].secret_key.text, "k=2");
    assert_string_equal(c.apps[0].callback_url, "http://127.0.0.1:1/cb");
    assert_true(c.send_request && c.keep && c.no_page);
    assert_string_equal(c.vod_keys.text, "si\nsk");
    assert_int_equal(c.rate, 1000);
    assert_int_equal(c.callback_s, 600);
    assert_string_equal(c.launch, "systemd-run --user trtc-task");
    assert_ptr_equal(trtc_config_app(&c, 5), &c.apps[1]);
    assert_ptr_equal(trtc_config_by_id(&c, "AKIDa"), &c.apps[0]);
    assert_null(trtc_config_by_id(&c, "AKID"));
    trtc_config_fini(&c);
    trtc_config_fini(&c);
}

static void quoted(void **state)
{
    struct trtc_config c;
    (void)state;
    assert_int_equal(parse(&c, "[app 7]\nsecret_id = \"i\"\nsecret_key = 'k' \r\n"
                               "[room]\nsource = \"http://127.0.0.1:1\"\n"
                               "[launch]\ncommand = ssh host \"trtc-task\"\n"),
                     0);
    assert_string_equal(c.apps[0].secret_id.text, "i");
    assert_string_equal(c.apps[0].secret_key.text, "k");
    assert_string_equal(c.room, "http://127.0.0.1:1");
    assert_string_equal(c.launch, "ssh host \"trtc-task\"");
    trtc_config_fini(&c);
}

static void defaults(void **state)
{
    struct trtc_config c;
    (void)state;
    assert_int_equal(parse(&c, APP), 0);
    assert_int_equal(c.rate, 20);
    assert_int_equal(c.tasks, 100);
    assert_int_equal(c.exited_s, 60);
    assert_int_equal(c.free_percent, 5);
    assert_int_equal(c.end_percent, 2);
    assert_false(c.send_request || c.keep || c.no_page);
    assert_null(c.listen);
    trtc_config_fini(&c);
}

static void wrong(void **state)
{
    static const struct {
        const char *text, *heard;
    } cases[] = {
        { "", "f: there is no [app SDKAPPID]|" },
        { APP "nonsense = 1", "f: line 4: nonsense: there is no such key in [app]|" },
        { APP "secret_id = b", "f: line 4: secret_id: appears twice|" },
        { APP "[app 1400000001]", "f: line 4: [app 1400000001] appears twice|" },
        { APP "[app x]\nsecret_id = y", "f: line 4: SDKAPPID" },
        { APP "[nonsense]\na = b", "f: line 4: [nonsense]: unknown; the sections are [listen]" },
        { "secret_id = CanaryZq\n" APP, "f: line 1: it belongs to no [SECTION]|" },
        { APP "CanaryZq", "f: line 4: neither [SECTION] nor NAME = VALUE|" },
        { "[app 7]\nsecret_id = a",
          "f: line 1: [app 7]: secret_id and secret_key are both needed|" },
        { "[app 7]\nsecret_id = CanaryZq a\nsecret_key = k", "f: line 2: secret_id: only visible" },
        { "[app 7]\nsecret_id = \"CanaryZq\nsecret_key = k", "f: line 2: secret_id: only visible" },
        { APP "callback_key = a",
          "f: line 1: [app 1400000001]: callback_key needs a callback_url|" },
        { APP "callback_url = ftp://x", "f: line 4: callback_url: " },
        { APP "[app 2]\nsecret_id = AKIDa\nsecret_key = other",
          "f: line 4: [app 2]: the same secret_id has a different secret_key" },
        { APP "[listen]\naddress = 8490", "f: line 5: address: must be ADDR:PORT" },
        { APP "[listen]\nnode = a/b", "f: line 5: node: at most 16" },
        { APP "[storage]\nsend = cloud", "f: line 5: send: must be one of: directory request|" },
        { APP "[storage]\nvod_secret_id = CanaryZq",
          "f: [storage]: vod_secret_id and vod_secret_key are both needed|" },
        { APP "[limits]\ntasks = 0", "f: line 5: tasks" },
        { APP "[limits]\ntasks =", "f: line 5: tasks: empty|" },
        { APP "[limits]\nfree = 1\nend = 2", "f: [limits]: end is larger than free|" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trtc_config c;
        assert_true(parse(&c, cases[i].text) >= 1);
        if (strncmp(heard, cases[i].heard, strlen(cases[i].heard)) != 0)
            fail_msg("%s: %s", cases[i].text, heard);
        assert_null(strstr(heard, "CanaryZq"));
        trtc_config_fini(&c);
    }
}

static void several(void **state)
{
    struct trtc_config c;
    (void)state;
    assert_int_equal(parse(&c, "a\n[x]\n[limits]\ncalls = 0\nz = 1\n"), 5);
    trtc_config_fini(&c);
}

static void loopback(void **state)
{
    (void)state;
    assert_true(trtc_config_is_loopback("127.0.0.1:1"));
    assert_true(trtc_config_is_loopback("[::1]:1"));
    assert_false(trtc_config_is_loopback("0.0.0.0:1"));
    assert_false(trtc_config_is_loopback("[::]:1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(whole),    cmocka_unit_test(quoted),
                                        cmocka_unit_test(defaults), cmocka_unit_test(wrong),
                                        cmocka_unit_test(several),  cmocka_unit_test(loopback) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
