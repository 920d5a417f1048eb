/* SPDX-License-Identifier: MIT */
/* Input through libavformat: pictures without times. */
#include <stdlib.h>

#include "input/input_av_priv.h"
#include "ts/es.h"

/* Whether the pictures of an FLV are all shown when they are decoded, as far as they were read to open it,
 * although they are reordered. */
static bool lacks_offsets(const struct trtc_input_av *b, const AVStream *st)
{
    const int delay = st->codecpar->video_delay;

    return b->watch.layout == TRTC_PARTS_TAGS && delay > 0 && !b->watch.has_offsets &&
           b->watch.nb_pictures > delay + 1;
}

/* Whether the pictures have no times of presentation: in a raw stream, which has no times at all,
 * in AVI, and where an FLV, or the index of an MP4 or its fragments, have only decoding times although
 * pictures are reordered, or not even durations. */
static bool lacks_times(struct trtc_input_av *b)
{
    const struct trtc_input_av_stream *s = &b->stream[TRTC_AT_VIDEO];

    b->bare = av_match_name(b->ic->iformat->name, "h264,hevc");
    if (s->index < 0 || (s->codec != TRTC_CODEC_H264 && s->codec != TRTC_CODEC_H265))
        return false;
    const AVStream *st = b->ic->streams[s->index];
    const struct trtc_box_track *t = trtc_input_av_indexed_track(b, TRTC_AT_VIDEO);
    if (t && t->no_steps && st->nb_frames > 1)
        b->bare = true;
    if (!t && b->watch.boxes.fragments && st->nb_frames == 0)
        t = trtc_boxes_track(&b->watch.boxes, st->id);
    const bool listed = t && (t->has_runs || !b->watch.boxes.fragments);
    return b->bare || av_match_name("avi", b->ic->iformat->name) || lacks_offsets(b, st) ||
           (listed && !t->has_offsets && st->codecpar->video_delay > 0);
}

/* Returns by how many pictures the stream reorders. libavformat guesses that from the times of an
 * index if it has any. */
static int delay_of(const struct trtc_input_av *b, const AVStream *st)
{
    const struct trtc_input_av_stream *s = &b->stream[TRTC_AT_VIDEO];
    struct trtc_video_params v;

    if (!b->bare || !trtc_input_av_is_indexed(b))
        return st->codecpar->video_delay;
    if (!s->sets || trtc_video_params_read(s->codec, s->sets, s->sets_size, &v) < 0 ||
        v.reorder_max < 0)
        return 0;
    return v.reorder_max;
}

