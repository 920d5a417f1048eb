/* SPDX-License-Identifier: MIT */
/* roster: intervals against a time line that is looked at second by second, and who has a window when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recording/roster.h"

#define S   INT64_C(1000000)
#define GAP TRTC_SECTION_GAP_US
#define T0  (INT64_C(1768908622) * S)

static uint32_t seed = 1;

static uint32_t noise(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static void expect_intervals(const struct trtc_intervals *v, size_t n,
                             const struct trtc_interval *want)
{
    assert_int_equal(v->n, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(v->items[i].start_us == want[i].start_us);
        assert_true(v->items[i].end_us == want[i].end_us);
    }
}
#define EXPECT(v, ...)                                                                             \
    expect_intervals(v,                                                                            \
                     sizeof(struct trtc_interval[]){ __VA_ARGS__ } / sizeof(struct trtc_interval), \
                     (const struct trtc_interval[]){ __VA_ARGS__ })

static void add(struct trtc_intervals *v, int64_t start_us, int64_t end_us, int64_t gap_us)
{
    struct trtc_err err;
    assert_int_equal(trtc_intervals_add(v, start_us, end_us, gap_us, &err), 0);
}

/* ---- intervals ---- */

static void test_add(void **state)
{
    struct trtc_intervals v = { 0 };
    (void)state;
    add(&v, 10, 20, 5);
    add(&v, 25, 30, 5); /* as far as the gap: one */
    EXPECT(&v, { 10, 30 });
    add(&v, 36, 40, 5); /* a microsecond more: two */
    EXPECT(&v, { 10, 30 }, { 36, 40 });
    add(&v, 36, 38, 5); /* nothing is taken back */
    add(&v, 33, 39, 5); /* frames that are reordered */
    EXPECT(&v, { 10, 30 }, { 36, 40 });
    add(&v, 50, INT64_MAX, 5);
    add(&v, 1000, 2000, 5); /* what is open holds all that follows */
    EXPECT(&v, { 10, 30 }, { 36, 40 }, { 50, INT64_MAX });
    trtc_intervals_fini(&v);
    assert_int_equal(v.n, 0);
    assert_null(v.items);
    for (int64_t i = 0; i < 1000; i++) /* room grows */
        add(&v, 10 * i, 10 * i + 2, 0);
    assert_int_equal(v.n, 1000);
    for (int64_t i = 0; i < 1000; i++)
        assert_true(v.items[i].start_us == 10 * i && v.items[i].end_us == 10 * i + 2);
    trtc_intervals_fini(&v);
}

/* Intervals that are cut short by others stay usable. */
static void test_add_after_fewer(void **state)
{
    (void)state;
    for (size_t left = 0; left <= 9; left++) {
        struct trtc_intervals v = { 0 };
        for (int64_t i = 0; i < 9; i++)
            add(&v, 10 * i, 10 * i + 2, 0);
        v.n = left;
        for (int64_t i = (int64_t)left; i < 40; i++)
            add(&v, 10 * i, 10 * i + 2, 0);
        assert_int_equal(v.n, 40);
        assert_true(v.items[39].start_us == 390);
        trtc_intervals_fini(&v);
    }
}

static void test_lane(void **state)
{
    const struct trtc_piece pieces[] = { { .start_us = T0, .dur_us = 10 * S },
                                         { .start_us = T0 + 25 * S, .dur_us = 5 * S },
                                         { .start_us = T0 + 45 * S + 1, .dur_us = 5 * S } };
    struct trtc_clip clips[] = { { &pieces[0], INT64_MAX },
                                 { &pieces[1], INT64_MAX },
                                 { &pieces[2], T0 + 47 * S } };
    struct trtc_intervals v = { 0 };
    struct trtc_err err;
    (void)state;
    assert_int_equal(trtc_intervals_lane(&v, &(struct trtc_lane){ clips, 3 }, &err), 0);
    EXPECT(&v, { T0, T0 + 30 * S }, { T0 + 45 * S + 1, T0 + 47 * S });
    trtc_intervals_fini(&v);
    assert_int_equal(trtc_intervals_lane(&v, &(struct trtc_lane){ NULL, 0 }, &err), 0);
    assert_int_equal(v.n, 0);
}

enum { LINE = 120 };

