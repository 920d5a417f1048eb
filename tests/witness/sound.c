/* SPDX-License-Identifier: MIT */
#include "witness/sound.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/aacenc.h"

static struct sound_packet *append(struct sound *s, size_t size, int64_t pts_us)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->p = realloc(s->p, (size_t)s->cap * sizeof *s->p);
        assert_non_null(s->p);
    }
    struct sound_packet *p = &s->p[s->n++];
    *p = (struct sound_packet){ malloc(size), size, pts_us };
    assert_non_null(p->data);
    return p;
}

/* Blu-ray's LPCM: a header of 4 bytes that says all, then samples of 16 bits, big endian, of an
 * even number of channels. */
void sound_pcm(struct sound *s, int channels, int64_t n, const struct sound_shape *shape,
               int64_t at_us, double ppm)
{
    s->codec_name = "pcm_bluray";
    for (int64_t k = 0; k < n; k += SOUND_FRAME) {
        const int len = n - k < SOUND_FRAME ? (int)(n - k) : SOUND_FRAME;
        const double us = (double)k * 1e6 / 48000 * (1 + ppm / 1e6);
        uint8_t *d = append(s, 4 + (size_t)len * 4, at_us + llround(us))->data;
        *d++ = (uint8_t)(len * 4 >> 8);
        *d++ = (uint8_t)(len * 4);
        *d++ = (uint8_t)((channels == 1 ? 1 : 3) << 4 | 1); /* 48 kHz */
        *d++ = 1 << 6;                                      /* 16 bits */
        for (int i = 0; i < len; i++)
            for (int c = 0; c < 2; c++) {
                const double x = c < channels ? shape->at(shape->arg, k + i, c) * 32768 : 0;
                const int v = (int)fmax(-32768, fmin(32767, rint(x)));
                *d++ = (uint8_t)((unsigned)v >> 8);
                *d++ = (uint8_t)v;
            }
    }
}

static void append_adts(struct sound *s, const struct trtc_packet *p, int rate_hz, int channels,
                        int64_t pts_us)
{
    const int rate_index = rate_hz == 48000 ? 3 : rate_hz == 44100 ? 4 : 8; /* 16 kHz */
    const size_t size = p->size + 7;
    uint8_t *d = append(s, size, pts_us)->data;
    d[0] = 0xff;
    d[1] = 0xf1; /* MPEG-4, no CRC */
    d[2] = (uint8_t)(1 << 6 | rate_index << 2);
    d[3] = (uint8_t)(channels << 6 | (int)(size >> 11));
    d[4] = (uint8_t)(size >> 3);
    d[5] = (uint8_t)((size & 7) << 5 | 0x1f);
    d[6] = 0xfc;
    memcpy(d + 7, p->data, p->size);
}

void sound_aac(struct sound *s, int rate_hz, int channels, int64_t n,
               const struct sound_shape *shape, int64_t at_us)
{
    struct trtc_err err;
    struct trtc_packet p;
    struct trtc_aacenc *e = trtc_aacenc_new(rate_hz, channels, 96000 * channels, &err);
    assert_non_null(e);
    s->codec_name = "aac";
    int64_t out = -1024;
    static float x[2][1024];
    const float *planes[2] = { x[0], x[1] };
    for (int64_t k = 0; k <= n; k += 1024) { /* one more: the last frame ends in the next packet */
        for (int i = 0; i < 1024; i++)
            for (int c = 0; c < channels; c++)
                x[c][i] = (float)shape->at(shape->arg, k + i, c);
        assert_int_equal(trtc_aacenc_send(e, planes, 1024, &err), 0);
        while (trtc_aacenc_receive(e, &p, &err) == 1) {
            if (out >= 0 && out + 1024 <= n)
                append_adts(s, &p, rate_hz, channels, at_us + llround((double)out * 1e6 / rate_hz));
            out += 1024;
        }
    }
    trtc_aacenc_free(&e);
}

void sound_fini(struct sound *s)
{
    for (int i = 0; i < s->n; i++)
        free(s->p[i].data);
    free(s->p);
    memset(s, 0, sizeof *s);
}

int sound_next(void *opaque, struct trtc_packet *p, struct trtc_coding *coding,
               struct trtc_err *err)
{
    struct sound *s = opaque;
    if (s->limit && s->next >= s->limit)
        return 2;
    if (s->next == s->n)
        return s->broken ? trtc_fail(err, TRTC_EX_IOERR, "it broke") : 0;
    const struct sound_packet *u = &s->p[s->next++];
    const int64_t gone_us = s->p[0].pts_us + s->trim_us - u->pts_us;
    *p = (struct trtc_packet){ .data = u->data,
                               .size = u->size,
                               .pts_us = u->pts_us,
                               .dts_us = u->pts_us,
                               .key = true,
                               .trim_us = gone_us > 0 ? gone_us : 0,
                               .trim_end_us = s->next == s->n ? s->trim_end_us : 0 };
    *coding = (struct trtc_coding){ .name = s->codec_name };
    return 1;
}

int sound_lag(const float *a, const float *b, int n, int most)
{
    int best = 0;
    double max = -1e9;
    for (int lag = -most; lag <= most; lag++) {
        double sum = 0;
        for (int i = 0; i < n; i++)
            sum += (double)a[i] * (double)b[i + most + lag];
        if (sum > max) {
            max = sum;
            best = lag;
        }
    }
    return best;
}
