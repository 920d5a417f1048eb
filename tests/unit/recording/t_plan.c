/* SPDX-License-Identifier: MIT */
/* recording/plan: names, what is copied and what is encoded and why, gaps, stretches; and the plan as
 * TSV, JSON and SVG. Recordings are written as text, a segment a word, and go through the time
 * line. */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "recording/output_name.h"
#include "recording/plan.h"
#include "recording/plan_print.h"

#define BASE_MS   INT64_C(1767225600000) /* 20260101000000000 */
#define LISTS_MAX 8

/* ---- recordings from text ---- */

struct made {
    struct trtc_recording r;
    struct trtc_list lists[LISTS_MAX];
    char *text;
    struct trtc_timeline t;
};

/* "v 0+10000 10000+10000/hevc,1280x720": sources a v (main), A V (substream), x (main, both),
 * m (mixed, both); segments START+DUR in ms; behind the slash what differs from h264, 640x360,
 * baseline, 15 fps, square; aac, 48 kHz, mono: a codec, WxH, pPROFILE, fFPS, sNUM:DEN (samples), rHZ, cCHANNELS. */
static void set_facts(struct trtc_piece *p, char kind, char *what)
{
    struct trtc_facts *f = &p->facts;
    *f = (struct trtc_facts){ .nb_frames = -1 };
    double fps = 15;
    if (!strchr("aA", kind)) {
        f->kinds |= TRTC_VIDEO;
        strcpy(f->video_codec, "h264");
        f->width_px = 640;
        f->height_px = 360;
        f->profile = 66;
    }
    if (!strchr("vV", kind)) {
        f->kinds |= TRTC_AUDIO;
        strcpy(f->audio_codec, "aac");
        f->rate_hz = 48000;
        f->channels = 1;
        f->object_type = 2;
    }
    char *rest = NULL;
    for (char *w = what ? strtok_r(what, ",", &rest) : NULL; w; w = strtok_r(NULL, ",", &rest)) {
        if (isdigit((unsigned char)*w))
            sscanf(w, "%dx%d", &f->width_px, &f->height_px);
        else if (*w == 's')
            sscanf(w, "s%d:%d", &f->sar_num, &f->sar_den);
        else if (isdigit((unsigned char)w[1]) && strchr("pfrc", *w))
            *(*w == 'p'   ? &f->profile
              : *w == 'r' ? &f->rate_hz
              : *w == 'c' ? &f->channels
                          : &(int){ 0 }) = atoi(w + 1);
        else
            strcpy(strchr("aA", kind) ? f->audio_codec : f->video_codec, w);
        if (*w == 'f')
            fps = atof(w + 1);
    }
    if (f->kinds & TRTC_VIDEO)
        f->nb_frames = (int64_t)((double)p->dur_us / 1e6 * fps);
}

static void make(struct made *m, const char *text, enum trtc_aux aux)
{
    static char dir[] = "rec", user[] = "MTAwMDE.", room[] = "3560", id[] = "10001";
    *m = (struct made){ 0 };
    m->text = strdup(text);
    m->r = (struct trtc_recording){ .dir = dir,
                                    .sdkappid = 1400000001,
                                    .user = user,
                                    .room = room,
                                    .user_id = id,
                                    .user_id_len = 5,
                                    .user_id_text = true,
                                    .lists = m->lists };
    m->r.pieces = calloc(strlen(text) + 1, sizeof *m->r.pieces);
    assert_non_null(m->text);
    assert_non_null(m->r.pieces);
    char kind = 0, *rest = NULL;
    for (char *w = strtok_r(m->text, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
        if (strchr("avAVxm", *w)) {
            assert_true(m->r.nb_lists < LISTS_MAX);
            struct trtc_list *s = &m->lists[m->r.nb_lists++];
            kind = *w;
            s->media = kind == 'm'          ? TRTC_MEDIA_NONE
                       : strchr("AV", kind) ? TRTC_MEDIA_AUX
                                            : TRTC_MEDIA_MAIN;
            s->type = kind == 'm' ? TRTC_NO_KIND : strchr("aA", kind) ? TRTC_AUDIO : TRTC_VIDEO;
            m->r.user = kind == 'm' ? NULL : user;
            continue;
        }
        char *end, *what = strchr(w, '/');
        int64_t start = strtoll(w, &end, 10), dur = strtoll(end, NULL, 10);
        struct trtc_piece *p = &m->r.pieces[m->r.nb_pieces++];
        *p = (struct trtc_piece){ .uri = w,
                                  .start_us = (BASE_MS + start) * 1000,
                                  .dur_us = dur * 1000,
                                  .bytes = 188,
                                  .attr_bytes = -1,
                                  .name_ms = BASE_MS + start,
                                  .list = (int)m->r.nb_lists - 1,
                                  .exact = true };
        set_facts(p, kind, what ? what + 1 : NULL);
    }
    assert_int_equal(trtc_timeline_build(&m->r, aux, &m->t, NULL), 0);
}

static void made_fini(struct made *m)
{
    trtc_timeline_fini(&m->t);
    free(m->r.pieces);
    free(m->text);
}

static int64_t rel_ms(int64_t us)
{
    return us / 1000 - BASE_MS;
}

/* ---- names, media, stretches ---- */

/* "PATH media [0 10000] v10000-12000 |": stretches, gaps, an output each. */
static void put_plan(char *s, const struct trtc_plan *p)
{
    *s = '\0';
    for (size_t i = 0; i < p->n; i++) {
        const struct trtc_output *o = &p->outputs[i];
        s += sprintf(s, "%s%s %s", i ? " | " : "", o->path, o->media);
        int64_t at = 0;
        for (size_t k = 0; k < o->nb_stretches; k++) {
            const struct trtc_stretch *st = &o->stretches[k];
            s += sprintf(s, " [%" PRId64 " %" PRId64 "]", rel_ms(st->start_us), rel_ms(st->end_us));
            assert_int_equal(st->out_us, at);
            at += st->end_us - st->start_us;
        }
        assert_int_equal(o->dur_us, at);
        assert_true(o->start_us == o->stretches[0].start_us);
        assert_true(o->end_us == o->stretches[o->nb_stretches - 1].end_us);
        for (size_t k = 0; k < o->nb_gaps; k++)
            s += sprintf(s, " %c%" PRId64 "-%" PRId64, o->gaps[k].kind == TRTC_VIDEO ? 'v' : 'a',
                         rel_ms(o->gaps[k].start_us), rel_ms(o->gaps[k].end_us));
    }
}

struct line {
    const char *in;
    struct trtc_plan_opts o;
    const char *out;
};

static void run(const struct line *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct made m;
        struct trtc_plan p = { 0 };
        struct trtc_err err = { 0 };
        char got[4096];
        make(&m, t[i].in, t[i].o.aux);
        if (trtc_plan_add(&p, &m.r, &m.t, &t[i].o, &err) < 0)
            fail_msg("%s: %s", t[i].in, err.msg);
        put_plan(got, &p);
        if (strcmp(got, t[i].out) != 0)
            fail_msg("%s\n want %s\n got  %s", t[i].in, t[i].out, got);
        assert_int_equal(trtc_plan_check(&p, &err), 0);
        trtc_plan_fini(&p);
        made_fini(&m);
    }
}

