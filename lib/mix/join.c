/* SPDX-License-Identifier: MIT */
/* Joins the parts of a mix.
 *
 * A part contains its pictures, and sound that begins before its first picture and ends after its
 * last one; all time stamps are on the clock of the mix. Pictures are copied one after the other.
 * Both parts contain the frames of sound around a join, and mix/splice decides from which of these
 * the later part is used. Parts are read one after the other; only the sound around one join is
 * kept in memory. The last packet of a part is its note. */
#include "mix/join.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libavformat/avformat.h>
#include <libavutil/mathematics.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/utc.h"
#include "codec/av.h"
#include "mix/intact.h"
#include "mix/part.h"
#include "mix/splice.h"
#include "mix/writer_priv.h"
#include "ts/es.h"

enum {
    AAC_FRAME = 1024,
    AROUND = 8
}; /* frames of sound on each side of a join that are compared */

#define APART_MAX_US \
    3000000 /* how far apart pictures and sound in a part can be: the writer waits for both */

struct held { /* sound around the next join */
    uint8_t *data;
    size_t size;
};

struct track {
    int stream; /* its number in the parts */
    bool video;
    int64_t from;    /* sound: the first frame that is used of the part being read */
    int64_t next;    /* sound: the frame expected next; pictures: how many were read */
    int64_t seen_us; /* time of the newest packet */
    struct held tail[2 * AROUND], head[2 * AROUND];
};

struct source { /* an open part */
    AVFormatContext *c;
    const char *name;
};

struct join {
    const struct trtc_join_opts *o;
    struct trtc_mix_part_file *files;
    struct trtc_mix_part mix; /* of the first part; start, length and rates are those of all */
    struct source in;
    struct track *tracks;
    struct trtc_writer_track *descriptions; /* borrow from first */
    int nb_tracks;                          /* without the last one, the track of the note */
    bool noted;                             /* the note of the part being read was read */
    int status;                             /* the worst exit status of the notes */
    struct source first;                    /* stays open: the other parts are compared with it */
    uint8_t *sets;
    size_t sets_size;
    int reorder; /* by how many pictures decoding is ahead of presentation */
    AVPacket *pkt;
    struct trtc_writer *writer;
};

/* ---- opening ---- */

static void close_source(struct source *s)
{
    avformat_close_input(&s->c);
}

/* Checks that the file can be read: for an unreadable file libavformat returns the same error as
 * for one that is cut off. A pipe cannot be read several times, and opening it might block. */
static int check_readable(const char *name, struct trtc_err *err)
{
    char byte;
    struct stat st;
    const int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", name);
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        close(fd);
        return trtc_fail(err, TRTC_EX_NOINPUT, "%s: not a regular file", name);
    }
    const ssize_t got = read(fd, &byte, 1);
    const int errnum = errno;
    close(fd);
    return got < 0 ? trtc_fail_errno(err, errnum == EISDIR ? TRTC_EX_NOINPUT : TRTC_EX_IOERR,
                                     errnum, "%s", name)
                   : 0;
}

static int open_source(struct source *s, const char *name, struct trtc_err *err)
{
    const size_t n = strlen(name) + sizeof "file:";
    if (check_readable(name, err) < 0)
        return -1;
    char *url = malloc(n);
    if (!url)
        return trtc_fail_nomem(err);
    snprintf(url, n, "file:%s", name); /* so that no name is taken for a URL */
    const int ret = avformat_open_input(&s->c, url, av_find_input_format("matroska"), NULL);
    free(url);
    s->name = name;
    if (ret == AVERROR_INVALIDDATA || ret == AVERROR(EIO) || ret == AVERROR_EOF)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: not a part of a mix, or truncated", name);
    return ret < 0 ? trtc_fail_av(err, TRTC_EX_NOINPUT, ret, "%s", name) : 0;
}

/* Reads from its tag which part a file is. */
static int look_at(const char *name, struct trtc_mix_part *out, struct trtc_err *err)
{
    struct source s = { 0 };
    if (open_source(&s, name, err) < 0)
        return -1;
    const AVDictionaryEntry *tag = av_dict_get(s.c->metadata, TRTC_WRITER_PART_TAG, NULL, 0);
    const bool is = tag && trtc_mix_part_read(tag->value, out);
    close_source(&s);
    return is ? 0 : trtc_fail(err, TRTC_EX_DATAERR, "%s: not a part of a mix, or truncated", name);
}

