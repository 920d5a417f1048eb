/* SPDX-License-Identifier: MIT */
/* The paths that trtc-put gets. */
#ifndef TRTC_CMD_PUT_INPUT_H
#define TRTC_CMD_PUT_INPUT_H

/* A thread: hands all paths to the order of a struct put, and says that they have ended. */
void *put_input(void *put);

#endif
