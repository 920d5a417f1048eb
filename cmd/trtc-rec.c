/* SPDX-License-Identifier: MIT */
/* trtc-rec: the recording API from the shell.
 *
 * Each sub-command signs and sends requests of the API (version 2019-07-22) and prints what the
 * service answers, or what is remembered of its tasks in the state directory. This file has the
 * sub-commands, their options and their --help; rec_*.c do the work. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cjson/cJSON.h>

#include "cli.h"
#include "core/json.h"
#include "core/num.h"
#include "rec.h"

/* ---- the sub-commands ---- */

static int run_call(struct rec *r, struct trtc_err *err);
static int run_wait(struct rec *r, struct trtc_err *err);

static const struct sub {
    const char *name;
    int (*run)(struct rec *r, struct trtc_err *err);
    bool takes_task;
    const char *synopsis, *says;
} subs[REC_SUBS] = {
    { "create", run_call, false, "[-f REQUEST] [options]",
      "Starts a recording task, and prints its TaskId." },
    { "describe", run_call, true, "TASKID [options]", "Prints the state of a task." },
    { "modify", run_call, true, "TASKID [options]",
      "Changes the layout or the subscriptions of a task; what is not changed is sent again as\n"
      "it was." },
    { "delete", run_call, true, "TASKID [options]",
      "Ends a task. One that has ended already is no failure." },
    { "wait", run_wait, true, "TASKID [--for STATE] [--timeout T] [options]",
      "Waits until a task has ended, or is in another state; a line for each change." },
    { "list", rec_list, false, "[options]", "Lists the tasks in the state directory." },
    { "files", rec_files, true, "TASKID [--user U]... [--check DIR] [options]",
      "Lists the files of a task: those it will have, those the service reports, and those in a\n"
      "directory." },
    { "usersig", rec_usersig, false, "--sdkappid N --user U [--expire T]",
      "Prints the UserSig of a user, made from TRTC_SECRET_KEY." },
    { "batch", rec_batch, false, "[options] < REQUESTS",
      "Sends a request for each line, {\"action\": \"describe\", \"TaskId\": ...}; a line of answer for\n"
      "each, in their order." },
};

/* ---- the options ---- */

#define BIT(sub) (1U << REC_##sub)
#define ONE      (BIT(CREATE) | BIT(DESCRIBE) | BIT(MODIFY) | BIT(DELETE))
#define CALLS    (ONE | BIT(WAIT) | BIT(FILES) | BIT(BATCH))
#define ALL      ((1U << REC_SUBS) - 1)

enum id {
    O_FILE,
    O_SET,
    O_FIELD, /* sets the member at path, by the words where there are some */
    O_USERS,
    O_USERSIG,
    O_FORMAT,
    O_SUBSCRIBE,
    O_UNSUBSCRIBE,
    O_LAYOUT,
    O_SIZE,
    O_VIDEO,
    O_STORAGE,
    O_PREFIX,
    O_EXPIRE,
    O_FOLLOW,
    O_SKELETON,
    O_REPLACE,
    O_FOR,
    O_INTERVAL,
    O_IDLE,
    O_CHECK,
    O_OFFLINE,
    O_SDKAPPID,
    O_REGION,
    O_ENDPOINT,
    O_INTL,
    O_PROFILE,
    O_SECRET,
    O_CA,
    O_TIMEOUT,
    O_RETRIES,
    O_DRY,
    O_HEADER,
    O_JSON,
    O_QUIET,
    O_VERBOSE,
    O_HELP,
    O_VERSION,
};

#define VIDEO "MixTranscodeParams.VideoParams."

