/* SPDX-License-Identifier: MIT */
/* recording/recording: what a directory holds, and where its segments lie on the clock. Playlists are
 * real files in a temporary directory, segments are files of some bytes; what is found is compared
 * as text. */
#define _DEFAULT_SOURCE /* mkdtemp, symlink */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "recording/recording.h"
#include "unit/scratch.h"

#define BASE_MS        INT64_C(1767225600000) /* 20260101000000000 */
#define B              "#EXTM3U\n"
#define E              "#EXT-X-ENDLIST\n"
#define N(user, track) "1400000001_3560__UserId_s_" user "__UserId_e_" track
#define U              "MTAwMDE." /* 10001 */
#define V              N(U, "main_video")
#define A              N(U, "main_audio")

/* ---- files ---- */

static int enter(void **state)
{
    (void)state;
    return scratch_enter("t_recording");
}

static void put_text(const char *path, const char *text)
{
    scratch_put(path, text, strlen(text));
}

/* Every test has an empty directory "d". */
static int fresh(void **state)
{
    (void)state;
    return system("rm -rf d out && mkdir d out") ? -1 : 0;
}

/* Writes a word as it stands for: "@000010000" the user's picture of that time (hhmmssmmm). */
static char *put_word(char *to, const char *word)
{
    return to +
           (*word == '@' ? sprintf(to, V "_20260101%s.ts", word + 1) : sprintf(to, "%s", word));
}

/* Segment files, a word each, of so many bytes. */
static void put_segments(const char *words, size_t bytes)
{
    static const char zeros[4096];
    char text[1024], path[512], *rest = NULL;
    strcpy(text, words);
    for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
        strcpy(path, "d/");
        put_word(path + 2, w);
        scratch_put(path, zeros, bytes);
    }
}

/* A playlist, a word a line: "S495" START-REC-TIME, "F495,376" FILE-ATTR (both in ms from BASE_MS),
 * "X10.5" EXTINF; anything else is the name of a segment. */
static void put_list(const char *name, const char *words)
{
    char text[2048], path[256], out[8192] = "#EXTM3U\n", *to = out + strlen(out), *rest = NULL;
    strcpy(text, words);
    for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
        char *end = w + 1;
        int64_t ms = BASE_MS + (strchr("SF", *w) ? strtoll(w + 1, &end, 10) : 0);
        if (*w == 'S')
            to += sprintf(to, "#EXT-X-TRTC-START-REC-TIME:%" PRId64, ms);
        else if (*w == 'F')
            to += sprintf(to, "#EXT-X-TRTC-FILE-ATTR:%" PRId64 "%s", ms, end);
        else if (*w == 'X')
            to += sprintf(to, "#EXTINF:%s,", w + 1);
        else
            to = put_word(to, w);
        *to++ = '\n';
    }
    strcpy(to, E);
    snprintf(path, sizeof path, "d/%s.m3u8", name);
    put_text(path, out);
}

static struct trtc_scan scan(bool recursive, const char *user)
{
    struct trtc_scan s = { 0 };
    struct trtc_err err = { 0 };
    const struct trtc_find find = { recursive, &user, user ? 1 : 0, NULL };
    if (trtc_scan_dir(&s, "d", &find, &err) < 0)
        fail_msg("%s", err.msg);
    return s;
}

/* ---- what was found, as text ---- */

/* "0: 0+10000 10000+5000~ 1: ...": the source, start and length; ~ a start that is only summed up,
 * ? a length that must be measured. */
static char *put_pieces(char *s, const struct trtc_recording *r)
{
    int list = -1;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        const struct trtc_piece *p = &r->pieces[i];
        if (p->list != list) {
            s += sprintf(s, "%s%d:", i ? " " : "", p->list);
            list = p->list;
        }
        s += sprintf(s, " %" PRId64, p->start_us / 1000 - BASE_MS);
        if (p->dur_us != TRTC_NOTIME)
            s += sprintf(s, "+%" PRId64, p->dur_us / 1000);
        s += sprintf(s, "%s%s", p->exact ? "" : "~", p->measure ? "?" : "");
    }
    return s;
}

/* "; missing 20000+10000 -376": kind, place, time lost, bytes lost. */
static void put_losses(char *s, const struct trtc_recording *r)
{
    for (size_t i = 0; i < r->losses.n; i++) {
        const struct trtc_loss *l = &r->losses.items[i];
        s += sprintf(s, "; %s", l->kind);
        if (l->start_us != TRTC_NOTIME)
            s += sprintf(s, " %" PRId64 "+%" PRId64, l->start_us / 1000 - BASE_MS,
                         l->lost_us / 1000);
        if (l->lost_bytes >= 0)
            s += sprintf(s, " -%" PRId64, l->lost_bytes);
    }
}

static bool has_note(char *const *notes, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(notes[i], text))
            return true;
    return false;
}

/* Scans d, which holds one recording, and compares it with text. note stands in one of its notes;
 * NULL: it has none. */
static void expect(int line, const char *want, const char *note)
{
    char got[4096] = "";
    struct trtc_scan s = scan(false, NULL);
    if (s.n != 1)
        fail_msg("line %d: %zu recordings", line, s.n);
    put_pieces(got, &s.recs[0]);
    put_losses(got + strlen(got), &s.recs[0]);
    if (strcmp(got, want) != 0)
        fail_msg("line %d\n want %s\n got  %s", line, want, got);
    if (note ? !has_note(s.recs[0].notes, s.recs[0].nb_notes, note) : s.recs[0].nb_notes > 0)
        fail_msg("line %d: note: %s", line, s.recs[0].nb_notes ? s.recs[0].notes[0] : "none");
    trtc_scan_fini(&s);
}

#define EXPECT(want, note) expect(__LINE__, want, note)

/* ---- the clock ---- */

static void test_file_attr(void **state)
{
    (void)state;
    put_segments("@000000495 @000010574", 376);
    put_list(V, "S495 F495,376 X10.0785 @000000495 F10574,376 X11.5708 @000010574");
    EXPECT("0: 495+10078 10574+11570", NULL);
    /* it rules over the names, and over START-REC-TIME */
    put_list(V, "S-600000 F5000,376 X10 @000000495 F15000,376 X10 @000010574");
    EXPECT("0: 5000+10000 15000+10000", "differ by 4.505 s; FILE-ATTR is taken");
    /* where one segment has none, its name rules; shifted where the first name says so */
    put_list(V, "S495 F495,376 X10 @000000495 X10 @000010574");
    EXPECT("0: 495+10000 10574+10000", NULL);
    put_list(V, "S5495 F5495,376 X10 @000000495 X10 @000010574");
    EXPECT("0: 5495+10000 15574+10000", "shifted by +5.000 s");
}

