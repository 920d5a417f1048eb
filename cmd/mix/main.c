/* SPDX-License-Identifier: MIT */
/* trtc-mix: everybody on one canvas, all voices in one track.
 *
 * Reads directories of single-stream recordings, files and live streams, and puts them on their common clock; writes
 * H.264 and AAC as MP4, Matroska or MPEG-TS, or one picture of the mix as PNG. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "base/json.h"
#include "base/num.h"
#include "layout/operand.h"
#include "codec/av.h"
#include "../memory.h"
#include "mix.h"

enum {
    OPT_ALIGN = 256,
    OPT_RENDER,
    OPT_REQUEST,
    OPT_IMAGE,
    OPT_SCRIPT,
    OPT_WATERMARK,
    OPT_TEXT,
    OPT_CLOCK,
    OPT_BACKGROUND,
    OPT_PLACEHOLDER,
    OPT_LABEL,
    OPT_NO_AUDIO_WINDOWS,
    OPT_FILL,
    OPT_LINGER,
    OPT_SUBSCRIBE,
    OPT_UNSUBSCRIBE,
    OPT_STREAMS,
    OPT_ONLY,
    OPT_FROM,
    OPT_TO,
    OPT_STILL,
    OPT_PRESET,
    OPT_SAMPLE_RATE,
    OPT_CHANNELS,
    OPT_AUDIO_BITRATE,
    OPT_AUDIO_TRACKS,
    OPT_FORMAT,
    OPT_DETERMINISTIC,
    OPT_ALLOW_MISSING,
    OPT_REPORT,
    OPT_PROGRESS,
    OPT_JSON
};

static const char short_options[] = ":m:b:l:s:r:k:g:o:j:hVqv";
static const struct option long_options[] = {
    { "mode", required_argument, NULL, 'm' },
    { "anchor", required_argument, NULL, 'b' },
    { "list", required_argument, NULL, 'l' },
    { "size", required_argument, NULL, 's' },
    { "fps", required_argument, NULL, 'r' },
    { "bitrate", required_argument, NULL, 'k' },
    { "gop", required_argument, NULL, 'g' },
    { "output", required_argument, NULL, 'o' },
    { "workers", required_argument, NULL, 'j' },
    { "align", required_argument, NULL, OPT_ALIGN },
    { "render", required_argument, NULL, OPT_RENDER },
    { "request", required_argument, NULL, OPT_REQUEST },
    { "image", required_argument, NULL, OPT_IMAGE },
    { "script", required_argument, NULL, OPT_SCRIPT },
    { "watermark", required_argument, NULL, OPT_WATERMARK },
    { "text", required_argument, NULL, OPT_TEXT },
    { "clock", required_argument, NULL, OPT_CLOCK },
    { "background", required_argument, NULL, OPT_BACKGROUND },
    { "placeholder", required_argument, NULL, OPT_PLACEHOLDER },
    { "label", no_argument, NULL, OPT_LABEL },
    { "no-audio-windows", no_argument, NULL, OPT_NO_AUDIO_WINDOWS },
    { "fill", required_argument, NULL, OPT_FILL },
    { "linger", required_argument, NULL, OPT_LINGER },
    { "subscribe", required_argument, NULL, OPT_SUBSCRIBE },
    { "unsubscribe", required_argument, NULL, OPT_UNSUBSCRIBE },
    { "streams", required_argument, NULL, OPT_STREAMS },
    { "only", required_argument, NULL, OPT_ONLY },
    { "from", required_argument, NULL, OPT_FROM },
    { "to", required_argument, NULL, OPT_TO },
    { "still", required_argument, NULL, OPT_STILL },
    { "preset", required_argument, NULL, OPT_PRESET },
    { "sample-rate", required_argument, NULL, OPT_SAMPLE_RATE },
    { "channels", required_argument, NULL, OPT_CHANNELS },
    { "audio-bitrate", required_argument, NULL, OPT_AUDIO_BITRATE },
    { "audio-tracks", required_argument, NULL, OPT_AUDIO_TRACKS },
    { "format", required_argument, NULL, OPT_FORMAT },
    { "deterministic", no_argument, NULL, OPT_DETERMINISTIC },
    { "allow-missing", no_argument, NULL, OPT_ALLOW_MISSING },
    { "report", required_argument, NULL, OPT_REPORT },
    { "progress", required_argument, NULL, OPT_PROGRESS },
    { "json", no_argument, NULL, OPT_JSON },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { "quiet", no_argument, NULL, 'q' },
    { "verbose", no_argument, NULL, 'v' },
    { 0 },
};

static void usage(void)
{
    fputs(
        "Usage: trtc-mix [-m grid|float|screen|custom] [-b USER[:aux]] [-l LIST.json] [-s WxH] [-r FPS] [-k KBPS]\n"
        "                [-g SECONDS] [--request CREATE.json] [--from T] [--to T] [OPTION]... -o FILE|- INPUT...\n"
        "       trtc-mix [OPTION]... --still TIME -o FILE.png INPUT...\n"
        "Puts all users on one canvas and all voices into one track.\n"
        "INPUT is a directory of single-stream recordings, or USER[:aux][@START]=FILE-or-URL.\n"
        "\n"
        "Layout:\n"
        "  -m, --mode MODE             grid (default), float, screen, custom\n"
        "  -b, --anchor USER[:aux]     who has the large window (float, screen)\n"
        "  -l, --list LIST.json        the windows of custom, as the API's MixLayoutList\n"
        "      --align left|right      side of screen's large window\n"
        "      --render MODE           stretch, crop (default), fit, crop20: pictures in windows\n"
        "      --label                 each window says whose it is\n"
        "      --no-audio-windows      no window for who sends only sound\n"
        "      --linger SECONDS        keep the window of who has left for so long (0)\n"
        "      --fill hold|black       what a stalled picture shows: its last one (default), or black\n"
        "      --script FILE|-         changes of layout and subscription over time, a JSON object a line\n"
        "Who and when:\n"
        "      --subscribe USER,...    only these; audio:USER, video:USER: for that alone; 'a.*$': ids from a on\n"
        "      --unsubscribe USER,...  all but these\n"
        "      --streams WHICH         main, aux, both (default)\n"
        "      --from T, --to T        times: epoch ms, 17 digits, RFC 3339; +SECONDS: from the start\n"
        "Pictures over and under it:\n"
        "      --watermark FILE,X,Y[,W,H]   a PNG or JPEG; up to 25 of these three kinds\n"
        "      --text TEXT,X,Y[,W,H][,SIZEpx][,COLOUR[,BACKGROUND]]\n"
        "      --clock POS[,ZONE][,SIZEpx][,COLOUR]  POS: top-left, top-right, bottom-left, bottom-right,\n"
        "                              top, bottom, center; ZONE: 8 (default), +05:30, UTC\n"
        "      --background COLOUR|FILE     black by default\n"
        "      --placeholder FILE      for windows without a picture; default: the user's name\n"
        "      --request CREATE.json   all of that as a CreateCloudRecording request asks for it\n"
        "      --image URL=FILE        the picture that a request names by this URL\n"
        "Output:\n"
        "  -o, --output FILE|-         .mp4, .mkv or .ts; -: MPEG-TS on standard output\n"
        "      --format mp4|mkv|ts     whatever the name says\n"
        "      --still TIME            one picture of the mix, as PNG\n"
        "  -s, --size WxH              canvas (640x360)\n"
        "  -r, --fps FPS               frames a second (15)\n"
        "  -k, --bitrate KBPS          of the video, kbit/s (550)\n"
        "  -g, --gop SECONDS           a key frame so often (10)\n"
        "      --preset PRESET         x264's; default: superfast with mbtree, look-ahead 10\n"
        "      --sample-rate HZ        48000 (default), 44100, 16000\n"
        "      --channels 1|2          of the sound (2)\n"
        "      --audio-bitrate KBPS    of the sound, kbit/s (64)\n"
        "      --audio-tracks WHICH    mix (default), per-user: each voice in a track of its own besides\n"
        "      --only audio|video      without the other\n"
        "  -j, --workers N             threads that decode and draw (one a core)\n"
        "      --deterministic         the same bytes on any machine, with any number of workers\n"
        "      --allow-missing         losses in the input leave the exit status 0\n"
        "      --report FILE           write an account as JSON: users, losses, what became of each frame\n"
        "      --progress json         progress as NDJSON on standard error\n"
        "      --json                  an object about the mix instead of its path\n"
        "  -q, --quiet                 no notes\n"
        "  -v, --verbose               say who enters and leaves\n"
        "  -h, --help                  this text\n"
        "  -V, --version               the version\n",
        stdout);
}

/* ---- options ---- */

