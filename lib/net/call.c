/* SPDX-License-Identifier: MIT */
/* One call of an action, from the request's JSON to the service's answer. */
#include "net/call.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "net/sign.h"

/* A call with its attempts. */
struct call {
    struct trtc_caller *caller;
    const char *action;
    const char *body;
    size_t body_bytes;
    bool creates;
    bool hands_out_keys;
    struct trtc_reply reply;
    struct trtc_answer *answer;
    struct trtc_err why; /* what was wrong with the last attempt */
};

int trtc_answer_parse(const char *body, size_t n, struct trtc_answer *out, struct trtc_err *err)
{
    const cJSON *error = NULL;
    struct trtc_err why = { 0 };
    int has_error = -1;

    *out = (struct trtc_answer){ .json = trtc_json_parse("answer", body, n, &why) };
    if (out->json && trtc_json_object(out->json, "answer", "Response", &out->response, NULL) == 1 &&
        trtc_json_string(out->response, "Response", "RequestId", &out->request_id, NULL) >= 0)
        has_error = trtc_json_object(out->response, "Response", "Error", &error, NULL);
    if (has_error == 1 &&
        (trtc_json_string(error, "Error", "Code", &out->code, NULL) != 1 || !*out->code ||
         trtc_json_string(error, "Error", "Message", &out->message, NULL) < 0))
        has_error = -1;
    if (has_error >= 0)
        return 0;
    trtc_answer_fini(out);
    if (why.code == TRTC_EX_TEMPFAIL)
        return trtc_fail_nomem(err);
    return trtc_fail(err, TRTC_EX_UNAVAILABLE, "the answer does not have the form of this API");
}

void trtc_answer_fini(struct trtc_answer *answer)
{
    cJSON_Delete(answer->json);
    *answer = (struct trtc_answer){ 0 };
}

/* Describes an error that the service reported. */
static void explain(struct call *c)
{
    const struct trtc_answer *a = c->answer;
    char code[64], message[256], id[64];
    const char *m = a->message ? a->message : "", *i = a->request_id ? a->request_id : "none";

    trtc_fail(&c->why, trtc_retry_exit_code(a->code), "%s: %s: %s (request id %s)", c->action,
              trtc_text_show(a->code, strlen(a->code), code, sizeof(code)),
              trtc_text_show(m, strlen(m), message, sizeof(message)),
              trtc_text_show(i, strlen(i), id, sizeof(id)));
}

/* Parses an answer after removing our secrets from it, before anyone sees it. */
static int read_answer(struct call *c, struct trtc_err *err)
{
    const struct trtc_redact *r = c->caller->redact;

    if (trtc_answer_parse(c->reply.body, c->reply.body_bytes, c->answer, err))
        return -1;
    if (c->hands_out_keys && !c->answer->code)
        return 0;
    if (!r || trtc_redact_json(r, c->answer->json, err) == 0)
        return 0;
    trtc_answer_fini(c->answer);
    return -1;
}

/* Reads the reply into c->answer, and returns what the retry rules need to know. */
static struct trtc_attempt look(struct call *c)
{
    const struct trtc_reply *r = &c->reply;
    struct trtc_err why;
    struct trtc_attempt a = {
        .net = r->net,
        .status = r->status,
        .retry_after_s = r->retry_after_s,
        .date_s = r->date_s,
    };

    if (r->net != TRTC_NET_ANSWER) {
        trtc_fail(&c->why, r->err.code, "%s: %s", c->action, r->err.msg);
    } else if (r->status != 200) {
        trtc_fail(&c->why, TRTC_EX_UNAVAILABLE, "%s: %s answers HTTP %d", c->action,
                  c->caller->endpoint->host, r->status);
    } else if (!read_answer(c, &why)) {
        if (!c->answer->code)
            return a;
        explain(c);
        a.code = c->answer->code;
    } else if (why.code == TRTC_EX_TEMPFAIL) {
        trtc_fail(&c->why, why.code, "%s: %s", c->action, why.msg);
        a.net = TRTC_NET_LOST; /* its content is unknown */
    } else {
        trtc_fail(&c->why, TRTC_EX_UNAVAILABLE,
                  "%s: the answer of %s does not have the form of this API", c->action,
                  c->caller->endpoint->host);
        a.code = "";
    }
    return a;
}