#define RUN(table)      run(table, sizeof(table) / sizeof *(table))
#define SCRIPT(ms, end) "rec/MTAwMDE._20260101" ms end
#define SERVICE         "rec/1400000001_3560__UserId_s_MTAwMDE.__UserId_e_"

static void test_names(void **state)
{
    (void)state;
    static const struct line t[] = {
        { "", { 0 }, "" },
        { "a 0+10000 v 0+10000", { 0 }, SCRIPT("000000000", "_av.mp4") " main [0 10000]" },
        { "v 0+10000", { 0 }, SCRIPT("000000000", "_av.mp4") " main [0 10000]" },
        { "a 0+10000", { 0 }, SCRIPT("000000000", ".m4a") " main [0 10000]" },
        { "a 0+10000 40000+10000 v 40000+10000",
          { 0 },
          SCRIPT("000000000", ".m4a") " main [0 10000] | " SCRIPT(
              "000040000", "_av.mp4") " main [40000 50000]" },
        { "m 495+10000", { 0 }, "rec/1400000001_3560_20260101000000495_av.mp4 mixed [495 10495]" },
        { "x 0+10000", { 0 }, SCRIPT("000000000", "_av.mp4") " main [0 10000]" },
        /* substreams */
        { "a 0+10000 v 0+10000 V 0+10000",
          { .aux = TRTC_AUX_SUB },
          SCRIPT("000000000", "_av.mp4") " aux [0 10000]" },
        { "a 0+10000 V 0+10000", { 0 }, SCRIPT("000000000", ".m4a") " main [0 10000]" },
        { "a 0+10000 v 0+10000",
          { .aux = TRTC_AUX_SUB },
          SCRIPT("000000000", ".m4a") " main [0 10000]" },
        { "A 0+10000", { .aux = TRTC_AUX_SUB }, SCRIPT("000000000", ".m4a") " aux [0 10000]" },
        { "v 0+10000 V 10000+20000",
          { .aux = TRTC_AUX_AUTO },
          SCRIPT("000000000", "_av.mp4") " main+aux [0 30000]" },
        /* somewhere else */
        { "a 0+10000", { .outdir = "out" }, "out/MTAwMDE._20260101000000000.m4a main [0 10000]" },
        { "a 0+10000",
          { .outdir = "out/x//" },
          "out/x/MTAwMDE._20260101000000000.m4a main [0 10000]" },
        { "a 0+10000", { .outdir = "." }, "./MTAwMDE._20260101000000000.m4a main [0 10000]" },
        { "a 0+10000", { .outdir = "/" }, "/MTAwMDE._20260101000000000.m4a main [0 10000]" },
        { "a 0+10000", { .outdir = "" }, "./MTAwMDE._20260101000000000.m4a main [0 10000]" },
        /* the recording service's */
        { "a 0+10000 v 0+10000",
          { .names = TRTC_NAMES_RECORDING },
          SERVICE "main.mp4 main [0 10000]" },
        { "a 0+10000", { .names = TRTC_NAMES_RECORDING }, SERVICE "main.mp4 main [0 10000]" },
        { "V 0+10000",
          { .names = TRTC_NAMES_RECORDING, .aux = TRTC_AUX_SUB },
          SERVICE "aux.mp4 aux [0 10000]" },
        { "m 0+10000",
          { .names = TRTC_NAMES_RECORDING },
          "rec/1400000001_3560.mp4 mixed [0 10000]" },
        { "v 0+10000 40000+10000 80000+10000",
          { .names = TRTC_NAMES_RECORDING },
          SERVICE "main_1.mp4 main [0 10000] | " SERVICE "main_2.mp4 main [40000 50000] | " SERVICE
                  "main_3.mp4 main [80000 90000]" },
        { "m 0+10000 40000+10000",
          { .names = TRTC_NAMES_RECORDING },
          "rec/1400000001_3560_1.mp4 mixed [0 10000] | rec/1400000001_3560_2.mp4 mixed [40000 "
          "50000]" },
        { "v 0+10000 40000+10000",
          { .names = TRTC_NAMES_RECORDING, .whole = true, .strip = true },
          SERVICE "main.mp4 main [0 10000] [40000 50000]" },
    };
    RUN(t);
}

