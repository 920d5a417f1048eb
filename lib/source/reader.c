/* SPDX-License-Identifier: MIT */
/* One lane of a time line as one continuous stream of frames on the epoch clock. */
#include "source/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/beneath.h"
#include "base/text.h"
#include "recording/clock.h"
#include "recording/gain.h"
#include "source/ahead.h"
#include "source/crowd.h"
#include "source/tables.h"
#include "ts/course_ts.h"

enum { READ_BYTES = 256 * 1024, HEAD_BYTES = 64 * 1024 };

#define TOL_90K         3600 /* a stamp that is lower than the one before by this has fallen */
#define PICTURE_GAP_90K 45000
#define APART_90K       45000   /* the tracks of a stream that was cut end as far apart */
#define GOES_ON_90K     45000   /* reordered pictures are lower than the first stamp by less */
#define FIRST_OFF_90K   90000   /* how far a kind's first stamp may be from the segment's */
#define REORDER_MAX_US  400000  /* pictures without DTS are out of order by no more than this */
#define OVERLAP_MIN_US  100000  /* an overlap below this is rounding */
#define STRAY_US        2000000 /* a stamp this far outside its segment has no place */
#define CUT_US \
    1000000 /* how far the beginning of a continuing segment may differ from the playlist */

/* A clip of which all bytes were fed, while frames that begin in it are not complete. */
struct passed {
    int64_t end; /* trtc_ts_pos there */
    struct trtc_ts_stats stats;
};

struct trtc_reader {
    const struct trtc_recording *rec;
    bool sparing;
    const struct trtc_lane *lane;
    enum trtc_kind kind;
    struct trtc_losses *losses;
    atomic_llong *bytes;
    struct trtc_ts *ts;
    uint8_t *buf;
    int dirfd, fd;    /* -1 between two reads if few files may be open */
    int64_t pos;      /* bytes read of the piece that is being fed */
    size_t at;        /* the clip of the returned frames; lane->n at the end */
    size_t feeding;   /* the clip being fed: at, or a later one in which its last frame continues */
    int64_t begin;    /* trtc_ts_pos at the beginning of clip at */
    bool open, ended; /* clip at has begun; all there is was fed */
    bool paused;      /* all of the clip being fed was, but the next one may go on from it */
    struct passed *passed; /* those from at to feeding */
    size_t nb_passed, cap_passed;
    bool past_cut; /* the rest of this clip is not wanted */
    bool begins;   /* no frame of this clip has been returned */
    bool joined;   /* it was fed as the continuation of the one before */
    bool torn;     /* pictures are missing before this clip */
    bool need_key; /* pictures up to the next key frame cannot be decoded */
    bool leading;  /* ... and of those after it the ones that are shown before key_us */
    int64_t key_us;
    int64_t nb_no_key;       /* pictures that were left out in this clip */
    int64_t nb_damaged;      /* frames of this clip left out since they were incomplete, */
    int64_t nb_torn;         /* and incomplete pictures of it that were not */
    struct trtc_crowd crowd; /* pictures of this clip */
    struct trtc_ledger account;

    struct trtc_clock clock;
    int64_t off_us;           /* how far the clock is before the start of its segments, since the
                                 stamps of the other kind have jumped */
    int64_t prev_us, step_us; /* decoding time of the frame before, and the usual distance */

    /* stamps that jump inside a segment */
    int64_t shift_90k;         /* of the segments before: what has been added to the stamps, */
    int64_t next_shift_90k;    /* and what will be in the next one */
    bool shifted;              /* it was something else in the one before */
    int64_t rel_90k;           /* of the frame: from the piece's first stamp */
    int64_t prev_ts, step_90k; /* stamp of the frame before, TRTC_NOTIME: none; usual distance */
    int64_t last_ts, last_us;  /* of the last frame of the clips before: stamp, decoding time */
    bool tail_seen;            /* the end of the segment has been looked at: */
    int64_t tail_90k,
        last_90k; /* how far it is from its first stamp to its end, and to its last frame */
    bool rose;    /* pictures rose in it: whether they fall later has been looked at */
    bool looked;  /* all of it was: */
    struct trtc_course course; /* its course; empty if its time stamps simply continue */
    size_t course_hint;

    /* sound that waits for its place */
    struct trtc_ahead ahead;
    bool missing; /* a frame was left out since the last one that went there */
    bool have_plain, drained;
    struct trtc_read plain; /* a frame of unknown length, after the waiting ones */

    /* overlaps */
    int64_t end_us;      /* of the returned sound; time of the latest picture; or TRTC_NOTIME */
    int64_t seen_dts_us; /* of the picture before */
    const struct trtc_piece *over; /* the segment that does, and by how much */
    int64_t over_us, nb_over, nb_cut;
};

