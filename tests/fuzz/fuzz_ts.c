/* SPDX-License-Identifier: MIT */
/* libFuzzer harness for the MPEG-TS demultiplexer and what reads its frames.
 *
 * The first byte says how the rest is fed; bit 0x40 makes packets of it: each gets a sync
 * byte, a PID of the first four that matter, and counters that fit, so that the fuzzer reaches
 * what lies behind them. */
#include "fuzz/fuzz.h"
#include "ts/seam.h"
#include "ts/ts.h"

static void look(const struct trtc_ts_frame *f, size_t total)
{
    struct trtc_video_params v;
    struct trtc_adts a;

    check(f->size > 0 && f->size <= TRTC_TS_FRAME_MAX && f->size <= 2 * total);
    check(f->pts_90k == TRTC_TS_NOPTS || (f->pts_90k >= 0 && f->pts_90k >> 33 == 0));
    check(f->dts_90k == TRTC_TS_NOPTS || (f->dts_90k >= 0 && f->dts_90k >> 33 == 0));
    check(f->pos >= 0 && (size_t)f->pos < 2 * total);
    if (f->stream->codec == TRTC_CODEC_AAC) {
        check(trtc_adts_parse(f->data, f->size, &a) == 0 && (size_t)a.frame_bytes == f->size);
    } else if (f->stream->codec != TRTC_CODEC_OTHER) {
        const enum trtc_codec codec = f->stream->codec;
        uint8_t *out = malloc(TRTC_LENGTHS_MAX(f->size));
        check(out != NULL);
        check(trtc_annexb_to_lengths(codec, f->data, f->size, f->key, out) <=
              TRTC_LENGTHS_MAX(f->size));
        free(out);
        if (trtc_video_params_read(codec, f->data, f->size, &v) == 0)
            check(v.width_px > 0 && v.width_px <= 16384 && v.height_px > 0 && v.height_px <= 16384);
    }
}

/* Every byte of payload is accounted for. */
static void balance(const struct trtc_ts_stats *s, int64_t nb_frames)
{
    for (int i = 0; i < s->nb_named; i++) {
        const struct trtc_ts_named *n = &s->named[i];
        check(n->nb_bytes == n->nb_framed + n->nb_idle + n->nb_bad + n->nb_held);
        check(n->nb_followed >= 0 && n->nb_packets >= n->nb_followed);
        check(n->nb_packets <= s->nb_packets + TRTC_TS_EARLY_MAX / TRTC_TS_PACKET);
        check(n->nb_bad <= s->nb_bad);
        nb_frames -= n->nb_frames;
    }
    check(nb_frames == 0 || s->nb_unlisted > 0);
}

