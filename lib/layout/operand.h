/* SPDX-License-Identifier: MIT */
/* A user's stream as an operand: "USER", "USER:main", "USER:aux", and "USER[:aux][@START]=SOURCE". */
#ifndef TRTC_LAYOUT_OPERAND_H
#define TRTC_LAYOUT_OPERAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_operand {
    const char *user; /* points into the operand; user_len bytes */
    size_t user_len;
    bool aux;
    int64_t start_ms;   /* TRTC_NOTIME: none given */
    const char *source; /* what follows the first '='; NULL: there is none (a directory) */
};

/* Only the trailing words ":main" and ":aux" are taken off; anything else belongs to the id. TRTC_EX_USAGE for an
 * empty id. */
int trtc_stream_parse(const char *s, size_t n, struct trtc_operand *out, struct trtc_err *err);

/* Read from both ends: what follows the first '=' is the source; before it, what follows the
 * last '@' is START only if that is a valid time; then ":main" or ":aux"; the rest is the id. An
 * operand that names an existing file or directory as it stands, or has no '=', is a directory
 * (source NULL): the caller checks which. TRTC_EX_USAGE. */
int trtc_operand_parse(const char *s, struct trtc_operand *out, struct trtc_err *err);

#endif