static int open_directory(struct trtc_reader *rd, struct trtc_err *err)
{
    if (rd->dirfd < 0)
        rd->dirfd = open(rd->rec->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return rd->dirfd < 0 ? trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", rd->rec->dir) : 0;
}

static void close_files(struct trtc_reader *rd)
{
    if (rd->fd >= 0)
        close(rd->fd);
    if (rd->dirfd >= 0 && rd->sparing) {
        close(rd->dirfd);
        rd->dirfd = -1;
    }
    rd->fd = -1;
}

static int64_t set_clock(struct trtc_reader *rd);

/* Makes the clock follow the clips that are not read. */
static void skip_clips(struct trtc_reader *rd, size_t n)
{
    for (; rd->at < n && rd->at < rd->lane->n; rd->at++)
        set_clock(rd);
}

struct trtc_reader *trtc_reader_new(const struct trtc_reader_opts *o, struct trtc_err *err)
{
    const enum trtc_kind kind = o->kind;
    struct trtc_reader *rd = calloc(1, sizeof *rd);
    if (!rd) {
        trtc_fail_nomem(err);
        return NULL;
    }
    *rd = (struct trtc_reader){ .rec = o->rec,
                                .lane = o->lane,
                                .kind = kind,
                                .losses = o->losses,
                                .bytes = o->bytes,
                                .sparing = o->sparing,
                                .dirfd = -1,
                                .fd = -1,
                                .need_key = kind == TRTC_VIDEO,
                                .prev_us = TRTC_NOTIME,
                                .prev_ts = TRTC_NOTIME,
                                .end_us = TRTC_NOTIME,
                                .last_ts = TRTC_NOTIME };
    rd->step_us = kind == TRTC_VIDEO ? 66667 : 21333;
    rd->ts = trtc_ts_new(kind == TRTC_VIDEO ? TRTC_VIDEO : TRTC_AUDIO);
    rd->buf = malloc(READ_BYTES);
    if (!rd->ts || !rd->buf) {
        trtc_fail_nomem(err);
    } else if (open_directory(rd, err) == 0) { /* whether it is there at all */
        close_files(rd);
        skip_clips(rd, o->skip);
        return rd;
    }
    trtc_reader_free(&rd);
    return NULL;
}

void trtc_reader_free(struct trtc_reader **rd)
{
    if (!*rd)
        return;
    if ((*rd)->fd >= 0)
        close((*rd)->fd);
    if ((*rd)->dirfd >= 0)
        close((*rd)->dirfd);
    trtc_ts_free(&(*rd)->ts);
    trtc_course_fini(&(*rd)->course);
    trtc_ahead_fini(&(*rd)->ahead);
    free((*rd)->passed);
    free((*rd)->buf);
    free(*rd);
    *rd = NULL;
}

static const struct trtc_piece *piece_of(const struct trtc_reader *rd)
{
    return rd->lane->clips[rd->at].piece;
}

static const struct trtc_piece *fed_piece(const struct trtc_reader *rd)
{
    return rd->lane->clips[rd->feeding].piece;
}

static int lose_in(struct trtc_reader *rd, const struct trtc_piece *p, struct trtc_lost lost,
                   const char *why)
{
    return trtc_losses_add_piece(rd->losses, rd->rec, p, lost, "%s", why);
}

__attribute__((format(printf, 3, 4))) static int lose(struct trtc_reader *rd, struct trtc_lost lost,
                                                      const char *fmt, ...)
{
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    return lose_in(rd, piece_of(rd), lost, why);
}

/* Opens the file of a piece. 1; 0: it is gone (*fd is -1), *why says how; -1: the machine
 * failed. */
static int open_if_there(struct trtc_reader *rd, const struct trtc_piece *p, int *fd,
                         struct trtc_err *why, struct trtc_err *err)
{
    *fd = -1;
    if (open_directory(rd, err) < 0)
        return -1;
    *fd = trtc_open_beneath(rd->dirfd, p->uri, NULL, why);
    if (*fd >= 0)
        return 1;
    return trtc_is_shortage(why)
               ? trtc_fail(err, why->code, "%s/%s: %s", rd->rec->dir, p->uri, why->msg)
               : 0;
}

/* Opens the file of a piece at the given byte. 1; 0: it is gone, which has been listed; -1: the
 * machine failed. */
static int open_piece(struct trtc_reader *rd, const struct trtc_piece *p, int64_t pos, int *fd,
                      struct trtc_err *err)
{
    struct trtc_err why;
    const int there = open_if_there(rd, p, fd, &why, err);
    if (there != 0)
        return there;
    if (lose_in(rd, p, (struct trtc_lost){ "missing", pos ? 0 : p->dur_us, p->bytes - pos },
                why.code == TRTC_EX_NOINPUT ? "it was there at the beginning" : why.msg) < 0)
        return trtc_fail_nomem(err);
    return 0;
}

/* The same for the piece that is being read. */
static int open_file(struct trtc_reader *rd, struct trtc_err *err)
{
    return rd->fd >= 0 ? 1 : open_piece(rd, fed_piece(rd), rd->pos, &rd->fd, err);
}

static int64_t ticks_of(int64_t us)
{
    return us == TRTC_NOTIME ? us : us * 9 / 100;
}

/* Whether the stamps of the clip before go on in this one. */
static bool stamps_go_on(const struct trtc_reader *rd)
{
    if (rd->last_ts == TRTC_NOTIME)
        return false;
    const int64_t step = trtc_ts_diff(piece_of(rd)->facts.first_ts_90k, rd->last_ts);
    return step > -GOES_ON_90K && step < 2 * rd->step_90k + TOL_90K;
}

/* Whether the clip's first time stamp of this kind is so far below the last one of the clip before
 * that it belongs to another clock. */
static bool stamps_fall(const struct trtc_reader *rd)
{
    const int track = trtc_at(rd->kind);
    const int64_t first = piece_of(rd)->facts.first_90k[track];
    return rd->last_ts != TRTC_NOTIME && first != TRTC_NOTIME &&
           trtc_ts_diff(first, rd->last_ts) <= -GOES_ON_90K;
}

/* Whether b is the next part of the segment of which a is a part. */
static bool is_next_part(const struct trtc_piece *a, const struct trtc_piece *b)
{
    return a->list == b->list && a->place == b->place && a->part + 1 == b->part;
}

/* Whether no picture is missing between the clip before and this one. */
static bool nothing_between(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = piece_of(rd);
    const struct trtc_clip *before = rd->at > 0 ? &rd->lane->clips[rd->at - 1] : NULL;
    if (!before || before->piece->cut || before->cut_us != INT64_MAX)
        return false;
    if (before->piece->list == p->list &&
        (before->piece->place + 1 == p->place || is_next_part(before->piece, p)))
        return true;
    return stamps_go_on(rd);
}

/* Whether the clip follows the one before in their playlist, and nothing is missing at the end
 * of that. */
static bool follows(const struct trtc_reader *rd, size_t at)
{
    const struct trtc_clip *c = at > 0 ? &rd->lane->clips[at - 1] : NULL;
    return c && at < rd->lane->n && c->cut_us == INT64_MAX && !c->piece->cut &&
           c->piece->list == c[1].piece->list && c->piece->place + 1 == c[1].piece->place;
}

/* Whether the clip follows the one before, and begins when that ends: stamps that jump there are of
 * another clock, as they are inside a segment. */
static bool times_go_on(const struct trtc_reader *rd)
{
    if (!follows(rd, rd->at))
        return false;
    const struct trtc_piece *p = piece_of(rd), *before = rd->lane->clips[rd->at - 1].piece;
    return llabs(p->start_us - (before->start_us + before->dur_us)) < TRTC_ROUNDING_US;
}

/* Whether the stamps of this kind go on from the clip before. */
static bool own_stamps_go_on(const struct trtc_reader *rd)
{
    const int k = trtc_at(rd->kind);
    const int64_t first = piece_of(rd)->facts.first_dts_90k[k];
    return rd->last_ts != TRTC_NOTIME && first != TRTC_NOTIME &&
           llabs(trtc_ts_diff(first, rd->last_ts) - rd->step_90k) < TOL_90K;
}

/* Whether the stamps of this kind go on in clip at as the clock does, while sound and pictures are
 * no longer as far apart as in the clip before: those of the other kind have jumped, or those of this
 * kind had, and were corrected. */
static bool goes_on_alone(const struct trtc_reader *rd)
{
    const int k = trtc_at(rd->kind);
    const int64_t *now = piece_of(rd)->facts.first_dts_90k, *was;
    int64_t moved[TRTC_NB_KINDS];
    if (!times_go_on(rd))
        return false;
    was = rd->lane->clips[rd->at - 1].piece->facts.first_dts_90k;
    for (int i = 0; i < TRTC_NB_KINDS; i++) {
        if (now[i] == TRTC_NOTIME || was[i] == TRTC_NOTIME)
            return false;
        moved[i] = trtc_ts_diff(now[i], was[i]);
    }
    /* a track that was moved by more than its segment's length is moved in the next one, too */
    const int64_t length =
        ticks_of(piece_of(rd)->dur_us) + (rd->shifted ? 0 : FIRST_OFF_90K + 2 * TOL_90K);
    if ((llabs(moved[0] - moved[1]) < TOL_90K && !rd->shifted) ||
        llabs(trtc_ts_diff(now[0], now[1])) > length)
        return false; /* so far apart, each has a clock of its own, see recording/course.h */
    const int64_t step = moved[k] - ticks_of(rd->lane->clips[rd->at - 1].piece->dur_us);
    return rd->last_ts == TRTC_NOTIME ? llabs(step) < TOL_90K : own_stamps_go_on(rd);
}

/* Sets the clock to the start of the segment, and returns by how much it jumps. */
static int64_t set_to_start(struct trtc_reader *rd, int64_t ts)
{
    const struct trtc_piece *p = piece_of(rd);
    const struct trtc_clock was = rd->clock;
    const int64_t at_us = p->start_us - rd->off_us;
    int64_t jump = trtc_clock_segment(&rd->clock, ts, at_us, p->exact, p->dur_us);
    if (jump && goes_on_alone(rd)) {
        rd->clock = was;
        trtc_clock_anchor(&rd->clock, ts, trtc_clock_us(&rd->clock, ts));
        rd->off_us += jump;
        return 0;
    }
    if (jump && rd->off_us) {
        rd->clock = was;
        rd->off_us = 0;
        jump = trtc_clock_segment(&rd->clock, ts, p->start_us, p->exact, p->dur_us);
    }
    return jump;
}

/* Sets the clock to clip at, and returns by how much it jumps. A segment that begins in the middle
 * of a picture was cut out of a stream, so its clock simply continues, whatever the playlist
 * states. */
static int64_t set_clock(struct trtc_reader *rd)
{
    const struct trtc_piece *p = piece_of(rd);
    const int64_t ts = p->facts.first_ts_90k + rd->shift_90k;
    if (p->facts.headless && follows(rd, rd->at) && rd->clock.running && !stamps_fall(rd)) {
        const struct trtc_piece *before = rd->lane->clips[rd->at - 1].piece;
        const int64_t us = trtc_clock_us(&rd->clock, ts);
        if (llabs(us - (before->start_us + before->dur_us)) < CUT_US) {
            trtc_clock_anchor(&rd->clock, ts, us);
            return 0;
        }
    }
    return set_to_start(rd, ts);
}

/* The stamps may come back to the clock with which they began: then nothing is added to them any more. */
static void come_back(struct trtc_reader *rd)
{
    const int64_t first = piece_of(rd)->facts.first_dts_90k[trtc_at(rd->kind)];
    if (!rd->shift_90k || rd->last_ts == TRTC_NOTIME || first == TRTC_NOTIME || !times_go_on(rd))
        return;
    const int64_t rise = trtc_ts_diff(first, rd->last_ts) - rd->step_90k;
    if (llabs(rise - rd->shift_90k) < TOL_90K)
        rd->shift_90k = 0;
}

/* Begins the frames of clip at. gone: files before it were missing. */
static void begin_clip(struct trtc_reader *rd, bool gone)
{
    if (rd->prev_ts != TRTC_NOTIME) {
        rd->last_ts = rd->prev_ts;
        rd->last_us = rd->prev_us;
    }
    rd->shifted = rd->shift_90k != rd->next_shift_90k;
    if (rd->at == 0 || !is_next_part(rd->lane->clips[rd->at - 1].piece, piece_of(rd)))
        rd->shift_90k = rd->next_shift_90k;
    come_back(rd);
    const int64_t jump = set_clock(rd);
    rd->torn = gone || !nothing_between(rd);
    if (rd->kind == TRTC_VIDEO && (rd->torn || (jump && !stamps_go_on(rd) && !times_go_on(rd))))
        rd->need_key = true;
    rd->prev_us = rd->prev_ts = TRTC_NOTIME;
    rd->open = rd->begins = true;
    rd->past_cut = rd->looked = rd->rose = rd->tail_seen = rd->joined = false;
    rd->nb_cut = 0;
    rd->nb_no_key = rd->nb_damaged = rd->nb_torn = 0;
    rd->crowd = (struct trtc_crowd){ 0 };
}

/* Returns the segment of the same playlist that has this number there, or NULL. */
static const struct trtc_piece *piece_at(const struct trtc_recording *r, int list, int64_t place)
{
    for (size_t i = 0; i < r->nb_pieces; i++)
        if (r->pieces[i].list == list && r->pieces[i].place == place)
            return &r->pieces[i];
    return NULL;
}

/* Learns the tables that apply to the clip if they are in another segment, and that was not read. */
static int learn_tables(struct trtc_reader *rd, struct trtc_err *err)
{
    const struct trtc_piece *p = piece_of(rd);
    if (p->facts.tables_place < 0 || trtc_ts_knows(rd->ts))
        return 0;
    const struct trtc_piece *from = piece_at(rd->rec, p->list, p->facts.tables_place);
    if (!from || open_directory(rd, err) < 0)
        return from ? -1 : 0;
    return trtc_tables_learn(rd->ts, rd->dirfd, from, err);
}

/* Opens the next clip's file. Returns 1; 0: there is none; -1: the machine failed. A file that has
 * disappeared is a loss. */
static int open_clip(struct trtc_reader *rd, struct trtc_err *err)
{
    const size_t first = rd->at;
    for (; rd->at < rd->lane->n; rd->at++) {
        rd->feeding = rd->at;
        rd->pos = rd->begin = 0;
        int there = open_file(rd, err);
        if (there < 0)
            return -1;
        if (there == 0)
            continue;
        if (rd->at > 0 && rd->lane->clips[rd->at - 1].piece->list == piece_of(rd)->list)
            trtc_ts_begin(rd->ts);
        else
            trtc_ts_forget(rd->ts);
        if (learn_tables(rd, err) < 0)
            return -1;
        rd->ended = rd->paused = false;
        begin_clip(rd, rd->at > first);
        return 1;
    }
    return 0;
}

/* Lists streams of the segment that are wanted but were not followed, or not to their end. */
static int lose_unfollowed(struct trtc_reader *rd, const struct trtc_ts_stats *s)
{
    const unsigned own = rd->kind == TRTC_VIDEO ? TRTC_VIDEO : TRTC_AUDIO;
    const unsigned seen = piece_of(rd)->facts.kinds | piece_of(rd)->facts.scrambled;
    int ret = 0;
    for (int i = 0; i < s->nb_named; i++) {
        const struct trtc_ts_named *n = &s->named[i];
        const int64_t missed = trtc_ts_unfollowed(n);
        const char *what = n->kind == TRTC_VIDEO ? "picture" : "sound";
        if (n->kind == own && missed > 0)
            ret |= lose(rd, (struct trtc_lost){ "damaged", 0, missed * TRTC_TS_PACKET },
                        "%" PRId64 " transport packet%s of %s that no table lists at that time",
                        missed, trtc_text_s(missed), what);
        else if (n->kind && n->kind != own && !(seen & n->kind) && n->nb_packets > 0)
            ret |= lose(rd, (struct trtc_lost){ "unfollowed", 0, n->nb_packets * TRTC_TS_PACKET },
                        n->stream.codec == TRTC_CODEC_NONE
                            ? "%s of an unknown codec is left out"
                            : "%s begins in the middle of the segment, and is not merged",
                        what);
        rd->account.nb_packets += n->taken && n->kind == own ? n->nb_packets : 0;
    }
    return ret;
}

/* Lists the frames that were left out because their time had been used already. */
static int lose_overlap(struct trtc_reader *rd)
{
    char why[128];
    int ret = 0;
    snprintf(why, sizeof why, "%" PRId64 " %s%s at a time that the segment before also contains",
             rd->nb_over, rd->kind == TRTC_VIDEO ? "picture" : "sound frame",
             trtc_text_s(rd->nb_over));
    if (rd->over_us >= OVERLAP_MIN_US)
        ret = lose_in(rd, rd->over, (struct trtc_lost){ "overlap", rd->over_us, 0 }, why);
    rd->nb_over = rd->over_us = 0;
    return ret;
}

/* Frames beyond the start of the next segment of the same playlist are lost; a recovery has those
 * beyond its own start. */
static int lose_cut(struct trtc_reader *rd)
{
    const struct trtc_piece *p = piece_of(rd);
    const bool last = rd->at + 1 == rd->lane->n;
    const int64_t us = rd->nb_cut * rd->step_us;
    if (last || rd->lane->clips[rd->at + 1].piece->list != p->list || us < OVERLAP_MIN_US)
        return 0;
    return lose(rd, (struct trtc_lost){ "overlap", us, 0 },
                "%" PRId64 " frame%s in the time of the next segment", rd->nb_cut,
                trtc_text_s(rd->nb_cut));
}

/* Lists the faults that the demultiplexer found in clip at, after those in skipped clips before
 * it. */
static struct trtc_ts_stats stats_of(struct trtc_reader *rd)
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
    return lose_in(rd, p, (struct trtc_lost){ "damaged", 0, gone > s->nb_bad ? gone : s->nb_bad },
                   why);
}

