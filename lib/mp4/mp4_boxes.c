/* SPDX-License-Identifier: MIT */
/* MP4 writer: the index (moov) from the sample tables. ISO/IEC 14496-12; section numbers there. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "mp4/mp4_priv.h"

enum {
    TRAK_OVERHEAD_BYTES = 1024, /* boxes of a track without their entries; actually about 500,
                                   and the name */
    MOOV_OVERHEAD_BYTES = 1024,
    LOSSES_BYTES = 128, /* the item that states them */
};

/* Seconds from 1904, when times in MP4 begin, to 1970. */
#define EPOCH_1904_S INT64_C(2082844800)

/* When and how long a track is presented, in its own ticks and in the movie's. */
struct timing {
    int64_t media_ticks; /* sum of the samples' durations */
    int64_t media_time;  /* where the presentation starts in the media: the first pts, or zero */
    uint64_t media;      /* movie ticks: the shown part of the media */
    uint64_t empty;      /* movie ticks before that part */
    bool edits;
};

int trtc_mp4_begin(struct trtc_mp4_boxes *b, const char *type)
{
    int i = b->nb++;
    int64_t start = trtc_mp4_tell(b->o);

    assert(i < b->most);
    if (b->measuring) {
        b->size[i] = start;
        trtc_mp4_put_zeros(b->o, 8);
        return i;
    }
    trtc_mp4_put_be(b->o, (uint64_t)b->size[i], 4);
    trtc_mp4_put(b->o, type, 4);
    b->size[i] += start;
    return i;
}

int trtc_mp4_begin_full(struct trtc_mp4_boxes *b, const char *type, unsigned version,
                        unsigned flags)
{
    int i = trtc_mp4_begin(b, type);

    trtc_mp4_put_be(b->o, version << 24 | flags, 4);
    return i;
}

void trtc_mp4_end(struct trtc_mp4_boxes *b, int i)
{
    int64_t at = trtc_mp4_tell(b->o);

    if (b->measuring)
        b->size[i] = at - b->size[i];
    else
        assert(b->size[i] == at); /* both passes make the same boxes */
}

static void put(struct trtc_mp4_boxes *b, uint64_t v, int nb_bytes)
{
    trtc_mp4_put_be(b->o, v, nb_bytes);
}

/* Converts v ticks to another timescale, rounded up. dts_max ensures that nothing overflows. */
static uint64_t rescale_up(int64_t v, uint32_t from, uint32_t to)
{
    uint64_t u = (uint64_t)v;

    return u / from * to + (u % from * to + from - 1) / from;
}

/* Converts to the nearest tick: converted back to a timescale that is no finer, the result is exact
 * again. */
static uint64_t rescale(int64_t v, uint32_t from, uint32_t to)
{
    uint64_t u = (uint64_t)v;

    return u / from * to + (u % from * to + from / 2) / from;
}

static struct timing timing_of(const struct trtc_mp4_boxes *b, const struct trtc_mp4_trak *t)
{
    const struct trtc_mp4_table *s = &t->table;
    int64_t start = s->min_pts > 0 ? s->min_pts : 0;
    struct timing r;

    r.media_ticks = s->last_dts + s->last_step - s->first_dts;
    r.media_time = start - s->first_dts;
    r.media = rescale_up(s->last_dts + s->last_step - start, t->timescale, b->timescale);
    r.empty = rescale(start, t->timescale, b->timescale);
    r.edits = r.empty > 0 || r.media_time > 0;
    return r;
}

/* The largest timescale of all tracks, so that no edit is coarser than a tick of any track. */
static uint32_t movie_timescale(const struct trtc_mp4 *m)
{
    uint32_t max = 1;

    for (int i = 0; i < m->nb_tracks; i++)
        if (m->tracks[i].table.nb_samples > 0 && m->tracks[i].timescale > max)
            max = m->tracks[i].timescale;
    return max;
}

static void put_matrix(struct trtc_mp4_boxes *b)
{
    static const uint32_t unity[9] = { 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000 };

    for (int i = 0; i < 9; i++)
        put(b, unity[i], 4);
}

/* Writes creation and modification time, in the width of the header's version. */
static void put_dates(struct trtc_mp4_boxes *b, unsigned version)
{
    put(b, b->creation, version ? 8 : 4);
    put(b, b->creation, version ? 8 : 4);
}

