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

#include "../cli.h"
#include "base/json.h"
#include "rec.h"
#include "options.h"

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

static const struct rec_option opts_table[] = {
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
      .says = "mixed: pictures a second (15)", .path = REC_VIDEO "Fps" },
    { "bitrate", required_argument, 0, O_VIDEO, BIT(CREATE), "BPS",
      .says = "mixed: of the picture, bit/s (550000, or 550k)", .path = REC_VIDEO "BitRate" },
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
_Static_assert(NB_OPTS <= REC_OPTIONS_MAX, "more options than there is room for");

static void usage_option(const struct rec_option *o)
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
    struct rec_room room = { 0 };
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
    const struct sub *sub = &subs[o.sub];
    int code =
        rec_options_read(&o, &room, opts_table, NB_OPTS, sub->takes_task, argc - 1, argv + 1);
    if (code == REC_WANTS_HELP)
        usage(sub);
    else if (code == REC_WANTS_VERSION)
        cli_version();
    else if (code == REC_PARSED)
        code = run(&o);
    rec_options_free(&o, &room);
    return cli_finish(code < 0 ? 0 : code);
}
