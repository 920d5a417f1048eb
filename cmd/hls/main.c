/* SPDX-License-Identifier: MIT */
/* trtc-hls: cuts a stream into TS segments and playlists, as the recording service does.
 *
 * Reads any container from a file, a URL or standard input, copies its frames, and writes
 * segments and playlists named by the specification; prints the path of each file as soon as
 * it is complete. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../clock.h"
#include "../memory.h"
#include "../opt.h"
#include "account.h"
#include "base/b64.h"
#include "base/json_put.h"
#include "base/text.h"
#include "base/utc.h"
#include "flush.h"
#include "hls/salvage.h"
#include "net/fetch.h"

struct opts {
    int64_t sdkappid;
    const char *room, *user, *task, *prefix, *dir, *input;
    enum trtc_room_type room_type;
    enum trtc_media media;
    int64_t target_us, max_us, start_ms;
    int ha;
    bool ha_auto, append, av_merge, no_sync, null, json;
    enum trtc_tags tags;
    enum trtc_kind only; /* TRTC_NO_KIND: both */
};

#define FAR_US    60000000 /* no server keeps older data */
#define SKEW_US   500000   /* between two clocks */
#define WINDOW_US 15000000 /* live: how long a track waits for the other one */

/* ---- options ---- */

static int take_room_type(void *to, const struct opt_row *row, const char *value)
{
    static const char *const types[] = { "auto", "int", "string", NULL };
    char what[OPT_NAME_SIZE];
    int i = 0;
    const int ret = cli_choose(opt_name(row, what), value, types, &i);
    ((struct opts *)to)->room_type = (enum trtc_room_type)(TRTC_ROOM_AUTO + i);
    return ret;
}

static int take_media(void *to, const struct opt_row *row, const char *value)
{
    static const char *const medias[] = { "main", "aux", NULL };
    char what[OPT_NAME_SIZE];
    int i = 0;
    const int ret = cli_choose(opt_name(row, what), value, medias, &i);
    ((struct opts *)to)->media = i ? TRTC_MEDIA_AUX : TRTC_MEDIA_MAIN;
    return ret;
}

static int take_ha(void *to, const struct opt_row *row, const char *value)
{
    static const char *const has[] = { "auto", "1", "2", "3", NULL };
    struct opts *o = to;
    char what[OPT_NAME_SIZE];
    const int ret = cli_choose(opt_name(row, what), value, has, &o->ha);
    o->ha_auto = o->ha == 0;
    return ret;
}

static int take_tags(void *to, const struct opt_row *row, const char *value)
{
    static const char *const tags[] = { "full", "classic", NULL };
    char what[OPT_NAME_SIZE];
    int i = 0;
    const int ret = cli_choose(opt_name(row, what), value, tags, &i);
    ((struct opts *)to)->tags = i ? TRTC_TAGS_CLASSIC : TRTC_TAGS_FULL;
    return ret;
}

static int take_only(void *to, const struct opt_row *row, const char *value)
{
    static const char *const kinds[] = { "audio", "video", NULL };
    char what[OPT_NAME_SIZE];
    int i = 0;
    const int ret = cli_choose(opt_name(row, what), value, kinds, &i);
    ((struct opts *)to)->only = i ? TRTC_VIDEO : TRTC_AUDIO;
    return ret;
}

