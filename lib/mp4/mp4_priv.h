/* SPDX-License-Identifier: MIT */
/* Shared by the files of the MP4 writer: the buffered output, the sample tables, the tracks. */
#ifndef TRTC_MP4_MP4_PRIV_H
#define TRTC_MP4_MP4_PRIV_H

#include "mp4/mp4.h"

enum {
    TRTC_MP4_NAME_MAX = 255,      /* length of a track's name */
    TRTC_MP4_BUF_BYTES = 1 << 20, /* size of one write(2), and the size up to which a chunk grows */
    TRTC_MP4_ALIGN_BYTES = 4096,  /* the media starts at, and moves by, multiples of this */
    TRTC_MP4_FTYP_BYTES = 32,
    TRTC_MP4_SAMPLES_MAX = 1 << 26, /* per track (6 days at 120 a second): the index stays below
                                       4 GiB, the limit of a box */
};

/* Writes bytes to a file in sequence, or only counts them. After a failure everything that follows
 * is dropped. */
struct trtc_mp4_out {
    int fd;
    const char *name; /* for messages */
    uint8_t *buf;     /* TRTC_MP4_BUF_BYTES, or NULL: count only */
    size_t used;
    int64_t pos; /* file offset of buf[0] */
    bool failed;
    struct trtc_err err; /* the reason for the failure */
};

void trtc_mp4_put(struct trtc_mp4_out *o, const void *data, size_t n);
void trtc_mp4_put_be(struct trtc_mp4_out *o, uint64_t v, int nb_bytes);
void trtc_mp4_put_zeros(struct trtc_mp4_out *o, size_t n);
void trtc_mp4_flush(struct trtc_mp4_out *o);

/* Offset of the next byte. */
static inline int64_t trtc_mp4_tell(const struct trtc_mp4_out *o)
{
    return o->pos + (int64_t)o->used;
}

static inline uint8_t *trtc_mp4_be(uint8_t *p, uint64_t v, int nb_bytes)
{
    for (int shift = 8 * (nb_bytes - 1); shift >= 0; shift -= 8)
        *p++ = (uint8_t)(v >> shift);
    return p;
}

/* A sequence of variable-length numbers in blocks: never copied, never half empty. */
struct trtc_mp4_block;
struct trtc_mp4_tape {
    struct trtc_mp4_block *first, *last;
    size_t nb_blocks;
};

struct trtc_mp4_reader {
    const struct trtc_mp4_block *block;
    size_t at;
};

/* The sample tables of a track. The tapes hold differences. The counts are those of the entries in
 * the boxes, so that the size of the boxes is known without reading the tapes. */
struct trtc_mp4_table {
    struct trtc_mp4_tape samples;
    struct trtc_mp4_tape chunks;
    uint32_t nb_samples, nb_keys, nb_chunks;
    uint32_t nb_stts, nb_ctts, nb_stsc; /* numbers of runs */
    uint32_t size;                      /* common size of all samples; 0: they differ */
    bool reorders;                      /* some composition offset is not 0 */
    int64_t first_dts, last_dts;
    int64_t min_pts, max_pts;
    int64_t step;                 /* time between the last two samples */
    int64_t last_step;            /* time from the last sample to the end of the track, set by
                                     trtc_mp4_table_close */
    int64_t cts;                  /* of the last sample */
    int64_t chunk_offset;         /* of the open chunk */
    int64_t chunk_end, chunk_dts; /* where its last sample ends; when its first begins */
    uint32_t chunk_samples;       /* 0: no chunk is open */
    uint32_t chunk_entry;         /* the sample entry of its samples */
    int64_t prev_offset;          /* of the chunk closed last */
    uint32_t prev_samples, prev_entry;
};

/* One sample, and one chunk, as stored on the tapes. */
struct trtc_mp4_sample {
    uint32_t size;
    bool key;
    int64_t step; /* dts minus the dts of the sample before; 0 for the first one */
    int64_t cts;
};

struct trtc_mp4_chunk {
    int64_t offset;
    uint32_t nb_samples;
    uint32_t entry;
};

