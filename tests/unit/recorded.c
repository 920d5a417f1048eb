/* SPDX-License-Identifier: MIT */
/* Recordings of a few frames. */
#include "unit/recorded.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "make/genlib.h"
#include "source/load.h"
#include "unit/range.h"
#include "unit/scratch.h"

enum { PICTURE_BYTES = 250, SOUND_BYTES = 120, PACKET_BYTES = 188 };

static void put_picture(struct gen_ts *ts, int stream, int64_t pts, int number)
{
    /* an access unit delimiter, an SPS of 640x360, a PPS, and the beginning of a slice */
    static const uint8_t head[] = { 0,    0,    0,    1,    9,    0xf0, 0,    0,    0,
                                    1,    0x67, 0x42, 0xc0, 0x1e, 0xda, 2,    0x80, 0xbf,
                                    0xe5, 0x40, 0,    0,    0,    1,    0x68, 0xce, 0x38,
                                    0x80, 0,    0,    0,    1,    0x65, 0x88 };
    static const uint8_t other[] = { 0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x41, 0x9a };
    const bool key = number % 25 == 0;
    uint8_t p[PICTURE_BYTES];

    memset(p, 0xa5, sizeof p);
    memcpy(p, key ? head : other, key ? sizeof head : sizeof other);
    gen_ts_video(ts, stream, p, sizeof p, pts, pts, key);
    assert_int_equal(gen_ts_end(ts), 0);
}

static void put_sound(struct gen_ts *ts, int stream, int64_t pts, int number)
{
    uint8_t p[7 + SOUND_BYTES] = { 0 };

    gen_adts(p, 48000, 1, SOUND_BYTES);
    p[10] = 7;
    p[11] = (uint8_t)number;
    gen_ts_audio(ts, stream, p, sizeof p, pts);
    assert_int_equal(gen_ts_end(ts), 0);
}

static void make(struct gen_ts *ts, const struct segment *s)
{
    const int v = s->nb_v ? gen_ts_add(ts, "h264", 0, 0) : -1;
    const int a = s->nb_a ? gen_ts_add(ts, "aac", 48000, 1) : -1;

    ts->pcr_stream = -1;
    gen_ts_begin(ts);
    for (int i = 0; i <= v || i <= a; i++)
        ts->streams[i].cc = s->counter;
    for (int i = 0, k = 0; i < s->nb_v || k < s->nb_a;) {
        const int64_t v_at = s->late_v + RECORDED_PICTURE * (int64_t)i,
                      a_at = RECORDED_SOUND * (int64_t)k;
        if (i < s->nb_v && (k == s->nb_a || v_at <= a_at))
            put_picture(ts, v, s->from_90k + v_at, s->first_v + i++);
        else
            put_sound(ts, a, s->from_90k + a_at, k++);
    }
}

const char *recorded_path(const struct recorded *r, int64_t at_ms)
{
    static char path[320];
    char utc[TRTC_UTC_LEN + 1];

    trtc_utc_format17(RECORDED_START_MS + at_ms, utc);
    snprintf(path, sizeof path, "%s/%s_%s.ts", r->dir, r->base, utc);
    return path;
}

/* Takes the packets of PAT and PMT out. */
static void take_tables_out(struct gen_ts *ts)
{
    const int pmt = (ts->buf[PACKET_BYTES + 1] & 0x1f) << 8 | ts->buf[PACKET_BYTES + 2];
    size_t n = 0;
    for (size_t at = 0; at < ts->n; at += PACKET_BYTES) {
        const int pid = (ts->buf[at + 1] & 0x1f) << 8 | ts->buf[at + 2];
        if (pid == 0 || pid == pmt)
            continue;
        memmove(ts->buf + n, ts->buf + at, PACKET_BYTES);
        n += PACKET_BYTES;
    }
    ts->n = n;
}

void recorded_begin(struct recorded *r, const char *dir)
{
    char path[256];

    *r = (struct recorded){ .base = "1400000001_1000__UserId_s_dTE.__UserId_e_main_video" };
    snprintf(r->dir, sizeof r->dir, "%s", dir);
    snprintf(path, sizeof path, "%s/%s.m3u8", dir, r->base);
    r->list = fopen(path, "w");
    assert_non_null(r->list);
    fputs("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:70\n", r->list);
}

void recorded_replace(const struct recorded *r, int64_t at_ms, const void *data, size_t n)
{
    scratch_put(recorded_path(r, at_ms), data, n);
}

void recorded_add(struct recorded *r, int64_t at_ms, int64_t dur_ms, const struct segment *s,
                  int64_t attr_off)
{
    struct gen_ts ts = { 0 };

    if (s) {
        make(&ts, s);
        if (s->bare)
            take_tables_out(&ts);
        if (s->nb_drop) {
            uint8_t *from = ts.buf + s->drop * PACKET_BYTES;
            const size_t gone = s->nb_drop * PACKET_BYTES;
            memmove(from, from + gone, ts.n - (size_t)(from - ts.buf) - gone);
            ts.n -= gone;
        }
        ts.n -= s->cut_bytes;
        recorded_replace(r, at_ms, ts.buf, ts.n);
        r->bytes = (int64_t)ts.n;
        gen_ts_fini(&ts);
    }
    if (attr_off != RECORDED_NO_ATTR)
        fprintf(r->list, "#EXT-X-TRTC-FILE-ATTR:%" PRId64 ",%" PRId64 "\n",
                RECORDED_START_MS + at_ms, r->bytes + attr_off);
    const char *path = recorded_path(r, at_ms);
    fprintf(r->list, "#EXTINF:%.3f,\n%s\n", (double)dur_ms / 1000, path + strlen(r->dir) + 1);
}

void recorded_end(struct recorded *r)
{
    fputs("#EXT-X-ENDLIST\n", r->list);
    assert_int_equal(fclose(r->list), 0);
}

void recorded_load(struct recorded_loaded *l, const char *dir)
{
    const char *dirs[] = { dir };
    const struct trtc_load what = { .dirs = dirs, .nb_dirs = 1 };
    struct trtc_err err = { 0 };

    *l = (struct recorded_loaded){ 0 };
    if (trtc_recordings_load(&l->scan, &what, &err) < 0 || l->scan.n != 1 ||
        trtc_timeline_build(&l->scan.recs[0], TRTC_AUX_MAIN, &l->line, &err) < 0)
        fail_msg("%s: %zu recordings, %s", dir, l->scan.n, err.msg);
}

void recorded_unload(struct recorded_loaded *l)
{
    trtc_losses_fini(&l->losses);
    trtc_timeline_fini(&l->line);
    trtc_scan_fini(&l->scan);
}
