/* SPDX-License-Identifier: MIT */
/* The other side of lib/storage/sign.c, from the raw bytes of a request, sharing no code with it. */
#ifndef TRTC_TESTS_OBJECTVERIFY_H
#define TRTC_TESTS_OBJECTVERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/header.h"

struct object_request {
    const char *method;
    const char *target; /* as it came: path and query, encoded */
    const struct trtc_headers *headers;
};

/* NULL: the signature is right; else what is wrong ("SignatureDoesNotMatch"). */
const char *objectverify_cos(const struct object_request *q, const char *id, const char *key,
                             const char *token, int64_t now_s);
const char *objectverify_s3(const struct object_request *q, const char *id, const char *key,
                            const char *token, int64_t now_s);

/* The body of a request whose x-amz-content-sha256 is STREAMING-AWS4-HMAC-SHA256-PAYLOAD[-TRAILER]:
 * takes what stands around its chunks out of n bytes, in place, and returns how many are left.
 * *checksum is that of the trailer ("": none). -1: a chunk is none, or its signature or that of the
 * trailer is wrong. */
long objectverify_chunks(const struct object_request *q, const char *key, unsigned char *body,
                         size_t n, char checksum[64]);

/* Percent-decodes n bytes; the caller's. */
char *objectverify_decode(const char *s, size_t n);

#endif