/* Signs with the present time and sends. */
static int send_once(struct call *c, int64_t offset_s, struct trtc_err *err)
{
    const struct trtc_caller *k = c->caller;
    const struct trtc_sign_call sign = {
        .secret_id = k->credentials->id.text,
        .secret_key = k->credentials->key.text,
        .token = k->credentials->token.text,
        .service = k->service,
        .host = k->endpoint->host,
        .action = c->action,
        .version = k->version ? k->version : TRTC_API_VERSION,
        .region = k->region,
        .language = k->language,
        .client = k->client,
        .time_s = k->outside.wall_s(k->outside.arg) + offset_s,
        .body = c->body,
        .body_bytes = c->body_bytes,
    };
    struct trtc_headers headers = { 0 };
    const struct trtc_post post = { .url = k->endpoint->url,
                                    .headers = &headers,
                                    .body = c->body,
                                    .body_bytes = c->body_bytes,
                                    .fresh = c->creates };
    int ret = trtc_sign_call(&sign, &headers, err);

    trtc_reply_fini(&c->reply);
    trtc_answer_fini(c->answer);
    if (!ret)
        k->transport.post(k->transport.arg, &post, &c->reply);
    trtc_headers_fini(&headers);
    return ret;
}

/* Reports why there will be another attempt. */
static void report_retry(const struct call *c, const struct trtc_retry_state *state,
                         const struct trtc_decision *d)
{
    const struct trtc_outside *o = &c->caller->outside;
    char text[sizeof(c->why.msg) + 128];
    long long off_s = state->offset_s;

    if (!o->notice)
        return;
    if (d->clock_moved)
        snprintf(text, sizeof(text), "this machine's clock is %lld s %s: signing with the server's",
                 off_s < 0 ? -off_s : off_s, off_s < 0 ? "fast" : "slow");
    else
        snprintf(text, sizeof(text), "%s; retrying in %.1f s (%d of %d)", c->why.msg,
                 (double)d->wait_ms / 1000, state->nb_retries, c->caller->retries);
    o->notice(o->arg, text);
}

static int run(struct call *c, bool *unknown, struct trtc_err *err)
{
    struct trtc_caller *k = c->caller;
    const struct trtc_outside *o = &k->outside;
    const struct trtc_retry_rules rules = { k->retries, k->budget_ms, c->creates };
    struct trtc_retry_state state = { .offset_s = k->offset_s };
    int64_t begin_ms = o->mono_ms(o->arg);

    for (;;) {
        struct trtc_attempt a;
        struct trtc_decision d;

        if (send_once(c, state.offset_s, err))
            return -1;
        a = look(c);
        a.now_s = o->wall_s(o->arg);
        a.spent_ms = o->mono_ms(o->arg) - begin_ms;
        d = trtc_retry_decide(&rules, &state, &a, o->chance(o->arg));
        k->offset_s = state.offset_s;
        if (d.verdict == TRTC_VERDICT_DONE)
            return 0;
        *unknown = rules.creates && state.maybe_done;
        if (d.verdict == TRTC_VERDICT_STOP)
            return trtc_fail(err, d.exit_code, "%s", c->why.msg);
        report_retry(c, &state, &d);
        if (d.wait_ms && o->wait(o->arg, d.wait_ms))
            return trtc_fail(err, TRTC_EX_TEMPFAIL, "%s: interrupted", c->action);
    }
}

int trtc_call(struct trtc_caller *caller, const struct trtc_ask *ask, struct trtc_answer *out,
              bool *unknown, struct trtc_err *err)
{
    struct call c = {
        .caller = caller,
        .action = ask->action,
        .body = ask->body,
        .body_bytes = ask->n,
        .creates = ask->creates,
        .hands_out_keys = ask->hands_out_keys,
        .answer = out,
    };
    bool maybe = false;
    int ret;

    *out = (struct trtc_answer){ 0 };
    ret = run(&c, &maybe, err);
    if (unknown)
        *unknown = maybe && ret;
    trtc_reply_fini(&c.reply);
    return ret;
}
