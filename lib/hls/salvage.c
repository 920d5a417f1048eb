/* SPDX-License-Identifier: MIT */
/* Completes the files that a killed run has left.
 *
 * The temporary name of a segment contains the time of its first frame. Its start is the lowest PTS
 * in it, as for every segment. */
#include "hls/salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/text.h"
#include "hls/listed.h"
#include "hls/regain.h"
#include "hls/remains.h"
#include "hls/segmenter_priv.h"
#include "hls/waiting.h"
#include "recording/clock.h"

#define PART ".part"

enum { BROKEN_MS = 40 };

/* ---- finding the files ---- */

struct left {   /* a segment that no playlist lists */
    int64_t ms; /* the time in its name */
    bool part;  /* it is a temporary file */
};

struct leavings {
    struct trtc_listed listed;
    struct left *v; /* sorted by time */
    size_t n, cap;
    bool media;
    bool waiting; /* there is a file of frames that waited for the other track */
};

/* Reads the time in a segment's name, which is the playlist's stem, "_", 17 digits and ".ts". */
static int64_t time_of(const char *name, size_t n, const char *stem, size_t stem_len)
{
    int64_t ms;

    if (n != stem_len + 1 + TRTC_UTC_LEN + 3 || memcmp(name, stem, stem_len) != 0 ||
        name[stem_len] != '_' || memcmp(name + n - 3, ".ts", 3) != 0 ||
        trtc_utc_parse17(name + stem_len + 1, &ms) < 0)
        return TRTC_NOTIME;
    return ms;
}

static int by_time(const void *a, const void *b)
{
    const struct left *x = a, *y = b;

    return x->ms < y->ms ? -1 : x->ms > y->ms ? 1 : (int)x->part - (int)y->part;
}

/* Notes a segment of the track, unless it is listed. Returns 0, or -1: no memory. */
static int take_segment(struct leavings *l, const char *entry, const char *stem, size_t stem_len)
{
    size_t n = strlen(entry);
    const bool part = n > strlen(PART) && entry[0] == '.' && trtc_ends_with(entry, n, PART);
    const int64_t ms = part ? time_of(entry + 1, n - 1 - strlen(PART), stem, stem_len)
                            : time_of(entry, n, stem, stem_len);

    if (ms == TRTC_NOTIME || (!part && l->listed.last_ms != TRTC_NOTIME && ms <= l->listed.last_ms))
        return 0;
    if (trtc_array_reserve(&l->v, &l->cap, l->n + 1, sizeof *l->v) < 0)
        return -1;
    l->v[l->n++] = (struct left){ ms, part };
    return 0;
}

/* Notes a directory entry if it belongs to the track and is not listed. A file that is not empty
 * contains media. */