#define AT(member) .at = offsetof(struct opts, member)
static const struct opt_row rows[] = {
    { .help = "The names" },
    { "sdkappid", 'A', "SDKAPPID", "the application id in the names", .take = opt_int, AT(sdkappid),
      .max = UINT32_MAX },
    { "room", 'R', "ROOM", "the room id in the names", .take = opt_text, AT(room) },
    { "room-type", 0, "TYPE", "auto (int if ROOM is a number; default), int, string",
      .take = take_room_type },
    { "user", 'u', "USER",
      "make a single-stream recording of this user, with\nseparate sound and picture; without it: a mixed one",
      .take = opt_text, AT(user) },
    { "media", 'M', "main|aux", "primary stream (default) or substream", .take = take_media },
    { "task", 'T', "TASKID", "the directory below DIR/PREFIX", .take = opt_text, AT(task) },
    { "prefix", 'p', "PREFIX", "the directory below DIR", .take = opt_text, AT(prefix) },
    { "dir", 'd', "DIR", "where the files are written (default: here)", .take = opt_text, AT(dir) },
    { "ha", 0, "WHICH", "the recovery number: 1, 2, 3, or auto: the next free one",
      .take = take_ha },
    { "append", 0, NULL, "continue in the existing playlists", .take = opt_flag, AT(append) },
    { .help = "The segments" },
    { "segment-time", 't', "SECONDS",
      "the length after which a segment ends at the next key\nframe (10)", .take = opt_duration,
      AT(target_us), .min = 100000, .max = INT64_C(3600000000) },
    { "max-duration", 0, "TIME", "begin a new playlist (_2, _3 ...) after this length",
      .take = opt_duration, AT(max_us), .min = 1000000, .max = INT64_C(86400000000) },
    { "start", 'S', "START",
      "the time of the first frame: epoch ms, 17 digits or\n"
      "RFC 3339 (default: that of a stream of trtc-mix, or now)",
      .take = opt_time, AT(start_ms) },
    { "av-merge", 0, NULL, "with -u: put sound and picture into the same segments",
      .take = opt_flag, AT(av_merge) },
    { "only", 0, "audio|video", "record only the sound, or only the picture", .take = take_only },
    { "tags", 0, "FORM", "full (as in current recordings; default), classic", .take = take_tags },
    { "no-sync", 0, NULL, "do not wait until files are on disk", .take = opt_flag, AT(no_sync) },
    { .help = "Output" },
    { "null", '0', NULL, "end each path with NUL instead of a newline", .take = opt_flag,
      AT(null) },
    { "json", 0, NULL, "print objects (NDJSON) instead of paths", .take = opt_flag, AT(json) },
    { 0 },
};

static const struct opt_program program = {
    .name = "trtc-hls",
    .synopsis = "-A SDKAPPID -R ROOM [options] [INPUT]",
    .about =
        "Cuts INPUT (a file, a URL, or -, the default, for standard input) into the TS segments and\n"
        "playlists of a recording, and prints the path of each file as soon as it is complete.",
    .example = "ffmpeg -i call.mp4 -c copy -f mpegts - |\n"
               "    trtc-hls -A 1400000001 -R 3560 -u anna -d rec",
    .rows = rows,
};

/* A name must stay below -d. */
static bool is_plain_dir(const char *s)
{
    for (const char *p = s; *p; p += strcspn(p, "/"), p += *p == '/') {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
    }
    return *s && s[strlen(s) - 1] != '/';
}

static int check(struct opts *o, const struct opt_list *operands)
{
    struct stat st;
    if (o->sdkappid < 0 || !o->room)
        return cli_usage("%s is missing: 'trtc-hls -A SDKAPPID -R ROOM INPUT' cuts INPUT",
                         o->sdkappid < 0 ? "-A" : "-R");
    if (opt_check_names(operands))
        return TRTC_EX_USAGE;
    if (operands->n > 1)
        return cli_usage("unexpected operand '%s': only one INPUT is allowed", operands->items[1]);
    if (operands->n)
        o->input = operands->items[0];
    if (!o->user && (o->media != TRTC_MEDIA_NONE || o->av_merge))
        return cli_usage("%s requires -u", o->av_merge ? "--av-merge" : "-M");
    if (o->task && (strchr(o->task, '/') || !is_plain_dir(o->task)))
        return cli_usage("-T: '%s' is not the name of a directory", o->task);
    if (o->prefix && !is_plain_dir(o->prefix))
        return cli_usage("-p: '%s' is not a relative path", o->prefix);
    if (o->append && o->ha_auto)
        return cli_usage(
            "--append and --ha auto exclude each other: one continues the playlists, the other begins new ones");
    if (o->prefix && !o->task)
        return cli_usage("-p requires -T");
    if (strcmp(o->input, "-") == 0 && isatty(STDIN_FILENO))
        return cli_usage("no INPUT: standard input is a terminal: give a file, a URL or a pipe");
    if (stat(o->input, &st) == 0 && S_ISDIR(st.st_mode)) {
        cli_error("%s: it is a directory: 'trtc-merge %s' merges the recordings in it", o->input,
                  o->input);
        return TRTC_EX_NOINPUT;
    }
    return 0;
}