/* Adds a sample that starts at offset in the file. 0, or -1: out of memory. */
int trtc_mp4_table_add(struct trtc_mp4_table *t, const struct trtc_sample *s, int64_t offset);
/* Closes the open chunk, if there is one. 0, or -1: out of memory. */
int trtc_mp4_table_end_chunk(struct trtc_mp4_table *t);
/* Sets the step of the last sample and closes the open chunk; the counts are final then. 0, or -1:
 * out of memory. */
int trtc_mp4_table_close(struct trtc_mp4_table *t, int64_t last_step);
void trtc_mp4_table_fini(struct trtc_mp4_table *t);
size_t trtc_mp4_table_memory(const struct trtc_mp4_table *t);

/* Starts reading a tape. There is no end mark: the caller counts. */
struct trtc_mp4_reader trtc_mp4_tape_start(const struct trtc_mp4_tape *t);
/* Reads the next sample. *s must hold the sample before it (all zeros at the start). */
void trtc_mp4_next_sample(struct trtc_mp4_reader *r, struct trtc_mp4_sample *s);
/* Reads the next chunk. *c must hold the chunk before it (all zeros at the start). */
void trtc_mp4_next_chunk(struct trtc_mp4_reader *r, struct trtc_mp4_chunk *c);

/* How some of a track's samples are decoded. */
struct trtc_mp4_entry {
    uint8_t *data; /* the complete sample entry box; NULL: not described yet */
    size_t size;
    uint32_t width_fixed, height_fixed; /* displayed size, 16.16 */
    uint32_t nb_samples;                /* number of samples that refer to it */
};

struct trtc_mp4_trak {
    enum trtc_codec codec;
    uint32_t timescale;
    char *name; /* of the handler; NULL: the name of its kind */
    struct trtc_mp4_entry entries[TRTC_MP4_ENTRIES_MAX];
    int nb_entries;  /* up to the last one that is described or referred to */
    int64_t end;     /* set by trtc_mp4_end_track; INT64_MIN: not set */
    int64_t dts_max; /* limit that keeps all sums and products from overflowing */
    struct trtc_mp4_table table;
};

/* The item that states the losses: a domain of ours, and a word. */
#define TRTC_MP4_LOSSES_MEAN "org.trtc-tools"
#define TRTC_MP4_LOSSES_NAME "losses"

struct trtc_mp4 {
    struct trtc_mp4_out out;
    char *name, *title, *comment;
    int64_t nb_losses;
    int64_t creation_ms;
    int64_t media; /* offset of the first byte of media */
    bool give_back;
    bool finished;
    int nb_tracks;
    struct trtc_mp4_trak *tracks;
};

enum {
    TRTC_MP4_SETS_MAX = 255, /* per track, all kinds together */
    TRTC_MP4_H264_SPS = 7,   /* nal_unit_type */
    TRTC_MP4_H264_PPS = 8,
    TRTC_MP4_H265_VPS = 32,
    TRTC_MP4_H265_SPS = 33,
    TRTC_MP4_H265_PPS = 34,
};

/* A parameter set without its start code; points into the data in which it was found. */
struct trtc_mp4_set {
    const uint8_t *p;
    size_t n;
    int type;
};

struct trtc_mp4_sets {
    struct trtc_mp4_set v[TRTC_MP4_SETS_MAX];
    int nb;
};

/* What avcC states about the sequence parameter sets. */
struct trtc_mp4_h264 {
    uint8_t profile;                           /* the highest one */
    uint8_t compat, level;                     /* what is true of all of them */
    bool has_format;                           /* the next three fields are present */
    uint32_t chroma, depth_luma, depth_chroma; /* chroma_format_idc; bits minus 8 */
};

/* What hvcC states about the sequence parameter sets: from the one with the highest profile, but
 * the highest level of all. */
struct trtc_mp4_h265 {
    uint8_t ptl[12];    /* general part of profile_tier_level, unchanged */
    uint32_t nb_layers; /* number of temporal layers */
    uint32_t nested;    /* sps_temporal_id_nesting_flag */
    uint32_t chroma, depth_luma, depth_chroma;
};

/* Lists the different parameter sets in a piece of Annex B data, in order. 0, or -1. */
int trtc_mp4_list_sets(enum trtc_codec codec, const uint8_t *p, size_t size,
                       struct trtc_mp4_sets *out, struct trtc_err *err);