/* Lists the scrambled packets of a piece that also has others. */
static int lose_scrambled(struct trtc_reader *rd, const struct trtc_ts_stats *s)
{
    const struct trtc_piece *p = piece_of(rd);
    int64_t nb = 0;
    for (int i = 0; i < s->nb_named; i++)
        nb += s->named[i].nb_scrambled; /* of the kind that is read */
    if (nb == 0 || p->part > 1)
        return 0;
    return lose(rd, (struct trtc_lost){ "encrypted", 0, nb * TRTC_TS_PACKET },
                "%" PRId64 " scrambled packet%s of %s left out", nb, trtc_text_s(nb),
                rd->kind == TRTC_VIDEO ? "picture" : "sound");
}

/* Lists the pictures of the open clip that have no time of their own. */
static int lose_crowded(struct trtc_reader *rd)
{
    const int64_t nb = trtc_crowd_nb(&rd->crowd);
    return nb == 0 ? 0
                   : lose(rd, (struct trtc_lost){ "damaged", 0, 0 },
                          "%" PRId64 " pictures come within 1 ms of the one before", nb);
}

/* Lists the faults found in the open clip. */
static int lose_damage(struct trtc_reader *rd, const struct trtc_ts_stats *s)
{
    const struct trtc_piece *p = piece_of(rd);
    int ret = lose_inside(rd, p, s) | lose_scrambled(rd, s) | lose_crowded(rd);
    /* the rest of a truncated frame was counted with it */
    if (rd->nb_damaged > 0 && !p->cut && !s->nb_lost && !s->nb_bad)
        ret |= lose(rd, (struct trtc_lost){ "damaged", rd->nb_damaged * rd->step_us, 0 },
                    "%" PRId64 " incomplete frame%s left out", rd->nb_damaged,
                    trtc_text_s(rd->nb_damaged));
    /* the length of a PES shows it where counters do not, as of 16 packets */
    if (rd->nb_torn > 0 && !s->nb_lost && !s->nb_bad)
        ret |= lose(rd, (struct trtc_lost){ "damaged", 0, 0 },
                    "%" PRId64 " incomplete picture%s kept unchanged", rd->nb_torn,
                    trtc_text_s(rd->nb_torn));
    if (rd->nb_no_key > 0)
        ret |= lose(rd, (struct trtc_lost){ "damaged", rd->nb_no_key * rd->step_us, 0 },
                    "%" PRId64 " picture%s before the first key frame cannot be decoded",
                    rd->nb_no_key, trtc_text_s(rd->nb_no_key));
    return ret;
}

