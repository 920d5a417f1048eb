/* SPDX-License-Identifier: MIT */
/* MP4 writer: the sample table box, which is the larger part of the index, made from the tapes.
 * ISO/IEC 14496-12; section numbers refer to it. */
#include "mp4/mp4_priv.h"

static void put(struct trtc_mp4_boxes *b, uint64_t v, int nb_bytes)
{
    trtc_mp4_put_be(b->o, v, nb_bytes);
}

/* When only measuring, skips the entries of a table: they are already counted. */
static bool skip_entries(struct trtc_mp4_boxes *b, uint32_t nb, int bytes_each)
{
    if (b->measuring)
        b->o->pos += (int64_t)nb * bytes_each;
    return b->measuring;
}

/* How many entries before entry n have samples. */
static unsigned nb_used(const struct trtc_mp4_trak *t, int n)
{
    unsigned nb = 0;

    for (int i = 0; i < n; i++)
        nb += t->entries[i].nb_samples > 0;
    return nb;
}

/* 8.5.2 */
static void put_stsd(struct trtc_mp4_boxes *b, const struct trtc_mp4_trak *t)
{
    int box = trtc_mp4_begin_full(b, "stsd", 0, 0);

    put(b, nb_used(t, t->nb_entries), 4);
    for (int i = 0; i < t->nb_entries; i++)
        if (t->entries[i].nb_samples > 0)
            trtc_mp4_put(b->o, t->entries[i].data, t->entries[i].size);
    trtc_mp4_end(b, box);
}

static void put_run(struct trtc_mp4_boxes *b, uint32_t count, int64_t v)
{
    if (count == 0)
        return;
    put(b, count, 4);
    put(b, (uint64_t)v, 4);
}

/* 8.6.1.2: the duration of a sample is the step to the next one. */
static void put_stts_runs(struct trtc_mp4_boxes *b, const struct trtc_mp4_table *t)
{
    struct trtc_mp4_reader r = trtc_mp4_tape_start(&t->samples);
    struct trtc_mp4_sample s = { 0 };
    uint32_t count = 0;
    int64_t run = 0;

    trtc_mp4_next_sample(&r, &s);
    for (uint32_t i = 1; i <= t->nb_samples; i++) {
        if (i < t->nb_samples)
            trtc_mp4_next_sample(&r, &s);
        else
            s.step = t->last_step;
        if (s.step != run) {
            put_run(b, count, run);
            count = 0;
            run = s.step;
        }
        count++;
    }
    put_run(b, count, run);
}

static void put_stts(struct trtc_mp4_boxes *b, const struct trtc_mp4_table *t)
{
    int box = trtc_mp4_begin_full(b, "stts", 0, 0);

    put(b, t->nb_stts, 4);
    if (!skip_entries(b, t->nb_stts, 8))
        put_stts_runs(b, t);
    trtc_mp4_end(b, box);
}

/* 8.6.1.3 */
static void put_ctts_runs(struct trtc_mp4_boxes *b, const struct trtc_mp4_table *t)
{
    struct trtc_mp4_reader r = trtc_mp4_tape_start(&t->samples);
    struct trtc_mp4_sample s = { 0 };
    uint32_t count = 0;
    int64_t run = 0;

    for (uint32_t i = 0; i < t->nb_samples; i++) {
        trtc_mp4_next_sample(&r, &s);
        if (s.cts != run) {
            put_run(b, count, run);
            count = 0;
            run = s.cts;
        }
        count++;
    }
    put_run(b, count, run);
}

static void put_ctts(struct trtc_mp4_boxes *b, const struct trtc_mp4_table *t)
{
    int box;

    if (!t->reorders)
        return;
    box = trtc_mp4_begin_full(b, "ctts", 0, 0);
    put(b, t->nb_ctts, 4);
    if (!skip_entries(b, t->nb_ctts, 8))
        put_ctts_runs(b, t);
    trtc_mp4_end(b, box);
}

