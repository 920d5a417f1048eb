/* SPDX-License-Identifier: MIT */
/* Reads the XML in the answers of object stores, as far as they need: elements without a prefix,
 * and their text. */
#ifndef TRTC_STORAGE_XML_PRIV_H
#define TRTC_STORAGE_XML_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* Finds the first element with that name, at any depth: *inner is the text between its tags, *rest
 * the text after it (either may be NULL). False: there is none. */
bool trtc_xml_find(struct trtc_bytes text, const char *name, struct trtc_bytes *inner,
                   struct trtc_bytes *rest);

/* Copies the text of an element to out: references resolved, truncated to size, NUL-terminated.
 * False, and "": there is no such element. */
bool trtc_xml_text(struct trtc_bytes text, const char *name, char *out, size_t size);

#endif
