/* SPDX-License-Identifier: MIT */
/* Reader of a lane: what is missing, listed. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "source/reader_priv.h"

int trtc_reader_lose_in(struct trtc_reader *rd, const struct trtc_piece *p, struct trtc_lost lost,
                        const char *why)
{
    return trtc_losses_add_piece(rd->losses, rd->rec, p, lost, "%s", why);
}

__attribute__((format(printf, 3, 4))) int
trtc_reader_lose(struct trtc_reader *rd, struct trtc_lost lost, const char *fmt, ...)
{
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    return trtc_reader_lose_in(rd, trtc_reader_piece_of(rd), lost, why);
}

int trtc_reader_lose_unfollowed(struct trtc_reader *rd, const struct trtc_ts_stats *s)
{
    const unsigned own = rd->kind == TRTC_VIDEO ? TRTC_VIDEO : TRTC_AUDIO;
    const unsigned seen =
        trtc_reader_piece_of(rd)->facts.kinds | trtc_reader_piece_of(rd)->facts.scrambled;
    int ret = 0;
    for (int i = 0; i < s->nb_named; i++) {
        const struct trtc_ts_named *n = &s->named[i];
        const int64_t missed = trtc_ts_unfollowed(n);
        const char *what = n->kind == TRTC_VIDEO ? "picture" : "sound";
        if (n->kind == own && missed > 0)
            ret |= trtc_reader_lose(rd, (struct trtc_lost){ "damaged", 0, missed * TRTC_TS_PACKET },
                                    "%" PRId64
                                    " transport packet%s of %s that no table lists at that time",
                                    missed, trtc_text_s(missed), what);
        else if (n->kind && n->kind != own && !(seen & n->kind) && n->nb_packets > 0)
            ret |= trtc_reader_lose(
                rd, (struct trtc_lost){ "unfollowed", 0, n->nb_packets * TRTC_TS_PACKET },
                n->stream.codec == TRTC_CODEC_NONE
                    ? "%s of an unknown codec is left out"
                    : "%s begins in the middle of the segment, and is not merged",
                what);
        rd->account.nb_packets += n->taken && n->kind == own ? n->nb_packets : 0;
    }
    return ret;
}

int trtc_reader_lose_overlap(struct trtc_reader *rd)
{
    char why[128];
    int ret = 0;
    snprintf(why, sizeof why, "%" PRId64 " %s%s at a time that the segment before also contains",
             rd->nb_over, rd->kind == TRTC_VIDEO ? "picture" : "sound frame",
             trtc_text_s(rd->nb_over));
    if (rd->over_us >= TRTC_OVERLAP_US)
        ret =
            trtc_reader_lose_in(rd, rd->over, (struct trtc_lost){ "overlap", rd->over_us, 0 }, why);
    rd->nb_over = rd->over_us = 0;
    return ret;
}

int trtc_reader_lose_cut(struct trtc_reader *rd)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const bool last = rd->at + 1 == rd->lane->n;
    const int64_t us = rd->nb_cut * rd->step_us;
    if (last || rd->lane->clips[rd->at + 1].piece->list != p->list || us < TRTC_OVERLAP_US)
        return 0;
    return trtc_reader_lose(rd, (struct trtc_lost){ "overlap", us, 0 },
                            "%" PRId64 " frame%s in the time of the next segment", rd->nb_cut,
                            trtc_text_s(rd->nb_cut));
}

struct trtc_ts_stats trtc_reader_stats_of(struct trtc_reader *rd)
{
    if (rd->nb_passed == 0)
        return *trtc_ts_stats(rd->ts);
    const struct trtc_ts_stats s = rd->passed[0].stats;
    rd->nb_passed--;
    memmove(rd->passed, rd->passed + 1, rd->nb_passed * sizeof *rd->passed);
    return s;
}

/* Lists the faults that the demultiplexer found inside a piece. */
static int lose_inside(struct trtc_reader *rd, const struct trtc_piece *p,
                       const struct trtc_ts_stats *s)
{
    const int64_t gone =
        s->nb_lost * TRTC_TS_PACKET; /* overwritten packets are missing and unreadable */
    char why[128];
    if (p->part > 1 || (gone == 0 && (s->nb_bad == 0 || p->cut)))
        return 0;
    int n = 0;
    if (s->nb_lost > 0)
        n = snprintf(why, sizeof why, "%" PRId64 " transport packet%s missing inside%s", s->nb_lost,
                     trtc_text_s(s->nb_lost), s->nb_bad > 0 ? ", " : "");
    if (s->nb_bad > 0)
        snprintf(why + n, sizeof why - (size_t)n, "%" PRId64 " byte%s cannot be read", s->nb_bad,
                 trtc_text_s(s->nb_bad));
    return trtc_reader_lose_in(
        rd, p, (struct trtc_lost){ "damaged", 0, gone > s->nb_bad ? gone : s->nb_bad }, why);
}