/* ---- the run ---- */

struct printing {
    const struct opts *o;
    bool failed;      /* standard output takes no more, */
    bool reader_left; /* since its reader is gone */
};

/* How a recording has ended. */
struct ending {
    bool lossy, reader_left;
    bool unwritten; /* not everything that had come could be written */
};

static struct trtc_span span(const char *s)
{
    return (struct trtc_span){ s, s ? strlen(s) : 0 };
}

/* The object of a file; NULL: no memory. */
static char *done_json(const struct trtc_segment_done *d)
{
    static const char *const tracks[] = { "av", "audio", "video" };
    cJSON *j = cJSON_CreateObject();
    char *text = NULL;
    if (j && cJSON_AddStringToObject(j, "path", d->path) &&
        cJSON_AddStringToObject(j, "kind", d->playlist ? "playlist" : "segment") &&
        cJSON_AddNumberToObject(j, "start_ms", (double)d->start_ms) &&
        cJSON_AddNumberToObject(j, "duration_ms", (double)(d->dur_us / 1000)) &&
        cJSON_AddNumberToObject(j, "bytes", (double)d->bytes) &&
        cJSON_AddStringToObject(j, "track", tracks[d->type]))
        text = trtc_json_text(j, false);
    cJSON_Delete(j);
    return text;
}

static int print_done(void *opaque, const struct trtc_segment_done *d, struct trtc_err *err)
{
    struct printing *p = opaque;
    if (p->o->json) {
        char *text = done_json(d);
        if (!text)
            return trtc_fail_nomem(err);
        puts(text);
        free(text);
    } else {
        printf("%s%c", d->path, p->o->null ? '\0' : '\n');
    }
    if (p->reader_left || cli_flush(err) == 0)
        return 0;
    p->failed = true;
    p->reader_left = cli_reader_left();
    return -1;
}

/* Whether f is a picture before the first key frame that the recording beside this one contains,
 * too. It cannot be decoded in this recording, and is counted. */
static bool is_had(struct hls_account *a, const struct trtc_segmenter_opts *so,
                   const struct trtc_input_frame *f)
{
    const int64_t at_us = so->start_us + f->pkt.pts_us - so->stream_start_us;
    if (so->how != TRTC_SEGMENTER_BESIDE || !f->video || a->keyed || at_us >= so->listed_end_us)
        return false;
    a->nb_had++;
    return true;
}

/* Whether f is one of the pictures with which a stream was joined, which are counted. */
static bool is_joined(struct hls_account *a, const struct trtc_input_frame *f)
{
    const bool is = trtc_input_is_joined(a->in, f);
    a->nb_joined += is;
    return is;
}

/* Moves frames from the input to the segmenter until one of them ends. A frame that a signal cut
 * off is left out. */
static int pump(const struct trtc_segmenter_opts *so, struct hls_flush *flush,
                struct hls_account *a, struct trtc_err *err)
{
    struct trtc_input *in = a->in;
    struct trtc_segmenter *seg = flush->seg;
    struct trtc_input_frame f;
    int got;
    while ((got = trtc_input_next(in, &f, err)) > 0 && (!cli_signal || trtc_input_waited(in))) {
        hls_look(a, &f);
        if (is_had(a, so, &f) || is_joined(a, &f))
            continue;
        hls_flush_lock(flush);
        const int ret = trtc_segmenter_frame(seg, &f, trtc_input_info(in), err);
        if (hls_flush_unlock(flush, err) < 0 || ret < 0)
            return -1;
        if (trtc_segmenter_says_late(seg))
            cli_note("key frames are rare: segments are longer than requested");
    }
    return cli_signal ? 0 : got;
}

