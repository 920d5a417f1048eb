/* SPDX-License-Identifier: MIT */
/* A first look into the segments of a recording. */
#include "source/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/beneath.h"
#include "base/file.h"
#include "recording/clock.h"
#include "recording/timeline.h"
#include "source/look.h"
#include "source/sealed.h"
#include "source/tables.h"
#include "ts/ts.h"

enum {
    BLOCK_BYTES = 48 * 1024,  /* holds the first frame of nearly every segment */
    HEAD_MAX_BYTES = 4 << 20, /* a track that is named shows a frame by then, or is searched for */
    SCAN_BYTES = 256 * 1024,
    SAMPLE_S = 5, /* distance of the places at which a pause is searched for */
    NB_PACKETS_TO_JUDGE = 3,
    PID_PAT = 0,
    PID_SDT = 0x11
};

#define SHORT_US     100000  /* less than this missing at a segment's end is rounding */
#define PIECE_MAX_US 1000000 /* a longer segment has whole frames */
#define PAUSE_US     2000000 /* a segment of the right size that ends this early has had a pause */
#define SECOND_US    1000000
#define LONE_US      2000000 /* a picture that is alone in a segment may be shown this long */
#define BACK_90K     90000   /* stamps that are lower by more have fallen */

/* What a segment and the next one show of what is between them. */
struct border {
    bool read; /* the next one was; else nothing is known */
    bool all;  /* its first 4 MB were, so that what is shown before its first picture has come */
    bool frames, counters; /* its frames begin where those of this one end; no packet is missing */
    bool headless;         /* the next one begins in the middle of a PES */
    bool lacks;            /* packets are missing, as counters show that do not begin anew */
};

struct probe {
    struct trtc_recording *r;
    int dirfd;
    struct trtc_ts *ts;   /* sound and pictures, */
    struct trtc_ts *late; /* and for kinds that a segment does not have at its beginning */
    uint8_t *buf;         /* SCAN_BYTES */
    struct trtc_look look;
    bool count_frames;
    int list;                     /* of the segment before */
    int64_t tables_place;         /* number of the segment in it whose tables are known, or -1 */
    bool searched;                /* tables were searched for in its later segments */
    struct trtc_ts_counts counts; /* of the segment before, */
    int64_t counted;              /* and its number in its playlist; -1: they are not known */
    bool went_on, fresh;          /* those of this segment go on from there; they begin with 0 */
    bool torn;                    /* the end of its last picture is missing */
    struct border border;         /* behind this segment, */
    bool looked_behind;           /* ... once that was looked at */
    unsigned sealed;              /* TRTC_AUDIO, TRTC_VIDEO: kinds whose samples are encrypted */
    unsigned may_have;            /* TRTC_AUDIO, TRTC_VIDEO: kinds that the segments may have */
    int noted[TRTC_TS_NAMED_MAX]; /* PID and type of the streams left out that were noted */
    int nb_noted;
};

/* How far a segment is to be read, and was. */
enum depth { HEAD, TAIL, WHOLE };

/* ---- reading ---- */

/* The part of a segment that is to be read. */
struct stretch {
    int fd;
    int64_t at, to; /* at moves on */
};

