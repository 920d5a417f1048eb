/* SPDX-License-Identifier: MIT */
/* Signatures of requests to object stores: the examples that the vendors have published, and what
 * cannot be signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/sign.h"

#define EMPTY  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define BUCKET "examplebucket.s3.amazonaws.com"
#define DATE   "20130524T000000Z"
#define COS    "examplebucket-1250000000.cos.ap-beijing.myqcloud.com"

enum { FIELDS_MAX = 8, QUERY_MAX = 2, TIME_S = 1369353600 };

struct example {
    const char *method, *path;
    struct trtc_query query[QUERY_MAX];
    struct {
        const char *name, *value;
    } fields[FIELDS_MAX];
    int64_t from_s, until_s;
    const char *names; /* those that are signed */
    const char *signature;
};

/* "Signature Calculations for the Authorization Header", Amazon S3 API Reference; the last
 * two are of "Transferring Payload in Multiple Chunks" and "Including Trailing Headers". */
static const struct example s3[] = {
    { "GET",
      "/test.txt",
      { { 0 } },
      { { "Host", BUCKET },
        { "Range", "bytes=0-9" },
        { "x-amz-content-sha256", EMPTY },
        { "x-amz-date", DATE } },
      TIME_S,
      0,
      "host;range;x-amz-content-sha256;x-amz-date",
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
    { "PUT",
      "/test$file.text",
      { { 0 } },
      { { "x-amz-storage-class", "REDUCED_REDUNDANCY" },
        { "x-amz-date", DATE },
        { "x-amz-content-sha256",
          "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072" },
        { "Host", BUCKET },
        { "Date", "Fri, 24 May 2013 00:00:00 GMT" } },
      TIME_S,
      0,
      "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
    { "GET",
      "/",
      { { "lifecycle", "" } },
      { { "Host", BUCKET }, { "x-amz-content-sha256", EMPTY }, { "x-amz-date", DATE } },
      TIME_S,
      0,
      "host;x-amz-content-sha256;x-amz-date",
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
    { "GET",
      "/",
      { { "prefix", "J" }, { "max-keys", "2" } },
      { { "Host", BUCKET }, { "x-amz-content-sha256", EMPTY }, { "x-amz-date", DATE } },
      TIME_S,
      0,
      "host;x-amz-content-sha256;x-amz-date",
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
    { "PUT",
      "/examplebucket/chunkObject.txt",
      { { 0 } },
      { { "Host", "s3.amazonaws.com" },
        { "x-amz-date", DATE },
        { "x-amz-storage-class", "REDUCED_REDUNDANCY" },
        { "x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" },
        { "Content-Encoding", "aws-chunked" },
        { "x-amz-decoded-content-length", "66560" },
        { "Content-Length", "66824" } },
      TIME_S,
      0,
      "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
      "x-amz-decoded-content-length;x-amz-storage-class",
      "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9" },
    { "PUT",
      "/examplebucket/chunkObject.txt",
      { { 0 } },
      { { "Host", "s3.amazonaws.com" },
        { "x-amz-date", DATE },
        { "x-amz-storage-class", "REDUCED_REDUNDANCY" },
        { "x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" },
        { "Content-Encoding", "aws-chunked" },
        { "x-amz-decoded-content-length", "66560" },
        { "x-amz-trailer", "x-amz-checksum-crc32c" } },
      TIME_S,
      0,
      "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
      "x-amz-storage-class;x-amz-trailer",
      "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e" },
};

/* "Request Signature", COS API documentation. */
static const struct example of_cos[] = {
    { "PUT",
      "/exampleobject(腾讯云)",
      { { 0 } },
      { { "Date", "Thu, 16 May 2019 06:45:51 GMT" },
        { "Host", COS },
        { "Content-Type", "text/plain" },
        { "Content-Length", "13" },
        { "Content-MD5", "mQ/fVh815F3k6TAUm8m0eg==" },
        { "x-cos-acl", "private" },
        { "x-cos-grant-read", "uin=\"100000000011\"" } },
      1557989151,
      1557996351,
      "content-length;content-md5;content-type;date;host;x-cos-acl;x-cos-grant-read",
      "3b8851a11a569213c17ba8fa7dcf2abec6935172" },
    { "GET",
      "/exampleobject(腾讯云)",
      { { "response-content-type", "application/octet-stream" },
        { "response-cache-control", "max-age=600" } },
      { { "Host", COS }, { "Date", "Thu, 16 May 2019 06:55:53 GMT" } },
      1557989753,
      1557996953,
      "date;host",
      "01681b8c9d798a678e43b685a9f1bba0f6c0e012" },
};

static struct trtc_headers headers_of(const struct example *e)
{
    struct trtc_headers h = { 0 };

    for (size_t i = 0; i < FIELDS_MAX && e->fields[i].name; i++)
        assert_int_equal(trtc_headers_add(&h, e->fields[i].name, e->fields[i].value, NULL), 0);
    return h;
}

static struct trtc_signable signable(const struct example *e, const struct trtc_headers *h)
{
    struct trtc_signable in = { .method = e->method, .path = e->path, .headers = h };

    in.time_s = e->from_s;
    in.until_s = e->until_s;
    in.query = e->query;
    while (in.nb_query < QUERY_MAX && e->query[in.nb_query].name)
        in.nb_query++;
    return in;
}

static struct trtc_signable of_s3(const struct example *e, const struct trtc_headers *h)
{
    struct trtc_signable in = signable(e, h);

    in.secret_id = "AKIAIOSFODNN7EXAMPLE";
    in.secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    in.region = "us-east-1";
    return in;
}

/* Text behind name, up to the next end, equals right. */
static void assert_after(const char *text, const char *name, const char *right)
{
    const char *at = strstr(text, name);

    assert_non_null(at);
    at += strlen(name);
    assert_int_equal(strncmp(at, right, strlen(right)), 0);
    assert_true(!at[strlen(right)] || strchr(",&", at[strlen(right)]));
}

static void published_s3(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s3 / sizeof *s3; i++) {
        struct trtc_headers h = headers_of(&s3[i]);
        const struct trtc_signable in = of_s3(&s3[i], &h);
        char *text = trtc_sign_s3(&in, NULL);

        assert_non_null(text);
        assert_after(text, "AWS4-HMAC-SHA256 Credential=",
                     "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request");
        assert_after(text, "SignedHeaders=", s3[i].names);
        assert_after(text, "Signature=", s3[i].signature);
        free(text);
        trtc_headers_fini(&h);
    }
}

static void published_chunks(void **state)
{
    static const struct {
        size_t n;
        const char *signature;
    } chunks[] = {
        { 65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648" },
        { 1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497" },
        { 0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9" },
    };
    static uint8_t letters[65536];
    const struct trtc_signable in = of_s3(&s3[4], &(struct trtc_headers){ 0 });
    char before[TRTC_SIGN_HEX], now[TRTC_SIGN_HEX];

    (void)state;
    memset(letters, 'a', sizeof letters);
    strcpy(before, s3[4].signature);
    for (size_t i = 0; i < 3; i++) {
        const struct trtc_bytes chunk = { letters, chunks[i].n };

        assert_int_equal(trtc_sign_s3_chunk(&in, before, chunk, now, NULL), 0);
        assert_string_equal(now, chunks[i].signature);
        strcpy(before, now);
    }
}

/* "Signature Calculations for the Authorization Header: Including Trailing Headers". */
static void published_trailer(void **state)
{
    const struct example *seed = &s3[5];
    const struct trtc_signable in = of_s3(seed, &(struct trtc_headers){ 0 });
    static uint8_t letters[65536];
    char one[TRTC_SIGN_HEX], two[TRTC_SIGN_HEX];

    (void)state;
    memset(letters, 'a', sizeof letters);
    assert_int_equal(
        trtc_sign_s3_chunk(&in, seed->signature, (struct trtc_bytes){ letters, 65536 }, one, NULL),
        0);
    assert_int_equal(trtc_sign_s3_chunk(&in, one, (struct trtc_bytes){ letters, 1024 }, two, NULL),
                     0);
    assert_int_equal(trtc_sign_s3_chunk(&in, two, (struct trtc_bytes){ letters, 0 }, one, NULL), 0);
    assert_string_equal(one, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
    assert_int_equal(trtc_sign_s3_trailer(&in, one, "x-amz-checksum-crc32c:sOO8/Q==", two, NULL),
                     0);
    assert_string_equal(two, "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
}

static void published_cos(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof of_cos / sizeof *of_cos; i++) {
        struct trtc_headers h = headers_of(&of_cos[i]);
        struct trtc_signable in = signable(&of_cos[i], &h);
        char *text;

        in.secret_id = "AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q";
        in.secret_key = "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz";
        text = trtc_sign_cos(&in, NULL);
        assert_non_null(text);
        assert_after(text, "q-ak=", in.secret_id);
        assert_after(text, "q-header-list=", of_cos[i].names);
        assert_after(text,
                     "q-url-param-list=", i ? "response-cache-control;response-content-type" : "");
        assert_after(text, "q-signature=", of_cos[i].signature);
        free(text);
        trtc_headers_fini(&h);
    }
}

/* Blanks in a row count as one, those at the ends not at all. */
static void blanks_in_values(void **state)
{
    struct trtc_headers a = headers_of(&s3[0]), b = headers_of(&s3[0]);
    struct trtc_signable in = of_s3(&s3[0], &a);
    char *one, *two;

    (void)state;
    assert_int_equal(trtc_headers_add(&a, "x-amz-meta-a", "b c", NULL), 0);
    assert_int_equal(trtc_headers_add(&b, "X-Amz-Meta-A", " b \t  c  ", NULL), 0);
    one = trtc_sign_s3(&in, NULL);
    in.headers = &b;
    two = trtc_sign_s3(&in, NULL);
    assert_string_equal(one, two);
    free(one);
    free(two);
    trtc_headers_fini(&a);
    trtc_headers_fini(&b);
}

static void what_cannot_be_signed(void **state)
{
    static const char *const ids[] = { "", " AKID", "AK/ID", "AK,ID", "AK&ID", "a\nb", "é" };
    static const char *const keys[] = { "", "wJalr ", "wJ\talr", "\x7f" };
    struct trtc_headers h = headers_of(&s3[0]);
    struct trtc_signable in = of_s3(&s3[0], &h);
    const struct trtc_signable good = in;
    char long_key[300];
    struct trtc_err err;

    (void)state;
    memset(long_key, 'k', sizeof long_key);
    long_key[sizeof long_key - 1] = '\0';
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        in.secret_id = ids[i];
        assert_null(trtc_sign_s3(&in, &err));
        assert_int_equal(err.code, TRTC_EX_CONFIG);
        assert_null(trtc_sign_cos(&in, &err));
        assert_int_equal(err.code, TRTC_EX_CONFIG);
    }
    in = good;
    for (size_t i = 0; i <= sizeof keys / sizeof *keys; i++) {
        in.secret_key = i < sizeof keys / sizeof *keys ? keys[i] : long_key;
        assert_null(trtc_sign_s3(&in, &err));
        assert_int_equal(err.code, TRTC_EX_CONFIG);
        assert_true(!*in.secret_key || !strstr(err.msg, in.secret_key));
    }
    in = good;
    in.headers = &(struct trtc_headers){ 0 };
    assert_null(trtc_sign_s3(&in, &err));
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    assert_null(trtc_sign_cos(&in, &err));
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    trtc_headers_fini(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_s3),      cmocka_unit_test(published_chunks),
        cmocka_unit_test(published_trailer), cmocka_unit_test(published_cos),
        cmocka_unit_test(blanks_in_values),  cmocka_unit_test(what_cannot_be_signed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