static void test_gaps(void **state)
{
    (void)state;
    static const struct line t[] = {
        { "a 0+30000 v 0+30000", { 0 }, SCRIPT("000000000", "_av.mp4") " main [0 30000]" },
        /* head, middle, tail */
        { "a 0+30000 v 2000+8000 20000+5000",
          { 0 },
          SCRIPT("000000000", "_av.mp4") " main [0 30000] v0-2000 v10000-20000 v25000-30000" },
        { "a 2000+8000 20000+5000 v 0+30000",
          { 0 },
          SCRIPT("000000000", "_av.mp4") " main [0 30000] a0-2000 a10000-20000 a25000-30000" },
        { "a 1000+9000 v 0+8000",
          { 0 },
          SCRIPT("000000000", "_av.mp4") " main [0 10000] v8000-10000 a0-1000" },
        /* no picture at all is no gap of it */
        { "a 0+10000 12000+10000",
          { 0 },
          SCRIPT("000000000", ".m4a") " main [0 22000] a10000-12000" },
        /* what is worth telling: 100 ms */
        { "a 0+30000 v 99+10000 10198+19703",
          { 0 },
          SCRIPT("000000000", "_av.mp4") " main [0 30000]" },
        { "a 0+30000 v 100+10000 10200+19700",
          { 0 },
          SCRIPT("000000000", "_av.mp4") " main [0 30000] v0-100 v10100-10200 v29900-30000" },
        /* cut clips leave none */
        { "v 0+10000 v 8000+10000", { 0 }, SCRIPT("000000000", "_av.mp4") " main [0 18000]" },
        /* one output of all: the blank between sections is a gap, unless it is left out */
        { "a 0+10000 60000+10000 v 0+10000 60000+10000",
          { .whole = true },
          SCRIPT("000000000", "_av.mp4") " main [0 70000] v10000-60000 a10000-60000" },
        { "a 0+10000 60000+10000 v 0+10000 60000+10000",
          { .whole = true, .strip = true },
          SCRIPT("000000000", "_av.mp4") " main [0 10000] [60000 70000]" },
        { "a 0+10000 60000+10000 v 0+9000 61000+9000",
          { .whole = true, .strip = true },
          SCRIPT("000000000", "_av.mp4") " main [0 10000] [60000 70000] v9000-10000 v60000-61000" },
        { "a 0+10000 v 60000+10000",
          { .whole = true, .strip = true },
          SCRIPT("000000000", "_av.mp4") " main [0 10000] [60000 70000] v0-10000 a60000-70000" },
        { "a 0+10000 v 60000+10000",
          { .whole = true },
          SCRIPT("000000000", "_av.mp4") " main [0 70000] v0-60000 a10000-70000" },
        { "a 0+10000 30000+10000 60000+10000 v 30000+10000",
          { .whole = true, .strip = true },
          SCRIPT("000000000",
                 "_av.mp4") " main [0 10000] [30000 40000] [60000 70000] v0-10000 v60000-70000" },
        /* -s alone is nothing */
        { "a 0+10000", { .strip = true }, SCRIPT("000000000", ".m4a") " main [0 10000]" },
    };
    RUN(t);
}

/* ---- copy or encode ---- */

#define NO   TRTC_CHOICE_AUTO
#define COPY TRTC_CHOICE_COPY
#define ENC  TRTC_CHOICE_ENCODE

