/* SPDX-License-Identifier: MIT */
/* A process that receives a stream and publishes it. */
#define _GNU_SOURCE /* pipe2, SOCK_CLOEXEC */

#include "relay.h"

#include <arpa/inet.h>
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORTS_MAX = 32, PORT_FIRST = 20000, PORT_LAST = 60000, END_MS = 3000, STEP_MS = 20 };

/* ---- ports ---- */

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static int bind_port(int port)
{
    const struct sockaddr_in a = loopback(port);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Whether the process has opened that socket. */
static bool has_socket(pid_t pid, unsigned long inode)
{
    char path[64], is[64], wanted[64];
    struct dirent *e;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    DIR *d = opendir(path);
    while (d && !found && (e = readdir(d)) != NULL) {
        const ssize_t n = readlinkat(dirfd(d), e->d_name, is, sizeof is - 1);
        is[n > 0 ? n : 0] = '\0';
        found = strcmp(is, wanted) == 0;
    }
    if (d)
        closedir(d);
    return found;
}

bool relay_listens(pid_t pid, int port)
{
    char line[256];
    unsigned long inode;
    unsigned at;
    bool found = false;
    FILE *f = fopen("/proc/net/udp", "re"); /* binding the port as a test would block the reader */
    while (f && !found && fgets(line, sizeof line, f))
        found = sscanf(line, "%*d: %*x:%x %*s %*s %*s %*s %*s %*s %*s %lu", &at, &inode) == 2 &&
                at == (unsigned)port && has_socket(pid, inode);
    if (f)
        fclose(f);
    return found;
}

static bool are_free(int first, int n)
{
    int fds[PORTS_MAX], k = 0;
    while (k < n && (fds[k] = bind_port(first + k)) >= 0)
        k++;
    const bool all = k == n;
    while (k > 0)
        close(fds[--k]);
    return all;
}

int relay_ports(int n, int *turn)
{
    const int span = (PORT_LAST - PORT_FIRST) / PORTS_MAX;
    const int begin = (int)(getpid() % span); /* two programs seldom try the same ports */
    for (int i = 0; i < span; i++) {
        const int first = PORT_FIRST + (begin + *turn) % span * PORTS_MAX;
        *turn = (*turn + 1) % span;
        if (are_free(first, n))
            return first;
    }
    return 0;
}

/* ---- the process ---- */

enum { WORDS = 48 };

/* The words of a command line. Too many are an error in this program. */
struct words {
    char *items[WORDS + 1];
    int n;
};

static void add(struct words *w, const char *const *list)
{
    for (; *list; list++) {
        assert(w->n < WORDS);
        w->items[w->n++] = (char *)(uintptr_t)*list;
    }
}

static const char *const program[] = { "ffmpeg",    "-nostdin", "-hide_banner",
                                       "-loglevel", "fatal",    NULL };

/* Allows RTP from this machine only, and only as the SDP describes it. */
static const char *const from_sdp[] = { "-protocol_whitelist",
                                        "pipe,udp,rtp",
                                        "-localaddr",
                                        "127.0.0.1",
                                        "-analyzeduration",
                                        "3000000",
                                        "-fpsprobesize", /* the rate need not be known */
                                        "0",
                                        "-f",
                                        "sdp",
                                        "-i",
                                        "pipe:0",
                                        NULL };

/* Allows protocols of the network only, whatever an event contains; 15 s without data end the
 * relay. */
static const char *const from_url[] = {
    "-protocol_whitelist",
    "rtmp,rtmps,rtmpt,tcp,tls,http,https,httpproxy,crypto,srt,udp,rtp",
    "-rw_timeout",
    "15000000",
    "-analyzeduration",
    "2000000",
    "-i",
    NULL
};

static const char *const to_room[] = {
    "-map",           "0:v?", "-map",    "0:a?",      "-c", "copy",        "-max_interleave_delta",
    "500000",         "-f",   "mpegts",  "-muxdelay", "0",  "-muxpreload", "0",
    "-flush_packets", "1",    "-method", "PUT",       NULL
};

/* Starts the process with an almost empty environment; in -1: /dev/null. */
static int spawn(int in, char *const argv[], pid_t *pid)
{
    const char *path = getenv("PATH");
    char path_is[4096];
    char *envp[] = { path_is, "LC_ALL=C", NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    snprintf(path_is, sizeof path_is, "PATH=%s", path ? path : "/usr/bin:/bin");
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setpgroup(&attributes, 0); /* Ctrl-C reaches trtc-room alone, which ends it */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int errnum = posix_spawnp(pid, argv[0], &files, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return errnum;
}

pid_t relay_start(const char *sdp, const char *to, struct trtc_err *err)
{
    struct words w = { .n = 0 };
    const char *const end[] = { to, NULL };
    int fds[2];
    pid_t pid = -1;
    const size_t n = strlen(sdp); /* fits into a pipe */
    add(&w, program);
    add(&w, from_sdp);
    add(&w, to_room);
    add(&w, end);
    if (pipe2(fds, O_CLOEXEC) < 0)
        return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "cannot create a pipe for ffmpeg");
    const int errnum = write(fds[1], sdp, n) == (ssize_t)n ? spawn(fds[0], w.items, &pid) : EPIPE;
    close(fds[0]);
    close(fds[1]);
    return errnum ? trtc_fail_errno(err, TRTC_EX_UNAVAILABLE, errnum, "cannot start ffmpeg") : pid;
}

pid_t relay_pull(const char *from, const char *to, struct trtc_err *err)
{
    struct words w = { .n = 0 };
    const char *const source[] = { from, NULL }, *const end[] = { to, NULL };
    pid_t pid = -1;
    add(&w, program);
    add(&w, from_url);
    add(&w, source);
    add(&w, to_room);
    add(&w, end);
    const int errnum = spawn(-1, w.items, &pid);
    return errnum ? trtc_fail_errno(err, TRTC_EX_UNAVAILABLE, errnum, "cannot start ffmpeg") : pid;
}

bool relay_runs(pid_t *pid, int *status)
{
    if (*pid > 0 && waitpid(*pid, status, WNOHANG) != 0)
        *pid = 0;
    return *pid > 0;
}

/* Sends BYE with a reason, since FFmpeg ignores packets of less than 12 bytes (RFC 3550, 6.6). */
void relay_bye(int rtcp_port)
{
    static const unsigned char bye[] = { 0x81, 203, 0, 2, 0, 0, 0, 1, 3, 'e', 'n', 'd' };
    const struct sockaddr_in to = loopback(rtcp_port);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    const ssize_t sent = sendto(fd, bye, sizeof bye, 0, (const struct sockaddr *)&to, sizeof to);
    (void)sent; /* if it is lost, the process is killed later */
    close(fd);
}

void relay_end(pid_t *pid)
{
    const struct timespec step = { 0, STEP_MS * 1000000L };
    for (int ms = 0; relay_runs(pid, NULL) && ms < END_MS; ms += STEP_MS)
        nanosleep(&step, NULL);
    if (*pid <= 0)
        return;
    kill(*pid, SIGKILL);
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *pid = 0;
}
