/* SPDX-License-Identifier: MIT */
/* Carries a request to the service and its answer back. */
#include "net/transport.h"

#include <openssl/crypto.h>
#include <stdlib.h>

void trtc_reply_fini(struct trtc_reply *reply)
{
    if (reply->body)
        OPENSSL_cleanse(reply->body, reply->body_bytes);
    free(reply->body);
    trtc_headers_fini(&reply->kept);
    *reply = (struct trtc_reply){ .date_s = -1, .retry_after_s = -1 };
}
