/* SPDX-License-Identifier: MIT */
/* Packets of made sound for the tests: uncoded ones that come out as they went in, and AAC. */
#ifndef TRTC_TESTS_SOUND_H
#define TRTC_TESTS_SOUND_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ts/packet.h"

#define SOUND_FRAME 480 /* samples of an uncoded packet */

struct sound {
    struct sound_packet {
        uint8_t *data;
        size_t size;
        int64_t pts_us;
    } * p;
    int n, cap;
    const char *codec_name;
    int next;                     /* packet that sound_next gives next */
    int limit;                    /* > 0: after so many packets nothing has come yet */
    int broken;                   /* it breaks instead of ending */
    int64_t trim_us, trim_end_us; /* so much of the beginning, of the end is not to be heard */
};

/* What is to be heard: sample k of a channel, -1 to 1. */
struct sound_shape {
    double (*at)(const void *arg, int64_t k, int channel);
    const void *arg;
};

/* Appends n samples at 48 kHz, uncoded in 16 bits, whose first belongs at at_us; time stamps run
 * ppm fast. */
void sound_pcm(struct sound *s, int channels, int64_t n, const struct sound_shape *shape,
               int64_t at_us, double ppm);

/* The same as AAC in ADTS, in whole frames and without the encoder's priming. */
void sound_aac(struct sound *s, int rate_hz, int channels, int64_t n,
               const struct sound_shape *shape, int64_t at_us);
void sound_fini(struct sound *s);

/* As trtc_mixer_source.next. */
int sound_next(void *opaque, struct trtc_packet *p, struct trtc_coding *coding,
               struct trtc_err *err);

/* The lag, up to most, at which b (from b[most] on) is most like a[0..n). */
int sound_lag(const float *a, const float *b, int n, int most);

#endif