static int take_entry(struct leavings *l, int dir, const char *entry, const char *stem,
                      size_t stem_len)
{
    const size_t before = l->n;
    const bool waits = trtc_waiting_is(entry, stem, stem_len);
    struct stat st;

    if (!waits && take_segment(l, entry, stem, stem_len) < 0)
        return -1;
    if (waits || (l->n > before && l->v[before].part))
        l->media |= fstatat(dir, entry, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
    l->waiting |= waits;
    return 0;
}

/* Looks through the directory of the playlist at path. A missing directory counts as empty. */
static int look(const char *path, struct leavings *l, struct trtc_err *err)
{
    const size_t dir_len = (size_t)(strrchr(path, '/') - path) + 1;
    const char *stem = path + dir_len;
    const size_t stem_len = strlen(stem) - strlen(".m3u8");
    char *dir = strndup(path, dir_len);
    const int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    struct trtc_names entries = { 0 };
    int ret = 0;

    if (!dir)
        ret = trtc_fail_nomem(err);
    else if (fd >= 0)
        ret = trtc_list_dir(fd, dir, &entries, err);
    else if (errno != ENOENT)
        ret = trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", dir);
    for (size_t i = 0; i < entries.n && ret == 0; i++)
        if (take_entry(l, fd, entries.v[i], stem, stem_len) < 0)
            ret = trtc_fail_nomem(err);
    if (l->n > 1)
        qsort(l->v, l->n, sizeof *l->v, by_time);
    trtc_names_fini(&entries);
    if (fd >= 0)
        close(fd);
    free(dir);
    return ret;
}

static int look_at_track(const struct trtc_segmenter_opts *o, enum trtc_kind type, int ha,
                         struct leavings *l, struct trtc_err *err)
{
    const struct trtc_segmenter_file first = { .type = type, .utc_ms = TRTC_NOTIME, .ha = ha };
    char *path = trtc_segmenter_path(o, &first, err);
    int ret = path ? trtc_segmenter_listed(o, type, ha, &l->listed, err) : -1;

    if (ret == 0)
        ret = look(path, l, err);
    free(path);
    return ret;
}

static void leavings_fini(struct leavings *l)
{
    free(l->v);
}

bool trtc_salvage_waits(const struct trtc_segmenter_opts *o, int ha, bool *media)
{
    bool waits = false;

    *media = false;
    for (int k = 0; k < (o->user_id ? 2 : 1); k++) {
        struct leavings l = { 0 };
        const enum trtc_kind type = !o->user_id ? TRTC_NO_KIND : k ? TRTC_VIDEO : TRTC_AUDIO;
        const int ret = look_at_track(o, type, ha, &l, NULL);
        waits |= ret < 0 || l.n > 0 || l.waiting || (l.listed.any && !l.listed.ended);
        *media |= l.media;
        leavings_fini(&l);
    }
    return waits;
}

static int64_t us_of(int64_t t_90k)
{
    return (t_90k * 100 + (t_90k < 0 ? -4 : 4)) / 9;
}

/* ---- completing segments ---- */

struct found { /* a segment that can be listed */
    struct trtc_file
        *file; /* the temporary file, truncated to its complete part; NULL: it has its name */
    struct trtc_remains c;
    int64_t start_us, end_us; /* epoch */
    int64_t zero_90k;         /* the PTS at start_us */
    int64_t bytes, size;      /* of its complete part, and of all of it */
};

struct rescue {
    struct trtc_segmenter_opts *o;
    struct trtc_segmenter_file place; /* the names of the track */
    struct trtc_playlist_writer *list;
    const struct trtc_listed *listed;
    int64_t end_us, dur_us, start_ms; /* of the listed segments; end TRTC_NOTIME: there are none */
    struct found before;              /* the segment before */
    bool any;
    int64_t rate_hz, width_px, height_px;
};

static char *path_of(const struct rescue *r, int64_t ms, struct trtc_err *err)
{
    struct trtc_segmenter_file at = r->place;

    at.utc_ms = ms;
    return trtc_segmenter_path(r->o, &at, err);
}

/* Opens a segment. *fd: -1: it is gone, or in use by another run; with f->file, that owns the
 * descriptor. */
static int open_left(const struct rescue *r, const struct left *left, struct found *f, int *fd,
                     struct trtc_err *err)
{
    char *path = path_of(r, left->ms, err);
    int ret = path ? 0 : -1;

    *fd = -1;
    if (path && left->part) {
        ret = trtc_file_adopt(path, &f->file, err) < 0 ? -1 : 0;
        *fd = f->file ? trtc_file_fd(f->file) : -1;
    } else if (path) {
        *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (*fd < 0 && errno != ENOENT && errno != ELOOP)
            ret = trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", path);
    }
    free(path);
    return ret;
}

/* Opens a segment and examines it. Returns 1; 0: it contains no frame; -1. Changes nothing. */
static int look_into(const struct rescue *r, const struct left *left, struct found *f, int *fd,
                     struct trtc_err *err)
{
    struct stat st = { 0 };

    *f = (struct found){ 0 };
    int ret = open_left(r, left, f, fd, err);
    if (*fd < 0 || fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode))
        return ret;
    f->size = st.st_size;
    ret = trtc_remains_look(*fd, &f->c, err);
    if (ret < 0 || !f->c.any)
        return ret;
    const int64_t from_90k = left->part ? f->c.began_90k : f->c.low_90k;
    f->start_us = left->ms * 1000 + us_of(f->c.low_90k - from_90k);
    f->end_us = f->start_us + us_of(f->c.high_90k - f->c.low_90k);
    f->zero_90k = f->c.base_90k + f->c.low_90k;
    f->bytes = left->part ? f->c.whole_bytes : st.st_size;
    return 1;
}

