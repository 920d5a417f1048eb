/* SPDX-License-Identifier: MIT */
/* What a create needs besides the request: the storage's keys, the robot and its UserSig. And
 * the sub-command usersig. */
#ifndef TRTC_CMD_REC_COMPLETE_H
#define TRTC_CMD_REC_COMPLETE_H

#include "session.h"

/* Stands for a secret where none is at hand and none is sent, so that the request can be
 * checked. */
#define REC_STAND_IN "not-given"

/* Adds what a create must have and the user need not give: the storage's keys, and the robot's
 * UserSig or a place for it. */
int rec_complete(struct rec *r, struct cJSON *request, struct trtc_err *err);

/* Makes the robot's UserSig where there is only a place for it, after application and robot have
 * been checked. Checks a UserSig that was given. */
int rec_sign_in(struct rec *r, struct cJSON *request, struct trtc_err *err);

/* usersig: prints the UserSig of a user. */
int rec_usersig(struct rec *r, struct trtc_err *err);

#endif
