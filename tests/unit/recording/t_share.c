/* SPDX-License-Identifier: MIT */
/* share: which part of the work a process has, from "K/N" or the environment; and that the parts of any tree
 * hold each output once, and are as even as they can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recording/share.h"

static uint32_t seed = 1;

static uint32_t noise(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* ---- which one ---- */

static const char *environment; /* "NAME=VALUE NAME=VALUE" */

static char *env(const char *name)
{
    static char value[64];
    char text[512], *rest = NULL;
    const size_t n = strlen(name);
    snprintf(text, sizeof text, "%s", environment);
    for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
        if (strncmp(w, name, n) == 0 && w[n] == '=') {
            snprintf(value, sizeof value, "%s", w + n + 1);
            return value;
        }
    }
    return NULL;
}

#define SLURM(id, min, count) \
    "SLURM_ARRAY_TASK_ID=" #id " SLURM_ARRAY_TASK_MIN=" #min " SLURM_ARRAY_TASK_COUNT=" #count

static const struct {
    const char *value, *environment;
    int k, n; /* n 0: refused, */
    const char *why;
} reads[] = {
    { "1/1", "", 1, 1, NULL },
    { "7/1000", "", 7, 1000, NULL },
    { "1000000/1000000", "", 1000000, 1000000, NULL },
    { "0/4", "", 0, 0, "0/4: there is no such part" },
    { "5/4", "", 0, 0, "5/4: there is no such part" },
    { "1/0", "", 0, 0, "1/0: there is no such part" },
    { "1/1000001", "", 0, 0, "N is up to 1000000" },
    { "", "", 0, 0, "neither K/N" },
    { "/", "", 0, 0, "neither K/N" },
    { "1", "", 0, 0, "neither K/N" },
    { "1/", "", 0, 0, "neither K/N" },
    { "/4", "", 0, 0, "neither K/N" },
    { "-1/4", "", 0, 0, "neither K/N" },
    { "1/4/2", "", 0, 0, "neither K/N" },
    { "l/1/4", "", 0, 0, "neither K/N" },
    { "1.5/4", "", 0, 0, "neither K/N" },
    { "99999999999999999999999999999999999999999/4", "", 0, 0, "neither K/N" },
    { "99999999999999999999/4", "", 0, 0, "there is no such part" },
    { "Auto", "", 0, 0, "neither K/N" },
    { "auto", "", 0, 0, "none of SLURM_ARRAY_TASK_ID" },
    { "auto", SLURM(0, 0, 8), 1, 8, NULL },
    { "auto", SLURM(7, 0, 8), 8, 8, NULL },
    { "auto", SLURM(1, 1, 8), 1, 8, NULL },
    { "auto", SLURM(12, 4, 5) " SLURM_ARRAY_TASK_STEP=4", 3, 5, NULL },
    { "auto", SLURM(12, 4, 5) " SLURM_ARRAY_TASK_STEP=4 SLURM_ARRAY_TASK_MAX=20", 3, 5, NULL },
    { "auto", SLURM(7, 1, 3), 0, 0, "has holes" },
    { "auto", SLURM(2, 1, 3) " SLURM_ARRAY_TASK_MAX=7", 0, 0, "has holes" }, /* --array=1,2,7 */
    { "auto", SLURM(2, 1, 3) " SLURM_ARRAY_TASK_MAX=x", 0, 0, "SLURM_ARRAY_TASK_MAX" },
    { "auto", SLURM(5, 4, 5) " SLURM_ARRAY_TASK_STEP=4", 0, 0, "has holes" },
    { "auto", SLURM(1, 2, 3), 0, 0, "has holes" },
    { "auto", "SLURM_ARRAY_TASK_ID=1", 0, 0, "SLURM_ARRAY_TASK_MIN is not set" },
    { "auto", SLURM(x, 1, 3), 0, 0, "SLURM_ARRAY_TASK_ID" },
    { "auto", "JOB_COMPLETION_INDEX=0 TRTC_PARTS=5", 1, 5, NULL },
    { "auto", "JOB_COMPLETION_INDEX=4 TRTC_PARTS=5", 5, 5, NULL },
    { "auto", "JOB_COMPLETION_INDEX=5 TRTC_PARTS=5", 0, 0, "auto, which is 6/5: there is no" },
    { "auto", "JOB_COMPLETION_INDEX=0", 0, 0, "TRTC_PARTS" },
    { "auto", "JOB_COMPLETION_INDEX= TRTC_PARTS=5", 0, 0, "none of" },
    { "auto", "AWS_BATCH_JOB_ARRAY_INDEX=2 TRTC_PARTS=3", 3, 3, NULL },
    { "auto", "PARALLEL_SEQ=3 TRTC_PARTS=3", 3, 3, NULL },
    { "auto", "PARALLEL_SEQ=0 TRTC_PARTS=3", 0, 0, "auto, which is 0/3: there is no" },
    { "auto", "TRTC_PARTS=3", 0, 0, "none of" },
    /* a job inside a job: the one that is complete counts, and of two neither */
    { "auto", SLURM(2, 1, 3) " PARALLEL_SEQ=1", 2, 3, NULL },
    { "auto", SLURM(2, 1, 3) " PARALLEL_SEQ=1 TRTC_PARTS=4", 0, 0, "both SLURM_ARRAY_TASK_ID and" },
    { "auto", "JOB_COMPLETION_INDEX=1 PARALLEL_SEQ=1 TRTC_PARTS=4", 0, 0, "both JOB_COMPLETION" },
};

