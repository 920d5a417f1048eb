/* SPDX-License-Identifier: MIT */
/* mkrec: makes a directory of TRTC recordings (playlists and TS segments) for tests and
 * demonstrations. It reads nothing. Every 10 s of wall clock a flash and a beep begin together. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <libavutil/log.h>

#include "base/err.h"
#include "make/genout.h"
#include "make/gensrc.h"

#ifdef __SANITIZE_ADDRESS__ /* libx265 itself leaks */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libx265\n";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}
#endif

/* ---- the truth ---- */

static double as_ms(const struct gen_opts *o, double ticks)
{
    return (double)gen_base_ms(o) + round(ticks / 0.09) / 1000;
}

static void add_truth(cJSON *tracks, const struct gen_out *f, const struct gen_track *t)
{
    const struct gen_opts *o = t->o;
    cJSON *j = cJSON_CreateObject(), *spans = cJSON_AddArrayToObject(j, "spans_ms");
    cJSON *marks = cJSON_AddArrayToObject(j, "markers_ms");
    cJSON_AddStringToObject(j, "user", t->u->id);
    cJSON_AddStringToObject(j, "media", gen_media_name(t->media));
    cJSON_AddStringToObject(j, "type", t->kind == GEN_KIND_VIDEO ? "video" : "audio");
    cJSON_AddNumberToObject(j, "ha", f->ha);
    cJSON_AddItemToObject(j, "playlists", cJSON_Duplicate(f->playlists, true));
    cJSON_AddNumberToObject(j, "segments", f->nb_segs);
    cJSON_AddNumberToObject(j, "bytes", (double)f->nb_bytes);
    if (t->kind == GEN_KIND_VIDEO) {
        uint8_t u, v;
        gen_colour(t->colour, &u, &v);
        const int uv[2] = { u, v };
        cJSON_AddItemToObject(j, "chroma", cJSON_CreateIntArray(uv, 2));
    } else {
        cJSON_AddNumberToObject(j, "drift_ppm", t->u->drift * 1e6);
    }
    int64_t end = INT64_MIN;
    cJSON *span = NULL;
    for (int i = 0; i < t->nb_runs; i++) {
        int64_t a = t->runs[i].a, b = t->runs[i].b;
        double first = (double)a, last = (double)b;
        if (t->kind == GEN_KIND_VIDEO) {
            first = gen_grid_time(t->u, gen_grid_frame(t->u, a));
            last = gen_grid_time(t->u, gen_grid_frame(t->u, b));
        }
        if (first >= last)
            continue;
        const int64_t shift = t->kind == GEN_KIND_AUDIO ? t->u->avoff_ms * 90 : 0;
        for (int64_t m = -gen_floor_div(-(a - shift), GEN_MARKER_TICKS);
             m * GEN_MARKER_TICKS + shift < b; m++)
            cJSON_AddItemToArray(marks, cJSON_CreateNumber((double)(gen_base_ms(o) + m * 10000)));
        if (a == end) {
            cJSON_ReplaceItemInArray(span, 1, cJSON_CreateNumber(as_ms(o, last)));
        } else {
            const double ab[2] = { as_ms(o, first), as_ms(o, last) };
            span = cJSON_CreateDoubleArray(ab, 2);
            cJSON_AddItemToArray(spans, span);
        }
        end = b;
    }
    cJSON_AddItemToArray(tracks, j);
}

static int write_truth(const struct gen_opts *o, cJSON *tracks, struct trtc_err *err)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddNumberToObject(doc, "start_ms", (double)o->start_ms);
    cJSON_AddNumberToObject(doc, "length_ms", (double)o->length_ms);
    cJSON_AddNumberToObject(doc, "sdkappid", (double)o->sdkappid);
    cJSON_AddStringToObject(doc, "room", o->room);
    cJSON_AddItemReferenceToObject(doc, "tracks", tracks);
    char *text = cJSON_Print(doc);
    cJSON_Delete(doc);
    if (text == NULL)
        return trtc_fail_nomem(err);
    const int rc = gen_write_file(o->truth, text, strlen(text), err);
    cJSON_free(text);
    return rc;
}

/* ---- all of it ---- */

