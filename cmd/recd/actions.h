/* SPDX-License-Identifier: MIT */
/* The four actions, of callers that are known. */
#ifndef TRTC_CMD_RECD_ACTIONS_H
#define TRTC_CMD_RECD_ACTIONS_H

#include "recd.h"

struct cJSON;

struct call {
    enum trtc_action action;
    struct cJSON *request; /* checked by lib/service/params */
    const struct trtc_config_app *app;
    const char *signature; /* by which it is known again; NULL: none */
    int64_t signed_s;
};

/* What is answered, without RequestId; NULL and *fault where it is refused. */
struct cJSON *action_do(struct recd *r, const struct call *call, struct trtc_fault *fault);

#endif
