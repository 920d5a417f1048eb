/* SPDX-License-Identifier: MIT */
/* Finds the first tables of a segment; see tables.h. */
#include "source/tables.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/file.h"

enum { BLOCK_BYTES = 64 * 1024 };

/* Reads on until a stream is known. Returns 1; 0: the end; -1. */
static int find(struct trtc_ts *ts, int fd, const struct trtc_piece *p, uint8_t *buf)
{
    struct trtc_ts_frame f;
    for (int64_t at = 0; at < p->bytes;) {
        const int64_t left = p->bytes - at;
        const ssize_t got = trtc_read_at(fd, buf, left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES,
                                         p->at_bytes + at);
        if (got <= 0)
            return 0;
        at += got;
        trtc_ts_feed(ts, buf, (size_t)got);
        int more;
        while ((more = trtc_ts_next(ts, &f)) > 0)
            ;
        if (more < 0)
            return -1;
        if (trtc_ts_knows(ts))
            return 1;
    }
    return 0;
}

int trtc_tables_learn(struct trtc_ts *ts, int dirfd, const struct trtc_piece *p,
                      struct trtc_err *err)
{
    struct trtc_err why;
    const int fd = trtc_open_beneath(dirfd, p->uri, NULL, &why);
    if (fd < 0)
        return trtc_is_shortage(&why) ? trtc_fail(err, why.code, "%s: %s", p->uri, why.msg) : 0;
    struct trtc_ts *other = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    uint8_t *buf = malloc(BLOCK_BYTES);
    const int found = other && buf ? find(other, fd, p, buf) : -1;
    if (found > 0)
        trtc_ts_learn(ts, other);
    trtc_ts_free(&other);
    free(buf);
    close(fd);
    return found < 0 ? trtc_fail_nomem(err) : found;
}