/* Writes the playlist of one or two tracks; tracks without media make none. */
static int write_out(const struct gen_opts *o, int ha, const struct gen_track *video,
                     const struct gen_track *audio, cJSON *truth, struct trtc_err *err)
{
    struct gen_out *f = calloc(1, sizeof *f);
    int ret = -1;
    if (f == NULL)
        return trtc_fail_nomem(err);
    f->o = o;
    f->ha = ha;
    f->video = video != NULL && video->nb_runs > 0 ? video : NULL;
    f->audio = audio != NULL && audio->nb_runs > 0 ? audio : NULL;
    if ((f->video != NULL || f->audio != NULL) && gen_out_write(f, err) < 0)
        goto done;
    if (f->video != NULL)
        add_truth(truth, f, f->video);
    if (f->audio != NULL)
        add_truth(truth, f, f->audio);
    ret = 0;
done:
    gen_out_fini(f);
    free(f);
    return ret;
}

static void plan_track(struct gen_track *t, const struct gen_opts *o, int user,
                       enum gen_media media, int kind, int64_t from_ms, int64_t to_ms)
{
    const struct gen_user *u = &o->users[user];
    memset(t, 0, sizeof *t);
    t->o = o;
    t->u = u;
    t->media = media;
    t->kind = kind;
    t->colour = user * 2 + (media == GEN_AUX);
    if ((media == GEN_AUX ? (u->nb_aux > 0 ? u->aux_kinds : 0) : u->kinds) & kind)
        gen_plan_runs(t, from_ms, to_ms);
}

/* All tracks of one user in one take. */
static int write_user(const struct gen_opts *o, int user, int take, cJSON *truth,
                      struct trtc_err *err)
{
    const int64_t from_ms = take > 0 ? o->ha[take - 1].from_ms : 0;
    const int64_t to_ms =
        take < o->nb_ha ? o->ha[take].from_ms + o->ha[take].overlap_ms : o->length_ms;
    const int ha = take > 0 ? o->ha[take - 1].n : 0;
    struct gen_track *t = calloc(4, sizeof *t); /* video and audio of main, then of aux */
    int ret = 0;
    if (t == NULL)
        return trtc_fail_nomem(err);
    int64_t t0 = INT64_MAX;
    for (int i = 0; i < 4; i++) {
        plan_track(&t[i], o, user, i / 2 == 0 ? GEN_MAIN : GEN_AUX,
                   i % 2 == 0 ? GEN_KIND_VIDEO : GEN_KIND_AUDIO, from_ms,
                   to_ms < o->length_ms ? to_ms : o->length_ms);
        if (t[i].nb_runs > 0 && t[i].runs[0].a < t0)
            t0 = t[i].runs[0].a;
    }
    for (int i = 0; i < 4; i++) {
        t[i].t0 = t0;
        t[i].pts0 = o->pts_start + take * 777777;
    }
    for (int i = 0; i < 4 && ret == 0; i += 2) {
        if (o->av_merge || o->mixed)
            ret = write_out(o, ha, &t[i], &t[i + 1], truth, err);
        else if (write_out(o, ha, &t[i], NULL, truth, err) < 0 ||
                 write_out(o, ha, NULL, &t[i + 1], truth, err) < 0)
            ret = -1;
    }
    free(t);
    return ret;
}

static int run(const struct gen_opts *o, struct trtc_err *err)
{
    cJSON *truth = cJSON_CreateArray();
    int ret = 0;
    if (truth == NULL)
        return trtc_fail_nomem(err);
    for (int u = 0; u < o->nb_users && ret == 0; u++)
        for (int take = 0; take <= o->nb_ha && ret == 0; take++)
            ret = write_user(o, u, take, truth, err);
    if (ret == 0 && o->truth != NULL)
        ret = write_truth(o, truth, err);
    cJSON_Delete(truth);
    return ret;
}

/* ---- options ---- */

