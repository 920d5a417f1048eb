/* SPDX-License-Identifier: MIT */
/* Sends events as callbacks. */
#include "notify.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../cli.h"
#include "../clock.h"
#include "base/json_put.h"
#include "net/callback.h"
#include "net/http.h"

enum { WAITING_MAX = 4096, LAST_MS = 5000, APP = 1400000001 };

struct message {
    struct message *next;
    int type;
    int64_t first_ms; /* when it was to be sent first, on a clock that is never adjusted */
    char *body;
};

struct notifier {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct message *first, **last;
    size_t nb;
    volatile sig_atomic_t stop; /* ends all waiting, and aborts an exchange */
    bool ends, busy;            /* busy: an attempt is in progress */
    int64_t nb_lost;
    const char *url;
    int64_t sdkappid;
    struct trtc_callback_keys *keys; /* NULL: they are not signed */
    struct trtc_http *http;
};

static void free_message(struct message *m)
{
    free(m->body);
    free(m);
}

/* ---- in the thread ---- */

/* The next message; NULL at the end. */
static struct message *take(struct notifier *n)
{
    pthread_mutex_lock(&n->lock);
    n->busy = false;
    while (!n->first && !n->ends)
        pthread_cond_wait(&n->more, &n->lock);
    struct message *m = n->first;
    if (m) {
        n->first = m->next;
        n->nb--;
        n->busy = true;
    }
    if (!n->first)
        n->last = &n->first;
    pthread_mutex_unlock(&n->lock);
    return m;
}

static int headers_of(const struct notifier *n, const struct message *m, struct trtc_headers *h,
                      struct trtc_err *err)
{
    char app[24], sign[TRTC_CALLBACK_SIGN_LEN + 1];
    snprintf(app, sizeof app, "%" PRId64, n->sdkappid);
    if (trtc_headers_add(h, "Content-Type", "application/json", err) < 0 ||
        trtc_headers_add(h, "SdkAppId", app, err) < 0)
        return -1;
    if (!n->keys)
        return 0;
    return trtc_callback_sign(n->keys, n->sdkappid, m->body, strlen(m->body), sign, err) < 0
               ? -1
               : trtc_headers_add(h, "Sign", sign, err);
}

/* Sends a message. Returns true if it was delivered; otherwise writes the reason to why. */
static bool attempt(const struct notifier *n, const struct message *m, char why[256])
{
    struct trtc_headers h = { 0 };
    struct trtc_reply reply = { 0 };
    struct trtc_err err = { 0 };
    const struct trtc_transport wire = trtc_http_transport(n->http);
    const struct trtc_post post = {
        .url = n->url, .headers = &h, .body = m->body, .body_bytes = strlen(m->body)
    };
    bool good = headers_of(n, m, &h, &err) == 0;
    if (good) {
        wire.post(wire.arg, &post, &reply);
        good = trtc_callback_taken(&reply);
    }
    if (!good && reply.status)
        snprintf(why, 256, "HTTP status %d", reply.status);
    else if (!good)
        snprintf(why, 256, "%.250s", reply.err.code ? reply.err.msg : err.msg);
    trtc_reply_fini(&reply);
    trtc_headers_fini(&h);
    return good;
}

/* Sleeps until that time. True: stop now. */
static bool wait_until(struct notifier *n, int64_t mono_ms)
{
    pthread_mutex_lock(&n->lock);
    while (!n->stop && clock_cond_wait(&n->more, &n->lock, mono_ms * 1000))
        ;
    pthread_mutex_unlock(&n->lock);
    return n->stop;
}

static void deliver(struct notifier *n, const struct message *m)
{
    char why[256] = "trtc-room ended before";
    for (int failed = 0; !n->stop; failed++) {
        if (failed) {
            const int64_t at_ms =
                trtc_callback_again_ms(failed, m->first_ms, clock_mono_us() / 1000);
            if (at_ms < 0 || wait_until(n, at_ms))
                break;
        }
        if (attempt(n, m, why))
            return;
    }
    pthread_mutex_lock(&n->lock);
    n->nb_lost++;
    pthread_mutex_unlock(&n->lock);
    cli_error("event %d could not be sent: %s", m->type, why);
}

