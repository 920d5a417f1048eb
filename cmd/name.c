/* SPDX-License-Identifier: MIT */
/* trtc-name: takes the file names of recordings apart (decode), and makes them (encode).
 * Reads names or NDJSON from stdin, or names from the command line; writes TSV, NDJSON or names. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "base/b64.h"
#include "base/file.h"
#include "playlist/name.h"
#include "playlist/namejson.h"
#include "base/num.h"
#include "playlist/plain_name.h"
#include "playlist/put.h"
#include "base/records.h"
#include "base/text.h"

#define NAME_MAX_BYTES ((size_t)1 << 20)                   /* of one name */
#define OBJECT_MAX_BYTES TRTC_NAMEJSON_MAX(NAME_MAX_BYTES) /* of one line of NDJSON: holds any name's object */
#define FLUSH_BYTES ((size_t)256 * 1024)

enum opt {
    OPT_JSON = 256,
    OPT_HEADER,
    OPT_ROOM_TYPE,
    OPT_TYPE,
    OPT_UTC,
    OPT_INDEX,
    OPT_HA,
    OPT_EXT,
};

struct opts {
    bool json, header, null;
    bool fields; /* encode: a part was given by an option */
    enum trtc_room_type room_type;
    const char *sdkappid, *room, *user, *prefix, *task;
    struct trtc_name name; /* encode: the parts that need no Base64 */
    bool ext_given;
    char *const *operands;
    int nb_operands;
};

/* Output gathers here and leaves in large writes. */
struct out {
    char *buf;
    size_t size, n;
};

static void usage(void)
{
    fputs("usage: trtc-name encode --sdkappid N --room R [options] --ext m3u8|ts|mp4\n"
          "       trtc-name encode --json < objects > names\n"
          "       trtc-name decode [options] [NAME...]\n"
          "\n"
          "The file names of TRTC recordings: encode makes them, decode takes them apart.\n"
          "\n"
          "decode reads the names given, or stdin (also for '-'), and prints one line each:\n"
          "  sdkappid room room_type user media type utc index ext ha task prefix\n"
          "      --header          start with a line that names the columns\n"
          "      --json            NDJSON instead of TSV; for encode: NDJSON on stdin\n"
          "  -0, --null            names end with NUL, not with a newline, in and out\n"
          "      --room-type T     auto (default), int or string: what the room is\n"
          "\n"
          "encode makes one name of its options, or a name of each object of decode --json:\n"
          "  -A, --sdkappid N      application id, 0 to 4294967295\n"
          "  -R, --room R          room: a number or a string, told apart as --room-type says\n"
          "  -u, --user U          user id, for a stream of its own; without: the mixed stream\n"
          "  -M, --media M         main or aux, goes with --user\n"
          "      --type T          audio or video, goes with --user, not for mp4\n"
          "      --utc TIME        start of a ts: epoch ms, 17 digits or RFC 3339\n"
          "      --index N         number of an mp4 or m3u8, from 1\n"
          "      --ha N            1 to 3: recovered file, not for mp4\n"
          "      --ext EXT         m3u8, ts or mp4\n"
          "  -p, --prefix P        directories before the task's; goes with --task\n"
          "  -T, --task ID         task id, the directory of the file\n"
          "\n"
          "  -q, --quiet           no notes\n"
          "  -v, --verbose         say at the end how many names there were\n"
          "  -h, --help            print this and exit\n"
          "  -V, --version         print the version and exit\n",
          stdout);
}

/* ---- output ---- */

static int out_init(struct out *out, size_t record_max, struct trtc_err *err)
{
    out->n = 0;
    out->size = FLUSH_BYTES + record_max;
    out->buf = malloc(out->size);
    return out->buf ? 0 : trtc_fail_nomem(err);
}

static int out_flush(void *arg, struct trtc_err *err)
{
    struct out *out = arg;
    int errnum = trtc_write_errno(STDOUT_FILENO, out->buf, out->n);
    if (errnum)
        return trtc_fail_errno(err, errnum == EPIPE ? TRTC_EX_OK : TRTC_EX_IOERR, errnum, "standard output");
    out->n = 0;
    return 0;
}

