/* SPDX-License-Identifier: MIT */
/* recording/course: time stamps that restart, fall back, jump, pause and wrap inside a segment. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utc.h"
#include "recording/course.h"
#include "unit/range.h"

#define S    INT64_C(90000)
#define WRAP (INT64_C(1) << 33)

enum { SOUND = TRTC_AT_AUDIO, PICTURE = TRTC_AT_VIDEO };

/* A part of the media: from its true time on, stamps of each track are so much off. */
struct part {
    double at_s, off_s[2];
    double pause_s; /* true time that passes before it, without media */
};

struct media {
    double length_s;
    int64_t first;             /* stamp */
    double from_s[2], to_s[2]; /* of each track; 0 0: all of it; -1: there is none */
    double lag_s;              /* the sound comes so much later in the segment */
    int fps, jitter_ms;
    int delay_ms;  /* pictures are decoded so much earlier than they are shown */
    bool no_dts;   /* every third picture is shown after the two that follow it */
    bool in_order; /* the stream states that pictures are shown in the order of decoding */
    struct part parts[8];
    int nb_parts;
};

struct frame {
    int track;
    double sort_s;
    int64_t true_90k;
    struct trtc_course_frame f;
};

static struct frame *frames;
static int nb_frames;

static int by_sort(const void *a, const void *b)
{
    const struct frame *x = a, *y = b;
    return x->sort_s < y->sort_s ? -1 : x->sort_s > y->sort_s ? 1 : x->track - y->track;
}

static int64_t ticks(double s)
{
    return (int64_t)(s * (double)S + (s < 0 ? -0.5 : 0.5));
}

static void add(const struct media *m, int track, double media_s, double order_s)
{
    double off = 0, pause = 0;
    for (int i = 0; i < m->nb_parts; i++)
        if (media_s >= m->parts[i].at_s - 1e-9) {
            off = m->parts[i].off_s[track];
            pause += m->parts[i].pause_s;
        }
    struct frame *f = &frames[nb_frames++];
    const int64_t delay = track == PICTURE ? m->delay_ms * 90 : 0;
    int64_t at = ticks(media_s + order_s + pause) - delay;
    int64_t jitter = m->jitter_ms && track == SOUND
                         ? ticks((rand() % (2 * m->jitter_ms) - m->jitter_ms) / 1e3)
                         : 0;
    *f = (struct frame){ .track = track,
                         .sort_s = media_s + (track == SOUND ? m->lag_s : 0),
                         .true_90k = at,
                         .f = { .delay = delay,
                                .explicit_dts = delay > 0,
                                .in_order = m->in_order,
                                .ts = (m->first + at + jitter + ticks(off)) & (WRAP - 1),
                                .samples = track == SOUND ? 1024 : 0,
                                .rate_hz = track == SOUND ? 48000 : 0 } };
}

static bool has(const struct media *m, int track, double s)
{
    return m->from_s[track] >= 0 && s >= m->from_s[track] &&
           (m->to_s[track] == 0 || s < m->to_s[track]);
}

/* The frames of m, in the order of the segment. */
static void make(const struct media *m)
{
    const int fps = m->fps ? m->fps : 25;
    frames = calloc((size_t)(m->length_s * (fps + 50)) + 100, sizeof *frames);
    nb_frames = 0;
    srand(3);
    for (int k = 0; k < m->length_s * fps; k++) {
        static const int order[3] = { 2, -1, -1 };
        if (has(m, PICTURE, (double)k / fps))
            add(m, PICTURE, (double)k / fps, m->no_dts ? (double)order[k % 3] / fps : 0);
    }
    for (int k = 0; k * 1024 / 48000.0 < m->length_s; k++)
        if (has(m, SOUND, k * 1024 / 48000.0))
            add(m, SOUND, k * 1024 / 48000.0, 0);
    qsort(frames, (size_t)nb_frames, sizeof *frames, by_sort);
    for (int i = 0; i < nb_frames; i++)
        frames[i].f.pos = 1000 + i * 188;
}

/* Tracks whose clock may have jumped before their first frame. */
static bool fresh[2];

/* What is known of the next segment: the stamps without any jump that tracks should have and have there, and
 * how late they are in this one. */
static struct onward {
    double due_s, comes_s, late_s; /* due 0: nothing is known; comes 0: nothing follows */
} onward[2];

static void look_onward(struct trtc_course *c, const struct media *m)
{
    for (int k = 0; k < 2; k++) {
        const struct onward *o = &onward[k];
        const int64_t delay = k == PICTURE ? m->delay_ms * 90 : 0;
        c->onward[k].known = o->due_s > 0;
        c->onward[k].late = ticks(o->late_s);
        c->onward[k].due = (m->first + ticks(o->due_s) - delay) & (WRAP - 1);
        c->onward[k].comes =
            o->comes_s > 0 ? (m->first + ticks(o->comes_s) - delay) & (WRAP - 1) : TRTC_NOTIME;
    }
}

/* All frames must come to stand at their true times, to tol_ms, after the first one. room_s, next_s
 * < 0: unknown. */
