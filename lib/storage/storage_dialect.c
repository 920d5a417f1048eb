/* SPDX-License-Identifier: MIT */
/* What differs between the stores: header fields, signatures, how an answer proves what the store
 * has. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "storage/outflow_priv.h"
#include "storage/storage_priv.h"

/* Whether the field, without its quotation marks, is this text. */
static bool is_etag(const char *field, const char *text)
{
    const size_t n = strlen(text), quote = *field == '"';

    return strlen(field) == n + 2 * quote && !strncasecmp(field + quote, text, n);
}

/* Whether the ETag is the MD5 of the body. Some stores return something else, which has another
 * form. */
static enum trtc_agree by_md5(const struct trtc_reply *reply, const struct trtc_digest *sent,
                              struct trtc_bytes body)
{
    const char *etag = trtc_headers_get(&reply->kept, "ETag");
    unsigned char raw[16];
    char hex[33];

    if (!etag || strspn(etag + (*etag == '"'), "0123456789abcdefABCDEF") != 2 * sizeof raw)
        return TRTC_AGREE_SILENT;
    if (*sent->md5_hex)
        return is_etag(etag, sent->md5_hex) ? TRTC_AGREE_YES : TRTC_AGREE_NO;
    if ((int64_t)body.n != sent->bytes ||
        !EVP_Digest(body.n ? body.p : (const uint8_t *)"", body.n, raw, NULL, EVP_md5(), NULL))
        return TRTC_AGREE_SILENT;
    for (size_t i = 0; i < sizeof raw; i++)
        snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    return is_etag(etag, hex) ? TRTC_AGREE_YES : TRTC_AGREE_NO;
}

/* ---- COS ---- */

static const char *const cos_keep[] = { "ETag", "x-cos-hash-crc64ecma", "Content-Length", NULL };

static int cos_fields(const struct trtc_storage *s, const struct trtc_store_request *request,
                      int64_t time_s, struct trtc_headers *out, struct trtc_err *err)
{
    (void)s;
    (void)request;
    (void)time_s;
    (void)out;
    (void)err;
    return 0;
}

static enum trtc_agree cos_agrees(const struct trtc_reply *reply, const struct trtc_digest *sent,
                                  struct trtc_bytes body)
{
    const char *crc = trtc_headers_get(&reply->kept, "x-cos-hash-crc64ecma");
    char right[24];

    if (!crc)
        return by_md5(reply, sent, body);
    snprintf(right, sizeof right, "%" PRIu64, sent->crc64);
    return !strcmp(crc, right) ? TRTC_AGREE_YES : TRTC_AGREE_NO;
}

const struct trtc_dialect trtc_dialect_cos = {
    .name = "COS",
    .token_field = "x-cos-security-token",
    .keep = cos_keep,
    .add_fields = cos_fields,
    .sign = trtc_sign_cos,
    .agrees = cos_agrees,
};

/* ---- S3 ---- */

static const char *const s3_keep[] = { "ETag", "x-amz-checksum-sha256", "Content-Length",
                                       "x-amz-bucket-region", NULL };

static int s3_fields(const struct trtc_storage *s, const struct trtc_store_request *request,
                     int64_t time_s, struct trtc_headers *out, struct trtc_err *err)
{
    const struct trtc_digest *d = request->digest;
    char date[TRTC_SIGN_AMZ_DATE];
    struct trtc_digest own;

    trtc_sign_amz_date(time_s, date);
    if (trtc_headers_add(out, "x-amz-date", date, err))
        return -1;
    if (request->outflow)
        return trtc_outflow_add_fields(request->outflow, out, err);
    if (!d && trtc_store_digest(s, request->body, &own, err))
        return -1;
    if (trtc_headers_add(out, "x-amz-content-sha256", d ? d->sha256_hex : own.sha256_hex, err))
        return -1;
    return d && !s->plain ? trtc_headers_add(out, "x-amz-checksum-sha256", d->sha256_b64, err) : 0;
}

static enum trtc_agree s3_agrees(const struct trtc_reply *reply, const struct trtc_digest *sent,
                                 struct trtc_bytes body)
{
    const char *sha256 = trtc_headers_get(&reply->kept, "x-amz-checksum-sha256");

    if (!sha256)
        return by_md5(reply, sent, body);
    return !strcmp(sha256, sent->sha256_b64) ? TRTC_AGREE_YES : TRTC_AGREE_NO;
}

const struct trtc_dialect trtc_dialect_s3 = {
    .name = "S3",
    .token_field = "x-amz-security-token",
    .keep = s3_keep,
    .add_fields = s3_fields,
    .sign = trtc_sign_s3,
    .agrees = s3_agrees,
    .sha256 = true,
};
