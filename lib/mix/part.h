/* SPDX-License-Identifier: MIT */
/* A part of a mix that many processes make: which pictures are in it, how it says so in its file, and
 * whether files are the parts of one mix. */
#ifndef TRTC_MIX_PART_H
#define TRTC_MIX_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "layout/mixset.h"
#include "mix/participant.h"
#include "recording/share.h"

struct trtc_mix_part {
    struct trtc_share share; /* n 0: it is no part, but all of the mix */
    int64_t first, end;      /* pictures of the mix: from the first on, before the end */
    int64_t all;             /* so many has the mix */
    int64_t start_us;        /* of the mix (epoch) */
    int fps, rate_hz;
    uint64_t call; /* the same in all parts of a mix, and hardly ever in those of others */
};

/* Pictures from start_us to end_us, at least one. */
int64_t trtc_mix_pictures(int64_t start_us, int64_t end_us, int fps);

/* Sets share, first, end and all of a mix of all pictures: parts begin where key frames are in the whole
 * mix, every gop pictures, unless they are shorter than that; so they are as long as each other, to less than 2 * gop
 * pictures, or to one. TRTC_EX_DATAERR: there are more parts than pictures. */
int trtc_mix_part_find(struct trtc_mix_part *p, struct trtc_share share, int64_t all, int gop,
                       struct trtc_err *err);

/* What a mix is made from, as one number: settings, who is there when, and besides (of the caller's). */
uint64_t trtc_mix_part_call(const struct trtc_mix_settings *set, const struct trtc_participant *who,
                            size_t n, const char *besides);

/* As text for a file, and back; false: it is none. */
enum { TRTC_MIX_PART_TEXT = 256 };
void trtc_mix_part_write(const struct trtc_mix_part *p, char text[TRTC_MIX_PART_TEXT]);
bool trtc_mix_part_read(const char *text, struct trtc_mix_part *out);

/* What a part's file says of itself: with which exit status it was made, and what was lost, a line each. */
struct trtc_mix_note {
    char *text; /* the lines, or NULL: there are none */
    size_t n, cap;
};

/* Adds a line; what a terminal would act on is escaped. 0, or -1: out of memory. */
int trtc_mix_note_add(struct trtc_mix_note *note, const char *line);
void trtc_mix_note_fini(struct trtc_mix_note *note);

/* The lines of both as text for a file, which the caller frees (NULL: out of memory); and back, without copying:
 * false: it is none. */
char *trtc_mix_note_write(int status, const struct trtc_mix_note *a, const struct trtc_mix_note *b);
bool trtc_mix_note_read(const char *text, size_t n, int *status, struct trtc_bytes *lines);

struct trtc_mix_part_file {
    const char *name;
    struct trtc_mix_part part;
};

/* Puts files into the order of their parts, and refuses by name what is doubled or of another mix
 * (TRTC_EX_DATAERR) and what is missing (TRTC_EX_NOINPUT). */
int trtc_mix_parts_check(struct trtc_mix_part_file *files, size_t n, struct trtc_err *err);

#endif
