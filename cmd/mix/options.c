/* SPDX-License-Identifier: MIT */
/* The options of trtc-mix: their table, checks which of them can be combined, and the request whose
 * settings they override. */
#include "options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../report.h"
#include "base/json.h"
#include "base/num.h"
#include "base/utc.h"
#include "inputs.h"
#include "layout/operand.h"
#include "mix/identity.h"

/* ---- takers ---- */

static int use(int ret, const struct trtc_err *err)
{
    if (ret >= 0)
        return 0;
    return err->code == TRTC_EX_USAGE ? cli_usage("%s", err->msg) : cli_report(err);
}

static int take_anchor(void *to, const struct opt_row *row, const char *arg)
{
    struct opts *o = to;
    char what[OPT_NAME_SIZE];
    struct trtc_operand op;
    struct trtc_err err;
    if (trtc_stream_parse(arg, strlen(arg), &op, &err) < 0)
        return cli_usage("%s: %s", opt_name(row, what), err.msg);
    free(o->set.look.anchor);
    o->set.look.anchor = strndup(op.user, op.user_len);
    o->set.look.anchor_aux = op.aux;
    return o->set.look.anchor ? 0 : use(trtc_fail_nomem(&err), &err);
}

static int take_list(void *to, const struct opt_row *row, const char *path)
{
    struct opts *o = to;
    char what[OPT_NAME_SIZE];
    struct trtc_err err;
    struct trtc_layout_list list = { 0 };
    cJSON *j = trtc_json_read(path, &err);
    if (!j)
        return use(-1, &err);
    int ret = trtc_layout_list_read(j, &list, &err);
    cJSON_Delete(j);
    if (ret < 0) {
        cli_error("%s %s: %s", opt_name(row, what), path, err.msg);
        return err.code;
    }
    trtc_layout_list_fini(&o->set.look.list);
    o->set.look.list = list;
    return 0;
}

/* Adds users from a list such as "A,B,audio:C" to the subscriptions. */
static int add_users(struct opts *o, bool allow, const char *arg)
{
    struct trtc_err err;
    char *copy = strdup(arg), *rest = copy;
    int ret = copy ? 0 : use(trtc_fail_nomem(&err), &err);
    for (char *entry; ret == 0 && rest;
         ret = use(trtc_subscription_add(&o->set.sub, allow, entry, &err), &err)) {
        entry = rest;
        rest = strchr(rest, ',');
        if (rest)
            *rest++ = '\0';
    }
    free(copy);
    return ret;
}

static int take_background(void *to, const struct opt_row *row, const char *arg)
{
    struct opts *o = to;
    (void)row;
    struct trtc_err err;
    if (*arg == '#' || strncmp(arg, "0x", 2) == 0)
        return use(trtc_colour_parse("--background", arg, &o->set.look.background, &err), &err);
    free(o->set.look.background_image);
    o->set.look.background_image = strdup(arg);
    return o->set.look.background_image ? 0 : use(trtc_fail_nomem(&err), &err);
}

static int take_placeholder(void *to, const struct opt_row *row, const char *arg)
{
    struct opts *o = to;
    (void)row;
    struct trtc_err err;
    free(o->set.look.placeholder);
    o->set.look.placeholder = strdup(arg);
    return o->set.look.placeholder ? 0 : use(trtc_fail_nomem(&err), &err);
}

static int take_subscribe(void *to, const struct opt_row *row, const char *value)
{
    (void)row;
    return add_users(to, true, value);
}

static int take_unsubscribe(void *to, const struct opt_row *row, const char *value)
{
    (void)row;
    return add_users(to, false, value);
}

static int take_size(void *to, const struct opt_row *row, const char *value)
{
    struct trtc_mix_settings *s = &((struct opts *)to)->set;
    char what[OPT_NAME_SIZE];
    struct trtc_err err;
    return use(trtc_num_size(opt_name(row, what), value, &s->width_px, &s->height_px, &err), &err);
}

