/* SPDX-License-Identifier: MIT */
/* The child that records a stream: when it is started, asked to end, killed, started again, and how the recording goes
 * on then. Pure: who moves it reports what happens, and asks what is to be done. */
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

/* How a recording goes on. */
enum trtc_recorder_how {
    TRTC_RECORDER_APPEND, /* in the playlists that are there; or it begins */
    TRTC_RECORDER_BESIDE  /* under the next recovery number */
};

/* What is wanted of a stream. Other numbers are other streams, as when its user has left and come back. */
struct trtc_recorder_want {
    bool wanted;
    bool audio, video;
    uint64_t number;
};

struct trtc_recorder_end { /* how a process has ended */
    bool by_signal;
    int code; /* exit status, or the signal */
};

/* What an end means. */
enum trtc_recorder_loss {
    TRTC_RECORDER_NO_LOSS,
    TRTC_RECORDER_LOSS, /* something was missing in the stream, or it broke off */
    TRTC_RECORDER_DIED  /* the process failed */
};

struct trtc_recorder {
    struct trtc_recorder_want want, run; /* run: what the child was started for */
    bool ends_itself;                    /* the child sees the end of its stream */
    bool runs, asked;                    /* asked: to end */
    enum trtc_recorder_how how;          /* at the next start */
    int ha;                              /* the recovery number in force */
    int failures;                        /* in a row, soon after the start */
    int64_t since_us;                    /* of the want, or of the child */
    int64_t due_us; /* the earliest next start; of a child that was asked to end, when it is killed */
};

/* A stream of which nothing is wanted yet. resumed: an earlier run was killed, and may have left files of it; ha: the
 * recovery number that is known to be there. */
void trtc_recorder_init(struct trtc_recorder *r, bool resumed, int ha);

void trtc_recorder_wants(struct trtc_recorder *r, const struct trtc_recorder_want *want,
                         int64_t now_us);

/* What is to be done now. *again_us: when to ask again if nothing happens, or INT64_MAX. hurry: the task ends, and what
 * runs is asked to end at once. After START comes trtc_recorder_started. */
enum trtc_recorder_act trtc_recorder_step(struct trtc_recorder *r, bool hurry, int64_t now_us,
                                          int64_t *again_us);

/* The child was started, or could not be. */
void trtc_recorder_started(struct trtc_recorder *r, bool ok, int64_t now_us);

/* The child has ended. */
enum trtc_recorder_loss trtc_recorder_ended(struct trtc_recorder *r,
                                            const struct trtc_recorder_end *end, int64_t now_us);

#endif
