/* SPDX-License-Identifier: MIT */
/* One lane of a time line as one continuous stream of frames on the epoch clock. */
#include "media/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/beneath.h"
#include "core/clock.h"

enum { READ_BYTES = 256 * 1024 };
#define STRAY_US 2000000 /* a stamp this far outside its segment is a jump inside it */

struct trtc_reader {
    const struct trtc_recording *rec;
    const struct trtc_lane *lane;
    enum trtc_kind kind;
    struct trtc_losses *losses;
    atomic_llong *bytes;
    struct trtc_ts *ts;
    uint8_t *buf;
    int dirfd, fd;      /* -1 between two reads where r is read sparingly */
    int64_t pos;        /* bytes read of this clip's piece */
    size_t at;          /* clip being read; lane->n at the end */
    bool open, ended;   /* clip at has begun; all of it was fed */
    bool past_cut;      /* the rest of this clip is not wanted */
    bool begins;        /* no frame of this clip has been handed out */
    bool need_key;      /* pictures before the next key frame cannot be decoded */
    int64_t nb_no_key;  /* ... so many were dropped in this clip */
    int64_t nb_damaged; /* frames of this clip left out since they were incomplete */
    struct trtc_clock clock;
    int64_t prev_us, step_us; /* decoding time of the frame before, and the usual distance */
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
    if (rd->dirfd >= 0 && rd->rec->sparing) {
        close(rd->dirfd);
        rd->dirfd = -1;
    }
    rd->fd = -1;
}

