/* SPDX-License-Identifier: MIT */
/* Progress of a run: a line on a terminal, or lines of JSON on standard error. */
#ifndef TRTC_CMD_METER_H
#define TRTC_CMD_METER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far a run has come. */
struct meter_state {
    int64_t done_us, total_us;  /* of media; total_us 0: not known */
    int64_t there_us;           /* of done_us what an earlier run had made */
    int64_t bytes, total_bytes; /* read; total_bytes 0: not counted */
    int64_t there_bytes;        /* of bytes what an earlier run had read */
    int file, files;            /* the file that was begun last, of so many; 0: there is one */
};

/* A thread that looks and shows; zeros: it does not run. */
struct meter {
    bool json, running, ended;
    int64_t since_us;
    void (*look)(void *opaque, struct meter_state *s);
    void *opaque;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t end;
};

/* From here on look is asked four times a second, in a thread of its own, and what it says is shown:
 * json: as NDJSON; else as a line, where standard error is a terminal and -q was not given. */
void meter_start(struct meter *m, bool json, void (*look)(void *opaque, struct meter_state *s),
                 void *opaque);

/* Ends it: the last state as JSON, the line of the terminal cleared. */
void meter_stop(struct meter *m);

/* What is shown after elapsed_us: n bytes of out. For the tests. */
void meter_line(const struct meter_state *s, int64_t elapsed_us, char *out, size_t n);
void meter_json(const struct meter_state *s, int64_t elapsed_us, char *out, size_t n);

#endif
