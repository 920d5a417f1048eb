/* SPDX-License-Identifier: MIT */
/* base/beneath: nothing outside of a directory is opened, nothing but regular files, and nothing
 * blocks. The same table for the kernel's way and for the walk that stands in for it. */
#define _GNU_SOURCE /* mkdtemp, symlink, mknod, struct open_how */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/scratch.h"

/* The walk: the module once more, for a kernel that lacks openat2. */
#ifdef SYS_openat2
#define HAVE_OPENAT2 1
#else
#define HAVE_OPENAT2 0
#endif
#undef SYS_openat2
#define trtc_open_beneath walk_open_beneath
#define trtc_stat_beneath walk_stat_beneath
#define trtc_read_beneath walk_read_beneath
#define trtc_is_denied    walk_is_denied
#include "base/beneath.c"
#undef trtc_open_beneath
#undef trtc_is_denied
#undef trtc_stat_beneath
#undef trtc_read_beneath

int trtc_open_beneath(int dirfd, const char *name, int64_t *size_bytes, struct trtc_err *err);
int trtc_stat_beneath(int dirfd, const char *name, int64_t *size_bytes, struct trtc_err *err);
int64_t trtc_read_beneath(int dirfd, const char *name, int64_t max, char **text,
                          struct trtc_err *err);

static const struct way {
    const char *name;
    int (*open)(int, const char *, int64_t *, struct trtc_err *);
    int (*stat)(int, const char *, int64_t *, struct trtc_err *);
    int64_t (*read)(int, const char *, int64_t, char **, struct trtc_err *);
} ways[] = {
    { "walk", walk_open_beneath, walk_stat_beneath, walk_read_beneath },
    { "kernel", trtc_open_beneath, trtc_stat_beneath, trtc_read_beneath },
};

static char name255[256], name256[257];

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int enter(void **state)
{
    (void)state;
    memset(name255, 'n', 255);
    memset(name256, 'n', 256);
    return scratch_enter("t_beneath");
}

static int open_dir(void)
{
    int fd = open("d", O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    return fd;
}

static int make_tree(void **state)
{
    (void)state;
    char abs[128], path[300];
    snprintf(abs, sizeof abs, "%s/d/plain", scratch_dir());
    snprintf(path, sizeof path, "d/%s", name255);
    if (system("rm -rf d secret && mkdir -p d/sub/deep && chmod 700 d"))
        return -1;
    put("secret", "outside");
    put("d/plain", "12345");
    put("d/empty", "");
    put("d/sub/file", "1234567");
    put("d/sub/deep/file", "123");
    put("d/-rf", "1");
    put("d/a b;$(x)\n\x1b\xff", "12");
    put("d/..x", "1");
    put(path, "255");
    struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = "d/socket" };
    int s = socket(AF_UNIX, SOCK_STREAM, 0), ret = bind(s, (struct sockaddr *)&addr, sizeof addr);
    close(s);
    return ret || mkfifo("d/fifo", 0600) || symlink("plain", "d/inside") ||
           symlink("sub/file", "d/inside2") || symlink("../plain", "d/sub/up") ||
           symlink("sub", "d/dirlink") || symlink("../secret", "d/outside") ||
           symlink("..", "d/parent") || symlink(abs, "d/absolute") ||
           symlink("/dev/zero", "d/zero") || symlink("/proc/self/fd/0", "d/magic") ||
           symlink("loop", "d/loop") || symlink("nothing", "d/dangling");
}

