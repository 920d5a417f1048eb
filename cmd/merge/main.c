/* SPDX-License-Identifier: MIT */
/* trtc-merge: merges single-stream recordings into MP4.
 *
 * Reads directories of playlists and segments, decides what belongs together (lib/core),
 * copies or encodes it (lib/media), and writes one MP4 a section or a user; prints the path of
 * each. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../cli.h"
#include "base/json_put.h"
#include "base/num.h"
#include "recording/plan_print.h"
#include "codec/av.h"
#include "merge/merge.h"
#include "source/load.h"
#include "merge/report.h"
#include "../memory.h"
#include "jobs.h"

enum {
    OPT_RECURSIVE = 256,
    OPT_VIDEO,
    OPT_AUDIO,
    OPT_NAMES,
    OPT_SPLIT_SIZE,
    OPT_SPLIT_TIME,
    OPT_PLAN,
    OPT_FINISHED,
    OPT_ALLOW_MISSING,
    OPT_FORCE,
    OPT_REPORT,
    OPT_JSON,
    OPT_HEADER,
    OPT_PROGRESS
};

static const char short_options[] = ":f:m:sa:bp:r:o:u:j:0hVqv";
static const struct option long_options[] = {
    { "dir", required_argument, NULL, 'f' },
    { "recursive", no_argument, NULL, OPT_RECURSIVE },
    { "mode", required_argument, NULL, 'm' },
    { "strip", no_argument, NULL, 's' },
    { "aux", required_argument, NULL, 'a' },
    { "black", no_argument, NULL, 'b' },
    { "fps", required_argument, NULL, 'p' },
    { "size", required_argument, NULL, 'r' },
    { "output-dir", required_argument, NULL, 'o' },
    { "user", required_argument, NULL, 'u' },
    { "jobs", required_argument, NULL, 'j' },
    { "video", required_argument, NULL, OPT_VIDEO },
    { "audio", required_argument, NULL, OPT_AUDIO },
    { "names", required_argument, NULL, OPT_NAMES },
    { "split-size", required_argument, NULL, OPT_SPLIT_SIZE },
    { "split-time", required_argument, NULL, OPT_SPLIT_TIME },
    { "plan", optional_argument, NULL, OPT_PLAN },
    { "finished", no_argument, NULL, OPT_FINISHED },
    { "allow-missing", no_argument, NULL, OPT_ALLOW_MISSING },
    { "force", no_argument, NULL, OPT_FORCE },
    { "report", required_argument, NULL, OPT_REPORT },
    { "json", no_argument, NULL, OPT_JSON },
    { "null", no_argument, NULL, '0' },
    { "header", no_argument, NULL, OPT_HEADER },
    { "progress", required_argument, NULL, OPT_PROGRESS },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { "quiet", no_argument, NULL, 'q' },
    { "verbose", no_argument, NULL, 'v' },
    { 0 },
};

static void usage(void)
{
    fputs(
        "Usage: trtc-merge -f DIR [--recursive] [-m 0|1] [-s] [-a 0|1|2] [-b] [-p FPS] [-r W H] [-o OUTDIR]\n"
        "                  [-u USER]... [-j JOBS] [--video auto|copy|encode] [--audio auto|encode]\n"
        "                  [--names script|recording] [--split-size BYTES] [--split-time SECONDS]\n"
        "                  [--plan[=tsv|json|svg]] [--finished] [--allow-missing] [--force] [--report FILE] [--json]\n"
        "Merges the single-stream recordings in DIR into MP4 and prints the path of each file made.\n"
        "\n"
        "  -f, --dir DIR             directory of playlists and segments; may be given several times\n"
        "      --recursive           its subdirectories too\n"
        "  -m, --mode 0|1            0: one file a section (default), 1: one file a user\n"
        "  -s, --strip               with -m 1: leave out the blanks between sections\n"
        "  -a, --aux 0|1|2           picture: 0 primary stream (default), 1 substream where that is absent, 2 substream\n"
        "  -b, --black               show black where there is no video, not the last picture\n"
        "  -p, --fps FPS             frame rate, 5 to 120 (15 where encoding is needed)\n"
        "  -r, --size W H            picture size, also as WxH\n"
        "  -o, --output-dir OUTDIR   write there, not beside the playlists\n"
        "  -u, --user USER           only this user (the id in clear); may be given several times\n"
        "  -j, --jobs JOBS           outputs made at the same time (default: one a core)\n"
        "      --video HOW           auto (copy where possible), copy, encode\n"
        "      --audio HOW           auto (copy where possible), encode\n"
        "      --names HOW           script (USER_TIME_av.mp4), recording (as the service names its MP4)\n"
        "      --split-size BYTES    begin a new file before this size, at a key frame (units: k M G Ki Mi Gi)\n"
        "      --split-time SECONDS  begin a new file before this length, at a key frame\n"
        "      --plan[=FORMAT]       write nothing; print what would be made: tsv (default), json, svg\n"
        "      --finished            leave recordings alone that have no ENDLIST yet\n"
        "      --allow-missing       exit 0 although something is missing in the input\n"
        "      --force               make files again that are there already\n"
        "      --report FILE         write an account as JSON: inputs, outputs, gaps, losses\n"
        "      --json                print objects (NDJSON) instead of paths\n"
        "  -0, --null                end each path with NUL instead of a newline\n"
        "      --header              with --plan: a first line that names the columns\n"
        "      --progress json       progress as NDJSON on standard error\n"
        "  -q, --quiet               no notes and no progress\n"
        "  -v, --verbose             say more\n"
        "  -h, --help                this text\n"
        "  -V, --version             the version\n",
        stdout);
}

/* ---- options ---- */

