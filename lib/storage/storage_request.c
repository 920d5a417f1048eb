/* SPDX-License-Identifier: MIT */
/* One request to a store: signed, sent, judged, and repeated if that may help. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/retry.h"
#include "storage/crc64.h"
#include "storage/outflow_priv.h"
#include "storage/storage_priv.h"
#include "storage/text_priv.h"
#include "storage/xml_priv.h"

enum {
    MANY = 1000,    /* retries are only limited by the budget */
    EARLIER_S = 60, /* a signature is valid from this long ago, for clocks that differ, */
    LIFE_S = 900,   /* and for so long afterwards */
    SLICE_MS = 250, /* how often a waiting thread checks for successes of others */
    SKEW_S = 300,   /* a larger difference of the clocks may be why a store refuses a request */
};

void trtc_store_answer_fini(struct trtc_store_answer *answer)
{
    trtc_reply_fini(&answer->reply);
    *answer = (struct trtc_store_answer){ 0 };
}

/* ---- sending ---- */

int trtc_store_digest(const struct trtc_storage *s, struct trtc_bytes body, struct trtc_digest *out,
                      struct trtc_err *err)
{
    *out = (struct trtc_digest){ .crc64 = trtc_crc64(0, body.p, body.n), .bytes = (int64_t)body.n };
    if (!s->dialect->sha256)
        return 0;
    if (trtc_sign_sha256(body.p, body.n, out->sha256, out->sha256_hex))
        return trtc_fail_nomem(err);
    EVP_EncodeBlock((unsigned char *)out->sha256_b64, out->sha256, sizeof out->sha256);
    return 0;
}

static char *path_of(const struct trtc_storage *s, const char *key)
{
    struct trtc_draft t = { 0 };

    trtc_draft_word(&t, s->base);
    trtc_draft_word(&t, key);
    return trtc_draft_take(&t);
}

char *trtc_store_url(const struct trtc_storage *s, const struct trtc_store_request *request)
{
    struct trtc_draft t = { 0 };

    trtc_draft_word(&t, s->endpoint.url); /* it ends with the slash that base begins with */
    trtc_draft_percent(&t, s->base + 1, "/");
    trtc_draft_percent(&t, request->key, "/");
    for (size_t i = 0; i < request->nb_query; i++) {
        trtc_draft_word(&t, i ? "&" : "?");
        trtc_draft_percent(&t, request->query[i].name, "");
        trtc_draft_word(&t, "=");
        trtc_draft_percent(&t, request->query[i].value, "");
    }
    return trtc_draft_take(&t);
}

/* Adds Host, the fields of the request, those of the store, the token. */
static int add_fields(const struct trtc_storage *s, const struct trtc_store_request *q,
                      int64_t time_s, struct trtc_headers *out, struct trtc_err *err)
{
    const char *token = s->o.keys->token.text;

    if (trtc_headers_add(out, "Host", s->endpoint.host, err))
        return -1;
    for (size_t i = 0; i < q->nb_fields; i++)
        if (trtc_headers_add(out, q->fields[i].name, q->fields[i].value, err))
            return -1;
    if (token && *token && trtc_headers_add(out, s->dialect->token_field, token, err))
        return -1;
    return s->dialect->add_fields(s, q, time_s, out, err);
}

static int add_signature(const struct trtc_storage *s, const struct trtc_store_request *q,
                         int64_t time_s, struct trtc_headers *out, struct trtc_err *err)
{
    char *path = path_of(s, q->key);
    const struct trtc_signable in = {
        .secret_id = s->o.keys->id.text,
        .secret_key = s->o.keys->key.text,
        .region = s->o.place->region,
        .time_s = s->dialect->sha256 ? time_s : time_s - EARLIER_S,
        .until_s = time_s + LIFE_S,
        .method = q->method,
        .path = path,
        .query = q->query,
        .nb_query = q->nb_query,
        .headers = out,
    };
    char *value = path ? s->dialect->sign(&in, err) : NULL;
    int ret = -1;

    if (value && q->outflow)
        trtc_outflow_start(q->outflow, &in, value);
    if (value)
        ret = trtc_headers_add(out, "Authorization", value, err);
    else if (!path)
        trtc_fail_nomem(err);
    free(value);
    free(path);
    return ret;
}

