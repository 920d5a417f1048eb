/* SPDX-License-Identifier: MIT */
/* MP4 under libFuzzer: samples with any times through the writer, whose file is no larger than it said and plays in its
 * own eyes; and any bytes through what reads the losses of a file. Each 6 bytes of the input are a sample. */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utc.h"
#include "fuzz/fuzz.h"
#include "mp4/mp4.h"

static int open_memory(char path[64])
{
    const int fd = memfd_create("mp4", MFD_CLOEXEC);
    check(fd >= 0);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static void read_any(const uint8_t *data, size_t size)
{
    char path[64];
    struct trtc_err err = { 0 };
    int64_t losses = -1;
    const int fd = open_memory(path);

    check(write(fd, data, size) == (ssize_t)size);
    if (trtc_mp4_read_losses(path, &losses, &err) == 0)
        check(losses >= 0);
    close(fd);
}

/* Two tracks of sound, of 16 kHz and 48 kHz. */
static struct trtc_mp4 *begin(int fd, int64_t reserve)
{
    static const uint8_t asc[2] = { 0x11, 0x88 };
    const struct trtc_mp4_info info = { .creation_ms = TRTC_NOTIME,
                                        .comment = "c",
                                        .reserve_bytes = reserve,
                                        .give_back = reserve & 1 };
    struct trtc_err err = { 0 };
    struct trtc_mp4 *m = trtc_mp4_new(fd, "it", &info, &err);

    check(m != NULL);
    for (int i = 0; i < 2; i++) {
        const int hz = i ? 48000 : 16000;
        const struct trtc_mp4_track t = { .codec = TRTC_CODEC_AAC,
                                          .timescale = (uint32_t)hz,
                                          .asc = asc,
                                          .asc_size = 2,
                                          .rate_hz = hz,
                                          .channels = 1 };
        check(trtc_mp4_add_track(m, &t, &err) == i);
    }
    return m;
}

static void write_any(const uint8_t *data, size_t size)
{
    static const uint8_t zeros[255];
    char path[64];
    struct trtc_err err = { 0 };
    struct stat st;
    int64_t dts[2] = { 0 }, nb = 0, losses = 0;
    const int fd = open_memory(path);
    struct trtc_mp4 *m = begin(fd, size ? *data * INT64_C(16) : 0);

    for (; size >= 6; data += 6, size -= 6) {
        const int track = data[0] & 1, shift = data[0] >> 3;
        const struct trtc_sample s = { .data = zeros,
                                       .size = 1 + data[1] / 2,
                                       .dts = dts[track],
                                       .pts = dts[track] + ((int64_t)data[4] << (shift & 15)),
                                       .key = data[0] & 2 };
        if (trtc_mp4_write(m, track, &s, &err) == 0)
            nb++;
        else
            check(err.code == TRTC_EX_SOFTWARE || err.code == TRTC_EX_DATAERR);
        dts[track] += ((int64_t)(data[2] << 8 | data[3]) << shift) + (data[5] < 250);
        if (data[5] == 255)
            trtc_mp4_end_track(m, track, dts[track] + data[4]);
    }
    trtc_mp4_set_losses(m, 1234567);
    const int64_t bound = trtc_mp4_size(m);
    if (trtc_mp4_finish(m, &err) == 0) {
        check(nb > 0 && fstat(fd, &st) == 0 && st.st_size <= bound);
        check(trtc_mp4_read_losses(path, &losses, &err) == 0 && losses == 1234567);
    } else {
        check(err.code == TRTC_EX_DATAERR || err.code == TRTC_EX_SOFTWARE);
    }
    trtc_mp4_free(&m);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_any(data, size);
    write_any(data, size);
    return 0;
}
