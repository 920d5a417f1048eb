/* SPDX-License-Identifier: MIT */
/* Option tables: what is read, what is refused and how, what --help prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/cli.h"
#include "cmd/opt.h"

struct got {
    bool flag;
    const char *text;
    struct opt_list list;
    int64_t number, bytes, us, ms;
    int word;
    const char *maybe;
    int nb_maybe, small;
    char size[16];
};

static int take_maybe(void *to, const struct opt_row *row, const char *value)
{
    struct got *g = to;
    (void)row;
    g->nb_maybe++;
    g->maybe = value;
    return value && strcmp(value, "bad") == 0 ? cli_usage("--maybe: bad") : 0;
}

static int take_size(void *to, const struct opt_row *row, const char *value)
{
    struct got *g = to;
    (void)row;
    snprintf(g->size, sizeof g->size, "%s", value);
    return 0;
}

#define AT(member) .at = offsetof(struct got, member)
static const char *const colours[] = { "red", "green", NULL };
static const struct opt_row rows[] = {
    { .help = "What is read" },
    { "flag", 'f', NULL, "a flag", .take = opt_flag, AT(flag) },
    { "text", 't', "TEXT", "a text,\nin two lines", .take = opt_text, AT(text) },
    { "user", 'u', "USER", "several", .take = opt_append, AT(list) },
    { .help = "Numbers" },
    { "number", 'n', "N", "a number", .take = opt_int, AT(number), .min = 1, .max = 9 },
    { "bytes", 0, "B", "bytes", .take = opt_bytes, AT(bytes), .max = 1000000 },
    { "timeout", 0, "T", "how long", .take = opt_duration, AT(us), .max = 60000000 },
    { "since", 0, "TIME", "when", .take = opt_time, AT(ms) },
    { "colour", 0, "NAME", "which", .take = opt_word, AT(word), .words = colours },
    { "maybe", 0, "[FMT]", "with or without", .take = take_maybe },
    { "jobs", 'j', "N", "a small number", .take = opt_small, AT(small), .max = 9, .early = true },
    { "resize", 'r', "W H", "a size", .take = take_size, .pair = true },
    { 0 },
};
static const struct opt_program plain = {
    .name = "prog",
    .synopsis = "[options] FILE...\n--list",
    .about = "Does it.",
    .example = "prog -f x |\n    wc",
    .rows = rows,
};

static const struct opt_row sub_rows[] = {
    { "flag", 'f', NULL, "a flag", .take = opt_flag, AT(flag), .commands = 1U << 1 },
    { "text", 't', "TEXT", "a text", .take = opt_text, AT(text) },
    { 0 },
};
static const struct opt_command commands[] = {
    { "serve", "[options]", "Serves.", "prog serve" },
    { "send", "URL", "Sends.", NULL },
    { 0 },
};
static const struct opt_program subs = {
    .name = "prog", .about = "Both.", .rows = sub_rows, .commands = commands
};

/* A run: what was returned, and what stood on standard output and error. */
struct run {
    enum opt_read ret;
    int code, command;
    struct got got;
    struct opt_list operands;
    char line[256]; /* what the lists point into */
    char out[4096], err[1024];
};

static void grab(FILE *f, int fd, int saved, char *out, size_t size)
{
    fflush(fd == 1 ? stdout : stderr);
    dup2(saved, fd);
    close(saved);
    rewind(f);
    out[fread(out, 1, size - 1, f)] = '\0';
    fclose(f);
}

static void run(struct run *r, const struct opt_program *p, const char *words)
{
    char *argv[32] = { "prog" };
    int argc = 1;
    memset(r, 0, sizeof *r);
    snprintf(r->line, sizeof r->line, "%s", words);
    for (char *w = strtok(r->line, " "); w; w = strtok(NULL, " "))
        argv[argc++] = strcmp(w, "''") == 0 ? "" : w;
    fflush(stdout);
    FILE *out = tmpfile(), *err = tmpfile();
    int out_fd = dup(1), err_fd = dup(2);
    dup2(fileno(out), 1);
    dup2(fileno(err), 2);
    r->ret = opt_read(p, argc, argv, &r->got, &r->command, &r->operands, &r->code);
    grab(out, 1, out_fd, r->out, sizeof r->out);
    grab(err, 2, err_fd, r->err, sizeof r->err);
}

static void end(struct run *r)
{
    opt_list_free(&r->got.list);
    opt_list_free(&r->operands);
}

