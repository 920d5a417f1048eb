/* SPDX-License-Identifier: MIT */
/* What trtc-hls says of its input: tracks that are left out, losses, the account. */
#ifndef TRTC_CMD_HLS_H
#define TRTC_CMD_HLS_H

#include "hls/segmenter.h"

struct hls_account {
    const char *input; /* its name in messages */
    const struct trtc_input *in;
    const struct trtc_segmenter *seg; /* has ended */
    bool failed;                      /* the recording was broken off, which its error explains */
    uint32_t noted;                   /* tracks that were said to be left out */
    bool noted_encoded, noted_shape, noted_colour;
    int nb_jumps;
    unsigned turn; /* that was noted */
    int64_t nb_pictures;
    bool keyed, decodable; /* a key picture has come; one with parameter sets */
    int64_t nb_hidden;     /* pictures that are not to be shown */
    int64_t unheard_us;    /* sound that is not to be heard */
};

/* Notes, once each: the tracks that the container names and that are not recorded; a sound that
 * is encoded. */
void hls_note_tracks(struct hls_account *a);

/* Looks at a frame, and notes what of it a recording cannot say: jumps of the time stamps, pictures
 * that are to be turned or whose samples are no squares; counts what is not to be shown or heard. */
void hls_look(struct hls_account *a, const struct trtc_input_frame *f);

/* Names what is missing: in the input, and in what was made of it. True where something is. */
bool hls_say_losses(struct hls_account *a);

/* Prints the account of each track as a line of JSON. -1: no memory. */
int hls_print_account(const struct hls_account *a);

#endif