enum { FINE = 0, GONE = TRTC_EX_NOINPUT, OUT = TRTC_EX_NOPERM, ODD = TRTC_EX_DATAERR };

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int kernel, walk; /* code */
        int64_t size;
    } t[] = {
        { "plain", FINE, FINE, 5 },
        { "empty", FINE, FINE, 0 },
        { "sub/file", FINE, FINE, 7 },
        { "sub/deep/file", FINE, FINE, 3 },
        { "sub//file", FINE, FINE, 7 },
        { "./plain", FINE, FINE, 5 },
        { "./sub/./file", FINE, FINE, 7 },
        { "-rf", FINE, FINE, 1 },
        { "..x", FINE, FINE, 1 },
        { "a b;$(x)\n\x1b\xff", FINE, FINE, 2 },
        { name255, FINE, FINE, 3 },
        { name256, GONE, GONE, 0 },
        { "nothing", GONE, GONE, 0 },
        { "nothing/file", GONE, GONE, 0 },
        { "plain/file", GONE, GONE, 0 },
        { "plain/", GONE, GONE, 0 },
        { "", GONE, GONE, 0 },
        { "http://127.0.0.1/x.ts", GONE, GONE, 0 },
        { "file:plain", GONE, GONE, 0 },
        { "sub\\file", GONE, GONE, 0 },
        { "dangling", GONE, OUT, 0 },
        { "..", OUT, OUT, 0 },
        { "../secret", OUT, OUT, 0 },
        { "../d/plain", OUT, OUT, 0 },
        { "sub/../../secret", OUT, OUT, 0 },
        { "sub/../plain", OUT, OUT, 0 },
        { "./../secret", OUT, OUT, 0 },
        { "/etc/passwd", OUT, OUT, 0 },
        { "/", OUT, OUT, 0 },
        { "//etc/passwd", OUT, OUT, 0 },
        { "/dev/zero", OUT, OUT, 0 },
        { "outside", OUT, OUT, 0 },
        { "parent/secret", OUT, OUT, 0 },
        { "parent/d/plain", OUT, OUT, 0 },
        { "absolute", OUT, OUT, 0 },
        { "zero", OUT, OUT, 0 },
        { "magic", OUT, OUT, 0 },
        { "loop", OUT, OUT, 0 },
        { "inside", FINE, OUT, 5 },
        { "inside2", FINE, OUT, 7 },
        { "sub/up", FINE, OUT, 5 },
        { "dirlink/file", FINE, OUT, 7 },
        { "fifo", ODD, ODD, 0 },
        { "sub", ODD, ODD, 0 },
        { "sub/", ODD, ODD, 0 },
        { ".", ODD, ODD, 0 },
        { "socket", ODD, ODD, 0 },
    };
    int dirfd = open_dir();
    alarm(10); /* nothing may block */
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
            /* without openat2 both are the walk */
            int want = k && HAVE_OPENAT2 ? t[i].kernel : t[i].walk;
            struct trtc_err err = { 0 }, stat_err = { 0 };
            int64_t size = -1, stat_size = -1;
            int fd = ways[k].open(dirfd, t[i].name, &size, &err);
            int ret = ways[k].stat(dirfd, t[i].name, &stat_size, &stat_err);
            if (fd >= 0) {
                struct stat st;
                assert_int_equal(fstat(fd, &st), 0);
                assert_int_equal(st.st_size, size);
                assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
                close(fd);
            }
            if ((fd < 0 ? err.code : FINE) != want || (want == FINE && size != t[i].size))
                fail_msg("%s, '%s': %s (%d)", ways[k].name, t[i].name, fd < 0 ? err.msg : "opened",
                         err.code);
            if ((ret < 0 ? stat_err.code : FINE) != want ||
                (want == FINE && stat_size != t[i].size))
                fail_msg("%s, stat '%s': %s", ways[k].name, t[i].name,
                         ret < 0 ? stat_err.msg : "is there");
            if (want == OUT)
                assert_string_equal(err.msg, "leads out of its directory");
        }
    alarm(0);
    close(dirfd);
}

static void test_device(void **state)
{
    (void)state;
    if (mknod("d/null", S_IFCHR | 0600, makedev(1, 3)) < 0)
        return; /* that takes root */
    int dirfd = open_dir();
    for (size_t k = 0; k < 2; k++) {
        struct trtc_err err = { 0 };
        assert_int_equal(ways[k].open(dirfd, "null", NULL, &err), -1);
        assert_true(err.code == ODD ||
                    err.code == OUT); /* a mount with nodev refuses it by itself */
    }
    close(dirfd);
}

