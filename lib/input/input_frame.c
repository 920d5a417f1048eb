/* SPDX-License-Identifier: MIT */
/* Input: frames of the back end become those that are returned: on the time line, with parameter sets,
 * sound encoded if it is not AAC. See input_state_priv.h. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/utc.h"
#include "codec/aenc.h"
#include "codec/av.h"
#include "codec/ffmpeg.h"
#include "input/input_state_priv.h"
#include "mp4/sets_kept.h"
#include "ts/es.h"

#define ENCODE_HZ   48000
#define AAC_SAMPLES 1024
#define SILENT_US   1000000 /* a live source from which nothing comes for so long was away; */
#define FRESH_US    1000000 /* ... if it begins anew, its first frames come within this */

/* ---- pictures ---- */

/* Whether there are parameter sets before a picture, which are then before everything except the
 * delimiter. */
static bool begins_with_sets(enum trtc_codec codec, const uint8_t *p, size_t size)
{
    const uint8_t *end = p + (size < 32 ? size : 32);

    for (p = trtc_annexb_find(p, end); end - p > 3; p = trtc_annexb_find(p + 3, end)) {
        const enum trtc_nal kind = trtc_nal_kind(codec, p[3]);
        if (kind != TRTC_NAL_AUD)
            return kind == TRTC_NAL_PARAM || kind == TRTC_NAL_SPS;
    }
    return false;
}

/* Takes over the parameter sets in data; replace: they replace all others. */
static int keep_sets(struct trtc_input *in, enum trtc_codec codec, struct trtc_bytes data,
                     bool replace, struct trtc_err *err)
{
    if (!in->sets && !(in->sets = trtc_kept_sets_new()))
        return trtc_fail_nomem(err);
    if (replace)
        trtc_kept_sets_clear(in->sets);
    trtc_kept_sets_take(in->sets, codec, data.p, data.n);
    return 0;
}

/* Notes the colours that the stream states, or else those of the container. */
static void note_colour(struct trtc_input *in, const struct trtc_colour *said)
{
    struct trtc_input_track t;

    in->ops->track(in->back, TRTC_AT_VIDEO, &t);
    in->info.colour = *said;
    if (said->matrix == TRTC_COLOUR_UNKNOWN && t.colour.primaries != 0)
        in->info.colour = t.colour;
    in->info.colour_outside =
        said->matrix == TRTC_COLOUR_UNKNOWN && in->info.colour.matrix != TRTC_COLOUR_UNKNOWN;
}

int trtc_input_decodes(struct trtc_input *in, enum trtc_codec codec, const char *name,
                       struct trtc_err *err)
{
    struct trtc_input_track sound, pictures;

    if (strcmp(in->sound_name, name) == 0)
        return in->sound_decodes;
    if (trtc_ffmpeg_load(err) < 0)
        return -1;
    snprintf(in->sound_name, sizeof in->sound_name, "%s", name);
    in->ops->track(in->back, TRTC_AT_AUDIO, &sound);
    in->ops->track(in->back, TRTC_AT_VIDEO, &pictures);
    const AVCodec *c = trtc_av_decoder(AVMEDIA_TYPE_AUDIO, codec, name, NULL);
    in->sound_decodes =
        pictures.codec == TRTC_CODEC_NONE || (c && trtc_av_opens(c, sound.av_parameters));
    return in->sound_decodes;
}

static void note_size(struct trtc_input *in, const struct trtc_input_raw *raw,
                      struct trtc_input_frame *f)
{
    struct trtc_video_params v;

    if (trtc_video_params_read(raw->codec, raw->data, raw->size, &v) < 0 &&
        (!f->sets || trtc_video_params_read(raw->codec, f->sets, f->sets_size, &v) < 0))
        return;
    note_colour(in, &v.colour);
    f->colour = in->info.colour;
    in->info.sar_num = v.sar_num;
    in->info.sar_den = v.sar_den;
    if (v.width_px == in->info.width_px && v.height_px == in->info.height_px)
        return;
    f->new_size = in->info.width_px > 0;
    in->info.width_px = v.width_px;
    in->info.height_px = v.height_px;
}

