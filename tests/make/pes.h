/* SPDX-License-Identifier: MIT */
/* Transport streams written packet by packet, whole or as odd as a test wants them. */
#ifndef TESTS_PES_H
#define TESTS_PES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ts/ts.h"

#define NOPTS TRTC_TS_NOPTS
#define PMT   0x1000
#define VIDEO 0x100
#define AUDIO 0x101

uint32_t mux_rnd(void);

struct bytes {
    uint8_t *p;
    size_t n, cap;
};

struct mux {
    struct bytes out;
    uint8_t cc[8192];
    int version; /* of the tables, 0 to 31 */
};

struct entry {
    int pid;
    uint8_t type;
    const char *desc;
    size_t desc_size;
};

void bytes_add(struct bytes *b, const void *p, size_t n);
void bytes_drop(struct bytes *b);

/* Bytes that hold no start code and no sync word of ADTS. */
void bytes_add_random(struct bytes *b, size_t n);

struct mux *mux_new(void);
void mux_free(struct mux *m);

/* One packet; payload shorter than the room is stuffed. af: bytes of an adaptation field behind its
 * length. Returns what went in. */
size_t mux_packet(struct mux *m, int pid, bool start, const void *af, size_t af_size,
                  const uint8_t *p, size_t n);

/* A section with this body, in as many packets as it takes. broken: the CRC is wrong. */
void mux_section(struct mux *m, int pid, uint8_t table, uint16_t id, const struct bytes *body,
                 bool broken);

/* In as many sections as it takes. */
void mux_pat(struct mux *m, int nb, const int *pmt_pids);
void mux_pmt(struct mux *m, int pid, const struct entry *e, size_t nb, bool broken);

/* PAT, and a PMT with pictures of this type and AAC. */
void mux_tables(struct mux *m, uint8_t video_type);

void pes_time(uint8_t *p, int prefix, int64_t t);

/* A PES in packets. length: 0 none declared, 1 the true one, above that this one. room: payload
 * bytes per packet at most. */
void mux_pes_ex(struct mux *m, int pid, int64_t pts, int64_t dts, const void *p, size_t n,
                unsigned length, size_t room);
void mux_pes(struct mux *m, int pid, int64_t pts, const void *p, size_t n);

#endif
