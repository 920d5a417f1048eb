/* SPDX-License-Identifier: MIT */
/* The recording API over HTTP. */
#include "api.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../clock.h"
#include "actions.h"
#include "base/json.h"
#include "base/json_put.h"
#include "net/signed.h"
#include "web.h"

#define VERSION "2019-07-22"

/* ---- answers ---- */

static void make_id(char out[37])
{
    unsigned char b[16] = { 0 };
    while (getrandom(b, sizeof b, 0) < 0 && errno == EINTR)
        ;
    b[6] = (b[6] & 15) | 64;
    b[8] = (b[8] & 63) | 128;
    for (int i = 0, n = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[n++] = '-';
        n += snprintf(out + n, 3, "%02x", b[i]);
    }
}

/* Takes response. */
static void answer(struct trtc_request *q, cJSON *response)
{
    char id[37];
    cJSON *all = cJSON_CreateObject();
    make_id(id);
    trtc_json_put_text(&response, "RequestId", id);
    trtc_json_put(&all, "Response", response);
    trtc_request_answer_text(q, 200, trtc_json_text(all, false));
    cJSON_Delete(all);
}

static void answer_fault(struct trtc_request *q, const struct trtc_fault *fault)
{
    cJSON *response = cJSON_CreateObject(), *error = cJSON_CreateObject();
    trtc_json_put_text(&error, "Code", fault->code);
    trtc_json_put_text(&error, "Message", fault->message);
    trtc_json_put(&response, "Error", error);
    answer(q, response);
}

/* ---- who calls ---- */

static const char *field(void *arg, const char *name)
{
    const struct trtc_request *q = arg;
    return trtc_request_count(q, name) == 1 ? trtc_request_header(q, name) : NULL;
}

static const char *find_key(void *arg, const char *secret_id)
{
    const struct recd *r = arg;
    const struct trtc_config_app *app = trtc_config_by_id(&r->config, secret_id);
    return app ? app->secret_key.text : NULL;
}

static int check_signed(struct recd *r, struct trtc_request *q, struct trtc_signed_by *by,
                        struct trtc_fault *fault)
{
    static const struct {
        const char *code, *message;
    } faults[] = {
        [TRTC_SIGNED_MALFORMED] = { "AuthFailure.InvalidAuthorization",
                                    "the Authorization header, or one that it names, is missing or malformed" },
        [TRTC_SIGNED_UNKNOWN] = { "AuthFailure.SecretIdNotFound", "this SecretId is unknown" },
        [TRTC_SIGNED_EXPIRED] = { "AuthFailure.SignatureExpire",
                                  "X-TC-Timestamp is more than five minutes off" },
        [TRTC_SIGNED_FORGED] = { "AuthFailure.SignatureFailure", "the signature does not match" },
        [TRTC_SIGNED_TOKEN] = { "AuthFailure.TokenFailure", "these keys have no token" },
        [TRTC_SIGNED_NOMEM] = { "InternalError", "out of memory" },
    };
    const struct trtc_signed_keys keys = { find_key, r };
    struct trtc_signed_request s = { .method = trtc_request_method(q), .header = field, .arg = q };
    s.body = trtc_request_body(q, &s.body_bytes);
    const enum trtc_signed ret = trtc_signed_check(&s, &keys, clock_real_ms() / 1000, by);
    return ret == TRTC_SIGNED_OK
               ? 0
               : trtc_fault_set(fault, faults[ret].code, "%s", faults[ret].message);
}

/* ---- what is called ---- */

static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    const size_t n = sizeof json - 1;
    return type && strncmp(type, json, n) == 0 && (!type[n] || type[n] == ';');
}

static bool is_region(const char *region)
{
    static const char *const regions[] = { "ap-beijing", "ap-guangzhou", "ap-shanghai",
                                           "ap-singapore", "ap-mumbai" };
    for (size_t i = 0; region && i < sizeof regions / sizeof regions[0]; i++)
        if (strcmp(region, regions[i]) == 0)
            return true;
    return false;
}

static int find_action(const char *name, enum trtc_action *action)
{
    for (int i = TRTC_CREATE; name && i <= TRTC_DELETE; i++)
        if (strcmp(trtc_api_action((enum trtc_action)i), name) == 0) {
            *action = (enum trtc_action)i;
            return 0;
        }
    return -1;
}

static int check_target(struct trtc_request *q, enum trtc_action *action, struct trtc_fault *fault)
{
    const char *version = field(q, "x-tc-version"), *name = field(q, "x-tc-action");
    if (!version || strcmp(version, VERSION) != 0)
        return trtc_fault_set(fault, "NoSuchVersion", "X-TC-Version must be " VERSION);
    if (find_action(name, action) < 0)
        return trtc_fault_set(fault, "InvalidAction", "X-TC-Action is not one of the four actions");
    if (!is_region(field(q, "x-tc-region")))
        return trtc_fault_set(fault, "UnsupportedRegion",
                              "X-TC-Region is not a region of this service");
    return 0;
}

