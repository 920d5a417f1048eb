/* SPDX-License-Identifier: MIT */
/* trtc-name: takes the file names of recordings apart (decode), and makes them (encode).
 * Reads names or NDJSON from stdin, or names from the command line; writes TSV, NDJSON or names. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/b64.h"
#include "base/file.h"
#include "base/records.h"
#include "base/text.h"
#include "cli.h"
#include "opt.h"
#include "playlist/name.h"
#include "playlist/namejson.h"
#include "playlist/plain_name.h"
#include "playlist/put.h"

#define NAME_MAX_BYTES ((size_t)1 << 20) /* of one name */
#define OBJECT_MAX_BYTES \
    TRTC_NAMEJSON_MAX(NAME_MAX_BYTES) /* of one line of NDJSON: holds any name's object */
#define FLUSH_BYTES ((size_t)256 * 1024)

enum { ENCODE, DECODE }; /* the sub-commands, in the order of their table */

struct opts {
    bool json, header, null;
    enum trtc_room_type room_type;
    bool room_type_given;
    int media, type, ext; /* places in the words of the options; -1: not given */
    const char *room, *user, *prefix, *task;
    int64_t sdkappid, index, ha; /* -1: not given */
    int64_t utc_ms;
    struct opt_list operands;
};

/* Output gathers here and leaves in large writes. */
struct out {
    char *buf;
    size_t size, n;
    bool reader_left; /* which ends the program, and is no fault */
};

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
    out->reader_left = errnum == EPIPE;
    if (errnum)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "standard output");
    out->n = 0;
    return 0;
}

/* Makes room for one record. Flushes once a large write has come together. */
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

static char *put_row(char *q, const struct trtc_name *name, enum trtc_room_type room_type,
                     unsigned char *scratch)
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

/* A name that a tool has changed: the name it had before. */
static void add_plain(const char *s, size_t n, enum trtc_room_type room_type, struct trtc_err *why)
{
    char plain[TRTC_PLAIN_MAX], shown[300];
    struct trtc_name name;
    const size_t at = strlen(why->msg);
    if (trtc_plain_name(s, n, plain) &&
        trtc_name_parse(plain, strlen(plain), room_type, &name, NULL, NULL) == 0)
        snprintf(why->msg + at, sizeof why->msg - at, "; without what tools add it is '%s'",
                 trtc_text_show(plain, strlen(plain), shown, sizeof shown));
}

/* Reports that an operand is a directory and no name, with the command that would do. */
static void add_directory(const char *s, uint64_t line, struct trtc_err *why)
{
    struct stat st;
    const size_t at = strlen(why->msg);
    if (line == 0 && stat(s, &st) == 0 && S_ISDIR(st.st_mode))
        snprintf(why->msg + at, sizeof why->msg - at,
                 "; 'ls %s | trtc-name decode' reads the names in that directory", s);
}

/* Handles one name, good or bad. s is NULL where it is too long; line is 0 for an operand. -1:
 * the output failed. */
static int decode_name(struct decoder *d, const char *s, size_t n, uint64_t line,
                       struct trtc_err *err)
{
    struct trtc_name name;
    struct trtc_err why;
    d->nb_names++;
    if (!s || n > NAME_MAX_BYTES) {
        trtc_fail(&why, TRTC_EX_DATAERR, "column %zu: a name of more than %zu bytes",
                  NAME_MAX_BYTES + 1, NAME_MAX_BYTES);
        report_bad(d, &why, line);
        return 0;
    }
    if (trtc_name_parse(s, n, d->o->room_type, &name, NULL, &why) < 0) {
        add_plain(s, n, d->o->room_type, &why);
        add_directory(s, line, &why);
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
        char *q = trtc_put_word(
            d.out.buf,
            "sdkappid\troom\troom_type\tuser\tmedia\ttype\tutc\tindex\text\tha\ttask\tprefix");
        *q++ = o->null ? '\0' : '\n';
        d.out.n = (size_t)(q - d.out.buf);
    }
    if (!o->operands.n && decode_stdin(&d, err) < 0)
        goto done;
    for (size_t i = 0; i < o->operands.n; i++) {
        const char *s = o->operands.items[i];
        if ((strcmp(s, "-") == 0 ? decode_stdin(&d, err) : decode_name(&d, s, strlen(s), 0, err)) <
            0)
            goto done;
    }
    if (out_flush(&d.out, err) < 0)
        goto done;
    cli_debug("names: %" PRIu64 ", refused: %" PRIu64, d.nb_names, d.nb_bad);
    ret = d.nb_bad ? TRTC_EX_DATAERR : TRTC_EX_OK;
done:
    if (d.out.reader_left)
        ret = TRTC_EX_OK;
    free(d.scratch);
    free(d.out.buf);
    return ret;
}