/* Counts a frame that goes no further. Returns 0. */
static int leave_out(struct trtc_input *in, int track, enum trtc_left why)
{
    in->ledger[track].nb_left[why]++;
    return 0;
}

int trtc_input_fail_codec(const struct trtc_input *in, const char *codec, struct trtc_err *err)
{
    return trtc_fail(err, TRTC_EX_UNAVAILABLE,
                     "%s: video codec '%s': only H.264 and H.265 are accepted; encode it first",
                     in->name, codec);
}

/* Puts a frame on the time line. */
static void place(struct trtc_input *in, const struct trtc_input_raw *raw, int64_t dur_us,
                  struct trtc_input_placed *at)
{
    const struct trtc_input_stamp stamp = { .track = raw->track,
                                            .pts_us = raw->pts_us,
                                            .dts_us = raw->dts_us,
                                            .dur_us = dur_us,
                                            .key = raw->track == TRTC_AT_VIDEO && raw->key,
                                            .sure = raw->sure,
                                            .silent_us = in->silent_us };

    if (raw->hidden)
        trtc_input_clock_hide(&in->clock, &stamp, at);
    else
        trtc_input_clock_place(&in->clock, &stamp, at);
    in->nb_mended[raw->track] += at->mended;
    in->nb_unordered[raw->track] += at->unordered;
    if (raw->track == TRTC_AT_VIDEO && !raw->hidden && raw->dts_us != TRTC_NOTIME)
        trtc_crowd_add(&in->crowd, raw->dts_us);
    if (at->breaks) {
        in->breaks = true;
        in->jump_us = at->jump_us;
        in->later_us = at->later_us;
        in->silent_us = 0;
    }
}

/* The name of a frame's codec for ever: a transport stream's goes with the stream. */
static const char *name_of(struct trtc_input *in, const struct trtc_input_raw *raw)
{
    const char **name = &in->codec_name[raw->track];

    if (raw->codec != TRTC_CODEC_OTHER)
        return raw->codec == TRTC_CODEC_H264   ? "h264"
               : raw->codec == TRTC_CODEC_H265 ? "hevc"
                                               : "aac";
    if (!*name || strcmp(*name, raw->codec_name) != 0)
        *name = trtc_av_codec_name(raw->codec_name);
    return *name;
}

bool trtc_input_is_due(const struct trtc_input *in, int track)
{
    return in->ops->is_due && in->ops->is_due(in->back, track);
}

static void fill(struct trtc_input *in, const struct trtc_input_raw *raw,
                 const struct trtc_input_placed *at, struct trtc_input_frame *f)
{
    *f = (struct trtc_input_frame){
        .video = raw->track == TRTC_AT_VIDEO,
        .codec = raw->codec,
        .codec_name = name_of(in, raw),
        .av_parameters = raw->av_parameters,
        .pkt = { .data = raw->data,
                 .size = raw->size,
                 .pts_us = at->pts_us,
                 .dts_us = at->dts_us,
                 .key = raw->key,
                 .hidden = raw->hidden,
                 .trim_us = raw->trim_us,
                 .trim_end_us = raw->trim_end_us },
        .dur_us = at->dur_us,
        .breaks = in->breaks,
        .jump_us = in->jump_us,
        .later_us = in->later_us,
        .epoch = at->epoch,
        .damaged = raw->damaged,
        .other_due =
            trtc_input_is_due(in, raw->track == TRTC_AT_VIDEO ? TRTC_AT_AUDIO : TRTC_AT_VIDEO),
        .guessed = raw->pts_us == TRTC_NOTIME,
        .turn = raw->turn,
        .sar_num = raw->sar_num,
        .sar_den = raw->sar_den,
        .colour = in->info.colour,
    };
    in->breaks = false;
    in->jump_us = in->later_us = 0;
}

/* A frame of whatever codec, for a decoder. */
static int take_any(struct trtc_input *in, const struct trtc_input_raw *raw,
                    struct trtc_input_frame *f)
{
    struct trtc_input_placed at;

