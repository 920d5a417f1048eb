/* SPDX-License-Identifier: MIT */
/* What trtc-hls says of its input: tracks that are left out, losses, the account. */
#ifndef TRTC_CMD_HLS_H
#define TRTC_CMD_HLS_H

#include "hls/segmenter.h"

struct hls_account {
    const char *input; /* its name in messages */
    struct trtc_input *in;
    const struct trtc_segmenter *seg; /* has ended */
    bool failed;    /* the recording ended with an error, which has been reported */
    uint32_t noted; /* tracks that were said to be left out */
    bool noted_encoded, noted_shape, noted_colour;
    int nb_jumps;
    unsigned turn; /* that was noted */
    int64_t nb_pictures;
    bool keyed, decodable; /* a key picture has come; one with parameter sets has come */
    int64_t nb_had; /* pictures before the first key frame, which the recording before this one has */
    int64_t nb_hidden;  /* pictures that are not to be shown */
    int64_t unheard_us; /* sound that is not to be heard */
};

/* Prints a note, once each, on tracks that the container names but that are not recorded, and on
 * sound that has to be encoded. */
void hls_note_tracks(struct hls_account *a);

/* Looks at a frame. Prints a note on what a recording cannot express: time stamps that jump,
 * pictures that should be turned or have pixels that are not square. Counts frames that are not
 * to be shown or heard. */
void hls_look(struct hls_account *a, const struct trtc_input_frame *f);

/* Reports everything that is missing, from the input or from the output. True if something is. */
bool hls_say_losses(struct hls_account *a);

/* Prints the account of each track as a line of JSON. -1: no memory. */
int hls_print_account(const struct hls_account *a);

#endif
