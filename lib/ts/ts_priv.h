/* SPDX-License-Identifier: MIT */
/* Declarations shared by the files of the MPEG-TS demultiplexer. Numbers of clauses are those of
 * ITU-T H.222.0 (ISO/IEC 13818-1).
 *
 * Bytes flow in one direction: ts_sync.c finds packets in the input, and ts.c looks up their PID;
 * ts_early.c keeps those that come before the first tables; ts_tables.c chooses streams, and
 * ts_guess.c those that the tables do not describe; ts_pes.c checks the continuity of a stream's
 * packets and parses their PES; ts_unit.c keeps the payload in the stream's buffer; the framer of
 * the stream (ts_video.c, ts_audio.c, or trtc_ts_pes_frame) cuts frames out of the buffer in place;
 * ts_ahead.c makes it wait if only later data shows how long a picture is shown; ts_account.c
 * counts every byte. A packet that changes the state of a stream (a PES begins, packets are
 * missing) is held back until the framer has delivered everything that was complete before it. */
#ifndef TRTC_TS_TS_PRIV_H
#define TRTC_TS_TS_PRIV_H

#include "ts/es_sound.h"
#include "ts/picture_time.h"
#include "ts/poc.h"
#include "ts/psi.h"
#include "ts/shown.h"
#include "ts/ts.h"

#define SYNC        TRTC_TS_SYNC
#define PACKET      TRTC_TS_PACKET
#define NOPTS       TRTC_TS_NOPTS
#define NB_PIDS     8192
#define NULL_PID    0x1fff
#define NB_PROGRAMS 16 /* how many programs are read, of those that a PAT names */
#define NB_PATIENCE \
    256 /* after this many packets without tables, those of the previous segment are used */
#define CC_NONE        0xff /* there was no packet yet */
#define NB_MARKS       64   /* how many PES packets ago a frame may have begun */
#define PES_HEADER_MAX (9 + 255)

/* How many sync bytes must follow, a packet apart, when sync is searched: other files contain some
 * by chance. */
#define CONFIRM_FIRST 3
#define CONFIRM_AGAIN 2
#define STRIDE_MAX    208
#define LOOK          ((CONFIRM_FIRST + 1) * STRIDE_MAX)

/* What a PID carries: a stream, a stream that may be sound or pictures, or a table: the PAT, the PMT
 * of a program, of which no packet has come yet, or from PID_PMT on that of program 0, 1, ... */
enum { PID_NONE, PID_VIDEO, PID_AUDIO, PID_GUESS, PID_PAT, PID_PROGRAM, PID_PMT };

/* Why a framer is called. */
enum trtc_ts_why {
    WHY_NOT,
    WHY_MORE,  /* enough bytes have arrived to continue */
    WHY_GAP,   /* packets are missing after the content of the buffer */
    WHY_PES,   /* the PES in the buffer is complete, or the next one begins */
    WHY_FINAL, /* no more data follows */
};

/* Where a PES began. PTS and DTS belong to the first frame that begins in it (2.4.3.7). */
struct trtc_ts_mark {
    int64_t at; /* first payload byte, counted as in struct trtc_ts_es */
    int64_t pts, dts;
    int64_t pos; /* of its packet, in the segment */
    bool used;   /* a frame has taken the times */
};

/* The frame that is being assembled. */
struct trtc_ts_unit {
    bool begun;
    int64_t pts, dts, pos;
    bool key, damaged;
    bool restamped; /* see struct trtc_ts_frame */
    bool deep;      /* ... */
    bool aud;       /* it has an access unit delimiter */
    bool slice;     /* it has picture data */
    bool sets;      /* it has parameter sets */
    bool lost;      /* the beginning of the PES in which it began is missing */
    bool within;    /* that PES began with the end of another picture */
    size_t sei;     /* offset of an SEI unit that was not parsed yet, or 0 */
    size_t at;      /* offset of the first slice, or 0 */
    int samples, rate_hz;
};

/* The state of a stream of MPEG-1 or MPEG-2 video. */
struct trtc_ts_mpeg {
    bool known; /* there was a sequence header */
    struct trtc_video_params params;
    int64_t base, highest; /* of the counts of this group of pictures */
    int64_t count;         /* of the current picture */
    int structure;         /* its picture_structure */
    bool pair;             /* it has two fields */
};

