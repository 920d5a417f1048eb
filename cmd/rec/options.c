/* SPDX-License-Identifier: MIT */
/* The options of trtc-rec: their table, its sub-commands, and which options exclude or need
 * others. */
#include "options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "base/array.h"
#include "base/num.h"
#include "net/endpoint.h"
#include "net/retry.h"
#include "operands.h"

#define VIDEO "MixTranscodeParams.VideoParams."

#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)

/* ---- takers ---- */

/* Appends a member to be set, and returns it; NULL: no memory. */
static struct rec_set *add_set(struct rec_opts *o, const char *path, size_t len)
{
    if (trtc_array_room(&o->sets, o->nb_sets, sizeof *o->sets) < 0)
        return NULL;
    struct rec_set *set = &o->sets[o->nb_sets];
    *set = (struct rec_set){ .path = strndup(path, len) };
    return set->path ? (o->nb_sets++, set) : NULL;
}

static int set_text(struct rec_opts *o, const char *path, const char *value)
{
    struct rec_set *set = add_set(o, path, strlen(path));
    if (!set)
        return cli_no_memory();
    set->value = value;
    return 0;
}

static int set_number(struct rec_opts *o, const char *path, int64_t n)
{
    struct rec_set *set = add_set(o, path, strlen(path));
    if (!set)
        return cli_no_memory();
    snprintf(set->number, sizeof set->number, "%" PRId64, n);
    return 0;
}

static int take_set(void *to, const struct opt_row *row, const char *value)
{
    const char *eq = strchr(value, '=');
    (void)row;
    if (!eq || eq == value)
        return cli_usage("--set: expected PATH=VALUE, such as RecordParams.MaxIdleTime=60");
    struct rec_set *set = add_set(to, value, (size_t)(eq - value));
    if (!set)
        return cli_no_memory();
    set->value = eq + 1;
    return 0;
}

/* The members that an option stands for: rows give their place here in .at. */
enum { ROOM, ROOM_TYPE, MODE, STREAM, MEDIA, AV_MERGE, MAX_IDLE, HOURS, FPS, BITRATE };
static const char *const paths[] = {
    [ROOM] = "RoomId",
    [ROOM_TYPE] = "RoomIdType",
    [MODE] = "RecordParams.RecordMode",
    [STREAM] = "RecordParams.StreamType",
    [MEDIA] = "RecordParams.MediaId",
    [AV_MERGE] = "RecordParams.AvMerge",
    [MAX_IDLE] = "RecordParams.MaxIdleTime",
    [HOURS] = "ResourceExpiredHour",
    [FPS] = VIDEO "Fps",
    [BITRATE] = VIDEO "BitRate",
};

/* Takes a text as it is, or the index of a word, counted from row->min; a flag becomes 1. */
static int take_member(void *to, const struct opt_row *row, const char *value)
{
    int choice, code;
    if (!row->words)
        return set_text(to, paths[row->at], value ? value : "1");
    if ((code = opt_choose(row, value, row->words, &choice)) != 0)
        return code;
    return set_number(to, paths[row->at], row->min + choice);
}

static int take_size(void *to, const struct opt_row *row, const char *value)
{
    struct rec_opts *o = to;
    struct trtc_err err;
    char what[OPT_NAME_SIZE];
    int w_px, h_px, code;
    if (trtc_num_size(opt_name(row, what), value, &w_px, &h_px, &err) < 0)
        return cli_usage("%s", err.msg);
    o->video = true;
    code = set_number(o, VIDEO "Width", w_px);
    return code ? code : set_number(o, VIDEO "Height", h_px);
}

static int take_video(void *to, const struct opt_row *row, const char *value)
{
    struct rec_opts *o = to;
    struct trtc_err err;
    char what[OPT_NAME_SIZE];
    int64_t n;
    if (trtc_num_bytes(opt_name(row, what), value, (struct trtc_range){ 0, INT32_MAX }, &n, &err) <
        0)
        return cli_usage("%s", err.msg);
    o->video = true;
    return set_number(o, paths[row->at], n);
}

/* Reads a duration, and keeps it in seconds. */
static int take_expire(void *to, const struct opt_row *row, const char *value)
{
    const int code = opt_duration(to, row, value);
    if (code == 0)
        ((struct rec_opts *)to)->expire_s /= SECOND_US;
    return code;
}

/* ---- the tables ---- */

#define BIT(sub) (1U << REC_##sub)
#define ONE      (BIT(CREATE) | BIT(DESCRIBE) | BIT(MODIFY) | BIT(DELETE))
#define CALLS    (ONE | BIT(WAIT) | BIT(FILES) | BIT(BATCH))
#define OF_TASK  (BIT(DESCRIBE) | BIT(MODIFY) | BIT(DELETE) | BIT(WAIT) | BIT(FILES))

