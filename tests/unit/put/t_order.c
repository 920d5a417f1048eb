/* SPDX-License-Identifier: MIT */
/* Which file is put when: small plays on the order, each a line of steps, and the pauses as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "put/order.h"

/* A play: words of a sign and a key.
 *   +k  its path comes          >k  it begins, as the next one      >-  nothing begins now
 *   =kN it is there, which answers N lines                          !k  it fails for good
 *   ~k  it fails, and is tried again at time 10                     c   (before =) it has changed meanwhile
 *   ?kx playlist k, which runs, waits for x                         @kx it waits for a path with key x
 *   ikx playlist k names x, which nobody has given                  .   the input ends
 *   tN  it is time N from here on                                   w   nothing may be waited for: refused */
struct play {
    struct trtc_order *o;
    int64_t now_us;
};

/* Playlists have capitals. */
static const char *key_of(char c)
{
    static char key[8];
    snprintf(key, sizeof key, "%c%s", c, c >= 'A' && c <= 'Z' ? ".m3u8" : ".ts");
    return key;
}

static struct trtc_job *job_of(const struct play *p, char c)
{
    struct trtc_job *job = trtc_order_find(p->o, key_of(c));
    assert_non_null(job);
    return job;
}

static void begin(const struct play *p, char c)
{
    int64_t wake_us;
    const struct trtc_job *job = trtc_order_next(p->o, p->now_us, &wake_us);
    if (c == '-') {
        assert_null(job);
        return;
    }
    assert_non_null(job);
    assert_string_equal(job->key, key_of(c));
    assert_int_equal(job->playlist, c >= 'A' && c <= 'Z');
}

static void step(struct play *p, const char *s)
{
    struct trtc_err err;
    char other[8];
    switch (*s) {
    case '+':
        assert_non_null(trtc_order_add(p->o, key_of(s[1]), key_of(s[1]), &err));
        break;
    case '>':
        begin(p, s[1]);
        break;
    case '=':
        assert_int_equal(trtc_order_done(p->o, job_of(p, s[1])), s[2] - '0');
        break;
    case '!':
        trtc_order_fail(p->o, job_of(p, s[1]), TRTC_EX_NOPERM);
        break;
    case '~':
        trtc_order_again(p->o, job_of(p, s[1]), 10);
        break;
    case 'c':
        job_of(p, s[1])->changed = true;
        break;
    case '?':
        assert_true(trtc_order_wait(p->o, job_of(p, s[1]), job_of(p, s[2])));
        break;
    case 'w':
        assert_false(trtc_order_wait(p->o, job_of(p, s[1]), job_of(p, s[2])));
        break;
    case '@':
        snprintf(other, sizeof other, "%s", key_of(s[2]));
        assert_true(trtc_order_wait_key(p->o, job_of(p, s[1]), other));
        break;
    case 'i':
        snprintf(other, sizeof other, "%s", key_of(s[2]));
        assert_non_null(trtc_order_imply(p->o, job_of(p, s[1]), other, other, &err));
        break;
    case '.':
        trtc_order_end(p->o);
        break;
    case 't':
        p->now_us = atoi(s + 1);
        break;
    default:
        fail_msg("no step: %s", s);
    }
}