/* An ADTS frame of several blocks that is being split. */
struct trtc_ts_blocks {
    int nb, next;      /* nb 0: there is no such frame */
    size_t at[5];      /* offsets of the blocks, and of the end of the frame */
    uint8_t header[7]; /* the header of the frame */
    int64_t pos;
};

/* Counts that were not added to the account of a stream yet. */
struct trtc_ts_count {
    int64_t packets, scrambled, lost, frames, bytes, framed, idle, bad, early;
};

struct trtc_ts_es {
    struct trtc_ts_stream info;   /* as the tables describe it */
    struct trtc_ts_stream stream; /* as it really is */
    struct trtc_ts_count count;
    bool on;
    struct trtc_ts_stream next; /* replaces info as soon as the buffer is empty */
    bool next_on, change;

    /* packets */
    uint8_t cc;    /* of the last packet with payload, or CC_NONE, */
    uint8_t first; /* and of the first one */
    bool repeated; /* that packet was repeated */
    bool stuffed;  /* it had stuffing, like the last packet of a PES */
    struct {
        size_t size;
        uint64_t tail;
        bool unit_start;
    } last;         /* the last packet, to recognise a repetition */
    unsigned files; /* ts.files, when that packet arrived */
    bool gap;       /* packets are missing after it */
    bool seam;      /* there was no packet yet in this segment */
    bool continued; /* ... and the first one may continue the previous segment */
    bool cut;       /* the next payload does not belong to the current PES */
    bool torn;      /* the current unit is incomplete */
    int64_t came;   /* ts.clock at its last packet, */
    int nb_since;   /* and PES of the other stream since */

    /* PES */
    enum { PES_NONE, PES_HEADER, PES_BODY, PES_OVER, PES_PADDING, PES_SCRAMBLED } pes;
    uint8_t header[PES_HEADER_MAX];
    size_t nb_header;
    int64_t pes_pos;
    int64_t left;   /* payload bytes that follow; -1: up to the next PES */
    int64_t over;   /* PES_OVER: bytes after the stated length; 0: they were padding, if any */
    bool misstated; /* lengths of this stream have been wrong */
    bool random_access;
    struct trtc_ts_mark mark[NB_MARKS]; /* a ring of the last PES packets */
    unsigned nb_marks;
    unsigned nb_looked; /* how many of them annexb_frame has examined */

    /* bytes: buf[start..size) were not delivered yet; buf[0] is byte base of the stream */
    uint8_t *buf;
    size_t cap, start, size;
    int64_t base;
    size_t scan; /* all start codes that begin in [start..scan) were found */
    size_t wake; /* the framer is to be called at this size */
    enum trtc_ts_why why;
    struct trtc_ts_unit unit;

    /* pictures */
    struct trtc_poc poc;
    bool mpeg_video;
    struct trtc_ts_mpeg mpeg;
    struct trtc_picture_times times;
    struct trtc_shown shown;

    /* sound */
    const struct trtc_sound_parser *parser; /* or NULL */
    struct trtc_sound_memory memory;
    struct trtc_ts_blocks blocks;
    bool known;            /* the first frames were examined */
    bool plain;            /* ... and the parser cannot read them */
    bool in_sync;          /* an ADTS frame ended at start */
    int64_t clock_pts;     /* the time of a frame, or NOPTS */
    int64_t clock_samples; /* the number of samples since that frame */
    int clock_rate_hz;
    int64_t said_pts; /* the last time that a PES stated, or NOPTS, */
    int64_t said_at;  /* and where its first frame began */
    int64_t seam_at;  /* where this segment began */
};

struct trtc_ts {
    unsigned want;
    struct trtc_ts_stats stats;