/* Room for one record: flushes where there is more than a large write's worth. */
static int out_reserve(struct out *out, struct trtc_err *err)
{
    return out->n < FLUSH_BYTES ? 0 : out_flush(out, err);
}

/* ---- TSV ---- */

/* A value that could be taken for an absent one is escaped. */
static char *put_text(char *q, const void *s, size_t n)
{
    if (n == 1 && *(const char *)s == '-')
        return trtc_put_word(q, "\\x2D");
    return q + trtc_text_escape(s, n, q);
}

static char *put_id(char *q, struct trtc_span b64, unsigned char *scratch)
{
    size_t n = 0, bad;
    if (trtc_b64_decode(b64.p, b64.n, scratch, &n, &bad) < 0)
        return q; /* cannot be: the parser has checked it */
    return put_text(q, scratch, n);
}

static char *put_word_or_dash(char *q, const char *word)
{
    *q++ = '\t';
    return trtc_put_word(q, *word ? word : "-");
}

static char *put_number_or_dash(char *q, int64_t value)
{
    *q++ = '\t';
    return value ? trtc_put_number(q, value) : trtc_put_word(q, "-");
}

static char *put_dir_or_dash(char *q, struct trtc_span dir)
{
    *q++ = '\t';
    return dir.p ? put_text(q, dir.p, dir.n) : trtc_put_word(q, "-");
}

static char *put_row(char *q, const struct trtc_name *name, enum trtc_room_type room_type, unsigned char *scratch)
{
    if (room_type == TRTC_ROOM_AUTO)
        room_type = trtc_name_room_type(name->room);
    q = trtc_put_number(q, name->sdkappid);
    *q++ = '\t';
    if (room_type == TRTC_ROOM_INT) {
        q = trtc_put_word(trtc_put_bytes(q, name->room.p, name->room.n), "\tint\t");
    } else {
        q = trtc_put_word(put_id(q, name->room, scratch), "\tstring\t");
    }
    q = name->user.p ? put_id(q, name->user, scratch) : trtc_put_word(q, "-");
    q = put_word_or_dash(q, trtc_name_media(name->media));
    q = put_word_or_dash(q, trtc_name_type(name->type));
    *q++ = '\t';
    q = name->utc.p ? trtc_put_bytes(q, name->utc.p, name->utc.n) : trtc_put_word(q, "-");
    q = put_number_or_dash(q, name->index);
    q = put_word_or_dash(q, trtc_name_ext(name->ext));
    q = put_number_or_dash(q, name->ha);
    q = put_dir_or_dash(q, name->task);
    return put_dir_or_dash(q, name->prefix);
}

/* ---- decode ---- */

struct decoder {
    const struct opts *o;
    struct out out;
    unsigned char *scratch;
    uint64_t nb_names, nb_bad;
};

static void report_bad(struct decoder *d, const struct trtc_err *err, uint64_t line)
{
    d->nb_bad++;
    if (line)
        cli_error("%s %" PRIu64 ": %s", d->o->null ? "record" : "line", line, err->msg);
    else
        cli_error("%s", err->msg);
}

/* A name that a tool has changed: what it has been. */
static void add_plain(const char *s, size_t n, enum trtc_room_type room_type, struct trtc_err *why)
{
    char plain[TRTC_PLAIN_MAX];
    struct trtc_name name;
    const size_t at = strlen(why->msg);
    if (trtc_plain_name(s, n, plain) &&
        trtc_name_parse(plain, strlen(plain), room_type, &name, NULL, NULL) == 0)
        snprintf(why->msg + at, sizeof why->msg - at, "; without what tools add it is '%s'", plain);
}

