/* SPDX-License-Identifier: MIT */
/* Reader of a lane: what its parts share. reader.c hands out frames, which reader_files.c reads,
 * reader_clip.c assigns to clips, reader_stamps.c places in time, and reader_loss.c reports if they are
 * missing. */
#ifndef TRTC_SOURCE_READER_PRIV_H
#define TRTC_SOURCE_READER_PRIV_H

#include "input/crowd.h"
#include "recording/clock.h"
#include "source/ahead.h"
#include "source/reader.h"
#include "ts/course_ts.h"

enum { TRTC_READER_BYTES = 256 * 1024 }; /* of a block that is fed */

#define TRTC_READER_TOL_90K 3600 /* a stamp that is lower than the one before by this has fallen */
#define TRTC_READER_GOES_ON_90K \
    45000                           /* reordered pictures are lower than the first stamp by less */
#define TRTC_READER_FIRST_90K 90000 /* how far a kind's first stamp may be from the segment's */

/* A clip of which all bytes were fed, while frames that begin in it are not complete. */
struct trtc_reader_passed {
    int64_t end; /* trtc_ts_pos there */
    struct trtc_ts_stats stats;
};

/* How the frames of a clip were placed: distances are those of decoding times, without the length of sound. */
struct trtc_reader_place {
    bool after;                 /* the clip before had frames, and is followed by this one */
    bool jumps;                 /* the clock jumps at its beginning */
    int64_t contradicted_us;    /* ... since stamps rise by so much more than the playlist says */
    int64_t fell_us;            /* how far they are there before those of the clip before */
    int64_t first_us, delay_us; /* when the first frame is shown, and how much later than decoded */
    int64_t behind_us;          /* its distance from the last frame of the clip before */
    int64_t widest_us, wide_us; /* the two longest distances in the clip */
    int64_t jump_us;            /* sound: the last jump, and how many frames came since */
    int nb_since;
    int64_t back_us; /* how far a frame is before the one before it, at most */
    int64_t late_us; /* by how much more than the first one a frame is shown after decoding */
};

struct trtc_reader {
    const struct trtc_recording *rec;
    bool sparing;
    const struct trtc_lane *lane;
    enum trtc_kind kind;
    struct trtc_losses *losses;
    atomic_llong *bytes;
    struct trtc_ts *ts;
    uint8_t *buf;
    int dirfd, fd;    /* -1 between two reads if few files may be open */
    int64_t pos;      /* bytes read of the piece that is being fed */
    size_t at;        /* the clip of the returned frames; lane->n at the end */
    size_t feeding;   /* the clip being fed: at, or a later one in which its last frame continues */
    int64_t begin;    /* trtc_ts_pos at the beginning of clip at */
    bool open, ended; /* clip at has begun; all there is was fed */
    bool paused;      /* all of the clip being fed was, but the next one may go on from it */
    struct trtc_reader_passed *passed; /* those from at to feeding */
    size_t nb_passed, cap_passed;
    bool past_cut; /* the rest of this clip is not wanted */
    bool begins;   /* no frame of this clip has been returned */
    bool joined;   /* it was fed as the continuation of the one before */
    bool torn;     /* pictures are missing before this clip */
    bool need_key; /* pictures up to the next key frame cannot be decoded */
    bool leading;  /* ... and of those after it the ones that are shown before key_us */
    int64_t key_us;
    int64_t nb_no_key;  /* pictures that were left out in this clip */
    int64_t nb_damaged; /* frames of this clip left out since they were incomplete, */
    int64_t nb_torn;    /* and incomplete pictures of it that were not */
    int64_t
        nb_misplaced; /* pictures of it whose times contradict the order in which they are shown */
    struct trtc_crowd crowd; /* pictures of this clip */
    struct trtc_ledger account;

    struct trtc_clock clock;
    int64_t off_us;           /* how far the clock is before the start of its segments, since the
                                 stamps of the other kind have jumped */
    int64_t prev_us, step_us; /* decoding time of the frame before, and the usual distance */

    /* stamps that jump inside a segment */
    int64_t shift_90k;         /* of the segments before: what has been added to the stamps, */
    int64_t next_shift_90k;    /* and what will be in the next one */
    bool shifted;              /* it was something else in the one before */
    int64_t rel_90k;           /* of the frame: from the piece's first stamp */
    int64_t prev_ts, step_90k; /* stamp of the frame before, TRTC_NOTIME: none; usual distance */
    bool varies;               /* that distance has varied */
    int64_t last_ts, last_us;  /* of the last frame of the clips before: stamp, decoding time */
    bool tail_seen;            /* the end of the segment has been looked at: */
    int64_t tail_90k,
        last_90k; /* how far it is from its first stamp to its end, and to its last frame */
    bool rose;    /* pictures rose in it: whether they fall later has been looked at */
    bool looked;  /* all of it was: */
    struct trtc_reader_place placed;
    int64_t usual_us;          /* pictures: the longest distance in clips that are not corrected */
    struct trtc_course course; /* its course; empty if its time stamps simply continue */
    size_t course_hint;

    /* sound that waits for its place */
    struct trtc_ahead ahead;
    int64_t sound_us,
        pushed_us; /* where the last frame ends, and how much later than by its clock */
    int64_t slewed_us,
        moved_us; /* how far the clock was corrected in the clip, and since the last frame */
    bool missing; /* a frame was left out since the last one that went there */
    bool have_plain, drained;
    struct trtc_read plain; /* a frame of unknown length, after the waiting ones */