/* Reads a rate in kbit/s and stores it in bit/s. */
static int take_kbps(void *to, const struct opt_row *row, const char *value)
{
    const int ret = opt_small(to, row, value);
    if (ret == 0)
        *(int *)(void *)((char *)to + row->at) *= 1000;
    return ret;
}

static int take_mode(void *to, const struct opt_row *row, const char *value)
{
    struct opts *o = to;
    int i;
    const int ret = opt_choose(row, value, trtc_layout_mode_names, &i);
    o->set.look.mode = trtc_layout_modes[i];
    o->mode_given = true;
    return ret;
}

static int take_align(void *to, const struct opt_row *row, const char *value)
{
    static const char *const sides[] = { "left", "right", NULL };
    int i;
    const int ret = opt_choose(row, value, sides, &i);
    ((struct opts *)to)->set.look.right = i == 1;
    return ret;
}

static int take_render(void *to, const struct opt_row *row, const char *value)
{
    int i;
    const int ret = opt_choose(row, value, trtc_render_names, &i);
    ((struct opts *)to)->set.look.render = (enum trtc_render)i;
    return ret;
}

static int take_fill(void *to, const struct opt_row *row, const char *value)
{
    static const char *const fills[] = { "hold", "black", NULL };
    int i;
    const int ret = opt_choose(row, value, fills, &i);
    ((struct opts *)to)->set.fill = i ? TRTC_FILL_BLACK : TRTC_FILL_HOLD;
    return ret;
}

static int take_mark(void *to, enum trtc_mark_kind kind, const char *value)
{
    struct trtc_err err;
    return use(trtc_mark_parse(kind, value, &((struct opts *)to)->set.look, &err), &err);
}

static int take_watermark(void *to, const struct opt_row *row, const char *value)
{
    (void)row;
    return take_mark(to, TRTC_MARK_IMAGE, value);
}

static int take_text(void *to, const struct opt_row *row, const char *value)
{
    (void)row;
    return take_mark(to, TRTC_MARK_TEXT, value);
}

static int take_clock(void *to, const struct opt_row *row, const char *value)
{
    (void)row;
    return take_mark(to, TRTC_MARK_CLOCK, value);
}

static int take_image(void *to, const struct opt_row *row, const char *value)
{
    return strchr(value, '=') ? opt_append(to, row, value)
                              : cli_usage("--image: expected URL=FILE, not '%s'", value);
}

static int take_streams(void *to, const struct opt_row *row, const char *value)
{
    static const char *const streams[] = { "main", "aux", "both", NULL };
    struct trtc_mix_settings *s = &((struct opts *)to)->set;
    int i;
    const int ret = opt_choose(row, value, streams, &i);
    s->main = i != 1;
    s->aux = i != 0;
    return ret;
}

static int take_only(void *to, const struct opt_row *row, const char *value)
{
    static const char *const kinds[] = { "audio", "video", NULL };
    struct trtc_mix_settings *s = &((struct opts *)to)->set;
    int i;
    const int ret = opt_choose(row, value, kinds, &i);
    s->audio = i == 0;
    s->video = i == 1;
    return ret;
}

static int take_rate(void *to, const struct opt_row *row, const char *value)
{
    static const char *const rates[] = { "48000", "44100", "16000", NULL };
    static const int rate_hz[] = { 48000, 44100, 16000 };
    int i;
    const int ret = opt_choose(row, value, rates, &i);
    ((struct opts *)to)->set.rate_hz = rate_hz[i];
    return ret;
}

static int take_tracks(void *to, const struct opt_row *row, const char *value)
{
    static const char *const tracks[] = { "mix", "per-user", NULL };
    int i;
    const int ret = opt_choose(row, value, tracks, &i);
    ((struct opts *)to)->per_user = i == 1;
    return ret;
}

