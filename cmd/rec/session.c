/* SPDX-License-Identifier: MIT */
/* A session with the service: who calls, where, and how fast. It passes clocks, random bytes and
 * the environment to the library. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <openssl/crypto.h>

#include "../cli.h"
#include "../clock.h"
#include "base/file.h"
#include "base/text.h"
#include "net/redact.h"
#include "session.h"

/* ---- random numbers, environment ---- */

int rec_random(void *out, size_t n, struct trtc_err *err)
{
    for (char *p = out; n > 0;) {
        const ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno != EINTR)
            return trtc_fail_errno(err, TRTC_EX_SOFTWARE, errno, "cannot get random numbers");
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
    return 0;
}

static const char *env_get(void *arg, const char *name)
{
    (void)arg;
    return getenv(name);
}

static int wait_ms(void *arg, int64_t ms)
{
    (void)arg;
    return clock_sleep_until(clock_mono_us() + ms * 1000);
}

/* ---- messages of the service, without our secrets ---- */

/* Hides the secrets of a message, which may become empty if memory is short. */
static void hide_secrets(const struct rec *r, char *text)
{
    if (r->caller.redact)
        trtc_redact_text(r->caller.redact, text, NULL);
}

static void notice(void *arg, const char *text)
{
    char shown[1024];
    snprintf(shown, sizeof shown, "%s", text);
    hide_secrets(arg, shown);
    cli_note("%s", shown);
}

/* ---- sending ---- */

/* Takes the next place in the queue and waits for it. */
static int wait_turn(struct rec_pace *pace)
{
    pthread_mutex_lock(&pace->lock);
    const int64_t now_us = clock_mono_us();
    const int64_t turn_us = pace->next_us > now_us ? pace->next_us : now_us;
    pace->next_us = turn_us + REC_PACE_US;
    pthread_mutex_unlock(&pace->lock);
    return clock_sleep_until(turn_us);
}

/* The transport of all calls. Every attempt waits for its turn, and is reported with -v. */
static void post(void *arg, const struct trtc_post *p, struct trtc_reply *reply)
{
    struct rec *r = arg;
    if (wait_turn(r->pace)) {
        reply->net = TRTC_NET_STOPPED;
        trtc_fail(&reply->err, TRTC_EX_TEMPFAIL, "interrupted");
        return;
    }
    const char *action = trtc_headers_get(p->headers, "X-TC-Action");
    const int64_t begin_us = clock_mono_us();
    r->wire.post(r->wire.arg, p, reply);
    const double ms = (double)(clock_mono_us() - begin_us) / 1000;
    if (reply->net == TRTC_NET_ANSWER)
        cli_debug("%s: %s: HTTP %d, %zu bytes in %.1f ms", p->url, action ? action : "",
                  reply->status, reply->body_bytes, ms);
    else
        cli_debug("%s: %s: %s, after %.1f ms", p->url, action ? action : "", reply->err.msg, ms);
}

static char *state_dir(const struct trtc_env *env, struct trtc_err *err)
{
    const char *xdg = env->get(env->arg, "XDG_STATE_HOME"), *home = env->get(env->arg, "HOME");
    const bool has_xdg = xdg && *xdg == '/'; /* a relative one counts as none (its specification) */
    if (!has_xdg && (!home || !*home)) {
        trtc_fail(err, TRTC_EX_CONFIG, "neither XDG_STATE_HOME nor HOME is set");
        return NULL;
    }
    const char *base = has_xdg ? xdg : home, *rest = has_xdg ? "/trtc" : "/.local/state/trtc";
    const size_t size = strlen(base) + strlen(rest) + 1;
    char *dir = malloc(size);
    if (!dir)
        trtc_fail_nomem(err);
    else
        snprintf(dir, size, "%s%s", base, rest);
    return dir;
}

int rec_begin(struct rec *r, const struct rec_opts *opts, struct rec_pace *pace,
              struct trtc_err *err)
{
    *r = (struct rec){ .opts = opts, .env = { .get = env_get }, .pace = pace };
    const struct trtc_http_options http = {
        .total_ms = opts->sub == REC_WAIT ? 0 : opts->timeout_us / 1000,
        .agent = "trtc-rec/" TRTC_VERSION,
        .ca_file = opts->ca_file ? opts->ca_file : getenv("SSL_CERT_FILE"),
        .stop = &cli_signal,
    };
    r->caller = (struct trtc_caller){
        .transport = { post, r },
        .outside = { clock_wall_s, clock_mono_ms, clock_chance, wait_ms, notice, r },
        .endpoint = &r->endpoint,
        .region = r->region,
        .language = "en-US",
        .client = "trtc-rec/" TRTC_VERSION,
        .retries = (int)opts->retries,
    };
    if (opts->sub == REC_LIST || opts->sub == REC_USERSIG)
        return 0;
    r->http = trtc_http_new(&http, err);
    if (!r->http)
        return -1;
    r->wire = trtc_http_transport(r->http);
    return 0;
}