static int look_at_all(struct join *j, struct trtc_err *err)
{
    const size_t n = j->o->nb_parts;
    j->files = calloc(n, sizeof *j->files);
    if (!j->files)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        j->files[i].name = j->o->parts[i];
        if (look_at(j->files[i].name, &j->files[i].part, err) < 0)
            return -1;
    }
    if (trtc_mix_parts_check(j->files, n, err) < 0)
        return -1;
    j->mix = j->files[0].part;
    return 0;
}

/* ---- the tracks of the parts ---- */

/* Reads the parameter sets of an avcC (ISO/IEC 14496-15, 5.3.3.1) into j->sets, with start codes
 * (ITU-T H.264, annex B). */
static int read_sets(struct join *j, const AVCodecParameters *par, struct trtc_err *err)
{
    const uint8_t *p = par->extradata, *end = p + par->extradata_size;
    struct trtc_video_params v;
    j->sets = malloc((size_t)par->extradata_size * 3 + 1);
    if (!j->sets)
        return trtc_fail_nomem(err);
    if (end - p < 7 || p[0] != 1 || (p[4] & 3) != 3)
        goto damaged;
    p += 5;
    for (int list = 0; list < 2; list++) {
        if (end - p < 1)
            goto damaged;
        for (int count = *p++ & (list ? 255 : 31); count > 0; count--) {
            const size_t n = end - p < 2 ? SIZE_MAX : (size_t)p[0] << 8 | p[1];
            if (n > (size_t)(end - p) - 2)
                goto damaged;
            memcpy(j->sets + j->sets_size, (const uint8_t[]){ 0, 0, 0, 1 }, 4);
            memcpy(j->sets + j->sets_size + 4, p + 2, n);
            j->sets_size += 4 + n;
            p += 2 + n;
        }
    }
    if (trtc_video_params_read(TRTC_CODEC_H264, j->sets, j->sets_size, &v) < 0)
        goto damaged;
    j->reorder = v.reorder_max > 0 ? v.reorder_max : 0;
    return 0;
damaged:
    return trtc_fail(err, TRTC_EX_DATAERR, "%s: its picture is not that of a part", j->first.name);
}

static int describe(struct join *j, int i, struct trtc_err *err)
{
    const AVStream *st = j->first.c->streams[i];
    const AVCodecParameters *par = st->codecpar;
    const AVDictionaryEntry *name = av_dict_get(st->metadata, "title", NULL, 0);
    struct trtc_writer_track *d = &j->descriptions[i];
    j->tracks[i].stream = i;
    if (par->codec_id == AV_CODEC_ID_H264 && par->extradata && !j->sets) {
        if (read_sets(j, par, err) < 0)
            return -1;
        *d = (struct trtc_writer_track){ .codec = TRTC_CODEC_H264,
                                         .width_px = par->width,
                                         .height_px = par->height,
                                         .fps = j->mix.fps,
                                         .sets = j->sets,
                                         .sets_size = j->sets_size };
        j->tracks[i].video = true;
        return 0;
    }
    if (par->codec_id != AV_CODEC_ID_AAC || !par->extradata || par->sample_rate != j->mix.rate_hz ||
        par->ch_layout.nb_channels > 2)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: its track %d is not that of a part",
                         j->first.name, i + 1);
    *d = (struct trtc_writer_track){ .codec = TRTC_CODEC_AAC,
                                     .rate_hz = par->sample_rate,
                                     .channels = par->ch_layout.nb_channels,
                                     .asc = par->extradata,
                                     .asc_size = (size_t)par->extradata_size,
                                     .name = name ? name->value : NULL };
    return 0;
}