static int take_format(void *to, const struct opt_row *row, const char *value)
{
    static const char *const formats[] = { "mp4", "mkv", "ts", NULL };
    int i;
    const int ret = opt_choose(row, value, formats, &i);
    ((struct opts *)to)->format = formats[i];
    return ret;
}

static int take_part(void *to, const struct opt_row *row, const char *value)
{
    struct trtc_err err;
    char what[OPT_NAME_SIZE];
    return use(
        trtc_share_read(opt_name(row, what), value, getenv, &((struct opts *)to)->share, &err),
        &err);
}

static int take_progress(void *to, const struct opt_row *row, const char *value)
{
    static const char *const formats[] = { "json", NULL };
    int i;
    ((struct opts *)to)->progress_json = true;
    return opt_choose(row, value, formats, &i);
}

/* Reads a time. "+1.5" and "+1500ms" count from the start of the mix, as do numbers below one year;
 * other forms: base/utc.h. */
static int take_when(void *to, const struct opt_row *row, const char *s)
{
    struct trtc_when *out = (struct trtc_when *)((char *)to + row->at);
    char option[OPT_NAME_SIZE];
    opt_name(row, option);
    struct trtc_err err;
    int64_t ms;
    out->given = true;
    out->relative = *s == '+';
    if (out->relative)
        return trtc_num_duration_us(option, s + 1,
                                    (struct trtc_range){ 0, INT64_C(86400000000) * 365 }, &out->us,
                                    &err) < 0
                   ? cli_usage("%s", err.msg)
                   : 0;
    if (trtc_time_parse(s, &ms, &err) < 0)
        return cli_usage("%s: %s, or +SECONDS from the beginning", option, err.msg);
    out->relative = ms < TRTC_MIX_RELATIVE_MS;
    out->us = ms * 1000;
    return 0;
}

/* ---- the table ---- */

