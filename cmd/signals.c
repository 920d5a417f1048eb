/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* signalfd */

#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli.h"

int signals_open(struct trtc_err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (cli_hangs_up())
        sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigdelset(&set, SIGPIPE);
    const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return fd >= 0 ? fd : trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "signals");
}

void signals_take(int fd)
{
    struct signalfd_siginfo i;
    while (read(fd, &i, sizeof i) == (ssize_t)sizeof i)
        cli_signal = (int)i.ssi_signo;
}