    /* input */
    const uint8_t *in_begin, *in, *in_end;
    int64_t pos; /* of the next unused byte, in the segment */
    int64_t packet_pos;
    uint8_t carry[LOOK]; /* bytes that wait for more input */
    size_t nb_carry;
    uint8_t packet[PACKET];
    bool synced, ever_synced;
    size_t stride;     /* bytes from one packet to the next */
    size_t owed, seam; /* next bytes that belong to the previous packet; bytes of a packet that
                          began in the previous segment */
    int64_t front;     /* bytes before the first packet, so far */
    bool fresh;        /* no packet of this segment was found yet */
    uint8_t rtp[12];   /* the last header of RTP between packets */
    bool ended, finished;
    bool paused;               /* the segment has ended, but its stream may continue */
    int64_t clock;             /* the last PCR, or time of a PES, or 0 */
    const uint8_t *held;       /* a packet that is to be processed again */
    bool held_anew;            /* ... because its stream begins with it */
    struct trtc_ts_es *recent; /* the stream of the previous packet */

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
    int nb_programs;                                        /* of which a packet has come */
    int nb_named;                                           /* that the PAT names */
    enum { FROM_0_NONE, FROM_0_PAT, FROM_0_JUMPED } from_0; /* there was a PAT with counter 0 */
    unsigned files;                                         /* number of concatenated streams */
    bool tables_stand; /* their counters are always 0: streams went on behind such tables */
    int locked;        /* the program in use, or -1 */
    bool tabled;       /* streams were chosen from a PMT */
    struct trtc_ts_stream before[TRTC_NB_KINDS]; /* streams of an earlier segment */
    bool had[TRTC_NB_KINDS];

    /* packets before the first tables: a ring */
    struct trtc_ts_early *early;
    size_t early_cap, early_first, nb_early;
    bool replay; /* they are being read */

    bool busy; /* a framer is to be called */
    struct trtc_ts_es es[TRTC_NB_KINDS];
};

/* ts_tables.c: takes a packet of the PAT or of a PMT. */
void trtc_ts_table_packet(struct trtc_ts *ts, int pid, const uint8_t *p);

/* ts_sync.c: returns the next packet, or NULL: more input is needed. */
const uint8_t *trtc_ts_packet(struct trtc_ts *ts);

/* ts_early.c. Keeps a packet whose PID no table has named yet; returns 0, or -1: no memory. Returns
 * the next of the kept packets, or NULL: the end. Drops them all. */
int trtc_ts_early_keep(struct trtc_ts *ts, const uint8_t *p);
const uint8_t *trtc_ts_early_next(struct trtc_ts *ts);
void trtc_ts_early_drop(struct trtc_ts *ts);

/* Counts the kept packets again, in another segment. */
void trtc_ts_early_count(struct trtc_ts *ts);

/* Reads the tables among the kept packets: a PMT may precede the PAT. */
void trtc_ts_early_tables(struct trtc_ts *ts);

/* ts_account.c. Notes that a PMT names a stream. Adds the counts of s to its account. Counts n
 * bytes of payload as bad. */
void trtc_ts_name(struct trtc_ts *ts, const struct trtc_ts_stream *stream, unsigned kind);
void trtc_ts_settle(struct trtc_ts *ts, struct trtc_ts_es *s);
void trtc_ts_count_bad(struct trtc_ts *ts, struct trtc_ts_es *s, size_t n);

/* Whether a PMT of this segment has named sound or pictures on the PID. */
bool trtc_ts_is_other(const struct trtc_ts *ts, int pid);

/* Forgets the tables, but not the streams that were chosen. Prepares for the tables of the next
 * segment. */
void trtc_ts_tables_begin(struct trtc_ts *ts);
void trtc_ts_tables_continue(struct trtc_ts *ts);

/* In a segment without tables: chooses the streams of the previous segment. Returns false if none
 * are known, or if there are no packets of them. */
bool trtc_ts_use_before(struct trtc_ts *ts);

/* ts_guess.c. Whether the stream is private and its content unknown. Examines a packet of such a
 * stream: if sound or pictures begin in it, and none of that kind were chosen yet, the stream is
 * chosen. */
bool trtc_ts_is_unknown(const struct trtc_ts_stream *stream);
void trtc_ts_guess(struct trtc_ts *ts, int pid, const uint8_t *p);

/* ts_pes.c: takes a packet of a stream. again: it was held back, and the framer has run since.
 * Returns -1: no memory. */
int trtc_ts_es_packet(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p, bool again);

/* Called where the PES of s ends (last: as the input does). Returns whether it is incomplete, judging by
 * its stated length, while the counters show no loss. If the length is wrong instead, s keeps in mind
 * that those that follow may be, too. */
bool trtc_ts_close_pes(struct trtc_ts_es *s, bool last);

/* ts_unit.c. Requests that the framer of s is called; the second function, for the last time, to
 * deliver everything that is left (cut: the input ends within a packet). */
