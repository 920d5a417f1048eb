/* SPDX-License-Identifier: MIT */
/* Sends callbacks. The loop gives those that are due to threads, and notes the results. */
#include "outbox.h"

#include <inttypes.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "../cli.h"
#include "../clock.h"
#include "net/callback.h"
#include "net/http.h"
#include "serve/crew.h"
#include "web.h"

enum { THREADS = 16, FLIGHTS = 64, ERROR_BYTES = 200, NOTE_AGAIN_MS = 1000 };

struct sending {          /* one attempt */
    struct trtc_job job;  /* first */
    struct sending *next; /* in flights */
    int64_t id, sdkappid, event_ms, first_ms;
    int type, tries;
    char *task, *body; /* whole, with CallbackTs */
    const char *url;   /* the configuration's */
    const char *key;   /* NULL: it is not signed */
    bool taken;
    int64_t done_ms; /* when the attempt was over; 0: not yet */
    char error[ERROR_BYTES];
};

struct outbox {
    struct polled done; /* first */
    struct trtc_crew *crew;
    struct sending *flights;
    size_t nb;
    bool has_no_address; /* that some wait for an address was reported */
    int64_t note_ms;     /* results that could not be noted are not tried again before that */
    pthread_mutex_t lock;
    struct trtc_http *clients[THREADS]; /* idle ones */
    size_t nb_clients;
    volatile sig_atomic_t stop;
};

/* ---- in the threads ---- */

static struct trtc_http *take_client(struct outbox *o, struct trtc_err *err)
{
    struct trtc_http *c = NULL;
    const struct trtc_http_options options = { .total_ms = TRTC_CALLBACK_WAIT_MS,
                                               .agent = "trtc-recd/" TRTC_VERSION,
                                               .anywhere = true,
                                               .body_max = TRTC_CALLBACK_ANSWER_BYTES,
                                               .ca_file = getenv("SSL_CERT_FILE"),
                                               .stop = &o->stop };
    pthread_mutex_lock(&o->lock);
    if (o->nb_clients)
        c = o->clients[--o->nb_clients];
    pthread_mutex_unlock(&o->lock);
    return c ? c : trtc_http_new(&options, err);
}

static void give_client(struct outbox *o, struct trtc_http *c)
{
    pthread_mutex_lock(&o->lock);
    o->clients[o->nb_clients++] = c;
    pthread_mutex_unlock(&o->lock);
}

static int headers_of(const struct sending *s, struct trtc_headers *h, struct trtc_err *err)
{
    char app[24], sign[TRTC_CALLBACK_SIGN_LEN + 1];
    snprintf(app, sizeof app, "%" PRId64, s->sdkappid);
    if (trtc_headers_add(h, "Content-Type", "application/json", err) < 0 ||
        trtc_headers_add(h, "SdkAppId", app, err) < 0)
        return -1;
    if (!s->key)
        return 0;
    return trtc_callback_sign_with(s->key, s->body, strlen(s->body), sign, err) < 0
               ? -1
               : trtc_headers_add(h, "Sign", sign, err);
}

static void post(struct outbox *o, struct sending *s, const struct trtc_headers *h)
{
    struct trtc_err err = { 0 };
    struct trtc_reply reply = { 0 };
    struct trtc_http *client = take_client(o, &err);
    if (client) {
        const struct trtc_transport wire = trtc_http_transport(client);
        const struct trtc_post message = {
            .url = s->url, .headers = h, .body = s->body, .body_bytes = strlen(s->body)
        };
        wire.post(wire.arg, &message, &reply);
        give_client(o, client);
    }
    s->taken = client && trtc_callback_taken(&reply);
    if (reply.net == TRTC_NET_ANSWER && reply.status)
        snprintf(s->error, sizeof s->error, "HTTP status %d", reply.status);
    else
        snprintf(s->error, sizeof s->error, "%.190s", client ? reply.err.msg : err.msg);
    trtc_reply_fini(&reply);
}

