/* SPDX-License-Identifier: MIT */
/* A user's stream as an operand: "USER", "USER:main", "USER:aux", and
 * "USER[:aux][@START]=SOURCE". */
#ifndef TRTC_LAYOUT_OPERAND_H
#define TRTC_LAYOUT_OPERAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_operand {
    const char *user; /* user_len bytes in the operand */
    size_t user_len;
    bool aux;
    int64_t start_ms;   /* milliseconds since 1970; TRTC_NOTIME: not given */
    const char *source; /* the text after the first '='; NULL: there is none, so it is a
                           directory */
};

/* Reads USER[:main|:aux] of n bytes. Only these trailing words are removed; everything else belongs
 * to the id. TRTC_EX_USAGE: the id is empty. 0, or -1. */
int trtc_stream_parse(const char *s, size_t n, struct trtc_operand *out, struct trtc_err *err);

/* Reads an operand from both ends: the source follows the first '='. Before it, the text after the
 * last '@' is START if it is a valid time; then comes ":main" or ":aux"; the rest is the id. An
 * operand without '=' is a directory (source NULL), and so is one that as a whole names an existing
 * file or directory, which the caller checks. TRTC_EX_USAGE. 0, or -1. */
int trtc_operand_parse(const char *s, struct trtc_operand *out, struct trtc_err *err);

#endif
