/* SPDX-License-Identifier: MIT */
/* Reader of a lane: its files, and the bytes that are fed to the demultiplexer. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/array.h"
#include "base/beneath.h"
#include "base/file.h"
#include "source/reader_priv.h"

int trtc_reader_open_directory(struct trtc_reader *rd, struct trtc_err *err)
{
    if (rd->dirfd < 0)
        rd->dirfd = open(rd->rec->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return rd->dirfd < 0 ? trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", rd->rec->dir) : 0;
}

void trtc_reader_close_files(struct trtc_reader *rd)
{
    if (rd->fd >= 0)
        close(rd->fd);
    if (rd->dirfd >= 0 && rd->sparing) {
        close(rd->dirfd);
        rd->dirfd = -1;
    }
    rd->fd = -1;
}

int trtc_reader_open_if_there(struct trtc_reader *rd, const struct trtc_piece *p, int *fd,
                              struct trtc_err *why, struct trtc_err *err)
{
    *fd = -1;
    if (trtc_reader_open_directory(rd, err) < 0)
        return -1;
    *fd = trtc_open_beneath(rd->dirfd, p->uri, NULL, why);
    if (*fd >= 0)
        return 1;
    return trtc_is_shortage(why)
               ? trtc_fail(err, why->code, "%s/%s: %s", rd->rec->dir, p->uri, why->msg)
               : 0;
}

int trtc_reader_open_piece(struct trtc_reader *rd, const struct trtc_piece *p, int64_t pos, int *fd,
                           struct trtc_err *err)
{
    struct trtc_err why;
    const int there = trtc_reader_open_if_there(rd, p, fd, &why, err);
    if (there != 0)
        return there;
    if (trtc_reader_lose_in(
            rd, p, (struct trtc_lost){ "missing", pos ? 0 : p->dur_us, p->bytes - pos },
            why.code == TRTC_EX_NOINPUT ? "it was there at the beginning" : why.msg) < 0)
        return trtc_fail_nomem(err);
    return 0;
}

int trtc_reader_open_file(struct trtc_reader *rd, struct trtc_err *err)
{
    return rd->fd >= 0
               ? 1
               : trtc_reader_open_piece(rd, trtc_reader_fed_piece(rd), rd->pos, &rd->fd, err);
}

/* Moves on to the next clip, in which the last frame of this one may continue. Returns 1; 0: there
 * is none (a missing file is listed when its turn comes); -1. */
static int go_on(struct trtc_reader *rd, struct trtc_err *err)
{
    struct trtc_err ignored;
    if (trtc_array_reserve(&rd->passed, &rd->cap_passed, rd->nb_passed + 1, sizeof *rd->passed) < 0)
        return trtc_fail_nomem(err);
    if (rd->fd >= 0)
        close(rd->fd); /* all of it was read */
    const int there = trtc_reader_open_if_there(rd, rd->lane->clips[rd->feeding + 1].piece, &rd->fd,
                                                &ignored, err);
    if (there <= 0)
        return there;
    rd->passed[rd->nb_passed++] =
        (struct trtc_reader_passed){ .end = trtc_ts_pos(rd->ts), .stats = *trtc_ts_stats(rd->ts) };
    rd->feeding++;
    rd->pos = 0;
    rd->paused = false;
    trtc_ts_continue(rd->ts);
    return 1;
}

/* Reads on in the piece. Returns the bytes; 0: its end, or its file is gone; -1. */
static ssize_t read_piece(struct trtc_reader *rd, struct trtc_err *err)
{
    const struct trtc_piece *p = trtc_reader_fed_piece(rd);
    size_t want = TRTC_READER_BYTES;
    if (p->ranged && p->bytes - rd->pos < TRTC_READER_BYTES)
        want = (size_t)(p->bytes - rd->pos);
    int there = want ? trtc_reader_open_file(rd, err) : 0;
    if (there <= 0)
        return there;
    const ssize_t got = trtc_read_at(rd->fd, rd->buf, want, p->at_bytes + rd->pos);
    if (got < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s/%s", rd->rec->dir, p->uri);
    if (rd->sparing)
        trtc_reader_close_files(rd);
    if (got == 0 && rd->pos < p->bytes &&
        trtc_reader_lose_in(rd, p, (struct trtc_lost){ "truncated", 0, p->bytes - rd->pos },
                            "it has become shorter meanwhile") < 0)
        return trtc_fail_nomem(err);
    rd->pos += got;
    return got;
}

int trtc_reader_refill(struct trtc_reader *rd, struct trtc_err *err)
{
    ssize_t got = rd->paused ? 0 : read_piece(rd, err);
    if (got < 0)
        return -1;
    if (got > 0) {
        trtc_ts_feed(rd->ts, rd->buf, (size_t)got);
        if (rd->bytes)
            atomic_fetch_add_explicit(rd->bytes, got, memory_order_relaxed);
        return 0;
    }
    if (!rd->paused && trtc_reader_follows(rd, rd->feeding + 1)) {
        trtc_ts_pause(rd->ts);
        rd->paused = true;
        return 0;
    }
    const int more = rd->paused ? go_on(rd, err) : 0;
    if (more < 0)
        return -1;
    if (more == 0) {
        trtc_ts_end(rd->ts);
        rd->ended = true;
    }
    return 0;
}