#define AT(member) .at = offsetof(struct opts, member)
static const struct opt_row rows[] = {
    { .help = "Layout" },
    { "mode", 'm', "MODE", "grid (default), float, screen, custom", .take = take_mode },
    { "anchor", 'b', "USER[:aux]", "the user in the large window (float, screen)",
      .take = take_anchor },
    { "list", 'l', "LIST.json", "the windows of custom, as a MixLayoutList of the API",
      .take = take_list },
    { "align", 0, "left|right", "the side of the large window (screen)", .take = take_align },
    { "render", 0, "MODE", "how pictures fill windows: stretch, crop (default),\nfit, crop20",
      .take = take_render },
    { "label", 0, NULL, "show the user's name in each window", .take = opt_flag, AT(labels) },
    { "no-audio-windows", 0, NULL, "show no window for users who send only sound", .take = opt_flag,
      AT(set.look.no_audio_windows) },
    { "linger", 0, "SECONDS", "keep a window for this time after its user has left (0)",
      .take = opt_duration, AT(linger_us), .max = INT64_C(86400000000) },
    { "fill", 0, "hold|black", "show the last picture (default), or black, while a\nstream stalls",
      .take = take_fill },
    { "script", 0, "FILE|-",
      "changes of layout and subscription over time, a JSON\nobject on each line", .take = opt_text,
      AT(script) },
    { .help = "Who and when" },
    { "subscribe", 0, "USER,...",
      "mix only these; audio:USER, video:USER: only that of\ntheirs; 'abc.*$': ids that begin with abc",
      .take = take_subscribe },
    { "unsubscribe", 0, "USER,...", "mix all others", .take = take_unsubscribe },
    { "streams", 0, "WHICH", "main, aux, both (default)", .take = take_streams },
    { "from", 0, "T",
      "where the mix begins: epoch ms, 17 digits, RFC 3339, or\n+SECONDS from the start",
      .take = take_when, AT(from) },
    { "to", 0, "T", "where the mix ends", .take = take_when, AT(to) },
    { .help = "Pictures and text" },
    { "watermark", 0, "FILE,X,Y[,W,H]",
      "show a PNG or JPEG; at most 25 watermarks, texts and\nclocks", .take = take_watermark },
    { "text", 0, "TEXT,X,Y[,W,H][,SIZEpx][,COLOUR[,BACKGROUND]]", "show a text",
      .take = take_text },
    { "clock", 0, "POS[,ZONE][,SIZEpx][,COLOUR]",
      "show a clock; POS: top-left, top-right, bottom-left,\nbottom-right, top, bottom, center;\n"
      "ZONE: 8 (default), +05:30, UTC",
      .take = take_clock },
    { "background", 0, "COLOUR|FILE", "the background (black)", .take = take_background },
    { "placeholder", 0, "FILE", "the picture in windows without one (default: the name)",
      .take = take_placeholder },
    { "request", 0, "CREATE.json", "take all of this from a CreateCloudRecording request",
      .take = opt_text, AT(request), .early = true },
    { "image", 0, "URL=FILE", "the file of a picture that a request names by this URL",
      .take = take_image, AT(images.mapped), .early = true },
    { .help = "Output" },
    { "output", 'o', "FILE|-", ".mp4, .mkv or .ts; -: MPEG-TS on standard output", .take = opt_text,
      AT(output) },
    { "format", 0, "mp4|mkv|ts", "the format, whatever the name of FILE is", .take = take_format },
    { "still", 0, "TIME", "write one picture of the mix as PNG", .take = take_when, AT(still) },
    { "size", 's', "WxH", "the size of the picture (640x360)", .take = take_size },
    { "fps", 'r', "FPS", "frames per second (15)", .take = opt_small, AT(set.fps), .min = 1,
      .max = 60 },
    { "bitrate", 'k', "KBPS", "the bit rate of the picture, in kbit/s (550)", .take = take_kbps,
      AT(set.video_bps), .min = 16, .max = 100000 },
    { "gop", 'g', "SECONDS", "the time between key frames (10)", .take = opt_small, AT(set.gop_s),
      .min = 1, .max = 3600 },
    { "preset", 0, "PRESET",
      "a preset of x264 (default: superfast with mbtree and a\nlook-ahead of 10)", .take = opt_text,
      AT(preset) },
    { "sample-rate", 0, "HZ", "of the sound: 48000 (default), 44100, 16000", .take = take_rate },
    { "channels", 0, "1|2", "channels of the sound (2)", .take = opt_small, AT(set.channels),
      .min = 1, .max = 2 },
    { "audio-bitrate", 0, "KBPS", "the bit rate of the sound, in kbit/s (64)", .take = take_kbps,
      AT(set.audio_bps), .min = 16, .max = 320 },
    { "audio-tracks", 0, "WHICH", "mix (default); per-user: also a track for each voice",
      .take = take_tracks },
    { "only", 0, "audio|video", "make only the sound, or only the picture", .take = take_only },
    { .help = "Many machines" },
    { "part", 0, "K/N",
      "make only the K-th of N parts, as Matroska; auto: get K\nand N from Slurm, Kubernetes, AWS Batch or GNU parallel",
      .take = take_part },
    { "join", 0, NULL, "join the operands, which are all parts of a mix", .take = opt_flag,
      AT(join) },
    { .help = "The run" },
    { "workers", 'j', "N", "threads that decode and draw (default: one per core)",
      .take = opt_small, AT(workers), .min = 1, .max = 256 },
    { "deterministic", 0, NULL, "write the same bytes on any machine, with any number of\nworkers",
      .take = opt_flag, AT(deterministic) },
    { "allow-missing", 0, NULL, "exit with 0 even if parts of the input are missing",
      .take = opt_flag, AT(allow_missing) },
    { "report", 0, "FILE", "write a report as JSON: users, losses, and what became\nof each frame",
      .take = opt_text, AT(report) },
    { "progress", 0, "json", "print the progress as NDJSON on standard error",
      .take = take_progress },
    { "json", 0, NULL, "print an object about the mix instead of its path", .take = opt_flag,
      AT(json) },
    { 0 },
};

