/* SPDX-License-Identifier: MIT */
/* Whole directories under libFuzzer: playlists with any times, from the scan over the clock and the time line to the plan
 * of a merge. The first three bytes choose what the segments hold and how they are merged; then come the playlists, each
 * to the next 0xff; bytes 1 to 12 (and not 9, 10) stand for the name of a segment that is there. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include <stdio.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "recording/plan.h"
#include "recording/plan_print.h"
#include "recording/recording.h"
#include "recording/timeline.h"

#define V "1400000001_1__UserId_s_YQ..__UserId_e_main_video"
#define A "1400000001_1__UserId_s_YQ..__UserId_e_main_audio"

static const char *const segments[] = {
    V "_20260101000000000.ts",           V "_20260101000010000.ts",
    V "_20260101000020000.ts",           V "_99991231235959999.ts",
    A "_20260101000000000.ts",           A "_20260101000010000.ts",
    A "_19700101000000000.ts",           "ha1_" V "_20260101000010500.ts",
    "1400000001_1_20260103.ts",          "x.ts",
    "1400000001_1_20260101000000000.ts", "1400000001_1_20360101000000000.ts"
};
static const char *const lists[] = { V ".m3u8", A ".m3u8", "ha1_" V ".m3u8", "1400000001_1.m3u8" };
static char dir[] = "/dev/shm/fuzz-recording-XXXXXX";

static void leave(void)
{
    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++)
        unlink(segments[i]);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        unlink(lists[i]);
    rmdir(dir);
}

static void put(const char *name, const char *text, size_t n)
{
    FILE *f = fopen(name, "w");
    check(f && fwrite(text, 1, n, f) == n && fclose(f) == 0);
}

static void enter(void)
{
    static const char packet[188] = { 0x47 };
    static bool done;
    if (done)
        return;
    check(mkdtemp(dir) && chdir(dir) == 0);
    atexit(leave);
    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++)
        put(segments[i], packet, i % 3 * 60 + 30);
    done = true;
}

static void put_list(const char *name, const uint8_t *p, size_t n)
{
    FILE *f = fopen(name, "w");
    check(f != NULL);
    for (size_t i = 0; i < n; i++)
        if (p[i] >= 1 && p[i] <= sizeof segments / sizeof *segments && p[i] != '\t' && p[i] != '\n')
            fputs(segments[p[i] - 1], f);
        else
            putc(p[i], f);
    check(fclose(f) == 0);
}

/* What a look into the segments might find. */
static void set_facts(struct trtc_recording *r, uint8_t how)
{
    for (size_t i = 0; i < r->nb_pieces; i++, how = (uint8_t)(how * 5 + 1)) {
        struct trtc_facts *f = &r->pieces[i].facts;
        *f = (struct trtc_facts){ .nb_frames = how & 16 ? how : -1,
                                  .kinds = how & 3,
                                  .first_ts_90k = (int64_t)how << (how & 8 ? 25 : 12) };
        if (r->pieces[i].dur_us == TRTC_NOTIME)
            r->pieces[i].dur_us = (int64_t)how << (how & 8 ? 20 : 13);
        if (f->kinds & TRTC_VIDEO) {
            strcpy(f->video_codec, how & 32 ? "hevc" : "h264");
            f->width_px = f->height_px = how & 64 ? 64 : 128;
        }
        if (f->kinds & TRTC_AUDIO) {
            strcpy(f->audio_codec, "aac");
            f->rate_hz = 48000;
            f->channels = 1 + (how >> 7);
            f->object_type = 2;
        }
    }
}

static void look(const struct trtc_plan *p)
{
    static FILE *sink;
    if (!sink)
        sink = fopen("/dev/null", "w");
    check(sink != NULL);
    for (size_t i = 0; i < p->n; i++) {
        const struct trtc_output *o = &p->outputs[i];
        size_t hint = 0;
        check(o->dur_us >= 0 && o->start_us <= o->end_us && o->nb_stretches > 0);
        for (size_t k = 0; k < o->nb_stretches; k++) {
            const struct trtc_stretch *s = &o->stretches[k];
            check(s->start_us <= s->end_us && s->out_us >= 0 && s->out_us <= o->dur_us);
            (void)trtc_output_us(o, s->end_us, &hint);
            (void)trtc_output_epoch_us(o, s->out_us);
        }
    }
    trtc_plan_tsv(p, true, '\n', sink);
    check(trtc_plan_json(p, sink) == 0);
    trtc_plan_svg(p, sink);
}

static void plan(struct trtc_recording *r, uint8_t how, uint8_t facts)
{
    const struct trtc_plan_opts o = { .whole = how & 1,
                                      .strip = how & 2,
                                      .black = how & 4,
                                      .fps = how & 8 ? 120 : 0,
                                      .video = how & 16 ? TRTC_CHOICE_ENCODE : TRTC_CHOICE_AUTO,
                                      .names = how & 32 ? TRTC_NAMES_RECORDING : TRTC_NAMES_SCRIPT,
                                      .aux = (enum trtc_aux)(how >> 6) };
    struct trtc_timeline t;
    struct trtc_plan p = { 0 };
    struct trtc_err err = { 0 };

    set_facts(r, facts);
    check(trtc_recording_settle(r, &err) == 0);
    check(trtc_timeline_build(r, o.aux, &t, &err) == 0);
    if (trtc_plan_add(&p, r, &t, &o, &err) == 0)
        look(&p);
    else
        check(err.code >= TRTC_EX_USAGE && err.code != TRTC_EX_SOFTWARE);
    trtc_plan_fini(&p);
    trtc_timeline_fini(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trtc_scan s = { 0 };
    struct trtc_err err = { 0 };
    size_t n = 0;
    const uint8_t *p;

    if (size < 3)
        return 0;
    enter();
    const uint8_t how = data[0], facts = data[1];
    data += 3;
    size -= 3;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (next_field(&data, &size, &p, &n) && n)
            put_list(lists[i], p, n);
        else
            unlink(lists[i]);
    if (trtc_scan_dir(&s, ".", &(struct trtc_find){ 0 }, &err) == 0)
        for (size_t i = 0; i < s.n; i++)
            plan(&s.recs[i], how, facts);
    else
        check(err.code >= TRTC_EX_USAGE && err.msg[0]);
    trtc_scan_fini(&s);
    return 0;
}
