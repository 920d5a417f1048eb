/* SPDX-License-Identifier: MIT */
/* What a create needs besides: the storage's keys, the robot and its UserSig; usersig. */
#ifndef TRTC_CMD_REC_COMPLETE_H
#define TRTC_CMD_REC_COMPLETE_H

#include "session.h"

/* Where a secret is not at hand and none is sent: something has to stand there for the checks. */
#define REC_STAND_IN "not-given"

/* What a create must have and need not be given: the storage's keys, the UserSig of the robot or
 * its place (rec_complete.c). */
int rec_complete(struct rec *r, struct cJSON *request, struct trtc_err *err);

/* Makes the robot's UserSig where only its place is there, once application and robot have been
 * checked; looks at one that was given. */
int rec_sign_in(struct rec *r, struct cJSON *request, struct trtc_err *err);

/* usersig: prints the UserSig of a user. */
int rec_usersig(struct rec *r, struct trtc_err *err);

#endif
