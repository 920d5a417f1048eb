/* SPDX-License-Identifier: MIT */
#include "crypto.h"

#include <openssl/crypto.h>

#include "cli.h"

/* If the memory for its context is short, OpenSSL 3 goes on with one that has no locks, and its
 * next function crashes. Only this one reports that. */
bool crypto_ready(int *code)
{
    if (OSSL_LIB_CTX_get0_global_default())
        return true;
    *code = cli_no_memory();
    return false;
}