/* Reads a block of at most max bytes. Returns the bytes, 0 at the end, -1. */
static ssize_t read_block(struct probe *x, struct stretch *s, size_t max, struct trtc_err *err)
{
    const size_t want = s->to - s->at < (int64_t)max ? (size_t)(s->to - s->at) : max;
    const ssize_t got = want ? trtc_read_at(s->fd, x->buf, want, x->look.at_bytes + s->at) : 0;
    if (got < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot be read");
    s->at += got;
    return got;
}

static int drain(struct probe *x, struct trtc_err *err)
{
    struct trtc_ts_frame f;
    int got;
    while ((got = trtc_ts_next(x->ts, &f)) > 0)
        if (trtc_look_frame(&x->look, &f) < 0)
            return trtc_fail_nomem(err);
    return got < 0 ? trtc_fail_nomem(err) : 0;
}

/* Each kind that the program map names has shown a frame (video: with its parameter sets). */
static bool head_known(const struct probe *x)
{
    const struct trtc_look *l = &x->look;
    bool audio = trtc_ts_stream(x->ts, TRTC_AUDIO), video = trtc_ts_stream(x->ts, TRTC_VIDEO);
    return (audio || video) && (!audio || l->nb[0]) && (!video || (l->nb[1] && l->have_params));
}

static void keep_head(struct trtc_look *l, const uint8_t *p, size_t n)
{
    l->nb_head = n < sizeof l->head ? n : sizeof l->head;
    memcpy(l->head, p, l->nb_head);
}

/* Feeds a stretch; head: stops as soon as enough is known. */
static int feed(struct probe *x, struct stretch *s, bool head, struct trtc_err *err)
{
    ssize_t got;
    while ((got = read_block(x, s, BLOCK_BYTES, err)) > 0) {
        if (s->at == got)
            keep_head(&x->look, x->buf, (size_t)got);
        trtc_ts_feed(x->ts, x->buf, (size_t)got);
        if (drain(x, err) < 0)
            return -1;
        if (head && (head_known(x) || (s->at >= BLOCK_BYTES &&
                                       trtc_ts_stats(x->ts)->nb_packets < NB_PACKETS_TO_JUDGE)))
            break;
    }
    return got < 0 ? -1 : 0;
}

static int finish(struct probe *x, struct trtc_err *err)
{
    trtc_ts_end(x->ts);
    return drain(x, err);
}

/* The whole segment, from its beginning. */
static int read_all(struct probe *x, const struct trtc_piece *p, int fd, struct trtc_err *err)
{
    struct stretch all = { fd, 0, p->bytes };
    trtc_look_begin(&x->look, x->look.facts, p->at_bytes);
    trtc_ts_begin(x->ts);
    return feed(x, &all, false, err) < 0 || finish(x, err) < 0 ? -1 : 0;
}

/* The end of a segment whose beginning was read up to at. */
static int read_tail(struct probe *x, const struct trtc_piece *p, int fd, int64_t at,
                     struct trtc_err *err)
{
    if (p->bytes - BLOCK_BYTES > at) {
        at = p->bytes - BLOCK_BYTES;
        trtc_look_skip(&x->look);
    }
    struct stretch tail = { fd, at, p->bytes };
    return feed(x, &tail, false, err) < 0 || finish(x, err) < 0 ? -1 : 0;
}

/* Looks at places of a long segment that has been read up to at. 1: its stamps fall, or it may
 * have a pause that ends a section. */
static int sample(struct probe *x, const struct trtc_piece *p, int fd, int64_t at,
                  struct trtc_err *err)
{
    struct trtc_look *l = &x->look;
    const double seconds = (double)p->dur_us / 1e6;
    const int64_t step = (int64_t)((double)p->bytes / seconds * SAMPLE_S);
    const int64_t gap = TRTC_SECTION_GAP_US * 9 / 100;
    if (step <= BLOCK_BYTES || l->span.pause > gap)
        return 1;
    while (at < p->bytes) {
        const int64_t last = l->span.last;
        at += step - BLOCK_BYTES;
        at = at < p->bytes - BLOCK_BYTES ? at : p->bytes - BLOCK_BYTES;
        l->span.any = false;
        trtc_look_skip(l);
        struct stretch block = { fd, at, at + BLOCK_BYTES };
        if (feed(x, &block, false, err) < 0)
            return -1;
        at = block.at;
        const int64_t passed = l->span.first - last;
        if (!l->span.any || passed < -BACK_90K || passed > gap || l->span.pause > gap)
            return 1;
    }
    return finish(x, err) < 0 ? -1 : 0;
}

/* ---- tracks that come late ---- */

/* Looks through the segment for the kinds that were not seen at its beginning, until each has shown
 * a frame. All other packets are passed over at the speed of memory. */
static int look_for(struct probe *x, const struct trtc_piece *p, int fd, unsigned kinds,
                    struct trtc_err *err)
{
    struct trtc_ts_frame f;
    struct stretch all = { fd, 0, p->bytes };
    ssize_t got = 1;
    int more = 0;
    trtc_ts_free(&x->late);
    x->late = trtc_ts_new((kinds & TRTC_AUDIO ? TRTC_AUDIO : 0u) |
                          (kinds & TRTC_VIDEO ? TRTC_VIDEO : 0u));
    if (!x->late)
        return trtc_fail_nomem(err);
    trtc_ts_learn(x->late, x->ts);
    while (got > 0 && kinds & ~trtc_look_kinds(&x->look)) {
        got = read_block(x, &all, SCAN_BYTES, err);
        if (got > 0)
            trtc_ts_feed(x->late, x->buf, (size_t)got);
        else
            trtc_ts_end(x->late);
        while ((more = trtc_ts_next(x->late, &f)) > 0)
            trtc_look_late(&x->look, &f);
        if (more < 0)
            return trtc_fail_nomem(err);
    }
    return got < 0 ? -1 : 0;
}

/* ---- judging ---- */

/* Whether more is missing at the end than uneven frames explain. */
static bool is_short(const struct trtc_look *l, int64_t said_us, int64_t seen_us)
{
    if (seen_us == TRTC_NOTIME || said_us == TRTC_NOTIME)
        return false;
    int64_t uneven_us = l->nb[1] ? 3 * l->step_max[1] * 100 / 9 : 0;
    if (l->nb[0] == 0 && l->nb[1] == 1 &&
        uneven_us < LONE_US) /* how long it is shown is not known */
        uneven_us = LONE_US;
    return said_us - seen_us > (uneven_us > SHORT_US ? uneven_us : SHORT_US);
}

static bool has_sample_aes(const struct trtc_ts_stats *stats)
{
    for (int i = 0; i < stats->nb_named; i++)
        if (trtc_ts_is_encrypted(&stats->named[i]))
            return true;
    return false;
}

static int lose_encrypted(struct trtc_recording *r, const struct trtc_piece *p, int64_t us,
                          int64_t bytes, const char *what)
{
    char why[128];
    snprintf(why, sizeof why, "%s encrypted with %.40s%s", what,
             p->key_method ? p->key_method : "SAMPLE-AES", p->key_method ? " (EXT-X-KEY)" : "");
    return trtc_losses_add_piece(&r->losses, r, p, (struct trtc_lost){ "encrypted", us, bytes },
                                 "%s", why);
}

/* Lists a segment of which nothing can be used, with the reason. */
static int lose_all(struct trtc_recording *r, struct trtc_piece *p, const struct trtc_look *l,
                    const struct trtc_ts_stats *stats)
{
    const int64_t us = p->dur_us == TRTC_NOTIME ? 0 : p->dur_us, nb = stats->nb_packets,
                  bytes = p->attr_bytes >= 0 ? p->attr_bytes : p->bytes;
    const char *name = trtc_content_name(l->head, l->nb_head);
    char why[160];
    p->unusable = true;
    if (has_sample_aes(stats))
        return lose_encrypted(r, p, us, bytes, "its sound and pictures are");
    if (stats->scrambled)
        return trtc_losses_add_piece(&r->losses, r, p, (struct trtc_lost){ "encrypted", us, bytes },
                                     "its packets are scrambled");
    /* a segment of few packets and nothing else is a stream, though a short one */
    if (nb > 0 && (nb >= NB_PACKETS_TO_JUDGE || p->bytes < (nb + 1) * TRTC_TS_PACKET))
        return trtc_losses_add_piece(&r->losses, r, p, (struct trtc_lost){ "empty", us, bytes },
                                     "it holds no picture and no sound");
    if (p->key_method)
        return lose_encrypted(r, p, us, bytes, "it is");
    if (!name && p->map)
        name = "a fragment of an MP4 (EXT-X-MAP)";
    if (!name && trtc_content_is_even(l->head, l->nb_head))
        name = "perhaps encrypted";
    snprintf(why, sizeof why, "it is %s%sno MPEG transport stream", name ? name : "",
             name ? ", " : "");
    return trtc_losses_add_piece(&r->losses, r, p, (struct trtc_lost){ "foreign", us, bytes }, "%s",
                                 why);
}

/* Lists the kinds of which all packets are scrambled. */
static int lose_scrambled(struct trtc_recording *r, struct trtc_piece *p,
                          const struct trtc_ts_stats *stats)
{
    const int64_t us = p->dur_us == TRTC_NOTIME ? 0 : p->dur_us;
    int ret = 0;
    for (int i = 0; i < stats->nb_named; i++) {
        const struct trtc_ts_named *n = &stats->named[i];
        if (n->nb_scrambled == 0 || (p->facts.kinds | p->facts.scrambled) & n->kind)
            continue;
        p->facts.scrambled |= n->kind;
        ret |= trtc_losses_add_piece(&r->losses, r, p, (struct trtc_lost){ "encrypted", us, 0 },
                                     "the packets of its %s are scrambled",
                                     n->kind == TRTC_VIDEO ? "picture" : "sound");
    }
    return ret;
}

/* Lists the kinds whose samples are encrypted, and leaves them out. */
static int lose_sealed(struct probe *x, struct trtc_piece *p)
{
    const int64_t us = p->dur_us == TRTC_NOTIME ? 0 : p->dur_us;
    const unsigned sealed = p->facts.kinds & x->sealed;
    if (sealed == 0)
        return 0;
    p->facts.kinds &= ~sealed;
    p->facts.scrambled |= sealed;
    p->unusable = p->facts.kinds == 0;
    return lose_encrypted(x->r, p, us, p->unusable ? p->bytes : 0,
                          sealed == TRTC_VIDEO   ? "its picture is"
                          : sealed == TRTC_AUDIO ? "its sound is"
                                                 : "its sound and pictures are");
}

/* Kinds that have packets in it. */
static unsigned kinds_of_packets(const struct trtc_ts_stats *stats)
{
    unsigned kinds = 0;
    for (int i = 0; i < stats->nb_named && !stats->scrambled; i++)
        if (stats->named[i].nb_bytes > 0)
            kinds |= stats->named[i].kind == TRTC_VIDEO ? TRTC_VIDEO : TRTC_AUDIO;
    return kinds;
}

/* Kinds of which the segment has packets but no whole frame: their frame began in the segment
 * before, or ends in the next one. Their format is copied from the segment before. Returns these
 * kinds. */
static unsigned take_over(const struct trtc_recording *r, struct trtc_piece *p,
                          const struct trtc_ts_stats *stats)
{
    const struct trtc_piece *before = p - 1;
    struct trtc_facts *x = &p->facts;
    if (p == r->pieces || before->list != p->list || before->place + 1 != p->place ||
        before->unusable || before->cut || before->dur_us == TRTC_NOTIME)
        return 0;
    const struct trtc_facts *from = &before->facts;
    const unsigned kinds = kinds_of_packets(stats) & from->kinds & ~x->kinds;
    if (x->kinds == 0 && (p->dur_us == TRTC_NOTIME || p->dur_us > PIECE_MAX_US))
        return 0;
    if (x->kinds == 0 && kinds) {
        x->first_ts_90k = (from->first_ts_90k + before->dur_us * 9 / 100) & (TRTC_TS_WRAP_90K - 1);
        x->headless = true;
    }
    if (kinds & TRTC_VIDEO) {
        memcpy(x->video_codec, from->video_codec, sizeof x->video_codec);
        x->width_px = from->width_px;
        x->height_px = from->height_px;
        x->sar_num = from->sar_num;
        x->sar_den = from->sar_den;
        x->profile = from->profile;
    }
    if (kinds & TRTC_AUDIO) {
        memcpy(x->audio_codec, from->audio_codec, sizeof x->audio_codec);
        x->rate_hz = from->rate_hz;
        x->channels = from->channels;
        x->object_type = from->object_type;
        x->blocks = from->blocks;
    }
    return kinds;
}

/* Whether another stream of that kind is used. Otherwise the lane of the kind takes this one, even
 * from another program. */
static bool is_second(const struct trtc_ts_stats *stats, const struct trtc_ts_named *n)
{
    for (int i = 0; i < stats->nb_named; i++)
        if (stats->named[i].kind == n->kind && stats->named[i].taken)
            return true;
    return n->kind == 0;
}

/* Adds a note, once for each stream of a playlist, about a stream that exists but is not merged. */
static int note_left_out(struct probe *x, const struct trtc_piece *p,
                         const struct trtc_ts_stats *stats)
{
    for (int i = 0; i < stats->nb_named; i++) {
        const struct trtc_ts_named *n = &stats->named[i];
        const bool alone = n->kind && !(p->facts.kinds & n->kind); /* which the reader lists */
        const int key = n->stream.pid << 8 | n->stream.stream_type;
        bool known = alone || !is_second(stats, n) || !trtc_ts_left_out(n) ||
                     x->nb_noted == TRTC_TS_NAMED_MAX || trtc_ts_is_encrypted(n);
        for (int k = 0; k < x->nb_noted; k++)
            known |= x->noted[k] == key;
        if (known)
            continue;
        x->noted[x->nb_noted++] = key;
        if (trtc_recording_note(x->r, "%s/%s: the stream with PID %d is left out: %s%s", x->r->dir,
                                p->uri, n->stream.pid,
                                n->kind == TRTC_VIDEO   ? "a second picture, "
                                : n->kind == TRTC_AUDIO ? "a second sound, "
                                : *n->stream.codec_name
                                    ? "it holds "
                                    : "neither sound nor picture, or of a type that is not known",
                                *n->stream.codec_name ? n->stream.codec_name
                                : n->kind             ? "unknown codec"
                                                      : "") < 0)
            return -1;
    }
    return 0;
}

/* Returns the next segment in the playlist, or NULL. */
static const struct trtc_piece *next_segment(const struct trtc_recording *r,
                                             const struct trtc_piece *p)
{
    const struct trtc_piece *next = p + 1;
    return next < r->pieces + r->nb_pieces && next->list == p->list && next->place == p->place + 1
               ? next
               : NULL;
}

/* Whether a segment ends in the middle of a packet. What a tool has put behind the last one, such
 * as a line end or the padding of a cipher, is none. */
static bool is_torn(const struct probe *x, const struct trtc_piece *p,
                    const struct trtc_ts_stats *stats)
{
    const int64_t at = trtc_ts_torn_at(stats, p->bytes);
    struct trtc_err ignored;
    uint8_t byte = 0;
    if (at < 0)
        return false;
    const int fd = trtc_open_beneath(x->dirfd, p->uri, NULL, &ignored);
    if (fd < 0)
        return true;
    const ssize_t got = trtc_read_at(fd, &byte, 1, p->at_bytes + at);
    close(fd);
    return got != 1 || byte == TRTC_TS_SYNC;
}

/* Whether the packet in whose middle a segment ends continues in the next one. */
static bool is_joined(const struct probe *x, const struct trtc_piece *p,
                      const struct trtc_ts_stats *stats)
{
    const struct trtc_piece *next = next_segment(x->r, p);
    struct trtc_err ignored;
    uint8_t head[1024];
    if (!next)
        return false;
    const int fd = trtc_open_beneath(x->dirfd, next->uri, NULL, &ignored);
    if (fd < 0)
        return false;
    const ssize_t got = trtc_read_at(fd, head, sizeof head, next->at_bytes);
    close(fd);
    return got > 0 && trtc_ts_joins(stats, p->bytes, head, (size_t)got);
}

/* Whether the counters of this segment show that those in its playlist do not begin anew with each. */
static bool counts_on(const struct probe *x, const struct trtc_piece *p,
                      const struct trtc_ts_counts *next)
{
    const bool first = p == x->r->pieces || p[-1].list != p->list;
    return (x->went_on && !x->fresh) || ((x->went_on || first) && !next->fresh);
}

/* Reads the beginning of the next segment. */
static struct border read_border(const struct probe *x, const struct trtc_piece *p, bool all)
{
    const struct trtc_piece *next = next_segment(x->r, p);
    struct border b = { .all = all };
    struct trtc_facts facts = { .kinds = 0 };
    struct trtc_ts_counts here, there;
    struct trtc_err ignored;
    struct probe y = { .buf = x->buf };
    const int fd = next ? trtc_open_beneath(x->dirfd, next->uri, NULL, &ignored) : -1;
    if (fd < 0)
        return b;
    struct stretch head = { fd, 0, next->bytes < HEAD_MAX_BYTES ? next->bytes : HEAD_MAX_BYTES };
    y.ts = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    if (y.ts)
        trtc_ts_learn(y.ts, x->ts);
    trtc_look_begin(&y.look, &facts, next->at_bytes);
    b.read = y.ts && feed(&y, &head, !all, &ignored) == 0 && finish(&y, &ignored) == 0;
    if (b.read) {
        trtc_ts_counts(x->ts, &here);
        trtc_ts_counts(y.ts, &there);
        b.frames = trtc_look_goes_on(&x->look, &y.look);
        b.counters = trtc_ts_goes_on(x->ts, y.ts);
        b.headless = trtc_ts_stats(y.ts)->headless;
        b.lacks = !b.frames && trtc_look_is_behind(&x->look, &y.look) &&
                  !trtc_ts_counts_go_on(&here, &there) && counts_on(x, p, &there);
    }
    trtc_look_fini(&y.look);
    trtc_ts_free(&y.ts);
    close(fd);
    return b;
}

/* Looks at the beginning of the next segment, once; all: at all of it. */
static const struct border *look_behind(struct probe *x, const struct trtc_piece *p, bool all)
{
    if (!x->looked_behind || (all && !x->border.all))
        x->border = read_border(x, p, all);
    x->looked_behind = true;
    return &x->border;
}

/* Whether nothing is missing before the next segment, since its frames begin where those of this one
 * end (what is before its key picture may be shown before that, and this one's EXTINF includes it),
 * or by its packets: there was a pause. */
static bool is_continued(struct probe *x, const struct trtc_piece *p, int64_t short_us)
{
    const struct border *b = look_behind(x, p, true);
    return b->read && ((short_us <= PAUSE_US && b->frames) || b->counters);
}

/* Whether the last picture may lack its end, of which nothing else says anything. */
static bool may_be_torn(struct probe *x, const struct trtc_piece *p, enum depth depth)
{
    return p->attr_bytes < 0 && depth != HEAD && !x->sealed && x->look.nb[1] > 0 &&
           trtc_ts_ends_open(x->ts) && !look_behind(x, p, false)->headless;
}

/* Whether the last frames of the segment are missing, although it is hardly too short. */
static bool lacks_last(struct probe *x, const struct trtc_piece *p, int64_t short_us)
{
    const int64_t frame_us = x->look.step[x->look.nb[1] ? 1 : 0] * 100 / 9;
    return p->attr_bytes < 0 && 2 * short_us > frame_us && look_behind(x, p, false)->lacks;
}

/* Notes whether the segment has its beginning. */
static void note_beginning(struct trtc_facts *x, const struct trtc_look *l,
                           const struct trtc_ts_stats *stats, bool goes_on)
{
    const int64_t at = stats->first_at;
    const bool seen = at + 3 <= (int64_t)l->nb_head;
    const int pid = seen ? (l->head[at + 1] & 0x1f) << 8 | l->head[at + 2] : -1;
    x->headless = stats->headless;
    x->goes_on = goes_on;
    x->beheaded = at >= TRTC_TS_PACKET && stats->nb_front == 0;
    x->tables_first = pid == PID_PAT || pid == PID_SDT;
}

/* Whether the length that a playlist states may be up to a second too long, and nothing else shows
 * where the segment ends: neither its size, nor the next one. The service, which puts times in
 * names, does not round. */
static bool may_be_rounded(const struct probe *x, const struct trtc_piece *p)
{
    return p->whole && p->dur_us != TRTC_NOTIME && !p->exact && p->attr_bytes < 0 &&
           !next_segment(x->r, p);
}

/* Notes whether the counters of a segment go on from the one before. */
static void note_counts(struct probe *x, const struct trtc_piece *p)
{
    struct trtc_ts_counts here;
    trtc_ts_counts(x->ts, &here);
    x->fresh = here.fresh;
    x->went_on =
        x->counted >= 0 && x->counted + 1 == p->place && trtc_ts_counts_go_on(&x->counts, &here);
}

/* Compares the content of a segment with the playlist. */
static int judge(struct probe *x, struct trtc_piece *p, enum depth depth)
{
    struct trtc_recording *r = x->r;
    struct trtc_look *l = &x->look;
    const struct trtc_ts_stats *stats = trtc_ts_stats(x->ts);
    int64_t said = p->dur_us, missing = p->attr_bytes > p->bytes ? p->attr_bytes - p->bytes : 0;
    const bool none = trtc_look_kinds(l) == 0;
    p->facts.kinds = trtc_look_kinds(l);
    if (missing == 0)
        p->facts.kinds |= take_over(r, p, stats);
    if (none && p->facts.kinds) {
        p->facts.nb_frames = depth == WHOLE ? 0 : -1;
        return 0;
    }
    if (none)
        return lose_all(r, p, l, stats);
    const int sealed = lose_sealed(x, p);
    if (sealed < 0 || p->unusable)
        return sealed;
    if (has_sample_aes(stats) &&
        lose_encrypted(r, p, said == TRTC_NOTIME ? 0 : said, 0, "some of it is") < 0)
        return -1;
    if (lose_scrambled(r, p, stats) < 0 || note_left_out(x, p, stats) < 0)
        return -1;
    p->facts.first_ts_90k = trtc_look_first_90k(l);
    p->facts.first_90k[TRTC_AT_AUDIO] = trtc_look_first_of_90k(l, false);
    p->facts.first_90k[TRTC_AT_VIDEO] = trtc_look_first_of_90k(l, true);
    p->facts.first_dts_90k[TRTC_AT_AUDIO] = trtc_look_first_dts_90k(l, false);
    p->facts.first_dts_90k[TRTC_AT_VIDEO] = trtc_look_first_dts_90k(l, true);
    for (int k = 0; k < TRTC_NB_KINDS && depth != HEAD; k++)
        p->facts.end_90k[k] = trtc_look_end_90k(l, k);
    note_beginning(&p->facts, l, stats, x->went_on && !x->fresh);
    p->facts.odd = depth == WHOLE && trtc_look_restarts(l);
    p->facts.nb_frames = depth == WHOLE ? l->nb[1] : -1;
    /* if its size is right, so is its length, unless a section might end in it */
    const bool believed = p->attr_bytes >= 0 && !p->measure && said <= TRTC_SECTION_GAP_US;
    int64_t seen = depth == HEAD || believed ? said : trtc_look_length_us(l);
    if (said != TRTC_NOTIME && seen > said)
        seen = said;
    const bool rounded = may_be_rounded(x, p);
    bool short_of = is_short(l, rounded ? said - SECOND_US : said, seen);
    if (rounded && !short_of && seen != TRTC_NOTIME)
        p->dur_us = said = seen;
    if (!short_of && !rounded && said != TRTC_NOTIME && seen != TRTC_NOTIME)
        short_of = lacks_last(x, p, said - seen);
    bool vouched = p->attr_bytes == p->bytes || (short_of && is_continued(x, p, said - seen));
    bool ends_early = vouched && short_of && said - seen > PAUSE_US;
    if (said == TRTC_NOTIME || ends_early)
        p->dur_us = seen; /* the recording is complete: no more frames came */
    bool torn = x->torn || missing > 0 || (is_torn(x, p, stats) && !is_joined(x, p, stats));
    if ((short_of && !vouched) || torn) {
        if (torn && p->facts.kinds == TRTC_VIDEO) /* its last picture is not whole */
            seen -= l->step[1] * 100 / 9;
        int64_t lost = said != TRTC_NOTIME && seen < said ? said - seen : 0;
        if (lost)
            p->dur_us = seen;
        p->cut = true;
        int64_t bytes = missing ? missing : p->attr_bytes < 0 ? -1 : 0;
        const struct trtc_lost what = { "truncated", lost, bytes };
        return trtc_losses_add_piece(&r->losses, r, p, what, NULL);
    }
    if (p->attr_bytes >= 0 && p->attr_bytes != p->bytes)
        return trtc_losses_add_piece(&r->losses, r, p, (struct trtc_lost){ .kind = "size" },
                                     "it is larger than its FILE-ATTR says");
    return 0;
}

/* Holds the recording if the machine is to blame; otherwise lists the segment as lost. */
static int cannot_read(struct trtc_recording *r, struct trtc_piece *p, const struct trtc_err *why,
                       struct trtc_err *err)
{
    int ret = trtc_is_shortage(why)
                  ? trtc_recording_hold(r, p->uri, why)
                  : trtc_losses_add_piece(&r->losses, r, p,
                                          (struct trtc_lost){ "unreadable", p->dur_us, p->bytes },
                                          "%s", why->msg);
    p->unusable = true;
    return ret < 0 ? trtc_fail_nomem(err) : 0;
}

/* ---- one segment ---- */

static int64_t ticks_of(int64_t us)
{
    return us == TRTC_NOTIME ? us : us * 9 / 100;
}

/* Returns the distance from the start of piece i to that of the next one in its playlist, in ticks,
 * by the clock. */
static int64_t next_of(const struct trtc_recording *r, size_t i)
{
    const struct trtc_piece *p = &r->pieces[i], *next = p + 1;
    const bool there = i + 1 < r->nb_pieces && next->list == p->list && next->exact;
    return there && next->start_us > p->start_us ? ticks_of(next->start_us - p->start_us)
                                                 : TRTC_NOTIME;
}

/* Whether the next segment begins before the playlist says that this one ends: the end of this one shows
 * whether they overlap. */
static bool ends_late(const struct probe *x, const struct trtc_piece *p)
{
    const int64_t next = next_of(x->r, (size_t)(p - x->r->pieces));
    return next != TRTC_NOTIME && p->dur_us != TRTC_NOTIME &&
           ticks_of(p->dur_us) >= next + ticks_of(TRTC_ROUNDING_US / 2);
}

/* Reads as much of the segment as is needed. */
static int read_piece(struct probe *x, const struct trtc_piece *p, int fd, enum depth *depth,
                      struct trtc_err *err)
{
    struct trtc_look *l = &x->look;
    const bool whole = p->measure || x->count_frames;
    struct stretch head = { fd, 0, whole || p->bytes < HEAD_MAX_BYTES ? p->bytes : HEAD_MAX_BYTES };
    int doubtful = 0;
    *depth = whole ? WHOLE : HEAD;
    if (feed(x, &head, !whole, err) < 0)
        return -1;
    head.to = p->bytes;
    if (!trtc_look_kinds(l) && trtc_ts_stats(x->ts)->nb_packets >= NB_PACKETS_TO_JUDGE &&
        feed(x, &head, true, err) < 0)
        return -1;
    if (trtc_look_is_apart(l) && !trtc_look_is_odd(l)) { /* a restart that explains it is near */
        head.to = p->bytes < HEAD_MAX_BYTES ? p->bytes : HEAD_MAX_BYTES;
        if (feed(x, &head, false, err) < 0)
            return -1;
    }
    const int64_t at = head.at;
    if (at >= p->bytes || !trtc_look_kinds(l)) {
        *depth = at >= p->bytes ? WHOLE : HEAD;
        return finish(x, err);
    }
    if (trtc_look_is_odd(l)) {
        *depth = WHOLE;
        return read_all(x, p, fd, err);
    }
    /* a segment that could hide a section's end is looked at although its size is right */
    if (p->dur_us != TRTC_NOTIME && p->dur_us > TRTC_SECTION_GAP_US)
        doubtful = sample(x, p, fd, at, err);
    else if (p->attr_bytes < 0 || ends_late(x, p))
        doubtful = read_tail(x, p, fd, at, err);
    else
        return 0;
    *depth = TAIL;
    if (doubtful == 0 && p->attr_bytes < 0)
        doubtful = is_short(l, p->dur_us, trtc_look_length_us(l));
    if (doubtful <= 0)
        return doubtful;
    *depth = WHOLE;
    return read_all(x, p, fd, err);
}

/* Whether the segment, whose beginning was read, begins later by its stamps than by the clock, judged by
 * the one before: after a pause, or because its clock is off, which its end shows. */
static bool begins_late(struct probe *x, struct trtc_piece *p)
{
    if (p == x->r->pieces || !trtc_look_kinds(&x->look))
        return false;
    p->facts.first_ts_90k = trtc_look_first_90k(&x->look);
    const int64_t off_us = p[-1].unusable ? TRTC_NOTIME : trtc_piece_off_us(p - 1, p, 1);
    return off_us != TRTC_NOTIME && off_us <= -TRTC_ROUNDING_US;
}

/* Reads where the segment before p ends, if p begins later by its stamps than by the clock: that shows whether
 * frames overlap. */
static void see_end_before(struct probe *x, struct trtc_piece *p)
{
    struct trtc_piece *before = p - 1;
    struct trtc_facts facts = { .kinds = 0 };
    struct trtc_err ignored;
    struct probe y = { .buf = x->buf };
    if (!begins_late(x, p) || before->facts.end_90k[TRTC_AT_VIDEO] != TRTC_NOTIME ||
        before->facts.end_90k[TRTC_AT_AUDIO] != TRTC_NOTIME)
        return;
    const int fd = trtc_open_beneath(x->dirfd, before->uri, NULL, &ignored);
    if (fd < 0)
        return;
    y.ts = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    if (y.ts)
        trtc_ts_learn(y.ts, x->ts);
    trtc_look_begin(&y.look, &facts, before->at_bytes);
    if (y.ts && read_tail(&y, before, fd, 0, &ignored) == 0)
        for (int k = 0; k < TRTC_NB_KINDS; k++)
            before->facts.end_90k[k] = trtc_look_end_90k(&y.look, k);
    trtc_look_fini(&y.look);
    trtc_ts_free(&y.ts);
    close(fd);
}

/* Whether packets of the segment were not used because no tables had named them so far. */
static bool needs_tables(struct probe *x)
{
    const struct trtc_ts_stats *stats = trtc_ts_stats(x->ts);
    const bool none = !trtc_ts_stream(x->ts, TRTC_AUDIO) && !trtc_ts_stream(x->ts, TRTC_VIDEO);
    return (none && stats->nb_packets > 0 && !stats->scrambled) || stats->nb_dropped > 0;
}

/* Searches for tables in the segment, from which the latest packets before them were kept, and in
 * those that follow it. 1: they are known; 0; -1. */
static int learn_tables(struct probe *x, const struct trtc_piece *p, struct trtc_err *err)
{
    int found = 0;
    x->searched = true; /* once for each playlist */
    trtc_ts_forget(x->ts);
    for (; p && found == 0; p = next_segment(x->r, p)) {
        found = trtc_tables_learn(x->ts, x->dirfd, p, err);
        if (found > 0)
            x->tables_place = p->place;
    }
    return found;
}

/* Notes where the tables of the segment are, which was read. */
static void note_tables(struct probe *x, struct trtc_piece *p)
{
    const bool own = trtc_ts_knows(x->ts) && !trtc_ts_stats(x->ts)->borrowed;
    p->facts.tables_place = own ? -1 : x->tables_place;
    if (own)
        x->tables_place = p->place;
}

/* Reads as much of the segment as is needed, with the tables that apply to it. */
static int read_named(struct probe *x, struct trtc_piece *p, int fd, enum depth *depth,
                      struct trtc_err *err)
{
    int ret = read_piece(x, p, fd, depth, err);
    if (ret == 0 && !x->searched && x->tables_place < 0 && needs_tables(x)) {
        ret = learn_tables(x, p, err);
        if (ret > 0) {
            trtc_look_begin(&x->look, &p->facts, p->at_bytes);
            ret = read_piece(x, p, fd, depth, err);
        }
    }
    note_tables(x, p);
    if (ret == 0 && *depth < WHOLE && begins_late(x, p)) {
        *depth = WHOLE;
        ret = read_all(x, p, fd, err);
    }
    return ret;
}

/* Kinds that the segment may hold and that were not seen in the part that was read. */
static unsigned missing_kinds(const struct probe *x)
{
    unsigned may = x->may_have;
    if (trtc_ts_stream(x->ts, TRTC_AUDIO))
        may |= TRTC_AUDIO;
    if (trtc_ts_stream(x->ts, TRTC_VIDEO))
        may |= TRTC_VIDEO;
    return may & ~trtc_look_kinds(&x->look);
}

/* ---- pauses that end a section ---- */

/* The part of the segment that is seen between two places of its course. */
static unsigned kinds_between(const struct trtc_course *c, int64_t from, int64_t to)
{
    unsigned kinds = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *r = &c->runs[i];
        if (r->from + r->shift < to && r->to + r->shift > from)
            kinds |= r->track == TRTC_AT_AUDIO ? TRTC_AUDIO : TRTC_VIDEO;
    }
    return kinds;
}