static void reads_everything(void **state)
{
    struct run r;
    (void)state;
    run(&r, &plain,
        "-f one --text=a -u x --user y -n 7 --bytes 20k --timeout 1.5 --since 1767225600000 two "
        "--colour green --maybe=svg -- -f");
    assert_int_equal(r.ret, OPT_GO);
    assert_string_equal(r.err, "");
    assert_true(r.got.flag);
    assert_int_equal(r.got.list.n, 2);
    assert_string_equal(r.got.list.items[1], "y");
    assert_int_equal(r.got.number, 7);
    assert_int_equal(r.got.bytes, 20000);
    assert_int_equal(r.got.us, 1500000);
    assert_int_equal(r.got.ms, INT64_C(1767225600000));
    assert_int_equal(r.got.word, 1);
    assert_int_equal(r.got.nb_maybe, 1);
    assert_int_equal(r.operands.n, 3);
    end(&r);
    run(&r, &plain, "--maybe x");
    assert_int_equal(r.got.nb_maybe, 1);
    assert_null(r.got.maybe);
    assert_int_equal(r.operands.n, 1);
    end(&r);
}

static void joins_two_words(void **state)
{
    static const struct {
        const char *words, *size;
        size_t nb_operands;
    } t[] = {
        { "-r 640 360", "640x360", 0 },      { "-r640 360 x", "640x360", 1 },
        { "-r 640x360 7", "640x360", 1 },    { "--resize=640 360", "640x360", 0 },
        { "--resize 640 -f 360", "640", 1 }, { "x -fr 640 360", "640x360", 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct run r;
        run(&r, &plain, t[i].words);
        assert_int_equal(r.ret, OPT_GO);
        assert_string_equal(r.got.size, t[i].size);
        assert_int_equal(r.operands.n, t[i].nb_operands);
        end(&r);
    }
}

static void takes_some_before(void **state)
{
    struct got g = { 0 };
    char *words[] = { "prog", "-t", "a", "x", "-r", "1", "2", "-j", "4", "y", NULL };
    char *wrong[] = { "prog", "-j", "4", "--nonsense", NULL };
    struct run r;
    int code = 0;
    (void)state;
    assert_int_equal(opt_read_early(&plain, 10, words, &g, &code), OPT_GO);
    assert_int_equal(g.small, 4);
    assert_null(g.text);
    assert_int_equal(opt_read_early(&plain, 4, wrong, &g, &code), OPT_DONE);
    assert_int_equal(code, 0);
    run(&r, &plain, "-j 4 -t a");
    assert_int_equal(r.got.small, 0);
    assert_string_equal(r.got.text, "a");
    end(&r);
}

static void refuses(void **state)
{
    static const struct {
        const char *words, *says;
    } t[] = {
        { "--txt x", "unknown option: '--txt' (is '--text' meant?); try 'prog --help'\n" },
        { "--colur=red", "unknown option: '--colur' (is '--colour' meant?); try 'prog --help'\n" },
        { "--zzzzzz", "unknown option: '--zzzzzz'; try 'prog --help'\n" },
        { "-z", "unknown option: '-z'; try 'prog --help'\n" },
        { "--text", "option needs a value: '--text' TEXT; try 'prog --help'\n" },
        { "-t", "option needs a value: '-t' TEXT; try 'prog --help'\n" },
        { "-flag", "unknown option: '-l' (is '--flag' meant?); try 'prog --help'\n" },
        { "--t x", "ambiguous option: '--t' begins --text, --timeout; try 'prog --help'\n" },
        { "-n 10", "-n: 10 is not within 1 to 9; try 'prog --help'\n" },
        { "--number 10", "--number: 10 is not within 1 to 9; try 'prog --help'\n" },
        { "--flag=1", "option takes no value: '--flag=1'; try 'prog --help'\n" },
        { "--colour blue",
          "--colour: unknown value 'blue': expected one of red, green; try 'prog --help'\n" },
        { "--maybe=bad", "--maybe: bad; try 'prog --help'\n" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct run r;
        run(&r, &plain, t[i].words);
        assert_int_equal(r.ret, OPT_WRONG);
        assert_int_equal(r.code, 64);
        assert_string_equal(r.err + strlen("prog: "), t[i].says);
        assert_string_equal(r.out, "");
        end(&r);
    }
}

static void chooses_a_command(void **state)
{
    struct run r;
    (void)state;
    run(&r, &subs, "send -f x");
    assert_int_equal(r.ret, OPT_GO);
    assert_int_equal(r.command, 1);
    assert_true(r.got.flag);
    assert_int_equal(r.operands.n, 1);
    end(&r);
    run(&r, &subs, "-q --verbose send -q x");
    assert_int_equal(r.ret, OPT_GO);
    assert_int_equal(r.command, 1);
    assert_int_equal(r.operands.n, 1);
    end(&r);
    cli_set_verbosity(0);
    run(&r, &subs, "--flag send");
    assert_string_equal(r.err, "prog: '--flag' must follow the sub-command; try 'prog --help'\n");
    run(&r, &subs, "-t send");
    assert_string_equal(r.err, "prog: '-t' must follow the sub-command; try 'prog --help'\n");
    run(&r, &subs, "--hlep send");
    assert_string_equal(r.err,
                        "prog: unknown option: '--hlep' (is '--help' meant?); try 'prog --help'\n");
    run(&r, &subs, "serve -f");
    assert_int_equal(r.ret, OPT_WRONG);
    assert_string_equal(r.err, "prog: unknown option: '-f'; try 'prog --help'\n");
    run(&r, &subs, "sned");
    assert_string_equal(
        r.err, "prog: unknown sub-command: 'sned' (is 'send' meant?); try 'prog --help'\n");
    run(&r, &subs, "");
    assert_int_equal(r.code, 64);
    assert_string_equal(r.err, "prog: give a sub-command: serve, send; try 'prog --help'\n");
    run(&r, &subs, "nonsense");
    assert_string_equal(r.err,
                        "prog: unknown sub-command: 'nonsense': expected one of serve, send; "
                        "try 'prog --help'\n");
}

static void prints_help(void **state)
{
    struct run r;
    (void)state;
    run(&r, &plain, "-n 3 --help --nonsense");
    assert_int_equal(r.ret, OPT_DONE);
    assert_int_equal(r.code, 0);
    assert_string_equal(r.out, "usage: prog [options] FILE...\n"
                               "       prog --list\n"
                               "\n"
                               "Does it.\n"
                               "\n"
                               "What is read:\n"
                               "  -f, --flag                    a flag\n"
                               "  -t, --text TEXT               a text,\n"
                               "                                in two lines\n"
                               "  -u, --user USER               several\n"
                               "\n"
                               "Numbers:\n"
                               "  -n, --number N                a number\n"
                               "      --bytes B                 bytes\n"
                               "      --timeout T               how long\n"
                               "      --since TIME              when\n"
                               "      --colour NAME             which\n"
                               "      --maybe[=FMT]             with or without\n"
                               "  -j, --jobs N                  a small number\n"
                               "  -r, --resize W H              a size\n"
                               "\n"
                               "General:\n"
                               "  -q, --quiet                   print no notes and no progress\n"
                               "  -v, --verbose                 print more about what is done\n"
                               "  -h, --help                    print this and exit\n"
                               "  -V, --version                 print the version and exit\n"
                               "\n"
                               "Example:\n"
                               "    prog -f x |\n"
                               "        wc\n");
    run(&r, &subs, "serve --help");
    assert_non_null(strstr(r.out, "usage: prog serve [options]\n\nServes.\n\n  -t, --text"));
    assert_null(strstr(r.out, "--flag"));
    assert_non_null(strstr(r.out, "Example:\n    prog serve\n"));
    run(&r, &subs, "--help");
    assert_non_null(strstr(r.out, "usage: prog serve [options]\n       prog send URL\n\nBoth.\n"));
    run(&r, &subs, "-V");
    assert_int_equal(r.ret, OPT_DONE);
    assert_string_equal(r.out, "prog " TRTC_VERSION "\n");
}

static void finds_near_words(void **state)
{
    static const char *const names[] = { "force", "from", "for", "finished" };
    (void)state;
    assert_string_equal(opt_nearest("froce", names, 4), "force");
    assert_string_equal(opt_nearest("finish", names, 4), "finished");
    assert_null(opt_nearest("user", names, 4));
    assert_null(opt_nearest("", names, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything),  cmocka_unit_test(refuses),
        cmocka_unit_test(chooses_a_command), cmocka_unit_test(prints_help),
        cmocka_unit_test(finds_near_words),  cmocka_unit_test(joins_two_words),
        cmocka_unit_test(takes_some_before),
    };
    cli_init("prog");
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
