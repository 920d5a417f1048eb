/* SPDX-License-Identifier: MIT */
/* The other side of UserSig: checks one as the service would. Of net/usersig.c it uses only what takes
 * one apart; the signature is computed anew. Pure: the time and the key are passed in. */
#ifndef TRTC_TESTS_VERIFY_USERSIG_H
#define TRTC_TESTS_VERIFY_USERSIG_H

#include <stdint.h>

/* What is wrong with it: a value of enum trtc_usersig_fault, or one of these. All are the numbers
 * that the vendor's clients report. */
enum {
    VERIFY_USERSIG_EXPIRED = 70001,
    VERIFY_USERSIG_SIGNATURE = 70009, /* most often the key of another application */
    VERIFY_USERSIG_USER = 70013,
    VERIFY_USERSIG_APP = 70014,
};

struct verify_usersig { /* what it should say */
    const char *key;
    uint32_t sdkappid;
    const char *user;
};

/* Checks in this order: its form, the signature, SDKAppID, UserID, and time + lifetime > now_s. 0 where all is
 * right. *why, where it is not NULL, says what is wrong, for people. A time in the future is no fault: nothing is
 * documented about it. */
int verify_usersig(const char *text, const struct verify_usersig *want, int64_t now_s,
                   const char **why);

/* The JSON inside of one that can be opened, which the caller frees; NULL otherwise. */
char *verify_usersig_json(const char *text);

#endif
