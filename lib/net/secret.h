/* SPDX-License-Identifier: MIT */
/* Secrets in memory, and where the API's credentials are looked for. No message holds a value. */
#ifndef TRTC_NET_SECRET_H
#define TRTC_NET_SECRET_H

#include <stddef.h>

#include "base/err.h"

/* Text on pages of its own that are left out of core dumps (MADV_DONTDUMP), not swapped where the
 * limits allow (mlock), and wiped before they are given back. Zero is "none"; not to be copied. */
struct trtc_secret {
    char *text; /* NUL-terminated; NULL: none */
    size_t len;
    size_t mapped_bytes;
};

/* Takes a copy of n bytes, after wiping what was there. TRTC_EX_TEMPFAIL on failure (and none). */
int trtc_secret_set(struct trtc_secret *s, const char *text, size_t n, struct trtc_err *err);

/* Wipes and gives back; "none" is fine. */
void trtc_secret_fini(struct trtc_secret *s);

/* Looks up a variable of the environment: the program hands in getenv, a test a table. */
struct trtc_env {
    const char *(*get)(void *arg, const char *name); /* NULL where there is none */
    void *arg;
};

/* What signs a request. */
struct trtc_credentials {
    struct trtc_secret id;
    struct trtc_secret key;
    struct trtc_secret token; /* none for permanent keys */
    char found_in[256];       /* where they were found, for people */
};

/* Where to look. */
struct trtc_credential_places {
    const char *secret_file; /* --secret-file; NULL: none */
    const char *profile;     /* --profile; NULL: "default" */
    struct trtc_env env;
};

/* The credentials, from the first place that has them: secret_file, INI or JSON, which no other
 * user may read (mode 0600 or less; TRTC_EX_NOPERM); TENCENTCLOUD_SECRET_ID,
 * TENCENTCLOUD_SECRET_KEY, TENCENTCLOUD_TOKEN of the environment;
 * $HOME/.tccli/PROFILE.credential (JSON: secretId, secretKey, token);
 * $HOME/.tencentcloud/credentials (INI: section [PROFILE]; secret_id, secret_key, token). A
 * place that has only one of id and key, or that cannot be understood, is an error and is not
 * skipped: TRTC_EX_CONFIG, or TRTC_EX_DATAERR for bad JSON; none at all TRTC_EX_NOPERM. Blanks
 * around values are dropped, since pasted keys often have some, and so are in files a byte-order
 * mark, line ends of Windows, quotation marks and "export " (secret_id may be written
 * TENCENTCLOUD_SECRET_ID); in the environment quotation marks are refused. *out is the caller's
 * (trtc_credentials_fini), none on failure. */
int trtc_credentials_find(const struct trtc_credential_places *places, struct trtc_credentials *out,
                          struct trtc_err *err);

/* Wipes and gives back all three; none is fine. */
void trtc_credentials_fini(struct trtc_credentials *c);

/* A whole file that no other user may read, as text: without a byte-order mark, and no NUL in
 * it. A pipe will do. TRTC_EX_NOINPUT, TRTC_EX_NOPERM, TRTC_EX_CONFIG. */
int trtc_secret_read(const char *path, struct trtc_secret *out, struct trtc_err *err);

/* Takes blanks and a pair of quotation marks off a value of a file. TRTC_EX_CONFIG where there is one only; the
 * message names what. */
int trtc_secret_unquote(const char *what, const char **value, size_t *n, struct trtc_err *err);

/* One secret of the environment, blanks around it dropped (the application's key TRTC_SECRET_KEY):
 * 1, 0 where it is not set or empty, -1. */
int trtc_secret_env(const struct trtc_env *env, const char *name, struct trtc_secret *out,
                    struct trtc_err *err);

/* The region that the tccli profile has (_sys_param.region of $HOME/.tccli/PROFILE.configure), 1;
 * 0 where there is none; -1. out holds size bytes. */
int trtc_profile_region(const struct trtc_env *env, const char *profile, char *out, size_t size,
                        struct trtc_err *err);

#endif
