/* SPDX-License-Identifier: MIT */
/* Runs programs for their standard output. */
#define _GNU_SOURCE /* pipe2, environ */

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "input.h"

static int start(const char *const argv[], int out, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    const int errnum =
        posix_spawnp(pid, argv[0], &files, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    return errnum;
}

int child_output(const char *const argv[], char **text, size_t *n, struct trtc_err *err)
{
    int fds[2], status = 0;
    pid_t pid;
    *text = NULL;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "cannot create a pipe");
    const int errnum = start(argv, fds[1], &pid);
    close(fds[1]);
    const int read_all = errnum ? -1 : hook_read_fd(fds[0], argv[0], text, n, err);
    close(fds[0]);
    if (errnum)
        return trtc_fail_errno(err, TRTC_EX_UNAVAILABLE, errnum, "cannot run %s", argv[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (read_all < 0)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
