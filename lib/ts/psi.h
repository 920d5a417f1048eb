/* SPDX-License-Identifier: MIT */
/* Reads program specific information of MPEG-TS (ISO/IEC 13818-1, 2.4.4): assembles sections from
 * packet payloads, checks and reads them. Keeps only the incomplete section. */
#ifndef TRTC_TS_PSI_H
#define TRTC_TS_PSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRTC_PSI_MAX 4096 /* bytes of a section, by its 12-bit length */

enum trtc_psi_table { TRTC_PSI_PAT = 0, TRTC_PSI_PMT = 2 };

/* Collects the sections of one PID. Zero-initialise. */
struct trtc_psi {
    bool active;            /* a section has begun */
    size_t have;            /* bytes of it */
    const uint8_t *p, *end; /* the rest of the current payload */
    const uint8_t *next;    /* where a new section begins in it, or NULL */
    uint8_t buf[TRTC_PSI_MAX];
};

/* Drops the incomplete section, because packets are missing. */
void trtc_psi_drop(struct trtc_psi *s);

/* Takes the payload of one packet, which must stay valid until trtc_psi_next has returned NULL. */
void trtc_psi_push(struct trtc_psi *s, const uint8_t *payload, size_t size, bool unit_start);

/* Returns the next complete section that is current and whose CRC is right, valid until the next
 * call; NULL: there is none. */
const uint8_t *trtc_psi_next(struct trtc_psi *s, size_t *size);

/* Return the table_id of a section (of any table), its number, and its CRC, by which repetitions
 * are recognised. */
int trtc_psi_table_id(const uint8_t *section);
int trtc_psi_number(const uint8_t *section);
uint32_t trtc_psi_crc(const uint8_t *section, size_t size);

/* CRC-32 of a section (ISO/IEC 13818-1, annex A); over one with its CRC it is 0. */
uint32_t trtc_psi_crc32(const uint8_t *p, size_t n);

/* Iterates over the programs of a PAT section; *pos must be 0 at first. Returns false at the end.
 * The network PID is skipped. */
bool trtc_pat_next(const uint8_t *section, size_t size, size_t *pos, int *pmt_pid);

struct trtc_pmt_entry {
    int pid;
    uint8_t stream_type;
    const uint8_t *desc; /* descriptors */
    size_t desc_size;
};

/* A private descriptor in a PMT's program_info with the time of day, which this project writes
 * and reads. Tag, length, "TRTC", 1, UTC (microseconds since the epoch, 64 bits), and the PTS
 * (33 bits in 5 bytes) to which it belongs. */
#define TRTC_PSI_TIME_TAG    0xe8 /* user private: ISO/IEC 13818-1, table 2-45 */
#define TRTC_PSI_TIME_SIZE   20
#define TRTC_PSI_TIME_MAX_US INT64_C(253402300799999999) /* the year 9999 */

struct trtc_psi_time {
    int64_t utc_us, pts_90k;
};

/* Writes the descriptor. */
void trtc_psi_put_time(uint8_t out[TRTC_PSI_TIME_SIZE], const struct trtc_psi_time *t);

/* Reads it from a PMT section; false: there is none. */
bool trtc_pmt_time(const uint8_t *section, size_t size, struct trtc_psi_time *out);

/* Whether the program is registered as "HDMV" (Blu-ray), which gives private stream types their
 * meaning. */
bool trtc_pmt_is_hdmv(const uint8_t *section, size_t size);

/* Iterates over the streams of a PMT section, as trtc_pat_next. */
bool trtc_pmt_next(const uint8_t *section, size_t size, size_t *pos, struct trtc_pmt_entry *out);

#endif