/* Does the same, and removes a temporary file without a frame. After a failure (-1) the file stays
 * as it is. */
static int find(struct rescue *r, const struct left *left, struct found *f, struct trtc_err *err)
{
    int fd;
    const int ret = look_into(r, left, f, &fd, err);

    if (left->part && fd >= 0 && ret >= 0)
        r->o->salvaged.lost_bytes += f->size - (ret > 0 ? f->bytes : 0);
    if (!left->part && fd >= 0)
        close(fd);
    if (ret < 0)
        trtc_file_leave(&f->file);
    else if (ret == 0)
        trtc_file_abort(&f->file);
    return ret;
}

/* ---- frames that waited ---- */

/* Finds out which frames are in segments already. Opens the segment that was begun last for
 * writing: *last, whose file is NULL if none contains a frame. */
static int know_all(const struct rescue *r, const struct leavings *l, struct trtc_regain *g,
                    struct found *last, struct trtc_err *err)
{
    int ret = 0, fd;

    *last = (struct found){ 0 };
    if (r->any)
        trtc_regain_know(g, &r->before.c, r->before.start_us, false);
    for (size_t i = 0; i < l->n && ret >= 0; i++) {
        const struct left *v = &l->v[i];
        ret = look_into(r, v, last, &fd, err);
        if (ret > 0)
            trtc_regain_know(g, &last->c, v->part ? TRTC_NOTIME : last->start_us, i + 1 == l->n);
        if (!v->part && fd >= 0)
            close(fd);
        if (ret <= 0 || i + 1 < l->n)
            trtc_file_leave(&last->file);
    }
    return ret < 0 ? -1 : 0;
}

/* Makes a segment for frames that waited when no segment had been begun. */
static int new_segment(const struct rescue *r, struct leavings *l, int64_t start_us,
                       struct found *f, struct trtc_err *err)
{
    const struct left left = { (start_us + 500) / 1000, true };
    char *path = path_of(r, left.ms, err);

    f->file = path ? trtc_file_create(path, err) : NULL;
    free(path);
    if (!f->file)
        return -1;
    if (l->n > 0 && l->v[l->n - 1].ms == left.ms && l->v[l->n - 1].part)
        return 0; /* it was empty */
    if (trtc_array_reserve(&l->v, &l->cap, l->n + 1, sizeof *l->v) < 0)
        return trtc_fail_nomem(err);
    l->v[l->n++] = left;
    qsort(l->v, l->n, sizeof *l->v, by_time);
    return 0;
}

/* Puts frames that waited and are in no segment into the last one. */
static int regain(struct rescue *r, struct leavings *l, struct trtc_regain *g, struct trtc_err *err)
{
    struct found f;
    int64_t first_us;
    int ret = know_all(r, l, g, &f, err);

    if (ret == 0)
        ret = trtc_regain_any(g, &first_us, err);
    if (ret > 0) {
        const bool goes_on = f.file;
        ret = goes_on ? 0 : new_segment(r, l, first_us, &f, err);
        if (ret == 0)
            ret = trtc_regain_append(g, trtc_file_fd(f.file), goes_on ? &f.c : NULL, err);
        if (ret == 0 && r->o->sync && trtc_fsync(trtc_file_fd(f.file)) < 0)
            ret = trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", trtc_file_path(f.file));
        if (ret == 0 && goes_on)
            r->o->salvaged.lost_bytes += f.size - f.c.whole_bytes;
    }
    trtc_file_leave(&f.file);
    return ret < 0 ? -1 : 0;
}

static int regain_all(struct rescue *r, struct leavings *l, struct trtc_err *err)
{
    const struct trtc_segmenter_file list = { .type = r->place.type,
                                              .utc_ms = TRTC_NOTIME,
                                              .ha = r->place.ha };
    char *path = trtc_segmenter_path(r->o, &list, err);
    int ret = path ? 0 : -1;

    for (int i = 0; i < TRTC_NB_WAITING && ret == 0; i++) {
        struct trtc_regain g;
        char *waiting = trtc_waiting_path(path, i, err);
        ret = waiting ? trtc_regain_open(&g, waiting, err) : -1;
        free(waiting);
        if (ret <= 0)
            continue;
        ret = regain(r, l, &g, err);
        trtc_regain_close(&g, ret == 0);
    }
    free(path);
    return ret;
}

