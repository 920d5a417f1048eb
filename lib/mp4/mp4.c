/* SPDX-License-Identifier: MIT */
/* MP4 writer. Samples go straight to the mdat box. At the end the index is written into the room
 * left in front, or the media is moved up if that is too small. The file is
 *
 *     ftyp  moov  [free: unused room]  mdat
 *
 * and until the end everything before the media is a hole in the file. */
#include "mp4/mp4.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/utc.h"
#include "mp4/mp4_priv.h"

enum {
    MDAT_HEADER_BYTES = 8,
    LARGE_HEADER_BYTES = 16, /* header of a box of 4 GiB or more */
    CHUNK_BYTES = 1 << 20,   /* a chunk does not grow beyond this, nor beyond a second */
    TIMESCALE_MAX = 10000000,
    DEFAULT_FPS = 25, /* for a single picture whose end is unknown */
    AAC_FRAME_TICKS = 1024,
    GIVE_BACK_BYTES = 1 << 20, /* less unused room than this is left in the file */
};

#define RESERVE_MAX (INT64_C(1) << 40)

static int64_t align_up(int64_t n)
{
    return (n + TRTC_MP4_ALIGN_BYTES - 1) / TRTC_MP4_ALIGN_BYTES * TRTC_MP4_ALIGN_BYTES;
}

/* A copy of s, which may be NULL. False: out of memory. */
static bool copy_text(char **out, const char *s)
{
    *out = s ? strdup(s) : NULL;
    return *out || !s;
}

/* Cuts UTF-8 to TRTC_MP4_NAME_MAX bytes, between characters. */
static void shorten(char *s)
{
    size_t n = strlen(s);

    if (n <= TRTC_MP4_NAME_MAX)
        return;
    for (n = TRTC_MP4_NAME_MAX; n > 0 && (s[n] & 0xc0) == 0x80; n--)
        ;
    s[n] = '\0';
}

struct trtc_mp4 *trtc_mp4_new(int fd, const char *name, const struct trtc_mp4_info *info,
                              struct trtc_err *err)
{
    struct trtc_mp4 *m = calloc(1, sizeof(*m));
    int64_t reserve = info->reserve_bytes;

    if (!m)
        goto nomem;
    m->out.buf = malloc(TRTC_MP4_BUF_BYTES);
    if (!m->out.buf || !copy_text(&m->name, name) || !copy_text(&m->title, info->title) ||
        !copy_text(&m->comment, info->comment))
        goto nomem;
    if (reserve < 0)
        reserve = 0;
    if (reserve > RESERVE_MAX)
        reserve = RESERVE_MAX;
    m->creation_ms = info->creation_ms;
    m->give_back = info->give_back;
    m->media = align_up(TRTC_MP4_FTYP_BYTES + reserve + LARGE_HEADER_BYTES);
    m->out.fd = fd;
    m->out.name = m->name;
    m->out.pos = m->media;
    return m;
nomem:
    trtc_fail_nomem(err);
    trtc_mp4_free(&m);
    return NULL;
}

static bool is_started(const struct trtc_mp4 *m)
{
    return trtc_mp4_tell(&m->out) > m->media;
}

int trtc_mp4_add_track(struct trtc_mp4 *m, const struct trtc_mp4_track *t, struct trtc_err *err)
{
    struct trtc_mp4_trak *out;

    if (is_started(m))
        return trtc_fail(err, TRTC_EX_SOFTWARE, "%s: a track too late", m->name);
    if (t->codec != TRTC_CODEC_H264 && t->codec != TRTC_CODEC_H265 && t->codec != TRTC_CODEC_AAC)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "%s: this codec cannot be written to MP4", m->name);
    if (t->timescale < 1 || t->timescale > TIMESCALE_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: timescale %" PRIu32, m->name, t->timescale);
    if (trtc_array_room(&m->tracks, (size_t)m->nb_tracks, sizeof(*m->tracks)) < 0)
        return trtc_fail_nomem(err);
    out = &m->tracks[m->nb_tracks];
    memset(out, 0, sizeof(*out));
    out->codec = t->codec;
    out->timescale = t->timescale;
    out->dts_max = (int64_t)UINT32_MAX * t->timescale;
    out->end = TRTC_NOTIME;
    out->nb_entries = 1;
    if (trtc_mp4_entry_make(&out->entries[0], t->codec, t, err))
        return -1;
    if (!copy_text(&out->name, t->name)) {
        free(out->entries[0].data);
        return trtc_fail_nomem(err);
    }
    if (out->name)
        shorten(out->name);
    return m->nb_tracks++;
}