/* What has been added to the last stamps of the open clip. */
static int64_t last_shift(const struct trtc_reader *rd)
{
    for (size_t i = rd->course.n; i-- > 0;)
        if (rd->course.runs[i].track == trtc_at(rd->kind))
            return rd->course.runs[i].shift;
    return 0;
}

/* Ends clip at. */
static int close_clip(struct trtc_reader *rd, struct trtc_err *err)
{
    const struct trtc_piece *p = piece_of(rd);
    const struct trtc_clip *c = &rd->lane->clips[rd->at];
    const bool goes_on = rd->nb_passed > 0;
    const struct trtc_ts_stats s = stats_of(rd);
    int ret =
        p->part > 1 ? 0 : lose_unfollowed(rd, &s); /* else it was looked at with the first part */
    ret |= lose_cut(rd);
    rd->open = false;
    /* the next segment continues the last clock of this one */
    rd->next_shift_90k = rd->shift_90k;
    rd->next_shift_90k += last_shift(rd);
    trtc_course_fini(&rd->course);
    ret |= lose_damage(rd, &s);
    /* a clip in which no frame begins may hold a part of one before it */
    const int64_t nb_dropped = rd->nb_no_key + rd->nb_damaged;
    if (rd->begins && c->cut_us == INT64_MAX &&
        (nb_dropped > 0 || s.nb_lost > 0 || s.nb_bad > 0 || s.scrambled || !rd->joined))
        ret |= lose(rd, (struct trtc_lost){ "damaged", p->dur_us, 0 },
                    "no usable frame (%" PRId64 " dropped)", nb_dropped);
    rd->at++;
    if (!goes_on)
        close_files(rd);
    return ret < 0 ? trtc_fail_nomem(err) : 0;
}

