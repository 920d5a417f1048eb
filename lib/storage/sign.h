/* SPDX-License-Identifier: MIT */
/* Signatures of requests to object stores: COS ("Request Signature", q-sign) and AWS Signature
 * Version 4. Pure: time and secrets are passed in, and keys derived on the way are wiped. */
#ifndef TRTC_STORAGE_SIGN_H
#define TRTC_STORAGE_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "net/header.h"

#define TRTC_SIGN_AMZ_DATE sizeof("20130524T000000Z")
#define TRTC_SIGN_CHUNKS   "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" /* the hash of a body in chunks */
#define TRTC_SIGN_HEX      65 /* a SHA-256 as text, with its NUL */

/* A parameter of the query, neither encoded. */
struct trtc_query {
    const char *name, *value;
};

struct trtc_signable {
    const char *secret_id, *secret_key;
    const char *region;  /* S3 */
    const char *service; /* S3; NULL: "s3" */
    int64_t time_s;      /* since the epoch */
    int64_t until_s;     /* COS: the end of what the signature is good for; time_s is its begin */
    const char *method;  /* "PUT" */
    const char *path;    /* begins with '/'; not encoded */
    const struct trtc_query *query;
    size_t nb_query;
    const struct trtc_headers *headers; /* all of them are signed; host among them; S3: x-amz-date
                                           (trtc_sign_amz_date) and x-amz-content-sha256 too */
};

/* The value of Authorization, the caller's to free. NULL: TRTC_EX_CONFIG for keys that cannot be
 * some, TRTC_EX_SOFTWARE for headers that are missing. */
char *trtc_sign_cos(const struct trtc_signable *in, struct trtc_err *err);
char *trtc_sign_s3(const struct trtc_signable *in, struct trtc_err *err);

/* The time as S3 wants it. */
void trtc_sign_amz_date(int64_t time_s, char out[TRTC_SIGN_AMZ_DATE]);

/* The SHA-256 of n bytes, raw and as text. -1: out of memory. */
int trtc_sign_sha256(const void *data, size_t n, unsigned char raw[32], char hex[TRTC_SIGN_HEX]);

/* The signature of a chunk of a body that is sent as STREAMING-AWS4-HMAC-SHA256-PAYLOAD, from that
 * of the chunk before it, or from that in Authorization for the first. TRTC_EX_CONFIG,
 * TRTC_EX_TEMPFAIL. */
int trtc_sign_s3_chunk(const struct trtc_signable *in, const char before[TRTC_SIGN_HEX],
                       struct trtc_bytes chunk, char out[TRTC_SIGN_HEX], struct trtc_err *err);

/* The same of the trailer behind the last chunk, a line "name:value" without its end. */
int trtc_sign_s3_trailer(const struct trtc_signable *in, const char before[TRTC_SIGN_HEX],
                         const char *line, char out[TRTC_SIGN_HEX], struct trtc_err *err);

/* TRTC_EX_CONFIG where these cannot be keys: empty, too long, blanks, what is not ASCII. No
 * message holds one. */
int trtc_sign_check_keys(const char *secret_id, const char *secret_key, struct trtc_err *err);

#endif
