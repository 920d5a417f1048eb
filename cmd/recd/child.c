/* SPDX-License-Identifier: MIT */
/* Programs that the service starts. */
#define _GNU_SOURCE /* POSIX_SPAWN_SETSID, environ */

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cli.h"

enum { WORDS_MAX = 64, ENV_MAX = 128 };

/* ---- words ---- */

char **child_words(const char *command, size_t more, size_t *n)
{
    char **words = calloc(WORDS_MAX + more + 1, sizeof *words);
    *n = 0;
    while (words && *n < WORDS_MAX) {
        command += strspn(command, " \t");
        const size_t length = strcspn(command, " \t");
        if (!length)
            break;
        if (!(words[*n] = strndup(command, length))) {
            child_words_free(words);
            return NULL;
        }
        ++*n;
        command += length;
    }
    return words;
}

void child_words_free(char **words)
{
    for (size_t i = 0; words && words[i]; i++)
        free(words[i]);
    free(words);
}

/* ---- the environment ---- */

static bool is_in(const char *names, const char *name, size_t n)
{
    for (const char *at = names; *at;) {
        at += strspn(at, " \t,");
        const size_t length = strcspn(at, " \t,");
        if (length == n && strncmp(at, name, n) == 0 && n)
            return true;
        at += length;
    }
    return false;
}

/* Accepts variables that locate programs, files and sessions, and none that may contain a key. */
static bool is_harmless(const char *variable, const char *more)
{
    static const char names[] =
        "PATH HOME USER LOGNAME SHELL LANG TZ TMPDIR XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS "
        "SLURM_CONF ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS LD_LIBRARY_PATH";
    const size_t n = strcspn(variable, "=");
    return strncmp(variable, "LC_", 3) == 0 || is_in(names, variable, n) ||
           (more && is_in(more, variable, n));
}

static void make_environment(const char *more, char *out[ENV_MAX + 1])
{
    size_t n = 0;
    for (char **e = environ; *e && n < ENV_MAX; e++)
        if (is_harmless(*e, more))
            out[n++] = *e;
    out[n] = NULL;
}

/* ---- starting ---- */

/* Makes fd (-1: /dev/null) the descriptor to of the child. */
static int place(posix_spawn_file_actions_t *a, int fd, int to)
{
    return fd < 0 ? posix_spawn_file_actions_addopen(a, to, "/dev/null", O_RDWR, 0)
                  : posix_spawn_file_actions_adddup2(a, fd, to);
}

static int actions_of(posix_spawn_file_actions_t *a, const struct child_order *o)
{
    int bad = place(a, o->in, 0) || place(a, o->out, 1) || place(a, o->err, 2);
    int next = 3;
    for (; next < 5 && !bad && o->extra[next - 3] >= 0; next++)
        bad = place(a, o->extra[next - 3], next);
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
    if (!bad)
        bad = posix_spawn_file_actions_addclosefrom_np(a, next);
#endif
    return bad ? -1 : 0;
}

static int attributes_of(posix_spawnattr_t *a, const struct child_order *o)
{
    sigset_t none, all;
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigemptyset(&none);
    sigfillset(&all);
    if (o->session)
        flags |= POSIX_SPAWN_SETSID;
    else
        flags |= POSIX_SPAWN_SETPGROUP;
    return posix_spawnattr_setflags(a, flags) || posix_spawnattr_setsigmask(a, &none) ||
                   posix_spawnattr_setsigdefault(a, &all) || posix_spawnattr_setpgroup(a, 0)
               ? -1
               : 0;
}

static int spawn(pid_t *pid, const struct child_order *o)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char *environment[ENV_MAX + 1];
    int ret = ENOMEM;
    make_environment(o->more, environment);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ret;
    if (posix_spawnattr_init(&attributes) == 0) {
        if (actions_of(&actions, o) == 0 && attributes_of(&attributes, o) == 0)
            ret = posix_spawnp(pid, o->argv[0], &actions, &attributes, o->argv, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return ret;
}

int child_start(struct recd *r, struct child *c, const struct child_order *order,
                struct trtc_err *err)
{
    const int ret = spawn(&c->pid, order);
    c->end.fd = -1;
    if (ret != 0) {
        c->pid = 0;
        return trtc_fail_errno(err, TRTC_EX_UNAVAILABLE, ret, "%s: cannot be started",
                               order->argv[0]);
    }
    c->end.fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
    if (c->end.fd >= 0 && recd_poll(r, &c->end, false) < 0) {
        close(c->end.fd);
        c->end.fd = -1;
    }
    if (c->end.fd < 0)
        cli_debug("%s: its end will be noticed late", order->argv[0]);
    return 0;
}

void child_tick(struct recd *r, struct child *c)
{
    if (c->pid && c->end.fd < 0)
        c->end.ready(r, &c->end);
}

int child_reap(struct recd *r, struct child *c)
{
    int status;
    const pid_t pid = c->pid ? waitpid(c->pid, &status, WNOHANG) : -1;
    if (pid == 0)
        return -1;
    if (c->end.fd >= 0) {
        recd_unpoll(r, &c->end);
        close(c->end.fd);
    }
    c->end.fd = -1;
    c->pid = 0;
    if (pid < 0)
        return TRTC_EX_SOFTWARE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