static unsigned header_version(const struct trtc_mp4_boxes *b, uint64_t duration)
{
    /* all ones means "unknown" in version 0 */
    return duration >= UINT32_MAX || b->creation > UINT32_MAX;
}

/* 8.2.2 */
static void put_mvhd(struct trtc_mp4_boxes *b)
{
    uint64_t duration = 0;
    unsigned version;
    uint32_t next_id = 1;
    int box;

    for (int i = 0; i < b->m->nb_tracks; i++) {
        const struct trtc_mp4_trak *t = &b->m->tracks[i];
        struct timing tm;

        if (t->table.nb_samples == 0)
            continue;
        tm = timing_of(b, t);
        if (tm.empty + tm.media > duration)
            duration = tm.empty + tm.media;
        next_id++;
    }
    version = header_version(b, duration);
    box = trtc_mp4_begin_full(b, "mvhd", version, 0);
    put_dates(b, version);
    put(b, b->timescale, 4);
    put(b, duration, version ? 8 : 4);
    put(b, 0x10000, 4); /* rate */
    put(b, 0x100, 2);   /* volume */
    trtc_mp4_put_zeros(b->o, 10);
    put_matrix(b);
    trtc_mp4_put_zeros(b->o, 24);
    put(b, next_id, 4);
    trtc_mp4_end(b, box);
}

/* 8.3.2. Sound tracks are alternatives to each other, of which the first is on. */
static void put_tkhd(struct trtc_mp4_boxes *b, const struct trtc_mp4_trak *t, uint32_t id,
                     bool enabled)
{
    struct timing tm = timing_of(b, t);
    uint64_t duration = tm.empty + tm.media;
    unsigned version = header_version(b, duration);
    bool sound = t->codec == TRTC_CODEC_AAC;
    int box = trtc_mp4_begin_full(b, "tkhd", version, enabled ? 3 : 2);

    put_dates(b, version);
    put(b, id, 4);
    put(b, 0, 4);
    put(b, duration, version ? 8 : 4);
    trtc_mp4_put_zeros(b->o, 8);
    put(b, 0, 2);                 /* layer */
    put(b, sound ? 1 : 0, 2);     /* alternate_group */
    put(b, sound ? 0x100 : 0, 2); /* volume */
    put(b, 0, 2);
    put_matrix(b);
    put(b, trtc_mp4_entry_first(t)->width_fixed, 4);
    put(b, trtc_mp4_entry_first(t)->height_fixed, 4);
    trtc_mp4_end(b, box);
}

/* 8.6.6: an empty edit up to the track's start, then the media from its first picture shown. */
static void put_edits(struct trtc_mp4_boxes *b, const struct trtc_mp4_trak *t)
{
    struct timing tm = timing_of(b, t);
    bool wide = tm.empty > UINT32_MAX || tm.media > UINT32_MAX || tm.media_time > INT32_MAX;
    int n = wide ? 8 : 4;
    int edts, elst;

    if (!tm.edits)
        return;
    edts = trtc_mp4_begin(b, "edts");
    elst = trtc_mp4_begin_full(b, "elst", wide, 0);
    put(b, tm.empty > 0 ? 2 : 1, 4);
    if (tm.empty > 0) {
        put(b, tm.empty, n);
        put(b, UINT64_MAX, n); /* media time -1: nothing */
        put(b, 0x10000, 4);
    }
    put(b, tm.media, n);
    put(b, (uint64_t)tm.media_time, n);
    put(b, 0x10000, 4);
    trtc_mp4_end(b, elst);
    trtc_mp4_end(b, edts);
}

/* 8.4.2 */
static void put_mdhd(struct trtc_mp4_boxes *b, const struct trtc_mp4_trak *t)
{
    uint64_t duration = (uint64_t)timing_of(b, t).media_ticks;
    unsigned version = header_version(b, duration);
    int box = trtc_mp4_begin_full(b, "mdhd", version, 0);

    put_dates(b, version);
    put(b, t->timescale, 4);
    put(b, duration, version ? 8 : 4);
    put(b, 0x55c4, 2); /* language: undetermined */
    put(b, 0, 2);
    trtc_mp4_end(b, box);
}