    *(raw->track == TRTC_AT_VIDEO ? &in->info.video : &in->info.audio) = TRTC_CODEC_OTHER;
    place(in, raw, raw->dur_us, &at);
    fill(in, raw, &at, f);
    return 1;
}

static int take_picture(struct trtc_input *in, const struct trtc_input_raw *raw,
                        struct trtc_input_frame *f, struct trtc_err *err)
{
    struct trtc_input_placed at;

    if (raw->codec == TRTC_CODEC_OTHER && in->any)
        return take_any(in, raw, f);
    if (raw->codec != TRTC_CODEC_H264 && raw->codec != TRTC_CODEC_H265)
        return in->leaves_other ? leave_out(in, TRTC_AT_VIDEO, TRTC_LEFT_FORMAT)
                                : trtc_input_fail_codec(in, raw->codec_name, err);
    if (in->info.video != raw->codec && in->sets)
        trtc_kept_sets_clear(in->sets);
    in->info.video = raw->codec;
    place(in, raw, raw->dur_us, &at);
    fill(in, raw, &at, f);
    if (raw->sets &&
        keep_sets(in, raw->codec, (struct trtc_bytes){ raw->sets, raw->sets_size }, true, err) < 0)
        return -1;
    if ((raw->key || begins_with_sets(raw->codec, raw->data, raw->size)) &&
        keep_sets(in, raw->codec, (struct trtc_bytes){ raw->data, raw->size }, false, err) < 0)
        return -1;
    f->headless = !in->sets;
    if (!raw->key)
        return 1;
    f->sets = trtc_kept_sets_missing(in->sets, &f->sets_size);
    note_size(in, raw, f);
    return 1;
}

/* ---- sound ---- */

/* Returns room for an ADTS frame of so many bytes. */
static int reserve_adts(struct trtc_input *in, size_t size, struct trtc_err *err)
{
    return trtc_array_reserve(&in->adts, &in->adts_cap, size, 1) < 0 ? trtc_fail_nomem(err) : 0;
}

/* Handles channels that are described in the frame. If an earlier frame has described them, that
 * description is inserted, since decoding may begin with this frame. */
static int describe_channels(struct trtc_input *in, struct trtc_adts *h, struct trtc_input_raw *raw,
                             struct trtc_err *err)
{
    const size_t header = (size_t)h->header_bytes;
    struct trtc_input_pce own;

    if (trtc_input_pce_of(raw->data + header, raw->size - header, &own)) {
        in->pce = own;
    } else if (in->pce.size > 0) {
        if (reserve_adts(in, raw->size + in->pce.size, err) < 0)
            return -1;
        const size_t size = trtc_input_pce_put(&in->pce, raw->data, raw->size, in->adts);
        if (size > 0) {
            raw->data = in->adts;
            raw->size = size;
        }
    }
    h->channels = in->pce.channels;
    return 0;
}

/* Notes the format. Returns true if it has changed. */
static bool note_format(struct trtc_input *in, const struct trtc_adts *h)
{
    const bool changes = in->info.rate_hz > 0 &&
                         (h->rate_hz != in->info.rate_hz || h->channels != in->info.channels ||
                          h->object_type != in->object_type);

    in->info.audio = TRTC_CODEC_AAC;
    in->info.rate_hz = h->rate_hz;
    in->info.channels = h->channels;
    in->object_type = h->object_type;
    return changes;
}

static int take_aac(struct trtc_input *in, struct trtc_input_raw *raw, struct trtc_input_frame *f,
                    struct trtc_err *err)
{
    struct trtc_input_placed at;
    struct trtc_adts h;

    if (trtc_adts_parse(raw->data, raw->size, &h) < 0 || (size_t)h.header_bytes > raw->size)
        return leave_out(in, TRTC_AT_AUDIO, TRTC_LEFT_DAMAGED);
    if (h.channels == 0 && describe_channels(in, &h, raw, err) < 0)
        return -1;
    place(in, raw, (INT64_C(1000000) * h.samples + h.rate_hz / 2) / h.rate_hz, &at);
    fill(in, raw, &at, f);
    f->new_format = note_format(in, &h);
    return 1;
}