static int open_output(struct join *j, struct trtc_err *err)
{
    if (open_source(&j->first, j->files[0].name, err) < 0)
        return -1;
    j->nb_tracks = (int)j->first.c->nb_streams - 1;
    if (j->nb_tracks < 1 ||
        j->first.c->streams[j->nb_tracks]->codecpar->codec_type != AVMEDIA_TYPE_SUBTITLE)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: its tracks are not those of a part",
                         j->first.name);
    j->tracks = calloc((size_t)j->nb_tracks + 1, sizeof *j->tracks);
    j->descriptions = calloc((size_t)j->nb_tracks + 1, sizeof *j->descriptions);
    j->pkt = av_packet_alloc();
    if (!j->tracks || !j->descriptions || !j->pkt)
        return trtc_fail_nomem(err);
    for (int i = 0; i < j->nb_tracks; i++) {
        if (describe(j, i, err) < 0)
            return -1;
        j->tracks[i].from = -1;
    }
    const struct trtc_writer_opts wo = {
        .path = j->o->path,
        .container = j->o->container,
        .tracks = j->descriptions,
        .nb_tracks = j->nb_tracks,
        .creation_ms = j->mix.start_us / 1000,
        .start_us = j->mix.start_us,
        .expected_us = av_rescale(j->mix.all, 1000000, j->mix.fps),
        .stop = j->o->stop,
    };
    j->writer = trtc_writer_new(&wo, err);
    return j->writer ? 0 : -1;
}

static bool is_same_stream(const AVStream *a, const AVStream *b)
{
    const AVCodecParameters *x = a->codecpar, *y = b->codecpar;
    return x->codec_id == y->codec_id && x->extradata_size == y->extradata_size &&
           x->width == y->width && x->height == y->height && x->sample_rate == y->sample_rate &&
           x->ch_layout.nb_channels == y->ch_layout.nb_channels &&
           (!x->extradata_size ||
            memcmp(x->extradata, y->extradata, (size_t)x->extradata_size) == 0);
}

/* Opens part i and checks that its tracks are those of the first part. */
static int open_part(struct join *j, size_t i, struct source *s, struct trtc_err *err)
{
    if (open_source(s, j->files[i].name, err) < 0)
        return -1;
    bool same = s->c->nb_streams == j->first.c->nb_streams;
    for (unsigned k = 0; same && k < s->c->nb_streams; k++)
        same = is_same_stream(s->c->streams[k], j->first.c->streams[k]);
    return same ? 0
                : trtc_fail(err, TRTC_EX_DATAERR,
                            "%s: its tracks are not those of %s: another version of an encoder?",
                            s->name, j->first.name);
}

/* ---- reading ---- */

static int cut_off(const struct source *s, struct trtc_err *err)
{
    return trtc_fail(err, TRTC_EX_DATAERR, "%s: incomplete, perhaps truncated", s->name);
}

/* Reads the next packet of s into j->pkt. Returns 1; 0: the end; -1. */
static int next_packet(struct join *j, struct source *s, struct trtc_err *err)
{
    if (trtc_is_stopped(j->o->stop))
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "interrupted: the file is not made");
    av_packet_unref(j->pkt);
    const int ret = av_read_frame(s->c, j->pkt);
    if (ret == AVERROR_EOF)
        return 0;
    if (ret < 0)
        return trtc_fail_av(err, ret == AVERROR_INVALIDDATA ? TRTC_EX_DATAERR : TRTC_EX_IOERR, ret,
                            "%s", s->name);
    if (j->pkt->stream_index > j->nb_tracks || j->pkt->pts == AV_NOPTS_VALUE || j->pkt->size < 1)
        return cut_off(s, err);
    return 1;
}

/* Returns the place of j->pkt in its track: the number of frames of sound, or pictures, since the
 * beginning of the mix. The time stamps of parts are whole milliseconds, which is exact enough to
 * find it by rounding. */
static int64_t place_of(const struct join *j, const struct source *s, bool video)
{
    const AVStream *st = s->c->streams[j->pkt->stream_index];
    const int64_t us = av_rescale_q(j->pkt->pts, st->time_base, (AVRational){ 1, 1000000 }) -
                       TRTC_WRITER_PART_SHIFT_US;
    return video ? av_rescale(us, j->mix.fps, 1000000)
                 : av_rescale(us, j->mix.rate_hz, INT64_C(1000000) * AAC_FRAME);
}