/* Names that begin later than START-REC-TIME are right if those of another track are. */
static void test_first_not_listed(void **state)
{
    (void)state;
    put_segments("@000000000 @000010000 @000020000 " A "_20260101000000000.ts", 376);
    put_list(A, "S0 X10 " A "_20260101000000000.ts");
    put_list(V, "S0 X10 @000010000 X10 @000020000");
    EXPECT("0: 0+10000 1: 10000+10000 20000+10000", "after its START-REC-TIME; perhaps its first");
    put_list(V, "S0 F10000,376 X10 @000010000 X10 @000020000");
    EXPECT("0: 0+10000 1: 10000+10000 20000+10000", "begins 10.000 s after");
    put_list(A, "S-28800000 X10 " A "_20260101000000000.ts");
    put_list(V, "S-28800000 X10 @000010000 X10 @000020000");
    EXPECT("0: -28800000+10000 1: -28800000+10000 -28790000+10000", "shifted by -28810.000 s");
}

static void test_names(void **state)
{
    (void)state;
    put_segments("@000000495 @000010574", 376);
    put_list(V, "X10.0785 @000000495 X11.5708 @000010574");
    EXPECT("0: 495+10078 10574+11570", NULL);
    put_list(V, "S495 X10.0785 @000000495 X11.5708 @000010574");
    EXPECT("0: 495+10078 10574+11570", NULL);
    /* as in the specification's sample: hours ahead of START-REC-TIME, and 59 ms off */
    put_list(V, "S-28799446 X10.0785 @000000495 X11.5708 @000010574");
    EXPECT("0: -28799446+10078 -28789367+11570", "shifted by -28799.941 s");
    /* no EXTINF: must be measured */
    put_list(V, "@000000495 Xnan @000010574");
    EXPECT("0: 495? 10574?", "1 invalid lines were skipped, the first is line 3");
}

static void test_summed(void **state)
{
    (void)state;
    put_segments("a.ts b.ts c.ts @000100000 " V "_20261301000000000.ts", 376);
    put_list(V, "S1000 X10.5 a.ts X10 b.ts X9 c.ts");
    EXPECT("0: 1000+10500~ 11500+10000~ 21500+9000~", NULL);
    /* a name whose UTC is no time; names in between that are */
    put_list(V, "S1000 X10 " V "_20261301000000000.ts X10 @000100000 X10 c.ts");
    EXPECT("0: 1000+10000~ 60000+10000 70000+10000~", NULL);
    /* a missing one, and one listed twice, do not move those behind them */
    put_list(V, "S0 X10 a.ts X10 x.ts X10 a.ts X10 b.ts");
    EXPECT("0: 0+10000~ 20000+10000~; missing 10000+10000; twice 20000+0 -0", NULL);
    /* nothing at all to go by */
    put_list(V, "X10 a.ts X10 b.ts");
    struct trtc_scan s = scan(false, NULL);
    assert_int_equal(s.recs[0].nb_pieces, 2);
    assert_int_equal(s.recs[0].pieces[0].start_us, 0);
    assert_int_equal(s.recs[0].pieces[1].start_us, 10000000);
    assert_true(has_note(s.recs[0].notes, s.recs[0].nb_notes, "it begins in 1970"));
    trtc_scan_fini(&s);
}

static void test_jump_is_noted(void **state)
{
    (void)state;
    put_segments("@000000000 @010009000 @020020001", 376);
    put_list(V, "X10 @000000000 X10 @010009000");
    EXPECT("0: 0+10000 3609000+10000", NULL);
    put_list(V, "X10 @010009000 X10 @020020001");
    EXPECT("0: 3609000+10000 7220001+10000", "jumps ahead by 3601.001 s");
}

/* ---- clocks that run backwards, once the streams' stamps are known ---- */

static void test_settle(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct {
            int64_t clock_s, stream_s, want_s;
        } seg[6];
        int nb_notes;
    } t[] = {
        { "goes on", { { 0, 0, 0 }, { 10, 10, 10 }, { 20, 20, 20 } }, 0 },
        { "an hour back", { { 0, 0, 0 }, { 10, 10, 10 }, { -3580, 20, 20 }, { -3570, 30, 30 } }, 1 },
        { "and forth", { { 0, 0, 0 }, { -3590, 10, 10 }, { -3580, 20, 20 }, { 30, 30, 30 } }, 1 },
        { "one stamp is wrong",
          { { 0, 0, 0 }, { 10, 10, 10 }, { -9990, 20, 20 }, { 30, 30, 30 } },
          1 },
        { "twice back", { { 0, 0, 0 }, { -90, 10, 10 }, { -80, 20, 20 }, { -970, 30, 30 } }, 2 },
        { "out of order", { { 10, 10, 10 }, { 0, 0, 0 }, { 20, 20, 20 } }, 0 },
        { "recorded again", { { 0, 0, 0 }, { 10, 10, 10 }, { 10, 0, 10 }, { 20, 10, 20 } }, 0 },
        { "ahead", { { 0, 0, 0 }, { 3610, 10, 3610 }, { 3620, 20, 3620 } }, 0 },
        { "a gap", { { 0, 0, 0 }, { 60, 60, 60 }, { 70, 70, 70 } }, 0 },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_piece pieces[6] = { 0 };
        struct trtc_recording r = { .dir = scratch_dir(), .pieces = pieces };
        for (; r.nb_pieces < 6 &&
               (!r.nb_pieces || t[i].seg[r.nb_pieces].clock_s || t[i].seg[r.nb_pieces].want_s);
             r.nb_pieces++) {
            struct trtc_piece *p = &pieces[r.nb_pieces];
            *p = (struct trtc_piece){ .uri = "u",
                                      .start_us = (BASE_MS / 1000 + t[i].seg[r.nb_pieces].clock_s) *
                                                  1000000,
                                      .dur_us = 10000000,
                                      .exact = true };
            p->facts.first_ts_90k =
                (t[i].seg[r.nb_pieces].stream_s + 95440) * 90000 % (INT64_C(1) << 33);
        }
        assert_int_equal(trtc_recording_settle(&r, NULL), 0);
        for (size_t k = 0; k < r.nb_pieces; k++)
            if (pieces[k].start_us / 1000000 - BASE_MS / 1000 != t[i].seg[k].want_s)
                fail_msg("%s, %zu: %" PRId64, t[i].what, k,
                         pieces[k].start_us / 1000000 - BASE_MS / 1000);
        assert_int_equal(r.nb_notes, t[i].nb_notes);
        for (size_t k = 0; k < r.nb_notes; k++)
            free(r.notes[k]);
        free(r.notes);
    }
}