struct trtc_reader *trtc_reader_new(const struct trtc_recording *r, const struct trtc_lane *lane,
                                    enum trtc_kind kind, struct trtc_losses *losses,
                                    atomic_llong *bytes, struct trtc_err *err)
{
    struct trtc_reader *rd = calloc(1, sizeof *rd);
    if (!rd) {
        trtc_fail_nomem(err);
        return NULL;
    }
    *rd = (struct trtc_reader){ .rec = r,
                                .lane = lane,
                                .kind = kind,
                                .losses = losses,
                                .bytes = bytes,
                                .dirfd = -1,
                                .fd = -1,
                                .need_key = kind == TRTC_VIDEO,
                                .prev_us = TRTC_NOTIME };
    rd->step_us = kind == TRTC_VIDEO ? 66667 : 21333;
    rd->ts = trtc_ts_new(kind == TRTC_VIDEO ? TRTC_TS_VIDEO : TRTC_TS_AUDIO);
    rd->buf = malloc(READ_BYTES);
    if (!rd->ts || !rd->buf) {
        trtc_fail_nomem(err);
    } else if (open_directory(rd, err) == 0) { /* whether it is there at all */
        close_files(rd);
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
    free((*rd)->buf);
    free(*rd);
    *rd = NULL;
}

static const struct trtc_piece *piece_of(const struct trtc_reader *rd)
{
    return rd->lane->clips[rd->at].piece;
}

__attribute__((format(printf, 5, 6))) static int
lose(struct trtc_reader *rd, const char *kind, int64_t us, int64_t bytes, const char *fmt, ...)
{
    const struct trtc_piece *p = piece_of(rd);
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    char *path = trtc_piece_path(rd->rec, p);
    int ret =
        path ? trtc_losses_add(rd->losses, path, kind, p->source, p->start_us, us, bytes, "%s", why)
             : -1;
    free(path);
    return ret;
}

static int fail_read(const struct trtc_reader *rd, int code, const char *why, struct trtc_err *err)
{
    return trtc_fail(err, code, "%s/%s: %s", rd->rec->dir, piece_of(rd)->uri, why);
}

/* The file of the clip. 1, 0 where it is gone (a loss was listed), -1 where the machine fails. */
static int open_file(struct trtc_reader *rd, struct trtc_err *err)
{
    const struct trtc_piece *p = piece_of(rd);
    struct trtc_err why;
    if (rd->fd >= 0)
        return 1;
    if (open_directory(rd, err) < 0)
        return -1;
    rd->fd = trtc_open_beneath(rd->dirfd, p->uri, NULL, &why);
    if (rd->fd >= 0)
        return 1;
    if (trtc_is_shortage(&why))
        return fail_read(rd, why.code, why.msg, err);
    if (lose(rd, "missing", rd->pos ? 0 : p->dur_us, p->bytes - rd->pos, "%s", why.msg) < 0)
        return trtc_fail_nomem(err);
    return 0;
}

/* Opens the next clip's file. 1, 0 where there is no more, -1 where the machine fails. What is not
 * there any more is a loss. */
static int open_clip(struct trtc_reader *rd, struct trtc_err *err)
{
    for (; rd->at < rd->lane->n; rd->at++) {
        const struct trtc_piece *p = piece_of(rd);
        rd->pos = 0;
        int there = open_file(rd, err);
        if (there < 0)
            return -1;
        if (there == 0)
            continue;
        trtc_ts_begin(rd->ts);
        int64_t jump =
            trtc_clock_segment(&rd->clock, p->facts.first_ts_90k, p->start_us, p->exact, p->dur_us);
        if (jump && rd->kind == TRTC_VIDEO)
            rd->need_key = true;
        rd->prev_us = TRTC_NOTIME;
        rd->open = rd->begins = true;
        rd->ended = rd->past_cut = false;
        rd->nb_no_key = rd->nb_damaged = 0;
        return 1;
    }
    return 0;
}

static int close_clip(struct trtc_reader *rd, struct trtc_err *err)
{
    const struct trtc_ts_stats *s = trtc_ts_stats(rd->ts);
    const struct trtc_clip *c = &rd->lane->clips[rd->at];
    int ret = 0;
    close_files(rd);
    rd->open = false;
    bool told = piece_of(rd)->cut; /* what is left of the cut frame was counted with it */
    int64_t gone = s->nb_lost * TRTC_TS_PACKET; /* overwritten packets are missing and unreadable */
    if (gone > 0 || (s->nb_bad > 0 && !told))
        ret |= lose(rd, "damaged", 0, gone > s->nb_bad ? gone : s->nb_bad,
                    "%" PRId64 " transport packets are missing inside, %" PRId64
                    " bytes cannot be read",
                    s->nb_lost, s->nb_bad);
    if (rd->nb_damaged > 0 && !told && !s->nb_lost && !s->nb_bad)
        ret |= lose(rd, "damaged", rd->nb_damaged * rd->step_us, 0,
                    "%" PRId64 " incomplete frames left out", rd->nb_damaged);
    if (rd->nb_no_key > 0)
        ret |= lose(rd, "damaged", rd->nb_no_key * rd->step_us, 0,
                    "%" PRId64 " pictures before the first key frame cannot be decoded",
                    rd->nb_no_key);
    if (rd->begins && c->cut_us == INT64_MAX)
        ret |= lose(rd, "damaged", piece_of(rd)->dur_us, 0, "no usable frame (%" PRId64 " dropped)",
                    rd->nb_no_key + rd->nb_damaged);
    rd->at++;
    return ret < 0 ? trtc_fail_nomem(err) : 0;
}

/* Reads on in the piece: bytes, 0 at its end, or where its file is gone, -1. */
static ssize_t read_piece(struct trtc_reader *rd, struct trtc_err *err)
{
    const struct trtc_piece *p = piece_of(rd);
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
    if (rd->rec->sparing)
        close_files(rd);
    if (got == 0 && rd->pos < p->bytes &&
        lose(rd, "truncated", 0, p->bytes - rd->pos, "it has become shorter meanwhile") < 0)
        return trtc_fail_nomem(err);
    rd->pos += got;
    return got;
}

/* Feeds the next block, or the end. */
static int refill(struct trtc_reader *rd, struct trtc_err *err)
{
    ssize_t got = read_piece(rd, err);
    if (got < 0)
        return -1;
    if (got > 0) {
        trtc_ts_feed(rd->ts, rd->buf, (size_t)got);
        if (rd->bytes)
            atomic_fetch_add_explicit(rd->bytes, got, memory_order_relaxed);
    } else {
        trtc_ts_end(rd->ts);
        rd->ended = true;
    }
    return 0;
}

/* Times of a frame on the epoch clock; jumps inside the segment are closed up. */
static void set_times(struct trtc_reader *rd, const struct trtc_ts_frame *f, struct trtc_packet *p)
{
    const struct trtc_piece *piece = piece_of(rd);
    bool first = rd->prev_us == TRTC_NOTIME;
    if (f->pts_90k == TRTC_TS_NOPTS) {
        p->dts_us = p->pts_us = first ? piece->start_us : rd->prev_us + rd->step_us;
    } else {
        int64_t dts = f->dts_90k == TRTC_TS_NOPTS ? f->pts_90k : f->dts_90k;
        p->dts_us = trtc_clock_us(&rd->clock, dts);
        if (p->dts_us < piece->start_us - STRAY_US ||
            p->dts_us > piece->start_us + piece->dur_us + STRAY_US) {
            int64_t us = first ? piece->start_us : rd->prev_us + rd->step_us;
            trtc_clock_anchor(&rd->clock, dts, us);
            p->dts_us = us;
        }
        p->pts_us = p->dts_us + trtc_ts_diff(f->pts_90k, dts) * 100 / 9;
        if (p->pts_us < p->dts_us)
            p->pts_us = p->dts_us;
    }
    int64_t step = first ? 0 : p->dts_us - rd->prev_us;
    if (step > 0 && step < 1000000)
        rd->step_us = step;
    rd->prev_us = p->dts_us;
}

/* Whether a frame is to be handed out; keeps the counts of what is not. */
static bool usable(struct trtc_reader *rd, const struct trtc_ts_frame *f,
                   const struct trtc_packet *p)
{
    const struct trtc_clip *c = &rd->lane->clips[rd->at];
    /* starts are rounded: a frame this close to the cut is the one that stands behind it */
    if (c->cut_us != INT64_MAX && p->pts_us + rd->step_us / 2 >= c->cut_us) {
        rd->past_cut = p->dts_us >= c->cut_us;
        return false;
    }
    bool last = rd->ended && rd->kind == TRTC_VIDEO;
    if ((f->damaged && (rd->kind == TRTC_AUDIO || last)) || (last && piece_of(rd)->cut)) {
        rd->nb_damaged++;
        return false;
    }
    if (rd->need_key && !f->key) {
        rd->nb_no_key++;
        return false;
    }
    rd->need_key = false;
    return true;
}

int trtc_reader_next(struct trtc_reader *rd, struct trtc_read *out, struct trtc_err *err)
{
    while (true) {
        if (!rd->open) {
            int more = open_clip(rd, err);
            if (more <= 0)
                return more;
        }
        struct trtc_ts_frame f;
        int got = rd->past_cut ? 0 : trtc_ts_next(rd->ts, &f);
        if (got < 0)
            return trtc_fail_nomem(err);
        if (got == 0) {
            if ((rd->ended || rd->past_cut ? close_clip(rd, err) : refill(rd, err)) < 0)
                return -1;
            continue;
        }
        struct trtc_packet p = { .data = f.data, .size = f.size, .key = f.key };
        set_times(rd, &f, &p);
        if (!usable(rd, &f, &p))
            continue;
        *out = (struct trtc_read){
            .pkt = p, .stream = f.stream, .piece = piece_of(rd), .piece_begins = rd->begins
        };
        rd->begins = false;
        return 1;
    }
}