/* Marks what the intervals hold; with holes of up to gap closed. */
static void draw(const struct trtc_intervals *v, int gap, bool *line)
{
    int last = -1;
    for (size_t i = 0; i < v->n; i++)
        for (int64_t t = v->items[i].start_us; t < v->items[i].end_us && t < LINE; t++)
            line[t] = true;
    for (int t = 0; t < LINE; t++) {
        if (!line[t])
            continue;
        for (int k = last + 1; last >= 0 && k < t && t - last - 1 <= gap; k++)
            line[k] = true;
        last = t;
    }
}

static void random_intervals(struct trtc_intervals *v, int gap)
{
    int64_t t = noise(20);
    for (int n = (int)noise(6); n > 0 && t < LINE - 20; n--) {
        const int64_t end = t + 1 + noise(12);
        add(v, t, end, gap);
        t = end + noise(20);
    }
}

static void expect_line(const struct trtc_intervals *v, const bool *line)
{
    for (int t = 0; t < LINE; t++)
        assert_int_equal(trtc_intervals_at(v, t) != NULL, line[t]);
    for (size_t i = 0; i < v->n; i++) {
        assert_true(v->items[i].start_us < v->items[i].end_us);
        assert_true(i == 0 || v->items[i].start_us > v->items[i - 1].end_us);
        assert_ptr_equal(trtc_intervals_at(v, v->items[i].start_us), &v->items[i]);
    }
}

static void test_union(void **state)
{
    (void)state;
    for (int round = 0; round < 500; round++) {
        const int gap = (int)noise(10);
        struct trtc_intervals a = { 0 }, b = { 0 }, both = { 0 };
        struct trtc_err err;
        bool line[LINE] = { false };
        random_intervals(&a, gap);
        random_intervals(&b, gap);
        draw(&a, 0, line);
        draw(&b, gap, line);
        add(&both, 7, 8, 0); /* what was there goes */
        assert_int_equal(trtc_intervals_union(&a, &b, gap, &both, &err), 0);
        expect_line(&both, line);
        trtc_intervals_fini(&a);
        trtc_intervals_fini(&b);
        trtc_intervals_fini(&both);
    }
}

static void test_linger(void **state)
{
    (void)state;
    for (int round = 0; round < 500; round++) {
        const int by = (int)noise(15);
        struct trtc_intervals v = { 0 };
        bool line[LINE] = { false };
        random_intervals(&v, 2);
        for (size_t i = 0; i < v.n; i++)
            for (int64_t t = v.items[i].start_us; t < v.items[i].end_us + by && t < LINE; t++)
                line[t] = true;
        trtc_intervals_linger(&v, by);
        for (int t = 0; t < LINE; t++)
            assert_int_equal(trtc_intervals_at(&v, t) != NULL, line[t]);
        for (size_t i = 1; i < v.n; i++)
            assert_true(v.items[i].start_us > v.items[i - 1].end_us);
        trtc_intervals_fini(&v);
    }
    struct trtc_intervals open = { 0 };
    add(&open, 5, 10, 0);
    add(&open, 20, INT64_MAX, 0);
    trtc_intervals_linger(&open, 3);
    EXPECT(&open, { 5, 13 }, { 20, INT64_MAX });
    trtc_intervals_linger(&open, 20);
    EXPECT(&open, { 5, INT64_MAX });
    trtc_intervals_fini(&open);
}

static void test_at_edges(void **state)
{
    struct trtc_intervals v = { 0 };
    (void)state;
    assert_null(trtc_intervals_at(&v, 0));
    add(&v, T0, T0 + S, 0);
    add(&v, T0 + 3 * S, INT64_MAX, 0);
    assert_null(trtc_intervals_at(&v, T0 - 1));
    assert_ptr_equal(trtc_intervals_at(&v, T0), &v.items[0]);
    assert_ptr_equal(trtc_intervals_at(&v, T0 + S - 1), &v.items[0]);
    assert_null(trtc_intervals_at(&v, T0 + S)); /* the end is exclusive */
    assert_ptr_equal(trtc_intervals_at(&v, INT64_MAX - 1), &v.items[1]);
    assert_true(trtc_intervals_meet(&v, INT64_MIN, INT64_MAX));
    assert_true(trtc_intervals_meet(&v, T0 - S, T0));
    assert_true(trtc_intervals_meet(&v, T0 + S - 1, T0 + 2 * S));
    assert_true(trtc_intervals_meet(&v, T0 + S, T0 + 3 * S));
    assert_false(trtc_intervals_meet(&v, T0 - S, T0 - 1));
    assert_false(trtc_intervals_meet(&v, T0 + S, T0 + 3 * S - 1));
    trtc_intervals_fini(&v);
}

