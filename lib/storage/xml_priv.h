/* SPDX-License-Identifier: MIT */
/* The XML that object stores answer, as far as that: elements without a prefix, and their text. */
#ifndef TRTC_STORAGE_XML_PRIV_H
#define TRTC_STORAGE_XML_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* The first element of that name in a text, however deep: *inner is what stands between its tags,
 * *rest what follows it (either may be NULL). */
bool trtc_xml_find(struct trtc_bytes text, const char *name, struct trtc_bytes *inner,
                   struct trtc_bytes *rest);

/* Its text, references resolved, cut where it does not fit, NUL-terminated; "" and false where
 * there is no such element. */
bool trtc_xml_text(struct trtc_bytes text, const char *name, char *out, size_t size);

#endif
