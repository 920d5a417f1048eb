/* SPDX-License-Identifier: MIT */
/* Errors: a value that is filled where the cause is known, and printed once by the program; and the
 * flag that ends work which nothing else would end. */
#ifndef TRTC_BASE_ERR_H
#define TRTC_BASE_ERR_H

#include <signal.h>
#include <stdbool.h>

/* Exit statuses of all programs (sysexits(3), and 3 for "done, with losses that were reported"). */
enum trtc_ex {
    TRTC_EX_OK = 0,
    TRTC_EX_LOSS = 3,
    TRTC_EX_USAGE = 64,
    TRTC_EX_DATAERR = 65,
    TRTC_EX_NOINPUT = 66,
    TRTC_EX_UNAVAILABLE = 69,
    TRTC_EX_SOFTWARE = 70,
    TRTC_EX_CANTCREAT = 73,
    TRTC_EX_IOERR = 74,
    TRTC_EX_TEMPFAIL = 75,
    TRTC_EX_NOPERM = 77,
    TRTC_EX_CONFIG = 78,
};

struct trtc_err {
    int code;      /* exit status, one of enum trtc_ex */
    char msg[512]; /* what and why, without program name and newline */
    int errnum;    /* errno of the call that failed; 0: no call did */
};

/* Fills *err (NULL is allowed) and returns -1. */
__attribute__((format(printf, 3, 4))) int trtc_fail(struct trtc_err *err, int code, const char *fmt,
                                                    ...);

/* Like trtc_fail, with ": strerror(errnum)" appended. A temporary shortage (disk space, open files,
 * memory, a server that does not answer) changes code to TRTC_EX_TEMPFAIL. EIO changes
 * TRTC_EX_NOINPUT and TRTC_EX_CANTCREAT to TRTC_EX_IOERR; EACCES and EPERM change TRTC_EX_NOINPUT
 * to TRTC_EX_NOPERM, and errors that no name can cause (a server that is gone, a damaged file
 * system) change it to TRTC_EX_IOERR. */
__attribute__((format(printf, 4, 5))) int trtc_fail_errno(struct trtc_err *err, int code,
                                                          int errnum, const char *fmt, ...);

/* Fails with "out of memory", TRTC_EX_TEMPFAIL. */
int trtc_fail_nomem(struct trtc_err *err);

/* Whether the machine failed (TRTC_EX_TEMPFAIL, TRTC_EX_IOERR) and not the input. Then nothing is
 * known about the input, and no message may blame it. */
bool trtc_is_shortage(const struct trtc_err *err);

/* Whether work should end: stop is not NULL, and *stop not 0, as after a signal. */
static inline bool trtc_is_stopped(const volatile sig_atomic_t *stop)
{
    return stop && *stop;
}

/* The worse of two exit statuses: 0 < 3 < all others; among these the larger one. */
int trtc_worse(int a, int b);

#endif
