/* SPDX-License-Identifier: MIT */
/* Each sample needs a gain of at most ceiling / peak. The limiter takes the minimum of the needed
 * gains over the look-ahead and the hold time, lets it rise slowly (the release), and averages it
 * twice over the look-ahead. No value in the average for a sample exceeds the gain that the sample
 * needs, so neither does the average: the ceiling is never exceeded, and the gain changes smoothly.
 *
 * Gains are integers, in which ONE stands for 1: running sums do not drift, and return to exactly
 * ONE. */
#include "mix/limiter.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define ONE          (INT64_C(1) << 30)
#define LOOKAHEAD_MS 5
#define HOLD_MS      15  /* so that the gain does not rise between the waves of a low tone */
#define RELEASE_MS   150 /* time constant */
#define PRESS_FROM   3.0 /* times the ceiling */
#define PRESS_TO     6.0
#define PRESS_BY     0.2

/* A running average of the last n values, which are 0 ... ONE. */
struct average {
    int64_t *ring;
    int n, at;
    int64_t sum;
};

/* A gain below ONE, and the sample that needs it. */
struct need {
    int64_t gain;
    int64_t pos;
};

struct trtc_limiter {
    int channels;
    float ceiling;
    int delay, at;
    float *line[2]; /* rings of delay samples; `at` is the next one */

    int64_t pos; /* number of samples so far */
    int window;  /* samples of look-ahead and hold */
    /* the needs in the window, oldest first, without those that a later, lower one has made
     * irrelevant: their gains rise */
    struct need *queue;
    int first, nb_queued;

    int64_t gain; /* after release */
    int64_t release;
    struct average a, b;
};

static int open_average(struct average *a, int n)
{
    a->n = n;
    a->ring = malloc((size_t)n * sizeof *a->ring);
    if (!a->ring)
        return -1;
    for (int i = 0; i < n; i++)
        a->ring[i] = ONE;
    a->sum = n * ONE;
    return 0;
}

static int64_t average(struct average *a, int64_t value)
{
    a->sum += value - a->ring[a->at];
    a->ring[a->at] = value;
    a->at = a->at + 1 < a->n ? a->at + 1 : 0;
    return a->sum / a->n;
}

struct trtc_limiter *trtc_limiter_new(int rate_hz, int channels, float ceiling,
                                      struct trtc_err *err)
{
    struct trtc_limiter *l = calloc(1, sizeof *l);
    if (!l) {
        trtc_fail_nomem(err);
        return NULL;
    }
    l->channels = channels;
    l->ceiling = ceiling;
    l->delay = rate_hz * LOOKAHEAD_MS / 1000 > 2 ? rate_hz * LOOKAHEAD_MS / 1000 : 2;
    l->window = l->delay + 1 + rate_hz * HOLD_MS / 1000;
    l->gain = ONE;
    l->release = INT64_C(1) * rate_hz * RELEASE_MS / 1000 + 1;
    l->queue = malloc((size_t)l->window * sizeof *l->queue);
    for (int c = 0; c < channels; c++)
        l->line[c] = calloc((size_t)l->delay, sizeof(float));
    /* together, the two averages cover delay + 1 values */
    if (open_average(&l->a, l->delay / 2 + 1) || open_average(&l->b, l->delay - l->delay / 2 + 1) ||
        !l->queue || !l->line[0] || (channels > 1 && !l->line[1])) {
        trtc_fail_nomem(err);
        trtc_limiter_free(&l);
    }
    return l;
}

void trtc_limiter_free(struct trtc_limiter **l)
{
    struct trtc_limiter *x = *l;
    if (!x)
        return;
    free(x->b.ring);
    free(x->a.ring);
    free(x->line[1]);
    free(x->line[0]);
    free(x->queue);
    free(x);
    *l = NULL;
}

int trtc_limiter_delay(const struct trtc_limiter *l)
{
    return l->delay;
}

/* Whether every gain in the look-ahead is ONE. */
static bool at_rest(const struct trtc_limiter *l)
{
    return !l->nb_queued && l->gain == ONE && l->a.sum == l->a.n * ONE && l->b.sum == l->b.n * ONE;
}

/* Returns the gain that a sample with this peak needs. If many voices are limited strongly, the
 * result is dense, and AAC at 64 kbit/s exceeds its peaks by up to 1.5 dB: such sound is limited to
 * 2 dB less. */
static int64_t needed(const struct trtc_limiter *l, float peak)
{
    const double over = (double)peak / (double)l->ceiling;
    const double pressed = over < PRESS_FROM ? 0
                           : over > PRESS_TO ? 1
                                             : (over - PRESS_FROM) / (PRESS_TO - PRESS_FROM);
    /* slightly less, since the multiplication rounds */
    const double gain = (1 - PRESS_BY * pressed) / over * (1 - 1e-6);
    return (int64_t)(gain * (double)ONE);
}

/* Takes the peak of the next sample over its channels. Returns the lowest gain in the window. */
static int64_t least(struct trtc_limiter *l, float peak)
{
    if (l->nb_queued && l->queue[l->first].pos <= l->pos - l->window) {
        l->first = l->first + 1 < l->window ? l->first + 1 : 0;
        l->nb_queued--;
    }
    if (peak > l->ceiling) {
        const struct need n = { needed(l, peak), l->pos };
        int end;
        for (;; l->nb_queued--) {
            end = l->first + l->nb_queued;
            const int last = (end - 1 + l->window) % l->window;
            if (!l->nb_queued || l->queue[last].gain < n.gain)
                break;
        }
        l->queue[end % l->window] = n;
        l->nb_queued++;
    }
    l->pos++;
    return l->nb_queued ? l->queue[l->first].gain : ONE;
}

/* Takes the peak of the next sample, and returns the gain of the one that leaves the delay now. */
static float next_gain(struct trtc_limiter *l, float peak)
{
    const int64_t limit = least(l, peak);
    l->gain += (ONE - l->gain) / l->release + 1; /* + 1: so that it reaches ONE */
    if (l->gain > limit)
        l->gain = limit;
    return (float)average(&l->b, average(&l->a, l->gain)) / (float)ONE;
}

static float delayed(struct trtc_limiter *l, int channel, float in)
{
    float *slot = &l->line[channel][l->at];
    const float out = *slot;
    *slot = in;
    return out;
}

void trtc_limiter_run(struct trtc_limiter *l, float *const *planes, int n)
{
    for (int i = 0; i < n; i++) {
        float peak = 0, x[2];
        for (int c = 0; c < l->channels; c++) {
            const float in = planes[c][i];
            x[c] = fabsf(in) <= FLT_MAX ? in : 0;
            peak = fabsf(x[c]) > peak ? fabsf(x[c]) : peak;
        }
        if (peak <= l->ceiling && at_rest(l)) {
            l->pos++;
            for (int c = 0; c < l->channels; c++)
                planes[c][i] = delayed(l, c, x[c]);
        } else {
            const float gain = next_gain(l, peak);
            for (int c = 0; c < l->channels; c++) {
                /* the gain keeps the ceiling but for rounding, which is cut off here */
                const float y = delayed(l, c, x[c]) * gain;
                planes[c][i] = y > l->ceiling ? l->ceiling : y < -l->ceiling ? -l->ceiling : y;
            }
        }
        l->at = l->at + 1 < l->delay ? l->at + 1 : 0;
    }
}