static void check_next(const struct media *m, double room_s, double next_s, double tol_ms,
                       const char *what)
{
    struct trtc_course c = { 0 };
    size_t hint[2] = { 0, 0 };
    make(m);
    for (int i = 0; i < nb_frames; i++)
        assert_int_equal(trtc_course_add(&c, frames[i].track, &frames[i].f), 0);
    memcpy(c.fresh, fresh, sizeof fresh);
    look_onward(&c, m);
    assert_int_equal(trtc_course_settle(&c, room_s < 0 ? TRTC_NOTIME : ticks(room_s),
                                        next_s < 0 ? TRTC_NOTIME : ticks(next_s)),
                     0);
    int64_t worst = 0, first = 0;
    for (int i = 0; i < nb_frames; i++) {
        const struct frame *f = &frames[i];
        const int64_t at =
            f->f.ts + trtc_course_shift(&c, f->track, f->f.pos, &hint[f->track]) - f->true_90k;
        first = i == 0 ? at : first;
        int64_t d = (at - first) & (WRAP - 1);
        d = d >= WRAP / 2 ? WRAP - d : d;
        worst = d > worst ? d : worst;
    }
    if (worst > (int64_t)(tol_ms * 90)) {
        for (size_t i = 0; i < c.n; i++)
            print_message("run: track %d, %.3f to %.3f, shift %.3f\n", c.runs[i].track,
                          (double)c.runs[i].from / (double)S, (double)c.runs[i].to / (double)S,
                          (double)c.runs[i].shift / (double)S);
        fail_msg("%s: off by %.3f s", what, (double)worst / (double)S);
    }
    trtc_course_fini(&c);
    free(frames);
}

static void check(const struct media *m, double room_s, double tol_ms, const char *what)
{
    check_next(m, room_s, -1, tol_ms, what);
}

static void test_plain(void **state)
{
    (void)state;
    check(&(struct media){ .length_s = 10 }, 10, 0, "plain");
    check(&(struct media){ .length_s = 10, .first = WRAP - 5 * S }, 10, 0, "a wrap inside");
    check(&(struct media){ .length_s = 10, .first = WRAP - S / 2 }, 10, 0, "a negative start");
    check(&(struct media){ .length_s = 10, .no_dts = true }, 10, 0, "other order, no DTS");
    check(&(struct media){ .length_s = 10, .jitter_ms = 19 }, 10, 38, "jitter"); /* of two frames */
    check(&(struct media){ .length_s = 10, .jitter_ms = 39 }, 10, 78, "more jitter");
    check(&(struct media){ .length_s = 10, .fps = 1, .lag_s = 0.7 }, 10, 0, "1 fps");
    check(&(struct media){ .length_s = 10, .from_s = { 5, 0 } }, 10, 0, "late sound");
    check(&(struct media){ .length_s = 10, .from_s = { 0, 5 } }, 10, 0, "late picture");
}

/* Both tracks' stamps change at once, by so much; at once or with the sound behind in the file. */
static void test_both_change(void **state)
{
    (void)state;
    static const double off_s[] = { -5, -4.7, -1, -0.5, -0.2, -0.06, -40000, 5, 40000, 3600 };
    static const double lag_s[] = { 0, 0.3, 0.7, -0.5 };
    char what[64];
    for (size_t i = 0; i < sizeof off_s / sizeof *off_s; i++)
        for (size_t k = 0; k < sizeof lag_s / sizeof *lag_s; k++)
            for (int wrap = 0; wrap < 2; wrap++) {
                const struct media m = { .length_s = 10,
                                         .first = wrap ? WRAP - 5 * S : 126000,
                                         .lag_s = lag_s[k],
                                         .parts = { { 5, { off_s[i], off_s[i] }, 0 } },
                                         .nb_parts = 1 };
                snprintf(what, sizeof what, "%g s, lag %g s, wrap %d", off_s[i], lag_s[k], wrap);
                /* where one track ends and the other begins at a restart is not known better */
                check(&m, 10, 42, what);
            }
}

static void test_several_changes(void **state)
{
    (void)state;
    const struct media m = {
        .length_s = 12,
        .lag_s = 0.3,
        .parts = { { 3, { -3, -3 }, 0 }, { 6, { -6, -6 }, 0 }, { 9, { -9, -9 }, 0 } },
        .nb_parts = 3
    };
    check(&m, 12, 100, "restarts every 3 s");
    const struct media up = { .length_s = 12,
                              .parts = { { 3, { 500, 500 }, 0 }, { 8, { -8, -8 }, 0 } },
                              .nb_parts = 2 };
    check(&up, 12, 42, "up and down");
}

static void test_one_changes(void **state)
{
    (void)state;
    for (int track = 0; track < 2; track++) {
        static const double off_s[] = { -3, -0.5, 4 };
        for (size_t i = 0; i < sizeof off_s / sizeof *off_s; i++) {
            struct media m = { .length_s = 10, .parts = { { 5, { 0, 0 }, 0 } }, .nb_parts = 1 };
            m.parts[0].off_s[track] = off_s[i];
            check(&m, 10, 42, track ? "only the picture's stamps" : "only the sound's stamps");
            m.from_s[!track] = -1;
            check(&m, 10, 42, track ? "a picture alone" : "sound alone");
        }
    }
}

/* Stamps are off for a second, and come back: of both tracks, or of one. */
static void test_comes_back(void **state)
{
    (void)state;
    static const double off_s[] = { -5, -1, -0.3, -0.12, -0.06, 0.06, 0.12, 0.3, 0.7, 5, 40000 };
    static const double lag_s[] = { 0, 0.3, -0.5 };
    char what[64];
    for (size_t i = 0; i < sizeof off_s / sizeof *off_s; i++)
        for (int tracks = 1; tracks < 4; tracks++)
            for (size_t k = 0; k < sizeof lag_s / sizeof *lag_s; k++) {
                const double off[2] = { tracks & 1 ? off_s[i] : 0, tracks & 2 ? off_s[i] : 0 };
                struct media m = { .length_s = 10,
                                   .lag_s = lag_s[k],
                                   .parts = { { 3, { off[0], off[1] }, 0 },
                                              { 4, { 0, 0 }, 0 },
                                              { 6, { off[0], off[1] }, 0 },
                                              { 7, { 0, 0 }, 0 } },
                                   .nb_parts = 4 };
                snprintf(what, sizeof what, "%g s, tracks %d, lag %g s", off_s[i], tracks,
                         lag_s[k]);
                /* an uneven step of pictures alone may be their rate */
                check(&m, 10, tracks == 2 && fabs(off_s[i]) < 0.1 ? 62 : 42, what);
                m.from_s[0] = tracks == 2 ? -1 : 0;
                m.from_s[1] = tracks == 1 ? -1 : 0;
                check(&m, 10, tracks == 2 && fabs(off_s[i]) < 0.1 ? 62 : 42, what);
            }
}

