/* SPDX-License-Identifier: MIT */
/* Signatures of callbacks, the keys for them, and the times at which the service repeats a
 * callback. Pure functions, except that one reads the key file. */
#ifndef TRTC_NET_CALLBACK_H
#define TRTC_NET_CALLBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/transport.h"

#define TRTC_CALLBACK_SIGN_LEN 44   /* length of a Sign in characters */
#define TRTC_CALLBACK_URL_MAX  2083 /* largest length of an address */
#define TRTC_CALLBACK_WAIT_MS  5000 /* without an answer for so long a callback has failed */

/* Keys for callbacks, each for one application or for all. */
struct trtc_callback_keys;

/* Reads a file that no other user may read (else TRTC_EX_NOPERM): a line "KEY", or lines "SDKAPPID
 * KEY". Several keys for one application are all valid. Blank lines, and lines that begin with '#',
 * are ignored. TRTC_EX_CONFIG: there is no key, or a line is invalid. NULL on failure. No message
 * contains a key. */
struct trtc_callback_keys *trtc_callback_keys_read(const char *path, struct trtc_err *err);
void trtc_callback_keys_free(struct trtc_callback_keys **keys);

/* The application of the first key that is for a single one, or 0. */
int64_t trtc_callback_keys_app(const struct trtc_callback_keys *keys);

/* Key i and its application (0: any). NULL after the last one. Valid as long as keys. */
const char *trtc_callback_keys_text(const struct trtc_callback_keys *keys, size_t i,
                                    int64_t *sdkappid);

/* Writes base64(HMAC-SHA256(key, body)) to out, with the first key for sdkappid (0: the first key).
 * TRTC_EX_CONFIG: there is no such key. 0, or -1. */
int trtc_callback_sign(const struct trtc_callback_keys *keys, int64_t sdkappid, const void *body,
                       size_t n, char out[TRTC_CALLBACK_SIGN_LEN + 1], struct trtc_err *err);

/* Like trtc_callback_sign, with a single key as text. */
int trtc_callback_sign_with(const char *key, const void *body, size_t n,
                            char out[TRTC_CALLBACK_SIGN_LEN + 1], struct trtc_err *err);

/* Whether sign (NULL: none) is the signature of the body with any of the application's keys;
 * sdkappid 0 tries all keys. Takes the same time whatever sign is. */
bool trtc_callback_check(const struct trtc_callback_keys *keys, int64_t sdkappid, const char *sign,
                         const void *body, size_t n);

/* As much of an answer's body is read; it is ignored. */
#define TRTC_CALLBACK_ANSWER_BYTES (64 << 10)

/* Whether the receiver has accepted a callback: it has answered with status 200. The body does not
 * matter, even if it is endless or breaks off. */
bool trtc_callback_taken(const struct trtc_reply *reply);

/* How long to wait in milliseconds before a callback is repeated that was first sent at first_ms
 * and has failed nb_failed times, last at now_ms: not at all after the first failure, 10 s after
 * each later one. -1: given up, a minute after the first attempt. */
int64_t trtc_callback_again_ms(int nb_failed, int64_t first_ms, int64_t now_ms);

/* Whether text can be the address of a receiver: http or https, a host, no user or password.
 * TRTC_EX_USAGE. 0, or -1. */
int trtc_callback_url(const char *text, struct trtc_err *err);

#endif
