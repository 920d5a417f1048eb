/* SPDX-License-Identifier: MIT */
/* Input through libavformat: which streams of the container become tracks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input/input_av_priv.h"
#include "picture/turn.h"

int trtc_input_av_track_of(const struct trtc_input_av *b, int index)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        if (b->stream[k].index == index)
            return k;
    return -1;
}

const struct trtc_box_track *trtc_input_av_indexed_track(const struct trtc_input_av *b, int track)
{
    const struct trtc_input_av_stream *s = &b->stream[track];

    if (!b->src || s->index < 0 || b->watch.boxes.fragments || !trtc_input_av_is_indexed(b))
        return NULL;
    return trtc_boxes_track(&b->watch.boxes, b->ic->streams[s->index]->id);
}

int trtc_input_av_configure(struct trtc_input_av_stream *s, enum AVCodecID id, const uint8_t *p,
                            size_t size, struct trtc_err *err)
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

bool trtc_input_av_is_attached(const AVStream *st)
{
    return st->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS);
}

/* The video stream: the best one of a codec that can be taken, else the best one. */
static int pick_video(const AVFormatContext *ic, int best)
{
    const enum trtc_codec first =
        best < 0 ? TRTC_CODEC_NONE : codec_of(ic->streams[best]->codecpar->codec_id);

    if (first != TRTC_CODEC_NONE && first != TRTC_CODEC_OTHER &&
        !trtc_input_av_is_attached(ic->streams[best]))
        return best;
    if (best >= 0 && trtc_input_av_is_attached(ic->streams[best]))
        best = -1;
    for (unsigned i = 0; i < ic->nb_streams; i++) {
        const enum trtc_codec c = codec_of(ic->streams[i]->codecpar->codec_id);
        if ((c == TRTC_CODEC_H264 || c == TRTC_CODEC_H265) &&
            !trtc_input_av_is_attached(ic->streams[i]))
            return (int)i;
    }
    return best;
}

/* The stream of sound: the best one, unless FFmpeg does not know its codec and that of another one, as
 * beside spatial sound. */
static int pick_audio(const AVFormatContext *ic, int best)
{
    for (unsigned i = 0; i < ic->nb_streams; i++) {
        const AVCodecParameters *par = ic->streams[i]->codecpar;
        if (best < 0 || ic->streams[best]->codecpar->codec_id != AV_CODEC_ID_NONE)
            return best;
        if (par->codec_type == AVMEDIA_TYPE_AUDIO && par->codec_id != AV_CODEC_ID_NONE)
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

unsigned trtc_input_av_turn(const AVStream *st, const uint8_t *matrix)
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
static int use_stream(struct trtc_input_av *b, int k, int index, struct trtc_err *err)
{
    const AVCodecParameters *par = b->ic->streams[index]->codecpar;
    struct trtc_input_av_stream *s = &b->stream[k];

    s->codec = codec_of(par->codec_id);
    s->codec_name = avcodec_get_name(par->codec_id);
    if (s->codec == TRTC_CODEC_NONE)
        return 0;
    s->index = index;
    if (k == TRTC_AT_VIDEO)
        s->turn = trtc_input_av_turn(b->ic->streams[index], stream_matrix(b->ic->streams[index]));
    return trtc_input_av_configure(s, par->codec_id, par->extradata, (size_t)par->extradata_size,
                                   err);
}

/* In a program stream libavformat guesses codecs, and may take pictures for sound. */
static void check_guesses(struct trtc_input_av *b)
{
    enum { PICTURES = 0x1e0, STREAMS = ~0xf }; /* ISO/IEC 13818-1, table 2-22 */

    for (unsigned i = 0; i < b->ic->nb_streams; i++) {
        const AVStream *st = b->ic->streams[i];
        if (strcmp(b->ic->iformat->name, "mpeg") == 0 && (st->id & STREAMS) == PICTURES &&
            st->codecpar->codec_type != AVMEDIA_TYPE_VIDEO && b->watch.nb_faults++ == 0)
            snprintf(b->watch.first, sizeof b->watch.first,
                     "stream %u has pictures, whose codec is not recognised", i);
    }
}

int trtc_input_av_choose(struct trtc_input_av *b, struct trtc_err *err)
{
    AVFormatContext *ic = b->ic;
    const int video = pick_video(ic, av_find_best_stream(ic, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0));
    const int audio =
        pick_audio(ic, av_find_best_stream(ic, AVMEDIA_TYPE_AUDIO, -1, video, NULL, 0));

    for (unsigned i = 0; i < ic->nb_streams; i++)
        if ((int)i != video && (int)i != audio)
            ic->streams[i]->discard = AVDISCARD_ALL;
    check_guesses(b);
    if (video >= 0 && use_stream(b, TRTC_AT_VIDEO, video, err) < 0)
        return -1;
    return audio >= 0 ? use_stream(b, TRTC_AT_AUDIO, audio, err) : 0;
}

int trtc_input_av_adopt(struct trtc_input_av *b, int index)
{
    AVStream *st = b->ic->streams[index];
    const enum AVMediaType type = st->codecpar->codec_type;
    const int k = type == AVMEDIA_TYPE_VIDEO ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;
    struct trtc_err ignored; /* a damaged record: the stream may hold its parameters itself */

    if ((type != AVMEDIA_TYPE_VIDEO && type != AVMEDIA_TYPE_AUDIO) ||
        trtc_input_av_is_attached(st) || b->stream[k].index >= 0) {
        st->discard = AVDISCARD_ALL;
        return -1;
    }
    use_stream(b, k, index, &ignored);
    return b->stream[k].index >= 0 ? k : -1;
}
