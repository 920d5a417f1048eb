/* SPDX-License-Identifier: MIT */
/* What waits for the other track; see waiting.h. */
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

#define STALE_BYTES \
    1000000 /* so much may be in a file that waits no more, beside as much as what waits */

struct trtc_waiting {
    struct trtc_waiting_opts o;
    char *path[TRTC_NB_WAITING];
    struct trtc_file *file[TRTC_NB_WAITING];
    int at; /* the one that grows */
    struct trtc_tsmux *mux;
    bool video;    /* what waits in it: pictures, else sound */
    int64_t next;  /* the frame that is not in it yet */
    int64_t bytes; /* of it */
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
    char rest[sizeof "." NAME ".part"];

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

/* The other file is the one that grows, from the first frame that waits. */
static int turn(struct trtc_waiting *w, const struct trtc_interleave_waits *now,
                struct trtc_err *err)
{
    w->at = !w->at;
    w->video = now->video;
    w->next = now->first;
    w->bytes = 0;
    trtc_tsmux_free(&w->mux);
    if (!w->file[w->at])
        w->file[w->at] = trtc_file_create(w->path[w->at], err);
    return w->file[w->at] ? empty(w, w->at, err) : -1;
}

/* The first frame says when and what it is. */
static int begin(struct trtc_waiting *w, const struct trtc_input_frame *f,
                 const struct trtc_input_info *info, struct trtc_err *err)
{
    w->mux = trtc_tsmux_new(f->video ? info->video : TRTC_CODEC_NONE,
                            f->video ? TRTC_CODEC_NONE : TRTC_CODEC_AAC, sink, w, err);
    if (!w->mux)
        return -1;
    trtc_tsmux_tell_time(w->mux, f->pkt.pts_us + w->o.utc_us,
                         trtc_segmenter_90k(f->pkt.pts_us + w->o.shift_us));
    return trtc_tsmux_begin(w->mux, err);
}

static int keep(void *opaque, const struct trtc_input_frame *f, const struct trtc_input_info *info,
                struct trtc_err *err)
{
    struct trtc_waiting *w = opaque;

    if (!w->mux && begin(w, f, info, err) < 0)
        return -1;
    if (f->video && trtc_tsmux_announce(w->mux, info->video, TRTC_CODEC_NONE, err) < 0)
        return -1;
    w->next++;
    return trtc_segmenter_mux(w->mux, f, w->o.shift_us, err);
}

int trtc_waiting_save(struct trtc_waiting *w, const struct trtc_interleave *x, struct trtc_err *err)
{
    struct trtc_interleave_waits now;

    trtc_interleave_waits(x, &now);
    if (now.first == now.next)
        return empty_all(w, err);
    const bool turns = w->bytes == 0 || now.video != w->video || w->next <= now.first ||
                       w->bytes > STALE_BYTES + 2 * (int64_t)now.nb_bytes;
    if (turns && turn(w, &now, err) < 0)
        return -1;
    if (trtc_interleave_each(x, w->next, keep, w, err) < 0 || trtc_tsmux_flush_all(w->mux, err) < 0)
        return -1;
    return turns ? empty(w, !w->at, err) : 0;
}

/* ---- making one ---- */

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
