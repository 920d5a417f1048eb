/* SPDX-License-Identifier: MIT */
/* A plan as text: for other programs (TSV, NDJSON) and for the eye (a time line as SVG). */
#ifndef TRTC_RECORDING_PLAN_PRINT_H
#define TRTC_RECORDING_PLAN_PRINT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "recording/plan.h"

/* One line an output: user media start end gaps video audio path (times: 17 digits UTC; gaps:
 * how many). Names are escaped as all TSV here is. header: a line with the column names first;
 * end: '\n' or '\0'. */
void trtc_plan_tsv(const struct trtc_plan *p, bool header, char end, FILE *out);

/* One JSON object an output and line. -1 without memory. */
int trtc_plan_json(const struct trtc_plan *p, FILE *out);

/* A picture: a row a user, its segments, holes and outputs on one time axis. */
void trtc_plan_svg(const struct trtc_plan *p, FILE *out);

/* The object of one output, for the caller to extend and delete; NULL without memory. */
cJSON *trtc_output_json(const struct trtc_output *o);

/* Adds "user", or "user_b64" (standard Base64) where the id is no text. */
void trtc_user_json(cJSON **o, const struct trtc_recording *r);

/* "copy", "encode" or "-". */
const char *trtc_choice_name(enum trtc_choice c);

#endif
