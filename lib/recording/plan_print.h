/* SPDX-License-Identifier: MIT */
/* A plan as text: as TSV and NDJSON for other programs, and as a time line in SVG for people. */
#ifndef TRTC_RECORDING_PLAN_PRINT_H
#define TRTC_RECORDING_PLAN_PRINT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "recording/plan.h"

/* Prints a line per output: user, media, start, end, gaps, video, audio, path. Times are UTC in 17
 * digits; gaps is a number. Names are escaped as in all TSV output. header: print the column names
 * first. end: '
 * ' or '\0'. */
void trtc_plan_tsv(const struct trtc_plan *p, bool header, char end, FILE *out);

/* Prints a JSON object per output, one a line. 0, or -1: out of memory. */
int trtc_plan_json(const struct trtc_plan *p, FILE *out);

/* Draws a row per user with segments, holes and outputs on one time axis. */
void trtc_plan_svg(const struct trtc_plan *p, FILE *out);

/* The JSON object of one output. The caller may extend it and deletes it. NULL: out of memory. */
cJSON *trtc_output_json(const struct trtc_output *o);

/* "copy", "encode" or "-". Static. */
const char *trtc_choice_name(enum trtc_choice c);

#endif
