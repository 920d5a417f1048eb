/* SPDX-License-Identifier: MIT */
/* What the parts of a server of rooms share: who is there, the streams, and whoever is connected. */
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

/* What stands behind a request; the first member of what that is. */
enum party { PARTY_PUBLISHER, PARTY_READER, PARTY_WAITER, PARTY_FOLLOWER };

/* A room that nobody is in. */
struct empty_room {
    struct empty_room *next;
    char *room;
    int64_t since_ms;
};

struct house {
    const struct room_opts *o;
    struct trtc_callback_keys *keys; /* NULL: everybody may publish */
    struct trtc_server *http;
    struct trtc_attendance here;
    struct stream *streams;     /* the newest first */
    struct waiter *waiters;     /* for streams that are not there yet */
    struct follower *followers; /* of the events */
    struct notifier *notifier;  /* NULL: no callbacks are sent */
    struct empty_room *empty;
    char base[300]; /* what a Source begins with: "http://127.0.0.1:8080" */
    int events;     /* an epoll descriptor: the server, signals, converters */
    int64_t now_ms; /* of a clock that is never set */
    int64_t trimmed_ms, beat_ms;
    bool closing;
};

/* Something whose descriptor is polled: the first member of what it belongs to. */
struct polled {
    void (*ready)(struct house *h, struct polled *p, int fd);
    int fd;
};

/* Polls fd from here on, for reading or writing; -1 where that cannot be. */
int house_poll(struct house *h, struct polled *p, bool writes);
void house_unpoll(struct house *h, const struct polled *p);

/* Something has begun or ended: everybody who wants to know is told. reason: of 103 and 104, else 0. */
void house_event(struct house *h, const struct trtc_room_event *e);

#endif