/* Signs with the present time and sends. */
static int send_once(struct trtc_storage *s, const struct trtc_store_request *q, int64_t offset_s,
                     struct trtc_reply *reply, struct trtc_err *err)
{
    const int64_t time_s = s->o.outside.wall_s(s->o.outside.arg) + offset_s;
    struct trtc_headers headers = { 0 };
    char *url = trtc_store_url(s, q);
    const struct trtc_post post = {
        .method = q->method,
        .url = url,
        .headers = &headers,
        .keep = s->dialect->keep,
        .body = q->body.p,
        .body_bytes = q->outflow ? trtc_outflow_wire_bytes(q->outflow) : q->body.n,
        .next = q->outflow ? trtc_outflow_next : NULL,
        .next_arg = q->outflow,
        .fresh = q->outflow, /* an outflow cannot restart within an attempt */
    };
    int ret = url ? 0 : trtc_fail_nomem(err);

    trtc_reply_fini(reply);
    if (!ret)
        ret = add_fields(s, q, time_s, &headers, err);
    if (!ret)
        ret = add_signature(s, q, time_s, &headers, err);
    if (!ret)
        s->wire.post(s->wire.arg, &post, reply);
    trtc_headers_fini(&headers);
    free(url);
    return ret;
}

/* ---- answers ---- */

static void post_it(void *arg, const struct trtc_post *post, struct trtc_reply *reply)
{
    struct trtc_storage *s = arg;
    const struct trtc_transport http = trtc_http_transport(s->http);

    http.post(http.arg, post, reply);
    if (reply->net == TRTC_NET_ANSWER)
        atomic_store(&s->shared->reached, true);
    else if (reply->net == TRTC_NET_CONNECT && atomic_load(&s->shared->reached))
        reply->net = TRTC_NET_UNSENT;
}

struct trtc_transport trtc_store_wire(struct trtc_storage *s)
{
    return (struct trtc_transport){ .post = post_it, .arg = s };
}

static bool is_one_of(const char *code, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(code, *list))
            return true;
    return false;
}

/* Whether the store refuses the request and its clock differs so much that this may be the reason,
 * regardless of the error code: an answer to HEAD has none. */
static bool is_skewed(const struct trtc_storage *s, const struct trtc_reply *r)
{
    const int64_t off_s = r->date_s - s->o.outside.wall_s(s->o.outside.arg) - s->offset_s;

    return r->status == 403 && r->date_s >= 0 && (off_s > SKEW_S || off_s < -SKEW_S);
}

/* Converts the store's error to what the rules of net/retry need to know. */
static void judge_error(const struct trtc_storage *s, const struct trtc_store_answer *answer,
                        struct trtc_attempt *a)
{
    static const char *const passing[] = { "RequestTimeout",
                                           "BadDigest",
                                           "InvalidDigest",
                                           "XAmzContentSHA256Mismatch",
                                           "IncompleteBody",
                                           "SlowDown",
                                           "InternalError",
                                           "ServiceUnavailable",
                                           "OperationAborted",
                                           "ConditionalRequestConflict",
                                           NULL };

    if (!strcmp(answer->code, "RequestTimeTooSkewed") || is_skewed(s, &answer->reply)) {
        a->status = 200;
        a->code = "AuthFailure.SignatureExpire";
    } else if (is_one_of(answer->code, passing)) {
        a->status = 503;
    } else if (a->status == 501) { /* a repetition would give the same answer */
        a->status = 405;
    } else if (a->status >= 200 && a->status < 300) {
        a->status = 400;
    }
}

/* The answer to a HEAD has no code. */
static bool may_be_expired(const struct trtc_store_answer *answer)
{
    static const char *const codes[] = { "ExpiredToken", "InvalidToken", "", NULL };

    return answer->reply.status == 403 && is_one_of(answer->code, codes);
}

static void read_code(struct trtc_store_answer *answer)
{
    const struct trtc_reply *r = &answer->reply;
    struct trtc_bytes error;

    if (trtc_xml_find((struct trtc_bytes){ (const uint8_t *)r->body, r->body_bytes }, "Error",
                      &error, NULL))
        trtc_xml_text(error, "Code", answer->code, sizeof answer->code);
    if (*answer->code && strspn(answer->code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                              "0123456789.") != strlen(answer->code))
        snprintf(answer->code, sizeof answer->code, "Unknown");
}

