/* SPDX-License-Identifier: MIT */
/* Input through libavformat: opening a container. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/av.h"
#include "input/input_av_priv.h"
#include "playlist/content.h"

enum { LOOK_S = 5 }; /* how long a container that announces no tracks is searched for them */

static int on_interrupt(void *opaque)
{
    return trtc_input_av_stopped(opaque);
}

/* A container that names other files is not to be followed: it may name any. */
static int on_open(AVFormatContext *ic, AVIOContext **pb, const char *url, int flags,
                   AVDictionary **options)
{
    (void)ic, (void)pb, (void)url, (void)flags, (void)options;
    return AVERROR(EACCES);
}

void trtc_input_av_free(void *self)
{
    struct trtc_input_av *b = self;

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
    b->watch.segments.over = true;
    av_packet_free(&b->unit);
    avformat_close_input(&b->ic);
    if (b->pb)
        av_freep(&b->pb->buffer);
    avio_context_free(&b->pb);
    trtc_boxes_fini(&b->watch.boxes);
    trtc_segments_fini(&b->watch.segments);
    free(b->out);
    free(b->lead);
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

static int fail_index(const struct trtc_input_av *b, struct trtc_err *err)
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

static int fail_open(struct trtc_input_av *b, int averr, struct trtc_err *err)
{
    if (trtc_input_av_stopped(b))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: stopped before the stream began", b->name);
    if (b->src && b->src->errnum)
        return trtc_input_fail_read(b->src, b->name, err);
    if (b->src && b->nb_bytes == 0 && b->src->nb_head == 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: is empty", b->name);
    if (trtc_input_av_is_mp4_pipe(b))
        return trtc_input_av_fail_mp4_pipe(b, err);
    if (trtc_input_av_lacks_index(b))
        return fail_index(b, err);
    if (b->src && !b->src->seekable && b->src->nb_head >= 4 && memcmp(b->src->head, "caff", 4) == 0)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "%s: a CAF with its table of packets at the end cannot be read from a "
                         "pipe: give the file",
                         b->name);
    if (b->src && (averr == AVERROR_INVALIDDATA || averr == AVERROR(EINVAL))) {
        const char *is = trtc_content_name(b->src->head, b->src->nb_head);
        return is ? trtc_fail(err, TRTC_EX_DATAERR, "%s: is %s, and cannot be read", b->name, is)
                  : trtc_fail(err, TRTC_EX_DATAERR,
                              "%s: not a container or stream that can be read", b->name);
    }
    if (b->src && (averr == AVERROR_EOF || averr == AVERROR(EIO))) /* no read has failed */
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: truncated: it ends before its first frame",
                         b->name);
    if (b->watch.segments.shortage) /* libavformat only reports that nothing was found */
        averr = b->watch.segments.shortage;
    return trtc_fail_av(err, code_of_averror(averr, !b->src), averr, "%s", b->name);
}

/* Allocates the container's context. Returns 0, or -1. */
static int new_context(struct trtc_input_av *b)
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

static struct trtc_input_av *back_new(const char *name, const volatile sig_atomic_t *stop,
                                      struct trtc_err *err)
{
    struct trtc_input_av *b = calloc(1, sizeof *b);

    if (b) {
        b->name = name;
        b->stop = stop;
        b->stream[0].index = b->stream[1].index = -1;
        b->stream[0].read_at = b->stream[1].read_at = AV_NOPTS_VALUE;
        b->watch.stop = stop;
        b->pkt = av_packet_alloc();
        b->ahead = av_packet_alloc();
        if (b->pkt && b->ahead)
            return b;
    }
    trtc_input_av_free(b);
    trtc_fail_nomem(err);
    return NULL;
}

/* A container that names all its tracks in its header, or has one, need not be searched for them,
 * nor need FLV, whose tracks are adopted when they come: of a live source, frames that are read
 * during a search could not be saved. */
static bool opens_at_once(const struct trtc_input_av *b)
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
static bool are_edited(const struct trtc_input_av *b)
{
    const struct trtc_boxes *x = &b->watch.boxes;
    bool edited = false, in_order = true;

    for (int k = 0; k < x->nb_tracks; k++) {
        const struct trtc_box_track *t = &x->tracks[k];
        edited |= !trtc_edits_are_plain(&t->edits) || (t->picture && t->no_steps && t->edits.n > 0);
        in_order &= trtc_edits_are_in_order(&x->tracks[k].edits);
    }
    return x->whole && !x->fragments && edited && (b->copies || in_order);
}

