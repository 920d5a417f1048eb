/* SPDX-License-Identifier: MIT */
/* Places frames of sound that were stamped when they arrived. */
#include "recording/steady.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "recording/recording.h"

#define EXACT_US   1000 /* stamps that agree to within this are exact, not arrival times */
#define FOLLOW_US  1000 /* a smaller average is not corrected */
#define STEP_US    250  /* largest correction per frame */
#define WEIGHT_MAX 256  /* number of frames (5 s) in the average */

static const struct trtc_steady_frame *frame_at(const struct trtc_steady *s, int k)
{
    return &s->ring[(s->first + k) % TRTC_STEADY_AHEAD];
}

void trtc_steady_push(struct trtc_steady *s, const struct trtc_steady_frame *f)
{
    assert(s->n < TRTC_STEADY_AHEAD && f->samples > 0 && f->rate_hz > 0);
    s->ring[(s->first + s->n++) % TRTC_STEADY_AHEAD] = *f;
}

static int64_t duration_us(const struct trtc_steady_frame *f)
{
    return INT64_C(1000000) * f->samples / f->rate_hz;
}

static int64_t next_us(const struct trtc_steady *s)
{
    return s->base_us + (s->rate_hz ? s->nb_samples * 1000000 / s->rate_hz : 0);
}

/* Computes how much later the waiting frames are stamped than if they followed each other from
 * from_us on. Returns how many of them follow the first one without a jump. */
static int look_ahead(const struct trtc_steady *s, int64_t from_us,
                      int64_t late_us[TRTC_STEADY_AHEAD])
{
    int run = s->n;
    for (int k = 0; k < s->n; k++) {
        const struct trtc_steady_frame *f = frame_at(s, k);
        from_us += k > 0 ? f->moved_us : 0;
        late_us[k] = f->us - from_us;
        from_us += duration_us(f);
        if (k > 0 && k < run &&
            (f->breaks || llabs(late_us[k] - late_us[k - 1]) >= 2 * TRTC_ROUNDING_US))
            run = k;
    }
    return run;
}

/* Whether the first waiting frame does not follow the one before it. */
static bool is_jump(const struct trtc_steady *s)
{
    int64_t late_us[TRTC_STEADY_AHEAD];
    int fit = 0;
    if (llabs(frame_at(s, 0)->us - next_us(s)) < TRTC_ROUNDING_US)
        return false;
    const int run = look_ahead(s, next_us(s), late_us);
    for (int k = 0; k < s->n; k++)
        fit += llabs(late_us[k]) < TRTC_ROUNDING_US;
    qsort(late_us, (size_t)run, sizeof *late_us, trtc_num_compare);
    return fit * 2 <= s->n && llabs(late_us[run / 2]) >= TRTC_ROUNDING_US;
}

/* Restarts with the first waiting frame: at its stamp or, if the frames after it show that stamps
 * are not exact, at the average of where they put it. Frames after a hole do not count, nor does
 * one just before it. */
static void begin(struct trtc_steady *s)
{
    int64_t late_us[TRTC_STEADY_AHEAD], sum = 0, off = 0;
    const int64_t from_us = frame_at(s, 0)->us;
    const int run = look_ahead(s, from_us, late_us);
    int n = 0;
    qsort(late_us, (size_t)run, sizeof *late_us, trtc_num_compare);
    const int64_t middle_us = late_us[run / 2];
    for (int k = 0; k < run; k++) {
        if (llabs(late_us[k] - middle_us) >= TRTC_ROUNDING_US)
            continue;
        sum += late_us[k];
        off = llabs(late_us[k]) > off ? llabs(late_us[k]) : off;
        n++;
    }
    const bool inexact = off > EXACT_US && llabs(middle_us) < TRTC_ROUNDING_US;
    s->base_us = from_us + (inexact ? sum / n : 0);
    s->nb_samples = 0;
    s->rate_hz = frame_at(s, 0)->rate_hz;
    s->late_us = 0;
    s->weight = n;
    s->running = true;
}

/* Adds the stamp of the first waiting frame to the average and corrects a part of it. */
static void follow(struct trtc_steady *s)
{
    const int64_t late_us = frame_at(s, 0)->us - next_us(s);
    if (llabs(late_us) >= TRTC_ROUNDING_US)
        return;
    if (s->weight < WEIGHT_MAX)
        s->weight++;
    s->late_us += ((double)late_us - s->late_us) / s->weight;
    if (fabs(s->late_us) <= FOLLOW_US)
        return;
    const int64_t step_us = s->late_us > 0 ? STEP_US : -STEP_US;
    s->base_us += step_us;
    s->late_us -= (double)step_us;
}

static void set_rate(struct trtc_steady *s, int rate_hz)
{
    if (s->rate_hz == rate_hz)
        return;
    s->base_us = next_us(s);
    s->nb_samples = 0;
    s->rate_hz = rate_hz;
}

bool trtc_steady_pop(struct trtc_steady *s, bool end, int64_t *us, int64_t *jump_us)
{
    if (s->n == 0 || (s->n < TRTC_STEADY_AHEAD && !end))
        return false;
    const struct trtc_steady_frame *f = frame_at(s, 0);
    s->base_us += f->moved_us;
    const int64_t was_us = next_us(s);
    const bool first = !s->running, jump = first || f->breaks || is_jump(s);
    set_rate(s, f->rate_hz);
    if (jump)
        begin(s);
    else
        follow(s);
    *us = next_us(s);
    *jump_us = jump && !first ? *us - was_us : 0;
    s->nb_samples += f->samples;
    s->first = (s->first + 1) % TRTC_STEADY_AHEAD;
    s->n--;
    return true;
}
