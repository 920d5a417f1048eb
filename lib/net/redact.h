/* SPDX-License-Identifier: MIT */
/* Removes our secrets from a service's answer: a self-hosted service, or a proxy before it, may
 * quote the request. Secrets are found as they are, cut, escaped (JSON, percent, HTML), in
 * Base64 or hexadecimal, in each other, and across members; any member named like a secret is
 * taken for one too. */
#ifndef TRTC_NET_REDACT_H
#define TRTC_NET_REDACT_H

#include <stddef.h>

#include "base/err.h"

struct cJSON;
struct trtc_credentials;
struct trtc_env;
struct trtc_redact;

/* NULL without memory. The free wipes. */
struct trtc_redact *trtc_redact_new(struct trtc_err *err);
void trtc_redact_free(struct trtc_redact **r);

/* A secret to be hidden; NULL is none, and fewer than 3 bytes are not hidden, since they are everywhere. Of a
 * longer one any 8 bytes in a row are. Nothing of it is borrowed. */
int trtc_redact_add(struct trtc_redact *r, const char *secret, struct trtc_err *err);

/* Every secret member (trtc_api_is_secret) of a request, however deep. */
int trtc_redact_add_members(struct trtc_redact *r, const struct cJSON *request,
                            struct trtc_err *err);

/* What the requests of earlier calls held, since a service may quote that in a later answer: of the latest ones,
 * with 64 KiB of secrets or more. Threads may use one together. NULL without memory; the free wipes. */
struct trtc_redact_past;
struct trtc_redact_past *trtc_redact_past_new(struct trtc_err *err);
void trtc_redact_past_free(struct trtc_redact_past **p);

/* All that is secret about a call: what signs it, what the request holds, what else the environment has of
 * secrets, and the past (NULL: none), which is borrowed until the free and has this request from now on. NULL
 * without memory. */
struct trtc_redact *trtc_redact_of(const struct trtc_credentials *c, const struct trtc_env *env,
                                   const struct cJSON *request, struct trtc_redact_past *past,
                                   struct trtc_err *err);

/* Puts "***" in the place of each, which is never longer. -1: no memory; the text is empty then, and the JSON as
 * it was: it must not be shown. */
int trtc_redact_text(const struct trtc_redact *r, char *text, struct trtc_err *err);
int trtc_redact_json(const struct trtc_redact *r, struct cJSON *json, struct trtc_err *err);

#endif