static int use(int ret, const struct trtc_err *err)
{
    if (ret >= 0)
        return 0;
    return err->code == TRTC_EX_USAGE ? cli_usage("%s", err->msg) : cli_report(err);
}

static int take_anchor(struct opts *o, const char *arg)
{
    struct trtc_operand op;
    struct trtc_err err;
    if (trtc_stream_parse(arg, strlen(arg), &op, &err) < 0)
        return cli_usage("-b: %s", err.msg);
    free(o->set.look.anchor);
    o->set.look.anchor = strndup(op.user, op.user_len);
    o->set.look.anchor_aux = op.aux;
    return o->set.look.anchor ? 0 : use(trtc_fail_nomem(&err), &err);
}

static int take_list(struct opts *o, const char *path)
{
    struct trtc_err err;
    struct trtc_layout_list list = { 0 };
    cJSON *j = trtc_json_read(path, &err);
    if (!j)
        return use(-1, &err);
    int ret = trtc_layout_list_read(j, &list, &err);
    cJSON_Delete(j);
    if (ret < 0) {
        cli_error("-l %s: %s", path, err.msg);
        return err.code;
    }
    trtc_layout_list_fini(&o->set.look.list);
    o->set.look.list = list;
    return 0;
}

/* "A,B,audio:C" */
static int take_users(struct opts *o, bool allow, const char *arg)
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

