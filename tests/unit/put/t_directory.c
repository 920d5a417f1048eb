/* SPDX-License-Identifier: MIT */
/* A directory as a place: whole files, read back; nothing outside, no link followed. */
#define _GNU_SOURCE /* symlink, mkfifo, flock */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "put/directory.h"
#include "storage/crc64.h"
#include "unit/scratch.h"

static struct trtc_put_dir *dir;
static volatile sig_atomic_t stop;

static int put_key(const char *source, const char *key, struct trtc_storage_proof *proof,
                   struct trtc_err *err)
{
    struct trtc_storage_file file = { .fd = open(source, O_RDONLY), .path = source, .key = key };
    assert_true(file.fd >= 0);
    const int ret = trtc_put_dir_put(dir, &file, proof, err);
    close(file.fd);
    return ret;
}

/* 0, or the exit status. */
static int put(const char *source, const char *key)
{
    struct trtc_storage_proof proof;
    struct trtc_err err;
    if (put_key(source, key, &proof, &err) < 0)
        return err.code;
    free(proof.url);
    return 0;
}

static void content(const char *path, const char *want)
{
    char got[64] = "";
    const int fd = open(path, O_RDONLY | O_NOFOLLOW);
    assert_true(fd >= 0);
    const ssize_t n = read(fd, got, sizeof got - 1);
    close(fd);
    assert_true(n >= 0);
    assert_string_equal(got, want);
}

static void whole(void **state)
{
    struct trtc_storage_proof proof;
    struct trtc_err err;
    (void)state;
    scratch_put("a", "hello", 5);
    assert_int_equal(put_key("a", "x//y z/%a", &proof, &err), 0);
    assert_int_equal(proof.bytes, 5);
    assert_true(proof.crc64 == trtc_crc64(0, "hello", 5));
    assert_non_null(strstr(proof.url, "file:///"));
    assert_non_null(strstr(proof.url, "/d/x//y%20z/%25a"));
    free(proof.url);
    content("d/x/y z/%a", "hello");
    scratch_put("a", "", 0);
    assert_int_equal(put("a", "x/y z/%a"), 0); /* replaced */
    content("d/x/y z/%a", "");
    assert_true(trtc_put_dir_has(dir, "x/y z/%a"));
    assert_false(trtc_put_dir_has(dir, "x/y z"));
    assert_false(trtc_put_dir_has(dir, "x/none/a"));
}

static void hostile(void **state)
{
    static const char *const keys[] = { "..", "../b", "x/../../b", "x/./b", ".", "", "x/" };
    char longest[300];
    (void)state;
    scratch_put("a", "hello", 5);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_int_not_equal(put("a", keys[i]), 0);
    assert_int_not_equal(access("b", F_OK), 0);
    memset(longest, 'n', sizeof longest);
    longest[256] = '\0';
    assert_int_equal(put("a", longest), TRTC_EX_CANTCREAT);
    longest[255] = '\0';
    assert_int_equal(put("a", longest), 0);
    assert_int_equal(put("a", "-rf"), 0);
    assert_int_equal(put("a", "a\nb\x1b[1m\xff"), 0);
    content("d/a\nb\x1b[1m\xff", "hello");
}

static void in_the_way(void **state)
{
    (void)state;
    scratch_put("a", "hello", 5);
    scratch_put("outside", "mine", 4);
    mkdir("out", 0700);
    assert_int_equal(symlink("../outside", "d/link"), 0);
    assert_int_equal(symlink("../out", "d/away"), 0);
    assert_int_equal(put("a", "link"), 0); /* the link is replaced, not followed */
    content("outside", "mine");
    content("d/link", "hello");
    assert_int_equal(put("a", "away/b"), TRTC_EX_CANTCREAT);
    assert_int_not_equal(access("out/b", F_OK), 0);
    mkdir("d/sub", 0700);
    assert_int_equal(put("a", "sub"), TRTC_EX_CANTCREAT);
    assert_int_equal(mkfifo("d/fifo", 0600), 0);
    assert_int_equal(put("a", "fifo"), TRTC_EX_CANTCREAT);
    assert_int_equal(put("a", "link/b"), TRTC_EX_CANTCREAT);
    assert_int_equal(put("d/link", "link"), TRTC_EX_DATAERR); /* onto itself */
    content("d/link", "hello");
}

/* The name until a file is whole. */
static void temp_of(const char *name, char out[64])
{
    snprintf(out, 64, "d/.%016llx.part", (unsigned long long)trtc_crc64(0, name, strlen(name)));
}

static void temporaries(void **state)
{
    char temp[64];
    (void)state;
    scratch_put("a", "hello", 5);
    temp_of("t", temp);
    scratch_put(temp, "left by a killed run", 20);
    assert_int_equal(put("a", "t"), 0);
    content("d/t", "hello");
    assert_int_not_equal(access(temp, F_OK), 0);
    scratch_put(temp, "another's", 9);
    const int fd = open(temp, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(put("a", "t"), TRTC_EX_TEMPFAIL);
    content(temp, "another's");
    close(fd);
    unlink(temp);
    assert_int_equal(symlink("../outside", temp), 0);
    assert_int_not_equal(put("a", "t"), 0);
    content("outside", "mine");
    unlink(temp);
}

static void stopped(void **state)
{
    char temp[64];
    (void)state;
    scratch_put("a", "hello", 5);
    stop = 1;
    assert_int_equal(put("a", "s"), TRTC_EX_TEMPFAIL);
    stop = 0;
    temp_of("s", temp);
    assert_int_not_equal(access(temp, F_OK), 0);
    assert_int_not_equal(access("d/s", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),       cmocka_unit_test(hostile), cmocka_unit_test(in_the_way),
        cmocka_unit_test(temporaries), cmocka_unit_test(stopped),
    };
    struct trtc_err err;
    char path[4200], cwd[4096];
    if (scratch_enter("t_directory") < 0 || !getcwd(cwd, sizeof cwd))
        return 1;
    snprintf(path, sizeof path, "%s/d/", cwd);
    dir = trtc_put_dir_open(path, &stop, &err);
    if (!dir)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    trtc_put_dir_close(&dir);
    scratch_leave(NULL);
    return failed;
}