/* One name, good or bad: s is NULL where it is too long; line is 0 for an operand. -1: the output failed. */
static int decode_name(struct decoder *d, const char *s, size_t n, uint64_t line, struct trtc_err *err)
{
    struct trtc_name name;
    struct trtc_err why;
    d->nb_names++;
    if (!s || n > NAME_MAX_BYTES) {
        trtc_fail(&why, TRTC_EX_DATAERR, "column %zu: a name of more than %zu bytes", NAME_MAX_BYTES + 1, NAME_MAX_BYTES);
        report_bad(d, &why, line);
        return 0;
    }
    if (trtc_name_parse(s, n, d->o->room_type, &name, NULL, &why) < 0) {
        add_plain(s, n, d->o->room_type, &why);
        report_bad(d, &why, line);
        return 0;
    }
    if (out_reserve(&d->out, err) < 0)
        return -1;
    char *q = d->out.buf + d->out.n;
    if (d->o->json)
        q += trtc_namejson_write(&name, s, n, d->o->room_type, q, d->scratch);
    else
        q = put_row(q, &name, d->o->room_type, d->scratch);
    *q++ = d->o->null && !d->o->json ? '\0' : '\n';
    d->out.n = (size_t)(q - d->out.buf);
    return 0;
}

static int decode_stdin(struct decoder *d, struct trtc_err *err)
{
    struct trtc_records in;
    const char *s;
    size_t n;
    int r;
    if (trtc_records_init(&in, STDIN_FILENO, d->o->null ? '\0' : '\n', NAME_MAX_BYTES, err) < 0)
        return -1;
    in.idle = out_flush;
    in.idle_arg = &d->out;
    while ((r = trtc_records_next(&in, &s, &n, err)) > 0)
        if ((r = decode_name(d, s, n, in.nr, err)) < 0)
            break;
    trtc_records_fini(&in);
    return r;
}

static int decode(const struct opts *o, struct trtc_err *err)
{
    int ret = -1;
    struct decoder d = { .o = o };
    if (out_init(&d.out, TRTC_NAMEJSON_MAX(NAME_MAX_BYTES), err) < 0)
        goto done;
    d.scratch = malloc(TRTC_B64_DECODED_MAX(NAME_MAX_BYTES));
    if (!d.scratch) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (o->header && !o->json) {
        char *q = trtc_put_word(d.out.buf, "sdkappid\troom\troom_type\tuser\tmedia\ttype\tutc\tindex\text\tha\ttask\tprefix");
        *q++ = o->null ? '\0' : '\n';
        d.out.n = (size_t)(q - d.out.buf);
    }
    if (!o->nb_operands && decode_stdin(&d, err) < 0)
        goto done;
    for (int i = 0; i < o->nb_operands; i++) {
        const char *s = o->operands[i];
        if ((strcmp(s, "-") == 0 ? decode_stdin(&d, err) : decode_name(&d, s, strlen(s), 0, err)) < 0)
            goto done;
    }
    if (out_flush(&d.out, err) < 0)
        goto done;
    cli_debug("%" PRIu64 " names, %" PRIu64 " of them bad", d.nb_names, d.nb_bad);
    ret = d.nb_bad ? TRTC_EX_DATAERR : TRTC_EX_OK;
done:
    free(d.scratch);
    free(d.out.buf);
    return ret;
}

/* ---- encode ---- */

/* Makes the name and ends it. -1 with TRTC_EX_DATAERR where the parts make none. */
static int put_name(struct out *out, const struct trtc_name *name, bool null, struct trtc_err *err)
{
    size_t n;
    if (!null && ((name->task.n && memchr(name->task.p, '\n', name->task.n)) ||
                  (name->prefix.n && memchr(name->prefix.p, '\n', name->prefix.n))))
        return trtc_fail(err, TRTC_EX_DATAERR, "a line break in the task or the prefix needs -0");
    if (trtc_name_size(name) > out->size - out->n)
        return trtc_fail(err, TRTC_EX_DATAERR, "makes a name of more than %zu bytes", NAME_MAX_BYTES);
    if (trtc_name_format(name, out->buf + out->n, out->size - out->n, &n, err) < 0)
        return -1;
    if (n > NAME_MAX_BYTES)
        return trtc_fail(err, TRTC_EX_DATAERR, "makes a name of more than %zu bytes", NAME_MAX_BYTES);
    out->n += n;
    out->buf[out->n++] = null ? '\0' : '\n';
    return 0;
}