static const char *const room_types[] = { "string", "int", NULL };
static const char *const modes[] = { "single", "mixed", NULL };
static const char *const streams[] = { "av", "audio", "video", NULL };
static const char *const medias[] = { "both", "main", "aux", NULL };
static const char *const formats[] = { "hls", "hls+mp4", "hls+aac", "mp4", "aac", NULL };
static const char *const wants[] = { "recording", "idle", "ended", NULL };

#define AT(member) .at = offsetof(struct rec_opts, member)
#define FOR(subs)  .commands = subs
static const struct opt_row rows[] = {
    { .help = "The request" },
    { "request", 'f', "FILE", "the request as JSON ('-': standard input); options\noverride it",
      .take = opt_text, AT(file), FOR(ONE | BIT(FILES)) },
    { "set", 0, "PATH=VALUE", "set any member, such as RecordParams.MaxIdleTime=60",
      .take = take_set, FOR(ONE) },
    { "room", 0, "ROOM", "the room to record", .take = take_member, .at = ROOM, FOR(BIT(CREATE)) },
    { "room-type", 0, "TYPE", "int (default) or string, as the clients use it", .take = take_member,
      .at = ROOM_TYPE, .words = room_types, FOR(BIT(CREATE)) },
    { "user", 0, "USER", "the id of the robot (made up by default)", .take = opt_append, AT(users),
      FOR(BIT(CREATE)) },
    { "user", 0, "USER", "list the files of this user; can be repeated", .take = opt_append,
      AT(users), FOR(BIT(FILES)) },
    { "user", 0, "USER", "the user", .take = opt_append, AT(users), FOR(BIT(USERSIG)) },
    { "usersig-file", 0, "FILE", "the robot's UserSig ('-': standard input; made by\ndefault)",
      .take = opt_text, AT(usersig_file), FOR(BIT(CREATE)) },
    { "mode", 0, "MODE", "single (each user separately) or mixed", .take = take_member, .at = MODE,
      .words = modes, .min = 1, FOR(BIT(CREATE)) },
    { "stream", 0, "KIND", "av (default), audio or video", .take = take_member, .at = STREAM,
      .words = streams, FOR(BIT(CREATE)) },
    { "media", 0, "MEDIA", "both (default), main or aux streams", .take = take_member, .at = MEDIA,
      .words = medias, FOR(BIT(CREATE)) },
    { "format", 0, "FORMAT", "hls (default), hls+mp4, hls+aac, mp4 or aac", .take = opt_word,
      AT(format), .words = formats, FOR(BIT(CREATE)) },
    { "av-merge", 0, NULL, "single: put sound and picture into the same files", .take = take_member,
      .at = AV_MERGE, FOR(BIT(CREATE)) },
    { "max-idle", 0, "SECONDS", "end the task after this time without users (30)",
      .take = take_member, .at = MAX_IDLE, FOR(BIT(CREATE)) },
    { "subscribe", 0, "USER,...", "record only these; 'abc.*$': ids that begin with abc",
      .take = opt_append, AT(subscribe), FOR(BIT(CREATE) | BIT(MODIFY)) },
    { "unsubscribe", 0, "USER,...", "record all others", .take = opt_append, AT(unsubscribe),
      FOR(BIT(CREATE) | BIT(MODIFY)) },
    { "layout", 0, "FILE",
      "mixed: MixLayoutParams, as trtc-layout -f api prints\nthem ('-': standard input)",
      .take = opt_text, AT(layout), FOR(BIT(CREATE) | BIT(MODIFY)) },
    { "size", 0, "WxH", "mixed: the size of the picture (360x640)", .take = take_size,
      FOR(BIT(CREATE)) },
    { "fps", 0, "N", "mixed: frames per second (15)", .take = take_video, .at = FPS,
      FOR(BIT(CREATE)) },
    { "bitrate", 0, "BPS", "mixed: the bit rate of the picture, in bit/s (550k)",
      .take = take_video, .at = BITRATE, FOR(BIT(CREATE)) },
    { "storage", 0, "FILE",
      "StorageParams ('-': standard input). The keys may be in\n"
      "TRTC_STORAGE_ACCESS_KEY and TRTC_STORAGE_SECRET_KEY",
      .take = opt_text, AT(storage), FOR(BIT(CREATE)) },
    { "prefix", 0, "A/B", "the directories above the TaskId in the storage", .take = opt_text,
      AT(prefix), FOR(BIT(CREATE)) },
    { "hours", 0, "N", "for how long the TaskId is accepted (72)", .take = take_member, .at = HOURS,
      FOR(BIT(CREATE)) },
    { "expire", 0, "T", "for how long a UserSig that is made is valid (168h)", .take = take_expire,
      AT(expire_s), .min = SECOND_US, .max = INT64_C(315360000) * SECOND_US,
      FOR(BIT(CREATE) | BIT(USERSIG)) },
    { "replace", 0, NULL, "send only what is given, which resets the rest to its\ndefaults",
      .take = opt_flag, AT(replace), FOR(BIT(MODIFY)) },
    { "skeleton", 0, NULL, "print a request with every member and its meaning", .take = opt_flag,
      AT(skeleton), FOR(ONE) },
    { "dry-run", 0, NULL, "print the request, without secrets, and do not send it",
      .take = opt_flag, AT(dry_run), FOR(ONE) },
    { .help = "Waiting" },
    { "follow", 0, NULL, "print a line of JSON for each change until the task ends",
      .take = opt_flag, AT(follow), FOR(BIT(CREATE)) },
    { "for", 0, "STATE", "the state: recording, idle or ended (default)", .take = opt_word,
      AT(want), .words = wants, FOR(BIT(WAIT)) },
    { "interval", 0, "T", "how often the service is asked (5s)", .take = opt_duration,
      AT(interval_us), .min = SECOND_US / 100, .max = DAY_US, FOR(BIT(CREATE) | BIT(WAIT)) },
    { "idle-after", 0, "T", "explain an idle task after this time (15s)", .take = opt_duration,
      AT(idle_us), .max = DAY_US, FOR(BIT(CREATE) | BIT(WAIT)) },
    { .help = "The files" },
    { "check", 0, "DIR", "compare with the files in DIR", .take = opt_text, AT(check),
      FOR(BIT(FILES)) },
    { "offline", 0, NULL, "do not ask the service", .take = opt_flag, AT(offline),
      FOR(BIT(FILES)) },
    { .help = "The service" },
    { "sdkappid", 0, "N", "the application (default: that of the task)", .take = opt_int,
      AT(sdkappid), .min = 1, .max = UINT32_MAX },
    { "region", 0, "REGION", "the region of the service (ap-singapore)", .take = opt_text,
      AT(region), FOR(CALLS) },
    { "endpoint", 0, "URL", "the address of the service\n(" TRTC_ENDPOINT_DEFAULT ")",
      .take = opt_text, AT(endpoint), FOR(CALLS) },
    { "intl", 0, NULL, "use " TRTC_ENDPOINT_INTL, .take = opt_flag, AT(intl), FOR(CALLS) },
    { "profile", 0, "NAME", "the profile in the files of credentials (default)", .take = opt_text,
      AT(profile), FOR(CALLS) },
    { "secret-file", 0, "FILE", "the credentials; no other user may be able to read it",
      .take = opt_text, AT(secret_file), FOR(CALLS) },
    { "ca-file", 0, "FILE", "trust its certificates (PEM) instead of the system's",
      .take = opt_text, AT(ca_file), FOR(CALLS) },
    { "timeout", 0, "T", "the limit for an attempt (10s); wait: for all (none)",
      .take = opt_duration, AT(timeout_us), .min = SECOND_US / 1000, .max = 365 * DAY_US,
      FOR(CALLS) },
    { "retries", 0, "N", "repeat a failed attempt so often, if that may help (5)", .take = opt_int,
      AT(retries), .max = 100, FOR(CALLS) },
    { .help = "Output" },
    { "header", 0, NULL, "begin with a line that names the columns", .take = opt_flag, AT(header),
      FOR(BIT(LIST) | BIT(FILES)) },
    { "json", 0, NULL, "print lines of JSON", .take = opt_flag, AT(json) },
    { 0 },
};

