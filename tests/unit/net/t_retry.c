/* SPDX-License-Identifier: MIT */
/* Retry rules as tables: every error code the API documents, every way an exchange ends, all
 * waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/retry.h"

static struct trtc_attempt answer(int status, const char *code)
{
    return (struct trtc_attempt){
        .net = TRTC_NET_ANSWER, .status = status, .code = code, .retry_after_s = -1, .date_s = -1
    };
}

static struct trtc_decision once(struct trtc_attempt a, bool creates)
{
    const struct trtc_retry_rules rules = { .retries = 5, .creates = creates };
    struct trtc_retry_state state = { 0 };
    return trtc_retry_decide(&rules, &state, &a, 0);
}

/* Again, or the exit status. */
static void codes(void **state)
{
    enum { AGAIN = -1 };
    static const struct {
        const char *code;
        int want;
    } t[] = {
        { "InternalError", AGAIN },
        { "InternalError.CRInternalError", AGAIN },
        { "InternalError.Whatever", AGAIN },
        { "RequestLimitExceeded", AGAIN },
        { "RequestLimitExceeded.GlobalRegionUinLimitExceeded", AGAIN },
        { "RequestLimitExceeded.IPLimitExceeded", AGAIN },
        { "RequestLimitExceeded.UinLimitExceeded", AGAIN },
        { "FailedOperation.RestrictedConcurrency", TRTC_EX_TEMPFAIL },
        { "LimitExceeded", TRTC_EX_TEMPFAIL },
        { "ResourceInUse", TRTC_EX_TEMPFAIL },
        { "ResourceInsufficient", TRTC_EX_TEMPFAIL },
        { "ResourceInsufficient.RequestRejection", TRTC_EX_TEMPFAIL },
        { "ResourceUnavailable", TRTC_EX_TEMPFAIL },
        { "ServiceUnavailable", TRTC_EX_TEMPFAIL },
        { "AuthFailure", TRTC_EX_NOPERM },
        { "AuthFailure.InvalidAuthorization", TRTC_EX_NOPERM },
        { "AuthFailure.InvalidSecretId", TRTC_EX_NOPERM },
        { "AuthFailure.MFAFailure", TRTC_EX_NOPERM },
        { "AuthFailure.SecretIdNotFound", TRTC_EX_NOPERM },
        { "AuthFailure.SignatureExpire", TRTC_EX_NOPERM }, /* no Date to go by */
        { "AuthFailure.SignatureFailure", TRTC_EX_NOPERM },
        { "AuthFailure.TokenFailure", TRTC_EX_NOPERM },
        { "AuthFailure.UnRealNameAuthenticated", TRTC_EX_NOPERM },
        { "AuthFailure.UnauthorizedOperation", TRTC_EX_NOPERM },
        { "AuthFailure.UnsupportedOperation", TRTC_EX_NOPERM },
        { "IpInBlacklist", TRTC_EX_NOPERM },
        { "IpNotInWhitelist", TRTC_EX_NOPERM },
        { "UnauthorizedOperation", TRTC_EX_NOPERM },
        { "UnauthorizedOperation.SdkAppId", TRTC_EX_NOPERM },
        { "ResourceNotFound", TRTC_EX_NOINPUT },
        { "InvalidParameter", TRTC_EX_DATAERR },
        { "InvalidParameter.BodyParamsError", TRTC_EX_DATAERR },
        { "InvalidParameter.OutOfRange", TRTC_EX_DATAERR },
        { "InvalidParameter.SdkAppId", TRTC_EX_DATAERR },
        { "InvalidParameter.UserSig", TRTC_EX_DATAERR },
        { "InvalidParameterValue", TRTC_EX_DATAERR },
        { "InvalidRequest", TRTC_EX_DATAERR },
        { "MissingParameter", TRTC_EX_DATAERR },
        { "MissingParameter.StorageParams", TRTC_EX_DATAERR },
        { "UnknownParameter", TRTC_EX_DATAERR },
        { "RequestSizeLimitExceeded", TRTC_EX_DATAERR },
        { "ActionOffline", TRTC_EX_UNAVAILABLE },
        { "DryRunOperation", TRTC_EX_UNAVAILABLE },
        { "FailedOperation", TRTC_EX_UNAVAILABLE },
        { "FailedOperation.CRUnsupportMethod", TRTC_EX_UNAVAILABLE },
        { "InvalidAction", TRTC_EX_UNAVAILABLE },
        { "NoSuchProduct", TRTC_EX_UNAVAILABLE },
        { "NoSuchVersion", TRTC_EX_UNAVAILABLE },
        { "ResponseSizeLimitExceeded", TRTC_EX_UNAVAILABLE },
        { "UnsupportedOperation", TRTC_EX_UNAVAILABLE },
        { "UnsupportedProtocol", TRTC_EX_UNAVAILABLE },
        { "UnsupportedRegion", TRTC_EX_UNAVAILABLE },
        /* nothing goes by the beginning of a word, or by case */
        { "InternalErrors", TRTC_EX_UNAVAILABLE },
        { "internalerror", TRTC_EX_UNAVAILABLE },
        { "FailedOperation.RestrictedConcurrencyX", TRTC_EX_UNAVAILABLE },
        { "SomethingNew", TRTC_EX_UNAVAILABLE },
        { "", TRTC_EX_UNAVAILABLE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_decision d = once(answer(200, t[i].code), false);
        int got = d.verdict == TRTC_VERDICT_AGAIN ? AGAIN : d.exit_code;
        if (d.verdict == TRTC_VERDICT_DONE || got != t[i].want)
            fail_msg("%s: %d", t[i].code, got);
        if (got != AGAIN)
            assert_int_equal(trtc_retry_exit_code(t[i].code), t[i].want);
        else
            assert_int_equal(trtc_retry_exit_code(t[i].code), TRTC_EX_TEMPFAIL);
        assert_false(d.unknown);
        assert_false(d.clock_moved);
    }
    assert_int_equal(once(answer(200, NULL), true).verdict, TRTC_VERDICT_DONE);
}

static void statuses(void **state)
{
    static const struct {
        int status;
        bool again;
        int exit_code;
    } t[] = {
        { 500, true, 0 },
        { 502, true, 0 },
        { 503, true, 0 },
        { 504, true, 0 },
        { 599, true, 0 },
        { 429, true, 0 },
        { 408, true, 0 },
        { 400, false, TRTC_EX_UNAVAILABLE },
        { 401, false, TRTC_EX_NOPERM },
        { 403, false, TRTC_EX_NOPERM },
        { 407, false, TRTC_EX_NOPERM },
        { 404, false, TRTC_EX_UNAVAILABLE },
        { 413, false, TRTC_EX_DATAERR },
        { 302, false, TRTC_EX_UNAVAILABLE },
        { 204, false, TRTC_EX_UNAVAILABLE },
        { 0, false, TRTC_EX_UNAVAILABLE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        /* what the body says does not count then */
        struct trtc_decision d =
            once(answer(t[i].status, i % 2 ? NULL : "InvalidParameter"), false);
        if (d.verdict != (t[i].again ? TRTC_VERDICT_AGAIN : TRTC_VERDICT_STOP) ||
            (!t[i].again && d.exit_code != t[i].exit_code))
            fail_msg("%d: %d %d", t[i].status, d.verdict, d.exit_code);
    }
}

static void classes(void **state)
{
    static const struct {
        enum trtc_net net;
        bool again, maybe;
        int exit_code, exit_code_of_create;
    } t[] = {
        { TRTC_NET_CONNECT, false, false, TRTC_EX_TEMPFAIL, TRTC_EX_TEMPFAIL },
        { TRTC_NET_UNSENT, true, false, TRTC_EX_TEMPFAIL, TRTC_EX_TEMPFAIL },
        { TRTC_NET_LOST, true, true, TRTC_EX_TEMPFAIL, TRTC_EX_TEMPFAIL },
        { TRTC_NET_TLS, false, false, TRTC_EX_NOPERM, TRTC_EX_NOPERM },
        { TRTC_NET_TOO_LARGE, false, true, TRTC_EX_UNAVAILABLE, TRTC_EX_TEMPFAIL },
        { TRTC_NET_MALFORMED, false, true, TRTC_EX_UNAVAILABLE, TRTC_EX_TEMPFAIL },
        { TRTC_NET_STOPPED, false, true, TRTC_EX_TEMPFAIL, TRTC_EX_TEMPFAIL },
        { TRTC_NET_LOCAL, false, false, TRTC_EX_TEMPFAIL, TRTC_EX_TEMPFAIL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        for (int creates = 0; creates < 2; creates++) {
            const struct trtc_retry_rules rules = { .retries = 1, .creates = creates };
            const struct trtc_attempt a = { .net = t[i].net, .retry_after_s = -1, .date_s = -1 };
            struct trtc_retry_state s = { 0 };
            struct trtc_decision d = trtc_retry_decide(&rules, &s, &a, 0);
            assert_int_equal(d.verdict == TRTC_VERDICT_AGAIN, t[i].again);
            if (t[i].again)
                d = trtc_retry_decide(&rules, &s, &a, 0);
            assert_int_equal(d.verdict, TRTC_VERDICT_STOP);
            assert_int_equal(d.exit_code, creates ? t[i].exit_code_of_create : t[i].exit_code);
            assert_int_equal(d.unknown, creates && t[i].maybe);
        }
}

/* What was lost once stays unknown, whatever comes after it, but for success. */
static void unknown(void **state)
{
    const struct trtc_retry_rules rules = { .retries = 5, .creates = true };
    const struct trtc_attempt lost = { .net = TRTC_NET_LOST, .retry_after_s = -1, .date_s = -1 };
    struct trtc_attempt bad = answer(200, "InvalidParameter"), good = answer(200, NULL);
    struct trtc_retry_state s = { 0 };
    (void)state;
    assert_int_equal(trtc_retry_decide(&rules, &s, &lost, 0).verdict, TRTC_VERDICT_AGAIN);
    struct trtc_decision d = trtc_retry_decide(&rules, &s, &bad, 0);
    assert_int_equal(d.verdict, TRTC_VERDICT_STOP);
    assert_int_equal(d.exit_code, TRTC_EX_DATAERR);
    assert_true(d.unknown);
    assert_int_equal(trtc_retry_decide(&rules, &s, &good, 0).verdict, TRTC_VERDICT_DONE);
    assert_true(once(answer(200, ""), true).unknown);
    assert_int_equal(once(answer(200, ""), true).exit_code, TRTC_EX_TEMPFAIL);
}

static void waits(void **state)
{
    static const struct {
        double chance;
        int64_t retry_after_s;
        int64_t want_ms[7];
    } t[] = {
        { 0, -1, { 3000, 6000, 12000, 24000, 48000, 60000, 60000 } },
        { 0.5, -1, { 3375, 6750, 13500, 27000, 54000, 60000, 60000 } },
        { 0.9999, -1, { 3749, 7499, 14999, 29999, 59998, 60000, 60000 } },
        { 0, 0, { 3000, 6000, 12000, 24000, 48000, 60000, 60000 } },
        { 0, 1, { 1000, 1000, 1000, 1000, 1000, 1000, 1000 } },
        { 0.5, 40, { 45000, 45000, 45000, 45000, 45000, 45000, 45000 } },
        { 0, 60, { 60000, 60000, 60000, 60000, 60000, 60000, 60000 } },
        { 0.5, INT64_MAX, { 60000, 60000, 60000, 60000, 60000, 60000, 60000 } },
    };
    const struct trtc_retry_rules rules = { .retries = 7, .budget_ms = INT64_MAX };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_retry_state s = { 0 };
        struct trtc_attempt a = answer(503, NULL);
        a.retry_after_s = t[i].retry_after_s;
        for (int k = 0; k < 7; k++) {
            struct trtc_decision d = trtc_retry_decide(&rules, &s, &a, t[i].chance);
            assert_int_equal(d.verdict, TRTC_VERDICT_AGAIN);
            if (d.wait_ms != t[i].want_ms[k])
                fail_msg("%zu: wait %d: %d ms", i, k, (int)d.wait_ms);
        }
        assert_int_equal(trtc_retry_decide(&rules, &s, &a, 0).exit_code, TRTC_EX_TEMPFAIL);
    }
}

static void limits(void **state)
{
    struct trtc_attempt a = answer(200, "InternalError");
    struct trtc_retry_state s = { 0 };
    struct trtc_retry_rules rules = { .retries = 0 };
    (void)state;
    assert_int_equal(trtc_retry_decide(&rules, &s, &a, 0).verdict, TRTC_VERDICT_STOP);
    rules.retries = TRTC_RETRY_COUNT;
    int nb = 0;
    while (trtc_retry_decide(&rules, &s, &a, 0).verdict == TRTC_VERDICT_AGAIN)
        nb++;
    assert_int_equal(nb, 5);
    /* the wait must fit into the budget, by default five minutes */
    s = (struct trtc_retry_state){ 0 };
    a.spent_ms = 297000;
    assert_int_equal(trtc_retry_decide(&rules, &s, &a, 0).verdict, TRTC_VERDICT_AGAIN);
    s = (struct trtc_retry_state){ 0 };
    a.spent_ms = 297001;
    assert_int_equal(trtc_retry_decide(&rules, &s, &a, 0).verdict, TRTC_VERDICT_STOP);
    s = (struct trtc_retry_state){ 0 };
    rules.budget_ms = 400000;
    assert_int_equal(trtc_retry_decide(&rules, &s, &a, 0).verdict, TRTC_VERDICT_AGAIN);
}

/* The clock is moved once, at once, and costs no retry. */
static void clock_rule(void **state)
{
    static const int64_t off_s[] = { 301, -301, 86400, -86400, 0 };
    (void)state;
    for (size_t i = 0; i < sizeof off_s / sizeof off_s[0]; i++) {
        const struct trtc_retry_rules rules = { .retries = 0, .creates = i % 2 };
        struct trtc_retry_state s = { .offset_s = 5 };
        struct trtc_attempt a = answer(200, "AuthFailure.SignatureExpire");
        a.now_s = 1767225600;
        a.date_s = a.now_s + off_s[i];
        struct trtc_decision d = trtc_retry_decide(&rules, &s, &a, 0.9);
        assert_int_equal(d.verdict, TRTC_VERDICT_AGAIN);
        assert_int_equal(d.wait_ms, 0);
        assert_true(d.clock_moved);
        assert_int_equal(s.offset_s, off_s[i]);
        assert_int_equal(s.nb_retries, 0);
        d = trtc_retry_decide(&rules, &s, &a, 0.9);
        assert_int_equal(d.verdict, TRTC_VERDICT_STOP);
        assert_int_equal(d.exit_code, TRTC_EX_NOPERM);
        assert_false(d.unknown);
    }
    /* only for that code, and only from the service itself */
    struct trtc_retry_state s = { 0 };
    struct trtc_attempt a = answer(200, "AuthFailure.SignatureFailure");
    a.date_s = 1;
    const struct trtc_retry_rules rules = { .retries = 0 };
    assert_int_equal(trtc_retry_decide(&rules, &s, &a, 0).verdict, TRTC_VERDICT_STOP);
    a.code = "AuthFailure.SignatureExpire";
    a.status = 503;
    assert_int_equal(trtc_retry_decide(&rules, &s, &a, 0).verdict, TRTC_VERDICT_STOP);
    assert_false(s.clock_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes),      cmocka_unit_test(statuses), cmocka_unit_test(classes),
        cmocka_unit_test(unknown),    cmocka_unit_test(waits),    cmocka_unit_test(limits),
        cmocka_unit_test(clock_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
