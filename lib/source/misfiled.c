/* SPDX-License-Identifier: MIT */
/* Finds segments whose files hold what belongs elsewhere. */
#include "source/misfiled.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/file.h"
#include "base/num.h"
#include "playlist/stray.h"
#include "recording/clock.h"

enum {
    NEAR = 2,          /* segments before and after one by which its time stamps are judged */
    FAR = 8,           /* ... and with which its file may be exchanged */
    STEP_US = 1000000, /* time stamps that differ by more are not in step */
    EXACT_US = 100000, /* the same of two that are exchanged */
    BLOCK_BYTES = 16384,
};

/* ---- which segments are in step ---- */

/* Whether the content of a and b would be in step at the places pa and pb of one playlist. */
static bool fits(const struct trtc_piece *a, const struct trtc_piece *pa,
                 const struct trtc_piece *b, const struct trtc_piece *pb, int64_t tolerance_us)
{
    const int64_t step = trtc_ts_diff(b->facts.first_ts_90k, a->facts.first_ts_90k) * 100 / 9;
    return llabs(pb->start_us - pa->start_us - step) <= tolerance_us;
}

/* Whether the time stamps of a segment can be compared with those of others. */
static bool is_plain(const struct trtc_piece *p)
{
    return !p->unusable && !p->part && !p->facts.odd && !p->ranged && p->facts.kinds;
}

/* The n-th piece from p on in its playlist, or NULL. */
static struct trtc_piece *beside(const struct trtc_recording *r, struct trtc_piece *p, int n)
{
    const ptrdiff_t at = p - r->pieces + n;
    struct trtc_piece *q = at >= 0 && at < (ptrdiff_t)r->nb_pieces ? &r->pieces[at] : NULL;
    return n != 0 && q && q->list == p->list && is_plain(q) ? q : NULL;
}

/* Whether the content of a segment is in step with one near it. */
static bool is_in_step(const struct trtc_recording *r, struct trtc_piece *p)
{
    for (int n = -NEAR; n <= NEAR; n++) {
        const struct trtc_piece *q = beside(r, p, n);
        if (q && fits(p, p, q, q, STEP_US))
            return true;
    }
    return false;
}

/* The nearest piece that can be compared, before p (by -1) or after it, or NULL. */
static struct trtc_piece *nearest(const struct trtc_recording *r, struct trtc_piece *p, int by)
{
    struct trtc_piece *q = NULL;
    for (int n = by; !q && abs(n) <= NEAR; n += by)
        q = beside(r, p, n);
    return q;
}

/* Whether p stands in the course of a stream, of which it is no part: the segments on both sides are
 * in step with each other, or there is only one side, from which it follows without a pause. A user
 * who publishes the same film again is away in between. */
static bool interrupts(const struct trtc_recording *r, struct trtc_piece *p)
{
    struct trtc_piece *before = nearest(r, p, -1), *after = nearest(r, p, 1);
    if (is_in_step(r, p))
        return false;
    if (before && after)
        return fits(before, before, after, after, STEP_US);
    const struct trtc_piece *a = before ? before : p, *b = before ? p : after;
    return b && is_in_step(r, before ? before : after) && a->dur_us >= b->dur_us &&
           llabs(b->start_us - a->start_us - a->dur_us) < TRTC_ROUNDING_US;
}

/* ---- one content under two names ---- */

/* A file cannot be read: r is held if the machine is to blame. Returns 0, or -1: out of memory. */
static int cannot_read(struct trtc_recording *r, const struct trtc_piece *p,
                       const struct trtc_err *why)
{
    return trtc_is_shortage(why) ? trtc_recording_hold(r, p->uri, why) : 0;
}

/* Compares the bytes of two open files. Returns 1: they are the same, 0, or -1: out of memory. */
static int compare(struct trtc_recording *r, const struct trtc_piece *const piece[2],
                   const int fd[2])
{
    uint8_t buf[2][BLOCK_BYTES];
    for (int64_t at = 0; at < piece[0]->bytes; at += BLOCK_BYTES) {
        ssize_t n[2];
        for (int k = 0; k < 2; k++) {
            struct trtc_err why;
            n[k] = trtc_read_at(fd[k], buf[k], BLOCK_BYTES, at);
            if (n[k] < 0) {
                trtc_fail_errno(&why, TRTC_EX_IOERR, errno, "cannot be read");
                return cannot_read(r, piece[k], &why);
            }
        }
        if (n[0] == 0 || n[0] != n[1] || memcmp(buf[0], buf[1], (size_t)n[0]) != 0)
            return 0;
    }
    return 1;
}

/* Whether the files of two pieces have the same bytes: 1, 0, or -1: out of memory. */
static int are_same(struct trtc_recording *r, int dirfd, const struct trtc_piece *a,
                    const struct trtc_piece *b)
{
    const struct trtc_piece *const piece[2] = { a, b };
    struct trtc_err why;
    int fd[2];
    fd[0] = trtc_open_beneath(dirfd, a->uri, NULL, &why);
    if (fd[0] < 0)
        return cannot_read(r, a, &why);
    fd[1] = trtc_open_beneath(dirfd, b->uri, NULL, &why);
    const int ret = fd[1] < 0 ? cannot_read(r, b, &why) : compare(r, piece, fd);
    if (fd[1] >= 0)
        close(fd[1]);
    close(fd[0]);
    return ret;
}