static int number(const char *option, const char *value, int64_t min, int64_t max, int64_t *out)
{
    struct trtc_err err;
    return trtc_num_int(option, value, min, max, out, &err) < 0 ? cli_usage("%s", err.msg) : 0;
}

/* -r takes "WxH", or two words. */
static int take_size(struct opts *o, int argc, char *argv[])
{
    struct trtc_err err;
    char both[64];
    const char *value = optarg;
    if (!strchr(optarg, 'x') && optind < argc && argv[optind][0] >= '0' && argv[optind][0] <= '9') {
        snprintf(both, sizeof both, "%sx%s", optarg, argv[optind]);
        value = both;
        optind++;
    }
    if (trtc_num_size("-r", value, &o->plan.width_px, &o->plan.height_px, &err) < 0)
        return cli_usage("%s", err.msg);
    if (o->plan.width_px % 2 || o->plan.height_px % 2)
        return cli_usage("-r: %s: width and height must be even", value);
    return 0;
}

static int take_fps(struct opts *o)
{
    int64_t n;
    int ret = number("-p", optarg, INT32_MIN, INT32_MAX, &n);
    if (ret)
        return ret;
    o->plan.fps = n < TRTC_FPS_MIN ? TRTC_FPS_MIN : n > TRTC_FPS_MAX ? TRTC_FPS_MAX : (int)n;
    if (o->plan.fps != n)
        cli_note("-p %s: %d is used, the range is %d to %d", optarg, o->plan.fps, TRTC_FPS_MIN,
                 TRTC_FPS_MAX);
    return 0;
}

static int take_split(struct opts *o, bool size)
{
    struct trtc_err err;
    int ret =
        size ? trtc_num_bytes("--split-size", optarg, 65536, INT64_MAX / 2, &o->split_bytes, &err)
             : trtc_num_duration_us("--split-time", optarg, 1000000, INT64_MAX / 2, &o->split_us,
                                    &err);
    return ret < 0 ? cli_usage("%s", err.msg) : 0;
}

