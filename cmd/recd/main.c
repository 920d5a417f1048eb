/* SPDX-License-Identifier: MIT */
/* trtc-recd: the recording service on your own machine. It answers the recording API, starts a
 * trtc-task for each task, uploads the files with trtc-put, and sends callbacks. It holds all keys
 * and touches no media. */
#define _DEFAULT_SOURCE /* setrlimit */

#include <stddef.h>
#include <sys/resource.h>

#include "../cli.h"
#include "../crypto.h"
#include "../memory.h"
#include "loop.h"
#include "options.h"
#include "setup.h"

#define AT(member) .at = offsetof(struct recd_opts, member)

static const struct opt_row rows[] = {
    { .help = "The configuration" },
    { "config", 0, "FILE",
      "applications with their keys, and all settings; no\nother user may be able to read it (mode 0600)",
      .take = opt_text, AT(config) },
    { "check-config", 0, NULL, "report every error in it, with its line, and exit",
      .take = opt_flag, AT(check_config) },
    { .help = "The service" },
    { "listen", 0, "ADDR:PORT", "the address of the API (127.0.0.1:8490; port 0: any\nfree one)",
      .take = opt_text, AT(listen) },
    { "data", 0, "DIR", "state, tasks, and by default the stored files (.)", .take = opt_text,
      AT(data) },
    { .help = "The tasks" },
    { "room", 0, "SOURCE",
      "the source of events and streams, for trtc-task\n(http://127.0.0.1:8080)", .take = opt_text,
      AT(room) },
    { "launch", 0, "CMD",
      "the command that starts a task; it gets the task's\ndirectory as an argument (trtc-task)",
      .take = opt_text, AT(launch) },
    { 0 },
};

static const struct opt_program program = {
    .name = "trtc-recd",
    .synopsis = "[--config FILE] [--listen ADDR:PORT] [--data DIR] [--room SOURCE] [--launch CMD]\n"
                "--check-config --config FILE",
    .about =
        "The recording service on your own machine: answers the recording API as the cloud does,\n"
        "records rooms, uploads the files, and sends callbacks.",
    .example =
        "trtc-room serve --listen 127.0.0.1:8080 &\n"
        "trtc-recd --data service --room http://127.0.0.1:8080 &\n"
        "trtc-rec create --endpoint http://127.0.0.1:8490 --secret-file service/credentials -f request.json",
    .rows = rows,
};

static int run(const struct recd_opts *o)
{
    if (o->operands.n)
        return cli_usage("'%s': there are no operands", o->operands.items[0]);
    if (o->check_config)
        return setup_check(o);
    return recd_serve(o);
}

int main(int argc, char *argv[])
{
    struct recd_opts o = { .data = "." };
    int code = 0;
    cli_init("trtc-recd");
    cli_guard_memory();
    if (opt_read(&program, argc, argv, &o, NULL, &o.operands, &code) == OPT_GO &&
        crypto_ready(&code))
        code = run(&o);
    opt_list_free(&o.operands);
    return cli_finish(code ? memory_settle(code) : 0);
}
