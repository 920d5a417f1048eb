/* SPDX-License-Identifier: MIT */
/* Streams of any container under libFuzzer, as trtc-hls and trtc-mix read them. What comes has rising times and is in the
 * account; the first byte chooses how it is opened. FFmpeg's own faults are not ours, so it is as the system has it. */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libavutil/log.h>

#include "fuzz/fuzz.h"
#include "input/input.h"
#include "input/input_priv.h"

static void read_all(struct trtc_input *in)
{
    struct trtc_input_frame f;
    struct trtc_input_losses l;
    struct trtc_input_named named;
    struct trtc_ledger ledger;
    struct trtc_err err = { 0 };
    int64_t last[TRTC_NB_KINDS] = { INT64_MIN, INT64_MIN }, utc;
    int got, epoch[TRTC_NB_KINDS] = { 0 };

    while ((got = trtc_input_next(in, &f, &err)) == 1) {
        const int k = f.video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;
        check(f.pkt.size > 0 && f.epoch >= epoch[k]);
        check(f.pkt.dts_us > last[k] && f.pkt.pts_us >= f.pkt.dts_us);
        check(f.pkt.pts_us > -2 * TRTC_INPUT_TIME_MAX_US &&
              f.pkt.pts_us < 2 * TRTC_INPUT_TIME_MAX_US);
        last[k] = f.pkt.dts_us;
        epoch[k] = f.epoch;
    }
    check(got == 0 || (err.code >= TRTC_EX_USAGE && err.code != TRTC_EX_SOFTWARE && err.msg[0]));
    trtc_input_losses(in, &l);
    check(l.nb_lost_packets >= 0 && l.nb_bad_bytes >= 0 && l.nb_undecoded >= 0 && l.nb_faults >= 0);
    for (int i = 0; i < TRTC_NB_KINDS; i++)
        trtc_input_ledger(in, i == TRTC_AT_VIDEO, &ledger);
    for (int i = 0; trtc_input_named(in, i, &named); i++)
        check(memchr(named.codec_name, '\0', sizeof named.codec_name));
    (void)trtc_input_start_us(in);
    (void)trtc_input_zero_us(in);
    (void)trtc_input_utc_us(in, &utc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct trtc_err err = { 0 };

    if (size < 1)
        return 0;
    av_log_set_level(AV_LOG_QUIET);
    const int fd = memfd_create("input", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)size - 1);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct trtc_input *in = *data & 1 ? trtc_input_open_any(path, NULL, NULL, &err)
                                      : trtc_input_open(path, NULL, NULL, &err);
    if (in) {
        if (*data & 2)
            trtc_input_leave_sound(in);
        if (*data & 4)
            trtc_input_leave_other(in);
        read_all(in);
    } else {
        check(err.code >= TRTC_EX_USAGE && err.code != TRTC_EX_SOFTWARE && err.msg[0]);
    }
    trtc_input_free(&in);
    close(fd);
    return 0;
}