static int64_t sound_us(const struct join *j, int64_t frame)
{
    return av_rescale(frame * AAC_FRAME, 1000000, j->mix.rate_hz);
}

/* Writes a packet, unless a track is so far behind that the writer would wait for it: since this
 * thread writes all tracks, it would wait forever. */
static int write_packet(struct join *j, struct track *t, const struct trtc_packet *p,
                        struct trtc_err *err)
{
    t->seen_us = p->dts_us;
    if (j->o->done_us)
        atomic_store_explicit(j->o->done_us, p->dts_us, memory_order_relaxed);
    for (int i = 0; i < j->nb_tracks; i++)
        if (p->dts_us - APART_MAX_US > j->tracks[i].seen_us)
            return cut_off(&j->in, err);
    return trtc_writer_write(j->writer, (int)(t - j->tracks), p, err);
}

/* ---- pictures ---- */

/* Replaces lengths of four bytes by start codes. Returns false if they exceed the picture. */
static bool to_start_codes(uint8_t *p, size_t size)
{
    while (size >= 4) {
        const size_t n = (size_t)trtc_be(p, 4);
        if (n > size - 4)
            return false;
        memcpy(p, (const uint8_t[]){ 0, 0, 0, 1 }, 4);
        p += 4 + n;
        size -= 4 + n;
    }
    return size == 0;
}

static int copy_picture(struct join *j, const struct trtc_mix_part *part, struct track *t,
                        struct trtc_err *err)
{
    const int64_t slot = place_of(j, &j->in, true), decoded = part->first + t->next - j->reorder;
    if (av_packet_make_writable(j->pkt) < 0)
        return trtc_fail_nomem(err);
    if (slot < part->first || slot >= part->end || slot < decoded ||
        (t->next == 0) != (slot == part->first) ||
        (t->next == 0 && !(j->pkt->flags & AV_PKT_FLAG_KEY)) ||
        !to_start_codes(j->pkt->data, (size_t)j->pkt->size))
        return cut_off(&j->in, err);
    t->next++;
    const struct trtc_packet p = {
        .data = j->pkt->data,
        .size = (size_t)j->pkt->size,
        .pts_us = av_rescale_rnd(slot, 1000000, j->mix.fps, AV_ROUND_NEAR_INF),
        .dts_us = av_rescale_rnd(decoded, 1000000, j->mix.fps, AV_ROUND_NEAR_INF),
        .key = j->pkt->flags & AV_PKT_FLAG_KEY,
    };
    return write_packet(j, t, &p, err);
}

/* ---- sound ---- */

static void drop_held(struct held *h)
{
    for (int i = 0; i < 2 * AROUND; i++)
        free(h[i].data);
    memset(h, 0, 2 * AROUND * sizeof *h);
}

static int hold(struct join *j, struct held *h, struct trtc_err *err)
{
    free(h->data);
    h->size = (size_t)j->pkt->size;
    h->data = malloc(h->size + 1);
    if (!h->data)
        return trtc_fail_nomem(err);
    memcpy(h->data, j->pkt->data, h->size);
    return 0;
}

static int write_sound(struct join *j, struct track *t, struct trtc_bytes data, int64_t frame,
                       struct trtc_err *err)
{
    const int64_t us = sound_us(j, frame);
    const struct trtc_packet p = {
        .data = data.p, .size = data.n, .pts_us = us, .dts_us = us, .key = true
    };
    return write_packet(j, t, &p, err);
}

/* Returns the frame of sound at which the pictures of a part end. */
static int64_t join_at(const struct join *j, const struct trtc_mix_part *part)
{
    return av_rescale(part->end, j->mix.rate_hz, j->mix.fps) / AAC_FRAME;
}

static int copy_sound(struct join *j, const struct trtc_mix_part *part, struct track *t,
                      struct trtc_err *err)
{
    const int64_t frame = place_of(j, &j->in, false);
    const bool last = part->end == part->all;
    const int64_t from = last ? INT64_MAX : join_at(j, part) - AROUND;
    if (frame < t->from)
        return 0;
    if (frame != t->next)
        return cut_off(&j->in, err);
    t->next++;
    if (frame < from)
        return write_sound(j, t, (struct trtc_bytes){ j->pkt->data, (size_t)j->pkt->size }, frame,
                           err);
    return frame < from + 2 * AROUND ? hold(j, &t->tail[frame - from], err) : 0;
}

