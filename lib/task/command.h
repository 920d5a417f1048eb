/* SPDX-License-Identifier: MIT */
/* The command lines of a task's children. Pure. */
#ifndef TRTC_TASK_COMMAND_H
#define TRTC_TASK_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "task/recorder.h"
#include "task/request.h"
#include "task/streams.h"

enum { TRTC_WORDS_MAX = 64 };

/* The words of a command line, ended by NULL. Zero is none. */
struct trtc_words {
    char *v[TRTC_WORDS_MAX + 1];
    int n;
    bool failed; /* no memory, or too many: it must not be run */
};

void trtc_words_add(struct trtc_words *w, const char *word);
void trtc_words_fini(struct trtc_words *w);

/* Parts text at its blanks: a program and its arguments, without a shell. */
void trtc_words_split(struct trtc_words *w, const char *text);

/* trtc-room watch. */
void trtc_command_watch(struct trtc_words *w, const struct trtc_task_request *r,
                        const char *source);

/* trtc-hls, of a stream (NULL: of the mix that comes on its standard input) into dir. start_ms: when its first frame was
 * taken, or TRTC_NOTIME: as it comes. */
void trtc_command_hls(struct trtc_words *w, const struct trtc_task_request *r,
                      const struct trtc_task_stream *s, const struct trtc_recorder *how,
                      int64_t start_ms);

/* trtc-mix by that request, with its script on its standard input, to its standard output. */
void trtc_command_mix(struct trtc_words *w, const char *request);

/* trtc-hls that rescues what a killed one has left of a stream (NULL: the mix), and records nothing. */
void trtc_command_rescue(struct trtc_words *w, const struct trtc_task_request *r,
                         const struct trtc_task_stream *s);

/* trtc-merge, of primary streams or the mix; or of the substreams, whose files lie in the directory apart (else NULL). */
void trtc_command_merge(struct trtc_words *w, const struct trtc_task_request *r, const char *apart);

/* How a child comes to a stream that began at since_ms; again: one was there before; beside: that was killed. */
enum trtc_join {
    TRTC_JOIN_BEGINNING, /* it gets all of it, and the time of its event is that of its first frame */
    TRTC_JOIN_NOW,       /* it gets what comes from now on */
    TRTC_JOIN_OLDEST     /* it gets what the one before it may have lost, too */
};
enum trtc_join trtc_join_of(int64_t since_ms, int64_t now_ms, bool again, bool beside);
/* The same for an input of a mix, which would stay behind by what it gets late. */
enum trtc_join trtc_join_mix(int64_t since_ms, int64_t now_ms);

/* The address at which a trtc-room gives the stream so. The caller's to free; NULL: no memory. */
char *trtc_join_address(const char *source, enum trtc_join join);

/* Whether it is an address of HTTP: a stream that comes from there shows its end. */
bool trtc_is_http(const char *url);

#endif