/* Reports the files that killed runs have left, and the losses. */
static void say_salvaged(const struct opts *o, const struct trtc_segmenter_opts *so)
{
    const struct trtc_salvaged *v = &so->salvaged;
    if (v->nb_lists || v->lost_bytes)
        cli_error("%s: rescued %d segment%s (%.3f s, %" PRId64
                  " bytes) of a recording that was killed; lost: %" PRId64
                  " bytes of incomplete frames, and at most the last second of its input",
                  o->dir, v->nb_segments, trtc_text_s(v->nb_segments), (double)v->dur_us / 1e6,
                  v->bytes, v->lost_bytes);
    else if (so->stale.nb_files)
        cli_note("%s: removed %d unfinished file%s (%" PRId64
                 " bytes) of a recording that was killed",
                 o->dir, so->stale.nb_files, trtc_text_s(so->stale.nb_files), so->stale.bytes);
}

/* Returns when the first bytes of the stream arrived: at the server, if that is a trtc-room whose
 * clock agrees with this machine's; else here. */
static int64_t arrival_us(const struct trtc_input *in)
{
    const int64_t here_us = clock_real_us() - trtc_input_age_us(in);
    int64_t ms;
    if (!trtc_input_came_ms(in, &ms) || ms * 1000 < here_us - FAR_US ||
        ms * 1000 > here_us + SKEW_US)
        return here_us;
    return ms * 1000;
}

/* Sets when the stream began, as far as that is known. Appended segments must not begin before the
 * end of the existing recording: returns by how many us the stream is therefore placed later. */
static int64_t set_start(const struct opts *o, struct trtc_segmenter_opts *so,
                         const struct trtc_input *in)
{
    if (o->start_ms != TRTC_NOTIME)
        so->start_us = o->start_ms * 1000;
    else if (!trtc_input_utc_us(in, &so->start_us))
        so->start_us = arrival_us(in);
    so->stream_start_us = trtc_input_start_us(in);
    if (so->how != TRTC_SEGMENTER_APPEND || so->listed_end_us == TRTC_NOTIME ||
        so->start_us >= so->listed_end_us)
        return 0;
    const int64_t by_us = so->listed_end_us - so->start_us;
    so->start_us = so->listed_end_us;
    return by_us;
}

struct keeping {
    const struct opts *o;
    struct trtc_segmenter_opts *so;
};

/* Keeps a frame that waits while the stream is being opened. */
static int keep(void *opaque, const struct trtc_input *in, const struct trtc_input_frame *f,
                struct trtc_err *err)
{
    const struct keeping *k = opaque;
    set_start(k->o, k->so, in);
    return trtc_early_keep(k->so->early, k->so, f, trtc_input_info(in), err);
}

static struct trtc_input *open_input(const struct opts *o, struct trtc_segmenter_opts *so,
                                     const struct trtc_remote *web, struct trtc_err *err)
{
    struct keeping k = { o, so };
    const struct trtc_input_how how = { o->only, web, &cli_signal, keep, &k };
    so->early = trtc_early_new(err);
    return so->early ? trtc_input_open_how(o->input, &how, err) : NULL;
}

static int record(const struct opts *o, struct trtc_segmenter_opts *so, struct ending *end,
                  struct trtc_err *err)
{
    const struct trtc_remote web = trtc_fetch_remote(getenv("SSL_CERT_FILE"), memory_require);
    const struct printing *p = so->opaque;
    struct trtc_segmenter *seg = NULL;
    struct hls_flush flush;
    struct trtc_err later; /* the first error is the one to report */
    int ret = -1;
    struct trtc_input *in = NULL;
    int64_t told_us;
    if (trtc_segmenter_prepare(so, err) < 0)
        goto done;
    say_salvaged(o, so);
    in = open_input(o, so, &web, err);
    if (!in || memory_check(err) < 0) /* a track may have been overlooked */
        goto done;
    const int64_t by_us = set_start(o, so, in);
    if (by_us > 0)
        cli_note("%s: the stream begins %.3f s before the end of the existing recording: "
                 "it is placed after that",
                 o->dir, (double)by_us / 1e6);
    if (o->start_ms == TRTC_NOTIME && trtc_input_utc_us(in, &told_us))
        cli_debug("%s: gives its time of day", o->input);
    trtc_input_leave_other(in);
    so->window_us = trtc_input_info(in)->stored ? 0 : WINDOW_US;
    seg = trtc_segmenter_new(so, trtc_input_info(in), err);
    if (!seg)
        goto done;
    struct hls_account a = { .input = trtc_input_name(in), .in = in, .seg = seg };
    hls_note_tracks(&a);
    ret = hls_flush_start(&flush, seg, err);
    if (ret == 0)
        ret = pump(so, &flush, &a, err);
    if (hls_flush_end(&flush, ret == 0 ? err : &later) < 0)
        ret = -1;
    if (trtc_segmenter_end(seg, ret == 0 ? err : &later) < 0)
        ret = -1;
    a.failed = ret < 0;
    end->unwritten = ret < 0 && !p->failed;
    end->lossy = hls_say_losses(&a);
    if (o->json && hls_print_account(&a) < 0 && ret == 0)
        ret = trtc_fail_nomem(err);
done:
    end->reader_left = p->reader_left;
    trtc_segmenter_free(&seg);
    trtc_early_free(&so->early);
    trtc_input_free(&in);
    if (end->unwritten) /* as far as that is possible now; the next run does the rest */
        trtc_salvage(so, so->name.ha, &later);
    trtc_segmenter_release(so);
    return ret;
}