/* ---- joins ---- */

/* Whether the last of the frames around the join was read, for every track of sound. */
static bool have_heads(const struct join *j)
{
    for (int i = 0; i < j->nb_tracks; i++)
        if (!j->tracks[i].video && !j->tracks[i].head[2 * AROUND - 1].data)
            return false;
    return true;
}

/* Reads the sound around the beginning of part i + 1 into the heads of the tracks. */
static int read_heads(struct join *j, size_t i, struct trtc_err *err)
{
    const int64_t from = join_at(j, &j->files[i].part) - AROUND;
    struct source s = { 0 };
    int got = open_part(j, i + 1, &s, err) < 0 ? -1 : 1;
    while (got > 0 && !have_heads(j) && (got = next_packet(j, &s, err)) > 0) {
        struct track *t = &j->tracks[j->pkt->stream_index];
        const int64_t frame = place_of(j, &s, false);
        if (t < j->tracks + j->nb_tracks && !t->video && frame >= from &&
            frame < from + 2 * AROUND && hold(j, &t->head[frame - from], err) < 0)
            got = -1;
    }
    close_source(&s);
    return got < 0 ? -1 : 0;
}

static bool is_empty(const struct held *h)
{
    for (int i = 0; i < 2 * AROUND; i++)
        if (h[i].data)
            return false;
    return true;
}

/* Chooses where a track of sound changes from part i to the next one, and writes the frames that
 * part i has before that. Near the end of the mix there are fewer frames than usual. */
static int join_track(struct join *j, size_t i, struct track *t, struct trtc_err *err)
{
    const struct trtc_mix_part *part = &j->files[i].part;
    const struct source next = { .name = j->files[i + 1].name };
    const int64_t from = join_at(j, part) - AROUND;
    struct trtc_bytes a[2 * AROUND], b[2 * AROUND];
    size_t first = 0, n = 0;
    while (first < 2 * AROUND && (!t->tail[first].data || !t->head[first].data))
        first++; /* before the beginning of the mix, or before the previous join */
    while (first + n < 2 * AROUND && t->tail[first + n].data && t->head[first + n].data) {
        a[n] = (struct trtc_bytes){ t->tail[first + n].data, t->tail[first + n].size };
        b[n] = (struct trtc_bytes){ t->head[first + n].data, t->head[first + n].size };
        n++;
    }
    if (n < 2)
        return cut_off(is_empty(t->tail) ? &j->in : &next, err);
    const size_t near = first < AROUND ? AROUND - first : 1,
                 at = trtc_splice_find(a, b, n, near < n ? near : n - 1);
    for (size_t k = 0; k < at; k++)
        if (write_sound(j, t, a[k], from + (int64_t)(first + k), err) < 0)
            return -1;
    t->from = from + (int64_t)(first + at);
    return 0;
}

static int join_sound(struct join *j, size_t i, struct trtc_err *err)
{
    int ret = read_heads(j, i, err);
    for (int k = 0; k < j->nb_tracks; k++) {
        struct track *t = &j->tracks[k];
        if (ret == 0 && !t->video)
            ret = join_track(j, i, t, err);
        drop_held(t->head);
        drop_held(t->tail);
    }
    return ret;
}

/* ---- notes ---- */

static void tell_lines(const struct join *j, const char *part, struct trtc_bytes lines)
{
    char line[2048];
    for (const uint8_t *p = lines.p, *end = lines.p + lines.n, *eol; p < end; p = eol + 1) {
        eol = memchr(p, '\n', (size_t)(end - p));
        snprintf(line, sizeof line, "%.*s", (int)(eol - p), (const char *)p);
        j->o->tell(j->o->opaque, part, line);
    }
}

