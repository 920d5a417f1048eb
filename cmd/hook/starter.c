/* SPDX-License-Identifier: MIT */
/* A process that starts a process for each event. */
#define _GNU_SOURCE /* signalfd, SOCK_CLOEXEC */

#include "starter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cli.h"
#include "run.h"

struct starter {
    pid_t pid;
    int fd;
};

struct running {
    pid_t pid; /* 0: free */
    char name[TRTC_SPOOL_NAME_MAX];
};

/* ---- in the process ---- */

struct loop {
    const struct hook_opts *o;
    int fd, signals;
    struct running *running; /* o->jobs of them */
};

static struct running *find(const struct loop *l, pid_t pid)
{
    for (int64_t i = 0; i < l->o->jobs; i++)
        if (l->running[i].pid == pid)
            return &l->running[i];
    return NULL;
}

static void report(const struct loop *l, const char *name, int status)
{
    struct starter_result r = { .status = status };
    memcpy(r.name, name, strlen(name) + 1);
    while (send(l->fd, &r, sizeof r, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

/* Starts a process in a group of its own, so that Ctrl-C ends the server but not the handlers. */
static void begin(const struct loop *l, const char *name)
{
    struct running *r = find(l, 0);
    const pid_t pid = r ? fork() : -1;
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setpgid(0, 0);
        close(l->fd);
        close(l->signals);
        cli_set_verbosity(-1);
        _exit(run_event(l->o, name, l->o->operands.items, l->o->operands.n));
    }
    if (pid < 0) {
        report(l, name, -1);
        return;
    }
    r->pid = pid;
    memcpy(r->name, name, strlen(name) + 1);
}

static void reap(const struct loop *l)
{
    struct signalfd_siginfo i;
    int status;
    pid_t pid;
    while (read(l->signals, &i, sizeof i) > 0)
        ;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct running *r = find(l, pid);
        if (r) {
            const bool never = WIFEXITED(status) && WEXITSTATUS(status) == (RUN_NOT_STARTED & 0xff);
            report(l, r->name, never ? -1 : status);
            r->pid = 0;
        }
    }
}

/* Runs until the server is gone. */
static void work(struct loop *l)
{
    char name[TRTC_SPOOL_NAME_MAX];
    struct pollfd p[] = { { .fd = l->fd, .events = POLLIN },
                          { .fd = l->signals, .events = POLLIN } };
    for (;;) {
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return;
        reap(l);
        const ssize_t n = recv(l->fd, name, sizeof name - 1, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return;
        if (n > 0) {
            name[n] = '\0';
            begin(l, name);
        }
    }
}

static void live(const struct hook_opts *o, int fd)
{
    struct loop l = { .o = o, .fd = fd };
    sigset_t set;
    setpgid(0, 0);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* so that readers of the lines see their end */
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    l.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    l.running = calloc((size_t)o->jobs, sizeof *l.running);
    if (l.signals >= 0 && l.running)
        work(&l);
    _exit(0);
}

/* ---- in the server ---- */

struct starter *starter_new(const struct hook_opts *o, struct trtc_err *err)
{
    int fds[2];
    struct starter *s = calloc(1, sizeof *s);
    if (!s) {
        trtc_fail_nomem(err);
        return NULL;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 || (s->pid = fork()) < 0) {
        trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "cannot start a process");
        free(s);
        return NULL;
    }
    if (s->pid == 0) {
        close(fds[0]);
        live(o, fds[1]);
    }
    close(fds[1]);
    s->fd = fds[0];
    return s;
}

void starter_free(struct starter **starter)
{
    struct starter *s = *starter;
    if (!s)
        return;
    close(s->fd);
    while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    free(s);
    *starter = NULL;
}

int starter_fd(const struct starter *s)
{
    return s->fd;
}

bool starter_begin(struct starter *s, const char *name)
{
    return send(s->fd, name, strlen(name), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

int starter_next(struct starter *s, struct starter_result *out)
{
    const ssize_t n = recv(s->fd, out, sizeof *out, MSG_DONTWAIT);
    if (n == (ssize_t)sizeof *out)
        return 1;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}
