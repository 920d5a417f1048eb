/* SPDX-License-Identifier: MIT */
/* Janus's videoroom as a source of events. Janus forwards a stream as RTP, which only one process
 * can receive; it is relayed to a trtc-room, from which any number of readers can read it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "../clock.h"
#include "api/source_url.h"
#include "janus.h"
#include "probe.h"
#include "relay.h"
#include "serve/spot.h"
#include "watch.h"

enum {
    MEDIA = 2, /* main, aux */
    STEP_US = 50000,
    PROBE_US = 1500000,
    START_US = 20000000, /* the time in which a relay must begin */
};

enum guest_state {
    GUEST_NAMELESS, /* its name cannot be used, so it is left out; this was reported */
    GUEST_FAILS,    /* it failed, and the next look tries again; this was reported */
    GUEST_STARTS,   /* its packets are examined, while its relays start */
    GUEST_FLOWS,
};

/* A publisher. */
struct guest {
    struct guest *next;
    struct trtc_janus_id room, id;
    struct trtc_spot spot;
    int64_t since_ms;
    bool here; /* present at this look */
    enum guest_state state;
    int64_t state_us;              /* when it entered the state */
    struct trtc_janus_feed feed;   /* its streams that are relayed */
    int media[TRTC_JANUS_STREAMS]; /* for each, whether it is part of main (0) or aux (1) */
    struct trtc_janus_feed tried;  /* the same streams, as they are sent to the probes */
    struct probe probes[TRTC_JANUS_STREAMS];
    pid_t relays[MEDIA];
};

struct janus_watch {
    struct watch *w;
    struct janus janus;
    struct guest *guests;
    int turn; /* for relay_ports */
};

static const char *name_of(const struct guest *g, char out[160])
{
    snprintf(out, 160, "%.70s/%.70s", g->spot.room, g->spot.user);
    return out;
}

/* ---- guests ---- */

static struct guest **find(struct janus_watch *p, const struct trtc_janus_id *room,
                           const struct trtc_janus_id *id)
{
    struct guest **at = &p->guests;
    while (*at && !(trtc_janus_same_id(&(*at)->room, room) && trtc_janus_same_id(&(*at)->id, id)))
        at = &(*at)->next;
    return at;
}

/* Gives a guest a name that no other guest has. */
static bool call_by(const struct janus_watch *p, struct guest *g, const char *name)
{
    char path[2 * TRTC_JANUS_ID_MAX + 3];
    struct trtc_spot spot;
    snprintf(path, sizeof path, "/%s/%s", g->room.text, name);
    if (!trtc_spot_parse(path, &spot) || strcmp(spot.room, g->room.text) != 0 || !*spot.user ||
        strcmp(spot.user, name) != 0)
        return false;
    for (const struct guest *other = p->guests; other; other = other->next)
        if (other->state != GUEST_NAMELESS && trtc_spot_same(&other->spot, &spot))
            return false;
    g->spot = spot;
    return true;
}

static void end_probes(struct janus_watch *p, struct guest *g)
{
    janus_stop(&p->janus, &g->room, &g->id, &g->tried);
    for (size_t i = 0; i < g->tried.n; i++)
        probe_close(&g->probes[i]);
    g->tried.n = 0;
}

static void end_relays(struct janus_watch *p, struct guest *g)
{
    end_probes(p, g);
    for (size_t i = 0; i < g->feed.n; i++)
        if (g->feed.items[i].port)
            relay_bye(g->feed.items[i].port + 1);
    for (int i = 0; i < MEDIA; i++) {
        if (g->relays[i] > 0 && g->state == GUEST_STARTS)
            kill(g->relays[i], SIGKILL); /* nothing has reached it */
        relay_end(&g->relays[i]);
    }
    janus_stop(&p->janus, &g->room, &g->id, &g->feed);
}

static void free_guest(struct janus_watch *p, struct guest **at)
{
    struct guest *g = *at;
    end_relays(p, g);
    *at = g->next;
    free(g);
}

/* ---- relays ---- */

/* Chooses the streams to relay: the sound and the first picture are the primary stream, a second
 * picture is the substream. */
