/* SPDX-License-Identifier: MIT */
/* recording/timeline: which segments are used, where they are cut, where sections begin and end.
 * Recordings are written as text, a segment a word; what comes out is compared as text. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "recording/timeline.h"

#define BASE_MS   INT64_C(1767225600000) /* 2026-01-01 */
#define LISTS_MAX 8

/* ---- recordings from text ---- */

struct made {
    struct trtc_recording r;
    struct trtc_list lists[LISTS_MAX];
    char *text;
};

/* Adds a source: "KIND[n] START+DUR ..." with times in ms. KIND: a v (main), A V (substream),
 * x (main, sound and picture in one), m (mixed, both); n: 1-3 a recovery, 4-9 a numbered playlist.
 * A segment that ends in ! was found unusable. */
static void add_source(struct made *m, const char *word)
{
    struct trtc_list *s = &m->lists[m->r.nb_lists++];
    int n = word[1] ? word[1] - '0' : 0;
    *s = (struct trtc_list){ .ha = n <= 3 ? n : 0, .index = n > 3 ? n : 0 };
    s->media = *word == 'm'          ? TRTC_MEDIA_NONE
               : strchr("AV", *word) ? TRTC_MEDIA_AUX
                                     : TRTC_MEDIA_MAIN;
    s->type = *word == 'm' ? TRTC_NO_KIND : strchr("aA", *word) ? TRTC_AUDIO : TRTC_VIDEO;
    if (*word == 'm')
        m->r.user = NULL;
}