int trtc_reader_settle(struct trtc_reader *rd)
{
    if (!rd->open)
        return 0;
    rd->open = false;
    int ret = lose_damage(rd, rd->nb_passed ? &rd->passed[0].stats : trtc_ts_stats(rd->ts));
    for (size_t i = 1; i < rd->nb_passed; i++)
        ret |= lose_inside(rd, rd->lane->clips[rd->at + i].piece, &rd->passed[i].stats);
    if (rd->nb_passed)
        ret |= lose_inside(rd, fed_piece(rd), trtc_ts_stats(rd->ts));
    if (rd->nb_over > 0)
        ret |= lose_overlap(rd);
    return ret < 0 ? -1 : 0;
}

/* The frames of the clip being read begin, so the clip before it has ended. */
static int next_clip(struct trtc_reader *rd, struct trtc_err *err)
{
    const int64_t end = rd->passed[0].end;
    if (close_clip(rd, err) < 0)
        return -1;
    rd->begin = end;
    begin_clip(rd, false);
    rd->joined = true;
    return 0;
}

/* Moves on to the next clip, in which the last frame of this one may continue. Returns 1; 0: there
 * is none (a missing file is listed when its turn comes); -1. */
static int go_on(struct trtc_reader *rd, struct trtc_err *err)
{
    struct trtc_err ignored;
    if (trtc_array_reserve(&rd->passed, &rd->cap_passed, rd->nb_passed + 1, sizeof *rd->passed) < 0)
        return trtc_fail_nomem(err);
    if (rd->fd >= 0)
        close(rd->fd); /* all of it was read */
    const int there =
        open_if_there(rd, rd->lane->clips[rd->feeding + 1].piece, &rd->fd, &ignored, err);
    if (there <= 0)
        return there;
    rd->passed[rd->nb_passed++] =
        (struct passed){ .end = trtc_ts_pos(rd->ts), .stats = *trtc_ts_stats(rd->ts) };
    rd->feeding++;
    rd->pos = 0;
    rd->paused = false;
    trtc_ts_continue(rd->ts);
    return 1;
}

/* Reads on in the piece. Returns the bytes; 0: its end, or its file is gone; -1. */
static ssize_t read_piece(struct trtc_reader *rd, struct trtc_err *err)
{
    const struct trtc_piece *p = fed_piece(rd);
    size_t want = READ_BYTES;
    ssize_t got;
    if (p->ranged && p->bytes - rd->pos < READ_BYTES)
        want = (size_t)(p->bytes - rd->pos);
    int there = want ? open_file(rd, err) : 0;
    if (there <= 0)
        return there;
    do
        got = pread(rd->fd, rd->buf, want, p->at_bytes + rd->pos);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s/%s", rd->rec->dir, p->uri);
    if (rd->sparing)
        close_files(rd);
    if (got == 0 && rd->pos < p->bytes &&
        lose_in(rd, p, (struct trtc_lost){ "truncated", 0, p->bytes - rd->pos },
                "it has become shorter meanwhile") < 0)
        return trtc_fail_nomem(err);
    rd->pos += got;
    return got;
}

/* Feeds the next block, or the end. */
static int refill(struct trtc_reader *rd, struct trtc_err *err)
{
    ssize_t got = rd->paused ? 0 : read_piece(rd, err);
    if (got < 0)
        return -1;
    if (got > 0) {
        trtc_ts_feed(rd->ts, rd->buf, (size_t)got);
        if (rd->bytes)
            atomic_fetch_add_explicit(rd->bytes, got, memory_order_relaxed);
        return 0;
    }
    if (!rd->paused && follows(rd, rd->feeding + 1)) {
        trtc_ts_pause(rd->ts);
        rd->paused = true;
        return 0;
    }
    const int more = rd->paused ? go_on(rd, err) : 0;
    if (more < 0)
        return -1;
    if (more == 0) {
        trtc_ts_end(rd->ts);
        rd->ended = true;
    }
    return 0;
}

/* ---- stamps ---- */

/* What can be wrong with a time stamp. LATE, RISES: that of a picture rises by more than usual, and
 * by more than at a variable rate. BREAKS: it falls, or that of sound rises. */
enum oddity { EVEN, UNEVEN, LATE, RISES, BREAKS };

/* Whether pictures may end so far behind the beginning of the next segment: the stamps of that are
 * as far away as the clock says, so nothing has jumped, and the tracks of a stream that was cut end
 * apart. */
static bool ends_apart(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = piece_of(rd);
    if (rd->kind != TRTC_VIDEO || !follows(rd, rd->at + 1) || p->next_us == TRTC_NOTIME)
        return false;
    const struct trtc_facts *next = &rd->lane->clips[rd->at + 1].piece->facts;
    const int64_t off = trtc_ts_diff(next->first_ts_90k, p->facts.first_ts_90k);
    const int64_t said = ticks_of(p->next_us);
    return !next->odd && llabs(off - said) < TOL_90K && rd->last_90k < said + APART_90K;
}

/* Looks where the segment ends, once. */
static void see_tail(struct trtc_reader *rd, const struct trtc_course_file *f)
{
    if (!rd->tail_seen)
        rd->tail_90k = trtc_course_tail(f, piece_of(rd)->facts.first_ts_90k, &rd->last_90k);
    rd->tail_seen = true;
}

/* Whether the end of the segment is where it should be. */
static bool ends_well(struct trtc_reader *rd, const struct trtc_course_file *f, enum oddity what)
{
    const struct trtc_piece *p = piece_of(rd);
    const int64_t said = ticks_of(p->dur_us), next = ticks_of(p->next_us);
    see_tail(rd, f);
    if (rd->tail_90k == TRTC_NOTIME ||
        trtc_ts_diff(rd->prev_ts, p->facts.first_ts_90k) > rd->tail_90k + GOES_ON_90K)
        return false; /* the frame in hand is not in it */
    return what == UNEVEN ? llabs(rd->tail_90k - said) < TOL_90K
                          : trtc_course_fits(rd->tail_90k, said, next) || ends_apart(rd);
}

/* Reads the course of the segment; its last frames may go on in the next one. */
static int read_course(struct trtc_reader *rd, const struct trtc_course_file *f,
                       struct trtc_err *err)
{
    struct trtc_err ignored;
    int fd;
    if (!follows(rd, rd->at + 1))
        return trtc_course_read(&rd->course, f, NULL, err);
    const struct trtc_piece *next = rd->lane->clips[rd->at + 1].piece;
    if (open_if_there(rd, next, &fd, &ignored, err) < 0)
        return -1;
    const struct trtc_course_file then = { fd, next->at_bytes, next->bytes, NULL };
    const int ret = trtc_course_read(&rd->course, f, fd < 0 ? NULL : &then, err);
    if (fd >= 0)
        close(fd);
    return ret;
}

static int settle_course(struct trtc_course *c, const struct trtc_piece *p)
{
    return trtc_course_settle(c, ticks_of(p->part ? p->whole_us : p->dur_us),
                              ticks_of(p->part ? p->whole_next_us : p->next_us));
}