static int encode_objects(const struct opts *o, struct out *out, struct trtc_err *err)
{
    int ret = -1, r;
    uint64_t nb_bad = 0;
    struct trtc_records in;
    const char *s;
    size_t n;
    char *scratch = malloc(TRTC_NAMEJSON_SCRATCH(OBJECT_MAX_BYTES));
    if (trtc_records_init(&in, STDIN_FILENO, '\n', OBJECT_MAX_BYTES, err) < 0)
        goto done;
    if (!scratch) {
        trtc_fail_nomem(err);
        goto done;
    }
    in.idle = out_flush;
    in.idle_arg = out;
    while ((r = trtc_records_next(&in, &s, &n, err)) > 0) {
        struct trtc_name name;
        struct trtc_err why;
        if (out_reserve(out, err) < 0)
            goto done;
        int bad = s ? trtc_namejson_read(s, n, &name, scratch, &why)
                    : trtc_fail(&why, TRTC_EX_DATAERR, "an object of more than %zu bytes", OBJECT_MAX_BYTES);
        if (bad == 0)
            bad = put_name(out, &name, o->null, &why);
        if (bad < 0 && why.code == TRTC_EX_TEMPFAIL) {
            *err = why;
            goto done;
        }
        if (bad < 0) {
            nb_bad++;
            cli_error("line %" PRIu64 ": %s", in.nr, why.msg);
        }
    }
    if (r < 0 || out_flush(out, err) < 0)
        goto done;
    cli_debug("%" PRIu64 " objects, %" PRIu64 " of them bad", in.nr, nb_bad);
    ret = nb_bad ? TRTC_EX_DATAERR : TRTC_EX_OK;
done:
    trtc_records_fini(&in);
    free(scratch);
    return ret;
}

static int encode_options(const struct opts *o, struct out *out, struct trtc_err *err)
{
    int ret = -1;
    struct trtc_name name = o->name;
    size_t room_n = strlen(o->room), user_n = o->user ? strlen(o->user) : 0;
    char *room = malloc(TRTC_B64_ENCODED_MAX(room_n));
    char *user = malloc(TRTC_B64_ENCODED_MAX(user_n));
    if (!room || !user) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (o->user)
        name.user = (struct trtc_span){ user, trtc_b64_encode(o->user, user_n, user) };
    if (trtc_name_room(o->room, room_n, o->room_type, room, &name.room, err) < 0 ||
        put_name(out, &name, o->null, err) < 0) {
        /* It is the options that do not make a name. */
        if (err->code == TRTC_EX_DATAERR)
            err->code = TRTC_EX_USAGE;
        goto done;
    }
    ret = out_flush(out, err);
done:
    free(user);
    free(room);
    return ret;
}

static int encode(const struct opts *o, struct trtc_err *err)
{
    struct out out = { 0 };
    if (out_init(&out, 2 * NAME_MAX_BYTES, err) < 0)
        return -1;
    int ret = o->json ? encode_objects(o, &out, err) : encode_options(o, &out, err);
    free(out.buf);
    return ret;
}

/* ---- options ---- */

static const struct option decode_options[] = {
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { "quiet", no_argument, NULL, 'q' },
    { "verbose", no_argument, NULL, 'v' },
    { "null", no_argument, NULL, '0' },
    { "json", no_argument, NULL, OPT_JSON },
    { "header", no_argument, NULL, OPT_HEADER },
    { "room-type", required_argument, NULL, OPT_ROOM_TYPE },
    { NULL, 0, NULL, 0 },
};