int trtc_input_av_prepare_untimed(struct trtc_input_av *b, struct trtc_err *err)
{
    const struct trtc_input_av_stream *s = &b->stream[TRTC_AT_VIDEO];

    if (!lacks_times(b))
        return 0;
    AVStream *st = b->ic->streams[s->index];
    b->frame_us = trtc_input_av_distance(b, st);
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

bool trtc_input_av_begins_sequence(const struct trtc_input_av_stream *s, const AVPacket *pkt)
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
static void look_at_order(struct trtc_input_av *b)
{
    enum { BASELINE = 66, PYRAMID = 2 };
    const struct trtc_input_av_stream *s = &b->stream[TRTC_AT_VIDEO];
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
static int hold(struct trtc_input_av *b, struct trtc_err *err)
{
    const int64_t k = b->order.nb_in % TRTC_INPUT_ORDER_MAX;
    const bool resets = trtc_input_av_begins_sequence(&b->stream[TRTC_AT_VIDEO], b->pkt);
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
        b->pkt->dts == AV_NOPTS_VALUE ? TRTC_NOTIME : trtc_input_av_us(b->pkt->dts, st->time_base);
    av_packet_move_ref(b->held[k], b->pkt);
    trtc_input_order_push(&b->order, b->parser->output_picture_number, resets);
    return 0;
}

static int64_t decoded_us(const struct trtc_input_av *b, int64_t n)
{
    return b->decoded_us[n % (2 * TRTC_INPUT_ORDER_MAX)];
}

/* Places picture n of an FLV or MP4 with decoding times: pictures are shown at the times at which as many
 * were decoded, unless an FLV states their times later on. An edit list that cuts off something in
 * front may allow for pictures that are shown later than they are decoded. */
static void place_indexed(struct trtc_input_av *b, int64_t n, int64_t place,
                          struct trtc_input_raw *raw)
{
    const int64_t delay_us = av_rescale_q(b->order.delay, b->frame_us, (AVRational){ 1, 1000000 });
    const int64_t stated_us = raw->dts_us;
    const bool offset = b->watch.layout == TRTC_PARTS_TAGS && raw->pts_us > stated_us;
    const int64_t shown_us = offset ? raw->pts_us : decoded_us(b, place);

    if (n == 0 && stated_us < 0)
        b->lead_us = -stated_us <= 2 * delay_us ? -stated_us : delay_us;
    raw->pts_us = shown_us + b->lead_us;
    raw->dts_us = (n < b->order.delay ? stated_us - delay_us : decoded_us(b, n - b->order.delay)) +
                  b->lead_us;
    raw->hidden = raw->pts_us < 0 || (raw->hidden && stated_us >= 0);
}

/* Returns when the picture at this place of an AVI is shown, or NOTIME. It is decoded in time for that, as many
 * pictures before as are reordered, and pictures that were dropped leave gaps in the times of decoding. */
static int64_t shown_us(const struct trtc_input_av *b, int64_t place)
{
    const int64_t last = b->order.nb_in - 1, want = place + b->order.delay;
    const int64_t at = want < last ? want : last;

    if (decoded_us(b, at) == TRTC_NOTIME)
        return TRTC_NOTIME;
    return decoded_us(b, at) + av_rescale_q(place - at, b->frame_us, (AVRational){ 1, 1000000 });
}

/* Picture n, in decoding order, which is shown at this place. */
static void place_picture(struct trtc_input_av *b, int64_t n, int64_t place,
                          struct trtc_input_raw *raw)
{
    const bool decoded = trtc_input_av_is_indexed(b) || b->watch.layout == TRTC_PARTS_TAGS;

    if (decoded && !b->bare && raw->dts_us != TRTC_NOTIME && decoded_us(b, place) != TRTC_NOTIME) {
        place_indexed(b, n, place, raw);
        return;
    }
    raw->hidden &= !b->bare;
    const AVRational us = { 1, 1000000 };
    const int64_t decoded_us =
        b->bare || raw->dts_us == TRTC_NOTIME ? av_rescale_q(n, b->frame_us, us) : raw->dts_us;

    raw->pts_us = b->bare ? TRTC_NOTIME : shown_us(b, place);
    if (raw->pts_us == TRTC_NOTIME)
        raw->pts_us = decoded_us + av_rescale_q(place - n, b->frame_us, us);
    raw->dts_us = decoded_us - av_rescale_q(b->order.delay, b->frame_us, us);
    raw->dur_us = av_rescale_q(1, b->frame_us, us);
}

int trtc_input_av_next_untimed(struct trtc_input_av *b, struct trtc_input_raw *raw,
                               struct trtc_err *err)
{
    int track;

    for (;;) {
        const int64_t n = b->order.nb_out;
        const int64_t place = trtc_input_order_take(&b->order);
        if (place >= 0) {
            av_packet_unref(b->pkt);
            av_packet_move_ref(b->pkt, b->held[n % TRTC_INPUT_ORDER_MAX]);
            if (trtc_input_av_set_frame(b, TRTC_AT_VIDEO, raw, err) < 0)
                return -1;
            place_picture(b, n, place, raw);
            trtc_input_av_edit(b, raw);
            return 1;
        }
        if (b->ended) {
            if (b->end_result < 0 && err)
                *err = b->end_err;
            return b->end_result;
        }
        const int ret = trtc_input_av_read_unit(b, &track, &b->end_err);
        if (ret <= 0) {
            b->ended = true;
            b->end_result = ret;
            trtc_input_order_end(&b->order);
        } else if (track == TRTC_AT_AUDIO) {
            return trtc_input_av_set_frame(b, track, raw, err) < 0 ? -1 : 1;
        } else if (hold(b, err) < 0) {
            return -1;
        }
    }
}