static void make(struct made *m, const char *text)
{
    static char dir[] = "d", user[] = "MTAwMDE.", room[] = "1";
    *m = (struct made){ 0 };
    m->text = strdup(text);
    m->r.dir = dir;
    m->r.user = user;
    m->r.room = room;
    m->r.lists = m->lists;
    m->r.pieces = calloc(strlen(text) + 1, sizeof *m->r.pieces);
    assert_non_null(m->text);
    assert_non_null(m->r.pieces);
    char kind = 0, *rest = NULL;
    for (char *w = strtok_r(m->text, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
        char *end;
        if (strchr("avAVxm", *w)) {
            assert_true(m->r.nb_lists < LISTS_MAX);
            add_source(m, w);
            kind = *w;
            continue;
        }
        int64_t start = strtoll(w, &end, 10), dur = strtoll(end, &end, 10);
        struct trtc_piece *p = &m->r.pieces[m->r.nb_pieces++];
        *p = (struct trtc_piece){ .uri = w,
                                  .start_us = (BASE_MS + start) * 1000,
                                  .dur_us = dur * 1000,
                                  .bytes = 188,
                                  .attr_bytes = -1,
                                  .name_ms = BASE_MS + start,
                                  .list = (int)m->r.nb_lists - 1,
                                  .exact = true,
                                  .unusable = *end == '!' };
        p->facts.kinds = strchr("aA", kind)   ? TRTC_AUDIO
                         : strchr("vV", kind) ? TRTC_VIDEO
                                              : (unsigned)TRTC_AUDIO | (unsigned)TRTC_VIDEO;
    }
}

static void made_fini(struct made *m)
{
    free(m->r.pieces);
    free(m->text);
}

/* ---- what comes out, as text ---- */

static int64_t rel_ms(int64_t us)
{
    return us / 1000 - BASE_MS;
}

/* "0+10 10+10<15": source kind in front where it changes, "<" the cut. */
static char *put_lane(char *s, const struct made *m, const struct trtc_lane *lane)
{
    int list = -1;
    for (size_t i = 0; i < lane->n; i++) {
        const struct trtc_piece *p = lane->clips[i].piece;
        if (p->list != list) {
            const struct trtc_list *from = &m->r.lists[list = p->list];
            s += sprintf(s, " %c%s",
                         from->media == TRTC_MEDIA_NONE  ? 'm'
                         : from->media == TRTC_MEDIA_AUX ? 'S'
                                                         : 'P',
                         from->ha == 1   ? "1"
                         : from->ha == 2 ? "2"
                         : from->ha == 3 ? "3"
                         : from->index   ? "n"
                                         : "");
        }
        s += sprintf(s, " %" PRId64, rel_ms(p->start_us));
        if (lane->clips[i].cut_us != INT64_MAX)
            s += sprintf(s, "<%" PRId64, rel_ms(lane->clips[i].cut_us));
    }
    return s;
}

/* "[start end stamp v:... a:...] ... twice:..." */
static void put_timeline(char *s, const struct made *m, const struct trtc_timeline *t)
{
    size_t nb_audio = 0, nb_video = 0;
    *s = '\0';
    for (size_t i = 0; i < t->nb_sections; i++) {
        const struct trtc_section *c = &t->sections[i];
        s += sprintf(s, "%s[%" PRId64 " %" PRId64 "", i ? " " : "", rel_ms(c->start_us),
                     rel_ms(c->end_us));
        if (c->stamp_ms - BASE_MS != rel_ms(c->start_us))
            s += sprintf(s, " stamp %" PRId64, c->stamp_ms - BASE_MS);
        if (c->video.n) {
            s += sprintf(s, " v:");
            assert_ptr_equal(c->video.clips, t->video.clips + nb_video);
            s = put_lane(s, m, &c->video);
        }
        if (c->audio.n) {
            s += sprintf(s, " a:");
            assert_ptr_equal(c->audio.clips, t->audio.clips + nb_audio);
            s = put_lane(s, m, &c->audio);
        }
        s += sprintf(s, "]");
        nb_audio += c->audio.n;
        nb_video += c->video.n;
    }
    assert_int_equal(nb_audio, t->audio.n); /* every clip is in a section */
    assert_int_equal(nb_video, t->video.n);
    for (size_t i = 0; i < t->losses.n; i++)
        s += sprintf(s, " %s:%s", t->losses.items[i].kind, t->losses.items[i].path);
    if (t->overlap_us)
        s += sprintf(s, " over %" PRId64, t->overlap_us / 1000);
    if (t->nb_left_out)
        sprintf(s, " left %d", t->nb_left_out);
}

struct line {
    enum trtc_aux aux;
    const char *in, *out;
};

static void run(const struct line *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct made m;
        struct trtc_timeline tl;
        struct trtc_err err = { 0 };
        char got[4096];
        make(&m, t[i].in);
        assert_int_equal(trtc_timeline_build(&m.r, t[i].aux, &tl, &err), 0);
        put_timeline(got, &m, &tl);
        if (strcmp(got, t[i].out) != 0)
            fail_msg("%s (-a %d)\n want %s\n got  %s", t[i].in, (int)t[i].aux, t[i].out, got);
        trtc_timeline_fini(&tl);
        made_fini(&m);
    }
}

#define RUN(table) run(table, sizeof(table) / sizeof *(table))

/* ---- one playlist ---- */