/* The clock steps back by less than a second: the stream is followed, and the clock come back to. */
static void test_settle_a_little(void **state)
{
    (void)state;
    static const struct {
        int64_t clock_ms, stream_ms, want_ms;
    } t[] = { { 0, 0, 0 },
              { 9800, 10000, 9990 },
              { 19800, 20000, 19980 },
              { 29960, 30000, 29970 },
              { 39965, 40000, 39965 },
              { 49900, 49900, 49900 } /* the stream itself falls back */ };
    struct trtc_piece pieces[6] = { 0 };
    struct trtc_recording r = { .dir = scratch_dir(), .pieces = pieces, .nb_pieces = 6 };
    for (size_t i = 0; i < 6; i++) {
        pieces[i] = (struct trtc_piece){ .uri = "u",
                                         .start_us = BASE_MS * 1000 + t[i].clock_ms * 1000,
                                         .dur_us = 10000000,
                                         .exact = true };
        pieces[i].facts.first_ts_90k = t[i].stream_ms * 90;
    }
    assert_int_equal(trtc_recording_settle(&r, NULL), 0);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pieces[i].start_us / 1000 - BASE_MS, t[i].want_ms);
    assert_int_equal(pieces[0].next_us, 9990000);
    assert_true(pieces[5].next_us == 0 || pieces[5].next_us == TRTC_NOTIME);
    assert_int_equal(r.nb_notes, 1);
    free(r.notes[0]);
    free(r.notes);
}

/* The beginning of a segment is missing if its first stamp is late and those around it are not. */
static void test_settle_beginnings(void **state)
{
    (void)state;
    enum { OVERWRITTEN = 1, WITH_TABLES = 2, FIRST = 4, LAST = 8, CUT = 16, LATER = 32 };
    static const struct {
        const char *what;
        int how;
        int64_t late_ms, next_ms, want_ms; /* of the middle one of three; the clock's next start */
        size_t nb_losses;
    } t[] = {
        { "missing", 0, 700, 20000, 10700, 1 },
        { "a pause", WITH_TABLES, 700, 20000, 10700, 0 },
        { "its clock is off", WITH_TABLES | LATER, 700, 20000, 10000, 0 },
        { "overwritten", OVERWRITTEN, 700, 20000, 10700, 0 },
        { "overwritten, and the clock jumps", OVERWRITTEN, 700, 20300, 10700, 0 },
        { "the first one, overwritten", OVERWRITTEN | FIRST, 700, 20000, 10700, 0 },
        { "the last one, overwritten", OVERWRITTEN | LAST, 700, 20000, 10700, 0 },
        { "the last one", LAST, 700, 20000, 10700, 1 },
        { "the last one, too small", LAST | WITH_TABLES | CUT, 700, 20000, 10700, 0 },
        { "its end is missing", LAST | WITH_TABLES | CUT, 0, 20000, 10000, 0 },
        { "the last one, or its clock jumps", LAST | WITH_TABLES, 700, 20000, 10000, 0 },
        { "the clock jumps", WITH_TABLES, 700, 20300, 10000, 0 },
        { "rounding", 0, 30, 20000, 10000, 0 },
        { "later than it is long", OVERWRITTEN, 10000, 20000, 10000, 0 },
        { "early", OVERWRITTEN, -700, 20000, 10000, 0 },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        const int64_t starts_ms[] = { 0, 10000, t[i].next_ms };
        const int64_t stamps_ms[] = { 0, 10000 + t[i].late_ms, 20000 };
        struct trtc_piece pieces[3];
        struct trtc_recording r = { .dir = scratch_dir(), .pieces = pieces, .nb_pieces = 3 };
        for (int k = 0; k < 3; k++) {
            pieces[k] = (struct trtc_piece){ .uri = "u",
                                             .start_us = starts_ms[k] * 1000,
                                             .dur_us = 10000000,
                                             .attr_bytes = -1,
                                             .place = k,
                                             .exact = true };
            pieces[k].facts.first_ts_90k = stamps_ms[k] * 90;
            pieces[k].facts.first_dts_90k[TRTC_AT_VIDEO] = stamps_ms[k] * 90;
            pieces[k].facts.end_90k[TRTC_AT_VIDEO] =
                (20000 + (t[i].how & LATER ? t[i].late_ms : 0)) * 90;
            pieces[k].facts.end_90k[TRTC_AT_AUDIO] = TRTC_NOTIME;
            pieces[k].facts.tables_first = k != 1 || t[i].how & WITH_TABLES;
        }
        pieces[1].facts.beheaded = t[i].how & OVERWRITTEN;
        pieces[1].cut = t[i].how & CUT; /* its length is that of what is there */
        pieces[1].dur_us -= pieces[1].cut ? t[i].late_ms * 1000 : 0;
        pieces[0].unusable = t[i].how & FIRST;
        pieces[2].unusable = t[i].how & LAST;
        assert_int_equal(trtc_recording_settle(&r, NULL), 0);
        if (pieces[1].start_us != t[i].want_ms * 1000 || r.losses.n != t[i].nb_losses ||
            pieces[1].start_us + pieces[1].dur_us != 20000000)
            fail_msg("%s: %" PRId64 " %zu", t[i].what, pieces[1].start_us, r.losses.n);
        trtc_losses_fini(&r.losses);
    }
}

/* A segment ends where the next one begins, however long its playlist says that it is, if their stamps, and
 * the clock, show that nothing overlaps, or if it may just have rounded that. */
static void test_settle_ends(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t stamp_ms, end_ms, want_ms; /* of the second one; of the first one */
        int64_t seconds;                   /* the playlist says so many; 0: 10.3 s */
    } t[] = {
        { "nothing overlaps", 10000, 10000, 10000, 0 },
        { "the name is early", 10090, 10090, 10000, 0 },
        { "what overlaps is rounding", 10000, 10050, 10000, 0 },
        { "an overlap", 10000, 10300, 10300, 0 },
        { "another clock", 70000, 10300, 10300, 0 },
        { "its end is not known", 10000, -1, 10300, 0 },
        { "whole seconds, by another clock", 69600, 10000, 10600, 11 },
        { "a second too many", 69600, 10000, 12000, 12 },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_piece pieces[2] = { { .uri = "u", .dur_us = 10300000, .exact = true },
                                        { .uri = "v", .dur_us = 10000000, .exact = true } };
        struct trtc_recording r = { .dir = scratch_dir(), .pieces = pieces, .nb_pieces = 2 };
        if (t[i].seconds) {
            pieces[0].dur_us = t[i].seconds * 1000000;
            pieces[0].start_us = -600000;
            pieces[0].whole = true;
        }
        pieces[1].place = 1;
        pieces[1].start_us = 10000000;
        pieces[1].facts.first_ts_90k = pieces[1].facts.first_dts_90k[TRTC_AT_VIDEO] =
            t[i].stamp_ms * 90;
        pieces[0].facts.end_90k[TRTC_AT_AUDIO] = TRTC_NOTIME;
        pieces[0].facts.end_90k[TRTC_AT_VIDEO] = t[i].end_ms < 0 ? TRTC_NOTIME : t[i].end_ms * 90;
        assert_int_equal(trtc_recording_settle(&r, NULL), 0);
        if (pieces[0].dur_us != t[i].want_ms * 1000 || pieces[1].start_us != 10000000)
            fail_msg("%s: %" PRId64, t[i].what, pieces[0].dur_us);
        trtc_losses_fini(&r.losses);
    }
}