static int check_new(struct recd *r, const struct trtc_signed_by *by, enum trtc_action action,
                     struct trtc_fault *fault)
{
    const struct trtc_use use = { by->signature, (int)action,
                                  action == TRTC_CREATE || action == TRTC_MODIFY, by->time_s,
                                  clock_real_ms() / 1000 };
    const int ret = trtc_replay_take(r->replay, &use);
    if (ret < 0)
        return trtc_fault_set(fault, "InternalError", "out of memory");
    return ret ? 0
               : trtc_fault_set(fault, "AuthFailure.SignatureFailure",
                                "this signature was used before");
}

static int check_rate(struct recd *r, const struct trtc_config_app *app, enum trtc_action action,
                      struct trtc_fault *fault)
{
    struct trtc_rate *rate = &r->rates[4 * (app - r->config.apps) + (int)action];
    return trtc_rate_take(rate, (int)r->config.rate, r->now_ms)
               ? 0
               : trtc_fault_set(fault, "RequestLimitExceeded",
                                "more than %lld calls per second of this action",
                                (long long)r->config.rate);
}

/* ---- parameters ---- */

static cJSON *read_body(struct trtc_request *q, struct trtc_fault *fault)
{
    struct trtc_err err = { .code = TRTC_EX_DATAERR }; /* JSON, but no object */
    size_t n;
    const char *body = trtc_request_body(q, &n);
    if (n > TRTC_JSON_MAX_BYTES) {
        trtc_fault_set(fault, "RequestSizeLimitExceeded", "over 10 MB");
        return NULL;
    }
    cJSON *json = trtc_json_parse("the body", body ? body : "", body ? n : 0, &err);
    if (json && cJSON_IsObject(json))
        return json;
    trtc_api_forget(&json);
    if (err.code == TRTC_EX_TEMPFAIL)
        trtc_fault_set(fault, "InternalError", "out of memory");
    else
        trtc_fault_set(fault, "InvalidParameter", "the body is not a JSON object");
    return NULL;
}

/* Returns the application of a request, which must belong to the signer. */
static const struct trtc_config_app *find_app(const struct recd *r, const struct trtc_signed_by *by,
                                              const struct call *call, struct trtc_fault *fault)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(call->request, "SdkAppId");
    const struct trtc_config_app *app = trtc_config_app(&r->config, (int64_t)id->valuedouble);
    if (app && strcmp(app->secret_id.text, by->secret_id) == 0)
        return app;
    if (app || call->action == TRTC_MODIFY)
        trtc_fault_set(fault, "AuthFailure.UnauthorizedOperation",
                       "this SecretId does not belong to that application");
    else
        trtc_fault_set(fault, "InvalidParameter.SdkAppId",
                       "SdkAppId: there is no such application");
    return NULL;
}

static cJSON *act(struct recd *r, struct trtc_request *q, struct call *call,
                  const struct trtc_signed_by *by, struct trtc_fault *fault)
{
    if (!(call->request = read_body(q, fault)))
        return NULL;
    trtc_params_strip(call->request);
    if (trtc_params_check(call->request, call->action, fault) < 0 ||
        !(call->app = find_app(r, by, call, fault)) ||
        check_rate(r, call->app, call->action, fault) < 0)
        return NULL;
    return action_do(r, call, fault);
}

static cJSON *respond(struct recd *r, struct trtc_request *q, struct trtc_fault *fault)
{
    struct trtc_signed_by by = { .time_s = 0 };
    struct call call = { .signature = by.signature };
    if (!is_json(field(q, "content-type"))) {
        trtc_fault_set(fault, "InvalidRequest", "Content-Type must be application/json");
        return NULL;
    }
    if (check_signed(r, q, &by, fault) < 0 || check_target(q, &call.action, fault) < 0 ||
        check_new(r, &by, call.action, fault) < 0)
        return NULL;
    call.signed_s = by.time_s;
    cJSON *response = act(r, q, &call, &by, fault);
    trtc_api_forget(&call.request);
    return response;
}

void api_request(struct recd *r, struct trtc_request *q)
{
    struct trtc_fault fault = { .code = "InternalError" };
    cJSON *response = NULL;
    if (strcmp(trtc_request_method(q), "POST") != 0)
        trtc_fault_set(&fault, "InvalidRequest", "a request must be a POST of JSON");
    else if (web_is_foreign(q) && trtc_request_header(q, "Origin"))
        trtc_fault_set(&fault, "InvalidRequest",
                       "requests from pages of another origin are refused");
    else
        response = respond(r, q, &fault);
    if (response)
        answer(q, response);
    else
        answer_fault(q, &fault);
}