static const struct option encode_options_table[] = {
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { "quiet", no_argument, NULL, 'q' },
    { "verbose", no_argument, NULL, 'v' },
    { "null", no_argument, NULL, '0' },
    { "json", no_argument, NULL, OPT_JSON },
    { "room-type", required_argument, NULL, OPT_ROOM_TYPE },
    { "sdkappid", required_argument, NULL, 'A' },
    { "room", required_argument, NULL, 'R' },
    { "user", required_argument, NULL, 'u' },
    { "media", required_argument, NULL, 'M' },
    { "type", required_argument, NULL, OPT_TYPE },
    { "utc", required_argument, NULL, OPT_UTC },
    { "index", required_argument, NULL, OPT_INDEX },
    { "ha", required_argument, NULL, OPT_HA },
    { "ext", required_argument, NULL, OPT_EXT },
    { "prefix", required_argument, NULL, 'p' },
    { "task", required_argument, NULL, 'T' },
    { NULL, 0, NULL, 0 },
};

/* The number of arg among the words, from 0. */
static int parse_word(const char *what, const char *arg, const char *const words[3], int *out)
{
    for (int i = 0; i < 3 && words[i]; i++) {
        if (strcmp(arg, words[i]) == 0) {
            *out = i;
            return 0;
        }
    }
    return cli_usage("%s: '%s' is not %s%s%s%s%s", what, arg, words[0], words[2] ? ", " : " or ", words[1],
                     words[2] ? " or " : "", words[2] ? words[2] : "");
}

static int parse_number(const char *what, const char *arg, int64_t min, int64_t max, int64_t *out)
{
    struct trtc_err err;
    return trtc_num_int(what, arg, min, max, out, &err) < 0 ? cli_usage("%s", err.msg) : 0;
}

/* An empty one is what is left of an unset variable: as if it were not there. */
static struct trtc_span span_of(const char *s)
{
    return *s ? (struct trtc_span){ s, strlen(s) } : (struct trtc_span){ NULL, 0 };
}

/* The options that are a part of the name. */
static int parse_field(struct opts *o, int c, const char *arg)
{
    static const char *const media[3] = { "main", "aux" };
    static const char *const types[3] = { "audio", "video" };
    static const char *const exts[3] = { "m3u8", "ts", "mp4" };
    struct trtc_err err;
    int64_t value;
    int word = 0, code;
    o->fields = true;
    switch (c) {
    case 'A':
        o->sdkappid = arg;
        return parse_number("--sdkappid", arg, 0, TRTC_NAME_SDKAPPID_MAX, &o->name.sdkappid);
    case 'R':
        o->room = arg;
        return 0;
    case 'u':
        o->user = arg;
        return 0;
    case 'p':
        o->name.prefix = span_of(arg);
        return 0;
    case 'T':
        o->name.task = span_of(arg);
        return 0;
    case 'M':
        if ((code = parse_word("--media", arg, media, &word)) == 0)
            o->name.media = word ? TRTC_MEDIA_AUX : TRTC_MEDIA_MAIN;
        return code;
    case OPT_TYPE:
        if ((code = parse_word("--type", arg, types, &word)) == 0)
            o->name.type = word ? TRTC_TYPE_VIDEO : TRTC_TYPE_AUDIO;
        return code;
    case OPT_EXT:
        o->ext_given = true;
        if ((code = parse_word("--ext", arg, exts, &word)) == 0)
            o->name.ext = (enum trtc_ext)word;
        return code;
    case OPT_UTC:
        return trtc_time_parse(arg, &o->name.utc_ms, &err) < 0 ? cli_usage("--utc: %s", err.msg) : 0;
    case OPT_INDEX:
        return parse_number("--index", arg, 1, TRTC_NAME_INDEX_MAX, &o->name.index);
    default: /* OPT_HA */
        if ((code = parse_number("--ha", arg, 1, TRTC_NAME_HA_MAX, &value)) == 0)
            o->name.ha = (int)value;
        return code;
    }
}

