/* SPDX-License-Identifier: MIT */
/* A first look into the segments of a recording. */
#include "media/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/beneath.h"
#include "core/clock.h"
#include "core/content.h"
#include "core/timeline.h"
#include "media/course_ts.h"
#include "media/ts.h"

enum {
    BLOCK_BYTES = 48 * 1024,  /* holds the first frame of nearly every segment */
    HEAD_MAX_BYTES = 4 << 20, /* no frame by then: there is none */
    TAIL_BYTES = 256 * TRTC_TS_PACKET,
    NB_PACKETS_TO_JUDGE = 3
};

#define SHORT_US     100000  /* less than this missing at a segment's end is rounding */
#define PIECE_MAX_US 1000000 /* a longer segment has whole frames */
#define PAUSE_US     2000000 /* a whole segment that ends this early saw a pause */
#define FALL_90K     45000   /* more than reordered pictures fall by */
#define STEP_MAX_90K 180000  /* frames further apart than 2 s do not tell the frame rate */

/* What is learned about one segment. */
struct look {
    int64_t at_bytes;          /* where it begins in its file */
    int64_t first[2], last[2]; /* lowest and highest PTS, audio and video, as steps from base */
    int64_t base_90k;
    int64_t nb[2];
    int64_t prev_dts[2];          /* of the frame before, TRTC_TS_NOPTS where that was not read */
    int64_t step[2], step_max[2]; /* distance of the last two frames, and the largest one seen */
    bool fell[2];                 /* stamps have fallen: what follows says nothing of the first */
    struct trtc_steady steady;    /* the first frames of sound, if their length is known */
    bool settled;                 /* enough of them were there */
    bool have_params;             /* or it is known that there are none */
    bool joined;                  /* the packet in which it ends goes on in the next segment */
    uint8_t head[TRTC_CONTENT_BYTES]; /* how it begins */
    size_t nb_head;
    struct trtc_facts *facts;
};

static int slot(const struct trtc_ts_frame *f)
{
    return f->stream->video ? 1 : 0;
}

static void learn_video(struct look *l, const struct trtc_ts_frame *f)
{
    struct trtc_facts *x = l->facts;
    snprintf(x->video_codec, sizeof x->video_codec, "%s", f->stream->codec_name);
    struct trtc_video_params v;
    if (l->have_params)
        return;
    if (trtc_video_params_read(f->stream->codec, f->data, f->size, &v) < 0) {
        l->have_params = f->key; /* they stand before it, in another segment */
        return;
    }
    l->have_params = true;
    x->width_px = v.width_px;
    x->height_px = v.height_px;
    x->sar_num = v.sar_num;
    x->sar_den = v.sar_den;
    x->profile = v.profile;
    x->colour = v.colour;
}

static void learn_audio(struct look *l, const struct trtc_ts_frame *f)
{
    struct trtc_facts *x = l->facts;
    struct trtc_adts a;
    if (x->audio_codec[0])
        return;
    snprintf(x->audio_codec, sizeof x->audio_codec, "%s", f->stream->codec_name);
    if (f->stream->codec == TRTC_CODEC_AAC && trtc_adts_parse(f->data, f->size, &a) == 0) {
        x->rate_hz = a.rate_hz;
        x->channels = a.channels;
        x->object_type = a.object_type;
    }
}

/* Where sound begins: by its first frames, which may be stamped on arrival. */
static void settle_sound(struct look *l)
{
    int64_t us, jump_us;
    if (!l->settled && trtc_steady_pop(&l->steady, true, &us, &jump_us))
        l->first[0] = us * 9 / 100;
    l->settled = true;
}

static void learn_start_of_sound(struct look *l, const struct trtc_ts_frame *f, int64_t at)
{
    struct trtc_steady_frame s = { .us = at * 100 / 9 };
    trtc_frame_length(f, &s.samples, &s.rate_hz);
    if (l->settled || s.samples == 0)
        return;
    trtc_steady_push(&l->steady, &s);
    if (l->steady.n == TRTC_STEADY_AHEAD)
        settle_sound(l);
}