/* Each track has a clock of its own: farther apart than the segment is long. */
static void test_apart(void **state)
{
    (void)state;
    static const double off_s[] = { -40000, -55, -20, 20, 55, 40000 };
    for (size_t i = 0; i < sizeof off_s / sizeof *off_s; i++)
        for (int how = 0; how < 4; how++) {
            struct media m = { .length_s = 10,
                               .delay_ms = how / 2 * 80,
                               .lag_s = 0.3,
                               .parts = { { 0, { 0, 0 }, 0 } },
                               .nb_parts = 1 };
            m.parts[0].off_s[how % 2] = off_s[i];
            check(&m, 10, 0, "apart");
            m.parts[0].off_s[how % 2] = off_s[i] < 0 ? -8 : 3;
            fresh[SOUND] = fresh[PICTURE] = true;
            check(&m, 10, 0, "apart, but by less than its length");
            fresh[SOUND] = fresh[PICTURE] = false;
        }
}

/* Whether tracks have clocks of their own does not depend on how far one of them is behind in the segment: it
 * is the same in all segments of a stream. */
static void test_apart_alike(void **state)
{
    (void)state;
    for (double lag_s = 0; lag_s < 0.5; lag_s += 0.1) {
        const struct media m = { .length_s = 10,
                                 .lag_s = lag_s,
                                 .parts = { { 0, { [SOUND] = -10.9 }, 0 } },
                                 .nb_parts = 1 };
        struct trtc_course c = { .fresh = { true, true } };
        make(&m);
        for (int i = 0; i < nb_frames; i++)
            assert_int_equal(trtc_course_add(&c, frames[i].track, &frames[i].f), 0);
        assert_int_equal(trtc_course_settle(&c, ticks(10), TRTC_NOTIME), 0);
        for (size_t i = 0; i < c.n; i++)
            if (c.runs[i].track == SOUND && llabs(c.runs[i].shift - ticks(10.9)) > ticks(0.04))
                fail_msg("lag %g s: the sound is not moved", lag_s);
        trtc_course_fini(&c);
        free(frames);
    }
}

/* Pictures fall before it has been seen that they are in order; and the clock is off before the first
 * sound, which comes later in the segment, until after that. */
static void test_falls_soon(void **state)
{
    (void)state;
    char what[64];
    for (int fps = 10; fps <= 30; fps += 5)
        for (double at_s = 0.13; at_s < 1.6; at_s += 0.1) {
            const struct media falls = { .length_s = 10,
                                         .fps = fps,
                                         .in_order = true,
                                         .from_s = { [SOUND] = -1 },
                                         .parts = { { at_s, { [PICTURE] = -0.393 }, 0 } },
                                         .nb_parts = 1 };
            snprintf(what, sizeof what, "%d a second, a fall after %.2f s", fps, at_s);
            check(&falls, 10, 42, what);
        }
    const struct media off = { .length_s = 4,
                               .lag_s = 0.3,
                               .delay_ms = 80,
                               .parts = { { 0.03, { 0.234, 0.234 }, 0 }, { 2, { 0, 0 }, 0 } },
                               .nb_parts = 2 };
    check(&off, 4, 42, "off before the first sound");
}

/* Both tracks fall by little, soon after the beginning, and the sound comes earlier in the segment: its fall
 * is before the first picture. */
static void test_sound_falls_first(void **state)
{
    (void)state;
    const struct media m = { .length_s = 2,
                             .fps = 60,
                             .lag_s = -0.3,
                             .parts = { { 0.185, { -0.15, -0.15 }, 0 } },
                             .nb_parts = 1 };
    check(&m, 2, 12, "the sound falls first");
}

/* The clocks of the tracks are apart by about the length of the segment. */
static void test_apart_by_length(void **state)
{
    (void)state;
    for (int s = -1; s <= 1; s += 2)
        for (int k = 0; k < 2; k++) {
            struct media m = { .length_s = 10, .fps = 15, .lag_s = 0.3 };
            m.parts[0].off_s[k] = s * 10.016;
            m.nb_parts = 1;
            check(&m, 10, 42, "apart by the length");
        }
}

/* As test_falls_soon, and meanwhile they are off by something else for a second: within that time, or past its
 * end. */
static void test_off_twice(void **state)
{
    (void)state;
    static const double off_s[][2] = {
        { 0.9, -3000 }, { 0.9, 3.2 },    { 3.3, -0.9 },  { -0.9, 3.2 },
        { -3, -0.7 },   { 0.4, -27.75 }, { 40, -40000 }, { 0.25, 0.7 },
    };
    char what[64];
    for (size_t i = 0; i < sizeof off_s / sizeof *off_s; i++)
        for (int past = 0; past < 2; past++) {
            const double a = off_s[i][0], b = off_s[i][1], c = past ? b : a;
            struct media m = { .length_s = 10,
                               .parts = { { 3, { a, a }, 0 },
                                          { 4, { a + b, a + b }, 0 },
                                          { 5, { c, c }, 0 },
                                          { 6, { 0, 0 }, 0 } },
                               .nb_parts = 4 };
            snprintf(what, sizeof what, "%g s and %g s, past %d", a, b, past);
            check(&m, 10, 42, what);
        }
}