static int open_once(struct trtc_input_av *b, const char *url, AVDictionary **options)
{
    if (new_context(b) < 0)
        return AVERROR(ENOMEM);
    trtc_parts_log(&b->watch, b->ic);
    if (!b->src)
        trtc_segments_watch(b->ic);
    return avformat_open_input(&b->ic, url, NULL, options);
}

static int open_again(struct trtc_input_av *b, AVDictionary **options)
{
    const int64_t at = avio_seek(b->pb, 0, SEEK_SET);

    if (b->one_way)
        b->pb->seekable = 0;
    return at < 0 ? (int)at : open_once(b, "", options);
}

/* Opens a file again after a failure. libavformat looks at all fragments of an MP4 in advance if it
 * may seek, and refuses a file that is cut in the header of one. */
static int open_fragments(struct trtc_input_av *b, int averr)
{
    const bool cut = averr == AVERROR_INVALIDDATA || averr == AVERROR_EOF || averr == AVERROR(EIO);

    if (!cut || b->src->errnum || !b->watch.boxes.whole || !b->watch.boxes.fragments)
        return averr;
    b->one_way = true;
    return open_again(b, NULL);
}

/* Opens a URL. Each segment of a playlist has a connection of its own, one after the other: then it is
 * seen where one begins, and whether it was fetched to its end. That of the playlist is not: a server that does not
 * state its size seems to break off, and a playlist that lacks its end is fetched again. Other
 * connections may pause. */
static int open_url(struct trtc_input_av *b, const char *url)
{
    AVDictionary *options = NULL;
    int ret = 0;

    if (strncmp(url, "http", 4) == 0)
        ret = av_dict_set(&options, "rw_timeout", TRTC_SEGMENTS_TIMEOUT_US, 0);
    ret = ret < 0 ? ret : av_dict_set(&options, "http_persistent", "0", 0);
    ret = ret < 0 ? ret : av_dict_set(&options, "http_multiple", "0", 0);
    ret = ret < 0 ? ret : open_once(b, url, &options);
    av_dict_free(&options);
    if (ret >= 0 && b->ic->pb && strcmp(b->ic->iformat->name, "hls") == 0)
        b->ic->pb->error = 0;
    return ret;
}

/* Opens the container; of an MP4 with such edit lists, a second time without them. */
static int open_container(struct trtc_input_av *b, const char *url)
{
    AVDictionary *options = NULL;
    int ret = b->src ? open_once(b, "", NULL) : open_url(b, url);

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
static bool has_unknown(const struct trtc_input_av *b)
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
static int open_streams(struct trtc_input_av *b, const char *url, struct trtc_err *err)
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
    if (ret < 0 && (trtc_input_av_stopped(b) || b->ic->nb_streams == 0))
        return fail_open(b, ret, err);
    if (trtc_input_av_choose(b, err) < 0 || trtc_input_av_prepare_untimed(b, err) < 0)
        return -1;
    const struct trtc_box_track *sound = trtc_input_av_indexed_track(b, TRTC_AT_AUDIO);
    b->stream[TRTC_AT_AUDIO].stepless = sound && sound->no_steps;
    if (b->stream[0].index < 0 && b->stream[1].index < 0 && trtc_input_av_lacks_index(b))
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
    struct trtc_input_av *b = back_new(name, src->stop, err);
    if (!b)
        return NULL;
    b->src = src;
    b->copies = copies;
    b->nb_opened = src->seekable && src->fd >= 0 ? trtc_input_av_size(b) : 0;
    trtc_parts_begin(&b->watch, src->head, src->nb_head);
    if (trtc_input_av_wrap(b) < 0)
        trtc_fail_nomem(err);
    else if (open_streams(b, "", err) == 0)
        return b;
    trtc_input_av_free(b);
    return NULL;
}

void *trtc_input_av_open(const char *url, const char *name, const volatile sig_atomic_t *stop,
                         struct trtc_err *err)
{
    if (trtc_avformat_load(err) < 0)
        return NULL;
    struct trtc_input_av *b = back_new(name, stop, err);
    if (b && open_streams(b, url, err) == 0)
        return b;
    trtc_input_av_free(b);
    return NULL;
}
