/* SPDX-License-Identifier: MIT */
/* The frames of sound that can be decoded. Others are left out and listed as losses. */
#ifndef TRTC_MERGE_DECODABLE_H
#define TRTC_MERGE_DECODABLE_H

#include <signal.h>

#include "recording/plan.h"
#include "source/reader.h"

/* Set the first three (borrowed), zero the rest. */
struct trtc_decodable {
    struct trtc_reader *reader;
    const struct trtc_recording *rec;
    struct trtc_losses *losses;
    int64_t nb_left; /* so many were left out in all */

    char codec[16]; /* asked for last, */
    bool has_decoder;
    const struct trtc_piece
        *in; /* of the frames left out since the last one that was not: where they begin, */
    int64_t nb, from_us, to_us; /* how many, from when to when */
};

/* As trtc_reader_next. */
int trtc_decodable_next(struct trtc_decodable *d, struct trtc_read *out, struct trtc_err *err);

/* The most channels that a frame of a lane has: 1 or 2, 2 where one is no AAC. Once *stop is set
 * (NULL: never), frames that were not looked at do not count. */
int trtc_sound_channels(const struct trtc_output *out, const volatile sig_atomic_t *stop,
                        int *channels, struct trtc_err *err);

#endif
