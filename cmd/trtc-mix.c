/* SPDX-License-Identifier: MIT */
/* trtc-mix: everybody on one canvas, all voices in one track.
 *
 * Reads directories of single-stream recordings, files and live streams, and puts them on their common clock; writes
 * H.264 and AAC as MP4, Matroska or MPEG-TS, or one picture of the mix as PNG. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "cli.h"
#include "core/file.h"
#include "core/json.h"
#include "core/num.h"
#include "core/operand.h"
#include "core/records.h"
#include "core/utc.h"
#include "media/av.h"
#include "media/overlay.h"
#include "mix.h"

#define SCRIPT_LINE_MAX ((size_t)1 << 20)

struct opts {
    struct trtc_mix_settings set;
    struct images images;
    struct when from, to, still;
    int64_t linger_us;
    const char *output, *preset, *request, *script, *format, *placeholder;
    int workers;
    bool labels, per_user, deterministic, allow_missing, json, progress_json, mode_given;
    char *const *operands;
    size_t nb_operands;
};

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
    case OPT_PROGRESS:
        o->progress_json = true;
        return cli_choose("--progress", optarg, json, &i);
    case OPT_JSON:
        o->json = true;
        return 0;
    case 'q':
        cli_set_verbosity(-1);
        return 0;
    case 'v':
        cli_set_verbosity(1);
        return 0;
    case 'h':
        usage();
        return -1;
    case 'V':
        cli_version();
        return -1;
    default:
        return cli_bad_option(c, argv);
    }
}

/* ---- the request ---- */

static void say_cannot(void *opaque, const char *what)
{
    (void)opaque;
    cli_error("%s", what);
}

static int read_request(struct opts *o)
{
    struct trtc_err err;
    cJSON *j = trtc_json_read(o->request, &err);
    if (!j)
        return cli_report(&err);
    int ret = trtc_mix_request_read(j, &o->set, say_cannot, NULL, &err);
    cJSON_Delete(j);
    if (ret < 0) {
        cli_error("%s: %s", o->request, err.msg);
        return err.code;
    }
    mix_images_resolve(&o->images, &o->set.look);
    return 0;
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
    for (size_t i = 0; ret == 0 && i < look->list.n; i++) {
        char *name = look->list.items[i].placeholder;
        if (name && !mix_image(&o->images, name)) {
            cli_error("placeholder: %s: not available", name);
            o->images.code = trtc_worse(o->images.code, TRTC_EX_LOSS);
            free(name);
            look->list.items[i].placeholder = NULL;
        }
    }
    for (size_t i = 0; ret == 0 && i < look->nb_marks; i++)
        if (look->marks[i].kind == TRTC_MARK_IMAGE)
            ret = mix_image_load(&o->images, look->marks[i].text, &err);
    return ret < 0 ? cli_report(&err) : 0;
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
    if (o->still.given && (o->per_user || o->script))
        return cli_usage("--still is one picture: without %s",
                         o->script ? "--script" : "--audio-tracks");
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

/* ---- the script ---- */

struct script {
    const struct opts *o;
    struct images *images;
    struct trtc_mix *mix;
    const char *name;
    struct trtc_records lines;
    pthread_t thread;
    int fd, wake[2]; /* a byte in wake ends the thread */
    bool running;
};

/* The next line: 1 a change has been taken up, 0 the end, -1. */
static int script_line(struct script *s, struct trtc_err *err)
{
    struct trtc_mix_change change;
    const char *line;
    size_t n;
    int got = trtc_records_next(&s->lines, &line, &n, err);
    if (got <= 0)
        return got;
    if (!line)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: line %" PRIu64 ": too long", s->name,
                         s->lines.nr);
    if (strspn(line, " \t\r") == n || n == 0)
        return 1;
    struct trtc_err why;
    if (trtc_mix_change_read(line, n, &s->o->set, &change, say_cannot, NULL, &why) < 0)
        return trtc_fail(err, why.code, "%s: line %" PRIu64 ": %s", s->name, s->lines.nr, why.msg);
    mix_images_resolve(s->images, &change.look);
    return trtc_mix_change(s->mix, &change, err) < 0 ? -1 : 1;
}

/* Before a read that may wait: until there is something, or the thread shall end. */
static int wait_for_line(void *arg, struct trtc_err *err)
{
    const struct script *s = arg;
    struct pollfd fds[2] = { { .fd = s->fd, .events = POLLIN },
                             { .fd = s->wake[0], .events = POLLIN } };
    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", s->name);
    return fds[1].revents ? trtc_fail(err, TRTC_EX_OK, "the mix has ended") : 0;
}