static const struct opt_command commands[] = {
    { "create", "[-f REQUEST] [options]", "Starts a recording task, and prints its TaskId.",
      "trtc-rec create --sdkappid 1400000001 --room 3560 --mode single --storage storage.json" },
    { "describe", "TASKID [options]", "Prints the state of a task.",
      "trtc-rec describe \"$TASKID\" | jq .Status" },
    { "modify", "TASKID [options]",
      "Changes the layout or the subscriptions of a task. What is not changed is sent again, since\n"
      "the service would forget it.",
      "trtc-layout -m screen -b anna -f api anna ben |\n"
      "    trtc-rec modify \"$TASKID\" --layout -" },
    { "delete", "TASKID [options]", "Ends a task. It is no error if the task has ended already.",
      "trtc-rec delete \"$TASKID\"" },
    { "wait", "TASKID [--for STATE] [--timeout T] [options]",
      "Waits until a task has ended, or is in another state, and prints a line for each change.",
      "trtc-rec wait \"$TASKID\" --for recording --timeout 1m" },
    { "list", "[options]", "Lists the tasks in the state directory.", "trtc-rec list --header" },
    { "files", "TASKID [--user U]... [--check DIR] [options]",
      "Lists the files of a task: those that are expected, those that the service reports, and\n"
      "those in a directory.",
      "trtc-rec files \"$TASKID\" --user anna --check recording" },
    { "usersig", "--sdkappid N --user U [--expire T]",
      "Prints the UserSig of a user, made from TRTC_SECRET_KEY.",
      "trtc-rec usersig --sdkappid 1400000001 --user anna" },
    { "batch", "[options] < REQUESTS",
      "Sends a request for each line, such as {\"action\": \"describe\", \"TaskId\": ...}, and prints a\n"
      "line for each answer, in the same order.",
      "trtc-rec list --json | jq -c '{action: \"describe\", TaskId: .task}' |\n"
      "    trtc-rec batch" },
    { 0 },
};