static void test_one_playlist(void **state)
{
    (void)state;
    static const struct line t[] = {
        { 0, "", "" },
        { 0, "a", "" },
        { 0, "a 0+10000!", "" },
        { 0, "a 0+10000", "[0 10000 a: P 0]" },
        { 0, "v 0+10000 10000+10000", "[0 20000 v: P 0 10000]" },
        /* one unusable */
        { 0, "v 0+10000 10000+10000! 20000+10000", "[0 30000 v: P 0 20000]" },
        /* what recordings show: 5.3 ms overlaps of sound, 74 ms of overlap, 38 ms of gap */
        { 0, "a 0+10005 10000+10005 20000+10005", "[0 30005 a: P 0 10000 20000]" },
        { 0, "v 0+12074 12000+11901 23939+5000", "[0 28939 v: P 0 12000 23939]" },
        /* a real overlap is cut where the next one starts */
        { 0, "v 0+10000 9000+10000 19000+10000", "[0 29000 v: P 0<9000 9000 19000]" },
        { 0, "v 0+10000 9899+10000", "[0 19899 v: P 0<9899 9899]" },
        { 0, "v 0+10000 9901+10000", "[0 19901 v: P 0 9901]" },
        /* the order of the lines does not matter */
        { 0, "v 10000+10000 0+10000", "[0 20000 v: P 0 10000]" },
        /* the same time again: once used, once listed, whichever is longer */
        { 0, "v 0+10000 0+10000 10000+10000", "[0 20000 v: P 0 10000] twice:d/0+10000" },
        { 0, "v 0+10000 10000+9000 10000+10000 20000+10000",
          "[0 30000 v: P 0 10000 20000] twice:d/10000+9000" },
        { 0, "v 0+10000 10000+10000 10000+9000 20000+10000",
          "[0 30000 v: P 0 10000 20000] twice:d/10000+9000" },
        { 0, "v 0+10000 0+10000 0+10000", "[0 10000 v: P 0] twice:d/0+10000 twice:d/0+10000" },
        /* one within another */
        { 0, "v 0+30000 10000+10000 30000+10000", "[0 40000 v: P 0 30000] twice:d/10000+10000" },
        /* sound and picture of their own length */
        { 0, "a 0+10000 10000+10000 v 500+10000 10500+8000",
          "[0 20000 v: P 500 10500 a: P 0 10000]" },
        /* both in one segment */
        { 0, "x 0+10000 10000+10000", "[0 20000 v: P 0 10000 a: P 0 10000]" },
        { 0, "m 0+10000 10000+10000", "[0 20000 v: m 0 10000 a: m 0 10000]" },
        { 2, "m 0+10000", "[0 10000 v: m 0 a: m 0]" },
        /* numbered playlists go on */
        { 0, "a 0+10000 10000+10000 a4 20000+10000 30000+10000",
          "[0 40000 a: P 0 10000 Pn 20000 30000]" },
        { 0, "a 0+10000 10000+10000 a4 20030+10000 30030+10000",
          "[0 40030 a: P 0 10000 Pn 20030 30030]" },
    };
    RUN(t);
}

static void test_sections(void **state)
{
    (void)state;
    static const struct line t[] = {
        /* 15 s are not "more than 15 s" */
        { 0, "v 0+10000 25000+10000", "[0 35000 v: P 0 25000]" },
        { 0, "v 0+10000 25001+10000", "[0 10000 v: P 0] [25001 35001 v: P 25001]" },
        { 0, "a 0+10000 25000+10000 50001+10", "[0 35000 a: P 0 25000] [50001 50011 a: P 50001]" },
        /* any media holds a section together */
        { 0, "v 0+10000 60000+10000 a 0+50000", "[0 70000 v: P 0 60000 a: P 0]" },
        { 0, "v 0+10000 60000+10000 a 0+30000",
          "[0 30000 v: P 0 a: P 0] [60000 70000 v: P 60000]" },
        { 0, "a 0+10000 v 26000+10000 a4 60000+10000",
          "[0 10000 a: P 0] [26000 36000 v: P 26000] [60000 70000 a: Pn 60000]" },
        /* counted from the latest end: a long segment, then a short one */
        { 0, "a 0+60000 v 0+1000 v4 10000+1000 70000+1000",
          "[0 71000 v: P 0 Pn 10000 70000 a: P 0]" },
        { 0, "a 0+60000 v 1000+1000 75001+1000",
          "[0 60000 v: P 1000 a: P 0] [75001 76001 v: P 75001]" },
        { 0, "a 5000+1000 v 0+60000 70000+1000", "[0 71000 v: P 0 70000 a: P 5000]" },
        /* many */
        { 0, "a 0+1000 20000+1000 40000+1000 v 20500+1000",
          "[0 1000 a: P 0] [20000 21500 v: P 20500 a: P 20000] [40000 41000 a: P 40000]" },
        /* a substream that is left out holds nothing together, and is counted */
        { 0, "v 0+10000 60000+10000 V 0+60000",
          "[0 10000 v: P 0] [60000 70000 v: P 60000] left 1" },
    };
    RUN(t);
}

