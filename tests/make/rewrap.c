/* SPDX-License-Identifier: MIT */
/* Rewrites a transport stream as other tools would have left it.
 *
 *   rewrap [front=N] [lead=N] [tail=N] [rtp=N] [tables=none|late|turned] <IN >OUT
 *
 * front: so many bytes stand in front of it; lead, tail: in front of each packet and behind it.
 * rtp: in front of so many packets each a header of RTP. tables: PAT and PMT do not stand in it, or only once, in the middle, or there with the PMT first. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACKET = 188, PMT_PID = 0x1000, EXTRA_MAX = 4096 };
enum tables { AS_THEY_ARE, NONE, LATE, TURNED };

struct how {
    size_t front, lead, tail, rtp;
    size_t nb; /* packets so far */
    enum tables tables;
};

static const uint8_t extra[EXTRA_MAX] = { 1, 2, 3, 4 };

static void put(const void *p, size_t n)
{
    if (fwrite(p, 1, n, stdout) != n)
        abort();
}

/* RFC 3550, 5.1, with a contributing source in every third. */
static void put_rtp(size_t nb)
{
    const uint8_t sources = nb % 3 == 2;
    const uint8_t h[16] = {
        (uint8_t)(0x80 | sources), 33, (uint8_t)(nb >> 8), (uint8_t)nb, 1, 2, 3, 4, 0x47, 0x47
    };

    put(h, sources ? 16 : 12);
}

static void put_packet(struct how *h, const uint8_t *p)
{
    if (h->rtp && h->nb % h->rtp == 0)
        put_rtp(h->nb / h->rtp);
    h->nb++;
    put(extra, h->lead);
    put(p, PACKET);
    put(extra, h->tail);
}

/* 1 a PAT, 2 a PMT. */
static int table_of(const uint8_t *p, const uint8_t *pat)
{
    const int pid = (p[1] & 0x1f) << 8 | p[2];
    const int pmt_pid = pat ? (pat[15] & 0x1f) << 8 | pat[16] : PMT_PID;

    return pid == 0 ? 1 : pid == pmt_pid ? 2 : 0;
}

static bool read_option(struct how *h, const char *arg)
{
    unsigned n;

    if (sscanf(arg, "front=%u", &n) == 1 && n <= EXTRA_MAX)
        h->front = n;
    else if (sscanf(arg, "lead=%u", &n) == 1 && n <= EXTRA_MAX)
        h->lead = n;
    else if (sscanf(arg, "tail=%u", &n) == 1 && n <= EXTRA_MAX)
        h->tail = n;
    else if (sscanf(arg, "rtp=%u", &n) == 1)
        h->rtp = n;
    else if (strcmp(arg, "tables=none") == 0)
        h->tables = NONE;
    else if (strcmp(arg, "tables=late") == 0)
        h->tables = LATE;
    else if (strcmp(arg, "tables=turned") == 0)
        h->tables = TURNED;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    static uint8_t in[64 << 20];
    struct how h = { .tables = AS_THEY_ARE };
    const uint8_t *pat = NULL, *pmt = NULL;

    for (int i = 1; i < argc; i++)
        if (!read_option(&h, argv[i]))
            return 64;
    const size_t n = fread(in, 1, sizeof in, stdin) / PACKET;
    for (size_t i = 0; i < n && !pmt; i++) {
        const int table = table_of(in + i * PACKET, pat);
        if (table == 1 && !pat)
            pat = in + i * PACKET;
        else if (table == 2 && pat)
            pmt = in + i * PACKET;
    }
    if (!pmt)
        return 65;
    put(extra, h.front);
    for (size_t i = 0; i < n; i++) {
        if (i == n / 2 && h.tables >= LATE) {
            put_packet(&h, h.tables == TURNED ? pmt : pat);
            put_packet(&h, h.tables == TURNED ? pat : pmt);
        }
        if (h.tables == AS_THEY_ARE || !table_of(in + i * PACKET, pat))
            put_packet(&h, in + i * PACKET);
    }
    return fclose(stdout) == 0 ? 0 : 74;
}
