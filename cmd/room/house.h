/* SPDX-License-Identifier: MIT */
/* Shared by all files of a room server: who is present, the streams, and everyone connected. */
#ifndef TRTC_CMD_ROOM_HOUSE_H
#define TRTC_CMD_ROOM_HOUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/attendance.h"
#include "options.h"
#include "serve/server.h"

struct callbacks;
struct follower;
struct notifier;
struct stream;
struct trtc_callback_keys;
struct waiter;

/* What a request belongs to; the first member of the corresponding struct. */
enum party { PARTY_PUBLISHER, PARTY_READER, PARTY_WAITER, PARTY_FOLLOWER };

/* A room without users. */
struct empty_room {
    struct empty_room *next;
    char *room;
    int64_t since_ms;
};

struct house {
    const struct room_opts *o;
    struct trtc_callback_keys *keys; /* NULL: anyone may publish */
    struct trtc_server *http;
    struct trtc_attendance here;
    struct stream *streams;     /* the newest first */
    struct waiter *waiters;     /* requests for streams that do not exist yet */
    struct follower *followers; /* of the events */
    struct notifier *notifier;  /* NULL: no callbacks are sent */
    struct empty_room *empty;
    char base[300]; /* beginning of every Source: "http://127.0.0.1:8080" */
    int events;     /* an epoll descriptor for the server, signals and converters */
    int64_t now_ms; /* from a clock that is never adjusted */
    int64_t trimmed_ms, beat_ms;
    bool closing;
    bool lacks; /* who is present lacks a stream, for lack of memory: it is tried again */
};

/* Something whose descriptor is polled; the first member of its owner. */
struct polled {
    void (*ready)(struct house *h, struct polled *p, int fd);
    int fd;
};

/* Polls fd from now on, for reading or writing. 0, or -1. */
int house_poll(struct house *h, struct polled *p, bool writes);
void house_unpoll(struct house *h, const struct polled *p);

/* Announces that something has begun or ended to everyone concerned. reason: of 103 and 104, else
 * 0. */
void house_event(struct house *h, const struct trtc_room_event *e);

#endif
