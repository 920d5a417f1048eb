/* SPDX-License-Identifier: MIT */
/* What the files of the MPEG-TS demultiplexer share.
 *
 * Bytes flow in one direction: ts_sync.c finds packets in what was fed, and ts.c looks their PID
 * up; ts_early.c keeps those that stand before the first tables; ts_tables.c chooses streams, and
 * ts_guess.c those that the tables do not describe; ts_pes.c checks the continuity of a stream's
 * packets and takes their PES apart; ts_unit.c keeps the payload in the stream's buffer, and the
 * framer of the stream (ts_video.c, ts_audio.c, or trtc_ts_pes_frame) cuts frames out of the buffer
 * in place; ts_ahead.c has it wait where only what follows says when a picture is shown;
 * ts_account.c keeps count of every byte. A packet that changes the state of a stream (a PES
 * begins, packets are missing) is held back until the framer has handed out all that was complete
 * before it. */
#ifndef TRTC_TS_TS_PRIV_H
#define TRTC_TS_TS_PRIV_H

#include "ts/es_sound.h"
#include "ts/picture_time.h"
#include "ts/poc.h"
#include "ts/psi.h"
#include "ts/ts.h"

#define SYNC        0x47
#define PACKET      TRTC_TS_PACKET
#define NOPTS       TRTC_TS_NOPTS
#define NB_PIDS     8192
#define NULL_PID    0x1fff
#define NB_PROGRAMS 16 /* programs of a PAT that are looked at */
#define NB_PATIENCE \
    256 /* after this many packets without tables, those of the segment before are used */
#define CC_NONE        0xff /* no packet seen yet */
#define NB_MARKS       16   /* how many PES packets back a frame may have begun */
#define PES_HEADER_MAX (9 + 255)

/* Sync bytes that must follow, a packet apart, where sync is looked for: a file that is none
 * of ours has some by chance. */
#define CONFIRM_FIRST 3
#define CONFIRM_AGAIN 2
#define STRIDE_MAX    208
#define LOOK          ((CONFIRM_FIRST + 1) * STRIDE_MAX)

/* What a PID carries: the streams, what may be one, then the tables. */
enum { PID_NONE, PID_VIDEO, PID_AUDIO, PID_GUESS, PID_PAT, PID_PMT };

/* Why a framer is called. */
enum trtc_ts_why {
    WHY_NOT,
    WHY_MORE,  /* enough bytes came to go on */
    WHY_GAP,   /* packets are missing behind what is in the buffer */
    WHY_PES,   /* the PES in the buffer is complete, or the next one begins */
    WHY_FINAL, /* nothing follows */
};

/* Where a PES began. PTS and DTS belong to the first frame that begins in it (2.4.3.7). */
struct trtc_ts_mark {
    int64_t at; /* first payload byte, counted as in struct trtc_ts_es */
    int64_t pts, dts;
    int64_t pos; /* of its packet, in the segment */
    bool used;   /* a frame has taken the times */
};

/* The frame in the making. */
struct trtc_ts_unit {
    bool begun;
    int64_t pts, dts, pos;
    bool key, damaged;
    bool aud;   /* it has an access unit delimiter */
    bool slice; /* it has picture data */
    bool sets;  /* it has parameter sets */
    bool lost;  /* the PES in which it began was not seen from its beginning */
    size_t sei; /* offset of an SEI unit not looked at yet, or 0 */
    size_t at;  /* offset of the first slice, or 0 */
    int samples, rate_hz;
};

/* What is known of a stream of MPEG-1 or MPEG-2 video. */
struct trtc_ts_mpeg {
    bool known; /* a sequence header has come */
    struct trtc_video_params params;
    int64_t base, highest; /* of the counts of this group of pictures */
    int64_t count;         /* of the picture in hand */
    int structure;         /* and its picture_structure */
    bool pair;             /* it has two fields */
};

/* An ADTS frame of several blocks that is being taken apart. */
struct trtc_ts_blocks {
    int nb, next;      /* nb 0: there is none */
    size_t at[5];      /* offsets of the blocks, and of its end */
    uint8_t header[7]; /* as it stood in front */
    int64_t pos;
};

/* What has not been added to the account of a stream yet. */
struct trtc_ts_count {
    int64_t packets, frames, bytes, framed, idle, bad;
};

struct trtc_ts_es {
    struct trtc_ts_stream info;   /* as the tables have it, */
    struct trtc_ts_stream stream; /* and as it is */
    struct trtc_ts_count count;
    bool on;
    struct trtc_ts_stream next; /* replaces info as soon as the buffer is empty */
    bool next_on, change;