/* 8.4.3 */
static void put_hdlr(struct trtc_mp4_boxes *b, const char *type, const char *owner,
                     const char *name)
{
    int box = trtc_mp4_begin_full(b, "hdlr", 0, 0);

    put(b, 0, 4);
    trtc_mp4_put(b->o, type, 4);
    trtc_mp4_put(b->o, owner, 4);
    trtc_mp4_put_zeros(b->o, 8);
    trtc_mp4_put(b->o, name, strlen(name) + 1);
    trtc_mp4_end(b, box);
}

/* 8.4.4: the media header of the kind, one data reference to this file, the tables. */
static void put_minf(struct trtc_mp4_boxes *b, const struct trtc_mp4_trak *t)
{
    bool sound = t->codec == TRTC_CODEC_AAC;
    int minf = trtc_mp4_begin(b, "minf");
    int head = trtc_mp4_begin_full(b, sound ? "smhd" : "vmhd", 0, sound ? 0 : 1);
    int dinf, dref;

    trtc_mp4_put_zeros(b->o, sound ? 4 : 8);
    trtc_mp4_end(b, head);
    dinf = trtc_mp4_begin(b, "dinf");
    dref = trtc_mp4_begin_full(b, "dref", 0, 0);
    put(b, 1, 4);
    trtc_mp4_end(b, trtc_mp4_begin_full(b, "url ", 0, 1));
    trtc_mp4_end(b, dref);
    trtc_mp4_end(b, dinf);
    trtc_mp4_put_stbl(b, t);
    trtc_mp4_end(b, minf);
}

static void put_trak(struct trtc_mp4_boxes *b, const struct trtc_mp4_trak *t, uint32_t id,
                     bool enabled)
{
    bool sound = t->codec == TRTC_CODEC_AAC;
    int trak = trtc_mp4_begin(b, "trak");
    int mdia;

    put_tkhd(b, t, id, enabled);
    put_edits(b, t);
    mdia = trtc_mp4_begin(b, "mdia");
    put_mdhd(b, t);
    put_hdlr(b, sound ? "soun" : "vide", "\0\0\0", t->name ? t->name : sound ? "sound" : "video");
    put_minf(b, t);
    trtc_mp4_end(b, mdia);
    trtc_mp4_end(b, trak);
}

static void put_data(struct trtc_mp4_boxes *b, const char *text)
{
    const int data = trtc_mp4_begin(b, "data");
    put(b, 1, 4); /* UTF-8 */
    put(b, 0, 4);
    trtc_mp4_put(b->o, text, strlen(text));
    trtc_mp4_end(b, data);
}

static void put_item(struct trtc_mp4_boxes *b, const char *type, const char *text)
{
    if (!text)
        return;
    const int item = trtc_mp4_begin(b, type);
    put_data(b, text);
    trtc_mp4_end(b, item);
}

static void put_text_box(struct trtc_mp4_boxes *b, const char *type, const char *text)
{
    const int box = trtc_mp4_begin_full(b, type, 0, 0);
    trtc_mp4_put(b->o, text, strlen(text));
    trtc_mp4_end(b, box);
}

/* Writes an item that is not one of iTunes: who defines it, its name, its value. */
static void put_losses(struct trtc_mp4_boxes *b, int64_t nb)
{
    char text[24];
    if (nb <= 0)
        return;
    snprintf(text, sizeof text, "%" PRId64, nb);
    const int item = trtc_mp4_begin(b, "----");
    put_text_box(b, "mean", TRTC_MP4_LOSSES_MEAN);
    put_text_box(b, "name", TRTC_MP4_LOSSES_NAME);
    put_data(b, text);
    trtc_mp4_end(b, item);
}

/* Writes title and comment in the way of iTunes and its successors. */
static void put_udta(struct trtc_mp4_boxes *b)
{
    int udta, meta, ilst;

    if (!b->m->title && !b->m->comment && b->m->nb_losses <= 0)
        return;
    udta = trtc_mp4_begin(b, "udta");
    meta = trtc_mp4_begin_full(b, "meta", 0, 0);
    put_hdlr(b, "mdir", "appl", "");
    ilst = trtc_mp4_begin(b, "ilst");
    put_item(b, "\xa9nam", b->m->title);
    put_item(b,
             "\xa9"
             "cmt",
             b->m->comment);
    put_losses(b, b->m->nb_losses);
    trtc_mp4_end(b, ilst);
    trtc_mp4_end(b, meta);
    trtc_mp4_end(b, udta);
}

