/* SPDX-License-Identifier: MIT */
/* Streams that one segment names, for others of its playlist that have no tables. */
#ifndef TRTC_SOURCE_TABLES_H
#define TRTC_SOURCE_TABLES_H

#include "recording/recording.h"
#include "ts/ts.h"

/* Gives ts, which is between two segments, the streams that the first tables of a segment name.
 * Returns 1; 0: it names none, or its file cannot be read; -1: the machine is short of something. */
int trtc_tables_learn(struct trtc_ts *ts, int dirfd, const struct trtc_piece *p,
                      struct trtc_err *err);

#endif
