/* SPDX-License-Identifier: MIT */
/* Makes the command lines of a task's children, and decides from which point a child reads a
 * stream. Pure. */
#ifndef TRTC_TASK_COMMAND_H
#define TRTC_TASK_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "task/recorder.h"
#include "task/request.h"
#include "task/streams.h"

enum { TRTC_WORDS_MAX = 64 };

/* The words of a command line, ended by NULL. Zero-initialise; the words are owned, trtc_words_fini
 * frees them. */
struct trtc_words {
    char *v[TRTC_WORDS_MAX + 1];
    int n;
    bool failed; /* memory ran out, or there are too many words: it must not be run */
};

void trtc_words_add(struct trtc_words *w, const char *word);
void trtc_words_fini(struct trtc_words *w);

/* Appends the words of text, separated by blanks: a program and its arguments, without a shell. */
void trtc_words_split(struct trtc_words *w, const char *text);

/* The functions below append a command line to w; its children run in the task's directory. */

/* trtc-room watch, for the room of r; source: its --room. */
void trtc_command_watch(struct trtc_words *w, const struct trtc_task_request *r,
                        const char *source);

/* trtc-hls, which records the stream s, or the mix from its standard input (NULL). how: whether it
 * appends, and its recovery number. start_ms: the time of the first frame, in ms of the epoch;
 * TRTC_NOTIME: the time at which it arrives. */
void trtc_command_hls(struct trtc_words *w, const struct trtc_task_request *r,
                      const struct trtc_task_stream *s, const struct trtc_recorder *how,
                      int64_t start_ms);

/* trtc-mix with the request in that file; it reads its script from standard input and writes to
 * standard output. from_ms: a time in the past at which it begins; TRTC_NOTIME: it begins now. */
void trtc_command_mix(struct trtc_words *w, const char *request, int64_t from_ms);

/* trtc-hls that completes what a killed one has left of a stream (NULL: the mix), and records
 * nothing. */
void trtc_command_rescue(struct trtc_words *w, const struct trtc_task_request *r,
                         const struct trtc_task_stream *s);

/* trtc-merge of the primary streams or the mix (apart NULL), or of the substreams, whose files are
 * in the directory apart. */
void trtc_command_merge(struct trtc_words *w, const struct trtc_task_request *r, const char *apart);

/* From which point a child reads a stream. */
enum trtc_join {
    TRTC_JOIN_BEGINNING, /* from its beginning; the time of its event is that of the first frame */
    TRTC_JOIN_NOW,       /* from now on */
    TRTC_JOIN_OLDEST     /* from the oldest part that is kept, which a killed child may have lost */
};

/* Chooses that point. since_ms: when the stream began (TRTC_NOTIME: not known); again: a child has
 * recorded it before; beside: that child was killed. */
enum trtc_join trtc_join_of(int64_t since_ms, int64_t now_ms, bool again, bool beside);
/* The same for an input of a mix. An input that begins in the past would stay behind the others. */
enum trtc_join trtc_join_mix(int64_t since_ms, int64_t now_ms);

/* Returns when (ms since 1970) a mix of these streams begins that replaces a mix that died: as
 * early as trtc-room still has their data, but not before the first of them began, nor before
 * end_us, the end of the recording so far (TRTC_NOTIME: there is none); now_ms if that end lies in
 * the future, since the clock was set back. */
int64_t trtc_mix_again_ms(const struct trtc_task_streams *s, int64_t end_us, int64_t now_ms);

/* Returns the address from which trtc-room sends the stream from that point; the caller frees it.
 * NULL: no memory. */
char *trtc_join_address(const char *source, enum trtc_join join);

/* Whether url begins with http:// or https://. A child that reads from there notices the end of its
 * stream. */
bool trtc_is_http(const char *url);

#endif
