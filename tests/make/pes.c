/* SPDX-License-Identifier: MIT */
/* Transport streams written packet by packet; see pes.h. */
#include "make/pes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t seed = 1;

uint32_t mux_rnd(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

void bytes_add(struct bytes *b, const void *p, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = (b->n + n) * 2;
        b->p = realloc(b->p, b->cap);
        assert_non_null(b->p);
    }
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}

void bytes_add_random(struct bytes *b, size_t n)
{
    while (n-- > 0) {
        const uint8_t c = (uint8_t)(2 + mux_rnd() % 250); /* no start code, no sync word of ADTS */
        bytes_add(b, &c, 1);
    }
}

void bytes_drop(struct bytes *b)
{
    free(b->p);
    *b = (struct bytes){ NULL, 0, 0 };
}

void mux_free(struct mux *m)
{
    bytes_drop(&m->out);
    free(m);
}

struct mux *mux_new(void)
{
    struct mux *m = calloc(1, sizeof *m);
    assert_non_null(m);
    return m;
}

size_t mux_packet(struct mux *m, int pid, bool start, const void *af, size_t af_size,
                  const uint8_t *p, size_t n)
{
    uint8_t t[188];
    size_t head = 4;

    memset(t, 0xff, sizeof t);
    t[0] = 0x47;
    t[1] = (uint8_t)((start ? 0x40 : 0) | pid >> 8);
    t[2] = (uint8_t)pid;
    if (af_size > 0 || n < 184) {
        size_t len = af_size;
        if (5 + len + n < 188)
            len = 183 - n;
        t[4] = (uint8_t)len;
        if (len > 0)
            t[5] = 0;
        if (af_size > 0)
            memcpy(t + 5, af, af_size);
        head = 5 + len;
    }
    if (n > 188 - head)
        n = 188 - head;
    t[3] = (uint8_t)((head > 4 ? 0x20 : 0) | (n > 0 ? 0x10 : 0) | m->cc[pid]);
    if (n > 0) {
        m->cc[pid] = (m->cc[pid] + 1) & 15;
        memcpy(t + head, p, n);
    } else {
        t[3] = (uint8_t)((t[3] & 0xf0) | ((m->cc[pid] - 1) & 15));
    }
    bytes_add(&m->out, t, sizeof t);
    return n;
}

static uint32_t crc32_mpeg(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < n; i++) {
        crc ^= (uint32_t)p[i] << 24;
        for (int k = 0; k < 8; k++)
            crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
    }
    return crc;
}

/* Section number of number last. */
static void put_section(struct mux *m, int pid, uint8_t table, uint16_t id,
                        const struct bytes *body, bool broken, int number, int last)
{
    struct bytes s = { NULL, 0, 0 };
    const size_t len = 5 + body->n + 4;
    const uint8_t head[] = { 0,
                             table,
                             (uint8_t)(0xb0 | len >> 8),
                             (uint8_t)len,
                             (uint8_t)(id >> 8),
                             (uint8_t)id,
                             (uint8_t)(0xc1 | m->version << 1),
                             (uint8_t)number,
                             (uint8_t)last };

    bytes_add(&s, head, sizeof head);
    bytes_add(&s, body->p, body->n);
    const uint32_t crc = crc32_mpeg(s.p + 1, s.n - 1) ^ (broken ? 4 : 0);
    const uint8_t tail[4] = { (uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8),
                              (uint8_t)crc };
    bytes_add(&s, tail, 4);
    while (s.n % 184)
        bytes_add(&s, "\xff", 1);
    for (size_t at = 0; at < s.n; at += 184)
        mux_packet(m, pid, at == 0, NULL, 0, s.p + at, 184);
    bytes_drop(&s);
}

void mux_section(struct mux *m, int pid, uint8_t table, uint16_t id, const struct bytes *body,
                 bool broken)
{
    put_section(m, pid, table, id, body, broken, 0, 0);
}

void mux_pat(struct mux *m, int nb, const int *pmt_pids)
{
    enum { IN_SECTION = 253 };
    struct bytes b = { NULL, 0, 0 };

    for (int i = 0; i < nb; i++) {
        const uint8_t e[4] = { (uint8_t)((i + 1) >> 8), (uint8_t)(i + 1),
                               (uint8_t)(0xe0 | pmt_pids[i] >> 8), (uint8_t)pmt_pids[i] };
        bytes_add(&b, e, 4);
        if (i + 1 == nb || (i + 1) % IN_SECTION == 0) {
            put_section(m, 0, 0, 1, &b, false, i / IN_SECTION, (nb - 1) / IN_SECTION);
            b.n = 0;
        }
    }
    bytes_drop(&b);
}

void mux_pmt(struct mux *m, int pid, const struct entry *e, size_t nb, bool broken)
{
    struct bytes b = { NULL, 0, 0 };

    bytes_add(&b, "\xff\xff\xf0\x00", 4);
    for (size_t i = 0; i < nb; i++) {
        const uint8_t x[5] = { e[i].type, (uint8_t)(0xe0 | e[i].pid >> 8), (uint8_t)e[i].pid,
                               (uint8_t)(0xf0 | e[i].desc_size >> 8), (uint8_t)e[i].desc_size };
        bytes_add(&b, x, 5);
        bytes_add(&b, e[i].desc, e[i].desc_size);
    }
    mux_section(m, pid, 2, 1, &b, broken);
    bytes_drop(&b);
}

void mux_tables(struct mux *m, uint8_t video_type)
{
    const struct entry e[] = { { VIDEO, video_type, NULL, 0 }, { AUDIO, 0x0f, NULL, 0 } };

    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, e, 2, false);
}

void pes_time(uint8_t *p, int prefix, int64_t t)
{
    p[0] = (uint8_t)(prefix << 4 | (t >> 29 & 14) | 1);
    p[1] = (uint8_t)(t >> 22);
    p[2] = (uint8_t)(t >> 14 | 1);
    p[3] = (uint8_t)(t >> 7);
    p[4] = (uint8_t)(t << 1 | 1);
}

void mux_pes_ex(struct mux *m, int pid, int64_t pts, int64_t dts, const void *p, size_t n,
                unsigned length, size_t room)
{
    uint8_t h[19] = { 0, 0, 1, pid == AUDIO ? 0xc0 : 0xe0, 0, 0, 0x80, 0, 0 };
    size_t head = 9;
    struct bytes b = { NULL, 0, 0 };

    if (pts != NOPTS) {
        h[7] = dts != NOPTS ? 0xc0 : 0x80;
        pes_time(h + 9, dts != NOPTS ? 3 : 2, pts);
        head += 5;
        if (dts != NOPTS) {
            pes_time(h + 14, 1, dts);
            head += 5;
        }
    }
    h[8] = (uint8_t)(head - 9);
    if (length == 1)
        length = (unsigned)(head - 6 + n);
    h[4] = (uint8_t)(length >> 8);
    h[5] = (uint8_t)length;
    bytes_add(&b, h, head);
    bytes_add(&b, p, n);
    for (size_t at = 0; at < b.n;) {
        const size_t left = b.n - at;
        at += mux_packet(m, pid, at == 0, NULL, 0, b.p + at, left < room ? left : room);
    }
    bytes_drop(&b);
}

void mux_pes(struct mux *m, int pid, int64_t pts, const void *p, size_t n)
{
    mux_pes_ex(m, pid, pts, NOPTS, p, n, pid == AUDIO, 184);
}