/* The stamps of the picture rise, or fall, by more than the time for which they are off. */
static void test_rises_briefly(void **state)
{
    (void)state;
    for (int fps = 10; fps <= 30; fps += 5) {
        const struct media m = { .length_s = 10,
                                 .fps = fps,
                                 .parts = { { 6.41, { 0.31, 0 }, 0 }, { 6.51, { 0, 0 }, 0 } },
                                 .nb_parts = 2 };
        check(&m, 10, 42, "a brief rise");
        const struct media falls = { .length_s = 10,
                                     .fps = fps,
                                     .parts = { { 6.41, { [PICTURE] = -12.1 }, 0 },
                                                { 6.71, { 0, 0 }, 0 } },
                                     .nb_parts = 2 };
        check(&falls, 10, 12, "a brief fall");
    }
}

/* The pictures come at another rate for a while, and then as before. */
static void test_rate_changes(void **state)
{
    (void)state;
    struct trtc_course c = { 0 };
    int64_t picture = 0, sound = 0;
    size_t hint = 0;
    int nb = 0, pos = 0;
    for (; picture < 4 * S; pos++) {
        const bool is_sound = sound <= picture;
        const struct trtc_course_frame f = { .ts = is_sound ? sound : picture,
                                             .pos = pos,
                                             .samples = is_sound ? 1024 : 0,
                                             .rate_hz = is_sound ? 48000 : 0 };
        assert_int_equal(trtc_course_add(&c, is_sound ? SOUND : PICTURE, &f), 0);
        *(is_sound ? &sound : &picture) += is_sound ? 1920 : nb >= 20 && nb < 24 ? 8250 : 3750;
        nb += !is_sound;
    }
    assert_int_equal(trtc_course_settle(&c, 4 * S, TRTC_NOTIME), 0);
    for (int at = 0; at < pos; at++)
        assert_int_equal(trtc_course_shift(&c, PICTURE, at, &hint), 0);
    assert_int_equal(c.n,
                     4); /* one of sound, and three of pictures: each sooner picture begins one */
    trtc_course_fini(&c);
}

/* Pictures of a camera that leaves out some are where they say. The first one is shown delay_ms
 * after it is decoded, which the length in the playlist does not count. */
static void check_variable_rate(int delay_ms, double listed_s)
{
    struct trtc_course c = { 0 };
    int64_t picture = 0, sound = delay_ms * 90;
    size_t hint[2] = { 0, 0 };
    unsigned chance = 2;
    int pos = 0;
    for (; picture < 30 * S; pos++) {
        const bool is_sound = sound <= picture;
        const struct trtc_course_frame f = { .ts = is_sound ? sound : picture,
                                             .explicit_dts = !is_sound && delay_ms > 0,
                                             .delay = is_sound ? 0 : delay_ms * 90,
                                             .pos = pos,
                                             .samples = is_sound ? 1024 : 0,
                                             .rate_hz = is_sound ? 48000 : 0 };
        assert_int_equal(trtc_course_add(&c, is_sound ? SOUND : PICTURE, &f), 0);
        if (is_sound) {
            sound += 1920;
            continue;
        }
        do {
            chance = chance * 1103515245 + 12345;
            picture += 3000;
        } while ((chance >> 16) % 10 < 4);
    }
    assert_int_equal(trtc_course_settle(&c, ticks(listed_s), TRTC_NOTIME), 0);
    for (int at = 0; at < pos; at++)
        for (int track = 0; track < 2; track++)
            assert_int_equal(trtc_course_shift(&c, track, at, &hint[track]), 0);
    trtc_course_fini(&c);
}

static void test_variable_rate(void **state)
{
    (void)state;
    check_variable_rate(0, 30.0);
    check_variable_rate(133, 29.867);
}

/* Behind such pictures in the segment, sound has a clock that nobody knows, with which the segment would be too
 * long: the pictures stay where they are. */
static void test_variable_rate_beside_wrong_sound(void **state)
{
    (void)state;
    struct trtc_course c = { 0 };
    size_t hint = 0;
    const int nb = 900;
    for (int k = 0; k < nb; k++) {
        const struct trtc_course_frame f = { .ts = k * 3000, .pos = k };
        if (k % 7 != 3 && k % 11 > 1)
            assert_int_equal(trtc_course_add(&c, PICTURE, &f), 0);
    }
    for (int k = 0; k < 1406; k++) {
        const struct trtc_course_frame f = {
            .ts = 20 * S + k * 1920, .pos = nb + k, .samples = 1024, .rate_hz = 48000
        };
        assert_int_equal(trtc_course_add(&c, SOUND, &f), 0);
    }
    assert_int_equal(trtc_course_settle(&c, 30 * S, TRTC_NOTIME), 0);
    for (int at = 0; at < nb; at++)
        assert_int_equal(trtc_course_shift(&c, PICTURE, at, &hint), 0);
    trtc_course_fini(&c);
}

static void test_pauses_stay(void **state)
{
    (void)state;
    struct media m = { .length_s = 10, .parts = { { 5, { 0, 0 }, 4 } }, .nb_parts = 1 };
    check(&m, 14, 0, "a pause that fits");
    check(&m, 13.95, 0, "a pause that nearly fits");
    check(&m, -1, 0, "a pause, length unknown");
    m.parts[0].pause_s = 20;
    check(&m, 30, 0, "a long pause");
    check_next(&m, 10, 30, 0, "a pause that EXTINF leaves out and the clock vouches for");
    struct media closed = { .length_s = 10, .parts = { { 5, { 20, 20 }, 0 } }, .nb_parts = 1 };
    check_next(&closed, 10, 10, 42, "a jump that both say is none");
    check_next(&closed, 10, 3600, 42, "a jump, and a long pause behind the segment");
    const struct media both = { .length_s = 10,
                                .parts = { { 3, { 0, 0 }, 20 }, { 6, { 7, 7 }, 0 } },
                                .nb_parts = 2 };
    check(&both, 30, 42, "a pause, and a jump that is shorter");
    /* the sound pauses while the picture goes on, and the other way round */
    check(&(struct media){ .length_s = 10, .to_s = { 4, 0 } }, 10, 0, "sound ends");
    struct media o = { .length_s = 10, .parts = { { 5, { -5, -5 }, 4 } }, .nb_parts = 1 };
    check(&o, 14, 4000, "a restart in a pause, which cannot be told from one without");
}

