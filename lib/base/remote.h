/* SPDX-License-Identifier: MIT */
/* Bytes on another machine: the interface through which source/ reads what net/fetch.c receives. */
#ifndef TRTC_BASE_REMOTE_H
#define TRTC_BASE_REMOTE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct trtc_remote {
    bool (*takes)(const char *url); /* whether this interface handles url */

    /* Requests url and waits for the first bytes of its body. stop (may be NULL; otherwise it must
     * outlive the object): ends the wait when it is set. NULL on failure, with a message that
     * contains no part of url. */
    void *(*open)(const struct trtc_remote *remote, const char *url,
                  const volatile sig_atomic_t *stop, struct trtc_err *err);

    /* Reads up to n bytes that are available: > 0; 0: the body is complete, or stop is set; -1: the
     * body broke off (TRTC_EX_TEMPFAIL). */
    ssize_t (*read)(void *self, uint8_t *p, size_t n, struct trtc_err *err);

    /* The length in bytes if the body can be read from any position, else -1. */
    int64_t (*size)(const void *self);

    /* The next read begins at this position (0...size). */
    void (*seek)(void *self, int64_t to);

    /* Returns when the first byte of the body arrived at the server (ms since 1970), if the server
     * states that, as trtc-room does; else TRTC_NOTIME. May be NULL. */
    int64_t (*came_ms)(const void *self);

    void (*close)(void *self);

    /* Called with true before the library begins, and with false behind that: if an allocation fails
     * in between, some libraries wait for ever. May be NULL. */
    void (*need_memory)(bool on);

    const char *ca_file; /* trusts these certificates (PEM) instead of the system's; or NULL */
};

#endif
