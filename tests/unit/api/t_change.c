/* SPDX-License-Identifier: MIT */
/* What a modify sends again, and what is remembered of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "api/change.h"

/* JSON with single quotes, for the eye. */
static cJSON *json(const char *text)
{
    char copy[512];
    size_t n = strlen(text);
    assert_true(n < sizeof copy);
    for (size_t i = 0; i <= n; i++)
        copy[i] = text[i] == '\'' ? '"' : text[i];
    cJSON *j = cJSON_Parse(copy);
    assert_non_null(j);
    return j;
}

static void assert_json(const cJSON *got, const char *want)
{
    cJSON *w = json(want);
    char *text = cJSON_PrintUnformatted(got);
    if (!cJSON_Compare(got, w, true))
        fail_msg("%s, not %s", text, want);
    cJSON_free(text);
    cJSON_Delete(w);
}

#define RECORD "'RecordParams':{'RecordMode':2,'SubscribeStreamUserIds':"
#define ALLOW  "{'SubscribeAudioUserIds':['a'],'SubscribeVideoUserIds':['a']}"
#define BLOCK  "{'UnSubscribeAudioUserIds':['z'],'UnSubscribeVideoUserIds':['z']}"
#define GRID   "'MixLayoutParams':{'MixLayoutMode':3,'BackGroundColor':'#000000'}"

static const struct {
    const char *created, *change, *wanted, *after;
} table[] = {
    /* what is not changed is sent again */
    { "{'RoomId':'1'," GRID "," RECORD ALLOW "}}", "{'TaskId':'t'}",
      "{'TaskId':'t'," GRID ",'SubscribeStreamUserIds':" ALLOW "}",
      "{'RoomId':'1'," GRID "," RECORD ALLOW "}}" },
    /* a member of the layout */
    { "{" GRID "}", "{'MixLayoutParams':{'MixLayoutMode':1}}",
      "{'MixLayoutParams':{'MixLayoutMode':1,'BackGroundColor':'#000000'}}",
      "{'MixLayoutParams':{'MixLayoutMode':1,'BackGroundColor':'#000000'}}" },
    /* a block list takes the place of the allow list, for sound and picture each */
    { "{" RECORD ALLOW "}}", "{'SubscribeStreamUserIds':" BLOCK "}",
      "{'SubscribeStreamUserIds':" BLOCK "}", "{" RECORD BLOCK "}}" },
    { "{" RECORD ALLOW "}}", "{'SubscribeStreamUserIds':{'UnSubscribeAudioUserIds':['z']}}",
      "{'SubscribeStreamUserIds':{'UnSubscribeAudioUserIds':['z'],'SubscribeVideoUserIds':['a']}}",
      "{" RECORD "{'UnSubscribeAudioUserIds':['z'],'SubscribeVideoUserIds':['a']}}}" },
    { "{" RECORD BLOCK "}}", "{'SubscribeStreamUserIds':" ALLOW "}",
      "{'SubscribeStreamUserIds':" ALLOW "}", "{" RECORD ALLOW "}}" },
    /* nothing of it was there */
    { "{'RoomId':'1','RecordParams':{'RecordMode':1}}", "{" GRID "}", "{" GRID "}",
      "{'RoomId':'1','RecordParams':{'RecordMode':1}," GRID "}" },
};

static void sends_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trtc_err err;
        cJSON *created = json(table[i].created), *change = json(table[i].change);
        cJSON *wanted = trtc_api_wanted(created, change, &err);
        assert_non_null(wanted);
        assert_json(wanted, table[i].wanted);
        cJSON *after = trtc_api_as_created(created, wanted, &err);
        assert_non_null(after);
        assert_json(after, table[i].after);
        assert_json(created, table[i].created); /* stays as it is */
        cJSON_Delete(after);
        cJSON_Delete(wanted);
        cJSON_Delete(change);
        cJSON_Delete(created);
    }
}

static void replaces(void **state)
{
    struct trtc_err err;
    cJSON *change = json("{'TaskId':'t'," GRID "}");
    cJSON *wanted = trtc_api_wanted(NULL, change, &err);
    (void)state;
    assert_non_null(wanted);
    assert_json(wanted, "{'TaskId':'t'," GRID "}");
    cJSON_Delete(wanted);
    cJSON_Delete(change);
}

static void finds_members(void **state)
{
    cJSON *j = json("{'a':{'b':{'c':7}},'d':[1]}");
    (void)state;
    assert_int_equal(trtc_api_member(j, "a.b.c")->valueint, 7);
    assert_ptr_equal(trtc_api_member(j, ""), j);
    assert_null(trtc_api_member(j, "a.x.c"));
    assert_null(trtc_api_member(j, "a.b.c.d"));
    assert_null(trtc_api_member(j, "d.0"));
    assert_null(trtc_api_member(NULL, "a"));
    cJSON_Delete(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sends_all), cmocka_unit_test(replaces),
                                        cmocka_unit_test(finds_members) };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