static void test_decisions(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        struct trtc_plan_opts o;
        enum trtc_choice video, audio;
        const char *why_video, *why_audio; /* a part of it; NULL: none */
        int w, h, fps;                     /* where it is encoded */
        bool no_black;
    } t[] = {
        { "a 0+10000 v 0+10000", { 0 }, COPY, COPY, NULL, NULL, 640, 360, 15, false },
        { "a 0+10000", { 0 }, NO, COPY, NULL, NULL, 0, 0, 0, false },
        { "v 0+10000", { 0 }, COPY, NO, NULL, NULL, 640, 360, 15, false },
        /* nothing was asked */
        { "v 0+10000/f60", { 0 }, COPY, NO, NULL, NULL, 640, 360, 15, false },
        { "v 0+10000/hevc", { 0 }, COPY, NO, NULL, NULL, 640, 360, 15, true },
        /* --video */
        { "v 0+10000", { .video = ENC }, ENC, NO, "asked for", NULL, 640, 360, 15, false },
        { "v 0+10000", { .video = COPY }, COPY, NO, NULL, NULL, 640, 360, 15, false },
        /* -p: 2 % tolerance, over the whole section */
        { "v 0+10000/f15", { .fps = 15 }, COPY, NO, NULL, NULL, 640, 360, 15, false },
        { "v 0+10000/f15.2", { .fps = 15 }, COPY, NO, NULL, NULL, 640, 360, 15, false },
        { "v 0+10000/f15.3", { .fps = 15 }, COPY, NO, NULL, NULL, 640, 360, 15, false },
        { "v 0+10000/f15.4", { .fps = 15 }, ENC, NO, "rate is 15.40", NULL, 640, 360, 15, false },
        { "v 0+10000/f10", { .fps = 15 }, COPY, NO, NULL, NULL, 640, 360, 15, false },
        { "v 0+10000/f30", { .fps = 5 }, ENC, NO, "rate is 30.00", NULL, 640, 360, 5, false },
        { "v 0+10000/f10 10000+10000/f20", { .fps = 15 }, COPY, NO, NULL, NULL, 640, 360, 15, false },
        { "v 0+10000/f10 10000+10000/f30",
          { .fps = 15 },
          ENC,
          NO,
          "rate is 20.00",
          NULL,
          640,
          360,
          15,
          false },
        /* -r */
        { "v 0+10000",
          { .width_px = 640, .height_px = 360 },
          COPY,
          NO,
          NULL,
          NULL,
          640,
          360,
          15,
          false },
        { "v 0+10000",
          { .width_px = 1280, .height_px = 720 },
          ENC,
          NO,
          "picture is 640x360",
          NULL,
          1280,
          720,
          15,
          false },
        { "v 0+10000",
          { .width_px = 640, .height_px = 480 },
          ENC,
          NO,
          "picture is 640x360",
          NULL,
          640,
          480,
          15,
          false },
        { "v 0+10000/1280x720",
          { .width_px = 640, .height_px = 360, .fps = 30 },
          ENC,
          NO,
          "1280x720",
          NULL,
          640,
          360,
          30,
          false },
        /* changes */
        { "v 0+10000 10000+10000/1280x720 20000+10000",
          { 0 },
          ENC,
          NO,
          "size changes",
          NULL,
          1280,
          720,
          15,
          true },
        { "v 0+10000/360x640 10000+10000/640x360",
          { 0 },
          ENC,
          NO,
          "size changes",
          NULL,
          640,
          640,
          15,
          true },
        { "v 0+10000/720x576,s16:15 10000+10000/720x576",
          { 0 },
          ENC,
          NO,
          "aspect ratio changes",
          NULL,
          768,
          576,
          15,
          false },
        /* no change: without a size it is that of the segment before */
        { "v 0+10000/720x576,s16:15 10000+10000/0x0",
          { 0 },
          COPY,
          NO,
          NULL,
          NULL,
          768,
          576,
          15,
          false },
        { "v 0+10000 10000+10000/hevc", { 0 }, ENC, NO, "codec changes", NULL, 640, 360, 15, true },
        { "v 0+10000/mpeg2video", { 0 }, ENC, NO, "mpeg2video", NULL, 640, 360, 15, true },
        { "v 0+10000/0x0",
          { .width_px = 640, .height_px = 360 },
          ENC,
          NO,
          "unknown",
          NULL,
          640,
          360,
          15,
          false },
        { "v 0+10000 10000+10000/1280x720 40000+10000",
          { .whole = true },
          ENC,
          NO,
          "size changes",
          NULL,
          1280,
          720,
          15,
          true },
        /* -b */
        { "a 0+30000 v 0+10000 20000+10000", { 0 }, COPY, COPY, NULL, NULL, 640, 360, 15, false },
        { "a 0+30000 v 0+10000 20000+10000",
          { .black = true },
          COPY,
          COPY,
          NULL,
          NULL,
          640,
          360,
          15,
          false },
        { "a 0+30000 v 0+10000/p77 20000+10000/p100",
          { .black = true },
          COPY,
          COPY,
          NULL,
          NULL,
          640,
          360,
          15,
          false },
        { "a 0+30000 v 0+10000/p244 20000+10000/p244",
          { .black = true },
          ENC,
          COPY,
          "black",
          NULL,
          640,
          360,
          15,
          true },
        { "a 0+30000 v 0+10000/641x360 20000+10000/641x360",
          { .black = true },
          ENC,
          COPY,
          "black",
          NULL,
          641,
          360,
          15,
          true },
        { "a 0+30000 v 0+10000/hevc 20000+10000/hevc",
          { .black = true },
          ENC,
          COPY,
          "black",
          NULL,
          640,
          360,
          15,
          true },
        { "a 0+10000 v 0+10000/hevc",
          { .black = true },
          COPY,
          COPY,
          NULL,
          NULL,
          640,
          360,
          15,
          true }, /* no hole */
        /* sound */
        { "a 0+10000", { .audio = ENC }, NO, ENC, NULL, "asked for", 0, 0, 0, false },
        { "a 0+10000 10000+10000/r44100", { 0 }, NO, ENC, NULL, "format changes", 0, 0, 0, false },
        { "a 0+10000 10000+10000/c2", { 0 }, NO, ENC, NULL, "format changes", 0, 0, 0, false },
        { "a 0+10000/opus", { 0 }, NO, ENC, NULL, "opus is not AAC", 0, 0, 0, false },
        { "a 0+10000 10000+10000/mp3", { 0 }, NO, ENC, NULL, "mp3 is not AAC", 0, 0, 0, false },
        { "a 0+10000/c6", { 0 }, NO, ENC, NULL, "6 channels", 0, 0, 0, false },
        { "a 0+10000/c2", { 0 }, NO, COPY, NULL, NULL, 0, 0, 0, false },
        { "x 0+10000 10000+10000/hevc", { 0 }, ENC, COPY, "codec changes", NULL, 640, 360, 15, true },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct made m;
        struct trtc_plan p = { 0 };
        struct trtc_err err = { 0 };
        make(&m, t[i].in, t[i].o.aux);
        if (trtc_plan_add(&p, &m.r, &m.t, &t[i].o, &err) < 0)
            fail_msg("%s: %s", t[i].in, err.msg);
        assert_int_equal(p.n, 1);
        const struct trtc_output *o = &p.outputs[0];
        bool right = o->do_video == t[i].video && o->do_audio == t[i].audio &&
                     o->width_px == t[i].w && o->height_px == t[i].h && o->fps == t[i].fps;
        right &= t[i].why_video ? !!strstr(o->why_video, t[i].why_video) : !o->why_video[0];
        right &= t[i].why_audio ? !!strstr(o->why_audio, t[i].why_audio) : !o->why_audio[0];
        right &=
            !o->video.n || o->can_black == !t[i].no_black || t[i].w == 0 || strstr(t[i].in, "0x0");
        if (!right)
            fail_msg("%zu, %s: %s (%s) %s (%s) %dx%d %d black %d", i, t[i].in,
                     trtc_choice_name(o->do_video), o->why_video, trtc_choice_name(o->do_audio),
                     o->why_audio, o->width_px, o->height_px, o->fps, o->can_black);
        trtc_plan_fini(&p);
        made_fini(&m);
    }
}