/* Live: a line that is wrong is told, and left out. */
static void *follow_script(void *arg)
{
    struct script *s = arg;
    struct trtc_err err;
    int got;
    while ((got = script_line(s, &err)) != 0) {
        if (got < 0 && err.code)
            cli_report(&err);
        if (got < 0 && err.code != TRTC_EX_DATAERR)
            break;
    }
    return NULL;
}

static int start_script(struct script *s, bool live, struct trtc_err *err)
{
    int got;
    if (!s->name)
        return 0;
    s->fd = strcmp(s->name, "-") == 0 ? STDIN_FILENO : open(s->name, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", s->name);
    if (trtc_records_init(&s->lines, s->fd, '\n', SCRIPT_LINE_MAX, err) < 0)
        return -1;
    struct stat st;
    if (live && fstat(s->fd, &st) == 0 && !S_ISREG(st.st_mode)) {
        if (pipe(s->wake) < 0)
            return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "a pipe");
        s->lines.idle = wait_for_line;
        s->lines.idle_arg = s;
        if (pthread_create(&s->thread, NULL, follow_script, s))
            return trtc_fail(err, TRTC_EX_TEMPFAIL, "no thread can be started");
        s->running = true;
        return 0;
    }
    while ((got = script_line(s, err)) > 0)
        ;
    return got;
}

static void end_script(struct script *s)
{
    if (s->running) {
        if (write(s->wake[1], "", 1) == 1)
            pthread_join(s->thread, NULL);
    }
    trtc_records_fini(&s->lines);
    if (s->fd > STDIN_FILENO)
        close(s->fd);
    for (int i = 0; i < 2; i++)
        if (s->wake[i] >= 0)
            close(s->wake[i]);
}

/* ---- progress ---- */

struct progress {
    const struct opts *o;
    const struct trtc_mix *mix;
    int64_t total_us, since_us;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended_cond;
    bool running, ended;
};

static int64_t monotonic_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void show_progress(const struct progress *p)
{
    const double done = (double)trtc_mix_progress_us(p->mix) / 1e6,
                 total = (double)p->total_us / 1e6;
    const double s = (double)(monotonic_us() - p->since_us) / 1e6 + 1e-3, speed = done / s;
    const double left = speed > 0 && total > done ? (total - done) / speed : 0;
    char line[160];
    if (p->o->progress_json && total > 0)
        fprintf(
            stderr,
            "{\"fraction\":%.4f,\"done_ms\":%.0f,\"total_ms\":%.0f,\"speed\":%.2f,\"left_ms\":%.0f}\n",
            done / total, done * 1e3, total * 1e3, speed, left * 1e3);
    else if (p->o->progress_json)
        fprintf(stderr, "{\"done_ms\":%.0f,\"speed\":%.2f}\n", done * 1e3, speed);
    if (p->o->progress_json)
        return;
    if (total > 0)
        snprintf(line, sizeof line, "%3.0f %%  %.1fx  %d:%02d left", done / total * 100, speed,
                 (int)left / 60, (int)left % 60);
    else
        snprintf(line, sizeof line, "%d:%02d:%02d  %.1fx", (int)done / 3600, (int)done / 60 % 60,
                 (int)done % 60, speed);
    cli_progress(line);
}

static void *watch(void *arg)
{
    struct progress *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->ended) {
        struct timespec at;
        clock_gettime(CLOCK_REALTIME, &at);
        at.tv_nsec += 250000000;
        at.tv_sec += at.tv_nsec / 1000000000;
        at.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&p->ended_cond, &p->lock, &at);
        if (!p->ended)
            show_progress(p);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void start_progress(struct progress *p)
{
    if (!p->o->progress_json && (!isatty(STDERR_FILENO) || cli_verbosity() < 0))
        return;
    p->since_us = monotonic_us();
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->ended_cond, NULL);
    p->running = pthread_create(&p->thread, NULL, watch, p) == 0;
}

static void end_progress(struct progress *p)
{
    if (!p->running)
        return;
    pthread_mutex_lock(&p->lock);
    p->ended = true;
    pthread_cond_signal(&p->ended_cond);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    if (p->o->progress_json)
        show_progress(p);
    cli_progress(NULL);
}

/* ---- the run ---- */

static void tell(void *opaque, enum trtc_mix_event event, const char *text)
{
    (void)opaque;
    switch (event) {
    case TRTC_MIX_DEBUG:
        cli_debug("%s", text);
        break;
    case TRTC_MIX_NOTE:
        cli_note("%s", text);
        break;
    case TRTC_MIX_ERROR:
        cli_error("%s", text);
        break;
    }
}

