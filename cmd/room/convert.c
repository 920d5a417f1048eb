/* SPDX-License-Identifier: MIT */
/* A process that copies a stream to MPEG-TS: pipes for input and output, and one for its
 * messages. */
#define _GNU_SOURCE /* pipe2, prlimit, environ */

#include "convert.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cli.h"
#include "base/array.h"
#include "base/text.h"
#include "publish.h"

enum {
    FULL_BYTES = 256 << 10, /* if this many bytes wait for it, a publisher that can wait does */
    WAIT_BYTES = 16 << 20,  /* more bytes never wait: the process is too slow */
    PIPE_BYTES = 64 << 10,
    SAID_BYTES = 400,
    END_MS = 10000, /* time to end after its input has ended */
    MEMORY = 1 << 30,
    FILES = 64,
};

struct end {              /* one end of a pipe */
    struct polled polled; /* must be first; fd -1: closed */
    struct stream *stream;
    bool polls;
};

struct convert {
    struct end in, out, messages;
    pid_t pid;
    char *waiting;
    size_t nb_waiting, room;
    bool finishing;
    int64_t finish_ms;
    char said[SAID_BYTES + 1]; /* its last message */
    size_t nb_said;
};

/* ---- pipes ---- */

static void close_end(struct house *h, struct end *e)
{
    if (e->polled.fd < 0)
        return;
    if (e->polls)
        house_unpoll(h, &e->polled);
    e->polls = false;
    close(e->polled.fd);
    e->polled.fd = -1;
}

static void poll_end(struct house *h, struct end *e, bool writes)
{
    if (!e->polls && house_poll(h, &e->polled, writes) == 0)
        e->polls = true;
}

/* Writes the waiting bytes, as far as they are accepted. */
static void write_waiting(struct house *h, struct polled *p, int fd)
{
    struct stream *s = ((struct end *)(void *)p)->stream;
    struct convert *c = s->convert;
    const ssize_t n = write(fd, c->waiting, c->nb_waiting);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        c->nb_waiting = 0; /* it has ended; its messages are read from the other pipes */
        close_end(h, &c->in);
        return;
    }
    memmove(c->waiting, c->waiting + n, c->nb_waiting - (size_t)n);
    c->nb_waiting -= (size_t)n;
    if (c->nb_waiting < FULL_BYTES && s->publisher)
        trtc_request_wake(s->publisher);
    if (c->nb_waiting)
        return;
    house_unpoll(h, &c->in.polled);
    c->in.polls = false;
    if (c->finishing)
        close_end(h, &c->in);
}

/* Keeps the last line that is not blank. */
static void read_messages(struct house *h, struct polled *p, int fd)
{
    struct convert *c = ((struct end *)(void *)p)->stream->convert;
    char buf[1024];
    const ssize_t n = read(fd, buf, sizeof buf);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_end(h, &c->messages);
    for (ssize_t i = 0; i < n; i++) {
        if (c->nb_said && c->said[c->nb_said - 1] == '\n' && buf[i] != '\n')
            c->nb_said = 0;
        if (c->nb_said < SAID_BYTES && (buf[i] != '\n' || c->nb_said))
            c->said[c->nb_said++] = buf[i];
    }
}

static const char *words_of(struct convert *c, char *out, size_t size)
{
    size_t n = c->nb_said;
    while (n && c->said[n - 1] == '\n')
        n--;
    return n ? trtc_text_show(c->said, n, out, size) : "it printed no message";
}

