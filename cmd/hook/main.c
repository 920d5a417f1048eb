/* SPDX-License-Identifier: MIT */
/* trtc-hook: receives, verifies, queues and sends the callbacks of on-cloud recording. This file
 * has the sub-commands and their options; the others do the work. */
#define _DEFAULT_SOURCE /* setrlimit */

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../cli.h"
#include "../crypto.h"
#include "../memory.h"
#include "base/num.h"
#include "base/utc.h"
#include "options.h"

enum command {
    SERVE,
    VERIFY,
    SIGN,
    DECODE,
    SEND,
    LIST,
    REPLAY,
    GC,
    WAIT,
    RECONCILE,
    RUN,
    COMMANDS
};

#define S            INT64_C(1000000)
#define AT(member)   .at = offsetof(struct hook_opts, member)
#define FOR(command) (1U << (command))
#define FOR_SPOOL    (FOR(SERVE) | FOR_EVENTS | FOR(WAIT) | FOR(RECONCILE) | FOR(RUN))
#define FOR_EVENTS   (FOR(LIST) | FOR(REPLAY) | FOR(GC))
#define FOR_KEYS     (FOR(SERVE) | FOR(VERIFY) | FOR(SIGN) | FOR(SEND))

/* --type 305,310 can be given several times. */
static int take_types(void *to, const struct opt_row *row, const char *value)
{
    struct hook_types *t = (struct hook_types *)((char *)to + row->at);
    struct trtc_err err;
    for (const char *s = value; s; s = strchr(s, ',') ? strchr(s, ',') + 1 : NULL) {
        char word[16] = "";
        const size_t n = strcspn(s, ",");
        if (n < sizeof word)
            memcpy(word, s, n);
        if (t->n == HOOK_TYPES_MAX)
            return cli_usage("--type: more than %d types", HOOK_TYPES_MAX);
        if (trtc_num_int("--type", word, (struct trtc_range){ 1, INT32_MAX }, &t->items[t->n++],
                         &err) < 0)
            return cli_usage("%s", err.msg);
    }
    return 0;
}

static const char *const styles[] = { "real", "documented", NULL };
static const char *const retries[] = { "service", "none", NULL };