    /* packets */
    uint8_t cc;    /* of the last packet with payload, or CC_NONE */
    bool repeated; /* that packet has come twice */
    bool stuffed;  /* it had stuffing, as the last packet of a PES has */
    struct {
        size_t size;
        uint64_t tail;
        bool unit_start;
    } last;         /* to know a repetition by */
    unsigned files; /* ts.files, when it came */
    bool gap;       /* packets are missing behind it */
    bool seam;      /* a segment begins: it has had no packet yet, */
    bool continued; /* and may continue the segment before */
    bool cut;       /* the next payload is not part of the PES in hand */
    bool torn;      /* the unit in hand is not complete */

    /* PES */
    enum { PES_NONE, PES_HEADER, PES_BODY, PES_PADDING } pes;
    uint8_t header[PES_HEADER_MAX];
    size_t nb_header;
    int64_t pes_pos;
    int64_t left; /* payload bytes to come, or -1: as many as there are */
    bool random_access;
    struct trtc_ts_mark mark[NB_MARKS]; /* a ring: the last PES packets */
    unsigned nb_marks;
    unsigned nb_looked; /* of these annexb_frame has looked at so many */

    /* bytes: buf[start..size) are not handed out, buf[0] is byte base of the stream */
    uint8_t *buf;
    size_t cap, start, size;
    int64_t base;
    size_t scan; /* no start code begins in [start..scan) that was not seen */
    size_t wake; /* the framer wants to be called at this size */
    enum trtc_ts_why why;
    struct trtc_ts_unit unit;

    /* pictures */
    struct trtc_poc poc;
    bool mpeg_video;
    struct trtc_ts_mpeg mpeg;
    struct trtc_picture_times times;

    /* sound */
    const struct trtc_sound_parser *parser; /* or NULL */
    struct trtc_sound_memory memory;
    struct trtc_ts_blocks blocks;
    bool known;            /* its first frames were looked at, */
    bool plain;            /* and the parser cannot read them */
    bool in_sync;          /* an ADTS frame ended at start */
    bool skipped;          /* bytes are missing in front of the next one */
    int64_t clock_pts;     /* time of a frame, or NOPTS, */
    int64_t clock_samples; /* and samples since then */
    int clock_rate_hz;
};

struct trtc_ts {
    unsigned want;
    struct trtc_ts_stats stats;

    /* input */
    const uint8_t *in_begin, *in, *in_end;
    int64_t pos; /* of the next byte not used, in the segment */
    int64_t packet_pos;
    uint8_t carry[LOOK]; /* bytes that wait for more to come */
    size_t nb_carry;
    uint8_t packet[PACKET];
    bool synced, ever_synced;
    size_t stride;     /* from one packet to the next */
    size_t owed, seam; /* bytes to come that belong to the packet before; bytes of a packet that
                          began in the segment before */
    int64_t front;     /* bytes in front of the first packet, as far as was seen */
    bool fresh;        /* no packet of this segment was found yet */
    bool ended, finished;
    bool paused;               /* the segment has ended, but its stream may go on */
    int64_t clock;             /* the last PCR, or time of a PES, or 0 */
    const uint8_t *held;       /* packet to be looked at again, */
    bool held_anew;            /* since its stream begins with it */
    struct trtc_ts_es *recent; /* stream of the packet before */

    /* tables */
    uint8_t pid[NB_PIDS];
    uint32_t nb_of_pid[NB_PIDS]; /* packets with payload */
    struct trtc_ts_program {
        int pid;
        uint8_t cc;
        uint32_t crc; /* of the section last used */
        bool known;   /* crc is set */
        struct trtc_psi psi;
    } pat, program[NB_PROGRAMS];
    int nb_programs;
    enum { FROM_0_NONE, FROM_0_PAT, FROM_0_JUMPED } from_0; /* a PAT has come whose counter is 0 */
    unsigned files;                                         /* counts streams put in a row */
    int locked;                                             /* program in use, or -1 */
    bool tabled;                                            /* a PMT has said what to follow */
    struct trtc_ts_stream before[TRTC_NB_KINDS];            /* streams of an earlier segment */
    bool had[TRTC_NB_KINDS];

    /* packets before the first tables: a ring */
    struct trtc_ts_early *early;
    size_t early_cap, early_first, nb_early;
    bool replay; /* they are being read */

    bool busy; /* a framer is to be called */
    struct trtc_ts_es es[TRTC_NB_KINDS];
};

/* ts_tables.c: a packet of the PAT (slot -1) or of the PMT of program slot. */
void trtc_ts_psi_packet(struct trtc_ts *ts, struct trtc_ts_program *g, int slot, const uint8_t *p);

/* ts_sync.c: the next packet, or NULL: more input is needed. */
const uint8_t *trtc_ts_packet(struct trtc_ts *ts);

/* ts_early.c: keeps a packet that no table has named yet, -1 no memory; gives them back, NULL at
 * the end; forgets them. */
int trtc_ts_early_keep(struct trtc_ts *ts, const uint8_t *p);
const uint8_t *trtc_ts_early_next(struct trtc_ts *ts);
void trtc_ts_early_drop(struct trtc_ts *ts);