static int take_background(struct opts *o, const char *arg)
{
    struct trtc_err err;
    if (*arg == '#' || strncmp(arg, "0x", 2) == 0)
        return use(trtc_colour_parse("--background", arg, &o->set.look.background, &err), &err);
    free(o->set.look.background_image);
    o->set.look.background_image = strdup(arg);
    return o->set.look.background_image ? 0 : use(trtc_fail_nomem(&err), &err);
}

static int take_placeholder(struct opts *o, const char *arg)
{
    struct trtc_err err;
    free(o->set.look.placeholder);
    o->set.look.placeholder = strdup(arg);
    return o->set.look.placeholder ? 0 : use(trtc_fail_nomem(&err), &err);
}

static int take_number(const char *what, const char *arg, int64_t min, int64_t max, int factor,
                       int *out)
{
    struct trtc_err err;
    int64_t v = 0;
    int ret = trtc_num_int(what, arg, min, max, &v, &err);
    if (ret == 0)
        *out = (int)v * factor;
    return use(ret, &err);
}

static int take_size(struct opts *o, const char *arg)
{
    struct trtc_err err;
    return use(trtc_num_size("-s", arg, &o->set.width_px, &o->set.height_px, &err), &err);
}

/* The options about the layout and what is seen: 0, or an exit status. */
static int take_look(struct opts *o, int c)
{
    static const char *const sides[] = { "left", "right", NULL };
    struct trtc_mix_look *look = &o->set.look;
    struct trtc_err err;
    int i = 0, ret = 0;
    switch (c) {
    case 'm':
        ret = cli_choose("-m", optarg, trtc_layout_mode_names, &i);
        look->mode = ret ? look->mode : trtc_layout_modes[i];
        o->mode_given = true;
        return ret;
    case 'b':
        return take_anchor(o, optarg);
    case 'l':
        return take_list(o, optarg);
    case OPT_ALIGN:
        ret = cli_choose("--align", optarg, sides, &i);
        look->right = i == 1;
        return ret;
    case OPT_RENDER:
        ret = cli_choose("--render", optarg, trtc_render_names, &i);
        look->render = (enum trtc_render)i;
        return ret;
    case OPT_WATERMARK:
        return use(trtc_mark_parse(TRTC_MARK_IMAGE, optarg, look, &err), &err);
    case OPT_TEXT:
        return use(trtc_mark_parse(TRTC_MARK_TEXT, optarg, look, &err), &err);
    case OPT_CLOCK:
        return use(trtc_mark_parse(TRTC_MARK_CLOCK, optarg, look, &err), &err);
    case OPT_BACKGROUND:
        return take_background(o, optarg);
    case OPT_PLACEHOLDER:
        return take_placeholder(o, optarg);
    default:
        look->no_audio_windows = true;
        return 0;
    }
}