/* By how much a kind begins later in clip at than the clock says, after a hole in its stamps, while the
 * other kind goes on: it may have paused, or its clock may have jumped there. */
static int64_t late_by(const struct trtc_reader *rd)
{
    const int k = trtc_at(rd->kind);
    const struct trtc_piece *p = piece_of(rd);
    if (!follows(rd, rd->at) || rd->last_ts == TRTC_NOTIME ||
        p->facts.first_dts_90k[k] == TRTC_NOTIME)
        return 0;
    const struct trtc_piece *before = rd->lane->clips[rd->at - 1].piece;
    const int64_t gain = trtc_gain(before, p, k), apart = trtc_gain_on_other(before, p, k);
    const int64_t at_us = trtc_clock_us(&rd->clock, p->facts.first_dts_90k[k] + rd->shift_90k);
    const int64_t hole = ticks_of(at_us - rd->last_us - rd->step_us);
    if (gain < TRTC_GAIN_90K || llabs(apart - gain) >= TOL_90K || 2 * hole <= gain)
        return 0;
    return llabs(hole - gain) < TOL_90K ? hole : gain;
}

/* Whether nothing but its playlist says when the segment ends. */
static bool is_last(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = piece_of(rd);
    return rd->at + 1 == rd->lane->n && p->dur_us != TRTC_NOTIME && !p->whole && !p->cut;
}

/* When a kind is due after the segment, by the clock and by its stamps, as far as is known. */
static void look_onward(struct trtc_reader *rd, int k)
{
    const struct trtc_piece *p = piece_of(rd);
    const struct trtc_facts *f = &p->facts;
    struct trtc_course *c = &rd->course;
    if (p->part || f->first_dts_90k[k] == TRTC_NOTIME)
        return;
    c->onward[k].late = k == trtc_at(rd->kind) ? late_by(rd) : 0;
    if (follows(rd, rd->at + 1)) {
        const struct trtc_piece *next = rd->lane->clips[rd->at + 1].piece;
        c->onward[k].comes = next->facts.first_dts_90k[k];
        c->onward[k].due = c->onward[k].comes - trtc_gain(p, next, k);
        c->onward[k].known = c->onward[k].comes != TRTC_NOTIME && !next->part;
    } else if (is_last(rd)) {
        const int64_t delay = trtc_ts_diff(f->first_90k[k], f->first_dts_90k[k]);
        c->onward[k].comes = TRTC_NOTIME;
        c->onward[k].due = f->first_ts_90k + ticks_of(p->dur_us) - delay + c->onward[k].late;
        c->onward[k].known = true;
    }
}

/* Whether a kind seems to run ahead of the clock in the segment, or before it. */
static bool seems_ahead(const struct trtc_reader *rd)
{
    const bool next = follows(rd, rd->at + 1);
    return late_by(rd) || (next && trtc_gain(piece_of(rd), rd->lane->clips[rd->at + 1].piece,
                                             trtc_at(rd->kind)) >= TRTC_GAIN_90K);
}

/* Reads the course of the segment, and settles it. */
static int follow_course(struct trtc_reader *rd, const struct trtc_course_file *f,
                         struct trtc_err *err)
{
    rd->looked = true;
    rd->course_hint = 0;
    if (read_course(rd, f, err) < 0)
        return -1;
    const int track = trtc_at(rd->kind);
    rd->course.fresh[track] = !own_stamps_go_on(rd) || (rd->shifted && !rd->off_us);
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        look_onward(rd, k);
    return settle_course(&rd->course, piece_of(rd)) < 0 ? trtc_fail_nomem(err) : 0;
}

/* Whether the segment has sound and is longer than its place, so that the course of the sound, which
 * jumps ahead with the pictures, is corrected. */
static bool is_too_long(struct trtc_reader *rd, const struct trtc_course_file *f)
{
    const struct trtc_piece *p = piece_of(rd);
    if (!(p->facts.kinds & TRTC_AUDIO) || p->part)
        return false;
    see_tail(rd, f);
    return rd->tail_90k != TRTC_NOTIME &&
           trtc_course_exceeds(rd->tail_90k, ticks_of(p->dur_us), ticks_of(p->next_us)) &&
           !ends_apart(rd);
}

/* Whether pictures that have risen may fall back later in the segment, or may have risen without a
 * pause, which is found out once. The first sound only seems to rise where it comes behind much of the
 * picture. */
static bool may_jump(struct trtc_reader *rd, const struct trtc_course_file *f, enum oddity what)
{
    const struct trtc_ts_stream *s = trtc_ts_stream(rd->ts, TRTC_VIDEO);
    if (rd->kind != TRTC_VIDEO || (what != LATE && what != RISES) || rd->rose)
        return false;
    rd->rose = true;
    return !s || is_too_long(rd, f) || trtc_course_may_fall(f, s->pid);
}

/* Examines a segment in which a kind may run ahead of the clock, which no single stamp shows. */
static int look_ahead(struct trtc_reader *rd, struct trtc_err *err)
{
    const struct trtc_piece *p = piece_of(rd);
    const bool open = rd->feeding == rd->at; /* there may be no room for another file */
    bool ahead = seems_ahead(rd);
    int fd = -1, ret = 0;
    if (p->part || (!ahead && !is_last(rd)))
        return 0;
    const int there = open ? open_file(rd, err) : open_piece(rd, p, p->bytes, &fd, err);
    if (there <= 0)
        return there;
    const struct trtc_course_file f = { open ? rd->fd : fd, p->at_bytes, p->bytes, rd->ts };
    if (!ahead) {
        see_tail(rd, &f);
        ahead = rd->tail_90k != TRTC_NOTIME && rd->tail_90k - ticks_of(p->dur_us) >= TRTC_GAIN_90K;
    }
    if (ahead)
        ret = follow_course(rd, &f, err);
    if (ahead && !rd->course.regained) {
        trtc_course_reset(&rd->course);
        rd->looked = false;
    }
    if (!open)
        close(fd);
    return ret;
}

/* Handles an odd time stamp: examines all of them, of both kinds, unless the end of the segment is
 * where it should be (which may be by chance if they break, or if they fall after they rise). */
static int look_at_course(struct trtc_reader *rd, enum oddity what, struct trtc_err *err)
{
    const struct trtc_piece *p = piece_of(rd);
    const bool seen = rd->looked || what == EVEN || (what == LATE && rd->rose);
    int fd = -1;
    const int there = seen ? 0 : open_piece(rd, p, p->bytes, &fd, err);
    if (there <= 0)
        return there;
    int ret = 0;
    const struct trtc_course_file f = { fd, p->at_bytes, p->bytes, rd->ts };
    const bool well = what == LATE || (what != BREAKS && ends_well(rd, &f, what));
    if (!well || may_jump(rd, &f, what)) {
        ret = follow_course(rd, &f, err);
        const struct trtc_course *c = &rd->course;
        if (well && !trtc_course_falls(c) && !trtc_course_moves_sound(c)) { /* just a pause */
            trtc_course_reset(&rd->course);
            rd->looked = false;
        }
    }
    close(fd);
    return ret;
}

