/* SPDX-License-Identifier: MIT */
/* What identifies a mix, so that parts of different mixes are never joined. */
#ifndef TRTC_MIX_IDENTITY_H
#define TRTC_MIX_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "mix/mix.h"
#include "mix/mix_state.h"
#include "mix/participant.h"

/* Returns a hash of everything that determines a mix, except its times and which part is made: its
 * options, settings and pictures, the n participants with their times and sizes, and the changes,
 * first to last. Paths do not count, since files may be in other places on another host. */
uint64_t trtc_mix_identify(const struct trtc_mix_opts *o, const struct trtc_participant *who,
                           size_t n, const struct trtc_timed_change *changes);

#endif
