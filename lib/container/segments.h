/* SPDX-License-Identifier: MIT */
/* The segments of a playlist that libavformat reads: whether all of them came, to their ends. */
#ifndef TRTC_CONTAINER_SEGMENTS_H
#define TRTC_CONTAINER_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct AVDictionary;
struct AVFormatContext;
struct AVIOContext;

/* libavformat's option rw_timeout: what is fetched comes within that time, or at least goes on then. */
#define TRTC_SEGMENTS_TIMEOUT_US "60000000"

/* Zero-initialise. */
struct trtc_segments {
    int (*io_open)(struct AVFormatContext *ic, struct AVIOContext **pb, const char *url, int flags,
                   struct AVDictionary **options); /* libavformat's functions */
    int (*io_close)(struct AVFormatContext *ic, struct AVIOContext *pb);
    bool failed;            /* the one before could not be opened, however often */
    bool begun;             /* one has been opened */
    bool encrypted;         /* a segment is, as a whole */
    int shortage;           /* why one could not be opened, or its playlist, if that passes; or 0 */
    int64_t nb_unfetched;   /* those that did not come, or not to their ends, or have no media */
    int64_t nb_short;       /* those that end before the next one begins, or before they should, */
    int64_t short_us;       /* ... all together by so much */
    int64_t nb_torn;        /* that certainly end within a frame */
    int64_t nb_on, nb_anew; /* whose counters go on, or do not, although no time is missing */
    int64_t nb_missing;     /* places within them where packets are missing */
    int64_t nb_bad;         /* bytes that are not of packets */
    bool over;              /* nothing is looked at any more */
    int broken;             /* why a playlist could not be fetched again for a minute; or 0 */
    bool growing;           /* the playlist that came again last states no end */
    bool grows;             /* the one of the first segment stated none in the beginning */
    int64_t nb_before;      /* segments that were listed in front of the first one that came */
    bool anew;              /* the next segment is that of another stream */
    struct trtc_segment_list {
        char *url;
        int64_t shift;   /* to be added to the numbers that it states */
        int64_t first;   /* the number of its first segment, with that, when it came last, */
        uint64_t *marks; /* ... and hashes of what it stated about each */
        size_t nb;
    } * lists;
    size_t nb_lists, cap_lists;
    struct trtc_segment_chain *chain; /* that of the segment which was closed last, or NULL */
};

/* Looks at the segments that ic opens. ic->opaque is the struct trtc_parts with the result. */
void trtc_segments_watch(struct AVFormatContext *ic);

/* The input has ended by itself. */
void trtc_segments_end(struct AVFormatContext *ic);

/* Returns how many segments end within a frame, so far. */
int64_t trtc_segments_nb_torn(const struct trtc_segments *g);

void trtc_segments_fini(struct trtc_segments *g);

#endif