static const struct opt {
    const char *name;
    int arg;
    char letter;
    enum id id;
    unsigned subs;
    const char *meta, *says;
    const char *path;         /* of the member it sets */
    const char *const *words; /* their places are the values; NULL ends */
    int first;                /* the value of the first word */
} opts_table[] = {
    { "request", required_argument, 'f', O_FILE, ONE | BIT(FILES), "FILE",
      .says = "the request, JSON; '-' is stdin. Options lie over it" },
    { "set", required_argument, 0, O_SET, ONE, "PATH=VALUE",
      .says = "sets any member: RecordParams.MaxIdleTime=60" },
    { "room", required_argument, 0, O_FIELD, BIT(CREATE), "ROOM", .says = "the room to record",
      .path = "RoomId" },
    { "room-type", required_argument, 0, O_FIELD, BIT(CREATE), "TYPE",
      .says = "int (default) or string, as the clients made it", .path = "RoomIdType",
      .words = (const char *const[]){ "string", "int", NULL }, .first = 0 },
    { "user", required_argument, 0, O_USERS, BIT(CREATE) | BIT(FILES) | BIT(USERSIG), "USER",
      .says =
          "create: the robot (made up by default); files: whose\n(several); usersig: for whom" },
    { "usersig-file", required_argument, 0, O_USERSIG, BIT(CREATE), "FILE",
      .says = "the robot's UserSig; '-' is stdin. Made by default" },
    { "mode", required_argument, 0, O_FIELD, BIT(CREATE), "MODE",
      .says = "single (each user) or mixed", .path = "RecordParams.RecordMode",
      .words = (const char *const[]){ "single", "mixed", NULL }, .first = 1 },
    { "stream", required_argument, 0, O_FIELD, BIT(CREATE), "KIND",
      .says = "av (default), audio or video", .path = "RecordParams.StreamType",
      .words = (const char *const[]){ "av", "audio", "video", NULL }, .first = 0 },
    { "media", required_argument, 0, O_FIELD, BIT(CREATE), "MEDIA",
      .says = "both (default), main or aux streams", .path = "RecordParams.MediaId",
      .words = (const char *const[]){ "both", "main", "aux", NULL }, .first = 0 },
    { "format", required_argument, 0, O_FORMAT, BIT(CREATE), "FORMAT",
      .says = "hls (default), hls+mp4, hls+aac, mp4 or aac" },
    { "av-merge", no_argument, 0, O_FIELD, BIT(CREATE), NULL,
      .says = "single: sound and picture in one file", .path = "RecordParams.AvMerge" },
    { "max-idle", required_argument, 0, O_FIELD, BIT(CREATE), "SECONDS",
      .says = "without anybody in the room, then it ends (30)",
      .path = "RecordParams.MaxIdleTime" },
    { "subscribe", required_argument, 0, O_SUBSCRIBE, BIT(CREATE) | BIT(MODIFY), "USER,...",
      .says = "these only; 'abc.*$' are those that begin with abc" },
    { "unsubscribe", required_argument, 0, O_UNSUBSCRIBE, BIT(CREATE) | BIT(MODIFY), "USER,...",
      .says = "all but these" },
    { "layout", required_argument, 0, O_LAYOUT, BIT(CREATE) | BIT(MODIFY), "FILE",
      .says = "mixed: MixLayoutParams, as of trtc-layout -f api;\n'-' is stdin" },
    { "size", required_argument, 0, O_SIZE, BIT(CREATE), "WxH",
      .says = "mixed: of the picture (360x640)" },
    { "fps", required_argument, 0, O_VIDEO, BIT(CREATE), "N",
      .says = "mixed: pictures a second (15)", .path = VIDEO "Fps" },
    { "bitrate", required_argument, 0, O_VIDEO, BIT(CREATE), "BPS",
      .says = "mixed: of the picture, bit/s (550000, or 550k)", .path = VIDEO "BitRate" },
    { "storage", required_argument, 0, O_STORAGE, BIT(CREATE), "FILE",
      .says = "StorageParams; '-' is stdin. The keys may come from\nTRTC_STORAGE_ACCESS_KEY and "
              "TRTC_STORAGE_SECRET_KEY" },
    { "prefix", required_argument, 0, O_PREFIX, BIT(CREATE), "A/B",
      .says = "directories before the TaskId in the storage" },
    { "hours", required_argument, 0, O_FIELD, BIT(CREATE), "N",
      .says = "how long the TaskId is accepted (72)", .path = "ResourceExpiredHour" },
    { "expire", required_argument, 0, O_EXPIRE, BIT(CREATE) | BIT(USERSIG), "T",
      .says = "how long a UserSig lives that is made (168h)" },
    { "follow", no_argument, 0, O_FOLLOW, BIT(CREATE), NULL,
      .says = "a line of JSON for each change, until the task ends" },
    { "replace", no_argument, 0, O_REPLACE, BIT(MODIFY), NULL,
      .says = "send only what is given; the rest goes back to its\ndefaults" },
    { "for", required_argument, 0, O_FOR, BIT(WAIT), "STATE",
      .says = "recording, idle or ended (default)" },
    { "interval", required_argument, 0, O_INTERVAL, BIT(CREATE) | BIT(WAIT), "T",
      .says = "between two looks (5s)" },
    { "idle-after", required_argument, 0, O_IDLE, BIT(CREATE) | BIT(WAIT), "T",
      .says = "idle for so long, why is said (15s)" },
    { "check", required_argument, 0, O_CHECK, BIT(FILES), "DIR",
      .says = "compare with the files there" },
    { "offline", no_argument, 0, O_OFFLINE, BIT(FILES), NULL, .says = "do not ask the service" },
    { "skeleton", no_argument, 0, O_SKELETON, ONE, NULL,
      .says = "print a request with every member, and what it means" },
    { "dry-run", no_argument, 0, O_DRY, ONE, NULL,
      .says = "print what would be sent, without secrets" },
    { "sdkappid", required_argument, 0, O_SDKAPPID, ALL, "N",
      .says = "the application; else as remembered of the task" },
    { "region", required_argument, 0, O_REGION, CALLS, "REGION",
      .says = "of the service (ap-singapore)" },
    { "endpoint", required_argument, 0, O_ENDPOINT, CALLS, "URL",
      .says = "of the service (" TRTC_ENDPOINT_DEFAULT ")" },
    { "intl", no_argument, 0, O_INTL, CALLS, NULL, .says = "it is " TRTC_ENDPOINT_INTL },
    { "profile", required_argument, 0, O_PROFILE, CALLS, "NAME",
      .says = "of the credentials in the home directory (default)" },
    { "secret-file", required_argument, 0, O_SECRET, CALLS, "FILE",
      .says = "the credentials; nobody else may read it" },
    { "ca-file", required_argument, 0, O_CA, CALLS, "FILE",
      .says = "trust the certificates in it (PEM), not the system's" },
    { "timeout", required_argument, 0, O_TIMEOUT, CALLS, "T",
      .says = "of an attempt (10s); wait: of the waiting (none)" },
    { "retries", required_argument, 0, O_RETRIES, CALLS, "N",
      .says = "attempts after the first, where that may help (5)" },
    { "header", no_argument, 0, O_HEADER, BIT(LIST) | BIT(FILES), NULL,
      .says = "start with a line that names the columns" },
    { "json", no_argument, 0, O_JSON, ALL, NULL, .says = "a line of JSON for each" },
    { "quiet", no_argument, 'q', O_QUIET, ALL, NULL, .says = "no notes" },
    { "verbose", no_argument, 'v', O_VERBOSE, ALL, NULL, .says = "say each attempt" },
    { "help", no_argument, 'h', O_HELP, ALL, NULL, .says = "print this and exit" },
    { "version", no_argument, 'V', O_VERSION, ALL, NULL, .says = "print the version and exit" },
};
enum { NB_OPTS = sizeof(opts_table) / sizeof(opts_table[0]) };

