/* SPDX-License-Identifier: MIT */
/* Errors: formatting, and the mapping from errno to exit status. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int trtc_fail(struct trtc_err *err, int code, const char *fmt, ...)
{
    if (!err)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    err->code = code;
    err->errnum = 0;
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    return -1;
}

/* Whether an error is caused by a name, or by what has it, and not by a disk or a server that does
 * not work: a file system of the network or of a program fails with many others. */
static bool is_about_name(int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
    case EXDEV:
    case ENXIO:
    case ENODEV:
    case EBADF:
    case ENOEXEC:
    case ENOTSUP:
        return true;
    default:
        return false;
    }
}

static int code_of_errno(int code, int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EINTR:
    case ESTALE:
    case ETIMEDOUT:
        return TRTC_EX_TEMPFAIL;
    case EIO:
        return code == TRTC_EX_NOINPUT || code == TRTC_EX_CANTCREAT ? TRTC_EX_IOERR : code;
    case EACCES:
    case EPERM:
        return code == TRTC_EX_NOINPUT ? TRTC_EX_NOPERM : code;
    default:
        return code == TRTC_EX_NOINPUT && !is_about_name(errnum) ? TRTC_EX_IOERR : code;
    }
}

int trtc_fail_errno(struct trtc_err *err, int code, int errnum, const char *fmt, ...)
{
    if (!err)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    err->code = code_of_errno(code, errnum);
    err->errnum = errnum;
    int n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof err->msg)
        snprintf(err->msg + n, sizeof err->msg - (size_t)n, ": %s", strerror(errnum));
    return -1;
}

int trtc_fail_nomem(struct trtc_err *err)
{
    return trtc_fail(err, TRTC_EX_TEMPFAIL, "out of memory");
}

bool trtc_is_shortage(const struct trtc_err *err)
{
    return err->code == TRTC_EX_TEMPFAIL || err->code == TRTC_EX_IOERR;
}

int trtc_worse(int a, int b)
{
    return a > b ? a : b;
}