static void test_late_track_behind_a_restart(void **state)
{
    (void)state;
    for (int track = 0; track < 2; track++) {
        struct media m = { .length_s = 10, .parts = { { 4, { -4, -4 }, 0 } }, .nb_parts = 1 };
        m.from_s[track] = 6;
        check(&m, 10, 42, "a track that begins behind the restart");
        m.from_s[track] = 2;
        m.to_s[track] = 3;
        check(&m, 10, 42, "one that ends before it");
    }
}

/* A segment that begins where the clock restarts: one track has frames of the old clock, the other
 * has none, whichever stands first in the file. */
static void test_begins_at_a_restart(void **state)
{
    (void)state;
    static const double off_s[] = { -5, -1, -0.5, -40000, 40000 };
    static const double lag_s[] = { 0, 0.15, 0.3, -0.1 };
    char what[64];
    for (int track = 0; track < 2; track++)
        for (size_t i = 0; i < sizeof off_s / sizeof *off_s; i++)
            for (size_t k = 0; k < sizeof lag_s / sizeof *lag_s; k++) {
                struct media m = { .length_s = 4,
                                   .first = 126000,
                                   .lag_s = lag_s[k],
                                   .parts = { { 0.2, { off_s[i], off_s[i] }, 0 } },
                                   .nb_parts = 1 };
                m.from_s[track] = 0.2;
                snprintf(what, sizeof what, "track %d from %g s on, lag %g s", track, off_s[i],
                         lag_s[k]);
                check(&m, 4, 42, what);
                m.from_s[track] = 0;
                m.parts[0].at_s = 3.8;
                m.to_s[track] = 3.8;
                check(&m, 4, 42, what);
            }
}

/* Pictures without decoding times: a key picture that falls is on another clock, were it the last
 * one. */
static void test_key_falls(void **state)
{
    (void)state;
    struct trtc_course c = { 0 };
    static const int at[] = { 0, 3, 1, 2, 6, 4, 5, -20 };
    for (int i = 0; i < 8; i++) {
        const struct trtc_course_frame f = { .ts = 900000 + at[i] * 3600,
                                             .pos = i,
                                             .key = i % 7 == 0 };
        assert_int_equal(trtc_course_add(&c, PICTURE, &f), 0);
    }
    assert_int_equal(trtc_course_settle(&c, TRTC_NOTIME, TRTC_NOTIME), 0);
    size_t hint = 0;
    assert_int_in_range(trtc_course_shift(&c, PICTURE, 7, &hint), 27 * 3600, 29 * 3600);
    trtc_course_fini(&c);
}

/* A track whose stamps are beyond the beginning of the next segment has jumped ahead, even if by little; one
 * whose frames end before that has paused. */
static void test_ahead(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct media m;
        struct onward onward[2]; /* of pictures, of sound */
    } t[] = {
        { "sound jumps by 70 ms",
          { .parts = { { 5, { 0, 0.07 }, 0 } }, .nb_parts = 1 },
          { { 10, 10, 0 }, { 10, 10.07, 0 } } },
        { "pictures jump",
          { .parts = { { 5, { 0.3, 0 }, 0 } }, .nb_parts = 1, .delay_ms = 80 },
          { { 10, 10.3, 0 }, { 10, 10, 0 } } },
        { "pictures jump, and nothing follows",
          { .parts = { { 5, { 0.3, 0 }, 0 } }, .nb_parts = 1, .delay_ms = 80 },
          { { 10, 0, 0 }, { 10, 0, 0 } } },
        { "both jump",
          { .parts = { { 5, { 0.2, 0.2 }, 0 } }, .nb_parts = 1 },
          { { 10, 10.2, 0 }, { 10, 10.2, 0 } } },
        { "sound jumped before",
          { .parts = { { 0, { 0, 0.4 }, 0 } }, .nb_parts = 1 },
          { { 10, 10, 0 }, { 10.4, 10.4, 0.4 } } },
        { "sound was late", { .from_s = { 0, 0.4 } }, { { 10, 10, 0 }, { 10.4, 10, 0.4 } } },
        { "sound was late, and jitters",
          { .from_s = { 0, 0.4 } },
          { { 10, 10, 0 }, { 10.34, 10, 0.4 } } },
        { "sound ends early", { .to_s = { 0, 9.7 } }, { { 10, 10, 0 }, { 10, 10, 0 } } },
        { "sound pauses between the two",
          { .to_s = { 0, 9.8 }, .parts = { { 5, { 0, 0 }, 0 } }, .nb_parts = 1 },
          { { 10, 10, 0 }, { 10, 10.3, 0 } } },
        { "both pause, and the next sound begins before the pictures beside it",
          { .parts = { { 5, { 0, 0 }, 0.3 } }, .nb_parts = 1 },
          { { 10.2, 10.3, 0 }, { 10.3, 10.3, 0 } } },
        { "both pause, and the clock is wrong",
          { .parts = { { 5, { 0, 0 }, 0.3 } }, .nb_parts = 1 },
          { { 10.3, 10.3, 0 }, { 10.3, 10.3, 0 } } },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct media m = t[i].m;
        m.length_s = 10;
        m.first = WRAP - 3 * S;
        memcpy(onward, t[i].onward, sizeof onward);
        check_next(&m, -1, -1, 12, t[i].what);
    }
    memset(onward, 0, sizeof onward);
}

/* Both tracks jump by a minute near the end of a segment, or in the last one. Where pictures are due is known only to
 * their delay and a frame of sound; they go on as they did, and are moved as the sound is. */
