/* SPDX-License-Identifier: MIT */
/* Shared by all programs: diagnostics, exit status, signals, progress. */
#define _GNU_SOURCE /* fopencookie */

#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/file.h"
#include "base/json_put.h"
#include "base/text.h"
#include "clock.h"

#define CLEAR_LINE "\r\033[K"

enum { END_MS = 500 }; /* after a signal, how long a reader may take nothing */

volatile sig_atomic_t cli_signal;

static struct {
    const char *name;
    int verbosity;
    bool progress_shown;
    int64_t progress_us;  /* when it was shown last */
    pthread_mutex_t lock; /* stderr: whole lines, also from threads */
    int out_errno;        /* of the first write to stdout that failed */
    bool out_told;        /* ... and the caller knows */
    char out_buf[1 << 15];
    bool out_lacks; /* something that belongs on stdout is missing for want of memory */
    bool err_stuck; /* nobody reads stderr */
} cli = { .name = "trtc", .lock = PTHREAD_MUTEX_INITIALIZER };

/* Whether a signal has asked for the end. Servers block signals, and take them between two turns. */
static bool asked_to_end(void)
{
    sigset_t set;
    return cli_signal ||
           (sigpending(&set) == 0 &&
            (sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) || sigismember(&set, SIGHUP)));
}

/* Waits until there is room for PIPE_BUF bytes, so that no write blocks, in whichever thread: a
 * signal may interrupt another one. 0; or what errno was: EAGAIN if the reader has taken nothing for
 * END_MS after a signal, since it must not hold up the end. */
static int wait_for_room(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    bool ends = asked_to_end();
    int n;
    while ((n = poll(&p, 1, END_MS)) <= 0) {
        if (n < 0 && errno != EINTR)
            return 0; /* without memory for that, the write alone will do */
        if (n == 0 && ends)
            return EAGAIN;
        ends = asked_to_end();
    }
    return 0;
}

/* Writes all of it, also when signals come and the descriptor does not block. 0, or what errno
 * was. */
static int write_whole(int fd, const char *data, size_t n)
{
    while (n) {
        const int errnum = wait_for_room(fd);
        if (errnum)
            return errnum;
        const ssize_t k = write(fd, data, n < PIPE_BUF ? n : PIPE_BUF);
        if (k < 0 && errno != EINTR && errno != EAGAIN)
            return errno;
        data += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
    }
    return 0;
}

/* To standard error; with the lock held. A reader that was too slow at the end is not waited for
 * again. */
static void write_err(const char *data, size_t n)
{
    cli.err_stuck = cli.err_stuck || write_whole(STDERR_FILENO, data, n) == EAGAIN;
}

/* By itself stdio treats an interrupted write, and a full pipe that does not block, as the end
 * of the stream, and forgets why a write failed. */
static ssize_t write_out(void *unused, const char *data, size_t n)
{
    (void)unused;
    if (!cli.out_errno)
        cli.out_errno = write_whole(STDOUT_FILENO, data, n);
    errno = cli.out_errno;
    return cli.out_errno ? 0 : (ssize_t)n;
}

/* Gives the standard descriptors that the caller has closed to /dev/null, so that no file gets
 * their numbers, and with them what is printed. Using them still fails: the direction is wrong. */
static void hold_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return;
}

static void on_file_limit(int sig)
{
    (void)sig;
}

/* A write beyond the limit of the file size fails instead of killing us before anything is tidied
 * up. A handler, unlike SIG_IGN, is not passed on to programs that are started. */
static void survive_file_limit(void)
{
    struct sigaction sa;
    if (sigaction(SIGXFSZ, NULL, &sa) < 0 || sa.sa_handler != SIG_DFL)
        return;
    sa = (struct sigaction){ .sa_handler = on_file_limit, .sa_flags = SA_RESTART };
    sigemptyset(&sa.sa_mask);
    sigaction(SIGXFSZ, &sa, NULL);
}

void cli_init(const char *name)
{
    cli.name = name;
    survive_file_limit();
    hold_standard();
    FILE *out = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = write_out });
    if (!out)
        return; /* without memory for it, the plain stream will do */
    setvbuf(out, cli.out_buf, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, sizeof cli.out_buf);
    stdout = out;
}

const char *cli_name(void)
{
    return cli.name;
}

/* The same signal again kills us, unless it is a hang-up, which a shell may send again. */
static void on_signal(int sig)
{
    static _Atomic int64_t first_us;
    const int64_t now_us = clock_mono_us();

    if (cli_signal != sig)
        first_us = now_us;
    else if (sig != SIGHUP && now_us - first_us > CLI_TWICE_US) {
        signal(sig, SIG_DFL);
        raise(sig); /* comes when this function has returned */
    }
    cli_signal = sig;
}

bool cli_hangs_up(void)
{
    struct sigaction was;
    return sigaction(SIGHUP, NULL, &was) == 0 && was.sa_handler == SIG_DFL;
}

void cli_catch_signals(void)
{
    struct sigaction sa = { .sa_handler = on_signal };
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    if (cli_hangs_up())
        sigaction(SIGHUP, &sa, NULL);
}

void cli_set_verbosity(int level)
{
    cli.verbosity = level;
}

int cli_verbosity(void)
{
    return cli.verbosity;
}

static void clear_progress(void)
{
    if (cli.progress_shown)
        write_err(CLEAR_LINE, sizeof CLEAR_LINE - 1);
    cli.progress_shown = false;
}