static void plays(void **state)
{
    static const struct {
        const char *steps;
        int nb_open, nb_left; /* then */
    } t[] = {
        /* side by side, in the order in which they came */
        { "+a +b +c >a >b >c >- =b1 =a1 =c1", 0, 0 },
        /* a path that came twice before its attempt is answered twice; one that comes meanwhile is put again */
        { "+a +b +a >a =a2 >b =b1 >-", 0, 0 },
        { "+a >a +a >- =a1 >a =a1", 0, 0 },
        { "+a >a ca =a1 >a =a0 >-", 0, 0 },
        /* one that failed waits its time, and holds up no other */
        { "+a +b >a ~a >b >- t9 >- t10 >a =a1 =b1", 0, 0 },
        { "+a >a +a ~a t10 >a =a2", 0, 0 },
        /* a playlist behind its segments */
        { "+a +b +P >a >b >P ?Pb >- =b1 >P ?Pa >- =a1 >P =P1", 0, 0 },
        /* rewritten while it waits: once, and both lines are answered */
        { "+a +P >a >P ?Pa +P =a1 >P =P2 >-", 0, 0 },
        { "+a +P >a >P +P ?Pa =a1 >P =P2 >-", 0, 0 },
        { "+a +P >a =a1 >P +P =P1 >P =P1 >-", 0, 0 },
        /* segments that only the playlist names: before it, and without a line */
        { "+P >P iPa iPb ?Pb >a >b =a0 =b0 >P =P1", 0, 0 },
        { "+P >P iPa ?Pa >a +a =a0 >a >P =a1 =P1", 0, 0 },
        { "+P >P iPa ?Pa +a >a =a1 >P =P1", 0, 0 },
        /* what failed may come again, and the playlist goes on then */
        { "+a +P >a !a >P ?Pa >- +a >a =a2 >P =P1", 0, 0 },
        { "+a +P >a !a >P ?Pa .", 1, 2 },
        /* a file that nobody has: it comes, or the input ends */
        { "+P >P @Pa >- +b >b =b1 >- +a >P ?Pa >a =a1 >P =P1", 0, 0 },
        { "+P >P @Pa >- . >P =P1", 0, 0 },
        { "+P +Q +R >P @Pa >Q @Qb >R @Ra >- +b >Q @Qc +a >P =P1 >R =R1 >b =b1 >a =a1 +c >Q =Q1 >c =c1",
          0, 0 },
        /* it is not counted among those that leave no room for paths */
        { "+P +Q >P @Pa >Q @Qb >-", 0, 2 },
        /* playlists that name each other do not wait for each other */
        { "+P +Q >P >Q ?PQ wQP =Q1 >P =P1", 0, 0 },
        { "+P >P wPP =P1", 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err;
        struct play p = { .o = trtc_order_new(&err) };
        int left = 0;
        for (const char *s = t[i].steps; *s; s += strcspn(s, " "), s += strspn(s, " "))
            step(&p, s);
        for (const struct trtc_job *job = trtc_order_first(p.o); job; job = job->next)
            left++;
        assert_int_equal(trtc_order_open(p.o), t[i].nb_open);
        assert_int_equal(left, t[i].nb_left);
        assert_true(trtc_order_idle(p.o));
        trtc_order_free(&p.o);
    }
}

static void lines(void **state)
{
    struct trtc_err err;
    struct trtc_order *o = trtc_order_new(&err);
    struct trtc_job *list = trtc_order_add(o, "./d/P.m3u8", "d/P.m3u8", &err);
    struct trtc_job *job = trtc_order_imply(o, list, "./d/a.ts", "d/a.ts", &err);
    (void)state;
    assert_true(job->named);
    assert_int_equal(job->in_dir, 4);
    assert_ptr_equal(trtc_order_first(o), job);
    assert_string_equal(trtc_order_line(job), "./d/a.ts");
    assert_ptr_equal(trtc_order_add(o, "d/a.ts", "d/a.ts", &err), job);
    assert_string_equal(trtc_order_line(job), "d/a.ts");
    assert_string_equal(job->path, "./d/a.ts");
    trtc_order_free(&o);
}

/* Every key is found among many, and gone afterwards. */
static void many(void **state)
{
    struct trtc_err err;
    struct trtc_order *o = trtc_order_new(&err);
    char key[16];
    int64_t wake_us;
    (void)state;
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "%d.ts", i);
        assert_non_null(trtc_order_add(o, key, key, &err));
    }
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "%d.ts", i);
        struct trtc_job *job = trtc_order_next(o, 0, &wake_us);
        assert_ptr_equal(job, trtc_order_find(o, key));
        assert_int_equal(trtc_order_done(o, job), 1);
        assert_null(trtc_order_find(o, key));
    }
    assert_int_equal(trtc_order_open(o), 0);
    trtc_order_free(&o);
}

/* As many playlists may wait for paths as have come, and each is found at once. */
static void many_waiting(void **state)
{
    enum { NB = 20000 };
    struct trtc_err err;
    struct trtc_order *o = trtc_order_new(&err);
    char key[16];
    int64_t wake_us;
    (void)state;
    for (int i = 0; i < NB; i++) {
        snprintf(key, sizeof key, "%d.m3u8", i);
        assert_non_null(trtc_order_add(o, key, key, &err));
        snprintf(key, sizeof key, "%d.ts", i);
        assert_true(trtc_order_wait_key(o, trtc_order_next(o, 0, &wake_us), i % 2 ? key : "x.ts"));
        assert_int_equal(trtc_order_open(o), 0);
    }
    for (int i = NB - 1; i > 0; i -= 2) {
        snprintf(key, sizeof key, "%d.ts", i);
        assert_non_null(trtc_order_add(o, key, key, &err));
        struct trtc_job *list = trtc_order_next(o, 0, &wake_us);
        snprintf(key, sizeof key, "%d.m3u8", i);
        assert_string_equal(list->key, key);
        assert_int_equal(trtc_order_done(o, list), 1);
        assert_int_equal(trtc_order_done(o, trtc_order_next(o, 0, &wake_us)), 1);
    }
    trtc_order_end(o);
    for (int i = 0; i < NB; i += 2) {
        snprintf(key, sizeof key, "%d.m3u8", i);
        struct trtc_job *list = trtc_order_next(o, 0, &wake_us);
        assert_string_equal(list->key, key);
        assert_int_equal(trtc_order_done(o, list), 1);
    }
    assert_null(trtc_order_next(o, 0, &wake_us));
    trtc_order_free(&o);
}

static void pauses(void **state)
{
    const struct trtc_order_tries t = { .first_us = 100, .max_us = 1000, .at_end = 3 };
    static const struct {
        int nb_failed;
        bool ended;
        double chance;
        int64_t want_us;
    } rows[] = {
        { 1, false, 0, 100 },     { 2, false, 0, 200 },     { 4, false, 0, 800 },
        { 5, false, 0, 1000 },    { 1000, false, 0, 1000 }, { 1, false, 0.5, 112 },
        { 9, false, 0.99, 1247 }, { 1, true, 0, 100 },      { 2, true, 0, 200 },
        { 3, true, 0, -1 },       { 4, true, 0, -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(trtc_order_pause_us(&t, rows[i].nb_failed, rows[i].ended, rows[i].chance),
                         rows[i].want_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays),        cmocka_unit_test(lines),  cmocka_unit_test(many),
        cmocka_unit_test(many_waiting), cmocka_unit_test(pauses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