/* 0: go on, -1: done (help or version), else an exit status. */
static int take_option(struct opts *o, int c, int argc, char *argv[])
{
    static const char *const video[] = { "auto", "copy", "encode", NULL };
    static const char *const audio[] = { "auto", "encode", NULL };
    static const char *const names[] = { "script", "recording", NULL };
    static const char *const plans[] = { "tsv", "json", "svg", NULL };
    static const char *const json[] = { "json", NULL };
    int64_t n = 0;
    int i = 0, ret = 0;
    switch (c) {
    case 'f':
        o->dirs[o->nb_dirs++] = optarg;
        break;
    case 'u':
        o->users[o->nb_users++] = optarg;
        break;
    case 'm':
        ret = number("-m", optarg, 0, 1, &n);
        o->plan.whole = n == 1;
        break;
    case 's':
        o->plan.strip = true;
        break;
    case 'a':
        ret = number("-a", optarg, 0, 2, &n);
        o->plan.aux = (enum trtc_aux)n;
        break;
    case 'b':
        o->plan.black = true;
        break;
    case 'p':
        ret = take_fps(o);
        break;
    case 'r':
        ret = take_size(o, argc, argv);
        break;
    case 'o':
        o->plan.outdir = optarg;
        break;
    case 'j':
        ret = number("-j", optarg, 1, 1024, &n);
        o->jobs = (int)n;
        break;
    case '0':
        o->null = true;
        break;
    case OPT_RECURSIVE:
        o->recursive = true;
        break;
    case OPT_VIDEO:
        ret = cli_choose("--video", optarg, video, &i);
        o->plan.video = (enum trtc_choice)i;
        break;
    case OPT_AUDIO:
        ret = cli_choose("--audio", optarg, audio, &i);
        o->plan.audio = i ? TRTC_CHOICE_ENCODE : TRTC_CHOICE_AUTO;
        break;
    case OPT_NAMES:
        ret = cli_choose("--names", optarg, names, &i);
        o->plan.names = (enum trtc_names)i;
        break;
    case OPT_SPLIT_SIZE:
        ret = take_split(o, true);
        break;
    case OPT_SPLIT_TIME:
        ret = take_split(o, false);
        break;
    case OPT_PLAN:
        ret = optarg ? cli_choose("--plan", optarg, plans, &i) : 0;
        o->print = (enum plan_format)(PLAN_TSV + i);
        break;
    case OPT_FINISHED:
        o->finished = true;
        break;
    case OPT_ALLOW_MISSING:
        o->allow_missing = true;
        break;
    case OPT_FORCE:
        o->force = true;
        break;
    case OPT_REPORT:
        o->report = optarg;
        break;
    case OPT_JSON:
        o->json = true;
        break;
    case OPT_HEADER:
        o->header = true;
        break;
    case OPT_PROGRESS:
        ret = cli_choose("--progress", optarg, json, &i);
        o->progress_json = true;
        break;
    default:
        return cli_option(c, usage, argv);
    }
    return ret;
}