/* A section each is decided on its own. */
static void test_decisions_by_section(void **state)
{
    (void)state;
    struct made m;
    struct trtc_plan p = { 0 };
    const struct trtc_plan_opts o = { 0 };
    make(&m, "v 0+10000 40000+10000/1280x720", TRTC_AUX_MAIN);
    assert_int_equal(trtc_plan_add(&p, &m.r, &m.t, &o, NULL), 0);
    assert_int_equal(p.n, 2);
    assert_int_equal(p.outputs[0].do_video, TRTC_CHOICE_COPY);
    assert_int_equal(p.outputs[1].do_video, TRTC_CHOICE_COPY);
    assert_int_equal(p.outputs[1].bytes, 188);
    trtc_plan_fini(&p);
    made_fini(&m);
}

static void test_copy_not_possible(void **state)
{
    (void)state;
    static const struct line t[] = {
        { "v 0+10000 10000+10000/1280x720", { 0 }, "picture size changes" },
        { "v 0+10000", { .fps = 5 }, "frame rate is 15.00" },
        { "v 0+10000", { .width_px = 320, .height_px = 180 }, "picture is 640x360" },
        { "v 0+10000/vp9", { 0 }, "vp9 is not copied into MP4" },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct made m;
        struct trtc_plan p = { 0 };
        struct trtc_err err = { 0 };
        struct trtc_plan_opts o = t[i].o;
        o.video = TRTC_CHOICE_COPY;
        make(&m, t[i].in, TRTC_AUX_MAIN);
        assert_int_equal(trtc_plan_add(&p, &m.r, &m.t, &o, &err), 0);
        assert_int_equal(p.n, 1);
        assert_true(p.outputs[0].refused);
        if (!strstr(p.outputs[0].why_video, t[i].out))
            fail_msg("%s", p.outputs[0].why_video);
        trtc_plan_fini(&p);
        made_fini(&m);
    }
}

/* One file holds 2^26 frames: sound of 48 kHz for 16 days. */
static void test_too_long(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        struct trtc_plan_opts o;
        bool too_long;
    } t[] = {
        { "a 0+10000 1400000000+10000", { .whole = true }, false },
        { "a 0+10000 1440000000+10000", { .whole = true }, true },
        { "a 0+10000 1440000000+10000", { .whole = true, .strip = true }, false },
        { "a 0+10000 1440000000+10000", { 0 }, false },
        { "a 0+10000/r96000 720000000+10000/r96000", { .whole = true }, true },
        { "v 0+10000 1440000000+10000", { .whole = true }, false },
        { "v 0+10000 1440000000+10000",
          { .whole = true, .video = TRTC_CHOICE_ENCODE, .fps = 120 },
          true },
        { "a 0+10000 253402300000000+10000", { .whole = true }, true },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct made m;
        struct trtc_plan p = { 0 };
        make(&m, t[i].in, TRTC_AUX_MAIN);
        assert_int_equal(trtc_plan_add(&p, &m.r, &m.t, &t[i].o, NULL), 0);
        for (size_t k = 0; k < p.n; k++)
            if (p.outputs[k].too_long != t[i].too_long)
                fail_msg("%zu: '%s'", i, t[i].in);
        trtc_plan_fini(&p);
        made_fini(&m);
    }
}

/* ---- places in the output ---- */

static void test_places(void **state)
{
    (void)state;
    static const struct {
        bool strip;
        int64_t us_ms, out_ms;
        int64_t back_ms; /* epoch of out */
    } t[] = {
        { false, -500, -500, -500 },
        { false, 0, 0, 0 },
        { false, 30000, 30000, 30000 },
        { false, 129999, 129999, 129999 },
        { true, -500, -500, -500 },
        { true, 0, 0, 0 },
        { true, 9999, 9999, 9999 },
        { true, 10020, 10020, 60020 }, /* the last frame lasts a little longer */
        { true, 59980, 9980, 9980 },
        { true, 60000, 10000, 60000 },
        { true, 69999, 19999, 69999 },
        { true, 119999, 19999, 69999 },
        { true, 120000, 20000, 120000 },
        { true, 130500, 30500, 130500 },
    };
    for (int strip = 0; strip < 2; strip++) {
        struct made m;
        struct trtc_plan p = { 0 };
        const struct trtc_plan_opts o = { .whole = true, .strip = strip };
        size_t hint = 0;
        make(&m, "a 0+10000 60000+10000 120000+10000", TRTC_AUX_MAIN);
        assert_int_equal(trtc_plan_add(&p, &m.r, &m.t, &o, NULL), 0);
        assert_int_equal(p.outputs[0].dur_us, strip ? 30000000 : 130000000);
        for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
            if (t[i].strip != strip)
                continue;
            size_t fresh = 0;
            int64_t us = (BASE_MS + t[i].us_ms) * 1000;
            int64_t out = trtc_output_us(&p.outputs[0], us, &hint),
                    again = trtc_output_us(&p.outputs[0], us, &fresh);
            if (out != t[i].out_ms * 1000 || again != out)
                fail_msg("-s %d, %" PRId64 ": %" PRId64 ", %" PRId64, strip, t[i].us_ms, out,
                         again);
            int64_t back = trtc_output_epoch_us(&p.outputs[0], t[i].out_ms * 1000);
            if (rel_ms(back) != t[i].back_ms)
                fail_msg("-s %d, out %" PRId64 ": %" PRId64, strip, t[i].out_ms, rel_ms(back));
        }
        /* the way there and back, all along */
        for (int64_t us = 0; us < p.outputs[0].dur_us; us += 12345) {
            size_t fresh = 0;
            assert_int_equal(
                trtc_output_us(&p.outputs[0], trtc_output_epoch_us(&p.outputs[0], us), &fresh), us);
        }
        trtc_plan_fini(&p);
        made_fini(&m);
    }
}