/* ---- encode ---- */

/* Makes the name, with its end. -1 with TRTC_EX_DATAERR where the parts make no name. */
static int put_name(struct out *out, const struct trtc_name *name, bool null, struct trtc_err *err)
{
    size_t n;
    if (!null && ((name->task.n && memchr(name->task.p, '\n', name->task.n)) ||
                  (name->prefix.n && memchr(name->prefix.p, '\n', name->prefix.n))))
        return trtc_fail(err, TRTC_EX_DATAERR, "a line break in the task or the prefix needs -0");
    if (trtc_name_size(name) > out->size - out->n)
        return trtc_fail(err, TRTC_EX_DATAERR, "makes a name of more than %zu bytes",
                         NAME_MAX_BYTES);
    if (trtc_name_format(name, out->buf + out->n, out->size - out->n, &n, err) < 0)
        return -1;
    if (n > NAME_MAX_BYTES)
        return trtc_fail(err, TRTC_EX_DATAERR, "makes a name of more than %zu bytes",
                         NAME_MAX_BYTES);
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
                    : trtc_fail(&why, TRTC_EX_DATAERR, "an object of more than %zu bytes",
                                OBJECT_MAX_BYTES);
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
    cli_debug("objects: %" PRIu64 ", refused: %" PRIu64, in.nr, nb_bad);
    ret = nb_bad ? TRTC_EX_DATAERR : TRTC_EX_OK;
done:
    trtc_records_fini(&in);
    free(scratch);
    return ret;
}

/* An empty value comes from an unset variable: the option counts as not given. */
static struct trtc_span span_of(const char *s)
{
    return s && *s ? (struct trtc_span){ s, strlen(s) } : (struct trtc_span){ NULL, 0 };
}

/* The parts that need no Base64. */
static struct trtc_name name_of(const struct opts *o)
{
    return (struct trtc_name){
        .sdkappid = o->sdkappid,
        .prefix = span_of(o->prefix),
        .task = span_of(o->task),
        .media = (enum trtc_media)(TRTC_MEDIA_MAIN + o->media),
        .type = (enum trtc_kind)(TRTC_AUDIO + o->type),
        .ext = (enum trtc_ext)o->ext,
        .utc_ms = o->utc_ms,
        .index = o->index < 0 ? 0 : o->index,
        .ha = o->ha < 0 ? 0 : (int)o->ha,
    };
}

static int encode_options(const struct opts *o, struct out *out, struct trtc_err *err)
{
    int ret = -1;
    struct trtc_name name = name_of(o);
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
        /* Reports that the options do not make a name. */
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
    if (out.reader_left)
        ret = TRTC_EX_OK;
    free(out.buf);
    return ret;
}

/* ---- options ---- */

static const char *const medias[] = { "main", "aux", NULL };
static const char *const types[] = { "audio", "video", NULL };
static const char *const exts[] = { "m3u8", "ts", "mp4", NULL };

static int take_room_type(void *to, const struct opt_row *row, const char *value)
{
    static const char *const room_types[] = { "auto", "int", "string", NULL };
    struct opts *o = to;
    int i;
    const int code = opt_choose(row, value, room_types, &i);
    o->room_type = (enum trtc_room_type)(TRTC_ROOM_AUTO + i);
    o->room_type_given = true;
    return code;
}

