/* SPDX-License-Identifier: MIT */
/* The four actions of the API, after the caller was authenticated. */
#ifndef TRTC_CMD_RECD_ACTIONS_H
#define TRTC_CMD_RECD_ACTIONS_H

#include "recd.h"

struct cJSON;

struct call {
    enum trtc_action action;
    struct cJSON *request; /* has passed trtc_params_check */
    const struct trtc_config_app *app;
    const char *signature; /* is not accepted again; NULL: the call came from the page */
    int64_t signed_s;      /* seconds of the epoch */
};

/* Carries out the call. Returns the response without RequestId, which the caller frees; NULL: it is
 * refused, see *fault. */
struct cJSON *action_do(struct recd *r, const struct call *call, struct trtc_fault *fault);

#endif