/* Makes headers of packets plausible. */
static void dress(uint8_t *p, size_t size)
{
    static const uint16_t pids[] = { 0x100, 0x101, 0, 0x1000 };
    uint8_t cc[4] = { 0 };

    for (; size >= TRTC_TS_PACKET; p += TRTC_TS_PACKET, size -= TRTC_TS_PACKET) {
        const int k = p[0] & 3;
        p[0] = 0x47;
        p[1] = (uint8_t)((p[1] & 0xc0) | pids[k] >> 8);
        p[2] = (uint8_t)pids[k];
        p[3] = (uint8_t)((p[3] & 0x30) | cc[k]);
        if (p[3] & 0x10)
            cc[k] = (cc[k] + 1) & 15;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A PAT and a PMT with H.264 (or H.265, or AC-3) and AAC, so that the fuzzer need not
     * guess CRCs. */
    static const uint8_t pat[] = { 0x47, 0x40, 0, 0x10, 0,    0, 0xb0, 13,   0,    1,   0xc1,
                                   0,    0,    0, 1,    0xf0, 0, 0x2a, 0xb1, 0x04, 0xb2 };
    static const uint8_t pmts[4][35] = {
        { 0x47, 0x50, 0, 0x10, 0,    2, 0xb0, 23, 0,    1,    0xc1, 0,    0, 0xff,
          0xff, 0xf0, 0, 0x1b, 0xe1, 0, 0xf0, 0,  0x0f, 0xe1, 1,    0xf0, 0 },
        { 0x47, 0x50, 0, 0x10, 0,    2, 0xb0, 23, 0,    1,    0xc1, 0,    0, 0xff,
          0xff, 0xf0, 0, 0x24, 0xe1, 0, 0xf0, 0,  0x11, 0xe1, 1,    0xf0, 0 },
        { 0x47, 0x50, 0, 0x10, 0, 2,    0xb0, 29, 0,    1, 0xc1, 0, 0,   0xff, 0xff, 0xf0, 0,
          0x02, 0xe1, 0, 0xf0, 0, 0x06, 0xe1, 1,  0xf0, 6, 5,    4, 'O', 'p',  'u',  's' },
        { 0x47, 0x50, 0, 0x10, 0,    2, 0xb0, 23, 0,    1,    0xc1, 0,    0, 0xff,
          0xff, 0xf0, 0, 0x0f, 0xe1, 0, 0xf0, 0,  0x1b, 0xe1, 1,    0xf0, 0 },
    };

    if (size < 1)
        return 0;
    const uint8_t mode = *data++;
    size--;

    const size_t head = mode & 0x80 ? 2 * TRTC_TS_PACKET : 0;
    const size_t total = head + size;
    uint8_t *all = malloc(total + 1);
    check(all != NULL);
    if (head) {
        memset(all, 0xff, head);
        memcpy(all, pat, sizeof pat);
        const uint8_t *pmt = pmts[mode >> 4 & 3];
        const size_t n = 5 + 3 + (size_t)pmt[7] - 4;
        memcpy(all + TRTC_TS_PACKET, pmt, n);
        uint32_t crc = 0xffffffff;
        for (size_t i = 5; i < n; i++) {
            crc ^= (uint32_t)pmt[i] << 24;
            for (int k = 0; k < 8; k++)
                crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
        }
        for (int k = 0; k < 4; k++)
            all[TRTC_TS_PACKET + n + (size_t)k] = (uint8_t)(crc >> (24 - 8 * k));
    }
    if (size)
        memcpy(all + head, data, size);
    if (mode & 0x40)
        dress(all + head, size);

    static const size_t blocks[] = { 1, 100, 187, 188, 189, 1000, 4096, 262144 };
    const size_t block = blocks[mode & 7];
    struct trtc_ts *ts = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    struct trtc_ts_frame f;
    struct trtc_seam *seam = calloc(1, sizeof *seam);
    struct trtc_seam_join join;
    check(ts != NULL && seam != NULL);
    /* Twice, as segments of their own or as one that goes on. */
    const int nb_turns = mode & 8 ? 2 : 1;
    for (int turn = 0; turn < nb_turns; turn++) {
        const bool goes_on = size & 1 && turn + 1 < nb_turns;
        int64_t nb_frames = 0;
        trtc_seam_begin(seam);
        for (size_t at = 0; at < total; at += block) {
            const size_t n = total - at < block ? total - at : block;
            uint8_t *copy = malloc(n);
            check(copy != NULL);
            memcpy(copy, all + at, n);
            trtc_ts_feed(ts, copy, n);
            for (; trtc_ts_next(ts, &f) == 1; nb_frames++)
                look(&f, total);
            trtc_seam_take(seam, copy, n);
            free(copy);
        }
        trtc_seam_end(seam);
        if (trtc_seam_compare(seam, true, &join))
            check(join.hole_us >= 0 && seam->nb_bad <= 2 * (int64_t)total);
        if (goes_on)
            trtc_ts_pause(ts);
        else
            trtc_ts_end(ts);
        for (; trtc_ts_next(ts, &f) == 1; nb_frames++)
            look(&f, total);
        check(trtc_ts_next(ts, &f) == 0);
        const struct trtc_ts_stats *s = trtc_ts_stats(ts);
        check(s->nb_packets >= 0 && s->nb_packets <= (int64_t)(total / TRTC_TS_PACKET) + 1);
        check(s->nb_bad >= 0 && s->nb_bad <= 2 * (int64_t)total && s->nb_lost >= 0);
        balance(s, nb_frames);
        if (goes_on)
            trtc_ts_continue(ts);
        else
            trtc_ts_begin(ts);
    }
    trtc_ts_free(&ts);
    free(seam);
    free(all);
    return 0;
}
