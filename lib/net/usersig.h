/* SPDX-License-Identifier: MIT */
/* UserSig (TLSSigAPIv2): the token with which a user, here the recording robot, enters a room.
 * Made from the application's secret key, and taken apart again. Pure: time and key are passed in. */
#ifndef TRTC_NET_USERSIG_H
#define TRTC_NET_USERSIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TRTC_USERSIG_USER_MAX     32                 /* bytes of a UserID, as documented */
#define TRTC_USERSIG_EXPIRE_MAX_S INT64_C(315360000) /* ten years: what make() takes */
#define TRTC_USERSIG_TEXT_MAX     (16 << 10)         /* longer text is not read */

/* What a UserSig says. */
struct trtc_usersig {
    uint32_t sdkappid;
    const char *user;    /* UserID, UTF-8 */
    int64_t time_s;      /* when it was made */
    int64_t expire_s;    /* how long it lives after that */
    const char *userbuf; /* Base64 of the permission block (PrivateMapKey), or NULL */
};

/* Makes the token, the caller's to free (it is a credential: wipe it). key is used as its bytes.
 * NULL on failure: TRTC_EX_USAGE for a UserID that is empty, too long, ill-formed or with control
 * characters, an SDKAppID of 0 or a lifetime out of 1...TRTC_USERSIG_EXPIRE_MAX_S; TRTC_EX_CONFIG
 * for an empty key. */
char *trtc_usersig_make(const struct trtc_usersig *in, const char *key, struct trtc_err *err);

/* What is wrong with a UserSig. The values are the numbers the vendor's clients report. */
enum trtc_usersig_fault {
    TRTC_USERSIG_OK = 0,
    TRTC_USERSIG_EXPIRED = 70001,
    TRTC_USERSIG_EMPTY = 70002,
    TRTC_USERSIG_MALFORMED = 70003,
    TRTC_USERSIG_FORGED = 70009, /* signed with another key, as that of another application */
    TRTC_USERSIG_USER = 70013,   /* for another UserID */
    TRTC_USERSIG_NOMEM = -1,     /* cannot tell: out of memory */
};

/* A UserSig taken apart; opaque, since it owns what the members point to. */
struct trtc_usersig_read;

/* Takes n characters of text apart without checking the signature: Base64 with '*' '-' '_', zlib
 * (at most 64 KiB come out), JSON. *out is the caller's (trtc_usersig_read_free), NULL on failure.
 * TRTC_USERSIG_OK, _EMPTY, _MALFORMED or _NOMEM; err says what, and never holds the text. */
enum trtc_usersig_fault trtc_usersig_open(const char *text, size_t n,
                                          struct trtc_usersig_read **out, struct trtc_err *err);

/* What it says; valid as long as r. */
const struct trtc_usersig *trtc_usersig_members(const struct trtc_usersig_read *r);

/* Whether it was signed with this key: TRTC_USERSIG_OK, _FORGED, _NOMEM. The time that takes says nothing about the key. */
enum trtc_usersig_fault trtc_usersig_check_key(const struct trtc_usersig_read *r, const char *key);

/* Whether its UserID is user, and it has not expired at now_s: TRTC_USERSIG_OK, _USER, _EXPIRED. A time in the future is no
 * fault: nothing is documented about it. */
enum trtc_usersig_fault trtc_usersig_check_use(const struct trtc_usersig_read *r, const char *user,
                                               int64_t now_s);

/* Frees it and clears the pointer. NULL is fine. */
void trtc_usersig_read_free(struct trtc_usersig_read **r);

#endif