static void usage_option(const struct opt *o)
{
    char word[64];
    int n = o->letter ? snprintf(word, sizeof word, "  -%c, --%s", o->letter, o->name)
                      : snprintf(word, sizeof word, "      --%s", o->name);
    if (o->meta)
        snprintf(word + n, sizeof word - (size_t)n, " %s", o->meta);
    printf("%-28s", word);
    for (const char *s = o->says, *end; s; s = end ? end + 1 : NULL) {
        end = strchr(s, '\n');
        printf("%s%.*s\n", s == o->says ? "  " : "                              ",
               end ? (int)(end - s) : (int)strlen(s), s);
    }
}

static void usage(const struct sub *sub)
{
    if (sub) {
        printf("usage: trtc-rec %s %s\n\n%s\n\n", sub->name, sub->synopsis, sub->says);
        for (int i = 0; i < NB_OPTS; i++)
            if (opts_table[i].subs & 1U << (sub - subs))
                usage_option(&opts_table[i]);
        return;
    }
    for (int i = 0; i < REC_SUBS; i++)
        printf("%s trtc-rec %s %s\n", i ? "      " : "usage:", subs[i].name, subs[i].synopsis);
    fputs("\nThe recording API. 'trtc-rec create --help' and so on tell the options.\n\n"
          "  -h, --help                  print this and exit\n"
          "  -V, --version               print the version and exit\n",
          stdout);
}

/* ---- reading them ---- */

static int number(const char *what, const char *s, int64_t min, int64_t max, int64_t *out)
{
    struct trtc_err err;
    return trtc_num_int(what, s, min, max, out, &err) < 0 ? cli_usage("%s", err.msg) : 0;
}

static int duration(const char *what, const char *s, int64_t min_us, int64_t max_us, int64_t *us)
{
    struct trtc_err err;
    return trtc_num_duration_us(what, s, min_us, max_us, us, &err) < 0 ? cli_usage("%s", err.msg)
                                                                       : 0;
}