int trtc_mp4_set_entry(struct trtc_mp4 *m, int track, int entry, const struct trtc_mp4_track *t,
                       struct trtc_err *err)
{
    struct trtc_mp4_trak *out;

    if (track < 0 || track >= m->nb_tracks || m->finished || entry < 0 ||
        entry >= TRTC_MP4_ENTRIES_MAX)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "%s: track %d: no sample entry %d", m->name, track,
                         entry);
    out = &m->tracks[track];
    if (trtc_mp4_entry_make(&out->entries[entry], out->codec, t, err))
        return -1;
    if (entry >= out->nb_entries)
        out->nb_entries = entry + 1;
    return 0;
}

/* Checks what the caller guarantees about a sample. */
static int check_sample(const struct trtc_mp4 *m, int track, const struct trtc_sample *v,
                        struct trtc_err *err)
{
    const struct trtc_mp4_table *s;
    const char *why = NULL;

    if (track < 0 || track >= m->nb_tracks || m->finished)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "%s: no track %d", m->name, track);
    s = &m->tracks[track].table;
    if (v->size < 1 || v->size > INT32_MAX)
        why = "its size";
    else if (v->dts < -TRTC_MP4_STEP_MAX || v->dts > m->tracks[track].dts_max || v->pts < v->dts ||
             v->pts - v->dts > INT32_MAX)
        why = "its time";
    else if (s->nb_samples > 0 && v->dts <= s->last_dts)
        why = "its time is not later than that of the sample before";
    else if (s->nb_samples > 0 && v->dts - s->last_dts > TRTC_MP4_STEP_MAX)
        why = "it is too long after the sample before";
    else if (s->nb_samples == TRTC_MP4_SAMPLES_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "%s: track %d has more samples than one file may hold", m->name, track);
    else if (v->entry < 0 || v->entry >= TRTC_MP4_ENTRIES_MAX)
        why = "its sample entry";
    if (!why)
        return 0;
    return trtc_fail(err, TRTC_EX_SOFTWARE,
                     "%s: track %d: sample of %zu bytes at %" PRId64 " refused: %s", m->name, track,
                     v->size, v->dts, why);
}

static int fail_out(const struct trtc_mp4_out *o, struct trtc_err *err)
{
    if (err)
        *err = o->err;
    return -1;
}

int trtc_mp4_write(struct trtc_mp4 *m, int track, const struct trtc_sample *v, struct trtc_err *err)
{
    struct trtc_mp4_trak *t;
    struct trtc_mp4_table *s;
    int64_t at = trtc_mp4_tell(&m->out);

    if (m->out.failed)
        return fail_out(&m->out, err);
    if (check_sample(m, track, v, err))
        return -1;
    t = &m->tracks[track];
    s = &t->table;
    if (s->chunk_samples > 0 &&
        (at + (int64_t)v->size - s->chunk_offset > CHUNK_BYTES ||
         v->dts - s->chunk_dts >= (int64_t)t->timescale) &&
        trtc_mp4_table_end_chunk(s))
        goto nomem;
    if (trtc_mp4_table_add(s, v, at))
        goto nomem;
    t->entries[v->entry].nb_samples++;
    if (v->entry >= t->nb_entries)
        t->nb_entries = v->entry + 1;
    trtc_mp4_put(&m->out, v->data, v->size);
    return m->out.failed ? fail_out(&m->out, err) : 0;
nomem:
    trtc_fail_nomem(&m->out.err);
    m->out.failed = true;
    return fail_out(&m->out, err);
}