static int by_content(const void *a, const void *b)
{
    const struct trtc_piece *x = *(struct trtc_piece *const *)a,
                            *y = *(struct trtc_piece *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return trtc_num_compare(&x->facts.first_ts_90k, &y->facts.first_ts_90k);
}

static int lose_copy(struct trtc_recording *r, struct trtc_piece *p, const struct trtc_piece *from)
{
    const int64_t us = p->dur_us == TRTC_NOTIME ? 0 : p->dur_us;
    const struct trtc_lost what = { "foreign", us, p->attr_bytes };
    p->unusable = true;
    return trtc_losses_add_piece(&r->losses, r, p, what,
                                 "it is a copy of %s; its own content is missing", from->uri);
}

/* Finds the copies among n segments of the same size and first time stamp. */
static int find_copies_among(struct trtc_recording *r, int dirfd, struct trtc_piece **same,
                             size_t n)
{
    const struct trtc_piece *first = NULL;
    for (size_t i = 0; i < n && !first; i++)
        first = is_in_step(r, same[i]) ? same[i] : NULL;
    for (size_t i = 0; i < n && first; i++) {
        if (same[i] == first || !interrupts(r, same[i]))
            continue;
        const int ret = are_same(r, dirfd, first, same[i]);
        if (ret < 0 || (ret > 0 && lose_copy(r, same[i], first) < 0))
            return -1;
    }
    return 0;
}

static int find_copies(struct trtc_recording *r, int dirfd)
{
    struct trtc_piece **order = malloc((r->nb_pieces + 1) * sizeof *order);
    size_t n = 0;
    int ret = order ? 0 : -1;
    for (size_t i = 0; i < r->nb_pieces && order; i++)
        if (is_plain(&r->pieces[i]))
            order[n++] = &r->pieces[i];
    if (n)
        qsort(order, n, sizeof(struct trtc_piece *), by_content);
    for (size_t i = 0, end; i < n && ret == 0; i = end) {
        for (end = i + 1; end < n && order[end]->bytes == order[i]->bytes &&
                          order[end]->facts.first_ts_90k == order[i]->facts.first_ts_90k;)
            end++;
        ret = end - i > 1 ? find_copies_among(r, dirfd, order + i, end - i) : 0;
    }
    free(order);
    return ret;
}

/* ---- two contents under each other's name ---- */

/* Whether the content of a and b, once exchanged, is in step with all segments near their places. */
static bool fit_exchanged(const struct trtc_recording *r, struct trtc_piece *a,
                          struct trtc_piece *b)
{
    if (!fits(b, a, a, b, EXACT_US))
        return false;
    for (int n = -NEAR; n <= NEAR; n++) {
        const struct trtc_piece *x = beside(r, a, n), *y = beside(r, b, n);
        if ((x && x != b && !fits(b, a, x, x, EXACT_US)) ||
            (y && y != a && !fits(a, b, y, y, EXACT_US)))
            return false;
    }
    return true;
}

/* Exchanges what two pieces say of their files. */
static int exchange(struct trtc_recording *r, struct trtc_piece *a, struct trtc_piece *b)
{
    const struct trtc_piece was = *a;
    a->uri = b->uri;
    a->bytes = b->bytes;
    a->cut = b->cut;
    a->facts = b->facts;
    b->uri = was.uri;
    b->bytes = was.bytes;
    b->cut = was.cut;
    b->facts = was.facts;
    return trtc_recording_note(r,
                               "%s/%s and %s hold each other's content, as their time stamps show: "
                               "they are used in that order",
                               r->dir, b->uri, a->uri);
}

static int find_exchanged(struct trtc_recording *r)
{
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i];
        if (!is_plain(p) || is_in_step(r, p))
            continue;
        for (int n = 1; n <= FAR; n++) {
            struct trtc_piece *q = beside(r, p, n);
            if (!q || !fit_exchanged(r, p, q))
                continue;
            if (exchange(r, p, q) < 0)
                return -1;
            break;
        }
    }
    return 0;
}

/* ---- content of another kind ---- */

/* Whether most of the time of p is in another file that has this kind. */
static bool is_elsewhere(const struct trtc_recording *r, const struct trtc_piece *p, unsigned kind)
{
    for (size_t i = 0; i < r->nb_pieces; i++) {
        const struct trtc_piece *q = &r->pieces[i];
        if (q != p && !q->unusable && q->facts.kinds & kind &&
            r->lists[q->list].media == r->lists[p->list].media &&
            llabs(q->start_us - p->start_us) < p->dur_us / 2)
            return true;
    }
    return false;
}

static int find_other_kinds(struct trtc_recording *r)
{
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i];
        const unsigned may = trtc_list_may_have(r, p->list, false);
        if (p->unusable || p->part || !p->facts.kinds || p->dur_us == TRTC_NOTIME || !may ||
            (p->facts.kinds | p->facts.scrambled) & may || is_elsewhere(r, p, may))
            continue;
        const struct trtc_lost what = { "foreign", p->dur_us, -1 };
        if (trtc_losses_add_piece(&r->losses, r, p, what,
                                  may == TRTC_AUDIO ? "it holds pictures and no sound"
                                                    : "it holds sound and no pictures") < 0)
            return -1;
    }
    return 0;
}

int trtc_misfiled_find(struct trtc_recording *r, struct trtc_err *err)
{
    const int dirfd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct trtc_err why;
    if (dirfd < 0) {
        trtc_fail_errno(&why, TRTC_EX_NOINPUT, errno, "cannot be opened");
        return trtc_recording_hold(r, "", &why) < 0 ? trtc_fail_nomem(err) : 0;
    }
    const int ret = find_copies(r, dirfd) < 0 || find_exchanged(r) < 0 || find_other_kinds(r) < 0
                        ? trtc_fail_nomem(err)
                        : 0;
    close(dirfd);
    return ret;
}
