/* SPDX-License-Identifier: MIT */
/* A part of a mix that many processes make: which pictures it contains, how its file identifies it,
 * and whether files are the parts of one mix. */
#ifndef TRTC_MIX_PART_H
#define TRTC_MIX_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "recording/share.h"

struct trtc_mix_part {
    struct trtc_share share; /* n 0: not a part, but the whole mix */
    int64_t first, end;      /* its pictures in the mix: from first up to, but without, end */
    int64_t all;             /* the number of pictures in the mix */
    int64_t start_us;        /* of the mix (epoch) */
    int fps, rate_hz;
    uint64_t call; /* identifies the mix: the same in all of its parts (mix/identity.h) */
};

/* Returns the number of pictures from start_us to end_us, at least one. The end is rounded to the
 * nearest picture, but for low rates, at which that would cut off audible sound: then up. */
int64_t trtc_mix_pictures(int64_t start_us, int64_t end_us, int fps);

/* Sets share, first, end and all, for a mix of all pictures. Parts begin at the key frames of the
 * whole mix, which it has every gop pictures, unless parts are shorter than that. So the lengths of
 * parts differ by less than 2 * gop pictures, or by at most one. Returns 0, or -1: TRTC_EX_DATAERR
 * (more parts than pictures). */
int trtc_mix_part_find(struct trtc_mix_part *p, struct trtc_share share, int64_t all, int gop,
                       struct trtc_err *err);

/* Convert a part to text for its file, and back. trtc_mix_part_read returns false if text is not
 * such a text. */
enum { TRTC_MIX_PART_TEXT = 256 };
void trtc_mix_part_write(const struct trtc_mix_part *p, char text[TRTC_MIX_PART_TEXT]);
bool trtc_mix_part_read(const char *text, struct trtc_mix_part *out);

/* The note in the file of a part: the exit status with which it was made, and its losses, one on a
 * line. */
struct trtc_mix_note {
    char *text; /* the lines, or NULL: there are none */
    size_t n, cap;
};

/* Adds a line, with control characters escaped. Returns 0, or -1: no memory. */
int trtc_mix_note_add(struct trtc_mix_note *note, const char *line);
void trtc_mix_note_fini(struct trtc_mix_note *note);

/* Convert a note, the lines of a and then of b, to text for a file, and back. The caller frees the
 * text; NULL: no memory. lines points into text. trtc_mix_note_read returns false if text is not a
 * note. */
char *trtc_mix_note_write(int status, const struct trtc_mix_note *a, const struct trtc_mix_note *b);
bool trtc_mix_note_read(const char *text, size_t n, int *status, struct trtc_bytes *lines);

struct trtc_mix_part_file {
    const char *name;
    struct trtc_mix_part part;
};

/* Sorts files by the number of their part. Returns 0, or -1 with a message that names the file or
 * number: TRTC_EX_DATAERR (two files are the same part, or one is of another mix), TRTC_EX_NOINPUT
 * (a part is missing). */
int trtc_mix_parts_check(struct trtc_mix_part_file *files, size_t n, struct trtc_err *err);

#endif