/* The options about the output: 0, or an exit status. */
static int take_output(struct opts *o, int c)
{
    static const char *const rates[] = { "48000", "44100", "16000", NULL };
    static const char *const formats[] = { "mp4", "mkv", "ts", NULL };
    static const char *const tracks[] = { "mix", "per-user", NULL };
    static const char *const kinds[] = { "audio", "video", NULL };
    static const int rate_hz[] = { 48000, 44100, 16000 };
    struct trtc_mix_settings *s = &o->set;
    int i = 0, ret = 0;
    switch (c) {
    case 's':
        return take_size(o, optarg);
    case 'r':
        return take_number("-r", optarg, 1, 60, 1, &s->fps);
    case 'k':
        return take_number("-k", optarg, 16, 100000, 1000, &s->video_bps);
    case 'g':
        return take_number("-g", optarg, 1, 3600, 1, &s->gop_s);
    case OPT_SAMPLE_RATE:
        ret = cli_choose("--sample-rate", optarg, rates, &i);
        s->rate_hz = rate_hz[i];
        return ret;
    case OPT_CHANNELS:
        return take_number("--channels", optarg, 1, 2, 1, &s->channels);
    case OPT_AUDIO_BITRATE:
        return take_number("--audio-bitrate", optarg, 16, 320, 1000, &s->audio_bps);
    case OPT_AUDIO_TRACKS:
        ret = cli_choose("--audio-tracks", optarg, tracks, &i);
        o->per_user = i == 1;
        return ret;
    case OPT_ONLY:
        ret = cli_choose("--only", optarg, kinds, &i);
        s->audio = i == 0;
        s->video = i == 1;
        return ret;
    case OPT_FORMAT:
        ret = cli_choose("--format", optarg, formats, &i);
        o->format = ret ? NULL : formats[i];
        return ret;
    case OPT_PRESET:
        o->preset = optarg;
        return 0;
    case 'j':
        return take_number("-j", optarg, 1, 256, 1, &o->workers);
    default:
        o->output = optarg;
        return 0;
    }
}

/* 0: go on, -1: done (help or version), else an exit status. */
static int take_option(struct opts *o, int c, char *argv[])
{
    static const char *const fills[] = { "hold", "black", NULL };
    static const char *const streams[] = { "main", "aux", "both", NULL };
    static const char *const json[] = { "json", NULL };
    struct trtc_err err;
    int i = 0, ret = 0;
    switch (c) {
    case 'm':
    case 'b':
    case 'l':
    case OPT_ALIGN:
    case OPT_RENDER:
    case OPT_WATERMARK:
    case OPT_TEXT:
    case OPT_CLOCK:
    case OPT_BACKGROUND:
    case OPT_PLACEHOLDER:
    case OPT_NO_AUDIO_WINDOWS:
        return take_look(o, c);
    case 's':
    case 'r':
    case 'k':
    case 'g':
    case 'o':
    case 'j':
    case OPT_SAMPLE_RATE:
    case OPT_CHANNELS:
    case OPT_AUDIO_BITRATE:
    case OPT_AUDIO_TRACKS:
    case OPT_ONLY:
    case OPT_FORMAT:
    case OPT_PRESET:
        return take_output(o, c);
    case OPT_REQUEST: /* read before all others, which override it */
        return 0;
    case OPT_IMAGE:
        if (!strchr(optarg, '='))
            return cli_usage("--image: '%s' is no URL=FILE", optarg);
        o->images.mapped[o->images.nb_mapped++] = optarg;
        return 0;
    case OPT_SCRIPT:
        o->script = optarg;
        return 0;
    case OPT_LABEL:
        o->labels = true;
        return 0;
    case OPT_FILL:
        ret = cli_choose("--fill", optarg, fills, &i);
        o->set.fill = i ? TRTC_FILL_BLACK : TRTC_FILL_HOLD;
        return ret;
    case OPT_LINGER:
        return use(
            trtc_num_duration_us("--linger", optarg, 0, INT64_C(86400000000), &o->linger_us, &err),
            &err);
    case OPT_SUBSCRIBE:
        return take_users(o, true, optarg);
    case OPT_UNSUBSCRIBE:
        return take_users(o, false, optarg);
    case OPT_STREAMS:
        ret = cli_choose("--streams", optarg, streams, &i);
        o->set.main = i != 1;
        o->set.aux = i != 0;
        return ret;
    case OPT_FROM:
        return mix_when("--from", optarg, &o->from);
    case OPT_TO:
        return mix_when("--to", optarg, &o->to);
    case OPT_STILL:
        return mix_when("--still", optarg, &o->still);
    case OPT_DETERMINISTIC:
        o->deterministic = true;
        return 0;
    case OPT_ALLOW_MISSING:
        o->allow_missing = true;
        return 0;
    case OPT_REPORT:
        o->report = optarg;
        return 0;
    case OPT_PROGRESS:
        o->progress_json = true;
        return cli_choose("--progress", optarg, json, &i);
    case OPT_JSON:
        o->json = true;
        return 0;
    default:
        return cli_option(c, usage, argv);
    }
}

