/* SPDX-License-Identifier: MIT */
/* base/err: messages, what an errno makes of an exit status, which of two is worse. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static void test_message(void **state)
{
    struct trtc_err err;
    char longest[sizeof err.msg + 100], want[sizeof err.msg];
    (void)state;
    assert_int_equal(trtc_fail(&err, TRTC_EX_DATAERR, "'%s': %d fields", "a", 3), -1);
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_string_equal(err.msg, "'a': 3 fields");
    assert_int_equal(trtc_fail_nomem(&err), -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    assert_string_equal(err.msg, "out of memory");

    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memcpy(want, longest, sizeof want - 1);
    want[sizeof want - 1] = '\0';
    trtc_fail(&err, TRTC_EX_USAGE, "%s", longest);
    assert_string_equal(err.msg, want);
    trtc_fail_errno(&err, TRTC_EX_USAGE, EIO, "%s", longest); /* there is no room for its text */
    assert_string_equal(err.msg, want);
    trtc_fail_errno(&err, TRTC_EX_USAGE, EIO, "%.*s", (int)sizeof want - 4, longest);
    memcpy(want + sizeof want - 4, ": I", 4);
    assert_string_equal(err.msg, want);

    assert_int_equal(trtc_fail(NULL, TRTC_EX_USAGE, "nobody asks"), -1);
    assert_int_equal(trtc_fail_errno(NULL, TRTC_EX_USAGE, EIO, "nobody asks"), -1);
    assert_int_equal(trtc_fail_nomem(NULL), -1);
}

static void test_errno(void **state)
{
    static const struct {
        int code, errnum, want;
    } t[] = {
        { TRTC_EX_IOERR, EIO, TRTC_EX_IOERR },
        { TRTC_EX_IOERR, ENOSPC, TRTC_EX_TEMPFAIL },
        { TRTC_EX_CANTCREAT, EDQUOT, TRTC_EX_TEMPFAIL },
        { TRTC_EX_CANTCREAT, EMFILE, TRTC_EX_TEMPFAIL },
        { TRTC_EX_NOINPUT, ENFILE, TRTC_EX_TEMPFAIL },
        { TRTC_EX_NOINPUT, ENOMEM, TRTC_EX_TEMPFAIL },
        { TRTC_EX_NOINPUT, ETIMEDOUT, TRTC_EX_TEMPFAIL },
        { TRTC_EX_NOINPUT, ESTALE, TRTC_EX_TEMPFAIL },
        { TRTC_EX_NOINPUT, ENOENT, TRTC_EX_NOINPUT },
        { TRTC_EX_NOINPUT, EACCES, TRTC_EX_NOPERM },
        { TRTC_EX_NOINPUT, EPERM, TRTC_EX_NOPERM },
        { TRTC_EX_NOINPUT, EIO, TRTC_EX_IOERR },
        { TRTC_EX_NOINPUT, ENOTCONN, TRTC_EX_IOERR },
        { TRTC_EX_NOINPUT, EUCLEAN, TRTC_EX_IOERR },
        { TRTC_EX_NOINPUT, ENXIO, TRTC_EX_NOINPUT },
        { TRTC_EX_CANTCREAT, ENOTCONN, TRTC_EX_CANTCREAT },
        { TRTC_EX_CANTCREAT, EIO, TRTC_EX_IOERR },
        { TRTC_EX_CANTCREAT, EACCES, TRTC_EX_CANTCREAT },
        { TRTC_EX_CANTCREAT, EROFS, TRTC_EX_CANTCREAT },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        struct trtc_err err;
        char want[200];
        assert_int_equal(trtc_fail_errno(&err, t[i].code, t[i].errnum, "'%s'", "x"), -1);
        if (err.code != t[i].want)
            fail_msg("case %zu: %d", i, err.code);
        snprintf(want, sizeof want, "'x': %s", strerror(t[i].errnum));
        assert_string_equal(err.msg, want);
        assert_int_equal(trtc_is_shortage(&err),
                         err.code == TRTC_EX_TEMPFAIL || err.code == TRTC_EX_IOERR);
    }
}

/* Ordered from good to bad. */
static void test_worse(void **state)
{
    static const int codes[] = { TRTC_EX_OK,       TRTC_EX_LOSS,      TRTC_EX_USAGE,
                                 TRTC_EX_DATAERR,  TRTC_EX_NOINPUT,   TRTC_EX_UNAVAILABLE,
                                 TRTC_EX_SOFTWARE, TRTC_EX_CANTCREAT, TRTC_EX_IOERR,
                                 TRTC_EX_TEMPFAIL, TRTC_EX_NOPERM,    TRTC_EX_CONFIG };
    (void)state;
    for (size_t i = 0; i < LENGTH(codes); i++)
        for (size_t k = 0; k < LENGTH(codes); k++)
            assert_int_equal(trtc_worse(codes[i], codes[k]), codes[i > k ? i : k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_worse),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
