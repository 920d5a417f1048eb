/* SPDX-License-Identifier: MIT */
/* Requests: the field table against the API's, paths, checks, what is shown of them, skeletons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "api/api.h"
#include "base/json.h"

static cJSON *parse(const char *text)
{
    struct trtc_err err = { 0 };
    cJSON *json = trtc_api_read("test", text, strlen(text), &err);
    if (!json)
        fail_msg("%s: %s", text, err.msg);
    return json;
}

static void assert_json(const cJSON *got, const char *want)
{
    char *text = cJSON_PrintUnformatted(got);
    if (strcmp(text, want) != 0)
        fail_msg("%s, and not %s", text, want);
    free(text);
}

/* ---- the table ---- */

static const char *const type_names[] = { "integer", "string", "boolean", "object", "array" };

static const char *string(const cJSON *o, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = words; (p = strstr(p, word)); p++)
        if ((p == words || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
            return true;
    return false;
}

/* The values of the table are those of the API, and its words for them stand in what is said. */
static void compare_values(const struct trtc_field *f, const cJSON *json, const char *path)
{
    const cJSON *value, *values = cJSON_GetObjectItemCaseSensitive(json, "enum");
    size_t bytes = 0;
    cJSON_ArrayForEach(value, values)
    {
        char said[64];
        snprintf(said, sizeof said, "%s %s", value->string, value->valuestring);
        bytes += strlen(value->string) + 1;
        if (!f->values || !has_word(f->values, value->string))
            fail_msg("%s: value %s", path, value->string);
        if (*value->valuestring && !strstr(f->help, said))
            fail_msg("%s: '%s' is not said: %s", path, said, f->help);
    }
    if (values ? strlen(f->values) + 1 != bytes : f->values != NULL)
        fail_msg("%s: values %s", path, f->values);
}

/* Where the API says nothing the table may be narrower, from its other pages. */
static void compare_range(const struct trtc_field *f, const cJSON *json, const char *path)
{
    static const char *const minima[] = { "min" }, *const maxima[] = { "max", "max_bytes",
                                                                       "max_items" };
    const cJSON *value;
    for (size_t i = 0; i < sizeof minima / sizeof minima[0]; i++)
        if ((value = cJSON_GetObjectItemCaseSensitive(json, minima[i])) &&
            (f->min == f->max || (double)f->min != value->valuedouble))
            fail_msg("%s: min %lld", path, (long long)f->min);
    for (size_t i = 0; i < sizeof maxima / sizeof maxima[0]; i++)
        if ((value = cJSON_GetObjectItemCaseSensitive(json, maxima[i])) &&
            (f->min == f->max || (double)f->max != value->valuedouble))
            fail_msg("%s: max %lld", path, (long long)f->max);
    bool words = string(json, "characters") || string(json, "item_characters");
    if (words && f->form != TRTC_FORM_WORD)
        fail_msg("%s: characters", path);
    if (string(json, "form") && f->form != TRTC_FORM_COLOUR)
        fail_msg("%s: form", path);
}

static void compare_default(const struct trtc_field *f, const cJSON *json, const char *path)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, "default");
    if (strcmp(f->name, "Font") == 0)
        value = cJSON_GetObjectItemCaseSensitive(json, "name"); /* among the values */
    if (!value != !f->fallback)
        fail_msg("%s: default %s", path, f->fallback);
    cJSON *have = f->fallback ? cJSON_Parse(f->fallback) : NULL;
    if (f->fallback && (!have || have->type != value->type))
        fail_msg("%s: default %s", path, f->fallback);
    if (cJSON_IsNumber(have))
        assert_true(have->valuedouble == value->valuedouble);
    cJSON_Delete(have);
}

static void compare(const struct trtc_field *fields, const cJSON *types, const char *type);

static void compare_field(const struct trtc_field *f, const cJSON *json, const cJSON *types,
                          const char *type)
{
    char path[128];
    const char *of = string(json, "of"), *only = string(json, "only");
    snprintf(path, sizeof path, "%s.%s", type, f->name);
    if (strcmp(string(json, "type"), type_names[f->type]) != 0)
        fail_msg("%s: type", path);
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "required")) != f->required)
        fail_msg("%s: required", path);
    if (!only != !f->only || (only && strcmp(only, f->only) != 0))
        fail_msg("%s: only %s", path, f->only);
    if (!f->help || !*f->help || (!f->members && !f->example))
        fail_msg("%s: nothing is said, or no example", path);
    if (trtc_api_is_secret(f->name) != f->secret)
        fail_msg("%s: secret", path);
    if (f->secret && f->type != TRTC_FIELD_STRING)
        fail_msg("%s: a secret that is no string", path);
    compare_values(f, json, path);
    compare_range(f, json, path);
    compare_default(f, json, path);
    bool texts = of && strcmp(of, "string") == 0;
    if (f->type == TRTC_FIELD_ARRAY && f->item != (texts ? TRTC_FIELD_STRING : TRTC_FIELD_OBJECT))
        fail_msg("%s: items", path);
    if ((of && !texts) != (f->members != NULL))
        fail_msg("%s: members", path);
    if (f->members)
        compare(f->members, types, of);
}

static void compare(const struct trtc_field *fields, const cJSON *types, const char *type)
{
    const cJSON *json, *list = cJSON_GetObjectItemCaseSensitive(types, type);
    assert_true(cJSON_GetArraySize(list) > 0);
    cJSON_ArrayForEach(json, list)
    {
        if (!fields->name || strcmp(fields->name, string(json, "name")) != 0)
            fail_msg("%s.%s: missing, or in another place", type, string(json, "name"));
        compare_field(fields++, json, types, type);
    }
    if (fields->name)
        fail_msg("%s.%s: not known to the API", type, fields->name);
}