void trtc_ts_call_framer(struct trtc_ts *ts, struct trtc_ts_es *s, enum trtc_ts_why why);
void trtc_ts_call_last(struct trtc_ts *ts, struct trtc_ts_es *s, bool cut);

/* Appends payload to the buffer; returns 0, or -1: no memory. A buffer that would exceed
 * TRTC_TS_FRAME_MAX is dropped. */
int trtc_ts_append(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p, size_t n);
/* Skips the bytes before byte at of the buffer, where a unit begins. They count as bad, except zeros
 * before its start code, which belong to the stream. */
void trtc_ts_skip(struct trtc_ts *ts, struct trtc_ts_es *s, size_t at);
/* Drops the content of the buffer; it counts as bad. */
void trtc_ts_discard(struct trtc_ts *ts, struct trtc_ts_es *s);
/* Drops the content of the buffer at the end of the input. Units that precede a picture which does
 * not follow are no damage, unless they are the rest of a damaged picture. */
void trtc_ts_leave(struct trtc_ts *ts, struct trtc_ts_es *s);

/* Notes that the whole buffer was searched without result; the framer is called again step bytes
 * later. Returns final: no more data follows. */
bool trtc_ts_scanned(struct trtc_ts_es *s, size_t step, bool final);
/* Moves the rest of the buffer to its beginning. */
void trtc_ts_compact(struct trtc_ts_es *s);

/* Returns where the PES in hand ends in the buffer, in which others may wait behind it. */
size_t trtc_ts_pes_end(const struct trtc_ts_es *s);

/* Returns the PES that contains byte at of the buffer; NULL: it is no longer known. */
struct trtc_ts_mark *trtc_ts_mark_of(struct trtc_ts_es *s, size_t at);

/* Begins a unit at s->start; the first unit in a PES gets its times. Completes the unit, which ends
 * before end, as *f; returns 1. */
void trtc_ts_unit_begin(struct trtc_ts_es *s);
int trtc_ts_unit_emit(struct trtc_ts_es *s, size_t end, struct trtc_ts_frame *f);

struct trtc_ts_shown { /* a place in the order of presentation */
    struct trtc_order order;
    const struct trtc_video_params *sps; /* or NULL: not known */
    int next_after; /* how many pictures later the next one with a time comes; 0: not known */
    struct trtc_order next_order; /* the place of that picture */
};

/* Like trtc_ts_unit_emit, for a picture: times that the stream does not state are calculated. */
int trtc_ts_picture_emit(const struct trtc_ts *ts, struct trtc_ts_es *s, size_t end,
                         const struct trtc_ts_shown *shown, struct trtc_ts_frame *f);

/* ts_ahead.c: returns the PES with the next time: the first PES with a PTS that no picture has
 * taken and that begins after end. NULL: there is none yet. */
const struct trtc_ts_mark *trtc_ts_next_mark(const struct trtc_ts_es *s, size_t end);

/* How many PES are known that begin after a place in the buffer. */
unsigned trtc_ts_marks_since(const struct trtc_ts_es *s, size_t at);

/* Whether the picture that ends before end must wait: the stream does not state how long it is
 * shown, and the next picture with a time has not arrived. */
bool trtc_ts_awaits_next(const struct trtc_ts_es *s, size_t end);

/* Searches the buffer for the next picture with a time, if that is needed to find out how long this
 * one is shown. Fills next_after and next_order. */
void trtc_ts_look_ahead(const struct trtc_ts_es *s, size_t end, struct trtc_ts_shown *shown);

/* Whether the picture that ends before end has a PTS so far from its place that it has to wait for
 * those after it. Replaces the PTS if they show that it is wrong. */
bool trtc_ts_awaits_judges(const struct trtc_ts_es *s, size_t end);
void trtc_ts_judge(struct trtc_ts_es *s, size_t end, const struct trtc_ts_shown *shown);

/* Whether a slice (H.264, H.265) is the first one of its picture. */
bool trtc_ts_is_first_slice(const struct trtc_ts_es *s, const uint8_t *p);

/* Framers: return 1 and a frame; 0: more data is needed. */
int trtc_ts_annexb_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f);
int trtc_ts_mpeg_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f);
int trtc_ts_sound_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f);
int trtc_ts_opus_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f);
int trtc_ts_pes_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f);

#endif
