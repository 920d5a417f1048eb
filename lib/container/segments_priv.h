/* SPDX-License-Identifier: MIT */
/* Segments of a playlist, for the files that read them: segments.c opens and closes them,
 * segments_bytes.c looks at their bytes, segments_boxes.c at those of an MP4, and
 * segments_list.c compares what came with the playlist; segments_reload.c fetches that again, and
 * segments_numbers.c renumbers it. */
#ifndef TRTC_CONTAINER_SEGMENTS_PRIV_H
#define TRTC_CONTAINER_SEGMENTS_PRIV_H

#include "container/avformat.h"
#include "container/parts.h"
#include "ts/seam.h"

/* Segments that follow each other. */
struct trtc_segment_chain {
    struct trtc_seam seam;
    bool other;               /* the latest one is of another stream than those before */
    char *url;                /* of the latest one, */
    int64_t nb;               /* ... bytes of the one that was closed last */
    struct trtc_parts *parts; /* MP4: the initialization segment, and those that follow it, as
                                       one file; or NULL */
    int64_t parts_at;         /* its size so far */
    uint64_t init;            /* a hash of its initialization segment */
    int64_t nb_faults;        /* of it, that are known */
    int64_t ends[TRTC_FRAGMENT_LANES]; /* where its tracks ended when the latest segment began */
};

/* What is behind a context that libavformat reads. */
struct trtc_segment_inner {
    AVIOContext *from;
};

/* A segment, a key or an initialization segment that is open. */
struct trtc_segment {
    struct trtc_segment_inner inner;
    AVFormatContext *ic;
    struct trtc_segment_chain *chain;
    int64_t nb;    /* bytes so far, of which this is */
    uint8_t first; /* ... the first, */
    bool zeros;    /* ... and they begin with nothing else; */
    bool ts;       /* it is one of a transport stream, */
    bool boxes;    /* ... of an MP4, */
    bool frames;   /* ... or one of AAC frames and tags: */

    uint8_t header[16]; /* of the current box, frame or tag, */
    size_t nb_header;   /* ... so many bytes of it, */
    int64_t rest;       /* ... and the bytes behind it that are still to come */

    bool torn;     /* it ends within a box or a fragment */
    bool data;     /* the current box has media data, */
    bool fragment; /* ... or a fragment has come whose data has not begun, */
    bool open;     /* ... or it has no end */
    uint8_t *held; /* bytes, of which these can be passed on, */
    size_t nb_held, cap_held, nb_ready;
    size_t nb_walked;       /* ... and the boxes up to here are known */
    int64_t nb_fill;        /* zeros to be passed on behind them */
    int ended;              /* why nothing follows, as read_packet returns it; or 0 */
    struct trtc_parts *own; /* an initialization segment, or NULL; */
    int64_t own_at;         /* ... its size so far, */
    uint64_t hash;          /* ... and that of its bytes */
};

static inline struct trtc_segments *trtc_segments_of(AVFormatContext *ic)
{
    return &((struct trtc_parts *)ic->opaque)->segments;
}

/* ---- segments.c ---- */

/* Notes the URL of a playlist, which will be fetched again. */
void trtc_segment_note_list(struct trtc_segments *g, const char *url);

/* ---- segments_reload.c ---- */

/* Opens a URL, like libavformat's io_open. */
int trtc_segment_open_once(AVFormatContext *ic, AVIOContext **pb, const char *url, int flags,
                           AVDictionary **options);

/* Reads a playlist. Returns its *n bytes, which the caller frees; NULL: it is too long, or there is no memory. */
char *trtc_segment_read_list(AVIOContext *pb, size_t *n);

/* Fetches a playlist again, in the place of libavformat's io_open; more than once if that fails. */
int trtc_segment_reload(AVFormatContext *ic, struct trtc_segment_list *list, AVIOContext **pb,
                        int flags, AVDictionary **options);

/* Opens a segment, in the place of libavformat's io_open; more than once if that fails and may pass: a server may
 * list one a little too early. */
int trtc_segment_open(AVFormatContext *ic, AVIOContext **pb, const char *url, int flags,
                      AVDictionary **options);

/* Returns what such a playlist came from, and frees it. */
AVIOContext *trtc_segment_unwrap_text(AVIOContext *pb);

/* ---- segments_outer.c ---- */

/* Puts a context that calls read and seek (or NULL) with x in front of *pb. Returns 0, or -1: no memory. */
int trtc_segment_wrap(AVIOContext **pb, struct trtc_segment_inner *x,
                      int (*read)(void *x, uint8_t *p, int n),
                      int64_t (*seek)(void *x, int64_t to, int whence));

/* Whether this is such a context, which may be NULL. */
bool trtc_segment_is_outer(const AVIOContext *pb);

/* Frees such a context, but not its x. Returns what is behind it. */
AVIOContext *trtc_segment_unwrap(AVIOContext *pb);

/* ---- segments_numbers.c ---- */

/* A playlist has come again with this text (from malloc): if it numbers its segments anew, *text is replaced
 * by one whose numbers go on. Returns 0, or -1: no memory. */
int trtc_segment_renumber(struct trtc_segments *g, struct trtc_segment_list *list, char **text,
                          size_t *n);

/* ---- segments_bytes.c ---- */

/* Reads up to n bytes of a segment, as libavformat's read_packet does. */
int trtc_segment_read(void *segment, uint8_t *p, int n);

/* The segment has been read, as far as libavformat wanted: counts what is wrong with it. */
void trtc_segment_end(struct trtc_segment *s);

/* ---- segments_boxes.c ---- */

/* A segment begins with these n bytes: sets s->boxes if it is one of an MP4, and takes them. */
void trtc_segment_begin_boxes(struct trtc_segment *s, const uint8_t *p, size_t n);

/* The same as trtc_segment_read for such a segment. */
int trtc_segment_read_boxes(struct trtc_segment *s, uint8_t *p, int n);

/* The segment has ended: keeps an initialization segment for the others. */
void trtc_segment_end_boxes(struct trtc_segment *s);

void trtc_segment_free_parts(struct trtc_parts *parts);

/* ---- segments_list.c ---- */

/* Whether the playlist states that another stream begins with a segment, or with the one before it. */
bool trtc_segment_is_beside_other(AVFormatContext *ic, const char *url);

/* Before the first segment is opened: finds out whether its playlist grows, and how much is in front of it. */
void trtc_segment_look_before(AVFormatContext *ic, const char *url);

/* Compares the segment that is being read with the one before it, as soon as that is possible; ended: as far
 * as it ever will be. */
void trtc_segment_compare(AVFormatContext *ic, struct trtc_segment_chain *c, bool ended);

/* The last segment has ended: compares its length with the one that the playlist states, if that is right
 * about the segment before it. */
void trtc_segment_compare_last(AVFormatContext *ic, const struct trtc_segment_chain *c);

#endif