#define AT(member) .at = offsetof(struct opts, member)
#define TO_ENCODE  .commands = 1U << ENCODE
#define TO_DECODE  .commands = 1U << DECODE
static const struct opt_row rows[] = {
    { .help = "The parts of a name" },
    { "sdkappid", 'A', "N", "application id, 0 to 4294967295", .take = opt_int, AT(sdkappid),
      .max = TRTC_NAME_SDKAPPID_MAX, TO_ENCODE },
    { "room", 'R', "R", "room: a number or a string", .take = opt_text, AT(room), TO_ENCODE },
    { "room-type", 0, "T", "auto (default), int or string: what the room is",
      .take = take_room_type, TO_ENCODE },
    { "user", 'u', "U", "user id, for a stream of its own; without: the mixed\nstream",
      .take = opt_text, AT(user), .empty = true, TO_ENCODE },
    { "media", 'M', "M", "main or aux, goes with --user", .take = opt_word, AT(media),
      .words = medias, TO_ENCODE },
    { "type", 0, "T", "audio or video, goes with --user, not for mp4", .take = opt_word, AT(type),
      .words = types, TO_ENCODE },
    { "utc", 0, "TIME", "start of a ts: epoch ms, 17 digits or RFC 3339", .take = opt_time,
      AT(utc_ms), TO_ENCODE },
    { "index", 0, "N", "number of an mp4 or m3u8, from 1", .take = opt_int, AT(index), .min = 1,
      .max = TRTC_NAME_INDEX_MAX, TO_ENCODE },
    { "ha", 0, "N", "1 to 3: recovered file, not for mp4", .take = opt_int, AT(ha), .min = 1,
      .max = TRTC_NAME_HA_MAX, TO_ENCODE },
    { "ext", 0, "EXT", "m3u8, ts or mp4", .take = opt_word, AT(ext), .words = exts, TO_ENCODE },
    { "prefix", 'p', "P", "directories before the task's; goes with --task", .take = opt_text,
      AT(prefix), .empty = true, TO_ENCODE },
    { "task", 'T', "ID", "task id, the directory of the file", .take = opt_text, AT(task),
      .empty = true, TO_ENCODE },
    { .help = "Input and output" },
    { "json", 0, NULL, "NDJSON on stdin instead of the parts", .take = opt_flag, AT(json),
      TO_ENCODE },
    { "json", 0, NULL, "NDJSON instead of TSV", .take = opt_flag, AT(json), TO_DECODE },
    { "room-type", 0, "T", "auto (default), int or string: what the rooms are",
      .take = take_room_type, TO_DECODE },
    { "header", 0, NULL, "start with a line that names the columns", .take = opt_flag, AT(header),
      TO_DECODE },
    { "null", '0', NULL, "names end with NUL, not with a newline, in and out", .take = opt_flag,
      AT(null) },
    { 0 },
};

static const struct opt_command commands[] = {
    { "encode", "--sdkappid N --room R [options] --ext m3u8|ts|mp4\n--json < objects > names",
      "Makes the name of a recording's file of the options, or a name of each object of\n"
      "'decode --json'.",
      "trtc-name encode --sdkappid 1400000001 --room 3560 --user anna --media main --ext mp4" },
    { "decode", "[options] [NAME...]",
      "Takes the names given, or those on stdin (also for '-'), apart, and prints one line each:\n"
      "sdkappid room room_type user media type utc index ext ha task prefix",
      "ls recording | trtc-name decode --header" },
    { 0 },
};

static const struct opt_program program = {
    .name = "trtc-name",
    .about = "The file names of TRTC recordings: encode makes them, decode takes them apart.",
    .example = "ls recording | trtc-name decode --header",
    .rows = rows,
    .commands = commands,
    .reads = "decode",
};

static bool any_part(const struct opts *o)
{
    return o->sdkappid >= 0 || o->room || o->user || o->prefix || o->task || o->media >= 0 ||
           o->type >= 0 || o->ext >= 0 || o->index >= 0 || o->ha >= 0 || o->utc_ms != TRTC_NOTIME ||
           o->room_type_given;
}

/* Checks the combinations that the table of options cannot express. */
static int check_encode(const struct opts *o)
{
    if (o->operands.n && !(o->json && o->operands.n == 1 && strcmp(o->operands.items[0], "-") == 0))
        return cli_usage("unexpected operand '%s'", o->operands.items[0]);
    if (o->json)
        return any_part(o)
                   ? cli_usage("--json takes the parts of the names from stdin, not from options")
                   : 0;
    if (o->sdkappid < 0)
        return cli_usage("--sdkappid is missing");
    if (!o->room)
        return cli_usage("--room is missing");
    if (o->ext < 0)
        return cli_usage("--ext is missing: m3u8, ts or mp4");
    return 0;
}

static int run(const struct opts *o, int command)
{
    struct trtc_err err;
    int code = command == ENCODE ? check_encode(o) : 0;
    if (code)
        return code;
    code = command == ENCODE ? encode(o, &err) : decode(o, &err);
    if (code >= 0)
        return code;
    return err.code == TRTC_EX_USAGE ? cli_usage("%s", err.msg) : cli_report(&err);
}

int main(int argc, char *argv[])
{
    struct opts o = { .sdkappid = -1,
                      .media = -1,
                      .type = -1,
                      .ext = -1,
                      .index = -1,
                      .ha = -1,
                      .utc_ms = TRTC_NOTIME };
    int command = 0, code = 0;
    cli_init(program.name);
    if (opt_read(&program, argc, argv, &o, &command, &o.operands, &code) == OPT_GO)
        code = run(&o, command);
    opt_list_free(&o.operands);
    return cli_finish(code);
}
