/* SPDX-License-Identifier: MIT */
/* base/file: files appear whole or not at all, one writer at a time. */
#define _DEFAULT_SOURCE /* mkdtemp, symlink */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "unit/range.h"
#include "unit/scratch.h"

static int enter(void **state)
{
    (void)state;
    umask(022);
    return scratch_enter("t_file");
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void assert_content(const char *path, const char *text)
{
    char buf[256];
    FILE *f = fopen(path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(buf, 1, sizeof(buf) - 1, f);
    fclose(f);
    buf[n] = '\0';
    assert_string_equal(buf, text);
}

static void assert_absent(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), -1);
    assert_int_equal(errno, ENOENT);
}

static struct trtc_file *must_create(const char *path)
{
    struct trtc_err err = { 0 };
    struct trtc_file *f = trtc_file_create(path, &err);

    if (!f)
        fail_msg("create '%s': %s", path, err.msg);
    return f;
}

static void must_write(struct trtc_file *f, const char *text)
{
    struct trtc_err err = { 0 };

    if (trtc_write_all(trtc_file_fd(f), text, strlen(text), trtc_file_path(f), &err))
        fail_msg("write: %s", err.msg);
}

static void must_commit(struct trtc_file **f, bool sync)
{
    struct trtc_err err = { 0 };

    if (trtc_file_commit(f, sync, &err))
        fail_msg("commit: %s", err.msg);
    assert_null(*f);
}

static void must_refuse(const char *path, int code, const char *what)
{
    struct trtc_err err = { 0 };
    struct trtc_file *f = trtc_file_create(path, &err);

    assert_null(f);
    assert_int_equal(err.code, code);
    if (!strstr(err.msg, what))
        fail_msg("'%s' says nothing of '%s'", err.msg, what);
}

