/* SPDX-License-Identifier: MIT */
/* Input: everything that is no transport stream, and all URLs, through libavformat. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "codec/av.h"
#include "picture/turn.h"
#include "source/avformat.h"
#include "source/input_priv.h"
#include "ts/es.h"

enum { BLOCK_BYTES = 256 * 1024 };
enum { LOOK_S = 5 };      /* how long a container that announces no tracks is searched for them */
enum { ERRORS_MAX = 64 }; /* in a row, then nothing more is to be had */
enum { AGAIN_MS = 10 };
enum { FRAGMENT_ROUNDING_US = 100 };
enum {
    LAG_US = 1000000,
    LAG_FRAMES = 16
};                           /* a derived DTS that lags more, from then on, is wrong */
enum { WRAP_BITS_MAX = 40 }; /* wider counters do not wrap */
#define TICKS_MAX (INT64_C(1) << 60)

struct stream {
    int index; /* in the container, or -1 */
    enum trtc_codec codec;
    const char *codec_name;
    bool configured; /* a configuration record has been read, */
    bool config_new; /* and not returned yet */

    int nal_length; /* H.264, H.265: bytes of a length; 0: Annex B */
    uint8_t *sets;  /* parameter sets outside the stream */
    size_t sets_size;

    bool bare; /* AAC without ADTS headers, which are made from this: */
    struct trtc_input_aac aac;

    bool running;
    int64_t at;           /* time stamp before, in its own time base, wraps undone */
    int nb_without_dts;   /* frames without a DTS at the beginning, */
    int64_t first_dts_us; /* from this one on */
    int64_t ahead_us[2];  /* derived DTS: the most that one was before its PTS in this group of
                             pictures, and in the one before it */
    int64_t lagging_us;   /* the last one that lagged after a pause; 0: none since it */
    int64_t late_us;      /* decoding times are too late by this */

    struct trtc_ledger ledger;
    int64_t nb_taken; /* packets that became frames, or could not */
    int64_t nb_empty; /* packets without content */
    int64_t sum_us;   /* the sum of their durations */
    int64_t trim_us;  /* sound that is still to be trimmed */
    int64_t next_us;  /* sound of a fragment: when the frame before ends */
    bool mended;      /* that was stamped too late */
    bool timed;       /* sound: a frame had this time */
    int64_t said_us;
    bool stepless;   /* the index states no durations that can be right */
    bool standing;   /* the times stand still, or are still behind after that: */
    int64_t from_us; /* since then there were so many samples */
    int64_t nb_samples;
    unsigned turn; /* as the stream states */
};

struct back {
    struct trtc_input_src *src; /* NULL: libavformat has opened a URL */
    const char *name;
    const volatile sig_atomic_t *stop;
    AVFormatContext *ic;
    AVIOContext *pb;
    AVPacket *pkt;
    AVPacket *ahead; /* with has_ahead: the packet after an incomplete one */
    bool has_ahead;
    int ahead_track;
    struct trtc_input_watch watch;
    int64_t at; /* of src: the next byte to be read */
    struct stream stream[TRTC_NB_KINDS];
    uint8_t *out; /* the frame that is returned, unless it is the packet itself */
    size_t cap;
    int64_t nb_bytes, nb_bad_bytes[TRTC_NB_KINDS], nb_damaged[TRTC_NB_KINDS];
    char encrypted[24]; /* the method of frames that are; "": there was none */
    bool cut, at_end;
    bool one_way; /* libavformat must not seek in a file */
    bool copies;  /* for a recording that has no edit lists */
    bool whole; /* libavformat applies no edit lists, except for the beginning of the first part */
    bool begun; /* ... and some sound was heard */

    /* pictures without times */
    bool untimed;
    bool bare;           /* they have no decoding times either */
    AVRational frame_us; /* distance of two */
    int64_t lead_us;     /* by which an edit list assumes that they are shown later than decoded */
    int64_t decoded_us[2 * TRTC_INPUT_ORDER_MAX]; /* decoding times of the latest ones */
    AVCodecParserContext *parser;
    AVCodecContext *parser_ctx;
    struct trtc_input_order order;
    AVPacket *held[TRTC_INPUT_ORDER_MAX];
    bool ended;
    int end_result;
    struct trtc_err end_err;
};

static bool stopped(const struct back *b)
{
    return b->stop && *b->stop;
}

/* ---- what libavformat calls ---- */

static int on_interrupt(void *opaque)
{
    return stopped(opaque);
}

static int on_read(void *opaque, uint8_t *buf, int n)
{
    struct back *b = opaque;
    const ssize_t got = trtc_input_src_read(b->src, buf, (size_t)n);

    if (got < 0)
        return AVERROR(b->src->errnum);
    trtc_input_watch_bytes(&b->watch, b->at, buf, (size_t)got);
    b->at += got;
    return got ? (int)got : AVERROR_EOF;
}

static int64_t on_seek(void *opaque, int64_t to, int whence)
{
    struct back *b = opaque;
    const bool size = whence & AVSEEK_SIZE;
    const int64_t at =
        trtc_input_src_seek(b->src, to, whence & ~(AVSEEK_SIZE | AVSEEK_FORCE), size);

    if (at >= 0 && !size)
        b->at = at;
    return at;
}

/* A container that names other files is not to be followed: it may name any. */
static int on_open(AVFormatContext *ic, AVIOContext **pb, const char *url, int flags,
                   AVDictionary **options)
{
    (void)ic, (void)pb, (void)url, (void)flags, (void)options;
    return AVERROR(EACCES);
}

/* ---- streams ---- */

/* Reads a configuration record of stream s. */
static int configure(struct stream *s, enum AVCodecID id, const uint8_t *p, size_t size,
                     struct trtc_err *err)
{
    if (s->codec == TRTC_CODEC_H264 || s->codec == TRTC_CODEC_H265) {
        struct trtc_input_config found;

        if (trtc_input_video_config(s->codec, (struct trtc_bytes){ p, size }, &found, err) < 0)
            return -1;
        free(s->sets);
        s->sets = found.sets;
        s->sets_size = found.sets_size;
        s->nal_length = found.nal_length;
    } else if (id == AV_CODEC_ID_AAC) {
        s->bare = size > 0;
        s->codec = s->bare && trtc_input_aac_config(p, size, &s->aac) < 0 ? TRTC_CODEC_OTHER
                                                                          : TRTC_CODEC_AAC;
    }
    s->config_new = true;
    s->configured = size > 0;
    return 0;
}

static enum trtc_codec codec_of(enum AVCodecID id)
{
    switch (id) {
    case AV_CODEC_ID_H264:
        return TRTC_CODEC_H264;
    case AV_CODEC_ID_HEVC:
        return TRTC_CODEC_H265;
    case AV_CODEC_ID_AAC:
        return TRTC_CODEC_AAC;
    case AV_CODEC_ID_NONE:
        return TRTC_CODEC_NONE;
    default:
        return TRTC_CODEC_OTHER;
    }
}

static bool is_picture(const AVStream *st)
{
    return st->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS);
}

/* The video stream: the best one of a codec that can be taken, else the best one. */
static int pick_video(const AVFormatContext *ic, int best)
{
    if (best >= 0 && codec_of(ic->streams[best]->codecpar->codec_id) != TRTC_CODEC_OTHER &&
        !is_picture(ic->streams[best]))
        return best;
    if (best >= 0 && is_picture(ic->streams[best]))
        best = -1;
    for (unsigned i = 0; i < ic->nb_streams; i++) {
        const enum trtc_codec c = codec_of(ic->streams[i]->codecpar->codec_id);
        if ((c == TRTC_CODEC_H264 || c == TRTC_CODEC_H265) && !is_picture(ic->streams[i]))
            return (int)i;
    }
    return best;
}

/* Returns the display matrix of a stream, or NULL. */
static const uint8_t *stream_matrix(const AVStream *st)
{
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
    const AVPacketSideData *d = av_packet_side_data_get(
        st->codecpar->coded_side_data, st->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);

    return d && d->size >= 9 * sizeof(int32_t) ? d->data : NULL;
#else
    size_t size = 0;
    const uint8_t *p = av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, &size);

    return size >= 9 * sizeof(int32_t) ? p : NULL;
#endif
}

/* Whether the pixels of a stream have the shape that a matrix without turns stretches them to. */
static bool is_stretched(const AVStream *st, const int32_t m[9])
{
    const double x = (double)st->sample_aspect_ratio.num * abs(m[4] / 2);
    const double y = (double)st->sample_aspect_ratio.den * abs(m[0] / 2);

    return x > y * 0.99 && x < y * 1.01;
}