static void test_long_jump(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        double jump_s[2];
        struct onward onward[2]; /* of pictures, of sound */
    } t[] = {
        { "the last picture", { 9.96, 10 }, { { 9.88, 70, 0 }, { 10, 70, 0 } } },
        { "the last pictures", { 9.8, 9.8 }, { { 9.9, 70, 0 }, { 10, 70, 0 } } },
        { "nothing follows", { 5, 5 }, { { 10.11, 0, 0 }, { 10, 0, 0 } } },
        { "nothing follows, and sound ends late", { 5, 5 }, { { 10.2, 0, 0 }, { 10, 0, 0 } } },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        const double at = t[i].jump_s[PICTURE];
        struct media m = { .length_s = 10, .first = 3 * S, .delay_ms = 120, .nb_parts = 1 };
        m.parts[0] = (struct part){ at, { 60, t[i].jump_s[SOUND] > at ? 0 : 60 }, 0 };
        memcpy(onward, t[i].onward, sizeof onward);
        check_next(&m, 10, -1, 12, t[i].what);
    }
    /* behind the first sound, in front of all pictures: their first one is later than those of other segments are */
    struct media m = { .length_s = 10, .first = 3 * S, .delay_ms = 40, .from_s = { 0.08, 0 } };
    m.parts[m.nb_parts++] = (struct part){ 0.02, { 60, 60 }, 0 };
    onward[PICTURE] = (struct onward){ 70.07, 0, 60.07 };
    onward[SOUND] = (struct onward){ 10, 0, 0 };
    check_next(&m, 10, -1, 12, "behind the first sound");
    memset(onward, 0, sizeof onward);
}

/* An encoder begins to reorder pictures: the next one is decoded before the last one, but displayed
 * after it. The clock has not changed, unless that picture would be displayed too early as well. */
static void test_delay_grows(void **state)
{
    (void)state;
    static const int delays[] = { 1, 2, 4 };
    for (size_t k = 0; k < 2 * sizeof delays / sizeof delays[0]; k++) {
        const int delay = delays[k / 2];
        const bool restarts = k % 2;
        struct trtc_course c = { 0 };
        size_t hint = 0;
        for (int i = 0; i < 40; i++) {
            const struct trtc_course_frame f = {
                .ts = 900000 + (i < 20 ? i : i - delay - restarts * delay) * 3600,
                .delay = (i < 20 ? 0 : delay) * 3600,
                .explicit_dts = i >= 20,
                .key = i % 20 == 0,
                .pos = i * 1000,
            };
            assert_int_equal(trtc_course_add(&c, TRTC_AT_VIDEO, &f), 0);
        }
        assert_int_equal(trtc_course_settle(&c, 40 * 3600, TRTC_NOTIME), 0);
        const bool moves = trtc_course_shift(&c, TRTC_AT_VIDEO, 39 * 1000, &hint) != 0;
        assert_int_equal(moves, restarts);
        trtc_course_fini(&c);
    }
}

/* Of pictures at a variable rate no distance stands out, so none is a jump, even if it is as long as one. A
 * widest one that stands out by as little is none, either. */
static void test_ahead_at_variable_rate(void **state)
{
    (void)state;
    static const int steps_ms[] = { 33, 33, 33, 100, 100, 33, 33, 100 };
    for (int more_ms = 0; more_ms <= 70; more_ms += 70) {
        struct trtc_course c = { 0 };
        size_t hint = 0;
        int64_t ts = 900000;
        for (int i = 0; i < 151; i++) {
            const struct trtc_course_frame f = { .ts = ts, .key = i == 0, .pos = i * 1000 };
            assert_int_equal(trtc_course_add(&c, PICTURE, &f), 0);
            ts += (steps_ms[i % 8] + (i == 59 ? more_ms : 0)) * 90;
        }
        c.onward[PICTURE].known = true;
        c.onward[PICTURE].comes = ts;
        c.onward[PICTURE].due = ts - 70 * 90;
        assert_int_equal(trtc_course_settle(&c, TRTC_NOTIME, TRTC_NOTIME), 0);
        assert_int_equal(trtc_course_shift(&c, PICTURE, 150 * 1000, &hint), 0);
        trtc_course_fini(&c);
    }
}

/* How far sound that pauses for 0.25 s is moved in a segment of 10 s whose sound begins 0.3 s behind its
 * pictures, and ends 0.3 s behind them. */
static int64_t moved_behind(int64_t behind)
{
    struct trtc_course c = { 0 };
    size_t hint = 0;
    int pos = 0;
    for (int64_t at = 0; at < 10 * S; at += 3600) {
        const struct trtc_course_frame f = { .ts = at, .pos = pos };
        pos++;
        assert_int_equal(trtc_course_add(&c, PICTURE, &f), 0);
    }
    for (int64_t at = ticks(0.3); at < ticks(10.3); at += 1920) {
        const struct trtc_course_frame f = {
            .ts = at, .pos = pos, .samples = 1024, .rate_hz = 48000
        };
        pos++;
        at += at >= 4 * S && at < 4 * S + 1920 ? ticks(0.25) : 0;
        assert_int_equal(trtc_course_add(&c, SOUND, &f), 0);
    }
    c.onward[SOUND].behind = behind;
    assert_int_equal(trtc_course_settle(&c, 10 * S, 10 * S), 0);
    const int64_t shift = trtc_course_shift(&c, SOUND, pos, &hint);
    trtc_course_fini(&c);
    return shift;
}

/* Segments that are cut where pictures are ahead of the sound: that ends where it begins in the next one. */
static void test_cut_behind(void **state)
{
    (void)state;
    assert_int_equal(moved_behind(ticks(0.3)), 0);
    assert_int_not_equal(moved_behind(0), 0);
}

