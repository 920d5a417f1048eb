/* SPDX-License-Identifier: MIT */
/* trtc-hook run: handles one event. It is a separate process, so that an event is finished even if
 * the server has ended: it locks the event, waits for the handler, and moves the event. */
#define _DEFAULT_SOURCE /* setrlimit, environ */

#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "line.h"
#include "net/callback.h"
#include "net/http.h"
#include "options.h"
#include "serve/spool.h"

enum { ENV_MAX = 4096, GRACE_MS = 2000 };

extern char **environ;

struct run {
    const struct hook_opts *o;
    struct trtc_spool *spool;
    const char *name;
    char **argv;     /* CMD and its arguments, ending with NULL */
    char path[4096]; /* of the event */
};

/* ---- a command ---- */

static void set_env(const char *key, const char *value)
{
    if (value && strlen(value) <= ENV_MAX)
        setenv(key, value, 1);
    else
        unsetenv(key);
}

/* Sets what the handler may know without parsing. */
static int set_environment(const struct run *r, struct trtc_err *err)
{
    struct hook_event e;
    char type[24];
    if (hook_event_read(r->spool, TRTC_SPOOL_NEW, r->name, &e, err) < 0)
        return -1;
    snprintf(type, sizeof type, "%" PRId64, e.event.type);
    set_env("TRTC_EVENT_TYPE", e.event.type ? type : NULL);
    set_env("TRTC_EVENT_TASK", e.event.task);
    set_env("TRTC_EVENT_ROOM", e.event.room);
    set_env("TRTC_EVENT_FILE", r->path);
    hook_event_fini(&e);
    return 0;
}

static int not_started(const struct run *r, int errnum, struct trtc_err *err)
{
    const bool is_short = errnum == EAGAIN || errnum == ENOMEM;
    trtc_fail(err, is_short ? RUN_NOT_STARTED : TRTC_EX_TEMPFAIL, "cannot run '%s': %s", r->argv[0],
              strerror(errnum));
    return -1;
}

/* Starts CMD with the body as its standard input, its output among the messages, and a process
 * group of its own. */
static int start(const struct run *r, pid_t *pid, struct trtc_err *err)
{
    struct rlimit core;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    const int fd = openat(trtc_spool_fd(r->spool, TRTC_SPOOL_NEW), r->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "cannot read '%s'", r->path);
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = core.rlim_max; /* this process holds no keys */
        setrlimit(RLIMIT_CORE, &core);
    }
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    const int errnum = posix_spawnp(pid, r->argv[0], &files, &attr, r->argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    close(fd);
    return errnum ? not_started(r, errnum, err) : 0;
}

/* Waits for a signal in the set; 0: the time is over. */
static int wait_signal(const sigset_t *set, int64_t until_ms)
{
    const int64_t left_ms = until_ms - clock_mono_us() / 1000;
    const struct timespec t = { left_ms > 0 ? left_ms / 1000 : 0,
                                left_ms > 0 ? (long)(left_ms % 1000) * 1000000 : 0 };
    const int sig = sigtimedwait(set, NULL, &t);
    return sig < 0 ? (errno == EINTR ? SIGCHLD : 0) : sig;
}

/* Waits for CMD. When its time is over, or this process is told to end, CMD's group gets SIGTERM,
 * and later SIGKILL. *status is from waitpid; *why is 0, SIGALRM, or the signal that came. */
static void await(pid_t pid, int64_t timeout_ms, const sigset_t *set, int *status, int *why)
{
    int64_t until_ms = clock_mono_us() / 1000 + timeout_ms;
    *why = 0;
    while (waitpid(pid, status, WNOHANG) == 0) {
        const int sig = wait_signal(set, until_ms);
        if (sig == SIGCHLD)
            continue;
        if (*why)
            kill(-pid, SIGKILL);
        else
            kill(-pid, SIGTERM);
        *why = *why ? *why : sig ? sig : SIGALRM;
        until_ms = clock_mono_us() / 1000 + GRACE_MS;
    }
    if (*why)
        kill(-pid, SIGKILL); /* for those that ignored SIGTERM */
}

/* The exit status for the outcome. */
static int outcome(const struct run *r, int status, int why)
{
    if (why == SIGALRM)
        cli_error("%s: the handler took longer than %" PRId64 " ms and was ended", r->name,
                  r->o->handler_timeout_us / 1000);
    else if (why)
        cli_error("%s: the handler was interrupted", r->name);
    if (why)
        return TRTC_EX_TEMPFAIL;
    if (WIFSIGNALED(status)) {
        cli_error("%s: the handler was ended by signal %d", r->name, WTERMSIG(status));
        return 128 + WTERMSIG(status);
    }
    if (WEXITSTATUS(status) && WEXITSTATUS(status) != TRTC_EX_TEMPFAIL)
        cli_error("%s: the handler's exit status is %d", r->name, WEXITSTATUS(status));
    return WEXITSTATUS(status);
}

static int run_command(const struct run *r)
{
    struct trtc_err err;
    sigset_t set;
    pid_t pid;
    int status = 0, why;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGCHLD, SIG_DFL);
    if (set_environment(r, &err) < 0 || start(r, &pid, &err) < 0) {
        cli_error("%s: %s", r->name, err.msg);
        return err.code == RUN_NOT_STARTED ? RUN_NOT_STARTED : TRTC_EX_TEMPFAIL;
    }
    await(pid, r->o->handler_timeout_us / 1000, &set, &status, &why);
    return outcome(r, status, why);
}

/* ---- forwarding ---- */