/* Lists the scrambled packets of a piece that also has others. */
static int lose_scrambled(struct trtc_reader *rd, const struct trtc_ts_stats *s)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    int64_t nb = 0;
    for (int i = 0; i < s->nb_named; i++)
        nb += s->named[i].nb_scrambled; /* of the kind that is read */
    if (nb == 0 || p->part > 1)
        return 0;
    return trtc_reader_lose(rd, (struct trtc_lost){ "encrypted", 0, nb * TRTC_TS_PACKET },
                            "%" PRId64 " scrambled packet%s of %s left out", nb, trtc_text_s(nb),
                            rd->kind == TRTC_VIDEO ? "picture" : "sound");
}

/* Lists the pictures of the open clip that have no time of their own. */
static int lose_crowded(struct trtc_reader *rd)
{
    const int64_t nb = trtc_crowd_nb(&rd->crowd);
    return nb == 0 ? 0
                   : trtc_reader_lose(rd, (struct trtc_lost){ "damaged", 0, 0 },
                                      "%" PRId64 " picture%s within 1 ms of the one before", nb,
                                      trtc_text_s(nb));
}

int trtc_reader_lose_damage(struct trtc_reader *rd, const struct trtc_ts_stats *s)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    int ret = lose_inside(rd, p, s) | lose_scrambled(rd, s) | lose_crowded(rd);
    /* the rest of a truncated frame was counted with it */
    if (rd->nb_damaged > 0 && !p->cut && !s->nb_lost && !s->nb_bad)
        ret |= trtc_reader_lose(
            rd, (struct trtc_lost){ "damaged", rd->nb_damaged * rd->step_us, 0 },
            "%" PRId64 " incomplete frame%s left out", rd->nb_damaged, trtc_text_s(rd->nb_damaged));
    /* the length of a PES shows it where counters do not, as of 16 packets */
    if (rd->nb_torn > 0 && !s->nb_lost && !s->nb_bad)
        ret |= trtc_reader_lose(rd, (struct trtc_lost){ "damaged", 0, 0 },
                                "%" PRId64 " incomplete picture%s kept unchanged", rd->nb_torn,
                                trtc_text_s(rd->nb_torn));
    if (rd->nb_misplaced > 0)
        ret |=
            trtc_reader_lose(rd, (struct trtc_lost){ "damaged", 0, 0 },
                             "%" PRId64 " picture%s with times out of order, placed as they came",
                             rd->nb_misplaced, trtc_text_s(rd->nb_misplaced));
    if (rd->nb_no_key > 0)
        ret |=
            trtc_reader_lose(rd, (struct trtc_lost){ "damaged", rd->nb_no_key * rd->step_us, 0 },
                             "%" PRId64 " picture%s before the first key frame cannot be decoded",
                             rd->nb_no_key, trtc_text_s(rd->nb_no_key));
    return ret;
}

int trtc_reader_settle(struct trtc_reader *rd)
{
    if (!rd->open)
        return 0;
    rd->open = false;
    int ret =
        trtc_reader_lose_damage(rd, rd->nb_passed ? &rd->passed[0].stats : trtc_ts_stats(rd->ts));
    for (size_t i = 1; i < rd->nb_passed; i++)
        ret |= lose_inside(rd, rd->lane->clips[rd->at + i].piece, &rd->passed[i].stats);
    if (rd->nb_passed)
        ret |= lose_inside(rd, trtc_reader_fed_piece(rd), trtc_ts_stats(rd->ts));
    if (rd->nb_over > 0)
        ret |= trtc_reader_lose_overlap(rd);
    return ret < 0 ? -1 : 0;
}