/* Pictures pause, and the last of them is as much later than the one before as pictures at a variable rate
 * are, or it follows soon on two that were much later. How long it lasts is not known, so it does not make
 * the segment too long. */
static void test_last_picture_at_variable_rate(void **state)
{
    (void)state;
    static const double last_s[][4] = { { 0.04, 0.04, 0.3, 0.067 }, { 0.25, 0.25, 0.084, 0.042 } };
    for (size_t k = 0; k < sizeof last_s / sizeof *last_s; k++) {
        struct trtc_course c = { 0 };
        size_t hint = 0;
        int64_t at = 0;
        for (int i = 0; i < 100; i++) {
            const struct trtc_course_frame f = { .ts = at, .pos = i };
            assert_int_equal(trtc_course_add(&c, PICTURE, &f), 0);
            at += ticks(i == 50 ? 0.6 : i >= 96 ? last_s[k][i - 96] : 0.04);
        }
        assert_int_equal(trtc_course_settle(&c, at, at), 0);
        assert_int_equal(trtc_course_shift(&c, PICTURE, 99, &hint), 0);
        trtc_course_fini(&c);
    }
}

/* How far the last picture, and the last sound, of the last segment of a playlist are moved. Pictures, of which
 * each is shown by delay later than it is decoded, pause after 4 s; sound, which lasts 10 s and by more, after
 * 5 s; listed: what the playlist says. */
static void move_last(int64_t delay, int64_t pauses[2], int64_t more, int64_t listed,
                      int64_t shifts[2])
{
    struct trtc_course c = { 0 };
    for (int64_t at = 0; at < 10 * S; at += 6000) {
        const struct trtc_course_frame f = {
            .ts = at, .pos = at, .delay = delay, .explicit_dts = true, .key = at == 0
        };
        assert_int_equal(trtc_course_add(&c, PICTURE, &f), 0);
        at += at == 4 * S ? pauses[PICTURE] : 0;
    }
    for (int64_t at = delay, to = at + 10 * S + more; at < to; at += 1920) {
        const struct trtc_course_frame f = {
            .ts = at, .pos = at, .samples = 1024, .rate_hz = 48000
        };
        assert_int_equal(trtc_course_add(&c, SOUND, &f), 0);
        at += at >= 5 * S && at < 5 * S + 1920 ? pauses[SOUND] : 0;
    }
    for (int k = 0; k < 2; k++) {
        c.onward[k].known = true;
        c.onward[k].comes = TRTC_NOTIME;
        c.onward[k].due = listed + (k == SOUND ? delay : 0);
    }
    assert_int_equal(trtc_course_settle(&c, listed, TRTC_NOTIME), 0);
    for (int k = 0; k < 2; k++) {
        size_t hint = 0;
        shifts[k] = trtc_course_shift(&c, k, 20 * S, &hint);
    }
    trtc_course_fini(&c);
}

/* What a playlist says of its last segment may be too short. If sound and pictures end together beyond that, a
 * pause of one of them was no jump; if one of them ends in time, it was. */
static void test_ends_together(void **state)
{
    (void)state;
    int64_t shifts[2];
    move_last(12000, (int64_t[2]){ [PICTURE] = 2 * S }, 5000, 8 * S, shifts);
    assert_int_equal(shifts[PICTURE], 0);
    assert_int_equal(shifts[SOUND], 0);
    move_last(12000, (int64_t[2]){ [SOUND] = 9000 }, 2000, 10 * S - 10800, shifts);
    assert_int_equal(shifts[PICTURE], 0);
    assert_int_equal(shifts[SOUND], 0);
    move_last(12000, (int64_t[2]){ [PICTURE] = 2 * S }, -2 * S, 8 * S, shifts);
    assert_true(llabs(shifts[PICTURE] + 2 * S) <= 3600);
    assert_int_equal(shifts[SOUND], 0);
}

/* Pictures pause for 2 s, of which the length in the playlist knows nothing. If one that is decoded before is
 * shown after it, the encoder knew of the pause, and it stays; else the stamps have jumped. */
static void test_shown_after_a_pause(void **state)
{
    (void)state;
    for (int known = 0; known < 2; known++) {
        struct trtc_course c = { 0 };
        size_t hint = 0;
        for (int k = 0; k < 50; k++) {
            const int64_t ts = k * 3600 + (k < 25 ? 0 : 2 * S);
            const struct trtc_course_frame f = { .ts = ts,
                                                 .explicit_dts = true,
                                                 .delay = known && k == 24 ? 7200 + 2 * S : 7200,
                                                 .pos = k };
            assert_int_equal(trtc_course_add(&c, PICTURE, &f), 0);
        }
        assert_int_equal(trtc_course_settle(&c, 2 * S, TRTC_NOTIME), 0);
        const int64_t shift = trtc_course_shift(&c, PICTURE, 40, &hint);
        if (known ? shift != 0 : shift > -2 * S + 9000)
            fail_msg("%d: %" PRId64, known, shift);
        trtc_course_fini(&c);
    }
}

/* Pictures that come twice, or behind the ones that follow them, are no restart, however low the rate
 * is. A clock that falls by as little goes on from there. */