static void work(void *arg, struct trtc_job *job)
{
    struct sending *s = (struct sending *)job;
    struct trtc_headers h = { 0 };
    struct trtc_err err = { 0 };
    if (headers_of(s, &h, &err) == 0)
        post(arg, s, &h);
    else
        snprintf(s->error, sizeof s->error, "%.190s", err.msg);
    trtc_headers_fini(&h);
}

/* ---- in the loop ---- */

/* The time of attempts: setting the clock makes no pause longer, and gives nothing up. */
static int64_t now_ms(void)
{
    return clock_steady_us() / 1000;
}

/* Returns the stored body with CallbackTs, the time at which it is sent. */
static char *body_of(const char *stored, int64_t sent_ms)
{
    static const char before[] = "\"EventInfo\"";
    const char *at = strstr(stored, before);
    const size_t n = strlen(stored) + 48;
    char *body = at ? malloc(n) : NULL;
    if (body)
        snprintf(body, n, "%.*s\"CallbackTs\":%" PRId64 ",%s", (int)(at - stored), stored, sent_ms,
                 at);
    return body;
}

static void sending_free(struct sending *s)
{
    free(s->task);
    free(s->body);
    free(s);
}

struct giving {
    struct recd *r;
    struct outbox *o;
};

static bool flies(const struct outbox *o, int64_t id)
{
    for (const struct sending *s = o->flights; s; s = s->next)
        if (s->id == id)
            return true;
    return false;
}

/* Whether the application has all attempts that it may have at a time, so that a receiver that does
 * not answer holds up no other's callbacks. */
static bool has_its_share(const struct recd *r, const struct outbox *o, int64_t sdkappid)
{
    const size_t nb_apps = r->config.nb_apps;
    const size_t share = nb_apps == 1 ? FLIGHTS : nb_apps < THREADS ? THREADS / nb_apps : 1;
    size_t n = 0;
    for (const struct sending *s = o->flights; s; s = s->next)
        n += s->sdkappid == sdkappid;
    return n >= share;
}

static bool give(void *arg, const struct trtc_out_row *row)
{
    const struct giving *g = arg;
    struct outbox *o = g->o;
    const struct trtc_config_app *app = trtc_config_app(&g->r->config, row->sdkappid);
    if (o->nb == FLIGHTS)
        return false;
    if (!app || !app->callback_url) {
        if (!o->has_no_address)
            cli_error("callbacks of application %" PRId64 " wait: it no longer has a callback_url",
                      row->sdkappid);
        o->has_no_address = true;
        return true;
    }
    if (flies(o, row->id) || has_its_share(g->r, o, row->sdkappid))
        return true;
    struct sending *s = calloc(1, sizeof *s);
    if (!s)
        return false;
    *s = (struct sending){ .id = row->id,
                           .sdkappid = row->sdkappid,
                           .event_ms = row->event_ms,
                           .type = row->type,
                           .tries = row->tries,
                           .first_ms = row->first_ms ? row->first_ms : now_ms(),
                           .task = strdup(row->task),
                           .body = body_of(row->body, clock_real_ms()),
                           .url = app->callback_url,
                           .key = app->callback_key.text };
    if (!s->task || !s->body) {
        sending_free(s);
        return false;
    }
    s->next = o->flights;
    o->flights = s;
    o->nb++;
    trtc_crew_give(o->crew, &s->job);
    return true;
}

static struct trtc_out_row outcome(const struct recd *r, const struct sending *s)
{
    struct trtc_out_row row = { .id = s->id,
                                .state = TRTC_OUT_SENT,
                                .tries = s->tries + 1,
                                .first_ms = s->first_ms,
                                .error = s->taken ? NULL : s->error };
    if (!s->taken) {
        const int64_t again_ms =
            trtc_life_again_ms(row.tries, s->first_ms, s->done_ms, r->config.callback_s);
        row.state = again_ms < 0 ? TRTC_OUT_FAILED : TRTC_OUT_WAITING;
        row.next_ms = again_ms;
    }
    return row;
}

