/* SPDX-License-Identifier: MIT */
/* Decides whether a call is repeated, and when. */
#include "net/retry.h"

#include <stddef.h>
#include <string.h>

/* The meaning of the first part of an error code. The second part only matters in the rows that
 * have one. */
static const struct {
    const char *first;
    int exit_code;
    bool again;
} groups[] = {
    { "InternalError", TRTC_EX_TEMPFAIL, true },
    { "RequestLimitExceeded", TRTC_EX_TEMPFAIL, true },
    /* temporary, but not within the minutes of a call: left to a scheduler */
    { "ServiceUnavailable", TRTC_EX_TEMPFAIL, false },
    { "ResourceUnavailable", TRTC_EX_TEMPFAIL, false },
    { "ResourceInsufficient", TRTC_EX_TEMPFAIL, false },
    { "ResourceInUse", TRTC_EX_TEMPFAIL, false },
    { "LimitExceeded", TRTC_EX_TEMPFAIL, false },
    { "FailedOperation.RestrictedConcurrency", TRTC_EX_TEMPFAIL, false },
    { "AuthFailure", TRTC_EX_NOPERM, false },
    { "UnauthorizedOperation", TRTC_EX_NOPERM, false },
    { "IpInBlacklist", TRTC_EX_NOPERM, false },
    { "IpNotInWhitelist", TRTC_EX_NOPERM, false },
    { "ResourceNotFound", TRTC_EX_NOINPUT, false },
    { "InvalidParameter", TRTC_EX_DATAERR, false },
    { "InvalidParameterValue", TRTC_EX_DATAERR, false },
    { "InvalidRequest", TRTC_EX_DATAERR, false },
    { "MissingParameter", TRTC_EX_DATAERR, false },
    { "UnknownParameter", TRTC_EX_DATAERR, false },
    { "RequestSizeLimitExceeded", TRTC_EX_DATAERR, false },
};

/* Whether the code is that word, or begins with it and a dot. */
static bool is_of(const char *code, const char *group)
{
    size_t n = strlen(group);

    return !strncmp(code, group, n) && (code[n] == '\0' || code[n] == '.');
}

/* The index of the group; -1: none. */
static int group_of(const char *code)
{
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (is_of(code, groups[i].first))
            return (int)i;
    return -1;
}

int trtc_retry_exit_code(const char *code)
{
    int i = group_of(code);

    return i < 0 ? TRTC_EX_UNAVAILABLE : groups[i].exit_code;
}

/* The result of an attempt by itself, before attempts are counted. */
struct judgement {
    bool done;
    bool again;    /* worth another attempt */
    bool maybe;    /* the service may have carried it out */
    int exit_code; /* if it is the last attempt */
};

/* An answer with an HTTP status other than 200 comes from something in front of the service. */
static struct judgement judge_status(int status)
{
    switch (status) {
    case 401:
    case 403:
    case 407:
        return (struct judgement){ .exit_code = TRTC_EX_NOPERM };
    case 413:
        return (struct judgement){ .exit_code = TRTC_EX_DATAERR };
    case 408:
    case 429:
        return (struct judgement){ .again = true, .exit_code = TRTC_EX_TEMPFAIL };
    default:
        if (status >= 500)
            return (
                struct judgement){ .again = true, .maybe = true, .exit_code = TRTC_EX_TEMPFAIL };
        return (struct judgement){ .exit_code = TRTC_EX_UNAVAILABLE };
    }
}

static struct judgement judge_answer(const struct trtc_attempt *a)
{
    int i;

    if (a->status != 200)
        return judge_status(a->status);
    if (!a->code)
        return (struct judgement){ .done = true };
    if (!*a->code)
        return (struct judgement){ .maybe = true, .exit_code = TRTC_EX_UNAVAILABLE };
    i = group_of(a->code);
    return (struct judgement){ .again = i >= 0 && groups[i].again,
                               .exit_code = trtc_retry_exit_code(a->code) };
}

