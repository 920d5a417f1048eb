/* SPDX-License-Identifier: MIT */
/* What is not MPEG-TS goes through a process of ffmpeg that copies its frames into MPEG-TS. It parses the stream, and so it
 * has no key, no environment and bounded memory. */
#ifndef TRTC_CMD_ROOM_CONVERT_H
#define TRTC_CMD_ROOM_CONVERT_H

#include "stream.h"

/* Starts one; format: what ffmpeg calls the container. NULL on failure. */
struct convert *convert_new(struct house *h, struct stream *s, const char *format,
                            struct trtc_err *err);
void convert_free(struct house *h, struct convert **c);

/* Bytes for it: 0, or a status where it has ended, or too many wait. full: enough wait already. */
int convert_feed(struct house *h, struct stream *s, const void *data, size_t n, bool *full);

/* No more will come; publish_converted is called when all is out. */
void convert_finish(struct house *h, struct stream *s);

/* Ends one that does not end. */
void convert_tick(struct house *h, struct stream *s);

#endif
