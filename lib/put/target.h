/* SPDX-License-Identifier: MIT */
/* Where files are put, and with which keys: reads URLs, the recording API's StorageParams, and
 * texts with keys. */
#ifndef TRTC_PUT_TARGET_H
#define TRTC_PUT_TARGET_H

#include <stddef.h>

#include "base/err.h"
#include "net/secret.h"
#include "storage/place.h"

struct cJSON;

/* Reads file:///DIR, cos://BUCKET[/PREFIX]?region=R, s3://BUCKET[/PREFIX]?region=R,
 * s3+https://HOST/BUCKET[/PREFIX][?region=R] (s3+http: for loopback) or exec:CMD ARG... (words
 * separated by blanks; no shell). Characters that have a meaning in URLs are written as %XX. Free
 * *out with trtc_place_fini; it is empty on failure. TRTC_EX_USAGE; no message contains what may be
 * a key. 0, or -1. */
int trtc_put_url(const char *url, struct trtc_place *out, struct trtc_err *err);

/* Reads StorageParams, its content, or a request that contains it. json remains the caller's, but
 * keys are removed from it; they are moved to *keys if json has values for them and *keys has none.
 * It is checked as for CreateCloudRecording, except that keys may be missing. TRTC_EX_DATAERR;
 * TRTC_EX_CONFIG: a key cannot be one. 0, or -1. */
int trtc_put_params(const char *what, struct cJSON *json, struct trtc_place *out,
                    struct trtc_credentials *keys, struct trtc_err *err);

/* Reads keys from text: an object with AccessKey, SecretKey and possibly Token; lines NAME=VALUE
 * with these names (also SecretId, and the names of environment variables); or two lines with the
 * access key and the secret key. TRTC_EX_CONFIG; no message contains a value. 0, or -1. */
int trtc_put_keys(const char *what, const struct trtc_secret *text, struct trtc_credentials *keys,
                  struct trtc_err *err);

/* A text without secrets that distinguishes a place from others, ignoring the prefix; the caller
 * frees it. NULL: out of memory. */
char *trtc_put_place_name(const struct trtc_place *place);

#endif
