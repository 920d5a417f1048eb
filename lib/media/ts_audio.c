/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: AAC and Opus frames. */
#include "media/ts_priv.h"

#include <string.h>

/* ---- AAC ---- */

/* True if the n bytes at p, as far as they go, can begin an ADTS header. */
static bool adts_follows(const uint8_t *p, size_t n)
{
    return (n < 1 || p[0] == 0xff) && (n < 2 || (p[1] & 0xf6) == 0xf0);
}

static void clock_set(struct trtc_ts_es *s, int64_t pts, int rate_hz)
{
    s->clock_pts = pts;
    s->clock_samples = 0;
    s->clock_rate_hz = rate_hz;
}

static int64_t clock_now(const struct trtc_ts_es *s)
{
    if (s->clock_pts == NOPTS)
        return NOPTS;
    const int64_t ticks = (s->clock_samples * 90000 + s->clock_rate_hz / 2) / s->clock_rate_hz;
    return (s->clock_pts + ticks) & 0x1ffffffff;
}

static void sound_begin(struct trtc_ts_es *s, int rate_hz)
{
    trtc_ts_unit_begin(s);
    if (s->unit.pts != NOPTS)
        clock_set(s, s->unit.pts, rate_hz);
    else if (rate_hz != s->clock_rate_hz)
        clock_set(s, clock_now(s), rate_hz);
    s->unit.pts = s->unit.dts = clock_now(s);
    s->unit.key = true;
}

/* Passes n bytes that are no frame. Where a frame should have stood here, it is not known
 * which of the PES the next one is; bytes in front of a first frame are the rest of one that
 * began before, and say nothing. */
static void adts_skip(struct trtc_ts *ts, struct trtc_ts_es *s, size_t n)
{
    struct trtc_ts_mark *m = trtc_ts_mark_of(s, s->start);

    if (s->in_sync) {
        if (m)
            m->used = true;
        s->clock_pts = NOPTS;
    }
    s->in_sync = false;
    s->skipped = true;
    s->start += n;
    trtc_ts_count_bad(ts, s, n);
}

int trtc_ts_adts_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    const bool lossy = s->gap || s->torn; /* what comes next does not belong to what is here */
    const bool final = s->why == WHY_FINAL || lossy;

    while (s->start < s->size) {
        const uint8_t *p = s->buf + s->start;
        const size_t n = s->size - s->start;
        struct trtc_adts h;

        if (n < TRTC_ADTS_MIN && !final) {
            s->wake = s->start + TRTC_ADTS_MIN;
            return 0;
        }
        if (trtc_adts_parse(p, n, &h) == 0) {
            const size_t size = (size_t)h.frame_bytes;
            if (n < size + 2 && !final) {
                s->wake = s->start + size + 2;
                return 0;
            }
            const bool whole = n >= size;
            const bool sure = whole && adts_follows(p + size, n - size);
            if (whole && (sure || s->in_sync)) {
                sound_begin(s, h.rate_hz);
                s->unit.damaged = s->skipped || !sure;
                s->skipped = false;
                s->clock_samples += h.samples;
                s->in_sync = true;
                return trtc_ts_unit_emit(s, s->start + size, f);
            }
        }
        const uint8_t *again = n > 1 ? memchr(p + 1, 0xff, n - 1) : NULL;
        adts_skip(ts, s, again ? (size_t)(again - p) : n);
    }
    if (lossy) {
        s->torn = false;
        s->skipped = true;
        s->in_sync = false;
        s->clock_pts = NOPTS;
    }
    s->wake = s->size + TRTC_ADTS_MIN;
    return 0;
}

/* ---- Opus ---- */

/* Samples (at 48 kHz) of an Opus packet, by its first two bytes (RFC 6716, 3.1); 0 where it is
 * none. */
static int opus_samples(const uint8_t *p, size_t n)
{
    if (n < 1)
        return 0;

    const int config = p[0] >> 3;
    int samples;
    if (config < 12) /* SILK: 10, 20, 40, 60 ms */
        samples = (config & 3) == 3 ? 2880 : 480 << (config & 3);
    else if (config < 16) /* hybrid: 10, 20 ms */
        samples = 480 << (config & 1);
    else /* CELT: 2.5, 5, 10, 20 ms */
        samples = 120 << (config & 3);
    switch (p[0] & 3) {
    case 0:
        return samples;
    case 1:
    case 2:
        return samples * 2;
    default:
        return n < 2 ? 0 : samples * (p[1] & 63);
    }
}

/* Reads the opus_control_header in front of each Opus packet in TS: returns its size, and that of
 * the packet behind it; 0 where it is none. */
static size_t opus_control(const uint8_t *p, size_t n, size_t *packet)
{
    size_t at = 2, size = 0;

    if (n < 3 || p[0] != 0x7f || (p[1] & 0xe0) != 0xe0)
        return 0;
    do {
        if (at == n)
            return 0;
        size += p[at];
    } while (p[at++] == 255);
    if (p[1] & 0x10) /* start trim */
        at += 2;
    if (p[1] & 0x08) /* end trim */
        at += 2;
    if (p[1] & 0x04) { /* extension */
        if (at >= n)
            return 0;
        at += 1u + p[at];
    }
    if (at > n || size > n - at || size == 0)
        return 0;
    *packet = size;
    return at;
}

int trtc_ts_opus_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    s->wake = SIZE_MAX;
    s->unit.damaged |= s->torn;
    s->torn = false;
    if (s->why < WHY_PES || s->start == s->size)
        return 0;

    const bool damaged = s->unit.damaged;
    size_t packet = 0;
    const size_t header = opus_control(s->buf + s->start, s->size - s->start, &packet);
    if (header == 0) {
        trtc_ts_discard(ts, s);
        s->clock_pts = NOPTS;
        return 0;
    }
    sound_begin(s, 48000);
    s->count.idle += (int64_t)header;
    s->start += header;
    s->clock_samples += opus_samples(s->buf + s->start, packet);
    s->unit.damaged = damaged;
    trtc_ts_unit_emit(s, s->start + packet, f);
    s->unit.damaged = damaged && s->start < s->size;
    return 1;
}
