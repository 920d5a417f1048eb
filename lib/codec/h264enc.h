/* SPDX-License-Identifier: MIT */
/* The H.264 encoder (libx264) as this project uses it: takes numbered pictures, returns access
 * units. */
#ifndef TRTC_CODEC_H264ENC_H
#define TRTC_CODEC_H264ENC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavutil/frame.h>

#include "base/colour.h"
#include "base/err.h"
#include "ts/packet.h"

/* How far x264's look-ahead works in advance of what it must. The pictures are the same. */
enum trtc_ahead {
    TRTC_AHEAD_FREELY,  /* in a thread of its own, by some pictures */
    TRTC_AHEAD_CLOSELY, /* in a thread of its own, by one: 18 MB less for 1920x1080 */
    TRTC_AHEAD_INSIDE   /* not at all, in the sender's thread: the least memory */
};

struct trtc_h264enc_opts {
    int width_px, height_px, fps;
    int gop;         /* largest distance of key frames in pictures; with fixed_gop the exact
                        distance */
    bool fixed_gop;  /* key frames are at multiples of gop, whatever the picture shows */
    int bitrate_bps; /* average; 0: constant quality (crf 23) */
    const char
        *preset; /* of x264; NULL: superfast with mbtree and a look-ahead of 10, the best for its
                   cost */
    struct trtc_colour colour; /* of the pictures; all zeros: the stream does not state it */
    int threads;               /* 0: chosen by the number of cores */
    enum trtc_ahead ahead;
    bool repeatable; /* the same bytes each time for a given number of threads: without what
                      * depends on the progress of x264's threads (a cap on peaks) or on memory
                      * that it has not written (macroblock trees) */
};

struct trtc_h264enc;

/* NULL on failure. TRTC_EX_UNAVAILABLE: FFmpeg has no libx264, or it refuses; TRTC_EX_USAGE:
 * unknown preset. */
struct trtc_h264enc *trtc_h264enc_new(const struct trtc_h264enc_opts *o, struct trtc_err *err);
void trtc_h264enc_free(struct trtc_h264enc **e);

/* Sends the picture with the number slot; numbers must rise. pic is YUV420P in the encoder's size.
 * Only its planes are used; the caller may change them once this returns. If pic has buffers, they
 * are referenced instead of copied. NULL: no more pictures. Call trtc_h264enc_receive until it
 * returns 0 after each call. 0, or -1. */
int trtc_h264enc_send(struct trtc_h264enc *e, const AVFrame *pic, int64_t slot,
                      struct trtc_err *err);

/* Receives the next access unit. 1: *p is filled; 0: send more, or finished; -1: failure. data is
 * in Annex B form without parameter sets and valid until the next call. Times are slots * 1e6 /
 * fps, rounded; dts may be negative by the encoder's delay. */
int trtc_h264enc_receive(struct trtc_h264enc *e, struct trtc_packet *p, struct trtc_err *err);

/* The parameter sets in Annex B form, known from the start; valid as long as e. */
const uint8_t *trtc_h264enc_sets(const struct trtc_h264enc *e, size_t *size);

#endif
