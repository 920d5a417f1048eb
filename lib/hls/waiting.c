/* SPDX-License-Identifier: MIT */
/* Keeps the frames that wait for the other track on disk. */
#include "hls/waiting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "hls/segmenter_priv.h"
#include "ts/tsmux.h"

enum { EARLY = 2 }; /* the third file */

#define STALE_BYTES \
    1000000 /* the limit of frames in a file that no longer wait, besides the waiting ones */

struct trtc_waiting {
    struct trtc_waiting_opts o;
    char *path[TRTC_NB_WAITING];
    struct trtc_file *file[TRTC_NB_WAITING];
    int at; /* the file that is being written */
    struct trtc_tsmux *mux;
    enum trtc_codec codec[TRTC_NB_KINDS]; /* of the frames in it */
    int64_t last_us;                      /* the PTS of the last frame written */
    bool video;                           /* its waiting frames are pictures, else sound */
    int64_t next;                         /* the number of the next frame to be written */
    int64_t bytes;                        /* its size */
};

/* ---- names ---- */

#define LIST_EXT ".m3u8"
#define NAME     "_waiting%d.ts"

char *trtc_waiting_path(const char *path, int which, struct trtc_err *err)
{
    const size_t stem = strlen(path) - strlen(LIST_EXT), size = stem + sizeof NAME;
    char *out = malloc(size);

    if (out)
        snprintf(out, size, "%.*s" NAME, (int)stem, path, which + 1);
    else
        trtc_fail_nomem(err);
    return out;
}

bool trtc_waiting_is(const char *entry, const char *stem, size_t stem_len)
{
    char rest[sizeof NAME ".part" + 3 * sizeof(int)];

    if (entry[0] != '.' || strncmp(entry + 1, stem, stem_len) != 0)
        return false;
    for (int i = 0; i < TRTC_NB_WAITING; i++) {
        snprintf(rest, sizeof rest, NAME ".part", i + 1);
        if (strcmp(entry + 1 + stem_len, rest) == 0)
            return true;
    }
    return false;
}

/* ---- the files ---- */

static int sink(void *opaque, const uint8_t *data, size_t size, struct trtc_err *err)
{
    struct trtc_waiting *w = opaque;
    const struct trtc_file *f = w->file[w->at];

    w->bytes += (int64_t)size;
    return trtc_write_all(trtc_file_fd(f), data, size, trtc_file_path(f), err);
}

static int empty(struct trtc_waiting *w, int which, struct trtc_err *err)
{
    const struct trtc_file *f = w->file[which];

    if (f && (ftruncate(trtc_file_fd(f), 0) < 0 || lseek(trtc_file_fd(f), 0, SEEK_SET) < 0))
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", trtc_file_path(f));
    return 0;
}

static int empty_all(struct trtc_waiting *w, struct trtc_err *err)
{
    const bool any = w->bytes > 0;

    w->bytes = 0;
    for (int i = 0; i < TRTC_NB_WAITING && any; i++)
        if (empty(w, i, err) < 0)
            return -1;
    return 0;
}

/* Begins to write this file from its beginning. */
static int take_file(struct trtc_waiting *w, int which, struct trtc_err *err)
{
    w->at = which;
    w->bytes = 0;
    w->codec[TRTC_AT_AUDIO] = w->codec[TRTC_AT_VIDEO] = TRTC_CODEC_NONE;
    trtc_tsmux_free(&w->mux);
    if (!w->file[which])
        w->file[which] = trtc_file_create(w->path[which], err);
    return w->file[which] ? empty(w, which, err) : -1;
}

/* Writes tables that state the epoch time of the last frame. */
static int tell_time(struct trtc_waiting *w, struct trtc_err *err)
{
    trtc_tsmux_tell_time(w->mux, w->last_us + w->o.utc_us,
                         trtc_segmenter_90k(w->last_us + w->o.shift_us));
    return trtc_tsmux_begin(w->mux, err);
}

static int begin(struct trtc_waiting *w, struct trtc_err *err)
{
    w->mux = trtc_tsmux_new(w->codec[TRTC_AT_VIDEO], w->codec[TRTC_AT_AUDIO], sink, w, err);
    return w->mux ? tell_time(w, err) : -1;
}

static int keep(void *opaque, const struct trtc_input_frame *f, const struct trtc_input_info *info,
                struct trtc_err *err)
{
    struct trtc_waiting *w = opaque;

    if (f->video)
        w->codec[TRTC_AT_VIDEO] = info->video;
    else
        w->codec[TRTC_AT_AUDIO] = TRTC_CODEC_AAC;
    w->last_us = f->pkt.pts_us;
    if (!w->mux && begin(w, err) < 0)
        return -1;
    if (trtc_tsmux_announce(w->mux, w->codec[TRTC_AT_VIDEO], w->codec[TRTC_AT_AUDIO], err) < 0)
        return -1;
    w->next++;
    return trtc_segmenter_mux(w->mux, f, w->o.shift_us, err);
}

int trtc_waiting_move(struct trtc_waiting *w, int64_t utc_us, struct trtc_err *err)
{
    const int64_t by_us = utc_us - w->o.utc_us;

    if (by_us <= 1000 && by_us >= -1000)
        return 0;
    w->o.utc_us = utc_us;
    return w->mux && (tell_time(w, err) < 0 || trtc_tsmux_flush_all(w->mux, err) < 0) ? -1 : 0;
}

int trtc_waiting_early(struct trtc_waiting *w, const struct trtc_input_frame *f,
                       const struct trtc_input_info *info, struct trtc_err *err)
{
    if (!w->mux && take_file(w, EARLY, err) < 0)
        return -1;
    return keep(w, f, info, err) < 0 ? -1 : trtc_tsmux_flush_all(w->mux, err);
}

int trtc_waiting_save(struct trtc_waiting *w, const struct trtc_interleave *x, struct trtc_err *err)
{
    struct trtc_interleave_waits now;

    trtc_interleave_waits(x, &now);
    if (now.first == now.next)
        return empty_all(w, err);
    const bool turns = w->bytes == 0 || now.video != w->video || w->next <= now.first ||
                       w->bytes > STALE_BYTES + 2 * (int64_t)now.nb_bytes;
    if (turns && take_file(w, !w->at, err) < 0)
        return -1;
    if (turns) {
        w->video = now.video;
        w->next = now.first;
    }
    if (trtc_interleave_each(x, w->next, keep, w, err) < 0 || trtc_tsmux_flush_all(w->mux, err) < 0)
        return -1;
    return turns ? empty(w, !w->at, err) : 0;
}

/* ---- construction ---- */

struct trtc_waiting *trtc_waiting_new(const struct trtc_waiting_opts *o, struct trtc_err *err)
{
    struct trtc_waiting *w = calloc(1, sizeof *w);

    if (!w) {
        trtc_fail_nomem(err);
        return NULL;
    }
    w->o = *o;
    w->o.path = NULL;
    for (int i = 0; i < TRTC_NB_WAITING; i++)
        if (!(w->path[i] = trtc_waiting_path(o->path, i, err))) {
            trtc_waiting_free(&w);
            return NULL;
        }
    return w;
}

void trtc_waiting_free(struct trtc_waiting **w)
{
    if (!*w)
        return;
    for (int i = 0; i < TRTC_NB_WAITING; i++) {
        trtc_file_abort(&(*w)->file[i]);
        free((*w)->path[i]);
    }
    trtc_tsmux_free(&(*w)->mux);
    free(*w);
    *w = NULL;
}
