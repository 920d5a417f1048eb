/* SPDX-License-Identifier: MIT */
/* base/records: lines and records of any length, in whatever portions they come. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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

#include "base/records.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

struct fed {
    int fd;
    const char *data;
    size_t n, portion;
};

static void *feed(void *arg)
{
    const struct fed *f = arg;
    for (size_t i = 0; i < f->n; i += f->portion) {
        const size_t k = f->n - i < f->portion ? f->n - i : f->portion;
        if (write(f->fd, f->data + i, k) != (ssize_t)k)
            break;
    }
    close(f->fd);
    return NULL;
}

static int nb_idle;

static int idle(void *arg, struct trtc_err *err)
{
    (void)arg;
    (void)err;
    nb_idle++;
    return 0;
}

/* All records as "[a][b]", one that is too long as "!". */
static void read_all(struct fed f, char end, size_t max, char *out, size_t size)
{
    struct trtc_records r;
    struct trtc_err err;
    pthread_t thread;
    const char *s;
    size_t n;
    int p[2], got;
    uint64_t nr = 0;

    assert_int_equal(pipe(p), 0);
    f.fd = p[1];
    assert_int_equal(pthread_create(&thread, NULL, feed, &f), 0);
    assert_int_equal(trtc_records_init(&r, p[0], end, max, &err), 0);
    r.idle = idle;
    nb_idle = 0;
    *out = '\0';
    while ((got = trtc_records_next(&r, &s, &n, &err)) == 1) {
        const size_t len = strlen(out);
        assert_int_equal(r.nr, ++nr);
        if (s)
            snprintf(out + len, size - len, "[%.*s]", (int)n, s);
        else
            snprintf(out + len, size - len, "!");
    }
    assert_int_equal(got, 0);
    assert_int_equal(trtc_records_next(&r, &s, &n, &err), 0); /* and stays at the end */
    trtc_records_fini(&r);
    trtc_records_fini(&r);
    pthread_join(thread, NULL);
    close(p[0]);
    assert_true(nb_idle > 0); /* before each read that may wait */
}

static void test_records(void **state)
{
    static const struct {
        const char *data;
        size_t n; /* 0: strlen */
        char end;
        size_t max;
        const char *want;
    } t[] = {
        { "", 0, '\n', 10, "" },
        { "\n", 0, '\n', 10, "[]" },
        { "a\nb\n", 0, '\n', 10, "[a][b]" },
        { "a\nb", 0, '\n', 10, "[a][b]" },
        { "a\n\n\nb\n", 0, '\n', 10, "[a][][][b]" },
        { "a\r\nb\n", 0, '\n', 10, "[a\r][b]" },
        { "a\nb\0c\0", 6, '\0', 10, "[a\nb][c]" },
        { "12345\n123456\n1\n", 0, '\n', 5, "[12345]![1]" },
        { "123456", 0, '\n', 5, "!" },
        { "12345", 0, '\n', 5, "[12345]" },
        { "123456789012345678901234567890\n1\n", 0, '\n', 5, "![1]" },
        { "1234567890\n1234567890\n", 0, '\n', 5, "!!" },
        { "\n1234567890\n\n", 0, '\n', 0, "[]![]" },
    };
    static const size_t portions[] = { 1, 2, 3, 7, 1000 };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++)
        for (size_t k = 0; k < LENGTH(portions); k++) {
            char out[200];
            const struct fed f = { .data = t[i].data,
                                   .n = t[i].n ? t[i].n : strlen(t[i].data),
                                   .portion = portions[k] };
            read_all(f, t[i].end, t[i].max, out, sizeof out);
            if (strcmp(out, t[i].want) != 0)
                fail_msg("case %zu, %zu at a time: %s", i, portions[k], out);
        }
}

/* More than one buffer full: every record is whole and in its place. */
static void test_many(void **state)
{
    const size_t nb = 200000;
    char *data = malloc(nb * 8);
    size_t n = 0, want = 0, len;
    struct trtc_records r;
    struct trtc_err err;
    pthread_t thread;
    const char *s;
    int p[2];

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < nb; i++)
        n += (size_t)sprintf(data + n, "%zu\n", i);
    assert_int_equal(pipe(p), 0);
    struct fed f = { .fd = p[1], .data = data, .n = n, .portion = 60000 };
    assert_int_equal(pthread_create(&thread, NULL, feed, &f), 0);
    assert_int_equal(trtc_records_init(&r, p[0], '\n', 20, &err), 0);
    while (trtc_records_next(&r, &s, &len, &err) == 1) {
        char text[24];
        assert_int_equal(len, (size_t)snprintf(text, sizeof text, "%zu", want++));
        assert_memory_equal(s, text, len);
    }
    assert_int_equal(want, nb);
    trtc_records_fini(&r);
    pthread_join(thread, NULL);
    close(p[0]);
    free(data);
}

static int refuse(void *arg, struct trtc_err *err)
{
    (void)arg;
    return trtc_fail(err, TRTC_EX_TEMPFAIL, "interrupted");
}

static void test_failures(void **state)
{
    struct trtc_records r;
    struct trtc_err err;
    const char *s;
    size_t n;
    const int fd = open(".", O_RDONLY);

    (void)state;
    assert_int_equal(trtc_records_init(&r, fd, '\n', 10, &err), 0);
    assert_int_equal(trtc_records_next(&r, &s, &n, &err), -1);
    assert_int_equal(err.code, TRTC_EX_IOERR);
    assert_string_equal(err.msg, "standard input: Is a directory");
    r.name = "lines.ndjson";
    assert_int_equal(trtc_records_next(&r, &s, &n, &err), -1);
    assert_string_equal(err.msg, "lines.ndjson: Is a directory");
    r.idle = refuse;
    assert_int_equal(trtc_records_next(&r, &s, &n, &err), -1);
    assert_string_equal(err.msg, "interrupted");
    trtc_records_fini(&r);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_failures),
    };
    alarm(60);
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
