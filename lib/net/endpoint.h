/* SPDX-License-Identifier: MIT */
/* The address of the service as given by the user (--endpoint, TRTC_ENDPOINT). */
#ifndef TRTC_NET_ENDPOINT_H
#define TRTC_NET_ENDPOINT_H

#include <stdbool.h>

#include "base/err.h"

#define TRTC_ENDPOINT_DEFAULT "trtc.tencentcloudapi.com"
#define TRTC_ENDPOINT_INTL    "trtc.intl.tencentcloudapi.com"

struct trtc_endpoint {
    char url[320];  /* "https://trtc.tencentcloudapi.com/" */
    char host[300]; /* for the Host header and its signature: lower case, with the port unless it
                       is the default one */
    bool loopback;  /* 127.0.0.0/8, ::1 or localhost */
};

/* Reads [SCHEME://]HOST[:PORT][/]. The scheme is https; http is only allowed for loopback
 * addresses, since requests contain storage keys in clear. A user, a path, a query or anything else
 * is refused. TRTC_EX_USAGE. 0, or -1. */
int trtc_endpoint_parse(const char *text, struct trtc_endpoint *out, struct trtc_err *err);

#endif
