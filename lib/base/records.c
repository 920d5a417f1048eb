/* SPDX-License-Identifier: MIT */
/* Records from a descriptor: one buffer that can hold the longest record, searched with memchr. */
#include "base/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 * 1024)

int trtc_records_init(struct trtc_records *r, int fd, char end, size_t max, struct trtc_err *err)
{
    *r = (struct trtc_records){ .fd = fd, .end = end, .max = max, .size = max + 1 + READ_BYTES };
    /* unused pages are never touched */
    r->buf = malloc(r->size);
    return r->buf ? 0 : trtc_fail_nomem(err);
}

void trtc_records_fini(struct trtc_records *r)
{
    free(r->buf);
    r->buf = NULL;
}

/* Reads once, after moving the remaining bytes to the front. */
static int fill(struct trtc_records *r, struct trtc_err *err)
{
    if (r->idle && r->idle(r->idle_arg, err) < 0)
        return -1;
    if (r->start) {
        memmove(r->buf, r->buf + r->start, r->filled - r->start);
        r->filled -= r->start;
        r->scanned -= r->start;
        r->start = 0;
    }
    size_t room = r->size - r->filled;
    ssize_t got;
    do
        got = read(r->fd, r->buf + r->filled, room < READ_BYTES ? room : READ_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s",
                               r->name ? r->name : "standard input");
    r->filled += (size_t)got;
    r->nb_read += got;
    r->eof = got == 0;
    return 0;
}

int trtc_records_next(struct trtc_records *r, const char **s, size_t *n, struct trtc_err *err)
{
    bool too_long = false;
    for (;;) {
        char *first = r->buf + r->start;
        char *end = memchr(r->buf + r->scanned, r->end, r->filled - r->scanned);
        if (!end && !r->eof) {
            r->scanned = r->filled;
            if (r->filled - r->start > r->max) {
                too_long = true;
                r->start = r->filled;
            }
            if (fill(r, err) < 0)
                return -1;
            continue;
        }
        if (!end && r->start == r->filled && !too_long)
            return 0;
        *n = (size_t)((end ? end : r->buf + r->filled) - first);
        *s = too_long || *n > r->max ? NULL : first;
        r->start = end ? (size_t)(end + 1 - r->buf) : r->filled;
        r->scanned = r->start;
        r->at = r->nb_read - (int64_t)(r->filled - r->start);
        r->nr++;
        return 1;
    }
}
