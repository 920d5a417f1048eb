/* SPDX-License-Identifier: MIT */
/* Progress of a run: a line on a terminal, or lines of JSON on standard error. */
#ifndef TRTC_CMD_METER_H
#define TRTC_CMD_METER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The progress of a run. */
struct meter_state {
    int64_t done_us, total_us;  /* of media; total_us 0: not known */
    int64_t there_us;           /* the part of done_us that an earlier run has made */
    int64_t bytes, total_bytes; /* read; total_bytes 0: not counted */
    int64_t there_bytes;        /* the part of bytes that an earlier run has read */
    int file, files;            /* the number of the current file, and of all; 0: there is one */
};

/* A thread that shows the progress. Zero-initialise: it does not run. */
struct meter {
    bool json, running, ended;
    int64_t since_us;
    void (*look)(void *opaque, struct meter_state *s);
    void *opaque;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t end;
};

/* Starts a thread that calls look four times a second and shows the state. json: as NDJSON on
 * standard error; else as a line there, if it is a terminal and -q was not given. */
void meter_start(struct meter *m, bool json, void (*look)(void *opaque, struct meter_state *s),
                 void *opaque);

/* Ends the thread: prints the last state as JSON, or clears the line on the terminal. */
void meter_stop(struct meter *m);

/* For tests: write what is shown after elapsed_us to out, which holds n bytes. */
void meter_line(const struct meter_state *s, int64_t elapsed_us, char *out, size_t n);
void meter_json(const struct meter_state *s, int64_t elapsed_us, char *out, size_t n);

#endif
