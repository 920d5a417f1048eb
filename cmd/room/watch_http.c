/* SPDX-License-Identifier: MIT */
/* Another trtc-room as a source of events. A lost connection is made again, and what has changed
 * meanwhile is printed. */
#define _DEFAULT_SOURCE /* setitimer */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "../cli.h"
#include "../clock.h"
#include "../memory.h"
#include "api/source_url.h"
#include "base/array.h"
#include "net/fetch.h"
#include "watch.h"

enum {
    QUIET_MS = 35000, /* the server sends something every 10 s */
    FIRST_PAUSE_MS = 500,
    PAUSE_MAX_MS = 8000,
    TIMER_MS = 100,
    CHUNK = 16384,
    PAGE_MS = 10000, /* how long a page may take without sending anything */
    PAGE_BYTES = 16 << 20,
};

/* Ends an exchange: a signal requested the end, or nothing has arrived for a long time. */
static volatile sig_atomic_t stop, quiet_ms;

static void on_timer(int sig)
{
    (void)sig;
    quiet_ms += TIMER_MS;
    if (cli_signal || quiet_ms > QUIET_MS)
        stop = 1;
}

static void set_timer(int ms)
{
    const struct timeval t = { 0, ms * 1000 };
    const struct itimerval every = { t, t };
    struct sigaction a = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
    sigemptyset(&a.sa_mask);
    if (ms)
        sigaction(SIGALRM, &a, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    if (!ms)
        signal(SIGALRM, SIG_IGN);
}

void watch_timer(bool on)
{
    set_timer(on ? TIMER_MS : 0);
}

int watch_pause(int64_t ms)
{
    set_timer(0);
    const int ended = clock_sleep_until(clock_mono_us() + ms * 1000);
    set_timer(TIMER_MS);
    return ended;
}

char *watch_page(const char *url, struct trtc_err *err)
{
    const struct trtc_remote remote = trtc_fetch_remote(getenv("SSL_CERT_FILE"), memory_require);
    size_t n = 0, cap = 0;
    ssize_t got = -1;
    char *text = NULL;
    stop = 0;
    quiet_ms = QUIET_MS - PAGE_MS;
    void *body = remote.open(&remote, url, &stop, err);
    if (!body)
        return NULL;
    do {
        if (n > PAGE_BYTES || trtc_array_reserve(&text, &cap, n + CHUNK + 1, 1) < 0) {
            trtc_fail(err, TRTC_EX_TEMPFAIL, "the page is too large");
            got = -1;
            break;
        }
        got = remote.read(body, (uint8_t *)text + n, CHUNK, err);
        n += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    remote.close(body);
    if (got == 0 && stop)
        trtc_fail(err, TRTC_EX_TEMPFAIL, "no answer");
    if (got == 0 && !stop) {
        text[n] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

/* ROOT/events, possibly for one room. False: too long. */
static bool address(const struct watch *w, char *out, size_t size)
{
    const struct trtc_room_event e = { .room = w->o->room ? w->o->room : "", .user = "" };
    size_t n = strlen(w->place);
    char template[TRTC_ROOM_SOURCE_MAX + 1];
    while (n && w->place[n - 1] == '/')
        n--;
    const int len = snprintf(template, sizeof template, "%.*s/events%s", (int)n, w->place,
                             w->o->room ? "?room={room}" : "");
    return len < (int)sizeof template && trtc_source_url(template, &e, out, size);
}

/* One connection: reads until it breaks. */
static int follow(struct watch *w, const struct trtc_remote *remote, const char *url,
                  struct trtc_err *err)
{
    static uint8_t chunk[CHUNK];
    ssize_t n = -1;
    quiet_ms = stop = 0;
    void *body = remote->open(remote, url, &stop, err);
    if (!body)
        return -1;
    watch_say_all(w);
    while (!stop && !w->done && (n = remote->read(body, chunk, sizeof chunk, err)) > 0) {
        quiet_ms = 0;
        watch_feed(w, (const char *)chunk, (size_t)n);
    }
    remote->close(body);
    if (n == 0 || stop)
        trtc_fail(err, TRTC_EX_TEMPFAIL,
                  stop ? "nothing arrived for too long" : "the server ended");
    return w->done || cli_signal ? 0 : -1;
}

int watch_http(struct watch *w)
{
    const struct trtc_remote remote = trtc_fetch_remote(getenv("SSL_CERT_FILE"), memory_require);
    char url[TRTC_ROOM_SOURCE_MAX + 1];
    struct trtc_err err = { 0 };
    int64_t pause_ms = FIRST_PAUSE_MS;
    if (!address(w, url, sizeof url))
        return cli_usage("SOURCE is too long");
    set_timer(TIMER_MS);
    while (!cli_signal && !w->done && follow(w, &remote, url, &err) < 0) {
        if (err.code != TRTC_EX_TEMPFAIL || w->o->once) {
            set_timer(0);
            return watch_failed(w, &err);
        }
        if (!w->collects) /* the server was reached */
            pause_ms = FIRST_PAUSE_MS;
        watch_lost(w, &err);
        w->collects = true;
        if (watch_pause(pause_ms))
            break;
        pause_ms = 2 * pause_ms < PAUSE_MAX_MS ? 2 * pause_ms : PAUSE_MAX_MS;
    }
    set_timer(0);
    return 0;
}
