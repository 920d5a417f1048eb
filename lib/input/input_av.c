/* SPDX-License-Identifier: MIT */
/* Input: everything that is no transport stream, and all URLs, through libavformat. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "input/input_av_priv.h"
#include "ts/es.h"

bool trtc_input_av_is_indexed(const void *back)
{
    return av_match_name("mp4", ((const struct trtc_input_av *)back)->ic->iformat->name);
}

bool trtc_input_av_is_steady(const void *back)
{
    return trtc_input_av_is_indexed(back) &&
           !((const struct trtc_input_av *)back)->watch.boxes.fragments;
}

static int reserve(struct trtc_input_av *b, size_t n, struct trtc_err *err)
{
    return trtc_array_reserve(&b->out, &b->cap, n, 1) < 0 ? trtc_fail_nomem(err) : 0;
}

static int set_video(struct trtc_input_av *b, const struct trtc_input_av_stream *s,
                     struct trtc_input_raw *raw, struct trtc_err *err)
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

void trtc_input_av_take_config(const struct trtc_input_av *b, struct trtc_input_av_stream *s)
{
    const AVCodecParameters *par = b->ic->streams[s->index]->codecpar;
    struct trtc_err ignored; /* a damaged record changes nothing */
    size_t size = 0;
    const uint8_t *config = av_packet_get_side_data(b->pkt, AV_PKT_DATA_NEW_EXTRADATA, &size);

    if (!config && !s->configured) { /* an FLV file that only named its track at first */
        config = par->extradata;
        size = (size_t)par->extradata_size;
    }
    if (config && size > 0)
        trtc_input_av_configure(s, par->codec_id, config, size, &ignored);
}

/* ---- frames ---- */

/* Gives a bare AAC frame its ADTS header. Blank ones are holes in the file. */
static int set_aac(struct trtc_input_av *b, const struct trtc_input_av_stream *s,
                   struct trtc_input_raw *raw, struct trtc_err *err)
{
    const size_t size = (size_t)b->pkt->size;
    const struct trtc_input_pce *pce = &s->aac.pce;
    struct trtc_input_pce own;
    uint8_t header[7];
    struct trtc_adts h;

    if (trtc_adts_parse(b->pkt->data, size, &h) == 0 && (size_t)h.frame_bytes == size)
        return 0;
    const bool described = s->aac.channels > 0 || trtc_input_pce_of(b->pkt->data, size, &own);
    const bool usable = s->bare && !trtc_are_all(b->pkt->data, size, 0);
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

/* An MP4 that FFmpeg wrote to a pipe, from ADTS, states only rate and channels of its AAC: the index
 * came before the first frame, which has the rest. */
static void assume_plain(const struct trtc_input_av *b, struct trtc_input_av_stream *s,
                         const AVCodecParameters *par)
{
    struct trtc_adts h;

    if (s->codec != TRTC_CODEC_AAC || s->bare || !trtc_input_av_is_indexed(b) ||
        trtc_adts_parse(b->pkt->data, (size_t)b->pkt->size, &h) == 0)
        return;
    s->bare = trtc_input_aac_plain(par->sample_rate, par->ch_layout.nb_channels, &s->aac) == 0;
}

/* How the container wants a picture shown. */
static void set_showing(const struct trtc_input_av_stream *s, const AVStream *st,
                        const AVPacket *pkt, struct trtc_input_raw *raw)
{
    size_t size = 0;
    const uint8_t *matrix = av_packet_get_side_data(pkt, AV_PKT_DATA_DISPLAYMATRIX, &size);

    raw->turn = matrix && size >= 9 * sizeof(int32_t) ? trtc_input_av_turn(st, matrix) : s->turn;
    if (st->sample_aspect_ratio.num > 0 && st->sample_aspect_ratio.den > 0) {
        raw->sar_num = st->sample_aspect_ratio.num;
        raw->sar_den = st->sample_aspect_ratio.den;
    }
}

int trtc_input_av_set_frame(struct trtc_input_av *b, int track, struct trtc_input_raw *raw,
                            struct trtc_err *err)
{
    struct trtc_input_av_stream *s = &b->stream[track];
    const AVStream *st = b->ic->streams[s->index];