static const struct opt_row rows[] = {
    { .help = "Receiving" },
    { "listen", 0, "ADDR:PORT", "address for callbacks (port 0: any free one)", .take = opt_text,
      AT(listen), .commands = FOR(SERVE) },
    { "spool", 0, "DIR", "the directory in which events are stored", .take = opt_text, AT(spool),
      .commands = FOR_SPOOL },
    { "key-file", 0, "FILE",
      "the callback key, or lines SDKAPPID KEY; only its owner\nmay read it (mode 0600)",
      .take = opt_text, AT(key_file), .commands = FOR_KEYS },
    { "unsigned", 0, NULL, "accept bodies without a Sign, or with one that cannot be checked",
      .take = opt_flag, AT(no_sign), .commands = FOR(SERVE) },
    { "max-age", 0, "T", "refuse callbacks that were sent longer ago (15m; no limit)",
      .take = opt_duration, AT(max_age_us), .min = S, .max = 3650 * 86400 * S,
      .commands = FOR(SERVE) },

    { .help = "Handling" },
    { "settle", 0, "T", "time to wait for events that happened earlier (2s)", .take = opt_duration,
      AT(settle_us), .max = 3600 * S, .commands = FOR(SERVE) },
    { "jobs", 0, "N", "handlers at a time, of different tasks (4)", .take = opt_int, AT(jobs),
      .min = 1, .max = 256, .commands = FOR(SERVE) },
    { "handler-timeout", 0, "T", "stop a handler that takes longer (60s)", .take = opt_duration,
      AT(handler_timeout_us), .min = S / 10, .max = 86400 * S, .commands = FOR(SERVE) | FOR(RUN) },
    { "back-off", 0, "T", "wait before a handler's second attempt; doubled each time (1s)",
      .take = opt_duration, AT(back_off_us), .min = S / 1000, .max = 86400 * S,
      .commands = FOR(SERVE) },
    { "forward", 0, "URL", "forward the same bytes and Sign there", .take = opt_text, AT(forward),
      .commands = FOR(SERVE) | FOR(RUN) },

    { .help = "Which events" },
    { "task", 0, "ID", "only events of this task", .take = opt_text, AT(task),
      .commands = FOR_EVENTS | FOR(WAIT) | FOR(RECONCILE) | FOR(SEND) },
    { "type", 0, "N[,N...]", "only events of these types", .take = take_types, AT(types),
      .commands = FOR_EVENTS | FOR(WAIT) },
    { "since", 0, "TIME", "only events at this time or later", .take = opt_time, AT(since_ms),
      .commands = FOR_EVENTS },
    { "failed", 0, NULL, "only events whose handler finally failed", .take = opt_flag, AT(failed),
      .commands = FOR_EVENTS },
    { "timeout", 0, "T", "stop waiting after this time, with exit status 75 (no limit)",
      .take = opt_duration, AT(timeout_us), .min = S / 1000, .max = 3650 * 86400 * S,
      .commands = FOR(WAIT) },

    { .help = "Bodies" },
    { "sdkappid", 0, "N", "the application", .take = opt_int, AT(sdkappid), .min = 1,
      .max = UINT32_MAX,
      .commands = FOR(VERIFY) | FOR(SIGN) | FOR(DECODE) | FOR(SEND) | FOR(RECONCILE) },
    { "sign", 0, "SIGN", "the header Sign received with the body", .take = opt_text, AT(sign),
      .commands = FOR(VERIFY) },
    { "raw", 0, NULL, "print the documented form of the event, not the flat line", .take = opt_flag,
      AT(raw), .commands = FOR(DECODE) },
    { "json", 0, NULL, "print lines of JSON, which is the default", .take = opt_flag, AT(json),
      .commands = FOR(DECODE) | FOR(SEND) | FOR(LIST) | FOR(WAIT) | FOR(RECONCILE) },

    { .help = "Sending" },
    { "url", 0, "URL", "the receiver", .take = opt_text, AT(url), .commands = FOR(SEND) },
    { "scenario", 0, "NAME", "a whole sequence: hls, mp4, vod, failover, idle, kicked",
      .take = opt_text, AT(scenario), .commands = FOR(SEND) },
    { "file", 'f', "FILE", "send these bytes unchanged ('-': standard input)", .take = opt_text,
      AT(file), .commands = FOR(SEND) },
    { "room", 0, "ROOM", "the room in the events (3560)", .take = opt_text, AT(room),
      .commands = FOR(SEND) },
    { "user", 0, "USER", "the user whose files they name (anna)", .take = opt_text, AT(user),
      .commands = FOR(SEND) },
    { "set", 0, "PATH=VALUE", "set any member: EventInfo.Payload.Status=1", .take = opt_append,
      AT(sets), .commands = FOR(SEND) },
    { "style", 0, "STYLE", "style of the bodies: real, documented (real)", .take = opt_word,
      AT(style), .words = styles, .commands = FOR(SEND) },
    { "fault", 0, "NAME",
      "misbehave: late, twice, reorder, bad-sign, flip-bit,\nslow, cut (several)",
      .take = opt_append, AT(faults), .commands = FOR(SEND) },
    { "retry", 0, "RULE", "retries like the service, or none: service, none (service)",
      .take = opt_word, AT(retry), .words = retries, .commands = FOR(SEND) },

    { .help = "Comparing" },
    { "check", 0, "DIR", "also take into account the files in this directory", .take = opt_text,
      AT(check), .commands = FOR(RECONCILE) },
    { 0 },
};

