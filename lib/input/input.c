/* SPDX-License-Identifier: MIT */
/* Input: frames of any container on one time line; see input.h, and input_priv.h for its
 * parts. */
#include "input/input.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/utc.h"
#include "codec/aenc.h"
#include "codec/av.h"
#include "codec/ffmpeg.h"
#include "input/crowd.h"
#include "input/input_priv.h"
#include "mp4/sets_kept.h"
#include "ts/es.h"

#define WAIT_US       5000000            /* of the stream, for the first frames of all tracks; */
#define WAIT_FILE_US  60000000           /* of a file, for which no one waits in real time */
#define PRIMING_US    200000             /* of sound, at most: 2112 samples at 16 kHz are 132 ms */
#define WAIT_BYTES    (8 * 1024 * 1024)  /* of frames that wait meanwhile */
#define DUE_BYTES     (32 * 1024 * 1024) /* ... if the container states that the others will come */
#define NOTHING_BYTES (64 * 1024 * 1024) /* without a single frame: no stream of ours */
#define ENCODE_HZ     48000
#define AAC_SAMPLES   1024
#define STEP_MAX_US   1000000
#define JOIN_US       10000000
#define SILENT_US     1000000 /* a live source from which nothing comes for so long was away; */
#define FRESH_US      1000000 /* ... if it begins anew, its first frames come within this */

/* A waiting frame, followed by its bytes. */
struct held {
    struct held *next;
    struct trtc_input_frame f;
    uint8_t bytes[];
};

struct trtc_input {
    struct trtc_input_info info;
    struct trtc_input_src src;
    bool is_ts; /* the back end is input_ts.c's */
    const struct trtc_input_ops *ops;
    void *back;
    bool any;        /* frames of any codec are returned, */
    unsigned wanted; /* TRTC_AUDIO, TRTC_VIDEO: of these kinds, */
    unsigned minded; /* and losses of these count */
    int64_t came_us; /* when the first frame began to come, on a clock of no meaning */
    char name[256];  /* for messages */
    const volatile sig_atomic_t *stop;
    int (*keep)(void *opaque, const struct trtc_input *in, const struct trtc_input_frame *f,
                struct trtc_err *err); /* frames that wait; or NULL */
    void *keep_opaque;
    struct trtc_input_rise rise;
    struct trtc_input_clock clock;
    int64_t start_us, shown_us; /* of all first frames, and of those that are shown or heard */
    bool shown_early;           /* pictures are, before 0 */

    /* pictures */
    struct trtc_kept_sets *sets; /* in force */

    /* sound to be encoded */
    struct trtc_aenc *aenc;
    bool encoded;            /* the encoder may have frames to give, */
    bool reformed;           /* the first of them in another format than sound that was copied */
    bool left;               /* its frames are not wanted */
    int64_t zero_us, end_us; /* its output's zero, and the end of what it got, on our clock; NOTIME:
                                where the sound ends */
    struct trtc_input_aac aac;
    int object_type;           /* of AAC that is copied, and */
    struct trtc_input_pce pce; /* its channels, if a frame has described them */
    uint8_t *adts;             /* the frame that is returned */
    size_t adts_cap;
    bool breaks; /* a jump that no frame has been marked with yet */
    int64_t jump_us, later_us;

    bool waited;                 /* the last frame had come before a stop */
    bool is_direct;              /* bytes come from another machine as they are made */
    int64_t silent_us, heard_us; /* how long nothing came last, and up to when; 0: not just now */

    /* the account */
    int64_t nb_mended[TRTC_NB_KINDS];    /* times that were made */
    int64_t nb_unordered[TRTC_NB_KINDS]; /* frames that stand behind their time */
    struct trtc_crowd crowd;             /* of the pictures */
    char sound_name[32];                 /* codec of sound that was looked for a decoder for, */
    bool sound_decodes;                  /* and there is one, or no picture beside it */
    bool leaves_other;                   /* pictures of another codec are left out */
    struct trtc_ledger ledger[TRTC_NB_KINDS]; /* nb_left and nb_out from here on */
    const char *codec_name[TRTC_NB_KINDS];    /* of OTHER frames, so far */
    int64_t nb_returned[TRTC_NB_KINDS];

