/* SPDX-License-Identifier: MIT */
/* Writes the segments under way out; see flush.h. */
#include "flush.h"

#include <signal.h>

#include "../clock.h"

enum { PERIOD_US = 200000 };

static void *run(void *opaque)
{
    struct hls_flush *f = opaque;
    bool again = false; /* what stalls is known a turn later */

    pthread_mutex_lock(&f->lock);
    while (!f->ends && !f->failed) {
        clock_cond_wait(&f->ended, &f->lock, clock_mono_us() + PERIOD_US);
        if (!f->ends && (f->fresh || again) && trtc_segmenter_flush(f->seg, &f->err) < 0)
            f->failed = true;
        again = f->fresh;
        f->fresh = false;
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

int hls_flush_start(struct hls_flush *f, struct trtc_segmenter *seg, struct trtc_err *err)
{
    sigset_t all, before;

    *f = (struct hls_flush){ .seg = seg };
    pthread_mutex_init(&f->lock, NULL);
    clock_cond_init(&f->ended);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the thread that reads */
    const int errnum = pthread_create(&f->thread, NULL, run, f);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (errnum == 0)
        return 0;
    f->seg = NULL;
    return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errnum, "cannot start a thread");
}

void hls_flush_lock(struct hls_flush *f)
{
    pthread_mutex_lock(&f->lock);
}

int hls_flush_unlock(struct hls_flush *f, struct trtc_err *err)
{
    const bool failed = f->failed;

    f->fresh = true;
    if (failed)
        *err = f->err;
    pthread_mutex_unlock(&f->lock);
    return failed ? -1 : 0;
}

int hls_flush_end(struct hls_flush *f, struct trtc_err *err)
{
    if (!f->seg)
        return 0;
    pthread_mutex_lock(&f->lock);
    f->ends = true;
    pthread_cond_signal(&f->ended);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    pthread_cond_destroy(&f->ended);
    pthread_mutex_destroy(&f->lock);
    f->seg = NULL;
    if (f->failed)
        *err = f->err;
    return f->failed ? -1 : 0;
}