/* The stamp is that of the first segment's name; without one, its place on the clock. */
static void test_stamps(void **state)
{
    (void)state;
    struct made m;
    struct trtc_timeline t;
    make(&m, "a 100+10000 v 0+10000 40000+10000 80000+10000");
    m.r.pieces[1].name_ms = BASE_MS - 3600000; /* a name that START-REC-TIME has shifted */
    m.r.pieces[2].name_ms = TRTC_NOTIME;
    assert_int_equal(trtc_timeline_build(&m.r, TRTC_AUX_MAIN, &t, NULL), 0);
    assert_int_equal(t.nb_sections, 3);
    assert_true(t.sections[0].stamp_ms == BASE_MS - 3600000);
    assert_true(t.sections[0].start_us == BASE_MS * 1000);
    assert_true(t.sections[1].stamp_ms == BASE_MS + 40000);
    assert_true(t.sections[2].stamp_ms == BASE_MS + 80000);
    trtc_timeline_fini(&t);
    made_fini(&m);
}

/* ---- recoveries ---- */

static void test_recoveries(void **state)
{
    (void)state;
    static const struct line t[] = {
        /* the recovery goes on where the original ends */
        { 0, "v 0+10000 10000+10000 v1 20000+10000 30000+10000",
          "[0 40000 v: P 0 10000 P1 20000 30000]" },
        /* it overlaps by 5 s: joined at its segment's start, the original cut there */
        { 0, "v 0+10000 10000+10000 v1 15000+10000 25000+10000",
          "[0 35000 v: P 0 10000<15000 P1 15000 25000] over 5000" },
        /* by 30 s, its segments beside the original's: the join is the last start before the
         * original ends */
        { 0,
          "v 0+10000 10000+10000 20000+10000 30000+10000 v1 10000+10000 20000+10000 30000+10000 "
          "40000+10000",
          "[0 50000 v: P 0 10000 20000 30000 P1 40000] over 30000" },
        { 0,
          "v 0+10000 10000+10000 20000+10000 30000+10000 v1 7000+10000 17000+10000 27000+10000 "
          "37000+10000 47000+10000",
          "[0 57000 v: P 0 10000 20000 30000<37000 P1 37000 47000] over 33000" },
        /* it leaves a hole */
        { 0, "v 0+10000 10000+10000 v1 32000+10000", "[0 42000 v: P 0 10000 P1 32000]" },
        { 0, "v 0+10000 10000+10000 v1 42000+10000",
          "[0 20000 v: P 0 10000] [42000 52000 v: P1 42000]" },
        /* wholly inside the original: not needed */
        { 0, "v 0+10000 10000+10000 20000+10000 v1 5000+10000 15000+10000",
          "[0 30000 v: P 0 10000 20000] over 20000" },
        { 0, "v 0+60000 v1 10000+10000", "[0 60000 v: P 0] over 10000" },
        /* the original goes on beside it: the original is kept */
        { 0, "v 0+10000 10000+10000 20000+10000 30000+10000 v1 12000+10000 22000+10000 32000+10000",
          "[0 42000 v: P 0 10000 20000 30000<32000 P1 32000] over 28000" },
        /* the original has a hole, which the recovery fills; then the original is back */
        { 0, "v 0+10000 40000+10000 50000+10000 v1 5000+10000 15000+10000 25000+10000 35000+10000",
          "[0 60000 v: P 0<5000 P1 5000 15000 25000 35000<40000 P 40000 50000] over 10000" },
        { 0, "v 0+10000 10000+10000 60000+10000 v1 20000+20000 40000+20000",
          "[0 70000 v: P 0 10000 P1 20000 40000 P 60000]" },
        /* it fills only a part of the hole */
        { 0, "v 0+10000 40000+10000 v1 20000+10000", "[0 50000 v: P 0 P1 20000 P 40000]" },
        /* three of them */
        { 0, "v 0+10000 10000+10000 v1 15000+10000 v2 24000+10000 34000+10000 v3 42000+10000",
          "[0 52000 v: P 0 10000<15000 P1 15000<24000 P2 24000 34000<42000 P3 42000] over 8000" },
        { 0, "v 0+10000 v1 30000+10000 v2 10000+10000 v3 20000+10000",
          "[0 40000 v: P 0 P2 10000 P3 20000 P1 30000]" },
        { 0, "v 0+10000 v1 10000+10000 10000+10000 20000+10000",
          "[0 30000 v: P 0 P1 10000 20000] twice:d/10000+10000" },
        { 0, "v 0+10000 v1 5000+10000 15000+10000 v2 5000+10000 15000+10000",
          "[0 25000 v: P 0<5000 P1 5000 15000] over 25000" },
        /* three at the same time: one of them, once */
        { 0, "v 0+10000 v1 0+10000 v2 0+10000", "[0 10000 v: P 0] over 20000" },
        /* one segment that covers all before it */
        { 0, "v 0+10000 10000+10000 v1 0+60000", "[0 60000 v: P1 0] over 20000" },
        /* only recoveries */
        { 0, "v1 0+10000 v2 10000+10000", "[0 20000 v: P1 0 P2 10000]" },
        /* sound and picture change over on their own */
        { 0, "a 0+10000 10000+10000 v 0+10000 10000+10000 a1 20000+10000 v1 18000+10000",
          "[0 30000 v: P 0 10000<18000 P1 18000 a: P 0 10000 P1 20000] over 2000" },
        /* a few ms are rounding, and nobody is cut or left out for them */
        { 0, "v 0+10000 v1 9990+10", "[0 10000 v: P 0] over 10" },
        { 0, "a 0+10005 a1 10000+10005", "[0 20005 a: P 0<10000 P1 10000] over 5" },
    };
    RUN(t);
}

