/* SPDX-License-Identifier: MIT */
/* trtc-mix: losses, and the account of every frame. */
#ifndef TRTC_CMD_MIX_ACCOUNT_H
#define TRTC_CMD_MIX_ACCOUNT_H

#include <cjson/cJSON.h>

#include "inputs.h"
#include "options.h"

/* A file that was made, by a mix or by joining parts. */
struct mix_made {
    const char *path;
    int64_t start_us, end_us; /* us since 1970 */
    int64_t bytes, nb_frames;
    int width_px, height_px, fps;
};

/* Returns a JSON object with the members that mixes and joins have in common. The caller frees it.
 * NULL: no memory. */
cJSON *mix_made_json(const struct mix_made *made);

/* Prints a message on standard error and, for a part, adds it to the note of its file. */
__attribute__((format(printf, 2, 3))) void mix_say(struct inputs *in, const char *fmt, ...);
/* Reports a loss with mix_say, and adds it (copied) to in->losses; it counts in in->code. For a
 * part, waits for mix_lose_early, and reports only losses in the time of the part. */
void mix_lose(struct inputs *in, const struct trtc_loss *l);
/* For a part: sets its times (us since 1970; INT64_MIN: it is the first part; INT64_MAX: the last),
 * and reports the losses that have waited for them. */
void mix_lose_early(struct inputs *in, int64_t from_us, int64_t to_us);
/* After the mix, which began at start_us: completes the accounts, and reports everything that was
 * missing, damaged, cut off or not accounted for. */
void mix_settle(struct inputs *in, int64_t start_us);

/* Returns the JSON object about the mix for --json and --report, with the account of every track.
 * The caller frees it. NULL: no memory. */
char *mix_summary(const struct opts *o, const struct inputs *in, const struct trtc_mix_result *res);

#endif
