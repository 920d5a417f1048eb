/* SPDX-License-Identifier: MIT */
/* OpenSSL, for programs that sign. */
#ifndef TRTC_CMD_CRYPTO_H
#define TRTC_CMD_CRYPTO_H

#include <stdbool.h>

/* Call before anything is hashed or signed. False: there is no memory, which has been reported;
 * *code is TRTC_EX_TEMPFAIL. */
bool crypto_ready(int *code);

#endif