/* ---- members ---- */

/* Sound from 0 to 10 s and from 40 s to 50 s; pictures from 20 s to 30 s. */
static void make_member(struct trtc_member *m, const char *user, int64_t at_us, int64_t linger_us)
{
    struct trtc_err err;
    *m = (struct trtc_member){ .user = user };
    add(&m->sound, at_us, at_us + 10 * S, GAP);
    add(&m->sound, at_us + 40 * S, at_us + 50 * S, GAP);
    add(&m->picture, at_us + 20 * S, at_us + 30 * S, GAP);
    assert_int_equal(trtc_member_settle(m, linger_us, &err), 0);
}

static void test_settle(void **state)
{
    struct trtc_member m;
    struct trtc_err err;
    (void)state;
    make_member(&m, "a", T0, 2 * S);
    /* sound and picture take turns: the user never left */
    EXPECT(&m.both, { T0, T0 + 50 * S });
    EXPECT(&m.stay, { T0, T0 + 52 * S });
    EXPECT(&m.stay_sound, { T0, T0 + 12 * S }, { T0 + 40 * S, T0 + 52 * S });
    EXPECT(&m.stay_picture, { T0 + 20 * S, T0 + 32 * S });
    add(&m.picture, T0 + 60 * S, INT64_MAX, GAP); /* it goes on: settled again */
    assert_int_equal(trtc_member_settle(&m, 30 * S, &err), 0);
    EXPECT(&m.stay, { T0, INT64_MAX });
    EXPECT(&m.stay_sound, { T0, T0 + 80 * S });
    EXPECT(&m.sound, { T0, T0 + 10 * S }, { T0 + 40 * S, T0 + 50 * S });
    trtc_member_fini(&m);
    trtc_member_fini(&m);
}