    /* frames before they are asked for */
    struct held *first, **last, *current;
    bool ended; /* the back end has ended, */
    int result; /* with this result */
    struct trtc_err why;
};

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

/* Whether sound of this codec is recorded: there is a decoder for it, or there are no pictures, so
 * that the missing decoder is an error. 1, 0, or -1: FFmpeg cannot be loaded. */
static int can_decode(struct trtc_input *in, enum trtc_codec codec, const char *name,
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

static int fail_codec(const struct trtc_input *in, const char *codec, struct trtc_err *err)
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

static bool is_due(const struct trtc_input *in, int track)
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
        .other_due = is_due(in, raw->track == TRTC_AT_VIDEO ? TRTC_AT_AUDIO : TRTC_AT_VIDEO),
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
                                : fail_codec(in, raw->codec_name, err);
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
    const int decodes = can_decode(in, raw->codec, raw->codec_name, err);
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

static bool is_wanted(const struct trtc_input *in, int track)
{
    return in->wanted & (track == TRTC_AT_VIDEO ? TRTC_VIDEO : TRTC_AUDIO);
}

enum { PASSED = 2 };

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
    return PASSED;
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

/* The next frame: 1; PASSED: one that is not wanted; 0 at the end, -1. */
static int fetch(struct trtc_input *in, struct trtc_input_frame *f, struct trtc_err *err)
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
        else if (!is_wanted(in, raw.track))
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

int trtc_input_next(struct trtc_input *in, struct trtc_input_frame *f, struct trtc_err *err)
{
    int ret = 1;

    free(in->current);
    in->current = in->first;
    if (in->first) {
        *f = in->first->f;
        in->first = in->first->next;
    } else {
        do
            ret = fetch(in, f, err);
        while (ret == PASSED);
    }
    if (ret > 0)
        in->nb_returned[f->video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO]++;
    return ret;
}

/* ---- opening ---- */

static int hold(struct trtc_input *in, const struct trtc_input_frame *f, struct trtc_err *err)
{
    struct held *h = malloc(sizeof *h + f->pkt.size + f->sets_size);

    if (!h)
        return trtc_fail_nomem(err);
    h->next = NULL;
    h->f = *f;
    h->f.pkt.data = h->bytes;
    memcpy(h->bytes, f->pkt.data, f->pkt.size);
    if (f->sets) {
        h->f.sets = h->bytes + f->pkt.size;
        memcpy(h->bytes + f->pkt.size, f->sets, f->sets_size);
    }
    *in->last = h;
    in->last = &h->next;
    return 0;
}

/* What is known about the waiting frames. */
struct seen {
    int64_t min_pts_us, min_dts_us, max_dts_us;
    int64_t shown_us; /* when the first one that is not hidden begins, or TRTC_NOTIME */
    size_t nb_bytes;
    bool audio;
    int64_t video_us;   /* PTS of the first picture that is not hidden, or TRTC_NOTIME */
    bool video_settled; /* a picture after it is shown later, so no later one is shown earlier */
};

static void look(struct seen *s, const struct trtc_input_frame *f)
{
    const struct trtc_packet *p = &f->pkt;

    if (s->nb_bytes == 0 || p->pts_us < s->min_pts_us)
        s->min_pts_us = p->pts_us;
    if (s->nb_bytes == 0 || p->dts_us < s->min_dts_us)
        s->min_dts_us = p->dts_us;
    if (s->nb_bytes == 0 || p->dts_us > s->max_dts_us)
        s->max_dts_us = p->dts_us;
    s->nb_bytes += p->size;
    if (p->hidden)
        return;
    if (s->shown_us == TRTC_NOTIME || p->pts_us + p->trim_us < s->shown_us)
        s->shown_us = p->pts_us + p->trim_us;
    if (!f->video) {
        s->audio = true;
    } else if (s->video_us == TRTC_NOTIME) {
        s->video_us = p->pts_us;
    } else if (p->pts_us > s->video_us) {
        s->video_settled = true;
    }
}

/* Takes over tracks that are announced but have not appeared. Returns -1 if one of them is not
 * supported. */
static int announced(struct trtc_input *in, bool *video, bool *audio, struct trtc_err *err)
{
    struct trtc_input_track v, a;

    in->ops->track(in->back, TRTC_AT_VIDEO, &v);
    in->ops->track(in->back, TRTC_AT_AUDIO, &a);
    *video = v.codec != TRTC_CODEC_NONE;
    *audio = a.codec != TRTC_CODEC_NONE;
    if (!is_wanted(in, TRTC_AT_VIDEO))
        v = (struct trtc_input_track){ .codec = TRTC_CODEC_NONE };
    if (!is_wanted(in, TRTC_AT_AUDIO))
        a = (struct trtc_input_track){ .codec = TRTC_CODEC_NONE };
    if (v.codec == TRTC_CODEC_OTHER && !in->any)
        return fail_codec(in, v.codec_name, err);
    if (in->info.video == TRTC_CODEC_NONE && v.codec != TRTC_CODEC_NONE)
        in->info.video = v.codec;
    if (in->info.video != TRTC_CODEC_NONE && in->info.width_px == 0) {
        in->info.width_px = v.width_px;
        in->info.height_px = v.height_px;
        in->info.colour = v.colour;
    }
    if (in->info.audio == TRTC_CODEC_NONE && a.codec != TRTC_CODEC_NONE) {
        in->info.audio = in->any ? a.codec : TRTC_CODEC_AAC;
        in->info.audio_encoded = !in->any && a.codec != TRTC_CODEC_AAC;
        const int decodes = in->info.audio_encoded ? can_decode(in, a.codec, a.codec_name, err) : 1;
        if (decodes < 0)
            return -1;
        in->info.audio_undecodable = !decodes;
    }
    return 0;
}

/* No frame before the first picture gives its duration; the second picture does. */
static void guess_first_duration(struct trtc_input *in)
{
    struct held *a = in->first, *b;

    while (a && !a->f.video)
        a = a->next;
    for (b = a ? a->next : NULL; b && !b->f.video;)
        b = b->next;
    if (!b || b->f.epoch != a->f.epoch)
        return;
    const int64_t us = b->f.pkt.dts_us - a->f.pkt.dts_us;
    if (us <= STEP_MAX_US)
        a->f.dur_us = us;
}

/* Passes a waiting frame to the keep of the caller, unless it can be read again from a file. */
static int keep_safe(struct trtc_input *in, const struct trtc_input_frame *f, struct trtc_err *err)
{
    return in->keep && !in->info.stored ? in->keep(in->keep_opaque, in, f, err) : 0;
}

/* Fails since no wanted frame came. */
static int fail_empty(const struct trtc_input *in, struct trtc_err *err)
{
    struct trtc_input_losses lost;
    const char *what = in->wanted == (TRTC_AUDIO | TRTC_VIDEO) ? "video or sound"
                       : in->wanted & TRTC_VIDEO               ? "video"
                                                               : "sound";

    trtc_input_losses(in, &lost);
    const bool scrambled = lost.nb_scrambled[TRTC_AT_VIDEO] + lost.nb_scrambled[TRTC_AT_AUDIO] > 0;
    return trtc_fail(err, TRTC_EX_DATAERR, "%s: no frame of %s in it%s%s", in->name, what,
                     *lost.encrypted ? ": it is encrypted with "
                     : scrambled     ? ": it is encrypted: its packets are scrambled"
                                     : "",
                     lost.encrypted);
}

static void note_came(struct trtc_input *in)
{
    const int64_t us = in->ops->came_us ? in->ops->came_us(in->back) : 0;

    in->came_us = us ? us : trtc_mono_us();
}

/* Whether the first frame of a track, the picture or the sound, is still waited for. */
static bool has_to_wait(const struct trtc_input *in, const struct seen *s, bool picture)
{
    const int64_t wait_us = in->info.stored ? WAIT_FILE_US : WAIT_US;

    if (is_due(in, picture ? TRTC_AT_VIDEO : TRTC_AT_AUDIO))
        return s->nb_bytes < DUE_BYTES;
    return s->nb_bytes < WAIT_BYTES && s->max_dts_us - s->min_dts_us < wait_us;
}

/* Reads until the start of every track is known, or for as long as is acceptable. */
static int read_ahead(struct trtc_input *in, struct trtc_err *err)
{
    struct seen s = { .shown_us = TRTC_NOTIME, .video_us = TRTC_NOTIME };
    struct trtc_input_frame f;
    const bool wants_both = in->wanted == (TRTC_AUDIO | TRTC_VIDEO);
    bool video, audio;

    for (;;) {
        if (announced(in, &video, &audio, err) < 0)
            return -1;
        if (in->first && (!video || s.video_settled) && (!audio || s.audio))
            break;
        if ((in->first || wants_both) && !has_to_wait(in, &s, video && !s.video_settled))
            break;
        if (!in->first && s.nb_bytes == 0 && in->ops->nb_bytes(in->back) > NOTHING_BYTES)
            return trtc_fail(err, TRTC_EX_DATAERR, "%s: no frame of video or sound in %d MB",
                             in->name, NOTHING_BYTES / 1024 / 1024);

        const int ret = fetch(in, &f, err);
        if (ret < 0 && !(in->ended && in->first))
            return -1;
        if (ret <= 0)
            break; /* an error is returned after the frames */
        if (s.nb_bytes == 0)
            note_came(in);
        look(&s, &f);
        in->start_us = s.min_pts_us;
        if (ret != PASSED && (hold(in, &f, err) < 0 || keep_safe(in, &f, err) < 0))
            return -1;
    }
    if (announced(in, &video, &audio, err) < 0)
        return -1;
    if (!in->first && trtc_is_stopped(in->stop))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: stopped before the first frame", in->name);
    if (!in->first)
        return fail_empty(in, err);
    in->start_us = s.min_pts_us;
    in->shown_us = s.shown_us != TRTC_NOTIME ? s.shown_us : s.min_pts_us < 0 ? 0 : s.min_pts_us;
    in->shown_early = s.video_us != TRTC_NOTIME && s.video_us < 0;
    guess_first_duration(in);
    return 0;
}

/* Returns the length of a URL's scheme ("rtmp"); 0: it is a file name. */
static size_t scheme_bytes(const char *url)
{
    size_t n = 0;

    while (isalnum((unsigned char)url[n]) || (n > 0 && strchr("+-.", url[n]) && url[n]))
        n++;
    return n > 1 && strncmp(url + n, "://", 3) == 0 ? n : 0;
}

/* Makes the name for messages. Of a URL it contains only scheme and host, since user names, paths
 * and queries contain keys. */
static void make_name(char *out, size_t cap, const char *url)
{
    const size_t scheme = scheme_bytes(url);

    if (strcmp(url, "-") == 0) {
        snprintf(out, cap, "standard input");
    } else if (scheme == 0) {
        snprintf(out, cap, "%s", url);
    } else {
        const char *host = url + scheme + 3;
        const char *end = host + strcspn(host, "/?#,");
        for (const char *at; (at = memchr(host, '@', (size_t)(end - host)));)
            host = at + 1;
        const size_t n = (size_t)(end - host);
        snprintf(out, cap, "%.*s://%.*s", (int)(scheme < 32 ? scheme : 32), url,
                 (int)(n < 200 ? n : 200), host);
    }
}

/* Opens the source of bytes. Returns 1; 0: libavformat opens url itself; -1. */
static int open_src(struct trtc_input *in, const char *url, const struct trtc_remote *remote,
                    struct trtc_err *err)
{
    if (!remote || !remote->takes(url))
        remote = trtc_input_net.takes(url) ? &trtc_input_net : NULL;
    if (remote) {
        if (trtc_input_src_fetch(&in->src, url, remote, in->name, err) < 0)
            return -1;
        in->is_ts = trtc_input_src_is_ts(&in->src);
        if (in->is_ts || !trtc_input_src_is_list(&in->src))
            return 1;
        trtc_input_src_close(&in->src);
    }
    if (scheme_bytes(url) > 0)
        return 0;
    if (trtc_input_src_open(&in->src, url, in->stop, err) < 0)
        return -1;
    in->is_ts = trtc_input_src_is_ts(&in->src);
    return 1;
}

/* Opens the back end that fits. */
static int open_back(struct trtc_input *in, const char *url, const struct trtc_remote *remote,
                     struct trtc_err *err)
{
    const int opened = open_src(in, strncmp(url, "file://", 7) == 0 ? url + 7 : url, remote, err);

    if (opened < 0)
        return -1;
    in->ops = in->is_ts ? &trtc_input_ts_ops : &trtc_input_av_ops;
    in->back = !opened     ? trtc_input_av_open(url, in->name, in->stop, err)
               : in->is_ts ? trtc_input_ts_new(&in->src, in->name, err)
                           : trtc_input_av_new(&in->src, in->name, !in->any, err);
    in->clock.steady = in->back && opened && !in->is_ts && trtc_input_av_is_steady(in->back);
    in->is_direct = in->src.remote == &trtc_input_net;
    in->info.stored = in->src.seekable && in->src.fd >= 0;
    in->rise.off = in->clock.steady || (in->any && !in->info.stored); /* those cannot wait */
    return in->back ? 0 : -1;
}

static struct trtc_input *input_new(const char *url, const volatile sig_atomic_t *stop,
                                    struct trtc_err *err)
{
    struct trtc_input *in = calloc(1, sizeof *in);

    if (!in) {
        trtc_fail_nomem(err);
        return NULL;
    }
    in->wanted = in->minded = TRTC_AUDIO | TRTC_VIDEO;
    in->src.fd = -1;
    in->stop = in->src.stop = stop;
    in->last = &in->first;
    make_name(in->name, sizeof in->name, url);
    return in;
}

/* Opens it, or frees it. */
static struct trtc_input *open_input(struct trtc_input *in, const char *url,
                                     const struct trtc_remote *remote, struct trtc_err *err)
{
    if (!in)
        return NULL;
    if (open_back(in, url, remote, err) < 0)
        goto fail;
    in->info.may_grow = in->ops->may_grow(in->back);
    if (read_ahead(in, err) == 0)
        return in;
fail:
    trtc_input_free(&in);
    return NULL;
}

struct trtc_input *trtc_input_open(const char *url, const struct trtc_remote *remote,
                                   const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    return open_input(input_new(url, stop, err), url, remote, err);
}

struct trtc_input *trtc_input_open_any(const char *url, const struct trtc_remote *remote,
                                       const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    struct trtc_input *in = input_new(url, stop, err);

    if (in)
        in->any = true;
    return open_input(in, url, remote, err);
}

struct trtc_input *trtc_input_open_only(const char *url, enum trtc_kind kind,
                                        const struct trtc_remote *remote,
                                        const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    struct trtc_input *in = input_new(url, stop, err);

    if (in)
        in->wanted = in->minded = kind;
    return open_input(in, url, remote, err);
}

struct trtc_input *trtc_input_open_how(const char *url, const struct trtc_input_how *how,
                                       struct trtc_err *err)
{
    struct trtc_input *in = input_new(url, how->stop, err);

    if (!in)
        return NULL;
    if (how->kind != TRTC_NO_KIND)
        in->wanted = in->minded = how->kind;
    in->keep = how->keep;
    in->keep_opaque = how->opaque;
    return open_input(in, url, how->remote, err);
}

bool trtc_input_waited(const struct trtc_input *in)
{
    return in->rise.given != NULL || in->waited;
}

int64_t trtc_input_age_us(const struct trtc_input *in)
{
    return trtc_mono_us() - in->came_us;
}

bool trtc_input_came_ms(const struct trtc_input *in, int64_t *ms)
{
    const struct trtc_input_src *s = &in->src;

    if (!s->remote || !s->remote->came_ms || !s->body)
        return false;
    *ms = s->remote->came_ms(s->body);
    return *ms != TRTC_NOTIME;
}

const char *trtc_input_name(const struct trtc_input *in)
{
    return in->name;
}

const struct trtc_input_info *trtc_input_info(const struct trtc_input *in)
{
    return &in->info;
}

void trtc_input_leave_sound(struct trtc_input *in)
{
    in->left = true;
    in->encoded = false;
}

void trtc_input_mind(struct trtc_input *in, unsigned kinds)
{
    in->minded = kinds;
}

void trtc_input_leave_other(struct trtc_input *in)
{
    in->leaves_other = true;
}

int64_t trtc_input_start_us(const struct trtc_input *in)
{
    return in->start_us;
}

/* the stream began less than half a wrap of its clock before or after the stated time */
bool trtc_input_utc_us(const struct trtc_input *in, int64_t *utc_us)
{
    const int64_t wrap = INT64_C(1) << 33;
    int64_t at_90k;

    if (!in->ops->time || !in->ops->time(in->back, utc_us, &at_90k))
        return false;

    int64_t after = (in->start_us / 100 * 9 + in->start_us % 100 * 9 / 100 - at_90k) % wrap;
    after += after < -wrap / 2 ? wrap : after >= wrap / 2 ? -wrap : 0;
    *utc_us += after * 100 / 9;
    return true;
}

int64_t trtc_input_zero_us(const struct trtc_input *in)
{
    const bool primes = in->shown_us < 0 && in->shown_us > -PRIMING_US && !in->shown_early;

    return primes ? 0 : in->shown_us;
}

void trtc_input_losses(const struct trtc_input *in, struct trtc_input_losses *out)
{
    *out = (struct trtc_input_losses){ 0 };
    in->ops->losses(in->back, in->minded, out);
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        if (!(in->minded & (k == TRTC_AT_VIDEO ? TRTC_VIDEO : TRTC_AUDIO)))
            continue;
        out->nb_mended += in->nb_mended[k];
        out->nb_unordered += in->nb_unordered[k] + in->rise.nb_moved[k];
    }
    if (in->minded & TRTC_VIDEO)
        out->nb_untimed = trtc_crowd_nb(&in->crowd);
    if (in->aenc)
        out->nb_undecoded = trtc_aenc_nb_broken(in->aenc);
    if (in->info.stored)
        out->nb_early_bytes = 0;
    out->nb_bad_bytes -= out->nb_early_bytes;
    if (in->src.errnum)
        out->cut = false; /* by the failure to read it, which is reported */
}