/* Whether the receiver may answer differently another time. */
static int code_of(const struct run *r, const struct trtc_reply *reply)
{
    if (trtc_callback_taken(reply))
        return 0;
    if (reply->net == TRTC_NET_ANSWER)
        cli_error("%s: %s: HTTP %d", r->name, r->o->forward, reply->status);
    else
        cli_error("%s: %s", r->name, reply->err.msg);
    if (reply->net != TRTC_NET_ANSWER)
        return reply->err.code;
    return reply->status >= 500 || reply->status == 408 || reply->status == 429
               ? TRTC_EX_TEMPFAIL
               : TRTC_EX_UNAVAILABLE;
}

static int add_headers(const struct run *r, struct trtc_headers *h, struct trtc_err *err)
{
    char sign[TRTC_SPOOL_SIGN_MAX], app[24];
    int64_t sdkappid;
    if (trtc_spool_head(r->spool, r->name, &sdkappid, sign, err) < 0)
        return -1;
    snprintf(app, sizeof app, "%" PRId64, sdkappid);
    return trtc_headers_add(h, "Content-Type", "application/json", err) < 0 ||
                   (sdkappid && trtc_headers_add(h, "SdkAppId", app, err) < 0) ||
                   (*sign && trtc_headers_add(h, "Sign", sign, err) < 0)
               ? -1
               : 0;
}

static int forward(const struct run *r)
{
    struct trtc_err err;
    char *body = NULL;
    struct trtc_headers h = { 0 };
    struct trtc_post post = { .url = r->o->forward, .headers = &h };
    struct trtc_reply reply = { 0 };
    const struct trtc_http_options options = { .total_ms = r->o->handler_timeout_us / 1000,
                                               .agent = "trtc-hook/" TRTC_VERSION,
                                               .anywhere = true,
                                               .body_max = TRTC_CALLBACK_ANSWER_BYTES,
                                               .ca_file = getenv("SSL_CERT_FILE") };
    struct trtc_http *http = trtc_http_new(&options, &err);
    int code = TRTC_EX_TEMPFAIL;
    const int64_t n = http ? trtc_spool_read(r->spool, TRTC_SPOOL_NEW, r->name, &body, &err) : -1;
    if (n < 0 || add_headers(r, &h, &err) < 0) {
        cli_error("%s: %s", r->name, err.msg);
    } else {
        struct trtc_transport wire = trtc_http_transport(http);
        post.body = body;
        post.body_bytes = (size_t)n;
        wire.post(wire.arg, &post, &reply);
        code = code_of(r, &reply);
        trtc_reply_fini(&reply);
    }
    trtc_headers_fini(&h);
    free(body);
    trtc_http_free(&http);
    return code;
}

/* ---- the event ---- */

static int settle(struct run *r, int code)
{
    struct trtc_err err;
    if (code == TRTC_EX_TEMPFAIL || code == RUN_NOT_STARTED)
        return code;
    if (trtc_spool_move(r->spool, r->name, TRTC_SPOOL_NEW,
                        code ? TRTC_SPOOL_FAILED : TRTC_SPOOL_DONE, &err) < 0)
        return cli_report(&err);
    return code;
}

/* Reports why the handler could not even be tried. Returns the exit status. */
static int not_tried(const struct trtc_err *err)
{
    const int code = cli_report(err);
    return code == TRTC_EX_TEMPFAIL ? RUN_NOT_STARTED : code;
}

static int handle(struct run *r)
{
    struct trtc_err err;
    bool held;
    const int fd = trtc_spool_hold(r->spool, r->name, &held, &err);
    if (fd < 0 && held) {
        cli_debug("%s: another process is handling it", r->name);
        return TRTC_EX_UNAVAILABLE;
    }
    if (fd < 0) {
        if (err.code)
            return not_tried(&err);
        cli_note("no event '%s' is queued", r->name); /* another process may have handled it */
        return TRTC_EX_NOINPUT;
    }
    const int code = settle(r, r->o->forward ? forward(r) : run_command(r));
    close(fd);
    return code;
}

int run_event(const struct hook_opts *o, const char *name, const char *const *words, size_t n)
{
    struct trtc_err err;
    struct run r = { .o = o, .name = name };
    r.argv = calloc(n + 1, sizeof *r.argv);
    if (!r.argv)
        return cli_no_memory();
    for (size_t i = 0; i < n; i++)
        r.argv[i] = (char *)(uintptr_t)words[i]; /* posix_spawn does not write to them */
    r.spool = trtc_spool_open(o->spool, false, &err);
    int code;
    if (r.spool) {
        snprintf(r.path, sizeof r.path, "%s/new/%s", trtc_spool_dir(r.spool), r.name);
        code = handle(&r);
    } else {
        code = not_tried(&err);
    }
    trtc_spool_free(&r.spool);
    free(r.argv);
    return code;
}

int hook_run(const struct hook_opts *o)
{
    struct trtc_err err;
    int64_t ms, type;
    const size_t nb = o->operands.n;
    if (!o->spool || nb == 0 || (nb == 1) == !o->forward)
        return cli_usage(
            "--spool DIR, the name of an event, and either --forward URL or -- CMD are required");
    const char *slash = strrchr(o->operands.items[0], '/');
    const char *name = slash ? slash + 1 : o->operands.items[0];
    if (!trtc_spool_name_parts(name, &ms, &type))
        return cli_usage("'%s' is not the name of an event", name);
    if (o->forward && trtc_callback_url(o->forward, &err) < 0)
        return cli_report(&err);
    const int code = run_event(o, name, o->operands.items + 1, nb - 1);
    return code == RUN_NOT_STARTED ? TRTC_EX_TEMPFAIL : code;
}