static void choose(struct guest *g, const struct trtc_janus_feed *all)
{
    int nb_video = 0, nb_audio = 0;
    char name[160];
    g->feed.n = 0;
    for (size_t i = 0; i < all->n; i++) {
        const struct trtc_janus_stream *s = &all->items[i];
        const bool good = strcmp(s->codec, s->video ? "h264" : "opus") == 0;
        const int media = !good ? MEDIA : s->video ? nb_video++ : nb_audio++ ? MEDIA : 0;
        if (!good)
            cli_error("%s: %s is left out: only H.264 and Opus are relayed", name_of(g, name),
                      s->codec);
        else if (media >= MEDIA)
            cli_error("%s: %s is left out", name_of(g, name),
                      s->video ? "a third picture" : "a second sound");
        if (media >= MEDIA)
            continue;
        g->media[g->feed.n] = media;
        g->feed.items[g->feed.n++] = *s;
    }
}

/* The streams of one medium. */
static struct trtc_janus_feed part_of(const struct guest *g, int media)
{
    struct trtc_janus_feed part = { .n = 0 };
    for (size_t i = 0; i < g->feed.n; i++)
        if (g->media[i] == media)
            part.items[part.n++] = g->feed.items[i];
    return part;
}

static bool has(const struct guest *g, int media, bool video)
{
    for (size_t i = 0; i < g->feed.n; i++)
        if (g->media[i] == media && g->feed.items[i].video == video)
            return true;
    return false;
}

static const char *target(const struct janus_watch *p, const struct guest *g, int media,
                          char out[WATCH_TARGET_SIZE])
{
    struct trtc_spot spot = g->spot;
    spot.aux = media == 1;
    return watch_target(p->w, &spot, out);
}

static void enter(struct guest *g, enum guest_state state)
{
    g->state = state;
    g->state_us = clock_mono_us();
}

static void give_up(struct janus_watch *p, struct guest *g, const struct trtc_err *err)
{
    char name[160];
    end_relays(p, g);
    cli_error("%s: cannot be relayed: %s: trying again", name_of(g, name), err->msg);
    enter(g, GUEST_FAILS);
}

/* Begins to examine a guest: Janus sends its packets to the probes first. */
static int probe(struct janus_watch *p, struct guest *g, struct trtc_err *err)
{
    struct trtc_janus_feed all;
    if (janus_look(&p->janus, &g->room, &g->id, &all, err) < 0)
        return -1;
    choose(g, &all);
    if (p->w->o->once || !g->feed.n)
        return 0;
    for (size_t i = 0; i < g->feed.n; i++) {
        struct trtc_janus_stream *s = &g->tried.items[i];
        *s = g->feed.items[i];
        if (probe_open(&g->probes[i], s->video ? 90000 : 48000) < 0)
            return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "cannot create a socket");
        s->port = g->probes[i].port;
        g->tried.n = i + 1;
    }
    return janus_forward(&p->janus, &g->room, &g->id, &g->tried, err);
}

static int start_relay(const struct janus_watch *p, struct guest *g, int media,
                       struct trtc_err *err)
{
    char sdp[2048], to[WATCH_TARGET_SIZE], url[WATCH_TARGET_SIZE + 16];
    const struct trtc_janus_feed part = part_of(g, media);
    const bool sound = has(g, media, false), picture = has(g, media, true);
    if (!part.n)
        return 0;
    if (!trtc_janus_sdp(&part, sdp, sizeof sdp))
        return trtc_fail(err, TRTC_EX_SOFTWARE, "its SDP is too long");
    snprintf(url, sizeof url, "%s%s", target(p, g, media, to),
             sound && picture ? ""
             : sound          ? "?video=0"
                              : "?audio=0");
    const pid_t pid = relay_start(sdp, url, err);
    g->relays[media] = pid > 0 ? pid : 0;
    return pid > 0 ? 0 : -1;
}