static void *send_all(void *arg)
{
    struct notifier *n = arg;
    struct message *m;
    while ((m = take(n)) != NULL) {
        deliver(n, m);
        free_message(m);
    }
    return NULL;
}

/* ---- in the server ---- */

static bool start(struct notifier *n)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool ok = pthread_create(&n->thread, NULL, send_all, n) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

struct notifier *notifier_new(const struct room_opts *o, struct trtc_err *err)
{
    struct notifier *n = calloc(1, sizeof *n);
    if (!n) {
        trtc_fail_nomem(err);
        return NULL;
    }
    const struct trtc_http_options http = { .total_ms = TRTC_CALLBACK_WAIT_MS,
                                            .agent = "trtc-room/" TRTC_VERSION,
                                            .anywhere = true,
                                            .body_max = TRTC_CALLBACK_ANSWER_BYTES,
                                            .ca_file = getenv("SSL_CERT_FILE"),
                                            .stop = &n->stop };
    n->url = o->hook;
    n->last = &n->first;
    pthread_mutex_init(&n->lock, NULL);
    clock_cond_init(&n->more);
    if (o->hook_key_file)
        n->keys = trtc_callback_keys_read(o->hook_key_file, err);
    n->sdkappid = n->keys ? trtc_callback_keys_app(n->keys) : 0;
    if (!n->sdkappid)
        n->sdkappid = APP;
    if ((!o->hook_key_file || n->keys) && (n->http = trtc_http_new(&http, err)) != NULL) {
        if (start(n))
            return n;
        trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot start a thread");
    }
    trtc_http_free(&n->http);
    trtc_callback_keys_free(&n->keys);
    free(n);
    return NULL;
}

void notifier_send(struct notifier *n, const struct trtc_room_event *e)
{
    cJSON *json = trtc_room_event_make(e, clock_real_ms(), false);
    struct message *m = json ? calloc(1, sizeof *m) : NULL;
    if (m)
        *m = (struct message){ .type = e->type,
                               .first_ms = clock_mono_us() / 1000,
                               .body = trtc_json_text(json, false) };
    cJSON_Delete(json);
    pthread_mutex_lock(&n->lock);
    const bool room = m && m->body && n->nb < WAITING_MAX;
    if (room) {
        *n->last = m;
        n->last = &m->next;
        n->nb++;
        pthread_cond_signal(&n->more);
    } else {
        n->nb_lost++;
    }
    pthread_mutex_unlock(&n->lock);
    if (room)
        return;
    cli_error("event %d could not be sent: %s", e->type,
              m && m->body ? "too many wait" : "out of memory");
    if (m)
        free_message(m);
}

int64_t notifier_free(struct notifier **notifier)
{
    struct notifier *n = *notifier;
    const int64_t until_us = clock_mono_us() + LAST_MS * 1000;
    if (!n)
        return 0;
    pthread_mutex_lock(&n->lock);
    n->ends = true;
    pthread_cond_signal(&n->more);
    while ((n->first || n->busy) && clock_mono_us() < until_us) {
        const struct timespec pause = { 0, 20000000 };
        pthread_mutex_unlock(&n->lock);
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&n->lock);
    }
    n->stop = n->first || n->busy;
    pthread_cond_signal(&n->more);
    pthread_mutex_unlock(&n->lock);
    pthread_join(n->thread, NULL);
    const int64_t lost = n->nb_lost;
    pthread_cond_destroy(&n->more);
    pthread_mutex_destroy(&n->lock);
    trtc_http_free(&n->http);
    trtc_callback_keys_free(&n->keys);
    free(n);
    *notifier = NULL;
    return lost;
}
