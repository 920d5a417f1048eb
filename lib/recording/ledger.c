/* SPDX-License-Identifier: MIT */
/* The account of one track. */
#include "recording/ledger.h"

static const struct {
    const char *name, *words;
    bool loss;
} reasons[TRTC_NB_LEFT] = {
    [TRTC_LEFT_DAMAGED] = { "damaged", "damaged", true },
    [TRTC_LEFT_UNDECODED] = { "undecoded", "cannot be decoded", true },
    [TRTC_LEFT_NO_KEY] = { "before_key_frame", "before the first key frame", true },
    [TRTC_LEFT_FORMAT] = { "format", "in an unsupported format", true },
    [TRTC_LEFT_ENCRYPTED] = { "encrypted", "encrypted", true },
    [TRTC_LEFT_UNPLACED] = { "unplaced", "without a place in time", true },
    [TRTC_LEFT_TWICE] = { "twice", "recorded twice", false },
    [TRTC_LEFT_CUT] = { "cut", "beyond a cut", false },
    [TRTC_LEFT_OVERLAP] = { "overlap", "overlapping the frame before", false },
    [TRTC_LEFT_RATE] = { "rate", "above the output's rate", false },
    [TRTC_LEFT_UNWANTED] = { "unwanted", "not asked for", false },
    [TRTC_LEFT_LATE] = { "late", "too late", true },
};

const char *trtc_left_name(enum trtc_left why)
{
    return reasons[why].name;
}

const char *trtc_left_words(enum trtc_left why)
{
    return reasons[why].words;
}

bool trtc_left_is_loss(enum trtc_left why)
{
    return reasons[why].loss;
}

int64_t trtc_ledger_left(const struct trtc_ledger *l)
{
    int64_t n = 0;
    for (int k = 0; k < TRTC_NB_LEFT; k++)
        n += l->nb_left[k];
    return n;
}

int64_t trtc_ledger_open(const struct trtc_ledger *l)
{
    return l->nb_in - l->nb_out - trtc_ledger_left(l);
}

void trtc_ledger_add(struct trtc_ledger *to, const struct trtc_ledger *from)
{
    to->nb_packets += from->nb_packets;
    to->nb_in += from->nb_in;
    to->nb_out += from->nb_out;
    to->nb_put_in += from->nb_put_in;
    for (int k = 0; k < TRTC_NB_LEFT; k++)
        to->nb_left[k] += from->nb_left[k];
}
