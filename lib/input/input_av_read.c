/* SPDX-License-Identifier: MIT */
/* Input through libavformat: packets, and what of the container did not come. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "codec/av.h"
#include "input/input_av_priv.h"
#include "ts/es_sound.h"

enum { ERRORS_MAX = 64 }; /* in a row, then nothing more is to be had */
enum { AGAIN_MS = 10 };

/* Bare AAC consists of frames only, except for tags. */
static void check_bare(struct trtc_input_av *b)
{
    enum { ID3V1_BYTES = 128 };

    if (!b->src || strcmp(b->ic->iformat->name, "aac") != 0 || trtc_input_av_stopped(b))
        return;
    const int64_t rest =
        trtc_input_av_size(b) - b->nb_bytes - trtc_id3_bytes(b->src->head, b->src->nb_head);
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

/* Returns how many frames in the index of an MP4 libavformat has left out, unless there are so many
 * other faults. */
static int64_t nb_left_out(const struct trtc_input_av *b, const AVStream *st, int64_t nb_faults)
{
    const int k = trtc_input_av_track_of(b, st->index);

    if (k < 0 || !b->at_end || b->cut || b->watch.nb_faults > nb_faults ||
        !trtc_input_av_is_indexed(b))
        return 0;
    const int64_t nb_in = b->stream[k].ledger.nb_in;
    if (nb_in > 0 && counts_samples(st))
        return 0;
    const int64_t n = st->nb_frames - nb_in - b->stream[k].nb_empty;
    return n > 0 ? n : 0;
}

int64_t trtc_input_av_nb_unread(const struct trtc_input_av *b, const AVStream *st)
{
    return nb_left_out(b, st, 0);
}

/* Returns how many frames an edit list may leave out; -1: any number. Most lists show all but the
 * priming, and frames that are reordered. */
static int64_t nb_cut_off(const struct trtc_box_track *t)
{
    enum { LITTLE_US = 500000, RATES = 4, ROUNDED = 3 };

    if (t->edits.n == 0)
        return 0;
    if (t->nb_steps <= 0 || t->no_steps || t->hz == 0)
        return -1;
    const int64_t all_us = av_rescale(t->ticks, 1000000, t->hz);
    const int64_t rest_us = trtc_edits_rest_us(&t->edits, all_us);
    if (rest_us > LITTLE_US || all_us < t->nb_steps)
        return -1;
    return rest_us * RATES / (all_us / t->nb_steps) + ROUNDED;
}

/* Frames that libavformat has left out although no edit list says so: those of another codec, if a
 * track has several, or frames that nothing describes, or that are not where the index says. */
static void count_unread(struct trtc_input_av *b)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        struct trtc_input_av_stream *s = &b->stream[k];
        const struct trtc_box_track *t = trtc_input_av_indexed_track(b, k);
        const int64_t nb_cut = t ? nb_cut_off(t) : -1;
        const int64_t n =
            s->index >= 0 ? nb_left_out(b, b->ic->streams[s->index], b->watch.index_fault) : 0;
        if (!b->watch.codecs && (nb_cut < 0 || n <= nb_cut || s->codec == TRTC_CODEC_OTHER))
            continue;
        s->ledger.nb_in += n;
        s->ledger.nb_left[b->watch.codecs ? TRTC_LEFT_FORMAT : TRTC_LEFT_DAMAGED] += n;
    }
}

/* Files of sound alone whose header states how long they are, and whose frames are found wherever
 * they are. */
static void check_length(struct trtc_input_av *b)
{
    enum { SLACK_US = 200000 };
    const struct trtc_input_av_stream *s = &b->stream[TRTC_AT_AUDIO];

    if (s->index < 0 || !av_match_name(b->ic->iformat->name, "mp3,flac,au,aiff") ||
        trtc_input_av_stopped(b) ||
        b->ic->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE)
        return;
    const AVStream *st = b->ic->streams[s->index];
    const int64_t said_us =
        st->duration > 0 ? trtc_input_av_us(st->duration, st->time_base) : TRTC_NOTIME;
    /* the parser of FLAC loses frames between two files in a row */
    const bool more = av_match_name(b->ic->iformat->name, "flac") && said_us < s->sum_us - SLACK_US;
    if (said_us == TRTC_NOTIME || s->sum_us == 0 || (said_us < s->sum_us + SLACK_US && !more))
        return;
    if (b->watch.nb_faults++ == 0)
        snprintf(b->watch.first, sizeof b->watch.first,
                 "its header states %.3f s of sound, %s %.3f s came", (double)said_us / 1e6,
                 more ? "and" : "of which", (double)s->sum_us / 1e6);
}

