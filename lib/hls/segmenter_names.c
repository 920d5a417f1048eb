/* SPDX-License-Identifier: MIT */
/* The names of a recording that is being made: chooses them, and claims them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "hls/claim.h"
#include "hls/salvage.h"
#include "hls/segmenter_priv.h"

enum { HA_MAX = 3 };

char *trtc_segmenter_path(const struct trtc_segmenter_opts *o,
                          const struct trtc_segmenter_file *file, struct trtc_err *err)
{
    struct trtc_name n = o->name;
    n.type = o->user_id ? file->type : TRTC_NO_KIND;
    if (o->user_id && file->type == TRTC_NO_KIND)
        n.type = TRTC_VIDEO; /* common segments have the picture's name */
    n.ha = file->ha;
    n.index = file->utc_ms == TRTC_NOTIME ? file->index : 0;
    n.utc_ms = file->utc_ms;
    n.ext = file->utc_ms == TRTC_NOTIME ? TRTC_EXT_M3U8 : TRTC_EXT_TS;
    size_t dir = strlen(o->dir), size = trtc_name_size(&n) + 1;
    char *path = malloc(dir + 1 + size);
    if (!path) {
        trtc_fail_nomem(err);
        return NULL;
    }
    memcpy(path, o->dir, dir);
    if (dir == 0 || path[dir - 1] != '/')
        path[dir++] = '/';
    if (trtc_name_format(&n, path + dir, size, NULL, err) < 0) {
        free(path);
        return NULL;
    }
    return path;
}

/* Returns the path of the first playlist of a track. */
static char *list_path(const struct trtc_segmenter_opts *o, enum trtc_kind type, int ha,
                       struct trtc_err *err)
{
    const struct trtc_segmenter_file at = { .type = type, .utc_ms = TRTC_NOTIME, .ha = ha };
    return trtc_segmenter_path(o, &at, err);
}

struct trtc_playlist_head trtc_segmenter_head(const struct trtc_segmenter_opts *o,
                                              const struct trtc_input_info *info, int64_t start_ms)
{
    return (struct trtc_playlist_head){
        .tags = o->tags,
        .start_rec_ms = start_ms,
        .media = o->name.media,
        .user_id = o->user_id,
        .user_id_len = o->user_id_len,
        .has_audio = info->audio != TRTC_CODEC_NONE,
        .has_video = info->video != TRTC_CODEC_NONE,
        .channels = info->channels,
        .rate_hz = info->rate_hz,
        .width_px = info->width_px,
        .height_px = info->height_px,
        .video_codec = info->video == TRTC_CODEC_H265 ? 173 : 27,
        .target_s = (o->target_us + 999999) / 1000000,
    };
}

int trtc_segmenter_listed(const struct trtc_segmenter_opts *o, enum trtc_kind type, int ha,
                          struct trtc_listed *out, struct trtc_err *err)
{
    struct trtc_segmenter_file at = { .type = type, .utc_ms = TRTC_NOTIME, .ha = ha };
    struct trtc_listed next;
    int ret = 0;

    *out = (struct trtc_listed){ .last_ms = TRTC_NOTIME, .end_us = TRTC_NOTIME };
    for (;; at.index = at.index ? at.index + 1 : 2) {
        char *path = trtc_segmenter_path(o, &at, err);
        ret = path ? trtc_listed_read(path, &next, err) : -1;
        free(path);
        if (ret < 0 || !next.any)
            return ret;
        next.index = at.index;
        *out = next;
    }
}

static const enum trtc_kind all_types[] = {
    [TRTC_AT_AUDIO] = TRTC_AUDIO, [TRTC_AT_VIDEO] = TRTC_VIDEO
};

/* Whether a recording with this recovery number exists. Returns 1, 0, or -1: it cannot be
 * determined. */
static int taken(const struct trtc_segmenter_opts *o, int ha, struct trtc_err *err)
{
    for (size_t i = 0; i < 2; i++) {
        struct stat st;
        char *path = list_path(o, all_types[i], ha, err);
        if (!path)
            return -1;
        const int errnum = lstat(path, &st) == 0 ? 0 : errno;
        if (errnum && errnum != ENOENT)
            trtc_fail_errno(err, TRTC_EX_CANTCREAT, errnum, "cannot create '%s'", path);
        free(path);
        if (errnum != ENOENT)
            return errnum ? -1 : 1;
    }
    return 0;
}

enum { OURS, TAKEN, HELD };

/* Claims the names with the recovery number ha, in the directory of path. */
static int claim_in(const struct trtc_segmenter_opts *o, const char *path, int ha,
                    struct trtc_file **claim, struct trtc_err *err)
{
    bool held;
    *claim = trtc_claim_take(path, &held, err);
    if (!*claim)
        return held ? HELD : -1;
    int is_taken = o->how == TRTC_SEGMENTER_APPEND
                       ? 0
                       : taken(o, ha, err); /* by a run that ended before we had the claim */
    if (is_taken)
        trtc_file_abort(claim);
    return is_taken > 0 ? TAKEN : is_taken;
}

/* Claims the names with o's recovery number. */
static int claim(struct trtc_segmenter_opts *o, struct trtc_err *err)
{
    int ret = o->how == TRTC_SEGMENTER_APPEND ? 0 : taken(o, o->name.ha, err);
    if (ret)
        return ret > 0 ? TAKEN : -1;
    char *path = list_path(o, TRTC_AUDIO, o->name.ha, err);
    ret = path ? claim_in(o, path, o->name.ha, &o->claim, err) : -1;
    free(path);
    return ret;
}