void rec_end(struct rec *r)
{
    trtc_tasks_free(&r->tasks);
    free(r->state_dir);
    trtc_http_free(&r->http);
    trtc_credentials_fini(&r->own);
}

int rec_credentials(struct rec *r, struct trtc_err *err)
{
    const struct trtc_credential_places places = { r->opts->secret_file, r->opts->profile, r->env };
    if (r->credentials)
        return 0;
    if (trtc_credentials_find(&places, &r->own, err) < 0)
        return -1;
    cli_debug("credentials: %s", r->own.found_in);
    r->credentials = &r->own;
    return 0;
}

/* Checks the region, which becomes a header. Quotation marks around it often come from a file
 * for docker's --env-file. */
static int check_region(const char *region, struct trtc_err *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    char shown[80];
    if (strlen(region) < sizeof((struct rec *)0)->region && !region[strspn(region, allowed)])
        return 0;
    return trtc_fail(err, TRTC_EX_USAGE,
                     "'%s' is not a region: it has letters, digits and '-' only",
                     trtc_text_show(region, strlen(region), shown, sizeof shown));
}

/* A task belongs to a region, but its endpoint may have changed, so the environment has precedence
 * for the endpoint. */
int rec_target(struct rec *r, const struct trtc_task *task, struct trtc_err *err)
{
    const struct rec_opts *o = r->opts;
    const char *endpoint = o->endpoint ? o->endpoint : o->intl ? TRTC_ENDPOINT_INTL : NULL;
    const char *region = o->region ? o->region : task && task->region ? task->region : NULL;
    if (!endpoint || !*endpoint)
        endpoint = r->env.get(r->env.arg, "TRTC_ENDPOINT");
    if (!endpoint || !*endpoint)
        endpoint = task && task->endpoint ? task->endpoint : TRTC_ENDPOINT_DEFAULT;
    if (!region || !*region)
        region = r->env.get(r->env.arg, "TENCENTCLOUD_REGION");
    if (region && *region) {
        if (check_region(region, err) < 0)
            return -1;
        snprintf(r->region, sizeof r->region, "%s", region);
    } else {
        const int found =
            trtc_profile_region(&r->env, o->profile, r->region, sizeof r->region, err);
        if (found < 0)
            return -1;
        if (!found)
            snprintf(r->region, sizeof r->region, "ap-singapore");
    }
    return trtc_endpoint_parse(endpoint, &r->endpoint, err);
}

int rec_call(struct rec *r, const struct rec_ask *ask, struct trtc_answer *answer, bool *unknown,
             struct trtc_err *err)
{
    *answer = (struct trtc_answer){ 0 };
    if (rec_credentials(r, err) < 0 || rec_target(r, ask->task, err) < 0)
        return -1;
    r->caller.credentials = r->credentials;
    char *body = cJSON_PrintUnformatted(ask->request);
    if (!body)
        return trtc_fail_nomem(err);
    const size_t n = strlen(body);
    struct trtc_redact *secrets =
        trtc_redact_of(r->credentials, &r->env, ask->request, r->past, err);
    r->caller.redact = secrets;
    const int ret = secrets ? trtc_call(&r->caller,
                                        &(struct trtc_ask){ trtc_api_action(ask->action), body, n,
                                                            ask->action == TRTC_CREATE, false },
                                        answer, unknown, err)
                            : -1;
    if (ret < 0)
        hide_secrets(r, err->msg);
    r->caller.redact = NULL;
    trtc_redact_free(&secrets);
    OPENSSL_cleanse(body, n);
    cJSON_free(body);
    return ret;
}

static bool know_state_dir(struct rec *r, struct trtc_err *err)
{
    if (!r->state_dir)
        r->state_dir = state_dir(&r->env, err);
    return r->state_dir != NULL;
}

int rec_state(struct rec *r, struct trtc_err *err)
{
    if (!r->tasks && know_state_dir(r, err))
        r->tasks = trtc_tasks_open(r->state_dir, err);
    return r->tasks ? 0 : -1;
}

int rec_state_there(struct rec *r, struct trtc_err *err)
{
    struct stat st;
    if (!know_state_dir(r, err))
        return -1;
    if (lstat(r->state_dir, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    return rec_state(r, err) < 0 ? -1 : 1;
}