/* Segments without times, whose playlist says 10.3 s: frames that go on from one to the next decide, if it
 * counts what the other kind has behind them. */
static void test_settle_sums(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t end_ms[TRTC_NB_KINDS], first_ms[TRTC_NB_KINDS]; /* pictures, sound; -1: not known */
        int64_t want_ms;
        bool odd; /* stamps fall in the first one */
    } t[] = {
        { "sound ends late", { 10000, 10300 }, { 10000, 10010 }, 10000, false },
        { "pictures end late", { 10300, 10000 }, { 10010, 10000 }, 10000, false },
        { "as the playlist says", { 10300, 10300 }, { 10290, 10310 }, 10300, false },
        { "a clock that jumped back", { 10000, 10000 }, { 10000, 10000 }, 10300, true },
        { "a picture counts for long", { 10000, 10000 }, { 10000, 10000 }, 10000, false },
        { "the sound does not go on", { 10000, 10000 }, { 10000, 10030 }, 10300, false },
        { "neither goes on", { 10000, 10300 }, { 10700, 10700 }, 10300, false },
        { "another clock", { 10000, 10300 }, { 0, 0 }, 10300, false },
        { "only one has jumped", { 10000, 10300 }, { 10000, 60000 }, 10300, false },
        { "their ends are not known", { -1, -1 }, { 10000, 10000 }, 10300, false },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_piece pieces[2] = { { .uri = "u", .dur_us = 10300000 },
                                        { .uri = "v", .dur_us = 10000000, .place = 1 } };
        struct trtc_recording r = { .dir = scratch_dir(), .pieces = pieces, .nb_pieces = 2 };
        struct trtc_facts *a = &pieces[0].facts, *b = &pieces[1].facts;
        pieces[1].start_us = 10300000;
        a->odd = t[i].odd;
        for (int k = 0; k < TRTC_NB_KINDS; k++) {
            a->end_90k[k] = t[i].end_ms[k] < 0 ? TRTC_NOTIME : t[i].end_ms[k] * 90;
            b->first_90k[k] = b->first_dts_90k[k] = t[i].first_ms[k] * 90;
        }
        b->first_ts_90k = b->first_90k[0] < b->first_90k[1] ? b->first_90k[0] : b->first_90k[1];
        assert_int_equal(trtc_recording_settle(&r, NULL), 0);
        if (pieces[1].start_us != t[i].want_ms * 1000 || pieces[0].dur_us != pieces[1].start_us)
            fail_msg("%s: %" PRId64, t[i].what, pieces[1].start_us);
    }
}

/* Scans d, settles its recording, and compares that. */
static void expect_settled(int line, const char *want)
{
    char got[4096] = "";
    struct trtc_scan s = scan(false, NULL);
    struct trtc_recording *r = &s.recs[0];
    assert_int_equal(s.n, 1);
    assert_int_equal(trtc_recording_settle(r, NULL), 0);
    for (size_t i = 0; i < r->nb_pieces; i++) {
        const struct trtc_piece *p = &r->pieces[i];
        sprintf(got + strlen(got), "%s%d:%" PRId64 "%s", i ? " " : "", p->list,
                p->start_us / 1000 - BASE_MS, p->unusable ? "x" : "");
    }
    put_losses(got + strlen(got), r);
    if (strcmp(got, want) != 0)
        fail_msg("line %d\n want %s\n got  %s", line, want, got);
    trtc_scan_fini(&s);
}

#define SETTLED(want) expect_settled(__LINE__, want)

/* A clock that is wild: what lies over 48 h from all else is placed by its name, or is lost. */
static void test_wild_clock(void **state)
{
    (void)state;
    put_segments("@000000000 @000010000 @000020000", 376);
    put_list(V, "X10 @000000000 X10 @000010000 X10 @000020000");
    SETTLED("0:0 0:10000 0:20000");
    /* FILE-ATTR of one, of several */
    put_list(V, "X10 @000000000 F-1767225600000,376 X10 @000010000 X10 @000020000");
    SETTLED("0:0 0:10000 0:20000; stray -1767225600000+0 -0");
    put_list(V, "X10 @000000000 F9000000000,376 X10 @000010000 F9000010000,376 X10 @000020000");
    SETTLED("0:0 0:10000 0:20000; stray 9000000000+0 -0");
    /* START-REC-TIME of one playlist, both ways */
    put_segments(A "_20260101000000000.ts " A "_20260101000010000.ts", 376);
    put_list(A, "S-1767225600000 X10 " A "_20260101000000000.ts X10 " A "_20260101000010000.ts");
    put_list(V, "S0 X10 @000000000 X10 @000010000");
    SETTLED("0:0 0:10000 1:0 1:10000; stray -1767225600000+0 -0");
    put_list(A, "S2592000000 X10 " A "_20260101000000000.ts X10 " A "_20260101000010000.ts");
    SETTLED("0:0 0:10000 1:0 1:10000; stray 2592000000+0 -0");
    /* one of less than two days is the recording's own */
    put_list(A, "S100000000 X10 " A "_20260101000000000.ts X10 " A "_20260101000010000.ts");
    SETTLED("0:100000000 0:100010000 1:0 1:10000");
    assert_int_equal(unlink("d/" A ".m3u8"), 0);
    /* a name that is wild has nothing else to be placed by */
    put_segments(V "_20360101000010000.ts", 376);
    put_list(V, "X10 @000000000 X10 " V "_20360101000010000.ts X10 @000020000");
    SETTLED("0:0 0:315532810000x 0:20000; stray 315532810000+10000 -376");
    /* one in front does not shift those behind it, which agree with START-REC-TIME */
    put_segments(V "_20160101000010000.ts", 376);
    put_list(V, "S0 X10 " V "_20160101000010000.ts X10 @000010000 X10 @000020000");
    SETTLED("0:-315619190000x 0:10000 0:20000; stray -315619190000+10000 -376");
}

/* ---- what cannot be used ---- */

