/* SPDX-License-Identifier: MIT */
/* MP4 writer: the sample tables while they grow. A sample takes 4 to 8 bytes, since its size and
 * the changes in its timing are stored as variable-length numbers; a chunk takes about 5. */
#include <stdlib.h>

#include "mp4/mp4_priv.h"

enum {
    BLOCK_BYTES = 16 * 1024,
    RECORD_MAX = 5 + 10 + 10, /* the longest record, that of a sample */
};

struct trtc_mp4_block {
    struct trtc_mp4_block *next;
    size_t used;
    uint8_t data[BLOCK_BYTES - 2 * sizeof(size_t)];
};

/* Makes room for one record; the caller then calls tape_end(). NULL: out of memory. */
static uint8_t *tape_room(struct trtc_mp4_tape *t)
{
    if (!t->last || t->last->used > sizeof(t->last->data) - RECORD_MAX) {
        struct trtc_mp4_block *b = malloc(sizeof(*b));

        if (!b)
            return NULL;
        b->next = NULL;
        b->used = 0;
        if (t->last)
            t->last->next = b;
        else
            t->first = b;
        t->last = b;
        t->nb_blocks++;
    }
    return t->last->data + t->last->used;
}

static void tape_end(struct trtc_mp4_tape *t, const uint8_t *end)
{
    t->last->used = (size_t)(end - t->last->data);
}

static void tape_fini(struct trtc_mp4_tape *t)
{
    while (t->first) {
        struct trtc_mp4_block *next = t->first->next;

        free(t->first);
        t->first = next;
    }
    t->last = NULL;
}

static uint8_t *put_unsigned(uint8_t *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

/* Gives small numbers of either sign small codes: 0 -1 1 -2 2 ... */
static uint8_t *put_signed(uint8_t *p, int64_t v)
{
    return put_unsigned(p, v < 0 ? ~((uint64_t)v << 1) : (uint64_t)v << 1);
}

static uint64_t get_unsigned(struct trtc_mp4_reader *r)
{
    const uint8_t *p = r->block->data + r->at;
    uint64_t v = 0;
    int shift = 0;

    for (; *p & 0x80; shift += 7)
        v |= (uint64_t)(*p++ & 0x7f) << shift;
    v |= (uint64_t)*p++ << shift;
    r->at = (size_t)(p - r->block->data);
    return v;
}

static int64_t get_signed(struct trtc_mp4_reader *r)
{
    uint64_t v = get_unsigned(r);

    return v & 1 ? -(int64_t)(v >> 1) - 1 : (int64_t)(v >> 1);
}

struct trtc_mp4_reader trtc_mp4_tape_start(const struct trtc_mp4_tape *t)
{
    return (struct trtc_mp4_reader){ .block = t->first };
}

/* Moves to the next block at the end of one: records never cross blocks. */
static void next_record(struct trtc_mp4_reader *r)
{
    if (r->at == r->block->used) {
        r->block = r->block->next;
        r->at = 0;
    }
}

void trtc_mp4_next_sample(struct trtc_mp4_reader *r, struct trtc_mp4_sample *s)
{
    uint64_t v;

    next_record(r);
    v = get_unsigned(r);
    s->size = (uint32_t)(v >> 1);
    s->key = !(v & 1);
    s->step += get_signed(r);
    s->cts += get_signed(r);
}

void trtc_mp4_next_chunk(struct trtc_mp4_reader *r, struct trtc_mp4_chunk *c)
{
    uint64_t v;

    next_record(r);
    c->offset += (int64_t)get_unsigned(r);
    v = get_unsigned(r);
    c->nb_samples = (uint32_t)(v >> 1);
    if (v & 1)
        c->entry = (uint32_t)get_unsigned(r);
}

int trtc_mp4_table_end_chunk(struct trtc_mp4_table *t)
{
    bool other = t->chunk_entry != t->prev_entry;
    uint8_t *p;

    if (t->chunk_samples == 0)
        return 0;
    p = tape_room(&t->chunks);
    if (!p)
        return -1;
    p = put_unsigned(p, (uint64_t)(t->chunk_offset - t->prev_offset));
    p = put_unsigned(p, (uint64_t)t->chunk_samples << 1 | other);
    if (other)
        p = put_unsigned(p, t->chunk_entry);
    tape_end(&t->chunks, p);
    t->nb_chunks++;
    t->nb_stsc += t->chunk_samples != t->prev_samples || other;
    t->prev_offset = t->chunk_offset;
    t->prev_samples = t->chunk_samples;
    t->prev_entry = t->chunk_entry;
    t->chunk_samples = 0;
    return 0;
}

static int add_sample(struct trtc_mp4_table *t, uint32_t size, int64_t step, int64_t cts, bool key)
{
    uint8_t *p = tape_room(&t->samples);

    if (!p)
        return -1;
    p = put_unsigned(p, (uint64_t)size << 1 | !key);
    p = put_signed(p, step - t->step);
    p = put_signed(p, cts - t->cts);
    tape_end(&t->samples, p);
    return 0;
}

int trtc_mp4_table_add(struct trtc_mp4_table *t, const struct trtc_sample *s, int64_t offset)
{
    bool first = t->nb_samples == 0;
    int64_t dts = s->dts, cts = s->pts - s->dts;
    int64_t step = first ? 0 : dts - t->last_dts;
    uint32_t size = (uint32_t)s->size, entry = (uint32_t)s->entry;

    if (t->chunk_samples > 0 && (t->chunk_end != offset || t->chunk_entry != entry) &&
        trtc_mp4_table_end_chunk(t))
        return -1;
    if (add_sample(t, size, step, cts, s->key))
        return -1;
    if (t->chunk_samples == 0) {
        t->chunk_offset = offset;
        t->chunk_dts = dts;
        t->chunk_entry = entry;
    }
    t->chunk_samples++;
    t->chunk_end = offset + size;

    if (first) {
        t->first_dts = dts;
        t->min_pts = t->max_pts = dts + cts;
        t->size = size;
    } else {
        t->nb_stts += step != t->step; /* runs in the steps of all samples except the last */
    }
    t->nb_ctts += first || cts != t->cts;
    t->reorders |= cts != 0;
    if (size != t->size)
        t->size = 0;
    if (dts + cts < t->min_pts)
        t->min_pts = dts + cts;
    if (dts + cts > t->max_pts)
        t->max_pts = dts + cts;
    t->nb_samples++;
    t->nb_keys += s->key;
    t->last_dts = dts;
    t->step = step;
    t->cts = cts;
    return 0;
}

int trtc_mp4_table_close(struct trtc_mp4_table *t, int64_t last_step)
{
    t->last_step = last_step;
    t->nb_stts += t->nb_samples == 1 || last_step != t->step;
    return trtc_mp4_table_end_chunk(t);
}

void trtc_mp4_table_fini(struct trtc_mp4_table *t)
{
    tape_fini(&t->samples);
    tape_fini(&t->chunks);
}

size_t trtc_mp4_table_memory(const struct trtc_mp4_table *t)
{
    return (t->samples.nb_blocks + t->chunks.nb_blocks) * sizeof(struct trtc_mp4_block);
}
