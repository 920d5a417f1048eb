/* SPDX-License-Identifier: MIT */
/* Moves sound in time by a fractional delay. A windowed sinc with its cutoff at half the sampling
 * rate becomes the unit impulse if the delay is a whole number of samples. So a move can begin and
 * end at such a point without a seam, and costs nothing before and after. */
#include "codec/slide.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TAPS   32
#define BEFORE (TAPS / 2 - 1) /* filter taps before the sample that is read */
#define STEPS  2048           /* positions between two samples */
#define ROWS   256            /* positions that have taps of their own */
#define SUB    (STEPS / ROWS)
#define CAP    (TAPS + TRTC_SLIDE_MAX)
#define BETA   8.0 /* of the Kaiser window: side lobes below -80 dB */

struct trtc_slide {
    int channels;
    float buf[2][CAP];
    int len;  /* number of samples in buf */
    int at;   /* the next sample to be read, */
    int frac; /* and a fraction of one in STEPS */
    int64_t left;
    int64_t moved;
    float (*taps)[TAPS]; /* ROWS + 1 rows; NULL until the first move */
};

/* The modified Bessel function of the first kind, order 0. */
static double bessel(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 40; k++) {
        term *= x / (2 * k) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

static void fill(float row[TAPS], double frac)
{
    const double pi = 3.14159265358979323846;
    double h[TAPS], sum = 0;
    for (int k = 0; k < TAPS; k++) {
        const double x = k - BEFORE - frac;
        const double edge = 1 - x / (TAPS / 2) * (x / (TAPS / 2));
        const double sinc = fabs(x) < 1e-9 ? 1 : sin(pi * x) / (pi * x);
        h[k] = edge > 0 ? sinc * bessel(BETA * sqrt(edge)) : 0;
        sum += h[k];
    }
    for (int k = 0; k < TAPS; k++)
        row[k] = (float)(h[k] / sum);
}

struct trtc_slide *trtc_slide_new(int channels, struct trtc_err *err)
{
    struct trtc_slide *s = calloc(1, sizeof *s);
    if (!s) {
        trtc_fail_nomem(err);
        return NULL;
    }
    s->channels = channels;
    trtc_slide_reset(s);
    return s;
}

void trtc_slide_free(struct trtc_slide **s)
{
    if (*s)
        free((*s)->taps);
    free(*s);
    *s = NULL;
}

void trtc_slide_reset(struct trtc_slide *s)
{
    for (int c = 0; c < s->channels; c++)
        memset(s->buf[c], 0, BEFORE * sizeof(float));
    s->len = s->at = BEFORE;
    s->frac = 0;
    s->left = s->moved = 0;
}

int trtc_slide_by(struct trtc_slide *s, int samples, struct trtc_err *err)
{
    if (!s->taps) {
        s->taps = malloc((ROWS + 1) * sizeof *s->taps);
        if (!s->taps)
            return trtc_fail_nomem(err);
        for (int i = 0; i <= ROWS; i++)
            fill(s->taps[i], (double)i / ROWS);
    }
    /* moving later means reading more slowly: the fraction falls, and ends at a whole number */
    s->left = (int64_t)samples * STEPS + (s->frac < STEPS / 2 ? s->frac : s->frac - STEPS);
    return 0;
}

bool trtc_slide_moving(const struct trtc_slide *s)
{
    return s->left != 0;
}

double trtc_slide_moved(const struct trtc_slide *s)
{
    return (double)s->moved / STEPS;
}

int trtc_slide_held(const struct trtc_slide *s)
{
    return s->len - s->at;
}

/* Computes the sample between s->at and the next one, for each channel. */
static void between(const struct trtc_slide *s, float out[2])
{
    const float(*row)[TAPS] = (const float(*)[TAPS])s->taps + s->frac / SUB;
    const float part = (float)(s->frac % SUB) / SUB;
    float h[TAPS];
    for (int k = 0; k < TAPS; k++)
        h[k] = row[0][k] + (row[1][k] - row[0][k]) * part;
    for (int c = 0; c < s->channels; c++) {
        const float *x = s->buf[c] + s->at - BEFORE;
        float acc[8] = { 0 };
        for (int k = 0; k < TAPS; k += 8)
            for (int j = 0; j < 8; j++)
                acc[j] += h[k + j] * x[k + j];
        out[c] = acc[0] + acc[1] + acc[2] + acc[3] + acc[4] + acc[5] + acc[6] + acc[7];
    }
}

/* Advances between two whole samples. */
static void advance(struct trtc_slide *s)
{
    const int sign = s->left > 0 ? 1 : -1;
    const int next = s->frac + STEPS - sign;
    s->left -= sign;
    s->moved += sign;
    s->at += next / STEPS;
    s->frac = next % STEPS;
}

int trtc_slide_run(struct trtc_slide *s, const float *const *in, int n, float *const *out)
{
    int done = 0;
    for (int c = 0; c < s->channels; c++) {
        if (in)
            memcpy(s->buf[c] + s->len, in[c], (size_t)n * sizeof(float));
        else
            memset(s->buf[c] + s->len, 0, (size_t)n * sizeof(float));
    }
    s->len += n;
    while (s->left && s->len - s->at > TRTC_SLIDE_HELD) {
        float y[2];
        between(s, y);
        for (int c = 0; c < s->channels; c++)
            out[c][done] = y[c];
        done++;
        advance(s);
    }
    const int left = s->len - s->at - TRTC_SLIDE_HELD;
    if (left > 0) {
        for (int c = 0; c < s->channels; c++)
            memcpy(out[c] + done, s->buf[c] + s->at, (size_t)left * sizeof(float));
        done += left;
        s->at += left;
    }
    const int drop = s->at - BEFORE;
    for (int c = 0; c < s->channels; c++)
        memmove(s->buf[c], s->buf[c] + drop, (size_t)(s->len - drop) * sizeof(float));
    s->len -= drop;
    s->at = BEFORE;
    return done;
}
