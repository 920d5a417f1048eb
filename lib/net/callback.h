/* SPDX-License-Identifier: MIT */
/* The wire side of callbacks: their signature, the keys for it, and when the service sends one
 * again. Pure, except for reading the key file. */
#ifndef TRTC_NET_CALLBACK_H
#define TRTC_NET_CALLBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TRTC_CALLBACK_SIGN_LEN 44   /* characters of a Sign */
#define TRTC_CALLBACK_URL_MAX  2083 /* of an address */
#define TRTC_CALLBACK_WAIT_MS  5000 /* no answer for so long: a failure */

/* Keys of callbacks, each of one application or of all. */
struct trtc_callback_keys;

/* Reads a file that no other user may read (TRTC_EX_NOPERM): a line "KEY", or lines "SDKAPPID
 * KEY"; several of one application are all good. Blank lines and those that begin with '#' do
 * not count. TRTC_EX_CONFIG if it has no key, or a line is neither. NULL on failure. No message
 * holds a key. */
struct trtc_callback_keys *trtc_callback_keys_read(const char *path, struct trtc_err *err);
void trtc_callback_keys_free(struct trtc_callback_keys **keys);

/* The application of the first key that has one, or 0. */
int64_t trtc_callback_keys_app(const struct trtc_callback_keys *keys);

/* The ith key, and the application that it is of (0: of any); NULL behind the last. Valid as long as keys. */
const char *trtc_callback_keys_text(const struct trtc_callback_keys *keys, size_t i,
                                    int64_t *sdkappid);

/* Sign = base64(HMAC-SHA256(key, body)), by the first key for sdkappid (0: the first there is). TRTC_EX_CONFIG where there
 * is none for it. */
int trtc_callback_sign(const struct trtc_callback_keys *keys, int64_t sdkappid, const void *body,
                       size_t n, char out[TRTC_CALLBACK_SIGN_LEN + 1], struct trtc_err *err);

/* The same by one key, a text. */
int trtc_callback_sign_with(const char *key, const void *body, size_t n,
                            char out[TRTC_CALLBACK_SIGN_LEN + 1], struct trtc_err *err);

/* Whether sign (NULL: none) is that of the body by any of the application's keys; 0 tries them
 * all. Takes the same time whatever sign is. */
bool trtc_callback_check(const struct trtc_callback_keys *keys, int64_t sdkappid, const char *sign,
                         const void *body, size_t n);

/* When a callback is sent again that was first sent at first_ms and has failed nb_failed times, the last at now_ms: at once
 * after the first failure, 10 s after each other one. -1: it is given up, a minute after the first. */
int64_t trtc_callback_again_ms(int nb_failed, int64_t first_ms, int64_t now_ms);

/* Whether text can be the address of a receiver: http or https, a host, no user or password. TRTC_EX_USAGE. */
int trtc_callback_url(const char *text, struct trtc_err *err);

#endif
