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

/* A list of fields. All zeros: empty. */
struct trtc_headers {
    struct trtc_header *list;
    size_t nb;
};

/* Appends copies of name and value. TRTC_EX_DATAERR (with the name but never the value): the name
 * is not a token (RFC 9110, 5.6.2), or the value contains a control character; a line break in it
 * would begin another field. On failure the list is unchanged. 0, or -1. */
int trtc_headers_add(struct trtc_headers *h, const char *name, const char *value,
                     struct trtc_err *err);

/* The value of the first field with that name in any case, or NULL; points into h. */
const char *trtc_headers_get(const struct trtc_headers *h, const char *name);

/* Overwrites the values, which may be secrets, and frees the list. */
void trtc_headers_fini(struct trtc_headers *h);

#endif