static void test_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        struct trtc_share s = { 0 };
        struct trtc_err err = { 0 };
        environment = reads[i].environment;
        const int ret = trtc_share_read("--part", reads[i].value, env, &s, &err);
        if (ret != (reads[i].n ? 0 : -1) || (ret < 0 && !strstr(err.msg, reads[i].why)))
            fail_msg("'%s' with '%s': %d, %s", reads[i].value, environment, ret, err.msg);
        assert_int_equal(s.k, reads[i].k);
        assert_int_equal(s.n, reads[i].n);
        if (ret < 0)
            assert_int_equal(err.code, TRTC_EX_USAGE);
    }
}

/* ---- dividing ---- */

static void check_even(const int64_t *bytes, size_t nb, int n, const int *of)
{
    int64_t *sum = calloc((size_t)n + 1, sizeof *sum), most = 0, least = INT64_MAX, largest = 0;
    for (size_t i = 0; i < nb; i++) {
        assert_true(of[i] >= 1 && of[i] <= n);
        sum[of[i]] += bytes[i];
        largest = bytes[i] > largest ? bytes[i] : largest;
    }
    for (int k = 1; k <= n; k++) {
        most = sum[k] > most ? sum[k] : most;
        least = sum[k] < least ? sum[k] : least;
    }
    free(sum);
    if (most - least > largest)
        fail_msg("%zu units, %d parts: %lld apart, the largest is %lld", nb, n,
                 (long long)(most - least), (long long)largest);
}

static void test_divide(void **state)
{
    enum { UNITS_MAX = 400 };
    int64_t bytes[UNITS_MAX];
    int of[UNITS_MAX], again[UNITS_MAX];
    struct trtc_err err;
    (void)state;
    for (int n = 1; n <= 1000; n++) {
        const size_t nb = noise(UNITS_MAX);
        const uint32_t scale = noise(3) ? 1 + noise(1000) : 1;
        for (size_t i = 0; i < nb; i++)
            bytes[i] = (int64_t)noise(scale) * (noise(10) ? 1 : 100000);
        assert_int_equal(trtc_share_divide(bytes, nb, n, of, &err), 0);
        check_even(bytes, nb, n, of);
        assert_int_equal(trtc_share_divide(bytes, nb, n, again, &err), 0);
        assert_memory_equal(of, again, nb * sizeof *of);
    }
    /* equal ones are dealt out one by one */
    for (size_t i = 0; i < 12; i++)
        bytes[i] = 7;
    trtc_share_divide(bytes, 12, 12, of, &err);
    for (int i = 0; i < 12; i++)
        assert_int_equal(of[i], i + 1);
}

/* ---- trees ---- */

enum { RECS_MAX = 40, PIECES_MAX = 8 };

struct made {
    struct trtc_scan scan;
    struct trtc_recording recs[RECS_MAX];
    struct trtc_piece pieces[RECS_MAX][PIECES_MAX];
    char text[RECS_MAX][3][24];
};

