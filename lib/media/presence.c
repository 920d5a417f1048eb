/* SPDX-License-Identifier: MIT */
/* When a stored file has sound and when it has pictures. */
#include "media/presence.h"

#include "core/utc.h"
#include "media/input.h"

int trtc_presence_of_file(const char *path, int64_t start_us, int64_t until_us,
                          const volatile sig_atomic_t *stop, struct trtc_member *m, bool *torn,
                          struct trtc_err *err)
{
    struct trtc_input_frame f;
    struct trtc_input_losses lost;
    struct trtc_err why;
    int got, ret = -1;
    struct trtc_input *in = trtc_input_open(path, stop, err);
    if (!in)
        return -1;
    const int64_t off_us = start_us - trtc_input_zero_us(in);
    while ((got = trtc_input_next(in, &f, &why)) > 0) {
        const int64_t at = f.pkt.pts_us + off_us;
        if (until_us != TRTC_NOTIME && f.pkt.dts_us + off_us > until_us)
            break;
        /* nobody comes earlier for what an encoder puts in front of his voice */
        if (at + f.dur_us > start_us &&
            trtc_intervals_add(f.video ? &m->picture : &m->sound, at < start_us ? start_us : at,
                               at + f.dur_us, TRTC_SECTION_GAP_US, err) < 0)
            goto done;
    }
    if (got < 0 && why.code == TRTC_EX_TEMPFAIL) {
        *err = why;
        goto done;
    }
    trtc_input_losses(in, &lost);
    *torn = got < 0 || lost.cut;
    ret = 0;
done:
    trtc_input_free(&in);
    return ret;
}