/* Takes j->pkt, which is the note of the part, and reports its lines. */
static int take_note(struct join *j, struct trtc_err *err)
{
    char line[64];
    int status;
    struct trtc_bytes lines;
    if (j->noted ||
        !trtc_mix_note_read((const char *)j->pkt->data, (size_t)j->pkt->size, &status, &lines))
        return cut_off(&j->in, err);
    j->noted = true;
    j->status = trtc_worse(j->status, status);
    snprintf(line, sizeof line, "it was made with exit status %d", status);
    tell_lines(j, j->in.name, lines);
    if (status && !lines.n)
        j->o->tell(j->o->opaque, j->in.name, line);
    return 0;
}

/* ---- parts ---- */

/* Whether the part was complete: its note, all its pictures and, in the last part, all sound. */
static bool is_whole(const struct join *j, const struct trtc_mix_part *part)
{
    if (!j->noted)
        return false;
    for (int i = 0; i < j->nb_tracks; i++) {
        const struct track *t = &j->tracks[i];
        const int64_t samples =
            av_rescale_rnd(part->end, j->mix.rate_hz, j->mix.fps, AV_ROUND_NEAR_INF);
        if (t->video ? t->next != part->end - part->first
                     : part->end == part->all && t->next * AAC_FRAME < samples)
            return false;
    }
    return true;
}

static int copy_packet(struct join *j, const struct trtc_mix_part *part, struct trtc_err *err)
{
    const int k = j->pkt->stream_index;
    if (k == j->nb_tracks)
        return take_note(j, err);
    return (j->tracks[k].video ? copy_picture : copy_sound)(j, part, &j->tracks[k], err);
}

static int copy_part(struct join *j, size_t i, struct trtc_err *err)
{
    const struct trtc_mix_part *part = &j->files[i].part;
    int got;
    if (open_part(j, i, &j->in, err) < 0 ||
        trtc_mkv_check(j->in.c->pb, j->in.name, j->o->stop, err) < 0)
        return -1;
    for (int k = 0; k < j->nb_tracks; k++)
        j->tracks[k].next = j->tracks[k].video ? 0 : j->tracks[k].from;
    j->noted = false;
    while ((got = next_packet(j, &j->in, err)) > 0)
        if (copy_packet(j, part, err) < 0)
            return -1;
    if (got < 0)
        return -1;
    if (!is_whole(j, part))
        return cut_off(&j->in, err);
    if (part->end < part->all && join_sound(j, i, err) < 0)
        return -1;
    close_source(&j->in);
    return 0;
}

static int join_all(struct join *j, struct trtc_join_result *res, struct trtc_err *err)
{
    const int64_t end_us = av_rescale(j->mix.all, 1000000, j->mix.fps);
    for (size_t i = 0; i < j->o->nb_parts; i++)
        if (copy_part(j, i, err) < 0)
            return -1;
    for (int i = 0; i < j->nb_tracks; i++)
        if (trtc_writer_end_track(j->writer, i, end_us, err) < 0)
            return -1;
    *res = (struct trtc_join_result){ .start_us = j->mix.start_us,
                                      .end_us = j->mix.start_us + end_us,
                                      .fps = j->mix.fps,
                                      .status = j->status };
    for (int i = 0; i < j->nb_tracks; i++)
        if (j->tracks[i].video) {
            res->nb_frames = j->mix.all;
            res->width_px = j->descriptions[i].width_px;
            res->height_px = j->descriptions[i].height_px;
        }
    return trtc_writer_finish(j->writer, &res->bytes, err);
}

int trtc_join(const struct trtc_join_opts *o, struct trtc_join_result *res, struct trtc_err *err)
{
    struct join j = { .o = o };
    int ret = -1;
    *res = (struct trtc_join_result){ 0 };
    if (look_at_all(&j, err) == 0 && open_output(&j, err) == 0)
        ret = join_all(&j, res, err);
    res->reader_left = j.writer && trtc_writer_reader_left(j.writer);
    trtc_writer_free(&j.writer);
    for (int i = 0; j.tracks && i < j.nb_tracks; i++) {
        drop_held(j.tracks[i].head);
        drop_held(j.tracks[i].tail);
    }
    close_source(&j.in);
    close_source(&j.first);
    av_packet_free(&j.pkt);
    free(j.tracks);
    free(j.descriptions);
    free(j.sets);
    free(j.files);
    return ret;
}
