/* SPDX-License-Identifier: MIT */
/* Checks the checksums in a Matroska file. Numbers of sections are those of RFC 8794 (EBML). */
#include "mix/intact.h"

#include <stdint.h>

#include <libavformat/avio.h>
#include <libavutil/crc.h>
#include <libavutil/error.h>

#include "codec/av.h"

enum { ID_HEADER = 0x1A45DFA3, ID_SEGMENT = 0x18538067, ID_VOID = 0xEC };
enum { CRC_ELEMENT = 6, BLOCK = 16 * 1024 };

struct element {
    int64_t id, size; /* of its data, at which the file stands */
};

/* Reads a number of one to eight bytes (section 4). marked: with its marker, which is a part of an
 * identifier. Returns -1 if it is none. */
static int64_t read_vint(AVIOContext *pb, bool marked)
{
    const int first = avio_r8(pb);
    int64_t value = first;
    int n = 1;
    while (n <= 8 && !(first & 0x80 >> (n - 1)))
        n++;
    for (int i = 1; i < n && n <= 8; i++)
        value = value << 8 | avio_r8(pb);
    if (n > 8 || avio_feof(pb))
        return -1;
    return marked ? value : value & ((INT64_C(1) << 7 * n) - 1);
}

/* Reads the beginning of an element whose data ends at end or before. */
static bool read_element(AVIOContext *pb, int64_t end, struct element *e)
{
    e->id = read_vint(pb, true);
    e->size = read_vint(pb, false);
    return e->id >= 0 && e->size >= 0 && e->size <= end - avio_tell(pb);
}

static bool skip(AVIOContext *pb, int64_t size)
{
    return avio_skip(pb, size) >= 0;
}

/* Reads the data of an element, which must begin with the checksum of the rest. */
static bool check_element(AVIOContext *pb, int64_t size)
{
    uint8_t block[BLOCK];
    const AVCRC *const table = av_crc_get_table(AV_CRC_32_IEEE_LE);
    uint32_t sum = UINT32_MAX;
    if (size < CRC_ELEMENT || avio_rb16(pb) != 0xBF84) /* its identifier, and four bytes */
        return false;
    const uint32_t expected = avio_rl32(pb);
    for (int64_t left = size - CRC_ELEMENT; left > 0;) {
        const int n = left < BLOCK ? (int)left : BLOCK;
        if (avio_read(pb, block, n) != n)
            return false;
        sum = av_crc(table, sum, block, (size_t)n);
        left -= n;
    }
    return (sum ^ UINT32_MAX) == expected;
}

/* Goes to the data of the segment. Returns where it ends, or -1. */
static int64_t find_segment(AVIOContext *pb)
{
    struct element e;
    if (avio_seek(pb, 0, SEEK_SET) < 0 || !read_element(pb, INT64_MAX, &e) || e.id != ID_HEADER ||
        !skip(pb, e.size) || !read_element(pb, INT64_MAX, &e) || e.id != ID_SEGMENT)
        return -1;
    return avio_tell(pb) + e.size;
}

/* Returns what is wrong, or NULL. */
static const char *find_fault(AVIOContext *pb, const volatile sig_atomic_t *stop)
{
    struct element e;
    const int64_t end = find_segment(pb);
    if (end > avio_size(pb))
        return "incomplete, perhaps truncated";
    while (end >= 0 && avio_tell(pb) < end && !trtc_is_stopped(stop))
        if (!read_element(pb, end, &e) || !(e.id == ID_VOID ? skip : check_element)(pb, e.size))
            return "damaged: its checksums are not those of its bytes";
    return end < 0 ? "damaged: no Matroska segment" : NULL;
}

int trtc_mkv_check(AVIOContext *pb, const char *name, const volatile sig_atomic_t *stop,
                   struct trtc_err *err)
{
    const int64_t at = avio_tell(pb);
    const char *const fault = find_fault(pb, stop);
    if (pb->error < 0 && pb->error != AVERROR_EOF)
        return trtc_fail_av(err, TRTC_EX_IOERR, pb->error, "%s", name);
    if (fault)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %s", name, fault);
    return avio_seek(pb, at, SEEK_SET) == at
               ? 0
               : trtc_fail(err, TRTC_EX_IOERR, "%s: cannot go back in it", name);
}
