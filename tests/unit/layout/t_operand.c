/* SPDX-License-Identifier: MIT */
/* Operands: what belongs to the id, what is taken off it, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utc.h"
#include "layout/operand.h"

#define NONE TRTC_NOTIME

struct row {
    const char *s, *user; /* user NULL: refused */
    bool aux;
    int64_t start_ms;
    const char *source;
};

static void compare(const struct row *t, int r, const struct trtc_operand *o,
                    const struct trtc_err *err)
{
    if (!t->user) {
        if (r == 0)
            fail_msg("'%s' is taken", t->s);
        assert_int_equal(err->code, TRTC_EX_USAGE);
        assert_true(err->msg[0] && strstr(err->msg, t->s));
        return;
    }
    if (r != 0)
        fail_msg("'%s': %s", t->s, err->msg);
    if (o->user_len != strlen(t->user) || memcmp(o->user, t->user, o->user_len) != 0)
        fail_msg("'%s': user '%.*s'", t->s, (int)o->user_len, o->user);
    if (o->aux != t->aux || o->start_ms != t->start_ms)
        fail_msg("'%s': aux %d, start %jd", t->s, o->aux, (intmax_t)o->start_ms);
    if (!t->source)
        assert_null(o->source);
    else
        assert_string_equal(o->source, t->source);
}

static void streams(void **state)
{
    static const struct row t[] = {
        { "anna", "anna", false, NONE, NULL },
        { "anna:main", "anna", false, NONE, NULL },
        { "anna:aux", "anna", true, NONE, NULL },
        { "anna:aux:main", "anna:aux", false, NONE, NULL },
        { "anna:aux:aux", "anna:aux", true, NONE, NULL },
        { "anna:AUX", "anna:AUX", false, NONE, NULL },
        { "anna:", "anna:", false, NONE, NULL },
        { ":", ":", false, NONE, NULL },
        { "aux", "aux", false, NONE, NULL },
        { "a@b:c=d", "a@b:c=d", false, NONE, NULL },
        { "a@20260120113022495", "a@20260120113022495", false, NONE, NULL },
        { "-", "-", false, NONE, NULL },
        { "\xff", "\xff", false, NONE, NULL },
        { "", NULL, false, NONE, NULL },
        { ":aux", NULL, false, NONE, NULL },
        { ":main", NULL, false, NONE, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_operand o;
        struct trtc_err err = { 0 };
        compare(&t[i], trtc_stream_parse(t[i].s, strlen(t[i].s), &o, &err), &o, &err);
    }
    struct trtc_operand o;
    assert_int_equal(trtc_stream_parse("anna:aux", 6, &o, NULL), 0); /* not beyond its length */
    assert_int_equal(o.user_len, 6);
    assert_false(o.aux);
    assert_int_equal(trtc_stream_parse("anna", 0, &o, NULL), -1);
}

#define T0 INT64_C(1768908622495) /* 2026-01-20T11:30:22.495Z */

static void operands(void **state)
{
    static const struct row t[] = {
        { "rec", "rec", false, NONE, NULL },
        { "dir/a:aux@5", "dir/a:aux@5", false, NONE, NULL },
        { "a=f.mp4", "a", false, NONE, "f.mp4" },
        { "a:aux=f.mp4", "a", true, NONE, "f.mp4" },
        { "a:main=-", "a", false, NONE, "-" },
        { "a=b=c", "a", false, NONE, "b=c" },
        { "a@1000=f", "a", false, 1000, "f" },
        { "a@0=f", "a", false, 0, "f" },
        { "a@20260120113022495=f", "a", false, T0, "f" },
        { "a:aux@2026-01-20T11:30:22.495Z=f", "a", true, T0, "f" },
        { "a@2026-01-20T19:30:22.495+08:00=rtmp://h/x?a=b", "a", false, T0, "rtmp://h/x?a=b" },
        { "a@b@1000=f", "a@b", false, 1000, "f" },
        { "a@1000@b=f", "a@1000@b", false, NONE, "f" },
        { "a@example.com=f", "a@example.com", false, NONE, "f" },
        { "a@=f", "a@", false, NONE, "f" },
        { "a@1000:aux=f", "a@1000", true, NONE, "f" },
        { "a@20261399113022495=f", "a@20261399113022495", false, NONE, "f" },
        { "a@-5=f", "a@-5", false, NONE, "f" },
        { "a@ 5=f", "a@ 5", false, NONE, "f" },
        { "@=f", "@", false, NONE, "f" },
        { "a@00000000000000000000000000000000000000000000000000000000000000000000000000001=f",
          "a@00000000000000000000000000000000000000000000000000000000000000000000000000001", false,
          NONE, "f" },
        { "", NULL, false, NONE, NULL },
        { "=f", NULL, false, NONE, NULL },
        { "@1000=f", NULL, false, NONE, NULL },
        { ":aux=f", NULL, false, NONE, NULL },
        { ":aux@1000=f", NULL, false, NONE, NULL },
        { "a=", NULL, false, NONE, NULL },
        { "=", NULL, false, NONE, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_operand o;
        struct trtc_err err = { 0 };
        compare(&t[i], trtc_operand_parse(t[i].s, &o, &err), &o, &err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(streams), cmocka_unit_test(operands) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
