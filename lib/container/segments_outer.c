/* SPDX-License-Identifier: MIT */
/* Contexts of libavformat through which it reads what has come by another one, which is behind them. */
#include "container/segments_priv.h"

static const char *name_of(void *pb)
{
    (void)pb;
    return "segment";
}

/* Options of the connection, such as where it was redirected to, are found through the one that it is wrapped
 * in. */
static void *next_child(void *pb, void *prev)
{
    const struct trtc_segment_inner *x = ((AVIOContext *)pb)->opaque;

    return prev ? NULL : x->from;
}

static const AVClass outer_class = {
    .class_name = "segment",
    .item_name = name_of,
    .version = LIBAVUTIL_VERSION_INT,
    .child_next = next_child,
};

int trtc_segment_wrap(AVIOContext **pb, struct trtc_segment_inner *x,
                      int (*read)(void *x, uint8_t *p, int n),
                      int64_t (*seek)(void *x, int64_t to, int whence))
{
    enum { BUFFER = 32768 };
    uint8_t *buffer = av_malloc(BUFFER);
    AVIOContext *outer = buffer ? avio_alloc_context(buffer, BUFFER, 0, x, read, NULL, seek) : NULL;

    if (!outer) {
        av_free(buffer);
        return -1;
    }
    x->from = *pb;
    outer->seekable = seek ? x->from->seekable : 0;
    outer->av_class = &outer_class;
    *pb = outer;
    return 0;
}

bool trtc_segment_is_outer(const AVIOContext *pb)
{
    return pb && pb->av_class == &outer_class;
}

AVIOContext *trtc_segment_unwrap(AVIOContext *pb)
{
    AVIOContext *from = ((struct trtc_segment_inner *)pb->opaque)->from;

    av_freep(&pb->buffer);
    avio_context_free(&pb);
    return from;
}