static void table(void **state)
{
    struct trtc_err err = { 0 };
    cJSON *json = trtc_json_read("tests/data/recording-api-fields.json", &err);
    (void)state;
    if (!json)
        fail_msg("%s", err.msg);
    assert_string_equal(string(json, "version"), "2019-07-22");
    for (enum trtc_action a = TRTC_CREATE; a <= TRTC_DELETE; a++) {
        char type[64];
        snprintf(type, sizeof type, "%sRequest", trtc_api_action(a));
        compare(trtc_api_fields(a), cJSON_GetObjectItemCaseSensitive(json, "types"), type);
    }
    cJSON_Delete(json);
}

/* ---- reading ---- */

static void reading(void **state)
{
    static const struct {
        const char *text, *want, *why;
    } t[] = {
        { "{}", "{}", NULL },
        { "// all\n{ // a\n\"a\": 1 // b }\n,\"b\":2}// end", "{\"a\":1,\"b\":2}", NULL },
        { "{\"u\":\"http://x//y\",\"q\":\"\\\"//\\\\\"}//",
          "{\"u\":\"http://x//y\",\"q\":\"\\\"//\\\\\"}", NULL },
        { "{\"a\":[1,2,],\"b\":{\"c\":\"d\",//\n},\n//\"e\":1,\n}",
          "{\"a\":[1,2],\"b\":{\"c\":\"d\"}}", NULL },
        { "{\"a\":\",\",\"b\":[\"x,\" ,]}", "{\"a\":\",\",\"b\":[\"x,\"]}", NULL },
        { "{,}", NULL, "r.json: not JSON" },
        { "{\"a\":[,]}", NULL, "r.json: not JSON" },
        { "{\"a\":[1,,]}", NULL, "r.json: not JSON" },
        { "{\"a\":,}", NULL, "r.json: not JSON" },
        { "{\"a\":1,,}", NULL, "r.json: not JSON" },
        { "{\"a\":1} / {", NULL, "r.json: byte 8: something follows" },
        { "{\"a\":1 /* b */}", NULL, "r.json: not JSON" },
        { "{\"a\":1,\"a\":2}", NULL, "r.json: the key 'a' appears twice" },
        { "{\"a\":1 //}", NULL, "r.json: not JSON" },
        { "{\"a\":\"b", NULL, "r.json: byte 5: a string without an end" },
        { "{\"a\":\"b\\", NULL, "r.json: byte 5: a string without an end" },
        { "// nothing", NULL, "r.json: empty" },
        { "[1]", NULL, "r.json: a request is an object" },
        { "\"a\"", NULL, "r.json: a request is an object" },
        { "", NULL, "r.json: empty" },
        { "/", NULL, "r.json: not JSON" },
        { "//", NULL, "r.json: empty" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        size_t n = strlen(t[i].text);
        char *exact = malloc(n ? n : 1); /* no NUL behind it */
        memcpy(exact, t[i].text, n);
        cJSON *json = trtc_api_read("r.json", exact, n, &err);
        free(exact);
        if (!json != !t[i].want || (!json && (err.code != TRTC_EX_DATAERR ||
                                              strncmp(err.msg, t[i].why, strlen(t[i].why)) != 0)))
            fail_msg("%s: %s", t[i].text, err.msg);
        if (json)
            assert_json(json, t[i].want);
        trtc_api_forget(&json);
    }
    struct trtc_err err = { 0 };
    char *large = malloc(TRTC_JSON_MAX_BYTES + 1);
    memset(large, ' ', TRTC_JSON_MAX_BYTES + 1);
    assert_null(trtc_api_read("r.json", large, TRTC_JSON_MAX_BYTES + 1, &err));
    assert_string_equal(err.msg, "r.json: over 10 MB of JSON");
    free(large);
}

/* ---- paths ---- */

#define SUB "RecordParams.SubscribeStreamUserIds."

static void setting(void **state)
{
    static const struct {
        enum trtc_action action;
        const char *base, *path, *value, *want, *why;
        int code;
    } t[] = {
        { TRTC_CREATE, "{}", "SdkAppId", "1400000001", "{\"SdkAppId\":1400000001}", NULL, 0 },
        { TRTC_CREATE, "{}", "RoomId", "3560", "{\"RoomId\":\"3560\"}", NULL, 0 },
        { TRTC_CREATE, "{\"RoomId\":1}", "RoomId", "null", "{\"RoomId\":\"null\"}", NULL, 0 },
        { TRTC_CREATE, "{}", "RecordParams.MaxIdleTime", "60",
          "{\"RecordParams\":{\"MaxIdleTime\":60}}", NULL, 0 },
        { TRTC_CREATE, "{\"RecordParams\":null}", "RecordParams.AvMerge", "1",
          "{\"RecordParams\":{\"AvMerge\":1}}", NULL, 0 },
        { TRTC_CREATE, "{}", SUB "SubscribeAudioUserIds[0]", "x",
          "{\"RecordParams\":{\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"x\"]}}}",
          NULL, 0 },
        { TRTC_CREATE,
          "{\"RecordParams\":{\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"x\"]}}}",
          SUB "SubscribeAudioUserIds.1", "y",
          "{\"RecordParams\":{\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"x\",\"y\"]}}}",
          NULL, 0 },
        { TRTC_CREATE, "{}", SUB "SubscribeVideoUserIds", "[\"a\",\"b\"]",
          "{\"RecordParams\":{\"SubscribeStreamUserIds\":{\"SubscribeVideoUserIds\":[\"a\",\"b\"]}}}",
          NULL, 0 },
        { TRTC_MODIFY, "{}", "MixLayoutParams.MixLayoutList[0].UserId", "a",
          "{\"MixLayoutParams\":{\"MixLayoutList\":[{\"UserId\":\"a\"}]}}", NULL, 0 },
        { TRTC_MODIFY, "{\"MixLayoutParams\":{\"MixLayoutList\":[{\"Top\":1}]}}",
          "MixLayoutParams.MixLayoutList.0.Top", "2",
          "{\"MixLayoutParams\":{\"MixLayoutList\":[{\"Top\":2}]}}", NULL, 0 },
        { TRTC_MODIFY, "{}", "MixLayoutParams.MixLayoutList[0]", "{\"Top\":1}",
          "{\"MixLayoutParams\":{\"MixLayoutList\":[{\"Top\":1}]}}", NULL, 0 },
        { TRTC_MODIFY, "{}", "MixLayoutParams.PureAudioDisableLayout", "true",
          "{\"MixLayoutParams\":{\"PureAudioDisableLayout\":true}}", NULL, 0 },
        { TRTC_MODIFY, "{\"MixLayoutParams\":{\"MediaId\":1}}", "MixLayoutParams", "null", "{}",
          NULL, 0 },
        { TRTC_MODIFY, "{}", "MixLayoutParams.MixLayoutList[3].Top", "null", "{}", NULL, 0 },
        /* paths that are none */
        { TRTC_CREATE, "{}", "RecordParams.MaxIdelTime", "1", NULL,
          "CreateCloudRecording has no field 'RecordParams.MaxIdelTime'; the nearest is "
          "RecordParams.MaxIdleTime",
          64 },
        { TRTC_CREATE, "{}", "maxidletime", "1", NULL, "the nearest is RecordParams.MaxIdleTime",
          64 },
        { TRTC_CREATE, "{}", "Userid", "1", NULL, "the nearest is UserId", 64 },
        { TRTC_MODIFY, "{}", SUB "SubscribeAudioUserIds.12", "1", NULL,
          "the nearest is SubscribeStreamUserIds.SubscribeAudioUserIds[0]", 64 },
        { TRTC_MODIFY, "{}", "MixLayoutParams.MixLayoutList[7].Hight", "1", NULL,
          "the nearest is MixLayoutParams.MixLayoutList[0].Height", 64 },
        { TRTC_CREATE, "{}", "", "1", NULL, "the nearest is", 64 },
        { TRTC_CREATE, "{}", ".", "1", NULL, "the nearest is", 64 },
        { TRTC_CREATE, "{}", "RoomId.", "1", NULL, "the nearest is RoomId", 64 },
        { TRTC_CREATE, "{}", "RoomId[0]", "1", NULL, "the nearest is RoomId", 64 },
        { TRTC_CREATE, "{}", "RecordParams[0].AvMerge", "1", NULL,
          "nearest is RecordParams.AvMerge", 64 },
        { TRTC_CREATE, "{}", SUB "SubscribeAudioUserIds[01]", "1", NULL, "the nearest is", 64 },
        { TRTC_CREATE, "{}", SUB "SubscribeAudioUserIds[", "1", NULL, "the nearest is", 64 },
        { TRTC_CREATE, "{}", SUB "SubscribeAudioUserIds[]", "1", NULL, "the nearest is", 64 },
        { TRTC_CREATE, "{}", SUB "SubscribeAudioUserIds[-1]", "1", NULL, "the nearest is", 64 },
        { TRTC_CREATE, "{}", SUB "SubscribeAudioUserIds[99999999999999999999]", "1", NULL,
          "the nearest is", 64 },
        { TRTC_CREATE, "{}", SUB "SubscribeAudioUserIds[0]x", "1", NULL, "the nearest is", 64 },
        { TRTC_CREATE, "{}", SUB "SubscribeAudioUserIds[2]", "1", NULL,
          "the next item of SubscribeAudioUserIds is 0", 64 },
        { TRTC_MODIFY, "{}", "MixLayoutParams.MixLayoutList[1].Top", "1", NULL,
          "the next item of MixLayoutList is 0", 64 },
        { TRTC_MODIFY, "{}", "MixLayoutParams.MixLayoutList.Top", "1", NULL, "MixLayoutList[0]",
          64 },
        /* values that do not fit */
        { TRTC_CREATE, "{}", "RecordParams.MaxIdleTime", "4", NULL,
          "RecordParams.MaxIdleTime: 4 is not within 5...86400", 65 },
        { TRTC_CREATE, "{}", "RecordParams.MaxIdleTime", "6s", NULL, "RecordParams.MaxIdleTime",
          65 },
        { TRTC_CREATE, "{}", "RecordParams.MaxIdleTime", "", NULL, "RecordParams.MaxIdleTime", 65 },
        { TRTC_CREATE, "{}", "RecordParams.MaxIdleTime", "99999999999999999999", NULL,
          "RecordParams.MaxIdleTime", 65 },
        { TRTC_CREATE, "{}", "RecordParams.RecordMode", "3", NULL,
          "RecordParams.RecordMode: 3 is not one of 1 2 (1 single-stream", 65 },
        { TRTC_CREATE, "{}", "RoomId", "\xff", NULL, "RoomId: not UTF-8", 65 },
        { TRTC_CREATE, "{}", "RecordParams", "{", NULL, "RecordParams: not JSON", 65 },
        { TRTC_CREATE, "{}", "RecordParams", "[]", NULL,
          "RecordParams: an array, but an object is required", 65 },
        { TRTC_CREATE, "{}", "RecordParams", "{\"MaxIdle\":5}", NULL,
          "RecordParams.MaxIdle is not known; the nearest is RecordParams.MaxIdleTime", 65 },
        { TRTC_CREATE, "{}", SUB "SubscribeAudioUserIds[0]", "", NULL, "Ids[0]: empty", 65 },
        { TRTC_CREATE, "{}", "UserSig", "***", NULL, "UserSig: *** is a placeholder", 65 },
        { TRTC_CREATE, "{\"RecordParams\":[]}", "RecordParams.AvMerge", "1", NULL,
          "the request's RecordParams is not an object", 65 },
        { TRTC_MODIFY, "{\"MixLayoutParams\":{\"MixLayoutList\":[1]}}",
          "MixLayoutParams.MixLayoutList[0].Top", "1", NULL, "is not an array of objects", 65 },
        { TRTC_MODIFY, "{}", "MixLayoutParams.PureAudioDisableLayout", "1", NULL,
          "'1' is neither true nor false", 65 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        cJSON *json = parse(t[i].base);
        int ret = trtc_api_set(json, t[i].action, t[i].path, t[i].value, &err);
        if ((ret == 0) != (t[i].want != NULL) || err.code != t[i].code ||
            (ret && !strstr(err.msg, t[i].why)))
            fail_msg("%s=%s: %d %s", t[i].path, t[i].value, err.code, err.msg);
        if (ret == 0)
            assert_json(json, t[i].want);
        trtc_api_forget(&json);
    }
}

static void limits_of_paths(void **state)
{
    struct trtc_err err = { 0 };
    char path[4096];
    cJSON *json = parse("{}");
    (void)state;
    for (int i = 0; i < 33; i++) {
        snprintf(path, sizeof path, "SubscribeStreamUserIds.SubscribeAudioUserIds[%d]", i);
        int ret = trtc_api_set(json, TRTC_MODIFY, path, "u", &err);
        assert_int_equal(ret, i < 32 ? 0 : -1);
    }
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_non_null(strstr(err.msg, "holds at most 32 items"));
    memset(path, '.', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(trtc_api_set(json, TRTC_MODIFY, path, "u", &err), -1);
    memset(path, 'M', sizeof path - 1);
    assert_int_equal(trtc_api_set(json, TRTC_MODIFY, path, "u", &err), -1);
    for (size_t i = 0; i + 2 < sizeof path; i += 2)
        memcpy(path + i, ".0", 2);
    assert_int_equal(trtc_api_set(json, TRTC_MODIFY, path, "u", &err), -1);
    assert_int_equal(err.code, TRTC_EX_USAGE);
    trtc_api_forget(&json);
}

static void overlay(void **state)
{
    struct trtc_err err = { 0 };
    cJSON *base = parse("{\"a\":1,\"o\":{\"x\":1,\"l\":[1,2]},\"gone\":2,\"p\":{\"q\":1}}");
    cJSON *over = parse(
        "{\"A\":2,\"o\":{\"l\":[3],\"y\":{}},\"gone\":null,\"p\":5,\"none\":null,\"new\":{\"n\":null,\"m\":{\"k\":[null],\"j\":null}}}");
    (void)state;
    assert_int_equal(trtc_api_overlay(base, over, &err), 0);
    assert_json(
        base,
        "{\"a\":1,\"o\":{\"x\":1,\"l\":[3],\"y\":{}},\"A\":2,\"p\":5,\"new\":{\"m\":{\"k\":[null]}}}");
    trtc_api_forget(&base);
    trtc_api_forget(&over);
    assert_null(base);
    trtc_api_forget(&base);
}

/* One object over the other, "k<i>" from first on, each step; null where null says so. */
static cJSON *many(int first, int nb, int step, bool null)
{
    cJSON *json = cJSON_CreateObject();
    for (int i = first; i < first + nb * step; i += step) {
        char name[16];
        snprintf(name, sizeof name, "k%d", i);
        assert_non_null(null ? cJSON_AddNullToObject(json, name)
                             : cJSON_AddNumberToObject(json, name, first));
    }
    return json;
}

/* What stands in both is put behind the others, in the order of what came last. */
static void overlay_of_many_members(void **state)
{
    struct trtc_err err = { 0 };
    cJSON *base = many(0, 300, 1, false), *over = many(100, 100, 3, false),
          *gone = many(0, 50, 2, true), *item;
    int nb = 0;
    (void)state;
    assert_int_equal(trtc_api_overlay(base, over, &err), 0);
    assert_int_equal(trtc_api_overlay(base, gone, &err), 0);
    cJSON_ArrayForEach(item, base)
    {
        const int i = atoi(item->string + 1);
        const bool late = nb >= 300 - 67 - 50;
        const int want = late ? 100 + (nb - (300 - 67 - 50)) * 3 : i;
        assert_int_equal(i, want);
        assert_int_equal(item->valueint, late ? 100 : 0);
        assert_true(late || (i % 2 == 1 || i >= 100));
        nb++;
    }
    assert_int_equal(nb, 300 - 67 - 50 + 100);
    trtc_api_forget(&base);
    trtc_api_forget(&over);
    trtc_api_forget(&gone);
}

/* ---- checks ---- */

/* A mix that may be sent. */
static const char good[] =
    "{\"SdkAppId\":1400000001,\"RoomId\":\"3560\",\"UserId\":\"recorder_1\",\"UserSig\":\"CANARY\","
    "\"RecordParams\":{\"RecordMode\":2},"
    "\"StorageParams\":{\"CloudStorage\":{\"Vendor\":0,\"Region\":\"ap-singapore\",\"Bucket\":\"b-1\","
    "\"AccessKey\":\"CANARY\",\"SecretKey\":\"CANARY\",\"FileNamePrefix\":[\"a\",\"b-_9\"]}}}";

#define VIDEO(w, h)                                                            \
    "\"MixTranscodeParams\":{\"VideoParams\":{\"Width\":" #w ",\"Height\":" #h \
    ",\"Fps\":15,\"BitRate\":550000,\"Gop\":10}}"
#define WINDOW(t, l, w, h)                                                                     \
    "\"MixLayoutParams\":{\"MixLayoutMode\":4,\"MixLayoutList\":[{\"Top\":" #t ",\"Left\":" #l \
    ",\"Width\":" #w ",\"Height\":" #h "}]}"
#define MARK(m)   "\"MixLayoutParams\":{\"MixLayoutMode\":3,\"WaterMarkList\":[{" m "}]}"
#define LAYOUT(m) "{\"MixLayoutParams\":{\"MixLayoutMode\":3," m "}}"
#define LISTS(m)  "{\"RecordParams\":{\"SubscribeStreamUserIds\":{" m "}}}"
#define VOD(m)    "{\"StorageParams\":{\"CloudStorage\":null,\"CloudVod\":{\"TencentVod\":{" m "}}}}"
#define BUCKET(m) "{\"StorageParams\":{\"CloudStorage\":{" m "}}}"
#define TEXTMARK                                                                               \
    "\"WaterMarkType\":1,\"WaterMarkChar\":{\"Top\":0,\"Left\":0,\"Width\":100,\"Height\":20," \
    "\"Chars\":\"x\""

static const struct {
    const char *over, *why; /* why NULL: may be sent */
} creates[] = {
    { "{}", NULL },
    { "{\"RoomId\":\"4294967294\"}", NULL },
    { "{\"RoomId\":\"class 7\",\"RoomIdType\":0}", NULL },
    { "{\"RecordParams\":{\"RecordMode\":1,\"AvMerge\":1}}", NULL },
    { LISTS(
          "\"SubscribeAudioUserIds\":[\"a\",\"b.*$\"],\"UnSubscribeVideoUserIds\":[\"recorder_1\"]"),
      NULL },
    { LISTS("\"SubscribeAudioUserIds\":[\"a\"],\"UnSubscribeAudioUserIds\":[]"), NULL },
    { LISTS("\"SubscribeAudioUserIds\":[\"recorder_2.*$\",\"recorder_1.*\",\"recorder_\"]"), NULL },
    { "{" VIDEO(1920, 1080) "," WINDOW(0, 0, 1920, 1080) "}", NULL },
    { "{" VIDEO(1280, 720) "," WINDOW(360, 640, 640, 360) "}", NULL },
    { "{" WINDOW(0, 0, 360, 640) "}", NULL },
    { "{" MARK(TEXTMARK "}") "}", NULL },
    { "{" MARK("\"WaterMarkType\":2,\"WaterMarkTimestamp\":{\"Pos\":6}") "}", NULL },
    { VOD("\"ExpireTime\":86400,\"UserDefineRecordId\":\"a_b-9\""), NULL },
    { LAYOUT(
          "\"MaxResolutionUserId\":\"\\u8001\\u5e08\",\"BackgroundImageUrl\":\"https://a/b.PNG?x=1\""),
      NULL },
    { LAYOUT("\"BackGroundColor\":\"#00ffAA\",\"PureAudioDisableLayout\":true"), NULL },
    /* required, unknown, types */
    { "{\"SdkAppId\":null}", "SdkAppId is missing" },
    { "{\"UserSig\":null}", "UserSig is missing" },
    { "{\"RecordParams\":{\"RecordMode\":null}}", "RecordParams.RecordMode is missing" },
    { BUCKET("\"SecretKey\":null"), "StorageParams.CloudStorage.SecretKey is missing" },
    { "{\"Roomid\":\"1\"}", "Roomid is not known; the nearest is RoomId" },
    { "{\"RecordParams\":{\"MixWatermark\":1}}", "RecordParams.MixWatermark is not known" },
    { "{\"SdkAppId\":\"1400000001\"}", "SdkAppId: a string, but a whole number is required" },
    { "{\"SdkAppId\":1.5}", "SdkAppId: 1.5 is not a whole number" },
    { "{\"SdkAppId\":0}", "SdkAppId: 0 is not within 1...4294967295" },
    { "{\"RoomId\":3560}", "RoomId: a number, but a string is required" },
    { LAYOUT("\"PureAudioDisableLayout\":1"),
      "MixLayoutParams.PureAudioDisableLayout: a number, but true or false is required" },
    { "{\"MixLayoutParams\":[]}", "MixLayoutParams: an array, but an object is required" },
    { LISTS("\"SubscribeAudioUserIds\":\"a\""),
      "AudioUserIds: a string, but an array is required" },
    { LISTS("\"SubscribeAudioUserIds\":[\"a\",null]"),
      "UserIds[1]: null, but a string is required" },
    { LISTS("\"SubscribeAudioUserIds\":[\"\"]"), "SubscribeAudioUserIds[0]: empty" },
    { LAYOUT("\"MediaId\":-1"), "MixLayoutParams.MediaId: -1 is not within" },
    { LAYOUT("\"MediaId\":1e300"), "MixLayoutParams.MediaId: 1e+300 is not within" },
    /* ranges, values, lengths */
    { "{\"ResourceExpiredHour\":5}", "ResourceExpiredHour: 5 is not within 6...720" },
    { "{\"ResourceExpiredHour\":721}", "ResourceExpiredHour: 721 is not within 6...720" },
    { "{\"RecordParams\":{\"OutputFormat\":5}}",
      "RecordParams.OutputFormat: 5 is not one of 0 1 2 3 4" },
    { "{\"RecordParams\":{\"OutputFormat\":\"hls+mp4\"}}", "OutputFormat: a string, but" },
    { BUCKET("\"Vendor\":2"),
      "StorageParams.CloudStorage.Vendor: 2 is not one of 0 1 (0 COS, 1 AWS S3)" },
    { "{\"UserId\":\"a b\"}", "UserId: 'a b' is not of A-Z a-z 0-9 _ - only" },
    { "{\"UserId\":\"\"}", "UserId: empty" },
    { "{\"UserId\":\"123456789012345678901234567890123\"}", "UserId: 33 bytes, and 1...32" },
    { "{\"RoomIdType\":0,\"RoomId\":\"12345678901234567890123456789012345678901234567890123456789012345\"}",
      "RoomId: 65 bytes, and 1...64" },
    { "{\"RoomIdType\":0,\"RoomId\":\"a\\nb\"}",
      "RoomId: 'a\\nb' is not without control characters" },
    { BUCKET("\"FileNamePrefix\":[\"a\",\"b/c\"]"),
      "StorageParams.CloudStorage.FileNamePrefix[1]: 'b/c' is not of A-Z" },
    { BUCKET("\"FileNamePrefix\":[\"\"]"), "FileNamePrefix[0]: empty" },
    { VOD("\"UserDefineRecordId\":\"a.b\""), "TencentVod.UserDefineRecordId: 'a.b' is not of A-Z" },
    { LAYOUT("\"BackGroundColor\":\"0x00ffAA\""), "BackGroundColor: '0x00ffAA' is not #RRGGBB" },
    { LAYOUT("\"BackGroundColor\":\"#00ffA\""), "is not #RRGGBB" },
    { LAYOUT("\"BackgroundImageUrl\":\"https://a/b.gif\""), "is not an address with .jpg" },
    { LAYOUT("\"BackgroundImageUrl\":\"https://a/$.png\""), "is not an address with .jpg" },
    { "{" MARK(TEXTMARK ",\"FontColor\":\"#FFFFFF\"}") "}", "'#FFFFFF' is not 0xRRGGBB" },
    { "{" MARK(TEXTMARK ",\"Font\":\"Arial\"}") "}",
      "Font: 'Arial' is not one of Tencent SourceHanSans" },
    { "{" MARK(TEXTMARK ",\"Font\":\"Tencent SourceHanSans\"}") "}", "is not one of" },
    /* all or nothing */
    { "{\"MixTranscodeParams\":{\"AudioParams\":{\"SampleRate\":1,\"Channel\":2}}}",
      "MixTranscodeParams.AudioParams.BitRate is missing" },
    { "{\"MixTranscodeParams\":{\"VideoParams\":{\"Width\":640}}}",
      "MixTranscodeParams.VideoParams.Height is missing" },
    { "{\"MixTranscodeParams\":{\"AudioParams\":{\"SampleRate\":48000,\"Channel\":2,\"BitRate\":64000}}}",
      "AudioParams.SampleRate: 48000 is not one of 1 2 3 (Hz: 1 48000" },
    /* what excludes each other */
    { "{\"StorageParams\":{\"CloudVod\":{}}}",
      "StorageParams: either CloudStorage and CloudVod, not both" },
    { "{\"StorageParams\":{\"CloudStorage\":null}}",
      "StorageParams: one of CloudStorage and CloudVod is needed" },
    { VOD("\"MediaType\":2"), "TencentVod.MediaType: 2 (AAC) needs RecordParams.StreamType 1" },
    { LISTS("\"SubscribeAudioUserIds\":[],\"UnSubscribeAudioUserIds\":[\"a\"]"),
      "UnSubscribeAudioUserIds: and SubscribeAudioUserIds exclude each other" },
    { LISTS("\"SubscribeVideoUserIds\":[\"b\"],\"UnSubscribeVideoUserIds\":[\"a\"]"),
      "UnSubscribeVideoUserIds: and SubscribeVideoUserIds exclude each other" },
    { "{\"RecordParams\":{\"RecordMode\":1}," VIDEO(640, 360) "}",
      "MixTranscodeParams: only allowed in mixed" },
    { "{\"RecordParams\":{\"RecordMode\":1}," WINDOW(0, 0, 1, 1) "}",
      "MixLayoutParams: only allowed in mixed" },
    /* rooms and the robot */
    { "{\"RoomId\":\"class 7\"}", "RoomId: 'class 7' is not a number in 1...4294967294" },
    { "{\"RoomId\":\"0\"}", "RoomId: '0'" },
    { "{\"RoomId\":\"07\"}", "RoomId: '07'" },
    { "{\"RoomId\":\"-1\"}", "RoomId: '-1'" },
    { "{\"RoomId\":\"4294967295\"}", "RoomId: '4294967295'" },
    { "{\"RoomId\":\"99999999999999999999\"}", "RoomId: '99999999999999999999'" },
    { "{\"RoomId\":\"12a\",\"RoomIdType\":1}", "RoomId: '12a'" },
    { LISTS("\"SubscribeAudioUserIds\":[\"a\",\"recorder_1\"]"),
      "RecordParams.SubscribeStreamUserIds.SubscribeAudioUserIds[1]: 'recorder_1' includes" },
    { LISTS("\"SubscribeVideoUserIds\":[\"rec.*$\"]"),
      "RecordParams.SubscribeStreamUserIds.SubscribeVideoUserIds[0]: 'rec.*$' includes" },
    { LISTS("\"SubscribeVideoUserIds\":[\".*$\"]"), "includes the recording robot 'recorder_1'" },
    /* the picture */
    { "{" VIDEO(1920, 1082) "}", "VideoParams.Width: 1920 by Height 1082 is over 1920x1080" },
    { "{" VIDEO(0, 720) "}", "VideoParams.Width: 0 is not within 1...1920" },
    { "{" VIDEO(1280, 720) "," WINDOW(0, 1000, 281, 720) "}",
      "MixLayoutParams.MixLayoutList[0].Width: Left 1000 and Width 281 extend beyond the canvas, 1280x720" },
    { "{" VIDEO(1280, 720) "," WINDOW(1, 0, 10, 720) "}",
      "MixLayoutList[0].Height: Top 1 and Height 720" },
    { "{" WINDOW(0, 0, 640, 360) "}",
      "the canvas without MixTranscodeParams.VideoParams, 360x640" },
    { "{" WINDOW(0, 0, 1921, 1) "}",
      "MixLayoutParams.MixLayoutList[0].Width: 1921 is not within 0...1920" },
    { "{\"MixLayoutParams\":{\"MixLayoutMode\":1,\"MixLayoutList\":[{\"Top\":0,\"Left\":0,\"Width\":2,"
      "\"Height\":2}]}}",
      "MixLayoutParams.MixLayoutList: only allowed in MixLayoutMode 4" },
    { "{" MARK("") "}", "WaterMarkList[0].WaterMarkImage is missing (WaterMarkType 0)" },
    { "{" MARK("\"WaterMarkType\":2,\"WaterMarkChar\":null") "}", "WaterMarkChar: null" },
    { "{" MARK("\"WaterMarkType\":2") "}", "WaterMarkList[0].WaterMarkTimestamp is missing" },
    { "{" MARK("\"WaterMarkImage\":{\"WaterMarkUrl\":\"http://a/b.png\",\"Top\":600,\"Left\":0,"
               "\"Width\":10,\"Height\":41}") "}",
      "WaterMarkList[0].WaterMarkImage.Height: Top 600 and Height 41 extend beyond" },
    { "{" MARK("\"WaterMarkType\":1,\"WaterMarkChar\":{\"Top\":0,\"Left\":9007199254740992,"
               "\"Width\":9007199254740992,\"Height\":20,\"Chars\":\"x\"}") "}",
      "WaterMarkChar.Width: Left 9007199254740992" },
    /* a request that was shown, sent again */
    { "{\"UserSig\":\"***\"}", "UserSig: *** is a placeholder" },
    { BUCKET("\"AccessKey\":\"***\""),
      "StorageParams.CloudStorage.AccessKey: *** is a placeholder" },
};

/* Over good: as trtc_api_overlay, but null stays where an array holds it. */
static void checks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof creates / sizeof creates[0]; i++) {
        struct trtc_err err = { 0 };
        cJSON *json = parse(good), *over = parse(creates[i].over);
        const char *why = creates[i].why;
        assert_int_equal(trtc_api_overlay(json, over, &err), 0);
        int ret = trtc_api_check(json, TRTC_CREATE, &err);
        if ((ret == 0) != !why || (why && (err.code != 65 || !strstr(err.msg, why))))
            fail_msg("%s: %d %s", creates[i].over, err.code, err.msg);
        assert_null(strstr(err.msg, "CANARY"));
        trtc_api_forget(&json);
        trtc_api_forget(&over);
    }
}

static void checks_of_others(void **state)
{
    static const struct {
        enum trtc_action action;
        const char *request, *why;
    } t[] = {
        { TRTC_DESCRIBE, "{\"SdkAppId\":1,\"TaskId\":\"-a+b.\"}", NULL },
        { TRTC_DESCRIBE, "{\"SdkAppId\":1,\"TaskId\":\"a\",\"RecorderKey\":\"k\"}", NULL },
        { TRTC_DESCRIBE, "{\"SdkAppId\":1}", "TaskId is missing (as printed by create)" },
        { TRTC_DELETE, "{\"SdkAppId\":1,\"TaskId\":\"a\"}", NULL },
        { TRTC_DELETE, "{\"SdkAppId\":1,\"TaskId\":\"\"}", "TaskId: empty" },
        { TRTC_DELETE, "{\"SdkAppId\":1,\"TaskId\":\"a\",\"RoomId\":\"1\"}",
          "RoomId is not known" },
        { TRTC_MODIFY, "{\"SdkAppId\":1,\"TaskId\":\"a\"," WINDOW(0, 0, 1920, 1080) "}", NULL },
        { TRTC_MODIFY, "{\"SdkAppId\":1,\"TaskId\":\"a\"," WINDOW(0, 1, 1920, 1080) "}",
          "extend beyond the largest canvas, 1920x1920" },
        { TRTC_MODIFY,
          "{\"SdkAppId\":1,\"TaskId\":\"a\",\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[],"
          "\"UnSubscribeAudioUserIds\":[\"b\"]}}",
          "SubscribeStreamUserIds.UnSubscribeAudioUserIds: and" },
        { TRTC_MODIFY, "{\"SdkAppId\":1,\"TaskId\":\"a\",\"RecordParams\":{}}",
          "RecordParams is not known" },
    };
    struct trtc_err err = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        cJSON *json = parse(t[i].request);
        int ret = trtc_api_check(json, t[i].action, &err);
        if ((ret == 0) != !t[i].why || (ret && !strstr(err.msg, t[i].why)))
            fail_msg("%s: %s", t[i].request, err.msg);
        trtc_api_forget(&json);
    }
    assert_int_equal(trtc_api_check(NULL, TRTC_CREATE, &err), -1);
}

