/* SPDX-License-Identifier: MIT */
/* Loads recordings: scan, probe, settle. */
#include "source/load.h"

#include "source/misfiled.h"
#include "source/probe.h"

static int scan(struct trtc_scan *s, const struct trtc_load *what, const char *dir,
                struct trtc_err *err)
{
    struct trtc_err why;
    const struct trtc_find find = { what->recursive, what->users, what->nb_users, what->stop };
    const struct trtc_err *failed = trtc_scan_dir(s, dir, &find, &why) < 0 ? &why : NULL;
    if (what->seen ? what->seen(what->opaque, dir, failed) == 0 : !failed)
        return 0;
    return failed ? trtc_fail(err, why.code, "%s", why.msg)
                  : trtc_fail(err, TRTC_EX_SOFTWARE, "%s: refused", dir);
}

static int load(struct trtc_recording *r, const struct trtc_load *what, struct trtc_err *err)
{
    if (what->wanted && !what->wanted(what->opaque, r))
        return 0;
    if (!r->held && trtc_probe_recording(r, what->count_frames, what->stop, err) < 0)
        return -1;
    if (r->held || trtc_is_stopped(what->stop))
        return 0;
    if (trtc_misfiled_find(r, err) < 0)
        return -1;
    if (r->held)
        return 0;
    if (trtc_recording_settle(r, err) < 0)
        return -1;
    r->loaded = true;
    return 0;
}

int trtc_recordings_load(struct trtc_scan *s, const struct trtc_load *what, struct trtc_err *err)
{
    for (size_t i = 0; i < what->nb_dirs && !trtc_is_stopped(what->stop); i++)
        if (scan(s, what, what->dirs[i], err) < 0)
            return -1;
    for (size_t i = 0; i < s->n && !trtc_is_stopped(what->stop); i++)
        if (load(&s->recs[i], what, err) < 0)
            return -1;
    return 0;
}
