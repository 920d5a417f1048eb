/* SPDX-License-Identifier: MIT */
/* All voices into one: each decoded and placed by its clock to the sample, summed, held under the
 * ceiling. All calls from one thread. */
#ifndef TRTC_MIX_MIXER_H
#define TRTC_MIX_MIXER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "codec/voice.h"
#include "recording/ledger.h"
#include "ts/packet.h"

#define TRTC_MIXER_CEILING_DB (-1.0)
#define TRTC_MIXER_BLOCK      4096 /* samples asked for at once, at most */

struct trtc_mixer;

/* A voice: its owner gives the packets, in order. */
struct trtc_mixer_source {
    /* 1 and *p, *coding, both valid until the next call; 0 the end; 2
     * nothing has come yet (live: what is due and has not come is silence); -1: it broke, and
     * counts as ended (err is dropped: whoever gives packets tells of it). pts_us on the mix's
     * clock (0 = first sample of the output; before it: cut off). */
    int (*next)(void *opaque, struct trtc_packet *p, struct trtc_coding *coding,
                struct trtc_err *err);
    void *opaque;
};

/* Output: planar float, rate_hz, 1 or 2 channels. */
struct trtc_mixer *trtc_mixer_new(int rate_hz, int channels, struct trtc_err *err);
void trtc_mixer_free(struct trtc_mixer **m);

/* Adds a voice, any time; its number (0, 1, ...; none is given twice), or -1. One that is added
 * between blocks begins 5 ms into the next one: so far the limiter has looked ahead. */
int trtc_mixer_add(struct trtc_mixer *m, const struct trtc_mixer_source *source,
                   struct trtc_err *err);

/* Whether a voice is heard from the next block on (5 ms into it, as above); changes fade over 5 ms.
 * At first it is. One that is not heard is still read, so that it is in its place when it is heard
 * again. */
void trtc_mixer_hear(struct trtc_mixer *m, int voice, bool heard);

/* How all voices go on from the next block on (codec/voice.h). While they pass, a block is silence. */
void trtc_mixer_go(struct trtc_mixer *m, enum trtc_voice_way way);

/* The next n samples (n <= TRTC_MIXER_BLOCK) of the sum, limited to the ceiling: planes[c]
 * receives n floats. Exactly in place: the limiter's delay is made up for by reading ahead.
 * Where the sources wait, what has not come is silence; what comes too late is dropped to the
 * sample. Packets are read half a second ahead, and one more is kept. */
int trtc_mixer_block(struct trtc_mixer *m, float *const *planes, int n, struct trtc_err *err);

/* The n samples of one voice alone that went into the block that was mixed last, at the same
 * place (limited to the ceiling as well): for a track of its own. Only with trtc_mixer_keep,
 * which is said before the first block. -1: n is not that block's. */
void trtc_mixer_keep(struct trtc_mixer *m);
int trtc_mixer_voice(struct trtc_mixer *m, int voice, float *const *planes, int n);

/* Closes the accounts after the last block: what is left of each voice gets its reason. whole:
 * the mix was not cut off there, so sources are read to their ends, and packets that begin more
 * than slack samples after the last block count as lost. */
void trtc_mixer_settle(struct trtc_mixer *m, bool whole, int64_t slack);

/* The account of a voice, in frames: those out were heard. It balances once the mixer is settled. */
struct trtc_ledger trtc_mixer_ledger(const struct trtc_mixer *m, int voice);

/* Whether there is more of it to be mixed. False: its source has ended and all of its sound has
 * been mixed. */
bool trtc_mixer_sounds(const struct trtc_mixer *m, int voice);

#endif
