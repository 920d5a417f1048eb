/* SPDX-License-Identifier: MIT */
/* Whether the time stamps of a track run ahead of the clock from one segment to the next. */
#include "recording/gain.h"

#include <stdlib.h>

#include "base/num.h"
#include "recording/clock.h"

/* How far the first frames of a kind are apart by their stamps. False: not known. */
static bool advance(const struct trtc_piece *a, const struct trtc_piece *b, int kind, int64_t *by)
{
    const int64_t from = a->facts.first_90k[kind], to = b->facts.first_90k[kind];
    if (from == TRTC_NOTIME || to == TRTC_NOTIME)
        return false;
    *by = trtc_ts_diff(to, from);
    return true;
}

int64_t trtc_gain_on_other(const struct trtc_piece *a, const struct trtc_piece *b, int kind)
{
    int64_t own, other;
    return advance(a, b, kind, &own) && advance(a, b, !kind, &other) ? own - other : 0;
}

/* The middle one of up to three gains. */
static int64_t middle_of(int64_t *gain, int n)
{
    qsort(gain, (size_t)n, sizeof *gain, trtc_num_compare);
    if (n < 2 || n == 3)
        return n ? gain[n / 2] : 0;
    return (gain[0] < 0) != (gain[1] < 0) ? 0 : llabs(gain[0]) < llabs(gain[1]) ? gain[0] : gain[1];
}

/* How much later than the sound beside it the first picture of segment b may be shown, without a jump:
 * a segment that was cut at a picture has the sound from its decoding time on, the first one of a
 * stream has both from the same time on. */
static int64_t lag_of(const struct trtc_piece *a, const struct trtc_piece *b, int kind)
{
    const int64_t pts = b->facts.first_90k[kind], dts = b->facts.first_dts_90k[kind];
    if (a->place > 0 || dts == TRTC_NOTIME || b->facts.first_90k[!kind] == TRTC_NOTIME)
        return 0;
    const int64_t delay = trtc_ts_diff(pts, dts);
    return delay > 0 ? delay + TRTC_ROUNDING_US * 9 / 100 : 0;
}

/* Whether the other kind only began later in segment a, and both begin together in the next one: then its
 * stamps do not show how far these segments are apart. */
static bool came_late(const struct trtc_piece *a, const struct trtc_piece *b, int kind)
{
    const int64_t late = trtc_ts_diff(a->facts.first_90k[!kind], a->facts.first_90k[kind]);
    const int64_t apart = trtc_ts_diff(b->facts.first_90k[!kind], b->facts.first_90k[kind]);
    return a->place == 0 && late >= TRTC_GAIN_90K && llabs(apart) < TRTC_GAIN_90K;
}

int64_t trtc_gain(const struct trtc_piece *a, const struct trtc_piece *b, int kind)
{
    int64_t own, other, gain[3];
    int n = 0;
    if (!advance(a, b, kind, &own))
        return 0;
    if (a->next_us != TRTC_NOTIME)
        gain[n++] = own - a->next_us * 9 / 100;
    if (a->dur_us != TRTC_NOTIME && !a->whole)
        gain[n++] = own - a->dur_us * 9 / 100;
    const bool both = advance(a, b, !kind, &other),
               alike = both && llabs(own - other) < TRTC_ROUNDING_US * 9 / 100;
    if (both && !came_late(a, b, kind) &&
        !(alike && a->next_us == TRTC_NOTIME)) /* one clock alone is left to judge them by */
        gain[n++] = own - other;
    const int64_t by = middle_of(gain, n);
    return by > 0 && !alike && by <= lag_of(a, b, kind) ? 0 : by;
}