static struct judgement judge(const struct trtc_attempt *a)
{
    switch (a->net) {
    case TRTC_NET_ANSWER:
        return judge_answer(a);
    case TRTC_NET_UNSENT:
        return (struct judgement){ .again = true, .exit_code = TRTC_EX_TEMPFAIL };
    case TRTC_NET_LOST:
        return (struct judgement){ .again = true, .maybe = true, .exit_code = TRTC_EX_TEMPFAIL };
    case TRTC_NET_TLS:
        return (struct judgement){ .exit_code = TRTC_EX_NOPERM };
    case TRTC_NET_TOO_LARGE:
    case TRTC_NET_MALFORMED:
        return (struct judgement){ .maybe = true, .exit_code = TRTC_EX_UNAVAILABLE };
    case TRTC_NET_STOPPED:
        return (struct judgement){ .maybe = true, .exit_code = TRTC_EX_TEMPFAIL };
    case TRTC_NET_CONNECT: /* a wrong name or no server: reported at once */
    case TRTC_NET_LOCAL:
        break;
    }
    return (struct judgement){ .exit_code = TRTC_EX_TEMPFAIL };
}

/* 3, 6, 12 ... s, or what the server requests, plus up to a quarter, so that clients that failed
 * together do not return together. */
static int64_t wait_for(int nb_retries, int64_t retry_after_s, double chance)
{
    int64_t ms = TRTC_RETRY_FIRST_MS;

    for (int i = 0; i < nb_retries && ms < TRTC_RETRY_MAX_MS; i++)
        ms *= 2;
    if (retry_after_s > 0)
        ms = retry_after_s < TRTC_RETRY_MAX_MS / 1000 ? retry_after_s * 1000 : TRTC_RETRY_MAX_MS;
    ms += (int64_t)((double)ms * chance / 4);
    return ms < TRTC_RETRY_MAX_MS ? ms : TRTC_RETRY_MAX_MS;
}

/* Adopts the server's clock, once in a call: a second refusal has another reason. */
static bool move_clock(struct trtc_retry_state *state, const struct trtc_attempt *a)
{
    if (a->net != TRTC_NET_ANSWER || a->status != 200 || !a->code ||
        strcmp(a->code, "AuthFailure.SignatureExpire") != 0 || state->clock_set || a->date_s < 0)
        return false;
    state->clock_set = true;
    state->offset_s = a->date_s - a->now_s;
    return true;
}

static struct trtc_decision stop(const struct trtc_retry_rules *rules,
                                 const struct trtc_retry_state *state, int exit_code)
{
    bool unknown = rules->creates && state->maybe_done;

    /* the user must check what may have been created, whatever the last answer was */
    return (struct trtc_decision){
        .verdict = TRTC_VERDICT_STOP,
        .exit_code = unknown && exit_code == TRTC_EX_UNAVAILABLE ? TRTC_EX_TEMPFAIL : exit_code,
        .unknown = unknown,
    };
}

struct trtc_decision trtc_retry_decide(const struct trtc_retry_rules *rules,
                                       struct trtc_retry_state *state,
                                       const struct trtc_attempt *attempt, double chance)
{
    struct judgement j = judge(attempt);
    int64_t budget_ms = rules->budget_ms > 0 ? rules->budget_ms : TRTC_RETRY_BUDGET_MS;
    int64_t wait_ms;

    if (j.done)
        return (struct trtc_decision){ .verdict = TRTC_VERDICT_DONE };
    if (move_clock(state, attempt))
        return (struct trtc_decision){ .verdict = TRTC_VERDICT_AGAIN, .clock_moved = true };
    state->maybe_done |= j.maybe;
    wait_ms = wait_for(state->nb_retries, attempt->retry_after_s, chance);
    if (!j.again || state->nb_retries >= rules->retries || attempt->spent_ms + wait_ms > budget_ms)
        return stop(rules, state, j.exit_code);
    state->nb_retries++;
    return (struct trtc_decision){ .verdict = TRTC_VERDICT_AGAIN, .wait_ms = wait_ms };
}