static void test_losses(void **state)
{
    (void)state;
    put_segments("@000000000 @000010000 @000030000", 376);
    put_segments("@000020000", 0);
    put_segments("@000040000", 400);
    put_text("out/secret.ts", "x");
    assert_int_equal(symlink("../out/secret.ts", "d/link.ts"), 0);
    assert_int_equal(mkfifo("d/fifo.ts", 0600), 0);
    put_list(V, "X10 @000000000 X10 @000010000 F20000,3760 X10 @000020000"
                " F30000,1880 X10 @000030000 X10 @000040000" /* shorter than it says; no packets */
                " F50000,5640 X10.5 @000050000 X10 ../out/secret.ts X10 /etc/passwd"
                " X10 http://127.0.0.1/x.ts X10 link.ts X10 fifo.ts");
    EXPECT("0: 0+10000 10000+10000 30000+10000? 40000+10000?"
           "; empty 20000+10000 -3760; missing 50000+10500 -5640; missing 60500+10000"
           "; missing 70500+10000; missing 80500+10000; missing 90500+10000"
           "; unreadable 100500+10000",
           NULL);
}

/* Ranges of one file: its name has the time of the first of them; the others follow. */
static void test_byte_ranges(void **state)
{
    (void)state;
    put_segments("@000000000", 1880);
    put_list(V, "X10 #EXT-X-BYTERANGE:376@0 @000000000 X10 #EXT-X-BYTERANGE:564 @000000000"
                " X5 #EXT-X-BYTERANGE:940@940 @000000000");
    EXPECT("0: 0+10000 10000+10000~ 20000+5000~", NULL);
    struct trtc_scan s = scan(false, NULL);
    const struct trtc_piece *p = s.recs[0].pieces;
    assert_true(p[1].at_bytes == 376 && p[1].bytes == 564 && p[1].attr_bytes == 564 && p[1].ranged);
    assert_int_equal(s.recs[0].bytes, 1880);
    trtc_scan_fini(&s);
    /* their own times rule; the sizes are those of the ranges */
    put_list(V, "F0,1880 X10 #EXT-X-BYTERANGE:940@0 @000000000"
                " F30000,1880 X10 #EXT-X-BYTERANGE:940 @000000000");
    EXPECT("0: 0+10000 30000+10000", NULL);
    /* beyond the end of the file, and twice the same */
    put_list(V, "X10 #EXT-X-BYTERANGE:940@940 @000000000 X10 #EXT-X-BYTERANGE:376@1880 @000000000"
                " X10 #EXT-X-BYTERANGE:376@1692 @000000000 X1 #EXT-X-BYTERANGE:940@940 @000000000");
    EXPECT("0: 0+10000 20000+10000~?; missing 10000+10000 -376; twice 30000+0 -0", NULL);
}

#define OTHER N("MTAwMDI.", "main_video") "_20260101200000000.ts" /* 20 h later */

static void test_twice_and_foreign(void **state)
{
    (void)state;
    put_segments("@000000000 @000010000 @000020000 " OTHER, 376);
    /* listed twice: at once, and later on; those behind stay where they are */
    put_list(V, "X10 @000000000 X10 @000000000 X10 @000010000 X10 @000000000 X10 @000020000");
    EXPECT("0: 0+10000 10000+10000 20000+10000; twice 0+0 -0; twice 0+0 -0", NULL);
    /* a foreign one, wherever its clock is */
    put_list(V, "X10 @000000000 X10 " OTHER " X10 @000020000");
    EXPECT("0: 0+10000 20000+10000; foreign 10000+10000", NULL);
    /* ... in front, it does not shift the others */
    put_list(V, "S0 X10 " OTHER " X10 @000010000 X10 @000020000");
    EXPECT("0: 10000+10000 20000+10000; foreign 0+10000", NULL);
    /* the same file in two playlists of the recording */
    put_list(V, "X10 @000000000");
    put_list(V "_2", "X10 @000000000 X10 @000010000");
    EXPECT("0: 0+10000 1: 10000+10000", "listed by another playlist of this track");
}

/* Another user's, room's, application's, a mixed one; and what is no recording's name, which is
 * fine. */
static void test_who_is_foreign(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool foreign;
    } t[] = {
        { OTHER, true },
        { "1400000001_3561__UserId_s_" U "__UserId_e_main_video_20260101000010000.ts", true },
        { "1400000002_3560__UserId_s_" U "__UserId_e_main_video_20260101000010000.ts", true },
        { "1400000001_3560_20260101000010000.ts", true },
        { "ha1_" V "_20260101000010000.ts", false },
        { A "_20260101000010000.ts", false },
        { "segment.ts", false },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char line[256];
        snprintf(line, sizeof line, "X1 %s", t[i].name);
        put_segments(t[i].name, 376);
        put_list(V, line);
        struct trtc_scan s = scan(false, NULL);
        const struct trtc_recording *r = &s.recs[0];
        if (r->nb_pieces != !t[i].foreign || r->losses.n != t[i].foreign)
            fail_msg("%s", t[i].name);
        if (t[i].foreign)
            assert_string_equal(r->losses.items[0].kind, "foreign");
        trtc_scan_fini(&s);
    }
}

static void test_nul_in_name(void **state)
{
    (void)state;
    static const char text[] = "#EXTM3U\n#EXTINF:10,\n" V "_20260101000000000.ts\0/../x\n"
                               "#EXTINF:10,\n" V "_20260101000010000.ts\n" E;
    put_segments("@000000000 @000010000", 376);
    scratch_put("d/" V ".m3u8", text, sizeof text - 1);
    EXPECT("0: 10000+10000; missing 0+10000", NULL);
}

/* ---- grouping ---- */

/* "dir app/room/user: file file; ..." in the order found. */
static void assert_found(const struct trtc_scan *s, const char *want)
{
    char got[8192] = "", *at = got;
    for (size_t i = 0; i < s->n; i++) {
        const struct trtc_recording *r = &s->recs[i];
        at += sprintf(at, "%s%s %" PRId64 "/%s/%s:", i ? "; " : "", r->dir, r->sdkappid, r->room,
                      r->user ? r->user : "-");
        for (size_t k = 0; k < r->nb_lists; k++) {
            const struct trtc_list *from = &r->lists[k];
            at += sprintf(at, " %s", from->media == TRTC_MEDIA_AUX ? "aux " : "");
            at += sprintf(at, "%s",
                          from->type == TRTC_AUDIO   ? "a"
                          : from->type == TRTC_VIDEO ? "v"
                                                     : "m");
            at += from->ha ? sprintf(at, "ha%d", from->ha) : 0;
            at += from->index ? sprintf(at, "_%" PRId64, from->index) : 0;
        }
    }
    if (strcmp(got, want) != 0)
        fail_msg("\n want %s\n got  %s", want, got);
}

static void put_playlists(const char *const *names)
{
    for (; *names; names++) {
        char path[512];
        snprintf(path, sizeof path, "d/%s.m3u8", *names);
        put_text(path, B E);
    }
}

