/* SPDX-License-Identifier: MIT */
/* trtc-mix: mixes all users of a call into one picture and one track of sound.
 *
 * Reads directories of single-stream recordings, files and live streams, and places them on a
 * common clock. Writes H.264 and AAC as MP4, Matroska or MPEG-TS, or one picture of the mix as
 * PNG. */
#include <signal.h>
#include <sys/prctl.h>

#include "../cli.h"
#include "../memory.h"
#include "codec/ffmpeg.h"
#include "join.h"
#include "options.h"
#include "run.h"

/* x264 asks for huge pages, each of which is in memory as a whole even if little of it is used. A
 * mix takes no less time with them. */
static void refuse_huge_pages(void)
{
#ifdef PR_SET_THP_DISABLE
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
#endif
}

static int run(struct opts *o)
{
    struct trtc_err err;
    int code = 0;
    refuse_huge_pages();
    cli_catch_signals();
    signal(SIGPIPE, SIG_IGN); /* so that a write to a closed pipe returns an error */
    if (trtc_ffmpeg_load(&err) < 0)
        return cli_report(&err);
    const int ret = o->join ? mix_join(o, &code, &err) : mix_run(o, &code, &err);
    return ret == 0 ? code : trtc_worse(code, cli_report(&err));
}

int main(int argc, char *argv[])
{
    struct opts o;
    int code = 0;
    cli_init("trtc-mix");
    if (mix_options(argc, argv, &o, &code) == OPT_GO)
        code = run(&o);
    mix_options_fini(&o);
    return cli_finish(memory_settle(code));
}
