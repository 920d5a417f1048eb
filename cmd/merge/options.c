/* SPDX-License-Identifier: MIT */
/* The options of trtc-merge: their table, and what excludes or needs each other among them. */
#include "options.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli.h"
#include "../report.h"
#include "base/num.h"
#include "base/text.h"

/* ---- takers ---- */

/* The place of value among words, for a member that is an enum. */
static int number(const struct opt_row *row, const char *value, int64_t *out)
{
    char what[OPT_NAME_SIZE];
    struct trtc_err err;
    *out = 0;
    return trtc_num_int(opt_name(row, what), value, (struct trtc_range){ row->min, row->max }, out,
                        &err) < 0
               ? cli_usage("%s", err.msg)
               : 0;
}

static int take_mode(void *to, const struct opt_row *row, const char *value)
{
    int64_t n;
    const int ret = number(row, value, &n);
    ((struct opts *)to)->plan.whole = n == 1;
    return ret;
}

static int take_aux(void *to, const struct opt_row *row, const char *value)
{
    int64_t n;
    const int ret = number(row, value, &n);
    ((struct opts *)to)->plan.aux = (enum trtc_aux)n;
    return ret;
}

static int take_fps(void *to, const struct opt_row *row, const char *value)
{
    struct opts *o = to;
    int64_t n;
    char what[OPT_NAME_SIZE];
    struct trtc_err err;
    if (trtc_num_int(opt_name(row, what), value, (struct trtc_range){ INT32_MIN, INT32_MAX }, &n,
                     &err) < 0)
        return cli_usage("%s: '%s' is not a whole number from %d to %d", what, value, TRTC_FPS_MIN,
                         TRTC_FPS_MAX);
    o->plan.fps = n < TRTC_FPS_MIN ? TRTC_FPS_MIN : n > TRTC_FPS_MAX ? TRTC_FPS_MAX : (int)n;
    if (o->plan.fps != n)
        cli_note("%s %s: %d is used, the range is %d to %d", opt_name(row, what), value,
                 o->plan.fps, TRTC_FPS_MIN, TRTC_FPS_MAX);
    return 0;
}

static int take_size(void *to, const struct opt_row *row, const char *value)
{
    struct opts *o = to;
    struct trtc_err err;
    char what[OPT_NAME_SIZE];
    opt_name(row, what);
    if (trtc_num_size(what, value, &o->plan.width_px, &o->plan.height_px, &err) < 0)
        return cli_usage("%s", err.msg);
    if (o->plan.width_px % 2 || o->plan.height_px % 2)
        return cli_usage("%s: %s: width and height must be even", what, value);
    return 0;
}

static int take_video(void *to, const struct opt_row *row, const char *value)
{
    static const char *const how[] = { "auto", "copy", "encode", NULL };
    int i;
    const int ret = opt_choose(row, value, how, &i);
    ((struct opts *)to)->plan.video = (enum trtc_choice)i;
    return ret;
}

static int take_audio(void *to, const struct opt_row *row, const char *value)
{
    static const char *const how[] = { "auto", "encode", NULL };
    int i;
    const int ret = opt_choose(row, value, how, &i);
    ((struct opts *)to)->plan.audio = i ? TRTC_CHOICE_ENCODE : TRTC_CHOICE_AUTO;
    return ret;
}

static int take_names(void *to, const struct opt_row *row, const char *value)
{
    static const char *const how[] = { "script", "recording", NULL };
    int i;
    const int ret = opt_choose(row, value, how, &i);
    ((struct opts *)to)->plan.names = (enum trtc_naming)i;
    return ret;
}

static int take_form(void *to, const struct opt_row *row, const char *value)
{
    static const char *const forms[] = { "mp4", "m4a", "aac", NULL };
    int i;
    const int ret = opt_choose(row, value, forms, &i);
    ((struct opts *)to)->plan.form = (enum trtc_form)i;
    return ret;
}

