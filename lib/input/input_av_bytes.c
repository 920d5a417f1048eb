/* SPDX-License-Identifier: MIT */
/* Input through libavformat: the bytes that it reads. */
#include <libavutil/mem.h>

#include "input/input_av_priv.h"

enum { BLOCK_BYTES = 256 * 1024 };

static int on_read(void *opaque, uint8_t *buf, int n)
{
    struct trtc_input_av *b = opaque;
    const ssize_t got = trtc_input_src_read(b->src, buf, (size_t)n);

    if (got < 0)
        return AVERROR(b->src->errnum);
    trtc_parts_bytes(&b->watch, b->at, buf, (size_t)got);
    b->at += got;
    return got ? (int)got : AVERROR_EOF;
}

static int64_t on_seek(void *opaque, int64_t to, int whence)
{
    struct trtc_input_av *b = opaque;
    const bool size = whence & AVSEEK_SIZE;
    const int64_t at =
        trtc_input_src_seek(b->src, to, whence & ~(AVSEEK_SIZE | AVSEEK_FORCE), size);

    if (at >= 0 && !size)
        b->at = at;
    return at;
}

int trtc_input_av_wrap(struct trtc_input_av *b)
{
    uint8_t *buf = av_malloc(BLOCK_BYTES);

    if (buf)
        b->pb = avio_alloc_context(buf, BLOCK_BYTES, 0, b, on_read, NULL,
                                   b->src->seekable ? on_seek : NULL);
    if (b->pb)
        return 0;
    av_free(buf);
    return -1;
}

int64_t trtc_input_av_size(const struct trtc_input_av *b)
{
    return b->src->seekable ? trtc_input_src_seek(b->src, 0, 0, true) : b->at;
}

void trtc_input_av_check_parts(struct trtc_input_av *b)
{
    uint8_t block[4096];
    ssize_t got = 1;

    if (!b->watch.layout || trtc_input_av_stopped(b))
        return;
    const int64_t size = trtc_input_av_size(b);
    for (int64_t at; got > 0 && (at = trtc_parts_wants(&b->watch)) >= 0 && at < size;) {
        got = at != b->at && on_seek(b, at, SEEK_SET) < 0
                  ? -1
                  : trtc_input_src_read(b->src, block, sizeof block);
        if (got > 0) {
            b->at += got;
            trtc_parts_bytes(&b->watch, at, block, (size_t)got);
        }
    }
    b->cut |= trtc_parts_end(&b->watch, size);
}

bool trtc_input_av_is_due(const void *self, int track)
{
    const struct trtc_input_av *b = self;
    const struct trtc_input_av_stream *s = &b->stream[track];

    if (s->index < 0 || !trtc_input_av_is_indexed(b))
        return false;
    AVStream *st = b->ic->streams[s->index];
    const int n = avformat_index_get_entries_count(st);
    const AVIndexEntry *last = n > 0 ? avformat_index_get_entry(st, n - 1) : NULL;
    return last && last->timestamp > s->read_at;
}

bool trtc_input_av_lacks_index(struct trtc_input_av *b)
{
    if (!b->src || b->watch.layout != TRTC_PARTS_BOXES)
        return false;
    trtc_input_av_check_parts(b);
    return b->watch.nb_faults == 0 && (b->cut || !b->watch.indexed) && !b->watch.boxes.whole;
}

bool trtc_input_av_is_mp4_pipe(const struct trtc_input_av *b)
{
    return b->src && !b->src->seekable && b->watch.layout == TRTC_PARTS_BOXES;
}

int trtc_input_av_fail_mp4_pipe(const struct trtc_input_av *b, struct trtc_err *err)
{
    return trtc_fail(
        err, TRTC_EX_DATAERR,
        "%s: an MP4 with its index at the end cannot be read from a pipe, or from a server without range requests: give the file",
        b->name);
}