static void learn(struct look *l, const struct trtc_ts_frame *f)
{
    int s = slot(f);
    if (f->stream->video)
        learn_video(l, f);
    else
        learn_audio(l, f);
    if (f->pts_90k == TRTC_TS_NOPTS)
        return;
    if (!l->nb[0] && !l->nb[1])
        l->base_90k = f->pts_90k;
    int64_t at = trtc_ts_diff(f->pts_90k, l->base_90k);
    if (l->nb[s] && at < l->last[s] - FALL_90K)
        l->fell[s] = true;
    if (!l->nb[s] || (at < l->first[s] && !l->fell[s] && !(l->settled && s == 0)))
        l->first[s] = at;
    if (!l->nb[s] || at > l->last[s])
        l->last[s] = at;
    if (!f->stream->video)
        learn_start_of_sound(l, f, at);
    l->nb[s]++;
    int64_t dts = f->dts_90k == TRTC_TS_NOPTS ? f->pts_90k : f->dts_90k;
    int64_t step = l->prev_dts[s] == TRTC_TS_NOPTS ? 0 : trtc_ts_diff(dts, l->prev_dts[s]);
    if (step > 0 && step < STEP_MAX_90K) {
        l->step[s] = step;
        l->step_max[s] = step > l->step_max[s] ? step : l->step_max[s];
    }
    l->prev_dts[s] = dts;
}

/* What is read next does not follow what was read before. */
static void skip(struct look *l)
{
    settle_sound(l);
    l->prev_dts[0] = l->prev_dts[1] = TRTC_TS_NOPTS;
}

static int drain(struct trtc_ts *ts, struct look *l, struct trtc_err *err)
{
    struct trtc_ts_frame f;
    int got;
    while ((got = trtc_ts_next(ts, &f)) > 0)
        learn(l, &f);
    return got < 0 ? trtc_fail_nomem(err) : 0;
}

