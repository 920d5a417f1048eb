/* SPDX-License-Identifier: MIT */
/* Relays the streams of a watched place. */
#include "pull.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../cli.h"
#include "../clock.h"
#include "net/http.h"
#include "relay.h"
#include "serve/spot.h"

enum {
    AGAIN_US = 1000000,
    AGAIN_MAX_US = 8000000,
    WELL_US = 30000000, /* a relay that ran this long did not fail */
    END_US = 3000000,
    DELETE_MS = 3000,
    FAILURES = 3, /* this many in a row are reported */
};

struct pull {
    struct pull *next;
    struct trtc_spot spot;
    char *source;
    bool wanted;      /* its stream was present at the last look */
    bool replaced;    /* another relay reads the stream from a new address */
    bool said;        /* its failure was reported */
    int nb_failed;    /* failures in a row */
    pid_t pid;        /* 0: it does not run */
    int64_t due_us;   /* when it is started next */
    int64_t pause_us; /* the pause before that */
    int64_t since_us; /* when it was started, or asked to end */
};

static struct pull **find(struct watch *w, const struct trtc_spot *spot)
{
    struct pull **at = &w->pulls;
    while (*at && ((*at)->replaced || !trtc_spot_same(&(*at)->spot, spot)))
        at = &(*at)->next;
    return at;
}

/* Makes the spot of a stream. Returns false if its room or user cannot be a name in a trtc-room. */
static bool spot_of(const struct trtc_fact *f, struct trtc_spot *out)
{
    if (!trtc_spot_is_name(f->room, strlen(f->room), TRTC_SPOT_ROOM_MAX) ||
        !trtc_spot_is_name(f->user, strlen(f->user), TRTC_SPOT_USER_MAX))
        return false;
    *out = (struct trtc_spot){ .aux = f->type == TRTC_ROOM_AUX };
    memcpy(out->room, f->room, strlen(f->room) + 1);
    memcpy(out->user, f->user, strlen(f->user) + 1);
    return true;
}

/* Notes that a stream is present. Sound and picture of a primary stream share a relay, which reads
 * from the address of the one that is listed first. */
static void want(struct watch *w, const struct trtc_fact *f)
{
    char url[TRTC_ROOM_SOURCE_MAX + 1];
    struct trtc_spot spot;
    const char *source = watch_source(w, f, url, sizeof url);
    if (!source || !spot_of(f, &spot))
        return;
    struct pull *p = *find(w, &spot);
    if (p && !p->wanted && strcmp(p->source, source) != 0) {
        p->replaced = true;
        p = NULL;
    }
    if (!p) {
        p = calloc(1, sizeof *p);
        char *copy = strdup(source);
        if (!p || !copy) {
            free(p);
            free(copy);
            return; /* the next look tries again */
        }
        *p = (struct pull){ .next = w->pulls, .spot = spot, .source = copy, .pause_us = AGAIN_US };
        w->pulls = p;
    }
    p->wanted = true;
}

static void begin(struct watch *w, struct pull *p, int64_t now_us)
{
    char to[WATCH_TARGET_SIZE];
    struct trtc_err err;
    const pid_t pid = relay_pull(p->source, watch_target(w, &p->spot, to), &err);
    if (pid < 0 && !p->said)
        cli_error("%s/%s: %s", p->spot.room, p->spot.user, err.msg);
    p->said |= pid < 0;
    p->pid = pid > 0 ? pid : 0;
    p->since_us = now_us;
    p->due_us = now_us + p->pause_us;
}

/* Reports a relay that has ended. A stream may be announced before it can be read, so a few
 * failures are normal; a relay that was killed is reported at once. */
static void say_end(struct pull *p, int status, int64_t ran_us)
{
    if (!status || ran_us > WELL_US)
        p->nb_failed = 0, p->said = false;
    p->nb_failed += status != 0;
    if (p->said || (!WIFSIGNALED(status) && p->nb_failed < FAILURES))
        return;
    cli_error("%s/%s: cannot be relayed: its relay has %s: trying again", p->spot.room,
              p->spot.user, WIFSIGNALED(status) ? "ended" : "repeatedly ended early");
    p->said = true;
}

