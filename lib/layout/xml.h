/* SPDX-License-Identifier: MIT */
/* Text in XML. */
#ifndef TRTC_LAYOUT_XML_H
#define TRTC_LAYOUT_XML_H

#include <stddef.h>
#include <stdio.h>

/* Writes at most max bytes of s, never half a character, with "…" where it is cut; for character
 * data and attributes in double quotes. Characters that XML does not allow become '?'; bytes that
 * are not UTF-8 are escaped as by trtc_text_escape. */
void trtc_xml_put(const char *s, size_t max, FILE *out);

#endif
