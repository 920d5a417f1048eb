/* SPDX-License-Identifier: MIT */
/* What a killed run has left; see salvage.h.
 *
 * A segment in the making has the time in its temporary name of the frame with which it began: the first one that was
 * handed to its multiplexer, which has the lowest DTS. Its start is the lowest PTS in it, as always. */
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
#include "hls/segmenter_priv.h"
#include "recording/clock.h"
#include "ts/ts.h"
#include "ts/whole.h"

enum { BLOCK = 188 * 512, BROKEN_MS = 40 };

/* ---- what is there ---- */

struct left {   /* a segment that no playlist lists */
    int64_t ms; /* as its name has it */
    bool part;  /* it has no name yet */
};

struct leavings {
    struct trtc_listed listed;
    struct left *v; /* in order of time */
    size_t n, cap;
    bool media;
};

/* The time in a segment's name, where the name is the playlist's stem, "_", 17 digits, ".ts". */
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

/* Takes a directory's entry where it is one of the track's segments, and not listed. -1: no memory. */
static int take_entry(struct leavings *l, const char *entry, const char *stem, size_t stem_len)
{
    size_t n = strlen(entry);
    const bool part = entry[0] == '.' && trtc_ends_with(entry, n, ".part");
    const int64_t ms =
        part ? time_of(entry + 1, n - 6, stem, stem_len) : time_of(entry, n, stem, stem_len);

    if (ms == TRTC_NOTIME || (!part && l->listed.last_ms != TRTC_NOTIME && ms <= l->listed.last_ms))
        return 0;
    if (trtc_array_reserve(&l->v, &l->cap, l->n + 1, sizeof *l->v) < 0)
        return -1;
    l->v[l->n++] = (struct left){ ms, part };
    return 0;
}

/* What lies in the directory of the playlist at path. A directory that is not there holds nothing. */
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
    for (size_t i = 0; i < entries.n && ret == 0; i++) {
        struct stat st;
        const size_t before = l->n;
        if (take_entry(l, entries.v[i], stem, stem_len) < 0)
            ret = trtc_fail_nomem(err);
        l->media |= l->n > before && l->v[before].part &&
                    fstatat(fd, entries.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
    }
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
        waits |= ret < 0 || l.n > 0 || (l.listed.any && !l.listed.ended);
        *media |= l.media;
        leavings_fini(&l);
    }
    return waits;
}

/* ---- what is in a segment ---- */

struct content {
    int64_t whole_bytes;
    bool any;
    int64_t base_90k;                 /* its first PTS, from which the others are counted: */
    int64_t low_90k, high_90k;        /* lowest PTS, highest end of a frame */
    int64_t began_90k, began_dts_90k; /* PTS and DTS of the frame with which it began */
    int64_t dts_90k[TRTC_NB_KINDS];   /* of the frame before */
    int64_t step_90k[TRTC_NB_KINDS];  /* distance of the last two */
    bool seen[TRTC_NB_KINDS];
    struct trtc_input_info info;
};

static void take_format(struct content *c, const struct trtc_ts_frame *f)
{
    struct trtc_video_params v;
    struct trtc_adts a;

    if (!f->stream->video && c->info.rate_hz == 0 && trtc_adts_parse(f->data, f->size, &a) == 0) {
        c->info.audio = TRTC_CODEC_AAC;
        c->info.rate_hz = a.rate_hz;
        c->info.channels = a.channels;
    }
    if (!f->stream->video || c->info.width_px > 0)
        return;
    c->info.video = f->stream->codec;
    if (trtc_video_params_read(f->stream->codec, f->data, f->size, &v) < 0)
        return;
    c->info.width_px = v.width_px;
    c->info.height_px = v.height_px;
}

static void take_frame(struct content *c, const struct trtc_ts_frame *f)
{
    const int k = f->stream->video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;

    take_format(c, f);
    if (f->pts_90k == TRTC_TS_NOPTS)
        return;
    if (!c->any)
        c->base_90k = f->pts_90k;

    const int64_t pts_90k = trtc_ts_diff(f->pts_90k, c->base_90k);
    const int64_t dts_90k = trtc_ts_diff(f->dts_90k, c->base_90k);
    if (c->seen[k])
        c->step_90k[k] = dts_90k - c->dts_90k[k];
    const int64_t long_90k =
        f->samples && f->rate_hz ? f->samples * INT64_C(90000) / f->rate_hz : c->step_90k[k];
    if (!c->any || dts_90k < c->began_dts_90k ||
        (f->stream->video && !c->seen[k] && dts_90k == c->began_dts_90k)) {
        c->began_90k = pts_90k;
        c->began_dts_90k = dts_90k;
    }
    if (!c->any || pts_90k < c->low_90k)
        c->low_90k = pts_90k;
    if (!c->any || pts_90k + long_90k > c->high_90k)
        c->high_90k = pts_90k + long_90k;
    c->dts_90k[k] = dts_90k;
    c->seen[k] = c->any = true;
}

static int take_frames(struct trtc_ts *ts, struct content *c, struct trtc_err *err)
{
    struct trtc_ts_frame f;
    int got;

    while ((got = trtc_ts_next(ts, &f)) > 0)
        take_frame(c, &f);
    return got < 0 ? trtc_fail_nomem(err) : 0;
}