/* Describes an error answer: "COS answers 403 AccessDenied: MESSAGE (request id ID)". */
static void explain(const struct trtc_storage *s, const struct trtc_store_answer *answer,
                    struct trtc_err *why)
{
    const struct trtc_reply *r = &answer->reply;
    const struct trtc_bytes body = { (const uint8_t *)r->body, r->body_bytes };
    char message[200], id[80], text[440];

    trtc_xml_text(body, "Message", message, sizeof message);
    trtc_xml_text(body, "RequestId", id, sizeof id);
    snprintf(text, sizeof text, "%s answers %d%s%s%s%s%s%s%s", s->dialect->name, r->status,
             *answer->code ? " " : "", answer->code, *message ? ": " : "", message,
             *id ? " (request id " : "", id, *id ? ")" : "");
    if (trtc_redact_text(s->redact, text, NULL))
        snprintf(text, sizeof text, "%s answers %d", s->dialect->name, r->status);
    trtc_fail(why, TRTC_EX_UNAVAILABLE, "%s", "");
    trtc_text_show(text, strlen(text), why->msg, sizeof why->msg);
}

/* Describes a redirection to another region or host, and what to specify instead. */
static void explain_redirect(const struct trtc_storage *s, const struct trtc_reply *r,
                             struct trtc_err *why)
{
    const char *region = trtc_headers_get(&r->kept, "x-amz-bucket-region");
    char shown[64];

    if (region)
        trtc_fail(why, TRTC_EX_UNAVAILABLE, "%s answers %d: the bucket is in region %s",
                  s->dialect->name, r->status,
                  trtc_text_show(region, strlen(region), shown, sizeof shown));
    else
        trtc_fail(why, TRTC_EX_UNAVAILABLE,
                  "%s answers %d: the bucket is at another host or in another region",
                  s->dialect->name, r->status);
}

/* Whether the answer agrees with what was sent. */
static enum trtc_agree compare(const struct trtc_storage *s, const struct trtc_store_request *q,
                               const struct trtc_reply *r)
{
    struct trtc_digest sent;

    if (q->outflow)
        return trtc_outflow_digest(q->outflow, &sent) ? s->dialect->agrees(r, &sent, q->body)
                                                      : TRTC_AGREE_NO;
    return q->digest ? s->dialect->agrees(r, q->digest, q->body) : TRTC_AGREE_SILENT;
}

/* Converts the reply to what the rules need to know; *why: what was wrong. */
static struct trtc_attempt look(const struct trtc_storage *s, const struct trtc_store_request *q,
                                struct trtc_store_answer *answer, struct trtc_err *why)
{
    const struct trtc_reply *r = &answer->reply;
    struct trtc_attempt a = {
        .net = r->net,
        .status = r->status,
        .retry_after_s = r->retry_after_s,
        .date_s = r->date_s,
    };

    answer->code[0] = '\0';
    answer->agree = TRTC_AGREE_SILENT;
    if (r->net != TRTC_NET_ANSWER) {
        *why = r->err;
        return a;
    }
    read_code(answer);
    if (r->status >= 300 && r->status < 400) {
        explain_redirect(s, r, why);
    } else if (r->status < 200 || r->status >= 300 || *answer->code) {
        explain(s, answer, why);
        judge_error(s, answer, &a);
    } else {
        a.status = 200;
        answer->agree = compare(s, q, r);
        if (answer->agree == TRTC_AGREE_NO) {
            a.code = "InternalError";
            trtc_fail(why, TRTC_EX_TEMPFAIL, "what %s has differs from what was sent",
                      s->dialect->name);
        }
    }
    return a;
}

/* ---- waiting and reporting ---- */

void trtc_store_notice(const struct trtc_storage *s, const char *fmt, ...)
{
    char text[600], shown[700];
    va_list ap;

    if (!s->o.outside.notice)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (s->subject)
        snprintf(shown, sizeof shown, "%s: %s", s->subject, text);
    else
        snprintf(shown, sizeof shown, "%s", text);
    s->o.outside.notice(s->o.outside.arg, shown);
}

