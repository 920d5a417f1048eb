/* SPDX-License-Identifier: MIT */
/* What a killed run leaves of the frames that came before all tracks were there. */
#define _DEFAULT_SOURCE /* mkdtemp */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "hls/early.h"
#include "hls/remains.h"
#include "hls/segmenter.h"

#define START_US INT64_C(1767225600000000)

static char dir[] = "/tmp/t_early.XXXXXX";

/* The epoch time of the first frame in the file, by what its tables state. */
static int64_t first_us(const char *name)
{
    struct trtc_err err = { 0 };
    struct trtc_remains r;
    const int fd = open(name, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(trtc_remains_look(fd, &r, &err), 0);
    assert_true(r.any && r.tells_time);
    close(fd);
    return r.utc_us + (r.base_90k - r.utc_90k) * 100 / 9;
}

static struct trtc_input_frame frame_of(bool video, const uint8_t *data, size_t size, int64_t us)
{
    return (struct trtc_input_frame){
        .video = video,
        .codec = video ? TRTC_CODEC_H264 : TRTC_CODEC_AAC,
        .dur_us = 40000,
        .pkt = { .data = data, .size = size, .pts_us = us, .dts_us = us, .key = true }
    };
}

static void a_track_that_begins_earlier_moves_the_others(void **state)
{
    static const uint8_t picture[] = { 0, 0, 0, 1, 0x09, 0xf0, 0, 0, 0, 1, 0x65, 0x88, 0x84 };
    static const uint8_t sound[] = { 0xff, 0xf1, 0x4c, 0x80, 1, 0x7f, 0xfc, 0x21, 0x22, 0x23, 0x24 };
    struct trtc_segmenter_opts o = { .dir = dir,
                                     .name = { .sdkappid = 1,
                                               .room = { "1", 1 },
                                               .user = { "dQ..", 4 },
                                               .media = TRTC_MEDIA_MAIN },
                                     .user_id = "u",
                                     .user_id_len = 1,
                                     .start_us = START_US,
                                     .stream_start_us = 2000000 };
    struct trtc_input_info info = { .video = TRTC_CODEC_H264 };
    struct trtc_err err = { 0 };
    struct trtc_early *e = trtc_early_new(&err);
    struct trtc_input_frame f = frame_of(true, picture, sizeof picture, 2000000);

    (void)state;
    assert_int_equal(trtc_early_keep(e, &o, &f, &info, &err), 0);
    assert_int_equal(first_us(".1_1__UserId_s_dQ..__UserId_e_main_video_waiting3.ts.part"),
                     START_US);

    info.audio = TRTC_CODEC_AAC;
    o.stream_start_us = 1960000;
    f = frame_of(false, sound, sizeof sound, 1960000);
    assert_int_equal(trtc_early_keep(e, &o, &f, &info, &err), 0);
    assert_int_equal(first_us(".1_1__UserId_s_dQ..__UserId_e_main_audio_waiting3.ts.part"),
                     START_US);
    assert_int_equal(first_us(".1_1__UserId_s_dQ..__UserId_e_main_video_waiting3.ts.part"),
                     START_US + 40000);
    trtc_early_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_track_that_begins_earlier_moves_the_others),
    };

    if (!mkdtemp(dir) || chdir(dir))
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return chdir("/") || rmdir(dir) || failed;
}