/* Judges the first time stamp of a kind by the first one of the segment. */
static enum oddity oddity_of_first(const struct trtc_reader *rd, int64_t ts, int64_t pos)
{
    const int64_t off = trtc_ts_diff(ts, piece_of(rd)->facts.first_ts_90k);
    if (off < -FIRST_OFF_90K || piece_of(rd)->facts.odd)
        return BREAKS;
    return off > FIRST_OFF_90K || pos > HEAD_BYTES ? RISES : EVEN;
}

/* Judges a time stamp by the one before it. At a low rate, a stamp that is set back a little does
 * not fall; it only rises by less. */
static enum oddity oddity_of(const struct trtc_reader *rd, int64_t step)
{
    const int64_t more = step - rd->step_90k;
    if (rd->kind == TRTC_AUDIO)
        return more < -TOL_90K || more > TOL_90K ? BREAKS : EVEN;
    if (step < 0)
        return BREAKS;
    if (more > PICTURE_GAP_90K)
        return RISES;
    if (more > TOL_90K && rd->step_90k > 0)
        return LATE;
    return more < -TOL_90K && piece_of(rd)->facts.kinds & TRTC_AUDIO ? UNEVEN : EVEN;
}

/* Examines a time stamp that does not simply follow the one before. */
static int watch(struct trtc_reader *rd, int64_t ts, int64_t pos, struct trtc_err *err)
{
    const bool first = rd->prev_ts == TRTC_NOTIME;
    const int64_t step = first ? 0 : trtc_ts_diff(ts, rd->prev_ts);
    const enum oddity what = first ? oddity_of_first(rd, ts, pos) : oddity_of(rd, step);
    if (rd->kind == TRTC_VIDEO && step > 0 && step < PICTURE_GAP_90K)
        rd->step_90k = step;
    rd->prev_ts = ts;
    const int ret = first && look_ahead(rd, err) < 0 ? -1 : look_at_course(rd, what, err);
    if (rd->sparing)
        close_files(rd);
    return ret;
}

/* Places a stamp on the epoch clock. A stamp that has no place there follows the one before. */
static int64_t place(struct trtc_reader *rd, int64_t ts, int64_t pos)
{
    const struct trtc_piece *p = piece_of(rd);
    const int track = rd->kind == TRTC_AUDIO ? TRTC_AT_AUDIO : TRTC_AT_VIDEO;
    const struct trtc_course *c = &rd->course;
    int64_t shift = rd->shift_90k;
    if (c->n)
        shift += trtc_course_shift(c, track, pos, &rd->course_hint);
    rd->rel_90k = trtc_ts_diff(ts + shift - rd->shift_90k, p->facts.first_ts_90k);
    const int64_t us = trtc_clock_us(&rd->clock, ts + shift);
    const int64_t length_us = c->n && c->end * 100 / 9 > p->dur_us ? c->end * 100 / 9 : p->dur_us;
    if (!c->too_many || (us >= p->start_us - STRAY_US && us <= p->start_us + length_us + STRAY_US))
        return us;
    const int64_t next_us = rd->prev_us == TRTC_NOTIME ? p->start_us : rd->prev_us + rd->step_us;
    trtc_clock_anchor(&rd->clock, ts + shift, next_us);
    return next_us;
}

static int set_times(struct trtc_reader *rd, const struct trtc_ts_frame *f, struct trtc_packet *p,
                     struct trtc_err *err)
{
    const bool first = rd->prev_us == TRTC_NOTIME;
    if (f->pts_90k == TRTC_TS_NOPTS) {
        p->dts_us = p->pts_us = first ? piece_of(rd)->start_us : rd->prev_us + rd->step_us;
    } else {
        const int64_t dts = f->dts_90k == TRTC_TS_NOPTS ? f->pts_90k : f->dts_90k;
        if (watch(rd, dts, f->pos - rd->begin, err) < 0)
            return -1;
        p->dts_us = place(rd, dts, f->pos - rd->begin);
        p->pts_us = p->dts_us + trtc_ts_diff(f->pts_90k, dts) * 100 / 9;
        if (p->pts_us < p->dts_us)
            p->pts_us = p->dts_us;
    }
    const int64_t step = first ? 0 : p->dts_us - rd->prev_us;
    if (step > 0 && step < 1000000)
        rd->step_us = step;
    rd->prev_us = p->dts_us;
    return 0;
}

/* ---- what is handed out ---- */

/* Whether the frame is of this piece, and not of another part of its segment. */
static bool belongs(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = piece_of(rd);
    return p->part == 0 || (rd->rel_90k >= p->from_90k && rd->rel_90k < p->to_90k);
}

static bool leave_out(struct trtc_reader *rd, enum trtc_left why)
{
    rd->account.nb_left[why]++;
    rd->missing = true;
    return false;
}

static bool is_annexb(const struct trtc_ts_frame *f)
{
    return f->stream->codec == TRTC_CODEC_H264 || f->stream->codec == TRTC_CODEC_H265;
}

/* Decoding begins with this picture. */
static void begin_at(struct trtc_reader *rd, const struct trtc_ts_frame *f,
                     const struct trtc_packet *p)
{
    rd->need_key = false;
    rd->leading =
        rd->torn && is_annexb(f) && trtc_annexb_is_open(f->stream->codec, f->data, f->size);
    rd->key_us = p->pts_us;
}

/* Whether the picture is shown before the one that decoding began with, and needs pictures from
 * before that. */
static bool is_leading(struct trtc_reader *rd, const struct trtc_ts_frame *f,
                       const struct trtc_packet *p)
{
    if (f->key)
        rd->leading = false;
    return rd->leading && p->pts_us < rd->key_us &&
           trtc_annexb_refers_back(f->stream->codec, f->data, f->size);
}

/* Whether the time of a frame lies after the cut of its clip. Starts are rounded: if another
 * playlist goes on there, the frame in the middle is that one's. */
static bool is_cut(const struct trtc_reader *rd, int64_t us)
{
    const struct trtc_clip *c = &rd->lane->clips[rd->at];
    const bool same = rd->at + 1 < rd->lane->n && c[1].piece->list == c->piece->list;
    return c->cut_us != INT64_MAX && us >= c->cut_us + (same ? TRTC_ROUNDING_US : -rd->step_us / 2);
}

