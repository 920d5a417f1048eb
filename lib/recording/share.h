/* SPDX-License-Identifier: MIT */
/* Divides the work among many processes that were started with the same directories: each does the
 * K-th share of N. They do not communicate, and all calculate the same shares. */
#ifndef TRTC_RECORDING_SHARE_H
#define TRTC_RECORDING_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "recording/plan.h"
#include "recording/recording.h"

#define TRTC_SHARES_MAX 1000000

struct trtc_share { /* the k-th of n, from 1; n 0: everything */
    int k, n;
};

/* Reads "K/N", or "auto": K and N are taken from the environment (env: getenv) that an array of
 * Slurm, an Indexed Job of Kubernetes, an array of AWS Batch or GNU parallel provides; the last
 * three need N in TRTC_PARTS. what: the name of the option in messages. Returns 0, or -1 with
 * TRTC_EX_USAGE: value is neither, or the environment is incomplete or ambiguous. */
int trtc_share_read(const char *what, const char *value, char *(*env)(const char *name),
                    struct trtc_share *out, struct trtc_err *err);

/* Divides nb units of work with these sizes among n shares: of[i] is the share of unit i, from 1.
 * Shares differ at most by the largest unit. The same numbers give the same shares everywhere.
 * Returns 0, or -1: TRTC_EX_TEMPFAIL. */
int trtc_share_divide(const int64_t *bytes, size_t nb, int n, int *of, struct trtc_err *err);

/* The units, which are not divided further: a recording; each output of a recording that is larger
 * than a share; recordings whose outputs might have the same name, so that one process notices
 * that. */
struct trtc_shares {
    int64_t *bytes; /* by unit: its size */
    int *of;        /* by unit: its share, after trtc_shares_settle */
    size_t nb;
    size_t *unit;     /* by recording: its unit, or that of its first output */
    size_t *nb_units; /* by recording: its number of units; 0: not divided yet, or left out */
    bool *divided;    /* by recording: its outputs are units */
    size_t nb_recs;
};

/* Finds the units among recordings that were found, but need not be loaded. n: the number of
 * shares. finished: leaves out recordings that still grow. Zero-initialise *s; trtc_shares_fini
 * frees it. Returns 0, or -1. */
int trtc_shares_find(struct trtc_shares *s, const struct trtc_scan *scan,
                     const struct trtc_plan_opts *o, bool finished, int n, struct trtc_err *err);

/* Adds the outputs of recording rec, which is divided, in the order of its plan. */
int trtc_shares_add(struct trtc_shares *s, size_t rec, const struct trtc_plan *outputs,
                    struct trtc_err *err);

/* Divides the units among n shares. */
int trtc_shares_settle(struct trtc_shares *s, int n, struct trtc_err *err);

/* Whether share k contains an output of recording rec; whether it contains output i of that
 * recording. */
bool trtc_shares_has(const struct trtc_shares *s, size_t rec, int k);
bool trtc_shares_has_output(const struct trtc_shares *s, size_t rec, size_t i, int k);

void trtc_shares_fini(struct trtc_shares *s);

#endif
