/* SPDX-License-Identifier: MIT */
/* The messages of trtc-hls about its input: tracks that are left out, losses, the account. */
#ifndef TRTC_CMD_HLS_H
#define TRTC_CMD_HLS_H

#include "hls/segmenter.h"

struct hls_account {
    const char *input; /* its name in messages */
    struct trtc_input *in;
    const struct trtc_segmenter *seg; /* has ended */
    bool failed;                      /* the recording ended with an error, which was reported */
    uint32_t noted;                   /* bit k: it was reported that track k is left out */
    bool noted_encoded, noted_shape, noted_colour;
    int nb_jumps;
    unsigned turn; /* the turn that was reported */
    int64_t nb_pictures;
    bool keyed, decodable; /* there was a key picture; one with parameter sets */
    int64_t nb_had;     /* pictures before the first key frame that an earlier recording contains */
    int64_t nb_joined;  /* pictures before the first parameter sets of a stream that was joined */
    int64_t nb_hidden;  /* pictures that must not be shown */
    int64_t unheard_us; /* sound that must not be heard */
};

/* Prints a note, once each, on tracks that the container names but that are not recorded, and on
 * sound that has to be encoded. */
void hls_note_tracks(struct hls_account *a);

/* Examines a frame. Prints notes on properties that a recording cannot express: time stamps that
 * jump, pictures that should be turned or have pixels that are not square. Counts frames that must
 * not be shown or heard. */
void hls_look(struct hls_account *a, const struct trtc_input_frame *f);

/* Reports everything that is missing in the input or the output. Returns true if there are
 * losses. */
bool hls_say_losses(struct hls_account *a);

/* Prints the account of each track as a line of JSON. -1: no memory. */
int hls_print_account(const struct hls_account *a);

#endif