/* 8.6.2; without this box every sample is a sync sample. */
static void put_stss(struct trtc_mp4_boxes *b, const struct trtc_mp4_table *t)
{
    struct trtc_mp4_reader r = trtc_mp4_tape_start(&t->samples);
    struct trtc_mp4_sample s = { 0 };
    int box;

    if (t->nb_keys == t->nb_samples)
        return;
    box = trtc_mp4_begin_full(b, "stss", 0, 0);
    put(b, t->nb_keys, 4);
    if (!skip_entries(b, t->nb_keys, 4)) {
        for (uint32_t i = 1; i <= t->nb_samples; i++) {
            trtc_mp4_next_sample(&r, &s);
            if (s.key)
                put(b, i, 4);
        }
    }
    trtc_mp4_end(b, box);
}

/* 8.7.4: runs of chunks with the same number of samples and the same sample entry. */
static void put_stsc(struct trtc_mp4_boxes *b, const struct trtc_mp4_trak *t)
{
    struct trtc_mp4_reader r = trtc_mp4_tape_start(&t->table.chunks);
    struct trtc_mp4_chunk c = { 0 }, run = { 0 };
    int box = trtc_mp4_begin_full(b, "stsc", 0, 0);

    put(b, t->table.nb_stsc, 4);
    if (!skip_entries(b, t->table.nb_stsc, 12)) {
        for (uint32_t i = 1; i <= t->table.nb_chunks; i++) {
            trtc_mp4_next_chunk(&r, &c);
            if (c.nb_samples == run.nb_samples && c.entry == run.entry)
                continue;
            run = c;
            put(b, i, 4);
            put(b, c.nb_samples, 4);
            put(b, nb_used(t, (int)c.entry) + 1, 4); /* sample_description_index */
        }
    }
    trtc_mp4_end(b, box);
}

/* 8.7.3.2 */
static void put_stsz(struct trtc_mp4_boxes *b, const struct trtc_mp4_table *t)
{
    struct trtc_mp4_reader r = trtc_mp4_tape_start(&t->samples);
    struct trtc_mp4_sample s = { 0 };
    int box = trtc_mp4_begin_full(b, "stsz", 0, 0);

    put(b, t->size, 4);
    put(b, t->nb_samples, 4);
    if (t->size == 0 && !skip_entries(b, t->nb_samples, 4)) {
        for (uint32_t i = 0; i < t->nb_samples; i++) {
            trtc_mp4_next_sample(&r, &s);
            put(b, s.size, 4);
        }
    }
    trtc_mp4_end(b, box);
}

/* 8.7.5 */
static void put_offsets(struct trtc_mp4_boxes *b, const struct trtc_mp4_table *t)
{
    struct trtc_mp4_reader r = trtc_mp4_tape_start(&t->chunks);
    int n = b->wide ? 8 : 4;
    struct trtc_mp4_chunk c = { 0 };
    int box = trtc_mp4_begin_full(b, b->wide ? "co64" : "stco", 0, 0);

    put(b, t->nb_chunks, 4);
    if (!skip_entries(b, t->nb_chunks, n)) {
        for (uint32_t i = 0; i < t->nb_chunks; i++) {
            trtc_mp4_next_chunk(&r, &c);
            put(b, (uint64_t)(c.offset + b->shift), n);
        }
    }
    trtc_mp4_end(b, box);
}

void trtc_mp4_put_stbl(struct trtc_mp4_boxes *b, const struct trtc_mp4_trak *t)
{
    int box = trtc_mp4_begin(b, "stbl");

    put_stsd(b, t);
    put_stts(b, &t->table);
    put_ctts(b, &t->table);
    put_stss(b, &t->table);
    put_stsc(b, t);
    put_stsz(b, &t->table);
    put_offsets(b, &t->table);
    trtc_mp4_end(b, box);
}