/* Reads up to bytes of fd: the packets that are whole, or with ts the frames in them. */
static int read_blocks(int fd, int64_t bytes, struct trtc_ts *ts, struct content *c,
                       struct trtc_err *err)
{
    struct trtc_whole whole = { 0 };
    uint8_t *buf = malloc(BLOCK);
    size_t held = 0;
    int ret = buf ? 0 : trtc_fail_nomem(err);

    if (ret == 0 && lseek(fd, 0, SEEK_SET) < 0)
        ret = trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot read what was left");
    while (ret == 0 && bytes > 0) {
        const size_t room = BLOCK - held;
        const ssize_t got = read(fd, buf + held, bytes < (int64_t)room ? (size_t)bytes : room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            ret = trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot read what was left");
        if (got <= 0)
            break;
        bytes -= got;
        held += (size_t)got;
        const size_t use = held / TRTC_TS_PACKET * TRTC_TS_PACKET;
        for (size_t at = 0; at < use && !ts; at += TRTC_TS_PACKET)
            trtc_whole_packet(&whole, buf + at);
        if (ts) {
            trtc_ts_feed(ts, buf, use);
            ret = take_frames(ts, c, err);
        }
        memmove(buf, buf + use, held - use);
        held -= use;
    }
    if (!ts)
        c->whole_bytes = whole.bytes;
    free(buf);
    return ret;
}

/* What is whole in the segment that is open as fd. */
static int look_into(int fd, struct content *c, struct trtc_err *err)
{
    struct trtc_ts *ts = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    int ret = ts ? 0 : trtc_fail_nomem(err);

    *c = (struct content){ 0 };
    if (ret == 0)
        ret = read_blocks(fd, INT64_MAX, NULL, c, err);
    if (ret == 0)
        ret = read_blocks(fd, c->whole_bytes, ts, c, err);
    if (ret == 0) {
        trtc_ts_end(ts);
        ret = take_frames(ts, c, err);
    }
    trtc_ts_free(&ts);
    return ret;
}

static int64_t us_of(int64_t t_90k)
{
    return (t_90k * 100 + (t_90k < 0 ? -4 : 4)) / 9;
}

/* ---- rescuing it ---- */

struct found {              /* a segment that can be listed */
    struct trtc_file *file; /* in the making, shortened; NULL: it has its name */
    struct content c;
    int64_t start_us, end_us; /* epoch */
    int64_t zero_90k;         /* which PTS belongs to start_us */
    int64_t bytes;
};

struct rescue {
    struct trtc_segmenter_opts *o;
    struct trtc_segmenter_file place; /* the track's names */
    struct trtc_playlist_writer *list;
    const struct trtc_listed *listed;
    int64_t end_us, dur_us, start_ms; /* of what is listed; end TRTC_NOTIME: nothing is */
    struct found before;              /* what was found before */
    bool any;
    int64_t rate_hz, width_px, height_px;
};

static char *path_of(const struct rescue *r, int64_t ms, struct trtc_err *err)
{
    struct trtc_segmenter_file at = r->place;

    at.utc_ms = ms;
    return trtc_segmenter_path(r->o, &at, err);
}

/* Opens one that was left: *fd, -1 where it is gone or another's; with f->file, whose it is then. */
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

/* Looks into one that was left: 1; 0 where there is nothing in it, -1: it stays as it is. */
static int find(struct rescue *r, const struct left *left, struct found *f, struct trtc_err *err)
{
    struct stat st = { 0 };
    int fd;

    *f = (struct found){ 0 };
    int ret = open_left(r, left, f, &fd, err);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        (ret = look_into(fd, &f->c, err)) == 0 && f->c.any) {
        const int64_t from_90k = left->part ? f->c.began_90k : f->c.low_90k;
        f->start_us = left->ms * 1000 + us_of(f->c.low_90k - from_90k);
        f->end_us = f->start_us + us_of(f->c.high_90k - f->c.low_90k);
        f->zero_90k = f->c.base_90k + f->c.low_90k;
        f->bytes = left->part ? f->c.whole_bytes : st.st_size;
        ret = 1;
    }
    if (left->part && fd >= 0 && ret >= 0)
        r->o->salvaged.lost_bytes += st.st_size - (ret > 0 ? f->bytes : 0);
    if (!left->part && fd >= 0)
        close(fd);
    if (ret < 0)
        trtc_file_leave(&f->file);
    else if (ret == 0)
        trtc_file_abort(&f->file);
    return ret;
}

/* Whether its time stamps do not go on from those of what is in front of it, or other tracks are in it. */
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

/* Gives it its name: *path, and *start_ms as it stands there, which is in no other's way. */
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

/* Lists the segment, which lasts until next_us, or as long as its frames. */
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
    const int64_t until_us = next_us != TRTC_NOTIME && next_us < f->end_us ? next_us : f->end_us;
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
    trtc_file_leave(&f->file); /* it has failed: the next run tries again */
    free(path);
    return ret;
}

/* What stands in front of what was left: the last segment that is listed. */
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

    if (l->n > 0)
        look_back(r);
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

/* The playlist as it is now, with its end. */
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
