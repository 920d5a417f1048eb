/* SPDX-License-Identifier: MIT */
/* Secrets in memory, and where the API's credentials are searched for. No message contains a
 * value. */
#ifndef TRTC_NET_SECRET_H
#define TRTC_NET_SECRET_H

#include <stddef.h>

#include "base/err.h"

/* Text in memory pages of its own that are excluded from core dumps (MADV_DONTDUMP), not swapped if
 * the limits allow (mlock), and overwritten before they are released. All zeros: none. Must not be
 * copied. */
struct trtc_secret {
    char *text; /* NUL-terminated; NULL: none */
    size_t len;
    size_t mapped_bytes;
};

/* Overwrites the old text and stores a copy of n bytes. TRTC_EX_TEMPFAIL: failure, and *s is none.
 * 0, or -1. */
int trtc_secret_set(struct trtc_secret *s, const char *text, size_t n, struct trtc_err *err);

/* Overwrites and releases the text; none is allowed. */
void trtc_secret_fini(struct trtc_secret *s);

/* Looks up environment variables: getenv in a program, a table in a test. */
struct trtc_env {
    const char *(*get)(void *arg, const char *name); /* NULL: not set */
    void *arg;
};

/* The credentials that sign a request. */
struct trtc_credentials {
    struct trtc_secret id;
    struct trtc_secret key;
    struct trtc_secret token; /* none for permanent keys */
    char found_in[256];       /* where they were found, for the user */
};

/* Where to search. */
struct trtc_credential_places {
    const char *secret_file; /* --secret-file; NULL: none */
    const char *profile;     /* --profile; NULL: "default" */
    struct trtc_env env;
};

/* Finds the credentials in the first place that has them: secret_file, in INI or JSON format, which
 * no other user may read (mode 0600 or less; TRTC_EX_NOPERM); the environment variables
 * TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY, TENCENTCLOUD_TOKEN;
 * $HOME/.tccli/PROFILE.credential (JSON: secretId, secretKey, token);
 * $HOME/.tencentcloud/credentials (INI: section [PROFILE]; secret_id, secret_key, token). A place
 * that is invalid, or has only one of id and key, is an error and is not skipped: TRTC_EX_CONFIG.
 * None at all: TRTC_EX_NOPERM. Blanks around values are removed,
 * since pasted keys often have some. In files a byte-order mark, Windows line ends, quotation marks
 * and "export " are removed too (secret_id may be written as TENCENTCLOUD_SECRET_ID); in the
 * environment quotation marks are refused. Free *out with trtc_credentials_fini; on failure it is
 * none. 0, or -1. */
int trtc_credentials_find(const struct trtc_credential_places *places, struct trtc_credentials *out,
                          struct trtc_err *err);

/* Overwrites and releases all three; none is allowed. */
void trtc_credentials_fini(struct trtc_credentials *c);

/* Reads a whole file that no other user may read, as text: without byte order marks, each line
 * with an LF; UTF-16 and NUL bytes are refused. It may be a pipe. TRTC_EX_NOINPUT, TRTC_EX_NOPERM,
 * TRTC_EX_CONFIG. 0, or -1. */
int trtc_secret_read(const char *path, struct trtc_secret *out, struct trtc_err *err);

/* Removes blanks and a pair of quotation marks from a value in a file. TRTC_EX_CONFIG: there is
 * only one quotation mark; the message names what. 0, or -1. */
int trtc_secret_unquote(const char *what, const char **value, size_t *n, struct trtc_err *err);

/* The same for a secret that is one word, which may have byte order marks in front.
 * TRTC_EX_CONFIG, too: it holds anything but visible ASCII, or a quotation mark. It may be empty.
 * 0, or -1. */
int trtc_secret_word(const char *what, const char **value, size_t *n, struct trtc_err *err);

/* Reads a secret from the environment (the application's key TRTC_SECRET_KEY) without surrounding
 * blanks. 1: found; 0: not set or empty; -1: failure. */
int trtc_secret_env(const struct trtc_env *env, const char *name, struct trtc_secret *out,
                    struct trtc_err *err);

/* Reads the region of a tccli profile (_sys_param.region of $HOME/.tccli/PROFILE.configure) to out,
 * which has size bytes. 1: found; 0: there is none; -1: failure. */
int trtc_profile_region(const struct trtc_env *env, const char *profile, char *out, size_t size,
                        struct trtc_err *err);

#endif