struct hole {     /* of a course */
    int64_t base; /* of the piece's first stamp */
    int64_t from, to;
};

/* Divides piece i at a hole of its course; the rest becomes the next piece. */
static int divide(struct trtc_recording *r, size_t i, const struct trtc_course *c,
                  const struct hole *h)
{
    const int64_t base = h->base, hole = h->from, hole_end = h->to;
    if (trtc_array_reserve(&r->pieces, &r->cap_pieces, r->nb_pieces + 1, sizeof *r->pieces) < 0)
        return -1;
    struct trtc_piece *a = &r->pieces[i], *b = a + 1;
    memmove(b + 1, b, (r->nb_pieces - i - 1) * sizeof *b);
    r->nb_pieces++;
    r->nb_parts++;
    *b = *a;
    const int64_t middle = (hole + hole_end) / 2, on_us = (hole_end - base) * 100 / 9;
    const int64_t end = base + ticks_of(a->dur_us);
    b->part = a->part + 1;
    b->from_90k = middle - hole_end;
    b->start_us = a->start_us + on_us;
    b->dur_us = a->dur_us > on_us ? a->dur_us - on_us : 0;
    b->name_ms = TRTC_NOTIME;
    b->facts.first_ts_90k = (c->first_ts + hole_end) & (TRTC_TS_WRAP_90K - 1);
    b->facts.kinds = kinds_between(c, hole_end, end);
    a->to_90k = middle - base;
    a->dur_us = (hole - base) * 100 / 9;
    a->facts.kinds = kinds_between(c, base, hole);
    if (a->facts.nb_frames > 0) {
        const double share = (double)a->dur_us / (double)(a->dur_us + b->dur_us + 1);
        a->facts.nb_frames = (int64_t)((double)a->facts.nb_frames * share);
        b->facts.nb_frames -= a->facts.nb_frames;
    }
    a->cut = false;
    return 0;
}

