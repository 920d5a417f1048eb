/* SPDX-License-Identifier: MIT */
/* load: what is looked through, what is loaded, and who hears of it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/load.h"

#define LIST "1400000001_1000__UserId_s_%s__UserId_e_main_video"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%.40s/t_load-XXXXXX", tmp ? tmp : "/tmp");
    alarm(60);
    return mkdtemp(dir) && chdir(dir) == 0 ? system("mkdir d e") : -1;
}

static int drop_dir(void **state)
{
    char cmd[128];
    (void)state;
    snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    return system(cmd);
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* A playlist in d, and a segment of it that holds no media. */
static void put_user(const char *id)
{
    char base[128], path[256], text[512];
    snprintf(base, sizeof base, LIST, id);
    snprintf(path, sizeof path, "d/%s.m3u8", base);
    snprintf(text, sizeof text, "#EXTM3U\n#EXTINF:2,\n%s_20260101000000000.ts\n", base);
    put(path, text);
    snprintf(path, sizeof path, "d/%s_20260101000000000.ts", base);
    put(path, "nothing that can be shown");
}

struct heard {
    char dirs[64]; /* "d e! ": the directories, with ! where there was an error */
    const char *user;
    bool patient;
};

static int seen(void *opaque, const char *name, const struct trtc_err *why)
{
    struct heard *h = opaque;
    sprintf(h->dirs + strlen(h->dirs), "%s%s ", name, why ? "!" : "");
    return why && !h->patient ? -1 : 0;
}

static bool wanted(void *opaque, const struct trtc_recording *r)
{
    const struct heard *h = opaque;
    return strcmp(r->user_id, h->user) == 0;
}

static void test_wanted(void **state)
{
    (void)state;
    const char *dirs[] = { "d", "none", "e", "d" };
    struct heard h = { .user = "u2", .patient = true };
    const struct trtc_load what = {
        .dirs = dirs, .nb_dirs = 4, .seen = seen, .wanted = wanted, .opaque = &h
    };
    struct trtc_scan s = { 0 };
    struct trtc_err err;
    assert_int_equal(trtc_recordings_load(&s, &what, &err), 0);
    assert_string_equal(h.dirs, "d none! e d ");
    assert_int_equal(s.n, 2); /* a directory that is named twice has its recordings once */
    assert_false(s.recs[0].loaded);
    assert_int_equal(s.recs[0].losses.n, 0);
    assert_true(s.recs[1].loaded);
    assert_int_equal(s.recs[1].losses.n, 1);
    assert_true(s.recs[1].pieces[0].unusable);
    trtc_scan_fini(&s);
}

static void test_error(void **state)
{
    (void)state;
    const char *dirs[] = { "none", "d" };
    struct heard h = { 0 };
    const struct trtc_load told = { .dirs = dirs, .nb_dirs = 2, .seen = seen, .opaque = &h },
                           plain = { .dirs = dirs, .nb_dirs = 2 };
    const struct trtc_load *what[] = { &told, &plain };
    for (int i = 0; i < 2; i++) {
        struct trtc_scan s = { 0 };
        struct trtc_err err;
        assert_int_equal(trtc_recordings_load(&s, what[i], &err), -1);
        assert_int_equal(err.code, TRTC_EX_NOINPUT);
        assert_non_null(strstr(err.msg, "none"));
        assert_int_equal(s.n, 0);
        trtc_scan_fini(&s);
    }
    assert_string_equal(h.dirs, "none! ");
}

static bool stop_here(void *stop, const struct trtc_recording *r)
{
    (void)r;
    *(volatile sig_atomic_t *)stop = 1;
    return true;
}

/* A signal ends the work wherever it is: while directories are read, while segments are examined. */
static void test_stop(void **state)
{
    (void)state;
    volatile sig_atomic_t stop = 0;
    const char *dirs[] = { "d" };
    const struct trtc_load what = {
        .dirs = dirs, .nb_dirs = 1, .wanted = stop_here, .opaque = (void *)&stop, .stop = &stop
    };
    struct trtc_scan s = { 0 };
    assert_int_equal(trtc_recordings_load(&s, &what, NULL), 0);
    assert_int_equal(s.n, 2);
    assert_false(s.recs[0].loaded || s.recs[1].loaded);
    trtc_scan_fini(&s);
    assert_int_equal(trtc_recordings_load(&s, &what, NULL), 0);
    assert_int_equal(s.n, 0);
    trtc_scan_fini(&s);
    const struct trtc_find find = { .stop = &stop };
    assert_int_equal(trtc_scan_dir(&s, "d", &find, NULL), 0);
    assert_int_equal(s.n, 0);
    assert_int_equal(s.losses.n, 0); /* its segments do not lack playlists */
    trtc_scan_fini(&s);
}

static int fill(void **state)
{
    if (make_dir(state) < 0)
        return -1;
    put_user("dTE.");
    put_user("dTI.");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_error),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, fill, drop_dir);
}