static void add_set(struct rec_opts *o, const char *path, const char *value)
{
    o->sets[o->nb_sets++] = (struct rec_set){ path, value };
}

static int parse_set(struct rec_opts *o, char *word)
{
    char *eq = strchr(word, '=');
    if (!eq || eq == word)
        return cli_usage("--set: PATH=VALUE is wanted, as RecordParams.MaxIdleTime=60");
    *eq = '\0';
    add_set(o, word, eq + 1);
    return 0;
}

/* An option that stands for a member. The values of words are texts, so that all goes one way. */
static int parse_field(struct rec_opts *o, const struct opt *t, const char *value)
{
    static const char *const numbers[] = { "0", "1", "2", "3", "4" };
    char what[32];
    int choice, code;
    if (!value)
        value = "1";
    if (t->words) {
        snprintf(what, sizeof what, "--%s", t->name);
        if ((code = cli_choose(what, value, t->words, &choice)) != 0)
            return code;
        value = numbers[t->first + choice];
    }
    add_set(o, t->path, value);
    return 0;
}

/* The size, rate and bit rate of a mix. text: where numbers made here are kept. */
static int parse_video(struct rec_opts *o, const struct opt *t, const char *value, char text[2][24])
{
    struct trtc_err err;
    int w_px, h_px;
    int64_t n;
    o->video = true;
    if (t->id == O_SIZE) {
        if (trtc_num_size("--size", value, &w_px, &h_px, &err) < 0)
            return cli_usage("%s", err.msg);
        snprintf(text[0], sizeof text[0], "%d", w_px);
        snprintf(text[1], sizeof text[1], "%d", h_px);
        add_set(o, VIDEO "Width", text[0]);
        add_set(o, VIDEO "Height", text[1]);
        return 0;
    }
    if (trtc_num_bytes(t->name, value, 0, INT32_MAX, &n, &err) < 0)
        return cli_usage("--%s", err.msg);
    snprintf(text[0], sizeof text[0], "%lld", (long long)n);
    add_set(o, t->path, text[0]);
    return 0;
}

static int parse_word(struct rec_words *w, const char *value)
{
    w->items[w->n++] = value;
    return 0;
}

/* One option with its value; returns 0 or the exit status. */
static int parse_option(struct rec_opts *o, const struct opt *t, char *value, char text[2][24])
{
    static const char *const formats[] = { "hls", "hls+mp4", "hls+aac", "mp4", "aac", NULL };
    static const char *const wants[] = { "recording", "idle", "ended", NULL };
    const int64_t s = 1000000, day = 86400 * s;
    int choice = 0, code = 0;
    switch (t->id) {
    case O_FILE:
        o->file = value;
        break;
    case O_SET:
        return parse_set(o, value);
    case O_FIELD:
        return parse_field(o, t, value);
    case O_USERS:
        return parse_word(&o->users, value);
    case O_USERSIG:
        o->usersig_file = value;
        break;
    case O_FORMAT:
        code = cli_choose("--format", value, formats, &choice);
        o->format = choice;
        break;
    case O_SUBSCRIBE:
        return parse_word(&o->subscribe, value);
    case O_UNSUBSCRIBE:
        return parse_word(&o->unsubscribe, value);
    case O_LAYOUT:
        o->layout = value;
        break;
    case O_SIZE:
    case O_VIDEO:
        return parse_video(o, t, value, text);
    case O_STORAGE:
        o->storage = value;
        break;
    case O_PREFIX:
        o->prefix = value;
        break;
    case O_EXPIRE:
        code = duration("--expire", value, s, INT64_C(315360000) * s, &o->expire_s);
        o->expire_s /= s;
        break;
    case O_FOLLOW:
        o->follow = true;
        break;
    case O_SKELETON:
        o->skeleton = true;
        break;
    case O_REPLACE:
        o->replace = true;
        break;
    case O_FOR:
        code = cli_choose("--for", value, wants, &choice);
        o->want = (enum rec_want)choice;
        break;
    case O_INTERVAL:
        return duration("--interval", value, s / 100, day, &o->interval_us);
    case O_IDLE:
        return duration("--idle-after", value, 0, day, &o->idle_us);
    case O_CHECK:
        o->check = value;
        break;
    case O_OFFLINE:
        o->offline = true;
        break;
    case O_SDKAPPID:
        return number("--sdkappid", value, 1, UINT32_MAX, &o->sdkappid);
    case O_REGION:
        o->region = value;
        break;
    case O_ENDPOINT:
        o->endpoint = value;
        break;
    case O_INTL:
        o->intl = true;
        break;
    case O_PROFILE:
        o->profile = value;
        break;
    case O_SECRET:
        o->secret_file = value;
        break;
    case O_CA:
        o->ca_file = value;
        break;
    case O_TIMEOUT:
        return duration("--timeout", value, s / 1000, 365 * day, &o->timeout_us);
    case O_RETRIES:
        return number("--retries", value, 0, 100, &o->retries);
    case O_DRY:
        o->dry_run = true;
        break;
    case O_HEADER:
        o->header = true;
        break;
    case O_JSON:
        o->json = true;
        break;
    case O_QUIET:
        cli_set_verbosity(-1);
        break;
    case O_VERBOSE:
        cli_set_verbosity(1);
        break;
    case O_HELP:
        usage(&subs[o->sub]);
        return -1;
    case O_VERSION:
        cli_version();
        return -1;
    }
    return code;
}

