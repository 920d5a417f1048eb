/* SPDX-License-Identifier: MIT */
/* Builds texts: URLs, texts to be signed, XML. */
#ifndef TRTC_STORAGE_TEXT_PRIV_H
#define TRTC_STORAGE_TEXT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text being built. After a failure nothing more is added, and failed stays true. All zeros:
 * empty. */
struct trtc_draft {
    char *s; /* NUL-terminated; NULL: empty */
    size_t n, cap;
    bool failed; /* out of memory */
};

void trtc_draft_put(struct trtc_draft *t, const char *s, size_t n);
void trtc_draft_word(struct trtc_draft *t, const char *s);
void trtc_draft_lower(struct trtc_draft *t, const char *s);
void trtc_draft_number(struct trtc_draft *t, int64_t value);
void trtc_draft_hex(struct trtc_draft *t, const void *bytes, size_t n);

/* Appends s percent-encoded (RFC 3986), except letters, digits, -._~ and the characters in keep. */
void trtc_draft_percent(struct trtc_draft *t, const char *s, const char *keep);

/* Appends s as XML character data. */
void trtc_draft_xml(struct trtc_draft *t, const char *s);

/* Takes the text, which the caller frees; the draft is empty then. NULL: out of memory. */
char *trtc_draft_take(struct trtc_draft *t);

/* Overwrites and frees the text. */
void trtc_draft_fini(struct trtc_draft *t);

#endif