static void test_part_names(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum trtc_naming names;
        int64_t start_ms;
        int index;
        const char *want;
    } t[] = {
        { "v 0+10000", TRTC_NAMES_SCRIPT, TRTC_NOTIME, 0, SCRIPT("000000000", "_av.mp4") },
        { "v 0+10000", TRTC_NAMES_SCRIPT, BASE_MS + 5123, 0, SCRIPT("000005123", "_av.mp4") },
        { "a 0+10000", TRTC_NAMES_SCRIPT, BASE_MS + 5123, 0, SCRIPT("000005123", ".m4a") },
        { "m 0+10000", TRTC_NAMES_SCRIPT, BASE_MS + 5123, 0,
          "rec/1400000001_3560_20260101000005123_av.mp4" },
        { "v 0+10000", TRTC_NAMES_RECORDING, TRTC_NOTIME, 0, SERVICE "main.mp4" },
        { "v 0+10000", TRTC_NAMES_RECORDING, TRTC_NOTIME, 12, SERVICE "main_12.mp4" },
        { "m 0+10000", TRTC_NAMES_RECORDING, TRTC_NOTIME, 2147483647,
          "rec/1400000001_3560_2147483647.mp4" },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct made m;
        struct trtc_plan p = { 0 };
        const struct trtc_plan_opts o = { .names = t[i].names };
        make(&m, t[i].in, TRTC_AUX_MAIN);
        assert_int_equal(trtc_plan_add(&p, &m.r, &m.t, &o, NULL), 0);
        char *path = trtc_output_part_path(&p.outputs[0], t[i].names, t[i].start_ms, t[i].index);
        assert_string_equal(path, t[i].want);
        free(path);
        trtc_plan_fini(&p);
        made_fini(&m);
    }
}

/* Two recordings in one directory, or two that go to one. */
static void test_collisions(void **state)
{
    (void)state;
    static char other_dir[] = "rec2", other_room[] = "3561", other_user[] = "MTAwMDI.";
    static const struct {
        bool dir, room, user; /* what differs */
        struct trtc_plan_opts o;
        bool fine;
    } t[] = {
        { false, true, false, { 0 }, false }, /* the script's names have no room in them */
        { false, true, false, { .names = TRTC_NAMES_RECORDING }, true },
        { true, false, false, { 0 }, true },
        { true, false, false, { .outdir = "out" }, false },
        { true, true, false, { .outdir = "out" }, false },
        { true, false, true, { .outdir = "out" }, true },
        { true, false, false, { .outdir = "out", .names = TRTC_NAMES_RECORDING }, false },
        { true, true, true, { .outdir = "out", .whole = true }, true },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct made a, b, c;
        struct trtc_plan p = { 0 };
        struct trtc_err err = { 0 };
        make(&a, "v 0+10000", TRTC_AUX_MAIN);
        make(&b, "v 70000+10000", TRTC_AUX_MAIN);
        make(&c, "v 0+10000", TRTC_AUX_MAIN);
        c.r.dir = t[i].dir ? other_dir : c.r.dir;
        c.r.room = t[i].room ? other_room : c.r.room;
        c.r.user = t[i].user ? other_user : c.r.user;
        b.r.user = other_user;
        b.r.room = other_room;
        b.r.dir = other_user;
        assert_int_equal(trtc_plan_check(&p, &err), 0);
        assert_int_equal(trtc_plan_add(&p, &a.r, &a.t, &t[i].o, &err), 0);
        assert_int_equal(trtc_plan_add(&p, &c.r, &c.t, &t[i].o, &err), 0);
        if (!(t[i].dir && t[i].room && t[i].user))
            assert_int_equal(trtc_plan_add(&p, &b.r, &b.t, &t[i].o, &err), 0);
        int ret = trtc_plan_check(&p, &err);
        if ((ret == 0) != t[i].fine || (ret < 0 && err.code != TRTC_EX_CANTCREAT))
            fail_msg("%zu: %d, %s", i, ret, err.msg);
        if (ret < 0)
            assert_non_null(strstr(err.msg, p.outputs[0].path));
        trtc_plan_fini(&p);
        made_fini(&a);
        made_fini(&b);
        made_fini(&c);
    }
}

/* ---- the plan as text ---- */

enum format { TSV, TSV_HEADER, TSV_NULL, JSON, SVG };

static char *print(const struct trtc_plan *p, enum format format, size_t *n)
{
    static char *text; /* static: gcc 12 takes what it points to for a part of this function */
    FILE *f = open_memstream(&text, n);
    assert_non_null(f);
    if (format == JSON)
        assert_int_equal(trtc_plan_json(p, f), 0);
    else if (format == SVG)
        trtc_plan_svg(p, f);
    else
        trtc_plan_tsv(p, format == TSV_HEADER, format == TSV_NULL ? '\0' : '\n', f);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void test_tsv(void **state)
{
    (void)state;
    struct made m, x;
    struct trtc_plan p = { 0 };
    const struct trtc_plan_opts o = { .width_px = 1280, .height_px = 720 };
    size_t n;
    char *text = print(&p, TSV, &n);
    assert_int_equal(n, 0);
    free(text);
    make(&m, "a 0+10000 40000+10000 v 1000+9000", TRTC_AUX_MAIN);
    make(&x, "m 495+10000", TRTC_AUX_MAIN);
    assert_int_equal(trtc_plan_add(&p, &m.r, &m.t, &o, NULL), 0);
    assert_int_equal(trtc_plan_add(&p, &x.r, &x.t, &o, NULL), 0);
    static const char lines[] =
        "10001\tmain\t20260101000000000\t20260101000010000\t1\tencode\tcopy\trec/MTAwMDE._20260101000000000_av.mp4\n"
        "10001\tmain\t20260101000040000\t20260101000050000\t0\t-\tcopy\trec/MTAwMDE._20260101000040000.m4a\n"
        "-\tmixed\t20260101000000495\t20260101000010495\t0\tencode\tcopy\trec/1400000001_3560_20260101000000495_av.mp4\n";
    text = print(&p, TSV, &n);
    assert_string_equal(text, lines);
    free(text);
    text = print(&p, TSV_HEADER, &n);
    assert_memory_equal(text, "user\tmedia\tstart\tend\tgaps\tvideo\taudio\tpath\n", 43);
    assert_string_equal(text + 43, lines);
    free(text);
    text = print(&p, TSV_NULL, &n);
    assert_int_equal(n, strlen(lines));
    for (size_t i = 0; i < n; i++)
        assert_int_equal(text[i], lines[i] == '\n' ? '\0' : lines[i]);
    free(text);
    trtc_plan_fini(&p);
    made_fini(&x);
    made_fini(&m);
}

static double number(const cJSON *j, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(j, key);
    assert_true(cJSON_IsNumber(v));
    return v->valuedouble;
}

static const char *string(const cJSON *j, const char *key)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, key));
    assert_non_null(s);
    return s;
}