/* Divides piece i at every pause that ends a section; *i moves on to the last part. */
static int divide_at_pauses(struct probe *x, size_t *i, int64_t said_us, int64_t next)
{
    const struct trtc_course *c = &x->look.course;
    struct trtc_piece *p = &x->r->pieces[*i];
    int64_t at = INT64_MIN, hole;
    int64_t base = trtc_ts_diff(p->facts.first_ts_90k, c->first_ts);
    while (trtc_course_hole(c, TRTC_SECTION_GAP_US * 9 / 100 + 1, &at, &hole)) {
        p = &x->r->pieces[*i];
        if (p->part == 0) {
            p->part = 1;
            p->from_90k = INT64_MIN;
            p->to_90k = INT64_MAX;
            p->whole_us = said_us;
            p->whole_next_us = next == TRTC_NOTIME ? next : next * 100 / 9;
        }
        if (divide(x->r, *i, c, &(struct hole){ base, hole, at }) < 0)
            return -1;
        base = at;
        ++*i;
    }
    return 0;
}

static int probe_piece(struct probe *x, size_t *at, struct trtc_err *err)
{
    const size_t i = *at;
    struct trtc_piece *p = &x->r->pieces[i];
    enum depth depth = HEAD;
    struct trtc_err why;
    if (p->list != x->list) {
        trtc_ts_forget(
            x->ts); /* tables that appear only once are used for the rest of their playlist */
        x->may_have = trtc_list_may_have(x->r, p->list, true);
        x->nb_noted = 0;
        x->tables_place = x->counted = -1;
        x->searched = false;
    }
    x->list = p->list;
    int fd = trtc_open_beneath(x->dirfd, p->uri, NULL, &why);
    if (fd < 0)
        return cannot_read(x->r, p, &why, err);
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        p->facts.first_90k[k] = p->facts.first_dts_90k[k] = p->facts.end_90k[k] = TRTC_NOTIME;
    trtc_look_begin(&x->look, &p->facts, p->at_bytes);
    trtc_ts_begin(x->ts);
    int ret = read_named(x, p, fd, &depth, &why);
    const unsigned missing = missing_kinds(x);
    if (ret == 0 && depth < WHOLE && missing)
        ret = look_for(x, p, fd, missing, &why);
    x->sealed = 0;
    if (ret == 0 && trtc_sealed_by_playlist(p) && trtc_look_kinds(&x->look))
        ret = trtc_sealed_look(fd, p, x->ts, &x->sealed, &why);
    note_counts(x, p);
    x->torn = x->looked_behind = false;
    if (ret == 0 && may_be_torn(x, p, depth))
        ret = trtc_sealed_torn(fd, p, x->ts, &x->torn, &why);
    close(fd);
    if (ret < 0)
        return cannot_read(x->r, p, &why, err);
    const int64_t said_us = p->dur_us, next = next_of(x->r, i);
    if (depth == WHOLE && trtc_course_settle(&x->look.course, ticks_of(said_us), next) < 0)
        return trtc_fail_nomem(err);
    see_end_before(x, p);
    if (judge(x, p, depth) < 0)
        return trtc_fail_nomem(err);
    trtc_ts_counts(x->ts, &x->counts);
    x->counted = depth == HEAD ? -1 : p->place;
    if (depth == WHOLE && !p->unusable && divide_at_pauses(x, at, said_us, next) < 0)
        return trtc_fail_nomem(err);
    return 0;
}

int trtc_probe_recording(struct trtc_recording *r, bool count_frames,
                         const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    int ret = -1;
    struct probe x = { .r = r,
                       .count_frames = count_frames,
                       .list = -1,
                       .buf = malloc(SCAN_BYTES),
                       .ts = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO),
                       .dirfd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
    if (!x.buf || !x.ts) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (x.dirfd < 0) {
        struct trtc_err why;
        trtc_fail_errno(&why, TRTC_EX_NOINPUT, errno, "cannot be opened");
        ret = trtc_is_shortage(&why) ? trtc_recording_hold(r, "", &why)
                                     : trtc_fail(err, why.code, "%s: %s", r->dir, why.msg);
        goto done;
    }
    for (size_t i = 0; i < r->nb_pieces && !r->held && !trtc_is_stopped(stop); i++)
        if (probe_piece(&x, &i, err) < 0)
            goto done;
    ret = 0;
done:
    if (x.dirfd >= 0)
        close(x.dirfd);
    trtc_look_fini(&x.look);
    trtc_ts_free(&x.ts);
    trtc_ts_free(&x.late);
    free(x.buf);
    return ret;
}
