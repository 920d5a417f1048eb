/* SPDX-License-Identifier: MIT */
/* What the files of the MP4 writer share: the buffered output, the sample tables, the tracks. */
#ifndef TRTC_MP4_MP4_PRIV_H
#define TRTC_MP4_MP4_PRIV_H

#include "mp4/mp4.h"

enum {
    TRTC_MP4_TRACKS_MAX = 32,
    TRTC_MP4_NAME_MAX = 255,      /* bytes of a track's name */
    TRTC_MP4_BUF_BYTES = 1 << 20, /* one write(2), and the longest chunk that is grown */
    TRTC_MP4_ALIGN_BYTES = 4096,  /* the media starts at, and moves by, a multiple of this */
    TRTC_MP4_FTYP_BYTES = 32,
    TRTC_MP4_SAMPLES_MAX = 1 << 26, /* of a track (6 days at 120 a second): the index stays
                                       below the 4 GiB that a box can have */
};

/* Bytes to a file in sequence, or only counted. A failure sticks: what follows is dropped. */
struct trtc_mp4_out {
    int fd;
    const char *name; /* for messages */
    uint8_t *buf;     /* TRTC_MP4_BUF_BYTES, or NULL: count only */
    size_t used;
    int64_t pos; /* file offset of buf[0] */
    bool failed;
    struct trtc_err err; /* why */
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

/* A log of variable-length numbers in blocks: never copied, never half empty. */
struct trtc_mp4_block;
struct trtc_mp4_tape {
    struct trtc_mp4_block *first, *last;
    size_t nb_blocks;
};

struct trtc_mp4_reader {
    const struct trtc_mp4_block *block;
    size_t at;
};

/* One track's sample tables. The tapes hold differences; the counts are those of the boxes'
 * entries, so that their size is known without reading the tapes. */
struct trtc_mp4_table {
    struct trtc_mp4_tape samples;
    struct trtc_mp4_tape chunks;
    uint32_t nb_samples, nb_keys, nb_chunks;
    uint32_t nb_stts, nb_ctts, nb_stsc; /* runs */
    uint32_t size;                      /* of every sample; 0: they differ */
    bool reorders;                      /* some cts offset is not 0 */
    int64_t first_dts, last_dts;
    int64_t min_pts, max_pts;
    int64_t step;                 /* from the sample before the last to the last */
    int64_t last_step;            /* from the last sample to the track's end, set by
                                     trtc_mp4_table_close */
    int64_t cts;                  /* of the last sample */
    int64_t chunk_offset;         /* of the open chunk */
    int64_t chunk_end, chunk_dts; /* where its last sample ends; when its first begins */
    uint32_t chunk_samples;       /* 0: none is open */
    uint32_t chunk_entry;         /* the sample entry of its samples */
    int64_t prev_offset;          /* of the closed chunk before */
    uint32_t prev_samples, prev_entry;
};

/* One sample and one chunk as the tapes have them. */
struct trtc_mp4_sample {
    uint32_t size;
    bool key;
    int64_t step; /* dts minus the dts of the sample before; 0 for the first */
    int64_t cts;
};

struct trtc_mp4_chunk {
    int64_t offset;
    uint32_t nb_samples;
    uint32_t entry;
};

/* Notes a sample that starts at offset in the file. Returns 0 or -1 (out of memory). */
int trtc_mp4_table_add(struct trtc_mp4_table *t, const struct trtc_sample *s, int64_t offset);
/* Ends the open chunk (a no-op without one). Returns 0 or -1 (out of memory). */
int trtc_mp4_table_end_chunk(struct trtc_mp4_table *t);
/* Fixes the last sample's step and ends the open chunk; the counts are final then. */
int trtc_mp4_table_close(struct trtc_mp4_table *t, int64_t last_step);
void trtc_mp4_table_fini(struct trtc_mp4_table *t);
size_t trtc_mp4_table_memory(const struct trtc_mp4_table *t);

/* Readers start zeroed but for the block. The caller counts: there is no end mark. */
struct trtc_mp4_reader trtc_mp4_tape_start(const struct trtc_mp4_tape *t);
/* *s holds the sample before (zeroed at the start). */
void trtc_mp4_next_sample(struct trtc_mp4_reader *r, struct trtc_mp4_sample *s);
/* *c holds the chunk before (zeroed at the start). */
void trtc_mp4_next_chunk(struct trtc_mp4_reader *r, struct trtc_mp4_chunk *c);

/* How some of a track's samples are to be decoded. */
struct trtc_mp4_entry {
    uint8_t *data; /* the sample entry box, complete; NULL: not described */
    size_t size;
    uint32_t width_fixed, height_fixed; /* shown size, 16.16 */
    uint32_t nb_samples;                /* that name it */
};

struct trtc_mp4_trak {
    enum trtc_codec codec;
    uint32_t timescale;
    char *name; /* of the handler; NULL: that of its kind */
    struct trtc_mp4_entry entries[TRTC_MP4_ENTRIES_MAX];
    int nb_entries;  /* up to the last one described or named */
    int64_t end;     /* as trtc_mp4_end_track says; INT64_MIN: not set */
    int64_t dts_max; /* so that no sum and no product overflows */
    struct trtc_mp4_table table;
};

/* The item that names the losses: a domain that is ours, and a word. */
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
    struct trtc_mp4_trak tracks[TRTC_MP4_TRACKS_MAX];
};