static int run(const struct opts *o, struct ending *end, struct trtc_err *err)
{
    size_t user_len = o->user ? strlen(o->user) : 0, room_len = strlen(o->room);
    char *user = malloc(TRTC_B64_ENCODED_MAX(user_len)),
         *room = malloc(TRTC_B64_ENCODED_MAX(room_len));
    struct printing p = { .o = o };
    struct trtc_segmenter_opts so = { .dir = o->dir,
                                      .user_id = o->user,
                                      .user_id_len = user_len,
                                      .av_merge = o->av_merge,
                                      .tags = o->tags,
                                      .sync = !o->no_sync,
                                      .target_us = o->target_us,
                                      .max_us = o->max_us,
                                      .how = o->append    ? TRTC_SEGMENTER_APPEND
                                             : o->ha_auto ? TRTC_SEGMENTER_BESIDE
                                                          : TRTC_SEGMENTER_NEW,
                                      .told = print_done,
                                      .opaque = &p };
    int ret = user && room ? 0 : trtc_fail_nomem(err);
    if (ret == 0)
        ret = trtc_name_room(o->room, room_len, o->room_type, room, &so.name.room, err);
    if (ret < 0 && err->code == TRTC_EX_DATAERR)
        err->code = TRTC_EX_USAGE;
    if (ret == 0) {
        so.name.sdkappid = o->sdkappid;
        so.name.ha = o->ha;
        so.name.task = span(o->task);
        so.name.prefix = span(o->prefix);
        if (o->user) {
            so.name.user = (struct trtc_span){ user, trtc_b64_encode(o->user, user_len, user) };
            so.name.media = o->media == TRTC_MEDIA_NONE ? TRTC_MEDIA_MAIN : o->media;
        }
        ret = record(o, &so, end, err);
    }
    free(user);
    free(room);
    return ret;
}

static int record_all(const struct opts *o)
{
    struct trtc_err err;
    struct ending end = { 0 };
    cli_catch_signals();
    signal(SIGPIPE, SIG_IGN); /* a closed pipe must not keep the playlists from their end */
    const int ret = run(o, &end, &err);
    if (end.unwritten)
        cli_signal = 0; /* this matters more than that a signal came */
    if (ret < 0)
        return end.reader_left ? 128 + SIGPIPE : cli_report(&err);
    return end.lossy ? TRTC_EX_LOSS : TRTC_EX_OK;
}

int main(int argc, char *argv[])
{
    struct opts o = {
        .sdkappid = -1, .dir = ".", .input = "-", .target_us = 10000000, .start_ms = TRTC_NOTIME
    };
    struct opt_list operands;
    int code = 0;
    cli_init(program.name);
    if (opt_read(&program, argc, argv, &o, NULL, &operands, &code) == OPT_GO &&
        (code = check(&o, &operands)) == 0)
        code = record_all(&o);
    opt_list_free(&operands);
    return cli_finish(memory_settle(code));
}
