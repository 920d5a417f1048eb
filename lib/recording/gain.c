/* SPDX-License-Identifier: MIT */
/* Whether the time stamps of a track run ahead of the clock from one segment to the next. */
#include "recording/gain.h"

#include <stdlib.h>

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

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t trtc_gain_on_other(const struct trtc_piece *a, const struct trtc_piece *b, int kind)
{
    int64_t own, other;
    return advance(a, b, kind, &own) && advance(a, b, !kind, &other) ? own - other : 0;
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
    if (advance(a, b, !kind, &other))
        gain[n++] = own - other;
    qsort(gain, (size_t)n, sizeof *gain, by_value);
    if (n < 2 || n == 3)
        return n ? gain[n / 2] : 0;
    return (gain[0] < 0) != (gain[1] < 0) ? 0 : llabs(gain[0]) < llabs(gain[1]) ? gain[0] : gain[1];
}
