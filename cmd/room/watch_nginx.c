/* SPDX-License-Identifier: MIT */
/* nginx's RTMP module as a source of events: its statistics page, fetched repeatedly. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "../clock.h"
#include "api/nginx_stat.h"
#include "pull.h"
#include "watch.h"

/* The default template of Sources: the host of the page. */
static bool template_of(const char *url, char *out, size_t size)
{
    const char *host = strstr(url, "://");
    if (!host || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
        return false;
    host += 3;
    size_t n = strcspn(host, "/?#");
    const char *colon = host[0] == '[' ? memchr(host, ']', n) : memchr(host, ':', n);
    if (colon)
        n = (size_t)(colon - host) + (host[0] == '[');
    return snprintf(out, size, "rtmp://%.*s/{room}/{user}", (int)n, host) < (int)size;
}

static int look(struct watch *w, const char *template, struct trtc_err *err)
{
    struct trtc_attendance all = { 0 };
    char *page = watch_page(w->place, err);
    if (!page)
        return -1;
    const int ret = trtc_nginx_stat(page, template, clock_real_ms(), &w->shown, &all, err);
    free(page);
    if (ret == 0) {
        watch_say_all(w);
        watch_take_all(w, &all);
        watch_say_end(w);
        fflush(stdout);
    }
    trtc_attendance_fini(&all);
    pulls_tick(w);
    return ret;
}

int watch_nginx(struct watch *w)
{
    char template[TRTC_ROOM_SOURCE_MAX + 1];
    struct trtc_err err;
    int code = 0;
    if (!template_of(w->place, template, sizeof template))
        return cli_usage("nginx-rtmp: needs the http address of the page, such as "
                         "nginx-rtmp:http://127.0.0.1/stat");
    watch_timer(true);
    do {
        pulls_tick(w);
        if (look(w, w->source ? w->source : template, &err) == 0)
            continue;
        if (err.code != TRTC_EX_TEMPFAIL || w->o->once) {
            code = cli_signal ? 0 : watch_failed(w, &err);
            break;
        }
        if (!cli_signal)
            watch_lost(w, &err);
    } while (!w->done && !cli_signal && !watch_pause(w->o->interval_us / 1000));
    watch_timer(false);
    return code;
}