/* Whether its time stamps do not continue those of the segment before, or its tracks differ. */
static bool is_break(const struct rescue *r, const struct found *f)
{
    const struct found *b = &r->before;

    if (!r->any)
        return r->end_us != TRTC_NOTIME;
    const int64_t off_us =
        us_of(trtc_ts_diff(f->zero_90k, b->zero_90k)) - (f->start_us - b->start_us);
    return off_us > BROKEN_MS * 1000 || off_us < -BROKEN_MS * 1000 ||
           f->c.info.rate_hz != b->c.info.rate_hz || f->c.info.channels != b->c.info.channels ||
           f->c.info.audio != b->c.info.audio || f->c.info.video != b->c.info.video;
}

static int open_list(struct rescue *r, const struct found *f, int64_t start_ms,
                     struct trtc_err *err)
{
    struct trtc_segmenter_file at = r->place;
    const struct trtc_playlist_head head =
        trtc_segmenter_head(r->o, &f->c.info, r->listed->any ? r->listed->start_ms : start_ms);

    if (r->list)
        return 0;
    at.utc_ms = TRTC_NOTIME;
    at.index = r->listed->index;
    char *path = trtc_segmenter_path(r->o, &at, err);
    if (path)
        r->list = r->listed->any ? trtc_playlist_writer_resume(path, &head, err)
                                 : trtc_playlist_writer_new(path, &head, err);
    free(path);
    r->start_ms = head.start_rec_ms;
    return r->list ? 0 : -1;
}

/* Gives the segment a name that no other has: *path, with the time *start_ms. */
static int name_it(struct rescue *r, struct found *f, char **path, int64_t *start_ms,
                   struct trtc_err *err)
{
    struct stat st;