static void test_json(void **state)
{
    (void)state;
    struct made m;
    struct trtc_plan p = { 0 };
    const struct trtc_plan_opts o = { .width_px = 1280, .height_px = 720 };
    size_t n;
    make(&m, "a 0+10000 40000+10000 v 1000+9000", TRTC_AUX_MAIN);
    assert_int_equal(trtc_plan_add(&p, &m.r, &m.t, &o, NULL), 0);
    char *text = print(&p, JSON, &n), *second = strchr(text, '\n') + 1;
    assert_int_equal(text[n - 1], '\n');
    assert_ptr_equal(strchr(second, '\n'), text + n - 1); /* two lines */
    cJSON *j = cJSON_ParseWithLength(text, (size_t)(second - text));
    assert_non_null(j);
    assert_string_equal(string(j, "user"), "10001");
    assert_string_equal(string(j, "room"), "3560");
    assert_string_equal(string(j, "media"), "main");
    assert_string_equal(string(j, "path"), "rec/MTAwMDE._20260101000000000_av.mp4");
    assert_true(number(j, "sdkappid") == 1400000001);
    assert_true(number(j, "start_ms") == (double)BASE_MS);
    assert_true(number(j, "end_ms") == (double)BASE_MS + 10000);
    assert_true(number(j, "duration_ms") == 10000);
    assert_true(number(j, "source_bytes") == 376);
    const cJSON *video = cJSON_GetObjectItemCaseSensitive(j, "video"),
                *audio = cJSON_GetObjectItemCaseSensitive(j, "audio");
    assert_string_equal(string(video, "action"), "encode");
    assert_string_equal(string(video, "reason"), "the picture is 640x360");
    assert_string_equal(string(audio, "action"), "copy");
    assert_null(cJSON_GetObjectItemCaseSensitive(audio, "reason"));
    const cJSON *gaps = cJSON_GetObjectItemCaseSensitive(j, "gaps");
    assert_int_equal(cJSON_GetArraySize(gaps), 1);
    assert_string_equal(string(cJSON_GetArrayItem(gaps, 0), "kind"), "video");
    assert_true(number(cJSON_GetArrayItem(gaps, 0), "start_ms") == (double)BASE_MS);
    assert_true(number(cJSON_GetArrayItem(gaps, 0), "duration_ms") == 1000);
    cJSON_Delete(j);
    j = cJSON_Parse(second);
    assert_non_null(j);
    assert_null(cJSON_GetObjectItemCaseSensitive(j, "video"));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(j, "gaps")), 0);
    cJSON_Delete(j);
    free(text);
    trtc_plan_fini(&p);
    made_fini(&m);
}

/* Every tag is closed, in order; every attribute is quoted; nothing stands where XML does not
 * allow it. */
