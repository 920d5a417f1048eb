/* SPDX-License-Identifier: MIT */
/* Where files are put, and with which keys: from a URL, from the recording API's StorageParams, from a text with keys. */
#ifndef TRTC_PUT_TARGET_H
#define TRTC_PUT_TARGET_H

#include <stddef.h>

#include "base/err.h"
#include "net/secret.h"
#include "storage/place.h"

struct cJSON;

/* Reads file:///DIR, cos://BUCKET[/PREFIX]?region=R, s3://BUCKET[/PREFIX]?region=R,
 * s3+https://HOST/BUCKET[/PREFIX][?region=R] (s3+http: for loopback) or exec:CMD ARG... (words are parted by blanks; there is
 * no shell). What has a meaning in URLs is written %XX. *out is the caller's (trtc_place_fini), none on failure.
 * TRTC_EX_USAGE; no message holds what may be a key. */
int trtc_put_url(const char *url, struct trtc_place *out, struct trtc_err *err);

/* Reads StorageParams, what it holds, or a request that has it. json is the caller's, but keys are taken out of it: they get
 * into *keys, where those of json have values and *keys has none. It is checked as CreateCloudRecording is, apart from keys
 * that are not there. TRTC_EX_DATAERR. */
int trtc_put_params(const char *what, struct cJSON *json, struct trtc_place *out,
                    struct trtc_credentials *keys, struct trtc_err *err);

/* Reads keys: an object with AccessKey, SecretKey and perhaps Token; lines NAME=VALUE with these names (also SecretId, and the
 * names of variables); or two lines, the access key and the secret key. TRTC_EX_CONFIG; no message holds a value. */
int trtc_put_keys(const char *what, const struct trtc_secret *text, struct trtc_credentials *keys,
                  struct trtc_err *err);

/* What tells a place from others, apart from the prefix: a text without secrets, to be freed. NULL: no memory. */
char *trtc_put_place_name(const struct trtc_place *place);

#endif
