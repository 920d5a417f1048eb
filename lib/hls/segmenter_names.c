/* SPDX-License-Identifier: MIT */
/* The names of a recording in the making: what they are, and that no other run has them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "hls/claim.h"
#include "hls/segmenter_priv.h"

enum { HA_MAX = 3 };

char *trtc_segmenter_path(const struct trtc_segmenter_opts *o, enum trtc_kind type, int64_t utc_ms,
                          int ha, struct trtc_err *err)
{
    struct trtc_name n = o->name;
    n.type = o->user_id ? type : TRTC_NO_KIND;
    if (o->user_id && type == TRTC_NO_KIND)
        n.type = TRTC_VIDEO; /* picture and sound together stand under the picture's name */
    n.ha = ha;
    n.index = 0;
    n.utc_ms = utc_ms;
    n.ext = utc_ms == TRTC_NOTIME ? TRTC_EXT_M3U8 : TRTC_EXT_TS;
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

static const enum trtc_kind all_types[] = { TRTC_AUDIO, TRTC_VIDEO };

/* Whether a recording with this recovery number is there already; -1: that is not known. */
static int taken(const struct trtc_segmenter_opts *o, int ha, struct trtc_err *err)
{
    for (size_t i = 0; i < 2; i++) {
        struct stat st;
        char *path = trtc_segmenter_path(o, all_types[i], TRTC_NOTIME, ha, err);
        if (!path)
            return -1;
        const int errnum = lstat(path, &st) == 0 ? 0 : errno;
        if (errnum && errnum != ENOENT)
            trtc_fail_errno(err, errnum == EIO ? TRTC_EX_IOERR : TRTC_EX_CANTCREAT, errnum,
                            "cannot create '%s'", path);
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
    int is_taken = taken(o, ha, err); /* by a run that ended before we had the claim */
    if (is_taken)
        trtc_file_abort(claim);
    return is_taken > 0 ? TAKEN : is_taken;
}

/* Claims the names with o's recovery number. */
static int claim(struct trtc_segmenter_opts *o, struct trtc_err *err)
{
    int ret = taken(o, o->name.ha, err);
    if (ret)
        return ret > 0 ? TAKEN : -1;
    char *path = trtc_segmenter_path(o, TRTC_AUDIO, TRTC_NOTIME, o->name.ha, err);
    char *dir = path ? strdup(path) : NULL;
    if (dir) {
        *strrchr(dir, '/') = '\0';
        ret = trtc_mkdirs(dir, err) < 0 ? -1 : claim_in(o, path, o->name.ha, &o->claim, err);
    } else {
        ret = path ? trtc_fail_nomem(err) : -1;
    }
    free(dir);
    free(path);
    return ret;
}

static int fail_claim(const struct trtc_segmenter_opts *o, bool ha_auto, int why,
                      struct trtc_err *err)
{
    char *path = trtc_segmenter_path(o, TRTC_AUDIO, TRTC_NOTIME, o->name.ha, err);
    if (!path)
        return -1;
    if (ha_auto)
        trtc_fail(err, TRTC_EX_UNAVAILABLE, "%.*s: three recoveries are there already",
                  (int)(strrchr(path, '/') - path), path);
    else
        trtc_fail(err, TRTC_EX_CANTCREAT, "%s: a recording is %s; --ha auto continues beside it",
                  path, why == HELD ? "being made by another process" : "there already");
    free(path);
    return -1;
}

/* Removes what killed runs left under our names: those we have claimed, and those of recordings that nobody
 * goes on with. */
static int clean(struct trtc_segmenter_opts *o, struct trtc_err *err)
{
    for (int ha = 0; ha <= HA_MAX; ha++) {
        struct trtc_file *claimed = NULL;
        bool ours = ha == o->name.ha, held;
        int is_taken = ours ? 1 : taken(o, ha, err);
        char *path = is_taken > 0 ? trtc_segmenter_path(o, TRTC_AUDIO, TRTC_NOTIME, ha, err) : NULL;
        if (is_taken < 0 || (is_taken && !path))
            return -1;
        if (path && (ours || (claimed = trtc_claim_take(path, &held, NULL))))
            trtc_claim_clean(path, &o->stale);
        trtc_file_abort(&claimed);
        free(path);
    }
    return 0;
}

int trtc_segmenter_prepare(struct trtc_segmenter_opts *o, bool ha_auto, struct trtc_err *err)
{
    int got;
    while ((got = claim(o, err)) > 0 && ha_auto && o->name.ha < HA_MAX)
        o->name.ha++;
    if (got > 0)
        return fail_claim(o, ha_auto, got, err);
    return got < 0 ? -1 : clean(o, err);
}

void trtc_segmenter_release(struct trtc_segmenter_opts *o)
{
    trtc_file_abort(&o->claim);
}