static int note(struct recd *r, void *arg, struct trtc_err *err)
{
    return trtc_store_out_save(r->store, arg, err);
}

static void forget(struct outbox *o, struct sending *s)
{
    struct sending **at = &o->flights;
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at)
        *at = s->next;
    o->nb--;
    sending_free(s);
}

/* Notes the result of an attempt. Returns false if that failed: the callback stays in flights, so
 * that it is not sent again. */
static bool land(struct recd *r, struct sending *s)
{
    struct trtc_out_row row = outcome(r, s);
    if (recd_change(r, note, &row)) {
        web_delivery(r, &row);
        if (row.state == TRTC_OUT_FAILED)
            cli_error("task %s: callback %d was given up after %d attempts: %s", s->task, s->type,
                      row.tries, s->error);
    } else if (r->store) {
        r->outbox->note_ms = r->now_ms + NOTE_AGAIN_MS;
        return false;
    }
    forget(r->outbox, s);
    return true;
}

/* Tries again to note the results that could not be noted. */
static void land_again(struct recd *r)
{
    struct sending *next;
    if (r->now_ms < r->outbox->note_ms)
        return;
    for (struct sending *s = r->outbox->flights; s; s = next) {
        next = s->next;
        if (s->done_ms && !land(r, s))
            return;
    }
}

void outbox_tick(struct recd *r)
{
    const struct giving g = { r, r->outbox };
    struct trtc_err err;
    land_again(r);
    if (r->store && trtc_store_out_due(r->store, now_ms(), give, (void *)(uintptr_t)&g, &err) < 0)
        recd_store_failed(r, &err);
}

static void take_done(struct recd *r, struct polled *p)
{
    struct outbox *o = (struct outbox *)p;
    struct trtc_job *next;
    for (struct trtc_job *j = trtc_crew_take(o->crew); j; j = next) {
        next = j->next;
        struct sending *s = (struct sending *)j;
        s->done_ms = now_ms();
        land(r, s);
    }
    outbox_tick(r);
}

static void outbox_free(struct outbox **o)
{
    if (!*o)
        return;
    (*o)->stop = 1;
    trtc_crew_free(&(*o)->crew);
    while ((*o)->flights) {
        struct sending *s = (*o)->flights;
        (*o)->flights = s->next;
        sending_free(s);
    }
    while ((*o)->nb_clients)
        trtc_http_free(&(*o)->clients[--(*o)->nb_clients]);
    pthread_mutex_destroy(&(*o)->lock);
    free(*o);
    *o = NULL;
}

struct outbox *outbox_new(struct recd *r, struct trtc_err *err)
{
    struct outbox *o = calloc(1, sizeof *o);
    if (!o || pthread_mutex_init(&o->lock, NULL) != 0) {
        free(o);
        trtc_fail_nomem(err);
        return NULL;
    }
    o->done.fd = -1;
    if (!(o->crew = trtc_crew_new(THREADS, work, o, err))) {
        outbox_free(&o);
        return NULL;
    }
    o->done = (struct polled){ take_done, trtc_crew_fd(o->crew) };
    if (recd_poll(r, &o->done, false) < 0) {
        trtc_fail(err, TRTC_EX_TEMPFAIL, "epoll");
        outbox_free(&o);
    }
    return o;
}

void outbox_end(struct recd *r)
{
    struct outbox *o = r->outbox;
    struct sending *next;
    if (!o)
        return;
    o->stop = 1;
    trtc_crew_free(&o->crew);
    for (struct sending *s = o->flights; s; s = next) {
        next = s->next;
        if (s->taken) {
            s->done_ms = now_ms();
            land(r, s);
        }
    }
    outbox_free(&r->outbox);
}
