/* SPDX-License-Identifier: MIT */
/* Signatures of requests to object stores: COS ("Request Signature", q-sign) and AWS Signature
 * Version 4. Pure functions: time and secrets are passed in, and derived keys are overwritten. */
#ifndef TRTC_STORAGE_SIGN_H
#define TRTC_STORAGE_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "net/header.h"

#define TRTC_SIGN_AMZ_DATE sizeof("20130524T000000Z")
#define TRTC_SIGN_CHUNKS   "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" /* the hash of a body in chunks */
#define TRTC_SIGN_HEX      65 /* size of a SHA-256 as text with its NUL */

/* A query parameter, not encoded. */
struct trtc_query {
    const char *name, *value;
};

struct trtc_signable {
    const char *secret_id, *secret_key;
    const char *region;  /* S3 */
    const char *service; /* S3; NULL: "s3" */
    int64_t time_s;      /* since 1970 */
    int64_t until_s;     /* COS: end of the signature's validity; it begins at time_s */
    const char *method;  /* "PUT" */
    const char *path;    /* begins with '/'; not encoded */
    const struct trtc_query *query;
    size_t nb_query;
    const struct trtc_headers *headers; /* all of them are signed; host must be among them; S3:
                                           also x-amz-date (trtc_sign_amz_date) and
                                           x-amz-content-sha256 */
};

/* The value of Authorization; the caller frees it. NULL: TRTC_EX_CONFIG (the keys cannot be valid),
 * TRTC_EX_SOFTWARE (headers are missing). */
char *trtc_sign_cos(const struct trtc_signable *in, struct trtc_err *err);
char *trtc_sign_s3(const struct trtc_signable *in, struct trtc_err *err);

/* The time in the form that S3 expects. */
void trtc_sign_amz_date(int64_t time_s, char out[TRTC_SIGN_AMZ_DATE]);

/* The SHA-256 of n bytes, raw and as text. 0, or -1: out of memory. */
int trtc_sign_sha256(const void *data, size_t n, unsigned char raw[32], char hex[TRTC_SIGN_HEX]);

/* The signature of a chunk in a body sent as STREAMING-AWS4-HMAC-SHA256-PAYLOAD, from that of the
 * chunk before, or for the first chunk from that in Authorization. TRTC_EX_CONFIG,
 * TRTC_EX_TEMPFAIL. 0, or -1. */
int trtc_sign_s3_chunk(const struct trtc_signable *in, const char before[TRTC_SIGN_HEX],
                       struct trtc_bytes chunk, char out[TRTC_SIGN_HEX], struct trtc_err *err);

/* Like trtc_sign_s3_chunk, for the trailer after the last chunk: a line "name:value" without its
 * line end. */
int trtc_sign_s3_trailer(const struct trtc_signable *in, const char before[TRTC_SIGN_HEX],
                         const char *line, char out[TRTC_SIGN_HEX], struct trtc_err *err);

/* Checks that these can be keys: not empty, not too long, no blanks, only ASCII. TRTC_EX_CONFIG. No
 * message contains a key. 0, or -1. */
int trtc_sign_check_keys(const char *secret_id, const char *secret_key, struct trtc_err *err);

#endif
