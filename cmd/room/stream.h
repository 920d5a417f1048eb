/* SPDX-License-Identifier: MIT */
/* The streams of a room server, from publisher to readers. */
#ifndef TRTC_CMD_ROOM_STREAM_H
#define TRTC_CMD_ROOM_STREAM_H

#include "house.h"
#include "serve/container.h"
#include "serve/numbered.h"
#include "serve/ring.h"
#include "serve/spot.h"

enum { SESSION_MAX = 64, BACK_MS = 6000, YOUNG_MS = 3000, REACH_MS = 10000, REACH_BYTES = 8 << 20 };

struct convert;

enum stream_state {
    STREAM_LOOKS,  /* its first bytes are being examined, or its converter has no output yet: it
                     is not announced */
    STREAM_LIVES,  /* its user is present */
    STREAM_IS_OVER /* readers get what is left of it */
};

struct reader {
    enum party party; /* must be first */
    struct reader *next;
    struct stream *stream;
    struct trtc_request *request;
    struct trtc_ring_place place;
    int64_t taken_ms; /* when it last accepted bytes, or had read everything */
    char came[24];    /* when its first byte arrived, for its answer */
};

struct stream {
    enum party party; /* must be first: the publisher's */
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
    struct convert *convert; /* NULL: it is MPEG-TS as received */
    char type[64];           /* its Content-Type */
    unsigned char look[TRTC_CONTAINER_LOOK];
    size_t nb_look;
    bool recognised, fed, ended; /* ended: announced by its publisher */
    bool broke;                  /* its publisher disconnected without that */
    int64_t begin_ms;            /* milliseconds since 1970 */
    int64_t fed_ms, over_ms;     /* when bytes last arrived; when it ended */
    int64_t lost_bytes;          /* lost by all of its former readers */
};

/* "3560/anna" or "3560/anna/aux", for messages; written to out, which is returned. */
enum { STREAM_NAME_SIZE = TRTC_SPOT_ROOM_MAX + TRTC_SPOT_USER_MAX + 8 };
const char *stream_name(const struct trtc_spot *spot, char out[STREAM_NAME_SIZE]);

/* The live stream at that place, or the last one if it can still be read; or NULL. */
struct stream *stream_find(const struct house *h, const struct trtc_spot *spot);

/* The status that refuses a publisher because of the limits of users and rooms, or 0. */
int stream_refuses(const struct house *h, const struct trtc_spot *spot);

/* A stream whose publisher has begun to send. NULL: out of memory. */
struct stream *stream_new(struct house *h, const struct trtc_spot *spot, struct trtc_request *r);

/* Handles bytes of its publisher, and their end. Returns 0, or the status that refuses them. *full:
 * no more should be sent for now. */
int stream_feed(struct house *h, struct stream *s, const void *data, size_t n, bool *full);
int stream_finish(struct house *h, struct stream *s);

/* Adds MPEG-TS bytes for its readers, as received or from its converter. False: the stream is no
 * longer wanted. */
bool stream_put(struct house *h, struct stream *s, const void *data, size_t n);

/* Ends the stream for its user. reason: of 104. */
void stream_over(struct house *h, struct stream *s, int reason);

/* Announces all streams that are there once more: those that could not be announced when they began
 * are now, if there is memory. */
void streams_tell(struct house *h);

/* Frees streams that are over and no longer read, and ends idle ones. */
void streams_tick(struct house *h);
void streams_free(struct house *h);

/* ---- its readers ---- */

/* Answers a request with the stream, from its oldest or its newest bytes. */
void stream_read(struct house *h, struct stream *s, struct trtc_request *r, bool oldest);
int64_t reader_more(struct house *h, struct reader *d, char *out, size_t n);
void reader_gone(struct house *h, struct reader *d);
void readers_wake(struct stream *s);

/* How many packets the readers of a stream have lost. */
int64_t stream_lost(const struct stream *s);

#endif