static int parse(struct opts *o, int argc, char *argv[])
{
    int c;
    while ((c = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        int ret = take_option(o, c, argc, argv);
        if (ret)
            return ret;
    }
    if (optind < argc)
        return cli_usage("unexpected operand '%s': directories are given with -f", argv[optind]);
    if (o->nb_dirs == 0)
        return cli_usage("no directory: give one with -f");
    if (o->plan.outdir && !*o->plan.outdir)
        return cli_usage("-o: an empty name");
    if (o->plan.strip && !o->plan.whole) {
        cli_note("-s is ignored without -m 1: every section is a file of its own");
        o->plan.strip = false;
    }
    if (o->plan.names == TRTC_NAMES_RECORDING) {
        o->split_bytes = o->split_bytes ? o->split_bytes : TRTC_RECORDING_SPLIT_BYTES;
        o->split_us = o->split_us ? o->split_us : TRTC_RECORDING_SPLIT_US;
    }
    if (o->json && o->print == PLAN_TSV)
        o->print = PLAN_JSON;
    return 0;
}

/* ---- what there is, what will be made ---- */

static void say_losses(struct work *w, const struct trtc_recording *r,
                       const struct trtc_losses *losses)
{
    for (size_t i = 0; i < losses->n; i++)
        if (trtc_source_wanted(r, losses->items[i].source, w->o->plan.aux))
            merge_say_loss(w, &losses->items[i]);
}

static void say_recording(struct work *w, const struct trtc_recording *r,
                          const struct trtc_timeline *t)
{
    const char *who = r->user ? r->user_id : "mixed";
    for (size_t i = 0; i < r->nb_notes; i++)
        cli_note("%s", r->notes[i]);
    say_losses(w, r, &r->losses);
    say_losses(w, r, &t->losses);
    if (t->nb_left_out)
        cli_note("%s: user %s: %d segments are of a stream that -a %d leaves out", r->dir, who,
                 t->nb_left_out, (int)w->o->plan.aux);
    if (t->overlap_us > 0)
        cli_debug("%s: user %s: %.3f s were recorded more than once and are used once", r->dir, who,
                  (double)t->overlap_us / 1e6);
    bool all_left_out = t->nb_sections == 0 && t->nb_left_out > 0;
    if (t->nb_sections == 0 && !all_left_out) {
        cli_error("%s: user %s: no usable media", r->dir, who);
        w->code = trtc_worse(w->code, TRTC_EX_DATAERR);
    }
}

/* Some file of it could not be read for the machine's sake: made without it, the output would
 * look finished to the next run. */
static void say_held(struct work *w, const struct trtc_recording *r)
{
    cli_report(r->held);
    cli_error("%s: user %s: nothing is made of it now; run again", r->dir,
              r->user ? r->user_id : "mixed");
    w->code = trtc_worse(w->code, r->held->code);
}

/* Every user asked for must be there; the others are merged all the same. */
static void check_users(struct work *w)
{
    for (size_t i = 0; i < w->o->nb_users; i++) {
        const char *user = w->o->users[i];
        bool found = false;
        for (size_t k = 0; k < w->scan.n && !found; k++)
            found = strlen(user) == w->scan.recs[k].user_id_len &&
                    memcmp(user, w->scan.recs[k].user_id, strlen(user)) == 0;
        if (found)
            continue;
        cli_error(
            "%s: no recording of user '%s'; give the id in clear, as 'trtc-name decode' prints it",
            w->o->dirs[0], user);
        w->code = trtc_worse(w->code, TRTC_EX_NOINPUT);
    }
}

/* One directory that cannot be read does not stop the others. */
static int seen_dir(void *opaque, const char *dir, const struct trtc_err *why)
{
    struct work *w = opaque;
    (void)dir;
    if (why)
        w->code = trtc_worse(w->code, cli_report(why));
    return 0;
}

static void say_scan(struct work *w)
{
    for (size_t i = 0; i < w->scan.nb_notes; i++)
        cli_note("%s", w->scan.notes[i]);
    for (size_t i = 0; i < w->scan.losses.n; i++)
        merge_say_loss(w, &w->scan.losses.items[i]);
}

/* Recordings that go on are left alone. */
static bool is_wanted(void *opaque, const struct trtc_recording *r)
{
    const struct work *w = opaque;
    return !w->o->finished || r->ended;
}

static int load_all(struct work *w, struct trtc_err *err)
{
    const struct opts *o = w->o;
    const struct trtc_load what = {
        .dirs = o->dirs,
        .nb_dirs = o->nb_dirs,
        .recursive = o->recursive,
        .users = o->users,
        .nb_users = o->nb_users,
        .count_frames = o->plan.fps && o->plan.video != TRTC_CHOICE_ENCODE,
        .seen = seen_dir,
        .wanted = is_wanted,
        .opaque = w,
        .stop = &cli_signal,
    };
    const int ret = trtc_recordings_load(&w->scan, &what, err);
    say_scan(w);
    if (ret < 0)
        return -1;
    if (w->scan.n == 0 && w->code <= TRTC_EX_LOSS && !o->nb_users)
        return trtc_fail(err, TRTC_EX_NOINPUT, "%s: no recordings in it", o->dirs[0]);
    check_users(w);
    return 0;
}

/* What cannot be made is told before any work. */
static void check_output(struct work *w, struct trtc_output *out)
{
    const bool splits = w->o->split_us || w->o->split_bytes;
    if (out->refused) {
        cli_error("%s: the video cannot be copied: %s", out->path, out->why_video);
        w->code = trtc_worse(w->code, TRTC_EX_UNAVAILABLE);
    } else if (out->too_long && !splits) {
        cli_error("%s: %.1f days are too long for one file: use -m 0, -s or --split-time",
                  out->path, (double)out->dur_us / 86400e6);
        w->code = trtc_worse(w->code, TRTC_EX_DATAERR);
        out->refused = true;
    }
}

static int plan_all(struct work *w, struct trtc_err *err)
{
    const struct opts *o = w->o;
    w->lines = calloc(w->scan.n + 1, sizeof *w->lines);
    if (!w->lines)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < w->scan.n && !cli_signal; i++) {
        const struct trtc_recording *r = &w->scan.recs[i];
        if (o->finished && !r->ended) {
            cli_note("%s: user %s: left alone, its recording goes on (no ENDLIST)", r->dir,
                     r->user ? r->user_id : "mixed");
            continue;
        }
        if (r->held) {
            say_held(w, r);
            continue;
        }
        if (trtc_timeline_build(r, o->plan.aux, &w->lines[i], err) < 0)
            return -1;
        say_recording(w, r, &w->lines[i]);
        size_t first = w->plan.n;
        if (trtc_plan_add(&w->plan, r, &w->lines[i], &o->plan, err) < 0)
            return -1;
        for (size_t k = first; k < w->plan.n; k++)
            check_output(w, &w->plan.outputs[k]);
    }
    return trtc_plan_check(&w->plan, err);
}