/* Where the media starts if the index takes this many bytes: where it is, or moved up or down. */
static int64_t media_for(const struct trtc_mp4 *m, int64_t moov_bytes, int64_t mdat_header)
{
    int64_t need = TRTC_MP4_FTYP_BYTES + moov_bytes + mdat_header;
    int64_t left = m->media - need, payload = trtc_mp4_tell(&m->out) - m->media;

    if (m->give_back && left > GIVE_BACK_BYTES && left > payload)
        return align_up(need + 8);
    /* every box, so also the free box, has at least 8 bytes */
    if (m->media == need || m->media >= need + 8)
        return m->media;
    return m->media + align_up(need + 8 - m->media);
}

/* trtc_mp4_size() with chunk offsets of 4 or (wide) 8 bytes. */
static int64_t size_for(const struct trtc_mp4 *m, bool wide)
{
    return media_for(m, trtc_mp4_moov_bound(m, wide), LARGE_HEADER_BYTES) + trtc_mp4_tell(&m->out) -
           m->media;
}

/* Whether some chunk, moved up as far as possible, may begin beyond what 4 bytes can express. */
static bool needs_wide(const struct trtc_mp4 *m)
{
    return size_for(m, false) > UINT32_MAX;
}

int64_t trtc_mp4_size(const struct trtc_mp4 *m)
{
    return size_for(m, needs_wide(m));
}

size_t trtc_mp4_table_bytes(const struct trtc_mp4 *m, uint64_t *nb_samples)
{
    size_t bytes = 0;

    if (nb_samples)
        *nb_samples = 0;
    for (int i = 0; i < m->nb_tracks; i++) {
        bytes += trtc_mp4_table_memory(&m->tracks[i].table);
        if (nb_samples)
            *nb_samples += m->tracks[i].table.nb_samples;
    }
    return bytes;
}

void trtc_mp4_end_track(struct trtc_mp4 *m, int track, int64_t end)
{
    assert(track >= 0 && track < m->nb_tracks);
    m->tracks[track].end = end;
}

/* The duration of the sample that is displayed last, in ticks. */
static int64_t last_shown(const struct trtc_mp4_trak *t)
{
    const struct trtc_mp4_table *s = &t->table;

    if (t->end != TRTC_NOTIME)
        return t->end > s->max_pts ? t->end - s->max_pts : 1;
    if (s->nb_samples > 1)
        return s->step;
    if (t->codec == TRTC_CODEC_AAC)
        return AAC_FRAME_TICKS;
    return t->timescale > DEFAULT_FPS ? t->timescale / DEFAULT_FPS : 1;
}

/* Checks that every entry which samples refer to is described. */
static int check_entries(const struct trtc_mp4 *m, int track, struct trtc_err *err)
{
    const struct trtc_mp4_trak *t = &m->tracks[track];

    for (int i = 0; i < t->nb_entries; i++)
        if (t->entries[i].nb_samples > 0 && !t->entries[i].data)
            return trtc_fail(err, TRTC_EX_SOFTWARE,
                             "%s: track %d: sample entry %d has no description", m->name, track, i);
    return 0;
}

static int close_tables(struct trtc_mp4 *m, struct trtc_err *err)
{
    bool any = false;

    for (int i = 0; i < m->nb_tracks; i++) {
        struct trtc_mp4_trak *t = &m->tracks[i];
        int64_t end, step;

        if (t->table.nb_samples == 0)
            continue;
        if (check_entries(m, i, err))
            return -1;
        /* The media lasts as long as its presentation, whatever is decoded last: players that rely
         * on mdhd cut off what is displayed after its end. */
        end = t->table.max_pts + last_shown(t);
        step = end - t->table.last_dts;
        if (step > TRTC_MP4_STEP_MAX)
            return trtc_fail(err, TRTC_EX_SOFTWARE, "%s: track %d: the last sample lasts too long",
                             m->name, i);
        if (end <= 0)
            return trtc_fail(err, TRTC_EX_SOFTWARE, "%s: track %d ends before the file begins",
                             m->name, i);
        if (trtc_mp4_table_close(&t->table, step))
            return trtc_fail_nomem(err);
        any = true;
    }
    if (!any)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: nothing to write", m->name);
    return 0;
}