/* Makes the directory of the files. */
static int make_directory(const struct trtc_segmenter_opts *o, struct trtc_err *err)
{
    char *dir = list_path(o, TRTC_AUDIO, o->name.ha, err);
    if (!dir)
        return -1;
    *strrchr(dir, '/') = '\0';
    const int ret = trtc_mkdirs(dir, err);
    free(dir);
    return ret;
}

enum { UNFINISHED = HELD + 1 };

static int fail_claim(const struct trtc_segmenter_opts *o, int why, struct trtc_err *err)
{
    static const char *const words[] = {
        [TAKEN] = "a recording exists already",
        [HELD] = "another process is making a recording",
        [UNFINISHED] = "a killed run has left files",
    };
    char *path = list_path(o, TRTC_AUDIO, o->name.ha, err);
    if (!path)
        return -1;
    if (o->how == TRTC_SEGMENTER_BESIDE)
        trtc_fail(err, TRTC_EX_UNAVAILABLE, "%.*s: there are already three recoveries",
                  (int)(strrchr(path, '/') - path), path);
    else if (o->how == TRTC_SEGMENTER_APPEND || why == HELD)
        trtc_fail(err, TRTC_EX_CANTCREAT, "%s: %s; --ha auto continues beside it", path,
                  words[why]);
    else
        trtc_fail(err, TRTC_EX_CANTCREAT,
                  "%s: %s; --append continues it, --ha auto continues beside it", path, words[why]);
    free(path);
    return -1;
}

/* ---- files of killed runs ---- */

/* Completes the files with these names, unless another run has claimed them. */
static int rescue(struct trtc_segmenter_opts *o, int ha, struct trtc_err *err)
{
    bool media, held;
    if (!trtc_salvage_waits(o, ha, &media))
        return 0;
    char *path = list_path(o, TRTC_AUDIO, ha, err);
    if (!path)
        return -1;
    struct trtc_file *claimed = trtc_claim_take(path, &held, err);
    const int ret = claimed ? trtc_salvage(o, ha, err) : held ? 0 : -1;
    trtc_file_abort(&claimed);
    free(path);
    return ret;
}

/* Does so for all recovery numbers, except for our own if the recording is a new one. */
static int rescue_all(struct trtc_segmenter_opts *o, struct trtc_err *err)
{
    for (int ha = 0; ha <= HA_MAX; ha++)
        if ((ha != o->name.ha || o->how != TRTC_SEGMENTER_NEW) && rescue(o, ha, err) < 0)
            return -1;
    return 0;
}

/* Removes temporary files that killed runs have left: under the names that we have claimed, and
 * under those of recordings that no run continues. */
static int clean(struct trtc_segmenter_opts *o, struct trtc_err *err)
{
    for (int ha = 0; ha <= HA_MAX; ha++) {
        struct trtc_file *claimed = NULL;
        bool ours = ha == o->name.ha, held;
        int is_taken = ours ? 1 : taken(o, ha, err);
        char *path = is_taken > 0 ? list_path(o, TRTC_AUDIO, ha, err) : NULL;
        if (is_taken < 0 || (is_taken && !path))
            return -1;
        if (path && (ours || (claimed = trtc_claim_take(path, &held, NULL))))
            trtc_claim_clean(path, &o->stale);
        trtc_file_abort(&claimed);
        free(path);
    }
    return 0;
}

/* Finds out what is listed already, and when it ends. */
static int look_at_listed(struct trtc_segmenter_opts *o, struct trtc_err *err)
{
    o->listed_end_us = TRTC_NOTIME;
    for (size_t k = 0; k < TRTC_NB_KINDS; k++) {
        struct trtc_listed *l = &o->listed[k];
        if (trtc_segmenter_listed(o, all_types[k], o->name.ha, l, err) < 0)
            return -1;
        if (l->end_us != TRTC_NOTIME && l->end_us > o->listed_end_us)
            o->listed_end_us = l->end_us;
    }
    return 0;
}

/* Returns when the picture ends in the recordings beside which this one continues. */
static int look_beside(struct trtc_segmenter_opts *o, struct trtc_err *err)
{
    struct trtc_listed l;
    o->listed_end_us = TRTC_NOTIME;
    for (int ha = 0; ha < o->name.ha; ha++) {
        if (trtc_segmenter_listed(o, TRTC_VIDEO, ha, &l, err) < 0)
            return -1;
        if (l.end_us != TRTC_NOTIME && l.end_us > o->listed_end_us)
            o->listed_end_us = l.end_us;
    }
    return 0;
}

int trtc_segmenter_prepare(struct trtc_segmenter_opts *o, struct trtc_err *err)
{
    bool media = false;
    int got;
    if (make_directory(o, err) < 0 || rescue_all(o, err) < 0)
        return -1;
    while ((got = claim(o, err)) > 0 && o->how == TRTC_SEGMENTER_BESIDE && o->name.ha < HA_MAX)
        o->name.ha++;
    if (got == OURS && o->how == TRTC_SEGMENTER_NEW && trtc_salvage_waits(o, o->name.ha, &media) &&
        media)
        got = UNFINISHED;
    if (got > 0)
        return fail_claim(o, got, err);
    if (got < 0 || (o->how == TRTC_SEGMENTER_APPEND && look_at_listed(o, err) < 0) ||
        (o->how == TRTC_SEGMENTER_BESIDE && look_beside(o, err) < 0))
        return -1;
    return clean(o, err);
}

void trtc_segmenter_release(struct trtc_segmenter_opts *o)
{
    trtc_file_abort(&o->claim);
}
