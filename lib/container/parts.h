/* SPDX-License-Identifier: MIT */
/* Faults of a container that libavformat passes over: messages in its log; boxes of an MP4, tags
 * of an FLV, and parts of other files that do not follow each other. */
#ifndef TRTC_CONTAINER_PARTS_H
#define TRTC_CONTAINER_PARTS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "container/boxes.h"
#include "container/segments.h"

struct AVFormatContext;

/* So many bytes at the beginning of a stream in Ogg state its sample rate. */
enum { TRTC_PARTS_OGG_HEAD = 40 };

/* Zero-initialise, except for stop. */
struct trtc_parts {
    const volatile sig_atomic_t *stop; /* if set, errors are caused by the interruption; or NULL */
    int64_t nb_faults;
    char first[160];  /* the message of the first fault */
    bool opened;      /* faults are counted */
    bool index_fault; /* one of them is of the index of an MP4 */
    struct trtc_segments segments;
    bool codecs; /* a track of an MP4 has several codecs, of which only one is read */

    /* BOXES: an MP4; TAGS: an FLV; ELEMENTS: a Matroska file; PAGES: an Ogg file. Their boxes on the
     * top level, tags, elements down to blocks, or pages are called parts. CHUNKS: a WAV, and its
     * chunks. FORM: an AIFF, Wave64 or RF64, which is one part. CAF: its chunks. */
    enum {
        TRTC_PARTS_OTHER,
        TRTC_PARTS_BOXES,
        TRTC_PARTS_TAGS,
        TRTC_PARTS_ELEMENTS,
        TRTC_PARTS_PAGES,
        TRTC_PARTS_CHUNKS,
        TRTC_PARTS_FORM,
        TRTC_PARTS_CAF
    } layout;
    bool done;           /* no more parts can be checked */
    bool indexed;        /* an MP4 has an index: it has begun */
    bool fragments;      /* of an MP4 have come */
    bool zeros;          /* instead of a box, up to here: they may go on to the end */
    int64_t zeros_at;    /* ... from this position on */
    int64_t segment_end; /* the end of a Matroska file; 0: not stated */
    int64_t cluster; /* the end of the current cluster; 0: there is none, INT64_MAX: not stated */
    int64_t part_at; /* the position of the current part */
    uint8_t header[27 + 255 + TRTC_PARTS_OGG_HEAD]; /* its first bytes */
    size_t nb_header;                               /* how many of them were read so far */
    int64_t padding;     /* behind a Wave64; at the end of the file it may be missing */
    uint64_t tag_bytes;  /* the size of the previous tag */
    int64_t nb_pictures; /* tags with pictures, so far, */
    bool has_offsets;    /* ... and some are not shown when they are decoded; */
    bool sliced;         /* ... and some have only a part of a picture */
    uint64_t rate;    /* of the sound in an Ogg file, in Hz; 0: it is not known; 1: they differ */
    bool pages_began; /* ... and pages behind the first ones of its streams have come */
    bool last_page;   /* the previous page is the last one of a stream, or all sound has come */
    struct trtc_boxes boxes;
};

/* Counts the errors that libavformat logs for ic once w->opened is set. w must outlive ic. */
void trtc_parts_log(struct trtc_parts *w, struct AVFormatContext *ic);

/* Returns the size that a WAV states for its sound, judging by its first bytes; 0: none, since it was
 * written to a pipe; -1: it is no WAV, or its sound begins later. */
int64_t trtc_wav_size(const uint8_t *head, size_t n);

/* Sets the layout from the first bytes of the file. */
void trtc_parts_begin(struct trtc_parts *w, const uint8_t *head, size_t n);

/* Checks n bytes, read at pos: whether each part begins where the previous one ends. */
void trtc_parts_bytes(struct trtc_parts *w, int64_t pos, const uint8_t *p, size_t n);

/* Returns the position of the next byte that must be checked, or -1: there is none. */
int64_t trtc_parts_wants(const struct trtc_parts *w);

/* Called at the end of the file. Returns true if size is in the middle of a part. */
bool trtc_parts_end(struct trtc_parts *w, int64_t size);

#endif