/* Plans the next start of a relay that has ended by itself: its stream may come back. */
static void retry(struct pull *p, int status, int64_t now_us)
{
    say_end(p, status, now_us - p->since_us);
    if (now_us - p->since_us > AGAIN_MAX_US)
        p->pause_us = AGAIN_US; /* it went well for a while */
    p->due_us = now_us + p->pause_us;
    p->pause_us = 2 * p->pause_us < AGAIN_MAX_US ? 2 * p->pause_us : AGAIN_MAX_US;
}

static void look_at(struct watch *w, struct pull *p, int64_t now_us)
{
    int status = 0;
    const bool ran = p->pid > 0, runs = relay_runs(&p->pid, &status);
    if (ran && !runs)
        retry(p, status, now_us);
    if (p->wanted && !runs && now_us >= p->due_us)
        begin(w, p, now_us);
}

/* Ends a relay that is not wanted, and gives it time for that. Returns true once it has ended. */
static bool ends(struct pull *p, int64_t now_us)
{
    if (!relay_runs(&p->pid, NULL))
        return true;
    if (!p->due_us) {
        if (now_us - p->since_us > END_US)
            kill(p->pid, SIGKILL);
        return false;
    }
    p->due_us = 0; /* it was asked to end */
    p->since_us = now_us;
    kill(p->pid, SIGTERM);
    return false;
}

static void drop(struct pull **at)
{
    struct pull *p = *at;
    *at = p->next;
    free(p->source);
    free(p);
}

void pulls_tick(struct watch *w)
{
    const int64_t now_us = clock_mono_us();
    if (!w->relays || w->o->once)
        return;
    for (struct pull *p = w->pulls; p; p = p->next)
        p->wanted = false;
    for (size_t i = 0; i < w->shown.n; i++)
        if (w->shown.items[i].type > TRTC_ROOM_LEFT)
            want(w, &w->shown.items[i]);
    for (struct pull **at = &w->pulls; *at;) {
        if (!(*at)->wanted && ends(*at, now_us)) {
            drop(at);
            continue;
        }
        if ((*at)->wanted)
            look_at(w, *at, now_us);
        at = &(*at)->next;
    }
}

/* Sends a DELETE, and returns its HTTP status; 0: there was no answer, see *err. */
static int delete (const char *url, struct trtc_err *err)
{
    const struct trtc_http_options options = { .total_ms = DELETE_MS,
                                               .agent = "trtc-room/" TRTC_VERSION,
                                               .anywhere = true,
                                               .ca_file = getenv("SSL_CERT_FILE"),
                                               .stop = &cli_signal };
    const struct trtc_headers none = { 0 };
    const struct trtc_post post = { .method = "DELETE", .url = url, .headers = &none };
    struct trtc_reply reply = { 0 };
    struct trtc_http *http = trtc_http_new(&options, err);
    if (!http)
        return 0;
    const struct trtc_transport wire = trtc_http_transport(http);
    wire.post(wire.arg, &post, &reply);
    const int status = reply.net == TRTC_NET_ANSWER ? reply.status : 0;
    *err = reply.err;
    trtc_reply_fini(&reply);
    trtc_http_free(&http);
    return status;
}

void pulls_dismiss(const struct watch *w, const char *room)
{
    char url[WATCH_TARGET_SIZE];
    struct trtc_spot spot = { .aux = false };
    struct trtc_err err = { 0 };
    const size_t n = strlen(room);
    if (!w->relays || w->o->once || !trtc_spot_is_name(room, n, TRTC_SPOT_ROOM_MAX))
        return;
    memcpy(spot.room, room, n + 1);
    const int status = delete (watch_target(w, &spot, url), &err);
    if (!status)
        cli_error("room %s: cannot be dissolved: %s", room, err.msg);
    else if (status != 200 && status != 404)
        cli_error("room %s: cannot be dissolved: HTTP status %d", room, status);
}

void pulls_end(struct watch *w)
{
    for (struct pull *p = w->pulls; p; p = p->next)
        if (relay_runs(&p->pid, NULL))
            kill(p->pid, SIGTERM);
    while (w->pulls) {
        relay_end(&w->pulls->pid);
        drop(&w->pulls);
    }
}
