/* SPDX-License-Identifier: MIT */
/* trtc-put: puts files into a directory, COS, S3 or VOD, or passes them to another program. It
 * reads paths from its arguments or standard input, and prints each of them when its file is proven
 * to be stored. */
#define _DEFAULT_SOURCE /* setrlimit */

#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#include "../cli.h"
#include "../crypto.h"
#include "../memory.h"
#include "options.h"
#include "place.h"
#include "run.h"

#define AT(member) .at = offsetof(struct put_opts, member)

static const struct opt_row rows[] = {
    { .help = "Where to" },
    { "to", 0, "URL",
      "file:///DIR, cos://BUCKET[/PREFIX]?region=R,\n"
      "s3://BUCKET[/PREFIX]?region=R, s3+https://HOST/BUCKET[/PREFIX],\n"
      "or 'exec:CMD ARG...', which receives a file and its key",
      .take = opt_text, AT(to) },
    { "storage", 0, "FILE",
      "StorageParams, as for trtc-rec create; '-' is stdin;\n"
      "nobody else may read the file (mode 0600)",
      .take = opt_text, AT(storage) },
    { "endpoint", 0, "URL", "another host instead of the store's own", .take = opt_text,
      AT(endpoint) },
    { "keys-fd", 0, "N",
      "read the keys from this descriptor; by default from\n"
      "the file, or from TRTC_STORAGE_ACCESS_KEY and\nTRTC_STORAGE_SECRET_KEY",
      .take = opt_int, AT(keys_fd), .max = 1 << 20 },

    { .help = "Under which keys" },
    { "root", 0, "DIR", "keys are paths below DIR (the current directory)", .take = opt_text,
      AT(root) },
    { "prefix", 'p', "P", "directories in front of all keys", .take = opt_text, AT(prefix) },
    { "task", 'T', "T", "a directory after the prefix: the TaskId", .take = opt_text, AT(task) },

    { .help = "How" },
    { "jobs", 'j', "N", "files put at a time (4)", .take = opt_int, AT(jobs), .min = 1, .max = 64 },
    { "journal", 0, "FILE", "record there what is proven, and do not send it again",
      .take = opt_text, AT(journal) },
    { "retries", 0, "N", "attempts after the first (network: for 5 minutes; exec: 4)",
      .take = opt_int, AT(retries), .max = 1000 },
    { "delete", 0, NULL, "delete each file once it is proven", .take = opt_flag, AT(remove) },

    { .help = "Output" },
    { "json", 0, NULL, "print an object for each file: path, key, bytes, crc64, etag, url",
      .take = opt_flag, AT(json) },
    { "null", '0', NULL, "separate paths by NUL, in and out", .take = opt_flag, AT(null) },
    { 0 },
};

static const struct opt_program program = {
    .name = "trtc-put",
    .synopsis = "(--to URL | --storage FILE) [options] [PATH...]",
    .about = "Puts files into a directory, COS, S3 or VOD, proves that they are there, and then\n"
             "prints their paths. Without PATH, paths come from standard input.",
    .example = "trtc-hls -A 1400000001 -R 3560 -u anna -d live rtmp://127.0.0.1/live/anna |\n"
               "    trtc-put --to 'cos://calls-1250000000?region=ap-singapore' --root live",
    .rows = rows,
};

static int check(const struct put_opts *o)
{
    if (o->to && o->storage)
        return cli_usage("only one of --to URL and --storage FILE is required");
    if (!o->to && !o->storage)
        return cli_usage("one of --to URL and --storage FILE is required: 'trtc-put --to "
                         "file:///DIR PATH' puts a file into a directory");
    if (o->keys_fd >= 0 && o->keys_fd < 3 && o->keys_fd != 0)
        return cli_usage("--keys-fd: descriptors 1 and 2 are for output");
    const bool storage_in = o->storage && strcmp(o->storage, "-") == 0;
    if ((storage_in || o->keys_fd == 0) && o->operands.n == 0)
        return cli_usage("standard input holds %s: give the paths as arguments",
                         storage_in ? "StorageParams" : "keys");
    if (storage_in && o->keys_fd == 0)
        return cli_usage("standard input holds either StorageParams or keys");
    return 0;
}

static int run(const struct put_opts *o)
{
    struct put_place place;
    struct trtc_err err;
    const int ret = put_place_read(o, &place, &err);
    const int code = ret < 0 ? cli_report(&err) : put_run(o, &place);
    put_place_fini(&place);
    return code;
}

int main(int argc, char *argv[])
{
    struct put_opts o = { .keys_fd = -1, .jobs = 4, .retries = -1 };
    int code = 0;
    cli_init("trtc-put");
    cli_guard_memory();
    if (opt_read(&program, argc, argv, &o, NULL, &o.operands, &code) == OPT_GO &&
        crypto_ready(&code)) {
        code = check(&o);
        if (code == 0)
            code = run(&o);
    }
    opt_list_free(&o.operands);
    /* what is proven is stored, even if memory ran out for something else */
    return cli_finish(code ? memory_settle(code) : 0);
}