/* Waits for the process, which has no more output. True: it was successful. */
static bool reap(struct convert *c)
{
    int status = 0;
    if (!c->finishing)
        kill(c->pid, SIGKILL); /* it might go on reading without end */
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    c->pid = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void end_conversion(struct house *h, struct stream *s)
{
    struct convert *c = s->convert;
    char name[STREAM_NAME_SIZE], said[4 * SAID_BYTES];
    if (c->messages.polled.fd >= 0)
        read_messages(h, &c->messages.polled, c->messages.polled.fd);
    const bool finishing = c->finishing, good = reap(c) && finishing;
    if (!good && s->state != STREAM_IS_OVER)
        cli_error("%s: ffmpeg, which converts it to MPEG-TS, failed: %s",
                  stream_name(&s->spot, name), words_of(c, said, sizeof said));
    convert_free(h, &s->convert);
    publish_converted(h, s, !good);
}

static void read_out(struct house *h, struct polled *p, int fd)
{
    struct stream *s = ((struct end *)(void *)p)->stream;
    char buf[PIPE_BYTES];
    const ssize_t n = read(fd, buf, sizeof buf);
    if (n > 0)
        stream_put(h, s, buf, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        end_conversion(h, s);
}

/* ---- starting ---- */

static int begin_process(struct convert *c, const char *format, int fds[3], struct trtc_err *err)
{
    char *argv[] = { "ffmpeg",
                     "-nostdin",
                     "-hide_banner",
                     "-loglevel",
                     "error",
                     "-protocol_whitelist",
                     "pipe",
                     "-probesize",
                     "1000000",
                     "-analyzeduration",
                     "1000000",
                     "-f",
                     (char *)(uintptr_t)format,
                     "-i",
                     "pipe:0",
                     "-map",
                     "0:v?",
                     "-map",
                     "0:a?",
                     "-c",
                     "copy",
                     "-f",
                     "mpegts",
                     "-muxdelay",
                     "0",
                     "-muxpreload",
                     "0",
                     "-flush_packets",
                     "1",
                     "pipe:1",
                     NULL };
    const char *path = getenv("PATH");
    char path_is[4096];
    char *envp[] = { path_is, "LC_ALL=C", NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    snprintf(path_is, sizeof path_is, "PATH=%s", path ? path : "/usr/bin:/bin");
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    for (int i = 0; i < 3; i++)
        posix_spawn_file_actions_adddup2(&actions, fds[i], i);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    const int e = posix_spawnp(&c->pid, argv[0], &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (e) {
        c->pid = 0;
        return trtc_fail_errno(err, TRTC_EX_UNAVAILABLE, e, "cannot start ffmpeg");
    }
    return 0;
}

/* Limits the memory of the process, which has not read anything yet. */
static void limit(pid_t pid)
{
    static const struct {
        int what;
        rlim_t most;
    } limits[] = {
        { RLIMIT_AS, MEMORY }, { RLIMIT_NOFILE, FILES }, { RLIMIT_FSIZE, 0 }, { RLIMIT_CORE, 0 }
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const struct rlimit l = { limits[i].most, limits[i].most };
        prlimit(pid, (enum __rlimit_resource)limits[i].what, &l, NULL);
    }
}

static struct end end_of(struct stream *s, int fd,
                         void (*ready)(struct house *h, struct polled *p, int fd))
{
    if (fd >= 0)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    return (struct end){ .polled = { ready, fd }, .stream = s };
}

/* Makes three pipes: theirs are the descriptors 0, 1, 2 of the process, ours the other ends. */
static int make_pipes(int theirs[3], int ours[3])
{
    for (int i = 0; i < 3; i++) {
        int p[2];
        if (pipe2(p, O_CLOEXEC) < 0)
            return -1;
        theirs[i] = p[i != 0];
        ours[i] = p[i == 0];
    }
    return 0;
}

struct convert *convert_new(struct house *h, struct stream *s, const char *format,
                            struct trtc_err *err)
{
    int theirs[3] = { -1, -1, -1 }, ours[3] = { -1, -1, -1 };
    struct convert *c = calloc(1, sizeof *c);
    if (!c) {
        trtc_fail_nomem(err);
        return NULL;
    }
    int ret = make_pipes(theirs, ours);
    if (ret < 0)
        trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "cannot create pipes for ffmpeg");
    else
        ret = begin_process(c, format, theirs, err);
    for (int i = 0; i < 3; i++)
        if (theirs[i] >= 0)
            close(theirs[i]);
    c->in = end_of(s, ours[0], write_waiting);
    c->out = end_of(s, ours[1], read_out);
    c->messages = end_of(s, ours[2], read_messages);
    if (ret < 0) {
        convert_free(h, &c);
        return NULL;
    }
    limit(c->pid);
    poll_end(h, &c->out, false);
    poll_end(h, &c->messages, false);
    return c;
}

void convert_free(struct house *h, struct convert **convert)
{
    struct convert *c = *convert;
    if (!c)
        return;
    close_end(h, &c->in);
    close_end(h, &c->out);
    close_end(h, &c->messages);
    if (c->pid > 0) {
        kill(c->pid, SIGKILL);
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    free(c->waiting);
    free(c);
    *convert = NULL;
}

/* ---- feeding ---- */

int convert_feed(struct house *h, struct stream *s, const void *data, size_t n, bool *full)
{
    struct convert *c = s->convert;
    char name[STREAM_NAME_SIZE];
    if (c->in.polled.fd < 0)
        return 0; /* it has ended, and publish_converted will be called */
    if (c->nb_waiting + n > WAIT_BYTES) {
        cli_error("%s: ffmpeg, which converts it to MPEG-TS, is too slow",
                  stream_name(&s->spot, name));
        return 503;
    }
    if (trtc_array_reserve(&c->waiting, &c->room, c->nb_waiting + n, 1) < 0)
        return 503;
    memcpy(c->waiting + c->nb_waiting, data, n);
    c->nb_waiting += n;
    poll_end(h, &c->in, true);
    *full = c->nb_waiting >= FULL_BYTES;
    return 0;
}

void convert_finish(struct house *h, struct stream *s)
{
    struct convert *c = s->convert;
    if (c->finishing)
        return;
    c->finishing = true;
    c->finish_ms = h->now_ms;
    if (!c->nb_waiting)
        close_end(h, &c->in);
}

void convert_tick(struct house *h, struct stream *s)
{
    const struct convert *c = s->convert;
    if ((c->finishing && h->now_ms - c->finish_ms > END_MS) || s->state == STREAM_IS_OVER)
        kill(c->pid, SIGKILL); /* the end of its output is read next */
}
