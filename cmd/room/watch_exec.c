/* SPDX-License-Identifier: MIT */
/* A program that prints events, as a source. */
#define _GNU_SOURCE /* pipe2, environ */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cli.h"
#include "pull.h"
#include "watch.h"

enum { WORDS_MAX = 64, POLL_MS = 100, CHUNK = 16384 };

/* Splits text at its blanks, in place. Returns the number of words. */
static int part(char *text, char *argv[WORDS_MAX])
{
    int n = 0;
    char *at = text;
    while (n < WORDS_MAX - 1 && *(at += strspn(at, " \t\n"))) {
        argv[n++] = at;
        at += strcspn(at, " \t\n");
        if (*at)
            *at++ = '\0';
    }
    argv[n] = NULL;
    return n;
}

/* Starts the program, with its output in *out. */
static int start(char *argv[], pid_t *pid, int *out)
{
    int fds[2];
    posix_spawn_file_actions_t files;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return errno;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, fds[1], STDOUT_FILENO);
    const int errnum = posix_spawnp(pid, argv[0], &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    close(fds[1]);
    *out = fds[0];
    if (errnum)
        close(fds[0]);
    return errnum;
}

/* Reads until the program closes its output, a signal requests the end, or memory is short. */
static void read_all(struct watch *w, int fd)
{
    char chunk[CHUNK];
    struct pollfd p = { .fd = fd, .events = POLLIN };
    while (!cli_signal && !w->lacks) {
        pulls_tick(w);
        if (poll(&p, 1, POLL_MS) <= 0)
            continue;
        const ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        if (n > 0)
            watch_feed(w, chunk, (size_t)n);
    }
    if (w->nb_line)
        watch_feed(w, "\n", 1);
}

static int ended(const char *name, int status, bool stopped)
{
    if (cli_signal || stopped || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return 0;
    if (WIFEXITED(status))
        cli_error("%s: exit status %d", name, WEXITSTATUS(status));
    else
        cli_error("%s: signal %d", name, WTERMSIG(status));
    return TRTC_EX_UNAVAILABLE;
}

int watch_exec(struct watch *w)
{
    char *argv[WORDS_MAX], *text = strdup(w->place);
    struct trtc_err err;
    pid_t pid;
    int fd = -1, status = 0;
    if (!text || part(text, argv) == 0) {
        free(text);
        return cli_usage("exec: needs a program");
    }
    const int errnum = start(argv, &pid, &fd);
    if (errnum) {
        trtc_fail_errno(&err, TRTC_EX_NOINPUT, errnum, "cannot run %s", argv[0]);
        free(text);
        return cli_report(&err);
    }
    read_all(w, fd);
    close(fd);
    if (cli_signal || w->lacks)
        kill(pid, SIGTERM);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    const int code = ended(argv[0], status, w->lacks);
    free(text);
    return code;
}