static void usage(FILE *fp)
{
    fputs("usage: mkrec [options] DIR\n"
          "  --user KEY=VALUE,...       a user (repeat for more); keys:\n"
          "      id=10001  kinds=av|a|v  from=S  to=S  size=640x360  fps=15  gop=2  bframes=0\n"
          "      gap=A-B  vgap=A-B  agap=A-B      nothing, no video, no audio in these seconds\n"
          "      stall=A-B  vstall=A-B  astall=A-B  the same, but the segment goes on behind it\n"
          "      aux=A-B  aux_audio               substream, with sound of its own\n"
          "      size_change=T:WxH  size_change_inside=T:WxH  with and without a new segment\n"
          "      codec=h264|hevc  audio=aac|mp3|opus  rate=48000  channels=1\n"
          "      drift_ppm=N  avoff=MS            fast audio clock; beeps late by MS\n"
          "      (a comma in an id is written \\,)\n"
          "  --sdkappid N (1400000001)  --room R (3560)  --room-type int|string\n"
          "  --start MS (1767225600495) --length S (30)  --segment S (10)\n"
          "  --tags current|old         --numbered       --ha N:FROM:OVERLAP\n"
          "  --av-merge  --mixed        --pts-start TICKS (126000)  --pts-per-segment-restart\n"
          "  --prefix P  --task T       --no-endlist  --crlf  --bom  --no-comma\n"
          "  --bitrate BPS (400000)     --audio-bitrate BPS (32000)\n"
          "  --loop                     encode 10 s and repeat them (fast, no clock shown)\n"
          "  --scene                    people and a screen instead of bars (the demo's pictures)\n"
          "  --truth FILE               what was made, as JSON\n"
          "  -v, --verbose              a line per file   -h, --help\n",
          fp);
}

static int parse_seconds(const char *s, const char **end, int64_t *ms)
{
    char *e;
    errno = 0;
    const double v = strtod(s, &e);
    if (e == s || errno != 0 || !(fabs(v) < 1e9))
        return -1;
    *ms = llrint(v * 1000);
    *end = e;
    return 0;
}

static int parse_ms(const char *s, int64_t *ms)
{
    const char *end;
    return parse_seconds(s, &end, ms) < 0 || *end != '\0' ? -1 : 0;
}

static int parse_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
    char *e;
    errno = 0;
    const long long v = strtoll(s, &e, 10);
    if (e == s || *e != '\0' || errno != 0 || v < min || v > max)
        return -1;
    *out = v;
    return 0;
}

static int parse_range(const char *s, struct gen_range *r)
{
    const char *end;
    if (parse_seconds(s, &end, &r->a_ms) < 0 || *end != '-')
        return -1;
    return parse_ms(end + 1, &r->b_ms) < 0 || r->b_ms < r->a_ms ? -1 : 0;
}

static int parse_size(const char *s, int *w_px, int *h_px)
{
    char extra;
    if (sscanf(s, "%5dx%5d%c", w_px, h_px, &extra) != 2)
        return -1;
    return *w_px < 16 || *h_px < 16 || *w_px > 4096 || *h_px > 4096 || *w_px % 2 || *h_px % 2 ? -1
                                                                                              : 0;
}

static int parse_change(const char *s, bool inside, struct gen_user *u)
{
    if (u->nb_sizes == GEN_MAX_RANGES)
        return -1;
    struct gen_size_change *c = &u->sizes[u->nb_sizes++];
    const char *end;
    c->inside = inside;
    return parse_seconds(s, &end, &c->at_ms) < 0 || *end != ':'
               ? -1
               : parse_size(end + 1, &c->w_px, &c->h_px);
}

static int parse_hole(const char *key, const char *value, struct gen_user *u)
{
    if (u->nb_holes == GEN_MAX_RANGES)
        return -1;
    struct gen_range *r = &u->holes[u->nb_holes++];
    r->stall = strstr(key, "stall") != NULL;
    r->kinds = *key == 'v'   ? GEN_KIND_VIDEO
               : *key == 'a' ? GEN_KIND_AUDIO
                             : GEN_KIND_VIDEO | GEN_KIND_AUDIO;
    return parse_range(value, r);
}

static int parse_word(const char *value, const char *const words[], char *out, size_t size)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(value, words[i]) == 0)
            return snprintf(out, size, "%s", value) < 0 ? -1 : 0;
    return -1;
}

