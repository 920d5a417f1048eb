/* SPDX-License-Identifier: MIT */
/* Encodes sound to AAC on a gapless clock: a voice followed by an encoder. */
#include "codec/aenc.h"

#include <stdbool.h>
#include <stdlib.h>

#include "codec/aacenc.h"
#include "codec/voice.h"

struct trtc_aenc {
    struct trtc_voice *voice;
    struct trtc_aacenc *enc;
    float *planes[2]; /* scratch: a frame for the encoder */
    bool ended, drained;
};

struct trtc_aenc *trtc_aenc_new(const struct trtc_aenc_opts *o, struct trtc_err *err)
{
    struct trtc_aenc *a = calloc(1, sizeof *a);
    if (!a) {
        trtc_fail_nomem(err);
        return NULL;
    }
    if (!(a->enc = trtc_aacenc_new(o->rate_hz, o->channels, o->bitrate_bps, err)) ||
        !(a->voice = trtc_voice_new(o->rate_hz, o->channels, err)))
        goto fail;
    for (int c = 0; c < o->channels; c++) {
        a->planes[c] = calloc((size_t)trtc_aacenc_frame(a->enc), sizeof(float));
        if (!a->planes[c]) {
            trtc_fail_nomem(err);
            goto fail;
        }
    }
    return a;
fail:
    trtc_aenc_free(&a);
    return NULL;
}

void trtc_aenc_free(struct trtc_aenc **a)
{
    struct trtc_aenc *x = *a;
    if (!x)
        return;
    free(x->planes[0]);
    free(x->planes[1]);
    trtc_voice_free(&x->voice);
    trtc_aacenc_free(&x->enc);
    free(x);
    *a = NULL;
}

int trtc_aenc_parameters(struct trtc_aenc *a, const struct AVCodecParameters *par,
                         struct trtc_err *err)
{
    return trtc_voice_parameters(a->voice, par, err);
}

int trtc_aenc_send(struct trtc_aenc *a, const char *codec_name, const struct trtc_packet *p,
                   struct trtc_err *err)
{
    return trtc_voice_send(a->voice, codec_name, p, err);
}

int trtc_aenc_end(struct trtc_aenc *a, int64_t end_us, struct trtc_err *err)
{
    if (trtc_voice_end(a->voice, end_us, err))
        return -1;
    a->ended = true;
    return 0;
}

/* Encodes the next n samples of the voice. */
static int encode(struct trtc_aenc *a, int n, struct trtc_err *err)
{
    if (trtc_voice_read(a->voice, a->planes, n, err))
        return -1;
    return trtc_aacenc_send(a->enc, (const float *const *)a->planes, n, err);
}

int trtc_aenc_receive(struct trtc_aenc *a, struct trtc_packet *p, struct trtc_err *err)
{
    const int size = trtc_aacenc_frame(a->enc);
    for (;;) {
        int ret = trtc_aacenc_receive(a->enc, p, err);
        if (ret)
            return ret;
        if (trtc_voice_ready(a->voice) >= size) {
            if (encode(a, size, err))
                return -1;
            continue;
        }
        ret = trtc_voice_step(a->voice, err);
        if (ret < 0 || (ret == 0 && !a->ended))
            return ret;
        if (ret > 0)
            continue;
        const int rest = trtc_voice_ready(a->voice);
        if (rest > 0) {
            if (encode(a, rest, err))
                return -1;
            continue;
        }
        if (a->drained)
            return 0;
        if (trtc_aacenc_send(a->enc, NULL, 0, err))
            return -1;
        a->drained = true;
    }
}

const uint8_t *trtc_aenc_asc(const struct trtc_aenc *a, size_t *size)
{
    return trtc_aacenc_asc(a->enc, size);
}

int64_t trtc_aenc_nb_broken(const struct trtc_aenc *a)
{
    return trtc_voice_nb_broken(a->voice);
}

void trtc_aenc_account(const struct trtc_aenc *a, struct trtc_ledger *to)
{
    trtc_voice_account(a->voice, to);
}