static void assert_xml(const char *s, size_t n)
{
    char stack[64][16];
    int depth = 0, elements = 0;
    if (strlen(s) != n || !trtc_utf8_valid(s, n))
        fail_msg("no text: %s", s);
    assert_null(strstr(s, "\xEF\xBF\xBE"));
    assert_null(strstr(s, "\xEF\xBF\xBF"));
    while (*s) {
        if ((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t')
            fail_msg("control character");
        if (*s == '&') {
            static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&apos;" };
            bool fine = false;
            for (size_t i = 0; i < 5; i++)
                fine |= strncmp(s, known[i], strlen(known[i])) == 0;
            if (!fine)
                fail_msg("a bare &: %.40s", s);
        }
        if (*s++ != '<')
            continue;
        bool close = *s == '/';
        s += close;
        size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz");
        if (len == 0 || len >= sizeof stack[0])
            fail_msg("no tag: %.40s", s - 1);
        char name[16];
        snprintf(name, sizeof name, "%.*s", (int)len, s);
        s += len;
        if (close) {
            if (*s++ != '>' || depth == 0 || strcmp(stack[--depth], name) != 0)
                fail_msg("</%s> closes %s", name, depth >= 0 ? stack[depth] : "nothing");
            continue;
        }
        while (*s == ' ') { /* attributes */
            s += 1 +
                 strspn(s + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
            if (s[0] != '=' || s[1] != '"')
                fail_msg("no attribute: %.40s", s);
            for (s += 2; *s && *s != '"'; s++)
                if (*s == '<')
                    fail_msg("< in an attribute");
            s += *s == '"';
        }
        elements++;
        if (s[0] == '/' && s[1] == '>') {
            s += 2;
        } else if (*s == '>' && depth < 64) {
            strcpy(stack[depth++], name);
            s++;
        } else {
            fail_msg("no end of <%s: %.40s", name, s);
        }
    }
    assert_int_equal(depth, 0);
    assert_true(elements > 5);
}

static size_t count(const char *s, const char *what)
{
    size_t n = 0;
    for (s = strstr(s, what); s; s = strstr(s + 1, what))
        n++;
    return n;
}

static void test_svg(void **state)
{
    (void)state;
    struct made m, x;
    struct trtc_plan p = { 0 };
    const struct trtc_plan_opts o = { 0 };
    size_t n;
    char *text = print(&p, SVG, &n); /* nothing is a picture, too */
    assert_xml(text, n);
    free(text);
    make(&m, "a 0+10000 10000+10000 20000+10000 50000+10000 v 0+10000 22000+8000", TRTC_AUX_MAIN);
    make(&x, "m 495+10000", TRTC_AUX_MAIN);
    assert_int_equal(trtc_plan_add(&p, &m.r, &m.t, &o, NULL), 0);
    assert_int_equal(trtc_plan_add(&p, &x.r, &x.t, &o, NULL), 0);
    assert_int_equal(p.n, 3);
    text = print(&p, SVG, &n);
    assert_xml(text, n);
    /* without the key below: two bars of picture and two of sound for the user, one each for
     * the mix, one hole, three outputs */
    assert_int_equal(count(text, "<rect class=\"v\" x="), 3);
    assert_int_equal(count(text, "<rect class=\"a\" x=") - 1, 3);
    assert_int_equal(count(text, "<rect class=\"x\" x=") - 1, 1);
    assert_int_equal(count(text, "<rect class=\"o\" x=") - 1, 3);
    assert_non_null(strstr(text, ">10001<"));
    free(text);
    trtc_plan_fini(&p);
    made_fini(&x);
    made_fini(&m);
}

#define ID(s) s, sizeof s - 1

/* Ids and directories that would like to be something else. */
static void test_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        size_t n;
        bool is_text;
        const char *dir;
        const char *tsv; /* first column */
        const char *b64; /* in JSON, instead of the id */
    } t[] = {
        { ID("<script>alert(\"1\")</script>&amp;'"), true, "rec", NULL, NULL },
        { ID("]]><!--"), true, "a<b>&\"c", NULL, NULL },
        { ID("-"), true, "rec", "\\x2D", NULL },
        { ID("-\0x"), false, "rec", "-\\x00x", "LQB4" },
        { ID(""), true, "rec", "", NULL },
        { ID("a\tb\nc\rd\\e\x1b[31m"), false, "re\tc\n", "a\\tb\\nc\\rd\\\\e\\x1B[31m", NULL },
        { ID("\xff\xfe\0\x80"), false, "\xff\xc3(", "\\xFF\\xFE\\x00\\x80", "//4AgA==" },
        { ID("\xEF\xBF\xBE|\xEF\xBF\xBF"), true, "\xEF\xBF\xBE", NULL, NULL },
        { ID("\xE8\x80\x81\xE5\xB8\x88"), true, "\xE8\x80\x81", "\xE8\x80\x81\xE5\xB8\x88", NULL },
        { ID("0123456789012345678901234567890123456789012345678901234567890123456789"), true, "rec",
          NULL, NULL },
        { ID("\xE8\x80\x81\xE8\x80\x81\xE8\x80\x81\xE8\x80\x81\xE8\x80\x81\xE8\x80\x81\xE8\x80\x81\xE8\x80\x81\xE8\x80\x81\xE8\x80\x81"
             "\xE8\x80\x81\xE8\x80\x81\xE8\x80\x81\xE8\x80\x81"),
          true, "rec", NULL, NULL },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct made m;
        struct trtc_plan p = { 0 };
        const struct trtc_plan_opts o = { 0 };
        char id[128], dir[32];
        size_t n;
        make(&m, "a 0+10000 v 0+10000/1x1", TRTC_AUX_MAIN);
        memcpy(id, t[i].id, t[i].n);
        id[t[i].n] = '\0';
        strcpy(dir, t[i].dir);
        m.r.user_id = id;
        m.r.user_id_len = t[i].n;
        m.r.user_id_text = t[i].is_text;
        m.r.dir = dir;
        assert_int_equal(trtc_plan_add(&p, &m.r, &m.t, &o, NULL), 0);
        char *text = print(&p, SVG, &n);
        assert_xml(text, n);
        free(text);
        text = print(&p, TSV, &n);
        assert_int_equal(count(text, "\n"), 1);
        assert_int_equal(count(text, "\t"), 7);
        if (t[i].tsv &&
            (strncmp(text, t[i].tsv, strlen(t[i].tsv)) != 0 || text[strlen(t[i].tsv)] != '\t'))
            fail_msg("%zu: %s", i, text);
        free(text);
        text = print(&p, JSON, &n);
        assert_int_equal(count(text, "\n"), 1);
        cJSON *j = cJSON_Parse(text);
        assert_non_null(j);
        if (t[i].b64)
            assert_string_equal(string(j, "user_b64"), t[i].b64);
        else
            assert_string_equal(string(j, "user"), t[i].id);
        assert_int_equal(cJSON_HasObjectItem(j, "user"), !t[i].b64);
        cJSON_Delete(j);
        free(text);
        trtc_plan_fini(&p);
        made_fini(&m);
    }
}

/* Stamps that are millennia apart make no millions of ticks, and an output of no length no
 * picture without end. */
static void test_svg_extremes(void **state)
{
    (void)state;
    static const char *const t[] = { "a 0+10000 250000000000000+10000", "a 0+0", "v 0+864000000",
                                     "a -1767225600000+1 0+1", "a 0+1" };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct made m;
        struct trtc_plan p = { 0 };
        const struct trtc_plan_opts o = { .whole = i % 2 };
        size_t n;
        make(&m, t[i], TRTC_AUX_MAIN);
        assert_int_equal(trtc_plan_add(&p, &m.r, &m.t, &o, NULL), 0);
        char *text = print(&p, SVG, &n);
        assert_xml(text, n);
        if (n > 16384)
            fail_msg("%s: %zu bytes", t[i], n);
        assert_true(count(text, "<path class=\"g\"") <= 12);
        assert_null(strstr(text, "nan"));
        assert_null(strstr(text, "inf"));
        free(text);
        trtc_plan_fini(&p);
        made_fini(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_decisions_by_section),
        cmocka_unit_test(test_copy_not_possible),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_part_names),
        cmocka_unit_test(test_collisions),
        cmocka_unit_test(test_tsv),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_svg),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_svg_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