/* ---- the request ---- */

void mix_say_cannot(void *opaque, const char *what)
{
    (void)opaque;
    cli_error("%s", what);
}

/* A picture that is not there is left out; one that the machine cannot read now may be there. */
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
    int ret = trtc_mix_request_read(j, &o->set, mix_say_cannot, NULL, &err);
    cJSON_Delete(j);
    if (ret < 0) {
        cli_error("%s: %s", o->request, err.msg);
        return err.code;
    }
    mix_images_resolve(&o->images, &o->set.look);
    return shortage_of(&o->images);
}

/* Of the options only those that the request needs. */
static int find_request(struct opts *o, int argc, char *argv[])
{
    int c;
    while ((c = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        if (c == OPT_REQUEST)
            o->request = optarg;
        if (c == OPT_IMAGE && strchr(optarg, '='))
            o->images.mapped[o->images.nb_mapped++] = optarg;
        if (c == ':' || c == '?' || c == 'h' || c == 'V')
            break; /* told in the second pass */
    }
    optind = 1;
    int ret = o->request && c == -1 ? read_request(o) : 0;
    o->images.nb_mapped = 0;
    return ret;
}

/* Pictures that options name are read before any work. */
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
    return n > k && strcmp(s + n - k, suffix) == 0;
}

static int check(struct opts *o)
{
    struct trtc_err err;
    const struct trtc_mix_look *look = &o->set.look;
    if (!o->nb_operands)
        return cli_usage("no INPUT: give a directory or USER=FILE");
    if (!o->output)
        return cli_usage("no output: give -o FILE, or -o - for MPEG-TS on standard output");
    if (look->mode == TRTC_LAYOUT_CUSTOM && !look->list.n)
        return cli_usage("-m custom needs its windows: -l LIST.json");
    if (look->list.n && look->mode != TRTC_LAYOUT_CUSTOM && o->mode_given)
        return cli_usage("-l goes with -m custom");
    if (look->list.n)
        o->set.look.mode = TRTC_LAYOUT_CUSTOM;
    if (!o->set.audio && o->per_user)
        return cli_usage("--audio-tracks per-user goes without --only video");
    const bool to_pipe = strcmp(o->output, "-") == 0;
    if (!o->format)
        o->format = to_pipe || ends_in(o->output, ".ts") ? "ts"
                    : ends_in(o->output, ".mkv")         ? "mkv"
                                                         : "mp4";
    if (o->still.given && (o->per_user || o->script || o->report))
        return cli_usage("--still is one picture: without %s", o->script     ? "--script"
                                                               : o->per_user ? "--audio-tracks"
                                                                             : "--report");
    if (!o->still.given && to_pipe && strcmp(o->format, "ts") != 0)
        return cli_usage("-o - is MPEG-TS: a file is needed for %s", o->format);
    if (o->per_user && strcmp(o->format, "ts") == 0)
        return cli_usage("--audio-tracks per-user: MP4 or Matroska only");
    if (to_pipe && o->json)
        return cli_usage("--json: standard output is taken by -o -");
    if (!*o->output || ends_in(o->output, "/"))
        return cli_usage("-o: '%s' is no name of a file", o->output);
    if (trtc_mix_settings_check(&o->set, &err) < 0)
        return use(-1, &err);
    return load_images(o);
}

static int parse(struct opts *o, int argc, char *argv[])
{
    int c, ret = find_request(o, argc, argv);
    if (ret)
        return ret;
    while ((c = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        ret = take_option(o, c, argv);
        if (ret)
            return ret;
    }
    o->operands = argv + optind;
    o->nb_operands = (size_t)(argc - optind);
    return check(o);
}

int main(int argc, char *argv[])
{
    struct opts o = { 0 };
    struct trtc_err err;
    cli_init("trtc-mix");
    trtc_mix_settings_init(&o.set);
    trtc_av_quiet();
    int code =
        mix_images_init(&o.images, argc, &err) < 0 ? cli_report(&err) : parse(&o, argc, argv);
    if (code == 0) {
        cli_catch_signals();
        signal(SIGPIPE, SIG_IGN); /* a reader that leaves is told from a failure by its error */
        if (mix_run(&o, &code, &err) < 0)
            code = err.code == 128 + SIGPIPE || !err.msg[0] ? err.code
                                                            : trtc_worse(code, cli_report(&err));
    }
    mix_images_fini(&o.images);
    trtc_mix_settings_fini(&o.set);
    return cli_finish(code < 0 ? 0 : memory_settle(code));
}