static cJSON *intervals_json(const struct trtc_intervals *v)
{
    cJSON *a = cJSON_CreateArray();
    for (size_t i = 0; i < v->n; i++) {
        cJSON *x = cJSON_CreateObject();
        cJSON_AddNumberToObject(x, "start_ms", (double)(v->items[i].start_us / 1000));
        if (v->items[i].end_us != INT64_MAX)
            cJSON_AddNumberToObject(x, "end_ms", (double)(v->items[i].end_us / 1000));
        cJSON_AddItemToArray(a, x);
    }
    return a;
}

static void print_summary(const struct opts *o, const struct inputs *in,
                          const struct trtc_mix_result *res, cJSON *losses)
{
    static const char *const medias[] = { "main", "aux" };
    cJSON *j = cJSON_CreateObject(), *users = cJSON_CreateArray();
    cJSON_AddStringToObject(j, "path", o->output);
    cJSON_AddNumberToObject(j, "start_ms", (double)(res->start_us / 1000));
    cJSON_AddNumberToObject(j, "end_ms", (double)(res->end_us / 1000));
    cJSON_AddNumberToObject(j, "duration_ms", (double)((res->end_us - res->start_us) / 1000));
    cJSON_AddNumberToObject(j, "bytes", (double)res->bytes);
    cJSON_AddNumberToObject(j, "width", o->set.width_px);
    cJSON_AddNumberToObject(j, "height", o->set.height_px);
    cJSON_AddNumberToObject(j, "fps", o->set.fps);
    cJSON_AddNumberToObject(j, "frames", o->set.video ? (double)res->nb_frames : 0);
    cJSON_AddBoolToObject(j, "interrupted", res->interrupted);
    for (size_t i = 0; i < in->nb_origins; i++) {
        const struct trtc_member *m = &in->sources[i].member;
        cJSON *u = cJSON_CreateObject();
        cJSON_AddStringToObject(u, "user", m->user);
        cJSON_AddStringToObject(u, "media", medias[m->aux]);
        cJSON_AddItemToObject(u, "picture", intervals_json(&m->picture));
        cJSON_AddItemToObject(u, "sound", intervals_json(&m->sound));
        cJSON_AddItemToArray(users, u);
    }
    cJSON_AddItemToObject(j, "users", users);
    cJSON_AddItemToObject(j, "losses", losses);
    char *text = cJSON_PrintUnformatted(j);
    if (text)
        puts(text);
    free(text);
    cJSON_Delete(j);
}

/* The directory of the output is made. */
static int make_directory(const char *path, struct trtc_err *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return 0;
    char *dir = strndup(path, (size_t)(slash - path));
    int ret = dir ? trtc_mkdirs(dir, err) : trtc_fail_nomem(err);
    free(dir);
    return ret;
}

static int write_still(const struct opts *o, struct trtc_mix *mix, int64_t at_us,
                       struct trtc_err *err)
{
    uint8_t *png = NULL;
    size_t size = 0;
    const AVFrame *f = trtc_mix_still(mix, at_us, err);
    if (!f || trtc_png_encode(f, &png, &size, err) < 0)
        return -1;
    int ret = -1;
    if (strcmp(o->output, "-") == 0) {
        ret = trtc_write_all(STDOUT_FILENO, png, size, "standard output", err);
    } else {
        struct trtc_file *file = trtc_file_create(o->output, err);
        if (file && trtc_write_all(trtc_file_fd(file), png, size, o->output, err) == 0)
            ret = trtc_file_commit(&file, true, err);
        trtc_file_abort(&file);
    }
    free(png);
    return ret;
}

static enum trtc_container container_of(const struct opts *o)
{
    return strcmp(o->format, "ts") == 0    ? TRTC_CONTAINER_TS
           : strcmp(o->format, "mkv") == 0 ? TRTC_CONTAINER_MKV
                                           : TRTC_CONTAINER_MP4;
}

/* Where the mix begins and ends, as far as that is known. With live sources that is not before they come, but what is
 * stored and begins after the program did is not cut off for that. */
static int set_extent(const struct opts *o, const struct inputs *in, struct trtc_mix_opts *mo,
                      struct trtc_err *err)
{
    const bool open = in->unplaced && (in->start_us == TRTC_NOTIME || in->start_us < in->began_us);
    mo->otherwise_us = in->start_us;
    mo->start_us = open ? TRTC_NOTIME : in->start_us;
    mo->end_us = in->end_us;
    mo->length_us = TRTC_NOTIME;
    if (o->from.given && (!open || !o->from.relative))
        mo->start_us = mix_when_us(&o->from, in->start_us);
    else if (o->from.given)
        mo->after_us = o->from.us;
    if (o->to.given && (!open || !o->to.relative))
        mo->end_us = mix_when_us(&o->to, in->start_us);
    else if (o->to.given)
        mo->length_us = o->to.us - mo->after_us;
    if (o->still.given)
        mo->start_us = mix_when_us(&o->still, in->start_us);
    else if (mo->length_us <= 0 && mo->length_us != TRTC_NOTIME)
        return trtc_fail(err, TRTC_EX_DATAERR, "there is nothing between --from and --to");
    else if (mo->start_us != TRTC_NOTIME && mo->end_us != TRTC_NOTIME && mo->end_us <= mo->start_us)
        return trtc_fail(err, TRTC_EX_DATAERR, "there is nothing between %s and %s",
                         o->from.given ? "--from" : "the beginning",
                         o->to.given ? "--to" : "the end");
    return 0;
}

