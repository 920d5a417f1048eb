/* SPDX-License-Identifier: MIT */
/* The H.264 encoder (libx264) as this project uses it: pictures by their number in, access units out. */
#ifndef TRTC_CODEC_H264ENC_H
#define TRTC_CODEC_H264ENC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavutil/frame.h>

#include "base/colour.h"
#include "base/err.h"
#include "ts/packet.h"

struct trtc_h264enc_opts {
    int width_px, height_px, fps;
    int gop;         /* pictures from key frame to key frame: exactly, where fixed_gop */
    bool fixed_gop;  /* key frames stand at multiples of gop, whatever the picture shows */
    int bitrate_bps; /* average; 0: constant quality (crf 23) */
    const char *
        preset; /* x264's; NULL: superfast with mbtree and a look-ahead of 10, the best for its cost */
    struct trtc_colour colour; /* of the pictures; zeros: nothing is said of it */
    int threads;               /* 0: as many as suit the cores */
    bool repeatable; /* the same bytes each time, for a number of threads: without what x264 does by
                        the progress of its threads (a cap on peaks) or by memory it has not written
                        (macroblock trees) */
};

struct trtc_h264enc;

/* TRTC_EX_UNAVAILABLE where FFmpeg has no libx264 or it refuses; TRTC_EX_USAGE for an unknown preset. */
struct trtc_h264enc *trtc_h264enc_new(const struct trtc_h264enc_opts *o, struct trtc_err *err);
void trtc_h264enc_free(struct trtc_h264enc **e);

/* Picture number slot (rising); pic is YUV420P of the encoder's size, only its planes are looked at, and they may be
 * changed again once this returns; where it has buffers, they are referenced instead of copied. NULL: no more. To be
 * drained with receive after each call. */
int trtc_h264enc_send(struct trtc_h264enc *e, const AVFrame *pic, int64_t slot,
                      struct trtc_err *err);

/* Next access unit: 1; 0 (send more, or finished); -1. data is Annex B without parameter sets, valid until the next
 * call; times are slots * 1e6 / fps, rounded; dts may be negative by the encoder's delay. */
int trtc_h264enc_receive(struct trtc_h264enc *e, struct trtc_packet *p, struct trtc_err *err);

/* Parameter sets, Annex B, known from the start; valid as long as e. */
const uint8_t *trtc_h264enc_sets(const struct trtc_h264enc *e, size_t *size);

#endif