static int open_encoder(struct trtc_input *in, struct trtc_err *err)
{
    struct trtc_input_track t;

    in->ops->track(in->back, TRTC_AT_AUDIO, &t);
    const int channels = in->info.channels ? in->info.channels : t.channels;
    const int rate_hz = in->info.rate_hz ? in->info.rate_hz : t.rate_hz;
    const struct trtc_aenc_opts o = {
        .rate_hz = rate_hz == 44100 ? rate_hz : ENCODE_HZ,
        .channels = channels == 1 ? 1 : 2,
    };
    in->aenc = trtc_aenc_new(&o, err);
    if (!in->aenc)
        return -1;
    in->aac = (struct trtc_input_aac){ .object_type = 2,
                                       .rate_index = o.rate_hz == 44100 ? 4 : 3,
                                       .channels = o.channels };
    in->info.audio_encoded = true;
    in->reformed = note_format(in, &(struct trtc_adts){ .object_type = in->aac.object_type,
                                                        .rate_hz = o.rate_hz,
                                                        .channels = o.channels });
    in->zero_us = TRTC_NOTIME;
    return t.av_parameters ? trtc_aenc_parameters(in->aenc, t.av_parameters, err) : 0;
}

/* Gives a packet to the encoder. */
static int encode(struct trtc_input *in, const struct trtc_input_raw *raw, struct trtc_err *err)
{
    struct trtc_input_placed at;

    if (in->left) { /* it still shows jumps of the stream's clock */
        place(in, raw, raw->dur_us, &at);
        return leave_out(in, TRTC_AT_AUDIO, TRTC_LEFT_UNWANTED);
    }
    const int decodes = trtc_input_decodes(in, raw->codec, raw->codec_name, err);
    if (decodes < 0)
        return -1;
    if (!decodes) {
        place(in, raw, raw->dur_us, &at);
        return leave_out(in, TRTC_AT_AUDIO, TRTC_LEFT_FORMAT);
    }
    if (!in->aenc && open_encoder(in, err) < 0)
        return -1;
    if (raw->av_parameters && trtc_aenc_parameters(in->aenc, raw->av_parameters, err) < 0)
        return -1;
    place(in, raw, raw->dur_us, &at);
    if (in->zero_us == TRTC_NOTIME)
        in->zero_us = at.pts_us + raw->trim_us;
    in->end_us = raw->dur_us > 0 ? at.pts_us + raw->dur_us : TRTC_NOTIME;

    const struct trtc_packet p = {
        .data = raw->data,
        .size = raw->size,
        .pts_us = at.pts_us - in->zero_us,
        .dts_us = at.pts_us - in->zero_us,
        .key = true,
        .hidden = raw->hidden,
        .trim_us = raw->trim_us,
        .trim_end_us = raw->trim_end_us,
    };
    in->encoded = true;
    return trtc_aenc_send(in->aenc, raw->codec_name, &p, err);
}

/* Next frame of the encoder, with an ADTS header: 1, 0 it wants more, -1. */
static int take_encoded(struct trtc_input *in, struct trtc_input_frame *f, struct trtc_err *err)
{
    struct trtc_packet p;
    int ret;

    /* the priming of the encoder before the first sample would move the start of the stream */
    do
        ret = trtc_aenc_receive(in->aenc, &p, err);
    while (ret > 0 && p.pts_us < 0);
    if (ret <= 0)
        return ret;

    const size_t size = p.size + 7;
    if (reserve_adts(in, size, err) < 0)
        return -1;
    if (trtc_input_adts_header(&in->aac, p.size, in->adts) < 0)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "an AAC frame of %zu bytes was encoded", p.size);
    memcpy(in->adts + 7, p.data, p.size);

    const struct trtc_input_raw raw = {
        .track = TRTC_AT_AUDIO, .data = in->adts, .size = size, .key = true
    };
    const struct trtc_input_placed at = {
        .pts_us = p.pts_us + in->zero_us,
        .dts_us = p.pts_us + in->zero_us,
        .dur_us = (INT64_C(1000000) * AAC_SAMPLES + in->info.rate_hz / 2) / in->info.rate_hz,
        .epoch = in->clock.lane[TRTC_AT_AUDIO].epoch,
    };
    fill(in, &raw, &at, f);
    f->new_format = in->reformed;
    in->reformed = false;
    return 1;
}