int trtc_mp4_count_sets(const struct trtc_mp4_sets *list, int type);
/* Reads what a configuration record needs. TRTC_EX_DATAERR: a mandatory set is missing or
 * damaged. */
int trtc_mp4_h264_read(const struct trtc_mp4_sets *list, struct trtc_mp4_h264 *out,
                       struct trtc_err *err);
int trtc_mp4_h265_read(const struct trtc_mp4_sets *list, struct trtc_mp4_h265 *out,
                       struct trtc_err *err);

/* Makes the sample entry (avc1, hvc1, mp4a) for a track of codec and replaces the content of *e,
 * which is unchanged on failure. 0, or -1. */
int trtc_mp4_entry_make(struct trtc_mp4_entry *e, enum trtc_codec codec,
                        const struct trtc_mp4_track *src, struct trtc_err *err);

/* The first entry that samples refer to, usually that of what is displayed first. */
const struct trtc_mp4_entry *trtc_mp4_entry_first(const struct trtc_mp4_trak *t);

/* An upper bound for the size of the index with the present counts; wide as in
 * trtc_mp4_boxes_new. */
int64_t trtc_mp4_moov_bound(const struct trtc_mp4 *m, bool wide);

enum { TRTC_MP4_BOXES = 16, TRTC_MP4_BOXES_OF_TRACK = 24 }; /* more than an index can have */

/* The index is made in two passes, since each box begins with its size. In the first pass o only
 * counts, and size is filled in the order in which boxes begin. The second pass takes the sizes
 * from there and stores the end of each box in their place. */
struct trtc_mp4_boxes {
    const struct trtc_mp4 *m;
    struct trtc_mp4_out *o;
    bool measuring, wide;
    int64_t shift;      /* added to chunk offsets */
    uint32_t timescale; /* of the movie: mvhd, tkhd, elst */
    uint64_t creation;  /* seconds since 1904; 0: unknown */
    int nb, most;       /* boxes begun so far in this pass; room for them */
    int64_t size[];
};

int trtc_mp4_begin(struct trtc_mp4_boxes *b, const char *type);
int trtc_mp4_begin_full(struct trtc_mp4_boxes *b, const char *type, unsigned version,
                        unsigned flags);
/* Ends a box; box is what trtc_mp4_begin or trtc_mp4_begin_full returned. */
void trtc_mp4_end(struct trtc_mp4_boxes *b, int box);
/* Writes the sample table box. */
void trtc_mp4_put_stbl(struct trtc_mp4_boxes *b, const struct trtc_mp4_trak *t);

/* Measures the index with chunk offsets of 4 or (wide) 8 bytes. NULL: out of memory. */
struct trtc_mp4_boxes *trtc_mp4_boxes_new(const struct trtc_mp4 *m, bool wide, int64_t *moov_bytes);
/* Writes the index to o, with shift added to the chunk offsets. */
void trtc_mp4_boxes_write(struct trtc_mp4_boxes *b, struct trtc_mp4_out *o, int64_t shift);
void trtc_mp4_boxes_free(struct trtc_mp4_boxes **b);
void trtc_mp4_put_ftyp(const struct trtc_mp4 *m, struct trtc_mp4_out *o);

struct trtc_mp4_move { /* a move of the bytes in start..end */
    int fd;
    int64_t start, end, shift;
    uint8_t *buf; /* the buffer for copying */
    size_t buf_size;
    const char *name; /* for messages */
};

/* Moves the bytes up by shift, from their end backwards. 0, or -1. */
int trtc_mp4_move_up(const struct trtc_mp4_move *m, struct trtc_err *err);
/* Moves the bytes down by shift, from their beginning on, and cuts the file after them. 0, or
 * -1. */
int trtc_mp4_move_down(const struct trtc_mp4_move *m, struct trtc_err *err);
/* Lets the file system move the whole file up by shift, which copies nothing. 1: done; 0: not
 * possible, and nothing was changed; -1: failure. */
int trtc_mp4_insert_range(int fd, int64_t shift, const char *name, struct trtc_err *err);

#endif