/* Returns how a matrix turns the pictures of a stream. libavformat makes a stretch the shape of the
 * pixels, unless the container states another shape as well, or turns the picture. */
static unsigned turn_of(const AVStream *st, const uint8_t *matrix)
{
    int32_t m[9];

    if (!matrix)
        return 0;
    memcpy(m, matrix, sizeof m);
    const unsigned turn = trtc_turn_of_matrix(m);
    const bool done = !(turn & TRTC_TURN_TRANSPOSE) && is_stretched(st, m);
    return done ? turn & ~(unsigned)TRTC_TURN_STRETCH : turn;
}

/* Makes stream index of the container track k, if its codec is known. */
static int use_stream(struct back *b, int k, int index, struct trtc_err *err)
{
    const AVCodecParameters *par = b->ic->streams[index]->codecpar;
    struct stream *s = &b->stream[k];

    s->codec = codec_of(par->codec_id);
    s->codec_name = avcodec_get_name(par->codec_id);
    if (s->codec == TRTC_CODEC_NONE)
        return 0;
    s->index = index;
    if (k == TRTC_AT_VIDEO)
        s->turn = turn_of(b->ic->streams[index], stream_matrix(b->ic->streams[index]));
    return configure(s, par->codec_id, par->extradata, (size_t)par->extradata_size, err);
}

static int choose_streams(struct back *b, struct trtc_err *err)
{
    AVFormatContext *ic = b->ic;
    const int video = pick_video(ic, av_find_best_stream(ic, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0));
    const int audio = av_find_best_stream(ic, AVMEDIA_TYPE_AUDIO, -1, video, NULL, 0);

    for (unsigned i = 0; i < ic->nb_streams; i++)
        if ((int)i != video && (int)i != audio)
            ic->streams[i]->discard = AVDISCARD_ALL;
    if (video >= 0 && use_stream(b, TRTC_AT_VIDEO, video, err) < 0)
        return -1;
    return audio >= 0 ? use_stream(b, TRTC_AT_AUDIO, audio, err) : 0;
}

/* A stream that the container did not announce has a packet: the track that it now is, or -1. FLV
 * and MPEG streams announce nothing, or not all. */
static int adopt(struct back *b, int index)
{
    AVStream *st = b->ic->streams[index];
    const enum AVMediaType type = st->codecpar->codec_type;
    const int k = type == AVMEDIA_TYPE_VIDEO ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;
    struct trtc_err ignored; /* a damaged record: the stream may hold its parameters itself */

    if ((type != AVMEDIA_TYPE_VIDEO && type != AVMEDIA_TYPE_AUDIO) || is_picture(st) ||
        b->stream[k].index >= 0) {
        st->discard = AVDISCARD_ALL;
        return -1;
    }
    use_stream(b, k, index, &ignored);
    return b->stream[k].index >= 0 ? k : -1;
}

/* Returns what the index of an MP4 states about the track, or NULL: nothing, or not everything. */
static const struct trtc_input_box_track *indexed_track(const struct back *b, int track)
{
    const struct stream *s = &b->stream[track];

    if (!b->src || s->index < 0 || b->watch.boxes.fragments || !trtc_input_av_is_indexed(b))
        return NULL;
    return trtc_input_boxes_track(&b->watch.boxes, b->ic->streams[s->index]->id);
}

/* Whether the pictures have no times of presentation: in a raw stream, which has no times at all,
 * in AVI, and where the index of an MP4, or its fragments, have only decoding times although pictures
 * are reordered, or not even durations. */
static bool lacks_times(struct back *b)
{
    const struct stream *s = &b->stream[TRTC_AT_VIDEO];

    b->bare = av_match_name(b->ic->iformat->name, "h264,hevc");
    if (s->index < 0 || (s->codec != TRTC_CODEC_H264 && s->codec != TRTC_CODEC_H265))
        return false;
    const AVStream *st = b->ic->streams[s->index];
    const struct trtc_input_box_track *t = indexed_track(b, TRTC_AT_VIDEO);
    if (t && t->no_steps && st->nb_frames > 1)
        b->bare = true;
    if (!t && b->watch.boxes.fragments && st->nb_frames == 0)
        t = trtc_input_boxes_track(&b->watch.boxes, st->id);
    const bool listed = t && (t->has_runs || !b->watch.boxes.fragments);
    return b->bare || av_match_name("avi", b->ic->iformat->name) ||
           (listed && !t->has_offsets && st->codecpar->video_delay > 0);
}

/* Returns the distance of two pictures, in seconds. An index without durations still states that of
 * the track. */
static AVRational distance_of(struct back *b, AVStream *st)
{
    enum { PARTS = 10000000 };
    const AVRational rate = av_guess_frame_rate(b->ic, st, NULL), part = { 1, PARTS };

    if (trtc_input_av_is_indexed(b) && b->bare && st->duration > 0) {
        const int64_t all = av_rescale_q(st->duration, st->time_base, part);
        if (all / st->nb_frames >= PARTS / 1000 && all / st->nb_frames <= PARTS * INT64_C(100))
            return (AVRational){ (int)(all / st->nb_frames), PARTS };
    }
    if (rate.num <= 0 || rate.den <= 0 || av_q2d(rate) > 1000 || av_q2d(rate) < 0.01)
        return (AVRational){ 1, 25 };
    return (AVRational){ rate.den, rate.num };
}

/* Returns by how many pictures the stream reorders. libavformat guesses that from the times of an
 * index if it has any. */
static int delay_of(const struct back *b, const AVStream *st)
{
    const struct stream *s = &b->stream[TRTC_AT_VIDEO];
    struct trtc_video_params v;

    if (!b->bare || !trtc_input_av_is_indexed(b))
        return st->codecpar->video_delay;
    if (!s->sets || trtc_video_params_read(s->codec, s->sets, s->sets_size, &v) < 0 ||
        v.reorder_max < 0)
        return 0;
    return v.reorder_max;
}

/* A parser determines the order of pictures without times, and the stream states their rate. */
static int prepare_untimed(struct back *b, struct trtc_err *err)
{
    const struct stream *s = &b->stream[TRTC_AT_VIDEO];

    if (!lacks_times(b))
        return 0;
    AVStream *st = b->ic->streams[s->index];
    b->frame_us = distance_of(b, st);
    b->order.delay = delay_of(b, st);
    b->parser = av_parser_init(st->codecpar->codec_id);
    b->parser_ctx = avcodec_alloc_context3(NULL);
    if (!b->parser_ctx || avcodec_parameters_to_context(b->parser_ctx, st->codecpar) < 0)
        return trtc_fail_nomem(err);
    b->parser_ctx->has_b_frames = b->order.delay;
    if (!b->parser)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "this FFmpeg has no parser for %s",
                         s->codec_name);
    b->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
    b->untimed = true;
    return 0;
}

/* ---- parts of an MP4 or FLV ---- */

/* Returns the size of src, or how much has been read. */
static int64_t size_of(const struct back *b)
{
    return b->src->seekable ? trtc_input_src_seek(b->src, 0, 0, true) : b->at;
}

/* Looks at the parts that were passed over so far. */
static void check_parts(struct back *b)
{
    uint8_t block[4096];
    ssize_t got = 1;

    if (!b->watch.layout || b->watch.done || stopped(b))
        return;
    const int64_t size = size_of(b);
    for (int64_t at; got > 0 && (at = trtc_input_watch_wants(&b->watch)) >= 0 && at < size;) {
        got = at != b->at && on_seek(b, at, SEEK_SET) < 0
                  ? -1
                  : trtc_input_src_read(b->src, block, sizeof block);
        if (got > 0) {
            b->at += got;
            trtc_input_watch_bytes(&b->watch, at, block, (size_t)got);
        }
    }
    b->cut |= trtc_input_watch_end(&b->watch, size);
}

/* Whether an MP4 is cut before the end of its index. */
static bool lacks_index(struct back *b)
{
    if (!b->src || b->watch.layout != TRTC_INPUT_BOXES)
        return false;
    check_parts(b);
    return b->watch.nb_faults == 0 && (b->cut || !b->watch.indexed) && !b->watch.boxes.whole;
}

/* ---- opening ---- */

static void back_free(void *self)
{
    struct back *b = self;

    if (!b)
        return;
    av_parser_close(b->parser);
    avcodec_free_context(&b->parser_ctx);
    for (int i = 0; i < TRTC_INPUT_ORDER_MAX; i++)
        av_packet_free(&b->held[i]);
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        free(b->stream[k].sets);
    av_packet_free(&b->pkt);
    av_packet_free(&b->ahead);
    avformat_close_input(&b->ic);
    if (b->pb)
        av_freep(&b->pb->buffer);
    avio_context_free(&b->pb);
    trtc_input_boxes_fini(&b->watch.boxes);
    free(b->out);
    free(b);
}