#define PLAYLISTS(...) put_playlists((const char *const[]){ __VA_ARGS__, NULL })

static void test_grouping(void **state)
{
    (void)state;
    PLAYLISTS("ha2_" V, A, V, "ha1_" V, A "_10", A "_2", "ha1_" A, "ha3_" V "_3", "ha3_" V,
              N(U, "aux_video"), N(U, "aux_audio"), N("dGVhY2hlcisx", "main_audio"),
              N("Pj4+", "main_audio"), N("c3ViamVjdHM-", "main_audio"), "1400000001_3560",
              "ha1_1400000001_3560", "1400000001_3560_2", "ha1_" N("AAAA", "main_audio"),
              "1400000001_356__UserId_s_" U "__UserId_e_main_audio",
              "99_3560__UserId_s_" U "__UserId_e_main_audio", N("", "main_audio"));
    struct trtc_scan s = scan(false, NULL);
    assert_int_equal(s.nb_playlists, 21);
    /* by application, room, user; the mixed one and the empty id in front, in whichever order */
    bool mixed_first = s.recs[2].user == NULL;
    char want[2048];
    snprintf(want, sizeof want,
             "d 99/3560/" U ": a; d 1400000001/356/" U
             ": a; d 1400000001/3560/%s; d 1400000001/3560/%s; d 1400000001/3560/AAAA: aha1"
             "; d 1400000001/3560/" U ": a a_2 a_10 aha1 v vha1 vha2 vha3 vha3_3 aux a aux v"
             "; d 1400000001/3560/Pj4+: a; d 1400000001/3560/c3ViamVjdHM-: a; d "
             "1400000001/3560/dGVhY2hlcisx: a",
             mixed_first ? "-: m m_2 mha1" : ": a", mixed_first ? ": a" : "-: m m_2 mha1");
    assert_found(&s, want);
    assert_string_equal(s.recs[6].user_id, ">>>");
    assert_string_equal(s.recs[7].user_id, "subjects?");
    assert_string_equal(s.recs[8].user_id, "teacher+1");
    trtc_scan_fini(&s);
    trtc_scan_fini(&s);
}

static void test_users(void **state)
{
    (void)state;
    PLAYLISTS(A, V, N("dGVhY2hlcisx", "main_audio"), N("YQBi", "main_audio"), "1400000001_3560");
    static const struct {
        const char *user, *want;
    } t[] = {
        { "10001", "d 1400000001/3560/" U ": a v" },
        { "teacher+1", "d 1400000001/3560/dGVhY2hlcisx: a" },
        { "1000", "" },
        { "100011", "" },
        { U, "" },
        { "a", "" }, /* not the id that is a, NUL, b */
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_scan s = scan(false, t[i].user);
        assert_found(&s, t[i].want);
        trtc_scan_fini(&s);
    }
}

static void test_foreign_playlists(void **state)
{
    (void)state;
    PLAYLISTS(V, "index", "x__UserId_s_", N("not base64!", "main_audio"), ".hidden");
    put_text("d/readme.txt", "x");
    put_text("d/" N("MTAwMDI.", "main_audio") ".m3u8", "<html>");
    put_text("d/" N("MTAwMDM.", "main_audio") ".m3u8", "");
    struct trtc_scan s = scan(false, NULL);
    assert_found(&s, "d 1400000001/3560/" U
                     ": v; d 1400000001/3560/MTAwMDI.:; d 1400000001/3560/MTAwMDM.:");
    assert_int_equal(s.nb_notes, 3);
    assert_true(has_note(s.notes, s.nb_notes, "d/index.m3u8: ignored, not the name"));
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(s.recs[i].losses.n, 1);
        assert_string_equal(s.recs[i].losses.items[0].kind, "unreadable");
        assert_int_equal(s.recs[i].losses.items[0].list, -1);
        assert_false(s.recs[i].ended);
    }
    trtc_scan_fini(&s);
}

/* Two playlists of one track: what both list is used once, and no loss. */
static void test_copies(void **state)
{
    (void)state;
    put_segments("@000000000 @000010000 @000020000", 376);
    put_list(V " (1)", "X10 @000010000 X10 @000020000");
    put_list(V, "X10 @000000000 X10 @000010000");
    EXPECT("0: 10000+10000 20000+10000 1: 0+10000",
           "d/" V ".m3u8: 1 of its segments are listed by another playlist of this track as well");
    struct trtc_scan s = scan(false, NULL);
    assert_true(s.recs[0].ended);
    assert_int_equal(s.recs[0].nb_segments, 3);
    trtc_scan_fini(&s);
    /* one that was saved before its end */
    put_text("d/" V " (1).m3u8", B "#EXTINF:10,\n" V "_20260101000000000.ts\n");
    s = scan(false, NULL);
    assert_true(s.recs[0].ended);
    trtc_scan_fini(&s);
}

/* Segments of somebody who has no playlist: each is named once. */
static void test_unlisted(void **state)
{
    (void)state;
    put_segments("@000000000 @000010000 " A "_20260101000000000.ts", 376);
    put_segments(N("MQ..", "main_audio") "_20260101000000000.ts", 376);
    put_segments(N("Mg..", "main_audio") "_20260101000000000.ts " N(
                     "Mg..", "main_video") "_20260101000000000.ts 7_8_20260101000000000.ts",
                 376);
    put_list(V, "X10 @000000000");
    struct trtc_scan s = scan(false, NULL);
    assert_int_equal(s.n, 1);
    assert_true(has_note(s.notes, s.nb_notes, "d: 1 segment is in no playlist and left out"));
    assert_int_equal(s.losses.n, 4);
    assert_string_equal(s.losses.items[0].path,
                        "d/" N("MQ..", "main_audio") "_20260101000000000.ts");
    assert_string_equal(s.losses.items[0].detail,
                        "1 segment belongs to a user who has no playlist");
    assert_string_equal(s.losses.items[1].detail,
                        "1 segment belongs to a sound track that has no playlist");
    assert_string_equal(s.losses.items[2].detail,
                        "2 segments belong to a user who has no playlist");
    assert_string_equal(s.losses.items[3].path, "d/7_8_20260101000000000.ts");
    trtc_scan_fini(&s);
    /* only of those who are asked for */
    s = scan(false, "2");
    assert_int_equal(s.n, 0);
    assert_int_equal(s.losses.n, 1);
    assert_int_equal(s.nb_notes, 0);
    trtc_scan_fini(&s);
    s = scan(false, "10001");
    assert_true(has_note(s.notes, s.nb_notes, "d: 1 segment is in no playlist and left out"));
    trtc_scan_fini(&s);
}