/* Two readers of standard input, and what excludes or needs each other. */
static int check(const struct rec_opts *o, const struct sub *sub, int nb_operands)
{
    const char *const files[] = { o->file, o->layout, o->storage, o->usersig_file };
    int stdins = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        stdins += files[i] && strcmp(files[i], "-") == 0;
    if (stdins > 1)
        return cli_usage("%s: only one file can be standard input", sub->name);
    if (o->skeleton)
        return nb_operands > sub->takes_task ? cli_usage("%s: too many operands", sub->name) : 0;
    if (sub->takes_task && nb_operands == 0)
        return cli_usage("%s: which task? A TASKID is wanted ('trtc-rec list' has them)",
                         sub->name);
    if (nb_operands > sub->takes_task)
        return cli_usage("%s: %s", sub->name,
                         sub->takes_task ? "one TASKID is wanted, not more" : "takes no operands");
    if (sub->takes_task && !*o->task)
        return cli_usage("%s: an empty TASKID", sub->name);
    if (o->intl && o->endpoint)
        return cli_usage("--intl and --endpoint exclude each other");
    if (o->sub == REC_CREATE && o->users.n > 1)
        return cli_usage("--user: a task has one robot");
    if (o->subscribe.n && o->unsubscribe.n)
        return cli_usage("--subscribe and --unsubscribe exclude each other");
    if (o->follow && o->dry_run)
        return cli_usage("--follow and --dry-run exclude each other");
    if (o->sub == REC_USERSIG && (!o->sdkappid || o->users.n != 1))
        return cli_usage("usersig: --sdkappid N and one --user U are wanted");
    return 0;
}

/* What the options need room for: as many of each as there are words. */
struct room {
    char **argv; /* parted */
    char (*text)[2][24];
    struct option longs[NB_OPTS + 1];
    char shorts[4 * NB_OPTS + 2];
};

static int make_room(struct room *m, struct rec_opts *o, int argc)
{
    const size_t n = (size_t)argc + 2;
    char *s = m->shorts;
    int k = 0;
    m->argv = calloc(n, sizeof *m->argv);
    m->text = calloc(n, sizeof *m->text);
    o->sets = calloc(2 * n, sizeof *o->sets);
    o->users.items = calloc(n, sizeof *o->users.items);
    o->subscribe.items = calloc(n, sizeof *o->subscribe.items);
    o->unsubscribe.items = calloc(n, sizeof *o->unsubscribe.items);
    *s++ = ':';
    for (int i = 0; i < NB_OPTS; i++) {
        const struct opt *t = &opts_table[i];
        if (!(t->subs & 1U << o->sub))
            continue;
        m->longs[k++] = (struct option){ t->name, t->arg, NULL, 256 + i };
        if (t->letter) {
            *s++ = t->letter;
            if (t->arg == required_argument)
                *s++ = ':';
        }
    }
    return m->argv && m->text && o->sets && o->users.items && o->subscribe.items &&
                   o->unsubscribe.items
               ? 0
               : -1;
}

static const struct opt *find_option(int c)
{
    if (c >= 256)
        return &opts_table[c - 256];
    for (int i = 0; i < NB_OPTS; i++)
        if (opts_table[i].letter == c)
            return &opts_table[i];
    return NULL;
}

/* Words behind the sub-command's name (argv[0]). Returns 0 to go on, -1 where all is done, or the
 * exit status. */