static int code_of_averror(int averr, bool network)
{
    switch (averr) {
    case AVERROR_HTTP_NOT_FOUND:
    case AVERROR(ENOENT):
        return TRTC_EX_NOINPUT;
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
    case AVERROR(EACCES):
        return TRTC_EX_NOPERM;
    case AVERROR_PROTOCOL_NOT_FOUND:
    case AVERROR_DEMUXER_NOT_FOUND:
        return TRTC_EX_UNAVAILABLE;
    case AVERROR_INVALIDDATA:
    case AVERROR_HTTP_BAD_REQUEST:
    case AVERROR_HTTP_OTHER_4XX:
        return TRTC_EX_DATAERR;
    default:
        return network ? TRTC_EX_TEMPFAIL : TRTC_EX_DATAERR;
    }
}

static bool is_mp4_pipe(const struct back *b)
{
    return b->src && !b->src->seekable && b->watch.layout == TRTC_INPUT_BOXES;
}

static int fail_mp4_pipe(const struct back *b, struct trtc_err *err)
{
    return trtc_fail(
        err, TRTC_EX_DATAERR,
        "%s: an MP4 with its index at the end cannot be read from a pipe, or from a server without range requests: give the file",
        b->name);
}

static int fail_index(const struct back *b, struct trtc_err *err)
{
    if (b->watch.fragments && !b->watch.indexed)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "%s: fragments of an MP4 without their initialization segment (moov): put "
                         "it in front of them",
                         b->name);
    return trtc_fail(err, TRTC_EX_DATAERR,
                     "%s: truncated: an MP4 without its index (moov): it was not recorded or "
                     "received to its end",
                     b->name);
}

static int fail_open(struct back *b, int averr, struct trtc_err *err)
{
    if (stopped(b))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: stopped before the stream began", b->name);
    if (b->src && b->src->errnum)
        return trtc_input_fail_read(b->src, b->name, err);
    if (b->src && b->nb_bytes == 0 && b->src->nb_head == 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: is empty", b->name);
    if (is_mp4_pipe(b))
        return fail_mp4_pipe(b, err);
    if (lacks_index(b))
        return fail_index(b, err);
    if (b->src && (averr == AVERROR_INVALIDDATA || averr == AVERROR(EINVAL)))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: not a container or stream that can be read",
                         b->name);
    if (b->src && (averr == AVERROR_EOF || averr == AVERROR(EIO))) /* no read has failed */
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: truncated: it ends before its first frame",
                         b->name);
    return trtc_fail_av(err, code_of_averror(averr, !b->src), averr, "%s", b->name);
}

/* Allocates the container's context. Returns 0, or -1. */
static int new_context(struct back *b)
{
    b->ic = avformat_alloc_context();
    if (!b->ic)
        return -1;
    b->ic->interrupt_callback = (AVIOInterruptCB){ on_interrupt, b };
    b->ic->max_analyze_duration = LOOK_S * AV_TIME_BASE; /* FLV: not for 90 s */
    if (!b->pb)
        return 0;
    b->ic->pb = b->pb;
    b->ic->flags |= AVFMT_FLAG_CUSTOM_IO;
    b->ic->io_open = on_open;
    b->ic->protocol_whitelist = av_strdup("none");
    return b->ic->protocol_whitelist ? 0 : -1;
}

static struct back *back_new(const char *name, const volatile sig_atomic_t *stop,
                             struct trtc_err *err)
{
    struct back *b = calloc(1, sizeof *b);

    if (b) {
        b->name = name;
        b->stop = stop;
        b->stream[0].index = b->stream[1].index = -1;
        b->watch.stop = stop;
        b->pkt = av_packet_alloc();
        b->ahead = av_packet_alloc();
        if (b->pkt && b->ahead)
            return b;
    }
    back_free(b);
    trtc_fail_nomem(err);
    return NULL;
}

/* A container that names all its tracks in its header, or has one, need not be searched for them,
 * nor need FLV, whose tracks are adopted when they come: of a live source, frames that are read
 * during a search could not be saved. */
static bool opens_at_once(const struct back *b)
{
    static const char *const names[] = {
        "flv", "h264", "hevc", "live_flv", "matroska", "mov", NULL
    };

    for (const char *const *n = names; *n; n++)
        if (strncmp(b->ic->iformat->name, *n, strlen(*n)) == 0)
            return !b->src || !b->src->seekable;
    return false;
}

/* Whether edit lists are not left to libavformat: where parts are in order, or pictures have no
 * durations, so that it would count with wrong times. It would read much
 * twice, would repeat the beginning instead of a pause between two parts, and knows no pictures
 * that stand still. A recording has no edit lists, and gets everything in the order in which it is
 * coded. */
static bool are_edited(const struct back *b)
{
    const struct trtc_input_boxes *x = &b->watch.boxes;
    bool edited = false, in_order = true;

    for (int k = 0; k < x->nb_tracks; k++) {
        const struct trtc_input_box_track *t = &x->tracks[k];
        edited |= !trtc_edits_are_plain(&t->edits) || (t->picture && t->no_steps && t->edits.n > 0);
        in_order &= trtc_edits_are_in_order(&x->tracks[k].edits);
    }
    return x->whole && !x->fragments && edited && (b->copies || in_order);
}

static int open_once(struct back *b, const char *url, AVDictionary **options)
{
    if (new_context(b) < 0)
        return AVERROR(ENOMEM);
    trtc_input_watch_log(&b->watch, b->ic);
    return avformat_open_input(&b->ic, url, NULL, options);
}

static int open_again(struct back *b, AVDictionary **options)
{
    const int64_t at = avio_seek(b->pb, 0, SEEK_SET);

    if (b->one_way)
        b->pb->seekable = 0;
    return at < 0 ? (int)at : open_once(b, "", options);
}

/* Opens a file again after a failure. libavformat looks at all fragments of an MP4 in advance if it
 * may seek, and refuses a file that is cut in the header of one. */
static int open_fragments(struct back *b, int averr)
{
    const bool cut = averr == AVERROR_INVALIDDATA || averr == AVERROR_EOF || averr == AVERROR(EIO);

    if (!cut || b->src->errnum || !b->watch.boxes.whole || !b->watch.boxes.fragments)
        return averr;
    b->one_way = true;
    return open_again(b, NULL);
}

/* Opens the container; of an MP4 with such edit lists, a second time without them. */
static int open_container(struct back *b, const char *url)
{
    AVDictionary *options = NULL;
    int ret = open_once(b, url, NULL);

    if (ret >= 0 && b->watch.boxes.nomem)
        return AVERROR(ENOMEM);
    if (!b->src || !b->src->seekable)
        return ret;
    if (ret < 0)
        return open_fragments(b, ret);
    if (!trtc_input_av_is_indexed(b) || !are_edited(b))
        return ret;
    b->whole = true;
    avformat_close_input(&b->ic);
    if (av_dict_set(&options, "advanced_editlist", "0", 0) < 0)
        return AVERROR(ENOMEM);
    ret = open_again(b, &options);
    av_dict_free(&options);
    return ret;
}

/* Whether there is video or sound of a codec that libavformat does not know. */
static bool has_unknown(const struct back *b)
{
    for (unsigned i = 0; i < b->ic->nb_streams; i++) {
        const AVCodecParameters *par = b->ic->streams[i]->codecpar;
        if (par->codec_id == AV_CODEC_ID_NONE &&
            (par->codec_type == AVMEDIA_TYPE_VIDEO || par->codec_type == AVMEDIA_TYPE_AUDIO))
            return true;
    }
    return false;
}

/* Reads the beginning and chooses the streams. */
static int open_streams(struct back *b, const char *url, struct trtc_err *err)
{
    int ret = open_container(b, url);

    if (ret < 0)
        return fail_open(b, ret, err);
    b->watch.opened = true;
    if (opens_at_once(b)) {
        b->ic->max_analyze_duration = AV_TIME_BASE / 2;
        b->ic->fps_probe_size = 0;
        b->ic->max_ts_probe = 0; /* bare pictures have no times */
    }
    /* Not fatal by itself: a stream may be good that libavformat does not know all about. */
    ret = avformat_find_stream_info(b->ic, NULL);
    if (ret < 0 && (stopped(b) || b->ic->nb_streams == 0))
        return fail_open(b, ret, err);
    if (choose_streams(b, err) < 0 || prepare_untimed(b, err) < 0)
        return -1;
    const struct trtc_input_box_track *sound = indexed_track(b, TRTC_AT_AUDIO);
    b->stream[TRTC_AT_AUDIO].stepless = sound && sound->no_steps;
    if (b->stream[0].index < 0 && b->stream[1].index < 0 && lacks_index(b))
        return fail_open(b, AVERROR_INVALIDDATA, err);
    if (b->stream[0].index < 0 && b->stream[1].index < 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %s", b->name,
                         has_unknown(b) ? "this FFmpeg does not know the codecs in it"
                                        : "neither video nor sound in it");
    return 0;
}