/* Counts them again, in another segment. */
void trtc_ts_early_count(struct trtc_ts *ts);

/* Reads the tables among them: a PMT may stand in front of the PAT. */
void trtc_ts_early_tables(struct trtc_ts *ts);

/* ts_account.c: a PMT names a stream; what was counted goes to the account of a stream; n bytes of
 * payload turn out bad. */
void trtc_ts_name(struct trtc_ts *ts, const struct trtc_ts_stream *stream, unsigned kind);
void trtc_ts_settle(struct trtc_ts *ts, struct trtc_ts_es *s);
void trtc_ts_count_bad(struct trtc_ts *ts, struct trtc_ts_es *s, size_t n);

/* True if a PMT of this segment has named sound or pictures on the PID. */
bool trtc_ts_is_other(const struct trtc_ts *ts, int pid);

/* Forgets the tables, but for what was followed; makes ready for tables of the next segment. */
void trtc_ts_tables_begin(struct trtc_ts *ts);
void trtc_ts_tables_continue(struct trtc_ts *ts);

/* Where no tables have come: follows what was followed in the segment before. False: nothing is
 * known, or nothing is there to be read. */
bool trtc_ts_use_before(struct trtc_ts *ts);

/* ts_guess.c: true for a private stream of which nothing is known; a packet of one: where sound
 * begins in it, and none is followed, this is. */
bool trtc_ts_may_be_sound(const struct trtc_ts_stream *stream);
void trtc_ts_guess(struct trtc_ts *ts, int pid, const uint8_t *p);

/* ts_pes.c: a packet of a stream; again: it was held back, and the framer has run. -1 no
 * memory. */
int trtc_ts_es_packet(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p, bool again);

/* ts_unit.c: the framer of s is to be called; to hand out all there is (cut: input ends inside
 * a packet). */
void trtc_ts_call_framer(struct trtc_ts *ts, struct trtc_ts_es *s, enum trtc_ts_why why);
void trtc_ts_call_last(struct trtc_ts *ts, struct trtc_ts_es *s, bool cut);

/* Appends payload to the buffer; -1 no memory. Forgets what is in it. Moves what is left to
 * its front. */
int trtc_ts_append(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p, size_t n);
void trtc_ts_discard(struct trtc_ts *ts, struct trtc_ts_es *s);
void trtc_ts_leave(struct trtc_ts *ts, struct trtc_ts_es *s);

/* Notes that the whole buffer has been searched, so that the next search comes step bytes later.
 * True if nothing follows (final). */
bool trtc_ts_scanned(struct trtc_ts_es *s, size_t step, bool final);
void trtc_ts_compact(struct trtc_ts_es *s);

/* The PES that has byte at of the buffer; NULL: not known any more. */
struct trtc_ts_mark *trtc_ts_mark_of(struct trtc_ts_es *s, size_t at);

/* begin: a unit begins at start, and has the times of its PES if it is the first one in it. end:
 * the unit ends before end; returns 1. */
void trtc_ts_unit_begin(struct trtc_ts_es *s);
int trtc_ts_unit_emit(struct trtc_ts_es *s, size_t end, struct trtc_ts_frame *f);

struct trtc_ts_shown { /* a place in the order of presentation */
    struct trtc_order order;
    const struct trtc_video_params *sps; /* or NULL: not known */
    int next_after;               /* the next picture that has a time is the so manieth from */
    struct trtc_order next_order; /* here, 0: not known; and its place */
};

/* The same for a picture. */
int trtc_ts_picture_emit(const struct trtc_ts *ts, struct trtc_ts_es *s, size_t end,
                         const struct trtc_ts_shown *shown, struct trtc_ts_frame *f);

/* ts_ahead.c: the PES that has the time of the next picture that has one: of those that no picture
 * behind end has taken, the first one. NULL: it has not come. */
const struct trtc_ts_mark *trtc_ts_next_mark(const struct trtc_ts_es *s, size_t end);

/* Whether the picture that ends before end is held back: nothing says how long it is shown, and the
 * next one that has a time is still to come. */
bool trtc_ts_awaits_next(const struct trtc_ts_es *s, size_t end);

/* Looks for that picture where it is needed to know how long this one is shown. */
void trtc_ts_look_ahead(const struct trtc_ts_es *s, size_t end, struct trtc_ts_shown *shown);

/* True if a slice is the first one of its picture. */
bool trtc_ts_is_first_slice(const struct trtc_ts_es *s, const uint8_t *p);

/* Framers: 1 and a frame, or 0. */
int trtc_ts_annexb_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f);
int trtc_ts_mpeg_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f);
int trtc_ts_sound_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f);
int trtc_ts_opus_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f);
int trtc_ts_pes_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f);

#endif
