/* SPDX-License-Identifier: MIT */
/* UserSig (TLSSigAPIv2): the token with which a user, here the recording robot, enters a room.
 * Makes it from the application's secret key, and parses and verifies it. Pure functions: time and
 * key are passed in. */
#ifndef TRTC_NET_USERSIG_H
#define TRTC_NET_USERSIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TRTC_USERSIG_USER_MAX     32                 /* length of a UserID, as documented */
#define TRTC_USERSIG_EXPIRE_MAX_S INT64_C(315360000) /* ten years: the limit of trtc_usersig_make */
#define TRTC_USERSIG_TEXT_MAX     (16 << 10)         /* longer text is not parsed */

/* The content of a UserSig. */
struct trtc_usersig {
    uint32_t sdkappid;
    const char *user;    /* UserID, UTF-8 */
    int64_t time_s;      /* when it was made, in seconds since 1970 */
    int64_t expire_s;    /* its lifetime */
    const char *userbuf; /* the permission block (PrivateMapKey) in Base64, or NULL */
};

/* Makes the token. The caller frees it, and should overwrite it first, since it is a credential.
 * The bytes of key are used as they are. NULL on failure: TRTC_EX_USAGE: a UserID that is empty,
 * too long, ill-formed or has control characters, an SDKAppID of 0, or a lifetime outside
 * 1...TRTC_USERSIG_EXPIRE_MAX_S; TRTC_EX_CONFIG: an empty key. */
char *trtc_usersig_make(const struct trtc_usersig *in, const char *key, struct trtc_err *err);

/* What is wrong with a UserSig. The values are the numbers that the vendor's clients report. */
enum trtc_usersig_fault {
    TRTC_USERSIG_OK = 0,
    TRTC_USERSIG_EXPIRED = 70001,
    TRTC_USERSIG_EMPTY = 70002,
    TRTC_USERSIG_MALFORMED = 70003,
    TRTC_USERSIG_FORGED = 70009, /* signed with another key, for instance that of another
                                    application */
    TRTC_USERSIG_USER = 70013,   /* for another UserID */
    TRTC_USERSIG_NOMEM = -1,     /* unknown: out of memory */
};

/* A parsed UserSig; opaque, since it owns what the members point to. */
struct trtc_usersig_read;

/* Parses n characters of text without checking the signature: Base64 with '*' '-' '_', zlib (at
 * most 64 KiB of output), JSON. Free *out with trtc_usersig_read_free; it is NULL on failure.
 * Returns TRTC_USERSIG_OK, _EMPTY, _MALFORMED or _NOMEM; err describes the fault and never contains
 * the text. */
enum trtc_usersig_fault trtc_usersig_open(const char *text, size_t n,
                                          struct trtc_usersig_read **out, struct trtc_err *err);

/* The content; valid as long as r. */
const struct trtc_usersig *trtc_usersig_members(const struct trtc_usersig_read *r);

/* Checks that it was signed with this key: TRTC_USERSIG_OK, _FORGED, _NOMEM. The time this takes
 * reveals nothing about the key. */
enum trtc_usersig_fault trtc_usersig_check_key(const struct trtc_usersig_read *r, const char *key);

/* Checks that its UserID is user and that it has not expired at now_s (seconds since 1970):
 * TRTC_USERSIG_OK, _USER, _EXPIRED. A creation time in the future is accepted, since nothing is
 * documented about it. */
enum trtc_usersig_fault trtc_usersig_check_use(const struct trtc_usersig_read *r, const char *user,
                                               int64_t now_s);

/* Frees *r and clears the pointer; NULL is allowed. */
void trtc_usersig_read_free(struct trtc_usersig_read **r);

#endif