static void checks_of_modify(void **state)
{
    static const struct {
        const char *over, *request, *why;
    } t[] = {
        { "{}", WINDOW(0, 0, 360, 640), NULL },
        { "{}", WINDOW(0, 0, 361, 640), "extend beyond the canvas without" },
        { "{" VIDEO(1280, 720) "}", WINDOW(0, 0, 1280, 720), NULL },
        { "{" VIDEO(1280, 720) "}", WINDOW(0, 0, 1280, 721), "extend beyond the canvas, 1280x720" },
        { "{\"RecordParams\":{\"RecordMode\":1}}", WINDOW(0, 0, 2, 2),
          "MixLayoutParams: only allowed in mixed" },
        { "{}", "\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"recorder.*$\"]}",
          "includes the recording robot" },
        { "{\"UserId\":7,\"MixTranscodeParams\":{\"VideoParams\":{\"Width\":\"x\",\"Height\":-5}}}",
          WINDOW(0, 0, 360, 640), NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        char text[1024];
        snprintf(text, sizeof text, "{\"SdkAppId\":1,\"TaskId\":\"a\",%s}", t[i].request);
        cJSON *created = parse(good), *over = parse(t[i].over), *json = parse(text);
        assert_int_equal(trtc_api_overlay(created, over, &err), 0);
        cJSON *shown = trtc_api_redacted(created);
        int ret = trtc_api_check_modify(json, shown, &err);
        if ((ret == 0) != !t[i].why || (ret && !strstr(err.msg, t[i].why)))
            fail_msg("%s: %s", text, err.msg);
        trtc_api_forget(&created);
        trtc_api_forget(&over);
        trtc_api_forget(&json);
        trtc_api_forget(&shown);
    }
}

/* ---- secrets ---- */

static void redacted(void **state)
{
    cJSON *json =
        parse("{\"UserSig\":\"CANARY\",\"usersig\":1,\"l\":[{\"ACCESSKEY\":{\"x\":\"CANARY\"}},"
              "[{\"secret_key\":\"CANARY\"}],3,null,true],\"o\":{\"privateMapKey\":[\"CANARY\"],"
              "\"Secret-Id\":\"CANARY\"},\"RecorderKey\":\"CANARY\",\"Token\":\"CANARY\","
              "\"UserSigs\":\"shown\",\"Key\":\"shown\",\"\":\"shown\",\"n\":1.5}");
    cJSON *shown = trtc_api_redacted(json);
    (void)state;
    assert_json(shown, "{\"UserSig\":\"***\",\"usersig\":\"***\",\"l\":[{\"ACCESSKEY\":\"***\"},"
                       "[{\"secret_key\":\"***\"}],3,null,true],\"o\":{\"privateMapKey\":\"***\","
                       "\"Secret-Id\":\"***\"},\"RecorderKey\":\"***\",\"Token\":\"***\","
                       "\"UserSigs\":\"shown\",\"Key\":\"shown\",\"\":\"shown\",\"n\":1.5}");
    assert_non_null(strstr(cJSON_GetArrayItem(json, 0)->valuestring, "CANARY"));
    trtc_api_forget(&shown);
    trtc_api_forget(&json);
}

static void holding(void **state)
{
    static const struct {
        const char *json;
        bool holds;
    } t[] = {
        { "{}", false },
        { "{\"UserSig\":\"x\"}", true },
        { "{\"UserSig\":\"***\"}", false },
        { "{\"UserSig\":\"\"}", true },
        { "{\"user_sig\":1}", true },
        { "{\"UserSig\":null}", true },
        { "{\"a\":[{\"b\":[[{\"SECRETKEY\":{}}]]}]}", true },
        { "{\"a\":[{\"b\":[[{\"SECRETKEY\":\"***\",\"key\":1}]]}]}", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        cJSON *json = parse(t[i].json), *shown = trtc_api_redacted(json);
        if (trtc_api_holds_secret(json) != t[i].holds)
            fail_msg("%s", t[i].json);
        assert_int_equal(!cJSON_Compare(json, shown, true), t[i].holds);
        assert_false(trtc_api_holds_secret(shown));
        trtc_api_forget(&json);
        trtc_api_forget(&shown);
    }
}

/* ---- skeletons ---- */

static void all_named(const struct trtc_field *fields, const char *text)
{
    for (; fields && fields->name; fields++) {
        char name[64];
        snprintf(name, sizeof name, "\"%s\":", fields->name);
        const char *at = strstr(text, name), *end = at ? strchr(at, '\n') : NULL;
        if (!at || !strstr(at, fields->help) || !end)
            fail_msg("%s is not there, or not explained", name);
        all_named(fields->members, text);
    }
}

static void skeletons(void **state)
{
    (void)state;
    for (enum trtc_action a = TRTC_CREATE; a <= TRTC_DELETE; a++) {
        struct trtc_err err = { 0 };
        char text[32768];
        FILE *f = fmemopen(text, sizeof text, "w");
        assert_int_equal(trtc_api_skeleton(a, f, &err), 0);
        assert_int_equal(fclose(f), 0);
        all_named(trtc_api_fields(a), text);
        cJSON *json = parse(text);
        if (trtc_api_check(json, a, &err) < 0)
            fail_msg("%s: %s", trtc_api_action(a), err.msg);
        trtc_api_forget(&json);
        /* strict but for the comments: no comma too many */
        for (char *p = text; (p = strstr(p, "//"));)
            if (p > text && p[-1] == ':')
                p += 2;
            else
                memset(p, ' ', strcspn(p, "\n"));
        json = trtc_json_parse("skeleton", text, strlen(text), &err);
        if (!json)
            fail_msg("%s: %s", trtc_api_action(a), err.msg);
        cJSON_Delete(json);
    }
}

static void skeleton_on_a_full_disk(void **state)
{
    struct trtc_err err = { 0 };
    FILE *f = fopen("/dev/full", "w");
    (void)state;
    setvbuf(f, NULL, _IONBF, 0);
    assert_int_equal(trtc_api_skeleton(TRTC_CREATE, f, &err), -1);
    assert_int_equal(err.code, TRTC_EX_IOERR);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(reading),
        cmocka_unit_test(setting),
        cmocka_unit_test(limits_of_paths),
        cmocka_unit_test(overlay),
        cmocka_unit_test(overlay_of_many_members),
        cmocka_unit_test(checks),
        cmocka_unit_test(checks_of_others),
        cmocka_unit_test(checks_of_modify),
        cmocka_unit_test(redacted),
        cmocka_unit_test(holding),
        cmocka_unit_test(skeletons),
        cmocka_unit_test(skeleton_on_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
