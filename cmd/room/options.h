/* SPDX-License-Identifier: MIT */
/* The options of trtc-room, and its sub-commands. */
#ifndef TRTC_CMD_ROOM_OPTIONS_H
#define TRTC_CMD_ROOM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../opt.h"

enum { ROOM_BASE_MAX = 250 };

struct room_opts {
    /* serve */
    const char *listen, *key_file, *base_url, *hook, *hook_key_file;
    struct opt_list origins;
    int readers; /* READERS_... */
    int64_t max_users, max_rooms, max_connections;
    int64_t idle_us, dismiss_us;

    /* watch */
    const char *room, *source, *relay, *keys;
    bool once;
    int64_t interval_us;
    struct opt_list operands;
};

/* Whether text can be the address of a trtc-room: http or https, a host, no user or password, at
 * most ROOM_BASE_MAX bytes. */
bool room_is_base(const char *text);

/* The sub-commands: each returns the exit status after reporting any failure. */
int room_serve(const struct room_opts *o);
int room_watch(const struct room_opts *o);

#endif