/* A file that may not be read, tried by somebody who is not root. */
static void test_not_permitted(void **state)
{
    (void)state;
    int dirfd = open_dir(), status;
    assert_int_equal(chmod(scratch_dir(), 0755) || chmod("d", 0755) || chmod("d/plain", 0), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (geteuid() == 0 && setuid(65534) < 0)
            _exit(1);
        for (size_t k = 0; k < 2; k++) {
            struct trtc_err err = { 0 };
            int64_t size;
            if (ways[k].stat(dirfd, "plain", &size, &err) == 0 || err.code != TRTC_EX_NOPERM ||
                strstr(err.msg, "leads out"))
                _exit(2);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(dirfd);
}

static void test_read(void **state)
{
    (void)state;
    int dirfd = open_dir();
    for (size_t k = 0; k < 2; k++) {
        struct trtc_err err = { 0 };
        char *text = NULL;
        assert_int_equal(ways[k].read(dirfd, "plain", 5, &text, &err), 5);
        assert_memory_equal(text, "12345", 5);
        assert_int_equal(text[5], 0);
        free(text);
        assert_int_equal(ways[k].read(dirfd, "empty", 5, &text, &err), 0);
        assert_int_equal(text[0], 0);
        free(text);
        text = NULL;
        assert_int_equal(ways[k].read(dirfd, "plain", 4, &text, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_int_equal(ways[k].read(dirfd, "nothing", 4, &text, &err), -1);
        assert_int_equal(err.code, TRTC_EX_NOINPUT);
        assert_int_equal(ways[k].read(dirfd, "../secret", 400, &text, &err), -1);
        assert_int_equal(err.code, TRTC_EX_NOPERM);
        assert_null(text);
    }
    close(dirfd);
}

/* However many names are refused, no descriptor is left open. */
static void test_no_descriptor_left(void **state)
{
    (void)state;
    static const char *const names[] = {
        "sub/deep/nothing", "sub/../x", "sub/deep/../..", "sub/deep",
        "sub/up/x",         "fifo",     "sub//",          ""
    };
    int dirfd = open_dir(), before = dup(0);
    close(before);
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            assert_int_equal(ways[k].open(dirfd, names[i], NULL, NULL), -1);
    int after = dup(0);
    close(after);
    assert_int_equal(before, after);
    close(dirfd);
}

/* Only so many more files may be open. */
static struct rlimit allow_files(int more)
{
    struct rlimit was, l;
    int lowest = dup(0);
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    l = (struct rlimit){ (rlim_t)(lowest + more), was.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
    return was;
}

/* What the machine is short of says nothing of the file. The walk needs two descriptors. */
static void test_shortage(void **state)
{
    (void)state;
    int dirfd = open_dir();
    for (size_t k = 0; k < 2; k++)
        for (int more = 0; more < 3; more++) {
            struct trtc_err err = { 0 };
            struct rlimit was = allow_files(more);
            int fd = ways[k].open(dirfd, "sub/deep/file", NULL, &err);
            setrlimit(RLIMIT_NOFILE, &was);
            assert_int_equal(fd >= 0, more > (k == 0 ? 1 : 0));
            if (fd >= 0)
                close(fd);
            else
                assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
            assert_int_equal(fd < 0, trtc_is_shortage(&err));
        }
    close(dirfd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_names, make_tree),
        cmocka_unit_test_setup(test_device, make_tree),
        cmocka_unit_test_setup(test_not_permitted, make_tree),
        cmocka_unit_test_setup(test_read, make_tree),
        cmocka_unit_test_setup(test_no_descriptor_left, make_tree),
        cmocka_unit_test_setup(test_shortage, make_tree),
    };
    return cmocka_run_group_tests(tests, enter, scratch_leave);
}
