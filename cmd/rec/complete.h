/* SPDX-License-Identifier: MIT */
/* What a create needs besides the request: the storage's keys, the robot and its UserSig. And
 * the sub-command usersig. */
#ifndef TRTC_CMD_REC_COMPLETE_H
#define TRTC_CMD_REC_COMPLETE_H

#include "session.h"

/* Takes the place of a secret that is not known and not sent, so that the request can be
 * checked. */
#define REC_STAND_IN "not-given"

/* Adds what a create needs and the user need not give: the storage's keys, and the robot's UserSig
 * or a stand-in for it. Returns 0, or -1. */
int rec_complete(struct rec *r, struct cJSON *request, struct trtc_err *err);

/* Replaces the stand-in with the robot's UserSig, after application and robot have been checked.
 * Checks a UserSig that was given. Returns 0, or -1. */
int rec_sign_in(struct rec *r, struct cJSON *request, struct trtc_err *err);

/* usersig: prints the UserSig of a user. Returns 0, or -1. */
int rec_usersig(struct rec *r, struct trtc_err *err);

#endif
