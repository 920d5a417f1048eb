/* SPDX-License-Identifier: MIT */
#include "crypto.h"

#include <openssl/crypto.h>

#include "cli.h"
#include "memory.h"

/* If the memory for its context is short, OpenSSL 3 goes on with one that has no locks, and its
 * next function crashes. Only this one reports that. OpenSSL 3.6 notes the shortage first, for
 * which it begins again, and waits for itself for ever. */
bool crypto_ready(int *code)
{
    memory_require(true);
    const bool ready = OSSL_LIB_CTX_get0_global_default() != NULL;
    memory_require(false);
    if (ready)
        return true;
    *code = cli_no_memory();
    return false;
}