/* Messages contain names from outside: bytes that a terminal would act on are escaped. */
__attribute__((format(printf, 1, 0))) static void say(const char *fmt, va_list ap)
{
    char msg[1024], shown[2048], line[2112];
    int n = vsnprintf(msg, sizeof msg, fmt, ap);
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof msg ? (size_t)n : sizeof msg - 1;
    trtc_text_line(msg, len, shown, sizeof shown);
    n = snprintf(line, sizeof line, "%s: %s\n", cli.name, shown);
    pthread_mutex_lock(&cli.lock);
    clear_progress();
    write_err(line, (size_t)n);
    pthread_mutex_unlock(&cli.lock);
}

void cli_error(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

void cli_note(const char *fmt, ...)
{
    if (cli.verbosity < 0)
        return;
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

void cli_debug(const char *fmt, ...)
{
    if (cli.verbosity < 1)
        return;
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

int cli_report(const struct trtc_err *err)
{
    cli_error("%s", err->msg);
    return err->code;
}

int cli_no_memory(void)
{
    struct trtc_err err;
    trtc_fail_nomem(&err);
    return cli_report(&err);
}

int cli_usage(const char *fmt, ...)
{
    char msg[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    cli_error("%s; try '%s --help'", msg, cli.name);
    return TRTC_EX_USAGE;
}

int cli_choose(const char *option, const char *value, const char *const *names, int *out)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(value, names[i]) == 0) {
            *out = i;
            return 0;
        }
    char all[256] = "";
    for (size_t i = 0, n = 0; names[i] && n < sizeof all; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", names[i]);
    return cli_usage("%s: unknown value '%s': expected %s%s", option, value,
                     *names && names[1] ? "one of " : "", all);
}

void cli_version(void)
{
    printf("%s %s\n", cli.name, TRTC_VERSION);
}

void cli_progress(const char *line)
{
    if (cli.verbosity < 0 || !isatty(STDERR_FILENO))
        return;
    const int64_t now_us = clock_mono_us();
    pthread_mutex_lock(&cli.lock);
    if (!line) {
        clear_progress();
    } else if (now_us - cli.progress_us >= 100000) {
        cli.progress_us = now_us;
        write_err(CLEAR_LINE, sizeof CLEAR_LINE - 1);
        write_err(line, strlen(line));
        cli.progress_shown = true;
    }
    pthread_mutex_unlock(&cli.lock);
}

void cli_put_err(const char *text)
{
    pthread_mutex_lock(&cli.lock);
    write_err(text, strlen(text));
    pthread_mutex_unlock(&cli.lock);
}

/* Descriptors in use have low numbers: a program inherits few and opens its own behind them. */
static int64_t files_in_use(int64_t limit)
{
    int64_t n = 0;
    for (int fd = 0; fd < limit && fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

int64_t cli_open_files(int64_t want)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur == RLIM_INFINITY)
        return want;
    const int64_t used = files_in_use((int64_t)l.rlim_cur);
    if (l.rlim_cur < (rlim_t)(used + want) && l.rlim_cur < l.rlim_max) {
        rlim_t to = (rlim_t)(used + want);
        l.rlim_cur = l.rlim_max != RLIM_INFINITY && to > l.rlim_max ? l.rlim_max : to;
        setrlimit(RLIMIT_NOFILE, &l);
        getrlimit(RLIMIT_NOFILE, &l);
    }
    return (int64_t)l.rlim_cur - used;
}

bool cli_put_json(const struct cJSON *json, bool pretty)
{
    char *text = trtc_json_text(json, pretty);
    const bool is_there = text != NULL;
    if (text)
        puts(text);
    cli.out_lacks |= !text;
    cJSON_free(text);
    return is_there;
}

int cli_flush(struct trtc_err *err)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    cli.out_told = true;
    return trtc_fail_errno(err, TRTC_EX_IOERR, cli.out_errno ? cli.out_errno : EIO,
                           "standard output");
}

bool cli_reader_left(void)
{
    return cli.out_errno == EPIPE;
}

int cli_finish(int code)
{
    struct trtc_err err;
    bool told = cli.out_told;
    if (cli_flush(&err) < 0 && cli_reader_left())
        return 128 + SIGPIPE;
    if (cli.out_told)
        code = trtc_worse(code, told ? err.code : cli_report(&err));
    if (cli.out_lacks) {
        trtc_fail_nomem(&err);
        code = trtc_worse(code, cli_report(&err));
    }
    return cli_signal ? 128 + (int)cli_signal : code;
}

const char *cli_no_directory(const char *path)
{
    struct stat st;
    if (strstr(path, "://"))
        return "it is an address: give the directory that its files were downloaded to";
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        return "it is a file: give the directory that it is in";
    return NULL;
}

bool cli_is_recorded(const char *path)
{
    const size_t n = strlen(path);
    return trtc_ends_like(path, n, ".ts") || trtc_ends_like(path, n, ".m3u8") ||
           trtc_ends_like(path, n, ".m3u");
}

int cli_shown(const char *operand)
{
    const char *host = strstr(operand, "://");
    if (!host)
        return (int)strlen(operand);
    host += 3;
    const size_t n = strcspn(host, "/?#");
    return (int)(host - operand) + (memchr(host, '@', n) ? 0 : (int)n);
}

bool cli_has_directories(const char *path)
{
    DIR *d = opendir(path);
    bool found = false;
    struct dirent *e;
    while (d && !found && (e = readdir(d))) {
        struct stat st;
        found = e->d_name[0] != '.' &&
                fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
    }
    if (d)
        closedir(d);
    return found;
}

void cli_guard_memory(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_CORE, &l) == 0) {
        l.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &l);
    }
#if !defined(__SANITIZE_ADDRESS__) /* whose search for leaks looks at the process from outside */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