/* Directories d0, d1 ..., few users and few times, so that names meet; sizes from nothing to much. */
static void make_tree(struct made *m)
{
    m->scan = (struct trtc_scan){ .recs = m->recs, .n = noise(RECS_MAX) };
    for (size_t i = 0; i < m->scan.n; i++) {
        struct trtc_recording *r = &m->recs[i];
        snprintf(m->text[i][0], 24, "d%u", (unsigned)i / 3);
        snprintf(m->text[i][1], 24, "u%u", noise(5));
        snprintf(m->text[i][2], 24, "r%u", noise(3));
        *r = (struct trtc_recording){ .dir = m->text[i][0],
                                      .user = noise(8) ? m->text[i][1] : NULL,
                                      .room = m->text[i][2],
                                      .sdkappid = 1400000000 + noise(2),
                                      .ended = noise(6) > 0,
                                      .pieces = m->pieces[i],
                                      .nb_pieces = noise(PIECES_MAX + 1) };
        const int64_t scale = noise(5) ? 1000 : 300000;
        for (size_t k = 0; k < r->nb_pieces; k++) {
            r->pieces[k] = (struct trtc_piece){ .name_ms = 1000 + 10 * noise(300),
                                                .bytes = scale + noise(1000) };
            r->bytes += r->pieces[k].bytes;
        }
    }
}

/* The plan of a recording that is divided: an output a piece. */
static void add_outputs(struct trtc_shares *s, const struct trtc_recording *r, size_t i)
{
    struct trtc_output outputs[PIECES_MAX] = { 0 };
    struct trtc_err err;
    for (size_t k = 0; k < r->nb_pieces; k++)
        outputs[k].bytes = r->pieces[k].bytes;
    const struct trtc_plan plan = { outputs, r->nb_pieces };
    assert_int_equal(trtc_shares_add(s, i, &plan, &err), 0);
}

static bool may_meet(const struct made *m, size_t a, size_t b, const struct trtc_plan_opts *o)
{
    const struct trtc_recording *x = &m->recs[a], *y = &m->recs[b];
    const bool rooms = strcmp(x->room, y->room) == 0 && x->sdkappid == y->sdkappid;
    if ((!o->outdir && strcmp(x->dir, y->dir) != 0) || !x->user != !y->user ||
        (x->user && strcmp(x->user, y->user) != 0))
        return false;
    if (o->names == TRTC_NAMES_RECORDING)
        return rooms;
    if (!x->user && !rooms)
        return false;
    for (size_t i = 0; i < x->nb_pieces; i++)
        for (size_t k = 0; k < y->nb_pieces; k++)
            if (x->pieces[i].name_ms == y->pieces[k].name_ms)
                return true;
    return false;
}

/* Each output is in one part, and who might have one name is together. */
static void check_tree(const struct made *m, const struct trtc_shares *s,
                       const struct trtc_plan_opts *o, bool finished, int n)
{
    for (size_t i = 0; i < m->scan.n; i++) {
        const bool there = m->recs[i].ended || !finished;
        const size_t nb = s->divided[i] ? m->recs[i].nb_pieces : 1;
        for (size_t k = 0; k < nb; k++) {
            int parts = 0;
            for (int part = 1; part <= n; part++) {
                parts += trtc_shares_has_output(s, i, k, part);
                assert_true(trtc_shares_has(s, i, part) || !trtc_shares_has_output(s, i, k, part));
            }
            if (there)
                assert_int_equal(parts, 1);
        }
        for (size_t k = 0; k < i; k++)
            if (may_meet(m, i, k, o) && there && (m->recs[k].ended || !finished))
                assert_true(!s->divided[i] && !s->divided[k] && s->unit[i] == s->unit[k]);
    }
    if (s->nb)
        check_even(s->bytes, s->nb, n, s->of);
}

static void test_trees(void **state)
{
    static struct made m;
    struct trtc_err err;
    (void)state;
    for (int run = 0; run < 1500; run++) {
        const struct trtc_plan_opts o = { .whole = noise(3) == 0,
                                          .names =
                                              noise(3) ? TRTC_NAMES_SCRIPT : TRTC_NAMES_RECORDING,
                                          .outdir = noise(2) ? "out" : NULL };
        const bool finished = noise(4) == 0;
        const int n = run % 50 ? 1 + (int)noise(30) : 1 + (int)noise(1000);
        struct trtc_shares s = { 0 };
        make_tree(&m);
        assert_int_equal(trtc_shares_find(&s, &m.scan, &o, finished, n, &err), 0);
        for (size_t i = 0; i < m.scan.n; i++) {
            if (o.whole || o.names == TRTC_NAMES_RECORDING || n == 1)
                assert_false(s.divided[i]);
            if (s.divided[i])
                add_outputs(&s, &m.recs[i], i);
        }
        assert_int_equal(trtc_shares_settle(&s, n, &err), 0);
        check_tree(&m, &s, &o, finished, n);
        trtc_shares_fini(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_divide),
        cmocka_unit_test(test_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
