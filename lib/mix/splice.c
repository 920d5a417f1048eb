/* SPDX-License-Identifier: MIT */
/* Decides where the sound of two parts is joined. */
#include "mix/splice.h"

#include <string.h>

enum { ID_SCE = 0, ID_CPE = 1 }; /* ISO/IEC 14496-3, table 4.85 */

/* ISO/IEC 14496-3, 4.4.2.1. A single channel begins with identifier (3 bits), tag (4), gain (8), a
 * reserved bit, sequence (2), shape (1); a pair with identifier, tag, and a bit that says whether
 * both channels have the same window: if so, reserved bit, sequence and shape follow. */
bool trtc_splice_window(struct trtc_bytes frame, int *sequence, int *shape)
{
    if (frame.n < 3)
        return false;
    const unsigned bits = (unsigned)trtc_be(frame.p, 3);
    const unsigned id = bits >> 21;
    const bool common = bits >> 16 & 1;
    if (id != ID_SCE && !(id == ID_CPE && common))
        return false;
    const unsigned window = id == ID_SCE ? bits >> 5 : bits >> 12;
    *sequence = window >> 1 & 3;
    *shape = window & 1;
    return true;
}

/* Rates how well the second part continues the first with frame i; more is better. */
static int fitness(const struct trtc_bytes *a, const struct trtc_bytes *b, size_t i)
{
    int sequence[2], shape[2];
    if (a[i - 1].n == b[i - 1].n && memcmp(a[i - 1].p, b[i - 1].p, a[i - 1].n) == 0)
        return 3; /* the frame follows the same frame as in the second part */
    if (!trtc_splice_window(a[i - 1], &sequence[0], &shape[0]) ||
        !trtc_splice_window(b[i - 1], &sequence[1], &shape[1]))
        return 0;
    if (sequence[0] != sequence[1] || shape[0] != shape[1])
        return 0;
    return sequence[0] == 0 ? 2 : 1;
}

size_t trtc_splice_find(const struct trtc_bytes *a, const struct trtc_bytes *b, size_t n,
                        size_t near)
{
    size_t best = near;
    int most = -1;
    for (size_t away = 0; away < n; away++) {
        for (int side = 0; side < 2; side++) {
            const size_t i = side ? near + away : near - away;
            if (i < 1 || i >= n) /* near - away wraps to more than n */
                continue;
            const int fit = fitness(a, b, i);
            if (fit > most) {
                most = fit;
                best = i;
            }
        }
    }
    return best;
}