static void test_shown(void **state)
{
    struct trtc_member m;
    (void)state;
    make_member(&m, "a", T0, 2 * S); /* pictures from 20 s to 32 s, heard again from 40 s to 52 s */
    const struct {
        int64_t at_us;
        bool shown;
    } cases[] = { { 0, false },      { 20 * S - 1, false }, { 20 * S, true },
                  { 32 * S, true },  { 45 * S - 1, true }, /* for 15 s */
                  { 45 * S, false }, { 51 * S, false } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(trtc_member_shown(&m, T0 + cases[i].at_us), cases[i].shown);
    trtc_member_fini(&m);
    struct trtc_err err;
    m = (struct trtc_member){ .user = "b" }; /* who leaves takes the picture along */
    add(&m.sound, T0, T0 + 11 * S, GAP);
    add(&m.picture, T0, T0 + 10 * S, GAP);
    assert_int_equal(trtc_member_settle(&m, 0, &err), 0);
    assert_true(trtc_member_shown(&m, T0 + 11 * S - 1));
    assert_false(trtc_member_shown(&m, T0 + 11 * S));
    trtc_member_fini(&m);
}

static void expect_order(struct trtc_member *m, const struct trtc_wanted *w, size_t n,
                         bool no_audio_windows, int64_t t_us, const char *want)
{
    const struct trtc_member *who[32];
    size_t order[32];
    for (size_t i = 0; i < n; i++) {
        m[i].wanted = w[i];
        who[i] = &m[i];
    }
    char got[33] = "";
    const size_t nb = trtc_roster_at(who, n, no_audio_windows, t_us, order);
    for (size_t i = 0; i < nb; i++)
        got[i] = m[order[i]].user[0];
    got[nb] = '\0';
    assert_string_equal(got, want);
}

static void test_roster(void **state)
{
    struct trtc_member m[3];
    struct trtc_wanted w[3];
    (void)state;
    make_member(&m[0], "c", T0 + 5 * S, 0);
    make_member(&m[1], "a", T0, 0);
    make_member(&m[2], "b", T0 + 5 * S, 0);
    for (int i = 0; i < 3; i++)
        w[i] = (struct trtc_wanted){ true, true };
    expect_order(m, w, 3, false, T0 - 1, "");
    expect_order(m, w, 3, false, T0, "a");
    expect_order(m, w, 3, false, T0 + 5 * S - 1, "a");
    expect_order(m, w, 3, false, T0 + 5 * S, "acb"); /* together: in the order of the members */
    expect_order(m, w, 3, false, T0 + 15 * S, "acb");
    expect_order(m, w, 3, false, T0 + 50 * S - 1, "acb");
    expect_order(m, w, 3, false, T0 + 50 * S, "cb");
    expect_order(m, w, 3, false, T0 + 55 * S, "");
    /* only who sends a picture */
    expect_order(m, w, 3, true, T0 + 10 * S, "");
    expect_order(m, w, 3, true, T0 + 20 * S, "a");
    expect_order(m, w, 3, true, T0 + 29 * S, "acb");
    expect_order(m, w, 3, true, T0 + 30 * S, "cb");
    /* the picture is not wanted: the voice alone keeps the window, and counts for the order */
    w[1].picture = false;
    expect_order(m, w, 3, false, T0 + 9 * S, "acb");
    expect_order(m, w, 3, false, T0 + 25 * S, "cb");
    expect_order(m, w, 3, false, T0 + 45 * S, "cba"); /* who came back last */
    expect_order(m, w, 3, true, T0 + 25 * S, "cb");
    /* the voice is not wanted */
    w[1] = (struct trtc_wanted){ .picture = true };
    expect_order(m, w, 3, false, T0 + 9 * S, "cb");
    expect_order(m, w, 3, false, T0 + 29 * S, "cba");
    w[0] = w[1] = w[2] = (struct trtc_wanted){ false, false };
    expect_order(m, w, 3, false, T0 + 25 * S, "");
    for (int i = 0; i < 3; i++)
        trtc_member_fini(&m[i]);
    expect_order(m, w, 0, false, T0, "");
}

/* Whoever comes and goes: the order is that of entry, and of the members where that is the same. */
static void test_many(void **state)
{
    enum { N = 30 };
    (void)state;
    for (int round = 0; round < 40; round++) {
        struct trtc_member m[N];
        const struct trtc_member *who[N];
        size_t order[N];
        for (int i = 0; i < N; i++) {
            make_member(&m[i], "x", T0 + (int64_t)noise(12) * 5 * S, noise(3) * S);
            m[i].wanted = (struct trtc_wanted){ noise(4) > 0, noise(4) > 0 };
            who[i] = &m[i];
        }
        for (int64_t t = T0; t < T0 + 120 * S; t += 7 * S) {
            size_t nb = trtc_roster_at(who, N, false, t, order);
            bool there[N] = { false };
            int64_t since_before = 0;
            for (size_t i = 0; i < nb; i++) {
                const struct trtc_member *x = &m[order[i]];
                const struct trtc_wanted *y = &x->wanted;
                const struct trtc_interval *v = trtc_intervals_at(y->sound && y->picture ? &x->stay
                                                                  : y->sound ? &x->stay_sound
                                                                             : &x->stay_picture,
                                                                  t);
                assert_non_null(v);
                assert_true(v->start_us >= since_before);
                if (i > 0 && v->start_us == since_before)
                    assert_true(order[i] > order[i - 1]);
                since_before = v->start_us;
                assert_false(there[order[i]]);
                there[order[i]] = true;
            }
            for (int i = 0; i < N; i++)
                if (!there[i])
                    assert_false((m[i].wanted.sound && trtc_intervals_at(&m[i].stay_sound, t)) ||
                                 (m[i].wanted.picture && trtc_intervals_at(&m[i].stay_picture, t)));
        }
        for (int i = 0; i < N; i++)
            trtc_member_fini(&m[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),    cmocka_unit_test(test_add_after_fewer),
        cmocka_unit_test(test_lane),   cmocka_unit_test(test_union),
        cmocka_unit_test(test_linger), cmocka_unit_test(test_at_edges),
        cmocka_unit_test(test_settle), cmocka_unit_test(test_shown),
        cmocka_unit_test(test_roster), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}
