/* SPDX-License-Identifier: MIT */
/* Places from URLs and StorageParams, and keys from texts, as tables. */
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
#include "put/target.h"

/* "KIND BUCKET REGION ENDPOINT PREFIX DIR WORD WORD...", "-" for none. */
static void describe(const struct trtc_place *p, char *out, size_t n)
{
    static const char *const kinds[] = { "dir", "cos", "s3", "vod", "exec" };
    const char *const texts[] = { p->bucket, p->region, p->endpoint, p->prefix, p->dir };
    size_t k = (size_t)snprintf(out, n, "%s%s", kinds[p->kind], p->path_style ? "+path" : "");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        k += (size_t)snprintf(out + k, n - k, " %s", texts[i] ? texts[i] : "-");
    for (char **w = p->command; w && *w; w++)
        k += (size_t)snprintf(out + k, n - k, " [%s]", *w);
}

static void urls(void **state)
{
    static const struct {
        const char *url, *want; /* NULL: refused */
    } t[] = {
        { "file:///srv/rec", "dir - - - - /srv/rec" },
        { "FILE:///", "dir - - - - /" },
        { "file://localhost/srv/rec", "dir - - - - /srv/rec" },
        { "file:///a%20b%25%3f", "dir - - - - /a b%?" },
        { "file:///a b+c", "dir - - - - /a b+c" },
        { "file:///a%2", NULL },
        { "file:///a%zz", NULL },
        { "file:///a%00b", NULL },
        { "file:///a#b", NULL },
        { "file:///a?b", NULL },
        { "file://host/a", NULL },
        { "file:a", NULL },
        { "/srv/rec", NULL },
        { "", NULL },
        { "http://host/", NULL },
        { "cos://calls-125?region=ap-x", "cos calls-125 ap-x - - -" },
        { "cos://calls-125/?region=ap-x", "cos calls-125 ap-x - - -" },
        { "cos://calls-125/a/b?region=ap-x", "cos calls-125 ap-x - a/b -" },
        { "cos://calls-125/a//b/?region=ap-x", "cos calls-125 ap-x - a//b/ -" },
        { "cos://calls-125/%2B%20+%23?region=ap-x", "cos calls-125 ap-x - + +# -" },
        { "cos://calls-125", "cos calls-125 - - - -" },
        { "cos://?region=x", NULL },
        { "cos://b?regio=x", NULL },
        { "cos://b?region=x&y=z", NULL },
        { "cos://b#x?region=y", NULL },
        { "cos:b?region=y", NULL },
        { "cos://AKID:secret@b?region=y", NULL },
        { "s3://b/p?region=eu-x", "s3 b eu-x - p -" },
        { "s3+https://h.example:9000/b/p", "s3+path b - https://h.example:9000 p -" },
        { "s3+https://h/b?region=r", "s3+path b r https://h - -" },
        { "s3+http://127.0.0.1:9/b", "s3+path b - http://127.0.0.1:9 - -" },
        { "s3+https://h", NULL },
        { "s3+https://h/", NULL },
        { "s3+https:///b", NULL },
        { "s3+https://k:s@h/b", NULL },
        { "exec:rclone copyto", "exec - - - - - [rclone] [copyto]" },
        { "exec:  ./up\t-x 'a' $b ", "exec - - - - - [./up] [-x] ['a'] [$b]" },
        { "exec: ", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_place place;
        struct trtc_err err = { 0 };
        char got[512];
        const int ret = trtc_put_url(t[i].url, &place, &err);
        assert_int_equal(ret, t[i].want ? 0 : -1);
        if (ret == 0) {
            describe(&place, got, sizeof got);
            assert_string_equal(got, t[i].want);
        } else {
            assert_int_equal(err.code, TRTC_EX_USAGE);
            assert_null(strstr(err.msg, "secret@"));
        }
        trtc_place_fini(&place);
    }
}

#define BUCKET "\"Region\":\"r\",\"Bucket\":\"b\""

static void params(void **state)
{
    static const struct {
        const char *json, *want, *key; /* want NULL: refused, key is in the message then */
    } t[] = {
        { "{\"Vendor\":0," BUCKET ",\"AccessKey\":\"AK\",\"SecretKey\":\"SK\"}", "cos b r - - -",
          "AK/SK" },
        { "{\"AccessKey\":\"AK\",\"SecretKey\":\"SK\",\"Vendor\":1," BUCKET "}", "s3 b r - - -",
          "AK/SK" },
        { "{\"CloudStorage\":{\"Vendor\":1," BUCKET ",\"EndpointUrl\":\"s3.example.com\"}}",
          "s3 b r s3.example.com - -", "-/-" },
        { "{\"StorageParams\":{\"CloudStorage\":{\"Vendor\":0," BUCKET
          ",\"FileNamePrefix\":[\"a\",\"b_c\"],\"AccessKey\":\"YOUR-ACCESS-KEY\",\"SecretKey\":\"***\"}}}",
          "cos b r - a/b_c -", "-/-" },
        { "{\"SdkAppId\":1,\"StorageParams\":{\"Vendor\":0," BUCKET "}}", "cos b r - - -", "-/-" },
        { "{\"CloudVod\":{\"TencentVod\":{\"ExpireTime\":9,\"SubAppId\":7,\"Procedure\":\"p\"}}}",
          "vod - - - - -", "-/-" },
        { "{\"CloudVod\":{}}", "vod - - - - -", "-/-" },
        { "{\"Vendor\":2," BUCKET "}", NULL, "Vendor" },
        { "{\"Vendor\":\"0\"," BUCKET "}", NULL, "Vendor" },
        { "{\"Vendor\":0,\"Region\":\"r\"}", NULL, "Bucket" },
        { "{\"Vendor\":0,\"Region\":\"\",\"Bucket\":\"b\"}", NULL, "Region" },
        { "{\"Vendor\":0," BUCKET ",\"SecretKey\":[\"SK\"]}", NULL, "SecretKey" },
        { "{\"Vendor\":0," BUCKET ",\"Regoin\":\"x\"}", NULL, "Regoin" },
        { "{\"Vendor\":0," BUCKET ",\"FileNamePrefix\":[\"a/b\"]}", NULL, "FileNamePrefix" },
        { "{\"Vendor\":0," BUCKET ",\"FileNamePrefix\":\"a\"}", NULL, "FileNamePrefix" },
        { "{\"CloudStorage\":{\"Vendor\":0," BUCKET "},\"CloudVod\":{}}", NULL, "not both" },
        { "{}", NULL, "is needed" },
        { "{\"StorageParams\":7}", NULL, "StorageParams" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_place place;
        struct trtc_credentials keys = { 0 };
        struct trtc_err err = { 0 };
        char got[512], have[64];
        cJSON *json = cJSON_Parse(t[i].json);
        assert_non_null(json);
        const int ret = trtc_put_params("file", json, &place, &keys, &err);
        assert_int_equal(ret, t[i].want ? 0 : -1);
        if (ret == 0) {
            describe(&place, got, sizeof got);
            assert_string_equal(got, t[i].want);
            snprintf(have, sizeof have, "%s/%s", keys.id.text ? keys.id.text : "-",
                     keys.key.text ? keys.key.text : "-");
            assert_string_equal(have, t[i].key);
        } else {
            assert_int_equal(err.code, TRTC_EX_DATAERR);
            assert_non_null(strstr(err.msg, t[i].key));
        }
        char *left = cJSON_PrintUnformatted(json);
        assert_null(strstr(left, "\"SK\"}")); /* taken out */
        cJSON_free(left);
        trtc_place_fini(&place);
        trtc_credentials_fini(&keys);
        trtc_api_forget(&json);
    }
}

static void keys(void **state)
{
    static const struct {
        const char *text, *want; /* NULL: refused */
    } t[] = {
        { "{\"AccessKey\":\"a\",\"SecretKey\":\"b\"}", "a b -" },
        { " {\"secretId\":\"a\",\"secretKey\":\"b\",\"token\":\"c\",\"x\":1}", "a b c" },
        { "AKID\nse+cr=et\n", "AKID se+cr=et -" },
        { "\r\n# keys\r\nAKID  \r\nsecret", "AKID secret -" },
        { "access_key = a\nsecret_key = \"b==\"\ntoken=c\n", "a b== c" },
        { "TRTC_STORAGE_ACCESS_KEY=a\nTRTC_STORAGE_SECRET_KEY=b\n", "a b -" },
        { "export TRTC_STORAGE_ACCESS_KEY=\"a\"\nexport TRTC_STORAGE_SECRET_KEY='b'\n", "a b -" },
        { "[default]\naws_access_key_id = a\naws_secret_access_key = b=\n", "a b= -" },
        { " # keys\n \"a\"\n b \n", "a b -" },
        { "{\"AccessKey\":\"'a'\\r\\n\",\"SecretKey\":\" b\"}", "a b -" },
        { "FOO_ID=a\nFOO_KEY=b\n", NULL },
        { "a\"b\nc\n", NULL },
        { "aws_x=1", NULL },
        { "a", NULL },
        { "", NULL },
        { "a\nb\nc\n", NULL },
        { "a\nb c\n", NULL },
        { "AccessKey=\nSecretKey=b", NULL },
        { "{\"AccessKey\":\"a\"}", NULL },
        { "{\"AccessKey\":\"a\",", NULL },
        { "{\"AccessKey\":\"a\",\"AccessKey\":\"b\",\"SecretKey\":\"c\"}", NULL },
        { "Access key ID,Secret access key\na,b=\n", NULL },
        { "AccessKey,SecretKey\na,b\n", NULL },
        { "$env:AWS_ACCESS_KEY_ID=\"a\"\n$env:AWS_SECRET_ACCESS_KEY=\"b\"\n", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_secret text = { 0 };
        struct trtc_credentials c = { 0 };
        struct trtc_err err = { 0 };
        char got[128];
        assert_int_equal(trtc_secret_set(&text, t[i].text, strlen(t[i].text), &err), 0);
        const int ret = trtc_put_keys("fd", &text, &c, &err);
        assert_int_equal(ret, t[i].want ? 0 : -1);
        assert_int_equal(err.code, t[i].want ? 0 : TRTC_EX_CONFIG);
        if (ret == 0) {
            snprintf(got, sizeof got, "%s %s %s", c.id.text, c.key.text,
                     c.token.text ? c.token.text : "-");
            assert_string_equal(got, t[i].want);
        }
        trtc_credentials_fini(&c);
        trtc_secret_fini(&text);
    }
}

static void names(void **state)
{
    static const char *const t[][2] = {
        { "file:///a", "file:///a" },
        { "cos://b/p?region=r", "cos://b?region=r" },
        { "s3+https://h/b", "s3://b at https://h" },
        { "exec:a b", "exec:a b" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_place place;
        struct trtc_err err;
        assert_int_equal(trtc_put_url(t[i][0], &place, &err), 0);
        char *name = trtc_put_place_name(&place);
        assert_string_equal(name, t[i][1]);
        free(name);
        trtc_place_fini(&place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(params),
        cmocka_unit_test(keys),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