static int parse_number(const char *value, int64_t min, int64_t max, int *out)
{
    int64_t v;
    if (parse_int(value, min, max, &v) < 0)
        return -1;
    *out = (int)v;
    return 0;
}

static int set_key(struct gen_user *u, const char *key, const char *value)
{
    static const char *const video[] = { "h264", "hevc", NULL };
    static const char *const audio[] = { "aac", "mp3", "opus", NULL };
    static const char *const holes[] = { "gap", "vgap", "agap", "stall", "vstall", "astall", NULL };
    for (int i = 0; holes[i] != NULL; i++)
        if (strcmp(key, holes[i]) == 0)
            return parse_hole(key, value, u);
    if (strcmp(key, "id") == 0)
        return (size_t)snprintf(u->id, sizeof u->id, "%s", value) < sizeof u->id ? 0 : -1;
    if (strcmp(key, "from") == 0)
        return parse_ms(value, &u->stay.a_ms);
    if (strcmp(key, "to") == 0)
        return parse_ms(value, &u->stay.b_ms);
    if (strcmp(key, "kinds") == 0) {
        u->kinds =
            (strchr(value, 'v') ? GEN_KIND_VIDEO : 0) | (strchr(value, 'a') ? GEN_KIND_AUDIO : 0);
        return value[strspn(value, "av")] != '\0';
    }
    if (strcmp(key, "aux") == 0)
        return u->nb_aux == GEN_MAX_RANGES ? -1 : parse_range(value, &u->aux[u->nb_aux++]);
    if (strcmp(key, "aux_audio") == 0) {
        u->aux_kinds |= GEN_KIND_AUDIO;
        return 0;
    }
    if (strcmp(key, "size") == 0)
        return parse_size(value, &u->w_px, &u->h_px);
    if (strcmp(key, "size_change") == 0)
        return parse_change(value, false, u);
    if (strcmp(key, "size_change_inside") == 0)
        return parse_change(value, true, u);
    if (strcmp(key, "fps") == 0)
        return parse_number(value, 1, 120, &u->fps);
    if (strcmp(key, "bframes") == 0)
        return parse_number(value, 0, 8, &u->bframes);
    if (strcmp(key, "gop") == 0)
        return parse_ms(value, &u->gop_ms);
    if (strcmp(key, "avoff") == 0)
        return parse_int(value, -4000, 4000, &u->avoff_ms);
    if (strcmp(key, "drift_ppm") == 0) {
        char *end;
        u->drift = strtod(value, &end) / 1e6;
        return end == value || *end != '\0' || !(fabs(u->drift) < 0.1) ? -1 : 0;
    }
    if (strcmp(key, "codec") == 0)
        return parse_word(value, video, u->codec, sizeof u->codec);
    if (strcmp(key, "audio") == 0)
        return parse_word(value, audio, u->audio, sizeof u->audio);
    if (strcmp(key, "rate") == 0)
        return parse_number(value, 7350, 96000, &u->rate_hz);
    if (strcmp(key, "channels") == 0)
        return parse_number(value, 1, 2, &u->channels);
    return -1;
}

static int parse_user(const char *spec, struct gen_user *u, struct trtc_err *err)
{
    *u = (struct gen_user){ .id = "10001",
                            .kinds = GEN_KIND_VIDEO | GEN_KIND_AUDIO,
                            .aux_kinds = GEN_KIND_VIDEO,
                            .stay = { 0, -1, 0, false },
                            .w_px = 640,
                            .h_px = 360,
                            .fps = 15,
                            .gop_ms = 2000,
                            .codec = "h264",
                            .audio = "aac",
                            .rate_hz = 48000,
                            .channels = 1 };
    while (*spec != '\0') {
        char part[600];
        size_t n = 0;
        for (; *spec != '\0' && *spec != ',' && n < sizeof part - 1; spec++) {
            if (*spec == '\\' && spec[1] == ',')
                spec++;
            part[n++] = *spec;
        }
        part[n] = '\0';
        spec += *spec == ',';
        char *value = strchr(part, '=');
        if (value != NULL)
            *value++ = '\0';
        if (set_key(u, part, value != NULL ? value : "") != 0)
            return trtc_fail(err, TRTC_EX_USAGE, "--user: '%s%s%s' cannot be read", part,
                             value != NULL ? "=" : "", value != NULL ? value : "");
    }
    return 0;
}

