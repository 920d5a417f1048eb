/* SPDX-License-Identifier: MIT */
/* Checks the parameters of a call, and chooses the error code with which the service refuses them.
 * The codes are those on the vendor's page "Error codes". Pure. */
#ifndef TRTC_SERVICE_PARAMS_H
#define TRTC_SERVICE_PARAMS_H

#include "api/api.h"

struct cJSON;

/* Why a call is refused: the content of Response.Error. */
struct trtc_fault {
    const char *code;  /* "InvalidParameter.OutOfRange"; constant */
    char message[512]; /* for people; contains no secret */
};

/* Fills *fault and returns -1. */
__attribute__((format(printf, 3, 4))) int trtc_fault_set(struct trtc_fault *fault, const char *code,
                                                         const char *fmt, ...);

/* Removes members that are null, at every depth: some clients send null for a parameter that they
 * do not set. */
void trtc_params_strip(struct cJSON *request);

/* Checks a request of that action. Returns 0, or -1 and fills *fault with the first of:
 * - an unknown member (UnknownParameter), one of the wrong type (InvalidParameter), a missing one
 *   (MissingParameter.NAME where the service has that code, else MissingParameter);
 * - CloudStorage together with CloudVod (FailedOperation), or neither
 *   (MissingParameter.CloudStorage);
 * - parameters of a mix in a task that records single streams (FailedOperation.CRUnsupportMethod);
 * - a value out of its range (InvalidParameter.OutOfRange); InvalidParameter.SdkAppId for that
 *   member. */
int trtc_params_check(const struct cJSON *request, enum trtc_action action,
                      struct trtc_fault *fault);

/* Checks a request to modify, which trtc_params_check has accepted, against the one that created
 * the task. Returns as that. */
int trtc_params_check_modify(const struct cJSON *request, const struct cJSON *created,
                             struct trtc_fault *fault);

#endif