static int start_relays(struct janus_watch *p, struct guest *g, struct trtc_err *err)
{
    const int port = relay_ports(2 * (int)g->feed.n, &p->turn); /* RTP and RTCP for each stream */
    if (!port)
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "no free ports");
    for (size_t i = 0; i < g->feed.n; i++)
        g->feed.items[i].port = port + 2 * (int)i;
    return start_relay(p, g, 0, err) < 0 || start_relay(p, g, 1, err) < 0 ? -1 : 0;
}

static bool are_ready(const struct guest *g)
{
    for (size_t i = 0; i < g->feed.n; i++)
        if (!relay_listens(g->relays[g->media[i]], g->feed.items[i].port + 1))
            return false;
    return true;
}

/* Starts the flow to the relays, which first get the relation of the streams' time stamps. */
static int flow(struct janus_watch *p, struct guest *g, struct trtc_err *err)
{
    for (size_t i = 0; i < g->feed.n; i++)
        probe_report(&g->probes[i], g->feed.items[i].port + 1);
    const int ret = janus_forward(&p->janus, &g->room, &g->id, &g->feed, err);
    end_probes(p, g);
    return ret;
}

static int step_guest(struct janus_watch *p, struct guest *g, struct trtc_err *err)
{
    const int64_t us = clock_mono_us() - g->state_us;
    for (size_t i = 0; i < g->tried.n; i++)
        probe_read(&g->probes[i]);
    if (us >= PROBE_US && are_ready(g)) {
        enter(g, GUEST_FLOWS);
        return flow(p, g, err);
    }
    return us < START_US ? 0 : trtc_fail(err, TRTC_EX_TEMPFAIL, "ffmpeg does not start");
}

/* Advances the guests that are not relayed yet. Returns true if there are any. */
static bool step(struct janus_watch *p)
{
    struct trtc_err err;
    bool any = false;
    for (struct guest *g = p->guests; g; g = g->next) {
        if (g->state != GUEST_STARTS)
            continue;
        any = true;
        if (step_guest(p, g, &err) < 0)
            give_up(p, g, &err);
    }
    return any;
}

static void take_up(struct janus_watch *p, struct guest *g)
{
    struct trtc_err err = { 0 };
    g->state = GUEST_STARTS;
    if (probe(p, g, &err) < 0 || (g->tried.n && start_relays(p, g, &err) < 0))
        give_up(p, g, &err);
    else
        enter(g, g->tried.n ? GUEST_STARTS : GUEST_FLOWS);
}

/* Restarts relays that have ended. */
static void mend(struct janus_watch *p, struct guest *g)
{
    bool ended = false;
    for (int i = 0; i < MEDIA; i++)
        ended |= g->relays[i] > 0 && !relay_runs(&g->relays[i], NULL);
    if (ended)
        give_up(p, g, &(struct trtc_err){ .code = TRTC_EX_TEMPFAIL, .msg = "its relay has ended" });
    if (g->state == GUEST_FAILS)
        take_up(p, g);
}

/* ---- a look ---- */

static int welcome(struct janus_watch *p, const struct trtc_janus_id *room,
                   const struct trtc_janus_room *who, struct trtc_err *err)
{
    struct guest *g = *find(p, room, &who->id);
    if (g) {
        g->here = true;
        mend(p, g);
        return 0;
    }
    g = calloc(1, sizeof *g);
    if (!g)
        return trtc_fail_nomem(err);
    *g = (struct guest){
        .next = p->guests, .room = *room, .id = who->id, .since_ms = clock_real_ms(), .here = true
    };
    p->guests = g;
    /* its display name, else its number */
    if (call_by(p, g, who->name) || call_by(p, g, who->id.text))
        take_up(p, g);
    else
        cli_error("room %s: publisher %s is left out: its names cannot be part of a path",
                  room->text, who->id.text);
    return 0;
}

static int look_into(struct janus_watch *p, const struct trtc_janus_id *room, struct trtc_err *err)
{
    struct trtc_janus_list there = { 0 };
    int ret = janus_publishers(&p->janus, room, &there, err);
    for (size_t i = 0; i < there.n && ret == 0; i++)
        ret = welcome(p, room, &there.items[i], err);
    trtc_janus_list_fini(&there);
    return ret;
}