static int take_plan(void *to, const struct opt_row *row, const char *value)
{
    static const char *const formats[] = { "tsv", "json", "svg", NULL };
    int i = 0;
    const int ret = value ? opt_choose(row, value, formats, &i) : 0;
    ((struct opts *)to)->print = (enum plan_format)(PLAN_TSV + i);
    return ret;
}

static int take_progress(void *to, const struct opt_row *row, const char *value)
{
    static const char *const formats[] = { "json", NULL };
    int i;
    ((struct opts *)to)->progress_json = true;
    return opt_choose(row, value, formats, &i);
}

static int take_part(void *to, const struct opt_row *row, const char *value)
{
    struct trtc_err err;
    char what[OPT_NAME_SIZE];
    opt_name(row, what);
    return trtc_share_read(what, value, getenv, &((struct opts *)to)->share, &err) < 0
               ? cli_usage("%s", err.msg)
               : 0;
}

/* ---- the table ---- */

#define AT(member) .at = offsetof(struct opts, member)
static const struct opt_row rows[] = {
    { .help = "What is merged" },
    { "dir", 'f', "DIR", "the same as the operand DIR", .take = opt_append, AT(dirs) },
    { "recursive", 0, NULL, "and the recordings in its subdirectories", .take = opt_flag,
      AT(recursive) },
    { "user", 'u', "USER", "only this user (the decoded id); can be repeated", .take = opt_append,
      AT(users), .empty = true },
    { "aux", 'a', "0|1|2",
      "picture: 0 primary stream (default), 1 primary stream,\nand substream where that is absent, 2 substream",
      .take = take_aux, .max = 2 },
    { "finished", 0, NULL, "skip recordings that have no ENDLIST yet", .take = opt_flag,
      AT(finished) },
    { "allow-missing", 0, NULL, "exit with 0 even if parts of the input are missing",
      .take = opt_flag, AT(allow_missing) },
    { .help = "Picture and sound" },
    { "fps", 'p', "FPS", "frame rate, 5 to 120 (15 if encoding is necessary)", .take = take_fps },
    { "size", 'r', "W H", "picture size, also as WxH", .take = take_size, .pair = true },
    { "black", 'b', NULL, "show black instead of the last picture while there is\nno video",
      .take = opt_flag, AT(plan.black) },
    { "video", 0, "HOW", "auto (copy if possible; default), copy, encode", .take = take_video },
    { "audio", 0, "HOW", "auto (copy if possible; default), encode", .take = take_audio },
    { .help = "The files" },
    { "output", 0, "FORM", "mp4 (default); for sound only: m4a, aac (ADTS)", .take = take_form },
    { "mode", 'm', "0|1", "0: a file for each section (default), 1: for each user",
      .take = take_mode, .max = 1 },
    { "strip", 's', NULL, "with -m 1: leave out the gaps between sections", .take = opt_flag,
      AT(plan.strip) },
    { "output-dir", 'o', "OUTDIR", "write the files there instead of beside the playlists",
      .take = opt_text, AT(plan.outdir) },
    { "names", 0, "HOW",
      "script (USER_TIME_av.mp4; default), recording (like the\nMP4 files of the service)",
      .take = take_names },
    { "split-size", 0, "BYTES",
      "begin a new file before this size, at a key frame\n(units: k M G Ki Mi Gi)",
      .take = opt_bytes, AT(split_bytes), .min = 65536, .max = INT64_MAX / 2 },
    { "split-time", 0, "SECONDS", "begin a new file before this length, at a key frame",
      .take = opt_duration, AT(split_us), .min = 1000000, .max = INT64_C(315360000000000) },
    { "force", 0, NULL, "make files again that exist already", .take = opt_flag, AT(force) },
    { .help = "The run" },
    { "plan", 0, "[FORMAT]", "make nothing; print what would be made: tsv (default),\njson, svg",
      .take = take_plan },
    { "dry-run", 0, "[FORMAT]", "the same as --plan", .take = take_plan },
    { "header", 0, NULL, "with --plan: begin with a line that names the columns", .take = opt_flag,
      AT(header) },
    { "part", 0, "K/N",
      "do only the K-th of N parts of the work; auto: get K\nand N from Slurm, Kubernetes, AWS Batch or GNU parallel",
      .take = take_part },
    { "jobs", 'j', "JOBS", "files that are made at a time (default: one per core)",
      .take = opt_small, AT(jobs), .min = 1, .max = 1024 },
    { "report", 0, "FILE", "write a report as JSON: inputs, outputs, gaps, losses",
      .take = opt_text, AT(report) },
    { "json", 0, NULL, "print objects (NDJSON) instead of paths", .take = opt_flag, AT(json) },
    { "null", '0', NULL, "end each path with NUL instead of a newline", .take = opt_flag,
      AT(null) },
    { "progress", 0, "json", "print the progress as NDJSON on standard error",
      .take = take_progress },
    { 0 },
};

