/* SPDX-License-Identifier: MIT */
/* Text that is put together: URLs, what is signed, XML. */
#ifndef TRTC_STORAGE_TEXT_PRIV_H
#define TRTC_STORAGE_TEXT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* After one failure nothing more is added, and failed stays true. Zero is the empty one. */
struct trtc_draft {
    char *s; /* NUL-terminated; NULL: nothing yet */
    size_t n, cap;
    bool failed; /* out of memory */
};

void trtc_draft_put(struct trtc_draft *t, const char *s, size_t n);
void trtc_draft_word(struct trtc_draft *t, const char *s);
void trtc_draft_lower(struct trtc_draft *t, const char *s);
void trtc_draft_number(struct trtc_draft *t, int64_t value);
void trtc_draft_hex(struct trtc_draft *t, const void *bytes, size_t n);

/* Percent-encoded (RFC 3986): letters, digits and -._~ stay, and so do the characters of keep. */
void trtc_draft_percent(struct trtc_draft *t, const char *s, const char *keep);

/* Character data of XML. */
void trtc_draft_xml(struct trtc_draft *t, const char *s);

/* Its text, the caller's to free; the draft is empty then. NULL: out of memory. */
char *trtc_draft_take(struct trtc_draft *t);

/* Wipes and frees. */
void trtc_draft_fini(struct trtc_draft *t);

#endif
