/* SPDX-License-Identifier: MIT */
/* The place of a stream on a room server: /ROOM/USER, or /ROOM/USER/aux for the substream. */
#ifndef TRTC_SERVE_SPOT_H
#define TRTC_SERVE_SPOT_H

#include <stdbool.h>
#include <stddef.h>

enum {
    TRTC_SPOT_ROOM_MAX = 64, /* in bytes, as documented */
    TRTC_SPOT_USER_MAX = 32,
    TRTC_SPOT_URL_MAX = 3 * (TRTC_SPOT_ROOM_MAX + TRTC_SPOT_USER_MAX) + 8, /* length of its path */
};

struct trtc_spot {
    char room[TRTC_SPOT_ROOM_MAX + 1], user[TRTC_SPOT_USER_MAX + 1]; /* user "": the room itself */
    bool aux;
};

/* Reads a decoded path. False: empty or too long names, "." and "..", control characters, invalid
 * UTF-8, the room "events" (whose path is that of the events), or too many parts. */
bool trtc_spot_parse(const char *path, struct trtc_spot *out);

/* Whether both are the same place. */
bool trtc_spot_same(const struct trtc_spot *a, const struct trtc_spot *b);

/* Whether s may be the name of a room or a user. */
bool trtc_spot_is_name(const char *s, size_t n, size_t max);

/* Writes its path, with %XX for everything except letters, digits, '-', '_', '.' and '~'. Returns
 * out. */
const char *trtc_spot_url(const struct trtc_spot *s, char out[TRTC_SPOT_URL_MAX + 1]);

#endif
