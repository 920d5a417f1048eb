/* SPDX-License-Identifier: MIT */
/* HTTP header fields, as sent and as received. */
#ifndef TRTC_NET_HEADER_H
#define TRTC_NET_HEADER_H

#include <stddef.h>

#include "base/err.h"

struct trtc_header {
    char *name;
    char *value;
};

/* Zero is the empty list. */
struct trtc_headers {
    struct trtc_header *list;
    size_t nb;
};

/* Appends copies of name and value. TRTC_EX_DATAERR, naming the field but never its value, where
 * the name is no token (RFC 9110, 5.6.2) or the value holds a control character: a line break in
 * one would start another field. On failure the list is as before. */
int trtc_headers_add(struct trtc_headers *h, const char *name, const char *value,
                     struct trtc_err *err);

/* The value of the first field of that name, whatever its case, or NULL; points into h. */
const char *trtc_headers_get(const struct trtc_headers *h, const char *name);

/* Frees the list and wipes the values, which may be secrets. */
void trtc_headers_fini(struct trtc_headers *h);

#endif