static void test_out_of_order(void **state)
{
    (void)state;
    static const struct {
        int at[8]; /* in pictures, from the 20th on */
        bool moves;
    } t[] = {
        { { 0, 2, 1, 3, 4, 5, 6, 7 }, false }, { { 0, 1, 0, 2, 3, 4, 5, 6 }, false },
        { { 0, 3, 1, 2, 4, 5, 6, 7 }, false }, { { 0, 1, 2, -9, 3, 4, 5, 6 }, false },
        { { 0, 2, 1, 3, 5, 4, 6, 7 }, false }, { { 0, 1, 2, 0, 1, 2, 3, 4 }, true },
        { { 0, 1, 2, -1, 0, 1, 2, 3 }, true }, { { 0, 1, 2, -7, -6, -5, -4, -3 }, true },
    };
    static const int rates[] = { 5, 10, 15, 25 };
    for (size_t k = 0; k < sizeof t / sizeof *t * 4; k++) {
        struct trtc_course c = { 0 };
        size_t hint = 0;
        const int step = 90000 / rates[k % 4];
        for (int i = 0; i < 40; i++) {
            const int at =
                i < 20 ? i : 20 + t[k / 4].at[i < 28 ? i - 20 : 7] + (i < 28 ? 0 : i - 27);
            const struct trtc_course_frame f = {
                .ts = 900000 + at * step, .explicit_dts = k % 2, .key = i == 0, .pos = i * 1000
            };
            assert_int_equal(trtc_course_add(&c, PICTURE, &f), 0);
        }
        assert_int_equal(trtc_course_settle(&c, TRTC_NOTIME, TRTC_NOTIME), 0);
        const int64_t shift = trtc_course_shift(&c, PICTURE, 39 * 1000, &hint);
        if ((shift != 0) != t[k / 4].moves)
            fail_msg("%zu at %d fps: %" PRId64, k / 4, rates[k % 4], shift);
        trtc_course_fini(&c);
    }
}

static void test_holes(void **state)
{
    (void)state;
    struct trtc_course c = { 0 };
    const struct media m = { .length_s = 30,
                             .parts = { { 5, { 0, 0 }, 20 }, { 10, { 0, 0 }, 16 } },
                             .nb_parts = 2 };
    int64_t at = INT64_MIN, start;
    make(&m);
    for (int i = 0; i < nb_frames; i++)
        assert_int_equal(trtc_course_add(&c, frames[i].track, &frames[i].f), 0);
    assert_int_equal(trtc_course_settle(&c, 66 * S, TRTC_NOTIME), 0);
    assert_true(llabs(c.start) < 4 && llabs(c.end - 66 * S) < S / 20);
    assert_true(trtc_course_hole(&c, 15 * S, &at, &start));
    assert_true(llabs(start - 5 * S) < S / 20 && llabs(at - 25 * S) < S / 20);
    assert_true(trtc_course_hole(&c, 15 * S, &at, &start));
    assert_true(llabs(start - 30 * S) < S / 20 && llabs(at - 46 * S) < S / 20);
    assert_false(trtc_course_hole(&c, 15 * S, &at, &start));
    trtc_course_fini(&c);
    free(frames);
}

/* Of slides each may begin a run. Where there are too many, and none falls, nothing is moved or cut
 * off. */
static void test_many_slides(void **state)
{
    struct trtc_course c = { 0 };
    (void)state;
    for (int i = 0; i < TRTC_COURSE_RUNS_MAX + 1000; i++) {
        const struct trtc_course_frame f = { .ts = i * S, .key = true, .pos = i * 376 };
        assert_int_equal(trtc_course_add(&c, PICTURE, &f), 0);
    }
    assert_int_equal(trtc_course_settle(&c, (TRTC_COURSE_RUNS_MAX + 1000) * S, TRTC_NOTIME), 0);
    assert_true(c.settled && c.n == 0 && !c.too_many);
    trtc_course_fini(&c);
}

/* Whatever the stamps are, it ends, and within bounds. */
static void test_garbage(void **state)
{
    (void)state;
    srand(11);
    for (int turn = 0; turn < 50; turn++) {
        struct trtc_course c = { 0 };
        int64_t at = INT64_MIN, start;
        size_t hint = 0;
        for (int i = 0; i < 400; i++) {
            const struct trtc_course_frame f = {
                .ts = ((int64_t)rand() << 16 ^ rand()) & (WRAP - 1),
                .explicit_dts = rand() & 1,
                .pos = i * 188,
                .samples = rand() % 3 ? 1024 : 0,
                .rate_hz = 44100,
            };
            assert_int_equal(trtc_course_add(&c, rand() & 1, &f), 0);
        }
        assert_int_equal(trtc_course_settle(&c, turn & 1 ? 10 * S : TRTC_NOTIME,
                                            turn & 2 ? 12 * S : TRTC_NOTIME),
                         0);
        trtc_course_shift(&c, turn & 1, 5000, &hint);
        while (trtc_course_hole(&c, 1, &at, &start))
            ;
        trtc_course_fini(&c);
    }
    struct trtc_course none = { 0 };
    assert_int_equal(trtc_course_settle(&none, TRTC_NOTIME, TRTC_NOTIME), 0);
    trtc_course_fini(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_both_change),
        cmocka_unit_test(test_several_changes),
        cmocka_unit_test(test_one_changes),
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_apart_alike),
        cmocka_unit_test(test_falls_soon),
        cmocka_unit_test(test_sound_falls_first),
        cmocka_unit_test(test_apart_by_length),
        cmocka_unit_test(test_off_twice),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_rises_briefly),
        cmocka_unit_test(test_rate_changes),
        cmocka_unit_test(test_variable_rate),
        cmocka_unit_test(test_variable_rate_beside_wrong_sound),
        cmocka_unit_test(test_pauses_stay),
        cmocka_unit_test(test_late_track_behind_a_restart),
        cmocka_unit_test(test_begins_at_a_restart),
        cmocka_unit_test(test_key_falls),
        cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_long_jump),
        cmocka_unit_test(test_ahead_at_variable_rate),
        cmocka_unit_test(test_cut_behind),
        cmocka_unit_test(test_last_picture_at_variable_rate),
        cmocka_unit_test(test_delay_grows),
        cmocka_unit_test(test_ends_together),
        cmocka_unit_test(test_out_of_order),
        cmocka_unit_test(test_shown_after_a_pause),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_many_slides),
        cmocka_unit_test(test_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