static const struct opt_program program = {
    .name = "trtc-mix",
    .synopsis = "[options] -o FILE|- INPUT...\n[options] --still TIME -o FILE.png INPUT...\n"
                "[options] --part K/N -o FILE.mkv INPUT...\n--join -o FILE|- PART...",
    .about =
        "Combines all users into one picture, and all voices into one track. INPUT is a directory of\n"
        "single-stream recordings, or USER[:aux][@START]=FILE-or-URL.",
    .example = "trtc-mix -o class.mp4 recording\n"
               "trtc-mix -m screen -b ben -s 1280x720 -o - anna=a.mp4 ben=b.mp4 | ffplay -",
    .rows = rows,
};

/* ---- the request, and checks of combinations ---- */

void mix_say_cannot(void *opaque, const char *what)
{
    const char *file = opaque;
    cli_error("%s%s%s", file ? file : "", file ? ": " : "", what);
}

/* Returns 0 if pictures were only missing, and are left out; else the exit status, since pictures
 * could not be read for lack of resources. */
static int shortage_of(const struct images *im)
{
    return im->code > TRTC_EX_LOSS ? im->code : 0;
}

static int read_request(struct opts *o)
{
    struct trtc_err err;
    cJSON *j = trtc_json_read(o->request, &err);
    if (!j)
        return cli_report(&err);
    int ret = trtc_mix_request_read(
        j, &o->set, &(struct trtc_mix_reader){ mix_say_cannot, (void *)o->request, &err });
    cJSON_Delete(j);
    if (ret < 0) {
        cli_error("%s: %s", o->request, err.msg);
        return err.code;
    }
    mix_images_resolve(&o->images, &o->set.look);
    return shortage_of(&o->images);
}

/* Reads the pictures that options name, before anything else is done. */
static int load_images(struct opts *o)
{
    struct trtc_err err;
    const struct trtc_mix_look *look = &o->set.look;
    int ret = 0;
    if (look->background_image)
        ret = mix_image_load(&o->images, look->background_image, &err);
    if (ret == 0 && look->placeholder)
        ret = mix_image_load(&o->images, look->placeholder, &err);
    if (ret == 0)
        mix_images_resolve_list(&o->images, &o->set.look.list);
    for (size_t i = 0; ret == 0 && i < look->nb_marks; i++)
        if (look->marks[i].kind == TRTC_MARK_IMAGE)
            ret = mix_image_load(&o->images, look->marks[i].text, &err);
    return ret < 0 ? cli_report(&err) : shortage_of(&o->images);
}

static bool ends_in(const char *s, const char *suffix)
{
    const size_t n = strlen(s), k = strlen(suffix);
    return n > k && strcasecmp(s + n - k, suffix) == 0;
}

static bool is_among(const char *s, const char *const *list)
{
    while (*list && strcasecmp(s, *list) != 0)
        list++;
    return *list != NULL;
}

