/* SPDX-License-Identifier: MIT */
/* Program specific information of MPEG-TS; see psi.h. */
#include "ts/psi.h"

#include <string.h>

#include "base/bytes.h"

#define HEADER 8 /* bytes before the data of a PAT or PMT */
#define CRC    4

/* CRC-32 as in annex A, four bits at a time: sections are short and rare. Over a section with
 * its CRC it gives 0. */
uint32_t trtc_psi_crc32(const uint8_t *p, size_t n)
{
    static const uint32_t table[16] = {
        0x00000000, 0x04c11db7, 0x09823b6e, 0x0d4326d9, 0x130476dc, 0x17c56b6b,
        0x1a864db2, 0x1e475005, 0x2608edb8, 0x22c9f00f, 0x2f8ad6d6, 0x2b4bcb61,
        0x350c9b64, 0x31cd86d3, 0x3c8ea00a, 0x384fbdbd,
    };
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < n; i++) {
        crc = crc << 4 ^ table[crc >> 28 ^ p[i] >> 4];
        crc = crc << 4 ^ table[crc >> 28 ^ (p[i] & 15)];
    }
    return crc;
}

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

void trtc_psi_drop(struct trtc_psi *s)
{
    s->active = false;
    s->have = 0;
    s->p = s->end = s->next = NULL;
}

void trtc_psi_push(struct trtc_psi *s, const uint8_t *payload, size_t size, bool unit_start)
{
    s->p = payload;
    s->end = payload + size;
    s->next = NULL;
    if (unit_start && size > 0) {
        /* The pointer field: bytes that still belong to the section before. */
        s->p++;
        s->next = payload[0] < size ? s->p + payload[0] : s->end;
    }
}

/* Moves bytes into the section in the making until it has n. False: there are too few. */
static bool collect(struct trtc_psi *s, size_t n)
{
    const uint8_t *stop = s->next ? s->next : s->end;
    size_t take = n - s->have;

    if (take > (size_t)(stop - s->p))
        take = (size_t)(stop - s->p);
    memcpy(s->buf + s->have, s->p, take);
    s->have += take;
    s->p += take;
    return s->have == n;
}

const uint8_t *trtc_psi_next(struct trtc_psi *s, size_t *size)
{
    while (s->p < s->end) {
        if (s->next && s->p >= s->next) {
            /* A section that is not complete by now never will be. */
            s->next = NULL;
            s->active = true;
            s->have = 0;
        }
        if (!s->active ||
            (s->have == 0 && *s->p == 0xff)) { /* table_id 0xff: stuffing to the end */
            s->active = false;
            s->p = s->next ? s->next : s->end;
            continue;
        }
        if (s->have < 3 && !collect(s, 3))
            continue;

        const size_t want = 3 + (get16(s->buf + 1) & 0xfff);
        if (want > TRTC_PSI_MAX) {
            s->active = false;
            continue;
        }
        if (!collect(s, want))
            continue;
        s->have = 0; /* the next one follows at once */
        if (want >= HEADER + CRC && (s->buf[1] & 0x80) && (s->buf[5] & 1) &&
            trtc_psi_crc32(s->buf, want) == 0) {
            *size = want;
            return s->buf;
        }
    }
    return NULL;
}

int trtc_psi_table_id(const uint8_t *section)
{
    return section[0];
}

int trtc_psi_number(const uint8_t *section)
{
    return section[6];
}

uint32_t trtc_psi_crc(const uint8_t *section, size_t size)
{
    return (uint32_t)get16(section + size - 4) << 16 | get16(section + size - 2);
}

bool trtc_pat_next(const uint8_t *section, size_t size, size_t *pos, int *pmt_pid)
{
    size_t at = *pos ? *pos : HEADER;

    for (; at + 4 + CRC <= size; at += 4) {
        if (get16(section + at) != 0) {
            *pmt_pid = (int)(get16(section + at + 2) & 0x1fff);
            *pos = at + 4;
            return true;
        }
    }
    *pos = size;
    return false;
}

static const uint8_t time_head[] = {
    TRTC_PSI_TIME_TAG, TRTC_PSI_TIME_SIZE - 2, 'T', 'R', 'T', 'C', 1
};

static void put_bytes(uint8_t *out, uint64_t value, int n)
{
    while (n-- > 0)
        *out++ = (uint8_t)(value >> 8 * n);
}

void trtc_psi_put_time(uint8_t out[TRTC_PSI_TIME_SIZE], const struct trtc_psi_time *t)
{
    memcpy(out, time_head, sizeof time_head);
    put_bytes(out + sizeof time_head, (uint64_t)t->utc_us, 8);
    put_bytes(out + sizeof time_head + 8, (uint64_t)t->pts_90k & ((UINT64_C(1) << 33) - 1), 5);
}

/* Returns the next descriptor of the program itself, at *at (0: the first one), with tag and
 * length. */
static const uint8_t *program_descriptor(const uint8_t *section, size_t size, size_t *at)
{
    if (size < HEADER + 4 + CRC)
        return NULL;

    const size_t from = *at ? *at : HEADER + 4;
    const size_t end = HEADER + 4 + (get16(section + HEADER + 2) & 0xfff);
    if (end > size - CRC || from + 2 > end || section[from + 1] > end - from - 2)
        return NULL;
    *at = from + 2 + section[from + 1];
    return section + from;
}

bool trtc_pmt_time(const uint8_t *section, size_t size, struct trtc_psi_time *out)
{
    const uint8_t *p;
    size_t at = 0;

    while ((p = program_descriptor(section, size, &at))) {
        if (p[1] != TRTC_PSI_TIME_SIZE - 2 || memcmp(p, time_head, sizeof time_head) != 0)
            continue;
        out->utc_us = (int64_t)trtc_be(p + sizeof time_head, 8);
        out->pts_90k = (int64_t)trtc_be(p + sizeof time_head + 8, 5);
        return out->utc_us >= 0 && out->utc_us <= TRTC_PSI_TIME_MAX_US;
    }
    return false;
}

bool trtc_pmt_is_hdmv(const uint8_t *section, size_t size)
{
    const uint8_t *p;
    size_t at = 0;

    while ((p = program_descriptor(section, size, &at)))
        if (p[0] == 0x05 && p[1] >= 4 &&
            (memcmp(p + 2, "HDMV", 4) == 0 || memcmp(p + 2, "HDPR", 4) == 0))
            return true;
    return false;
}

bool trtc_pmt_next(const uint8_t *section, size_t size, size_t *pos, struct trtc_pmt_entry *out)
{
    size_t at = *pos;

    if (at == 0) {
        if (size < HEADER + 4 + CRC)
            return false;
        at = HEADER + 4 + (get16(section + HEADER + 2) & 0xfff);
    }
    if (at + 5 + CRC > size)
        return false;

    const size_t desc_size = get16(section + at + 3) & 0xfff;
    if (desc_size > size - at - 5 - CRC)
        return false;
    *out = (struct trtc_pmt_entry){
        .pid = (int)(get16(section + at + 1) & 0x1fff),
        .stream_type = section[at],
        .desc = section + at + 5,
        .desc_size = desc_size,
    };
    *pos = at + 5 + desc_size;
    return true;
}