/* Moves the media from its place to offset to. */
static int move_media(struct trtc_mp4 *m, int64_t to, struct trtc_err *err)
{
    int64_t shift = to - m->media;
    int done;

    if (shift == 0)
        return 0;
    const struct trtc_mp4_move move = { .fd = m->out.fd,
                                        .start = m->media,
                                        .end = trtc_mp4_tell(&m->out),
                                        .shift = shift < 0 ? -shift : shift,
                                        .buf = m->out.buf,
                                        .buf_size = TRTC_MP4_BUF_BYTES,
                                        .name = m->name };
    if (shift < 0)
        return trtc_mp4_move_down(&move, err);
    done = trtc_mp4_insert_range(m->out.fd, shift, m->name, err);
    if (done)
        return done > 0 ? 0 : -1;
    return trtc_mp4_move_up(&move, err);
}

/* Writes the header of a box whose content follows or already exists. */
static void put_header(struct trtc_mp4_out *o, const char *type, int64_t size, bool large)
{
    trtc_mp4_put_be(o, large ? 1 : (uint64_t)size, 4);
    trtc_mp4_put(o, type, 4);
    if (large)
        trtc_mp4_put_be(o, (uint64_t)size, 8);
}

/* Writes everything before the media, which now starts at offset media. */
static void write_front(struct trtc_mp4 *m, struct trtc_mp4_boxes *b, int64_t media,
                        int64_t payload, int64_t mdat_header)
{
    struct trtc_mp4_out *o = &m->out;
    int64_t room;

    o->pos = 0;
    trtc_mp4_put_ftyp(m, o);
    trtc_mp4_boxes_write(b, o, media - m->media);
    room = media - mdat_header - trtc_mp4_tell(o);
    if (room > 0) {
        put_header(o, "free", room, room > UINT32_MAX);
        trtc_mp4_flush(o);
        o->pos = media - mdat_header;
    }
    put_header(o, "mdat", mdat_header + payload, mdat_header == LARGE_HEADER_BYTES);
    assert(trtc_mp4_tell(o) == media);
    trtc_mp4_flush(o);
}

int trtc_mp4_set_comment(struct trtc_mp4 *m, const char *comment, struct trtc_err *err)
{
    char *copy = strdup(comment);

    if (!copy)
        return trtc_fail_nomem(err);
    free(m->comment);
    m->comment = copy;
    return 0;
}

void trtc_mp4_set_losses(struct trtc_mp4 *m, int64_t nb)
{
    m->nb_losses = nb;
}

int trtc_mp4_finish(struct trtc_mp4 *m, struct trtc_err *err)
{
    struct trtc_mp4_boxes *b = NULL;
    int64_t payload, header, media, moov;
    int ret = -1;

    if (m->finished)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "%s: finished twice", m->name);
    m->finished = true;
    trtc_mp4_flush(&m->out);
    if (m->out.failed)
        return fail_out(&m->out, err);
    payload = m->out.pos - m->media;
    header = payload + MDAT_HEADER_BYTES > UINT32_MAX ? LARGE_HEADER_BYTES : MDAT_HEADER_BYTES;
    if (close_tables(m, err))
        return -1;
    b = trtc_mp4_boxes_new(m, needs_wide(m), &moov);
    if (!b)
        return trtc_fail_nomem(err);
    if (moov > UINT32_MAX) {
        trtc_fail(err, TRTC_EX_SOFTWARE, "%s: the index is larger than a box can be", m->name);
        goto done;
    }
    media = media_for(m, moov, header);
    if (move_media(m, media, err))
        goto done;
    write_front(m, b, media, payload, header);
    ret = m->out.failed ? fail_out(&m->out, err) : 0;
    m->media = media; /* so that trtc_mp4_size is right for the finished file too */
    m->out.pos = media + payload;
done:
    trtc_mp4_boxes_free(&b);
    return ret;
}

void trtc_mp4_free(struct trtc_mp4 **m)
{
    if (!*m)
        return;
    for (int i = 0; i < (*m)->nb_tracks; i++) {
        trtc_mp4_table_fini(&(*m)->tracks[i].table);
        for (int e = 0; e < (*m)->tracks[i].nb_entries; e++)
            free((*m)->tracks[i].entries[e].data);
        free((*m)->tracks[i].name);
    }
    free((*m)->tracks);
    free((*m)->out.buf);
    free((*m)->name);
    free((*m)->title);
    free((*m)->comment);
    free(*m);
    *m = NULL;
}
