/* SPDX-License-Identifier: MIT */
/* Bare AAC: the frames of a sound track one after another, each with its ADTS header (ISO/IEC
 * 14496-3, 1.A.2). An ID3v2.4 tag in front records whose sound it is, when it begins, and how many
 * losses there were. The frames carry no times: each begins where the one before ends. */
#ifndef TRTC_MP4_BARE_H
#define TRTC_MP4_BARE_H

#include <stdint.h>

#include "base/err.h"
#include "mp4/mp4.h"

struct trtc_bare;

/* Starts writing at offset 0 of fd, which is readable, writable, empty and seekable and remains the
 * caller's. name is for messages. info supplies the title and the creation time. NULL on failure;
 * TRTC_EX_UNAVAILABLE: ADTS cannot carry the track's kind of AAC. */
struct trtc_bare *trtc_bare_new(int fd, const char *name, const struct trtc_mp4_info *info,
                                const struct trtc_mp4_track *t, struct trtc_err *err);

/* Appends a frame. A frame that is decoded but not heard (an encoder's priming, with a pts below 0)
 * is left out. 0, or -1. */
int trtc_bare_write(struct trtc_bare *b, const struct trtc_sample *s, struct trtc_err *err);

/* Size of the file so far in bytes. */
int64_t trtc_bare_size(const struct trtc_bare *b);

/* Flushes the frames and completes the tag. Neither syncs nor closes fd. TRTC_EX_DATAERR: there was
 * no frame. Call it once. 0, or -1. */
int trtc_bare_finish(struct trtc_bare *b, int64_t nb_losses, struct trtc_err *err);

void trtc_bare_free(struct trtc_bare **b);

/* How many losses there were when the file was made; like trtc_mp4_read_losses. */
int trtc_bare_read_losses(const char *path, int64_t *nb, struct trtc_err *err);

#endif