/* Of frames that are not wanted, none is lost. */
static void leave_unwanted(struct trtc_ledger *l)
{
    for (int k = 0; k < TRTC_NB_LEFT; k++)
        if (trtc_left_is_loss((enum trtc_left)k)) {
            l->nb_left[TRTC_LEFT_UNWANTED] += l->nb_left[k];
            l->nb_left[k] = 0;
        }
}

void trtc_input_ledger(const struct trtc_input *in, bool video, struct trtc_ledger *out)
{
    const int track = video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;

    in->ops->ledger(in->back, track, out);
    trtc_ledger_add(out, &in->ledger[track]);
    /* they still wait for those after them: it was stopped */
    out->nb_left[TRTC_LEFT_CUT] += trtc_input_rise_waiting(&in->rise, track);
    if (!is_wanted(in, track))
        leave_unwanted(out);
    if (!video && in->aenc)
        trtc_aenc_account(in->aenc, out);
}

bool trtc_input_is_joined(const struct trtc_input *in, const struct trtc_input_frame *f)
{
    return f->headless && !in->info.stored && f->pkt.pts_us - in->start_us <= JOIN_US;
}

int64_t trtc_input_nb_returned(const struct trtc_input *in, bool video)
{
    return in->nb_returned[video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO];
}

const char *trtc_input_codec_name(const struct trtc_input *in, bool video)
{
    struct trtc_input_track t;

    in->ops->track(in->back, video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO, &t);
    return t.codec == TRTC_CODEC_NONE ? NULL : t.codec_name;
}

bool trtc_input_named(const struct trtc_input *in, int k, struct trtc_input_named *out)
{
    return in->ops->named(in->back, k, out);
}

void trtc_input_free(struct trtc_input **in)
{
    struct trtc_input *x = *in;

    if (!x)
        return;
    free(x->current);
    while (x->first) {
        struct held *h = x->first;
        x->first = h->next;
        free(h);
    }
    trtc_input_rise_fini(&x->rise);
    trtc_aenc_free(&x->aenc);
    free(x->adts);
    trtc_kept_sets_free(&x->sets);
    if (x->back)
        x->ops->free(x->back);
    trtc_input_src_close(&x->src);
    free(x);
    *in = NULL;
}