int trtc_store_wait(struct trtc_storage *s, int64_t ms, struct trtc_err *err)
{
    if (trtc_is_stopped(s->o.stop) || s->o.outside.wait(s->o.outside.arg, ms)) {
        s->stopped = true;
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "interrupted");
    }
    return 0;
}

/* Whether this storage may test the store now: only one of those that wait may, every
 * TRTC_STORAGE_ASK_MS. */
static bool asks(const struct trtc_storage *s, int64_t now_ms)
{
    long long asked_ms = atomic_load(&s->shared->asked_ms);

    return now_ms - asked_ms >= TRTC_STORAGE_ASK_MS &&
           atomic_compare_exchange_strong(&s->shared->asked_ms, &asked_ms, now_ms);
}

/* Waits at most ms for a failing store: until another request has succeeded, or this storage may
 * test the store. */
static int wait_for_store(struct trtc_storage *s, int64_t ms, struct trtc_err *err)
{
    const struct trtc_outside *o = &s->o.outside;
    const int64_t end_ms = o->mono_ms(o->arg) + ms;
    const long long nb_good = atomic_load(&s->shared->nb_good);
    int64_t wait_ms = ms < TRTC_RETRY_FIRST_MS ? ms : TRTC_RETRY_FIRST_MS; /* no wait is shorter */

    while (wait_ms > 0) {
        if (trtc_store_wait(s, wait_ms, err))
            return -1;
        const int64_t now_ms = o->mono_ms(o->arg);
        if (atomic_load(&s->shared->nb_good) != nb_good || asks(s, now_ms))
            return 0;
        wait_ms = end_ms - now_ms < SLICE_MS ? end_ms - now_ms : SLICE_MS;
    }
    return 0;
}

/* Waits as long as the store requests or the rules of net/retry require. */
static int pause(struct trtc_storage *s, const struct trtc_decision *d,
                 const struct trtc_attempt *a, struct trtc_err *err)
{
    if (d->wait_ms == 0)
        return 0;
    return a->retry_after_s > 0 || s->o.retries != 0 ? trtc_store_wait(s, d->wait_ms, err)
                                                     : wait_for_store(s, d->wait_ms, err);
}

static void report_retry(const struct trtc_storage *s, const struct trtc_decision *d,
                         int64_t offset_s, const struct trtc_err *why)
{
    const long long off_s = offset_s;

    if (d->clock_moved)
        trtc_store_notice(s, "this machine's clock is %lld s %s: signing with the server's",
                          off_s < 0 ? -off_s : off_s, off_s < 0 ? "fast" : "slow");
    else
        trtc_store_notice(s, "%s; retrying in %.1f s", why->msg, (double)d->wait_ms / 1000);
}

int trtc_store_send(struct trtc_storage *s, const struct trtc_store_request *request,
                    struct trtc_store_answer *answer, struct trtc_err *err)
{
    const struct trtc_outside *o = &s->o.outside;
    const struct trtc_retry_rules rules = {
        .retries = s->o.retries > 0   ? s->o.retries
                   : s->o.retries < 0 ? 0
                                      : MANY,
        .budget_ms = s->o.budget_ms,
    };
    struct trtc_retry_state state = { .offset_s = s->offset_s };
    const int64_t begin_ms = o->mono_ms(o->arg);

    *answer = (struct trtc_store_answer){ 0 };
    for (;;) {
        struct trtc_err why = { 0 };
        struct trtc_attempt a;
        struct trtc_decision d;

        if (send_once(s, request, state.offset_s, &answer->reply, err))
            return -1;
        a = look(s, request, answer, &why);
        a.now_s = o->wall_s(o->arg);
        a.spent_ms = o->mono_ms(o->arg) - begin_ms;
        d = trtc_retry_decide(&rules, &state, &a, o->chance(o->arg));
        s->offset_s = state.offset_s;
        if (d.verdict == TRTC_VERDICT_DONE) {
            atomic_fetch_add(&s->shared->nb_good, 1);
            return 0;
        }
        s->stopped |= a.net == TRTC_NET_STOPPED;
        s->expired |= may_be_expired(answer);
        if (d.verdict == TRTC_VERDICT_STOP)
            return trtc_fail(err, d.exit_code, "%s", why.msg);
        report_retry(s, &d, state.offset_s, &why);
        if (pause(s, &d, &a, err))
            return -1;
    }
}
