/* SPDX-License-Identifier: MIT */
/* The frames of sound that can be decoded. */
#include "merge/decodable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/av.h"
#include "codec/ffmpeg.h"
#include "merge/lane.h"

/* 1, 0, or -1: FFmpeg cannot be loaded. */
static int has_decoder(struct trtc_decodable *d, const struct trtc_ts_stream *s,
                       struct trtc_err *err)
{
    if (strcmp(d->codec, s->codec_name) != 0) {
        if (trtc_ffmpeg_load(err) < 0)
            return -1;
        snprintf(d->codec, sizeof d->codec, "%s", s->codec_name);
        const AVCodec *c = trtc_av_decoder(AVMEDIA_TYPE_AUDIO, s->codec, s->codec_name, NULL);
        d->has_decoder = c && trtc_av_opens(c, NULL);
    }
    return d->has_decoder;
}

/* Names those left out of one segment. */
static int tell(struct trtc_decodable *d)
{
    if (d->nb == 0)
        return 0;
    int64_t us = d->to_us - d->from_us;
    us += d->nb > 1 ? us / (d->nb - 1) : 0;
    char *path = trtc_piece_path(d->rec, d->in);
    const struct trtc_loss loss = {
        .path = path, .kind = "format", .start_us = d->from_us, .lost_us = us, .list = d->in->list
    };
    int ret = path ? trtc_losses_addf(d->losses, &loss,
                                      "%" PRId64 " frames of sound: this FFmpeg has no decoder for "
                                      "codec '%s'",
                                      d->nb, d->codec)
                   : -1;
    free(path);
    d->nb = 0;
    return ret;
}

static int leave_out(struct trtc_decodable *d, const struct trtc_read *r)
{
    if (d->in != r->piece && tell(d) < 0)
        return -1;
    d->in = r->piece;
    d->from_us = d->nb ? d->from_us : r->pkt.dts_us;
    d->to_us = r->pkt.dts_us;
    d->nb++;
    d->nb_left++;
    return 0;
}

int trtc_decodable_next(struct trtc_decodable *d, struct trtc_read *out, struct trtc_err *err)
{
    int got;
    while ((got = trtc_reader_next(d->reader, out, err)) > 0) {
        if (strcmp(d->codec, out->stream->codec_name) != 0 && tell(d) < 0)
            return trtc_fail_nomem(err);
        const int has = has_decoder(d, out->stream, err);
        if (has != 0)
            return has;
        if (leave_out(d, out) < 0)
            return trtc_fail_nomem(err);
    }
    return got == 0 && tell(d) < 0 ? trtc_fail_nomem(err) : got;
}

int trtc_sound_channels(const struct trtc_output *out, const volatile sig_atomic_t *stop,
                        int *channels, struct trtc_err *err)
{
    struct trtc_losses ignored = { 0 }; /* listed in the run itself */
    struct trtc_reader *rd = trtc_output_reader(out, TRTC_AUDIO, &ignored, NULL, err);
    struct trtc_adts a;
    struct trtc_read r;
    int got = rd ? 1 : -1;
    *channels = 1;
    while (*channels == 1 && got > 0 && !trtc_is_stopped(stop) &&
           (got = trtc_reader_next(rd, &r, err)) > 0)
        if (r.stream->codec != TRTC_CODEC_AAC || trtc_adts_parse(r.pkt.data, r.pkt.size, &a) < 0 ||
            a.channels != 1)
            *channels = 2;
    trtc_reader_free(&rd);
    trtc_losses_fini(&ignored);
    return got < 0 ? -1 : 0;
}
