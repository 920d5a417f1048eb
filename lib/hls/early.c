/* SPDX-License-Identifier: MIT */
/* Keeps the frames that arrive before the segmenter is made. */
#include "hls/early.h"

#include <stdlib.h>

#include "hls/segmenter_priv.h"
#include "hls/waiting.h"

struct trtc_early {
    struct trtc_waiting *waiting[TRTC_NB_KINDS]; /* by the kind in the names of their segments */
    int64_t nb;
};

struct trtc_early *trtc_early_new(struct trtc_err *err)
{
    struct trtc_early *e = calloc(1, sizeof *e);

    if (!e)
        trtc_fail_nomem(err);
    return e;
}

/* Returns the kind in the names of the segment that will contain the frame, judged by the announced
 * tracks. */
static enum trtc_kind kind_of(const struct trtc_segmenter_opts *o, const struct trtc_input_frame *f,
                              const struct trtc_input_info *info)
{
    if (!o->user_id)
        return TRTC_NO_KIND;
    return f->video || (o->av_merge && info->video != TRTC_CODEC_NONE) ? TRTC_VIDEO : TRTC_AUDIO;
}

/* Returns the difference of epoch times to times of the stream. */
static int64_t utc_us_of(const struct trtc_segmenter_opts *o)
{
    return o->start_us - o->stream_start_us;
}

static struct trtc_waiting *open_waiting(const struct trtc_segmenter_opts *o, enum trtc_kind kind,
                                         struct trtc_err *err)
{
    const struct trtc_segmenter_file list = { .type = kind,
                                              .utc_ms = TRTC_NOTIME,
                                              .ha = o->name.ha };
    char *path = trtc_segmenter_path(o, &list, err);
    const struct trtc_waiting_opts w = { .path = path,
                                         .shift_us = trtc_segmenter_shift_us(o),
                                         .utc_us = utc_us_of(o) };
    struct trtc_waiting *waiting = path ? trtc_waiting_new(&w, err) : NULL;

    free(path);
    return waiting;
}

int trtc_early_keep(struct trtc_early *e, const struct trtc_segmenter_opts *o,
                    const struct trtc_input_frame *f, const struct trtc_input_info *info,
                    struct trtc_err *err)
{
    const enum trtc_kind kind = kind_of(o, f, info);
    struct trtc_waiting **w = &e->waiting[kind == TRTC_AUDIO ? TRTC_AT_AUDIO : TRTC_AT_VIDEO];

    if (!*w && !(*w = open_waiting(o, kind, err)))
        return -1;
    /* a track that begins earlier than the others moves them all */
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        if (e->waiting[k] && trtc_waiting_move(e->waiting[k], utc_us_of(o), err) < 0)
            return -1;
    e->nb++;
    return trtc_waiting_early(*w, f, info, err);
}

int64_t trtc_early_nb(const struct trtc_early *e)
{
    return e->nb;
}

void trtc_early_drop(struct trtc_early *e)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        trtc_waiting_free(&e->waiting[k]);
    e->nb = 0;
}

void trtc_early_free(struct trtc_early **e)
{
    if (*e)
        trtc_early_drop(*e);
    free(*e);
    *e = NULL;
}