void *trtc_input_av_new(struct trtc_input_src *src, const char *name, bool copies,
                        struct trtc_err *err)
{
    if (src->nb_head >= 7 && memcmp(src->head, "#EXTM3U", 7) == 0) {
        trtc_fail(err, TRTC_EX_DATAERR,
                  "%s: is a playlist: give a segment or a stream; trtc-merge and trtc-mix read the "
                  "directory of a recording",
                  name);
        return NULL;
    }

    if (trtc_avformat_load(err) < 0)
        return NULL;
    struct back *b = back_new(name, src->stop, err);
    uint8_t *buf = av_malloc(BLOCK_BYTES);
    if (!b || !buf)
        goto nomem;
    b->src = src;
    b->copies = copies;
    trtc_input_watch_begin(&b->watch, src->head, src->nb_head);
    b->pb =
        avio_alloc_context(buf, BLOCK_BYTES, 0, b, on_read, NULL, src->seekable ? on_seek : NULL);
    if (!b->pb)
        goto nomem;
    buf = NULL;
    if (open_streams(b, "", err) == 0)
        return b;
    back_free(b);
    return NULL;
nomem:
    av_free(buf);
    back_free(b);
    trtc_fail_nomem(err);
    return NULL;
}

bool trtc_input_av_is_indexed(const void *back)
{
    return av_match_name("mp4", ((const struct back *)back)->ic->iformat->name);
}

bool trtc_input_av_is_steady(const void *back)
{
    return trtc_input_av_is_indexed(back) && !((const struct back *)back)->watch.boxes.fragments;
}

void *trtc_input_av_open(const char *url, const char *name, const volatile sig_atomic_t *stop,
                         struct trtc_err *err)
{
    if (trtc_avformat_load(err) < 0)
        return NULL;
    struct back *b = back_new(name, stop, err);
    if (b && open_streams(b, url, err) == 0)
        return b;
    back_free(b);
    return NULL;
}

/* ---- packets ---- */

static int track_of(const struct back *b, int index)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        if (b->stream[k].index == index)
            return k;
    return -1;
}

static int64_t us_of(int64_t t, AVRational tb)
{
    if (t > TICKS_MAX || t < -TICKS_MAX)
        return TRTC_NOTIME;
    const int64_t us = av_rescale_q(t, tb, (AVRational){ 1, 1000000 });
    return us > TRTC_INPUT_TIME_MAX_US || us < -TRTC_INPUT_TIME_MAX_US ? TRTC_NOTIME : us;
}

/* Bytes of ID3 tags around bare sound. */
static int64_t id3_bytes(const struct back *b)
{
    const uint8_t *h = b->src->head;

    if (b->src->nb_head < 10 || memcmp(h, "ID3", 3) != 0)
        return 0;
    return 10 +
           ((int64_t)(h[6] & 127) << 21 | (h[7] & 127) << 14 | (h[8] & 127) << 7 | (h[9] & 127)) +
           (h[5] & 16 ? 10 : 0);
}

/* Bare AAC consists of frames only, except for tags. */
static void check_bare(struct back *b)
{
    enum { ID3V1_BYTES = 128 };

    if (!b->src || strcmp(b->ic->iformat->name, "aac") != 0 || stopped(b))
        return;
    const int64_t rest = size_of(b) - b->nb_bytes - id3_bytes(b);
    if (rest > 0 && rest != ID3V1_BYTES)
        b->nb_bad_bytes[TRTC_AT_AUDIO] += rest;
}

static bool is_pcm(enum AVCodecID id)
{
    return id >= AV_CODEC_ID_FIRST_AUDIO && id < AV_CODEC_ID_ADPCM_IMA_QT;
}

/* Whether the frames in the index of an MP4 are single samples, of which a packet has many: those of
 * PCM, and in QuickTime files those of other codecs. */
static bool counts_samples(const AVStream *st)
{
    const AVCodecParameters *par = st->codecpar;

    return is_pcm(par->codec_id) ||
           (par->codec_type == AVMEDIA_TYPE_AUDIO && st->time_base.num == 1 &&
            st->time_base.den == par->sample_rate && st->nb_frames >= st->duration);
}

/* Returns how many frames in the index of an MP4 libavformat has left out: an edit list does that
 * with everything between the parts that it lists and the key frames before them. */
static int64_t nb_unread(const struct back *b, const AVStream *st)
{
    const int k = track_of(b, st->index);

    if (k < 0 || !b->at_end || b->cut || b->watch.nb_faults > 0 || !trtc_input_av_is_indexed(b))
        return 0;
    const int64_t nb_in = b->stream[k].ledger.nb_in;
    if (nb_in > 0 && counts_samples(st))
        return 0;
    const int64_t n = st->nb_frames - nb_in - b->stream[k].nb_empty;
    return n > 0 ? n : 0;
}

/* Frames that libavformat has left out although no edit list says so: those of another codec, if a
 * track has several, or frames that nothing describes. */
static void count_unread(struct back *b)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        struct stream *s = &b->stream[k];
        const struct trtc_input_box_track *t = indexed_track(b, k);
        const bool plain = t && t->edits.n == 0;
        const int64_t n = s->index >= 0 ? nb_unread(b, b->ic->streams[s->index]) : 0;
        if (!b->watch.codecs && (!plain || s->codec == TRTC_CODEC_OTHER))
            continue;
        s->ledger.nb_in += n;
        s->ledger.nb_left[b->watch.codecs ? TRTC_LEFT_FORMAT : TRTC_LEFT_DAMAGED] += n;
    }
}

/* Files of sound alone whose header states how long they are, and whose frames are found wherever
 * they are. */
static void check_length(struct back *b)
{
    enum { SLACK_US = 200000 };
    const struct stream *s = &b->stream[TRTC_AT_AUDIO];

    if (s->index < 0 || !av_match_name(b->ic->iformat->name, "mp3,flac,au,aiff") || stopped(b) ||
        b->ic->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE)
        return;
    const AVStream *st = b->ic->streams[s->index];
    const int64_t said_us = st->duration > 0 ? us_of(st->duration, st->time_base) : TRTC_NOTIME;
    if (said_us == TRTC_NOTIME || said_us < s->sum_us + SLACK_US || s->sum_us == 0)
        return;
    if (b->watch.nb_faults++ == 0)
        snprintf(b->watch.first, sizeof b->watch.first,
                 "its header states %.3f s of sound, of which %.3f s came", (double)said_us / 1e6,
                 (double)s->sum_us / 1e6);
}

/* Handles the end. Returns 0, or -1: the frames could not be reached. */
static int nothing_left(struct back *b, struct trtc_err *err)
{
    check_parts(b);
    check_bare(b);
    check_length(b);
    b->at_end = true;
    count_unread(b);
    return b->nb_bytes == 0 && is_mp4_pipe(b) ? fail_mp4_pipe(b, err) : 0;
}

/* Handles a failure of av_read_frame. Returns 1: it is worth another try; 0: the end; -1. */
static int read_failed(struct back *b, int averr, int nb_errors, struct trtc_err *err)
{
    const AVIOContext *pb = b->ic->pb;

    if (averr == AVERROR(ENOMEM)) { /* a damaged size, if there are other signs of damage */
        check_parts(b);
        if (b->watch.nb_faults == 0)
            return trtc_fail_nomem(err);
    }
    if (b->src && b->src->errnum)
        return trtc_input_fail_read(b->src, b->name, err);
    if (stopped(b) || averr == AVERROR_EXIT)
        return 0;
    if (averr == AVERROR_EOF) {
        if (!b->src && pb && pb->error < 0 && pb->error != AVERROR_EOF)
            return trtc_fail_av(err, TRTC_EX_TEMPFAIL, pb->error, "%s", b->name);
        return nothing_left(b, err);
    }
    if (averr == AVERROR(EAGAIN)) {
        poll(NULL, 0, AGAIN_MS);
        return 1;
    }
    if (nb_errors < ERRORS_MAX && averr != AVERROR(ENOMEM) &&
        (b->src || averr == AVERROR_INVALIDDATA))
        return 1;
    if (!b->src)
        return trtc_fail_av(err, TRTC_EX_TEMPFAIL, averr, "%s", b->name);
    b->cut = true;
    return nothing_left(b, err);
}

