/* SPDX-License-Identifier: MIT */
/* The children of a task. */
#define _GNU_SOURCE /* pipe2 */

#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"

enum { CHUNK = 4096, LINE_MAX_BYTES = 1 << 20, NO_PROGRAM = 127 };

/* ---- starting ---- */

static void become(const struct proc_start *how, const int out[2], const int err[2], pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0); /* Ctrl-C reaches the task alone, which ends its children in its own order */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it died before the line above */
        _exit(NO_PROGRAM);
    const int in = how->in >= 0 ? how->in : open("/dev/null", O_RDONLY);
    dup2(err[1], STDERR_FILENO);
    dup2(in, STDIN_FILENO);
    dup2(how->out >= 0 ? how->out : out[1], STDOUT_FILENO);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (how->dir < 0 || fchdir(how->dir) == 0)
        execvp(how->words->v[0], how->words->v);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", how->words->v[0], strerror(errno));
    _exit(NO_PROGRAM);
}

static void close_pair(int fds[2])
{
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static int pipe_for_us(int fds[2])
{
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    return fcntl(fds[0], F_SETFL, O_NONBLOCK);
}

int proc_start(struct proc **list, struct proc *p, const struct proc_start *how,
               struct trtc_err *err)
{
    int out[2] = { -1, -1 }, said[2] = { -1, -1 };
    const pid_t parent = getpid();
    int ret = how->words->failed || how->words->n == 0 ? trtc_fail_nomem(err) : 0;
    if (ret == 0 &&
        (pipe_for_us(said) < 0 || (how->out < 0 && pipe_for_us(out) < 0) || (p->pid = fork()) < 0))
        ret = trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "cannot start %s", how->words->v[0]);
    if (ret == 0 && p->pid == 0)
        become(how, out, said, parent);
    trtc_words_fini(how->words);
    if (ret < 0) {
        p->pid = 0;
        close_pair(out);
        close_pair(said);
        return -1;
    }
    close(said[1]);
    if (out[1] >= 0)
        close(out[1]);
    p->out = (struct proc_lines){ .fd = out[0] };
    p->err = (struct proc_lines){ .fd = said[0] };
    p->next = *list;
    *list = p;
    return 0;
}

void proc_kill(const struct proc *p, int sig)
{
    if (p->pid > 0)
        kill(p->pid, sig);
}

/* ---- reading ---- */

static void give(const struct proc *p, struct proc_lines *l, size_t from, size_t n)
{
    static const char skipped[] = "a line is too long: left out";
    void (*call)(void *, const char *, size_t) = l == &p->out ? p->calls->line : p->calls->said;
    l->text[from + n] = '\0';
    if (l->skips)
        p->calls->said(p->arg, skipped, sizeof skipped - 1);
    else if (call)
        call(p->arg, l->text + from, n);
    l->skips = false;
}

/* Passes on the lines that are complete. */
static void part(const struct proc *p, struct proc_lines *l)
{
    size_t from = 0;
    const char *end;
    while ((end = memchr(l->text + from, '\n', l->n - from)) != NULL) {
        const size_t n = (size_t)(end - l->text) - from;
        give(p, l, from, n);
        from += n + 1;
    }
    memmove(l->text, l->text + from, l->n - from);
    l->n -= from;
    if (l->n > LINE_MAX_BYTES) {
        l->skips = true;
        l->n = 0;
    }
}

static void finish_lines(const struct proc *p, struct proc_lines *l)
{
    if (l->n || l->skips)
        give(p, l, 0, l->n);
    if (l->fd >= 0)
        close(l->fd);
    free(l->text);
    *l = (struct proc_lines){ .fd = -1 };
}

/* Reads all that is in the pipe, and closes it at its end. */
static void drain(const struct proc *p, struct proc_lines *l)
{
    ssize_t n = 1;
    while (l->fd >= 0 && n > 0) {
        if (trtc_array_reserve(&l->text, &l->cap, l->n + CHUNK + 1, 1) < 0)
            return; /* the rest waits in the pipe */
        n = read(l->fd, l->text + l->n, CHUNK);
        if (n > 0) {
            l->n += (size_t)n;
            part(p, l);
        } else if (n == 0) {
            finish_lines(p, l);
        } else if (errno == EINTR) {
            n = 1;
        }
    }
}

/* ---- for the loop ---- */

size_t proc_polls(struct proc *list, struct pollfd *fds, size_t room)
{
    size_t n = 0;
    for (struct proc *p = list; p && n + PROC_POLLS <= room; p = p->next) {
        fds[n++] = (struct pollfd){ .fd = p->out.fd, .events = POLLIN };
        fds[n++] = (struct pollfd){ .fd = p->err.fd, .events = POLLIN };
    }
    return n;
}

void proc_turn(struct proc **list)
{
    for (struct proc *p = *list; p; p = p->next) {
        drain(p, &p->out);
        drain(p, &p->err);
    }
    for (struct proc **at = list; *at;) {
        struct proc *p = *at;
        int status = 0;
        if (waitpid(p->pid, &status, WNOHANG) != p->pid) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        drain(p, &p->out);
        drain(p, &p->err);
        finish_lines(p, &p->out);
        finish_lines(p, &p->err);
        p->pid = 0;
        p->calls->ended(p->arg, status);
        at = list; /* the call may have changed the list */
    }
}

void proc_end_all(struct proc **list)
{
    for (struct proc *p = *list; p; p = p->next)
        kill(p->pid, SIGTERM);
    for (struct proc *p = *list; p; p = p->next) {
        while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        finish_lines(p, &p->out);
        finish_lines(p, &p->err);
        p->pid = 0;
    }
    *list = NULL;
}
