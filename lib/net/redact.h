/* SPDX-License-Identifier: MIT */
/* Removes our secrets from a service's answer. A self-hosted service, or a proxy in front of it,
 * may quote the request. Secrets are found literally, truncated, escaped (JSON, percent, HTML), in
 * Base64 or hexadecimal, in combinations of these, and across members. Any member with the name of
 * a secret is treated as one too. */
#ifndef TRTC_NET_REDACT_H
#define TRTC_NET_REDACT_H

#include <stddef.h>

#include "base/err.h"

struct cJSON;
struct trtc_credentials;
struct trtc_env;
struct trtc_redact;

/* NULL: out of memory. trtc_redact_free also overwrites the secrets. */
struct trtc_redact *trtc_redact_new(struct trtc_err *err);
void trtc_redact_free(struct trtc_redact **r);

/* Adds a secret (copied; NULL: none). Secrets of fewer than 3 bytes are not hidden, since such
 * bytes occur everywhere. Of a longer secret any 8 consecutive bytes are hidden. 0, or -1: out of
 * memory. */
int trtc_redact_add(struct trtc_redact *r, const char *secret, struct trtc_err *err);

/* Adds every secret member (trtc_api_is_secret) of a request, at any depth. 0, or -1. */
int trtc_redact_add_members(struct trtc_redact *r, const struct cJSON *request,
                            struct trtc_err *err);

/* The secrets of earlier requests, which a service may quote in a later answer: those of the latest
 * requests, at least 64 KiB of secrets. Several threads may share one. NULL: out of memory; the
 * free function overwrites the secrets. */
struct trtc_redact_past;
struct trtc_redact_past *trtc_redact_past_new(struct trtc_err *err);
void trtc_redact_past_free(struct trtc_redact_past **p);

/* Everything that is secret in a call: the credentials, the secrets of the request, other secrets
 * in the environment, and those of past (NULL: none). past is borrowed until the result is freed,
 * and this request is added to it. NULL: out of memory. */
struct trtc_redact *trtc_redact_of(const struct trtc_credentials *c, const struct trtc_env *env,
                                   const struct cJSON *request, struct trtc_redact_past *past,
                                   struct trtc_err *err);

/* Replaces each secret by "***", or less if it is shorter. On failure (-1, out of memory) the text
 * is empty, and the JSON is unchanged and must not be shown. */
int trtc_redact_text(const struct trtc_redact *r, char *text, struct trtc_err *err);
int trtc_redact_json(const struct trtc_redact *r, struct cJSON *json, struct trtc_err *err);

#endif