/* A recorder may still be writing the file. libavformat knows the fragments of an MP4 that were there
 * when it was opened. */
static void check_growth(struct trtc_input_av *b)
{
    if (!trtc_input_av_is_indexed(b) || b->nb_opened == 0 ||
        trtc_input_av_size(b) <= b->nb_opened || trtc_input_av_stopped(b))
        return;
    if (b->watch.nb_faults++ == 0)
        snprintf(b->watch.first, sizeof b->watch.first,
                 "it has grown since it was opened, and is not read beyond byte %" PRId64,
                 b->nb_opened);
}

/* Handles the end. Returns 0, or -1: the frames could not be reached. */
static int nothing_left(struct trtc_input_av *b, struct trtc_err *err)
{
    trtc_input_av_check_parts(b);
    if (b->src && b->src->errnum)
        return trtc_input_fail_read(b->src, b->name, err);
    check_bare(b);
    check_length(b);
    check_growth(b);
    if (!b->src && !trtc_input_av_stopped(b)) {
        trtc_segments_end(b->ic);
        if (b->watch.segments.shortage)
            return trtc_fail_av(err, TRTC_EX_TEMPFAIL, b->watch.segments.shortage, "%s", b->name);
        if (b->watch.segments.broken)
            return trtc_fail_av(err, TRTC_EX_TEMPFAIL, b->watch.segments.broken,
                                "%s: its playlist can no longer be fetched", b->name);
        if (b->watch.segments.growing)
            return trtc_fail(err, TRTC_EX_TEMPFAIL,
                             "%s: its playlist has no #EXT-X-ENDLIST, and does not grow any more",
                             b->name);
    }
    b->at_end = true;
    count_unread(b);
    return b->nb_bytes == 0 && trtc_input_av_is_mp4_pipe(b) ? trtc_input_av_fail_mp4_pipe(b, err)
                                                            : 0;
}

/* Handles a failure of av_read_frame. Returns 1: it is worth another try; 0: the end; -1. */
static int read_failed(struct trtc_input_av *b, int averr, int nb_errors, struct trtc_err *err)
{
    const AVIOContext *pb = b->ic->pb;

    if (averr == AVERROR(ENOMEM)) { /* a damaged size, if there are other signs of damage */
        trtc_input_av_check_parts(b);
        if (b->watch.nb_faults == 0)
            return trtc_fail_nomem(err);
    }
    if (b->src && b->src->errnum)
        return trtc_input_fail_read(b->src, b->name, err);
    if (trtc_input_av_stopped(b) || averr == AVERROR_EXIT)
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
static int read_any(struct trtc_input_av *b, AVPacket *pkt, int *track, struct trtc_err *err)
{
    int nb_errors = 0;

    for (;;) {
        av_packet_unref(pkt);
        if (trtc_input_av_stopped(b))
            return 0;
        const int ret = av_read_frame(b->ic, pkt);
        if (ret < 0) {
            const int r = read_failed(b, ret, nb_errors, err);
            nb_errors += ret != AVERROR(EAGAIN);
            if (r <= 0)
                return r;
            continue;
        }
        *track = trtc_input_av_track_of(b, pkt->stream_index);
        if (pkt->size > 0 && *track < 0)
            *track = trtc_input_av_adopt(b, pkt->stream_index);
        if (*track >= 0)
            b->stream[*track].read_at = pkt->dts;
        if (pkt->size <= 0) {
            if (*track >= 0)
                b->stream[*track].nb_empty++;
            continue;
        }
        if (*track < 0 || is_header(b->ic->streams[pkt->stream_index], pkt))
            continue;
        b->nb_bytes += pkt->size;
        b->stream[*track].ledger.nb_in++;
        return 1;
    }
}

/* Whether an incomplete packet is an end like any other: that of samples which are no frames. */
static bool may_be_short(const struct trtc_input_av *b, int track)
{
    const AVCodecParameters *par = b->ic->streams[b->stream[track].index]->codecpar;

    const bool open = b->watch.layout == TRTC_PARTS_CAF && b->watch.done; /* it states no size */

    return is_pcm(par->codec_id) && b->src &&
           (open || trtc_wav_size(b->src->head, b->src->nb_head) == 0);
}

int trtc_input_av_read(struct trtc_input_av *b, int *track, struct trtc_err *err)
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
        b->stream[*track]
            .ledger.nb_left[trtc_input_av_stopped(b) ? TRTC_LEFT_CUT : TRTC_LEFT_DAMAGED]++;
        b->cut = !trtc_input_av_stopped(b);
    }
    return ret;
}