/* Without numbers of its own in the table: no time is there twice, none is missing. */
static void test_recoveries_cover(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int round = 0; round < 150; round++) {
        char text[4096], *s = text;
        static bool have[400000];
        memset(have, 0, sizeof have);
        for (int from = 0; from < 4; from++) {
            s += from ? sprintf(s, "v%d ", from) : sprintf(s, "v ");
            seed = seed * 1664525 + 1013904223;
            int at = (int)(seed >> 8) % 60000;
            for (int i = 0; i < 5; i++) {
                seed = seed * 1664525 + 1013904223;
                int dur = 1000 + (int)(seed >> 8) % 20000,
                    hole = seed % 3 == 0 ? (int)(seed >> 16) % 9000 : 0;
                s += sprintf(s, "%d+%d ", at + hole, dur);
                memset(have + at + hole, 1, (size_t)dur);
                at += hole + dur;
            }
        }
        struct made m;
        struct trtc_timeline t;
        make(&m, text);
        assert_int_equal(trtc_timeline_build(&m.r, TRTC_AUX_MAIN, &t, NULL), 0);
        assert_int_equal(t.losses.n, 0);
        static uint8_t used[400000];
        memset(used, 0, sizeof used);
        for (size_t i = 0; i < t.video.n; i++) {
            const struct trtc_clip *c = &t.video.clips[i];
            assert_true(!i || c->piece->start_us > c[-1].piece->start_us);
            for (int64_t ms = rel_ms(c->piece->start_us); ms < rel_ms(trtc_clip_end_us(c)); ms++)
                used[ms]++;
        }
        int twice = 0, lost = 0, run_lost = 0, worst = 0;
        for (size_t ms = 0; ms < 400000; ms++) {
            twice += used[ms] > 1;
            lost += have[ms] && !used[ms];
            run_lost = have[ms] && !used[ms] ? run_lost + 1 : 0;
            worst = run_lost > worst ? run_lost : worst;
        }
        if (twice || worst > 100) /* a playlist that pauses for so long goes on all the same */
            fail_msg("%s: %d ms twice, %d ms lost, %d in a row", text, twice, lost, worst);
        trtc_timeline_fini(&t);
        made_fini(&m);
    }
}

/* ---- substreams ---- */

