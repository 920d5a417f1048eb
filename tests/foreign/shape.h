/* SPDX-License-Identifier: MIT */
/* Writes frames as a transport stream in shapes that other muxers and recorders give it. */
#ifndef TESTS_FOREIGN_SHAPE_H
#define TESTS_FOREIGN_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"

enum tables {
    TABLES_OFTEN, /* in front of every tenth PES */
    TABLES_ONCE,
    TABLES_LATE,    /* behind a tenth of the stream, then often */
    TABLES_VERSION, /* often, another version each time */
    TABLES_SOUND_FIRST,
    TABLES_BROKEN, /* every second one has a wrong sum */
};

/* Zero: a plain stream. Times are in ticks from the first stamp. */
struct shape {
    int frames_a_pes[NB_KINDS]; /* 0: one */
    bool no_dts;                /* also on pictures that are not shown in order */
    bool skip_stamps;           /* every third PES of sound has none */
    bool cut_frames;            /* PES of sound begin anywhere in a frame */
    bool lengths;               /* pictures' PES say how long they are */
    bool no_delimiters;         /* access unit delimiters are left out */
    bool short_codes;           /* start codes have three bytes */
    bool repeats;               /* some packets come twice */
    bool fields;                /* adaptation fields alone, null packets, a PID of data */
    bool pes_extras;            /* headers with stuffing and flags */
    bool no_pcr;
    int room; /* payload bytes a packet; 0: all */
    enum tables tables;
    int64_t offset;           /* of all stamps */
    int64_t jitter[NB_KINDS]; /* by up to so much either way */
    int64_t restart_at, jump; /* from there on, stamps begin at 0, or differ by so much */
    int64_t ahead[NB_KINDS];  /* it stands so much earlier in the file */
    int lead, tail, front;    /* bytes before and behind each packet, and before all */
};

/* The decoding time at which the clock restarts: that of a key picture, if one comes. */
int64_t shape_restart(const struct shape *s, const struct frames *all);

/* 0, or -1 where path cannot be written or the tracks have no place in a transport stream. */
int shape_write(const struct shape *s, const struct frames *all, const char *path);

#endif