/* ---- frames ---- */

/* Handles the end of the back end: drains the encoder, and then returns result. */
static int finish(struct trtc_input *in, int result, struct trtc_err *err)
{
    in->ended = true;
    in->result = result;
    if (in->left || !in->aenc || in->zero_us == TRTC_NOTIME)
        return 0;
    in->encoded = true;
    return trtc_aenc_end(in->aenc,
                         in->end_us == TRTC_NOTIME ? TRTC_NOTIME : in->end_us - in->zero_us, err);
}

/* Whether the frame has several blocks at unknown offsets, so that they cannot be copied one by
 * one. */
static bool has_blocks(const struct trtc_input *in, const struct trtc_input_raw *raw)
{
    struct trtc_adts h;

    return !in->any && trtc_adts_parse(raw->data, raw->size, &h) == 0 && h.samples > AAC_SAMPLES;
}

bool trtc_input_is_wanted(const struct trtc_input *in, int track)
{
    return in->wanted & (track == TRTC_AT_VIDEO ? TRTC_VIDEO : TRTC_AUDIO);
}

/* Skips an unwanted frame, which still shows jumps of the stream's clock. f gets its times. */
static int pass_over(struct trtc_input *in, const struct trtc_input_raw *raw,
                     struct trtc_input_frame *f)
{
    struct trtc_input_placed at;

    place(in, raw, raw->dur_us, &at);
    *f = (struct trtc_input_frame){ .video = raw->track == TRTC_AT_VIDEO,
                                    .pkt = { .size = raw->size,
                                             .pts_us = at.pts_us,
                                             .dts_us = at.dts_us,
                                             .hidden = raw->hidden,
                                             .trim_us = raw->trim_us } };
    leave_out(in, raw->track, TRTC_LEFT_UNWANTED);
    return TRTC_INPUT_PASSED;
}

/* Reads the next frame. Notes whether a live source was silent before it. */
static int read_next(struct trtc_input *in, struct trtc_input_raw *raw)
{
    const int64_t from_us = in->is_direct ? trtc_mono_us() : 0;
    const int ret = trtc_input_rise_next(&in->rise, in->ops, in->back, raw, &in->why);

    in->waited = ret > 0 && raw->waited;
    if (!in->is_direct)
        return ret;
    const int64_t now_us = trtc_mono_us();
    if (now_us - from_us >= SILENT_US) {
        in->silent_us = now_us - from_us;
        in->heard_us = now_us;
    } else if (now_us - in->heard_us > FRESH_US) {
        in->silent_us = 0;
    }
    return ret;
}

int trtc_input_fetch(struct trtc_input *in, struct trtc_input_frame *f, struct trtc_err *err)
{
    struct trtc_input_raw raw;

    for (;;) {
        int ret = 0;

        if (in->encoded)
            ret = take_encoded(in, f, err);
        if (ret != 0)
            return ret;
        in->encoded = false;
        if (in->ended) {
            if (in->result < 0 && err)
                *err = in->why;
            return in->result;
        }
        ret = read_next(in, &raw);
        if (ret <= 0)
            ret = finish(in, ret, err);
        else if (!trtc_input_is_wanted(in, raw.track))
            return pass_over(in, &raw, f);
        else if (raw.track == TRTC_AT_VIDEO)
            ret = take_picture(in, &raw, f, err);
        else if (raw.codec == TRTC_CODEC_AAC && !in->aenc && !has_blocks(in, &raw))
            ret = take_aac(in, &raw, f, err);
        else if (in->any)
            ret = take_any(in, &raw, f);
        else
            ret = encode(in, &raw, err);
        if (ret > 0)
            in->ledger[raw.track].nb_out++;
        if (ret != 0)
            return ret;
    }
}