/* What the loop over the options cannot see. */
static int check_encode(const struct opts *o)
{
    if (o->nb_operands && !(o->json && o->nb_operands == 1 && strcmp(o->operands[0], "-") == 0))
        return cli_usage("unexpected operand '%s'", o->operands[0]);
    if (o->json)
        return o->fields ? cli_usage("--json takes the parts of the names from stdin, not from options") : 0;
    if (!o->sdkappid)
        return cli_usage("--sdkappid is missing");
    if (!o->room)
        return cli_usage("--room is missing");
    if (!o->ext_given)
        return cli_usage("--ext is missing: m3u8, ts or mp4");
    return 0;
}

/* Returns 0 to go on, or -1 with *code: the program is done. argv[0] is the sub-command. */
static int parse(struct opts *o, bool encoding, int argc, char *argv[], int *code)
{
    static const char *const room_types[3] = { "auto", "int", "string" };
    const struct option *table = encoding ? encode_options_table : decode_options;
    const char *letters = encoding ? ":hVqv0A:R:u:M:p:T:" : ":hVqv0";
    int c, word = 0;
    *code = TRTC_EX_OK;
    optind = 0; /* glibc: start over, with another table */
    while ((c = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        switch (c) {
        case 'h':
            usage();
            return -1;
        case 'V':
            cli_version();
            return -1;
        case 'q':
            cli_set_verbosity(-1);
            break;
        case 'v':
            cli_set_verbosity(1);
            break;
        case '0':
            o->null = true;
            break;
        case OPT_JSON:
            o->json = true;
            break;
        case OPT_HEADER:
            o->header = true;
            break;
        case OPT_ROOM_TYPE:
            if ((*code = parse_word("--room-type", optarg, room_types, &word)) != 0)
                return -1;
            o->room_type = word == 0 ? TRTC_ROOM_AUTO : word == 1 ? TRTC_ROOM_INT : TRTC_ROOM_STRING;
            o->fields |= encoding;
            break;
        case ':':
        case '?':
            *code = cli_bad_option(c, argv);
            return -1;
        default:
            if ((*code = parse_field(o, c, optarg)) != 0)
                return -1;
        }
    }
    o->operands = argv + optind;
    o->nb_operands = argc - optind;
    if (encoding)
        *code = check_encode(o);
    return *code ? -1 : 0;
}

static int run(const char *command, int argc, char *argv[])
{
    struct opts o = { .name = { .utc_ms = TRTC_NOTIME } };
    struct trtc_err err;
    bool encoding = strcmp(command, "encode") == 0;
    int code;
    if (!encoding && strcmp(command, "decode") != 0)
        return cli_usage("unknown command '%s': encode or decode", command);
    if (parse(&o, encoding, argc, argv, &code) < 0)
        return code;
    code = encoding ? encode(&o, &err) : decode(&o, &err);
    if (code >= 0)
        return code;
    /* A reader that has seen enough is no fault. */
    return err.code == TRTC_EX_OK ? TRTC_EX_OK : err.code == TRTC_EX_USAGE ? cli_usage("%s", err.msg) : cli_report(&err);
}

int main(int argc, char *argv[])
{
    int c, code = TRTC_EX_OK;
    cli_init("trtc-name");
    /* The common options may also stand before the command. */
    while ((c = getopt_long(argc, argv, "+:hVqv", decode_options, NULL)) != -1) {
        switch (c) {
        case 'h':
            usage();
            return cli_finish(TRTC_EX_OK);
        case 'V':
            cli_version();
            return cli_finish(TRTC_EX_OK);
        case 'q':
            cli_set_verbosity(-1);
            break;
        case 'v':
            cli_set_verbosity(1);
            break;
        case ':':
        case '?':
            return cli_finish(cli_bad_option(c, argv));
        default:
            return cli_finish(cli_usage("'%s' stands after the command", argv[optind - 1]));
        }
    }
    if (optind == argc)
        code = cli_usage("a command is missing: encode or decode");
    else
        code = run(argv[optind], argc - optind, argv + optind);
    return cli_finish(code);
}
