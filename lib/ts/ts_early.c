/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: keeps the packets before the first tables (the latest ones if there are
 * too many), and reads them once the tables are known. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "ts/ts_priv.h"

#define START 64

struct trtc_ts_early {
    int64_t pos;
    uint8_t p[PACKET];
};

#define MAX (TRTC_TS_EARLY_MAX / sizeof(struct trtc_ts_early))

/* Enlarges the ring, which has not begun to turn. */
static int grow(struct trtc_ts *ts)
{
    size_t cap = ts->early_cap;

    if (trtc_array_reserve(&ts->early, &cap, cap ? cap + 1 : START, sizeof *ts->early) < 0)
        return -1;
    ts->early_cap = cap < MAX ? cap : MAX;
    return 0;
}

int trtc_ts_early_keep(struct trtc_ts *ts, const uint8_t *p)
{
    if (ts->nb_early == ts->early_cap && ts->early_cap < MAX && grow(ts) < 0)
        return -1;

    struct trtc_ts_early *e = &ts->early[(ts->early_first + ts->nb_early) % ts->early_cap];
    e->pos = ts->packet_pos;
    memcpy(e->p, p, PACKET);
    if (ts->nb_early < ts->early_cap) {
        ts->nb_early++;
    } else {
        ts->early_first = (ts->early_first + 1) % ts->early_cap;
        ts->stats.nb_dropped++;
    }
    return 0;
}

const uint8_t *trtc_ts_early_next(struct trtc_ts *ts)
{
    if (ts->nb_early == 0) {
        trtc_ts_early_drop(ts);
        return NULL;
    }
    const struct trtc_ts_early *e = &ts->early[ts->early_first];
    ts->early_first = (ts->early_first + 1) % ts->early_cap;
    ts->nb_early--;
    ts->packet_pos = e->pos;
    return e->p;
}

void trtc_ts_early_drop(struct trtc_ts *ts)
{
    free(ts->early);
    ts->early = NULL;
    ts->early_cap = ts->early_first = ts->nb_early = 0;
    ts->replay = false;
}

void trtc_ts_early_count(struct trtc_ts *ts)
{
    for (size_t i = 0; i < ts->nb_early; i++) {
        const uint8_t *p = ts->early[(ts->early_first + i) % ts->early_cap].p;
        ts->nb_of_pid[(p[1] & 0x1f) << 8 | p[2]]++;
    }
}

void trtc_ts_early_tables(struct trtc_ts *ts)
{
    for (size_t i = 0; i < ts->nb_early && !ts->tabled; i++) {
        const uint8_t *p = ts->early[(ts->early_first + i) % ts->early_cap].p;
        const int pid = (p[1] & 0x1f) << 8 | p[2];
        if (ts->pid[pid] >= PID_PROGRAM)
            trtc_ts_table_packet(ts, pid, p);
    }
}
