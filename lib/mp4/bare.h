/* SPDX-License-Identifier: MIT */
/* Bare AAC: the frames of a sound track one behind the other, each with its ADTS header (ISO/IEC 14496-3, 1.A.2), and an
 * ID3v2.4 tag in front that says whose they are, when they begin, and with how many losses they were made. They have no
 * times: a frame begins where the one before ends. */
#ifndef TRTC_MP4_BARE_H
#define TRTC_MP4_BARE_H

#include <stdint.h>

#include "base/err.h"
#include "mp4/mp4.h"

struct trtc_bare;

/* Starts writing at offset 0 of fd (read-write, empty, seekable; stays the caller's). name is for messages. Of info the
 * title and the creation time are taken. TRTC_EX_UNAVAILABLE where ADTS has no place for the track's kind of AAC. */
struct trtc_bare *trtc_bare_new(int fd, const char *name, const struct trtc_mp4_info *info,
                                const struct trtc_mp4_track *t, struct trtc_err *err);

/* Appends a frame. One that is decoded but not heard (the priming of an encoder, pts below 0) is left out. */
int trtc_bare_write(struct trtc_bare *b, const struct trtc_sample *s, struct trtc_err *err);

/* Bytes so far. */
int64_t trtc_bare_size(const struct trtc_bare *b);

/* Flushes the frames and completes the tag. Does not sync or close fd. Without any frame it fails (TRTC_EX_DATAERR).
 * To be called once. */
int trtc_bare_finish(struct trtc_bare *b, int64_t nb_losses, struct trtc_err *err);

void trtc_bare_free(struct trtc_bare **b);

/* The losses that a file was made with, as trtc_mp4_read_losses. */
int trtc_bare_read_losses(const char *path, int64_t *nb, struct trtc_err *err);

#endif