static int mix(const struct opts *o, struct inputs *in, struct images *images, cJSON *losses,
               struct trtc_mix_result *res, struct trtc_err *err)
{
    struct trtc_mix_opts mo = { .set = &o->set,
                                .linger_us = o->linger_us,
                                .labels = o->labels,
                                .per_user = o->per_user,
                                .deterministic = o->deterministic,
                                .preset = o->preset,
                                .workers = o->workers,
                                .container = container_of(o),
                                .path = o->output,
                                .image = mix_image,
                                .tell = tell,
                                .opaque = images,
                                .now_us = mix_now_us,
                                .stop = &cli_signal };
    struct script script = {
        .o = o, .images = images, .name = o->script, .fd = -1, .wake = { -1, -1 }
    };
    struct progress progress = { .o = o };
    int ret = -1;
    if (set_extent(o, in, &mo, err) < 0 || mix_inputs_start(in, mo.start_us, err) < 0 ||
        (strcmp(o->output, "-") != 0 && make_directory(o->output, err) < 0))
        return -1;
    struct trtc_mix *m = trtc_mix_new(&mo, in->sources, in->nb_origins, err);
    if (!m)
        return -1;
    if (o->still.given) {
        ret = write_still(o, m, mo.start_us, err);
        mix_inputs_settle(in, mo.start_us, losses);
        goto done;
    }
    script.mix = m;
    if (start_script(&script, in->live, err) < 0)
        goto done;
    progress.mix = m;
    progress.total_us =
        mo.end_us != TRTC_NOTIME && mo.start_us != TRTC_NOTIME ? mo.end_us - mo.start_us : 0;
    start_progress(&progress);
    ret = trtc_mix_run(m, res, err);
    end_progress(&progress);
    mix_inputs_settle(in, res->start_us, losses);
done:
    end_script(&script);
    trtc_mix_free(&m);
    return ret;
}

/* Whoever shall have the large window may never come, but is more likely a slip. */
static void check_anchor(const struct opts *o, const struct inputs *in)
{
    const struct trtc_mix_look *look = &o->set.look;
    for (size_t i = 0; look->anchor && i < in->nb_origins; i++) {
        const char *user = mix_inputs_user(in, i);
        if (strcmp(user, look->anchor) == 0)
            return;
    }
    if (look->anchor)
        cli_note("-b %s: never there: %s", look->anchor,
                 look->mode == TRTC_LAYOUT_SCREEN ? "the large window shows the background"
                                                  : "the first one there has the large window");
}

static int run(struct opts *o, int *code, struct trtc_err *err)
{
    struct inputs in = { .set = &o->set,
                         .everybody = o->script != NULL,
                         .allow_missing = o->allow_missing,
                         .deterministic = o->deterministic,
                         .only_until_us = TRTC_NOTIME,
                         .began_us = mix_now_us() };
    struct trtc_mix_result res = { 0 };
    cJSON *losses = cJSON_CreateArray();
    int ret =
        losses ? mix_inputs_open(&in, o->operands, o->nb_operands, err) : trtc_fail_nomem(err);
    if (ret == 0 && in.live && o->still.given)
        ret = trtc_fail(err, TRTC_EX_USAGE, "--still: a live source has no past");
    if (ret == 0 && !in.live)
        check_anchor(o, &in);
    if (ret == 0)
        ret = mix(o, &in, &o->images, losses, &res, err);
    *code = trtc_worse(in.code, o->allow_missing ? 0 : o->images.code);
    if (ret == 0 && strcmp(o->output, "-") != 0) {
        if (o->json && !o->still.given) {
            print_summary(o, &in, &res, losses);
            losses = NULL;
        } else {
            puts(o->output);
        }
    }
    mix_inputs_close(&in);
    cJSON_Delete(losses);
    return ret;
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
        if (run(&o, &code, &err) < 0)
            code = err.code == 128 + SIGPIPE || !err.msg[0] ? err.code
                                                            : trtc_worse(code, cli_report(&err));
    }
    mix_images_fini(&o.images);
    trtc_mix_settings_fini(&o.set);
    return cli_finish(code < 0 ? 0 : code);
}