/* Whether a packet is a header of Opus in Ogg (RFC 7845, 5), as where another stream begins. */
static bool is_header(const AVStream *st, const AVPacket *pkt)
{
    return st->codecpar->codec_id == AV_CODEC_ID_OPUS && pkt->size >= 8 &&
           (memcmp(pkt->data, "OpusHead", 8) == 0 || memcmp(pkt->data, "OpusTags", 8) == 0);
}

/* Reads the next packet of a chosen stream, as it is. */
static int read_any(struct back *b, AVPacket *pkt, int *track, struct trtc_err *err)
{
    int nb_errors = 0;

    for (;;) {
        av_packet_unref(pkt);
        if (stopped(b))
            return 0;
        const int ret = av_read_frame(b->ic, pkt);
        if (ret < 0) {
            const int r = read_failed(b, ret, nb_errors, err);
            nb_errors += ret != AVERROR(EAGAIN);
            if (r <= 0)
                return r;
            continue;
        }
        *track = track_of(b, pkt->stream_index);
        if (pkt->size <= 0) {
            if (*track >= 0)
                b->stream[*track].nb_empty++;
            continue;
        }
        if (*track < 0)
            *track = adopt(b, pkt->stream_index);
        if (*track < 0 || is_header(b->ic->streams[pkt->stream_index], pkt))
            continue;
        b->nb_bytes += pkt->size;
        b->stream[*track].ledger.nb_in++;
        return 1;
    }
}

/* Whether an incomplete packet is an end like any other: that of samples which are no frames. */
static bool may_be_short(const struct back *b, int track)
{
    const AVCodecParameters *par = b->ic->streams[b->stream[track].index]->codecpar;

    return is_pcm(par->codec_id) && b->src &&
           trtc_input_wav_size(b->src->head, b->src->nb_head) == 0;
}

/* Reads the next packet of a chosen stream into b->pkt. An incomplete packet that is not followed
 * by another one is the truncated end, and is left out. */
static int read_packet(struct back *b, int *track, struct trtc_err *err)
{
    int ret = 1;

    if (b->has_ahead) {
        av_packet_unref(b->pkt);
        av_packet_move_ref(b->pkt, b->ahead);
        *track = b->ahead_track;
        b->has_ahead = false;
    } else {
        ret = read_any(b, b->pkt, track, err);
    }
    if (ret <= 0 || !(b->pkt->flags & AV_PKT_FLAG_CORRUPT) || b->untimed)
        return ret;
    if (may_be_short(b, *track)) {
        b->pkt->flags &= ~AV_PKT_FLAG_CORRUPT;
        return ret;
    }
    ret = read_any(b, b->ahead, &b->ahead_track, err);
    b->has_ahead = ret > 0;
    if (ret <= 0) {
        b->stream[*track].ledger.nb_left[stopped(b) ? TRTC_LEFT_CUT : TRTC_LEFT_DAMAGED]++;
        b->cut = !stopped(b);
    }
    return ret;
}

static void set_times(struct stream *s, const AVStream *st, const AVPacket *pkt,
                      struct trtc_input_raw *raw)
{
    int64_t dts = pkt->dts, pts = pkt->pts;

    raw->pts_us = raw->dts_us = TRTC_NOTIME;
    if (st->pts_wrap_bits <= WRAP_BITS_MAX) {
        int64_t *const first = dts != AV_NOPTS_VALUE ? &dts : &pts;
        if (*first != AV_NOPTS_VALUE) {
            if (s->running)
                *first = trtc_input_unwrap(*first, st->pts_wrap_bits, s->at);
            if (*first > TICKS_MAX || *first < -TICKS_MAX)
                return;
            s->at = *first;
            s->running = true;
        }
        if (first == &dts && pts != AV_NOPTS_VALUE)
            pts = trtc_input_unwrap(pts, st->pts_wrap_bits, dts);
    }
    if (dts != AV_NOPTS_VALUE)
        raw->dts_us = us_of(dts, st->time_base);
    if (pts != AV_NOPTS_VALUE)
        raw->pts_us = us_of(pts, st->time_base);
    if (pkt->duration > 0) {
        const int64_t us = us_of(pkt->duration, st->time_base);
        raw->dur_us = us != TRTC_NOTIME && us < 3600000000 ? us : 0;
        s->sum_us += raw->dur_us;
    }
}

/* The distance of pictures, which may be a guess. */
static int64_t step_of(const struct trtc_input_raw *raw)
{
    return raw->dur_us > 0 ? raw->dur_us : 40000;
}

/* Matroska has no DTS, and libavformat cannot derive those of the first pictures: as many as are
 * reordered, or more if it has not looked ahead. */
static void guess_dts(struct stream *s, const AVStream *st, struct trtc_input_raw *raw)
{
    const int delay = st->codecpar->video_delay;

    if (raw->dts_us != TRTC_NOTIME || (delay == 0 && s->nb_without_dts == 0))
        s->nb_without_dts = LAG_FRAMES;
    if (raw->pts_us == TRTC_NOTIME || s->nb_without_dts >= LAG_FRAMES)
        return;
    if (s->nb_without_dts == 0)
        s->first_dts_us = raw->pts_us - delay * step_of(raw);
    raw->dts_us = s->first_dts_us + s->nb_without_dts++ * step_of(raw);
}

/* Whether libavformat derives each DTS from the PTS of pictures before it, since there are none. */
static bool derives_dts(const struct back *b)
{
    const char *name = b->ic->iformat->name;

    return av_match_name("matroska", name) || av_match_name(name, "rtp,rtsp,sdp");
}

/* What is derived lags after a pause: the first pictures get a DTS from before it. */
static void catch_up(struct stream *s, struct trtc_input_raw *raw)
{
    const int64_t ahead_us = raw->pts_us - raw->dts_us;
    const int64_t usual_us = s->ahead_us[0] > s->ahead_us[1] ? s->ahead_us[0] : s->ahead_us[1];

    if (raw->pts_us == TRTC_NOTIME || raw->dts_us == TRTC_NOTIME)
        return;
    if (s->nb_taken > LAG_FRAMES && ahead_us > usual_us + LAG_US) {
        s->lagging_us = s->lagging_us ? s->lagging_us + 1000 : raw->pts_us - usual_us;
        raw->dts_us = s->lagging_us;
        return;
    }
    s->lagging_us = 0;
    if (raw->key) {
        s->ahead_us[1] = s->ahead_us[0];
        s->ahead_us[0] = 0;
    }
    s->ahead_us[0] = ahead_us > s->ahead_us[0] ? ahead_us : s->ahead_us[0];
}

/* Moves the decoding times of a stream whose first picture has no delay although pictures are
 * reordered: a muxer has counted them from that picture's time of presentation, and later ones would
 * be decoded after they are shown. In an MP4 that is allowed, and libavformat moves them. */
static void move_late_dts(struct back *b, struct stream *s, AVStream *st,
                          struct trtc_input_raw *raw)
{
    const bool no_delay = raw->dts_us != TRTC_NOTIME && raw->dts_us == raw->pts_us;

    if (s->nb_taken == 1 && raw->key && no_delay && b->watch.layout != TRTC_INPUT_BOXES)
        s->late_us =
            av_rescale_q(st->codecpar->video_delay, distance_of(b, st), (AVRational){ 1, 1000000 });
    if (raw->dts_us != TRTC_NOTIME)
        raw->dts_us -= s->late_us;
}

/* Sets the part of a packet of sound that must not be heard: the priming of an encoder, and the
 * part that an edit list cuts off. It may span many packets, of which only the first one states
 * it. */
static void set_trim(struct stream *s, const AVStream *st, const AVPacket *pkt,
                     struct trtc_input_raw *raw)
{
    size_t size = 0;
    const uint8_t *p = av_packet_get_side_data(pkt, AV_PKT_DATA_SKIP_SAMPLES, &size);
    const int rate_hz = st->codecpar->sample_rate;

    if (p && size >= 8 && rate_hz > 0) {
        const int64_t first = AV_RL32(p), last = AV_RL32(p + 4);
        if (first > 0) /* below 0 the time stamps are more exact */
            s->trim_us = raw->pts_us != TRTC_NOTIME && raw->pts_us < 0
                             ? -raw->pts_us
                             : av_rescale(first, 1000000, rate_hz);
        raw->trim_end_us = av_rescale(last, 1000000, rate_hz);
    }
    if (raw->hidden && s->trim_us < raw->dur_us)
        s->trim_us = raw->dur_us;
    raw->trim_us = s->trim_us;
    raw->hidden |= raw->dur_us > 0 && raw->trim_us >= raw->dur_us;
    s->trim_us -= raw->dur_us > 0 && raw->dur_us < s->trim_us ? raw->dur_us : s->trim_us;
}