    trtc_input_av_take_config(b, s);
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
    trtc_input_av_set_times(b, track, raw);
    if (track == TRTC_AT_VIDEO)
        set_showing(s, st, b->pkt, raw);
    int ret = 0;
    if (track == TRTC_AT_VIDEO)
        ret = set_video(b, s, raw, err);
    else if (s->codec == TRTC_CODEC_AAC)
        ret = set_aac(b, s, raw, err);
    if (s->config_new && s->codec == TRTC_CODEC_OTHER)
        raw->av_parameters = st->codecpar;
    s->config_new = false;
    if (track == TRTC_AT_VIDEO && !b->untimed)
        trtc_input_av_judge(b, raw);
    if (track == TRTC_AT_AUDIO || !b->untimed) /* else it has no place yet */
        trtc_input_av_edit(b, raw);
    return ret;
}

/* Returns how a stream is encrypted as a whole, according to the container; NULL: it is not. */
static const char *method_of(const struct trtc_input_av *b, int index)
{
    const AVStream *st = b->ic->streams[index];
    const struct trtc_box_track *t = trtc_boxes_track(&b->watch.boxes, st->id);

    if (t && *t->scheme)
        return t->scheme;
    /* FFmpeg's name for the ContentEncKeyID of Matroska, where only WebM's method is in use */
    return av_dict_get(st->metadata, "enc_key_id", NULL, 0) ? "AES-CTR" : NULL;
}

bool trtc_input_av_leave_encrypted(struct trtc_input_av *b, int track)
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

static int back_next(void *self, struct trtc_input_raw *raw, struct trtc_err *err)
{
    struct trtc_input_av *b = self;
    int track;

    do {
        if (b->untimed) {
            const int ret = trtc_input_av_next_untimed(b, raw, err);
            if (ret <= 0)
                return ret;
            continue;
        }
        const int ret = trtc_input_av_read_unit(b, &track, err);
        if (ret <= 0)
            return ret;
        if (trtc_input_av_set_frame(b, track, raw, err) < 0)
            return -1;
    } while (raw->size == 0);
    b->nb_damaged[raw->track] += raw->damaged;
    return 1;
}

static void back_track(const void *self, int track, struct trtc_input_track *out)
{
    const struct trtc_input_av *b = self;
    const struct trtc_input_av_stream *s = &b->stream[track];

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
static void add_losses(const struct trtc_input_av *b, int k, struct trtc_input_losses *out)
{
    const struct trtc_input_av_stream *s = &b->stream[k];
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
    const struct trtc_input_av *b = self;

    if (kinds & TRTC_VIDEO)
        add_losses(b, TRTC_AT_VIDEO, out);
    if (kinds & TRTC_AUDIO)
        add_losses(b, TRTC_AT_AUDIO, out);
    out->nb_unordered += kinds & TRTC_VIDEO ? b->nb_misplaced : 0;
    out->cut = b->cut;
    out->nb_faults = b->watch.nb_faults;
    out->nb_lost_packets = b->watch.segments.nb_missing;
    out->nb_bad_bytes += b->watch.segments.nb_bad;
    out->nb_before = b->watch.segments.nb_before;
    out->nb_unfetched = b->watch.segments.nb_unfetched;
    out->nb_short = b->watch.segments.nb_short;
    out->nb_torn = trtc_segments_nb_torn(&b->watch.segments);
    out->short_us = b->watch.segments.short_us;
    out->fault =
        b->src && b->watch.first[0] ? b->watch.first : NULL; /* for a URL it may reveal too much */
}

static void back_ledger(const void *self, int track, struct trtc_ledger *out)
{
    const struct trtc_input_av *b = self;

    *out = b->stream[track].ledger;
    if (track == TRTC_AT_VIDEO) /* they still wait for their places: it was stopped */
        out->nb_left[TRTC_LEFT_CUT] += b->order.nb_in - b->order.nb_out;
}

/* What the index states about a track that is used, and what of it is not followed. */
static void set_edits(const struct trtc_input_av *b, const AVStream *st,
                      struct trtc_input_named *out)
{
    const int k = trtc_input_av_track_of(b, st->index);
    const struct trtc_box_track *t = k < 0 ? NULL : trtc_input_av_indexed_track(b, k);

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
    const struct trtc_input_av *b = self;

    if (k >= (int)b->ic->nb_streams)
        return false;
    const AVStream *st = b->ic->streams[k];
    const AVDictionaryEntry *language = av_dict_get(st->metadata, "language", NULL, 0);
    const enum AVMediaType type = st->codecpar->codec_type;
    *out = (struct trtc_input_named){
        .kind = type == AVMEDIA_TYPE_AUDIO                                     ? TRTC_AUDIO
                : type == AVMEDIA_TYPE_VIDEO && !trtc_input_av_is_attached(st) ? TRTC_VIDEO
                                                                               : TRTC_NO_KIND,
        .id = k,
        .taken = trtc_input_av_track_of(b, k) >= 0,
        .nb_packets = st->nb_frames > 0 ? st->nb_frames : -1,
        .nb_unread = trtc_input_av_nb_unread(b, st),
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
    return ((const struct trtc_input_av *)self)->ic->ctx_flags & AVFMTCTX_NOHEADER;
}

static int64_t back_nb_bytes(const void *self)
{
    return ((const struct trtc_input_av *)self)->nb_bytes;
}

const struct trtc_input_ops trtc_input_av_ops = {
    .next = back_next,
    .track = back_track,
    .losses = back_losses,
    .ledger = back_ledger,
    .named = back_named,
    .may_grow = back_may_grow,
    .nb_bytes = back_nb_bytes,
    .is_due = trtc_input_av_is_due,
    .free = trtc_input_av_free,
};