/* A TASKID may begin with '-': options are moved in front of the operands. */
static int arrange(const struct opt_program *p, int command, int argc, char *const argv[],
                   char *out[])
{
    return rec_part(p, command, OF_TASK & 1U << command, argc, argv, out);
}

static const struct opt_program program = {
    .name = "trtc-rec",
    .about = "Starts, watches, changes and ends recording tasks through the recording API.",
    .example =
        "trtc-rec create --sdkappid 1400000001 --room 3560 --mode single --storage storage.json",
    .rows = rows,
    .commands = commands,
    .arrange = arrange,
};

/* ---- combinations ---- */

static int check_operands(const struct rec_opts *o, const char *name)
{
    const bool takes_task = OF_TASK & 1U << o->sub;
    const size_t n = o->operands.n;
    if (o->skeleton)
        return n > takes_task ? cli_usage("%s: too many operands", name) : 0;
    if (takes_task && n == 0)
        return cli_usage("%s: give a TASKID ('trtc-rec list' prints them)", name);
    if (n > takes_task)
        return cli_usage("%s: %s", name, takes_task ? "give only one TASKID" : "takes no operands");
    if (takes_task && !*o->task)
        return cli_usage("%s: an empty TASKID", name);
    return 0;
}

/* Checks for two readers of standard input, and for options that exclude or need each other. */
static int check(const struct rec_opts *o)
{
    const char *const name = commands[o->sub].name;
    const char *const files[] = { o->file, o->layout, o->storage, o->usersig_file };
    int stdins = 0, code;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        stdins += files[i] && strcmp(files[i], "-") == 0;
    if (stdins > 1)
        return cli_usage("%s: only one file can be standard input", name);
    if ((code = check_operands(o, name)) != 0 || o->skeleton)
        return code;
    if (o->intl && o->endpoint)
        return cli_usage("--intl and --endpoint exclude each other");
    if (o->sub == REC_CREATE && o->users.n > 1)
        return cli_usage("--user: a task has one robot");
    if (o->subscribe.n && o->unsubscribe.n)
        return cli_usage("--subscribe and --unsubscribe exclude each other");
    if (o->follow && o->dry_run)
        return cli_usage("--follow and --dry-run exclude each other");
    if (o->sub == REC_USERSIG && (!o->sdkappid || o->users.n != 1))
        return cli_usage("usersig: --sdkappid N and one --user U are required");
    return 0;
}

enum opt_read rec_options(int argc, char *argv[], struct rec_opts *o, int *code)
{
    int command = 0;
    *o = (struct rec_opts){
        .retries = TRTC_RETRY_COUNT,
        .format = -1,
        .expire_s = REC_USERSIG_S,
        .want = REC_WANT_ENDED,
        .interval_us = REC_INTERVAL_US,
        .idle_us = REC_IDLE_US,
    };
    enum opt_read ret = opt_read(&program, argc, argv, o, &command, &o->operands, code);
    if (ret != OPT_GO)
        return ret;
    o->sub = (enum rec_sub)command;
    o->task = o->operands.n ? o->operands.items[0] : NULL;
    *code = check(o);
    return *code ? OPT_WRONG : OPT_GO;
}

void rec_options_fini(struct rec_opts *o)
{
    for (size_t i = 0; i < o->nb_sets; i++)
        free(o->sets[i].path);
    free(o->sets);
    opt_list_free(&o->users);
    opt_list_free(&o->subscribe);
    opt_list_free(&o->unsubscribe);
    opt_list_free(&o->operands);
}