/* How the container wants a picture shown. */
static void set_showing(const struct stream *s, const AVStream *st, const AVPacket *pkt,
                        struct trtc_input_raw *raw)
{
    size_t size = 0;
    const uint8_t *matrix = av_packet_get_side_data(pkt, AV_PKT_DATA_DISPLAYMATRIX, &size);

    raw->turn = matrix && size >= 9 * sizeof(int32_t) ? turn_of(st, matrix) : s->turn;
    if (st->sample_aspect_ratio.num > 0 && st->sample_aspect_ratio.den > 0) {
        raw->sar_num = st->sample_aspect_ratio.num;
        raw->sar_den = st->sample_aspect_ratio.den;
    }
}

static int reserve(struct back *b, size_t n, struct trtc_err *err)
{
    return trtc_array_reserve(&b->out, &b->cap, n, 1) < 0 ? trtc_fail_nomem(err) : 0;
}

static int set_video(struct back *b, const struct stream *s, struct trtc_input_raw *raw,
                     struct trtc_err *err)
{
    const size_t size = (size_t)b->pkt->size;

    if (s->config_new) {
        raw->sets = s->sets;
        raw->sets_size = s->sets_size;
    }
    if (s->nal_length == 0)
        return 0;
    if (reserve(b, TRTC_INPUT_ANNEXB_MAX(size), err) < 0)
        return -1;
    const struct trtc_input_annexb made = trtc_input_to_annexb(
        s->codec, s->nal_length, (struct trtc_bytes){ b->pkt->data, size }, b->out);
    raw->size = made.size;
    raw->data = b->out;
    raw->key |= made.key;
    raw->damaged |= made.damaged;
    if (raw->size == 0) {
        b->nb_bad_bytes[TRTC_AT_VIDEO] += (int64_t)size;
        b->stream[TRTC_AT_VIDEO].ledger.nb_left[TRTC_LEFT_DAMAGED]++;
    }
    return 0;
}

