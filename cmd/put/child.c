/* SPDX-License-Identifier: MIT */
/* Runs a program for each file: without a shell, without keys in its environment, in a process
 * group of its own. */
#define _GNU_SOURCE /* environ */

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "base/file.h"
#include "storage/crc64.h"

enum { CHUNK_BYTES = 1 << 18, LOOK_MS = 100, STEP_MS = 5, GRACE_MS = 2000 };

/* ---- arguments ---- */

/* Computes size and CRC-64 of the file. */
static int measure(const struct trtc_storage_file *file, const volatile sig_atomic_t *stop,
                   struct trtc_storage_proof *proof, struct trtc_err *err)
{
    char *chunk = malloc(CHUNK_BYTES);
    ssize_t n = 1;
    *proof = (struct trtc_storage_proof){ 0 };
    if (!chunk)
        return trtc_fail_nomem(err);
    while (n && !*stop) {
        n = pread(file->fd, chunk, CHUNK_BYTES, (off_t)proof->bytes);
        if (n < 0 && errno != EINTR)
            break;
        proof->crc64 = n > 0 ? trtc_crc64(proof->crc64, chunk, (size_t)n) : proof->crc64;
        proof->bytes += n > 0 ? n : 0;
        n = n < 0 ? 1 : n;
    }
    if (n < 0)
        trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s: cannot read it", file->path);
    else if (n)
        trtc_fail(err, TRTC_EX_TEMPFAIL, "%s: interrupted", file->path);
    free(chunk);
    return n ? -1 : 0;
}

/* A word that does not look like an option. */
static char *word_of(const char *s)
{
    const size_t n = strlen(s) + 3;
    char *word = malloc(n);
    if (word)
        snprintf(word, n, "%s%s", *s == '-' ? "./" : "", s);
    return word;
}

static char **words_of(char *const command[], const char *path, const char *key)
{
    size_t n = 0;
    while (command[n])
        n++;
    char **argv = calloc(n + 3, sizeof *argv);
    if (!argv)
        return NULL;
    memcpy(argv, command, n * sizeof *argv);
    argv[n] = word_of(path);
    argv[n + 1] = word_of(key);
    if (argv[n] && argv[n + 1])
        return argv;
    free(argv[n]);
    free(argv[n + 1]);
    free(argv);
    return NULL;
}

static void free_words(char *const command[], char **argv)
{
    size_t n = 0;
    while (command[n])
        n++;
    free(argv[n]);
    free(argv[n + 1]);
    free(argv);
}

/* ---- the process ---- */

/* Starts the program: its output goes to the messages, its input is empty. */
static int start(char *const argv[], pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    const int errnum = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return errnum;
}

/* A descriptor that becomes readable when the process ends; -1: the kernel does not support it. */
static int open_pid(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    return -1;
#endif
}

/* Waits for the end of the process. Once *stop is set, its group gets SIGTERM, and later
 * SIGKILL. */
static int await(pid_t pid, const volatile sig_atomic_t *stop)
{
    struct pollfd fd = { .fd = open_pid(pid), .events = POLLIN };
    int64_t kill_us = INT64_MAX;
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (*stop && kill_us == INT64_MAX) {
            kill(-pid, SIGTERM);
            kill_us = clock_mono_us() + GRACE_MS * 1000;
        }
        if (clock_mono_us() >= kill_us)
            kill(-pid, SIGKILL);
        poll(&fd, fd.fd >= 0, fd.fd >= 0 ? LOOK_MS : STEP_MS);
    }
    if (fd.fd >= 0)
        close(fd.fd);
    return status;
}

static int outcome(const char *program, const struct trtc_storage_file *file, int status,
                   struct trtc_err *err)
{
    if (WIFSIGNALED(status))
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "%s: %s was ended by signal %d", file->path,
                         program, WTERMSIG(status));
    const int code = WEXITSTATUS(status);
    if (code == 0)
        return 0;
    return trtc_fail(err,
                     code >= TRTC_EX_USAGE && code <= TRTC_EX_CONFIG ? code : TRTC_EX_UNAVAILABLE,
                     "%s: %s ended with exit status %d", file->path, program, code);
}

int put_child(const struct put_child *c, const struct trtc_storage_file *file,
              struct trtc_storage_proof *proof, struct trtc_err *err)
{
    pid_t pid;
    if (measure(file, c->stop, proof, err) < 0)
        return -1;
    char **argv = words_of(c->command, c->path, file->key);
    if (!argv)
        return trtc_fail_nomem(err);
    const int errnum = start(argv, &pid);
    free_words(c->command, argv);
    if (errnum)
        return trtc_fail_errno(err, TRTC_EX_UNAVAILABLE, errnum, "%s: cannot run %s", file->path,
                               c->command[0]);
    const int status = await(pid, c->stop);
    if (*c->stop && status)
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "%s: interrupted", file->path);
    return outcome(c->command[0], file, status, err);
}

/* ---- copies ---- */

static int copy_bytes(int from, const char *path, const char *to, struct trtc_err *err)
{
    const int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot create '%s'", to);
    int ret = trtc_copy_all(from, path, fd, to, err);
    if (close(fd) < 0 && ret == 0)
        ret = trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot write '%s'", to);
    return ret;
}

char *put_child_copy(int fd, const char *path, struct trtc_err *err)
{
    const char *tmp = getenv("TMPDIR"), *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    tmp = tmp && *tmp == '/' ? tmp : "/tmp";
    const size_t size = strlen(tmp) + strlen(name) + 32;
    char *copy = malloc(size);
    if (!copy) {
        trtc_fail_nomem(err);
        return NULL;
    }
    snprintf(copy, size, "%s/trtc-put.XXXXXX", tmp);
    if (!mkdtemp(copy)) {
        trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s: a directory in '%s'", path, tmp);
        free(copy);
        return NULL;
    }
    const size_t n = strlen(copy);
    snprintf(copy + n, size - n, "/%s", name);
    if (copy_bytes(fd, path, copy, err) < 0)
        put_child_copy_free(&copy);
    return copy;
}

void put_child_copy_free(char **copy)
{
    if (!*copy)
        return;
    unlink(*copy);
    *strrchr(*copy, '/') = '\0';
    rmdir(*copy);
    free(*copy);
    *copy = NULL;
}
