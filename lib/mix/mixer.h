/* SPDX-License-Identifier: MIT */
/* Mixes all voices: decodes each, places it by its clock to the sample, sums them, and holds the
 * sum under the ceiling. All calls must come from one thread. */
#ifndef TRTC_MIX_MIXER_H
#define TRTC_MIX_MIXER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "codec/voice.h"
#include "recording/ledger.h"
#include "ts/packet.h"

#define TRTC_MIXER_CEILING_DB (-1.0)
#define TRTC_MIXER_BLOCK      4096 /* the limit of samples in a block */

struct trtc_mixer;

/* A voice, whose owner supplies the packets in order. */
struct trtc_mixer_source {
    /* Supplies the next packet. Returns 1 and *p, *coding, both valid until the next call; 0: the
     * end; 2: the next packet has not arrived yet (live; its time becomes silence); -1: the source
     * broke, and counts as ended (*err is ignored; the owner reports it). pts_us is on the clock of
     * the mix: 0 is the first sample of the output, and earlier ones are cut off. */
    int (*next)(void *opaque, struct trtc_packet *p, struct trtc_coding *coding,
                struct trtc_err *err);
    void *opaque;
};

/* Makes a mixer with planar float output of rate_hz and 1 or 2 channels. NULL on failure. */
struct trtc_mixer *trtc_mixer_new(int rate_hz, int channels, struct trtc_err *err);
void trtc_mixer_free(struct trtc_mixer **m);

/* Adds a voice, at any time. Returns its number (0, 1, ...; never reused), or -1. A voice that is
 * added between blocks begins 5 ms into the next one, because the limiter has looked ahead that
 * far. */
int trtc_mixer_add(struct trtc_mixer *m, const struct trtc_mixer_source *source,
                   struct trtc_err *err);

/* Sets whether a voice is heard from the next block on (5 ms into it, as above); changes fade over
 * 5 ms. At first every voice is heard. A voice that is not heard is still read, so that it is in
 * its place when it is heard again. */
void trtc_mixer_hear(struct trtc_mixer *m, int voice, bool heard);

/* Sets how all voices go on from the next block on (codec/voice.h). While they are passed over,
 * blocks are silent. */
void trtc_mixer_go(struct trtc_mixer *m, enum trtc_voice_way way);

/* Writes the next n samples (n <= TRTC_MIXER_BLOCK) of the sum, limited to the ceiling, to
 * planes[c]. They are exactly in place: the mixer reads ahead to make up for the limiter's delay.
 * Sound that has not arrived is replaced by silence, and dropped to the sample when it arrives
 * late. Packets are read half a second ahead, and one more is kept. Returns 0, or -1. */
int trtc_mixer_block(struct trtc_mixer *m, float *const *planes, int n, struct trtc_err *err);

/* trtc_mixer_voice writes the n samples of one voice in the last block, limited to the ceiling as
 * well, for a track of its own. It returns -1 if the block had another length. trtc_mixer_keep must
 * be called before the first block to make this possible. */
void trtc_mixer_keep(struct trtc_mixer *m);
int trtc_mixer_voice(struct trtc_mixer *m, int voice, float *const *planes, int n);

/* Closes the accounts after the last block: the rest of each voice gets its reason. whole: the mix
 * was not cut off there, so sources are read to their ends, and packets that begin more than slack
 * samples after the last block count as lost. */
void trtc_mixer_settle(struct trtc_mixer *m, bool whole, int64_t slack);

/* Returns the account of a voice, in frames; frames "out" were heard. It balances once the mixer is
 * settled. */
struct trtc_ledger trtc_mixer_ledger(const struct trtc_mixer *m, int voice);

/* Whether the voice has sound left to be mixed. False: its source has ended, and all of its sound
 * was mixed. */
bool trtc_mixer_sounds(const struct trtc_mixer *m, int voice);

#endif
