/* SPDX-License-Identifier: MIT */
/* Whose sound and picture are wanted: lists, prefix patterns, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "base/json.h"
#include "layout/subscribe.h"

static int read_text(const char *json, struct trtc_subscription *s, struct trtc_err *err)
{
    cJSON *root = trtc_json_parse("x", json, strlen(json), err);
    if (!root)
        fail_msg("%s", err->msg);
    int ret = trtc_subscription_read(root, "Sub", s, err);
    cJSON_Delete(root);
    return ret;
}

#define USERS_MAX 8

/* For each user present one of "-avb": nothing, sound, picture, both. */
static void decisions(void **state)
{
    static const struct {
        const char *json;
        const char *users[USERS_MAX];
        const char *want;
    } t[] = {
        { "{}", { "a", "b", "" }, "bbb" },
        { "{\"SubscribeAudioUserIds\":null}", { "a" }, "b" },
        { "{\"SubscribeAudioUserIds\":[]}", { "a", "b" }, "vv" },
        { "{\"UnSubscribeAudioUserIds\":[]}", { "a" }, "b" },
        { "{\"SubscribeAudioUserIds\":[\"a\"],\"UnSubscribeAudioUserIds\":[]}", { "a", "b" }, "bv" },
        { "{\"SubscribeAudioUserIds\":[\"a\"]}", { "a", "b", "aa", "A" }, "bvvv" },
        { "{\"UnSubscribeAudioUserIds\":[\"a\"]}", { "a", "b" }, "vb" },
        { "{\"SubscribeVideoUserIds\":[\"a\",\"a\"]}", { "a", "b" }, "ba" },
        { "{\"UnSubscribeVideoUserIds\":[\"a\"]}", { "a", "b" }, "ab" },
        { "{\"SubscribeAudioUserIds\":[\"a\"],\"UnSubscribeVideoUserIds\":[\"a\"]}",
          { "a", "b" },
          "av" },
        { "{\"SubscribeAudioUserIds\":[],\"SubscribeVideoUserIds\":[]}", { "a" }, "-" },
        /* prefixes */
        { "{\"SubscribeVideoUserIds\":[\"1.*$\"]}", { "1", "12", "21", "", "1.*$x" }, "bbaab" },
        { "{\"UnSubscribeVideoUserIds\":[\"1.*$\"]}", { "1", "12", "21" }, "aab" },
        { "{\"SubscribeVideoUserIds\":[\".*$\"]}", { "1", "x" }, "bb" },
        /* somebody has that very id: it alone is meant */
        { "{\"SubscribeVideoUserIds\":[\"1.*$\"]}", { "1", "12", "1.*$", "1.*$x" }, "aaba" },
        { "{\"UnSubscribeVideoUserIds\":[\"1.*$\"]}", { "1", "12", "1.*$", "1.*$x" }, "bbab" },
        { "{\"SubscribeVideoUserIds\":[\"1.*$\",\"12.*$\"]}", { "1", "123", "1.*$" }, "abb" },
        /* no other regular expressions */
        { "{\"SubscribeVideoUserIds\":[\"1.*\",\"^2.*$\",\"[3].*$\"]}",
          { "1", "11", "2", "3", "1.*", "^2x" },
          "aaaabb" },
        { "{\"SubscribeVideoUserIds\":[\"*$\",\"$\"]}", { "1", "$", "x*$" }, "aba" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_subscription s;
        struct trtc_err err = { 0 };
        size_t n = strlen(t[i].want);
        if (read_text(t[i].json, &s, &err) < 0)
            fail_msg("%s: %s", t[i].json, err.msg);
        for (size_t k = 0; k < n; k++) {
            bool a = trtc_subscribed(&s, false, t[i].users[k], t[i].users, n);
            bool v = trtc_subscribed(&s, true, t[i].users[k], t[i].users, n);
            char got = "-avb"[a + 2 * v];
            if (got != t[i].want[k])
                fail_msg("%s: '%s': %c", t[i].json, t[i].users[k], got);
        }
        trtc_subscription_fini(&s);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *json, *message;
    } t[] = {
        { "[]", "Sub: not an object" },
        { "{\"SubscribeAudioUserIds\":\"a\"}",
          "Sub.SubscribeAudioUserIds: a string, but an array is required" },
        { "{\"SubscribeAudioUserIds\":[\"a\",1]}", "Sub.SubscribeAudioUserIds[1]: not a user id" },
        { "{\"UnSubscribeVideoUserIds\":[null]}", "Sub.UnSubscribeVideoUserIds[0]: not a user id" },
        { "{\"UnSubscribeVideoUserIds\":[\"\"]}", "Sub.UnSubscribeVideoUserIds[0]: not a user id" },
        { "{\"SubscribeaudioUserIds\":[]}", "Sub.SubscribeaudioUserIds is not known" },
        { "{\"\\u001b[2J\":[]}", "Sub.\\x1B[2J is not known" },
        { "{\"SubscribeAudioUserIds\":[\"a\"],\"UnSubscribeAudioUserIds\":[\"b\"]}",
          "Sub: SubscribeAudioUserIds and UnSubscribeAudioUserIds exclude each other" },
        { "{\"SubscribeVideoUserIds\":[],\"UnSubscribeVideoUserIds\":[\"b\"]}",
          "Sub: SubscribeVideoUserIds and UnSubscribeVideoUserIds exclude each other" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_subscription s = { .allow_audio.n = 7 };
        struct trtc_err err = { 0 };
        assert_int_equal(read_text(t[i].json, &s, &err), -1);
        assert_string_equal(err.msg, t[i].message);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_int_equal(s.allow_audio.n, 7);
    }
}

static void limits(void **state)
{
    (void)state;
    for (int n = 32; n <= 33; n++) {
        struct trtc_subscription s = { 0 };
        struct trtc_err err = { 0 };
        char json[1024];
        size_t len = (size_t)snprintf(json, sizeof json, "{\"SubscribeVideoUserIds\":[");
        for (int i = 0; i < n; i++)
            len += (size_t)snprintf(json + len, sizeof json - len, "%s\"u%d\"", i ? "," : "", i);
        snprintf(json + len, sizeof json - len, "]}");
        assert_int_equal(read_text(json, &s, &err), n == 32 ? 0 : -1);
        if (n == 32)
            assert_string_equal(s.allow_video.items[31], "u31");
        else
            assert_string_equal(err.msg,
                                "Sub.SubscribeVideoUserIds: 33 entries, and 32 are allowed");
        trtc_subscription_fini(&s);
    }
}

static void options(void **state)
{
    struct trtc_subscription s = { 0 };
    struct trtc_err err = { 0 };
    const char *const users[] = { "ann", "bob", "cat" };
    (void)state;
    assert_int_equal(trtc_subscription_add(&s, true, "audio:ann", &err), 0);
    assert_int_equal(trtc_subscription_add(&s, false, "video:b.*$", &err), 0);
    assert_int_equal(s.allow_audio.n, 1);
    assert_int_equal(s.block_video.n, 1);
    assert_true(trtc_subscribed(&s, false, "ann", users, 3));
    assert_false(trtc_subscribed(&s, false, "bob", users, 3));
    assert_true(trtc_subscribed(&s, true, "ann", users, 3));
    assert_false(trtc_subscribed(&s, true, "bob", users, 3));

    /* Both media, and one of them has the other list: nothing is added to either. */
    assert_int_equal(trtc_subscription_add(&s, true, "cat", &err), -1);
    assert_int_equal(err.code, TRTC_EX_USAGE);
    assert_string_equal(err.msg, "'cat': video already has a list of users to leave out");
    assert_int_equal(trtc_subscription_add(&s, false, "audio:cat", &err), -1);
    assert_string_equal(err.msg, "'audio:cat': audio already has a list of users to take");
    assert_int_equal(s.allow_audio.n, 1);
    assert_false(s.allow_video.given);
    assert_int_equal(trtc_subscription_add(&s, true, "", &err), -1);
    assert_int_equal(trtc_subscription_add(&s, true, "audio:", &err), -1);
    assert_string_equal(err.msg, "'audio:': an empty user id");

    trtc_subscription_fini(&s);
    assert_false(s.allow_audio.given);
    assert_true(trtc_subscribed(&s, true, "bob", users, 3));

    for (int i = 0; i < 32; i++)
        assert_int_equal(trtc_subscription_add(&s, false, "u", &err), 0);
    assert_int_equal(trtc_subscription_add(&s, false, "u", &err), -1);
    assert_int_equal(err.code, TRTC_EX_USAGE);
    assert_string_equal(err.msg, "'u': over 32 users in a list for audio");
    assert_int_equal(s.block_audio.n, 32);
    assert_int_equal(s.block_video.n, 32);
    trtc_subscription_fini(&s);

    /* An empty list that was given takes nobody. */
    assert_int_equal(read_text("{\"SubscribeAudioUserIds\":[]}", &s, &err), 0);
    assert_false(trtc_subscribed(&s, false, "ann", users, 3));
    trtc_subscription_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions),
        cmocka_unit_test(refused),
        cmocka_unit_test(limits),
        cmocka_unit_test(options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