/* The process that holds a lock is known if it has written its number into the file. */
static void test_holder(void **state)
{
    const int fd = open("lock", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const int other = open("lock", O_RDONLY | O_CLOEXEC);
    char text[24];
    const int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    (void)state;
    assert_int_equal(trtc_flock(fd), 0);
    assert_int_equal(trtc_flock_holder(other), 0);
    assert_int_equal(pwrite(fd, "1\n", 2, 0), 2);
    assert_int_equal(trtc_flock_holder(other), 0);
    assert_int_equal(pwrite(fd, text, (size_t)n, 0), n);
    assert_int_equal(trtc_flock_holder(other), getpid());
    close(fd);
    assert_int_equal(trtc_flock_holder(other), 0);
    close(other);
}

static void test_commit(void **state)
{
    struct trtc_file *f = must_create("a.mp4");
    struct stat st;

    (void)state;
    assert_string_equal(trtc_file_path(f), "a.mp4");
    assert_string_equal(trtc_file_temp_path(f), ".a.mp4.part");
    must_write(f, "one");
    assert_absent("a.mp4");
    must_commit(&f, true);
    assert_content("a.mp4", "one");
    assert_absent(".a.mp4.part");
    assert_int_equal(stat("a.mp4", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);

    f = must_create("a.mp4"); /* replaces */
    must_write(f, "two");
    assert_content("a.mp4", "one");
    must_commit(&f, false);
    assert_content("a.mp4", "two");
}

static void test_abort(void **state)
{
    struct trtc_file *f = NULL;

    (void)state;
    trtc_file_abort(&f);
    put("b", "old");
    f = must_create("b");
    must_write(f, "new");
    trtc_file_abort(&f);
    assert_null(f);
    assert_content("b", "old");
    assert_absent(".b.part");
}

static void test_directories(void **state)
{
    char abs[128];
    struct trtc_file *f;
    struct trtc_err err;

    (void)state;
    assert_int_equal(trtc_mkdirs("d/e//f/", &err), 0);
    assert_int_equal(trtc_mkdirs("d/e//f/", &err), 0);
    assert_int_equal(trtc_mkdirs("/", &err), 0);
    assert_int_equal(trtc_mkdirs("..", &err), 0);
    f = must_create("d/e/f/x");
    assert_string_equal(trtc_file_temp_path(f), "d/e/f/.x.part");
    must_commit(&f, true);
    assert_content("d/e/f/x", "");

    snprintf(abs, sizeof(abs), "%s/d/abs", scratch_dir());
    f = must_create(abs);
    must_commit(&f, true);
    assert_content("d/abs", "");

    put("plain", "");
    assert_int_equal(trtc_mkdirs("plain", &err), -1);
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    assert_int_equal(trtc_mkdirs("plain/x/y", &err), -1);
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    assert_int_equal(trtc_mkdirs("", &err), -1);
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    must_refuse("none/x", TRTC_EX_CANTCREAT, "No such file");
    must_refuse("plain/x", TRTC_EX_CANTCREAT, "Not a directory");
    assert_absent("none");
}

static void test_bad_targets(void **state)
{
    static const char *const names[] = { "", "/", ".", "..", "d/", "d/." };

    (void)state;
    mkdir("d", 0777);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        must_refuse(names[i], TRTC_EX_CANTCREAT, "not the name of a file");
    must_refuse("d", TRTC_EX_CANTCREAT, "a directory");
    must_refuse("/dev/null", TRTC_EX_CANTCREAT, "not a regular file");
    assert_int_equal(mkfifo("fifo", 0666), 0);
    must_refuse("fifo", TRTC_EX_CANTCREAT, "not a regular file");
    assert_absent(".fifo.part");
}

/* A link under the final name is replaced, what it leads to is left alone. */
static void test_target_link(void **state)
{
    struct trtc_file *f;
    struct stat st;

    (void)state;
    put("far", "far");
    assert_int_equal(symlink("far", "link"), 0);
    f = must_create("link");
    must_write(f, "near");
    must_commit(&f, true);
    assert_content("far", "far");
    assert_content("link", "near");
    assert_int_equal(lstat("link", &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    f = must_create("dangling");
    must_commit(&f, true);
    assert_absent("nowhere");
}

/* A link to a descriptor stays, whatever that is open on. */
static void test_descriptors(void **state)
{
    static const struct {
        const char *path;
        int fd;
    } t[] = {
        { "/dev/stderr", 2 }, { "/dev/fd/77", 77 },   { "/proc/self/fd/1", 1 },
        { "one", 7 },         { "two", 7 },           { "/dev/null", -1 },
        { "log", -1 },        { "onto", -1 },         { "/dev/fd", -1 },
        { "nowhere", -1 },    { "/proc/1/fd/1", -1 }, { "", -1 },
    };
    struct trtc_err err;
    (void)state;
    put("log", "text");
    const int log = open("log", O_WRONLY | O_APPEND);
    assert_int_equal(dup2(log, 7), 7);
    assert_int_equal(symlink("/dev/fd/7", "one"), 0);
    assert_int_equal(symlink("one", "two"), 0);
    assert_int_equal(symlink("onto", "onto"), 0);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        assert_int_equal(trtc_path_descriptor(t[i].path), t[i].fd);
    assert_null(trtc_file_create("two", &err));
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    assert_string_equal(err.msg, "cannot create 'two': it is an open descriptor, not a name");
    close(7);
    close(log);
}

static void test_stale_temp(void **state)
{
    struct trtc_file *f;

    (void)state;
    put(".s.part", "left by a run that was killed, and longer");
    f = must_create("s");
    must_write(f, "short");
    must_commit(&f, true);
    assert_content("s", "short");
}

static void test_temp_not_ours(void **state)
{
    (void)state;
    put("victim", "keep");
    assert_int_equal(symlink("victim", ".l.part"), 0);
    must_refuse("l", TRTC_EX_CANTCREAT, "symbolic link");
    assert_int_equal(link("victim", ".h.part"), 0);
    must_refuse("h", TRTC_EX_CANTCREAT, "other names");
    assert_int_equal(mkfifo(".p.part", 0666), 0);
    must_refuse("p", TRTC_EX_CANTCREAT, "not ours");
    assert_int_equal(mkdir(".q.part", 0777), 0);
    must_refuse("q", TRTC_EX_CANTCREAT, ".q.part");
    assert_content("victim", "keep");
    assert_int_equal(symlink("victim", ".m.part"), 0); /* nothing of them was removed */
    assert_int_equal(unlink(".l.part") | unlink(".h.part") | unlink(".p.part"), 0);
}

/* The exit status of a child that tries to write path. */
static int try_in_child(const char *path)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct trtc_err err = { 0 };
        struct trtc_file *f = trtc_file_create(path, &err);

        if (!f)
            _exit(err.code);
        _exit(trtc_file_commit(&f, false, &err) ? err.code : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_lock(void **state)
{
    struct trtc_file *f = must_create("locked");

    (void)state;
    must_write(f, "mine");
    assert_int_equal(try_in_child("locked"), TRTC_EX_TEMPFAIL);
    must_refuse("locked", TRTC_EX_TEMPFAIL, "is being written by another process");
    must_commit(&f, true);
    assert_content("locked", "mine");
    assert_int_equal(try_in_child("locked"), 0);
    assert_content("locked", "");
}

/* A killed writer leaves no lock behind and no final name. */
static void test_killed(void **state)
{
    struct trtc_file *f;
    int ready[2];
    char c;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        f = trtc_file_create("killed", NULL);
        if (!f || write(trtc_file_fd(f), "half", 4) != 4 || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    assert_int_equal(try_in_child("killed"), TRTC_EX_TEMPFAIL);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_absent("killed");
    f = must_create("killed");
    must_write(f, "whole");
    must_commit(&f, true);
    assert_content("killed", "whole");
}

/* Several processes at once: each commits its own text whole or is refused; none is mixed. */
static void test_race(void **state)
{
    pid_t pids[6];
    int wins = 0;

    (void)state;
    for (int i = 0; i < 6; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            int won = 0;

            for (int k = 0; k < 100000 && won < 20; k++) {
                char text[65];
                struct trtc_err err = { 0 };
                struct trtc_file *f = trtc_file_create("race", &err);

                if (!f && err.code != TRTC_EX_TEMPFAIL)
                    _exit(101);
                if (!f)
                    continue;
                memset(text, 'a' + i, 64);
                text[64] = '\0';
                for (int n = 0; n < 64; n += 8)
                    if (trtc_write_all(trtc_file_fd(f), text, 8, "race", NULL))
                        _exit(102);
                if (trtc_file_commit(&f, false, NULL))
                    _exit(103);
                won++;
            }
            _exit(won);
        }
    }
    for (int i = 0; i < 6; i++) {
        int status;

        waitpid(pids[i], &status, 0);
        assert_true(WIFEXITED(status));
        assert_int_in_range(WEXITSTATUS(status), 0, 20);
        wins += WEXITSTATUS(status);
    }
    assert_true(wins >= 60);
    FILE *f = fopen("race", "r");
    char text[128] = "";
    assert_non_null(f);
    assert_int_equal(fread(text, 1, sizeof(text), f), 64);
    fclose(f);
    for (int i = 1; i < 64; i++)
        assert_int_equal(text[i], text[0]);
    assert_absent(".race.part");
}

static void test_long_names(void **state)
{
    char name[300], other[300], path[320];
    struct trtc_file *f, *g;

    (void)state;
    for (size_t len = 248; len <= 255; len++) {
        memset(name, 'n', len);
        name[len] = '\0';
        snprintf(path, sizeof(path), "./%s", name);
        f = must_create(path);
        assert_true(strlen(trtc_file_temp_path(f)) <= 2 + 255);
        must_write(f, "long");
        must_commit(&f, true);
        assert_content(path, "long");
        assert_int_equal(unlink(path), 0);
    }
    /* two that only differ at the end do not share a temporary */
    memcpy(other, name, sizeof(name));
    other[254] = 'm';
    f = must_create(name);
    g = must_create(other);
    assert_string_not_equal(trtc_file_temp_path(f), trtc_file_temp_path(g));
    trtc_file_abort(&f);
    trtc_file_abort(&g);
    name[255] = 'n';
    name[256] = '\0';
    must_refuse(name, TRTC_EX_CANTCREAT, "too long");
}

static void test_retarget(void **state)
{
    struct trtc_file *f = must_create("r1");
    struct trtc_err err = { 0 };

    (void)state;
    must_write(f, "r");
    mkdir("d", 0777);
    assert_int_equal(trtc_file_retarget(f, "d/r2", &err), -1);
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    assert_int_equal(trtc_file_retarget(f, "d", &err), -1);
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    assert_int_equal(trtc_file_retarget(f, "r2", &err), 0);
    assert_string_equal(trtc_file_path(f), "r2");
    must_commit(&f, true);
    assert_content("r2", "r");
    assert_absent("r1");
    assert_absent(".r1.part");
}

/* The temporary vanished: the commit fails, the old file stays. */
static void test_commit_fails(void **state)
{
    struct trtc_file *f;
    struct trtc_err err = { 0 };

    (void)state;
    put("c", "old");
    f = must_create("c");
    assert_int_equal(unlink(".c.part"), 0);
    put(".c.part", "another's");
    assert_int_equal(trtc_file_retarget(f, "c2", &err), 0);
    trtc_file_abort(&f);
    assert_content(".c.part", "another's");

    f = must_create("c");
    assert_int_equal(unlink(".c.part"), 0);
    assert_int_equal(trtc_file_commit(&f, true, &err), -1);
    assert_null(f);
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    assert_content("c", "old");

    f = must_create("c"); /* a directory takes the name meanwhile */
    assert_int_equal(unlink("c"), 0);
    assert_int_equal(mkdir("c", 0777), 0);
    assert_int_equal(trtc_file_commit(&f, true, &err), -1);
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    assert_absent(".c.part");
}

static void test_park(void **state)
{
    struct trtc_file *f = must_create("k");
    struct trtc_err err = { 0 };
    int fd = trtc_file_fd(f);

    (void)state;
    must_write(f, "parked");
    assert_int_equal(trtc_file_park(f, &err), 0);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_absent("k");
    assert_int_equal(trtc_file_retarget(f, "k2", &err), 0);
    must_commit(&f, true);
    assert_content("k2", "parked");
    assert_absent(".k.part");

    f = must_create("k");
    must_write(f, "parked");
    assert_int_equal(trtc_file_park(f, &err), 0);
    trtc_file_abort(&f);
    assert_absent(".k.part");

    /* another run takes it over: its work is neither named nor removed */
    f = must_create("k");
    must_write(f, "parked");
    assert_int_equal(trtc_file_park(f, &err), 0);
    struct trtc_file *other = must_create("k");
    must_write(other, "half");
    assert_int_equal(trtc_file_commit(&f, true, &err), -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    assert_null(f);
    assert_absent("k");
    must_commit(&other, true);
    assert_content("k", "half");
}

/* What a killed run left, with what is in it. */
static void test_adopt(void **state)
{
    struct trtc_err err;

    (void)state;
    struct trtc_file *f, *none;
    assert_int_equal(trtc_file_adopt("adopted", &none, &err), 0);
    assert_null(none);
    f = trtc_file_create("adopted", &err);
    must_write(f, "all of it");
    assert_int_equal(trtc_file_adopt("adopted", &none, &err), 0); /* somebody has it */
    const pid_t pid = fork();
    if (pid == 0) { /* it dies with its lock */
        struct trtc_file *g = trtc_file_create("orphan", &err);
        if (!g || write(trtc_file_fd(g), "all of it", 9) != 9)
            _exit(1);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    trtc_file_abort(&f);
    assert_int_equal(trtc_file_adopt("orphan", &f, &err), 1);
    trtc_file_leave(&f);
    assert_null(f);
    assert_int_equal(trtc_file_adopt("orphan", &f, &err), 1); /* it was left as it was */
    assert_int_equal(ftruncate(trtc_file_fd(f), 3), 0);
    assert_int_equal(trtc_file_commit(&f, false, &err), 0);
    assert_content("orphan", "all");
    assert_int_equal(trtc_file_adopt("orphan", &none, &err), 0);
    unlink("orphan");
}

static void test_no_space(void **state)
{
    int fd = open("/dev/full", O_RDWR);
    struct trtc_err err = { 0 };

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(trtc_write_all(fd, "x", 1, "full", &err), -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    assert_non_null(strstr(err.msg, "'full'"));
    err.code = 0;
    assert_int_equal(
        trtc_pwrite_all(fd, (struct trtc_bytes){ (const uint8_t *)"x", 1 }, 0, "full", &err), -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    assert_int_equal(trtc_write_all(fd, "x", 0, "full", &err), 0);
    close(fd);
    assert_int_equal(trtc_write_all(-1, "x", 1, "none", &err), -1);
    assert_int_equal(err.code, TRTC_EX_IOERR);
}

/* A limit inside one write: a short count first, then EFBIG. */
static void test_size_limit(void **state)
{
    static char data[100000];
    struct rlimit old, small;
    struct trtc_file *f = must_create("limit");
    struct trtc_err err = { 0 };
    struct stat st;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 65536;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int ret = trtc_write_all(trtc_file_fd(f), data, sizeof(data), "limit", &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(ret, -1);
    assert_int_equal(err.code, TRTC_EX_IOERR);
    assert_int_equal(fstat(trtc_file_fd(f), &st), 0);
    assert_int_equal(st.st_size, 65536);
    trtc_file_abort(&f);
    assert_absent("limit");
    assert_absent(".limit.part");
}

/* A non-blocking pipe that is read slowly gets everything. */
static void test_nonblocking(void **state)
{
    static char data[300000];
    int p[2], status;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(p), 0);
    pid = fork();
    if (pid == 0) {
        size_t total = 0;
        ssize_t n;

        close(p[1]);
        while ((n = read(p[0], data, 5000)) > 0)
            total += (size_t)n;
        _exit(total == sizeof(data) ? 0 : 1);
    }
    close(p[0]);
    assert_int_equal(fcntl(p[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(trtc_write_all(p[1], data, sizeof(data), "pipe", NULL), 0);
    close(p[1]);
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

/* Reading to the end, or until it is clear that there is more than wanted. */
static void test_read(void **state)
{
    static const size_t sizes[] = { 0, 1, 4094, 4095, 4096, 4097, 65536, 100000 };
    char *text;
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const int fd = open("read", O_RDWR | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(ftruncate(fd, (off_t)sizes[i]), 0);
        assert_int_equal(trtc_read_errno(fd, sizes[i], &text, &n), 0);
        assert_int_equal(n, sizes[i]);
        assert_int_equal(text[n], 0);
        free(text);
        lseek(fd, 0, SEEK_SET);
        if (sizes[i] > 0) {
            assert_int_equal(trtc_read_errno(fd, sizes[i] - 1, &text, &n), 0);
            assert_true(n > sizes[i] - 1);
            free(text);
        }
        close(fd);
    }
    const int fd = open(".", O_RDONLY);
    assert_int_equal(trtc_read_errno(fd, 10, &text, &n), EISDIR);
    assert_null(text);
    close(fd);
    unlink("read");
}

static struct trtc_bytes bytes(const char *text)
{
    return (struct trtc_bytes){ (const uint8_t *)text, strlen(text) };
}

/* A small file is swept away only when its writer is gone. */
static void test_temp(void **state)
{
    struct trtc_temp a = { .prefix = ".w-", .suffix = ".part" }, b = a, c = { "", "", 7, "", -1 };
    char want[64];
    struct stat st;

    (void)state;
    const int dir = open(".", O_RDONLY | O_DIRECTORY);
    umask(0777);
    assert_int_equal(trtc_temp_write(dir, &a, bytes("one")), 0);
    assert_int_equal(trtc_temp_write(dir, &b, bytes("two")), 0);
    assert_int_equal(trtc_temp_write(dir, &c, bytes("")), 0);
    umask(022);
    snprintf(want, sizeof want, ".w-%ld-0.part", (long)getpid());
    assert_string_equal(a.name, want);
    snprintf(want, sizeof want, ".w-%ld-1.part", (long)getpid());
    assert_string_equal(b.name, want);
    snprintf(want, sizeof want, "%ld-7", (long)getpid());
    assert_string_equal(c.name, want);
    assert_int_equal(stat(a.name, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_content(b.name, "two");

    trtc_temp_sweep(dir, a.name);
    assert_content(a.name, "one");
    close(a.fd);
    trtc_temp_sweep(dir, a.name);
    assert_absent(a.name);
    trtc_temp_sweep(dir, "not there");
    unlink(b.name);
    unlink(c.name);
    close(b.fd);
    close(c.fd);
    close(dir);
}

static void test_temp_fails(void **state)
{
    struct trtc_temp t = { .prefix = "taken-", .suffix = "" };
    char name[64];

    (void)state;
    const int dir = open(".", O_RDONLY | O_DIRECTORY), none = open("/dev/null", O_RDONLY);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "taken-%ld-%d", (long)getpid(), i);
        put(name, "");
    }
    assert_int_equal(trtc_temp_write(dir, &t, bytes("x")), EEXIST);
    t.number = 100;
    assert_int_equal(trtc_temp_write(dir, &t, bytes("x")), 0);
    close(t.fd);
    assert_int_equal(trtc_temp_write(none, &t, bytes("x")), ENOTDIR);
    for (int i = 0; i <= 100; i++) {
        snprintf(name, sizeof name, "taken-%ld-%d", (long)getpid(), i);
        unlink(name);
    }
    close(none);
    close(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commit),       cmocka_unit_test(test_abort),
        cmocka_unit_test(test_directories),  cmocka_unit_test(test_bad_targets),
        cmocka_unit_test(test_target_link),  cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_stale_temp),   cmocka_unit_test(test_temp_not_ours),
        cmocka_unit_test(test_lock),         cmocka_unit_test(test_killed),
        cmocka_unit_test(test_race),         cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_retarget),     cmocka_unit_test(test_holder),
        cmocka_unit_test(test_commit_fails), cmocka_unit_test(test_park),
        cmocka_unit_test(test_no_space),     cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_nonblocking),  cmocka_unit_test(test_read),
        cmocka_unit_test(test_temp),         cmocka_unit_test(test_temp_fails),
        cmocka_unit_test(test_adopt),
    };

    return cmocka_run_group_tests(tests, enter, scratch_leave);
}