static int print_plan(const struct work *w, struct trtc_err *err)
{
    const struct opts *o = w->o;
    if (o->print == PLAN_SVG)
        trtc_plan_svg(&w->plan, stdout);
    else if (o->print == PLAN_JSON && trtc_plan_json(&w->plan, stdout) < 0)
        return trtc_fail_nomem(err);
    else if (o->print == PLAN_TSV)
        trtc_plan_tsv(&w->plan, o->header, o->null ? '\0' : '\n', stdout);
    return 0;
}

/* ---- the report ---- */

static int write_report(struct work *w, struct trtc_err *err)
{
    int ret = -1;
    cJSON *j = cJSON_CreateObject(), *inputs = cJSON_CreateArray();
    char *text = NULL;
    for (size_t i = 0; i < w->scan.n; i++)
        trtc_json_push(&inputs, trtc_report_input(&w->scan.recs[i], &w->lines[i]));
    trtc_json_put_text(&j, "version", TRTC_VERSION);
    trtc_json_put(&j, "inputs", inputs);
    trtc_json_put(&j, "outputs", w->account.outputs);
    trtc_json_put(&j, "losses", w->account.losses);
    trtc_json_put_number(&j, "exit_status", cli_signal ? 128 + cli_signal : w->code);
    w->account = (struct account){ 0 };
    text = cJSON_Print(j);
    if (!text) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (memory_check(err) < 0) /* something may not have found its way into it */
        goto done;
    if (strcmp(w->o->report, "-") == 0) {
        puts(text);
        ret = 0;
        goto done;
    }
    if (trtc_write_all(trtc_file_fd(w->report), text, strlen(text), w->o->report, err) < 0 ||
        trtc_write_all(trtc_file_fd(w->report), "\n", 1, w->o->report, err) < 0)
        goto done;
    ret = trtc_file_commit(&w->report, true, err);
done:
    free(text);
    cJSON_Delete(j);
    return ret;
}

static int run(struct work *w, struct trtc_err *err)
{
    const struct opts *o = w->o;
    if (o->report && !o->print) {
        w->account.outputs = cJSON_CreateArray();
        w->account.losses = cJSON_CreateArray();
        if (strcmp(o->report, "-") != 0 && !(w->report = trtc_file_create(o->report, err)))
            return -1;
    }
    cli_catch_signals();
    if (load_all(w, err) < 0 || plan_all(w, err) < 0)
        return -1;
    if (o->print)
        return print_plan(w, err);
    if (o->plan.outdir && w->plan.n && trtc_mkdirs(o->plan.outdir, err) < 0)
        return -1;
    if (merge_run_jobs(w, err) < 0)
        return -1;
    return o->report ? write_report(w, err) : 0;
}

int main(int argc, char *argv[])
{
    struct opts o = { 0 };
    struct work w = { .o = &o, .lock = PTHREAD_MUTEX_INITIALIZER };
    struct trtc_err err;
    cli_init("trtc-merge");
    o.dirs = calloc((size_t)argc + 1, sizeof *o.dirs);
    o.users = calloc((size_t)argc + 1, sizeof *o.users);
    int code = 0;
    if (!o.dirs || !o.users) {
        trtc_fail_nomem(&err);
        code = cli_report(&err);
    } else {
        code = parse(&o, argc, argv);
    }
    if (code == 0) {
        trtc_av_quiet();
        if (run(&w, &err) < 0)
            w.code = trtc_worse(w.code, cli_report(&err));
        code = w.code;
    }
    trtc_file_abort(&w.report);
    cJSON_Delete(w.account.outputs);
    cJSON_Delete(w.account.losses);
    trtc_plan_fini(&w.plan);
    for (size_t i = 0; w.lines && i < w.scan.n; i++)
        trtc_timeline_fini(&w.lines[i]);
    free(w.lines);
    trtc_scan_fini(&w.scan);
    free(o.dirs);
    free(o.users);
    return cli_finish(code < 0 ? 0 : memory_settle(code));
}
