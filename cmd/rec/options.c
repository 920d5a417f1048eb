/* SPDX-License-Identifier: MIT */
/* Reading the options of trtc-rec, and what excludes or needs each other among them. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "base/num.h"

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
static int parse_field(struct rec_opts *o, const struct rec_option *t, const char *value)
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
static int parse_video(struct rec_opts *o, const struct rec_option *t, const char *value,
                       char text[2][24])
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
        add_set(o, REC_VIDEO "Width", text[0]);
        add_set(o, REC_VIDEO "Height", text[1]);
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
static int parse_option(struct rec_opts *o, const struct rec_option *t, char *value,
                        char text[2][24])
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
        return REC_WANTS_HELP;
    case O_VERSION:
        return REC_WANTS_VERSION;
    }
    return code;
}

/* Two readers of standard input, and what excludes or needs each other. */
static int check(const struct rec_opts *o, const char *name, bool takes_task, int nb_operands)
{
    const char *const files[] = { o->file, o->layout, o->storage, o->usersig_file };
    int stdins = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        stdins += files[i] && strcmp(files[i], "-") == 0;
    if (stdins > 1)
        return cli_usage("%s: only one file can be standard input", name);
    if (o->skeleton)
        return nb_operands > takes_task ? cli_usage("%s: too many operands", name) : 0;
    if (takes_task && nb_operands == 0)
        return cli_usage("%s: which task? A TASKID is wanted ('trtc-rec list' has them)", name);
    if (nb_operands > takes_task)
        return cli_usage("%s: %s", name,
                         takes_task ? "one TASKID is wanted, not more" : "takes no operands");
    if (takes_task && !*o->task)
        return cli_usage("%s: an empty TASKID", name);
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

static int make_room(struct rec_room *m, struct rec_opts *o, const struct rec_option *table, int nb,
                     int argc)
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
    for (int i = 0; i < nb; i++) {
        const struct rec_option *t = &table[i];
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

int rec_options_read(struct rec_opts *o, struct rec_room *room, const struct rec_option *table,
                     int nb, bool takes_task, int argc, char *argv[])
{
    const char *name = argv[0];
    int c, code, nb_texts = 0;
    if (make_room(room, o, table, nb, argc) < 0)
        return cli_report(&(struct trtc_err){ TRTC_EX_TEMPFAIL, "out of memory" });
    argc = rec_part(argc, argv, room->shorts, room->longs, takes_task, room->argv);
    optind = 1;
    while ((c = getopt_long(argc, room->argv, room->shorts, room->longs, NULL)) != -1) {
        const struct rec_option *t = c >= 256 ? &table[c - 256] : table;
        if (c == ':' || c == '?')
            return cli_bad_option(c, room->argv);
        while (c < 256 && t->letter != c)
            t++;
        if ((code = parse_option(o, t, optarg, room->text[nb_texts++])) != 0)
            return code;
    }
    o->task = optind < argc ? room->argv[optind] : NULL;
    return check(o, name, takes_task, argc - optind);
}

void rec_options_free(struct rec_opts *o, struct rec_room *room)
{
    free(room->argv);
    free(room->text);
    free(o->sets);
    free(o->users.items);
    free(o->subscribe.items);
    free(o->unsubscribe.items);
}