    *start_ms = (f->start_us + 500) / 1000;
    if (f->file && r->end_us != TRTC_NOTIME && *start_ms * 1000 < r->end_us)
        *start_ms = (r->end_us + 500) / 1000;
    *path = path_of(r, *start_ms, err);
    while (f->file && *path && lstat(*path, &st) == 0) {
        free(*path);
        *path = path_of(r, ++*start_ms, err);
    }
    if (!*path || !f->file)
        return *path ? 0 : -1;
    if (trtc_file_retarget(f->file, *path, err) < 0)
        return -1;
    if (ftruncate(trtc_file_fd(f->file), (off_t)f->bytes) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", *path);
    return trtc_file_commit(&f->file, r->o->sync, err);
}

/* Returns when the frames of the segment end. A single picture lasts as long as those before. */
static int64_t end_of(const struct rescue *r, const struct found *f)
{
    const bool single = f->end_us == f->start_us && r->any;
    return f->end_us + (single ? us_of(r->before.c.step_90k[TRTC_AT_VIDEO]) : 0);
}

/* Lists the segment, which lasts until next_us, or until the end of its frames. */
static int list_it(struct rescue *r, struct found *f, int64_t next_us, struct trtc_err *err)
{
    const bool breaks = is_break(r, f);
    struct trtc_playlist_head head;
    int64_t start_ms;
    char *path = NULL;
    int ret = name_it(r, f, &path, &start_ms, err);

    if (ret == 0)
        ret = open_list(r, f, start_ms, err);
    if (ret < 0)
        goto done;
    const int64_t end_us = end_of(r, f);
    const int64_t until_us = next_us != TRTC_NOTIME && next_us < end_us ? next_us : end_us;
    const int64_t dur_us = until_us > start_ms * 1000 ? until_us - start_ms * 1000 : 1000;
    const struct trtc_segment_done done = { .path = path,
                                            .type = r->place.type,
                                            .start_ms = start_ms,
                                            .dur_us = dur_us,
                                            .bytes = f->bytes };
    const struct trtc_playlist_entry entry = { .name = strrchr(path, '/') + 1,
                                               .start_ms = start_ms,
                                               .dur_us = dur_us,
                                               .bytes = f->bytes,
                                               .discontinuity = breaks,
                                               .width_px = f->c.info.width_px,
                                               .height_px = f->c.info.height_px };
    head = trtc_segmenter_head(r->o, &f->c.info, r->start_ms);
    trtc_playlist_writer_update(r->list, &head);
    ret = trtc_playlist_writer_add(r->list, &entry, err);
    if (ret == 0)
        ret = r->o->told(r->o->opaque, &done, err);
    r->end_us = start_ms * 1000 + dur_us;
    r->dur_us += dur_us;
    r->o->salvaged.nb_segments++;
    r->o->salvaged.bytes += f->bytes;
    r->o->salvaged.dur_us += dur_us;
    r->before = *f;
    r->any = true;
done:
    trtc_file_leave(&f->file); /* after a failure the next run tries again */
    free(path);
    return ret;
}

/* Examines the last listed segment, which precedes those that were left. */
static void look_back(struct rescue *r)
{
    struct left last = { .ms = r->listed->last_ms };
    struct found f;

    if (r->listed->last_ms == TRTC_NOTIME || find(r, &last, &f, NULL) <= 0)
        return;
    r->before = f;
    r->any = true;
}

static int list_all(struct rescue *r, const struct leavings *l, struct trtc_err *err)
{
    struct found held = { 0 }, next;
    bool holds = false;

    for (size_t i = 0; i < l->n; i++) {
        const int got = find(r, &l->v[i], &next, err);
        int ret = got < 0 ? -1 : 0;
        if (got > 0 && holds)
            ret = list_it(r, &held, next.start_us, err);
        if (ret < 0) {
            trtc_file_leave(&held.file);
            if (got > 0)
                trtc_file_leave(&next.file);
            return -1;
        }
        if (got > 0) {
            held = next;
            holds = true;
        }
    }
    return holds ? list_it(r, &held, TRTC_NOTIME, err) : 0;
}

/* Writes the playlist in its present state, with ENDLIST. */
static int end_list(struct rescue *r, struct trtc_err *err)
{
    struct stat st;
    const struct found nothing = { 0 };

    if (!r->list && (!r->listed->any || r->listed->ended))
        return 0;
    if (open_list(r, &nothing, r->listed->start_ms, err) < 0 ||
        trtc_playlist_writer_write(r->list, true, r->o->sync, err) < 0)
        return -1;
    const char *path = trtc_playlist_writer_path(r->list);
    if (stat(path, &st) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", path);
    const struct trtc_segment_done done = { .path = path,
                                            .playlist = true,
                                            .type = r->place.type,
                                            .start_ms = r->start_ms,
                                            .dur_us = r->dur_us,
                                            .bytes = st.st_size };
    r->o->salvaged.nb_lists++;
    return r->o->told(r->o->opaque, &done, err);
}

static int salvage_track(struct trtc_segmenter_opts *o, enum trtc_kind type, int ha,
                         struct trtc_err *err)
{
    struct leavings l = { 0 };
    struct rescue r = { .o = o, .place = { .type = type, .ha = ha }, .listed = &l.listed };
    int ret = look_at_track(o, type, ha, &l, err);

    r.end_us = l.listed.end_us;
    r.dur_us = l.listed.dur_us;
    if (ret == 0 && (l.n > 0 || l.waiting))
        look_back(&r);
    if (ret == 0 && l.waiting)
        ret = regain_all(&r, &l, err);
    if (ret == 0)
        ret = list_all(&r, &l, err);
    if (ret == 0)
        ret = end_list(&r, err);
    trtc_playlist_writer_free(&r.list);
    leavings_fini(&l);
    return ret;
}

int trtc_salvage(struct trtc_segmenter_opts *o, int ha, struct trtc_err *err)
{
    if (!o->user_id)
        return salvage_track(o, TRTC_NO_KIND, ha, err);
    return salvage_track(o, TRTC_AUDIO, ha, err) < 0 ? -1 : salvage_track(o, TRTC_VIDEO, ha, err);
}