static bool is_blank(const uint8_t *p, size_t n)
{
    return *p == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* Gives a bare AAC frame its ADTS header. Blank ones are holes in the file. */
static int set_aac(struct back *b, const struct stream *s, struct trtc_input_raw *raw,
                   struct trtc_err *err)
{
    const size_t size = (size_t)b->pkt->size;
    const struct trtc_input_pce *pce = &s->aac.pce;
    struct trtc_input_pce own;
    uint8_t header[7];
    struct trtc_adts h;

    if (trtc_adts_parse(b->pkt->data, size, &h) == 0 && (size_t)h.frame_bytes == size)
        return 0;
    const bool described = s->aac.channels > 0 || trtc_input_pce_of(b->pkt->data, size, &own);
    const bool usable = s->bare && !is_blank(b->pkt->data, size);
    const size_t nb_pce = described ? 0 : pce->size;
    if (!usable || trtc_input_adts_header(&s->aac, nb_pce + size, header) < 0) {
        b->nb_bad_bytes[TRTC_AT_AUDIO] += (int64_t)size;
        b->stream[TRTC_AT_AUDIO].ledger.nb_left[usable ? TRTC_LEFT_FORMAT : TRTC_LEFT_DAMAGED]++;
        raw->size = 0;
        return 0;
    }
    if (reserve(b, sizeof header + nb_pce + size, err) < 0)
        return -1;
    memcpy(b->out, header, sizeof header);
    memcpy(b->out + sizeof header, pce->bytes, nb_pce);
    memcpy(b->out + sizeof header + nb_pce, b->pkt->data, size);
    raw->data = b->out;
    raw->size = sizeof header + nb_pce + size;
    return 0;
}

/* Whether the current packet of a stream is from a fragment of an MP4, and not from the index,
 * whose frames come first. */
static bool is_of_fragment(const struct back *b, int track)
{
    const struct stream *s = &b->stream[track];
    const int64_t nb_indexed = b->ic->streams[s->index]->nb_frames;

    return nb_indexed == 0 || (b->watch.fragments && s->nb_taken > nb_indexed);
}

/* Whether the container hides a frame: it is decoded and not shown. libavformat also reports that
 * if a fragment begins no later than the one before. Muxers that write a fragment for each frame
 * get these times wrong. Of fragments it does not report what an edit list cuts off in front. */
static bool is_hidden(const struct back *b, int track, const struct trtc_input_raw *raw)
{
    if (b->pkt->flags & AV_PKT_FLAG_DISCARD && !is_of_fragment(b, track) &&
        !b->stream[track].standing)
        return true;
    return trtc_input_av_is_indexed(b) && raw->pts_us != TRTC_NOTIME && raw->pts_us < 0 &&
           raw->pts_us + raw->dur_us <= 0;
}

/* The same muxers stamp a frame of sound later by its own length, and the next one right. If that
 * is later as well, sound is missing. */
static void mend_fragment(struct stream *s, struct trtc_input_raw *raw)
{
    const int64_t late_us = raw->dts_us - s->next_us;

    if (raw->dts_us == TRTC_NOTIME)
        return;
    s->mended = !s->mended && s->next_us > 0 && llabs(late_us - raw->dur_us) < FRAGMENT_ROUNDING_US;
    if (s->mended) {
        raw->dts_us = s->next_us;
        raw->pts_us -= late_us;
    }
    s->next_us = raw->dts_us + raw->dur_us;
}

/* Returns the end of the sound whose beginning was timed. */
static int64_t end_of_sound(const struct stream *s, const AVStream *st)
{
    const int rate_hz = st->codecpar->sample_rate;

    return s->from_us + (rate_hz > 0 ? av_rescale(s->nb_samples, 1000000, rate_hz) : 0);
}

/* Sound goes on after the frame before where the stated times stand still, since a muxer has stated
 * no durations, and as long as they are behind after that. Edit lists, which count these times,
 * then say nothing about it. */
static void move_on(struct stream *s, const AVStream *st, struct trtc_input_raw *raw)
{
    const int64_t said_us = raw->dts_us;
    const int rate_hz = st->codecpar->sample_rate, samples = st->codecpar->frame_size;

    if (raw->dur_us == 0 && samples > 0 && rate_hz > 0)
        raw->dur_us = av_rescale(samples, 1000000, rate_hz);
    if (said_us == TRTC_NOTIME || raw->pts_us == TRTC_NOTIME)
        return;
    s->standing =
        s->timed &&
        (said_us == s->said_us || ((s->standing || s->stepless) && said_us > s->said_us)) &&
        said_us < end_of_sound(s, st);
    if (s->standing) {
        raw->dts_us = end_of_sound(s, st);
        raw->pts_us += raw->dts_us - said_us;
    } else {
        s->from_us = said_us;
        s->nb_samples = 0;
    }
    s->timed = true;
    s->said_us = said_us;
    s->nb_samples += samples > 0 ? samples : av_rescale(raw->dur_us, rate_hz, 1000000);
}

/* Returns the duration of a frame. libavformat may make that of the last frame of sound too long. */
static int64_t length_of(const struct stream *s, const AVStream *st, int64_t stated_us)
{
    const AVCodecParameters *par = st->codecpar;
    const int64_t us =
        par->sample_rate > 0 ? av_rescale(par->frame_size, 1000000, par->sample_rate) : 0;

    return us > 0 && us < stated_us && s->codec == TRTC_CODEC_AAC ? us : stated_us;
}

/* Sound that is not heard is only needed in front of the first part, for the decoder. */
static void edit_sound(struct back *b, const struct trtc_edits *v, struct trtc_input_raw *raw)
{
    const struct stream *s = &b->stream[TRTC_AT_AUDIO];
    const int64_t dur_us = length_of(s, b->ic->streams[s->index], raw->dur_us);
    const int64_t at_us = raw->pts_us - trtc_edits_shift_us(v);
    const struct trtc_edited e = trtc_edits_frame(v, at_us, dur_us);

    raw->hidden = e.hidden;
    raw->trim_us = e.hidden ? dur_us : e.trim_us;
    raw->trim_end_us = e.trim_end_us;
    raw->pts_us = raw->dts_us = trtc_edits_time_us(v, at_us + e.trim_us) - e.trim_us;
    if (e.hidden && b->begun) {
        b->stream[TRTC_AT_AUDIO].ledger.nb_left[TRTC_LEFT_CUT]++;
        raw->size = 0;
    }
    b->begun |= !e.hidden;
}

static void edit_picture(const struct trtc_edits *v, struct trtc_input_raw *raw)
{
    const int64_t shift_us = trtc_edits_shift_us(v), at_us = raw->pts_us - shift_us;
    const struct trtc_edited e = trtc_edits_frame(v, at_us, raw->dur_us);

    raw->hidden = e.hidden;
    raw->pts_us = trtc_edits_time_us(v, at_us + e.trim_us);
    raw->dts_us = trtc_edits_time_us(v, raw->dts_us - shift_us);
}

/* Places a frame by the edit list that libavformat has not applied. A recording has none: everything
 * is in it. */
static void edit(struct back *b, struct trtc_input_raw *raw)
{
    const struct trtc_input_box_track *t = b->whole ? indexed_track(b, raw->track) : NULL;

    if (!t || t->edits.n == 0 || raw->size == 0 || raw->pts_us == TRTC_NOTIME ||
        raw->dts_us == TRTC_NOTIME)
        return;
    if (b->copies)
        raw->hidden &= trtc_edits_are_plain(&t->edits);
    else if (raw->track == TRTC_AT_AUDIO)
        edit_sound(b, &t->edits, raw);
    else
        edit_picture(&t->edits, raw);
}

/* An MP4 that FFmpeg wrote to a pipe, from ADTS, states only rate and channels of its AAC: the index
 * came before the first frame, which has the rest. */
static void assume_plain(const struct back *b, struct stream *s, const AVCodecParameters *par)
{
    struct trtc_adts h;

    if (s->codec != TRTC_CODEC_AAC || s->bare || !trtc_input_av_is_indexed(b) ||
        trtc_adts_parse(b->pkt->data, (size_t)b->pkt->size, &h) == 0)
        return;
    s->bare = trtc_input_aac_plain(par->sample_rate, par->ch_layout.nb_channels, &s->aac) == 0;
}

/* Makes a frame of the current packet; raw->size is 0 if that is impossible. */
static int set_frame(struct back *b, int track, struct trtc_input_raw *raw, struct trtc_err *err)
{
    struct stream *s = &b->stream[track];
    const AVStream *st = b->ic->streams[s->index];
    size_t size = 0;
    const uint8_t *config = av_packet_get_side_data(b->pkt, AV_PKT_DATA_NEW_EXTRADATA, &size);

    if (!config && !s->configured) { /* an FLV file that only named its track at first */
        config = st->codecpar->extradata;
        size = (size_t)st->codecpar->extradata_size;
    }
    if (config && size > 0) {
        struct trtc_err ignored; /* a damaged record changes nothing */
        configure(s, st->codecpar->codec_id, config, size, &ignored);
    }
    if (track == TRTC_AT_AUDIO)
        assume_plain(b, s, st->codecpar);
    *raw = (struct trtc_input_raw){
        .track = track,
        .codec = s->codec,
        .codec_name = s->codec_name,
        .data = b->pkt->data,
        .size = (size_t)b->pkt->size,
        .key = track == TRTC_AT_AUDIO || b->pkt->flags & AV_PKT_FLAG_KEY,
        .damaged = b->pkt->flags & AV_PKT_FLAG_CORRUPT,
    };
    s->nb_taken++;
    set_times(s, st, b->pkt, raw);
    int ret = 0;
    if (track == TRTC_AT_AUDIO && trtc_input_av_is_indexed(b) && is_of_fragment(b, track))
        mend_fragment(s, raw);
    if (track == TRTC_AT_AUDIO)
        move_on(s, st, raw);
    raw->hidden = is_hidden(b, track, raw);
    if (track == TRTC_AT_AUDIO) {
        set_trim(s, st, b->pkt, raw);
    } else {
        set_showing(s, st, b->pkt, raw);
        guess_dts(s, st, raw);
        if (derives_dts(b))
            catch_up(s, raw);
        else
            move_late_dts(b, s, b->ic->streams[s->index], raw);
    }
    if (track == TRTC_AT_VIDEO)
        ret = set_video(b, s, raw, err);
    else if (s->codec == TRTC_CODEC_AAC)
        ret = set_aac(b, s, raw, err);
    if (s->config_new && s->codec == TRTC_CODEC_OTHER)
        raw->av_parameters = st->codecpar;
    s->config_new = false;
    if (track == TRTC_AT_AUDIO || !b->untimed) /* else it has no place yet */
        edit(b, raw);
    return ret;
}

/* ---- encryption ---- */

/* Returns how a stream is encrypted as a whole, according to the container; NULL: it is not. */
static const char *method_of(const struct back *b, int index)
{
    const AVStream *st = b->ic->streams[index];
    const struct trtc_input_box_track *t = trtc_input_boxes_track(&b->watch.boxes, st->id);

    if (t && *t->scheme)
        return t->scheme;
    /* FFmpeg's name for the ContentEncKeyID of Matroska, where only WebM's method is in use */
    return av_dict_get(st->metadata, "enc_key_id", NULL, 0) ? "AES-CTR" : NULL;
}

/* Whether the current packet is encrypted; then it is left out. */
static bool leave_encrypted(struct back *b, int track)
{
    const char *method = method_of(b, b->pkt->stream_index);
    size_t size = 0;

    if (!method && av_packet_get_side_data(b->pkt, AV_PKT_DATA_ENCRYPTION_INFO, &size))
        method = "common encryption";
    if (!method)
        return false;
    snprintf(b->encrypted, sizeof b->encrypted, "%s", method);
    b->stream[track].ledger.nb_left[TRTC_LEFT_ENCRYPTED]++;
    return true;
}

/* ---- pictures without times ---- */

/* Reads the length of a unit, and moves after it, at most to the end. */
static size_t next_length(int nal_length, const uint8_t **p, const uint8_t *end)
{
    size_t n = 0;

    if (end - *p < nal_length)
        *p = end;
    for (int i = 0; i < nal_length && *p < end; i++)
        n = n << 8 | *(*p)++;
    return n < (size_t)(end - *p) ? n : (size_t)(end - *p);
}

/* The picture begins a new sequence: nothing before it is shown after it (H.264: IDR; H.265: IDR
 * or BLA). */
static bool begins_sequence(const struct stream *s, const AVPacket *pkt)
{
    const uint8_t *p = pkt->data, *end = pkt->data + pkt->size;
    size_t n = 0;

    for (;; p += n) {
        if (s->nal_length == 0) {
            p = trtc_annexb_find(p, end);
            p += end - p < 3 ? end - p : 3;
        } else {
            n = next_length(s->nal_length, &p, end);
        }
        if (end - p < 2)
            return false;
        const enum trtc_nal kind = trtc_nal_kind(s->codec, p[0]);
        if (kind == TRTC_NAL_KEY_SLICE)
            return s->codec == TRTC_CODEC_H264 || (p[0] >> 1 & 63) <= 20;
        if (kind == TRTC_NAL_SLICE)
            return false;
    }
}

/* Whether an H.264 stream may reorder and does not state by how much, which FFmpeg guesses by what
 * it has seen. Its DTS then leave room for B-frames between which there is another one. */
static void look_at_order(struct back *b)
{
    enum { BASELINE = 66, PYRAMID = 2 };
    const struct stream *s = &b->stream[TRTC_AT_VIDEO];
    struct trtc_video_params v;

    if (b->order.nb_in > 0 || s->codec != TRTC_CODEC_H264 ||
        (trtc_video_params_read(s->codec, b->pkt->data, (size_t)b->pkt->size, &v) < 0 &&
         (!s->sets || trtc_video_params_read(s->codec, s->sets, s->sets_size, &v) < 0)) ||
        v.reorder_max >= 0 || v.profile == BASELINE)
        return;
    b->order.unstated = true;
    if (b->order.delay < PYRAMID)
        b->order.delay = PYRAMID;
}

/* Takes the packet in hand into the order. */
static int hold(struct back *b, struct trtc_err *err)
{
    const int64_t k = b->order.nb_in % TRTC_INPUT_ORDER_MAX;
    const bool resets = begins_sequence(&b->stream[TRTC_AT_VIDEO], b->pkt);
    uint8_t *data;
    int size;

    if (!b->held[k] && !(b->held[k] = av_packet_alloc()))
        return trtc_fail_nomem(err);
    look_at_order(b);
    av_parser_parse2(b->parser, b->parser_ctx, &data, &size, b->pkt->data, b->pkt->size,
                     AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
    if (b->parser_ctx->has_b_frames > b->order.delay)
        b->order.delay = b->parser_ctx->has_b_frames;
    const AVStream *st = b->ic->streams[b->pkt->stream_index];
    b->decoded_us[b->order.nb_in % (2 * TRTC_INPUT_ORDER_MAX)] =
        b->pkt->dts == AV_NOPTS_VALUE ? TRTC_NOTIME : us_of(b->pkt->dts, st->time_base);
    av_packet_move_ref(b->held[k], b->pkt);
    trtc_input_order_push(&b->order, b->parser->output_picture_number, resets);
    return 0;
}

static int64_t decoded_us(const struct back *b, int64_t n)
{
    return b->decoded_us[n % (2 * TRTC_INPUT_ORDER_MAX)];
}

/* Places picture n of an MP4 with decoding times: pictures are shown at the times at which as many
 * were decoded. An edit list that cuts off something in front may allow for pictures that are shown
 * later than they are decoded. */
static void place_indexed(struct back *b, int64_t n, int64_t place, struct trtc_input_raw *raw)
{
    const int64_t delay_us = av_rescale_q(b->order.delay, b->frame_us, (AVRational){ 1, 1000000 });
    const int64_t stated_us = raw->dts_us, shown_us = decoded_us(b, place);

    if (n == 0 && stated_us < 0)
        b->lead_us = -stated_us <= 2 * delay_us ? -stated_us : delay_us;
    raw->pts_us = shown_us + b->lead_us;
    raw->dts_us = (n < b->order.delay ? stated_us - delay_us : decoded_us(b, n - b->order.delay)) +
                  b->lead_us;
    raw->hidden = raw->pts_us < 0 || (raw->hidden && stated_us >= 0);
}

/* Picture n, in decoding order, which is shown at this place. */
static void place_picture(struct back *b, int64_t n, int64_t place, struct trtc_input_raw *raw)
{
    if (trtc_input_av_is_indexed(b) && !b->bare && raw->dts_us != TRTC_NOTIME &&
        decoded_us(b, place) != TRTC_NOTIME) {
        place_indexed(b, n, place, raw);
        return;
    }
    raw->hidden &= !b->bare;
    const AVRational us = { 1, 1000000 };
    const int64_t decoded_us =
        b->bare || raw->dts_us == TRTC_NOTIME ? av_rescale_q(n, b->frame_us, us) : raw->dts_us;

    raw->pts_us = decoded_us + av_rescale_q(place - n, b->frame_us, us);
    raw->dts_us = decoded_us - av_rescale_q(b->order.delay, b->frame_us, us);
    raw->dur_us = av_rescale_q(1, b->frame_us, us);
}

static int next_untimed(struct back *b, struct trtc_input_raw *raw, struct trtc_err *err)
{
    int track;

    for (;;) {
        const int64_t n = b->order.nb_out;
        const int64_t place = trtc_input_order_take(&b->order);
        if (place >= 0) {
            av_packet_unref(b->pkt);
            av_packet_move_ref(b->pkt, b->held[n % TRTC_INPUT_ORDER_MAX]);
            if (set_frame(b, TRTC_AT_VIDEO, raw, err) < 0)
                return -1;
            place_picture(b, n, place, raw);
            edit(b, raw);
            return 1;
        }
        if (b->ended) {
            if (b->end_result < 0 && err)
                *err = b->end_err;
            return b->end_result;
        }
        const int ret = read_packet(b, &track, &b->end_err);
        if (ret <= 0) {
            b->ended = true;
            b->end_result = ret;
            trtc_input_order_end(&b->order);
        } else if (leave_encrypted(b, track)) {
            continue;
        } else if (track == TRTC_AT_AUDIO) {
            return set_frame(b, track, raw, err) < 0 ? -1 : 1;
        } else if (hold(b, err) < 0) {
            return -1;
        }
    }
}

/* ---- interface ---- */

static int back_next(void *self, struct trtc_input_raw *raw, struct trtc_err *err)
{
    struct back *b = self;
    int track;

    do {
        if (b->untimed) {
            const int ret = next_untimed(b, raw, err);
            if (ret <= 0)
                return ret;
            continue;
        }
        const int ret = read_packet(b, &track, err);
        if (ret <= 0)
            return ret;
        raw->size = 0;
        if (leave_encrypted(b, track))
            continue;
        if (set_frame(b, track, raw, err) < 0)
            return -1;
    } while (raw->size == 0);
    b->nb_damaged[raw->track] += raw->damaged;
    return 1;
}

static void back_track(const void *self, int track, struct trtc_input_track *out)
{
    const struct back *b = self;
    const struct stream *s = &b->stream[track];

    *out = (struct trtc_input_track){ .codec = TRTC_CODEC_NONE };
    if (s->index < 0)
        return;
    const AVCodecParameters *par = b->ic->streams[s->index]->codecpar;
    *out = (struct trtc_input_track){
        .codec = s->codec,
        .codec_name = s->codec_name,
        .width_px = par->width,
        .colour = { (uint8_t)par->color_primaries, (uint8_t)par->color_trc,
                    (uint8_t)par->color_space, par->color_range == AVCOL_RANGE_JPEG },
        .height_px = par->height,
        .rate_hz = par->sample_rate,
        .channels = par->ch_layout.nb_channels,
        .av_parameters = par,
    };
}

/* Adds the losses of track k. */
static void add_losses(const struct back *b, int k, struct trtc_input_losses *out)
{
    const struct stream *s = &b->stream[k];
    const int64_t nb = s->ledger.nb_left[TRTC_LEFT_ENCRYPTED];
    const char *method = s->index >= 0 && s->ledger.nb_in == 0 ? method_of(b, s->index)
                         : nb > 0                              ? b->encrypted
                                                               : NULL;

    out->nb_bad_bytes += b->nb_bad_bytes[k];
    out->nb_damaged += b->nb_damaged[k];
    out->nb_encrypted[k] = nb;
    if (method)
        snprintf(out->encrypted, sizeof out->encrypted, "%s", method);
}

static void back_losses(const void *self, unsigned kinds, struct trtc_input_losses *out)
{
    const struct back *b = self;

    if (kinds & TRTC_VIDEO)
        add_losses(b, TRTC_AT_VIDEO, out);
    if (kinds & TRTC_AUDIO)
        add_losses(b, TRTC_AT_AUDIO, out);
    out->cut = b->cut;
    out->nb_faults = b->watch.nb_faults;
    out->fault =
        b->src && b->watch.first[0] ? b->watch.first : NULL; /* for a URL it may reveal too much */
}

static void back_ledger(const void *self, int track, struct trtc_ledger *out)
{
    const struct back *b = self;

    *out = b->stream[track].ledger;
    if (track == TRTC_AT_VIDEO) /* they still wait for their places: it was stopped */
        out->nb_left[TRTC_LEFT_CUT] += b->order.nb_in - b->order.nb_out;
}

/* What the index states about a track that is used, and what of it is not followed. */
static void set_edits(const struct back *b, const AVStream *st, struct trtc_input_named *out)
{
    const int k = track_of(b, st->index);
    const struct trtc_input_box_track *t = k < 0 ? NULL : indexed_track(b, k);

    if (!t)
        return;
    out->clap = t->clap;
    if (trtc_edits_have_speed(&t->edits) || (b->copies && !trtc_edits_are_plain(&t->edits)) ||
        (!b->whole && !trtc_edits_are_pieces(&t->edits)))
        out->edits = &t->edits;
    out->whole = b->whole;
}

static bool back_named(const void *self, int k, struct trtc_input_named *out)
{
    const struct back *b = self;

    if (k >= (int)b->ic->nb_streams)
        return false;
    const AVStream *st = b->ic->streams[k];
    const AVDictionaryEntry *language = av_dict_get(st->metadata, "language", NULL, 0);
    const enum AVMediaType type = st->codecpar->codec_type;
    *out = (struct trtc_input_named){
        .kind = type == AVMEDIA_TYPE_AUDIO                      ? TRTC_AUDIO
                : type == AVMEDIA_TYPE_VIDEO && !is_picture(st) ? TRTC_VIDEO
                                                                : TRTC_NO_KIND,
        .id = k,
        .taken = track_of(b, k) >= 0,
        .nb_packets = st->nb_frames > 0 ? st->nb_frames : -1,
        .nb_unread = nb_unread(b, st),
    };
    set_edits(b, st, out);
    snprintf(out->codec_name, sizeof out->codec_name, "%s",
             st->codecpar->codec_id == AV_CODEC_ID_NONE ? ""
                                                        : avcodec_get_name(st->codecpar->codec_id));
    snprintf(out->language, sizeof out->language, "%s", language ? language->value : "");
    return true;
}

static bool back_may_grow(const void *self)
{
    return ((const struct back *)self)->ic->ctx_flags & AVFMTCTX_NOHEADER;
}

static int64_t back_nb_bytes(const void *self)
{
    return ((const struct back *)self)->nb_bytes;
}

const struct trtc_input_ops trtc_input_av_ops = {
    .next = back_next,
    .track = back_track,
    .losses = back_losses,
    .ledger = back_ledger,
    .named = back_named,
    .may_grow = back_may_grow,
    .nb_bytes = back_nb_bytes,
    .free = back_free,
};