static void test_substreams(void **state)
{
    (void)state;
    static const struct line t[] = {
        { 0, "a 0+10000 v 0+10000 V 0+10000", "[0 10000 v: P 0 a: P 0] left 1" },
        { 1, "a 0+10000 v 0+10000 V 0+10000", "[0 10000 v: P 0 a: P 0]" },
        { 2, "a 0+10000 v 0+10000 V 0+10000", "[0 10000 v: S 0 a: P 0] left 1" },
        /* one of them only */
        { 0, "a 0+10000 V 0+10000", "[0 10000 a: P 0] left 1" },
        { 1, "a 0+10000 V 0+10000", "[0 10000 v: S 0 a: P 0]" },
        { 2, "a 0+10000 v 0+10000", "[0 10000 a: P 0] left 1" },
        { 0, "V 0+10000", " left 1" },
        { 2, "v 0+10000", " left 1" },
        /* the substream's own sound */
        { 0, "a 0+10000 A 0+10000 V 0+10000", "[0 10000 a: P 0] left 2" },
        { 1, "A 0+10000 V 0+10000", "[0 10000 v: S 0 a: S 0]" },
        { 2, "A 0+10000 V 0+10000", "[0 10000 v: S 0 a: S 0]" },
        { 2, "a 0+10000 A 0+10000 V 0+10000", "[0 10000 v: S 0 a: P 0]" },
        { 2, "a 0+10000 A 0+10000 10000+10000 20000+10000 30000+10000 V 0+40000",
          "[0 40000 v: S 0 a: P 0 S 10000 20000 30000]" },
        /* -a 1: holes of over 15 s are filled, with the segments that lie in them */
        { 1, "v 0+10000 25000+10000 V 10000+10000", "[0 35000 v: P 0 25000]" },
        { 1, "v 0+10000 25001+10000 V 10000+10000", "[0 35001 v: P 0 S 10000 P 25001]" },
        { 1, "v 0+10000 40000+10000 V 0+9000 9000+9000 18000+9000 27000+9000 36000+9000 45000+9000",
          "[0 50000 v: P 0 S 18000 27000 36000<40000 P 40000]" },
        /* its edges: a segment that begins with the hole lies in it */
        { 1, "v 0+10000 40000+10000 V 10000+30000", "[0 50000 v: P 0 S 10000 P 40000]" },
        /* before and behind the primary stream */
        { 1, "v 20000+10000 V 0+10000 10000+15000", "[0 30000 v: S 0 10000<20000 P 20000]" },
        { 1, "v 0+10000 V 5000+10000 15000+10000 25000+10000", "[0 35000 v: P 0 S 15000 25000]" },
        /* ... where that is for more than 15 s: a user's streams do not end with the same frame */
        { 1, "v 0+10000 10000+10000 V 0+10000 10000+10050 20050+500", "[0 20000 v: P 0 10000]" },
        { 1, "v 300+10000 10300+10000 V 0+200 200+10000 10200+10000",
          "[300 20300 v: P 300 10300]" },
        { 1, "v 0+10000 V 10000+15000", "[0 10000 v: P 0]" },
        { 1, "v 0+10000 V 10000+15001", "[0 25001 v: P 0 S 10000]" },
        { 1, "v 0+10000 a 0+30000 V 10000+5000",
          "[0 30000 v: P 0 S 10000 a: P 0]" }, /* absent for 20 s of the recording */
        /* two holes */
        { 1, "v 0+10000 40000+10000 80000+10000 V 5000+10000 15000+10000 45000+20000 65000+20000",
          "[0 90000 v: P 0 S 15000 P 40000 S 65000<80000 P 80000]" },
        /* recoveries of both */
        { 1, "v 0+10000 v1 60000+10000 V 10000+10000 V1 15000+10000 25000+10000",
          "[0 35000 v: P 0 S 10000<15000 S1 15000 25000] [60000 70000 v: P1 60000] over 5000" },
    };
    RUN(t);
}