enum {
    TRTC_MP4_SETS_MAX = 255, /* of a track, all kinds together */
    TRTC_MP4_H264_SPS = 7,   /* nal_unit_type */
    TRTC_MP4_H264_PPS = 8,
    TRTC_MP4_H265_VPS = 32,
    TRTC_MP4_H265_SPS = 33,
    TRTC_MP4_H265_PPS = 34,
};

/* One parameter set, without start code; points into what it was found in. */
struct trtc_mp4_set {
    const uint8_t *p;
    size_t n;
    int type;
};

struct trtc_mp4_sets {
    struct trtc_mp4_set v[TRTC_MP4_SETS_MAX];
    int nb;
};

/* What avcC says of the sequence parameter sets. */
struct trtc_mp4_h264 {
    uint8_t profile;                           /* the highest */
    uint8_t compat, level;                     /* what holds for all of them */
    bool has_format;                           /* the three below are present */
    uint32_t chroma, depth_luma, depth_chroma; /* chroma_format_idc, bits less 8 */
};

/* What hvcC says of the sequence parameter sets: of that of the highest profile, and the highest
 * level. */
struct trtc_mp4_h265 {
    uint8_t ptl[12];    /* general part of profile_tier_level, as it stands there */
    uint32_t nb_layers; /* temporal */
    uint32_t nested;    /* sps_temporal_id_nesting_flag */
    uint32_t chroma, depth_luma, depth_chroma;
};

/* Lists the different parameter sets of an Annex B stretch, in order. */
int trtc_mp4_list_sets(enum trtc_codec codec, const uint8_t *p, size_t size,
                       struct trtc_mp4_sets *out, struct trtc_err *err);
int trtc_mp4_count_sets(const struct trtc_mp4_sets *list, int type);
/* TRTC_EX_DATAERR where a set that must be there is missing or damaged. */
int trtc_mp4_h264_read(const struct trtc_mp4_sets *list, struct trtc_mp4_h264 *out,
                       struct trtc_err *err);
int trtc_mp4_h265_read(const struct trtc_mp4_sets *list, struct trtc_mp4_h265 *out,
                       struct trtc_err *err);

/* Makes the sample entry (avc1, hvc1, mp4a) for a track of codec, in place of what *e holds;
 * left as it is on failure. */
int trtc_mp4_entry_make(struct trtc_mp4_entry *e, enum trtc_codec codec,
                        const struct trtc_mp4_track *src, struct trtc_err *err);

/* The first entry that samples name: that of what is shown first, as a rule. */
const struct trtc_mp4_entry *trtc_mp4_entry_first(const struct trtc_mp4_trak *t);

/* An upper bound of the index's size, from the counts as they are now; wide as below. */
int64_t trtc_mp4_moov_bound(const struct trtc_mp4 *m, bool wide);

enum { TRTC_MP4_BOXES_MAX = TRTC_MP4_TRACKS_MAX * 24 + 16 }; /* more than an index can have */

/* The index in two passes, measured and written: boxes need their size in front. In the first
 * pass o only counts and size is filled, in the order in which boxes begin; the second takes the
 * sizes from there, and keeps where the box ends in their place. */
struct trtc_mp4_boxes {
    const struct trtc_mp4 *m;
    struct trtc_mp4_out *o;
    bool measuring, wide;
    int64_t shift;      /* added to chunk offsets */
    uint32_t timescale; /* of the movie: mvhd, tkhd, elst */
    uint64_t creation;  /* since 1904; 0: not known */
    int nb;             /* boxes begun in this pass */
    int64_t size[TRTC_MP4_BOXES_MAX];
};

int trtc_mp4_begin(struct trtc_mp4_boxes *b, const char *type);
int trtc_mp4_begin_full(struct trtc_mp4_boxes *b, const char *type, unsigned version,
                        unsigned flags);
/* box is what the two above returned. */
void trtc_mp4_end(struct trtc_mp4_boxes *b, int box);
/* The sample table box. */
void trtc_mp4_put_stbl(struct trtc_mp4_boxes *b, const struct trtc_mp4_trak *t);

/* Measures it for chunk offsets of 4 or (wide) 8 bytes. NULL: out of memory. */
struct trtc_mp4_boxes *trtc_mp4_boxes_new(const struct trtc_mp4 *m, bool wide, int64_t *moov_bytes);
/* Writes it to o, chunk offsets shift bytes up. */
void trtc_mp4_boxes_write(struct trtc_mp4_boxes *b, struct trtc_mp4_out *o, int64_t shift);
void trtc_mp4_boxes_free(struct trtc_mp4_boxes **b);
void trtc_mp4_put_ftyp(const struct trtc_mp4 *m, struct trtc_mp4_out *o);

struct trtc_mp4_move { /* of the bytes in start..end */
    int fd;
    int64_t start, end, shift;
    uint8_t *buf; /* what they go through */
    size_t buf_size;
    const char *name; /* for messages */
};

/* Moves them up by shift, from the end backwards. */
int trtc_mp4_move_up(const struct trtc_mp4_move *m, struct trtc_err *err);
/* The same down, from the beginning on; the file ends behind them. */
int trtc_mp4_move_down(const struct trtc_mp4_move *m, struct trtc_err *err);
/* Has the file system move the whole file up by shift, which copies nothing. Returns 1 where it
 * has, 0 where it cannot and nothing was changed, -1. */
int trtc_mp4_insert_range(int fd, int64_t shift, const char *name, struct trtc_err *err);

#endif