static void tell(struct janus_watch *p, const struct guest *g, int type, const char *source)
{
    const struct trtc_room_event e = { .type = type,
                                       .room = g->spot.room,
                                       .user = type == TRTC_ROOM_CREATED ? "" : g->spot.user,
                                       .source = source,
                                       .event_ms = g->since_ms };
    watch_take(p->w, &e);
}

/* Reports the events of a guest. A relay needs a moment to begin, so the addresses make readers
 * wait for it. */
static void tell_guest(struct janus_watch *p, const struct guest *g)
{
    char at[WATCH_TARGET_SIZE], url[WATCH_TARGET_SIZE + 16];
    tell(p, g, TRTC_ROOM_CREATED, NULL);
    tell(p, g, TRTC_ROOM_ENTERED, NULL);
    for (int m = 0; m < MEDIA; m++) {
        snprintf(url, sizeof url, "%s?wait=10s", target(p, g, m, at));
        if (m == 0 && has(g, m, true))
            tell(p, g, TRTC_ROOM_VIDEO, url);
        if (m == 0 && has(g, m, false))
            tell(p, g, TRTC_ROOM_AUDIO, url);
        if (m == 1 && has(g, m, true))
            tell(p, g, TRTC_ROOM_AUX, url);
    }
}

static void settle(struct janus_watch *p)
{
    for (struct guest **at = &p->guests; *at;)
        if ((*at)->here)
            at = &(*at)->next;
        else
            free_guest(p, at);
    watch_say_all(p->w);
    for (const struct guest *g = p->guests; g; g = g->next)
        if (g->state != GUEST_NAMELESS)
            tell_guest(p, g);
    watch_say_end(p->w);
    fflush(stdout);
}

static int look(struct janus_watch *p, struct trtc_err *err)
{
    struct trtc_janus_list rooms = { 0 };
    for (struct guest *g = p->guests; g; g = g->next)
        g->here = false;
    int ret = janus_open(&p->janus, err) < 0 || janus_rooms(&p->janus, &rooms, err) < 0 ? -1 : 0;
    for (size_t i = 0; i < rooms.n && ret == 0; i++)
        if (!p->w->o->room || strcmp(p->w->o->room, rooms.items[i].id.text) == 0)
            ret = look_into(p, &rooms.items[i].id, err);
    trtc_janus_list_fini(&rooms);
    if (ret == 0)
        settle(p);
    return ret;
}

/* ---- the source ---- */

/* Waits until the next look. Returns nonzero if a signal asks for the end. */
static int rest(struct janus_watch *p)
{
    const int64_t until_us = clock_mono_us() + p->w->o->interval_us;
    int ended = 0;
    while (!ended && clock_mono_us() < until_us) {
        const int64_t next_us = step(p) ? clock_mono_us() + STEP_US : until_us;
        ended = clock_sleep_until(next_us < until_us ? next_us : until_us);
    }
    return ended;
}

static int look_again_and_again(struct janus_watch *p)
{
    struct trtc_err err;
    while (!cli_signal && !p->w->done) {
        if (look(p, &err) < 0 && !cli_signal) {
            if (err.code != TRTC_EX_TEMPFAIL || p->w->o->once)
                return watch_failed(p->w, &err);
            watch_lost(p->w, &err);
        }
        if (!p->w->done && rest(p))
            break;
    }
    return 0;
}

int watch_janus(struct watch *w)
{
    struct janus_watch p = { .w = w };
    struct trtc_err err;
    if (strncmp(w->place, "http://", 7) != 0 && strncmp(w->place, "https://", 8) != 0)
        return cli_usage("janus: needs the address of Janus's HTTP API, for example "
                         "janus:http://127.0.0.1:8088/janus");
    if (!w->o->relay)
        return cli_usage("janus: needs --relay, the trtc-room to which its streams are sent");
    const int code = janus_init(&p.janus, w->place, w->o->keys, &err) < 0
                         ? cli_report(&err)
                         : look_again_and_again(&p);
    while (p.guests)
        free_guest(&p, &p.guests);
    janus_fini(&p.janus);
    return code;
}
