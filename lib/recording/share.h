/* SPDX-License-Identifier: MIT */
/* The work of one process among many that were started with the same directories: the K-th share of
 * N. All of them come to the same shares, without a word between them. */
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

/* Reads "K/N", or "auto": what the environment (env: getenv) says that started the process, which is
 * an array of Slurm, an Indexed Job of Kubernetes, an array of AWS Batch or GNU parallel; the last
 * three need N in TRTC_PARTS. what names the option in messages. TRTC_EX_USAGE: it is neither; the
 * environment says nothing, too little, or two things. */
int trtc_share_read(const char *what, const char *value, char *(*env)(const char *name),
                    struct trtc_share *out, struct trtc_err *err);

/* Divides nb units of work of these sizes among n shares: of[i], from 1, is that of unit i. Shares
 * differ by no more than the largest unit. The same numbers make the same shares everywhere. -1:
 * TRTC_EX_TEMPFAIL. */
int trtc_share_divide(const int64_t *bytes, size_t nb, int n, int *of, struct trtc_err *err);

/* What is never divided: a recording; or, of one that is larger than a share, an output; or
 * recordings whose outputs might have one name, so that one process finds that out. */
struct trtc_shares {
    int64_t *bytes; /* of each unit */
    int *of;        /* share of each unit, once they are settled */
    size_t nb;
    size_t *unit;     /* by recording: its unit, or that of its first output */
    size_t *nb_units; /* by recording: how many it has; 0: it is not divided yet, or left out */
    bool *divided;    /* by recording: its outputs are units */
    size_t nb_recs;
};

/* Finds the units among recordings that have been found, but need not be loaded; n shares will be
 * made. Leaves out those that go on, if finished. *s is zeros before, and the caller's to free. */
int trtc_shares_find(struct trtc_shares *s, const struct trtc_scan *scan,
                     const struct trtc_plan_opts *o, bool finished, int n, struct trtc_err *err);

/* The outputs of recording rec, which is divided, in the order of its plan. */
int trtc_shares_add(struct trtc_shares *s, size_t rec, const struct trtc_plan *outputs,
                    struct trtc_err *err);

/* Divides the units among n shares. */
int trtc_shares_settle(struct trtc_shares *s, int n, struct trtc_err *err);

/* Whether share k has anything of recording rec; and its output number i (of the recording's). */
bool trtc_shares_has(const struct trtc_shares *s, size_t rec, int k);
bool trtc_shares_has_output(const struct trtc_shares *s, size_t rec, size_t i, int k);

void trtc_shares_fini(struct trtc_shares *s);

#endif
