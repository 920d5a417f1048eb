/* SPDX-License-Identifier: MIT */
/* The account of a merge as JSON: inputs, outputs, gaps, overlaps, losses, what was copied and
 * what was encoded. */
#ifndef TRTC_MERGE_REPORT_H
#define TRTC_MERGE_REPORT_H

#include <cjson/cJSON.h>

#include "merge/merge.h"
#include "recording/recording.h"

/* Object of one merged output; its files carry their paths. The caller deletes it. */
cJSON *trtc_report_output(const struct trtc_merge_result *res);

/* Adds the account of a track to the member key ("video", "audio") of an output's object, if it has
 * one. */
void trtc_report_account(cJSON **output, const char *key, const struct trtc_ledger *l);

/* Object of one recording as it was found. */
cJSON *trtc_report_input(const struct trtc_recording *r, const struct trtc_timeline *t);

#endif
