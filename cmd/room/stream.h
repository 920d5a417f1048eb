/* SPDX-License-Identifier: MIT */
/* The streams of a server of rooms: from what a publisher sends to what readers get. */
#ifndef TRTC_CMD_ROOM_STREAM_H
#define TRTC_CMD_ROOM_STREAM_H

#include "house.h"
#include "serve/container.h"
#include "serve/numbered.h"
#include "serve/ring.h"
#include "serve/spot.h"

enum { SESSION_MAX = 64, BACK_MS = 3000, REACH_MS = 10000, REACH_BYTES = 8 << 20 };

struct convert;

enum stream_state {
    STREAM_LOOKS, /* its first bytes are looked at, or its converter has given none yet: nobody knows of it */
    STREAM_LIVES,  /* its user is there */
    STREAM_IS_OVER /* readers get what is left of it */
};

struct reader {
    enum party party; /* first */
    struct reader *next;
    struct stream *stream;
    struct trtc_request *request;
    struct trtc_ring_place place;
    int64_t taken_ms; /* when it last took something, or had all there was */
};

struct stream {
    enum party party; /* first: the publisher's */
    struct stream *next;
    enum stream_state state;
    struct trtc_spot spot;
    bool audio, video;
    struct trtc_ring *ring;
    struct reader *readers;
    size_t nb_readers;
    struct trtc_request *publisher; /* of a PUT, as long as it lasts */
    struct trtc_numbered *numbered; /* of numbered POSTs; NULL: it is a PUT */
    char session[SESSION_MAX + 1];
    struct convert *convert; /* NULL: it is MPEG-TS as it comes */
    char type[64];           /* its Content-Type */
    unsigned char look[TRTC_CONTAINER_LOOK];
    size_t nb_look;
    bool recognised, fed, ended; /* ended: its publisher has said so */
    bool broke;                  /* its publisher has gone without that */
    int64_t begin_ms;            /* since the epoch */
    int64_t fed_ms, over_ms;     /* when bytes last came; when it ended */
    int64_t lost_bytes;          /* of all its readers that have gone */
};

/* "3560/anna" or "3560/anna/aux", for messages; in out, which it returns. */
enum { STREAM_NAME_SIZE = TRTC_SPOT_ROOM_MAX + TRTC_SPOT_USER_MAX + 8 };
const char *stream_name(const struct trtc_spot *spot, char out[STREAM_NAME_SIZE]);

/* The one that is live there, or the one that was last and can still be read; NULL. */
struct stream *stream_find(const struct house *h, const struct trtc_spot *spot);

/* A status that refuses a publisher, or 0: how many users and rooms there are. */
int stream_refuses(const struct house *h, const struct trtc_spot *spot);

/* A stream whose publisher has begun to send. NULL: no memory. */
struct stream *stream_new(struct house *h, const struct trtc_spot *spot, struct trtc_request *r);

/* Bytes of its publisher, and their end. Returns 0, or the status that refuses them. full: no more should come for now. */
int stream_feed(struct house *h, struct stream *s, const void *data, size_t n, bool *full);
int stream_finish(struct house *h, struct stream *s);

/* Bytes of MPEG-TS for its readers: as they came, or of its converter. False where the stream is not wanted any more. */
bool stream_put(struct house *h, struct stream *s, const void *data, size_t n);

/* It is over for its user. reason: of 104. */
void stream_over(struct house *h, struct stream *s, int reason);

/* Frees what is over and not read any more, ends what is idle. */
void streams_tick(struct house *h);
void streams_free(struct house *h);

/* ---- its readers ---- */

/* Answers a request with the stream, from its oldest bytes or its newest. */
void stream_read(struct house *h, struct stream *s, struct trtc_request *r, bool oldest);
int64_t reader_more(struct house *h, struct reader *d, char *out, size_t n);
void reader_gone(struct house *h, struct reader *d);
void readers_wake(struct stream *s);

/* How many packets the readers of a stream have lost. */
int64_t stream_lost(const struct stream *s);

#endif