static void test_wanted(void **state)
{
    (void)state;
    static const char kinds[][2] = { "a", "v", "A", "V" };
    static const bool want[3][4] = { { true, true, false, false },
                                     { true, true, true, true },
                                     { true, false, true, true } };
    for (int aux = 0; aux < 3; aux++)
        for (int k = 0; k < 4; k++) {
            struct made m;
            make(&m, kinds[k]);
            assert_int_equal(trtc_list_wanted(&m.r, 0, (enum trtc_aux)aux), want[aux][k]);
            assert_true(trtc_list_wanted(&m.r, -1, (enum trtc_aux)aux));
            made_fini(&m);
        }
    struct made m;
    make(&m, "m 0+1000");
    assert_true(trtc_list_wanted(&m.r, 0, TRTC_AUX_SUB));
    made_fini(&m);
}

/* ---- size ---- */

static double seconds_for(struct made *m, enum trtc_aux aux, struct trtc_timeline *t)
{
    clock_t from = clock();
    assert_int_equal(trtc_timeline_build(&m->r, aux, t, NULL), 0);
    return (double)(clock() - from) / CLOCKS_PER_SEC;
}

/* n pieces of source 0 (every step ms, dur long), n of source 1. */
static void make_many(struct made *m, const char *lists, size_t n, int64_t step_ms, int64_t dur_ms,
                      int64_t step1_ms, int64_t dur1_ms)
{
    make(m, lists);
    free(m->r.pieces);
    m->r.pieces = calloc(2 * n, sizeof *m->r.pieces);
    assert_non_null(m->r.pieces);
    for (size_t i = 0; i < 2 * n; i++) {
        int64_t k = (int64_t)(i % n), start = BASE_MS + k * (i < n ? step_ms : step1_ms);
        struct trtc_piece *p = &m->r.pieces[m->r.nb_pieces++];
        *p = (struct trtc_piece){ .uri = "u",
                                  .start_us = start * 1000,
                                  .dur_us = (i < n ? dur_ms : dur1_ms) * 1000,
                                  .name_ms = start,
                                  .list = i >= n,
                                  .exact = true };
        p->facts.kinds = m->r.lists[p->list].type == TRTC_AUDIO ? TRTC_AUDIO : TRTC_VIDEO;
    }
}

static void test_many(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    static const struct {
        const char *lists;
        int64_t step, dur, step1, dur1;
        size_t audio, video, sections;
    } t[] = {
        { "a v", 10000, 10000, 10000, 10000, MANY, MANY, 1 },
        { "a v", 30000, 10000, 30000, 10000, MANY, MANY, MANY }, /* a section each */
        { "v v1", 10000, 10000, 10000, 10000, 0, MANY, 1 },      /* one beside the other */
        { "v v1", 10000, 5000, 10000, 10000, 0, MANY,
          1 }, /* the one has a hole behind every segment */
        { "v V", 40000, 10000, 10000, 10000, 0, MANY + 75000,
          75000 }, /* holes everywhere, segments for them */
        { "v v1", 1000, 500, 0, INT64_C(864000000), 0, 1, 1 }, /* segments that claim ten days */
        { "v v1", 1000, 500, 1, 400, 0, 0, 0 },                /* a crowd in the beginning */
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct made m;
        struct trtc_timeline tl;
        make_many(&m, t[i].lists, MANY, t[i].step, t[i].dur, t[i].step1, t[i].dur1);
        double s = seconds_for(&m, TRTC_AUX_AUTO, &tl);
        if (s > 5) /* it takes some 30 ms; with a square in it, minutes */
            fail_msg("%zu: %.1f s", i, s);
        if (t[i].sections) {
            if (tl.audio.n != t[i].audio || tl.video.n != t[i].video ||
                tl.nb_sections != t[i].sections)
                fail_msg("%zu: %zu sound, %zu picture, %zu sections", i, tl.audio.n, tl.video.n,
                         tl.nb_sections);
        }
        trtc_timeline_fini(&tl);
        made_fini(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_playlist),     cmocka_unit_test(test_sections),
        cmocka_unit_test(test_stamps),           cmocka_unit_test(test_recoveries),
        cmocka_unit_test(test_recoveries_cover), cmocka_unit_test(test_substreams),
        cmocka_unit_test(test_wanted),           cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
