/* SPDX-License-Identifier: MIT */
/* What the programs share: diagnostics, exit status, signals, progress. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/text.h"

volatile sig_atomic_t cli_signal;

static struct {
    const char *name;
    int verbosity;
    bool progress_shown;
    struct timespec progress_last;
    pthread_mutex_t lock; /* stderr: whole lines, also from threads */
} cli = { .name = "trtc", .lock = PTHREAD_MUTEX_INITIALIZER };

void cli_init(const char *name)
{
    cli.name = name;
}

static void on_signal(int sig)
{
    cli_signal = sig;
}

void cli_catch_signals(void)
{
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
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
        fputs("\r\033[K", stderr);
    cli.progress_shown = false;
}

/* Messages hold names from outside: what a terminal would act on is escaped. */
__attribute__((format(printf, 1, 0))) static void say(const char *fmt, va_list ap)
{
    char msg[1024], shown[2048];
    int n = vsnprintf(msg, sizeof msg, fmt, ap);
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof msg ? (size_t)n : sizeof msg - 1;
    trtc_text_line(msg, len, shown, sizeof shown);
    pthread_mutex_lock(&cli.lock);
    clear_progress();
    fprintf(stderr, "%s: %s\n", cli.name, shown);
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

int cli_bad_option(int c, char *const argv[])
{
    const char *word = argv[optind - 1];
    const char *problem = c == ':' ? "option needs a value" : "unknown option";
    bool is_long = optind > 1 && word && word[0] == '-' && word[1] == '-';
    if (optopt && !is_long)
        return cli_usage("%s: '-%c'", problem, optopt);
    if (c == '?' && optopt)
        return cli_usage("option takes no value: '%s'", word);
    return cli_usage("%s: '%s'", problem, word ? word : "");
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
    return cli_usage("%s: unknown value '%s': it is one of %s", option, value, all);
}

int cli_option(int c, void (*usage)(void), char *const argv[])
{
    switch (c) {
    case 'q':
        cli_set_verbosity(-1);
        return 0;
    case 'v':
        cli_set_verbosity(1);
        return 0;
    case 'h':
        usage();
        return -1;
    case 'V':
        cli_version();
        return -1;
    default:
        return cli_bad_option(c, argv);
    }
}

void cli_version(void)
{
    printf("%s %s\n", cli.name, TRTC_VERSION);
}

void cli_progress(const char *line)
{
    if (cli.verbosity < 0 || !isatty(STDERR_FILENO))
        return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    pthread_mutex_lock(&cli.lock);
    long ms = (long)(now.tv_sec - cli.progress_last.tv_sec) * 1000 +
              (now.tv_nsec - cli.progress_last.tv_nsec) / 1000000;
    if (!line) {
        clear_progress();
        fflush(stderr);
    } else if (ms >= 100) {
        cli.progress_last = now;
        fprintf(stderr, "\r\033[K%s", line);
        fflush(stderr);
        cli.progress_shown = true;
    }
    pthread_mutex_unlock(&cli.lock);
}

/* Those in use lie low: a program inherits few and opens its own behind them. */
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

int cli_finish(int code)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        struct trtc_err err;
        if (errno == EPIPE)
            return 128 + SIGPIPE;
        trtc_fail_errno(&err, TRTC_EX_IOERR, errno ? errno : EIO, "standard output");
        code = trtc_worse(code, cli_report(&err));
    }
    return cli_signal ? 128 + (int)cli_signal : code;
}
