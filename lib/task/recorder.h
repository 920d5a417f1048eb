/* SPDX-License-Identifier: MIT */
/* Decides when the child that records a stream is started, asked to end, killed and replaced, and
 * how its successor continues the recording. Pure: the caller reports what happens, asks what is to
 * be done, and does it. Times are in µs of a monotonic clock. */
#ifndef TRTC_TASK_RECORDER_H
#define TRTC_TASK_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

enum trtc_recorder_act {
    TRTC_RECORDER_WAIT,
    TRTC_RECORDER_START,
    TRTC_RECORDER_STOP, /* ask it to end */
    TRTC_RECORDER_KILL
};

/* How a child continues the recording. */
enum trtc_recorder_how {
    TRTC_RECORDER_APPEND, /* in the playlists that are there, if any */
    TRTC_RECORDER_BESIDE  /* in new playlists, with the next recovery number */
};

/* What is wanted of a stream. A new number is a new stream, for example after its user has left and
 * come back. */
struct trtc_recorder_want {
    bool wanted;
    bool audio, video;
    uint64_t number;
};

struct trtc_recorder_end { /* how a process has ended */
    bool by_signal;
    int code; /* its exit status, or the number of the signal */
};

/* What the end of a child means for the recording. */
enum trtc_recorder_loss {
    TRTC_RECORDER_NO_LOSS,
    TRTC_RECORDER_LOSS, /* parts of the stream were missing, or it broke off */
    TRTC_RECORDER_DIED  /* the process failed */
};

struct trtc_recorder {
    struct trtc_recorder_want want, run; /* run: what the child was started for */
    bool ends_itself;           /* the child notices the end of its stream; set by the caller */
    bool runs, asked;           /* asked: the child was asked to end */
    enum trtc_recorder_how how; /* for the next start */
    int ha;                     /* the recovery number in use */
    int failures;               /* in a row, each soon after its start */
    int64_t since_us;           /* when the want changed or the child started, the later */
    int64_t due_us;             /* the earliest next start; after asked: when the child is killed */
};

/* Initialises a stream of which nothing is wanted yet. resumed: an earlier run was killed and may
 * have left files of the stream; ha: the largest recovery number among its files, 0: none. */
void trtc_recorder_init(struct trtc_recorder *r, bool resumed, int ha);

/* Changes what is wanted. */
void trtc_recorder_wants(struct trtc_recorder *r, const struct trtc_recorder_want *want,
                         int64_t now_us);

/* Returns what the caller does now; after START it calls trtc_recorder_started. *again_us: when to
 * ask again if nothing happens before; INT64_MAX: not. hurry: the task ends, and a running child is
 * asked to end at once. */
enum trtc_recorder_act trtc_recorder_step(struct trtc_recorder *r, bool hurry, int64_t now_us,
                                          int64_t *again_us);

/* Reports that the child was started (ok), or could not be started. */
void trtc_recorder_started(struct trtc_recorder *r, bool ok, int64_t now_us);

/* Reports that the child has ended; returns what that means. */
enum trtc_recorder_loss trtc_recorder_ended(struct trtc_recorder *r,
                                            const struct trtc_recorder_end *end, int64_t now_us);

#endif
