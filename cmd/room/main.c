/* SPDX-License-Identifier: MIT */
/* trtc-room: receives live streams, serves them, and reports who is present. This file has the
 * sub-commands and their options; the others do the work. */
#define _DEFAULT_SOURCE /* setrlimit */

#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#include "../cli.h"
#include "../crypto.h"
#include "../memory.h"
#include "gate.h"
#include "net/callback.h"
#include "options.h"

enum command { SERVE, WATCH, COMMANDS };

#define S            INT64_C(1000000)
#define AT(member)   .at = offsetof(struct room_opts, member)
#define FOR(command) (1U << (command))

static const struct opt_row rows[] = {
    { .help = "Serving" },
    { "listen", 0, "ADDR:PORT", "the address for publishers and readers (port 0: any\nfree one)",
      .take = opt_text, AT(listen), .commands = FOR(SERVE) },
    { "key-file", 0, "FILE",
      "publishers must present a UserSig made with the key in\nFILE, or with one of its lines SDKAPPID KEY; no other\nuser may be able to read it (mode 0600)",
      .take = opt_text, AT(key_file), .commands = FOR(SERVE) },
    { "readers", 0, "WHO",
      "who may read without a UserSig if there is a key file:\nlocal (readers on this machine), signed (nobody), "
      "all",
      .take = opt_word, AT(readers), .words = gate_readers, .commands = FOR(SERVE) },
    { "base-url", 0, "URL", "the beginning of every Source (http://ADDR:PORT)", .take = opt_text,
      AT(base_url), .commands = FOR(SERVE) },
    { "origin", 0, "ORIGIN", "its pages may publish and read; can be repeated", .take = opt_append,
      AT(origins), .commands = FOR(SERVE) },

    { .help = "Limits" },
    { "max-users", 0, "N", "the limit of publishers in a room (50)", .take = opt_int, AT(max_users),
      .min = 1, .max = 10000, .commands = FOR(SERVE) },
    { "max-rooms", 0, "N", "the limit of rooms (100)", .take = opt_int, AT(max_rooms), .min = 1,
      .max = 10000, .commands = FOR(SERVE) },
    { "max-connections", 0, "N", "the limit of publishers and readers (1024)", .take = opt_int,
      AT(max_connections), .min = 4, .max = 100000, .commands = FOR(SERVE) },
    { "idle", 0, "T", "end a stream that sends nothing for this long (10s)", .take = opt_duration,
      AT(idle_us), .min = S / 10, .max = 86400 * S, .commands = FOR(SERVE) },
    { "dismiss", 0, "T", "dismiss a room that has been empty for this long (10s)",
      .take = opt_duration, AT(dismiss_us), .max = 30 * 86400 * S, .commands = FOR(SERVE) },

    { .help = "Callbacks" },
    { "hook", 0, "URL", "post the events to URL, like the service's callbacks", .take = opt_text,
      AT(hook), .commands = FOR(SERVE) },
    { "hook-key-file", 0, "FILE", "sign them with this key (mode 0600)", .take = opt_text,
      AT(hook_key_file), .commands = FOR(SERVE) },

    { .help = "Watching" },
    { "room", 0, "ROOM", "watch only this room, which exists while it is watched", .take = opt_text,
      AT(room), .commands = FOR(WATCH) },
    { "source", 0, "URL",
      "the address of streams whose events have none; {room},\n{user} and {media} in it are replaced",
      .take = opt_text, AT(source), .commands = FOR(WATCH) },
    { "relay", 0, "URL", "the trtc-room to which the streams are sent (janus:\nneeds it)",
      .take = opt_text, AT(relay), .commands = FOR(WATCH) },
    { "secret-file", 0, "FILE",
      "secrets of Janus: lines with secret, admin_key, pin or\napisecret, and the value (mode 0600)",
      .take = opt_text, AT(keys), .commands = FOR(WATCH) },
    { "interval", 0, "T", "how often a page, or Janus, is asked (2s)", .take = opt_duration,
      AT(interval_us), .min = S / 10, .max = 3600 * S, .commands = FOR(WATCH) },
    { "once", 0, NULL, "print the present state, and exit", .take = opt_flag, AT(once),
      .commands = FOR(WATCH) },
    { 0 },
};

static const struct opt_command commands[] = {
    [SERVE] = { "serve", "--listen ADDR:PORT [--key-file FILE] [options]",
                "Receives streams by PUT and POST of /ROOM/USER, serves them by GET of the same path, and\n"
                "reports who is present by GET of /ROOM and /events.",
                "trtc-room serve --listen 127.0.0.1:8080 &\n"
                "ffmpeg -re -i call.mp4 -c copy -f mpegts -method PUT http://127.0.0.1:8080/3560/anna" },
    [WATCH] = { "watch", "[options] SOURCE",
                "Prints who is present, and then who enters and leaves, as events. SOURCE is\n"
                "http://HOST:PORT (another trtc-room), 'exec:CMD ARG...' (a program that prints such\n"
                "events, or those of trtc-hook), nginx-rtmp:URL (the page /stat of nginx's RTMP module), or\n"
                "janus:URL (the HTTP API of Janus with its videoroom).",
                "trtc-room watch http://127.0.0.1:8080 | jq -r .EventInfo.UserId" },
    { 0 },
};

bool room_is_base(const char *text)
{
    struct trtc_err err;
    return strlen(text) <= ROOM_BASE_MAX && trtc_callback_url(text, &err) == 0;
}

static int (*const functions[COMMANDS])(const struct room_opts *o) = {
    [SERVE] = room_serve, [WATCH] = room_watch
};

static const struct opt_program program = {
    .name = "trtc-room",
    .about = "Receives live streams, serves them, and reports who is present.",
    .rows = rows,
    .commands = commands,
};

int main(int argc, char *argv[])
{
    struct room_opts o = { .max_users = 50,
                           .max_rooms = 100,
                           .max_connections = 1024,
                           .idle_us = 10 * S,
                           .dismiss_us = 10 * S,
                           .interval_us = 2 * S };
    int command = -1, code = 0;
    cli_init("trtc-room");
    cli_guard_memory();
    if (opt_read(&program, argc, argv, &o, &command, &o.operands, &code) == OPT_GO &&
        crypto_ready(&code))
        code = functions[command](&o);
    opt_list_free(&o.origins);
    opt_list_free(&o.operands);
    return cli_finish(code ? memory_settle(code) : 0);
}
