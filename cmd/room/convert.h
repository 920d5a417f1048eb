/* SPDX-License-Identifier: MIT */
/* Streams that are not MPEG-TS pass through an ffmpeg process that copies their frames to MPEG-TS.
 * It parses the stream, so it has no key, no environment and limited memory. */
#ifndef TRTC_CMD_ROOM_CONVERT_H
#define TRTC_CMD_ROOM_CONVERT_H

#include "stream.h"

/* Starts a process. format: ffmpeg's name of the container. NULL on failure. */
struct convert *convert_new(struct house *h, struct stream *s, const char *format,
                            struct trtc_err *err);
void convert_free(struct house *h, struct convert **c);

/* Sends it bytes. 0, or a status: it has ended, or too many bytes wait. *full: no more should be
 * sent for now. */
int convert_feed(struct house *h, struct stream *s, const void *data, size_t n, bool *full);

/* Ends its input; publish_converted is called when its output has ended. */
void convert_finish(struct house *h, struct stream *s);

/* Kills it if it does not end in time. */
void convert_tick(struct house *h, struct stream *s);

#endif