/* Refuses a file name whose ending belongs to a format that is not made. */
static int check_name(const struct opts *o)
{
    static const char *const mixes[] = { ".mp4", ".m4v", ".m4a", ".mkv", ".ts", NULL };
    static const char *const others[] = { ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", NULL };
    const char *slash = strrchr(o->output, '/'), *name = slash ? slash + 1 : o->output,
               *dot = strrchr(name, '.');
    if (o->format || !dot || dot == name || !dot[1])
        return 0;
    if (o->still.given)
        return is_among(dot, others) ? cli_usage("-o: '%s': a picture is made as .png", o->output)
               : is_among(dot, mixes)
                   ? cli_usage("-o: '%s': --still makes one picture, as .png", o->output)
                   : 0;
    return is_among(dot, mixes)
               ? 0
               : cli_usage("-o: '%s': the formats are .mp4, .mkv and .ts; --format takes any name",
                           o->output);
}

bool mix_takes_in(const struct opts *o)
{
    struct stat st;
    if (!o->script ||
        (strcmp(o->script, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(o->script, &st)) < 0)
        return false;
    return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ||
           (strcmp(o->script, "-") == 0 && isatty(STDIN_FILENO));
}

/* Whether an option makes the mix another one. */
static bool is_about_mix(const struct opts *o)
{
    struct trtc_mix_settings defaults;
    trtc_mix_settings_init(&defaults);
    const struct trtc_mix_opts plain = { .set = &defaults },
                               given = { .set = &o->set,
                                         .linger_us = o->linger_us,
                                         .labels = o->labels,
                                         .per_user = o->per_user,
                                         .preset = o->preset,
                                         .image_sum = mix_image_sum,
                                         .opaque = (void *)&o->images };
    const bool differs =
        trtc_mix_identify(&given, NULL, 0, NULL) != trtc_mix_identify(&plain, NULL, 0, NULL);
    trtc_mix_settings_fini(&defaults);
    return differs || o->still.given || o->script || o->request || o->from.given || o->to.given;
}

/* Checks the options that cannot be combined with --part or --join. */
static int check_parts(const struct opts *o)
{
    if (o->join && (o->share.n || o->report || is_about_mix(o)))
        return cli_usage(
            "--join copies the parts unchanged: options about the mix, and --report, are not allowed");
    if (o->join && !o->operands.n)
        return cli_usage("no PART: 'trtc-mix --join -o FILE.mp4 PART...' joins the parts of a mix");
    if (!o->share.n)
        return 0;
    if (o->still.given)
        return cli_usage("--still and --part exclude each other");
    if (mix_takes_in(o))
        return cli_usage("--part: the script must not be a pipe, which is for live mixes");
    if (o->output && (strcmp(o->output, "-") == 0 ||
                      (o->format ? strcmp(o->format, "mkv") != 0 : !ends_in(o->output, ".mkv"))))
        return cli_usage("--part: a part is written as Matroska: give -o FILE.mkv");
    return 0;
}

/* Whether an operand, or the source that it names, is the file of this status. */
static bool is_operand(const char *operand, const struct stat *file)
{
    struct stat st;
    const char *equals = strchr(operand, '=');
    const char *const names[] = { operand, equals ? mix_source_path(equals + 1) : "" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (stat(names[i], &st) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino)
            return true;
    return false;
}

/* Refuses to replace what is read by what is written with this option. */
static int check_not_read(const struct opts *o, const char *option, const char *path)
{
    const char *const own[] = { o->request, o->script };
    struct stat st;
    bool is_read = false;
    if (!path || strcmp(path, "-") == 0 || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    for (size_t i = 0; i < o->operands.n; i++)
        is_read |= is_operand(o->operands.items[i], &st);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        is_read |= own[i] && is_operand(own[i], &st);
    return is_read ? cli_usage("%s: '%s' is also read: give it another name", option, path) : 0;
}

static int check_written(const struct opts *o)
{
    const bool to_pipe = strcmp(o->output, "-") == 0;
    int ret = report_check(o->report);
    if (ret == 0 && to_pipe && report_is_stdout(o->report))
        ret = cli_usage("--report %s: standard output has the mix: give a FILE", o->report);
    if (ret == 0 && o->report && strcmp(o->report, o->output) == 0)
        ret = cli_usage("--report and -o need different names");
    if (ret == 0)
        ret = check_not_read(o, "-o", o->output);
    return ret ? ret : check_not_read(o, "--report", o->report);
}

/* Reports that there is no -o, with the command that has it: an operand that does not exist, and
 * ends like a mix, is probably the output. */
static int refuse_nowhere(const struct opts *o)
{
    const char *last = o->operands.n ? o->operands.items[o->operands.n - 1] : "";
    if (o->operands.n > 1 && access(last, F_OK) < 0 &&
        (ends_in(last, ".mp4") || ends_in(last, ".mkv") || ends_in(last, ".ts")) &&
        !strchr(last, '='))
        return cli_usage("no output: '-o %s' writes this file", last);
    return cli_usage("no output: 'trtc-mix -o FILE.mp4 INPUT...' writes a file, and -o - writes "
                     "MPEG-TS to standard output");
}

static int check(struct opts *o)
{
    struct trtc_err err;
    const struct trtc_mix_look *look = &o->set.look;
    const int parts = check_parts(o);
    if (parts)
        return parts;
    if (opt_check_names(&o->operands))
        return TRTC_EX_USAGE;
    if (!o->operands.n && !mix_takes_in(o))
        return cli_usage("no INPUT: 'trtc-mix -o FILE.mp4 DIR' mixes the recordings in DIR");
    if (!o->output)
        return refuse_nowhere(o);
    if (look->mode == TRTC_LAYOUT_CUSTOM && !look->list.n)
        return cli_usage("-m custom needs its windows: -l LIST.json");
    if (look->list.n && look->mode != TRTC_LAYOUT_CUSTOM && o->mode_given)
        return cli_usage("-l requires -m custom");
    if (look->list.n)
        o->set.look.mode = TRTC_LAYOUT_CUSTOM;
    if (!o->set.audio && o->per_user)
        return cli_usage("--audio-tracks per-user and --only video exclude each other");
    const bool to_pipe = strcmp(o->output, "-") == 0;
    if (to_pipe && isatty(STDOUT_FILENO))
        return cli_usage("-o -: standard output is a terminal: redirect it to a file or a program");
    if (o->still.given && (o->per_user || o->script || o->report))
        return cli_usage("--still and %s exclude each other", o->script     ? "--script"
                                                              : o->per_user ? "--audio-tracks"
                                                                            : "--report");
    if (check_name(o) != 0)
        return TRTC_EX_USAGE;
    if (!o->format)
        o->format = to_pipe || ends_in(o->output, ".ts") ? "ts"
                    : ends_in(o->output, ".mkv")         ? "mkv"
                                                         : "mp4";
    if (!o->still.given && to_pipe && strcmp(o->format, "ts") != 0)
        return cli_usage("-o - writes MPEG-TS: give a file for %s", o->format);
    if (o->per_user && strcmp(o->format, "ts") == 0)
        return cli_usage("--audio-tracks per-user: MP4 or Matroska only");
    if (to_pipe && o->json)
        return cli_usage("--json: standard output is used by -o -");
    if (!*o->output || ends_in(o->output, "/"))
        return cli_usage("-o: '%s' is not the name of a file", o->output);
    if (check_written(o) != 0)
        return TRTC_EX_USAGE;
    if (trtc_mix_settings_check(&o->set, &err) < 0)
        return use(-1, &err);
    return load_images(o);
}

/* Reads the request first: the other options override it. */
static enum opt_read read_all(int argc, char *argv[], struct opts *o, int *code)
{
    enum opt_read ret = opt_read_early(&program, argc, argv, o, code);
    if (ret == OPT_WRONG)
        return ret;
    if (ret == OPT_GO && o->request && (*code = read_request(o)) != 0)
        return OPT_WRONG;
    ret = opt_read(&program, argc, argv, o, NULL, &o->operands, code);
    if (ret == OPT_GO && (*code = check(o)) != 0)
        ret = OPT_WRONG;
    return ret;
}

enum opt_read mix_options(int argc, char *argv[], struct opts *o, int *code)
{
    *o = (struct opts){ 0 };
    trtc_mix_settings_init(&o->set);
    mix_images_init(&o->images);
    return read_all(argc, argv, o, code);
}

void mix_options_fini(struct opts *o)
{
    mix_images_fini(&o->images);
    trtc_mix_settings_fini(&o->set);
    opt_list_free(&o->operands);
}