/* Segments that no playlist lists are a loss where the playlist has room for them. */
static void test_unlisted_hole(void **state)
{
    (void)state;
    static const struct {
        const char *listed, *why;
    } rows[] = {
        { "S0 X10 @000000000 X10 @000020000", "has a hole there" },
        { "S0 X10 @000000000?sign=1 X10 @000020000?sign=2", "has a hole there" },
        { "S0 X10 @000010000 X10 @000020000", "begins behind them" },
        { "S10000 X10 @000010000 X10 @000020000", NULL },     /* the recording began later */
        { "S-28800000 X10 @000010000 X10 @000020000", NULL }, /* its clock is another one */
        { "S0 X10 @000000000 X10 @000010000", NULL }, /* it was not listed in time, or cut off */
        { "S0 X20 @000000000 X10 @000020000", NULL }, /* that time is taken */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put_segments("@000000000 @000010000 @000020000", 376);
        put_list(V, rows[i].listed);
        struct trtc_scan s = scan(false, NULL);
        assert_int_equal(s.losses.n, rows[i].why ? 1 : 0);
        if (rows[i].why) {
            assert_string_equal(s.losses.items[0].kind, "unlisted");
            assert_non_null(strstr(s.losses.items[0].detail, rows[i].why));
        } else {
            assert_true(
                has_note(s.notes, s.nb_notes, "d: 1 segment is in no playlist and left out"));
        }
        trtc_scan_fini(&s);
    }
}

/* A delta update is not the whole playlist. */
static void test_skipped(void **state)
{
    (void)state;
    put_segments("@000000000 @000010000", 376);
    put_text("d/" V ".m3u8", "#EXTM3U\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n#EXTINF:10,\n" V
                             "_20260101000010000.ts\n" E);
    struct trtc_scan s = scan(false, NULL);
    assert_int_equal(s.recs[0].losses.n, 1);
    assert_string_equal(s.recs[0].losses.items[0].path, "d/" V ".m3u8");
    assert_string_equal(s.recs[0].losses.items[0].kind, "missing");
    assert_string_equal(
        s.recs[0].losses.items[0].detail,
        "it skips 1 segment (EXT-X-SKIP), which only an earlier version of it lists");
    assert_int_equal(s.recs[0].nb_segments, 1);
    trtc_scan_fini(&s);
}

/* What tools leave beside segments, by names that begin or end with those: noted as such. */
static void test_beside(void **state)
{
    (void)state;
    put_segments("@000000000 @000010000 ._" V "_20260101000000000.ts", 376);
    put_segments(V "_20260101000010000-LAPTOP.ts " V "_20260101000010000.ts.aria2", 376);
    put_list(V, "X10 ./" V "_20260101000000000.ts X10 @000010000");
    struct trtc_scan s = scan(false, NULL);
    assert_int_equal(s.recs[0].nb_segments, 2);
    assert_int_equal(s.losses.n, 0);
    assert_int_equal(s.nb_notes, 1);
    assert_true(
        has_note(s.notes, s.nb_notes,
                 "d: 3 files are named like listed segments and not used, the first is ._"));
    trtc_scan_fini(&s);
}

static void test_recursive(void **state)
{
    (void)state;
    assert_int_equal(
        system("mkdir -p d/b d/a/x d/.git out/sub && ln -s ../out/sub d/link && ln -s .. d/a/up"),
        0);
    PLAYLISTS(V, "a/" V, "a/x/" V, "b/" V, ".git/" V);
    put_text("out/sub/" V ".m3u8", B E);
    struct trtc_scan s = scan(false, NULL);
    assert_found(&s, "d 1400000001/3560/" U ": v");
    trtc_scan_fini(&s);
    s = scan(true, NULL);
    assert_found(&s, "d 1400000001/3560/" U ": v; d/a 1400000001/3560/" U
                     ": v; d/a/x 1400000001/3560/" U ": v; d/b 1400000001/3560/" U ": v");
    trtc_scan_fini(&s);
    /* a playlist that is a link out of the directory is not read */
    assert_int_equal(system("rm -rf d && mkdir d"), 0);
    assert_int_equal(symlink("../out/sub/" V ".m3u8", "d/" V ".m3u8"), 0);
    s = scan(false, NULL);
    assert_found(&s, "d 1400000001/3560/" U ":");
    assert_int_equal(s.recs[0].losses.n, 1);
    trtc_scan_fini(&s);
}

static void test_very_deep(void **state)
{
    (void)state;
    char cmd[512] = "mkdir -p d", *at = cmd + strlen(cmd);
    for (int i = 0; i < 80; i++)
        at += sprintf(at, "/x");
    assert_int_equal(system(cmd), 0);
    struct trtc_scan s = scan(true, NULL);
    assert_int_equal(s.n, 0);
    assert_int_equal(s.losses.n, 1);
    assert_string_equal(s.losses.items[0].detail, "directories are nested too deeply");
    trtc_scan_fini(&s);
}

static void test_ended(void **state)
{
    (void)state;
    static const struct {
        const char *files[4]; /* a name that ends in + has its ENDLIST */
        bool ended;
    } t[] = {
        { { V "+" }, true },
        { { V }, false },
        { { V "+", A }, false },
        { { V "+", A "+" }, true },
        { { A, A "_2+" }, true }, /* cut off, went on in the next one */
        { { A "+", A "_2" }, false },
        { { A, "ha1_" A "+", V "+" }, true }, /* the recovery ended it */
        { { A "+", "ha1_" A, V "+" }, false },
        { { A, V "+", "ha1_" V "+" }, false },
        { { V "+", N(U, "aux_video") }, false },
        { { "1400000001_3560+" }, true },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        assert_int_equal(fresh(NULL), 0);
        for (size_t k = 0; k < 4 && t[i].files[k]; k++) {
            char path[512];
            size_t n = strlen(t[i].files[k]);
            bool end = t[i].files[k][n - 1] == '+';
            snprintf(path, sizeof path, "d/%.*s.m3u8", (int)(n - end), t[i].files[k]);
            put_text(path, end ? B E : B);
        }
        struct trtc_scan s = scan(false, NULL);
        if (s.n != 1 || s.recs[0].ended != t[i].ended)
            fail_msg("%zu", i);
        trtc_scan_fini(&s);
    }
}