static int parse_ha(const char *s, struct gen_opts *o)
{
    if (o->nb_ha == GEN_MAX_HA || *s < '1' || *s > '3' || s[1] != ':')
        return -1;
    struct gen_ha *h = &o->ha[o->nb_ha++];
    const char *end;
    h->n = *s - '0';
    return parse_seconds(s + 2, &end, &h->from_ms) < 0 || *end != ':'
               ? -1
               : parse_ms(end + 1, &h->overlap_ms);
}

static int check(const struct gen_opts *o, struct trtc_err *err)
{
    if (o->length_ms <= 0 || o->segment_ms <= 0)
        return trtc_fail(err, TRTC_EX_USAGE, "--length and --segment must be above 0");
    if (o->mixed && o->nb_users > 1)
        return trtc_fail(err, TRTC_EX_USAGE, "--mixed makes one stream: give one --user at most");
    for (int i = 0; i < o->nb_users; i++) {
        const struct gen_user *u = &o->users[i];
        if (o->loop && (u->bframes > 0 || strcmp(u->audio, "aac") != 0 || u->gop_ms <= 0 ||
                        10000 % u->gop_ms != 0))
            return trtc_fail(err, TRTC_EX_USAGE,
                             "--loop needs aac, no B-frames and a GOP that divides 10 s");
    }
    return 0;
}

enum {
    O_USER = 256,
    O_SDKAPPID,
    O_ROOM,
    O_ROOM_TYPE,
    O_START,
    O_LENGTH,
    O_SEGMENT,
    O_TAGS,
    O_NUMBERED,
    O_HA,
    O_AV_MERGE,
    O_MIXED,
    O_PTS_START,
    O_RESTART,
    O_PREFIX,
    O_TASK,
    O_NO_ENDLIST,
    O_CRLF,
    O_BOM,
    O_NO_COMMA,
    O_BITRATE,
    O_AUDIO_BITRATE,
    O_LOOP,
    O_SCENE,
    O_TRUTH,
};

static int set_option(struct gen_opts *o, int c, const char *arg, struct trtc_err *err)
{
    switch (c) {
    case O_USER:
        if (o->nb_users == GEN_MAX_USERS)
            return trtc_fail(err, TRTC_EX_USAGE, "--user: more than %d", GEN_MAX_USERS);
        return parse_user(arg, &o->users[o->nb_users++], err);
    case O_SDKAPPID:
        return parse_int(arg, 0, UINT32_MAX, &o->sdkappid);
    case O_ROOM:
        o->room = arg;
        return 0;
    case O_ROOM_TYPE:
        o->room_string = strcmp(arg, "string") == 0;
        return o->room_string || strcmp(arg, "int") == 0 ? 0 : -1;
    case O_START:
        return parse_int(arg, 0, 253402300000000, &o->start_ms);
    case O_LENGTH:
        return parse_ms(arg, &o->length_ms);
    case O_SEGMENT:
        return parse_ms(arg, &o->segment_ms);
    case O_TAGS:
        o->old_tags = strcmp(arg, "old") == 0;
        return o->old_tags || strcmp(arg, "current") == 0 ? 0 : -1;
    case O_NUMBERED:
        o->numbered = true;
        return 0;
    case O_HA:
        return parse_ha(arg, o);
    case O_AV_MERGE:
        o->av_merge = true;
        return 0;
    case O_MIXED:
        o->mixed = true;
        return 0;
    case O_PTS_START:
        return parse_int(arg, -(1LL << 40), 1LL << 40, &o->pts_start);
    case O_RESTART:
        o->restart_pts = true;
        return 0;
    case O_PREFIX:
        o->prefix = arg;
        return 0;
    case O_TASK:
        o->task = arg;
        return 0;
    case O_NO_ENDLIST:
        o->no_endlist = true;
        return 0;
    case O_CRLF:
        o->crlf = true;
        return 0;
    case O_BOM:
        o->bom = true;
        return 0;
    case O_NO_COMMA:
        o->no_comma = true;
        return 0;
    case O_BITRATE:
        return parse_int(arg, 1000, 1000000000, &o->bitrate_bps);
    case O_AUDIO_BITRATE:
        return parse_int(arg, 1000, 1000000, &o->audio_bitrate_bps);
    case O_LOOP:
        o->loop = true;
        return 0;
    case O_SCENE:
        o->scene = true;
        return 0;
    case O_TRUTH:
        o->truth = arg;
        return 0;
    default:
        o->verbose = true;
        return 0;
    }
}