static const struct opt_program program = {
    .name = "trtc-merge",
    .synopsis = "[options] DIR...\n-f DIR [options]",
    .about =
        "Merges the single-stream recordings in DIR, a directory of playlists and segments, into\n"
        "MP4 files, and prints the path of each file that it makes.",
    .example = "trtc-merge --plan recording     # what would be made\n"
               "trtc-merge -m 1 recording       # one MP4 for each user, as long as the recording",
    .rows = rows,
};

/* ---- what goes together ---- */

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_media(const char *path)
{
    const size_t n = strlen(path);
    return trtc_ends_with(path, n, ".mp4") || trtc_ends_with(path, n, ".m4a") ||
           trtc_ends_with(path, n, ".aac");
}

/* Adds the operands to the directories. After -f, an operand that is not a directory is probably a
 * mistake, and refused. */
static int add_operands(struct opts *o, const struct opt_list *operands)
{
    static const struct opt_row row = { .at = offsetof(struct opts, dirs), .empty = true };
    const bool given = o->dirs.n > 0;
    for (size_t i = 0; i < operands->n; i++) {
        if (given && !is_directory(operands->items[i]))
            return cli_usage("unexpected operand '%s': not a directory", operands->items[i]);
        if (opt_append(o, &row, operands->items[i]) != 0)
            return TRTC_EX_TEMPFAIL;
    }
    if (o->dirs.n)
        return opt_check_names(operands);
    return cli_usage("no directory: 'trtc-merge DIR' merges the recordings in DIR");
}

static int check(struct opts *o, const struct opt_list *operands)
{
    const int code = add_operands(o, operands);
    if (code)
        return code;
    if (o->plan.outdir && access(o->plan.outdir, F_OK) < 0 && is_media(o->plan.outdir))
        cli_note("-o %s: this becomes a directory, since there can be several files",
                 o->plan.outdir);
    if (o->plan.strip && !o->plan.whole) {
        cli_note("-s is ignored without -m 1: every section is a file of its own");
        o->plan.strip = false;
    }
    if (o->plan.form != TRTC_FORM_MP4 &&
        (o->plan.fps || o->plan.width_px || o->plan.black || o->plan.video != TRTC_CHOICE_AUTO))
        return cli_usage("--output %s contains only sound: -p, -r, -b and --video require mp4",
                         o->plan.form == TRTC_FORM_AAC ? "aac" : "m4a");
    if (o->plan.names == TRTC_NAMES_RECORDING) {
        o->split_bytes = o->split_bytes ? o->split_bytes : TRTC_RECORDING_SPLIT_BYTES;
        o->split_us = o->split_us ? o->split_us : TRTC_RECORDING_SPLIT_US;
    }
    if (o->json && o->print == PLAN_TSV)
        o->print = PLAN_JSON;
    return report_check(o->report);
}

enum opt_read merge_options(int argc, char *argv[], struct opts *o, int *code)
{
    struct opt_list operands;
    enum opt_read ret = opt_read(&program, argc, argv, o, NULL, &operands, code);
    if (ret == OPT_GO && (*code = check(o, &operands)) != 0)
        ret = OPT_WRONG;
    opt_list_free(&operands);
    return ret;
}

void merge_options_fini(struct opts *o)
{
    opt_list_free(&o->dirs);
    opt_list_free(&o->users);
}
