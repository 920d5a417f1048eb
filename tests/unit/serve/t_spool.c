/* SPDX-License-Identifier: MIT */
/* The spool: stored once, found again wherever it is, locked, cleaned. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/spool.h"

enum { THREADS = 8, EACH = 20 };

static char top[] = "/tmp/t_spool.XXXXXX";
static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s/a/spool", mkdtemp(top));
    return 0;
}

static int remove_dir(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", top);
    return system(command);
}

static struct trtc_spool *open_spool(void)
{
    struct trtc_err err;
    struct trtc_spool *s = trtc_spool_open(dir, true, &err);
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

static int put(struct trtc_spool *s, const char *name, const char *body)
{
    const struct trtc_spool_entry e = { name, body, strlen(body), 1400000001, "sign=" };
    struct trtc_err err;
    return trtc_spool_put(s, &e, &err);
}

static size_t count(struct trtc_spool *s, enum trtc_spool_place place)
{
    struct trtc_names l = { 0 };
    struct trtc_err err;
    assert_int_equal(trtc_spool_list(s, place, &l, &err), 0);
    const size_t n = l.n;
    trtc_names_fini(&l);
    return n;
}

static void names(void **state)
{
    static const char *const bad[] = { "",
                                       ".",
                                       "1-2-.json",
                                       "1-2-g.json",
                                       "-2-a.json",
                                       "1--a.json",
                                       "1-2-a.jso",
                                       "1-2-a.json.",
                                       "../1-2-a.json",
                                       "1-2",
                                       "1-2-",
                                       "1234567890123456-2-a.json",
                                       "1-12345678901-a.json" };
    char name[TRTC_SPOOL_NAME_MAX];
    int64_t ms, type;
    (void)state;
    trtc_spool_name(1767225900123, 310, "0123456789abcdef0123456789abcdef", name);
    assert_string_equal(name, "1767225900123-310-0123456789abcdef0123456789abcdef.json");
    assert_true(trtc_spool_name_parts(name, &ms, &type));
    assert_int_equal(ms, 1767225900123);
    assert_int_equal(type, 310);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(trtc_spool_name_parts(bad[i], &ms, &type));
}

static void stored_once(void **state)
{
    struct trtc_spool *s = open_spool();
    struct trtc_err err;
    char sign[TRTC_SPOOL_SIGN_MAX], *body;
    int64_t app;
    (void)state;
    assert_int_equal(put(s, "1-301-aa.json", "one"), 1);
    assert_int_equal(put(s, "1-301-aa.json", "two"), 0);
    assert_int_equal(trtc_spool_read(s, TRTC_SPOOL_NEW, "1-301-aa.json", &body, &err), 3);
    assert_string_equal(body, "one");
    free(body);
    assert_int_equal(trtc_spool_head(s, "1-301-aa.json", &app, sign, &err), 0);
    assert_int_equal(app, 1400000001);
    assert_string_equal(sign, "sign=");
    assert_int_equal(trtc_spool_move(s, "1-301-aa.json", TRTC_SPOOL_NEW, TRTC_SPOOL_DONE, &err), 0);
    assert_int_equal(put(s, "1-301-aa.json", "one"), 0);
    assert_int_equal(trtc_spool_move(s, "1-301-aa.json", TRTC_SPOOL_NEW, TRTC_SPOOL_DONE, &err),
                     -1);
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    assert_int_equal(trtc_spool_drop(s, "1-301-aa.json", TRTC_SPOOL_DONE, &err), 0);
    assert_int_equal(count(s, TRTC_SPOOL_DONE), 0);
    assert_int_equal(put(s, "1-301-aa.json", "one"), 0); /* it is known all the same */
    trtc_spool_forget(s, 0);
    assert_int_equal(count(s, TRTC_SPOOL_GONE), 1);
    trtc_spool_forget(s, INT64_MAX);
    assert_int_equal(count(s, TRTC_SPOOL_GONE), 0);
    assert_int_equal(trtc_spool_head(s, "1-301-aa.json", &app, sign, &err), 0);
    assert_int_equal(app, 0);
    trtc_spool_free(&s);
}

static void in_order(void **state)
{
    struct trtc_spool *s = open_spool();
    struct trtc_names l = { 0 };
    struct trtc_err err;
    (void)state;
    put(s, "100-302-bb.json", "x");
    put(s, "99-305-aa.json", "x");
    put(s, "100-301-aa.json", "x");
    assert_int_equal(trtc_spool_list(s, TRTC_SPOOL_NEW, &l, &err), 0);
    assert_int_equal(l.n, 3);
    assert_string_equal(l.v[0], "99-305-aa.json");
    assert_string_equal(l.v[1], "100-301-aa.json");
    assert_string_equal(l.v[2], "100-302-bb.json");
    trtc_names_fini(&l);
    trtc_spool_free(&s);
}

static void *put_many(void *arg)
{
    struct trtc_spool *s = arg;
    char name[64];
    long stored = 0;
    for (int i = 0; i < EACH; i++) {
        snprintf(name, sizeof name, "%d-303-cc.json", i);
        stored += put(s, name, "the same from all threads");
    }
    return (void *)(intptr_t)stored;
}

static void from_threads(void **state)
{
    struct trtc_spool *s = open_spool();
    pthread_t t[THREADS];
    long stored = 0;
    void *n;
    (void)state;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, put_many, s);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], &n);
        stored += (long)(intptr_t)n;
    }
    assert_int_equal(stored, EACH);
    trtc_spool_free(&s);
}

static void one_at_a_time(void **state)
{
    struct trtc_spool *s = open_spool(), *t = open_spool();
    struct trtc_err err;
    char path[128];
    bool held;
    (void)state;
    snprintf(path, sizeof path, "%s/tmp/999999.1", dir);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(trtc_spool_lock(s, &err), 0);
    assert_int_not_equal(access(path, F_OK), 0); /* what a killed run had left */
    assert_int_equal(trtc_spool_lock(t, &err), -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    put(s, "5-301-dd.json", "x");
    const int fd = trtc_spool_hold(s, "5-301-dd.json", &held, &err);
    assert_true(fd >= 0);
    assert_int_equal(trtc_spool_hold(t, "5-301-dd.json", &held, &err), -1);
    assert_true(held);
    close(fd);
    assert_int_equal(trtc_spool_hold(t, "6-301-dd.json", &held, &err), -1);
    assert_false(held);
    trtc_spool_free(&s);
    trtc_spool_free(&t);
}

static void not_for_others(void **state)
{
    struct trtc_spool *s = open_spool();
    struct trtc_err err;
    struct stat st;
    (void)state;
    fstat(trtc_spool_fd(s, TRTC_SPOOL_NEW), &st);
    assert_int_equal(st.st_mode & 0777, 0700);
    trtc_spool_free(&s);
    chmod(dir, 0777);
    assert_null(trtc_spool_open(dir, true, &err));
    assert_int_equal(err.code, TRTC_EX_NOPERM);
    chmod(dir, 0700);
    assert_null(trtc_spool_open("/nonexistent/spool", false, &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),         cmocka_unit_test(stored_once),
        cmocka_unit_test(in_order),      cmocka_unit_test(from_threads),
        cmocka_unit_test(one_at_a_time), cmocka_unit_test(not_for_others),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