static ssize_t read_at(int fd, uint8_t *buf, size_t n, int64_t at)
{
    ssize_t got;
    do
        got = pread(fd, buf, n, at);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Each kind that the program map names has shown a frame (video: with its parameter sets). */
static bool head_known(const struct trtc_ts *ts, const struct look *l)
{
    bool audio = trtc_ts_stream(ts, TRTC_TS_AUDIO), video = trtc_ts_stream(ts, TRTC_TS_VIDEO);
    return (audio || video) && (!audio || l->nb[0]) && (!video || (l->nb[1] && l->have_params));
}

/* Feeds the segment from *from, which moves on, to to; head: stops as soon as enough is known. */
static int feed(struct trtc_ts *ts, int fd, uint8_t *buf, int64_t *from, int64_t to, bool head,
                struct look *l, struct trtc_err *err)
{
    while (*from < to) {
        size_t want = to - *from < BLOCK_BYTES ? (size_t)(to - *from) : BLOCK_BYTES;
        ssize_t got = read_at(fd, buf, want, l->at_bytes + *from);
        if (got < 0)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot be read");
        if (got == 0)
            break;
        if (*from == 0) {
            l->nb_head = (size_t)got < sizeof l->head ? (size_t)got : sizeof l->head;
            memcpy(l->head, buf, l->nb_head);
        }
        trtc_ts_feed(ts, buf, (size_t)got);
        if (drain(ts, l, err) < 0)
            return -1;
        *from += got;
        if (head && head_known(ts, l))
            break;
        if (head && *from >= BLOCK_BYTES && trtc_ts_stats(ts)->nb_packets < NB_PACKETS_TO_JUDGE)
            break;
    }
    return 0;
}

/* Where the media of the segment ends, from its first stamp; TRTC_NOTIME where that cannot be
 * told. */
static int64_t seen_length_us(const struct look *l, int64_t dur_us)
{
    int64_t end = INT64_MIN, start = INT64_MAX;
    for (int s = 0; s < 2; s++) {
        if (!l->nb[s])
            continue;
        int64_t frame = l->step[s] ? l->step[s] : s == 0 ? 1920 : 6000;
        start = l->first[s] < start ? l->first[s] : start;
        end = l->last[s] + frame > end ? l->last[s] + frame : end;
    }
    if (end == INT64_MIN)
        return TRTC_NOTIME;
    int64_t us = (end - start) * 100 / 9;
    return dur_us != TRTC_NOTIME && us > dur_us ? dur_us : us;
}

/* More missing at the end than uneven frames explain. */
static bool is_short(const struct look *l, int64_t said_us, int64_t seen_us)
{
    if (seen_us == TRTC_NOTIME || said_us == TRTC_NOTIME)
        return false;
    int64_t uneven_us = l->nb[1] ? 3 * l->step_max[1] * 100 / 9 : 0;
    return said_us - seen_us > (uneven_us > SHORT_US ? uneven_us : SHORT_US);
}

static int add_loss(struct trtc_recording *r, const struct trtc_piece *p, const char *kind,
                    int64_t us, int64_t bytes, const char *why)
{
    char *path = trtc_piece_path(r, p);
    int ret = path ? trtc_losses_add(&r->losses, path, kind, p->source, p->start_us, us, bytes,
                                     why ? "%s" : NULL, why)
                   : -1;
    free(path);
    return ret;
}

/* The stream types of Apple's "MPEG-2 Stream Encryption Format for HTTP Live Streaming": samples
 * that are encrypted in a stream that is not. */
static bool is_sample_aes(uint8_t stream_type)
{
    return stream_type == 0xdb || stream_type == 0xcf || stream_type == 0xc1 || stream_type == 0xc2;
}

static bool has_sample_aes(const struct trtc_ts_stats *stats)
{
    for (int i = 0; i < stats->nb_named; i++)
        if (is_sample_aes(stats->named[i].stream.stream_type))
            return true;
    return false;
}

static int lose_encrypted(struct trtc_recording *r, const struct trtc_piece *p, int64_t us,
                          int64_t bytes, const char *what)
{
    char why[128];
    snprintf(why, sizeof why, "%s encrypted with %.40s%s", what,
             p->key_method ? p->key_method : "SAMPLE-AES", p->key_method ? " (EXT-X-KEY)" : "");
    return add_loss(r, p, "encrypted", us, bytes, why);
}

/* Nothing of it can be used: says why. */
static int lose_all(struct trtc_recording *r, struct trtc_piece *p, const struct look *l,
                    const struct trtc_ts_stats *stats)
{
    const int64_t us = p->dur_us == TRTC_NOTIME ? 0 : p->dur_us, nb = stats->nb_packets,
                  bytes = p->attr_bytes >= 0 ? p->attr_bytes : p->bytes;
    const char *name = trtc_content_name(l->head, l->nb_head);
    char why[160];
    p->unusable = true;
    if (has_sample_aes(stats))
        return lose_encrypted(r, p, us, bytes, "its sound and pictures are");
    /* few packets that are all there is are a stream, if a short one */
    if (nb > 0 && (nb >= NB_PACKETS_TO_JUDGE || p->bytes < (nb + 1) * TRTC_TS_PACKET))
        return add_loss(r, p, "empty", us, bytes,
                        stats->scrambled ? "it is scrambled" : "it holds no picture and no sound");
    if (p->key_method)
        return lose_encrypted(r, p, us, bytes, "it is");
    if (!name && p->map)
        name = "a fragment of an MP4 (EXT-X-MAP)";
    snprintf(why, sizeof why, "it is %s%sno MPEG transport stream", name ? name : "",
             name ? ", " : "");
    return add_loss(r, p, "foreign", us, bytes, why);
}

/* Kinds that have packets in it. */
static unsigned kinds_of_packets(const struct trtc_ts_stats *stats)
{
    unsigned kinds = 0;
    for (int i = 0; i < stats->nb_named && !stats->scrambled; i++)
        if (stats->named[i].nb_bytes > 0)
            kinds |= stats->named[i].kind == TRTC_TS_VIDEO ? TRTC_VIDEO : TRTC_AUDIO;
    return kinds;
}

/* A kind of which it holds packets but no whole frame goes on from the segment before, or goes on in
 * the next one: what is known of it is known from there. Such kinds. */
static unsigned take_over(const struct trtc_recording *r, struct trtc_piece *p,
                          const struct trtc_ts_stats *stats)
{
    const struct trtc_piece *before = p - 1;
    struct trtc_facts *x = &p->facts;
    if (p == r->pieces || before->source != p->source || before->place + 1 != p->place ||
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
    }
    return kinds;
}

/* Compares what was seen with what the playlist says. */
static int judge(struct trtc_recording *r, struct trtc_piece *p, struct look *l,
                 const struct trtc_ts_stats *stats, bool whole, bool end_seen)
{
    int64_t said = p->dur_us, missing = p->attr_bytes > p->bytes ? p->attr_bytes - p->bytes : 0;
    p->facts.kinds = (l->nb[0] ? TRTC_AUDIO : 0u) | (l->nb[1] ? TRTC_VIDEO : 0u);
    const bool none = p->facts.kinds == 0;
    if (missing == 0)
        p->facts.kinds |= take_over(r, p, stats);
    if (none && p->facts.kinds) {
        p->facts.nb_frames = whole ? 0 : -1;
        return 0;
    }
    if (none)
        return lose_all(r, p, l, stats);
    if (has_sample_aes(stats) &&
        lose_encrypted(r, p, said == TRTC_NOTIME ? 0 : said, 0, "some of it is") < 0)
        return -1;
    settle_sound(l);
    int64_t first =
        l->nb[0] && (!l->nb[1] || l->first[0] < l->first[1]) ? l->first[0] : l->first[1];
    p->facts.first_ts_90k = (l->base_90k + first) & (TRTC_TS_WRAP_90K - 1);
    p->facts.headless = stats->headless;
    p->facts.nb_frames = whole ? l->nb[1] : -1;
    int64_t seen = end_seen ? seen_length_us(l, said) : said;
    bool short_of = is_short(l, said, seen);
    bool vouched = p->attr_bytes == p->bytes;
    bool ends_early = vouched && short_of && said - seen > PAUSE_US;
    if (said == TRTC_NOTIME || ends_early)
        p->dur_us = seen; /* what was recorded is there: nothing came any more */
    bool torn = missing > 0 || (trtc_ts_is_torn(stats, p->bytes) && !l->joined);
    if ((short_of && !vouched) || torn) {
        if (torn && p->facts.kinds == TRTC_VIDEO) /* its last picture is not whole */
            seen -= l->step[1] * 100 / 9;
        int64_t lost = said != TRTC_NOTIME && seen < said ? said - seen : 0;
        if (lost)
            p->dur_us = seen;
        p->cut = true;
        int64_t bytes = missing ? missing : p->attr_bytes < 0 ? -1 : 0;
        return add_loss(r, p, "truncated", lost, bytes, NULL);
    }
    if (p->attr_bytes >= 0 && p->attr_bytes != p->bytes)
        return add_loss(r, p, "size", 0, 0, "it is larger than its FILE-ATTR says");
    return 0;
}

/* What the machine is to blame for holds up the recording; anything else is lost. */
static int cannot_read(struct trtc_recording *r, struct trtc_piece *p, const struct trtc_err *why,
                       struct trtc_err *err)
{
    int ret = trtc_is_shortage(why) ? trtc_recording_hold(r, p->uri, why)
                                    : add_loss(r, p, "unreadable", p->dur_us, p->bytes, why->msg);
    p->unusable = true;
    return ret < 0 ? trtc_fail_nomem(err) : 0;
}

/* Whether the packet in which a segment ends goes on in the next one. */
static bool is_joined(const struct trtc_recording *r, const struct trtc_piece *p, int dirfd,
                      const struct trtc_ts_stats *stats)
{
    const struct trtc_piece *next = p + 1;
    struct trtc_err ignored;
    uint8_t head[1024];
    if (!trtc_ts_is_torn(stats, p->bytes) || next == r->pieces + r->nb_pieces ||
        next->source != p->source || next->place != p->place + 1)
        return false;
    const int fd = trtc_open_beneath(dirfd, next->uri, NULL, &ignored);
    if (fd < 0)
        return false;
    const ssize_t got = read_at(fd, head, sizeof head, next->at_bytes);
    close(fd);
    return got > 0 && trtc_ts_joins(stats, p->bytes, head, (size_t)got);
}

static int probe_piece(struct trtc_recording *r, struct trtc_piece *p, int dirfd,
                       struct trtc_ts *ts, uint8_t *buf, bool count_frames, struct trtc_err *err)
{
    struct look l = { .facts = &p->facts,
                      .at_bytes = p->at_bytes,
                      .prev_dts = { TRTC_TS_NOPTS, TRTC_TS_NOPTS } };
    struct trtc_err why;
    bool whole = p->measure || count_frames;
    int fd = trtc_open_beneath(dirfd, p->uri, NULL, &why);
    if (fd < 0)
        return cannot_read(r, p, &why, err);
    trtc_ts_begin(ts);
    struct trtc_ts_stats stats;
    int64_t at = 0, head = whole || p->bytes < HEAD_MAX_BYTES ? p->bytes : HEAD_MAX_BYTES;
    int ret = feed(ts, fd, buf, &at, head, !whole, &l, &why);
    bool found = l.nb[0] || l.nb[1];
    /* a segment that could hide a section's end is looked at although its size is right */
    bool end_seen = whole || p->attr_bytes < 0 || !found || p->dur_us > TRTC_SECTION_GAP_US;
    if (ret == 0 && end_seen && found) {
        if (p->bytes - TAIL_BYTES > at) {
            at = p->bytes - TAIL_BYTES;
            skip(&l);
        }
        ret = feed(ts, fd, buf, &at, p->bytes, false, &l, &why);
    }
    if (ret == 0 && end_seen) {
        trtc_ts_end(ts);
        ret = drain(ts, &l, &why);
    }
    close(fd);
    if (ret < 0)
        return cannot_read(r, p, &why, err);
    stats = *trtc_ts_stats(ts);
    l.joined = is_joined(r, p, dirfd, &stats);
    return judge(r, p, &l, &stats, whole, end_seen) < 0 ? trtc_fail_nomem(err) : 0;
}

int trtc_probe_recording(struct trtc_recording *r, bool count_frames, struct trtc_err *err)
{
    int ret = -1;
    uint8_t *buf = malloc(BLOCK_BYTES);
    struct trtc_ts *ts = trtc_ts_new(TRTC_TS_AUDIO | TRTC_TS_VIDEO);
    int dirfd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!buf || !ts) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (dirfd < 0) {
        struct trtc_err why;
        trtc_fail_errno(&why, TRTC_EX_NOINPUT, errno, "cannot be opened");
        ret = trtc_is_shortage(&why) ? trtc_recording_hold(r, "", &why)
                                     : trtc_fail(err, why.code, "%s: %s", r->dir, why.msg);
        goto done;
    }
    for (size_t i = 0; i < r->nb_pieces && !r->held; i++) {
        if (i > 0 && r->pieces[i].source != r->pieces[i - 1].source)
            trtc_ts_forget(ts); /* tables that stand once serve their own playlist */
        if (probe_piece(r, &r->pieces[i], dirfd, ts, buf, count_frames, err) < 0)
            goto done;
    }
    ret = 0;
done:
    if (dirfd >= 0)
        close(dirfd);
    trtc_ts_free(&ts);
    free(buf);
    return ret;
}