static int parse(struct rec_opts *o, struct room *m, int argc, char *argv[])
{
    const struct sub *sub = &subs[o->sub];
    int c, code, nb_texts = 0;
    if (make_room(m, o, argc) < 0)
        return cli_report(&(struct trtc_err){ TRTC_EX_TEMPFAIL, "out of memory" });
    argc = rec_part(argc, argv, m->shorts, m->longs, sub->takes_task, m->argv);
    optind = 1;
    while ((c = getopt_long(argc, m->argv, m->shorts, m->longs, NULL)) != -1) {
        if (c == ':' || c == '?')
            return cli_bad_option(c, m->argv);
        if ((code = parse_option(o, find_option(c), optarg, m->text[nb_texts++])) != 0)
            return code;
    }
    o->task = optind < argc ? m->argv[optind] : NULL;
    return check(o, sub, argc - optind);
}

static void opts_fini(struct rec_opts *o, struct room *m)
{
    free(m->argv);
    free(m->text);
    free(o->sets);
    free(o->users.items);
    free(o->subscribe.items);
    free(o->unsubscribe.items);
}

/* ---- running ---- */

static int run_wait(struct rec *r, struct trtc_err *err)
{
    return rec_watch(r, r->opts->task, r->opts->want, err);
}

/* create --follow, when the task is there. */
static int follow(struct rec *r, const struct trtc_answer *answer, struct trtc_err *err)
{
    const char *task;
    if (trtc_json_string(answer->response, "Response", "TaskId", &task, err) != 1)
        return -1;
    rec_watch_created(task, answer->request_id);
    return rec_watch(r, task, REC_WANT_ENDED, err);
}

static int run_call(struct rec *r, struct trtc_err *err)
{
    static int (*const calls[])(struct rec *, struct cJSON *, struct trtc_answer *,
                                struct trtc_err *) = { rec_create, rec_describe, rec_modify,
                                                       rec_delete };
    const enum trtc_action action = (enum trtc_action)r->opts->sub;
    struct trtc_answer answer = { 0 };
    if (r->opts->skeleton)
        return trtc_api_skeleton(action, stdout, err);
    struct cJSON *request = rec_request(r, action, err);
    int ret = request ? calls[action](r, request, &answer, err) : -1;
    if (ret == 0 && answer.response && r->opts->follow)
        ret = follow(r, &answer, err);
    else if (ret == 0 && answer.response && !answer.code)
        rec_show_answer(r, &answer);
    trtc_answer_fini(&answer);
    trtc_api_forget(&request);
    return ret;
}

/* Neither a core dump nor another process of the user may show what is in memory. */
static void keep_to_ourselves(void)
{
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) /* whose search for leaks looks at us from outside */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static int run(const struct rec_opts *o)
{
    struct trtc_err err = { 0 };
    struct rec_pace pace = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct rec r;
    int code = 0;
    cli_catch_signals();
    if (rec_begin(&r, o, &pace, &err) < 0 || subs[o->sub].run(&r, &err) < 0)
        code = err.code == TRTC_EX_USAGE ? cli_usage("%s", err.msg) : cli_report(&err);
    code = trtc_worse(code, r.code);
    rec_end(&r);
    return code;
}

int main(int argc, char *argv[])
{
    struct rec_opts o = {
        .sub = REC_SUBS,
        .retries = TRTC_RETRY_COUNT,
        .format = -1,
        .expire_s = REC_USERSIG_S,
        .want = REC_WANT_ENDED,
        .interval_us = REC_INTERVAL_US,
        .idle_us = REC_IDLE_US,
    };
    struct room m = { 0 };
    keep_to_ourselves();
    cli_init("trtc-rec");
    const char *word = argc > 1 ? argv[1] : "";
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        usage(NULL);
        return cli_finish(0);
    }
    if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
        cli_version();
        return cli_finish(0);
    }
    for (int i = 0; i < REC_SUBS; i++)
        if (strcmp(word, subs[i].name) == 0)
            o.sub = (enum rec_sub)i;
    if (o.sub == REC_SUBS)
        return cli_finish(*word == '-' ? cli_usage("unknown option: '%s'", word)
                          : *word      ? cli_usage("unknown sub-command: '%s'", word)
                                  : cli_usage("a sub-command is wanted: create, describe, ..."));
    int code = parse(&o, &m, argc - 1, argv + 1);
    if (code == 0)
        code = run(&o);
    opts_fini(&o, &m);
    return cli_finish(code < 0 ? 0 : code);
}
