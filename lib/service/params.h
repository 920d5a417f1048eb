/* SPDX-License-Identifier: MIT */
/* Whether the service takes the parameters of a call, and with which error code it refuses them. Pure. */
#ifndef TRTC_SERVICE_PARAMS_H
#define TRTC_SERVICE_PARAMS_H

#include "api/api.h"

struct cJSON;

/* Why a call is refused: what stands in Response.Error. */
struct trtc_fault {
    const char *code;  /* "InvalidParameter.OutOfRange"; constant */
    char message[512]; /* for people; holds no secret */
};

/* Fills *fault and returns -1. */
__attribute__((format(printf, 3, 4))) int trtc_fault_set(struct trtc_fault *fault, const char *code,
                                                         const char *fmt, ...);

/* Takes members out that are null, at every depth: some clients send them for what they leave out. */
void trtc_params_strip(struct cJSON *request);

/* 0, or -1 and *fault: a member that is not known (UnknownParameter), of the wrong type (InvalidParameter), missing
 * (MissingParameter.NAME where the service has that code), or with a value that it may not have (InvalidParameter.OutOfRange);
 * CloudStorage with CloudVod (FailedOperation); what only a mix has, for single streams (FailedOperation.CRUnsupportMethod). */
int trtc_params_check(const struct cJSON *request, enum trtc_action action,
                      struct trtc_fault *fault);

/* The same for a request to modify, against the one that created the task. */
int trtc_params_check_modify(const struct cJSON *request, const struct cJSON *created,
                             struct trtc_fault *fault);

#endif
