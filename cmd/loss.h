/* SPDX-License-Identifier: MIT */
/* Losses and tracks in words. */
#ifndef TRTC_CMD_LOSS_H
#define TRTC_CMD_LOSS_H

#include <stddef.h>
#include <stdint.h>

struct trtc_input_named;
struct trtc_loss;

/* Prints "PATH: KIND: REASON; 1.500 s, 2000 bytes lost" on standard error, as far as each is
 * known. */
void loss_say(const struct trtc_loss *l);

/* Writes the same to out, which holds n bytes. */
void loss_line(const struct trtc_loss *l, char *out, size_t n);

/* For tests: writes the words after the kind, beginning with a colon, or "", to out, which holds n
 * bytes. */
void loss_words(const struct trtc_loss *l, char *out, size_t n);

/* Notes how many pictures of what has that name are shown otherwise than they should be; 0: none. */
void note_askew(const char *name, int64_t nb_pictures);

/* Writes the name of a track to out, which holds n bytes: "sound (PID 258, ac3, eng)". Returns
 * out. */
const char *track_words(const struct trtc_input_named *t, char *out, size_t n);

#endif