/* 0, 1 where help was asked for, -1. */
static int parse(int argc, char **argv, struct gen_opts *o, struct trtc_err *err)
{
    static const struct option longs[] = {
        { "user", required_argument, NULL, O_USER },
        { "sdkappid", required_argument, NULL, O_SDKAPPID },
        { "room", required_argument, NULL, O_ROOM },
        { "room-type", required_argument, NULL, O_ROOM_TYPE },
        { "start", required_argument, NULL, O_START },
        { "length", required_argument, NULL, O_LENGTH },
        { "segment", required_argument, NULL, O_SEGMENT },
        { "tags", required_argument, NULL, O_TAGS },
        { "numbered", no_argument, NULL, O_NUMBERED },
        { "ha", required_argument, NULL, O_HA },
        { "av-merge", no_argument, NULL, O_AV_MERGE },
        { "mixed", no_argument, NULL, O_MIXED },
        { "pts-start", required_argument, NULL, O_PTS_START },
        { "pts-per-segment-restart", no_argument, NULL, O_RESTART },
        { "prefix", required_argument, NULL, O_PREFIX },
        { "task", required_argument, NULL, O_TASK },
        { "no-endlist", no_argument, NULL, O_NO_ENDLIST },
        { "crlf", no_argument, NULL, O_CRLF },
        { "bom", no_argument, NULL, O_BOM },
        { "no-comma", no_argument, NULL, O_NO_COMMA },
        { "bitrate", required_argument, NULL, O_BITRATE },
        { "audio-bitrate", required_argument, NULL, O_AUDIO_BITRATE },
        { "loop", no_argument, NULL, O_LOOP },
        { "scene", no_argument, NULL, O_SCENE },
        { "truth", required_argument, NULL, O_TRUTH },
        { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    int c, index = 0;
    while ((c = getopt_long(argc, argv, ":hv", longs, &index)) != -1) {
        if (c == 'h')
            return 1;
        if (c == ':' || c == '?')
            return trtc_fail(err, TRTC_EX_USAGE, "option '%s': %s", argv[optind - 1],
                             c == ':' ? "needs a value" : "unknown");
        err->msg[0] = '\0';
        if (set_option(o, c, optarg, err) < 0)
            return err->msg[0] != '\0' ? -1
                                       : trtc_fail(err, TRTC_EX_USAGE, "--%s: '%s' cannot be read",
                                                   longs[index].name, optarg);
    }
    if (optind != argc - 1)
        return trtc_fail(err, TRTC_EX_USAGE, "give one directory");
    o->dir = argv[optind];
    if (o->nb_users == 0)
        parse_user("", &o->users[o->nb_users++], err);
    return check(o, err);
}

int main(int argc, char **argv)
{
    static struct gen_opts o = { .room = "3560",
                                 .sdkappid = 1400000001,
                                 .start_ms = 1767225600495,
                                 .length_ms = 30000,
                                 .segment_ms = 10000,
                                 .pts_start = 126000,
                                 .bitrate_bps = 400000,
                                 .audio_bitrate_bps = 32000 };
    struct trtc_err err = { 0 };
    av_log_set_level(AV_LOG_ERROR);
    int rc = parse(argc, argv, &o, &err);
    if (rc > 0) {
        usage(stdout);
        return 0;
    }
    if (rc == 0)
        rc = run(&o, &err);
    if (rc == 0 && fflush(stdout) != 0)
        rc = trtc_fail_errno(&err, TRTC_EX_IOERR, errno, "standard output");
    if (rc < 0) {
        fprintf(stderr, "mkrec: %s%s\n", err.msg,
                err.code == TRTC_EX_USAGE ? "; try 'mkrec --help'" : "");
        return err.code;
    }
    return 0;
}