static const struct opt_command commands[] = {
    [SERVE] = { "serve", "--listen ADDR:PORT --spool DIR --key-file FILE [options] [-- CMD ARG...]",
                "Receives callbacks, keeps them in the spool, prints a line for each new event, and\n"
                "runs CMD for it with the body on its standard input.",
                "trtc-hook serve --listen 127.0.0.1:8080 --spool spool --key-file key \\\n"
                "    -- ./on-event" },
    [VERIFY] = { "verify", "--key-file FILE --sign SIGN < BODY",
                 "Checks the Sign of a body: exit status 0 if it is right, 77 if not.", NULL },
    [SIGN] = { "sign", "--key-file FILE < BODY", "Prints the Sign of a body.", NULL },
    [DECODE] = { "decode", "[--raw] [FILE...]", "Prints bodies as flat lines of JSON.",
                 "cat spool/done/*-310-* | trtc-hook decode | jq -r '.payload.FileList[]'" },
    [SEND] = { "send",
               "--url URL [--key-file FILE] [TYPE... | --scenario NAME | -f FILE] [options]",
               "Sends callbacks as the service does, to try a receiver with.",
               "trtc-hook send --url http://127.0.0.1:8080/ --key-file key --scenario mp4" },
    [LIST] = { "list", "--spool DIR [--task ID] [--type N] [--since TIME] [--failed]",
               "Prints the events of a spool, a line of JSON each, in the order in which they\n"
               "happened.",
               NULL },
    [REPLAY] = { "replay", "--spool DIR [--task ID] [--type N] [--since TIME] [--failed]",
                 "Puts events that were handled, successfully or not, back into the queue.", NULL },
    [GC] = { "gc", "--spool DIR [--task ID] [--type N] [--since TIME] [--failed]",
             "Removes events that were handled from the spool; with --failed, those that failed\n"
             "finally. A repetition of them is still recognised for a day.",
             NULL },
    [WAIT] = { "wait", "--spool DIR --task ID --type N[,N...] [--timeout T]",
               "Waits until there is such an event, and prints it.",
               "trtc-hook wait --spool spool --task \"$task\" --type 310 --timeout 10m |\n"
               "    jq -r '.payload.FileList[]'" },
    [RECONCILE] = { "reconcile", "--spool DIR --task ID [--check DIR] [-- REC-OPTION...]",
                    "Adds events that were missed, as far as trtc-rec can find out what must have\n"
                    "happened. Options after '--' are for trtc-rec.",
                    NULL },
    [RUN] = { "run", "--spool DIR NAME (--forward URL | -- CMD ARG...)",
              "Handles one queued event like serve: runs CMD and moves the event to\n"
              "done/ or failed/.",
              NULL },
    { 0 },
};

static int (*const functions[COMMANDS])(const struct hook_opts *o) = {
    [SERVE] = hook_serve,         [VERIFY] = hook_verify,
    [SIGN] = hook_sign,           [DECODE] = hook_decode,
    [SEND] = hook_send,           [LIST] = hook_list,
    [REPLAY] = hook_replay,       [GC] = hook_gc,
    [WAIT] = hook_wait,           [RUN] = hook_run,
    [RECONCILE] = hook_reconcile,
};

static const struct opt_program program = {
    .name = "trtc-hook",
    .about = "Receives, verifies, queues and sends the callbacks of on-cloud recording.",
    .rows = rows,
    .commands = commands,
};

int main(int argc, char *argv[])
{
    struct hook_opts o = { .since_ms = TRTC_NOTIME,
                           .settle_us = 2 * S,
                           .jobs = 4,
                           .handler_timeout_us = 60 * S,
                           .back_off_us = S,
                           .room = "3560",
                           .user = "anna" };
    int command = -1, code = 0;
    cli_init("trtc-hook");
    cli_guard_memory();
    if (opt_read(&program, argc, argv, &o, &command, &o.operands, &code) == OPT_GO &&
        crypto_ready(&code))
        code = functions[command](&o);
    opt_list_free(&o.sets);
    opt_list_free(&o.faults);
    opt_list_free(&o.operands);
    return cli_finish(code ? memory_settle(code) : 0);
}
