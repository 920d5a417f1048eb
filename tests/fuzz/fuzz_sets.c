/* SPDX-License-Identifier: MIT */
/* libFuzzer harness for the parameter sets of copied video.
 *
 * The first byte says which codec it is, and where the rest is cut into access units. */
#include "fuzz/fuzz.h"
#include "mp4/sets.h"
#include "mp4/sets_priv.h"

/* The sample is whole units, none of which is a set. */
static void look(enum trtc_codec codec, const struct trtc_sample *s)
{
    size_t at = 0;

    while (at < s->size) {
        const uint8_t *p = s->data + at;

        check(s->size - at >= 4);
        const size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        check(n > 0 && n <= s->size - at - 4);
        check(trtc_set_kind(codec, p + 4, n) == TRTC_SET_NONE);
        at += 4 + n;
    }
}

/* No two sets of an entry have one name. */
static void look_at_entry(enum trtc_codec codec, const struct trtc_sets *s, int entry)
{
    struct trtc_video_params v;
    size_t size, n;
    const uint8_t *pos = trtc_sets_entry(s, entry, &size, &v), *end = pos ? pos + size : pos, *nal;
    static uint8_t seen[TRTC_NB_SET_KINDS][256];

    memset(seen, 0, sizeof seen);
    while (size > 0 && (nal = trtc_annexb_next(&pos, end, &n))) {
        struct trtc_set x;

        check(trtc_set_read(codec, nal, n, &x));
        check(!seen[x.kind][x.id]++);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const enum trtc_codec codec = data[0] & 1 ? TRTC_CODEC_H265 : TRTC_CODEC_H264;
    const size_t step = 16 + (size_t)(data[0] >> 1) * 8;
    struct trtc_sets *s = trtc_sets_new(codec);

    check(s != NULL);
    for (size_t at = 1; at < size; at += step) {
        const size_t n = size - at < step ? size - at : step;
        uint8_t *exact = malloc(n);
        struct trtc_packet p = { .data = exact, .size = n, .key = at / step % 3 == 0 };
        struct trtc_sample out;
        struct trtc_err err;

        check(exact != NULL);
        memcpy(exact, data + at, n);
        const int got =
            at / step % 7 == 6
                ? trtc_sets_take_own(s, (struct trtc_bytes){ exact, n / 2 }, &p, &out, &err)
                : trtc_sets_take(s, &p, &out, &err);
        if (got > 0)
            look(codec, &out);
        free(exact);
    }
    for (int i = 0; i < trtc_sets_nb_entries(s); i++)
        look_at_entry(codec, s, i);
    trtc_sets_free(&s);
    return 0;
}