/* Whether a frame is returned; keeps the account of those that are not. */
static bool usable(struct trtc_reader *rd, const struct trtc_ts_frame *f,
                   const struct trtc_packet *p)
{
    if (rd->past_cut || is_cut(rd, p->pts_us)) {
        /* pictures that follow in decoding order, and are shown before, may refer to this one */
        rd->past_cut |= rd->kind == TRTC_VIDEO || p->dts_us >= rd->lane->clips[rd->at].cut_us;
        rd->nb_cut++;
        return leave_out(rd, TRTC_LEFT_CUT);
    }
    bool last = (rd->ended || rd->nb_passed > 0) && rd->kind == TRTC_VIDEO;
    if ((f->damaged && (rd->kind == TRTC_AUDIO || last)) || (last && piece_of(rd)->cut)) {
        rd->nb_damaged++;
        return leave_out(rd, TRTC_LEFT_DAMAGED);
    }
    if ((rd->need_key && !f->key) || is_leading(rd, f, p)) {
        rd->nb_no_key++;
        return leave_out(rd, TRTC_LEFT_NO_KEY);
    }
    if (rd->need_key)
        begin_at(rd, f, p);
    rd->nb_torn += f->damaged;
    return true;
}

/* Reads the next frame as it is, valid until the next call. Returns 1; 0: the end; -1. *samples,
 * *rate_hz: its length; 0: not known. */
static int next_raw(struct trtc_reader *rd, struct trtc_read *out, int *samples, int *rate_hz,
                    struct trtc_err *err)
{
    while (true) {
        if (!rd->open) {
            int more = open_clip(rd, err);
            if (more <= 0)
                return more;
        }
        struct trtc_ts_frame f;
        int got = trtc_ts_next(rd->ts, &f);
        if (got < 0)
            return trtc_fail_nomem(err);
        if (got == 0) {
            const int ret = !rd->ended          ? refill(rd, err)
                            : rd->nb_passed > 0 ? next_clip(rd, err)
                                                : close_clip(rd, err);
            if (ret < 0)
                return -1;
            continue;
        }
        while (rd->nb_passed > 0 && f.pos >= rd->passed[0].end)
            if (next_clip(rd, err) < 0)
                return -1;
        struct trtc_packet p = { .data = f.data, .size = f.size, .key = f.key };
        *samples = *rate_hz = 0;
        if (rd->kind == TRTC_AUDIO)
            trtc_frame_length(&f, samples, rate_hz);
        if (set_times(rd, &f, &p, err) < 0)
            return -1;
        if (*samples) {
            rd->step_90k = INT64_C(90000) * *samples / *rate_hz;
            rd->step_us = INT64_C(1000000) * *samples / *rate_hz;
        }
        if (!belongs(rd))
            continue;
        rd->account.nb_in++;
        if (!usable(rd, &f, &p))
            continue;
        *out = (struct trtc_read){
            .pkt = p, .stream = f.stream, .piece = piece_of(rd), .piece_begins = rd->begins
        };
        if (*samples)
            out->dur_us = INT64_C(1000000) * *samples / *rate_hz;
        rd->begins = false;
        return 1;
    }
}

/* Whether the time of the frame, but for less than a quarter, has been used already. */
static bool overlaps(struct trtc_reader *rd, const struct trtc_read *r)
{
    if (rd->end_us == TRTC_NOTIME || r->pkt.pts_us + r->dur_us * 3 / 4 >= rd->end_us)
        return false;
    rd->account.nb_left[TRTC_LEFT_OVERLAP]++;
    rd->over = r->piece;
    rd->nb_over++;
    rd->over_us += r->dur_us;
    return true;
}

/* The next frame of sound that was placed and overlaps nothing. */
static int pop_sound(struct trtc_reader *rd, struct trtc_read *out, struct trtc_err *err)
{
    const bool end = rd->drained || rd->have_plain;
    while (trtc_ahead_pop(&rd->ahead, end, out)) {
        if (overlaps(rd, out))
            continue;
        rd->end_us = out->pkt.pts_us + out->dur_us;
        return rd->nb_over > 0 && lose_overlap(rd) < 0 ? trtc_fail_nomem(err) : 1;
    }
    if (end && rd->nb_over > 0 && lose_overlap(rd) < 0)
        return trtc_fail_nomem(err);
    return 0;
}

/* Sound: frames wait until their place is known. */
static int next_sound(struct trtc_reader *rd, struct trtc_read *out, struct trtc_err *err)
{
    struct trtc_read r;
    int samples, rate_hz;
    while (true) {
        int got = pop_sound(rd, out, err);
        if (got != 0 || (rd->drained && !rd->have_plain))
            return got;
        if (rd->have_plain) {
            *out = rd->plain;
            rd->have_plain = false;
            return 1;
        }
        got = next_raw(rd, &r, &samples, &rate_hz, err);
        if (got < 0)
            return -1;
        rd->drained = got == 0;
        rd->have_plain = got > 0 && samples == 0;
        if (rd->have_plain)
            rd->plain = r;
        else if (got > 0 && trtc_ahead_push(&rd->ahead, &r, samples, rate_hz, rd->missing) < 0)
            return trtc_fail_nomem(err);
        rd->missing = false;
    }
}

/* A segment that was cut anywhere begins with pictures that are shown before the last one of the
 * segment before, and decoded behind it: nothing overlaps. */
static bool goes_on(const struct trtc_reader *rd, const struct trtc_packet *p)
{
    if (p->dts_us != p->pts_us)
        return p->dts_us > rd->seen_dts_us;
    return !p->key && rd->end_us - p->pts_us <= REORDER_MAX_US;
}

/* Whether the picture, at the beginning of a segment, is shown before the end of the segment
 * before. */
static int note_pictures(struct trtc_reader *rd, const struct trtc_read *r, struct trtc_err *err)
{
    const int64_t at_us = r->pkt.pts_us;
    if (r->piece_begins && rd->end_us != TRTC_NOTIME && at_us < rd->end_us &&
        !goes_on(rd, &r->pkt)) {
        rd->over = r->piece;
        rd->over_us = rd->end_us - at_us;
    }
    trtc_crowd_add(&rd->crowd, r->pkt.dts_us);
    rd->seen_dts_us = r->pkt.dts_us;
    if (rd->over_us > 0 && at_us < rd->end_us) {
        rd->nb_over++;
        return 1;
    }
    rd->end_us = at_us > rd->end_us ? at_us : rd->end_us;
    return rd->nb_over > 0 && lose_overlap(rd) < 0 ? trtc_fail_nomem(err) : 1;
}

int trtc_reader_next(struct trtc_reader *rd, struct trtc_read *out, struct trtc_err *err)
{
    int samples, rate_hz;
    if (rd->kind == TRTC_AUDIO)
        return next_sound(rd, out, err);
    const int got = next_raw(rd, out, &samples, &rate_hz, err);
    if (got == 0 && rd->nb_over > 0)
        return lose_overlap(rd) < 0 ? trtc_fail_nomem(err) : 0;
    return got > 0 ? note_pictures(rd, out, err) : got;
}

const struct trtc_ledger *trtc_reader_account(const struct trtc_reader *rd)
{
    return &rd->account;
}