static void test_directories(void **state)
{
    (void)state;
    put_segments("@000000000", 376);
    put_list(V, "X10 @000000000");
    static const char *const good[] = { "d", "d/", "d///", "./d" }, *const bad[] = { "nothing",
                                                                                     "d/" V ".m3u8",
                                                                                     "" };
    for (size_t i = 0; i < 4; i++) {
        struct trtc_scan s = { 0 };
        struct trtc_err err;
        assert_int_equal(trtc_scan_dir(&s, good[i], &(struct trtc_find){ 0 }, &err), 0);
        assert_int_equal(s.n, 1);
        assert_string_equal(s.recs[0].dir, i == 3 ? "./d" : "d");
        char *path = trtc_piece_path(&s.recs[0], &s.recs[0].pieces[0]);
        assert_string_equal(path, i == 3 ? "./d/" V "_20260101000000000.ts"
                                         : "d/" V "_20260101000000000.ts");
        assert_int_equal(access(path, R_OK), 0);
        free(path);
        assert_int_equal(s.recs[0].bytes, 376);
        assert_int_equal(s.recs[0].nb_segments, 1);
        assert_true(s.recs[0].newest_ms > BASE_MS / 2);
        trtc_scan_fini(&s);
    }
    for (size_t i = 0; i < 3; i++) {
        struct trtc_scan s = { 0 };
        struct trtc_err err = { 0 };
        assert_int_equal(trtc_scan_dir(&s, bad[i], &(struct trtc_find){ .recursive = true }, &err),
                         -1);
        assert_int_equal(err.code, TRTC_EX_NOINPUT);
        trtc_scan_fini(&s);
    }
}

/* A recording of which a file cannot be opened for want of descriptors is held, and nothing is said
 * of what it lacks. */
static void test_held(void **state)
{
    (void)state;
    struct rlimit was, l;
    struct trtc_scan s;
    put_segments("@000000000", 376);
    put_list(V, "X10 @000000000 X10 @000010000");
    int lowest = dup(0);
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    for (int more = 0; more < 2; more++) {
        struct trtc_err err;
        l = (struct rlimit){ (rlim_t)(lowest + more), was.rlim_max };
        s = (struct trtc_scan){ 0 };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
        int ret = trtc_scan_dir(&s, "d", &(struct trtc_find){ 0 }, &err);
        setrlimit(RLIMIT_NOFILE, &was);
        assert_int_equal(ret, more ? 0 : -1);
        const struct trtc_err *why = more ? s.recs[0].held : &err;
        assert_int_equal(why->code, TRTC_EX_TEMPFAIL);
        if (more)
            assert_memory_equal(why->msg, "d/" V ".m3u8: cannot be read: ", 24 + strlen(V));
        assert_int_equal(more ? s.recs[0].losses.n + s.recs[0].nb_pieces : s.n, 0);
        assert_int_equal(s.nb_notes, 0);
        trtc_scan_fini(&s);
    }
    s = scan(false, NULL);
    assert_null(s.recs[0].held);
    assert_int_equal(s.recs[0].losses.n, 1);
    trtc_scan_fini(&s);
}

/* A directory below that must not be read is a loss; what lies beside it is found. */
static void test_unreadable_below(void **state)
{
    (void)state;
    if (geteuid() == 0) /* may read all */
        return;
    put_segments("@000000000", 376);
    put_list(V, "X10 @000000000");
    assert_int_equal(system("mkdir d/sub && chmod 0 d/sub"), 0);
    struct trtc_scan s = scan(true, NULL);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.losses.n, 1);
    assert_string_equal(s.losses.items[0].path, "d/sub");
    assert_string_equal(s.losses.items[0].kind, "unreadable");
    trtc_scan_fini(&s);
    assert_int_equal(system("chmod 700 d/sub"), 0);
}

/* Twice as many playlists take twice as long: 20,000 some 300 ms. */
static void test_many(void **state)
{
    (void)state;
    enum { NB = 20000 };
    char path[256];
    for (int i = 0; i < NB; i++) {
        snprintf(path, sizeof path, "d/%d_3560__UserId_s_MQ..__UserId_e_main_audio.m3u8", i);
        put_text(path, B E);
    }
    clock_t from = clock();
    struct trtc_scan s = scan(false, NULL);
    const double took = (double)(clock() - from) / CLOCKS_PER_SEC;
    assert_int_equal(s.n, NB);
    assert_true(s.recs[NB - 1].sdkappid == NB - 1);
    trtc_scan_fini(&s);
    if (took > 2)
        fail_msg("%.3f s", took);
}

/* Names are UTC, wherever the machine stands. */
static void test_time_zones(void **state)
{
    static const char *const zones[] = {
        "UTC0",     "Asia/Shanghai", "America/New_York", "CET-1CEST,M3.5.0,M10.5.0/3",
        "<+14>-14", "<-12>12"
    };
    const char *before = getenv("TZ");
    char *keep = before ? strdup(before) : NULL;
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        setenv("TZ", zones[i], 1);
        tzset();
        assert_int_equal(fresh(NULL), 0);
        test_names(state);
    }
    if (keep)
        setenv("TZ", keep, 1);
    else
        unsetenv("TZ");
    tzset();
    free(keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_file_attr, fresh),
        cmocka_unit_test_setup(test_first_not_listed, fresh),
        cmocka_unit_test_setup(test_names, fresh),
        cmocka_unit_test_setup(test_summed, fresh),
        cmocka_unit_test_setup(test_jump_is_noted, fresh),
        cmocka_unit_test_setup(test_settle, fresh),
        cmocka_unit_test(test_settle_a_little),
        cmocka_unit_test(test_settle_beginnings),
        cmocka_unit_test(test_settle_ends),
        cmocka_unit_test(test_settle_sums),
        cmocka_unit_test_setup(test_wild_clock, fresh),
        cmocka_unit_test_setup(test_losses, fresh),
        cmocka_unit_test_setup(test_twice_and_foreign, fresh),
        cmocka_unit_test_setup(test_byte_ranges, fresh),
        cmocka_unit_test_setup(test_who_is_foreign, fresh),
        cmocka_unit_test_setup(test_nul_in_name, fresh),
        cmocka_unit_test_setup(test_grouping, fresh),
        cmocka_unit_test_setup(test_users, fresh),
        cmocka_unit_test_setup(test_foreign_playlists, fresh),
        cmocka_unit_test_setup(test_copies, fresh),
        cmocka_unit_test_setup(test_unlisted, fresh),
        cmocka_unit_test_setup(test_unlisted_hole, fresh),
        cmocka_unit_test_setup(test_skipped, fresh),
        cmocka_unit_test_setup(test_beside, fresh),
        cmocka_unit_test_setup(test_recursive, fresh),
        cmocka_unit_test_setup(test_very_deep, fresh),
        cmocka_unit_test_setup(test_ended, fresh),
        cmocka_unit_test_setup(test_directories, fresh),
        cmocka_unit_test_setup(test_many, fresh),
        cmocka_unit_test_setup(test_held, fresh),
        cmocka_unit_test_setup(test_unreadable_below, fresh),
        cmocka_unit_test_setup(test_time_zones, fresh),
    };
    return cmocka_run_group_tests(tests, enter, scratch_leave);
}