    /* overlaps */
    int64_t end_us;      /* of the returned sound; time of the latest picture; or TRTC_NOTIME */
    int64_t seen_dts_us; /* of the picture before */
    const struct trtc_piece *over; /* the segment that does, and by how much */
    int64_t over_us, nb_over, nb_cut;
};

static inline const struct trtc_piece *trtc_reader_piece_of(const struct trtc_reader *rd)
{
    return rd->lane->clips[rd->at].piece;
}

static inline const struct trtc_piece *trtc_reader_fed_piece(const struct trtc_reader *rd)
{
    return rd->lane->clips[rd->feeding].piece;
}

static inline int64_t trtc_reader_ticks_of(int64_t us)
{
    return us == TRTC_NOTIME ? us : us * 9 / 100;
}

/* ---- reader_files.c: files ---- */

/* Opens the directory of the recording, unless it is open. Returns 0, or -1. */
int trtc_reader_open_directory(struct trtc_reader *rd, struct trtc_err *err);

/* Closes the file that is being read, and the directory if few files may be open. */
void trtc_reader_close_files(struct trtc_reader *rd);

/* Opens the file of a piece. Returns 1; 0: it is gone (*fd is -1), *why says how; -1: the machine
 * failed. */
int trtc_reader_open_if_there(struct trtc_reader *rd, const struct trtc_piece *p, int *fd,
                              struct trtc_err *why, struct trtc_err *err);

/* Opens the file of a piece at the given byte. Returns 1; 0: it is gone, which has been listed; -1:
 * the machine failed. */
int trtc_reader_open_piece(struct trtc_reader *rd, const struct trtc_piece *p, int64_t pos, int *fd,
                           struct trtc_err *err);

/* The same for the piece that is being read. */
int trtc_reader_open_file(struct trtc_reader *rd, struct trtc_err *err);

/* Feeds the next block to the demultiplexer, or the end. Returns 0, or -1. */
int trtc_reader_refill(struct trtc_reader *rd, struct trtc_err *err);

/* ---- reader_clip.c: clips ---- */

/* Whether the clip follows the one before in their playlist, and nothing is missing at the end
 * of that. */
bool trtc_reader_follows(const struct trtc_reader *rd, size_t at);

/* Whether the stamps of this kind go on from the clip before. */
bool trtc_reader_own_stamps_go_on(const struct trtc_reader *rd);

/* Sets the clock to clip at, and returns by how much it jumps. A segment that begins in the middle
 * of a picture was cut out of a stream, so its clock simply continues, whatever the playlist
 * states. */
int64_t trtc_reader_set_clock(struct trtc_reader *rd);

/* Opens the next clip's file. Returns 1; 0: there is none; -1: the machine failed. A file that has
 * disappeared is a loss. */
int trtc_reader_open_clip(struct trtc_reader *rd, struct trtc_err *err);

/* Ends clip at. */
int trtc_reader_close_clip(struct trtc_reader *rd, struct trtc_err *err);

/* The frames of the clip being read begin, so the clip before it has ended. */
int trtc_reader_next_clip(struct trtc_reader *rd, struct trtc_err *err);

/* ---- reader_stamps.c: stamps ---- */

/* Sets the times of a frame on the epoch clock. Returns 0, or -1. */
int trtc_reader_set_times(struct trtc_reader *rd, const struct trtc_ts_frame *f,
                          struct trtc_packet *p, struct trtc_err *err);

/* ---- reader_place.c: whether the places of frames agree with what else is known ---- */

/* Notes the place of a frame; first: of the clip. To be called before it is the frame before. */
void trtc_reader_note_place(struct trtc_reader *rd, const struct trtc_packet *p, bool first);

/* Lists a clip whose stamps were corrected if its frames leave time that nothing explains: then it is not
 * known where they belong. s: what the demultiplexer found in it. 0, or -1: no memory. */
int trtc_reader_lose_place(struct trtc_reader *rd, const struct trtc_ts_stats *s);

/* ---- reader_loss.c: losses ---- */

/* Adds a loss in a piece to the list, and in the second function one in that of clip at. They return 0,
 * or -1: no memory, as do those that follow. */
int trtc_reader_lose_in(struct trtc_reader *rd, const struct trtc_piece *p, struct trtc_lost lost,
                        const char *why);

__attribute__((format(printf, 3, 4))) int
trtc_reader_lose(struct trtc_reader *rd, struct trtc_lost lost, const char *fmt, ...);

/* Lists streams of the segment that are wanted but were not followed, or not to their end. */
int trtc_reader_lose_unfollowed(struct trtc_reader *rd, const struct trtc_ts_stats *s);

/* Lists the frames that were left out because their time had been used already. */
int trtc_reader_lose_overlap(struct trtc_reader *rd);

/* Frames beyond the start of the next segment of the same playlist are lost; a recovery has those
 * beyond its own start. */
int trtc_reader_lose_cut(struct trtc_reader *rd);

/* Takes the faults that the demultiplexer found in clip at, after those in skipped clips before it. */
struct trtc_ts_stats trtc_reader_stats_of(struct trtc_reader *rd);

/* Lists the faults found in the open clip. */
int trtc_reader_lose_damage(struct trtc_reader *rd, const struct trtc_ts_stats *s);

#endif
