/* SPDX-License-Identifier: MIT */
/* The input of trtc-put. */
#ifndef TRTC_CMD_PUT_INPUT_H
#define TRTC_CMD_PUT_INPUT_H

/* A thread: adds all paths to the order of a struct put, and then announces their end. */
void *put_input(void *put);

#endif