static void put_moov(struct trtc_mp4_boxes *b)
{
    bool sound_on = false;
    uint32_t id = 1;
    int moov;

    b->nb = 0;
    moov = trtc_mp4_begin(b, "moov");
    put_mvhd(b);
    for (int i = 0; i < b->m->nb_tracks; i++) {
        const struct trtc_mp4_trak *t = &b->m->tracks[i];
        bool sound = t->codec == TRTC_CODEC_AAC;

        if (t->table.nb_samples == 0)
            continue;
        put_trak(b, t, id++, !sound || !sound_on);
        sound_on |= sound;
    }
    put_udta(b);
    trtc_mp4_end(b, moov);
}

struct trtc_mp4_boxes *trtc_mp4_boxes_new(const struct trtc_mp4 *m, bool wide, int64_t *moov_bytes)
{
    const int most = TRTC_MP4_BOXES + m->nb_tracks * TRTC_MP4_BOXES_OF_TRACK;
    struct trtc_mp4_boxes *b = calloc(1, sizeof(*b) + (size_t)most * sizeof(*b->size));
    struct trtc_mp4_out count = { 0 };

    if (!b)
        return NULL;
    b->most = most;
    b->m = m;
    b->o = &count;
    b->measuring = true;
    b->wide = wide;
    b->timescale = movie_timescale(m);
    /* rounded down, so that times before 1970 are right too; there are none before 1904 */
    if (m->creation_ms != TRTC_NOTIME && m->creation_ms / 1000 > -EPOCH_1904_S)
        b->creation = (uint64_t)((m->creation_ms + EPOCH_1904_S * 1000) / 1000);
    put_moov(b);
    *moov_bytes = count.pos;
    b->measuring = false;
    return b;
}

void trtc_mp4_boxes_write(struct trtc_mp4_boxes *b, struct trtc_mp4_out *o, int64_t shift)
{
    b->o = o;
    b->shift = shift;
    put_moov(b);
}

void trtc_mp4_boxes_free(struct trtc_mp4_boxes **b)
{
    free(*b);
    *b = NULL;
}

/* 4.3. Always four compatible brands, so that the size is constant. */
void trtc_mp4_put_ftyp(const struct trtc_mp4 *m, struct trtc_mp4_out *o)
{
    static const char h264[] = "ftypisom\0\0\2\0isomiso2avc1mp41";
    static const char h265[] = "ftypisom\0\0\2\0isomiso2iso6mp41";
    static const char sound[] = "ftypM4A \0\0\2\0M4A isomiso2mp42";
    const char *s = sound;

    for (int i = 0; i < m->nb_tracks; i++) {
        const struct trtc_mp4_trak *t = &m->tracks[i];

        if (t->table.nb_samples > 0 && t->codec != TRTC_CODEC_AAC)
            s = t->codec == TRTC_CODEC_H264 ? h264 : h265;
    }
    trtc_mp4_put_be(o, TRTC_MP4_FTYP_BYTES, 4);
    trtc_mp4_put(o, s, TRTC_MP4_FTYP_BYTES - 4);
}

int64_t trtc_mp4_moov_bound(const struct trtc_mp4 *m, bool wide)
{
    int64_t n = MOOV_OVERHEAD_BYTES;

    n += m->title ? (int64_t)strlen(m->title) : 0;
    n += m->comment ? (int64_t)strlen(m->comment) : 0;
    n += m->nb_losses > 0 ? LOSSES_BYTES : 0;
    for (int i = 0; i < m->nb_tracks; i++) {
        const struct trtc_mp4_trak *t = &m->tracks[i];
        const struct trtc_mp4_table *s = &t->table;

        if (s->nb_samples == 0)
            continue;
        n += TRAK_OVERHEAD_BYTES;
        for (int e = 0; e < t->nb_entries; e++)
            n += (int64_t)t->entries[e].size;
        n += INT64_C(8) * s->nb_stts + INT64_C(8) * (s->reorders ? s->nb_ctts : 0);
        n += s->nb_keys < s->nb_samples ? INT64_C(4) * s->nb_keys : 0;
        n += s->size == 0 ? INT64_C(4) * s->nb_samples : 0;
        n += INT64_C(12) * s->nb_stsc + (wide ? INT64_C(8) : INT64_C(4)) * s->nb_chunks;
    }
    return n;
}
